import test from 'ava';
import type { Libc, PollFd, Release, ThrowingLibc } from '../../index.js';
import {
  AF_UNIX,
  NR,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRNORM,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from '../../kernel-mock/include/uapi/index.js';
import { answers, limit_descriptors, msleep, thread } from '../facts.js';
import { A, bound, client, connection, fill, listener, pair } from '../net/unix/fixtures.js';

/** Everything that can be asked for. */
const ALL = POLLIN | POLLOUT | POLLRDHUP | POLLRDNORM | POLLWRNORM;
const IN = POLLIN | POLLRDNORM;
const OUT = POLLOUT | POLLWRNORM;

/** What holds of `fd` now. */
async function look(libc: Libc, fd: number, events = ALL): Promise<number> {
  const fds: PollFd[] = [{ fd, events }];
  await libc.poll(fds, 0);
  return fds[0]!.revents!;
}

type Make = (ok: ThrowingLibc, libc: Libc) => Promise<number>;
const states: readonly (readonly [string, Make, number | ((r: Release) => number)])[] = [
  ['a fresh stream', (ok) => ok.socket(AF_UNIX, SOCK_STREAM, 0), OUT | POLLHUP],
  ['a fresh datagram socket', (ok) => ok.socket(AF_UNIX, SOCK_DGRAM, 0), OUT],
  ['a fresh record socket', (ok) => ok.socket(AF_UNIX, SOCK_SEQPACKET, 0), OUT | POLLHUP],
  ['a bound stream', (ok) => bound(ok), OUT | POLLHUP],
  ['a listener', (ok) => listener(ok), 0],
  [
    'a listener with a connection',
    async (ok) => {
      const l = await listener(ok);
      await client(ok);
      return l;
    },
    IN,
  ],
  ['a stream', async (ok) => (await pair(ok))[0], OUT],
  [
    'a stream with bytes',
    async (ok) => {
      const [a, b] = await pair(ok);
      await ok.write(b, 'x');
      return a;
    },
    IN | OUT,
  ],
  [
    'a stream that is full',
    async (ok, libc) => {
      const [a] = await pair(ok);
      await fill(libc, a);
      return a;
    },
    0,
  ],
  [
    'a stream that is full but for three quarters',
    async (ok, libc) => {
      const [a, b] = await pair(ok);
      const n = await fill(libc, a);
      await ok.read(b, new Uint8Array(Math.floor((n * 3) / 4) + 8192));
      return a;
    },
    OUT,
  ],
  [
    'a stream that is half full',
    async (ok, libc) => {
      const [a, b] = await pair(ok);
      const n = await fill(libc, a);
      await ok.read(b, new Uint8Array(n / 2));
      return a;
    },
    0,
  ],
  [
    'a stream whose peer closed',
    async (ok) => {
      const [a, b] = await pair(ok);
      await ok.close(b);
      return a;
    },
    IN | OUT | POLLHUP | POLLRDHUP,
  ],
  [
    'a stream whose peer closed without reading',
    async (ok) => {
      const [a, b] = await pair(ok);
      await ok.write(a, 'x');
      await ok.close(b);
      return a;
    },
    IN | OUT | POLLHUP | POLLRDHUP | POLLERR,
  ],
  [
    'a stream whose peer shut writing',
    async (ok) => {
      const [a, b] = await pair(ok);
      await ok.shutdown(b, SHUT_WR);
      return a;
    },
    IN | OUT | POLLRDHUP,
  ],
  [
    'a stream whose peer shut reading',
    async (ok) => {
      const [a, b] = await pair(ok);
      await ok.shutdown(b, SHUT_RD);
      return a;
    },
    OUT,
  ],
  [
    'a stream that is shut for both',
    async (ok) => {
      const [a] = await pair(ok);
      await ok.shutdown(a, SHUT_RDWR);
      return a;
    },
    IN | OUT | POLLHUP | POLLRDHUP,
  ],
  ['an accepted stream', async (ok) => (await connection(ok))[2], OUT],
  [
    'a datagram socket with a message',
    async (ok) => {
      const [a, b] = await pair(ok, SOCK_DGRAM);
      await ok.send(b, 'x');
      return a;
    },
    IN | OUT,
  ],
  [
    'a datagram socket whose peer’s queue is full',
    async (ok) => {
      await bound(ok, A, SOCK_DGRAM);
      const s = await client(ok, A, SOCK_DGRAM);
      for (let i = 0; i < 11; i++) await ok.send(s, 'x');
      return s;
    },
    0,
  ],
  [
    'a datagram socket whose peer closed',
    async (ok) => {
      const [a, b] = await pair(ok, SOCK_DGRAM);
      await ok.close(b);
      return a;
    },
    OUT,
  ],
  [
    'a record socket whose peer closed',
    async (ok) => {
      const [a, b] = await pair(ok, SOCK_SEQPACKET);
      await ok.close(b);
      return a;
    },
    IN | OUT | POLLHUP | POLLRDHUP,
  ],
  ['what is not open', async () => 99, POLLNVAL],
];
for (const [name, make, expected] of states)
  test(`poll: ${name}`, answers, async (libc, ok) => look(libc, await make(ok, libc)), expected);
test(
  'poll: POLLHUP and POLLERR are not asked for',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(a, 'x');
    await ok.close(b);
    return look(libc, a, 0);
  },
  POLLHUP | POLLERR,
);
test('poll: only what is asked for', answers, async (libc, ok) => look(libc, (await pair(ok))[0], POLLIN), 0);

