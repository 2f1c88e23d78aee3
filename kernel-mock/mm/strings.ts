/** Text in user memory (lib/strncpy_from_user.c). */
import type { Mm } from '../include/linux/mm.js';
import { EFAULT, ENAMETOOLONG } from '../include/uapi/errno.js';
import { find_vma } from './mmap.js';

declare const TextDecoder: new () => { decode(bytes: Uint8Array): string };
let decoder: InstanceType<typeof TextDecoder> | undefined;

/** The string at `ptr` up to its zero, which must be among the first `max` bytes: text and length. -EFAULT, -ENAMETOOLONG. */
export function get_string(mm: Mm, ptr: number, max: number): { text: string; bytes: number } | number {
  const area = find_vma(mm, ptr, 1);
  if (area === null) return -EFAULT;
  const { bytes } = area;
  const from = ptr - area.start;
  const end = Math.min(from + max, bytes.length);
  let at = from;
  while (at < end && bytes[at] !== 0) at++;
  if (at === from + max) return -ENAMETOOLONG;
  if (at === bytes.length) return -EFAULT;
  decoder ??= new TextDecoder();
  return { text: decoder.decode(bytes.subarray(from, at)), bytes: at - from };
}
