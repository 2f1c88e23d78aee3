/** Iteration over the user memory that a read or write names: one range or an iovec (lib/iov_iter.c). */
import type { Area, IovIter, Mm } from '../include/linux/mm.js';
import { EFAULT, EINVAL } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { UIO_MAXIOV } from '../include/uapi/uio.js';
import { get_s64, get_u64 } from '../lib/bytes.js';
import { find_vma } from './mmap.js';
import { access_ok, copy_from_user, copy_to_user } from './uaccess.js';

/** The longest transfer of one call: INT_MAX rounded down to a page. */
export const MAX_RW_COUNT = 0x7ffff000;

export function iov_iter(): IovIter {
  return { ptr: 0, len: 0, count: 0, segs: null, next: 0, pos: -1 };
}

/** One range. */
export function iov_iter_ubuf(iter: IovIter, ptr: number, len: number): void {
  iter.ptr = ptr;
  iter.len = len;
  iter.count = len;
  iter.segs = null;
  iter.pos = -1;
}

const { size, iov_base, iov_len } = layout_x86_64.iovec;

/** An iovec of one element. Linux: copy_iovec of __import_iovec_ubuf. */
function import_one(mm: Mm, iter: IovIter, vec: number): number {
  const area = find_vma(mm, vec, size);
  if (area === null) return -EFAULT;
  const o = vec - area.start;
  const len = get_s64(area.bytes, o + iov_len);
  if (len < 0) return -EINVAL;
  const base = get_u64(area.bytes, o + iov_base);
  const take = Math.min(len, MAX_RW_COUNT);
  if (!access_ok(base, take)) return -EFAULT;
  iov_iter_ubuf(iter, base, take);
  return 0;
}

/** An iovec of `nr` elements at `vec`. -EINVAL: too many, or a length below zero as ssize_t; -EFAULT. Linux: lib/iov_iter.c import_iovec. */
export function import_iovec(mm: Mm, iter: IovIter, vec: number, nr: number): number {
  if (!(nr >= 0 && nr <= UIO_MAXIOV)) return -EINVAL;
  if (nr === 1) return import_one(mm, iter, vec);
  const segs: number[] = [];
  let count = 0;
  // Lengths are looked at first, all of them.
  let bad = false;
  if (nr > 0) {
    const area = find_vma(mm, vec, nr * size);
    if (area === null) return -EFAULT;
    for (let o = vec - area.start, i = 0; i < nr; i++, o += size) {
      const len = get_s64(area.bytes, o + iov_len);
      if (len < 0) return -EINVAL;
      const base = get_u64(area.bytes, o + iov_base);
      if (!access_ok(base, len)) bad = true;
      const take = Math.min(len, MAX_RW_COUNT - count);
      segs.push(base, take);
      count += take;
    }
  }
  if (bad) return -EFAULT;
  iter.ptr = 0;
  iter.len = 0;
  iter.count = count;
  iter.segs = segs;
  iter.next = 0;
  iter.pos = -1;
  return 0;
}

/** Go to the next segment that has bytes. */
function next_segment(iter: IovIter): void {
  const { segs } = iter;
  while (iter.len === 0 && segs !== null && iter.next < segs.length) {
    iter.ptr = segs[iter.next]!;
    iter.len = segs[iter.next + 1]!;
    iter.next += 2;
  }
}

/** Is every one of the next `n` bytes there? Lets a caller take data from a queue only when they can be delivered. */
export function fault_in(mm: Mm, iter: IovIter, n: number): boolean {
  return n <= iter.len ? n === 0 || find_vma(mm, iter.ptr, n) !== null : fault_in_segments(mm, iter, n);
}

function fault_in_segments(mm: Mm, iter: IovIter, n: number): boolean {
  next_segment(iter);
  if (n <= iter.len) return find_vma(mm, iter.ptr, n) !== null;
  let left = n - iter.len;
  if (iter.len > 0 && find_vma(mm, iter.ptr, iter.len) === null) return false;
  for (let i = iter.next; left > 0; i += 2) {
    const len = Math.min(left, iter.segs![i + 1]!);
    if (len > 0 && find_vma(mm, iter.segs![i]!, len) === null) return false;
    left -= len;
  }
  return true;
}

/** Bytes of the range that are there: its area may end before it does. */
function mapped_part(mm: Mm, ptr: number, len: number): number {
  const area = find_vma(mm, ptr, 1);
  return area === null ? 0 : Math.min(area.start + area.bytes.length - ptr, len);
}

/** How many of the next `n` bytes are there before one that is not. Linux: fault_in_iov_iter_readable, copy_page_to_iter. */
export function fault_in_some(mm: Mm, iter: IovIter, n: number): number {
  if (fault_in(mm, iter, n)) return n;
  let done = 0;
  let ptr = iter.ptr;
  let len = iter.len;
  for (let i = iter.next; done < n && (len === 0 || find_vma(mm, ptr, len) !== null); i += 2) {
    done += len;
    ptr = iter.segs?.[i] ?? 0;
    len = iter.segs?.[i + 1] ?? n;
  }
  return Math.min(done + mapped_part(mm, ptr, len), n);
}

/** The next `n` bytes, which stand in this segment, have been moved. */
function iov_iter_advance(iter: IovIter, n: number): void {
  iter.ptr += n;
  iter.len -= n;
  iter.count -= n;
}

/** The area that holds the next `n` bytes in one piece, from `iter.ptr` on; null: only a copy can tell. */
export function iter_area(mm: Mm, iter: IovIter, n: number): Area | null {
  return n <= iter.len ? find_vma(mm, iter.ptr, n) : null;
}

/** Take the next `n` bytes (no more than `count`) into `to`. -EFAULT leaves the iterator inside the bad segment. */
export function copy_from_iter(mm: Mm, iter: IovIter, to: Uint8Array, at: number, n: number): number {
  if (n > iter.len) return copy_from_segments(mm, iter, to, at, n);
  if (copy_from_user(mm, to, at, iter.ptr, n) < 0) return -EFAULT;
  iov_iter_advance(iter, n);
  return 0;
}

function copy_from_segments(mm: Mm, iter: IovIter, to: Uint8Array, at: number, n: number): number {
  let done = 0;
  while (done < n) {
    next_segment(iter);
    const take = Math.min(n - done, iter.len);
    if (copy_from_user(mm, to, at + done, iter.ptr, take) < 0) return -EFAULT;
    iov_iter_advance(iter, take);
    done += take;
  }
  return 0;
}

/** Deliver `n` bytes of `from` (no more than `count`). */
export function copy_to_iter(mm: Mm, iter: IovIter, from: Uint8Array, at: number, n: number): number {
  if (n > iter.len) return copy_to_segments(mm, iter, from, at, n);
  if (copy_to_user(mm, iter.ptr, from, at, n) < 0) return -EFAULT;
  iov_iter_advance(iter, n);
  return 0;
}

function copy_to_segments(mm: Mm, iter: IovIter, from: Uint8Array, at: number, n: number): number {
  let done = 0;
  while (done < n) {
    next_segment(iter);
    const take = Math.min(n - done, iter.len);
    if (copy_to_user(mm, iter.ptr, from, at + done, take) < 0) return -EFAULT;
    iov_iter_advance(iter, take);
    done += take;
  }
  return 0;
}