test(
  'poll: counts the ones that have an answer',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    const fds: PollFd[] = [
      { fd: a, events: POLLIN },
      { fd: b, events: POLLOUT },
      { fd: 99, events: 0 },
      { fd: -1, events: POLLIN },
    ];
    return [await libc.poll(fds, -1), fds.map((p) => p.revents)];
  },
  [2, [0, POLLOUT, POLLNVAL, 0]],
);
test(
  'poll: the same descriptor twice',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    const fds: PollFd[] = [
      { fd: a, events: POLLOUT },
      { fd: a, events: POLLIN },
    ];
    return [await libc.poll(fds, 0), fds.map((p) => p.revents)];
  },
  [1, [POLLOUT, 0]],
);
test('poll: nothing, no time', answers, (libc) => libc.poll([], 0), 0);
test('poll: nothing, a little time', answers, (libc) => libc.poll([], 5), 0);
test('poll: a null pointer', answers, (libc) => libc.syscall(NR.poll, 0, 1, 0), 'EFAULT');
test('poll: half an array', answers, (libc) => libc.syscall(NR.poll, new Uint8Array(12), 2, 0), 'EFAULT');
test('poll: more than the limit', answers, (libc) => libc.syscall(NR.poll, 0, 1025, 0), 'EINVAL');
test('poll: -1 of them', answers, (libc) => libc.syscall(NR.poll, 0, -1, 0), 'EINVAL');
test(
  'poll: more than a lower limit',
  answers,
  async (libc, ok) => {
    await limit_descriptors(ok, 3);
    return libc.poll(new Array<PollFd>(4).fill({ fd: -1, events: 0 }), 0);
  },
  'EINVAL',
);
test(
  'poll: sleeps until something is there',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    const join = await thread(libc, async (own) => {
      const fds: PollFd[] = [{ fd: a, events: POLLIN }];
      return [await own.poll(fds, -1), fds[0]!.revents];
    });
    await msleep(libc, 5);
    await ok.write(b, 'x');
    return join();
  },
  [1, POLLIN],
);
test(
  'poll: sleeps until a second one is ready',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    const l = await listener(ok);
    const join = await thread(libc, async (own) => {
      const fds: PollFd[] = [
        { fd: a, events: POLLIN },
        { fd: l, events: POLLIN },
      ];
      return [await own.poll(fds, -1), fds.map((p) => p.revents)];
    });
    await msleep(libc, 5);
    await client(ok);
    return join();
  },
  [1, [0, POLLIN]],
);
test(
  'poll: sleeps until there is room',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    const n = await fill(libc, a);
    const join = await thread(libc, async (own) => {
      const fds: PollFd[] = [{ fd: a, events: POLLOUT }];
      return [await own.poll(fds, -1), fds[0]!.revents];
    });
    await msleep(libc, 5);
    await ok.read(b, new Uint8Array(n));
    return join();
  },
  [1, POLLOUT],
);
test(
  'poll: sleeps until the peer’s datagram queue has room',
  answers,
  async (libc, ok) => {
    const to = await bound(ok, A, SOCK_DGRAM);
    const s = await client(ok, A, SOCK_DGRAM);
    for (let i = 0; i < 11; i++) await ok.send(s, 'x');
    const join = await thread(libc, async (own) => {
      const fds: PollFd[] = [{ fd: s, events: POLLOUT }];
      return [await own.poll(fds, -1), fds[0]!.revents];
    });
    await msleep(libc, 5);
    await ok.recv(to, new Uint8Array(1));
    return join();
  },
  [1, POLLOUT],
);
test(
  'poll: the peer closes',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    const join = await thread(libc, async (own) => {
      const fds: PollFd[] = [{ fd: a, events: 0 }];
      return [await own.poll(fds, -1), fds[0]!.revents];
    });
    await msleep(libc, 5);
    await ok.close(b);
    return join();
  },
  [1, POLLHUP],
);
test(
  'poll: the time runs out',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    const fds: PollFd[] = [{ fd: a, events: POLLIN, revents: 77 }];
    return [await libc.poll(fds, 20), fds[0]!.revents];
  },
  [0, 0],
);
test(
  'poll: a negative timeout is any',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    const join = await thread(libc, async (own) => own.poll([{ fd: a, events: POLLIN }], -5));
    await msleep(libc, 5);
    await ok.write(b, 'x');
    return join();
  },
  1,
);
