import test from 'ava';
import {
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
  SHUT_RD,
  SHUT_WR,
  SOCK_DGRAM,
  SOL_IP,
  SOL_SOCKET,
  IP_RECVERR,
  SO_BROADCAST,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_REUSEADDR,
} from '../../../kernel-mock/include/uapi/index.js';
import type { Libc, SockAddrIn, SockAddrOut, ThrowingLibc } from '../../../index.js';
import { answers, bytes, msleep, outcome, receive, thread } from '../../facts.js';
import {
  LOOPBACK,
  ON,
  UNSPEC,
  at,
  bound,
  name,
  nonblocking,
  other_family,
  port,
  revents,
  so_error,
  udp,
} from './fixtures.js';

const READABLE = POLLIN | POLLRDNORM;
const WRITABLE = POLLOUT | POLLWRNORM | POLLWRBAND;

/** A socket on port 53 of an address. */
const server = async (ok: ThrowingLibc, addr = LOOPBACK): Promise<number> => bound(ok, at(53, addr), SOCK_DGRAM);

async function reusing(ok: ThrowingLibc, addr: SockAddrIn): Promise<number> {
  const s = await udp(ok);
  await ok.setsockopt(s, SOL_SOCKET, SO_REUSEADDR, ON);
  await ok.bind(s, addr);
  return s;
}

const sendto = async (libc: Libc, fd: number, what: string, to: SockAddrIn): Promise<number | string> =>
  outcome(libc, await libc.sendto(fd, bytes(what), 0, to));

/** Which of `fds` have a datagram. */
async function ready(libc: Libc, fds: readonly number[]): Promise<string[]> {
  const r: string[] = [];
  for (const fd of fds) r.push(await receive(libc, fd, 100, MSG_DONTWAIT));
  return r;
}

// datagrams

test(
  'boundaries, and empty ones',
  answers,
  async (libc, ok) => {
    const s = await server(ok);
    const c = await udp(ok);
    for (const what of ['abc', '', 'de']) await sendto(libc, c, what, at(53));
    return [await receive(libc, s), await receive(libc, s), await receive(libc, s), await revents(ok, s)];
  },
  ['abc', '', 'de', WRITABLE],
);
test(
  'the sender is told, and gets a port by sending',
  answers,
  async (libc, ok) => {
    const s = await server(ok);
    const c = await udp(ok);
    await sendto(libc, c, 'x', at(53));
    const from: SockAddrOut = {};
    await ok.recvfrom(s, new Uint8Array(9), 0, from);
    return [from.addr, from.port === (await port(ok, c)), (await name(libc, c)).replace(/:.*/, '')];
  },
  [LOOPBACK, true, '0.0.0.0'],
);
test(
  'cut to the room, told by MSG_TRUNC',
  answers,
  async (libc, ok) => {
    const s = await server(ok);
    const c = await udp(ok);
    for (const what of ['abcdef', 'ghi', 'jkl']) await sendto(libc, c, what, at(53));
    const r: unknown[] = [await receive(libc, s, 2, MSG_PEEK), await receive(libc, s, 2)];
    return [...r, await ok.recv(s, new Uint8Array(1), MSG_TRUNC), await receive(libc, s)];
  },
  ['ab', 'ab', 3, 'jkl'],
);
test(
  'a queue is full by SO_RCVBUF; more is dropped in silence',
  answers,
  async (libc, ok) => {
    const counts: number[] = [];
    for (const [size, p] of [
      [1, 1],
      [197, 2],
      [198, 3],
      [1000, 4],
      [4000, 5],
      [20000, 6],
      [60000, 7],
    ] as const) {
      const s = await bound(ok, at(p), SOCK_DGRAM);
      const c = await udp(ok);
      for (let i = 0; i < 300; i++) await ok.sendto(c, new Uint8Array(size), 0, at(p));
      let n = 0;
      while ((await libc.recv(s, new Uint8Array(1), MSG_DONTWAIT)) >= 0) n++;
      counts.push(n);
    }
    return counts;
  },
  [256, 256, 166, 92, 25, 10, 3],
);
test(
  'one datagram fits always',
  answers,
  async (libc, ok) => {
    const s = await server(ok);
    await ok.setsockopt(s, SOL_SOCKET, SO_RCVBUF, ON);
    const c = await udp(ok);
    for (let i = 0; i < 2; i++) await ok.sendto(c, new Uint8Array(60000), 0, at(53));
    return [await ok.recv(s, new Uint8Array(1), MSG_TRUNC), await receive(libc, s, 1, MSG_DONTWAIT)];
  },
  [60000, 'EAGAIN'],
);
for (const [size, expected] of [
  [65507, 65507],
  [65508, 'EMSGSIZE'],
  [65536, 'EMSGSIZE'],
] as const)
  test(
    `${size} bytes`,
    answers,
    async (libc, ok) => libc.sendto(await udp(ok), new Uint8Array(size), 0, at(9)),
    expected,
  );

