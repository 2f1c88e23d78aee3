import test from 'ava';
import type { Release } from '../../index.js';
import {
  AF_INET,
  AF_UNIX,
  FD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  MSG_DONTWAIT,
  MSG_OOB,
  NR,
  O_NONBLOCK,
  O_RDWR,
  SHUT_RD,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_DOMAIN,
  SO_PROTOCOL,
  SO_TYPE,
} from '../../kernel-mock/include/uapi/index.js';
import { answers, limit_descriptors, msleep, outcome, thread } from '../facts.js';
import { A, B, NOWHERE, bound, client, connection, listener, nonblocking, pair } from './unix/fixtures.js';

const BAD = 99;
const CONSOLE = 0;
const AF_MAX = 46;
/** An address that nothing is mapped at. */
const UNMAPPED = 1;
/** Releases that know SOCK_CLOEXEC and SOCK_NONBLOCK answer the first, the others the second. */
const flags =
  <T, U>(known: T, unknown: U) =>
  (r: Release): T | U =>
    r.sock_flags === 0 ? unknown : known;
/** 4.14 and later reserve the descriptors of a pair first. */
const fds_first =
  <T, U>(yes: T, no: U) =>
  (r: Release): T | U =>
    r.socketpair_fds_first ? yes : no;

// socket

