/** Little-endian loads and stores (asm/byteorder.h). Offsets are not checked: callers have checked the range. */

export function get_u16(b: Uint8Array, o: number): number {
  return b[o]! | (b[o + 1]! << 8);
}

export function get_u32(b: Uint8Array, o: number): number {
  return (b[o]! | (b[o + 1]! << 8) | (b[o + 2]! << 16) | (b[o + 3]! << 24)) >>> 0;
}

export function get_s32(b: Uint8Array, o: number): number {
  return b[o]! | (b[o + 1]! << 8) | (b[o + 2]! << 16) | (b[o + 3]! << 24);
}

/** A 64-bit field as a number: exact below 2^53, rounded above, where no valid pointer or length is. */
export function get_u64(b: Uint8Array, o: number): number {
  const lo = get_u32(b, o);
  const hi = get_u32(b, o + 4);
  // A sum with a product is a boxed double, and an index, a key or an argument of that kind is slow.
  return hi === 0 ? lo : lo + hi * 0x1_0000_0000;
}

export function get_s64(b: Uint8Array, o: number): number {
  const lo = get_s32(b, o);
  const hi = get_s32(b, o + 4);
  return hi === lo >> 31 ? lo : (lo >>> 0) + hi * 0x1_0000_0000;
}

export function put_u16(b: Uint8Array, o: number, v: number): void {
  b[o] = v;
  b[o + 1] = v >> 8;
}

export function put_u32(b: Uint8Array, o: number, v: number): void {
  b[o] = v;
  b[o + 1] = v >> 8;
  b[o + 2] = v >> 16;
  b[o + 3] = v >> 24;
}

/** Negative numbers are stored as two's complement. All ones has no number of its own: 2^64, what it is read as, stands for it. */
export function put_u64(b: Uint8Array, o: number, v: number): void {
  // Nearly every register and length, in half the time: the remainder of two doubles is a call into the engine.
  if (v === (v | 0)) {
    put_u32(b, o, v);
    put_u32(b, o + 4, v >> 31);
    return;
  }
  const all_ones = v >= 2 ** 64;
  put_u32(b, o, all_ones ? -1 : v % 0x1_0000_0000);
  put_u32(b, o + 4, all_ones ? -1 : Math.floor(v / 0x1_0000_0000));
}
