import test from 'ava';
import type { Release } from '../../../index.js';
import * as uapi from '../../../kernel-mock/include/uapi/index.js';
import { answers, outcome } from '../../facts.js';
import { at, client, listener, tcp, udp } from './fixtures.js';

const { SOL_IP, SOL_TCP, SOL_UDP } = uapi;
const int = (n: number): Uint8Array => Uint8Array.of(n, n >> 8, n >> 16, n >> 24);
const VALUES = [-2, -1, 0, 1, 2, 6, 88, 121, 128, 256, 1000, 32767, 32768];

/** What each of VALUES is read back as: '=' itself. Observed on Linux 6.18. */
const E = 'EINVAL';
const flag = [1, 1, '=', '=', 1, 1, 1, 1, 1, 1, 1, 1, 1];
const tables: readonly [level: number, name: keyof typeof uapi, initial: number, set: readonly unknown[]][] = [
  [SOL_TCP, 'TCP_NODELAY', 0, flag],
  [SOL_TCP, 'TCP_MAXSEG', 536, [E, E, 536, E, E, E, '=', '=', '=', '=', '=', '=', E]],
  [SOL_TCP, 'TCP_CORK', 0, flag],
  [SOL_TCP, 'TCP_KEEPIDLE', 7200, [E, E, E, '=', '=', '=', '=', '=', '=', '=', '=', '=', E]],
  [SOL_TCP, 'TCP_KEEPINTVL', 75, [E, E, E, '=', '=', '=', '=', '=', '=', '=', '=', '=', E]],
  [SOL_TCP, 'TCP_KEEPCNT', 9, [E, E, E, '=', '=', '=', '=', '=', E, E, E, E, E]],
  [SOL_TCP, 'TCP_SYNCNT', 6, [E, E, E, '=', '=', '=', '=', '=', E, E, E, E, E]],
  [SOL_TCP, 'TCP_LINGER2', 60, [-1, '=', 60, '=', '=', '=', '=', 120, 120, 120, 120, 120, 120]],
  [SOL_TCP, 'TCP_DEFER_ACCEPT', 0, [0, 0, '=', '=', 3, 7, 127, 127, 247, 367, 1087, 29887, 29887]],
  [SOL_TCP, 'TCP_WINDOW_CLAMP', 0, [1152, 1152, '=', 1152, 1152, 1152, 1152, 1152, 1152, 1152, 1152, '=', '=']],
  [SOL_TCP, 'TCP_QUICKACK', 1, flag],
  [SOL_TCP, 'TCP_USER_TIMEOUT', 0, [E, E, '=', '=', '=', '=', '=', '=', '=', '=', '=', '=', '=']],
  [SOL_IP, 'IP_TOS', 0, [252, 252, '=', 0, 0, 4, '=', 120, '=', 0, 232, 252, 0]],
  [SOL_IP, 'IP_TTL', 64, [E, 64, E, '=', '=', '=', '=', '=', '=', E, E, E, E]],
  [SOL_IP, 'IP_MTU_DISCOVER', 1, [E, E, '=', '=', '=', E, E, E, E, E, E, E, E]],
  [SOL_IP, 'IP_RECVERR', 0, flag],
  [SOL_IP, 'IP_PKTINFO', 0, flag],
  [SOL_IP, 'IP_FREEBIND', 0, flag],
  [SOL_IP, 'IP_MINTTL', 0, [E, E, '=', '=', '=', '=', '=', '=', '=', E, E, E, E]],
  [SOL_IP, 'IP_MULTICAST_TTL', 1, [E, E, E, E, E, E, E, E, E, E, E, E, E]],
  [SOL_IP, 'IP_MULTICAST_LOOP', 1, flag],
  [SOL_IP, 'IP_MULTICAST_ALL', 1, [E, E, '=', '=', E, E, E, E, E, E, E, E, E]],
];
const optname_of = (option: keyof typeof uapi): number => uapi[option] as number;
for (const [level, option, initial, set] of tables)
  test(
    option,
    answers,
    async (libc, ok) => {
      const optname = optname_of(option);
      const got = { value: 0 };
      await ok.getsockopt(await tcp(ok), level, optname, got);
      const r: unknown[] = [got.value];
      for (const val of VALUES) {
        const s = await tcp(ok);
        const ret = await libc.setsockopt(s, level, optname, int(val));
        if (ret === 0) await ok.getsockopt(s, level, optname, got);
        r.push(ret === -1 ? outcome(libc, ret) : got.value === val ? '=' : got.value);
        await ok.close(s);
      }
      return r;
    },
    (release: Release) =>
      level === SOL_TCP && optname_of(option) > release.tcp_option_max ? undefined : [initial, ...set],
  );

