import test from 'ava';
import {
  AF_INET,
  AF_UNIX,
  F_SETFL,
  MSG_DONTWAIT,
  O_NONBLOCK,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLERR,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRNORM,
  SHUT_RD,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  SOL_TCP,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_SNDBUF,
  SO_SNDTIMEO,
  TCP_KEEPIDLE,
  TCP_SYNCNT,
  tcp_states,
} from '../../../kernel-mock/include/uapi/index.js';
import { answers, msleep, outcome, receive, thread } from '../../facts.js';
import {
  ON,
  UNSPEC,
  at,
  bound,
  client,
  listener,
  name,
  nonblocking,
  other_family,
  pair,
  port,
  reset,
  revents,
  so_error,
  tcp,
  tcp_state,
  udp,
} from './fixtures.js';

const { TCP_CLOSE, TCP_ESTABLISHED } = tcp_states;
const READABLE = POLLIN | POLLRDNORM;
const WRITABLE = POLLOUT | POLLWRNORM;
const timeval = (ms: number): Uint8Array =>
  new Uint8Array(new BigUint64Array([BigInt(Math.floor(ms / 1000)), BigInt(ms % 1000) * 1000n]).buffer);

// socket

const types: readonly [number, number, number | string][] = [
  [SOCK_STREAM, 0, 6],
  [SOCK_STREAM, 6, 6],
  [SOCK_STREAM, 17, 'EPROTONOSUPPORT'],
  [SOCK_STREAM, 300, 'EINVAL'],
  [SOCK_STREAM, -1, 'EINVAL'],
  [SOCK_DGRAM, 0, 17],
  [SOCK_DGRAM, 17, 17],
  [SOCK_DGRAM, 6, 'EPROTONOSUPPORT'],
  [SOCK_DGRAM, 1, 'EACCES'],
  [SOCK_RAW, 0, 'EPROTONOSUPPORT'],
  [SOCK_SEQPACKET, 0, 'ESOCKTNOSUPPORT'],
  [4, 0, 'ESOCKTNOSUPPORT'],
];
for (const [type, protocol, expected] of types)
  test(
    `socket: type ${type}, protocol ${protocol}`,
    answers,
    async (libc) => {
      const s = await libc.socket(AF_INET, type, protocol);
      if (s === -1) return outcome(libc, s);
      const raw = { value: 0 };
      const ret = await libc.getsockopt(s, SOL_SOCKET, SO_PROTOCOL, raw);
      // Before 2.6.32 the protocol could not be asked for.
      return ret === -1 ? protocol || raw.value || expected : raw.value;
    },
    expected,
  );
test('socketpair', answers, async (libc) => libc.socketpair(AF_INET, SOCK_STREAM, 0, []), 'EOPNOTSUPP');

// a fresh socket

test('fresh: poll', answers, async (_libc, ok) => revents(ok, await tcp(ok)), POLLHUP | WRITABLE);
test('fresh: recv', answers, async (libc, ok) => receive(libc, await tcp(ok)), 'ENOTCONN');
test('fresh: send', answers, async (libc, ok) => libc.send(await tcp(ok), ON, 0), 'SIGPIPE');
test('fresh: shutdown', answers, async (libc, ok) => libc.shutdown(await tcp(ok), SHUT_WR), 'ENOTCONN');
test('fresh: getsockname', answers, async (libc, ok) => name(libc, await tcp(ok)), '0.0.0.0:0');
test('fresh: getpeername', answers, async (libc, ok) => name(libc, await tcp(ok), true), 'ENOTCONN');
test('fresh: accept', answers, async (libc, ok) => libc.accept(await tcp(ok)), 'EINVAL');
test(
  'buffers grow when the connection is there, unless they were set',
  answers,
  async (_libc, ok) => {
    const l = await listener(ok);
    const c = await tcp(ok);
    await ok.setsockopt(c, SOL_SOCKET, SO_SNDBUF, Uint8Array.of(0, 64, 0, 0));
    const sizes: number[] = [];
    const ask = async (s: number): Promise<void> => {
      for (const opt of [SO_SNDBUF, SO_RCVBUF]) {
        const raw = { value: 0 };
        await ok.getsockopt(s, SOL_SOCKET, opt, raw);
        sizes.push(raw.value);
      }
    };
    await ask(await tcp(ok));
    await ok.connect(c, at(80));
    await ask(c);
    await ask(await ok.accept(l));
    return sizes;
  },
  [16384, 131072, 32768, 131072, 2626560, 131072],
);

