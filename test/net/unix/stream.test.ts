import test from 'ava';
import type { Release } from '../../../index.js';
import {
  AF_UNIX,
  F_GETFL,
  F_SETFL,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  NR,
  O_NONBLOCK,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SIGPIPE,
  SIG_IGN,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_ERROR,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SO_SNDTIMEO,
} from '../../../kernel-mock/include/uapi/index.js';
import { answers, bytes, msleep, outcome, receive, text, thread } from '../../facts.js';
import { A, B, NOWHERE, bound, client, connection, fill, listener, nonblocking, pair } from './fixtures.js';

/** A struct timeval. */
const timeval = (ms: number): Uint8Array => {
  const raw = new DataView(new ArrayBuffer(16));
  raw.setUint32(0, Math.floor(ms / 1000), true);
  raw.setUint32(8, (ms % 1000) * 1000, true);
  return new Uint8Array(raw.buffer);
};

// listen

test(
  'listen: unnamed',
  answers,
  async (libc, ok) => libc.listen(await ok.socket(AF_UNIX, SOCK_STREAM, 0), 1),
  'EINVAL',
);
test('listen: again', answers, async (libc, ok) => libc.listen(await listener(ok), 1), 0);
test('listen: one end of a pair', answers, async (libc, ok) => libc.listen((await pair(ok))[0], 1), 'EINVAL');
test(
  'listen: one end of a pair with a name',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    await ok.bind(a, A);
    return libc.listen(a, 1);
  },
  'EINVAL',
);
test('listen: an accepted socket', answers, async (libc, ok) => libc.listen((await connection(ok))[2], 1), 'EINVAL');

// connect

test(
  'connect: to one that does not listen',
  answers,
  async (libc, ok) => {
    await bound(ok);
    return libc.connect(await ok.socket(AF_UNIX, SOCK_STREAM, 0), A);
  },
  'ECONNREFUSED',
);
test('connect: twice', answers, async (libc, ok) => libc.connect((await connection(ok))[1], A), 'EISCONN');
test(
  'connect: twice, to nobody',
  answers,
  async (libc, ok) => libc.connect((await connection(ok))[1], NOWHERE),
  'ENOENT',
);
test(
  'connect: one end of a pair',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    await listener(ok);
    return libc.connect(a, A);
  },
  'EISCONN',
);
test(
  'connect: a listener to another',
  answers,
  async (libc, ok) => {
    const l = await listener(ok, A);
    await listener(ok, B);
    return libc.connect(l, B);
  },
  'EINVAL',
);
test('connect: a listener to itself', answers, async (libc, ok) => libc.connect(await listener(ok, A), A), 'EINVAL');
test(
  'connect: a named client',
  answers,
  async (libc, ok) => {
    await listener(ok, A);
    return libc.connect(await bound(ok, B), A);
  },
  0,
);
test(
  'connect: to one that is shut for reading',
  answers,
  async (libc, ok) => {
    await ok.shutdown(await listener(ok), SHUT_RD);
    return libc.connect(await ok.socket(AF_UNIX, SOCK_STREAM, 0), A);
  },
  'ECONNREFUSED',
);
test(
  'connect: does not wait for accept',
  answers,
  async (_libc, ok) => {
    await listener(ok);
    return ok.write(await client(ok), 'early');
  },
  5,
);
for (const backlog of [0, 1, 3])
  test(
    `connect: a backlog of ${backlog} takes one more`,
    answers,
    async (libc, ok) => {
      await listener(ok, A, backlog);
      let n = 0;
      for (;;) {
        const c = await nonblocking(ok, await ok.socket(AF_UNIX, SOCK_STREAM, 0));
        if ((await libc.connect(c, A)) === -1) return [n, outcome(libc, -1)];
        n++;
      }
    },
    [backlog + 1, 'EAGAIN'],
  );