// destinations

test('send: no destination', answers, async (libc, ok) => libc.send(await udp(ok), ON, 0), 'EDESTADDRREQ');
test('write: no destination', answers, async (libc, ok) => libc.write(await udp(ok), ON), 'EDESTADDRREQ');
test('sendto: port 0', answers, async (libc, ok) => libc.sendto(await udp(ok), ON, 0, at(0)), 'EINVAL');
test('sendto: this host', answers, async (libc, ok) => libc.sendto(await udp(ok), ON, 0, at(9, '0.0.0.0')), 4);
test(
  'sendto: other family',
  answers,
  async (libc, ok) => libc.sendto(await udp(ok), ON, 0, other_family(AF_UNIX)),
  'EAFNOSUPPORT',
);
test('sendto: MSG_OOB', answers, async (libc, ok) => libc.sendto(await udp(ok), ON, MSG_OOB, at(9)), 'EOPNOTSUPP');
for (const addr of ['10.9.8.7', '224.0.0.1'])
  test(`sendto: ${addr}`, answers, async (libc, ok) => libc.sendto(await udp(ok), ON, 0, at(9, addr)), 'ENETUNREACH');
test(
  'broadcast: only with SO_BROADCAST, and to everybody on the port',
  answers,
  async (libc, ok) => {
    const a = await reusing(ok, at(53, '0.0.0.0'));
    const b = await reusing(ok, at(53, '0.0.0.0'));
    const c = await udp(ok);
    const to = at(53, '255.255.255.255');
    const r = [await sendto(libc, c, 'x', to), outcome(libc, await libc.connect(c, to))];
    await ok.setsockopt(c, SOL_SOCKET, SO_BROADCAST, ON);
    return [...r, await sendto(libc, c, 'x', to), ...(await ready(libc, [a, b]))];
  },
  ['EACCES', 'EACCES', 1, 'x', 'x'],
);

// who gets it

test(
  'the bound address goes before any address',
  answers,
  async (libc, ok) => {
    const any = await reusing(ok, at(53, '0.0.0.0'));
    const one = await reusing(ok, at(53));
    const c = await udp(ok);
    await sendto(libc, c, 'a', at(53));
    await sendto(libc, c, 'b', at(53, '127.0.0.2'));
    return ready(libc, [any, one]);
  },
  ['b', 'a'],
);
test(
  'of equals the newest',
  answers,
  async (libc, ok) => {
    const old = await reusing(ok, at(53));
    const young = await reusing(ok, at(53));
    await sendto(libc, await udp(ok), 'a', at(53));
    return ready(libc, [old, young]);
  },
  ['EAGAIN', 'a'],
);
test(
  'who is connected to the sender goes first, and hears nobody else',
  answers,
  async (libc, ok) => {
    const c = await bound(ok, at(1000), SOCK_DGRAM);
    const d = await bound(ok, at(1001), SOCK_DGRAM);
    const mine = await reusing(ok, at(53));
    await ok.connect(mine, at(1000));
    const all = await reusing(ok, at(53));
    await sendto(libc, c, 'c', at(53));
    await sendto(libc, d, 'd', at(53));
    return ready(libc, [mine, all]);
  },
  ['c', 'd'],
);

// nobody there

test(
  'refused: a connected socket is told by the next call',
  answers,
  async (libc, ok) => {
    const c = await nonblocking(ok, await udp(ok));
    await ok.connect(c, at(53));
    const send = async (): Promise<number | string> => outcome(libc, await libc.send(c, ON, 0));
    const r: unknown[] = [await send(), await revents(ok, c), await send(), await send(), await so_error(ok, c)];
    return [...r, await send(), await receive(libc, c), await receive(libc, c)];
  },
  [4, WRITABLE | POLLERR, 'ECONNREFUSED', 4, 'ECONNREFUSED', 4, 'ECONNREFUSED', 'EAGAIN'],
);
test(
  'refused: others are not, but with IP_RECVERR',
  answers,
  async (libc, ok) => {
    const c = await udp(ok);
    const r = [await sendto(libc, c, 'x', at(53)), await sendto(libc, c, 'x', at(53))];
    await ok.setsockopt(c, SOL_IP, IP_RECVERR, ON);
    return [...r, await sendto(libc, c, 'x', at(53)), await sendto(libc, c, 'x', at(53))];
  },
  [1, 1, 1, 'ECONNREFUSED'],
);
test(
  'refused: wakes a sleeping receiver',
  answers,
  async (libc, ok) => {
    const c = await udp(ok);
    await ok.connect(c, at(53));
    const join = await thread(libc, async (own) => receive(own, c));
    await msleep(libc, 1);
    await ok.send(c, ON, 0);
    return join();
  },
  'ECONNREFUSED',
);