// listen

test(
  'listen: without a port gets one',
  answers,
  async (libc, ok) => {
    const s = await tcp(ok);
    await ok.listen(s, 1);
    return (await port(ok, s)) >= 32768 && (await name(libc, s)).startsWith('0.0.0.0:');
  },
  true,
);
test('listen: again', answers, async (libc, ok) => libc.listen(await listener(ok), 1), 0);
test('listen: connected', answers, async (libc, ok) => libc.listen((await pair(ok))[0], 1), 'EINVAL');
test('listen: accepted', answers, async (libc, ok) => libc.listen((await pair(ok))[1], 1), 'EINVAL');
test('listener: connect', answers, async (libc, ok) => libc.connect(await listener(ok), at(80)), 'EISCONN');
test('listener: recv', answers, async (libc, ok) => receive(libc, await listener(ok)), 'ENOTCONN');
test('listener: send', answers, async (libc, ok) => libc.send(await listener(ok), ON, 0), 'SIGPIPE');
test('listener: getpeername', answers, async (libc, ok) => name(libc, await listener(ok), true), 'ENOTCONN');
test('listener: shutdown WR', answers, async (libc, ok) => libc.shutdown(await listener(ok), SHUT_WR), 0);
test('listener: bind', answers, async (libc, ok) => libc.bind(await listener(ok), at(0)), 'EINVAL');
test(
  'listener: poll before and after a connection',
  answers,
  async (_libc, ok) => {
    const l = await listener(ok);
    const before = await revents(ok, l);
    await client(ok);
    return [before, await revents(ok, l)];
  },
  [0, READABLE],
);

// The queue: one more than the backlog.

for (const backlog of [0, 1, 2])
  test(
    `backlog ${backlog}`,
    answers,
    async (libc, ok) => {
      await listener(ok, at(80), backlog);
      let made = 0;
      for (let i = 0; i < 5; i++) {
        const c = await nonblocking(ok, await tcp(ok));
        await libc.connect(c, at(80));
        if ((await revents(ok, c)) === WRITABLE) made++;
      }
      return made;
    },
    backlog + 1,
  );
test(
  'a full queue: the SYN comes again after a second',
  answers,
  async (libc, ok) => {
    const l = await listener(ok, at(80), 0);
    await client(ok);
    const join = await thread(libc, async (own, their) => {
      const c = await tcp(their);
      return own.connect(c, at(80));
    });
    await msleep(libc, 500);
    await ok.accept(l);
    await msleep(libc, 400);
    const early = await revents(ok, l);
    await msleep(libc, 200);
    return [early, await revents(ok, l), await join()];
  },
  [0, READABLE, 0],
);
test(
  'a full queue: ETIMEDOUT',
  answers,
  async (libc, ok) => {
    await listener(ok, at(80), 0);
    await client(ok);
    return libc.connect(await tcp(ok), at(80));
  },
  'ETIMEDOUT',
);
test(
  'a full queue: the listener goes away, and the next SYN is refused',
  answers,
  async (libc, ok) => {
    const l = await listener(ok, at(80), 0);
    await client(ok);
    const join = await thread(libc, async (own, their) => outcome(own, await own.connect(await tcp(their), at(80))));
    await msleep(libc, 100);
    await ok.close(l);
    return join();
  },
  'ECONNREFUSED',
);
test(
  'a full queue: TCP_SYNCNT',
  answers,
  async (libc, ok) => {
    await listener(ok, at(80), 0);
    await client(ok);
    const c = await nonblocking(ok, await tcp(ok));
    await ok.setsockopt(c, SOL_TCP, TCP_SYNCNT, ON);
    await libc.connect(c, at(80));
    // One more than the four linear ones: at 1, 2, 3, 4, 5 seconds, and the end at 7.
    await msleep(libc, 6900);
    const before = await revents(ok, c);
    await msleep(libc, 200);
    return [before, await so_error(ok, c)];
  },
  [0, 'ETIMEDOUT'],
);

// connecting

