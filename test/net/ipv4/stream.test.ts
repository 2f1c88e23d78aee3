import test from 'ava';
import {
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_NOSIGNAL,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRNORM,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOL_SOCKET,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SO_SNDBUF,
  SO_SNDTIMEO,
  tcp_states,
} from '../../../kernel-mock/include/uapi/index.js';
import type { Libc, ThrowingLibc } from '../../../index.js';
import { answers, bytes, msleep, outcome, receive, thread } from '../../facts.js';
import { at, client, listener, name, pair, reset, revents, so_error, tcp, tcp_state } from './fixtures.js';

const { TCP_CLOSE, TCP_CLOSE_WAIT, TCP_ESTABLISHED, TCP_FIN_WAIT2 } = tcp_states;
const READABLE = POLLIN | POLLRDNORM;
const WRITABLE = POLLOUT | POLLWRNORM;
const BROKEN = POLLERR | POLLHUP | POLLRDHUP | READABLE | WRITABLE;
const OVER = BROKEN & ~POLLERR;
const timeval = (ms: number): Uint8Array =>
  new Uint8Array(new BigUint64Array([BigInt(Math.floor(ms / 1000)), BigInt(ms % 1000) * 1000n]).buffer);
const int = (n: number): Uint8Array => Uint8Array.of(n, n >> 8, n >> 16, n >> 24);

const send = async (libc: Libc, fd: number, text = 'x', flags = MSG_NOSIGNAL): Promise<number | string> =>
  outcome(libc, await libc.send(fd, bytes(text), flags));

/** Send until it would block: how many bytes. */
async function fill(libc: Libc, fd: number, piece = 65536): Promise<number> {
  let total = 0;
  for (;;) {
    const n = await libc.send(fd, new Uint8Array(piece), MSG_DONTWAIT);
    if (n === -1) return total;
    total += n;
  }
}

/** Receive until it would block, or until the end. */
async function drain(libc: Libc, fd: number): Promise<number> {
  let total = 0;
  for (;;) {
    const n = await libc.recv(fd, new Uint8Array(65536), MSG_DONTWAIT);
    if (n <= 0) return total;
    total += n;
  }
}

/** Both ends of a connection with small buffers. */
async function small_pair(ok: ThrowingLibc): Promise<[c: number, s: number]> {
  const l = await listener(ok);
  await ok.setsockopt(l, SOL_SOCKET, SO_RCVBUF, int(4096));
  const c = await tcp(ok);
  await ok.setsockopt(c, SOL_SOCKET, SO_SNDBUF, int(4096));
  await ok.connect(c, at(80));
  return [c, await ok.accept(l)];
}

// bytes

test(
  'a stream has no boundaries',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await send(libc, c, 'abc');
    await send(libc, c, 'def');
    return [await receive(libc, s, 2), await receive(libc, s, 3), await receive(libc, s, 9)];
  },
  ['ab', 'cde', 'f'],
);
test(
  'a destination is ignored, and a receive tells no sender',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await ok.sendto(c, bytes('a'), 0, at(1));
    const addr: { family?: number } = {};
    const n = await ok.recvfrom(s, new Uint8Array(4), 0, addr);
    return [n, addr];
  },
  [1, {}],
);
test(
  'MSG_PEEK leaves the bytes, MSG_TRUNC drops them unseen',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await send(libc, c, 'abcdef');
    const buf = bytes('____');
    const r: unknown[] = [await receive(libc, s, 3, MSG_PEEK), await ok.recv(s, buf, MSG_PEEK | MSG_TRUNC)];
    r.push(await ok.recv(s, buf.subarray(0, 2), MSG_TRUNC), String.fromCharCode(...buf));
    return [...r, await receive(libc, s)];
  },
  ['abc', 4, 2, '____', 'cdef'],
);
test(
  'MSG_WAITALL waits for everything, or for the end',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    const join = await thread(libc, async (own) => [
      await receive(own, s, 4, MSG_WAITALL),
      await receive(own, s, 4, MSG_WAITALL),
    ]);
    for (const piece of ['ab', 'c', 'de', 'f']) {
      await msleep(libc, 1);
      await send(libc, c, piece);
    }
    await ok.close(c);
    return join();
  },
  ['abcd', 'ef'],
);
test(
  'SO_RCVLOWAT: receive and poll wait for so many',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await ok.setsockopt(s, SOL_SOCKET, SO_RCVLOWAT, int(3));
    const join = await thread(libc, async (own) => receive(own, s));
    await msleep(libc, 1);
    await send(libc, c, 'ab');
    const early = await revents(ok, s);
    await msleep(libc, 1);
    await send(libc, c, 'c');
    return [early, await join()];
  },
  [WRITABLE, 'abc'],
);
test(
  'receives of nothing: read is done, recv waits for the first byte',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    const none = new Uint8Array(0);
    const r = [outcome(libc, await libc.recv(s, none, MSG_DONTWAIT)), await ok.read(s, none)];
    await send(libc, c);
    return [...r, await ok.recv(s, none, 0), await ok.send(c, none, 0)];
  },
  ['EAGAIN', 0, 0, 0],
);
test(
  'a bad pointer takes nothing',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await send(libc, c, 'ab');
    const { nr } = libc as unknown as { nr: { recvfrom: number; sendto: number } };
    const bad = await libc.syscall(nr?.recvfrom ?? 45, s, 8, 2, 0, 0, 0);
    const also = [outcome(libc, bad), outcome(libc, await libc.syscall(nr?.sendto ?? 44, c, 8, 2, 0, 0, 0))];
    return [...also, await receive(libc, s)];
  },
  ['EFAULT', 'EFAULT', 'ab'],
);
test('MSG_OOB: nothing urgent', answers, async (libc, ok) => receive(libc, (await pair(ok))[0], 1, MSG_OOB), 'EINVAL');
test('MSG_ERRQUEUE', answers, async (libc, ok) => receive(libc, (await pair(ok))[0], 1, MSG_ERRQUEUE), 'EAGAIN');
test(
  'SO_RCVTIMEO and SO_SNDTIMEO',
  answers,
  async (libc, ok) => {
    const [c, s] = await small_pair(ok);
    await ok.setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, timeval(20));
    await ok.setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, timeval(20));
    const nothing = await receive(libc, s);
    const part = await libc.send(c, new Uint8Array(100000), 0);
    return [nothing, part > 0 && part < 100000, await send(libc, c)];
  },
  ['EAGAIN', true, 'EAGAIN'],
);

