/** What is held back: TCP_DEFER_ACCEPT, MSG_MORE and UDP_CORK. Observed on Linux 6.18. */
import test from 'ava';
import type { ThrowingLibc } from '../../../index.js';
import * as uapi from '../../../kernel-mock/include/uapi/index.js';
import { answers, msleep, outcome, receive } from '../../facts.js';
import { ON, at, bound, client, listener, name, nonblocking, pair, reset, tcp, udp } from './fixtures.js';

const { MSG_DONTWAIT, MSG_MORE, SOCK_DGRAM, SOL_TCP, SOL_UDP, TCP_DEFER_ACCEPT, UDP_CORK } = uapi;

const accepted = async (libc: Parameters<typeof receive>[0], l: number): Promise<string> =>
  (await libc.accept(l)) === -1 ? uapi.errno_names[libc.errno]! : 'accepted';

type Do = (ok: ThrowingLibc, c: number) => Promise<unknown>;
const deferred: readonly (readonly [title: string, seconds: number, step: Do, expected: string])[] = [
  ['nothing came', 1, async () => 0, 'EAGAIN'],
  ['a byte came', 1, (ok, c) => ok.send(c, 'x'), 'accepted'],
  ['the stream ended', 1, (ok, c) => ok.shutdown(c, uapi.SHUT_WR), 'accepted'],
  ['the client has gone', 1, (ok, c) => ok.close(c), 'accepted'],
  ['the client has reset it', 1, (ok, c) => reset(ok, c), 'EAGAIN'],
];
for (const [title, seconds, step, expected] of deferred)
  test(
    `TCP_DEFER_ACCEPT: ${title}`,
    answers,
    async (libc, ok) => {
      const l = await nonblocking(ok, await listener(ok));
      await ok.setsockopt(l, SOL_TCP, TCP_DEFER_ACCEPT, seconds);
      await step(ok, await client(ok));
      return accepted(libc, l);
    },
    expected,
  );
test(
  'TCP_DEFER_ACCEPT: not for ever',
  answers,
  async (libc, ok) => {
    const l = await nonblocking(ok, await listener(ok));
    await ok.setsockopt(l, SOL_TCP, TCP_DEFER_ACCEPT, 1);
    await client(ok);
    await msleep(libc, 900);
    const r = [await accepted(libc, l)];
    await msleep(libc, 200);
    return [...r, await accepted(libc, l)];
  },
  ['EAGAIN', 'accepted'],
);
test(
  'TCP_DEFER_ACCEPT: wakes who sleeps in accept',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    await ok.setsockopt(l, SOL_TCP, TCP_DEFER_ACCEPT, 1);
    await client(ok);
    return accepted(libc, l);
  },
  'accepted',
);
test(
  'TCP_DEFER_ACCEPT: the listener has gone',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    await ok.setsockopt(l, SOL_TCP, TCP_DEFER_ACCEPT, 1);
    const c = await client(ok);
    await ok.close(l);
    const r = [outcome(libc, await libc.send(c, 'x')), outcome(libc, await libc.send(c, 'x'))];
    await ok.close(await listener(ok));
    return [...r, await receive(libc, c)];
  },
  [1, 'ECONNRESET', ''],
);

const held: readonly (readonly [title: string, release: Do, expected: readonly string[]])[] = [
  ['nothing comes of it', async () => 0, ['EAGAIN']],
  ['another send', (ok, c) => ok.send(c, 'c'), ['abc']],
  ['a send of nothing', (ok, c) => ok.send(c, ''), ['EAGAIN']],
  ['urgent data', (ok, c) => ok.send(c, '!', uapi.MSG_OOB), ['ab']],
  [
    'TCP_CORK in and out',
    async (ok, c) => {
      await ok.setsockopt(c, SOL_TCP, uapi.TCP_CORK, 1);
      await ok.setsockopt(c, SOL_TCP, uapi.TCP_CORK, 0);
    },
    ['ab'],
  ],
  ['TCP_NODELAY', (ok, c) => ok.setsockopt(c, SOL_TCP, uapi.TCP_NODELAY, 1), ['ab']],
  ['the end of the stream', (ok, c) => ok.shutdown(c, uapi.SHUT_WR), ['ab', '']],
  ['close', (ok, c) => ok.close(c), ['ab', '']],
  ['a reset', (ok, c) => reset(ok, c), ['ECONNRESET']],
];
for (const [title, release, expected] of held)
  test(
    `MSG_MORE on a stream, then ${title}`,
    answers,
    async (libc, ok) => {
      const [c, s] = await pair(ok);
      await ok.send(c, 'ab', MSG_MORE);
      const r = [await receive(libc, s, 9, MSG_DONTWAIT)];
      await release(ok, c);
      for (let i = 0; i < expected.length; i++) r.push(await receive(libc, s, 9, MSG_DONTWAIT));
      return r;
    },
    ['EAGAIN', ...expected],
  );
