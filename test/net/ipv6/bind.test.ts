import test from 'ava';
import type { Libc, Release, ThrowingLibc } from '../../../index.js';
import * as uapi from '../../../kernel-mock/include/uapi/index.js';
import { answers, outcome } from '../../facts.js';
import { at } from '../ipv4/fixtures.js';
import { at6, name6, tcp6 } from './fixtures.js';

const { AF_INET, AF_INET6, IPV6_V6ONLY, SOCK_DGRAM, SOCK_STREAM, SOL_IPV6, SOL_SOCKET } = uapi;

// Which addresses a socket can have. Observed on Linux 6.18 with lo alone.

const addresses: readonly [addr: string, scope: number, stream: string, dgram: string, only: string][] = [
  ['::', 0, '[::]:80', '[::]:80', '[::]:80'],
  ['::1', 0, '[::1]:80', '[::1]:80', '[::1]:80'],
  ['::1', 99, '[::1]:80', '[::1]:80', '[::1]:80'],
  ['::2', 0, 'EADDRNOTAVAIL', 'EADDRNOTAVAIL', 'EADDRNOTAVAIL'],
  ['2001:db8::1', 0, 'EADDRNOTAVAIL', 'EADDRNOTAVAIL', 'EADDRNOTAVAIL'],
  ['::127.0.0.1', 0, 'EADDRNOTAVAIL', 'EADDRNOTAVAIL', 'EADDRNOTAVAIL'],
  ['fe80::1', 0, 'EINVAL', 'EINVAL', 'EINVAL'],
  ['fe80::1', 1, 'EADDRNOTAVAIL', 'EADDRNOTAVAIL', 'EADDRNOTAVAIL'],
  ['ff02::1', 0, 'EINVAL', 'EINVAL', 'EINVAL'],
  ['ff0e::1', 0, 'EINVAL', '[ff0e::1]:80', 'EINVAL'],
  ['::ffff:0.0.0.0', 0, '[::ffff:0.0.0.0]:80', '[::ffff:0.0.0.0]:80', 'EINVAL'],
  ['::ffff:127.0.0.9', 0, '[::ffff:127.0.0.9]:80', '[::ffff:127.0.0.9]:80', 'EINVAL'],
  ['::ffff:8.8.8.8', 0, 'EADDRNOTAVAIL', 'EADDRNOTAVAIL', 'EINVAL'],
  ['::ffff:224.0.0.1', 0, '[::ffff:224.0.0.1]:80', '[::ffff:224.0.0.1]:80', 'EINVAL'],
];
for (const [addr, scope, ...expected] of addresses)
  test(
    `${addr} scope ${scope}`,
    answers,
    async (libc, ok) => {
      const r: unknown[] = [];
      for (const [type, only] of [[SOCK_STREAM, 0] as const, [SOCK_DGRAM, 0] as const, [SOCK_STREAM, 1] as const]) {
        const s = await ok.socket(AF_INET6, type, 0);
        await ok.setsockopt(s, SOL_IPV6, IPV6_V6ONLY, only);
        const err = await libc.bind(s, at6(80, addr, scope));
        r.push(err === -1 ? outcome(libc, err) : await name6(libc, s));
        await ok.close(s);
      }
      return r;
    },
    expected,
  );

const raw6 = (family: number): Uint8Array => Uint8Array.of(family, 0, 0, 80, ...new Array<number>(24).fill(0));
const forms: readonly [title: string, raw: Uint8Array, len: number, expected: number | string][] = [
  ['whole', raw6(AF_INET6), 28, 0],
  ['as of RFC 2133', raw6(AF_INET6), 24, 0],
  ['too short', raw6(AF_INET6), 23, 'EINVAL'],
  ['empty', raw6(AF_INET6), 0, 'EINVAL'],
  ['of IPv4', raw6(AF_INET), 16, 'EINVAL'],
  ['of IPv4, long', raw6(AF_INET), 28, 'EAFNOSUPPORT'],
  ['of no family', raw6(0), 28, 'EAFNOSUPPORT'],
  ['of no family, short', raw6(0), 16, 'EINVAL'],
];
for (const [title, raw, len, expected] of forms)
  test(`an address ${title}`, answers, async (libc, ok) => libc.bind(await tcp6(ok), raw, len), expected);
test(
  'an IPv6 address for IPv4',
  answers,
  async (libc, ok) => libc.bind(await ok.socket(AF_INET, SOCK_STREAM, 0), at6(80)),
  'EAFNOSUPPORT',
);

