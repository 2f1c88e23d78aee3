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
  return get_u32(b, o) + get_u32(b, o + 4) * 0x1_0000_0000;
}

export function get_s64(b: Uint8Array, o: number): number {
  return get_u32(b, o) + get_s32(b, o + 4) * 0x1_0000_0000;
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

/** Negative numbers are stored as two's complement. */
export function put_u64(b: Uint8Array, o: number, v: number): void {
  put_u32(b, o, v % 0x1_0000_0000);
  put_u32(b, o + 4, Math.floor(v / 0x1_0000_0000));
}
