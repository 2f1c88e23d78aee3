import test from 'ava';
import fc from 'fast-check';
import {
  copy,
  get_s32,
  get_s64,
  get_u16,
  get_u32,
  get_u64,
  put_u16,
  put_u32,
  put_u64,
} from '../../kernel-mock/lib/bytes.js';

type Load = (b: Uint8Array, o: number) => number;
type Store = (b: Uint8Array, o: number, v: number) => void;

const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');
const raw = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

const loads = test.macro({
  exec(t, load: Load, bytes: string, expected: number) {
    t.is(load(raw(bytes), 0), expected);
    // From the middle of something larger.
    t.is(load(raw(`ffff${bytes}ffff`), 2), expected);
  },
  title: (_, load: Load, bytes: string, expected: number) => `${load.name} of ${bytes} is ${expected}`,
});

test(loads, get_u16, '0102', 0x0201);
test(loads, get_u16, 'ffff', 65535);
test(loads, get_u32, '01020304', 0x04030201);
test(loads, get_u32, 'ffffffff', 4294967295);
test(loads, get_u32, '00000080', 2 ** 31);
test(loads, get_s32, 'ffffff7f', 2147483647);
test(loads, get_s32, '00000080', -(2 ** 31));
test(loads, get_s32, 'feffffff', -2);
test(loads, get_u64, '0100000000000000', 1);
test(loads, get_u64, '0000000001000000', 2 ** 32);
test(loads, get_u64, 'ffffffffffff1f00', Number.MAX_SAFE_INTEGER);
test(loads, get_u64, '0000000000002000', 2 ** 53);
test(loads, get_u64, 'ffffffffffffffff', 2 ** 64);
test(loads, get_s64, 'ffffffffffffffff', -1);
test(loads, get_s64, '00000000ffffffff', -(2 ** 32));
test(loads, get_s64, '010000000000e0ff', -Number.MAX_SAFE_INTEGER);
test(loads, get_s64, '0000000000000080', -(2 ** 63));

const stores = test.macro({
  exec(t, store: Store, value: number, expected: string) {
    const n = expected.length / 2;
    const b = new Uint8Array(n + 4).fill(0xaa);
    store(b, 2, value);
    t.is(hex(b), `aaaa${expected}aaaa`);
  },
  title: (_, store: Store, value: number, expected: string) => `${store.name} of ${value} is ${expected}`,
});

test(stores, put_u16, 0x0201, '0102');
test(stores, put_u16, -1, 'ffff');
test(stores, put_u16, 65536, '0000');
test(stores, put_u32, 0x04030201, '01020304');
test(stores, put_u32, -1, 'ffffffff');
test(stores, put_u32, 4294967295, 'ffffffff');
test(stores, put_u32, 2 ** 32, '00000000');
test(stores, put_u64, 1, '0100000000000000');
test(stores, put_u64, -1, 'ffffffffffffffff');
test(stores, put_u64, -2, 'feffffffffffffff');
test(stores, put_u64, -(2 ** 32), '00000000ffffffff');
test(stores, put_u64, Number.MAX_SAFE_INTEGER, 'ffffffffffff1f00');
test(stores, put_u64, -Number.MAX_SAFE_INTEGER, '010000000000e0ff');
test(stores, put_u64, 2 ** 63, '0000000000000080');
// RLIM_INFINITY: all ones has no number of its own.
test(stores, put_u64, 2 ** 64, 'ffffffffffffffff');
test(stores, put_u64, NaN, '0000000000000000');

test('as DataView has it', (t) => {
  const bytes = fc.uint8Array({ minLength: 8, maxLength: 8 });
  const safe = fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(bytes, safe, fc.integer(), (b, v64, v32) => {
      const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
      if (get_u16(b, 1) !== view.getUint16(1, true)) return false;
      if (get_u32(b, 1) !== view.getUint32(1, true)) return false;
      if (get_s32(b, 1) !== view.getInt32(1, true)) return false;
      if (get_u64(b, 0) !== Number(view.getBigUint64(0, true))) return false;
      put_u64(b, 0, v64);
      if (view.getBigInt64(0, true) !== BigInt(v64) || get_s64(b, 0) !== v64) return false;
      put_u32(b, 3, v32);
      if (view.getInt32(3, true) !== v32) return false;
      put_u16(b, 5, v32);
      return view.getInt16(5, true) === (v32 << 16) >> 16;
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

test('short and long copies', (t) => {
  for (const n of [0, 1, 8, 63, 64, 65, 200]) {
    const src = Uint8Array.from({ length: 300 }, (_, i) => i);
    const dst = new Uint8Array(300);
    copy(dst, 10, src, 20, n);
    const expected = new Uint8Array(300);
    expected.set(src.slice(20, 20 + n), 10);
    t.deepEqual(dst, expected);
    const whole = new Uint8Array(300);
    copy(whole, 3, src.subarray(0, n), 0, n);
    t.deepEqual(whole.slice(3, 3 + n), src.slice(0, n));
  }
});