test(
  'connect: sleeps until accept makes room',
  answers,
  async (libc, ok) => {
    const l = await listener(ok, A, 0);
    await client(ok);
    let connected = false;
    const join = await thread(libc, async (own, own_ok) => {
      await own_ok.connect(await own_ok.socket(AF_UNIX, SOCK_STREAM, 0), A);
      connected = true;
      return outcome(own, 0);
    });
    await msleep(libc, 5);
    const before = connected;
    await ok.accept(l);
    return [before, await join(), connected];
  },
  [false, 0, true],
);
test(
  'connect: sleeps, and the listener closes',
  answers,
  async (libc, ok) => {
    const l = await listener(ok, A, 0);
    await client(ok);
    const join = await thread(libc, async (own, own_ok) =>
      outcome(own, await own.connect(await own_ok.socket(AF_UNIX, SOCK_STREAM, 0), A)),
    );
    await msleep(libc, 5);
    await ok.close(l);
    return join();
  },
  'ECONNREFUSED',
);
test(
  'connect: a limit on the time',
  answers,
  async (libc, ok) => {
    await listener(ok, A, 0);
    await client(ok);
    const c = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    await ok.setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, timeval(10));
    return libc.connect(c, A);
  },
  'EAGAIN',
);
test(
  'connect: refused, then taken',
  answers,
  async (libc, ok) => {
    const c = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    const first = outcome(libc, await libc.connect(c, A));
    await listener(ok);
    return [first, await ok.connect(c, A)];
  },
  ['ECONNREFUSED', 0],
);

// accept

test(
  'accept: in the order of the connections',
  answers,
  async (_libc, ok) => {
    const l = await listener(ok);
    for (const word of ['one', 'two', 'three']) await ok.write(await client(ok), word);
    const got: string[] = [];
    for (let i = 0; i < 3; i++) {
      const buf = new Uint8Array(9);
      got.push(text(buf, await ok.read(await ok.accept(l), buf)));
    }
    return got;
  },
  ['one', 'two', 'three'],
);
test(
  'accept: sleeps until somebody connects',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    const join = await thread(libc, (_own, own_ok) => own_ok.accept(l));
    await msleep(libc, 5);
    const c = await client(ok);
    return [c, await join()];
  },
  [5, 4],
);
test(
  'accept: one connection wakes one of two',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    const done: number[] = [];
    const serve = async (n: number) =>
      thread(libc, async (_own, own_ok) => {
        await own_ok.accept(l);
        done.push(n);
      });
    const first = await serve(1);
    await msleep(libc, 5);
    const second = await serve(2);
    await msleep(libc, 5);
    await client(ok);
    await msleep(libc, 5);
    const after_one = [...done];
    await client(ok);
    await first();
    await second();
    return [after_one, done];
  },
  [[1], [1, 2]],
);
test(
  'accept: a client that has closed is a connection at its end',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    await ok.close(await client(ok));
    return receive(libc, await ok.accept(l));
  },
  '',
);
test(
  'accept: shut down while it sleeps',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    const join = await thread(libc, async (own) => outcome(own, await own.accept(l)));
    await msleep(libc, 5);
    await ok.shutdown(l, SHUT_RD);
    return join();
  },
  'EINVAL',
);
test(
  'accept: after a shutdown',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    await ok.shutdown(l, SHUT_RDWR);
    return libc.accept(l);
  },
  'EINVAL',
);
test(
  'accept: who waits is reset when the listener closes',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    const c = await client(ok);
    await ok.close(l);
    return [await receive(libc, c), await receive(libc, c)];
  },
  ['ECONNRESET', ''],
);

// Not connected

for (const [name, make] of [
  ['fresh', async (ok: Parameters<typeof pair>[0]) => ok.socket(AF_UNIX, SOCK_STREAM, 0)],
  ['bound', async (ok: Parameters<typeof pair>[0]) => bound(ok)],
  ['listening', async (ok: Parameters<typeof pair>[0]) => listener(ok)],
] as const) {
  test(`recv: ${name}`, answers, async (libc, ok) => libc.recv(await make(ok), new Uint8Array(1)), 'EINVAL');
  test(`read: ${name}`, answers, async (libc, ok) => libc.read(await make(ok), new Uint8Array(1)), 'EINVAL');
  test(`recv: ${name}, for nothing`, answers, async (libc, ok) => libc.recv(await make(ok), null), 'EINVAL');
  test(`send: ${name}`, answers, async (libc, ok) => libc.send(await make(ok), 'x'), 'ENOTCONN');
  test(`write: ${name}`, answers, async (libc, ok) => libc.write(await make(ok), 'x'), 'ENOTCONN');
  test(`sendto: ${name}`, answers, async (libc, ok) => libc.sendto(await make(ok), 'x', 0, A), 'EOPNOTSUPP');
  test(`shutdown: ${name}`, answers, async (libc, ok) => libc.shutdown(await make(ok), SHUT_RDWR), 0);
}
test('sendto: connected', answers, async (libc, ok) => libc.sendto((await pair(ok))[0], 'x', 0, A), 'EISCONN');
test(
  'send: shut for writing before it is connected',
  answers,
  async (libc, ok) => {
    const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    await ok.shutdown(s, SHUT_WR);
    return libc.send(s, 'x');
  },
  'ENOTCONN',
);

