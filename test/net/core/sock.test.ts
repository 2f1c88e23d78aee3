import test from 'ava';
import { type Libc, type Release, type ThrowingLibc, throwing } from '../../../index.js';
import {
  AF_UNIX,
  NR,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_DEBUG,
  SO_DOMAIN,
  SO_DONTROUTE,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_OOBINLINE,
  SO_PASSCRED,
  SO_PRIORITY,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDLOWAT,
  SO_SNDTIMEO,
  SO_TIMESTAMP,
  SO_TYPE,
} from '../../../kernel-mock/include/uapi/index.js';
import { answers, outcome, receive } from '../../facts.js';
import { nothing_left, boot_for } from '../../helpers.js';
import { connection, listener, nonblocking, pair } from '../unix/fixtures.js';

const stream = (ok: ThrowingLibc): Promise<number> => ok.socket(AF_UNIX, SOCK_STREAM, 0);

/** Set, then read: the value, or the errno of the one that fails. */
const set_and_get =
  (optname: number, value?: number) =>
  async (libc: Libc, ok: ThrowingLibc): Promise<number> => {
    const s = await stream(ok);
    if (value !== undefined && (await libc.setsockopt(s, SOL_SOCKET, optname, value)) === -1) return -1;
    const got = { value: -1 };
    return (await libc.getsockopt(s, SOL_SOCKET, optname, got)) === -1 ? -1 : got.value;
  };

// option, name, what is set (undefined: nothing), what is read
const INTS: readonly (readonly [string, number, number | undefined, number | string | ((r: Release) => unknown)])[] = [
  ...(
    [
      ['SO_DEBUG', SO_DEBUG],
      ['SO_REUSEADDR', SO_REUSEADDR],
      ['SO_KEEPALIVE', SO_KEEPALIVE],
      ['SO_BROADCAST', SO_BROADCAST],
      ['SO_DONTROUTE', SO_DONTROUTE],
      ['SO_OOBINLINE', SO_OOBINLINE],
      ['SO_PASSCRED', SO_PASSCRED],
      ['SO_TIMESTAMP', SO_TIMESTAMP],
    ] as const
  ).flatMap(
    ([name, opt]) =>
      [
        [name, opt, undefined, 0],
        [name, opt, 1, 1],
        [name, opt, -7, 1],
        [name, opt, 0, 0],
      ] as const,
  ),
  ['SO_REUSEPORT', SO_REUSEPORT, undefined, (r) => (r.sock_options_missing.has(SO_REUSEPORT) ? 'ENOPROTOOPT' : 0)],
  // Since 6.14 not for AF_UNIX.
  ['SO_REUSEPORT', SO_REUSEPORT, 1, (r) => (r.sock_options_missing.has(SO_REUSEPORT) ? 'ENOPROTOOPT' : 'EOPNOTSUPP')],
  ['SO_TYPE', SO_TYPE, undefined, SOCK_STREAM],
  ['SO_TYPE', SO_TYPE, 1, 'ENOPROTOOPT'],
  ['SO_DOMAIN', SO_DOMAIN, 1, 'ENOPROTOOPT'],
  ['SO_PROTOCOL', SO_PROTOCOL, 1, 'ENOPROTOOPT'],
  ['SO_ERROR', SO_ERROR, undefined, 0],
  ['SO_ERROR', SO_ERROR, 1, 'ENOPROTOOPT'],
  ['SO_ACCEPTCONN', SO_ACCEPTCONN, undefined, 0],
  ['SO_ACCEPTCONN', SO_ACCEPTCONN, 1, 'ENOPROTOOPT'],
  ['SO_PRIORITY', SO_PRIORITY, undefined, 0],
  ['SO_PRIORITY', SO_PRIORITY, 6, 6],
  ['SO_RCVLOWAT', SO_RCVLOWAT, undefined, 1],
  ['SO_RCVLOWAT', SO_RCVLOWAT, 0, 1],
  ['SO_RCVLOWAT', SO_RCVLOWAT, 100, 100],
  ['SO_RCVLOWAT', SO_RCVLOWAT, -1, 0x7fffffff],
  ['SO_SNDLOWAT', SO_SNDLOWAT, undefined, 1],
  ['SO_SNDLOWAT', SO_SNDLOWAT, 5, 'ENOPROTOOPT'],
  ['SO_SNDBUF', SO_SNDBUF, undefined, 212_992],
  ['SO_SNDBUF', SO_SNDBUF, 10_000, 20_000],
  ['SO_SNDBUF', SO_SNDBUF, 0, 4608],
  ['SO_SNDBUF', SO_SNDBUF, -1, (r) => 2 * r.sk_mem_max],
  ['SO_SNDBUF', SO_SNDBUF, 1e9, (r) => 2 * r.sk_mem_max],
  ['SO_RCVBUF', SO_RCVBUF, undefined, 212_992],
  ['SO_RCVBUF', SO_RCVBUF, 10_000, 20_000],
  ['SO_RCVBUF', SO_RCVBUF, 0, 2304],
  ['SO_RCVBUF', SO_RCVBUF, 1e9, (r) => 2 * r.sk_mem_max],
  ['option 9999', 9999, undefined, 'ENOPROTOOPT'],
  ['option 9999', 9999, 1, 'ENOPROTOOPT'],
  ['option -1', -1, undefined, 'ENOPROTOOPT'],
];
for (const [name, optname, value, expected] of INTS)
  test(
    `${name}: ${value === undefined ? 'at first' : `set to ${value}`}`,
    answers,
    set_and_get(optname, value),
    expected as number,
  );

