import test from 'ava';
import type { Libc, PollFd, Release, ThrowingLibc } from '../../index.js';
import {
  EPOLLIN,
  EPOLL_CTL_ADD,
  NR,
  POLLIN,
  SFD_CLOEXEC,
  SFD_NONBLOCK,
  SIGCHLD,
  SIGKILL,
  SIGRTMIN,
  SIGUSR1,
  SIGUSR2,
  SIG_BLOCK,
  SI_QUEUE,
  SI_TKILL,
  SI_USER,
  layout_x86_64,
} from '../../kernel-mock/include/uapi/index.js';
import { get_s32, get_u32 } from '../../kernel-mock/include/uapi/byteorder.js';
import { answers, msleep, outcome, thread } from '../facts.js';

const S = layout_x86_64.signalfd_siginfo;
const A_B = [SIGUSR1, SIGUSR2, SIGCHLD, SIGRTMIN + 3];

/** The flags travel by the route: on every release the descriptor does not block. */
async function open(ok: ThrowingLibc, mask: readonly number[] = A_B, flags = SFD_NONBLOCK): Promise<number> {
  await ok.sigprocmask(SIG_BLOCK, A_B, null);
  return ok.signalfd(-1, mask, flags);
}

/** The signals that one read of up to `room` brings, by number; or the name of the error. */
async function signals(libc: Libc, fd: number, room = 4): Promise<unknown> {
  const raw = new Uint8Array(S.size * room);
  const n = await libc.read(fd, raw);
  if (n === -1) return outcome(libc, -1);
  return Array.from({ length: n / S.size }, (_, i) => get_u32(raw, i * S.size + S.ssi_signo));
}

async function readable(libc: Libc, fd: number): Promise<boolean> {
  const fds: PollFd[] = [{ fd, events: POLLIN }];
  await libc.poll(fds, 0);
  return fds[0]!.revents === POLLIN;
}

test('nothing is pending', answers, async (libc, ok) => signals(libc, await open(ok)), 'EAGAIN');
test(
  'standard signals once, lowest first',
  answers,
  async (libc, ok) => {
    const fd = await open(ok);
    for (const sig of [SIGUSR2, SIGUSR1, SIGUSR2]) await ok.raise(sig);
    return [await signals(libc, fd), await signals(libc, fd)];
  },
  [[SIGUSR1, SIGUSR2], 'EAGAIN'],
);
test(
  'real-time signals as often as they were sent',
  answers,
  async (libc, ok) => {
    const fd = await open(ok);
    for (const value of [1, 2, 3]) await ok.sigqueue(await ok.getpid(), SIGRTMIN + 3, value);
    return [await signals(libc, fd, 2), await signals(libc, fd, 2)];
  },
  [[SIGRTMIN + 3, SIGRTMIN + 3], [SIGRTMIN + 3]],
);
test(
  'only those of the mask, which can change',
  answers,
  async (libc, ok) => {
    const fd = await open(ok, [SIGUSR1]);
    await ok.raise(SIGUSR2);
    const before = await readable(libc, fd);
    const same = (await ok.signalfd(fd, [SIGUSR2], 0)) === fd;
    return [before, same, await readable(libc, fd), await signals(libc, fd)];
  },
  [false, true, true, [SIGUSR2]],
);
test('SIGKILL in the mask has no effect', answers, async (_libc, ok) => (await open(ok, [SIGKILL])) >= 0, true);
test(
  'room for less than one',
  answers,
  async (libc, ok) => libc.read(await open(ok), new Uint8Array(S.size - 1)),
  'EINVAL',
);

/** What it says of a signal that `send` sends. */
const tells =
  (send: (ok: ThrowingLibc) => Promise<unknown>, ...fields: readonly (keyof typeof S)[]) =>
  async (_libc: Libc, ok: ThrowingLibc): Promise<unknown> => {
    const fd = await open(ok);
    await send(ok);
    const raw = new Uint8Array(S.size);
    await ok.read(fd, raw);
    return fields.map((field) => get_s32(raw, S[field]));
  };
