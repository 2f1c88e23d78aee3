/** Limits on what a user has: RLIMIT_NPROC, RLIMIT_SIGPENDING. The answers were seen on Linux 6.18. */
import test from 'ava';
import {
  RLIMIT_NPROC,
  RLIMIT_SIGPENDING,
  SIGUSR1,
  SIG_BLOCK,
  SI_QUEUE,
  SI_TKILL,
  SI_USER,
  WNOHANG,
} from 'sys-indirect/uapi';
import { type Libc, type SigInfoT, type ThrowingLibc } from '../../index.js';
import { answers, outcome } from '../facts.js';

async function limit(ok: ThrowingLibc, resource: number, n: number): Promise<void> {
  await ok.setrlimit(resource, { rlim_cur: n, rlim_max: n });
}

const sleeper = async (child: Libc): Promise<void> => {
  await child.pause();
};

/** Forks until one fails; the children wait. How many there were, and the error. */
async function fork_bomb(libc: Libc, ok: ThrowingLibc): Promise<unknown[]> {
  const pids: number[] = [];
  for (;;) {
    const pid = await libc.fork(sleeper);
    if (pid === -1) break;
    pids.push(pid);
  }
  const why = outcome(libc, -1);
  for (const pid of pids) await ok.kill(pid, SIGUSR1);
  return [pids.length, why];
}

test(
  'RLIMIT_NPROC: a fork bomb ends, and this process counts too',
  answers,
  async (libc, ok) => {
    await ok.setuid(1000);
    await limit(ok, RLIMIT_NPROC, 4);
    return fork_bomb(libc, ok);
  },
  [3, 'EAGAIN'],
);
test(
  'RLIMIT_NPROC: fork, vfork and pthread_create',
  answers,
  async (libc, ok) => {
    await ok.setuid(1000);
    await limit(ok, RLIMIT_NPROC, 2);
    const first = await ok.fork(sleeper);
    const got = [
      outcome(libc, await libc.fork(sleeper)),
      outcome(libc, await libc.vfork(sleeper)),
      await libc.pthread_create(null, null, sleeper, null),
      await libc.posix_spawn(null, '/bin/none', null, null, ['none']),
    ];
    await ok.kill(first, SIGUSR1);
    return got;
  },
  ['EAGAIN', 'EAGAIN', 11, 11],
);
test(
  'RLIMIT_NPROC: a zombie counts until somebody has waited for it',
  answers,
  async (libc, ok) => {
    await ok.setuid(1000);
    await limit(ok, RLIMIT_NPROC, 2);
    const pid = await ok.fork(async () => 0);
    await ok.usleep(1000);
    const before = outcome(libc, await libc.fork(async () => 0));
    await ok.waitpid(pid);
    const again = await libc.fork(async () => 0);
    return [before, again > 0, await ok.waitpid(again), await libc.waitpid(-1, null, WNOHANG), libc.errno];
  },
  ['EAGAIN', true, 4, -1, 10],
);
test(
  'RLIMIT_NPROC does not bind root, and counts one user only',
  answers,
  async (libc, ok) => {
    await limit(ok, RLIMIT_NPROC, 1);
    const nap = async (child: Libc): Promise<void> => {
      await child.usleep(1000);
    };
    const mine = [await ok.fork(nap), await ok.fork(nap)];
    await ok.setuid(1000);
    const got = outcome(libc, await libc.fork(sleeper));
    await ok.usleep(2000);
    return [mine, got];
  },
  [[3, 4], 'EAGAIN'],
);

/** Take the pending signals of `sigs` and tell who sent each. */
async function take(libc: Libc, sigs: readonly number[]): Promise<unknown[]> {
  const got: unknown[] = [];
  for (;;) {
    const info: Partial<SigInfoT> = {};
    const sig = await libc.sigtimedwait(sigs, info, { tv_sec: 0, tv_nsec: 0 });
    if (sig === -1) return got;
    got.push([sig, info.si_code, info.si_code === SI_QUEUE ? info.si_value : info.si_pid]);
  }
}

test(
  'RLIMIT_SIGPENDING: sigqueue of a real-time signal fails, kill of one loses what goes with it',
  answers,
  async (libc, ok) => {
    await limit(ok, RLIMIT_SIGPENDING, 2);
    await ok.sigprocmask(SIG_BLOCK, [34, 35]);
    const pid = await ok.getpid();
    const sent = [];
    for (let i = 0; i < 3; i++) sent.push(outcome(libc, await libc.sigqueue(pid, 34, i)));
    sent.push(outcome(libc, await libc.kill(pid, 35)), outcome(libc, await libc.kill(pid, 35)));
    return [sent, await take(libc, [34, 35])];
  },
  [
    [0, 0, 'EAGAIN', 0, 0],
    [
      [34, SI_QUEUE, 0],
      [34, SI_QUEUE, 1],
      [35, SI_USER, 0],
    ],
  ],
);
test(
  'RLIMIT_SIGPENDING: signals of old always come; by kill with their sender, by sigqueue and tgkill without',
  answers,
  async (libc, ok) => {
    await limit(ok, RLIMIT_SIGPENDING, 0);
    await ok.sigprocmask(SIG_BLOCK, [10, 12, 14, 34]);
    const pid = await ok.getpid();
    const sent = [
      await ok.kill(pid, 10),
      await ok.sigqueue(pid, 12, 5),
      await ok.tgkill(pid, pid, 14),
      outcome(libc, await libc.tgkill(pid, pid, 34)),
    ];
    return [sent, await take(libc, [10, 12, 14, 34]), SI_TKILL];
  },
  [
    [0, 0, 0, 'EAGAIN'],
    [
      [14, SI_USER, 0],
      [10, SI_USER, 2],
      [12, SI_USER, 0],
    ],
    SI_TKILL,
  ],
);
