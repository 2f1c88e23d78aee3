import test from 'ava';
import type { Libc, Release, SockAddrOut, ThrowingLibc } from '../../../index.js';
import {
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_PEEK,
  MSG_TRUNC,
  NR,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_ERROR,
  SO_RCVTIMEO,
  SO_SNDBUF,
  SO_SNDTIMEO,
} from '../../../kernel-mock/include/uapi/index.js';
import { answers, bytes, msleep, outcome, receive, thread } from '../../facts.js';
import { A, B, NOWHERE, PATH, bound, client, connection, fill, nonblocking, pair } from './fixtures.js';

const TEN_MS = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x27, 0, 0, 0, 0, 0, 0);

const dgram = (ok: ThrowingLibc): Promise<number> => ok.socket(AF_UNIX, SOCK_DGRAM, 0);

/** Two unconnected sockets: one with the name A, one without. */
async function two(ok: ThrowingLibc): Promise<[named: number, other: number]> {
  return [await bound(ok, A, SOCK_DGRAM), await dgram(ok)];
}

// What datagrams and records share: boundaries.

for (const [name, type] of [
  ['datagrams', SOCK_DGRAM],
  ['records', SOCK_SEQPACKET],
] as const) {
  test(
    `${name}: one receive, one message`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      for (const word of ['one', 'two', 'three']) await ok.send(a, word);
      return [
        await receive(libc, b),
        await receive(libc, b),
        await receive(libc, b),
        await receive(libc, b, 9, MSG_DONTWAIT),
      ];
    },
    ['one', 'two', 'three', 'EAGAIN'],
  );
  test(
    `${name}: what does not fit is lost`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      await ok.send(a, 'abc');
      await ok.send(a, 'def');
      return [await receive(libc, b, 2), await receive(libc, b)];
    },
    ['ab', 'def'],
  );
  test(
    `${name}: MSG_TRUNC tells the real length`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      await ok.send(a, 'abc');
      await ok.send(a, 'de');
      return [await libc.recv(b, new Uint8Array(2), MSG_TRUNC), await receive(libc, b)];
    },
    (r: Release) => (r.name === '6.18' ? [3, 'de'] : undefined),
  );
  test(
    `${name}: MSG_PEEK leaves the message`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      await ok.send(a, 'abc');
      return [
        await receive(libc, b, 2, MSG_PEEK),
        await receive(libc, b, 9, MSG_PEEK),
        await receive(libc, b),
        await receive(libc, b, 9, MSG_DONTWAIT),
      ];
    },
    ['ab', 'abc', 'abc', 'EAGAIN'],
  );
  test(
    `${name}: MSG_PEEK and MSG_TRUNC`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      await ok.send(a, 'abc');
      return [await libc.recv(b, new Uint8Array(1), MSG_PEEK | MSG_TRUNC), await receive(libc, b)];
    },
    (r: Release) => (r.name === '6.18' ? [3, 'abc'] : undefined),
  );
  test(
    `${name}: of no bytes`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      const sent = await libc.send(a, null);
      await ok.send(a, 'x');
      return [sent, await receive(libc, b, 9, MSG_DONTWAIT), await receive(libc, b, 9, MSG_DONTWAIT)];
    },
    [0, '', 'x'],
  );
  test(
    `${name}: writev is one message`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      await ok.writev(a, [bytes('ab'), bytes('cd')]);
      await ok.writev(a, [bytes('ef')]);
      return [await receive(libc, b), await receive(libc, b)];
    },
    ['abcd', 'ef'],
  );
  test(
    `${name}: readv is one message`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      await ok.send(a, 'abcd');
      await ok.send(a, 'ef');
      return [await libc.readv(b, [new Uint8Array(1), new Uint8Array(2)]), await receive(libc, b)];
    },
    [3, 'ef'],
  );
  test(
    `${name}: a read for nothing leaves the message`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      await ok.send(a, 'abc');
      return [await libc.read(b, new Uint8Array(0)), await receive(libc, b, 9, MSG_DONTWAIT)];
    },
    [0, 'abc'],
  );
  test(
    `${name}: a bad buffer sends nothing`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      return [
        outcome(libc, await libc.syscall(NR.sendto, a, new Uint8Array(2), 3, 0, 0, 0)),
        await receive(libc, b, 9, MSG_DONTWAIT),
      ];
    },
    ['EFAULT', 'EAGAIN'],
  );
  test(
    `${name}: sleeps for one`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      const join = await thread(libc, (own) => receive(own, b));
      await msleep(libc, 5);
      await ok.send(a, 'late');
      return join();
    },
    'late',
  );
  test(
    `${name}: a limit on the time of a receive`,
    answers,
    async (libc, ok) => {
      const [a] = await pair(ok, type);
      await ok.setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, TEN_MS);
      return libc.recv(a, new Uint8Array(1));
    },
    'EAGAIN',
  );
  test(
    `${name}: larger than the buffer`,
    answers,
    async (libc, ok) => libc.send((await pair(ok, type))[0], new Uint8Array(212_992 - 31)),
    'EMSGSIZE',
  );
  test(
    `${name}: the largest`,
    answers,
    async (libc, ok) => libc.send((await pair(ok, type))[0], new Uint8Array(212_992 - 32)),
    212_960,
  );
  test(
    `${name}: larger than a small buffer`,
    answers,
    async (libc, ok) => {
      const [a] = await pair(ok, type);
      await ok.setsockopt(a, SOL_SOCKET, SO_SNDBUF, 3000);
      return [
        outcome(libc, await libc.send(a, new Uint8Array(5969))),
        outcome(libc, await libc.send(a, new Uint8Array(5968))),
      ];
    },
    ['EMSGSIZE', 5968],
  );
  test(
    `${name}: larger than the buffer and a bad pointer`,
    answers,
    async (libc, ok) => libc.syscall(NR.sendto, (await pair(ok, type))[0], 0, 300_000, 0, 0, 0),
    'EMSGSIZE',
  );
  for (const [size, most] of [
    [1, 278],
    [1000, 93],
    [16_065, 11],
    [60_000, 4],
  ] as const)
    test(
      `${name}: how many of ${size} bytes fit`,
      answers,
      async (libc, ok) => (await fill(libc, (await pair(ok, type))[0], size)) / size,
      most,
    );
  test(
    `${name}: full, sleeps until one is read`,
    answers,
    async (libc, ok) => {
      const [a, b] = await pair(ok, type);
      await fill(libc, a, 60_000);
      let done = false;
      const join = await thread(libc, async (_own, own_ok) => {
        await own_ok.send(a, new Uint8Array(60_000));
        done = true;
      });
      await msleep(libc, 5);
      const before = done;
      for (let i = 0; i < 4; i++) await ok.recv(b, new Uint8Array(60_000));
      await join();
      return [before, done];
    },
    [false, true],
  );
  test(
    `${name}: full, a limit on the time`,
    answers,
    async (libc, ok) => {
      const [a] = await pair(ok, type);
      await fill(libc, a);
      await ok.setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, TEN_MS);
      return libc.send(a, 'x');
    },
    'EAGAIN',
  );
  test(
    `${name}: shut for writing`,
    answers,
    async (libc, ok) => {
      const [a] = await pair(ok, type);
      await ok.shutdown(a, SHUT_WR);
      return libc.send(a, 'x', MSG_NOSIGNAL);
    },
    'EPIPE',
  );
}