test(
  'of kill',
  answers,
  tells(async (ok) => ok.kill(await ok.getpid(), SIGUSR1), 'ssi_signo', 'ssi_code', 'ssi_pid', 'ssi_uid', 'ssi_status'),
  [SIGUSR1, SI_USER, 2, 0, 0],
);
test(
  'of raise',
  answers,
  tells((ok) => ok.raise(SIGUSR1), 'ssi_signo', 'ssi_code', 'ssi_pid'),
  [SIGUSR1, SI_TKILL, 2],
);
test(
  'of sigqueue',
  answers,
  tells(async (ok) => ok.sigqueue(await ok.getpid(), SIGUSR1, 77), 'ssi_code', 'ssi_pid', 'ssi_int', 'ssi_ptr'),
  [SI_QUEUE, 2, 77, 77],
);
test(
  'of a child',
  answers,
  tells(
    async (ok) => {
      await ok.fork(async (child) => child._exit(7));
      await ok.wait();
    },
    'ssi_signo',
    'ssi_code',
    'ssi_pid',
    'ssi_status',
  ),
  [SIGCHLD, 1, 3, 7],
);

test(
  'a read waits',
  answers,
  async (libc, ok) => {
    const fd = await open(ok, A_B, 0);
    const join = await thread(libc, async (own) => {
      await msleep(own, 1);
      await own.kill(2, SIGUSR1);
    });
    const got = await signals(libc, fd);
    await join();
    return got;
  },
  [SIGUSR1],
);
test(
  'epoll sees it',
  answers,
  async (libc, ok) => {
    const fd = await open(ok);
    const ep = await ok.epoll_create(1);
    await ok.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN, data: 5 });
    const before = await libc.epoll_wait(ep, [], 1, 0);
    await ok.raise(SIGUSR1);
    return [before, await libc.epoll_wait(ep, [], 1, 0)];
  },
  [0, 1],
);
test(
  'a child reads its own signals from it',
  answers,
  async (libc, ok) => {
    const fd = await open(ok);
    await ok.raise(SIGUSR1);
    const pid = await ok.fork(async (child) => {
      const raw = new Uint8Array(S.size);
      if ((await child.read(fd, raw)) !== -1) return 1;
      await child.raise(SIGUSR2);
      return (await child.read(fd, raw)) === S.size && get_u32(raw, 0) === SIGUSR2 ? 0 : 2;
    });
    const status: { value?: number } = {};
    await ok.waitpid(pid, status, 0);
    return [status.value, await signals(libc, fd)];
  },
  [0, [SIGUSR1, SIGCHLD]],
);

// Bad arguments, in the order of the checks; verified on 6.18.

const bad_pointer = (r: Release): string => (r.signalfd_einval ? 'EINVAL' : 'EFAULT');
const MASK = new Uint8Array(8);
const since_2_6_27 =
  (answer: string) =>
  (r: Release): string =>
    r.calls.has('signalfd4') ? answer : 'ENOSYS';
test('signalfd: a mask of another size', answers, (libc) => libc.syscall(NR.signalfd, -1, null, 7), 'EINVAL');
test('signalfd: no mask', answers, (libc) => libc.syscall(NR.signalfd, -1, null, 8), bad_pointer);
test('signalfd: no such descriptor', answers, (libc) => libc.syscall(NR.signalfd, -2, MASK, 8), 'EBADF');
test('signalfd: no signalfd', answers, (libc) => libc.syscall(NR.signalfd, 0, MASK, 8), 'EINVAL');
test('signalfd4: unknown flags', answers, (libc) => libc.syscall(NR.signalfd4, 99, MASK, 8, 5), since_2_6_27('EINVAL'));
test(
  'signalfd4: no such descriptor',
  answers,
  (libc) => libc.syscall(NR.signalfd4, 99, MASK, 8, SFD_CLOEXEC),
  since_2_6_27('EBADF'),
);
test(
  'signalfd: unknown flags for an open one',
  answers,
  async (libc, ok) => libc.signalfd(await open(ok), A_B, 1),
  since_2_6_27('EINVAL'),
);
