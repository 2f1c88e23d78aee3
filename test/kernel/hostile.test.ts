/**
 * Processes that fork, exec, kill, stop, cancel and wait for one another at random, in random order: whatever they do, the kernel
 * stays whole, the run ends, and nothing is left. A seed is the program and its schedule; what once failed is a row.
 */
import test from 'ava';
import {
  CLOCK_MONOTONIC,
  O_CREAT,
  O_RDWR,
  RLIMIT_NPROC,
  SA_NODEFER,
  SA_RESTART,
  SIGALRM,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  SIGTERM,
  SIGTSTP,
  SIGUSR1,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_UNBLOCK,
  WNOHANG,
  WUNTRACED,
} from 'sys-indirect/uapi';
import { DeadlockError, type Kernel, type Libc, type PthreadT, boot, releases } from '../../index.js';
import { what_is_left } from '../helpers.js';
import { type Chance, chance_of, policy_of } from '../soak/programs.js';

const SIGNALS = [SIGUSR1, SIGTERM, SIGALRM, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGKILL, 34];

/** What the threads of one process know of each other. */
interface Shared {
  readonly chance: Chance;
  readonly mutex: object;
  readonly cond: object;
  readonly threads: PthreadT[];
  readonly pids: number[];
}

type Step = (libc: Libc, shared: Shared, depth: number) => Promise<unknown>;

const pick = <T>(chance: Chance, list: readonly T[]): T => list[chance(list.length)]!;

/** A process of this family: its own, a child, a group. */
async function somebody(libc: Libc, { chance, pids }: Shared): Promise<number> {
  switch (chance(4)) {
    case 0:
      return libc.getpid();
    case 1:
      return 0;
    default:
      return pids.length === 0 ? libc.getppid() : pick(chance, pids);
  }
}

const STEPS: readonly Step[] = [
  async (libc, { chance, pids }, depth) => {
    if (depth === 0) return;
    const below = chance(1 << 30);
    pids.push(await libc.fork((child) => family(child, chance_of(below), depth - 1)));
  },
  async (libc, { chance, pids }, depth) => {
    if (depth === 0) return;
    const below = chance(1 << 30);
    const pid = await libc.vfork(async (child) => {
      if (chance_of(below)(2) === 0) await child.execv('/bin/family', ['family', String(below), String(depth - 1)]);
      await child._exit(3);
    });
    pids.push(pid);
  },
  async (libc, { chance, pids }, depth) => {
    const pid: { value?: number } = {};
    const argv = ['family', String(chance(1 << 30)), String(Math.max(depth - 1, 0))];
    const flags = pick(chance, [0, 2, 4, 8, 0x80]);
    if ((await libc.posix_spawn(pid, '/bin/family', null, { flags, sigmask: [SIGUSR1] }, argv)) === 0)
      pids.push(pid.value!);
  },
  async (libc, shared, depth) => {
    const { chance, threads } = shared;
    const pt: PthreadT = {};
    const steps = 1 + chance(6);
    const err = await libc.pthread_create(pt, null, (own: Libc) => some_steps(own, shared, steps, depth), null);
    if (err === 0) threads.push(pt);
  },
  async (libc, { chance }, depth) => {
    if (chance(6) === 0)
      await libc.execve('/bin/family', ['family', String(chance(1 << 30)), String(Math.max(depth - 1, 0))]);
  },
  async (libc, shared) => libc.kill(await somebody(libc, shared), pick(shared.chance, SIGNALS)),
  async (libc, { chance, threads }) => {
    if (threads.length > 0) await libc.pthread_cancel(pick(chance, threads));
  },
  async (libc, { chance, threads }) => {
    if (threads.length > 0) await libc.pthread_join(pick(chance, threads));
  },
  async (libc, { chance, threads }) => {
    if (threads.length > 0) await libc.pthread_kill(pick(chance, threads), pick(chance, SIGNALS));
  },
  async (libc, { chance }) => {
    const sa_handler = pick(chance, [
      SIG_IGN,
      SIG_DFL,
      async (own: Libc) => own.usleep(10),
      async (own: Libc) => own.getppid(),
      async (own: Libc) => own.waitpid(-1, null, WNOHANG),
    ]);
    await libc.sigaction(pick(chance, SIGNALS), { sa_handler, sa_flags: pick(chance, [0, SA_RESTART, SA_NODEFER]) });
  },
  async (libc, { chance }) => libc.sigprocmask(pick(chance, [SIG_BLOCK, SIG_UNBLOCK]), [pick(chance, SIGNALS)], null),
  async (libc, { chance }) => libc.waitpid(-1, null, pick(chance, [0, WNOHANG, WUNTRACED, WNOHANG | WUNTRACED])),
  async (libc, { mutex, chance }) => {
    await libc.pthread_mutex_lock(mutex);
    if (chance(2) === 0) await libc.usleep(5);
    await libc.pthread_mutex_unlock(mutex);
  },
  async (libc, { mutex, cond }) => {
    await libc.pthread_mutex_lock(mutex);
    await libc.pthread_cond_broadcast(cond);
    await libc.pthread_cond_wait(cond, mutex);
    await libc.pthread_mutex_unlock(mutex);
  },
  async (libc, { cond }) => libc.pthread_cond_signal(cond),
  async (libc, { chance }) => libc.usleep(chance(200)),
  async (libc, { chance }) => libc.alarm(chance(2)),
  async (libc, { chance }) => {
    const id: { value?: number } = {};
    await libc.timer_create(CLOCK_MONOTONIC, { sigev_notify: 0, sigev_signo: pick(chance, SIGNALS) }, id);
    const time = { tv_sec: 0, tv_nsec: 1 + chance(1e6) };
    if (id.value !== undefined) await libc.timer_settime(id.value, 0, { it_value: time, it_interval: time });
  },
  async (libc) => libc.pause(),
  async (libc) => libc.setsid(),
  async (libc, shared) => libc.setpgid(await somebody(libc, shared), 0),
  async (libc, { chance }) => {
    const fds: number[] = [];
    if ((await libc.pipe(fds)) === 0) await libc.read(fds[chance(2)]!, new Uint8Array(1));
  },
  async (libc) => {
    const fd = await libc.signalfd(-1, [SIGUSR1, SIGCHLD], 0);
    if (fd !== -1) await libc.read(fd, new Uint8Array(128));
  },
  async (libc) => libc.flock(await libc.open('/lock', O_CREAT | O_RDWR, 0o644), 2),
  async (libc, { chance }) => {
    if (chance(8) === 0) await libc.pthread_exit(1);
  },
  async (libc, { chance }) => {
    if (chance(12) === 0) await libc.exit(7);
  },
  async (libc) => libc.sched_yield(),
  async (libc, { chance }) => libc.sigtimedwait([SIGUSR1, SIGCHLD], null, { tv_sec: 0, tv_nsec: chance(1e6) }),
];