// Bytes

test(
  'a write is read',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    return [await ok.write(a, 'hello'), await receive(libc, b)];
  },
  [5, 'hello'],
);
test(
  'both directions are apart',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(a, 'to b');
    await ok.write(b, 'to a');
    return [await receive(libc, a), await receive(libc, b)];
  },
  ['to a', 'to b'],
);
test(
  'writes have no boundaries',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    for (const word of ['one', 'two', 'three']) await ok.write(a, word);
    return [await receive(libc, b, 4), await receive(libc, b, 100)];
  },
  ['onet', 'wothree'],
);
test('read: for nothing', answers, async (libc, ok) => libc.read((await pair(ok))[0], new Uint8Array(0)), 0);
test(
  'write: nothing',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    return [await ok.write(a, ''), await receive(libc, b, 1, MSG_DONTWAIT)];
  },
  [0, 'EAGAIN'],
);
test(
  'read: nothing there, not blocking',
  answers,
  async (libc, ok) => libc.read(await nonblocking(ok, (await pair(ok))[0]), new Uint8Array(1)),
  'EAGAIN',
);
test(
  'recv: nothing there, MSG_DONTWAIT',
  answers,
  async (libc, ok) => libc.recv((await pair(ok))[0], new Uint8Array(1), MSG_DONTWAIT),
  'EAGAIN',
);
test(
  'recv: nothing there, a limit on the time',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    await ok.setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, timeval(10));
    return libc.recv(a, new Uint8Array(1));
  },
  'EAGAIN',
);
test(
  'read: sleeps until somebody writes',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    const join = await thread(libc, (own) => receive(own, b));
    await msleep(libc, 5);
    await ok.write(a, 'late');
    return join();
  },
  'late',
);
test(
  'recv: MSG_OOB, before there was such a thing',
  answers,
  async (libc, ok) => libc.recv((await pair(ok))[0], new Uint8Array(1), MSG_OOB | MSG_DONTWAIT),
  (r: Release) => (r.name === '6.18' ? undefined : 'EOPNOTSUPP'),
);
test(
  'send: MSG_OOB, before there was such a thing',
  answers,
  async (libc, ok) => libc.send((await pair(ok))[0], 'x', MSG_OOB),
  (r: Release) => (r.name === '6.18' ? undefined : 'EOPNOTSUPP'),
);
// Linux net/unix/af_unix.c: unix_stream_recv_urg and queue_oob, since 5.15.
test(
  'recv: MSG_OOB, nothing there',
  answers,
  async (libc, ok) => libc.recv((await pair(ok))[0], new Uint8Array(1), MSG_OOB | MSG_DONTWAIT),
  (r: Release) => (r.name === '6.18' ? 'EINVAL' : undefined),
);
test(
  'send: MSG_OOB takes one byte',
  answers,
  async (libc, ok) => libc.send((await pair(ok))[0], 'x', MSG_OOB),
  (r: Release) => (r.name === '6.18' ? 1 : undefined),
);
test(
  'MSG_PEEK leaves the bytes',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(a, 'abc');
    return [await receive(libc, b, 2, MSG_PEEK), await receive(libc, b, 9, MSG_PEEK), await receive(libc, b)];
  },
  ['ab', 'abc', 'abc'],
);
test(
  'MSG_PEEK sees through several writes',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(a, 'ab');
    await ok.write(a, 'cd');
    return [await receive(libc, b, 9, MSG_PEEK), await receive(libc, b)];
  },
  (r: Release) => [r.unix_peek_first ? 'ab' : 'abcd', 'abcd'],
);
test(
  'MSG_TRUNC is nothing to a stream',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(a, 'abc');
    return [await libc.recv(b, new Uint8Array(1), MSG_TRUNC), await receive(libc, b)];
  },
  [1, 'bc'],
);
test(
  'MSG_WAITALL sleeps until all is there',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    const join = await thread(libc, (own) => receive(own, b, 6, MSG_WAITALL));
    await msleep(libc, 5);
    await ok.write(a, 'abc');
    await msleep(libc, 5);
    await ok.write(a, 'defg');
    return [await join(), await receive(libc, b)];
  },
  ['abcdef', 'g'],
);
test(
  'MSG_WAITALL ends at the end of file',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(a, 'abc');
    await ok.close(a);
    return receive(libc, b, 6, MSG_WAITALL);
  },
  'abc',
);
test(
  'MSG_WAITALL with MSG_DONTWAIT takes what is there',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(a, 'abc');
    return receive(libc, b, 6, MSG_WAITALL | MSG_DONTWAIT);
  },
  'abc',
);
test(
  'MSG_WAITALL and a limit on the time',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.setsockopt(b, SOL_SOCKET, SO_RCVTIMEO, timeval(10));
    await ok.write(a, 'abc');
    return receive(libc, b, 6, MSG_WAITALL);
  },
  'abc',
);
test(
  'SO_RCVLOWAT: a receive sleeps for so many',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.setsockopt(b, SOL_SOCKET, SO_RCVLOWAT, 4);
    const join = await thread(libc, (own) => receive(own, b));
    await ok.write(a, 'ab');
    await msleep(libc, 5);
    await ok.write(a, 'cde');
    return join();
  },
  'abcde',
);
test(
  'writev and readv',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    const n = await ok.writev(a, [bytes('ab'), null, bytes('cde')]);
    const bufs = [new Uint8Array(1), new Uint8Array(3), new Uint8Array(4)];
    const m = await libc.readv(b, bufs);
    return [n, m, ...bufs.map((buf) => text(buf))];
  },
  [5, 5, 'a', 'bcd', 'e\0\0\0'],
);

