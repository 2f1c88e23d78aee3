/**
 * The only code that touches user memory (arch/x86/lib/usercopy.c, include/linux/uaccess.h). Every range is checked; a bad
 * one is -EFAULT, never an exception, and nothing of it is read or written.
 */
import type { Mm } from '../include/linux/mm.js';
import { EFAULT, ENAMETOOLONG } from '../include/uapi/errno.js';
import { bytes_to_string, copy, get_u32, get_u64, put_u32, put_u64 } from '../lib/bytes.js';
import { find_vma } from './mmap.js';

/** Above it are the kernel's own addresses. */
const TASK_SIZE_MAX = 2 ** 47 - 4096;

/** Could a program have that range at all? It need not be mapped. */
export function access_ok(ptr: number, n: number): boolean {
  return ptr >= 0 && ptr + n <= TASK_SIZE_MAX;
}

/** Copy `n` bytes from user memory into `to`, from its offset `at` on. */
export function copy_from_user(mm: Mm, to: Uint8Array, at: number, from: number, n: number): number {
  if (n === 0) return 0;
  const area = find_vma(mm, from, n);
  if (area === null) return -EFAULT;
  copy(to, at, area.bytes, from - area.start, n);
  return 0;
}

/** Copy `n` bytes of `from`, from its offset `at` on, to user memory. */
export function copy_to_user(mm: Mm, to: number, from: Uint8Array, at: number, n: number): number {
  if (n === 0) return 0;
  const area = find_vma(mm, to, n);
  if (area === null) return -EFAULT;
  copy(area.bytes, to - area.start, from, at, n);
  return 0;
}

/** A 32-bit field as an unsigned number, or -EFAULT. */
export function get_user_u32(mm: Mm, ptr: number): number {
  const area = find_vma(mm, ptr, 4);
  return area === null ? -EFAULT : get_u32(area.bytes, ptr - area.start);
}

/** A 64-bit field as an unsigned number (rounded above 2^53), or -EFAULT. */
export function get_user_u64(mm: Mm, ptr: number): number {
  const area = find_vma(mm, ptr, 8);
  return area === null ? -EFAULT : get_u64(area.bytes, ptr - area.start);
}

export function put_user_u32(mm: Mm, ptr: number, value: number): number {
  const area = find_vma(mm, ptr, 4);
  if (area === null) return -EFAULT;
  put_u32(area.bytes, ptr - area.start, value);
  return 0;
}

/** The same of eight bytes; `value` is below 2^53. */
export function put_user_u64(mm: Mm, ptr: number, value: number): number {
  const area = find_vma(mm, ptr, 8);
  if (area === null) return -EFAULT;
  put_u64(area.bytes, ptr - area.start, value);
  return 0;
}

/**
 * A string that a zero ends, one character for each byte; `max` counts the zero. -EFAULT, -ENAMETOOLONG (no zero that far).
 * Linux: strncpy_from_user, getname.
 */
export function strncpy_from_user(mm: Mm, from: number, max: number): string | number {
  const area = find_vma(mm, from, 1);
  if (area === null) return -EFAULT;
  const { bytes } = area;
  const at = from - area.start;
  const end = bytes.indexOf(0, at);
  if (end !== -1 && end - at < max) return bytes_to_string(bytes.subarray(at, end));
  return bytes.length - at >= max ? -ENAMETOOLONG : -EFAULT;
}

/** A signed 64-bit register: programs also give the same bits without a sign. */
export function s64(reg: number): number {
  const n = Math.trunc(reg);
  if (n >= 2 ** 63) return n - 2 ** 64;
  return Number.isNaN(n) ? 0 : n;
}

/** A register as a size_t: a negative number is the same 64 bits without a sign, and no number at all is 0. */
export function size_t(reg: number): number {
  // Nearly always: a small number as it is.
  return reg === (reg | 0) && reg >= 0 ? reg : wide_size_t(reg);
}

function wide_size_t(reg: number): number {
  const n = Math.trunc(reg);
  if (n >= 0) return n;
  return n < 0 ? Math.max(n + 2 ** 64, 0) : 0;
}
