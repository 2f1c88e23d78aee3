/** Bytes of the kernel's own: the byte order of the ABI, and copying. */
export * from '../include/uapi/byteorder.js';

/** Copy `n` bytes; short runs byte by byte, since a view costs more than the copy. */
export function copy(dst: Uint8Array, at: number, src: Uint8Array, from: number, n: number): void {
  if (n <= 64) for (let i = 0; i < n; i++) dst[at + i] = src[from + i]!;
  else if (from === 0 && n === src.length) dst.set(src, at);
  else dst.set(src.subarray(from, from + n), at);
}

/** Text of the kernel: one character for each byte, whatever the bytes mean to the program. */
export function bytes_to_string(bytes: Uint8Array): string {
  let s = '';
  for (let i = 0; i < bytes.length; i += 4096) s += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return s;
}

export function string_to_bytes(s: string): Uint8Array {
  const bytes = new Uint8Array(s.length);
  for (let i = 0; i < s.length; i++) bytes[i] = s.charCodeAt(i);
  return bytes;
}
