/** What every twin needs: raw system calls, and structures as C lays them out. */
import type { Libc, Program } from '../../../../index.js';
import { type CallName, NR, PR_SET_NAME } from '../../../../kernel-mock/include/uapi/index.js';

export type Register = number | Uint8Array | null;
/** A system call itself, by name. */
export type Syscall = (name: CallName, ...registers: readonly Register[]) => Promise<number>;

export const raw =
  (libc: Libc): Syscall =>
  (name, ...registers) =>
    libc.syscall(NR[name], ...registers);

/** Bytes without a zero behind them. */
export const mem = (text: string): Uint8Array => Uint8Array.from(text, (ch) => ch.charCodeAt(0));
/** A C string. */
export const str = (text: string): Uint8Array => mem(`${text}\0`);
export const zeros = (n: number): Uint8Array => new Uint8Array(n);

/** Numbers with their widths in bytes, one after the other. */
export function struct(...fields: readonly (readonly [width: 1 | 2 | 4 | 8, value: number])[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((n, [width]) => n + width, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width, value] of fields) {
    if (width === 8) view.setBigInt64(at, BigInt(value), true);
    else if (width === 4) view.setInt32(at, value, true);
    else if (width === 2) view.setInt16(at, value, true);
    else view.setInt8(at, value);
    at += width;
  }
  return bytes;
}

export const ints = (...values: readonly number[]): Uint8Array => struct(...values.map((value) => [4, value] as const));
export const longs = (...values: readonly number[]): Uint8Array =>
  struct(...values.map((value) => [8, value] as const));

export const int_at = (bytes: Uint8Array, at = 0): number => new DataView(bytes.buffer).getInt32(at, true);

/** A struct sockaddr_in on the loopback address. */
export function loopback(port: number): Uint8Array {
  const bytes = struct([2, 2], [2, 0], [4, 0], [8, 0]);
  new DataView(bytes.buffer).setUint16(2, port);
  bytes.set([127, 0, 0, 1], 4);
  return bytes;
}

/** A program that makes raw calls; the comparison begins with its first. */
export function twin(main: (S: Syscall, libc: Libc) => Promise<number>): Program {
  return async (libc) => {
    const S = raw(libc);
    await S('prctl', PR_SET_NAME, str('begin'));
    await S('exit_group', await main(S, libc));
    return 0;
  };
}
