/** Every call that sleeps: how to get there, and what a signal with a handler makes of it. */
import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET, SO_RCVTIMEO } from 'sys-indirect/uapi';
import type { Libc } from '../../index.js';

export interface SleepingCall {
  readonly name: string;
  /** Does SA_RESTART make it go on? Else it gives EINTR in any case. */
  readonly restarts: boolean;
  /** What the call needs, made before it; `go` makes the call and `end` what ends it. */
  setup(libc: Libc): Promise<{ go: (libc: Libc) => Promise<number>; end?: (libc: Libc) => Promise<unknown> }>;
}

async function pair(libc: Libc, type = SOCK_STREAM): Promise<[number, number]> {
  const sv: number[] = [];
  await libc.socketpair(AF_UNIX, type, 0, sv);
  return [sv[0]!, sv[1]!];
}

async function listener(libc: Libc): Promise<number> {
  const fd = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
  await libc.bind(fd, { family: AF_UNIX, abstract: 'x' });
  await libc.listen(fd, 0);
  return fd;
}

async function connect(libc: Libc): Promise<number> {
  const fd = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
  return libc.connect(fd, { family: AF_UNIX, abstract: 'x' });
}

const BYTE = (): Uint8Array => new Uint8Array(1);

export const SLEEPS: readonly SleepingCall[] = [
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
  { name: 'ppoll', restarts: false, setup: async () => ({ go: (l) => l.ppoll([], null, []) }) },
  { name: 'pselect', restarts: false, setup: async () => ({ go: (l) => l.pselect(0, null, null, null, null, []) }) },
  {
    name: 'epoll_wait',
    restarts: false,
    async setup(libc) {
      const fd = await libc.epoll_create(1);
      return { go: (l) => l.epoll_wait(fd, [], 1, -1) };
    },
  },
  {
    name: 'epoll_pwait',
    restarts: false,
    async setup(libc) {
      const fd = await libc.epoll_create(1);
      return { go: (l) => l.epoll_pwait(fd, [], 1, -1, []) };
    },
  },
  { name: 'pause', restarts: false, setup: async () => ({ go: (l) => l.pause() }) },
  { name: 'sigsuspend', restarts: false, setup: async () => ({ go: (l) => l.sigsuspend([]) }) },
  { name: 'sigwaitinfo', restarts: false, setup: async () => ({ go: (l) => l.sigwaitinfo([12]) }) },
  { name: 'poll', restarts: false, setup: async () => ({ go: (l) => l.poll([], -1) }) },
  {
    name: 'nanosleep',
    restarts: false,
    setup: async () => ({ go: (l) => l.nanosleep({ tv_sec: 100, tv_nsec: 0 }) }),
  },
];
