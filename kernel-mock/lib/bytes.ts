/** Bytes of the kernel's own: the byte order of the ABI, and copying. */
export * from '../include/uapi/byteorder.js';

/** Copy `n` bytes; short runs byte by byte, since a view costs more than the copy. */
export function copy(dst: Uint8Array, at: number, src: Uint8Array, from: number, n: number): void {
  if (n <= 64) for (let i = 0; i < n; i++) dst[at + i] = src[from + i]!;
  else if (from === 0 && n === src.length) dst.set(src, at);
  else dst.set(src.subarray(from, from + n), at);
}