// Room

test(
  'write: the buffer is full, not blocking',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    await fill(libc, a);
    return libc.write(await nonblocking(ok, a), 'x');
  },
  'EAGAIN',
);
test(
  'write: a part fits, not blocking',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await nonblocking(ok, a);
    const sent = await libc.write(a, new Uint8Array(1_000_000));
    let got = 0;
    await nonblocking(ok, b);
    for (;;) {
      const n = await libc.read(b, new Uint8Array(65536));
      if (n === -1) break;
      got += n;
    }
    return [sent > 0 && sent < 1_000_000, got === sent];
  },
  [true, true],
);
/** Measured on 6.18, x86-64, with SO_SNDBUF at its default of 212992. */
const FITS: Readonly<Record<number, number>> = {
  1: 278,
  192: 278 * 192,
  193: 32231,
  1000: 93000,
  3776: 185024,
  3777: 166188,
  4096: 180224,
  10_000: 170_000,
  36_544: 219264,
  65_536: 233152,
};
for (const piece of Object.keys(FITS).map(Number))
  test(
    `write: how much fits in pieces of ${piece}`,
    answers,
    async (libc, ok) => fill(libc, (await pair(ok))[0], piece),
    FITS[piece]!,
  );
test(
  'write: sleeps until somebody reads, and all arrives',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    const join = await thread(libc, (_own, own_ok) => own_ok.write(a, new Uint8Array(500_000)));
    await msleep(libc, 5);
    let got = 0;
    while (got < 500_000) got += await ok.read(b, new Uint8Array(30_000));
    return [await join(), got];
  },
  [500_000, 500_000],
);
test(
  'write: full, a limit on the time',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    await fill(libc, a);
    await ok.setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, timeval(10));
    return libc.write(a, 'x');
  },
  'EAGAIN',
);
test(
  'write: a limit on the time, and a part was sent',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    await ok.setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, timeval(10));
    const n = await libc.write(a, new Uint8Array(1_000_000));
    return n > 0 && n < 1_000_000;
  },
  true,
);

// The end