test(
  'MSG_MORE on a stream whose other end is closed',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await ok.close(s);
    const r = [outcome(libc, await libc.send(c, 'ab', MSG_MORE | uapi.MSG_NOSIGNAL))];
    for (let i = 0; i < 2; i++) r.push(outcome(libc, await libc.send(c, 'cd', uapi.MSG_NOSIGNAL)));
    return r;
  },
  [2, 2, 'EPIPE'],
);
test(
  'MSG_MORE on a stream: 200 ms',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await ok.send(c, 'ab', MSG_MORE);
    await msleep(libc, 190);
    const r = [await receive(libc, s, 9, MSG_DONTWAIT)];
    await msleep(libc, 20);
    return [...r, await receive(libc, s, 9, MSG_DONTWAIT)];
  },
  ['EAGAIN', 'ab'],
);
test(
  'TCP_CORK: in, two sends, out',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await ok.setsockopt(c, SOL_TCP, uapi.TCP_CORK, 1);
    await ok.send(c, 'x');
    await ok.send(c, 'y');
    const r = [await receive(libc, s, 9, MSG_DONTWAIT)];
    await ok.setsockopt(c, SOL_TCP, uapi.TCP_CORK, 0);
    return [...r, await receive(libc, s, 9, MSG_DONTWAIT)];
  },
  ['EAGAIN', 'xy'],
);
test(
  'MSG_MORE on a stream: data that come leave it where it is, their end takes it along',
  answers,
  async (libc, ok) => {
    const [c, s] = await pair(ok);
    await ok.send(c, 'ab', MSG_MORE);
    await ok.send(c, 'cd');
    await ok.send(s, 'zz');
    await ok.send(c, 'ef', MSG_MORE);
    await ok.send(s, 'zz');
    const r = [await receive(libc, s, 9, MSG_DONTWAIT), await receive(libc, s, 9, MSG_DONTWAIT)];
    await ok.shutdown(s, uapi.SHUT_WR);
    return [...r, await receive(libc, s, 9, MSG_DONTWAIT)];
  },
  ['abcd', 'EAGAIN', 'ef'],
);

test(
  'a connection that was reset before accept is given out all the same',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    await reset(ok, await client(ok));
    const s = await ok.accept(l, {});
    return [await name(libc, s, true), await receive(libc, s)];
  },
  ['ENOTCONN', 'ECONNRESET'],
);
test(
  'shutdown while connecting: connect answers EINVAL from then on',
  answers,
  async (libc, ok) => {
    const s = await nonblocking(ok, await tcp(ok));
    const r = [outcome(libc, await libc.connect(s, at(9)))];
    r.push(outcome(libc, await libc.shutdown(s, uapi.SHUT_RD)));
    return [...r, outcome(libc, await libc.connect(s, at(9)))];
  },
  ['EINPROGRESS', 'ENOTCONN', 'EINVAL'],
);

test(
  'MSG_MORE: one datagram, to the first name',
  answers,
  async (libc, ok) => {
    const a = await bound(ok, at(80), SOCK_DGRAM);
    const b = await bound(ok, at(81), SOCK_DGRAM);
    const s = await udp(ok);
    await ok.sendto(s, 'ab', MSG_MORE, at(80));
    const r = [await receive(libc, a, 9, MSG_DONTWAIT)];
    await ok.sendto(s, 'cd', 0, at(81));
    return [...r, await receive(libc, a, 9, MSG_DONTWAIT), await receive(libc, b, 9, MSG_DONTWAIT)];
  },
  ['EAGAIN', 'abcd', 'EAGAIN'],
);
test(
  'MSG_MORE: a connect meanwhile leads it elsewhere',
  answers,
  async (libc, ok) => {
    const a = await bound(ok, at(80), SOCK_DGRAM);
    const b = await bound(ok, at(81), SOCK_DGRAM);
    const s = await udp(ok);
    await ok.connect(s, at(80));
    await ok.send(s, 'k', MSG_MORE);
    await ok.connect(s, at(81));
    await ok.send(s, 'l');
    return [await receive(libc, a, 9, MSG_DONTWAIT), await receive(libc, b, 9, MSG_DONTWAIT)];
  },
  ['EAGAIN', 'kl'],
);
test(
  'MSG_MORE: too much drops it all',
  answers,
  async (libc, ok) => {
    const a = await bound(ok, at(80), SOCK_DGRAM);
    const s = await udp(ok);
    await ok.connect(s, at(80));
    const big = new Uint8Array(40000);
    await ok.send(s, big, MSG_MORE);
    const r = [outcome(libc, await libc.send(s, big, MSG_MORE))];
    await ok.send(s, 'q');
    return [...r, await receive(libc, a, 9, MSG_DONTWAIT), await receive(libc, a, 9, MSG_DONTWAIT)];
  },
  ['EMSGSIZE', 'q', 'EAGAIN'],
);
test(
  'UDP_CORK: in, two sends, out',
  answers,
  async (libc, ok) => {
    const a = await bound(ok, at(80), SOCK_DGRAM);
    const s = await udp(ok);
    await ok.connect(s, at(80));
    await ok.setsockopt(s, SOL_UDP, UDP_CORK, ON);
    await ok.send(s, 'x');
    await ok.send(s, 'y');
    const r = [await receive(libc, a, 9, MSG_DONTWAIT)];
    await ok.setsockopt(s, SOL_UDP, UDP_CORK, 0);
    return [...r, await receive(libc, a, 9, MSG_DONTWAIT)];
  },
  ['EAGAIN', 'xy'],
);