// levels, names, lengths

const refused: readonly [string, number, number, string, string][] = [
  ['no such option of TCP', SOL_TCP, 40, 'ENOPROTOOPT', 'ENOPROTOOPT'],
  ['no such option of IP', SOL_IP, 30, 'ENOPROTOOPT', 'ENOPROTOOPT'],
  ['level of IPv6', uapi.SOL_IPV6, 1, 'ENOPROTOOPT', 'EOPNOTSUPP'],
  ['level of UDP', SOL_UDP, 1, 'ENOPROTOOPT', 'EOPNOTSUPP'],
];
for (const [title, level, optname, set, get] of refused)
  test(
    title,
    answers,
    async (libc, ok) => {
      const s = await tcp(ok);
      const r = outcome(libc, await libc.setsockopt(s, level, optname, int(1)));
      return [r, outcome(libc, await libc.getsockopt(s, level, optname, { value: 0 }))];
    },
    [set, get],
  );
test(
  'level of TCP on a datagram socket',
  answers,
  async (libc, ok) => {
    const s = await udp(ok);
    const r = outcome(libc, await libc.setsockopt(s, SOL_TCP, uapi.TCP_NODELAY, int(1)));
    return [r, outcome(libc, await libc.getsockopt(s, SOL_TCP, uapi.TCP_NODELAY, { value: 0 }))];
  },
  ['ENOPROTOOPT', 'EOPNOTSUPP'],
);
test(
  'a byte is enough at the level of IP',
  answers,
  async (libc, ok) => {
    const s = await tcp(ok);
    const byte = Uint8Array.of(8);
    const r = [
      await libc.setsockopt(s, SOL_IP, uapi.IP_TOS, byte),
      await libc.setsockopt(s, SOL_IP, uapi.IP_TTL, byte),
    ];
    const got = new Uint8Array(1);
    await ok.getsockopt(s, SOL_IP, uapi.IP_TTL, got);
    return [...r, got[0], outcome(libc, await libc.setsockopt(s, SOL_TCP, uapi.TCP_NODELAY, byte))];
  },
  [0, 0, 8, 'EINVAL'],
);
test(
  'IP_TOS of a datagram socket has all its bits',
  answers,
  async (_libc, ok) => {
    const s = await udp(ok);
    await ok.setsockopt(s, SOL_IP, uapi.IP_TOS, int(255));
    const got = { value: 0 };
    await ok.getsockopt(s, SOL_IP, uapi.IP_TOS, got);
    return got.value;
  },
  255,
);
test(
  'IP_MTU: only of a connected socket',
  answers,
  async (libc, ok) => {
    const s = await udp(ok);
    const got = { value: 0 };
    const r = outcome(libc, await libc.getsockopt(s, SOL_IP, uapi.IP_MTU, got));
    await ok.connect(s, at(9));
    await ok.getsockopt(s, SOL_IP, uapi.IP_MTU, got);
    return [r, got.value];
  },
  ['ENOTCONN', 65535],
);
for (const [asked, expected] of [
  ['reno', 'reno'],
  ['cubic\0', 'cubic'],
  ['nosuch', 'ENOENT'],
  ['', 'EINVAL'],
] as const)
  test(
    `TCP_CONGESTION '${asked.replace('\0', '')}'`,
    answers,
    async (libc, ok) => {
      const s = await tcp(ok);
      const raw = Uint8Array.from(asked, (c) => c.charCodeAt(0));
      if ((await libc.setsockopt(s, SOL_TCP, uapi.TCP_CONGESTION, raw)) === -1) return outcome(libc, -1);
      const name = new Uint8Array(16);
      await ok.getsockopt(s, SOL_TCP, uapi.TCP_CONGESTION, name);
      return String.fromCharCode(...name).replaceAll('\0', '');
    },
    expected,
  );
test(
  'TCP_INFO of a listener: its queue',
  answers,
  async (_libc, ok) => {
    const l = await listener(ok, at(80), 7);
    await client(ok);
    const info = new Uint8Array(280);
    await ok.getsockopt(l, SOL_TCP, uapi.TCP_INFO, info);
    return [info[0], info[24], info[28]];
  },
  [uapi.tcp_states.TCP_LISTEN, 1, 7],
);