test(
  'SO_ACCEPTCONN of a listener',
  answers,
  async (_libc, ok) => {
    const got = { value: -1 };
    await ok.getsockopt(await listener(ok), SOL_SOCKET, SO_ACCEPTCONN, got);
    return got.value;
  },
  1,
);

// Values that are no int.

/** The bytes of an option after `value` was set, as two words of 64 bits or two of 32. */
const bytes_of =
  (optname: number, value: Uint8Array | undefined, size: number) =>
  async (libc: Libc, ok: ThrowingLibc): Promise<unknown> => {
    const s = await stream(ok);
    if (value !== undefined && (await libc.setsockopt(s, SOL_SOCKET, optname, value)) === -1) return -1;
    const raw = new Uint8Array(64).fill(0xee);
    const len = { value: -1 };
    await ok.getsockopt(s, SOL_SOCKET, optname, raw, len);
    return [len.value, [...raw.subarray(0, size)]];
  };
const int32 = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);
const int64 = (...values: number[]): Uint8Array => new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);

test('SO_LINGER: at first', answers, bytes_of(SO_LINGER, undefined, 8), [8, [...int32(0, 0)]]);
test('SO_LINGER: on', answers, bytes_of(SO_LINGER, int32(1, 5), 8), [8, [...int32(1, 5)]]);
test('SO_LINGER: any number is on', answers, bytes_of(SO_LINGER, int32(7, 5), 8), [8, [...int32(1, 5)]]);
test('SO_LINGER: off', answers, bytes_of(SO_LINGER, int32(0, 5), 8), (r: Release) =>
  r.name === '6.18' ? [8, [...int32(0, 0)]] : undefined,
);
test('SO_LINGER: too short', answers, bytes_of(SO_LINGER, int32(1), 8), 'EINVAL');
for (const [name, optname] of [
  ['SO_RCVTIMEO', SO_RCVTIMEO],
  ['SO_SNDTIMEO', SO_SNDTIMEO],
] as const) {
  test(`${name}: at first`, answers, bytes_of(optname, undefined, 16), [16, [...int64(0, 0)]]);
  test(`${name}: set`, answers, bytes_of(optname, int64(2, 500_000), 16), [16, [...int64(2, 500_000)]]);
  test(`${name}: zero is no limit`, answers, bytes_of(optname, int64(0, 0), 16), [16, [...int64(0, 0)]]);
  test(`${name}: a million microseconds`, answers, bytes_of(optname, int64(0, 1_000_000), 16), 'EDOM');
  test(`${name}: negative microseconds`, answers, bytes_of(optname, int64(0, -1), 16), 'EDOM');
  test(`${name}: negative seconds are no time at all`, answers, bytes_of(optname, int64(-1, 0), 16), [
    16,
    [...int64(0, 0)],
  ]);
  test(`${name}: too short`, answers, bytes_of(optname, int64(1), 16), 'EINVAL');
}
test(
  'SO_RCVTIMEO: negative seconds do not wait',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    await ok.setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, int64(-1, 0));
    return receive(libc, a);
  },
  'EAGAIN',
);

// setsockopt: lengths and pointers

const set =
  (optval: number | Uint8Array, optlen: number, level = SOL_SOCKET, optname = SO_KEEPALIVE) =>
  async (libc: Libc, ok: ThrowingLibc): Promise<number> =>
    libc.syscall(NR.setsockopt, await stream(ok), level, optname, optval, optlen);