test('socket: a family below zero', answers, (libc) => libc.socket(-1, SOCK_STREAM, 0), 'EAFNOSUPPORT');
test('socket: AF_UNSPEC', answers, (libc) => libc.socket(0, SOCK_STREAM, 0), 'EAFNOSUPPORT');
test('socket: a family beyond the table', answers, (libc) => libc.socket(AF_MAX, SOCK_STREAM, 0), 'EAFNOSUPPORT');
test('socket: type 0', answers, (libc) => libc.socket(AF_UNIX, 0, 0), 'ESOCKTNOSUPPORT');
test('socket: a type that the family lacks', answers, (libc) => libc.socket(AF_UNIX, 4, 0), 'ESOCKTNOSUPPORT');
test('socket: a type beyond the table', answers, (libc) => libc.socket(AF_UNIX, 11, 0), 'EINVAL');
test(
  'socket: a protocol that the family lacks',
  answers,
  (libc) => libc.socket(AF_UNIX, SOCK_STREAM, 2),
  'EPROTONOSUPPORT',
);
test('socket: a protocol below zero', answers, (libc) => libc.socket(AF_UNIX, SOCK_STREAM, -1), 'EPROTONOSUPPORT');
test('socket: the family is a protocol too', answers, (libc) => libc.socket(AF_UNIX, SOCK_STREAM, AF_UNIX), 3);
test('socket: bad family and bad type', answers, (libc) => libc.socket(AF_MAX, 11, 0), 'EAFNOSUPPORT');
test('socket: bad type and bad protocol', answers, (libc) => libc.socket(AF_UNIX, 11, 2), 'EINVAL');
test('socket: lacking type and lacking protocol', answers, (libc) => libc.socket(AF_UNIX, 4, 2), 'EPROTONOSUPPORT');
test(
  'socket: a flag bit that is none',
  answers,
  (libc) => libc.syscall(NR.socket, AF_UNIX, SOCK_STREAM | 0x1000, 0),
  'EINVAL',
);
test('socket: a type below zero', answers, (libc) => libc.syscall(NR.socket, AF_UNIX, -1, 0), 'EINVAL');
test(
  'socket: bad flag and bad family',
  answers,
  (libc) => libc.syscall(NR.socket, AF_MAX, SOCK_STREAM | 0x1000, 0),
  flags('EINVAL', 'EAFNOSUPPORT'),
);
test(
  'socket: SOCK_CLOEXEC in the type',
  answers,
  async (libc, ok) => {
    const s = await libc.syscall(NR.socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return s === -1 ? s : [await ok.fcntl(s, F_GETFD), await ok.fcntl(s, F_GETFL)];
  },
  flags([FD_CLOEXEC, O_RDWR], 'EINVAL'),
);
test(
  'socket: SOCK_NONBLOCK in the type',
  answers,
  async (libc, ok) => {
    const s = await libc.syscall(NR.socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    return s === -1 ? s : [await ok.fcntl(s, F_GETFD), await ok.fcntl(s, F_GETFL)];
  },
  flags([0, O_RDWR | O_NONBLOCK], 'EINVAL'),
);
test(
  'socket: no descriptor left',
  answers,
  async (libc, ok) => {
    await limit_descriptors(ok, 3);
    return libc.socket(AF_UNIX, SOCK_STREAM, 0);
  },
  'EMFILE',
);
test(
  'socket: no descriptor left and a bad protocol',
  answers,
  async (libc, ok) => {
    await limit_descriptors(ok, 3);
    return libc.socket(AF_UNIX, SOCK_STREAM, 2);
  },
  'EPROTONOSUPPORT',
);
test(
  'socket: the registers are ints, whatever stands above',
  answers,
  (libc) => libc.syscall(NR.socket, 2 ** 32 + AF_UNIX, 2 ** 40 + SOCK_STREAM, 2 ** 33),
  3,
);
for (const [name, type, shown] of [
  ['SOCK_STREAM', SOCK_STREAM, SOCK_STREAM],
  ['SOCK_DGRAM', SOCK_DGRAM, SOCK_DGRAM],
  ['SOCK_SEQPACKET', SOCK_SEQPACKET, SOCK_SEQPACKET],
  ['SOCK_RAW, which AF_UNIX takes for SOCK_DGRAM,', SOCK_RAW, SOCK_DGRAM],
] as const)
  test(
    `socket: ${name} knows what it is`,
    answers,
    async (_libc, ok) => {
      const s = await ok.socket(AF_UNIX, type, 0);
      const got = { value: -1 };
      await ok.getsockopt(s, SOL_SOCKET, SO_TYPE, got);
      return got.value;
    },
    shown,
  );
test(
  'socket: SO_DOMAIN and SO_PROTOCOL',
  answers,
  async (libc, ok) => {
    const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    const domain = { value: -1 };
    const protocol = { value: -1 };
    const ret = await libc.getsockopt(s, SOL_SOCKET, SO_DOMAIN, domain);
    if (ret === -1) return ret;
    await ok.getsockopt(s, SOL_SOCKET, SO_PROTOCOL, protocol);
    return [domain.value, protocol.value];
  },
  // Linux: both since 2.6.32.
  (r: Release) => (r.name === '6.18' ? [AF_UNIX, 0] : 'ENOPROTOOPT'),
);

// socketpair

test('socketpair: two descriptors, the lowest', answers, async (_libc, ok) => pair(ok), [3, 4]);
test('socketpair: of datagram sockets', answers, async (_libc, ok) => pair(ok, SOCK_DGRAM), [3, 4]);
test('socketpair: of record sockets', answers, async (_libc, ok) => pair(ok, SOCK_SEQPACKET), [3, 4]);
test('socketpair: a null vector', answers, (libc) => libc.socketpair(AF_UNIX, SOCK_STREAM, 0, null), 'EFAULT');
test(
  'socketpair: half a vector',
  answers,
  (libc) => libc.syscall(NR.socketpair, AF_UNIX, SOCK_STREAM, 0, new Uint8Array(4)),
  'EFAULT',
);
test(
  'socketpair: after half a vector nothing is open',
  answers,
  async (libc, ok) => {
    await libc.syscall(NR.socketpair, AF_UNIX, SOCK_STREAM, 0, new Uint8Array(4));
    return pair(ok);
  },
  [3, 4],
);
test('socketpair: bad family', answers, (libc) => libc.socketpair(AF_MAX, SOCK_STREAM, 0, []), 'EAFNOSUPPORT');
test(
  'socketpair: bad family and a null vector',
  answers,
  (libc) => libc.socketpair(AF_MAX, SOCK_STREAM, 0, null),
  fds_first('EFAULT', 'EAFNOSUPPORT'),
);
test('socketpair: bad type', answers, (libc) => libc.socketpair(AF_UNIX, 11, 0, []), 'EINVAL');
test('socketpair: bad protocol', answers, (libc) => libc.socketpair(AF_UNIX, SOCK_STREAM, 2, []), 'EPROTONOSUPPORT');
test(
  'socketpair: bad flag and a null vector',
  answers,
  (libc) => libc.syscall(NR.socketpair, AF_UNIX, SOCK_STREAM | 0x1000, 0, 0),
  'EINVAL',
);
for (const [room, title] of [
  [3, 'no descriptor left'],
  [4, 'one descriptor left'],
] as const) {
  test(
    `socketpair: ${title}`,
    answers,
    async (libc, ok) => {
      await limit_descriptors(ok, room);
      return libc.socketpair(AF_UNIX, SOCK_STREAM, 0, []);
    },
    'EMFILE',
  );
  test(
    `socketpair: ${title} and a bad family`,
    answers,
    async (libc, ok) => {
      await limit_descriptors(ok, room);
      return libc.socketpair(AF_MAX, SOCK_STREAM, 0, []);
    },
    fds_first('EMFILE', 'EAFNOSUPPORT'),
  );
  test(
    `socketpair: ${title} and a null vector`,
    answers,
    async (libc, ok) => {
      await limit_descriptors(ok, room);
      return libc.socketpair(AF_UNIX, SOCK_STREAM, 0, null);
    },
    'EMFILE',
  );
}
test(
  'socketpair: with one descriptor left none is lost',
  answers,
  async (libc, ok) => {
    await limit_descriptors(ok, 4);
    await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, []);
    return libc.socket(AF_UNIX, SOCK_STREAM, 0);
  },
  3,
);

// Every call that takes a socket: what is no descriptor, what is no socket.

const RAW_CALLS = [
  'bind',
  'connect',
  'listen',
  'accept',
  'getsockname',
  'getpeername',
  'shutdown',
  'sendto',
  'recvfrom',
  'setsockopt',
  'getsockopt',
] as const;
for (const call of RAW_CALLS) {
  test(`${call}: no descriptor`, answers, (libc) => libc.syscall(NR[call], BAD, 0, 0, 0, 0, 0), 'EBADF');
  test(`${call}: -1`, answers, (libc) => libc.syscall(NR[call], -1, 0, 0, 0, 0, 0), 'EBADF');
  test(`${call}: no socket`, answers, (libc) => libc.syscall(NR[call], CONSOLE, 0, 0, 0, 0, 0), 'ENOTSOCK');
  test(
    `${call}: a descriptor that was closed`,
    answers,
    async (libc, ok) => {
      const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
      await ok.close(s);
      return libc.syscall(NR[call], s, 0, 0, 0, 0, 0);
    },
    'EBADF',
  );
}

// Addresses on their way in: bind and connect, before the family sees them.

for (const call of ['bind', 'connect'] as const) {
  const on_socket =
    (...args: (number | Uint8Array | null)[]) =>
    async (libc: Parameters<Parameters<typeof thread>[1]>[0], ok: Parameters<Parameters<typeof thread>[1]>[1]) =>
      libc.syscall(NR[call], await ok.socket(AF_UNIX, SOCK_STREAM, 0), ...args);
  test(`${call}: a negative length`, answers, on_socket(new Uint8Array(16), -1), 'EINVAL');
  test(`${call}: longer than any address`, answers, on_socket(new Uint8Array(200), 129), 'EINVAL');
  test(`${call}: too long and a null pointer`, answers, on_socket(null, 129), 'EINVAL');
  test(`${call}: a null pointer`, answers, on_socket(null, 16), 'EFAULT');
  test(`${call}: half an address`, answers, on_socket(new Uint8Array(8), 16), 'EFAULT');
  test(`${call}: length 0`, answers, on_socket(null, 0), 'EINVAL');
  test(
    `${call}: no socket and a bad length`,
    answers,
    (libc) => libc.syscall(NR[call], CONSOLE, 0, -1),
    (r: Release) => (call === 'connect' && r.connect_addr_first ? 'EINVAL' : 'ENOTSOCK'),
  );
}

// accept

test('accept: not listening', answers, async (libc, ok) => libc.accept(await bound(ok)), 'EINVAL');
test(
  'accept: a socket that has no queue',
  answers,
  async (libc, ok) => libc.accept(await ok.socket(AF_UNIX, SOCK_DGRAM, 0)),
  'EOPNOTSUPP',
);
test('accept: one end of a connection', answers, async (libc, ok) => libc.accept((await connection(ok))[1]), 'EINVAL');
test(
  'accept: nobody there, not blocking',
  answers,
  async (libc, ok) => libc.accept(await nonblocking(ok, await listener(ok))),
  'EAGAIN',
);
test(
  'accept: no descriptor left',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    await client(ok);
    await limit_descriptors(ok, 5);
    return libc.accept(l);
  },
  'EMFILE',
);
test(
  'accept: the connection is still there after EMFILE',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    await client(ok);
    await limit_descriptors(ok, 5);
    await libc.accept(l);
    await limit_descriptors(ok, 6);
    return libc.accept(l);
  },
  5,
);
test(
  'accept: no descriptor left and not listening',
  answers,
  async (libc, ok) => {
    const s = await bound(ok);
    await limit_descriptors(ok, 4);
    return libc.accept(s);
  },
  'EMFILE',
);
test(
  'accept: no descriptor left and no socket',
  answers,
  async (libc, ok) => {
    await limit_descriptors(ok, 3);
    return libc.accept(CONSOLE);
  },
  (r: Release) => (r.accept_reserves_first ? 'EMFILE' : 'ENOTSOCK'),
);
test(
  'accept: the new descriptor inherits no flags',
  answers,
  async (libc, ok) => {
    const l = await nonblocking(ok, await listener(ok));
    await ok.fcntl(l, 2, FD_CLOEXEC);
    await client(ok);
    const s = await ok.accept(l);
    return [s, await libc.fcntl(s, F_GETFD), await libc.fcntl(s, F_GETFL)];
  },
  [5, 0, O_RDWR],
);
test(
  'accept: half an address length',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    await client(ok);
    return libc.syscall(NR.accept, l, new Uint8Array(16), new Uint8Array(3));
  },
  'EFAULT',
);
test(
  'accept: an address without a length',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    await client(ok);
    return libc.syscall(NR.accept, l, new Uint8Array(16), 0);
  },
  'EFAULT',
);
test(
  'accept: a negative address length',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    await client(ok);
    return libc.syscall(NR.accept, l, new Uint8Array(16), new Uint8Array([0xff, 0xff, 0xff, 0xff]));
  },
  'EINVAL',
);
test(
  'accept: a bad address loses the connection, not a descriptor',
  answers,
  async (libc, ok) => {
    const l = await nonblocking(ok, await listener(ok));
    const c = await client(ok);
    const first = outcome(libc, await libc.syscall(NR.accept, l, UNMAPPED, new Uint8Array([16, 0, 0, 0])));
    const second = outcome(libc, await libc.accept(l));
    return [first, second, await libc.read(c, new Uint8Array(1)), await ok.dup(0)];
  },
  ['EFAULT', 'EAGAIN', 0, 5],
);
test(
  'accept: a bad address is nobody’s business while nobody comes',
  answers,
  async (libc, ok) =>
    libc.syscall(NR.accept, await nonblocking(ok, await listener(ok)), UNMAPPED, new Uint8Array([16, 0, 0, 0])),
  'EAGAIN',
);
test(
  'accept: room for a part of the address',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    const c = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    await ok.bind(c, { family: AF_UNIX, abstract: 'xyz' });
    await ok.connect(c, A);
    const addr = new Uint8Array(8).fill(0xee);
    const len = new Uint8Array([4, 0, 0, 0]);
    await ok.syscall(NR.accept, l, addr, len);
    return [[...addr], [...len]];
  },
  [
    [AF_UNIX, 0, 0, 'x'.charCodeAt(0), 0xee, 0xee, 0xee, 0xee],
    [6, 0, 0, 0],
  ],
);
test(
  'accept: the peer is unnamed',
  answers,
  async (_libc, ok) => {
    const l = await listener(ok);
    await client(ok);
    const from = {};
    await ok.accept(l, from);
    return from;
  },
  { family: AF_UNIX },
);
test(
  'accept: a dup2 onto the descriptor that it has reserved',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    const join = await thread(libc, async (_own, own_ok) => own_ok.accept(l));
    await msleep(libc, 1);
    const busy = outcome(libc, await libc.dup2(0, 4));
    const next = await client(ok);
    return [busy, next, await join()];
  },
  ['EBUSY', 5, 4],
);
test(
  'accept: a limit on the time',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    const timeval = new Uint8Array(16);
    timeval[9] = 39;
    await ok.setsockopt(l, SOL_SOCKET, 20, timeval);
    return libc.accept(l);
  },
  'EAGAIN',
);