// flow

test(
  'a reader that does not read stops the writer',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    const sent = await fill(libc, c);
    const full = await revents(ok, c);
    await drain(libc, s);
    return [sent > 200_000 && sent < 8_000_000, full, await revents(ok, c)];
  },
  [true, 0, WRITABLE],
);
test(
  'nothing is lost when a sleeping writer goes on',
  answers,
  async (libc, ok) => {
    const [c, s] = await small_pair(ok);
    const data = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 7) & 0xff);
    const join = await thread(libc, async (own, their) => {
      const n = await own.send(c, data, 0);
      await their.close(c);
      return n;
    });
    const got: number[] = [];
    const buf = new Uint8Array(777);
    for (let n = 1; n > 0;) {
      n = await ok.recv(s, buf, 0);
      got.push(...buf.subarray(0, n));
    }
    return [await join(), got.length, got.every((b, i) => b === data[i])];
  },
  [50_000, 50_000, true],
);
test(
  'poll tells the writer when a third is free',
  answers,
  async (libc, ok) => {
    const [c, s] = await small_pair(ok);
    await fill(libc, c, 100);
    const join = await thread(libc, async (own) => {
      const fds = [{ fd: c, events: POLLOUT, revents: 0 }];
      return own.poll(fds, 1000);
    });
    await msleep(libc, 1);
    await receive(libc, s, 10);
    await msleep(libc, 1);
    const still = await revents(ok, c);
    await drain(libc, s);
    return [still, await join()];
  },
  [0, 1],
);
test(
  'the end of the stream comes after all that was sent',
  answers,
  async (libc, ok) => {
    const [c, s] = await small_pair(ok);
    const sent = await fill(libc, c, 1000);
    await ok.close(c);
    const early = (await revents(ok, s)) & POLLRDHUP;
    return [early, (await drain(libc, s)) === sent, await receive(libc, s)];
  },
  [0, true, ''],
);
test(
  'a reset takes what the receiver had no room for',
  answers,
  async (libc, ok) => {
    const [c, s] = await small_pair(ok);
    const sent = await fill(libc, c, 1000);
    await reset(ok, c);
    const got = await libc.recv(s, new Uint8Array(65536), 0);
    return [got > 0 && got < sent, await receive(libc, s)];
  },
  [true, 'ECONNRESET'],
);

// shutdown

