/** Socket addresses: objects of a program, bytes of the ABI, and what the kernel makes of them. */
import test from 'ava';
import fc from 'fast-check';
import type { SockAddr, SockAddrOut } from '../../index.js';
import { AF_INET, AF_UNIX, AF_UNSPEC, SOCK_DGRAM, SOCK_STREAM } from '../../kernel-mock/include/uapi/index.js';
import { decode_sockaddr, encode_sockaddr } from '../../libc/internal/sockaddr.js';
import { answers } from '../facts.js';

const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');
const raw = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const LONG = 'x'.repeat(108);

const encodes = test.macro({
  exec(t, addr: SockAddr, expected: string) {
    t.is(hex(encode_sockaddr(addr)), expected);
  },
  title: (title, addr: SockAddr) => `encode ${title ?? JSON.stringify(addr)}`,
});

test(encodes, { family: AF_INET, addr: '127.0.0.1', port: 8080 }, '02001f907f0000010000000000000000');
test(encodes, { family: AF_INET, addr: '0.0.0.0', port: 0 }, '02000000000000000000000000000000');
test(encodes, { family: AF_INET, addr: '255.254.253.252', port: 65535 }, '0200fffffffefdfc0000000000000000');
test(encodes, { family: AF_INET, addr: '10.0.0.1', port: 1 }, '020000010a0000010000000000000000');
test(encodes, { family: AF_UNIX, path: '/tmp/s' }, '01002f746d702f7300');
test(encodes, { family: AF_UNIX, path: 'ä' }, '0100c3a400');
test(encodes, { family: AF_UNIX, path: '' }, '010000');
test(encodes, { family: AF_UNIX, abstract: 'name' }, '0100006e616d65');
test(encodes, { family: AF_UNIX, abstract: '' }, '010000');
test(encodes, { family: AF_UNIX, abstract: 'a\0b\0' }, '01000061006200');
test(encodes, { family: AF_UNIX }, '0100');
test('107 bytes of path', encodes, { family: AF_UNIX, path: LONG.slice(1) }, `0100${'78'.repeat(107)}00`);
test('108 bytes of path', encodes, { family: AF_UNIX, path: LONG }, `0100${'78'.repeat(108)}`);
test('109 bytes of path', encodes, { family: AF_UNIX, path: `${LONG}x` }, `0100${'78'.repeat(109)}`);
test(encodes, { family: AF_UNSPEC }, '00000000000000000000000000000000');
test(encodes, { family: AF_INET }, '02000000000000000000000000000000');
test(encodes, { family: 77 }, '4d000000000000000000000000000000');
test('bytes as they are', encodes, raw('0102030405'), '0102030405');

const refuses = test.macro({
  exec(t, addr: object, message: RegExp) {
    t.throws(() => encode_sockaddr(addr as SockAddr), { message });
  },
  title: (_, addr: object) => `refused: ${JSON.stringify(addr)}`,
});

const PORT = /^port is a number from 0 to 65535, not /;
const ADDR = /^addr is an IPv4 address such as '127\.0\.0\.1', not /;
for (const port of [-1, 65536, 1.5, NaN, Infinity, null, '80', true])
  test(refuses, { family: AF_INET, addr: '1.2.3.4', port, of: String(port) }, PORT);
for (const addr of [
  '',
  '1',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '1.2.3.-1',
  '1.2.3.4 ',
  '1.2.3.x',
  '1..3.4',
  '01.2.3.4',
  '::1',
  'localhost',
  5,
  null,
])
  test(refuses, { family: AF_INET, addr, port: 1 }, ADDR);

const decodes = test.macro({
  exec(t, bytes: string, len: number, expected: SockAddrOut) {
    const room = new Uint8Array(128).fill(0x5a);
    room.set(raw(bytes));
    const out: SockAddrOut = { family: 9, addr: 'old', port: 1, path: 'old', abstract: 'old' };
    decode_sockaddr(room, len, out);
    t.deepEqual(out, expected);
  },
  title: (title, bytes: string, len: number) => `decode ${title ?? `${len} bytes of ${bytes}`}`,
});

test(decodes, '02001f907f0000010000000000000000', 16, { family: AF_INET, addr: '127.0.0.1', port: 8080 });
test(decodes, '02001f907f000001', 8, { family: AF_INET, addr: '127.0.0.1', port: 8080 });
test(decodes, '0200ffffffffffff0000000000000000', 16, { family: AF_INET, addr: '255.255.255.255', port: 65535 });
test(decodes, '02001f907f0000', 7, { family: AF_INET });
test(decodes, '0100', 2, { family: AF_UNIX });
test(decodes, '01002f746d702f7300', 9, { family: AF_UNIX, path: '/tmp/s' });
test(decodes, '01002f746d702f73', 8, { family: AF_UNIX, path: '/tmp/s' });
test(decodes, '0100006e616d65', 7, { family: AF_UNIX, abstract: 'name' });
test(decodes, '01000061006200', 7, { family: AF_UNIX, abstract: 'a\0b\0' });
test(decodes, '010000', 3, { family: AF_UNIX, abstract: '' });
test(decodes, '4d00', 16, { family: 77 });
test(decodes, '01', 1, {});
test(decodes, '', 0, {});
test('longer than the room', decodes, `0100${'78'.repeat(126)}`, 500, { family: AF_UNIX, path: 'x'.repeat(126) });