// accept4

const has_accept4 =
  <T>(expected: T) =>
  (r: Release): T | 'ENOSYS' =>
    r.calls.has('accept4') ? expected : 'ENOSYS';
test('accept4: no descriptor', answers, (libc) => libc.syscall(NR.accept4, BAD, 0, 0, 0), has_accept4('EBADF'));
test('accept4: no socket', answers, (libc) => libc.syscall(NR.accept4, CONSOLE, 0, 0, 0), has_accept4('ENOTSOCK'));
test(
  'accept4: a flag that is none',
  answers,
  async (libc, ok) => libc.syscall(NR.accept4, await listener(ok), 0, 0, 1),
  has_accept4('EINVAL'),
);
test(
  'accept4: no descriptor and a flag that is none',
  answers,
  (libc) => libc.syscall(NR.accept4, BAD, 0, 0, 1),
  (r: Release) => has_accept4(r.accept4_flags_first ? 'EINVAL' : 'EBADF')(r),
);
test(
  'accept4: no socket and a flag that is none',
  answers,
  (libc) => libc.syscall(NR.accept4, CONSOLE, 0, 0, 1),
  has_accept4('EINVAL'),
);
test(
  'accept4: both flags',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    await client(ok);
    const s = await libc.syscall(NR.accept4, l, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return s === -1 ? s : [s, await ok.fcntl(s, F_GETFD), await ok.fcntl(s, F_GETFL)];
  },
  has_accept4([5, FD_CLOEXEC, O_RDWR | O_NONBLOCK]),
);

