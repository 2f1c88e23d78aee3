import test from 'ava';
import type { Libc, Release, SockAddrOut, ThrowingLibc } from '../../../index.js';
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from '../../../kernel-mock/include/uapi/index.js';
import { answers, bytes, outcome } from '../../facts.js';
import { A, B, NOWHERE, PATH, bound, client, connection, listener, pair } from './fixtures.js';

/** A struct sockaddr_un with these bytes as its name. */
const un = (name: string): Uint8Array => Uint8Array.from([AF_UNIX, 0, ...bytes(name)]);

async function name_of(ok: ThrowingLibc, fd: number): Promise<SockAddrOut> {
  const addr: SockAddrOut = {};
  await ok.getsockname(fd, addr);
  return addr;
}

async function peer_of(ok: ThrowingLibc, fd: number): Promise<SockAddrOut> {
  const addr: SockAddrOut = {};
  await ok.getpeername(fd, addr);
  return addr;
}

const fresh =
  (addr: Parameters<Libc['bind']>[1], len?: number) =>
  async (libc: Libc, ok: ThrowingLibc): Promise<number> =>
    libc.bind(await ok.socket(AF_UNIX, SOCK_STREAM, 0), addr, len);

// bind

test('bind: a path', answers, fresh(PATH), 0);
test('bind: an abstract name', answers, fresh(A), 0);
test('bind: the family alone', answers, fresh({ family: AF_UNIX }), 0);
test('bind: one byte of a family', answers, fresh(Uint8Array.of(AF_UNIX)), 'EINVAL');
test('bind: another family', answers, fresh({ family: AF_INET }), 'EINVAL');
test('bind: the other family alone', answers, fresh(Uint8Array.of(AF_INET, 0)), 'EINVAL');
test('bind: the longest abstract name', answers, fresh(un(`\0${'x'.repeat(107)}`)), 0);
test('bind: the longest path, without a terminating zero', answers, fresh(un('x'.repeat(108))), 0);
test('bind: one byte too long', answers, fresh(un('x'.repeat(109))), 'EINVAL');
test('bind: an abstract name of no bytes', answers, fresh(un('\0')), 0);
test(
  'bind: an abstract name that is taken',
  answers,
  async (libc, ok) => {
    await bound(ok, A);
    return libc.bind(await ok.socket(AF_UNIX, SOCK_STREAM, 0), A);
  },
  'EADDRINUSE',
);
test(
  'bind: an abstract name that a socket of another type has',
  answers,
  async (libc, ok) => {
    await bound(ok, A, SOCK_DGRAM);
    return libc.bind(await ok.socket(AF_UNIX, SOCK_STREAM, 0), A);
  },
  0,
);
test(
  'bind: abstract names differ by their length',
  answers,
  async (libc, ok) => {
    await ok.bind(await ok.socket(AF_UNIX, SOCK_STREAM, 0), un('\0a'));
    return libc.bind(await ok.socket(AF_UNIX, SOCK_STREAM, 0), un('\0a\0'));
  },
  0,
);
test(
  'bind: a path ends at its first zero',
  answers,
  async (libc, ok) => {
    await ok.bind(await ok.socket(AF_UNIX, SOCK_STREAM, 0), un('p\0one'));
    return libc.bind(await ok.socket(AF_UNIX, SOCK_STREAM, 0), un('p\0two'));
  },
  'EADDRINUSE',
);
test(
  'bind: a path that is taken',
  answers,
  async (libc, ok) => {
    await bound(ok, PATH);
    return libc.bind(await ok.socket(AF_UNIX, SOCK_STREAM, 0), PATH);
  },
  'EADDRINUSE',
);
test(
  'bind: a path that a socket of another type has',
  answers,
  async (libc, ok) => {
    await bound(ok, PATH);
    return libc.bind(await ok.socket(AF_UNIX, SOCK_DGRAM, 0), PATH);
  },
  'EADDRINUSE',
);
test(
  'bind: a path outlives its socket',
  answers,
  async (libc, ok) => {
    await ok.close(await bound(ok, PATH));
    return libc.bind(await ok.socket(AF_UNIX, SOCK_STREAM, 0), PATH);
  },
  'EADDRINUSE',
);
test(
  'bind: an abstract name dies with its socket',
  answers,
  async (libc, ok) => {
    await ok.close(await bound(ok, A));
    return libc.bind(await ok.socket(AF_UNIX, SOCK_STREAM, 0), A);
  },
  0,
);
test('bind: twice', answers, async (libc, ok) => libc.bind(await bound(ok, A), B), 'EINVAL');
test('bind: twice, to the same name', answers, async (libc, ok) => libc.bind(await bound(ok, A), A), 'EINVAL');
test(
  'bind: twice, to a path that is taken',
  answers,
  async (libc, ok) => {
    await bound(ok, PATH);
    return libc.bind(await bound(ok, A), PATH);
  },
  // 2.6.23 looks at the socket first, 6.18 at the path.
  (r: Release) => (r.name === '6.18' ? 'EADDRINUSE' : 'EINVAL'),
);
test(
  'bind: the family alone to a socket with a name',
  answers,
  async (libc, ok) => libc.bind(await bound(ok), { family: AF_UNIX }),
  0,
);
test('bind: one end of a pair', answers, async (libc, ok) => libc.bind((await pair(ok))[0], A), 0);

// autobind