// Datagrams: names and connections.

test('dgram: not connected, no name', answers, async (libc, ok) => libc.send(await dgram(ok), 'x'), 'ENOTCONN');
test('dgram: a write, not connected', answers, async (libc, ok) => libc.write(await dgram(ok), 'x'), 'ENOTCONN');
test(
  'dgram: a name of length 0 is no name',
  answers,
  async (libc, ok) => libc.syscall(NR.sendto, await dgram(ok), bytes('x'), 1, 0, bytes('x'), 0),
  'ENOTCONN',
);
test(
  'dgram: not connected and a bad buffer',
  answers,
  async (libc, ok) => libc.syscall(NR.sendto, await dgram(ok), 0, 1, 0, 0, 0),
  (r: Release) => (r.unix_dgram_peer_first ? 'ENOTCONN' : 'EFAULT'),
);
test(
  'dgram: to a name',
  answers,
  async (libc, ok) => {
    const [named, other] = await two(ok);
    return [await ok.sendto(other, 'hi', 0, A), await receive(libc, named)];
  },
  [2, 'hi'],
);
test('dgram: to no path', answers, async (libc, ok) => libc.sendto(await dgram(ok), 'x', 0, NOWHERE), 'ENOENT');
test(
  'dgram: to no abstract name',
  answers,
  async (libc, ok) => libc.sendto(await dgram(ok), 'x', 0, A),
  'ECONNREFUSED',
);
test(
  'dgram: to a stream',
  answers,
  async (libc, ok) => {
    await bound(ok, PATH, SOCK_STREAM);
    return libc.sendto(await dgram(ok), 'x', 0, PATH);
  },
  'EPROTOTYPE',
);
test(
  'dgram: to the family alone',
  answers,
  async (libc, ok) => libc.sendto(await dgram(ok), 'x', 0, { family: AF_UNIX }),
  'EINVAL',
);
test(
  'dgram: to another family',
  answers,
  async (libc, ok) => libc.sendto(await dgram(ok), 'x', 0, { family: 2 }),
  'EINVAL',
);
test(
  'dgram: too large and nowhere',
  answers,
  async (libc, ok) => libc.sendto(await dgram(ok), new Uint8Array(300_000), 0, NOWHERE),
  'EMSGSIZE',
);
test(
  'dgram: a bad buffer and nowhere',
  answers,
  async (libc, ok) => libc.syscall(NR.sendto, await dgram(ok), 0, 5, 0, Uint8Array.of(1, 0, 110, 0), 4),
  'EFAULT',
);
const sender_of = async (libc: Libc, ok: ThrowingLibc, from: number): Promise<SockAddrOut> => {
  const to = await bound(ok, B, SOCK_DGRAM);
  await ok.sendto(from, 'x', 0, B);
  const addr: SockAddrOut = {};
  await libc.recvfrom(to, new Uint8Array(1), 0, addr);
  return addr;
};
test(
  'dgram: the sender’s abstract name',
  answers,
  async (libc, ok) => sender_of(libc, ok, await bound(ok, A, SOCK_DGRAM)),
  { family: AF_UNIX, abstract: 'a' },
);
test('dgram: the sender’s path', answers, async (libc, ok) => sender_of(libc, ok, await bound(ok, PATH, SOCK_DGRAM)), {
  ...PATH,
});
test('dgram: an unnamed sender', answers, async (libc, ok) => sender_of(libc, ok, await dgram(ok)), {});
test(
  'dgram: a sender that has closed',
  answers,
  async (libc, ok) => {
    const [named, other] = await two(ok);
    await ok.bind(other, B);
    await ok.sendto(other, 'x', 0, A);
    await ok.close(other);
    const addr: SockAddrOut = {};
    await libc.recvfrom(named, new Uint8Array(1), 0, addr);
    return addr;
  },
  { family: AF_UNIX, abstract: 'b' },
);
test(
  'dgram: connect, then send',
  answers,
  async (libc, ok) => {
    const [named, other] = await two(ok);
    await ok.connect(other, A);
    await ok.send(other, 'hi');
    return receive(libc, named);
  },
  'hi',
);
test(
  'dgram: connected, a name goes elsewhere',
  answers,
  async (libc, ok) => {
    const [named, other] = await two(ok);
    const third = await bound(ok, B, SOCK_DGRAM);
    await ok.connect(other, A);
    await ok.sendto(other, 'hi', 0, B);
    return [await receive(libc, third), await receive(libc, named, 9, MSG_DONTWAIT)];
  },
  ['hi', 'EAGAIN'],
);
test(
  'dgram: connect again',
  answers,
  async (libc, ok) => {
    const [, other] = await two(ok);
    const third = await bound(ok, B, SOCK_DGRAM);
    await ok.connect(other, A);
    await ok.connect(other, B);
    await ok.send(other, 'hi');
    return receive(libc, third);
  },
  'hi',
);
test(
  'dgram: AF_UNSPEC dissolves the connection',
  answers,
  async (libc, ok) => {
    const [, other] = await two(ok);
    await ok.connect(other, A);
    await ok.connect(other, { family: 0 });
    return libc.send(other, 'x');
  },
  'ENOTCONN',
);
test('dgram: AF_UNSPEC, never connected', answers, async (libc, ok) => libc.connect(await dgram(ok), { family: 0 }), 0);
test(
  'dgram: a connected socket hears only its peer',
  answers,
  async (libc, ok) => {
    const named = await bound(ok, A, SOCK_DGRAM);
    await bound(ok, B, SOCK_DGRAM);
    await ok.connect(named, B);
    const other = await dgram(ok);
    return [outcome(libc, await libc.sendto(other, 'x', 0, A)), outcome(libc, await libc.connect(other, A))];
  },
  ['EPERM', 'EPERM'],
);
test(
  'dgram: to itself',
  answers,
  async (libc, ok) => {
    const s = await bound(ok, A, SOCK_DGRAM);
    await ok.connect(s, A);
    await ok.send(s, 'me');
    return receive(libc, s);
  },
  'me',
);
test(
  'dgram: getpeername',
  answers,
  async (_libc, ok) => {
    const [, other] = await two(ok);
    await ok.connect(other, A);
    const addr: SockAddrOut = {};
    await ok.getpeername(other, addr);
    return addr;
  },
  { family: AF_UNIX, abstract: 'a' },
);
test(
  'dgram: getpeername, not connected',
  answers,
  async (libc, ok) => libc.getpeername(await dgram(ok), {}),
  'ENOTCONN',
);
test('dgram: listen', answers, async (libc, ok) => libc.listen(await bound(ok, A, SOCK_DGRAM), 1), 'EOPNOTSUPP');
test(
  'dgram: nothing there',
  answers,
  async (libc, ok) => libc.recv(await nonblocking(ok, await dgram(ok)), new Uint8Array(1)),
  'EAGAIN',
);
test(
  'dgram: the connected peer has closed',
  answers,
  async (libc, ok) => {
    const [named, other] = await two(ok);
    await ok.connect(other, A);
    await ok.close(named);
    return [outcome(libc, await libc.send(other, 'x')), outcome(libc, await libc.send(other, 'x'))];
  },
  ['ECONNREFUSED', 'ENOTCONN'],
);
test(
  'dgram: the other end of a pair has closed',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok, SOCK_DGRAM);
    await ok.close(b);
    return [outcome(libc, await libc.send(a, 'x')), outcome(libc, await libc.send(a, 'x'))];
  },
  ['ECONNREFUSED', 'ENOTCONN'],
);
test(
  'dgram: what was sent before the end is read',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok, SOCK_DGRAM);
    await ok.send(a, 'last');
    await ok.close(a);
    return [await receive(libc, b), await receive(libc, b, 9, MSG_DONTWAIT)];
  },
  ['last', 'EAGAIN'],
);
test(
  'dgram: an end that closes with unread data resets nobody',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok, SOCK_DGRAM);
    await ok.send(a, 'unread');
    await ok.close(b);
    const err = { value: -1 };
    await ok.getsockopt(a, SOL_SOCKET, SO_ERROR, err);
    return err.value;
  },
  0,
);
test(
  'dgram: the receiver is shut for reading',
  answers,
  async (libc, ok) => {
    const [named, other] = await two(ok);
    await ok.shutdown(named, SHUT_RD);
    return libc.sendto(other, 'x', MSG_NOSIGNAL, A);
  },
  'EPIPE',
);
test(
  'dgram: EPIPE without a signal',
  answers,
  async (libc, ok) => {
    const [named, other] = await two(ok);
    await ok.shutdown(named, SHUT_RD);
    return libc.sendto(other, 'x', 0, A);
  },
  'EPIPE',
);
test(
  'dgram: a shutdown is not the peer’s',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok, SOCK_DGRAM);
    await ok.shutdown(a, SHUT_WR);
    return [outcome(libc, await libc.recv(b, new Uint8Array(1), MSG_DONTWAIT)), outcome(libc, await libc.send(b, 'x'))];
  },
  ['EAGAIN', 1],
);
test(
  'dgram: shut for reading, a receive that may sleep',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok, SOCK_DGRAM);
    await ok.shutdown(a, SHUT_RD);
    return [await receive(libc, a), await receive(libc, a, 9, MSG_DONTWAIT)];
  },
  ['', 'EAGAIN'],
);
test(
  'dgram: shut down wakes a receiver',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok, SOCK_DGRAM);
    const join = await thread(libc, (own) => receive(own, a));
    await msleep(libc, 5);
    await ok.shutdown(a, SHUT_RDWR);
    return join();
  },
  '',
);
test(
  'dgram: the queue of a socket that is connected to nobody holds eleven',
  answers,
  async (libc, ok) => {
    const [, other] = await two(ok);
    await nonblocking(ok, other);
    for (let n = 0; ; n++) if ((await libc.sendto(other, 'x', 0, A)) === -1) return [n, outcome(libc, -1)];
  },
  [11, 'EAGAIN'],
);
test(
  'dgram: several senders share the eleven',
  answers,
  async (libc, ok) => {
    const [, other] = await two(ok);
    const third = await dgram(ok);
    for (let n = 0; ; n++)
      if ((await libc.sendto(n % 2 === 0 ? other : third, 'x', MSG_DONTWAIT, A)) === -1) return [n, outcome(libc, -1)];
  },
  [11, 'EAGAIN'],
);
test(
  'dgram: eleven are there, a send sleeps until one is read',
  answers,
  async (libc, ok) => {
    const [named, other] = await two(ok);
    await ok.connect(other, A);
    for (let i = 0; i < 11; i++) await ok.send(other, String(i));
    let done = false;
    const join = await thread(libc, async (_own, own_ok) => {
      await own_ok.send(other, 'twelfth');
      done = true;
    });
    await msleep(libc, 5);
    const before = done;
    const first = await receive(libc, named);
    await join();
    return [before, first, done];
  },
  [false, '0', true],
);
test(
  'dgram: the receiver closes while a send sleeps',
  answers,
  async (libc, ok) => {
    const [named, other] = await two(ok);
    await ok.connect(other, A);
    for (let i = 0; i < 11; i++) await ok.send(other, String(i));
    const join = await thread(libc, async (own) => outcome(own, await own.send(other, 'x')));
    await msleep(libc, 5);
    await ok.close(named);
    return join();
  },
  'ECONNREFUSED',
);