// getsockname, getpeername

for (const call of ['getsockname', 'getpeername'] as const) {
  test(
    `${call}: no length`,
    answers,
    async (libc, ok) => libc.syscall(NR[call], (await pair(ok))[0], new Uint8Array(16), 0),
    'EFAULT',
  );
  test(
    `${call}: a negative length`,
    answers,
    async (libc, ok) => libc.syscall(NR[call], (await pair(ok))[0], new Uint8Array(16), new Uint8Array(4).fill(255)),
    'EINVAL',
  );
  test(
    `${call}: no address`,
    answers,
    async (libc, ok) => libc.syscall(NR[call], (await pair(ok))[0], 0, new Uint8Array([16, 0, 0, 0])),
    'EFAULT',
  );
  test(
    `${call}: no room, no pointer needed`,
    answers,
    async (libc, ok) => {
      const len = new Uint8Array(4);
      const ret = await libc.syscall(NR[call], (await pair(ok))[0], 0, len);
      return [ret, len[0]];
    },
    [0, 2],
  );
}
test(
  'getpeername: not connected and no length',
  answers,
  async (libc, ok) => libc.syscall(NR.getpeername, await bound(ok), 0, 0),
  'ENOTCONN',
);

// listen, shutdown: what does not depend on the family

test('listen: a negative backlog is the largest', answers, async (libc, ok) => libc.listen(await bound(ok), -1), 0);
test('shutdown: how is 3', answers, async (libc, ok) => libc.shutdown((await pair(ok))[0], 3), 'EINVAL');
test('shutdown: how is -1', answers, async (libc, ok) => libc.shutdown((await pair(ok))[0], -1), 'EINVAL');
test(
  'shutdown: how is an int',
  answers,
  async (libc, ok) => libc.syscall(NR.shutdown, (await pair(ok))[0], 2 ** 32 + SHUT_RD),
  0,
);

