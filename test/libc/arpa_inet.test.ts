/** arpa/inet.h, against what glibc 2.36 answers. */
import test from 'ava';
import { AF_INET, AF_INET6, AF_UNIX, errno_names } from '../../kernel-mock/include/uapi/index.js';
import { answer } from '../facts.js';

/** The text of an IPv6 address, and how it is written back; '-': it is none. */
const V6: readonly (readonly [string, string])[] = [
  ['::1', '::1'],
  ['::', '::'],
  ['1::', '1::'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ['1::8', '1::8'],
  [':1', '-'],
  ['1:', '-'],
  [':::', '-'],
  ['1:::2', '-'],
  ['::1::', '-'],
  ['12345::', '-'],
  ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
  ['::1.2.3.4', '::1.2.3.4'],
  ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ['1:2:3:4:5:6:7:1.2.3.4', '-'],
  ['::1.2.3', '-'],
  ['::1.2.3.4.5', '-'],
  ['1.2.3.4::', '-'],
  ['1.2.3.4', '-'],
  ['::g', '-'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['1:0:0:0:2:0:0:3', '1::2:0:0:3'],
  ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
  ['0:1::', '0:1::'],
  ['::ffff:0:1', '::ffff:0.0.0.1'],
  ['::1:2', '::0.1.0.2'],
  ['::1:0:0', '::1:0:0'],
  ['::0.0.0.1', '::1'],
  ['FFFF::A', 'ffff::a'],
  ['::1%lo', '-'],
  ['', '-'],
  ['1', '-'],
  ['::01.2.3.4', '-'],
  ['1::2:3:4:5:6:7:8', '-'],
  ['fe80::1:2', 'fe80::1:2'],
  ['::ffff:0:0:0', '::ffff:0:0:0'],
  ['0:0:0:0:0:ffff:1:2', '::ffff:0.1.0.2'],
  ['0:0:0:0:0:0:0:2', '::2'],
];
for (const [src, expected] of V6)
  test(`IPv6 address '${src}'`, async (t) => {
    const got = await answer(t, {}, async (libc) => {
      const raw = new Uint8Array(16);
      return libc.inet_pton(AF_INET6, src, raw) === 1 ? libc.inet_ntop(AF_INET6, raw) : '-';
    });
    t.is(got, expected);
  });

/** inet_pton, and inet_addr, which takes the old forms too: '-' is none. */
const V4: readonly (readonly [string, string, string])[] = [
  ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
  ['255.255.255.255', '255.255.255.255', '255.255.255.255'],
  ['1.2.3', '-', '1.2.0.3'],
  ['127.1', '-', '127.0.0.1'],
  ['1', '-', '0.0.0.1'],
  ['1.2.65535', '-', '1.2.255.255'],
  ['1.2.65536', '-', '-'],
  ['0x7f.1', '-', '127.0.0.1'],
  ['010.0.0.1', '-', '8.0.0.1'],
  ['08.0.0.1', '-', '-'],
  ['1.2.3.4.5', '-', '-'],
  ['256.0.0.1', '-', '-'],
  ['1.2.3.4 x', '-', '1.2.3.4'],
  ['1.2.3.4x', '-', '-'],
  ['', '-', '-'],
];
for (const [src, pton, addr] of V4)
  test(`IPv4 address '${src}'`, async (t) => {
    const got = await answer(t, {}, async (libc) => {
      const raw = new Uint8Array(4);
      const first = libc.inet_pton(AF_INET, src, raw) === 1 ? libc.inet_ntop(AF_INET, raw) : '-';
      const old = libc.inet_aton(src, raw) === 1 ? libc.inet_ntoa(libc.inet_addr(src)) : '-';
      t.is(old === '-' ? 0xffffffff : libc.inet_addr(libc.inet_ntop(AF_INET, raw)!), libc.inet_addr(src));
      return [first, old];
    });
    t.deepEqual(got, [pton, addr]);
  });

test('a family that has no such text', async (t) => {
  const got = await answer(t, {}, async (libc) => {
    const ret = libc.inet_pton(AF_UNIX, '::', new Uint8Array(16));
    const errno = errno_names[libc.errno];
    return [ret, errno, libc.inet_ntop(AF_UNIX, new Uint8Array(16))];
  });
  t.deepEqual(got, [-1, 'EAFNOSUPPORT', null]);
});

test('the order of bytes', async (t) => {
  const got = await answer(t, {}, async (libc) => [
    libc.htons(0x1234),
    libc.ntohs(0x1234),
    libc.htonl(0x12345678),
    libc.ntohl(0xff000001),
  ]);
  t.deepEqual(got, [0x3412, 0x3412, 0x78563412, 0x010000ff]);
});