test(
  'dgram: not connected and too large',
  answers,
  async (libc, ok) => libc.send(await dgram(ok), new Uint8Array(300_000)),
  (r: Release) => (r.unix_dgram_peer_first ? 'ENOTCONN' : 'EMSGSIZE'),
);
test(
  'dgram: a bad name and too large',
  answers,
  async (libc, ok) => libc.sendto(await dgram(ok), new Uint8Array(300_000), 0, { family: 2 }),
  'EINVAL',
);
/** Two that are connected to each other. */
async function mutual(ok: ThrowingLibc): Promise<[a: number, b: number]> {
  const a = await bound(ok, A, SOCK_DGRAM);
  const b = await bound(ok, B, SOCK_DGRAM);
  await ok.connect(a, B);
  await ok.connect(b, A);
  return [a, b];
}
test(
  'dgram: one of two leaves the other: what it had not read is gone',
  answers,
  async (libc, ok) => {
    const [a, b] = await mutual(ok);
    await ok.send(b, 'unread');
    await ok.connect(a, { family: 0 });
    return receive(libc, a, 9, MSG_DONTWAIT);
  },
  'EAGAIN',
);
test(
  'dgram: one of two leaves the other, who learns it once',
  answers,
  async (libc, ok) => {
    const [a, b] = await mutual(ok);
    await ok.send(b, 'unread');
    await ok.connect(a, { family: 0 });
    return [await receive(libc, b, 9, MSG_DONTWAIT), await receive(libc, b, 9, MSG_DONTWAIT)];
  },
  ['ECONNRESET', 'EAGAIN'],
);
test(
  'dgram: one of two leaves the other and had read everything',
  answers,
  async (libc, ok) => {
    const [a, b] = await mutual(ok);
    await ok.connect(a, { family: 0 });
    return receive(libc, b, 9, MSG_DONTWAIT);
  },
  'EAGAIN',
);
test(
  'dgram: connecting anew leaves as well',
  answers,
  async (libc, ok) => {
    const [a, b] = await mutual(ok);
    await bound(ok, PATH, SOCK_DGRAM);
    await ok.send(b, 'unread');
    await ok.connect(a, PATH);
    return [await receive(libc, a, 9, MSG_DONTWAIT), await receive(libc, b, 9, MSG_DONTWAIT)];
  },
  ['EAGAIN', 'ECONNRESET'],
);
test(
  'dgram: connecting to the same one changes nothing',
  answers,
  async (libc, ok) => {
    const [a, b] = await mutual(ok);
    await ok.send(b, 'unread');
    await ok.connect(a, B);
    return [await receive(libc, a, 9, MSG_DONTWAIT), await receive(libc, b, 9, MSG_DONTWAIT)];
  },
  ['unread', 'EAGAIN'],
);
test(
  'dgram: a recv for nothing takes a message',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok, SOCK_DGRAM);
    await ok.send(a, 'abc');
    return [await libc.recv(b, null), await receive(libc, b, 9, MSG_DONTWAIT)];
  },
  [0, 'EAGAIN'],
);