async function some_steps(libc: Libc, shared: Shared, count: number, depth: number): Promise<void> {
  for (let i = 0; i < count; i++) await pick(shared.chance, STEPS)(libc, shared, depth);
}

async function family(libc: Libc, chance: Chance, depth: number): Promise<number> {
  const shared: Shared = { chance, mutex: {}, cond: {}, threads: [], pids: [] };
  await some_steps(libc, shared, 4 + chance(12), depth);
  return chance(4);
}

/** Run the family of `seed`, under limits, for ten milliseconds of its time, and end what is left of it. */
async function run(seed: number): Promise<{ kernel: Kernel; error: unknown }> {
  const release = releases[seed % releases.length]!.name;
  const options = { release, output: null };
  const kernel = boot(seed % 3 === 0 ? options : { ...options, policy: policy_of(seed) });
  kernel.install('/bin/family', (libc, argv) => family(libc, chance_of(Number(argv[1])), Number(argv[2])));
  let error: unknown = null;
  const gone = async (libc: Libc): Promise<void> => {
    await libc.kill(-1, SIGKILL);
    await libc.usleep(100);
  };
  try {
    await kernel.run(async (libc) => {
      await libc.setresuid(1000, 1000, 0);
      await libc.setrlimit(RLIMIT_NPROC, { rlim_cur: 24, rlim_max: 24 });
      const below = seed * 31 + 7;
      await libc.posix_spawn(null, '/bin/family', null, { flags: 0x80 }, ['family', String(below), '2']);
      await libc.usleep(10_000);
    });
  } catch (caught) {
    error = caught;
  }
  await kernel.run(gone);
  return { kernel, error };
}

const SEEDS = 60;

for (let part = 0; part < 3; part++)
  test(`random families of processes, part ${part + 1}`, async (t) => {
    for (let seed = part * SEEDS; seed < (part + 1) * SEEDS; seed++) {
      const { kernel, error } = await run(seed);
      t.true(error === null || error instanceof DeadlockError, `seed ${seed}: ${String(error)}`);
      t.is(kernel.internals.panic, null, `seed ${seed}`);
      t.deepEqual(what_is_left(kernel), {}, `seed ${seed}`);
    }
  });
