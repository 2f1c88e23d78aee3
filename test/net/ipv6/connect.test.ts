import test from 'ava';
import type { SockAddrOut } from '../../../index.js';
import * as uapi from '../../../kernel-mock/include/uapi/index.js';
import { answers, bytes, outcome, receive, text } from '../../facts.js';
import { at, bound, client, listener } from '../ipv4/fixtures.js';
import { at6, listener6, name6, tcp6, udp6 } from './fixtures.js';

const { AF_INET, AF_INET6, IPV6_V6ONLY, SOCK_DGRAM, SOCK_STREAM, SOL_IPV6 } = uapi;

// Where connect leads, by what the socket is bound to: its own name and its peer's. Listeners are on [::1]:80 and
// 127.0.0.1:81. Observed on Linux 6.18 with lo alone.

type Row = readonly [from: string | null, to: string, port: number, tcp: string, udp: string];
const NO = 'ENETUNREACH';
const SIX = '[::1]:any [::1]:80';
const MAPPED = '[::ffff:127.0.0.1]:any [::ffff:127.0.0.1]:81';
const MAPPED80 = '[::ffff:127.0.0.1]:any [::ffff:127.0.0.1]:80';
const rows: readonly Row[] = [
  [null, '::1', 80, SIX, SIX],
  [null, '::', 80, SIX, SIX],
  [null, '::ffff:127.0.0.1', 81, MAPPED, MAPPED],
  [null, '::ffff:0.0.0.0', 81, MAPPED, MAPPED],
  [null, '::2', 80, NO, NO],
  [null, 'fe80::1', 80, 'EINVAL', 'EINVAL'],
  [null, 'ff02::1', 80, NO, 'EINVAL'],
  [null, '::ffff:8.8.8.8', 80, NO, NO],
  [null, '::ffff:127.0.0.1', 80, 'ECONNREFUSED', MAPPED80],
  ['::1', '::1', 80, SIX, SIX],
  ['::1', '::', 80, SIX, SIX],
  ['::1', '::ffff:127.0.0.1', 81, NO, NO],
  ['::ffff:127.0.0.2', '::1', 80, 'EAFNOSUPPORT', 'EAFNOSUPPORT'],
  [
    '::ffff:127.0.0.2',
    '::ffff:127.0.0.1',
    81,
    '[::ffff:127.0.0.2]:any [::ffff:127.0.0.1]:81',
    '[::ffff:127.0.0.2]:any [::ffff:127.0.0.1]:81',
  ],
  ['::ffff:127.0.0.2', '::', 80, 'ECONNREFUSED', '[::ffff:127.0.0.2]:any [::ffff:127.0.0.1]:80'],
  ['::ffff:0.0.0.0', '::1', 80, 'EAFNOSUPPORT', 'EAFNOSUPPORT'],
  ['::ffff:0.0.0.0', '::', 80, 'ECONNREFUSED', MAPPED80],
  ['::ffff:0.0.0.0', '::ffff:0.0.0.0', 81, MAPPED, MAPPED],
  ['::', '::1', 80, SIX, SIX],
  ['::', '::ffff:127.0.0.1', 81, MAPPED, MAPPED],
];
for (const [from, to, port, ...expected] of rows)
  test(
    `from ${from ?? 'nowhere'} to [${to}]:${port}`,
    answers,
    async (libc, ok) => {
      await listener6(ok, '::1');
      await listener(ok, at(81));
      const r: unknown[] = [];
      for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
        const s = await ok.socket(AF_INET6, type, 0);
        if (from !== null) await ok.bind(s, at6(0, from));
        const err = await libc.connect(s, at6(port, to));
        r.push(err === -1 ? outcome(libc, err) : `${await name6(libc, s)} ${await name6(libc, s, true)}`);
      }
      return r;
    },
    expected,
  );