// sendto, recvfrom: pointers and lengths

test(
  'send: a null buffer',
  answers,
  async (libc, ok) => libc.syscall(NR.sendto, (await pair(ok))[0], 0, 1, 0, 0, 0),
  'EFAULT',
);
test(
  'send: half a buffer',
  answers,
  async (libc, ok) => libc.syscall(NR.sendto, (await pair(ok))[0], new Uint8Array(4), 8, 0, 0, 0),
  'EFAULT',
);
test('send: nothing, from nowhere', answers, async (libc, ok) => libc.send((await pair(ok))[0], null), 0);
test(
  'sendto: a bad address and a bad buffer',
  answers,
  async (libc, ok) => libc.syscall(NR.sendto, (await pair(ok))[0], UNMAPPED, 1, 0, UNMAPPED, 129),
  'EINVAL',
);
test(
  'sendto: an address length of 0 with a pointer',
  answers,
  async (libc, ok) => libc.syscall(NR.sendto, (await pair(ok))[0], new Uint8Array(1), 1, 0, UNMAPPED, 0),
  1,
);
test(
  'sendto: an address that cannot be read',
  answers,
  async (libc, ok) => libc.syscall(NR.sendto, (await pair(ok, SOCK_DGRAM))[0], new Uint8Array(1), 1, 0, UNMAPPED, 5),
  'EFAULT',
);
test(
  'sendto: a null address, whatever its length',
  answers,
  async (libc, ok) => libc.syscall(NR.sendto, (await pair(ok))[0], new Uint8Array(1), 1, 0, 0, 500),
  1,
);
test(
  'send: out of band',
  answers,
  async (libc, ok) => libc.send((await pair(ok, SOCK_DGRAM))[0], 'x', MSG_OOB),
  'EOPNOTSUPP',
);
test(
  'recv: a null buffer, nothing there',
  answers,
  async (libc, ok) => libc.syscall(NR.recvfrom, (await pair(ok))[0], 0, 1, MSG_DONTWAIT, 0, 0),
  'EAGAIN',
);
test(
  'recv: a null buffer, and the bytes stay',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.send(a, 'x');
    const first = outcome(libc, await libc.syscall(NR.recvfrom, b, 0, 1, 0, 0, 0));
    return [first, await libc.recv(b, new Uint8Array(4), MSG_DONTWAIT)];
  },
  ['EFAULT', 1],
);
test(
  'recv: a null buffer loses a datagram',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok, SOCK_DGRAM);
    await ok.send(a, 'x');
    const first = outcome(libc, await libc.syscall(NR.recvfrom, b, 0, 1, 0, 0, 0));
    return [first, outcome(libc, await libc.recv(b, new Uint8Array(4), MSG_DONTWAIT))];
  },
  ['EFAULT', 'EAGAIN'],
);
test(
  'recvfrom: a stream tells no address: its length is 0',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.send(a, 'x');
    const len = new Uint8Array([77, 0, 0, 0]);
    const n = await libc.syscall(NR.recvfrom, b, new Uint8Array(4), 4, 0, new Uint8Array(77), len);
    return [n, len[0]];
  },
  [1, 0],
);

