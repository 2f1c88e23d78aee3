/** rt_sigaction(2), for the functions that set actions. */
import { get_u32, get_u64, put_u32, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { SA_RESTORER } from '../../kernel-mock/include/uapi/signal.js';
import { handler_or_number } from './handlers.js';
import type { SigHandler } from './process.js';
import { type SigSetArg, type SigSetT, decode_sigset, encode_sigset } from './siginfo.js';
import type { Thread } from './thread.js';

const SIGACTION = layout_x86_64.sigaction;

/** struct sigaction. */
export interface SigActionT {
  /** SIG_DFL, SIG_IGN, or a function; with SA_SIGINFO its third argument is set. */
  sa_handler: SigHandler | number;
  sa_mask?: SigSetArg;
  /** SA_RESTART, SA_SIGINFO, SA_NODEFER, SA_RESETHAND, SA_NOCLDSTOP, SA_NOCLDWAIT. */
  sa_flags?: number;
}

/** 0 or -errno. `old` is filled in. */
export async function do_sigaction(
  t: Thread,
  signum: number,
  act: Readonly<{ handler: number; flags: number; mask: SigSetArg }> | null,
  old: Partial<SigActionT> | null,
): Promise<number> {
  const raw = act === null ? null : new Uint8Array(SIGACTION.size);
  if (raw !== null && act !== null) {
    put_u64(raw, SIGACTION.handler, act.handler);
    put_u32(raw, SIGACTION.flags, act.flags | SA_RESTORER);
    raw.set(encode_sigset(act.mask), SIGACTION.mask);
  }
  const oraw = old === null ? null : new Uint8Array(SIGACTION.size);
  const ptr = t.map(raw);
  const oldptr = t.map(oraw);
  const ret = await t.enter(t.nr.rt_sigaction, signum, ptr, oldptr, layout_x86_64.sigset.size);
  t.unmap(ptr);
  t.unmap(oldptr);
  if (ret === 0 && old !== null && oraw !== null) {
    old.sa_handler = handler_or_number(t.process, get_u64(oraw, SIGACTION.handler));
    old.sa_flags = (get_u32(oraw, SIGACTION.flags) & ~SA_RESTORER) >>> 0;
    const mask: SigSetT = {};
    decode_sigset(oraw, SIGACTION.mask, mask);
    old.sa_mask = mask;
  }
  return ret;
}