test(
  'a socket for IPv6 alone has no way to IPv4',
  answers,
  async (libc, ok) => {
    await listener(ok, at(81));
    const r: unknown[] = [];
    for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
      const s = await ok.socket(AF_INET6, type, 0);
      await ok.setsockopt(s, SOL_IPV6, IPV6_V6ONLY, 1);
      r.push(outcome(libc, await libc.connect(s, at6(81, '::ffff:127.0.0.1'))));
      r.push(outcome(libc, await libc.connect(s, at(81))));
    }
    return r;
  },
  ['ENETUNREACH', 'EINVAL', 'ENETUNREACH', 'EAFNOSUPPORT'],
);
test(
  'an IPv4 address: enough for datagrams',
  answers,
  async (libc, ok) => {
    await listener(ok, at(81));
    const r: unknown[] = [];
    for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
      const s = await ok.socket(AF_INET6, type, 0);
      r.push(outcome(libc, await libc.connect(s, at(81))), await name6(libc, s, true));
    }
    return r;
  },
  ['EINVAL', 'ENOTCONN', 0, '[::ffff:127.0.0.1]:81'],
);

// Who answers

test(
  'a listener on :: takes both families, and shows IPv4 as mapped',
  answers,
  async (libc, ok) => {
    const l = await listener6(ok, '::');
    const r: unknown[] = [];
    for (const c of [await client(ok), await tcp6(ok), await tcp6(ok)]) {
      if (r.length === 2) await ok.connect(c, at6(80));
      if (r.length === 4) await ok.connect(c, at6(80, '::ffff:127.0.0.1'));
      const peer: SockAddrOut = {};
      const s = await ok.accept(l, peer);
      r.push(peer.addr, await name6(libc, s));
    }
    return r;
  },
  ['::ffff:127.0.0.1', '[::ffff:127.0.0.1]:80', '::1', '[::1]:80', '::ffff:127.0.0.1', '[::ffff:127.0.0.1]:80'],
);
test(
  'a listener for IPv6 alone, and one of IPv4 beside it',
  answers,
  async (libc, ok) => {
    const six = await listener6(ok, '::', 80, 1);
    const r: unknown[] = [outcome(libc, await libc.connect(await ok.socket(AF_INET, SOCK_STREAM, 0), at(80)))];
    const four = await listener(ok, at(80, '0.0.0.0'));
    await client(ok);
    await ok.connect(await tcp6(ok), at6(80));
    for (const l of [four, six]) r.push(await name6(libc, await ok.accept(l)));
    return r;
  },
  ['ECONNREFUSED', '127.0.0.1:80', '[::1]:80'],
);
test(
  'datagrams of both families',
  answers,
  async (_libc, ok) => {
    const r = await udp6(ok, '::', 80);
    const four = await bound(ok, at(90), SOCK_DGRAM);
    await ok.sendto(four, 'a', 0, at(80));
    const six = await udp6(ok, '::1', 91);
    await ok.sendto(six, 'b', 0, at6(80));
    const mapped = await udp6(ok, '::', 92);
    await ok.sendto(mapped, 'c', 0, at6(80, '::ffff:127.0.0.1'));
    await ok.sendto(mapped, 'd', 0, at(80));
    const got: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      const from: SockAddrOut = {};
      const buf = new Uint8Array(9);
      got.push(`${text(buf, await ok.recvfrom(r, buf, 0, from))} [${from.addr}]:${from.port}`);
    }
    await ok.sendto(r, 'e', 0, at6(90, '::ffff:127.0.0.1'));
    const from: SockAddrOut = {};
    await ok.recvfrom(four, new Uint8Array(9), 0, from);
    return [...got, `${from.addr}:${from.port}`];
  },
  ['a [::ffff:127.0.0.1]:90', 'b [::1]:91', 'c [::ffff:127.0.0.1]:92', 'd [::ffff:127.0.0.1]:92', '127.0.0.1:80'],
);
test(
  'of two that hear any address, the one of IPv4 has its datagrams',
  answers,
  async (libc, ok) => {
    const four = await ok.socket(AF_INET, SOCK_DGRAM, 0);
    const six = await udp6(ok);
    for (const s of [four, six]) await ok.setsockopt(s, uapi.SOL_SOCKET, uapi.SO_REUSEADDR, 1);
    await ok.bind(four, at(80, '0.0.0.0'));
    await ok.bind(six, at6(80, '::'));
    const s = await ok.socket(AF_INET, SOCK_DGRAM, 0);
    await ok.sendto(s, 'x', 0, at(80));
    return [await receive(libc, six, 9, uapi.MSG_DONTWAIT), await receive(libc, four, 9, uapi.MSG_DONTWAIT)];
  },
  ['EAGAIN', 'x'],
);
test(
  'the other end is gone: refused',
  answers,
  async (libc, ok) => {
    const s = await udp6(ok);
    await ok.connect(s, at6(9));
    await ok.send(s, 'x');
    return receive(libc, s);
  },
  'ECONNREFUSED',
);
test(
  'refused: others are not told, but with IPV6_RECVERR',
  answers,
  async (libc, ok) => {
    const s = await udp6(ok);
    await ok.sendto(s, 'x', 0, at6(9));
    const r = [await receive(libc, s, 9, uapi.MSG_DONTWAIT)];
    await ok.setsockopt(s, SOL_IPV6, uapi.IPV6_RECVERR, 1);
    await ok.sendto(s, 'x', 0, at6(9));
    return [...r, await receive(libc, s, 9, uapi.MSG_DONTWAIT), await receive(libc, s, 9, uapi.MSG_DONTWAIT)];
  },
  ['EAGAIN', 'ECONNREFUSED', 'EAGAIN'],
);
test(
  'disconnect: IPv4 or IPv6 again',
  answers,
  async (libc, ok) => {
    const s = await udp6(ok);
    await ok.connect(s, at6(9, '::ffff:127.0.0.1'));
    await ok.connect(s, { family: uapi.AF_UNSPEC });
    const r = [await name6(libc, s)];
    await ok.connect(s, at6(9));
    return [...r, await name6(libc, s), await name6(libc, s, true)];
  },
  ['[::]:0', '[::1]:any', '[::1]:9'],
);

