import test from 'ava';
import fc from 'fast-check';
import { EFAULT } from '../../kernel-mock/include/uapi/errno.js';
import { exit_mmap, find_vma, mm_alloc } from '../../kernel-mock/mm/mmap.js';
import {
  copy_from_user,
  copy_to_user,
  get_user_u32,
  get_user_u64,
  put_user_u32,
  size_t,
} from '../../kernel-mock/mm/uaccess.js';

const SLOT = 65536;

/** A range `len` bytes long, `offset` behind the start of a mapping of `size` bytes: is all of it there? */
const holds = test.macro({
  exec(t, size: number, offset: number, len: number, expected: boolean) {
    const mm = mm_alloc(undefined);
    // Neighbours on both sides: to leave a mapping must not lead into another.
    mm.user.map(new Uint8Array(SLOT - 1));
    const ptr = mm.user.map(new Uint8Array(size));
    mm.user.map(new Uint8Array(SLOT - 1));
    t.is(find_vma(mm, ptr + offset, len) !== null, expected);
  },
  title: (_, size: number, offset: number, len: number, expected: boolean) =>
    `${len} bytes at ${offset} of ${size} are ${expected ? '' : 'not '}there`,
});

test(holds, 10, 0, 10, true);
test(holds, 10, 0, 11, false);
test(holds, 10, 3, 7, true);
test(holds, 10, 3, 8, false);
test(holds, 10, 9, 1, true);
test(holds, 10, 10, 1, false);
test(holds, 10, -1, 1, false);
test(holds, 10, -1, 5, false);
test(holds, 10, 10, 0, true);
test(holds, 10, 0, Infinity, false);
test(holds, 10, 0, NaN, false);
test(holds, 10, 0.5, 1, false);
test(holds, 10, NaN, 1, false);
test(holds, 0, 0, 0, true);
test(holds, 0, 0, 1, false);
test(holds, SLOT - 1, SLOT - 2, 1, true);
test(holds, SLOT - 1, SLOT - 1, 1, false);
test(holds, SLOT, SLOT - 1, 1, true);
test(holds, SLOT, SLOT, 1, false);
test(holds, SLOT, 0, SLOT, true);
test(holds, SLOT, 0, SLOT + 1, false);
test(holds, SLOT + 1, SLOT, 1, true);
test(holds, SLOT + 1, SLOT - 1, 2, true);
test(holds, SLOT + 1, SLOT, 2, false);
test(holds, 3 * SLOT, 1, 3 * SLOT - 1, true);
test(holds, 3 * SLOT, 3 * SLOT, 1, false);

/** Pointers that are none. */
const faults = test.macro({
  exec(t, ptr: number) {
    const mm = mm_alloc(undefined);
    mm.user.map(new Uint8Array(100));
    const own = new Uint8Array(8).fill(7);
    t.is(copy_from_user(mm, own, 0, ptr, 8), -EFAULT);
    t.is(copy_to_user(mm, ptr, own, 0, 8), -EFAULT);
    t.is(get_user_u32(mm, ptr), -EFAULT);
    t.is(get_user_u64(mm, ptr), -EFAULT);
    t.is(put_user_u32(mm, ptr, 1), -EFAULT);
    t.deepEqual(own, new Uint8Array(8).fill(7));
    t.is(mm.user.bytes(ptr), undefined);
    mm.user.unmap(ptr);
    t.is(mm.live, 1);
  },
  title: (_, ptr: number) => `no memory at ${ptr}`,
});

for (const ptr of [0, 1, 4095, -1, -SLOT, 0.5, SLOT + 0.5, SLOT - 1, 2 * SLOT, 1e9, 2 ** 31, 2 ** 32 + SLOT])
  test(faults, ptr);
for (const ptr of [2 ** 47, 2 ** 53, 2 ** 64, 1e300, Infinity, -Infinity, NaN, -(2 ** 31), -4095]) test(faults, ptr);

test('a range of no bytes is good everywhere', (t) => {
  const mm = mm_alloc(undefined);
  t.is(copy_from_user(mm, new Uint8Array(1), 0, NaN, 0), 0);
  t.is(copy_to_user(mm, -1, new Uint8Array(1), 0, 0), 0);
});

test('what the program maps is not copied', (t) => {
  const mm = mm_alloc(undefined);
  const bytes = new Uint8Array([1, 2, 3, 4, 5]);
  const ptr = mm.user.map(bytes);
  t.is(put_user_u32(mm, ptr + 1, 0x0a0b0c0d), 0);
  t.deepEqual([...bytes], [1, 13, 12, 11, 10]);
  bytes[0] = 9;
  t.is(get_user_u32(mm, ptr), 0x0b0c0d09);
  t.is(mm.user.bytes(ptr + 1)?.[0], 13);
});