test(
  'autobind: a zero and five hexadecimal digits',
  answers,
  async (_libc, ok) => {
    const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    await ok.bind(s, { family: AF_UNIX });
    return /^[0-9a-f]{5}$/.test((await name_of(ok, s)).abstract ?? '') ? 'hexadecimal' : await name_of(ok, s);
  },
  'hexadecimal',
);
test(
  'autobind: no two alike',
  answers,
  async (_libc, ok) => {
    const names = new Set<unknown>();
    for (let i = 0; i < 20; i++) {
      const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
      await ok.bind(s, { family: AF_UNIX });
      names.add((await name_of(ok, s)).abstract);
    }
    return names.size;
  },
  20,
);
test(
  'autobind: others can connect',
  answers,
  async (libc, ok) => {
    const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    await ok.bind(s, { family: AF_UNIX });
    await ok.listen(s, 1);
    const { abstract } = await name_of(ok, s);
    return libc.connect(await ok.socket(AF_UNIX, SOCK_STREAM, 0), { family: AF_UNIX, abstract: abstract! });
  },
  0,
);

// getsockname, getpeername

const NAMED = { family: AF_UNIX, abstract: 'a' };
const UNNAMED = { family: AF_UNIX };
test(
  'getsockname: unnamed',
  answers,
  async (_libc, ok) => name_of(ok, await ok.socket(AF_UNIX, SOCK_STREAM, 0)),
  UNNAMED,
);
test('getsockname: an abstract name', answers, async (_libc, ok) => name_of(ok, await bound(ok, A)), NAMED);
test('getsockname: a path', answers, async (_libc, ok) => name_of(ok, await bound(ok, PATH)), { ...PATH });
test(
  'getsockname: a path has its terminating zero',
  answers,
  async (_libc, ok) => {
    const len = Uint8Array.of(110, 0, 0, 0);
    const raw = new Uint8Array(110);
    await ok.syscall(51, await bound(ok, PATH), raw, len);
    return [len[0], raw[6]];
  },
  [2 + 5, 0],
);
test(
  'getsockname: a path of 108 bytes is reported with 111',
  answers,
  async (_libc, ok) => {
    const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    await ok.bind(s, un('x'.repeat(108)));
    const len = Uint8Array.of(128, 0, 0, 0);
    await ok.syscall(51, s, new Uint8Array(128), len);
    return len[0];
  },
  111,
);
test(
  'getsockname: an accepted socket has its listener’s',
  answers,
  async (_libc, ok) => name_of(ok, (await connection(ok))[2]),
  NAMED,
);
test('getpeername: of a client', answers, async (_libc, ok) => peer_of(ok, (await connection(ok))[1]), NAMED);
test(
  'getpeername: of an accepted socket',
  answers,
  async (_libc, ok) => peer_of(ok, (await connection(ok))[2]),
  UNNAMED,
);
test('getpeername: of a pair', answers, async (_libc, ok) => peer_of(ok, (await pair(ok))[0]), UNNAMED);
test('getpeername: not connected', answers, async (libc, ok) => libc.getpeername(await bound(ok), {}), 'ENOTCONN');
test('getpeername: a listener', answers, async (libc, ok) => libc.getpeername(await listener(ok), {}), 'ENOTCONN');
test(
  'getpeername: the peer has closed',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.close(b);
    return outcome(libc, await libc.getpeername(a, {}));
  },
  0,
);
test(
  'getpeername: the peer has closed, and had a name',
  answers,
  async (_libc, ok) => {
    const [, c, s] = await connection(ok);
    await ok.close(s);
    return peer_of(ok, c);
  },
  NAMED,
);
test(
  'getpeername: not accepted yet',
  answers,
  async (_libc, ok) => {
    await listener(ok);
    return peer_of(ok, await client(ok));
  },
  NAMED,
);

// connect finds

for (const [name, type] of [
  ['stream', SOCK_STREAM],
  ['record', SOCK_SEQPACKET],
  ['datagram', SOCK_DGRAM],
] as const) {
  const from =
    (addr: Parameters<Libc['connect']>[1], prepare?: (ok: ThrowingLibc) => Promise<unknown>) =>
    async (libc: Libc, ok: ThrowingLibc): Promise<number> => {
      await prepare?.(ok);
      return libc.connect(await ok.socket(AF_UNIX, type, 0), addr);
    };
  const other = type === SOCK_DGRAM ? SOCK_STREAM : SOCK_DGRAM;
  test(`connect, ${name}: no such path`, answers, from(NOWHERE), 'ENOENT');
  test(`connect, ${name}: no such abstract name`, answers, from(A), 'ECONNREFUSED');
  test(`connect, ${name}: the family alone`, answers, from({ family: AF_UNIX }), 'EINVAL');
  test(`connect, ${name}: the family and a path of no bytes`, answers, from(un('\0')), 'ECONNREFUSED');
  test(`connect, ${name}: one byte`, answers, from(Uint8Array.of(AF_UNIX)), 'EINVAL');
  test(`connect, ${name}: another family`, answers, from({ family: AF_INET }), 'EINVAL');
  test(`connect, ${name}: one byte too long`, answers, from(un('x'.repeat(109))), 'EINVAL');
  test(
    `connect, ${name}: a path whose socket is closed`,
    answers,
    from(PATH, async (ok) => ok.close(await bound(ok, PATH, type))),
    'ECONNREFUSED',
  );
  test(
    `connect, ${name}: a path of another type`,
    answers,
    from(PATH, (ok) => bound(ok, PATH, other)),
    'EPROTOTYPE',
  );
  test(
    `connect, ${name}: an abstract name of another type`,
    answers,
    from(A, (ok) => bound(ok, A, other)),
    'ECONNREFUSED',
  );
}
