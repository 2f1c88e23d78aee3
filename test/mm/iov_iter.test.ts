import test from 'ava';
import fc from 'fast-check';
import { EFAULT, EINVAL } from '../../kernel-mock/include/uapi/errno.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import type { IovIter, Mm } from '../../kernel-mock/include/linux/mm.js';
import { put_u64 } from '../../kernel-mock/lib/bytes.js';
import {
  MAX_RW_COUNT,
  copy_from_iter,
  copy_to_iter,
  fault_in,
  import_iovec,
  iov_iter,
  iov_iter_ubuf,
} from '../../kernel-mock/mm/iov_iter.js';
import { mm_alloc } from '../../kernel-mock/mm/mmap.js';

const { iovec } = layout_x86_64;

/** A segment: bytes that are there, or an address with a length. */
type Segment = Uint8Array | readonly [base: number, len: number];

/** An iovec of `segments` in the memory of `mm`. */
function vector(mm: Mm, segments: readonly Segment[]): number {
  const vec = new Uint8Array(segments.length * iovec.size);
  segments.forEach((segment, i) => {
    const [base, len] = segment instanceof Uint8Array ? [mm.user.map(segment), segment.length] : segment;
    put_u64(vec, i * iovec.size + iovec.iov_base, base);
    put_u64(vec, i * iovec.size + iovec.iov_len, len);
  });
  return mm.user.map(vec);
}

const of_length = (n: number): Uint8Array => new Uint8Array(n);

/** What the import of an iovec answers: the number of bytes, or -errno. */
const imports = test.macro({
  exec(t, segments: readonly Segment[], nr: number, expected: number) {
    const mm = mm_alloc(undefined);
    const iter = iov_iter();
    const err = import_iovec(mm, iter, vector(mm, segments), nr);
    t.is(err < 0 ? err : iter.count, expected);
  },
  title: (title) => `iovec: ${title ?? ''}`,
});

test('nothing', imports, [], 0, 0);
test('one', imports, [of_length(5)], 1, 5);
test('three', imports, [of_length(5), of_length(0), of_length(7)], 3, 12);
test('fewer than there are', imports, [of_length(5), of_length(7)], 1, 5);
test('more than there are', imports, [of_length(5)], 2, -EFAULT);
test('1,024, the most', imports, new Array<Segment>(1024).fill([0, 1]), 1024, 1024);
test('1,025', imports, new Array<Segment>(1025).fill([0, 1]), 1025, -EINVAL);
test('-1 as unsigned long', imports, [of_length(5)], 2 ** 64, -EINVAL);
test('a number of segments that is none', imports, [of_length(5)], NaN, -EINVAL);
test('a negative length', imports, [of_length(5), [0, -1]], 2, -EINVAL);
test(
  'a negative length behind a bad address',
  imports,
  [
    [-1, 5],
    [0, -1],
  ],
  2,
  -EINVAL,
);
test('a length above SSIZE_MAX', imports, [[0, 2 ** 63]], 1, -EINVAL);
test('more bytes than one call moves', imports, [[0, 2 ** 40]], 1, MAX_RW_COUNT);
test(
  'the same in two',
  imports,
  [
    [0, MAX_RW_COUNT - 5],
    [0, 10],
  ],
  2,
  MAX_RW_COUNT,
);
test('a bad address is found when it is used', imports, [[8, 5]], 1, 5);

test('no vector', (t) => {
  const mm = mm_alloc(undefined);
  for (const vec of [0, 8, -1, NaN, 2 ** 63]) t.is(import_iovec(mm, iov_iter(), vec, 1), -EFAULT);
  t.is(import_iovec(mm, iov_iter(), 8, 0), 0);
});

/** The iterator over `segments`. */
function over(mm: Mm, segments: readonly Segment[]): IovIter {
  const iter = iov_iter();
  import_iovec(mm, iter, vector(mm, segments), segments.length);
  return iter;
}

const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const as_text = (b: Uint8Array): string => Buffer.from(b).toString();

