/** siginfo_t and sigset_t in the bytes of the ABI. */
import { get_s32, get_s64, get_u32, put_u32, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { SIGCHLD, SI_QUEUE, SI_TIMER } from '../../kernel-mock/include/uapi/signal.js';
import { want_number, want_object } from './describe.js';
import type { SigInfoT } from './process.js';

const S = layout_x86_64.siginfo;

export function decode_siginfo(raw: Uint8Array): SigInfoT {
  const si_signo = get_s32(raw, S.si_signo);
  const si_code = get_s32(raw, S.si_code);
  const valued = si_code === SI_QUEUE || si_code === SI_TIMER;
  return {
    si_signo,
    si_code,
    si_pid: get_s32(raw, S.si_pid),
    si_uid: get_u32(raw, S.si_uid),
    si_status: si_signo === SIGCHLD ? get_s32(raw, S.si_status) : 0,
    si_value: valued ? get_s64(raw, S.si_value) : 0,
  };
}

export function encode_siginfo(info: SigInfoT): Uint8Array {
  want_object(info, 'info is { si_signo, si_code … }');
  const raw = new Uint8Array(S.size);
  put_u32(raw, S.si_signo, info.si_signo);
  put_u32(raw, S.si_code, info.si_code);
  put_u32(raw, S.si_pid, info.si_pid);
  put_u32(raw, S.si_uid, info.si_uid);
  put_u64(raw, S.si_value, info.si_value);
  return raw;
}

/** A variable of type sigset_t: `{}` until sigemptyset or sigfillset fills it in. Signals 1 to 32, and 33 to 64. */
export interface SigSetT {
  lo?: number;
  hi?: number;
}

/** What to say where it is none. */
export const SIGSET = 'a set of signals is a list of them, or a variable that sigemptyset filled in';

/** Where C takes a set: such a variable, or simply a list of signals. */
export type SigSetArg = SigSetT | readonly number[];

/** glibc keeps 32 and 33 for its threads: no program can block or catch them. */
const RESERVED_HI = 1;
const RESERVED_LO = 1 << 31;

export function set_bits(set: SigSetArg): { lo: number; hi: number } {
  want_object(set, SIGSET);
  if (!Array.isArray(set)) return { lo: (set as SigSetT).lo ?? 0, hi: (set as SigSetT).hi ?? 0 };
  const out = { lo: 0, hi: 0 };
  for (const sig of set as readonly number[]) {
    want_number(sig, 'a signal');
    if (sig <= 32) out.lo |= 1 << (sig - 1);
    else out.hi |= 1 << (sig - 33);
  }
  return out;
}

export function encode_sigset(set: SigSetArg): Uint8Array {
  const { lo, hi } = set_bits(set);
  const raw = new Uint8Array(layout_x86_64.sigset.size);
  put_u32(raw, 0, lo & ~RESERVED_LO);
  put_u32(raw, 4, hi & ~RESERVED_HI);
  return raw;
}

export function decode_sigset(raw: Uint8Array, at: number, set: SigSetT): void {
  set.lo = get_s32(raw, at);
  set.hi = get_s32(raw, at + 4);
}