// sendto

const raw6 = (family: number, port = 80): Uint8Array =>
  Uint8Array.of(family, 0, 0, port, 0, 0, 0, 0, ...new Array<number>(15).fill(0), 1, 0, 0, 0, 0);
const names: readonly [title: string, name: Uint8Array | object, len: number, expected: number | string][] = [
  ['whole', raw6(AF_INET6), 28, 1],
  ['as of RFC 2133', raw6(AF_INET6), 24, 1],
  ['too short', raw6(AF_INET6), 23, 'EINVAL'],
  ['of one byte', raw6(AF_INET6), 1, 'EINVAL'],
  ['with port 0', raw6(AF_INET6, 0), 28, 'EINVAL'],
  ['of AF_UNIX', raw6(uapi.AF_UNIX), 28, 'EINVAL'],
  ['of AF_UNSPEC', raw6(0), 28, 'EDESTADDRREQ'],
  ['beyond lo', at6(80, '::2'), 28, 'ENETUNREACH'],
];
for (const [title, name, len, expected] of names)
  test(
    `sendto: a name ${title}`,
    answers,
    async (libc, ok) => libc.sendto(await udp6(ok), 'x', 0, name as Uint8Array, len),
    expected,
  );
for (const [len, six, mapped] of [
  [65507, 65507, 65507],
  [65508, 65508, 'EMSGSIZE'],
  [65527, 65527, 'EMSGSIZE'],
  [65528, 'EMSGSIZE', 'EMSGSIZE'],
] as const)
  test(
    `${len} bytes`,
    answers,
    async (libc, ok) => {
      const data = new Uint8Array(len);
      const s = await udp6(ok);
      return [
        outcome(libc, await libc.sendto(s, data, 0, at6(80))),
        outcome(libc, await libc.sendto(s, data, 0, at6(80, '::ffff:127.0.0.1'))),
      ];
    },
    [six, mapped],
  );
test(
  'bytes go both ways',
  answers,
  async (libc, ok) => {
    const l = await listener6(ok, '::1');
    const c = await tcp6(ok);
    await ok.connect(c, at6(80));
    const s = await ok.accept(l);
    await ok.write(c, bytes('ping'));
    const r = [await receive(libc, s)];
    await ok.write(s, bytes('pong'));
    return [...r, await receive(libc, c)];
  },
  ['ping', 'pong'],
);