test(
  'end of file: the peer closed',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(a, 'last');
    await ok.close(a);
    return [await receive(libc, b), await receive(libc, b), await receive(libc, b)];
  },
  ['last', '', ''],
);
test(
  'end of file: wakes a reader',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    const join = await thread(libc, (own) => receive(own, b));
    await msleep(libc, 5);
    await ok.close(a);
    return join();
  },
  '',
);
test(
  'ECONNRESET: the peer closed without reading all, once',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(b, 'unread');
    await ok.close(a);
    return [await receive(libc, b), await receive(libc, b)];
  },
  ['ECONNRESET', ''],
);
test(
  'ECONNRESET: after what came before it',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(a, 'mine');
    await ok.write(b, 'unread');
    await ok.close(a);
    return [await receive(libc, b), await receive(libc, b), await receive(libc, b)];
  },
  ['mine', 'ECONNRESET', ''],
);
test(
  'ECONNRESET: SO_ERROR takes it',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(b, 'unread');
    await ok.close(a);
    const err = { value: -1 };
    await ok.getsockopt(b, SOL_SOCKET, SO_ERROR, err);
    return [err.value, await receive(libc, b)];
  },
  [104, ''],
);
test(
  'ECONNRESET: a write takes it',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(b, 'unread');
    await ok.close(a);
    return [outcome(libc, await libc.send(b, 'x', MSG_NOSIGNAL)), outcome(libc, await libc.send(b, 'x', MSG_NOSIGNAL))];
  },
  ['EPIPE', 'EPIPE'],
);
test(
  'EPIPE: kills with SIGPIPE',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.close(b);
    return libc.write(a, 'x');
  },
  'SIGPIPE',
);
test(
  'EPIPE: SIGPIPE ignored',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.close(b);
    await ok.signal(SIGPIPE, SIG_IGN);
    return libc.write(a, 'x');
  },
  'EPIPE',
);
test(
  'EPIPE: MSG_NOSIGNAL',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.close(b);
    return libc.send(a, 'x', MSG_NOSIGNAL);
  },
  'EPIPE',
);
test(
  'EPIPE: writev kills too',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.close(b);
    return libc.writev(a, [bytes('x')]);
  },
  'SIGPIPE',
);
test(
  'EPIPE: of nothing',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.close(b);
    return libc.write(a, '');
  },
  'SIGPIPE',
);
test(
  'EPIPE: shut for writing, of nothing',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    await ok.shutdown(a, SHUT_WR);
    return libc.send(a, '', MSG_NOSIGNAL);
  },
  'EPIPE',
);
test(
  'EPIPE: wakes a writer, who keeps what was sent',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    const join = await thread(libc, async (own) => (await own.send(a, new Uint8Array(1_000_000), MSG_NOSIGNAL)) > 0);
    await msleep(libc, 5);
    await ok.close(b);
    return join();
  },
  true,
);
test(
  'EPIPE before EFAULT',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.close(b);
    return libc.syscall(NR.sendto, a, 0, 1, MSG_NOSIGNAL, 0, 0);
  },
  'EPIPE',
);
test(
  'half close: the other direction goes on',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(a, 'last');
    await ok.shutdown(a, SHUT_WR);
    await ok.write(b, 'answer');
    return [
      await receive(libc, b),
      await receive(libc, b),
      await receive(libc, a),
      outcome(libc, await libc.send(a, 'x', MSG_NOSIGNAL)),
    ];
  },
  ['last', '', 'answer', 'EPIPE'],
);
test(
  'half close: who shuts reading makes the peer’s writes fail',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.shutdown(a, SHUT_RD);
    return [outcome(libc, await libc.send(b, 'x', MSG_NOSIGNAL)), await receive(libc, a)];
  },
  ['EPIPE', ''],
);
test(
  'half close: what was there before SHUT_RD is still read',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(b, 'old');
    await ok.shutdown(a, SHUT_RD);
    return [await receive(libc, a), await receive(libc, a)];
  },
  ['old', ''],
);
test(
  'half close: wakes the own reader',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    const join = await thread(libc, (own) => receive(own, a));
    await msleep(libc, 5);
    await ok.shutdown(a, SHUT_RD);
    return join();
  },
  '',
);
test(
  'half close: twice',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    await ok.shutdown(a, SHUT_WR);
    return libc.shutdown(a, SHUT_WR);
  },
  0,
);
test(
  'O_NONBLOCK belongs to the open file, not to the descriptor',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    const b = await ok.dup(a);
    await ok.fcntl(b, F_SETFL, O_NONBLOCK);
    return [(await ok.fcntl(a, F_GETFL)) & O_NONBLOCK, outcome(libc, await libc.read(a, new Uint8Array(1)))];
  },
  [O_NONBLOCK, 'EAGAIN'],
);

// SOCK_SEQPACKET connects as a stream does.

test(
  'seqpacket: connect and accept',
  answers,
  async (libc, ok) => {
    const [, c, s] = await connection(ok, SOCK_SEQPACKET);
    await ok.write(c, 'record');
    return receive(libc, s);
  },
  'record',
);
test(
  'seqpacket: listen, unnamed',
  answers,
  async (libc, ok) => libc.listen(await ok.socket(AF_UNIX, SOCK_SEQPACKET, 0), 1),
  'EINVAL',
);
test(
  'seqpacket: accept, not listening',
  answers,
  async (libc, ok) => libc.accept(await bound(ok, A, SOCK_SEQPACKET)),
  'EINVAL',
);