test('setsockopt: a negative length', answers, set(int32(1), -1), 'EINVAL');
test('setsockopt: less than an int', answers, set(int32(1), 3), 'EINVAL');
test('setsockopt: nothing', answers, set(0, 0), 'EINVAL');
test('setsockopt: more than an int', answers, set(int32(1, 2, 3), 12), 0);
test('setsockopt: no value', answers, set(0, 4), 'EFAULT');
test('setsockopt: half a value', answers, set(new Uint8Array(2), 4), 'EFAULT');
test('setsockopt: no value and no such option', answers, set(0, 4, SOL_SOCKET, 9999), 'EFAULT');
test('setsockopt: a level that the family lacks', answers, set(int32(1), 4, 6, 1), 'EOPNOTSUPP');
test(
  'setsockopt: an option that can only be read, and a short value',
  answers,
  set(int32(1), 2, SOL_SOCKET, SO_TYPE),
  'EINVAL',
);
test(
  'setsockopt: no descriptor and a negative length',
  answers,
  (libc) => libc.syscall(NR.setsockopt, 99, SOL_SOCKET, SO_KEEPALIVE, 0, -1),
  (r: Release) => (r.setsockopt_len_first ? 'EINVAL' : 'EBADF'),
);
test(
  'setsockopt: no socket and a negative length',
  answers,
  (libc) => libc.syscall(NR.setsockopt, 0, SOL_SOCKET, SO_KEEPALIVE, 0, -1),
  (r: Release) => (r.setsockopt_len_first ? 'EINVAL' : 'ENOTSOCK'),
);

// getsockopt: lengths and pointers

const get =
  (optval: number | Uint8Array, optlen: number | Uint8Array, level = SOL_SOCKET, optname = SO_TYPE) =>
  async (libc: Libc, ok: ThrowingLibc): Promise<number> =>
    libc.syscall(NR.getsockopt, await stream(ok), level, optname, optval, optlen);
test('getsockopt: no length', answers, get(int32(1), 0), 'EFAULT');
test('getsockopt: no length and no such option', answers, get(int32(1), 0, SOL_SOCKET, 9999), 'EFAULT');
test('getsockopt: a negative length', answers, get(int32(1), int32(-1)), 'EINVAL');
test('getsockopt: a negative length and no such option', answers, get(int32(1), int32(-1), SOL_SOCKET, 9999), 'EINVAL');
test('getsockopt: no value', answers, get(0, int32(4)), 'EFAULT');
test('getsockopt: no room, no pointer needed', answers, get(0, int32(0)), 0);
test('getsockopt: a level that the family lacks', answers, get(int32(1), int32(4), 6, 1), 'EOPNOTSUPP');
test(
  'getsockopt: room for two bytes',
  answers,
  async (_libc, ok) => {
    const value = int32(-1);
    const len = int32(2);
    await ok.syscall(NR.getsockopt, await stream(ok), SOL_SOCKET, SO_TYPE, value, len);
    return [[...value], [...len]];
  },
  [
    [1, 0, 255, 255],
    [2, 0, 0, 0],
  ],
);
test(
  'getsockopt: more room than needed',
  answers,
  async (_libc, ok) => {
    const len = int32(8);
    await ok.syscall(NR.getsockopt, await stream(ok), SOL_SOCKET, SO_TYPE, int32(0, 0), len);
    return len[0];
  },
  4,
);

// What options do

test(
  'SO_SNDBUF: less room',
  answers,
  async (libc, ok) => {
    const [a] = await pair(ok);
    await ok.setsockopt(a, SOL_SOCKET, SO_SNDBUF, 5000);
    await nonblocking(ok, a);
    let n = 0;
    while ((await libc.write(a, new Uint8Array(1000))) === 1000) n++;
    return n;
  },
  5,
);
test(
  'SO_ERROR: reading takes it',
  answers,
  async (_libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(a, 'unread');
    await ok.close(b);
    const first = { value: -1 };
    const second = { value: -1 };
    await ok.getsockopt(a, SOL_SOCKET, SO_ERROR, first);
    await ok.getsockopt(a, SOL_SOCKET, SO_ERROR, second);
    return [first.value, second.value];
  },
  [104, 0],
);
test(
  'an accepted socket has options of its own',
  answers,
  async (_libc, ok) => {
    const [l, , s] = await connection(ok);
    await ok.setsockopt(l, SOL_SOCKET, SO_KEEPALIVE, 1);
    const got = { value: -1 };
    await ok.getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, got);
    return got.value;
  },
  0,
);
test(
  'options on what is closed for both',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.close(b);
    return outcome(libc, await libc.setsockopt(a, SOL_SOCKET, SO_KEEPALIVE, 1));
  },
  0,
);

test('SO_RCVTIMEO runs on the clock of the kernel: an hour passes at once', async (t) => {
  const kernel = boot_for(t);
  let errno: unknown;
  await kernel.run(async (libc: Libc) => {
    const ok = throwing(libc);
    const [a] = await pair(ok);
    await ok.setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, int64(3600, 0));
    errno = outcome(libc, await libc.recv(a, new Uint8Array(1)));
  });
  t.is(errno, 'EAGAIN');
  const seconds = kernel.internals.ticks_ns / 1e9;
  t.true(seconds >= 3600 && seconds < 3601, `${seconds} seconds`);
  nothing_left(t, kernel);
});