test(
  'connecting: what is possible meanwhile',
  answers,
  async (libc, ok) => {
    await listener(ok, at(80), 0);
    await client(ok);
    const c = await nonblocking(ok, await tcp(ok));
    const r = [outcome(libc, await libc.connect(c, at(80))), outcome(libc, await libc.send(c, ON, 0))];
    r.push(await receive(libc, c), outcome(libc, await libc.connect(c, at(80))), await name(libc, c, true));
    r.push(await revents(ok, c), outcome(libc, await libc.listen(c, 1)), outcome(libc, await libc.bind(c, at(0))));
    r.push(await libc.shutdown(c, SHUT_RD), await revents(ok, c), await so_error(ok, c));
    return [...r, outcome(libc, await libc.connect(c, at(80)))];
  },
  [
    ...['EINPROGRESS', 'EAGAIN', 'EAGAIN', 'EALREADY', 'ENOTCONN', 0, 'EINVAL', 'EINVAL', 0],
    ...[POLLHUP | POLLERR | WRITABLE, 'ECONNRESET', 'EINPROGRESS'],
  ],
);
test(
  'SO_SNDTIMEO ends connect, SO_RCVTIMEO accept',
  answers,
  async (libc, ok) => {
    const l = await listener(ok, at(80), 0);
    await client(ok);
    const c = await tcp(ok);
    await ok.setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, timeval(200));
    await ok.setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, timeval(200));
    await ok.accept(l);
    return [outcome(libc, await libc.connect(c, at(81))), outcome(libc, await libc.accept(l))];
  },
  ['ECONNREFUSED', 'EAGAIN'],
);
test(
  'SO_SNDTIMEO ends a connect to a full queue: EINPROGRESS',
  answers,
  async (libc, ok) => {
    await listener(ok, at(80), 0);
    await client(ok);
    const c = await tcp(ok);
    await ok.setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, timeval(200));
    return libc.connect(c, at(80));
  },
  'EINPROGRESS',
);

// non-blocking

test(
  'non-blocking connect: in progress although it is there',
  answers,
  async (libc, ok) => {
    await listener(ok);
    const c = await nonblocking(ok, await tcp(ok));
    const first = outcome(libc, await libc.connect(c, at(80)));
    const state = [await revents(ok, c), await so_error(ok, c), await tcp_state(ok, c)];
    return [first, ...state, await libc.connect(c, at(80)), outcome(libc, await libc.connect(c, at(80)))];
  },
  ['EINPROGRESS', WRITABLE, 0, TCP_ESTABLISHED, 0, 'EISCONN'],
);
const BROKEN = POLLERR | POLLHUP | POLLRDHUP | READABLE | WRITABLE;
test(
  'non-blocking connect: refused, the error by the second connect',
  answers,
  async (libc, ok) => {
    const c = await nonblocking(ok, await tcp(ok));
    const r = [outcome(libc, await libc.connect(c, at(80))), await revents(ok, c), await tcp_state(ok, c)];
    return [...r, outcome(libc, await libc.connect(c, at(80))), await revents(ok, c), await so_error(ok, c)];
  },
  ['EINPROGRESS', BROKEN, TCP_CLOSE, 'ECONNREFUSED', POLLHUP | WRITABLE, 0],
);
test(
  'non-blocking connect: refused, the error by SO_ERROR',
  answers,
  async (libc, ok) => {
    const c = await nonblocking(ok, await tcp(ok));
    await libc.connect(c, at(80));
    const r = [await so_error(ok, c), await revents(ok, c), outcome(libc, await libc.connect(c, at(80)))];
    return [...r, outcome(libc, await libc.connect(c, at(80)))];
  },
  ['ECONNREFUSED', BROKEN & ~POLLERR, 'ECONNABORTED', 'EINPROGRESS'],
);

// refused, unreachable, ill-formed

test(
  'refused: as if nothing had been, but for the port that getsockname shows',
  answers,
  async (libc, ok) => {
    const c = await tcp(ok);
    const r = [outcome(libc, await libc.connect(c, at(80))), await revents(ok, c), await so_error(ok, c)];
    const [addr, p] = (await name(libc, c)).split(':');
    r.push(addr!, Number(p) >= 32768 ? 'a port' : p!, await receive(libc, c));
    await listener(ok);
    return [...r, await libc.connect(c, at(80))];
  },
  ['ECONNREFUSED', POLLHUP | WRITABLE, 0, '0.0.0.0', 'a port', 'ENOTCONN', 0],
);
for (const addr of ['10.9.8.7', '224.0.0.1', '255.255.255.255', '127.255.255.255', '240.0.0.1'])
  test(`connect: ${addr}`, answers, async (libc, ok) => libc.connect(await tcp(ok), at(80, addr)), 'ENETUNREACH');