// The life of a descriptor and of what stands behind it.

test(
  'close: the last descriptor of a socket ends it',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    const c = await ok.dup(a);
    await ok.close(a);
    const still = outcome(libc, await libc.recv(b, new Uint8Array(1), MSG_DONTWAIT));
    await ok.close(c);
    return [still, await libc.recv(b, new Uint8Array(1), MSG_DONTWAIT)];
  },
  ['EAGAIN', 0],
);
test(
  'close: a receive that sleeps keeps the socket',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    const join = await thread(libc, async (own) => own.read(b, new Uint8Array(4)));
    await msleep(libc, 1);
    await ok.close(b);
    const gone = outcome(libc, await libc.write(b, 'x'));
    await ok.write(a, 'xy');
    return [gone, await join()];
  },
  ['EBADF', 2],
);
test(
  'connect: no path',
  answers,
  async (libc, ok) => libc.connect(await ok.socket(AF_UNIX, SOCK_STREAM, 0), NOWHERE),
  'ENOENT',
);
test(
  'connect: no abstract name',
  answers,
  async (libc, ok) => libc.connect(await ok.socket(AF_UNIX, SOCK_STREAM, 0), B),
  'ECONNREFUSED',
);
test(
  'bind: an address of another family',
  answers,
  async (libc, ok) =>
    libc.bind(await ok.socket(AF_UNIX, SOCK_STREAM, 0), { family: AF_INET, addr: '127.0.0.1', port: 0 }),
  'EINVAL',
);
