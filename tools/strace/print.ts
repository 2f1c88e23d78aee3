/** What a row of the decoder is made of: the call as it is being printed, and printers for single arguments. */
import type { Task } from '../../kernel-mock/include/linux/sched.js';
import { AT_FDCWD } from '../../kernel-mock/include/uapi/fcntl.js';
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import { find_vma } from '../../kernel-mock/mm/mmap.js';
import { copy_from_user } from '../../kernel-mock/mm/uaccess.js';
import { describe_cwd, describe_fd } from './fd_path.js';
import { quote_bytes } from './quote.js';
import { type Xlat, hex, printflags, printxval } from './xlat.js';

/** How text and descriptors are shown. */
export interface PrintOptions {
  /** -s: bytes of a string before it is cut. */
  readonly max_string: number;
  /** -y: 1, descriptors with what they refer to; -yy: 2, with what is known of sockets and devices. */
  readonly decode_fds: 0 | 1 | 2;
  /** -x: 1, strings with bytes that are no text in hexadecimal; -xx: 2, all strings. */
  readonly hex_strings: 0 | 1 | 2;
  /** -v: structures with all their members. */
  readonly verbose: boolean;
}

/** A call as it enters, and as it leaves. */
export interface Call {
  readonly task: Task;
  readonly args: readonly number[];
  readonly options: PrintOptions;
  /** The value for user mode; null while the call is under way. */
  ret: number | null;
  /** What a decoder keeps from entry to exit. */
  kept: unknown;
}

/** Text of argument `value`, number `i` of the call. */
export type Printer = (c: Call, value: number, i: number) => string;

/** One argument of a decoder. */
export interface Arg {
  readonly print: Printer;
  /** It can only be shown when the call is done; a function decides at entry. What follows it waits too. */
  readonly late?: boolean | ((c: Call, value: number, i: number) => boolean);
  /** The comma before it too is written at the end. */
  readonly late_comma?: boolean;
  /** The register; absent: the one of its place. */
  readonly reg?: number;
}

/** How a value that is no error is shown. */
export type Ret = 'd' | 'hex' | 'octal' | 'fd';

/** A row of the decoder table. */
export interface Row {
  /** A list, or what chooses it at entry. */
  readonly args: readonly Arg[] | ((c: Call) => readonly Arg[]);
  readonly ret?: Ret | ((c: Call) => Ret);
  /** Shown in brackets after the value of a call that succeeded; null: nothing. */
  readonly aux?: (c: Call) => string | null;
  /** Called at entry: what it answers is `kept`. */
  readonly keep?: (c: Call) => unknown;
}

export type Decoders = Readonly<Partial<Record<CallName, Row>>>;

export function row(...args: readonly Arg[]): Row {
  return { args };
}

/** A row whose value is a descriptor. */
export function fd_row(...args: readonly Arg[]): Row {
  return { args, ret: 'fd' };
}

/** Did the call fail, or is it to be made again? */
export function failed(c: Call): boolean {
  return c.ret !== null && c.ret < 0 && c.ret >= -4095;
}

/** Did a signal interrupt it in such a way that it may go on? */
export function is_erestart(c: Call): boolean {
  return c.ret !== null && c.ret <= -512 && c.ret >= -516;
}

export const enter = (print: Printer): Arg => ({ print });
/** Shown at the end, whether the call succeeded or not. */
export const leave = (print: Printer): Arg => ({ late: true, print });
/** What the call writes: shown at the end; after a failure only its address. */
export const out = (print: Printer): Arg => leave((c, v, i) => (failed(c) || v === 0 ? address(v) : print(c, v, i)));
/** `name=` before it, from register `reg`. */
export const named_arg = (name: string, reg: number, arg: Arg): Arg => ({
  ...arg,
  reg,
  print: (c, v, i) => `${name}=${arg.print(c, v, i)}`,
});
/** The argument in another register than that of its place. */
export const from = (reg: number, arg: Arg): Arg => ({ ...arg, reg });

export const s32 = (v: number): number => v | 0;
export const u32 = (v: number): number => v >>> 0;

/** A 64-bit register without a sign, in decimal. */
export function u64(v: number): string {
  return v >= 0 ? String(v) : String(BigInt.asUintN(64, BigInt(v)));
}

export function address(v: number): string {
  return v === 0 ? 'NULL' : hex(v);
}

/** `n` bytes at `addr`, or null: they are not there. Whatever a program passes as a length, no room is made before that is known. */
export function umoven(c: Call, addr: number, n: number): Uint8Array | null {
  const { mm } = c.task;
  if (addr === 0 || !(n >= 0)) return null;
  if (n > 0 && find_vma(mm, addr, n) === null) return null;
  const bytes = new Uint8Array(n);
  return copy_from_user(mm, bytes, 0, addr, n) === 0 ? bytes : null;
}