test('connect: short', answers, async (libc, ok) => libc.connect(await tcp(ok), at(80), 15), 'EINVAL');
test('connect: one byte', answers, async (libc, ok) => libc.connect(await tcp(ok), at(80), 1), 'EINVAL');
test(
  'connect: other family',
  answers,
  async (libc, ok) => libc.connect(await tcp(ok), other_family(AF_UNIX)),
  'EAFNOSUPPORT',
);
test('connect: again', answers, async (libc, ok) => libc.connect((await pair(ok))[0], at(80)), 'EISCONN');

// addresses

test(
  'names of both ends',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    const c = await client(ok);
    const addr: { addr?: string; port?: number } = {};
    const s = await ok.accept(l, addr);
    const p = await port(ok, c);
    const names = [await name(libc, c), await name(libc, c, true), await name(libc, s), await name(libc, s, true)];
    return [...names, `${addr.addr}:${addr.port}`].map((n) => n.replace(`:${p}`, ':p'));
  },
  ['127.0.0.1:p', '127.0.0.1:80', '127.0.0.1:80', '127.0.0.1:p', '127.0.0.1:p'],
);
const routes: readonly [string, string, string, string][] = [
  ['0.0.0.0', '0.0.0.0', '127.0.0.1', '127.0.0.1'],
  ['0.0.0.0', '127.9.9.9', '127.0.0.1', '127.9.9.9'],
  ['127.0.0.5', '0.0.0.0', '127.0.0.5', '127.0.0.5'],
  ['127.0.0.5', '127.0.0.6', '127.0.0.5', '127.0.0.6'],
];
for (const [from, to, local, peer] of routes)
  test(
    `connect from ${from} to ${to}`,
    answers,
    async (libc, ok) => {
      await listener(ok, at(80, '0.0.0.0'));
      const c = await bound(ok, at(0, from));
      await ok.connect(c, at(80, to));
      return [(await name(libc, c)).replace(/:.*/, ''), await name(libc, c, true)];
    },
    [local, `${peer}:80`],
  );
test(
  'the listener of the address goes before the listener of any',
  answers,
  async (_libc, ok) => {
    const any = await bound(ok, at(80, '0.0.0.0'));
    await ok.listen(any, 5);
    await ok.close(any);
    const one = await listener(ok, at(80, '127.0.0.2'));
    const two = await listener(ok, at(80, '127.0.0.3'));
    await client(ok, at(80, '127.0.0.3'));
    return [await revents(ok, one), await revents(ok, two)];
  },
  [0, READABLE],
);
test(
  'a connection to itself',
  answers,
  async (libc, ok) => {
    const c = await bound(ok, at(81));
    await ok.connect(c, at(81));
    await ok.send(c, Uint8Array.of(104, 105), 0);
    const r: unknown[] = [await receive(libc, c), await revents(ok, c), await tcp_state(ok, c)];
    await ok.shutdown(c, SHUT_WR);
    return [...r, await tcp_state(ok, c), await receive(libc, c), await revents(ok, c)];
  },
  ['hi', WRITABLE, TCP_ESTABLISHED, TCP_CLOSE, '', BROKEN & ~POLLERR],
);

// accept

