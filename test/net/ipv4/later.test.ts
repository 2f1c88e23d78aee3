/** What is held back: TCP_DEFER_ACCEPT, MSG_MORE and UDP_CORK. Observed on Linux 6.18. */
import test from 'ava';
import * as uapi from '../../../kernel-mock/include/uapi/index.js';
import { answers, msleep, outcome, receive } from '../../facts.js';
import type { tcp } from './fixtures.js';
import { ON, at, bound, client, listener, nonblocking, reset, udp } from './fixtures.js';

const { MSG_DONTWAIT, MSG_MORE, SOCK_DGRAM, SOL_TCP, SOL_UDP, TCP_DEFER_ACCEPT, UDP_CORK } = uapi;

const accepted = async (libc: Parameters<typeof receive>[0], l: number): Promise<string> =>
  (await libc.accept(l)) === -1 ? uapi.errno_names[libc.errno]! : 'accepted';

type Do = (ok: Parameters<typeof tcp>[0], c: number) => Promise<unknown>;
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