// connect

test(
  'connect: names, and to another',
  answers,
  async (libc, ok) => {
    const c = await udp(ok);
    await ok.connect(c, at(53, '127.0.0.2'));
    const r = [(await name(libc, c)).replace(/:.*/, ''), await name(libc, c, true)];
    await ok.connect(c, at(54));
    return [...r, await name(libc, c, true), await libc.sendto(c, ON, 0, at(55))];
  },
  [LOOPBACK, '127.0.0.2:53', `${LOOPBACK}:54`, 4],
);
test(
  'connect: AF_UNSPEC gives up what connect gave',
  answers,
  async (libc, ok) => {
    const c = await udp(ok);
    await ok.connect(c, at(53));
    await ok.connect(c, UNSPEC);
    const r = [await name(libc, c), await name(libc, c, true)];
    await ok.bind(c, at(0));
    await ok.connect(c, at(53));
    await ok.connect(c, UNSPEC);
    r.push(await name(libc, c));
    const b = await bound(ok, at(99), SOCK_DGRAM);
    await ok.connect(b, at(53));
    await ok.connect(b, UNSPEC);
    return [...r, await name(libc, b), outcome(libc, await libc.send(b, ON, 0))];
  },
  ['0.0.0.0:0', 'ENOTCONN', '127.0.0.1:0', '127.0.0.1:99', 'EDESTADDRREQ'],
);
test(
  'connect: port 0 is no peer',
  answers,
  async (libc, ok) => {
    const c = await udp(ok);
    return [await libc.connect(c, at(0, '0.0.0.0')), await name(libc, c, true)];
  },
  [0, 'ENOTCONN'],
);
test('connect: short', answers, async (libc, ok) => libc.connect(await udp(ok), at(9), 15), 'EINVAL');
test('connect: one byte', answers, async (libc, ok) => libc.connect(await udp(ok), at(9), 1), 'EINVAL');
test(
  'connect: other family',
  answers,
  async (libc, ok) => libc.connect(await udp(ok), other_family(AF_UNIX)),
  'EAFNOSUPPORT',
);

// waiting, shutdown

test(
  'receive sleeps until a datagram comes, or SO_RCVTIMEO is over',
  answers,
  async (libc, ok) => {
    const s = await server(ok);
    const join = await thread(libc, async (own) => [await receive(own, s), await receive(own, s)]);
    await ok.setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    await msleep(libc, 1);
    await sendto(libc, await udp(ok), 'x', at(53));
    return join();
  },
  ['x', 'EAGAIN'],
);
test(
  'shutdown: ENOTCONN, but it works',
  answers,
  async (libc, ok) => {
    const s = await udp(ok);
    const r: unknown[] = [outcome(libc, await libc.shutdown(s, SHUT_RD)), await receive(libc, s), await revents(ok, s)];
    r.push(await receive(libc, s, 1, MSG_DONTWAIT), outcome(libc, await libc.shutdown(s, SHUT_WR)));
    return [...r, await revents(ok, s), await sendto(libc, s, 'a', at(9))];
  },
  [
    ...['ENOTCONN', '', WRITABLE | READABLE | POLLRDHUP, 'EAGAIN', 'ENOTCONN'],
    ...[WRITABLE | READABLE | POLLRDHUP | POLLHUP, 'EPIPE'],
  ],
);
test(
  'shutdown: connected',
  answers,
  async (libc, ok) => {
    const s = await udp(ok);
    await ok.connect(s, at(53));
    return libc.shutdown(s, SHUT_WR);
  },
  0,
);
test(
  'MSG_OOB is not looked at',
  answers,
  async (libc, ok) => receive(libc, await udp(ok), 1, MSG_OOB | MSG_DONTWAIT),
  'EAGAIN',
);
test('MSG_ERRQUEUE', answers, async (libc, ok) => receive(libc, await udp(ok), 1, MSG_ERRQUEUE), 'EAGAIN');