test(
  'accept: data and its end are there before',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    const c = await client(ok);
    await ok.send(c, Uint8Array.of(97), 0);
    await ok.close(c);
    const s = await ok.accept(l);
    return [await receive(libc, s), await receive(libc, s)];
  },
  ['a', ''],
);
test(
  'accept: a connection that was reset meanwhile',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    await reset(ok, await client(ok));
    const ready = await revents(ok, l);
    const s = await ok.accept(l);
    return [ready, await revents(ok, s), await receive(libc, s)];
  },
  [READABLE, BROKEN, 'ECONNRESET'],
);
test(
  'accept: non-blocking',
  answers,
  async (libc, ok) => libc.accept(await nonblocking(ok, await listener(ok))),
  'EAGAIN',
);
test(
  'accept: sleeps until a connection is there',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    const join = await thread(libc, async (own) => (await own.accept(l)) >= 0);
    await msleep(libc, 10);
    await client(ok);
    return join();
  },
  true,
);
test(
  'accept: shutdown of the listener wakes it, and who was queued is reset',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    const join = await thread(libc, async (own) => outcome(own, await own.accept(l)));
    await msleep(libc, 10);
    await ok.shutdown(l, SHUT_RD);
    const woken = await join();
    await ok.listen(l, 5);
    const c = await client(ok);
    await ok.shutdown(l, SHUT_RD);
    return [woken, await receive(libc, c), await revents(ok, l), outcome(libc, await libc.accept(l))];
  },
  ['EINVAL', 'ECONNRESET', POLLHUP | WRITABLE, 'EINVAL'],
);
test(
  'accept: closing the listener resets who was queued, whether its end was shut or not',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    const c = await client(ok);
    const half = await client(ok);
    await ok.shutdown(half, SHUT_WR);
    await ok.close(l);
    return [await revents(ok, c), await receive(libc, c), await receive(libc, half)];
  },
  [BROKEN, 'ECONNRESET', 'ECONNRESET'],
);
test(
  'accept: options of the listener are inherited, O_NONBLOCK is not',
  answers,
  async (libc, ok) => {
    const l = await nonblocking(ok, await listener(ok));
    await ok.setsockopt(l, SOL_SOCKET, SO_KEEPALIVE, ON);
    await ok.setsockopt(l, SOL_SOCKET, SO_LINGER, Uint8Array.of(1, 0, 0, 0, 7, 0, 0, 0));
    await ok.setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, timeval(50));
    await ok.setsockopt(l, SOL_TCP, TCP_KEEPIDLE, Uint8Array.of(77, 0, 0, 0));
    await client(ok);
    const s = await ok.accept(l);
    const linger = new Uint8Array(8);
    await ok.getsockopt(s, SOL_SOCKET, SO_LINGER, linger);
    const [keep, idle] = [{ value: 0 }, { value: 0 }];
    await ok.getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, keep);
    await ok.getsockopt(s, SOL_TCP, TCP_KEEPIDLE, idle);
    await ok.setsockopt(l, SOL_SOCKET, SO_KEEPALIVE, new Uint8Array(4));
    await ok.getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, keep);
    return [linger[4], keep.value, idle.value, await receive(libc, s), await ok.fcntl(s, 3, 0)];
  },
  [7, 1, 77, 'EAGAIN', 2],
);

// connect(AF_UNSPEC)

test(
  'AF_UNSPEC: the connection is reset on both ends',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await ok.connect(c, UNSPEC);
    const r: unknown[] = [await revents(ok, c), (await name(libc, c)).replace(/:.*/, ''), await so_error(ok, c)];
    r.push(await revents(ok, c), await receive(libc, s), await name(libc, c, true));
    await listener(ok, at(81));
    return [...r, await libc.connect(c, at(81))];
  },
  [POLLERR | POLLHUP | WRITABLE, '0.0.0.0', 'ECONNRESET', POLLHUP | WRITABLE, 'ECONNRESET', 'ENOTCONN', 0],
);
test('AF_UNSPEC: not connected', answers, async (libc, ok) => libc.connect(await tcp(ok), UNSPEC), 0);
test(
  'AF_UNSPEC: what was bound stays',
  answers,
  async (libc, ok) => {
    await listener(ok);
    const c = await bound(ok, at(90, '127.0.0.2'));
    await ok.connect(c, at(80));
    await ok.connect(c, UNSPEC);
    return name(libc, c);
  },
  '127.0.0.2:90',
);

test('UDP: listen', answers, async (libc, ok) => libc.listen(await udp(ok), 1), 'EOPNOTSUPP');
test('UDP: accept', answers, async (libc, ok) => libc.accept(await udp(ok)), 'EOPNOTSUPP');
test(
  'non-blocking by flag of the call only: recv',
  answers,
  async (libc, ok) => {
    const [c] = await pair(ok);
    await ok.fcntl(c, F_SETFL, 0);
    const a = await receive(libc, c, 10, MSG_DONTWAIT);
    await ok.fcntl(c, F_SETFL, O_NONBLOCK);
    return [a, await receive(libc, c)];
  },
  ['EAGAIN', 'EAGAIN'],
);