test(
  'half-close',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await ok.shutdown(c, SHUT_WR);
    const r: unknown[] = [await revents(ok, c), await revents(ok, s), await tcp_state(ok, c), await tcp_state(ok, s)];
    await send(libc, s, 'yo');
    r.push(await receive(libc, c), await receive(libc, s), await send(libc, c));
    await ok.shutdown(s, SHUT_WR);
    for (const x of [c, s]) {
      r.push(await revents(ok, x), await tcp_state(ok, x), await name(libc, x, true));
      r.push(outcome(libc, await libc.shutdown(x, SHUT_RDWR)), await receive(libc, x), await send(libc, x));
    }
    return r;
  },
  [
    ...[WRITABLE, WRITABLE | READABLE | POLLRDHUP, TCP_FIN_WAIT2, TCP_CLOSE_WAIT, 'yo', '', 'EPIPE'],
    ...[OVER, TCP_CLOSE, 'ENOTCONN', 'ENOTCONN', '', 'EPIPE'],
    ...[OVER, TCP_CLOSE, 'ENOTCONN', 'ENOTCONN', '', 'EPIPE'],
  ],
);
test(
  'SHUT_RD: what comes is still there to read',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await ok.shutdown(c, SHUT_RD);
    const r: unknown[] = [await revents(ok, c), await revents(ok, s), await tcp_state(ok, c), await receive(libc, c)];
    await send(libc, s, 'abc');
    return [...r, await receive(libc, c), await receive(libc, c), await revents(ok, s)];
  },
  [WRITABLE | READABLE | POLLRDHUP, WRITABLE, TCP_ESTABLISHED, '', 'abc', '', WRITABLE],
);
test(
  'SHUT_RDWR: what comes is answered with a reset',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await ok.shutdown(c, SHUT_RDWR);
    const r: unknown[] = [await revents(ok, c), await revents(ok, s), await send(libc, s, 'abc')];
    r.push(await tcp_state(ok, c), await tcp_state(ok, s), await revents(ok, c), await revents(ok, s));
    r.push(await receive(libc, c), await receive(libc, c));
    return [...r, await send(libc, s), await send(libc, s), await receive(libc, s)];
  },
  [
    ...[OVER, WRITABLE | READABLE | POLLRDHUP, 3, TCP_CLOSE, TCP_CLOSE, BROKEN, BROKEN],
    ...['ECONNRESET', '', 'EPIPE', 'EPIPE', ''],
  ],
);
test('shutdown: how', answers, async (libc, ok) => libc.shutdown((await pair(ok))[0], 3), 'EINVAL');
test(
  'shutdown wakes the own receiver',
  answers,
  async (libc, ok) => {
    const [c] = await pair(ok);
    const join = await thread(libc, async (own) => receive(own, c));
    await msleep(libc, 1);
    await ok.shutdown(c, SHUT_RD);
    return join();
  },
  '',
);

// close

test(
  'close: end of file',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await send(libc, s, 'a');
    await ok.close(s);
    return [await receive(libc, c), await receive(libc, c), await revents(ok, c), await tcp_state(ok, c)];
  },
  ['a', '', WRITABLE | READABLE | POLLRDHUP, TCP_CLOSE_WAIT],
);
test(
  'close with unread bytes: a reset, after what was on its way',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await send(libc, s, 'hello');
    await send(libc, c, 'abc');
    await ok.close(s);
    const r: unknown[] = [await revents(ok, c), await receive(libc, c), await receive(libc, c), await receive(libc, c)];
    return [...r, await send(libc, c), await revents(ok, c)];
  },
  [BROKEN, 'hello', 'ECONNRESET', '', 'EPIPE', OVER],
);
test(
  'send to who has closed: the first is lost, the next is EPIPE; the end of file stays',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await ok.close(s);
    const r: unknown[] = [await send(libc, c), await revents(ok, c), await receive(libc, c), await send(libc, c)];
    return [...r, await revents(ok, c), await send(libc, c), await so_error(ok, c), await receive(libc, c)];
  },
  [1, BROKEN, '', 'EPIPE', OVER, 'EPIPE', 0, ''],
);
test(
  'send to who has closed: the error can be asked for',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await ok.close(s);
    await send(libc, c);
    return [await so_error(ok, c), await tcp_state(ok, c), await name(libc, c, true)];
  },
  ['EPIPE', TCP_CLOSE, 'ENOTCONN'],
);
test(
  'SIGPIPE',
  answers,
  async (libc, ok) => {
    const [c] = await pair(ok);
    await ok.shutdown(c, SHUT_WR);
    return send(libc, c, 'x', 0);
  },
  'SIGPIPE',
);
test(
  'SO_LINGER of zero seconds: a reset',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await reset(ok, s);
    return [await revents(ok, c), await receive(libc, c), await send(libc, c)];
  },
  [BROKEN, 'ECONNRESET', 'EPIPE'],
);
test(
  'a reset wakes a sleeping writer',
  answers,
  async (libc, ok) => {
    const [c, s] = await small_pair(ok);
    const join = await thread(libc, async (own) => {
      const part = await own.send(c, new Uint8Array(100_000), 0);
      return [part > 0 && part < 100_000, await send(own, c)];
    });
    await msleep(libc, 1);
    await ok.close(s);
    return join();
  },
  [true, 'ECONNRESET'],
);
test(
  'closing in another thread does not disturb a sleeping receiver',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    const join = await thread(libc, async (own) => receive(own, c));
    await msleep(libc, 1);
    await ok.close(c);
    await msleep(libc, 1);
    await send(libc, s, 'late');
    return join();
  },
  'late',
);
test(
  'a listener outlives its connections, and they it',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    const c = await client(ok);
    const s = await ok.accept(l);
    await ok.close(l);
    await send(libc, c, 'still');
    return receive(libc, s);
  },
  'still',
);