// Records: a connection like a stream's.

const seqpacket = (ok: ThrowingLibc): Promise<number> => ok.socket(AF_UNIX, SOCK_SEQPACKET, 0);
test('seqpacket: send, not connected', answers, async (libc, ok) => libc.send(await seqpacket(ok), 'x'), 'ENOTCONN');
test(
  'seqpacket: recv, not connected',
  answers,
  async (libc, ok) => libc.recv(await seqpacket(ok), new Uint8Array(1)),
  'ENOTCONN',
);
test(
  'seqpacket: a name is not looked at',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok, SOCK_SEQPACKET);
    return [outcome(libc, await libc.sendto(a, 'x', 0, NOWHERE)), await receive(libc, b)];
  },
  [1, 'x'],
);
test(
  'seqpacket: end of file',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok, SOCK_SEQPACKET);
    await ok.send(a, 'last');
    await ok.close(a);
    return [await receive(libc, b), await receive(libc, b), await receive(libc, b, 9, MSG_DONTWAIT)];
  },
  ['last', '', ''],
);
test(
  'seqpacket: ECONNRESET when the peer left something unread',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok, SOCK_SEQPACKET);
    await ok.send(b, 'unread');
    await ok.close(a);
    return [await receive(libc, b), await receive(libc, b)];
  },
  ['ECONNRESET', ''],
);
test(
  'seqpacket: EPIPE',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok, SOCK_SEQPACKET);
    await ok.close(b);
    return libc.send(a, 'x', MSG_NOSIGNAL);
  },
  'EPIPE',
);
test(
  'seqpacket: the name of the sender',
  answers,
  async (libc, ok) => {
    const [, c, s] = await connection(ok, SOCK_SEQPACKET);
    await ok.send(s, 'x');
    const addr: SockAddrOut = {};
    await libc.recvfrom(c, new Uint8Array(1), 0, addr);
    return addr;
  },
  { family: AF_UNIX, abstract: 'a' },
);
test(
  'seqpacket: connect, to one that does not listen',
  answers,
  async (libc, ok) => {
    await bound(ok, A, SOCK_SEQPACKET);
    return libc.connect(await seqpacket(ok), A);
  },
  'ECONNREFUSED',
);
test(
  'seqpacket: connect, twice',
  answers,
  async (libc, ok) => {
    const [, c] = await connection(ok, SOCK_SEQPACKET);
    return libc.connect(c, A);
  },
  'EISCONN',
);
test(
  'seqpacket: who waits is reset when the listener closes',
  answers,
  async (libc, ok) => {
    const l = await bound(ok, A, SOCK_SEQPACKET);
    await ok.listen(l, 1);
    const c = await client(ok, A, SOCK_SEQPACKET);
    await ok.close(l);
    return [await receive(libc, c), await receive(libc, c)];
  },
  ['ECONNRESET', ''],
);
test(
  'seqpacket: EPIPE without a signal',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok, SOCK_SEQPACKET);
    await ok.close(b);
    return libc.send(a, 'x');
  },
  'EPIPE',
);
