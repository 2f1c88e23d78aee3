/** Sets of signals and queues of pending ones (include/linux/signal.h). */
import type { SigInfo, SigPending, SigSet } from '../include/linux/sched.js';
import type { Mm } from '../include/linux/mm.js';
import { EFAULT } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import {
  SIGBUS,
  SIGFPE,
  SIGILL,
  SIGKILL,
  SIGRTMIN,
  SIGSEGV,
  SIGSTOP,
  SIGSYS,
  SIGTRAP,
  SI_USER,
} from '../include/uapi/signal.js';
import { get_u32, put_u32 } from '../lib/bytes.js';
import { find_vma } from '../mm/mmap.js';

export const NSIG = 64;
export const SIGSET_SIZE = layout_x86_64.sigset.size;

export function sigset(): SigSet {
  return { lo: 0, hi: 0 };
}

export function sig_pending(): SigPending {
  return { set: sigset(), queue: [] };
}

export function sigismember(set: SigSet, sig: number): boolean {
  return ((sig <= 32 ? set.lo >>> (sig - 1) : set.hi >>> (sig - 33)) & 1) !== 0;
}

export function sigaddset(set: SigSet, sig: number): void {
  if (sig <= 32) set.lo |= 1 << (sig - 1);
  else set.hi |= 1 << (sig - 33);
}

export function sigdelset(set: SigSet, sig: number): void {
  if (sig <= 32) set.lo &= ~(1 << (sig - 1));
  else set.hi &= ~(1 << (sig - 33));
}

/** The set of these signals; all of them are below 33. */
export function siggenmask(sigs: readonly number[]): number {
  return sigs.reduce((mask, sig) => mask | (1 << (sig - 1)), 0);
}

/** A set as a program may give it: SIGKILL and SIGSTOP cannot be blocked. */
export function without_unblockable(set: SigSet): SigSet {
  sigdelset(set, SIGKILL);
  sigdelset(set, SIGSTOP);
  return set;
}

/** The set at `ptr`, or -EFAULT. */
export function get_sigset(mm: Mm, ptr: number): SigSet | number {
  const area = find_vma(mm, ptr, SIGSET_SIZE);
  if (area === null) return -EFAULT;
  const at = ptr - area.start;
  return { lo: get_u32(area.bytes, at) | 0, hi: get_u32(area.bytes, at + 4) | 0 };
}

export function put_sigset(mm: Mm, ptr: number, set: SigSet): number {
  const area = find_vma(mm, ptr, SIGSET_SIZE);
  if (area === null) return -EFAULT;
  put_u32(area.bytes, ptr - area.start, set.lo);
  put_u32(area.bytes, ptr - area.start + 4, set.hi);
  return 0;
}

/** Signals that an instruction causes come before the others. */
const SYNCHRONOUS_MASK = siggenmask([SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS]);

/** The pending signal that is delivered next, the lowest mostly; 0: none that is not blocked. Linux: next_signal. */
export function next_signal(pending: SigPending, blocked: SigSet): number {
  let lo = pending.set.lo & ~blocked.lo;
  if (lo !== 0) {
    if ((lo & SYNCHRONOUS_MASK) !== 0) lo &= SYNCHRONOUS_MASK;
    return 32 - Math.clz32(lo & -lo);
  }
  const hi = pending.set.hi & ~blocked.hi;
  return hi === 0 ? 0 : 64 - Math.clz32(hi & -hi);
}

/** Real-time signals queue; of the others one is kept: is there one? */
export function legacy_queue(pending: SigPending, sig: number): boolean {
  return sig < SIGRTMIN && sigismember(pending.set, sig);
}

/** A signal that found no room in the queue: that it came is all that is known of it. Linux: collect_signal. */
function no_siginfo(si_signo: number): SigInfo {
  return { si_signo, si_code: SI_USER, si_pid: 0, si_uid: 0, si_status: 0, si_value: 0 };
}

/** Take the next signal out of `pending`. Linux: __dequeue_signal. */
export function take_signal(pending: SigPending, blocked: SigSet): SigInfo | undefined {
  const sig = next_signal(pending, blocked);
  if (sig === 0) return undefined;
  const at = pending.queue.findIndex((info) => info.si_signo === sig);
  const info = at === -1 ? no_siginfo(sig) : pending.queue.splice(at, 1)[0];
  if (!pending.queue.some((other) => other.si_signo === sig)) sigdelset(pending.set, sig);
  return info;
}

/** Forget the signals of `mask` (all below 33). */
export function flush_sigqueue_mask(pending: SigPending, mask: number): void {
  if ((pending.set.lo & mask) === 0) return;
  pending.set.lo &= ~mask;
  pending.queue = pending.queue.filter(({ si_signo }) => si_signo > 32 || (mask & (1 << (si_signo - 1))) === 0);
}