/** The bytes of the C string at `addr`, `max` at most; null: not there. `whole`: its end was found. */
export function umovestr(c: Call, addr: number, max: number): { bytes: Uint8Array; whole: boolean } | null {
  const found: number[] = [];
  const one = new Uint8Array(1);
  for (let i = 0; i < max; i++) {
    if (copy_from_user(c.task.mm, one, 0, addr + i, 1) < 0) return null;
    if (one[0] === 0) return { bytes: Uint8Array.from(found), whole: true };
    found.push(one[0]!);
  }
  return { bytes: Uint8Array.from(found), whole: false };
}

export function quote(c: Call, bytes: Uint8Array): string {
  return quote_bytes(bytes, c.options.hex_strings);
}

/** `len` bytes at `addr`, cut to what -s allows. Linux strace: printstrn. */
export function printstrn(c: Call, addr: number, len: number): string {
  if (addr === 0) return 'NULL';
  const { max_string } = c.options;
  // A negative length is a very large one.
  const whole = len >= 0 ? len : Infinity;
  const bytes = umoven(c, addr, Math.min(whole, max_string));
  if (bytes === null) return address(addr);
  return quote(c, bytes) + (whole > max_string ? '...' : '');
}

/** The C string at `addr`, cut to what -s allows. */
export function printstr(c: Call, addr: number): string {
  if (addr === 0) return 'NULL';
  const { max_string } = c.options;
  const found = umovestr(c, addr, max_string + 1);
  if (found === null) return address(addr);
  return quote(c, found.bytes.subarray(0, max_string)) + (found.bytes.length > max_string ? '...' : '');
}

const PATH_MAX = 4096;

/** A path is never cut. */
export const path: Arg = enter((c, addr) => {
  if (addr === 0) return 'NULL';
  const found = umovestr(c, addr, PATH_MAX);
  return found === null ? address(addr) : quote(c, found.bytes) + (found.whole ? '' : '...');
});

/** A descriptor, with what it refers to after -y. */
export function printfd(c: Call, value: number): string {
  const n = s32(value);
  const what = c.options.decode_fds === 0 ? null : describe_fd(c.task, n, c.options.decode_fds === 2);
  return `${n}${what ?? ''}`;
}

export const fd: Arg = enter(printfd);
export const dirfd: Arg = enter((c, v) => {
  if (s32(v) !== AT_FDCWD) return printfd(c, v);
  return c.options.decode_fds === 0 ? 'AT_FDCWD' : `AT_FDCWD<${describe_cwd(c.task)}>`;
});
export const int: Arg = enter((_c, v) => String(s32(v)));
export const uint: Arg = enter((_c, v) => String(u32(v)));
export const long: Arg = enter((_c, v) => String(v));
export const size: Arg = enter((_c, v) => u64(v));
export const ptr: Arg = enter((_c, v) => address(v));
export const hex_arg: Arg = enter((_c, v) => hex(v));
/** A uid or gid: -1 as it is, the others without a sign. */
export const id: Arg = enter((_c, v) => (s32(v) === -1 ? '-1' : String(u32(v))));

export const flags = (table: Xlat, dflt: string): Arg => enter((_c, v) => printflags(table, u32(v), dflt));
export const value_of = (table: Xlat, dflt: string): Arg => enter((_c, v) => printxval(table, u32(v), dflt));

/** Permission bits as a C program writes them: `0644`. */
export function printmode(mode: number): string {
  return `0${(mode & 0xffff).toString(8)}`.padStart(3, '0');
}

export const mode: Arg = enter((_c, v) => printmode(v));

/** The string that a call has read or is to write: `out` cuts it to the value of the call. */
export const in_buffer: Arg = enter((c, v, i) => printstrn(c, v, c.args[i + 1]!));
export const out_buffer: Arg = out((c, v) => printstrn(c, v, c.ret!));
export const string: Arg = enter(printstr);

/** An int that the call reads, or has written: `[4]`. */
export function printint(c: Call, addr: number): string {
  const bytes = umoven(c, addr, 4);
  return bytes === null ? address(addr) : `[${new DataView(bytes.buffer).getInt32(0, true)}]`;
}

export const in_int: Arg = enter(printint);
export const out_int: Arg = out(printint);

/** Two descriptors that the call has made. */
export const out_fds: Arg = out((c, addr) => {
  const bytes = umoven(c, addr, 8);
  if (bytes === null) return address(addr);
  const view = new DataView(bytes.buffer);
  return `[${printfd(c, view.getInt32(0, true))}, ${printfd(c, view.getInt32(4, true))}]`;
});

/** The items of an array in memory, `n` of `size` bytes each. */
export function printarray(
  c: Call,
  addr: number,
  n: number,
  item_size: number,
  item: (bytes: DataView, at: number) => string,
): string {
  if (addr === 0) return 'NULL';
  if (n === 0) return '[]';
  const texts: string[] = [];
  for (let i = 0; i < n; i++) {
    if (i >= c.options.max_string) return `[${texts.join(', ')}, ...]`;
    const bytes = umoven(c, addr + i * item_size, item_size);
    if (bytes === null)
      return i === 0 ? address(addr) : `[${texts.join(', ')}, ... /* ${hex(addr + i * item_size)} */]`;
    texts.push(item(new DataView(bytes.buffer), addr + i * item_size));
  }
  return `[${texts.join(', ')}]`;
}
