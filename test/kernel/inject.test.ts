/** The hook by which somebody else decides: at entry, on the way out, where a call sleeps. */
import test from 'ava';
import { type Injector, type Libc, type ThrowingLibc, type Verdict, throwing } from '../../index.js';
import {
  AF_UNIX,
  CLOCK_MONOTONIC,
  EMFILE,
  F_SETLKW,
  F_WRLCK,
  NR,
  O_CREAT,
  O_RDWR,
  POLLIN,
  SIGALRM,
  SIGKILL,
  SIGUSR1,
  SOCK_STREAM,
} from '../../kernel-mock/include/uapi/index.js';
import { kernel_siginfo, send_signal_task } from '../../kernel-mock/kernel/signal.js';
import { outcome } from '../facts.js';
import { boot_for, run } from '../helpers.js';

/** What `fact` answers while `inject` decides. */
const injected = test.macro(
  async (t, inject: Injector, fact: (libc: Libc, ok: ThrowingLibc) => Promise<unknown>, expected: unknown) => {
    let got: unknown = 'nothing';
    const kernel = boot_for(t, { inject });
    const status = await kernel.run(async (libc) => {
      const value = await fact(libc, throwing(libc));
      got = value === -1 ? outcome(libc, -1) : value;
    });
    t.deepEqual((status & 0x7f) === 0 ? got : `signal ${status & 0x7f}`, expected);
  },
);

const verdict = (value: number | null, delay_enter = 0, delay_exit = 0): Verdict => ({
  value,
  delay_enter,
  delay_exit,
});
const on = (nr: number, what: Verdict): Injector => ({ enter: (task) => (task.nr === nr ? what : null) });

test('a value instead of the call', injected, on(NR.getpid, verdict(77)), (libc) => libc.getpid(), 77);
test(
  'an error instead of the call, and nothing was made',
  injected,
  on(NR.socket, verdict(-EMFILE)),
  async (libc) => [await libc.socket(AF_UNIX, SOCK_STREAM, 0), await libc.dup(0)],
  [-1, 3],
);
test('nothing', injected, { enter: () => null }, (libc) => libc.dup(0), 3);
test(
  'another register',
  injected,
  {
    enter(task) {
      if (task.nr === NR.dup) task.a1 = 99;
      return null;
    },
  },
  (libc) => libc.dup(0),
  'EBADF',
);
test(
  'another call',
  injected,
  {
    enter(task) {
      if (task.nr === NR.dup) task.nr = NR.close;
      return null;
    },
  },
  async (libc) => [await libc.dup(2), await libc.dup(2), await libc.write(2, 'x')],
  [0, -1, -1],
);
test(
  'another value afterwards',
  injected,
  { leave: (task, ret) => (task.nr === NR.dup ? ret + 100 : ret) },
  async (libc) => [await libc.dup(0), await libc.getpid()],
  [103, 2],
);
test(
  'another value after a sleep',
  injected,
  { leave: (task, ret) => (task.nr === NR.poll ? ret + 5 : ret) },
  (libc) => libc.poll([], 10),
  5,
);

const now = async (libc: Libc): Promise<number> => {
  const ts = { tv_sec: 0, tv_nsec: 0 };
  await libc.clock_gettime(CLOCK_MONOTONIC, ts);
  return ts.tv_sec * 1e9 + ts.tv_nsec;
};
for (const [when, what] of [
  ['before', verdict(null, 5e6, 0)],
  ['after', verdict(null, 0, 5e6)],
] as const)
  test(
    `held ${when} the call`,
    injected,
    on(NR.dup, what),
    async (libc) => {
      const before = await now(libc);
      const fd = await libc.dup(0);
      const passed = (await now(libc)) - before;
      return [fd, passed >= 5e6 && passed < 6e6];
    },
    [3, true],
  );
test(
  'a signal waits until the task is let go',
  injected,
  on(NR.dup, verdict(null, 5e6)),
  async (libc) => {
    let caught = 0;
    await libc.signal(SIGALRM, () => {
      caught++;
    });
    await libc.setitimer(0, { it_value: { tv_sec: 0, tv_usec: 1000 }, it_interval: { tv_sec: 0, tv_usec: 0 } });
    return [await libc.dup(0), caught];
  },
  [3, 1],
);
test(
  'a signal that kills does not wait',
  injected,
  on(NR.dup, verdict(null, 3600e9)),
  async (libc, ok) => {
    const child = await ok.fork(async (c) => {
      await c.dup(0);
    });
    await ok.nanosleep({ tv_sec: 1, tv_nsec: 0 });
    await ok.kill(child, SIGKILL);
    const wstatus = { value: 0 };
    await ok.waitpid(child, wstatus, 0);
    return [wstatus.value, (await now(libc)) < 2e9];
  },
  [SIGKILL, true],
);
test(
  'a signal that kills at the entry: the call is not made',
  injected,
  {
    enter(task) {
      if (task.nr === NR.write) send_signal_task(task, kernel_siginfo(SIGKILL));
      return null;
    },
  },
  (libc) => libc.write(1, 'not written'),
  `signal ${SIGKILL}`,
);
test(
  'a signal at the entry disturbs the sleep',
  injected,
  {
    enter(task) {
      if (task.nr === NR.read) send_signal_task(task, kernel_siginfo(SIGUSR1));
      return null;
    },
  },
  async (libc, ok) => {
    let caught = 0;
    await ok.sigaction(SIGUSR1, {
      sa_handler: () => {
        caught++;
      },
    });
    const fds: [number, number] = [0, 0];
    await ok.pipe(fds);
    const n = await libc.read(fds[0], new Uint8Array(1));
    return [outcome(libc, n), caught];
  },
  ['EINTR', 1],
);

