/** Every call that sleeps: how to get there, and what a signal with a handler makes of it. */
import {
  AF_INET,
  CLOCK_MONOTONIC,
  FUTEX_WAIT,
  FUTEX_WAKE,
  F_SETLKW,
  F_WRLCK,
  LOCK_EX,
  LOCK_UN,
  NR,
  O_CREAT,
  O_RDONLY,
  O_RDWR,
  POLLIN,
  P_PID,
  SEEK_SET,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_RCVTIMEO,
  TIMER_ABSTIME,
  WEXITED,
} from 'sys-indirect/uapi';
import type { Libc } from '../../index.js';
import { BYTE, type SleepingCall, connect, listener, pair, pipe, tcp_listener } from './sleeping_call.js';
import { SLEEPS_FS } from './sleeps_fs.js';
import { SLEEPS_NET } from './sleeps_net.js';

async function wake_later(libc: Libc, word: number): Promise<void> {
  await libc.usleep(1000);
  await libc.syscall(NR.futex, word, FUTEX_WAKE, 1);
}

const BASE: readonly SleepingCall[] = [
  {
    name: 'read',
    restarts: true,
    async setup(libc) {
      const [a, b] = await pair(libc);
      return { go: (l) => l.read(a, BYTE()), end: (l) => l.write(b, 'x') };
    },
  },
  {
    name: 'recv of a datagram',
    restarts: true,
    async setup(libc) {
      const [a, b] = await pair(libc, SOCK_DGRAM);
      return { go: (l) => l.recv(a, BYTE(), 0), end: (l) => l.write(b, 'x') };
    },
  },
  {
    name: 'recv with SO_RCVTIMEO',
    restarts: false,
    without_handler: 'EINTR',
    async setup(libc) {
      const [a] = await pair(libc);
      const timeval = new Uint8Array(16);
      timeval[0] = 100;
      await libc.setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, timeval);
      return { go: (l) => l.recv(a, BYTE(), 0) };
    },
  },
  {
    name: 'write to a full socket',
    restarts: true,
    async setup(libc) {
      const [a, b] = await pair(libc);
      const block = new Uint8Array(65536);
      for (let n = 1; n > 0;) n = await libc.send(a, block, 0x40);
      return {
        go: (l) => l.write(a, BYTE()),
        async end(l) {
          for (let i = 0; i < 8; i++) await l.recv(b, block, 0x40);
        },
      };
    },
  },
  {
    name: 'accept4',
    restarts: true,
    async setup(libc) {
      const fd = await listener(libc);
      return { go: (l) => l.accept4(fd, null, SOCK_CLOEXEC), end: connect };
    },
  },
  {
    name: 'connect to a full queue',
    restarts: true,
    async setup(libc) {
      const fd = await listener(libc);
      await connect(libc);
      return { go: async (l) => ((await connect(l)) === 0 ? 1 : -1), end: (l) => l.accept(fd) };
    },
  },
  {
    name: 'wait',
    restarts: true,
    async setup(libc) {
      let pid = 0;
      pid = await libc.fork(async (l) => {
        await l.pause();
      });
      return { go: (l) => l.wait(), end: (l) => l.kill(pid, 9) };
    },
  },
  {
    name: 'read of a signalfd',
    restarts: true,
    async setup(libc) {
      await libc.sigprocmask(0, [12], null);
      const fd = await libc.signalfd(-1, [12], 0);
      return { go: (l) => l.read(fd, new Uint8Array(128)), end: (l) => l.kill(2, 12) };
    },
  },
  {
    name: 'read of an eventfd',
    restarts: true,
    async setup(libc) {
      const fd = await libc.eventfd(0, 0);
      return { go: (l) => l.read(fd, new Uint8Array(8)), end: (l) => l.eventfd_write(fd, 1) };
    },
  },
  {
    name: 'read of an empty pipe',
    restarts: true,
    async setup(libc) {
      const [r, w] = await pipe(libc);
      return { go: (l) => l.read(r, BYTE()), end: (l) => l.write(w, 'x') };
    },
  },
  {
    name: 'readv of an empty pipe',
    restarts: true,
    async setup(libc) {
      const [r, w] = await pipe(libc);
      return { go: (l) => l.readv(r, [BYTE(), BYTE()]), end: (l) => l.write(w, 'x') };
    },
  },
  {
    name: 'write to a full pipe',
    restarts: true,
    async setup(libc) {
      const [r, w] = await pipe(libc);
      await libc.write(w, new Uint8Array(65536));
      return { go: (l) => l.write(w, BYTE()), end: (l) => l.read(r, new Uint8Array(65536)) };
    },
  },
  {
    name: 'writev to a full pipe',
    restarts: true,
    async setup(libc) {
      const [r, w] = await pipe(libc);
      await libc.write(w, new Uint8Array(65536));
      return { go: (l) => l.writev(w, [BYTE(), BYTE()]), end: (l) => l.read(r, new Uint8Array(65536)) };
    },
  },
  {
    name: 'open of a FIFO that nobody writes to',
    restarts: true,
    async setup(libc) {
      await libc.mkfifo('/fifo', 0o644);
      return { go: (l) => l.open('/fifo', O_RDONLY, 0), end: (l) => l.open('/fifo', O_RDWR, 0) };
    },
  },
  {
    name: 'flock',
    restarts: true,
    async setup(libc) {
      const [a, b] = [await libc.open('/f', O_CREAT | O_RDWR, 0o644), await libc.open('/f', O_RDWR, 0)];
      await libc.flock(a, LOCK_EX);
      return { go: (l) => l.flock(b, LOCK_EX), end: (l) => l.flock(a, LOCK_UN) };
    },
  },
  {
    name: 'F_SETLKW',
    restarts: true,
    async setup(libc) {
      const fd = await libc.open('/f', O_CREAT | O_RDWR, 0o644);
      const lock = { l_type: F_WRLCK, l_whence: SEEK_SET, l_start: 0, l_len: 0, l_pid: 0 };
      const pid = await libc.fork(async (l) => {
        await l.fcntl(fd, F_SETLKW, { ...lock });
        await l.pause();
      });
      await libc.usleep(1000);
      return { go: (l) => l.fcntl(fd, F_SETLKW, { ...lock }), end: (l) => l.kill(pid, 9) };
    },
  },
  {
    name: 'accept of TCP',
    restarts: true,
    async setup(libc) {
      const { fd, name } = await tcp_listener(libc);
      return { go: (l) => l.accept(fd), end: async (l) => l.connect(await l.socket(AF_INET, SOCK_STREAM, 0), name) };
    },
  },
  {
    name: 'recv of TCP',
    restarts: true,
    async setup(libc) {
      const { fd, name } = await tcp_listener(libc);
      const c = await libc.socket(AF_INET, SOCK_STREAM, 0);
      await libc.connect(c, name);
      const s = await libc.accept(fd);
      return { go: (l) => l.recv(s, BYTE(), 0), end: (l) => l.send(c, 'x') };
    },
  },
  {
    name: 'recvfrom of UDP',
    restarts: true,
    async setup(libc) {
      const s = await libc.socket(AF_INET, SOCK_DGRAM, 0);
      await libc.bind(s, { family: AF_INET, addr: '127.0.0.1', port: 99 });
      const to = { family: AF_INET, addr: '127.0.0.1', port: 99 } as const;
      return { go: (l) => l.recvfrom(s, BYTE(), 0, {}), end: (l) => l.sendto(s, 'x', 0, to) };
    },
  },
  {
    name: 'waitid',
    restarts: true,
    async setup(libc) {
      const pid = await libc.fork(async (l) => {
        await l.pause();
      });
      return { go: (l) => l.waitid(P_PID, pid, {}, WEXITED), end: (l) => l.kill(pid, 9) };
    },
  },
  {
    name: 'futex',
    restarts: true,
    async setup(libc) {
      const word = libc.cpu.memory.map(new Uint8Array(4));
      return {
        go: (l) => l.syscall(NR.futex, word, FUTEX_WAIT, 0, null),
        // Later, and not at once: a handler's own wake-up finds nobody, since the wait is made again after it.
        end: (l) => l.pthread_create(null, null, wake_later, word),
      };
    },
  },
  {
    name: 'select',
    restarts: false,
    async setup(libc) {
      const [r] = await pipe(libc);
      return { go: (l) => l.select(r + 1, new Set([r]), null, null, null) };
    },
  },
  {
    name: 'poll of a pipe, with a limit',
    restarts: false,
    async setup(libc) {
      const [fd] = await pipe(libc);
      return { go: (l) => l.poll([{ fd, events: POLLIN }], 100_000) };
    },
  },
  {
    name: 'clock_nanosleep to a moment',
    restarts: false,
    setup: async () => ({
      async go(l) {
        const err = await l.clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, { tv_sec: 1000, tv_nsec: 0 });
        l.errno = err;
        return err === 0 ? 0 : -1;
      },
    }),
  },
  {
    name: 'sigtimedwait',
    restarts: false,
    without_handler: 'EINTR',
    setup: async () => ({ go: (l) => l.sigtimedwait([12], null, { tv_sec: 100, tv_nsec: 0 }) }),
  },
  { name: 'ppoll', restarts: false, setup: async () => ({ go: (l) => l.ppoll([], null, []) }) },
  { name: 'pselect', restarts: false, setup: async () => ({ go: (l) => l.pselect(0, null, null, null, null, []) }) },
  {
    name: 'epoll_wait',
    restarts: false,
    without_handler: 'EINTR',
    async setup(libc) {
      const fd = await libc.epoll_create(1);
      return { go: (l) => l.epoll_wait(fd, [], 1, -1) };
    },
  },
  {
    name: 'epoll_pwait',
    restarts: false,
    without_handler: 'EINTR',
    async setup(libc) {
      const fd = await libc.epoll_create(1);
      return { go: (l) => l.epoll_pwait(fd, [], 1, -1, []) };
    },
  },
  { name: 'pause', restarts: false, setup: async () => ({ go: (l) => l.pause() }) },
  { name: 'sigsuspend', restarts: false, setup: async () => ({ go: (l) => l.sigsuspend([]) }) },
  {
    name: 'sigwaitinfo',
    restarts: false,
    without_handler: 'EINTR',
    setup: async () => ({ go: (l) => l.sigwaitinfo([12]) }),
  },
  { name: 'poll', restarts: false, setup: async () => ({ go: (l) => l.poll([], -1) }) },
  {
    name: 'nanosleep',
    restarts: false,
    setup: async () => ({ go: (l) => l.nanosleep({ tv_sec: 100, tv_nsec: 0 }) }),
  },
  {
    name: 'vfork',
    restarts: true,
    holds: true,
    setup: async () => ({
      go: (l) =>
        l.vfork(async (child) => {
          await child.sleep(5);
          await child._exit(0);
        }),
      end: async () => {},
    }),
  },
  {
    name: 'a futex, with a limit',
    restarts: false,
    async setup(libc) {
      const word = libc.cpu.memory.map(new Uint8Array(4));
      const limit = libc.cpu.memory.map(Uint8Array.of(100, ...new Uint8Array(15)));
      return { go: (l) => l.syscall(NR.futex, word, FUTEX_WAIT, 0, limit) };
    },
  },
  {
    name: 'clock_nanosleep for a time',
    restarts: false,
    setup: async () => ({
      async go(l) {
        const err = await l.clock_nanosleep(CLOCK_MONOTONIC, 0, { tv_sec: 100, tv_nsec: 0 });
        l.errno = err;
        return err === 0 ? 0 : -1;
      },
    }),
  },
];

/** Every sleeping point: `sleeps.test.ts` finds what is missing here. */
export const SLEEPS: readonly SleepingCall[] = [...BASE, ...SLEEPS_FS, ...SLEEPS_NET];