test('part of a larger array: what is around it stays out of reach', (t) => {
  const mm = mm_alloc(undefined);
  const whole = new Uint8Array(100).fill(1);
  const ptr = mm.user.map(whole.subarray(10, 20));
  t.is(copy_to_user(mm, ptr, new Uint8Array(10).fill(2), 0, 10), 0);
  t.is(copy_to_user(mm, ptr, new Uint8Array(11).fill(3), 0, 11), -EFAULT);
  t.is(copy_to_user(mm, ptr - 1, new Uint8Array(1).fill(3), 0, 1), -EFAULT);
  t.deepEqual(
    [...whole],
    [...new Array<number>(10).fill(1), ...new Array<number>(10).fill(2), ...new Array<number>(80).fill(1)],
  );
});

test('a buffer that its owner has given away faults', (t) => {
  const mm = mm_alloc(undefined);
  const bytes = new Uint8Array(16);
  const ptr = mm.user.map(bytes);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  t.is(get_user_u32(mm, ptr), -EFAULT);
});

test('unmapped: it faults, and its place is used again', (t) => {
  const mm = mm_alloc(undefined);
  const a = mm.user.map(new Uint8Array(10));
  const b = mm.user.map(new Uint8Array(10));
  mm.user.unmap(a);
  t.is(get_user_u32(mm, a), -EFAULT);
  t.is(get_user_u32(mm, b), 0);
  t.is(mm.live, 1);
  // Twice is once, and the middle of a mapping is no mapping.
  mm.user.unmap(a);
  mm.user.unmap(b + 1);
  t.is(mm.live, 1);
  t.is(mm.user.map(new Uint8Array(5)), a);
  t.not(mm.user.map(new Uint8Array(5)), a);
});

test('a place is used again by its size', (t) => {
  const mm = mm_alloc(undefined);
  const small = mm.user.map(new Uint8Array(SLOT - 1));
  const large = mm.user.map(new Uint8Array(SLOT));
  mm.user.unmap(small);
  mm.user.unmap(large);
  t.is(mm.user.map(new Uint8Array(SLOT + 5)), large);
  t.is(mm.user.map(new Uint8Array(0)), small);
});

test('10,000 mappings', (t) => {
  const mm = mm_alloc(undefined);
  const ptrs = Array.from({ length: 10_000 }, (_, i) => mm.user.map(Uint8Array.of(i, i >> 8, 0, 0)));
  t.is(new Set(ptrs).size, 10_000);
  t.true(ptrs.every((ptr, i) => get_user_u32(mm, ptr) === i));
  t.true(ptrs.every((ptr) => get_user_u32(mm, ptr + 1) === -EFAULT));
  for (const ptr of ptrs) mm.user.unmap(ptr);
  t.is(mm.live, 0);
  const { brk } = mm;
  for (let i = 0; i < 10_000; i++) mm.user.map(new Uint8Array(4));
  t.is(mm.brk, brk);
});

test('after the end of the process nothing is mapped', (t) => {
  const mm = mm_alloc(undefined);
  const ptr = mm.user.map(new Uint8Array(10));
  exit_mmap(mm);
  t.is(get_user_u32(mm, ptr), -EFAULT);
  t.is(mm.live, 0);
});

const registers = test.macro({
  exec(t, reg: number, expected: number) {
    t.is(size_t(reg), expected);
  },
  title: (_, reg: number, expected: number) => `${reg} as size_t is ${expected}`,
});

test(registers, 0, 0);
test(registers, 5, 5);
test(registers, 5.9, 5);
test(registers, -1, 2 ** 64);
test(registers, -4096, 2 ** 64 - 4096);
test(registers, NaN, 0);
test(registers, Infinity, Infinity);

test('whatever is mapped and unmapped: each sees its own bytes, and nothing else is there', (t) => {
  const operation = fc.tuple(fc.boolean(), fc.oneof(fc.nat(20), fc.constantFrom(SLOT - 1, SLOT, SLOT + 1)), fc.nat());
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), fc.double(), fc.nat(), (ops, ptr, len) => {
      const mm = mm_alloc(undefined);
      const mapped = new Map<number, Uint8Array>();
      for (const [map, size, which] of ops) {
        if (map) {
          const bytes = new Uint8Array(size);
          const at = mm.user.map(bytes);
          if (mapped.has(at)) return false;
          mapped.set(at, bytes);
        } else if (mapped.size > 0) {
          const at = [...mapped.keys()][which % mapped.size]!;
          mm.user.unmap(at);
          mapped.delete(at);
          if (find_vma(mm, at, 1) !== null) return false;
        }
      }
      if (mm.live !== mapped.size) return false;
      const area = find_vma(mm, ptr, len + 1);
      if (area !== null && mapped.get(area.start) !== area.bytes) return false;
      return [...mapped].every(([at, bytes]) => find_vma(mm, at, bytes.length)?.bytes === bytes);
    }),
    { numRuns: 300 },
  );
  t.pass();
});
