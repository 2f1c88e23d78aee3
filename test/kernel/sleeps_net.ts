/** Sleeping calls on sockets. What a signal makes of each was seen on Linux 6.18. */
import {
  AF_INET,
  AF_UNIX,
  MSG_DONTWAIT,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_LINGER,
  SO_RCVTIMEO,
  SO_SNDTIMEO,
} from 'sys-indirect/uapi';
import type { Libc } from '../../index.js';
import { BYTE, type SleepingCall, connect, listener, pair, tcp_listener } from './sleeping_call.js';

/** Sends until nothing more goes in. */
async function fill(libc: Libc, fd: number, n: number): Promise<void> {
  const block = new Uint8Array(n);
  while ((await libc.send(fd, block, MSG_DONTWAIT)) > 0);
}

async function full_pair(libc: Libc, type = SOCK_STREAM): Promise<[number, number]> {
  const fds = await pair(libc, type);
  await fill(libc, fds[0], type === SOCK_STREAM ? 65536 : 1000);
  return fds;
}

/** Receives until nothing more comes. */
const drain = (fd: number) => async (l: Libc) => {
  const block = new Uint8Array(65536);
  while ((await l.recv(fd, block, MSG_DONTWAIT)) > 0);
};

/** A struct timeval of 100 seconds. */
const LONG = Uint8Array.of(100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

async function tcp_pair(libc: Libc): Promise<[number, number]> {
  const { fd, name } = await tcp_listener(libc);
  const c = await libc.socket(AF_INET, SOCK_STREAM, 0);
  await libc.connect(c, name);
  return [c, await libc.accept(fd)];
}

const MESSAGES: readonly SleepingCall[] = [
  {
    name: 'recvmsg',
    restarts: true,
    async setup(libc) {
      const [a, b] = await pair(libc);
      return { go: (l) => l.recvmsg(a, { iov: [BYTE()] }), end: (l) => l.write(b, 'x') };
    },
  },
  {
    name: 'recvmmsg',
    restarts: true,
    needs: 'recvmmsg',
    async setup(libc) {
      const [a, b] = await pair(libc, SOCK_DGRAM);
      return { go: (l) => l.recvmmsg(a, [{ iov: [BYTE()] }]), end: (l) => l.write(b, 'x') };
    },
  },
  {
    name: 'sendmsg to a full socket',
    restarts: true,
    async setup(libc) {
      const [a, b] = await full_pair(libc);
      return { go: (l) => l.sendmsg(a, { iov: [BYTE()] }), end: drain(b) };
    },
  },
  {
    name: 'sendmmsg to a full socket',
    restarts: true,
    needs: 'sendmmsg',
    async setup(libc) {
      const [a, b] = await full_pair(libc);
      return { go: (l) => l.sendmmsg(a, [{ iov: [BYTE()] }]), end: drain(b) };
    },
  },
  {
    name: 'send of a datagram to a full socket',
    restarts: true,
    async setup(libc) {
      const [a, b] = await full_pair(libc, SOCK_DGRAM);
      return { go: (l) => l.send(a, BYTE(), 0), end: drain(b) };
    },
  },
  {
    name: 'send with SO_SNDTIMEO',
    restarts: false,
    without_handler: 'EINTR',
    async setup(libc) {
      const [a] = await full_pair(libc);
      await libc.setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, LONG);
      return { go: (l) => l.send(a, BYTE(), 0) };
    },
  },
];

const CONNECTIONS: readonly SleepingCall[] = [
  {
    name: 'accept',
    restarts: true,
    async setup(libc) {
      const fd = await listener(libc);
      return { go: (l) => l.accept(fd), end: connect };
    },
  },
  {
    name: 'accept of TCP with SO_RCVTIMEO',
    restarts: false,
    without_handler: 'EINTR',
    async setup(libc) {
      const { fd } = await tcp_listener(libc);
      await libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, LONG);
      return { go: (l) => l.accept(fd) };
    },
  },
  {
    name: 'connect with SO_SNDTIMEO',
    restarts: false,
    without_handler: 'EINTR',
    async setup(libc) {
      await listener(libc);
      await connect(libc);
      const fd = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
      await libc.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, LONG);
      return { go: (l) => l.connect(fd, { family: AF_UNIX, abstract: 'x' }) };
    },
  },
  {
    name: 'connect of TCP to a full queue',
    restarts: true,
    async setup(libc) {
      const { fd, name } = await tcp_listener(libc, 0);
      for (let i = 0; i < 3; i++) await libc.connect(await libc.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), name);
      const c = await libc.socket(AF_INET, SOCK_STREAM, 0);
      return {
        go: (l) => l.connect(c, name),
        async end(l) {
          for (let i = 0; i < 3; i++) await l.accept(fd);
        },
      };
    },
  },
  {
    name: 'send to a full TCP connection',
    restarts: true,
    async setup(libc) {
      const [c, s] = await tcp_pair(libc);
      await fill(libc, c, 65536);
      return { go: (l) => l.send(c, BYTE(), 0), end: drain(s) };
    },
  },
];

const CLOSE: SleepingCall = {
  name: 'close with SO_LINGER',
  restarts: true,
  holds: true,
  async setup(libc) {
    const [c] = await tcp_pair(libc);
    await libc.setsockopt(c, SOL_SOCKET, SO_LINGER, Uint8Array.of(1, 0, 0, 0, 100, 0, 0, 0));
    await fill(libc, c, 65536);
    return { go: (l) => l.close(c) };
  },
};

export const SLEEPS_NET: readonly SleepingCall[] = [...MESSAGES, ...CONNECTIONS, CLOSE];