test('gather: in order, over empty segments, a piece at a time', (t) => {
  const mm = mm_alloc(undefined);
  const iter = over(mm, [ascii(''), ascii('abc'), ascii(''), ascii('d'), ascii('efgh'), ascii('')]);
  const out = new Uint8Array(8);
  for (const n of [1, 0, 4, 2, 1]) t.is(copy_from_iter(mm, iter, out, 8 - iter.count, n), 0);
  t.is(as_text(out), 'abcdefgh');
  t.is(iter.count, 0);
  t.true(fault_in(mm, iter, 0));
});

test('scatter: in order', (t) => {
  const mm = mm_alloc(undefined);
  const bufs = [of_length(3), of_length(0), of_length(2), of_length(5)];
  const iter = over(mm, bufs);
  t.is(copy_to_iter(mm, iter, ascii('xxabcdefg'), 2, 4), 0);
  t.is(copy_to_iter(mm, iter, ascii('efg'), 0, 3), 0);
  t.deepEqual(bufs.map(as_text), ['abc', '', 'de', 'fg\0\0\0']);
  t.is(iter.count, 3);
});

test('a fault in the middle: what is before it has been moved', (t) => {
  const mm = mm_alloc(undefined);
  const segments: Segment[] = [ascii('abc'), [8, 3], ascii('def')];
  const out = new Uint8Array(9);
  const from = over(mm, segments);
  t.is(copy_from_iter(mm, from, out, 0, 9), -EFAULT);
  t.deepEqual([as_text(out.subarray(0, 3)), from.count], ['abc', 6]);
  const to = over(mm, segments);
  t.is(copy_to_iter(mm, to, ascii('uvwxyz'), 0, 6), -EFAULT);
  t.deepEqual([as_text(segments[0] as Uint8Array), as_text(segments[2] as Uint8Array)], ['uvw', 'def']);
});

/** Are the first `n` bytes there? */
const reaches = test.macro({
  exec(t, segments: readonly Segment[], n: number, expected: boolean) {
    const mm = mm_alloc(undefined);
    const iter = over(mm, segments);
    t.is(fault_in(mm, iter, n), expected);
    t.is(iter.count, over(mm, segments).count, 'to look moves nothing');
  },
  title: (title, _segments, n: number, expected: boolean) =>
    `${title ?? ''}: ${n} bytes are ${expected ? '' : 'not '}there`,
});

const hole: Segment[] = [ascii('abc'), [8, 3], ascii('def')];
test('a hole behind three', reaches, hole, 0, true);
test('a hole behind three', reaches, hole, 3, true);
test('a hole behind three', reaches, hole, 4, false);
test('a hole behind three', reaches, hole, 9, false);
test('an empty hole', reaches, [ascii('abc'), [8, 0], ascii('def')], 6, true);
test('a hole in front', reaches, [[8, 1], ascii('abc')], 1, false);

test('one range', (t) => {
  const mm = mm_alloc(undefined);
  const ptr = mm.user.map(ascii('hello'));
  const iter = over(mm, [ascii('left over')]);
  iov_iter_ubuf(iter, ptr + 1, 4);
  const out = new Uint8Array(4);
  t.is(copy_from_iter(mm, iter, out, 0, 4), 0);
  t.is(as_text(out), 'ello');
  iov_iter_ubuf(iter, ptr, 6);
  t.deepEqual([fault_in(mm, iter, 5), fault_in(mm, iter, 6)], [true, false]);
});

test('any segments, any pieces: all bytes, in order', (t) => {
  const segments = fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 8 });
  fc.assert(
    fc.property(segments, fc.array(fc.nat(90), { maxLength: 12 }), (bufs, pieces) => {
      const mm = mm_alloc(undefined);
      const whole = bufs.flatMap((b) => [...b]);
      const from = over(mm, bufs);
      const rooms = bufs.map((b) => of_length(b.length));
      const to = over(mm, rooms);
      const out = of_length(whole.length);
      for (const piece of [...pieces, Infinity]) {
        const at = whole.length - from.count;
        const n = Math.min(piece, from.count);
        if (!fault_in(mm, from, n)) return false;
        if (copy_from_iter(mm, from, out, at, n) !== 0 || copy_to_iter(mm, to, out, at, n) !== 0) return false;
      }
      return out.join() === whole.join() && rooms.flatMap((b) => [...b]).join() === whole.join();
    }),
    { numRuns: 300 },
  );
  t.pass();
});
