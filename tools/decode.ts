/** What a listener needs to put a call into words: names, registers, results, and the call inside sys_indirect. */
import type { Release } from '../kernel-mock/include/linux/release.js';
import type { Task } from '../kernel-mock/include/linux/sched.js';
import { errno_names } from '../kernel-mock/include/uapi/errno.js';
import { indirect_registers_x86_64 as REGS } from '../kernel-mock/include/uapi/indirect.js';
import { type CallName, NR, syscall_tbl } from '../kernel-mock/include/uapi/unistd.js';
import { get_s32, get_s64, get_u64 } from '../kernel-mock/lib/bytes.js';
import { copy_from_user } from '../kernel-mock/mm/uaccess.js';

const names = new WeakMap<Release, ReadonlyMap<number, CallName>>();

/** The call that owns number `nr` in this release; a number has had several owners over time. */
export function call_name(release: Release, nr: number): CallName | undefined {
  let known = names.get(release);
  if (known === undefined) {
    known = new Map([...release.calls].map((name) => [syscall_tbl[name].x86_64, name]));
    names.set(release, known);
  }
  return known.get(nr);
}

/** A call as the kernel sees it. */
export interface DecodedCall {
  readonly nr: number;
  /** Its name in this release, or its number if nobody has that. */
  readonly name: string;
  readonly args: readonly number[];
}

function decode(release: Release, nr: number, registers: readonly number[]): DecodedCall {
  const name = call_name(release, nr);
  if (name === undefined) return { nr, name: String(nr), args: registers };
  const count = name === 'indirect' ? release.indirect!.args : syscall_tbl[name].args;
  return { nr, name, args: registers.slice(0, count) };
}

/** The call that `task` has just entered. */
export function decode_call(task: Task): DecodedCall {
  const { release } = task.kernel;
  return decode(release, task.nr, [task.a1, task.a2, task.a3, task.a4, task.a5, task.a6]);
}

export interface InnerCall extends DecodedCall {
  /** `file_flags.flags` as the program passes it; 0 without a parameter block. */
  readonly flags: number;
}

/** The call inside the sys_indirect that `task` has just entered, read from its memory; undefined: none, or not readable. */
export function decode_inner(task: Task): InnerCall | undefined {
  const { release } = task.kernel;
  if (task.nr !== NR.indirect || release.indirect === null) return undefined;
  const block = new Uint8Array(REGS.size);
  if (copy_from_user(task.mm, block, 0, task.a1, REGS.size) < 0) return undefined;
  const slots = [REGS.rdi, REGS.rsi, REGS.rdx, REGS.r10, REGS.r8, REGS.r9].map((at) => get_s64(block, at));
  const params = new Uint8Array(4);
  copy_from_user(task.mm, params, 0, task.a2, Math.min(task.a3, params.length));
  return { ...decode(release, get_u64(block, REGS.rax), slots), flags: get_s32(params, 0) };
}

/** A register for people: small numbers as they are, the others in hexadecimal. */
export function format_register(value: number): string {
  return value > 9 ? `0x${value.toString(16)}` : String(value);
}

/** `EINVAL` for -22; the number itself if it is no error. */
export function format_result(ret: number): string {
  return ret < 0 && ret >= -4095 ? (errno_names[-ret] ?? String(ret)) : String(ret);
}