// Who can have a port beside whom. '.': may; 'X': may not. Rows bind first.

type Bound = readonly [addr: string, only: number];
const bounds: readonly Bound[] = [
  ['0.0.0.0', 0],
  ['127.0.0.1', 0],
  ['::', 0],
  ['::', 1],
  ['::1', 0],
  ['::1', 1],
  ['::ffff:0.0.0.0', 0],
  ['::ffff:127.0.0.1', 0],
];
async function bind(libc: Libc, ok: ThrowingLibc, [addr, only]: Bound, type: number, option: number): Promise<number> {
  const v6 = addr.includes(':');
  const s = await ok.socket(v6 ? AF_INET6 : AF_INET, type, 0);
  if (v6) await ok.setsockopt(s, SOL_IPV6, IPV6_V6ONLY, only);
  if (option !== 0) await ok.setsockopt(s, SOL_SOCKET, option, 1);
  if ((await libc.bind(s, v6 ? at6(80, addr) : at(80, addr))) === 0) return s;
  await ok.close(s);
  return -1;
}
const PLAIN = ['XXX...XX', 'XXX...XX', 'XXXXXXXX', '..XXXX..', '..XXXX..', '..XXXX..', 'XXX...XX', 'XXX...XX'];
for (const [title, option, expected] of [
  ['without options', 0, PLAIN],
  ['with SO_REUSEADDR', uapi.SO_REUSEADDR, bounds.map(() => '........')],
  ['with SO_REUSEPORT', uapi.SO_REUSEPORT, bounds.map(() => '........')],
] as const)
  for (const type of [SOCK_STREAM, SOCK_DGRAM])
    test(
      `two on a port ${title}, type ${type}`,
      answers,
      async (libc, ok) => {
        const r: string[] = [];
        for (const a of bounds) {
          let row = '';
          for (const b of bounds) {
            const first = await bind(libc, ok, a, type, option);
            const second = await bind(libc, ok, b, type, option);
            row += second === -1 ? 'X' : '.';
            await ok.close(first);
            if (second !== -1) await ok.close(second);
          }
          r.push(row);
        }
        return r;
      },
      (release: Release) => (release.sock_options_missing.has(option) ? undefined : expected),
    );
test(
  'two listeners with SO_REUSEADDR',
  answers,
  async (libc, ok) => {
    const r: string[] = [];
    for (const a of bounds) {
      let row = '';
      for (const b of bounds) {
        const first = await bind(libc, ok, a, SOCK_STREAM, uapi.SO_REUSEADDR);
        const second = await bind(libc, ok, b, SOCK_STREAM, uapi.SO_REUSEADDR);
        await ok.listen(first, 1);
        row += (await libc.listen(second, 1)) === 0 ? '.' : 'X';
        await ok.close(first);
        await ok.close(second);
      }
      r.push(row);
    }
    return r;
  },
  PLAIN,
);

// IPV6_V6ONLY

const only = async (ok: ThrowingLibc, s: number): Promise<number> => {
  const got = { value: -1 };
  await ok.getsockopt(s, SOL_IPV6, IPV6_V6ONLY, got);
  return got.value;
};
for (const [addr, expected] of [
  ['::', [0, 'EINVAL', 0]],
  ['::1', [0, 'EINVAL', 1]],
  ['::ffff:127.0.0.1', [0, 'EINVAL', 0]],
] as const)
  test(
    `IPV6_V6ONLY after bind to ${addr}`,
    answers,
    async (libc, ok) => {
      const s = await tcp6(ok);
      const before = await only(ok, s);
      await ok.bind(s, at6(80, addr));
      return [before, outcome(libc, await libc.setsockopt(s, SOL_IPV6, IPV6_V6ONLY, 1)), await only(ok, s)];
    },
    expected,
  );

// socket

for (const family of [AF_INET, AF_INET6])
  test(
    `raw sockets of family ${family}: a protocol, and privilege`,
    answers,
    async (libc, ok) => {
      const r = [outcome(libc, await libc.socket(family, uapi.SOCK_RAW, 0))];
      await ok.setuid(65534);
      r.push(outcome(libc, await libc.socket(family, uapi.SOCK_RAW, 0)));
      r.push(outcome(libc, await libc.socket(family, uapi.SOCK_RAW, 1)));
      return [...r, outcome(libc, await libc.socket(family, uapi.SOCK_RDM, 0))];
    },
    ['EPROTONOSUPPORT', 'EPROTONOSUPPORT', 'EPERM', 'ESOCKTNOSUPPORT'],
  );
