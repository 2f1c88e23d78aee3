// What a receive tells besides bytes, errors that are queued, groups, and a close that waits: on every release.
import test from 'ava';
import {
  IP_ADD_MEMBERSHIP,
  IP_MULTICAST_IF,
  IP_PKTINFO,
  IP_RECVERR,
  IP_RECVTOS,
  IP_RECVTTL,
  IP_TOS,
  IP_TTL,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  SOL_IP,
  SOL_SOCKET,
  SOCK_DGRAM,
  SO_LINGER,
  SO_RCVBUF,
  SO_SNDBUF,
  SO_TIMESTAMP,
} from '../../../kernel-mock/include/uapi/index.js';
import type { Cmsg, Libc, SockAddrOut, ThrowingLibc } from '../../../index.js';
import { answers, bytes, msleep, receive, thread } from '../../facts.js';
import { LOOPBACK, ON, at, bound, pair, port, udp } from './fixtures.js';

const GROUP = Uint8Array.of(224, 0, 1, 1, 127, 0, 0, 1);
const hex = (raw: Uint8Array | undefined): string => Buffer.from(raw ?? []).toString('hex');

/** The control messages of the next receive: level, type and bytes. */
async function control(ok: ThrowingLibc, fd: number, flags = 0): Promise<(number | string)[][]> {
  const msg = { iov: [new Uint8Array(9)], control: [] as Cmsg[] };
  await ok.recvmsg(fd, msg, flags);
  return msg.control.map(({ level, type, data }) => [level, type, hex(data)]);
}

async function receiver(ok: ThrowingLibc, options: readonly number[], addr = LOOPBACK): Promise<number> {
  const s = await bound(ok, at(53, addr), SOCK_DGRAM);
  for (const optname of options) await ok.setsockopt(s, SOL_IP, optname, ON);
  return s;
}

const PKTINFO = [SOL_IP, IP_PKTINFO, '010000007f0000017f000001'];

test(
  'address, TTL and class of a datagram, in this order',
  answers,
  async (_libc, ok) => {
    const s = await receiver(ok, [IP_RECVTOS, IP_RECVTTL, IP_PKTINFO]);
    await ok.sendto(await udp(ok), 'x', 0, at(53));
    return control(ok, s);
  },
  [PKTINFO, [SOL_IP, IP_TTL, '40000000'], [SOL_IP, IP_TOS, '00']],
);
test(
  "a message's own TTL wins over the socket's",
  answers,
  async (_libc, ok) => {
    const s = await receiver(ok, [IP_RECVTTL]);
    const c = await udp(ok);
    await ok.setsockopt(c, SOL_IP, IP_TTL, Uint8Array.of(9, 0, 0, 0));
    await ok.sendto(c, 'x', 0, at(53));
    const own = [{ level: SOL_IP, type: IP_TTL, data: Uint8Array.of(7, 0, 0, 0) }];
    await ok.sendmsg(c, { name: at(53), iov: ['y'], control: own }, 0);
    return [await control(ok, s), await control(ok, s)];
  },
  [[[SOL_IP, IP_TTL, '09000000']], [[SOL_IP, IP_TTL, '07000000']]],
);
test(
  'SO_TIMESTAMP comes first',
  answers,
  async (_libc, ok) => {
    const s = await receiver(ok, [IP_PKTINFO]);
    await ok.setsockopt(s, SOL_SOCKET, SO_TIMESTAMP, ON);
    await ok.sendto(await udp(ok), 'x', 0, at(53));
    const [[level, type, stamp] = [], ...rest] = await control(ok, s);
    return [level, type, (stamp as string).length, rest];
  },
  [SOL_SOCKET, SO_TIMESTAMP, 32, [PKTINFO]],
);

test(
  'IP_RECVERR: the bytes, the destination, and who found the error',
  answers,
  async (libc, ok) => {
    const c = await udp(ok);
    await ok.setsockopt(c, SOL_IP, IP_RECVERR, ON);
    await ok.sendto(c, 'abc', 0, at(9));
    const buf = new Uint8Array(9);
    const name: SockAddrOut = {};
    const msg = { name, iov: [buf], control: [] as Cmsg[] };
    const n = await ok.recvmsg(c, msg, MSG_ERRQUEUE);
    const [error] = msg.control;
    return [
      n,
      name.port,
      hex(error?.data),
      await receive(libc, c, 9, MSG_ERRQUEUE),
      await receive(libc, c, 9, MSG_DONTWAIT),
    ];
  },
  [3, 9, '6f000000020303000000000000000000020000007f0000010000000000000000', 'EAGAIN', 'EAGAIN'],
);

test(
  'a group: who is in it, who hears all, and nobody',
  answers,
  async (libc, ok) => {
    const s = await receiver(ok, [], '0.0.0.0');
    const c = await udp(ok);
    await ok.setsockopt(c, SOL_IP, IP_MULTICAST_IF, Uint8Array.of(127, 0, 0, 1));
    const send = async (): Promise<string> => {
      await ok.sendto(c, 'x', 0, at(53, '224.0.1.1'));
      return receive(libc, s, 9, MSG_DONTWAIT);
    };
    const before = await send();
    await ok.setsockopt(s, SOL_IP, IP_ADD_MEMBERSHIP, GROUP);
    return [before, await send(), (await port(ok, c)) > 0];
  },
  ['EAGAIN', 'x', true],
);

/** A connection whose buffers are full, and SO_LINGER of so many seconds at the full end. */
async function full(libc: Libc, ok: ThrowingLibc, seconds: number): Promise<[c: number, s: number, n: number]> {
  const [c, s] = await pair(ok);
  await ok.setsockopt(s, SOL_SOCKET, SO_RCVBUF, Uint8Array.of(0, 16, 0, 0));
  await ok.setsockopt(c, SOL_SOCKET, SO_SNDBUF, Uint8Array.of(0, 64, 0, 0));
  await ok.setsockopt(c, SOL_SOCKET, SO_LINGER, Uint8Array.of(1, 0, 0, 0, seconds, 0, 0, 0));
  let n = 0;
  for (let sent = 0; sent !== -1; n += Math.max(sent, 0))
    sent = await libc.send(c, bytes('x'.repeat(4096)), MSG_DONTWAIT);
  return [c, s, n];
}

test(
  'close waits for SO_LINGER until all is read',
  answers,
  async (libc, ok) => {
    const [c, s, n] = await full(libc, ok, 9);
    let closed = false;
    const join = await thread(libc, async (_own, own_ok) => {
      await own_ok.close(c);
      closed = true;
    });
    await msleep(libc, 20);
    const early: boolean = closed;
    let got = 0;
    while (got < n) got += await ok.recv(s, new Uint8Array(n), 0);
    await join();
    return [early, await receive(libc, s)];
  },
  [false, ''],
);
test(
  'and no longer than it says',
  answers,
  async (libc, ok) => {
    const [c] = await full(libc, ok, 3);
    const before = await ok.time(null);
    await ok.close(c);
    return (await ok.time(null)) - before;
  },
  3,
);