test('what is encoded is decoded', (t) => {
  const name = fc.string({ unit: 'grapheme', maxLength: 25 }).filter((s) => Buffer.byteLength(s) <= 107);
  const path = name.filter((s) => s !== '' && !s.includes('\0'));
  const ip = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }).map((parts) => parts.join('.'));
  const addr = fc.oneof(
    fc.record({ family: fc.constant(AF_INET), addr: ip, port: fc.nat(65535) }),
    fc.record({ family: fc.constant(AF_UNIX), path }),
    fc.record({ family: fc.constant(AF_UNIX), abstract: name }),
  );
  fc.assert(
    fc.property(addr, (sa) => {
      const bytes = encode_sockaddr(sa);
      const out: SockAddrOut = {};
      decode_sockaddr(bytes, bytes.length, out);
      t.deepEqual(out, { ...sa } as SockAddrOut);
    }),
  );
  t.pass();
});

/** A socket that is bound to `addr` has this name. */
const binds = test.macro({
  async exec(t, addr: SockAddr, expected: object | string) {
    await answers.exec(
      t,
      async (libc, ok) => {
        const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
        if ((await libc.bind(s, addr)) === -1) return -1;
        const name: SockAddrOut = {};
        await ok.getsockname(s, name);
        return name;
      },
      expected,
    );
  },
  title: (title, addr: SockAddr) => `bind to ${title ?? JSON.stringify(addr)}`,
});

test(binds, { family: AF_UNIX, path: '/tmp/s' }, { family: AF_UNIX, path: '/tmp/s' });
test(binds, { family: AF_UNIX, path: 'é€' }, { family: AF_UNIX, path: 'é€' });
test(binds, { family: AF_UNIX, path: 'cut\0off' }, { family: AF_UNIX, path: 'cut' });
test(binds, { family: AF_UNIX, abstract: 'a\0b' }, { family: AF_UNIX, abstract: 'a\0b' });
test(binds, { family: AF_UNIX, abstract: '' }, { family: AF_UNIX, abstract: '' });
test(binds, { family: AF_UNIX }, { family: AF_UNIX, abstract: '00000' });
test('108 bytes of path', binds, { family: AF_UNIX, path: LONG }, { family: AF_UNIX, path: LONG });
test(
  '107 bytes of abstract name',
  binds,
  { family: AF_UNIX, abstract: LONG.slice(1) },
  { family: AF_UNIX, abstract: LONG.slice(1) },
);
test('109 bytes of path', binds, { family: AF_UNIX, path: `${LONG}x` }, 'EINVAL');
test('108 bytes of abstract name', binds, { family: AF_UNIX, abstract: LONG }, 'EINVAL');
test('one byte', binds, raw('01'), 'EINVAL');
test('no byte', binds, raw(''), 'EINVAL');
test('129 bytes', binds, new Uint8Array(129).fill(1), 'EINVAL');
test(binds, { family: 77 }, 'EINVAL');

test(
  'a full path: another socket finds it, with its zero or without',
  answers,
  async (libc, ok) => {
    const s = await ok.socket(AF_UNIX, SOCK_DGRAM, 0);
    await ok.bind(s, { family: AF_UNIX, path: LONG });
    const c = await ok.socket(AF_UNIX, SOCK_DGRAM, 0);
    await ok.connect(c, { family: AF_UNIX, path: LONG });
    const name: SockAddrOut = {};
    await ok.getpeername(c, name);
    return [name.path?.length, await libc.send(c, 'x')];
  },
  [108, 1],
);

test(
  'a length of the caller counts',
  answers,
  async (libc, ok) => {
    const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    await ok.bind(s, { family: AF_UNIX, path: '/name/socket' }, 7);
    const name: SockAddrOut = {};
    await ok.getsockname(s, name);
    return name;
  },
  { family: AF_UNIX, path: '/name' },
);
test(
  'a length beyond the address',
  answers,
  async (libc, ok) => {
    const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    return libc.bind(s, { family: AF_UNIX, path: '/tmp' }, 50);
  },
  'EFAULT',
);
test(
  'a negative length',
  answers,
  async (libc, ok) => {
    const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    return libc.bind(s, { family: AF_UNIX, path: '/tmp' }, -1);
  },
  'EINVAL',
);
test(
  'a null pointer',
  answers,
  async (libc, ok) => {
    const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    return libc.bind(s, null, 10);
  },
  'EFAULT',
);