// Every sleep that a signal can end ends with EINTR, though there is none, and leaves nothing behind.
type Sleeper = (libc: Libc, ok: ThrowingLibc) => Promise<number>;
const pipe = async (ok: ThrowingLibc): Promise<[number, number]> => {
  const fds: [number, number] = [0, 0];
  await ok.pipe(fds);
  return fds;
};
const byte = (): Uint8Array => new Uint8Array(1);
const SLEEPERS: Readonly<Record<string, Sleeper>> = {
  read: async (libc, ok) => libc.read((await pipe(ok))[0], byte()),
  write: async (libc, ok) => {
    const [, w] = await pipe(ok);
    await ok.write(w, new Uint8Array(65536));
    return libc.write(w, byte());
  },
  accept: async (libc, ok) => {
    const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    await ok.bind(s, { family: AF_UNIX, abstract: 'x' });
    await ok.listen(s, 1);
    return libc.accept(s);
  },
  recv: async (libc, ok) => {
    const sv: [number, number] = [0, 0];
    await ok.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    return libc.recv(sv[0], byte(), 0);
  },
  poll: async (libc, ok) => libc.poll([{ fd: (await pipe(ok))[0], events: POLLIN, revents: 0 }], -1),
  select: async (libc) => libc.select(0, null, null, null, { tv_sec: 9, tv_usec: 0 }),
  ppoll: async (libc) => libc.ppoll([], { tv_sec: 9, tv_nsec: 0 }, []),
  epoll_wait: async (libc, ok) => libc.epoll_wait(await ok.epoll_create1(0), [], 1, -1),
  nanosleep: async (libc) => libc.nanosleep({ tv_sec: 9, tv_nsec: 0 }),
  pause: async (libc) => libc.pause(),
  sigsuspend: async (libc) => libc.sigsuspend([]),
  eventfd: async (libc, ok) => libc.read(await ok.eventfd(0, 0), new Uint8Array(8)),
  inotify: async (libc, ok) => libc.read(await ok.inotify_init(), new Uint8Array(100)),
  timerfd: async (libc, ok) => libc.read(await ok.timerfd_create(CLOCK_MONOTONIC, 0), new Uint8Array(8)),
  waitpid: async (libc, ok) => {
    const child = await ok.fork(async (c) => {
      await c.sched_yield();
    });
    const ret = await libc.waitpid(child, null, 0);
    const { errno } = libc;
    while ((await libc.waitpid(child, null, 0)) === -1);
    libc.errno = errno;
    return ret;
  },
  fcntl: async (libc, ok) => {
    const fd = await ok.open('/f', O_CREAT | O_RDWR, 0o600);
    const lock = { l_type: F_WRLCK, l_whence: 0, l_start: 0, l_len: 0 };
    await ok.fcntl(fd, F_SETLKW, lock);
    const child = await ok.fork(async (c) => {
      await c._exit((await c.fcntl(fd, F_SETLKW, lock)) === -1 ? c.errno : 0);
    });
    const wstatus = { value: 0 };
    while ((await libc.waitpid(child, wstatus, 0)) === -1);
    libc.errno = wstatus.value >> 8;
    return -1;
  },
};
for (const [name, sleeper] of Object.entries(SLEEPERS)) {
  let left = 0;
  // Only the call that is meant, and only once, so that the clean-up of a row can sleep.
  const inject: Injector = { interrupt: (task) => (name === 'waitpid' || task.nr !== NR.wait4) && left-- > 0 };
  test(
    `a sleep ends with EINTR: ${name}`,
    injected,
    inject,
    async (libc, ok) => {
      left = 1;
      const ret = await sleeper(libc, ok);
      return outcome(libc, ret);
    },
    'EINTR',
  );
}

test(
  'half a write counts',
  injected,
  { interrupt: () => true },
  async (libc, ok) => {
    const [, w] = await pipe(ok);
    return libc.write(w, new Uint8Array(100_000));
  },
  65536,
);

test('without an injector nothing is asked', async (t) => {
  t.is(await run(t, {}, async (libc) => ((await libc.getpid()) === 2 ? 0 : 1)), 0);
});
