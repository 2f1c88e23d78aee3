/** Numbers as names: strace's xlat tables. A table is a list of names in the order in which strace prints them. */
import * as uapi from '../../kernel-mock/include/uapi/index.js';

/** The constants that are plain numbers. */
export type ConstantName = {
  [K in keyof typeof uapi]: (typeof uapi)[K] extends number ? K : never;
}[keyof typeof uapi];

/** Value and name, in the order of printing. */
export type Xlat = readonly (readonly [value: number, name: string])[];

/** A table of constants under their own names. */
export function xlat(...names: readonly ConstantName[]): Xlat {
  return names.map((name) => [uapi[name], name]);
}

export function hex(value: number): string {
  if (value >= 0) return `0x${value.toString(16)}`;
  // A negative register: the same 64 bits without a sign.
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}

// A number without a name: in hexadecimal, and what it could be in a comment behind it.
function unknown(value: number, dflt: string): string {
  return `${hex(value)} /* ${dflt} */`;
}

/** One of the values of a table. Linux strace: printxval. */
export function printxval(table: Xlat, value: number, dflt: string): string {
  for (const [v, name] of table) if (v === value) return name;
  return unknown(value, dflt);
}

/**
 * Bits of a table, those without a name in hexadecimal behind them; nothing known: all in hexadecimal with `dflt`. A table may
 * begin with a name for 0, and hold names of several bits. Linux strace: printflags.
 */
export function printflags(table: Xlat, value: number, dflt: string): string {
  let left = value >= 0 ? value : value + 2 ** 32;
  const names: string[] = [];
  for (const [raw, name] of table) {
    const v = raw >= 0 ? raw : raw + 2 ** 32;
    if (v === 0) {
      if (value === 0) return name;
      continue;
    }
    if (!covers(left, v)) continue;
    names.push(name);
    left -= v;
  }
  if (names.length === 0) return left === 0 ? '0' : unknown(left, dflt);
  if (left !== 0) names.push(hex(left));
  return names.join('|');
}

/** Are all bits of `v` in `value`? Both below 2^53. */
function covers(value: number, v: number): boolean {
  const W = 2 ** 32;
  const lo = ((value % W) & (v % W)) >>> 0;
  const hi = (Math.floor(value / W) & Math.floor(v / W)) >>> 0;
  return lo === v % W && hi === Math.floor(v / W);
}
