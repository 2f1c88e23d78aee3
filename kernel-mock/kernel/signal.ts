/** Signals: sending, the default actions, and what is delivered on the way back to user mode (kernel/signal.c). */
import {
  type SigInfo,
  type SigPending,
  type SigSet,
  TIF_SIGPENDING,
  type Task,
  type ThreadGroup,
} from '../include/linux/sched.js';
import { EFAULT, EINVAL } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import {
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGPIPE,
  SIGSTOP,
  SIGURG,
  SIGWINCH,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_SETMASK,
  SIG_UNBLOCK,
  SI_USER,
} from '../include/uapi/signal.js';
import { get_u32, get_u64, put_u32, put_u64 } from '../lib/bytes.js';
import { copy_from_user, copy_to_user, size_t } from '../mm/uaccess.js';
import { wake_up_process } from './sched.js';

const NSIG = 64;
const SIGSET_SIZE = layout_x86_64.sigset.size;
/** Signals whose default is to do nothing. */
const IGNORED_BY_DEFAULT: ReadonlySet<number> = new Set([SIGCHLD, SIGCONT, SIGURG, SIGWINCH]);

export function sigset(): SigSet {
  return { lo: 0, hi: 0 };
}

export function sig_pending(): SigPending {
  return { set: sigset(), queue: [] };
}

export function sigismember(set: SigSet, sig: number): boolean {
  return ((sig <= 32 ? set.lo >>> (sig - 1) : set.hi >>> (sig - 33)) & 1) !== 0;
}

function sigaddset(set: SigSet, sig: number): void {
  if (sig <= 32) set.lo |= 1 << (sig - 1);
  else set.hi |= 1 << (sig - 33);
}

function sigdelset(set: SigSet, sig: number): void {
  if (sig <= 32) set.lo &= ~(1 << (sig - 1));
  else set.hi &= ~(1 << (sig - 33));
}

/** Does the process throw `sig` away? */
function sig_ignored(group: ThreadGroup, sig: number): boolean {
  const handler = group.actions[sig]?.handler ?? SIG_DFL;
  return handler === SIG_IGN || (handler === SIG_DFL && IGNORED_BY_DEFAULT.has(sig));
}

/** The lowest pending signal that is not blocked; 0: none. */
function next_signal(pending: SigPending, blocked: SigSet): number {
  const lo = pending.set.lo & ~blocked.lo;
  if (lo !== 0) return 32 - Math.clz32(lo & -lo);
  const hi = pending.set.hi & ~blocked.hi;
  return hi === 0 ? 0 : 64 - Math.clz32(hi & -hi);
}

export function recalc_sigpending(task: Task): void {
  const pending =
    task.group.exiting ||
    next_signal(task.pending, task.blocked) !== 0 ||
    next_signal(task.group.pending, task.blocked) !== 0;
  task.work = pending ? task.work | TIF_SIGPENDING : task.work & ~TIF_SIGPENDING;
}

function queue_signal(pending: SigPending, info: SigInfo): void {
  if (sigismember(pending.set, info.si_signo)) return;
  sigaddset(pending.set, info.si_signo);
  pending.queue.push(info);
}

function signal_wake_up(task: Task): void {
  recalc_sigpending(task);
  if ((task.work & TIF_SIGPENDING) !== 0) wake_up_process(task);
}

/** Send `info.si_signo` to one thread. Ignored signals that are not blocked are dropped. */
export function send_signal_task(task: Task, info: SigInfo): void {
  if (sig_ignored(task.group, info.si_signo) && !sigismember(task.blocked, info.si_signo)) return;
  queue_signal(task.pending, info);
  signal_wake_up(task);
}

/** Send it to a process: to the first thread that does not block it. */
export function send_signal_group(group: ThreadGroup, info: SigInfo): void {
  const sig = info.si_signo;
  const taker = group.threads.find((t) => !sigismember(t.blocked, sig));
  if (sig_ignored(group, sig) && taker !== undefined) return;
  queue_signal(group.pending, info);
  if (sig === SIGKILL) {
    group.exiting = true;
    group.status = SIGKILL;
    for (const t of group.threads) signal_wake_up(t);
  } else if (taker !== undefined) signal_wake_up(taker);
}

function dequeue_signal(pending: SigPending, blocked: SigSet): SigInfo | undefined {
  const sig = next_signal(pending, blocked);
  if (sig === 0) return undefined;
  sigdelset(pending.set, sig);
  const at = pending.queue.findIndex((info) => info.si_signo === sig);
  return pending.queue.splice(at, 1)[0];
}

/**
 * Begin the end of a whole process: from now on every thread dies on its way back to user mode; the sleeping ones wake for
 * it. The first status counts. Linux: do_group_exit.
 */
export function do_group_exit(group: ThreadGroup, status: number): void {
  if (!group.exiting) {
    group.exiting = true;
    group.status = status;
  }
  for (const t of group.threads) signal_wake_up(t);
}

/** Act on pending signals before user mode goes on. True: the process dies. Linux: get_signal. */
export function get_signal(task: Task): boolean {
  const { group } = task;
  while (!group.exiting) {
    const info = dequeue_signal(task.pending, task.blocked) ?? dequeue_signal(group.pending, task.blocked);
    if (info === undefined) break;
    const sig = info.si_signo;
    if (sig !== SIGKILL && sig_ignored(group, sig)) continue;
    task.kernel.trace?.signal_deliver?.(task, sig);
    do_group_exit(group, sig);
  }
  recalc_sigpending(task);
  return group.exiting;
}

/** A set as a program may give it: SIGKILL and SIGSTOP cannot be blocked. */
function without_unblockable(set: SigSet): SigSet {
  sigdelset(set, SIGKILL);
  sigdelset(set, SIGSTOP);
  return set;
}

/** `rt_sigaction(sig, act, oact, sigsetsize)`. EINVAL (size), EFAULT (act), EINVAL (sig, or a change of SIGKILL, SIGSTOP), EFAULT (oact). */
export function sys_rt_sigaction(task: Task, signum: number, act: number, oact: number, sigsetsize: number): number {
  const { size, handler, flags, mask } = layout_x86_64.sigaction;
  const sig = signum | 0;
  const raw = new Uint8Array(size);
  if (size_t(sigsetsize) !== SIGSET_SIZE) return -EINVAL;
  if (act !== 0 && copy_from_user(task.mm, raw, 0, act, size) < 0) return -EFAULT;
  if (sig < 1 || sig > NSIG || (act !== 0 && (sig === SIGKILL || sig === SIGSTOP))) return -EINVAL;
  const { actions } = task.group;
  const old = actions[sig];
  if (act !== 0) {
    const blocked = without_unblockable({ lo: get_u32(raw, mask) | 0, hi: get_u32(raw, mask + 4) | 0 });
    actions[sig] = { handler: get_u64(raw, handler), flags: get_u32(raw, flags), mask: blocked };
    if (sig_ignored(task.group, sig)) flush_signal(task.group, sig);
  }
  if (oact === 0) return 0;
  raw.fill(0);
  put_u64(raw, handler, old?.handler ?? SIG_DFL);
  put_u32(raw, flags, old?.flags ?? 0);
  put_u32(raw, mask, old?.mask.lo ?? 0);
  put_u32(raw, mask + 4, old?.mask.hi ?? 0);
  return copy_to_user(task.mm, oact, raw, 0, size);
}

/** POSIX: setting a signal to be ignored throws pending ones away. */
function flush_signal(group: ThreadGroup, sig: number): void {
  for (const pending of [group.pending, ...group.threads.map((t) => t.pending)]) {
    sigdelset(pending.set, sig);
    pending.queue = pending.queue.filter((info) => info.si_signo !== sig);
  }
  for (const t of group.threads) recalc_sigpending(t);
}

/** `rt_sigprocmask(how, set, oset, sigsetsize)`. EINVAL (size), EFAULT, EINVAL (how), EFAULT (oset). */
export function sys_rt_sigprocmask(task: Task, how: number, set: number, oset: number, sigsetsize: number): number {
  if (size_t(sigsetsize) !== SIGSET_SIZE) return -EINVAL;
  const raw = new Uint8Array(SIGSET_SIZE);
  const old = { ...task.blocked };
  if (set !== 0) {
    if (copy_from_user(task.mm, raw, 0, set, SIGSET_SIZE) < 0) return -EFAULT;
    const lo = get_u32(raw, 0) | 0;
    const hi = get_u32(raw, 4) | 0;
    switch (how | 0) {
      case SIG_BLOCK:
        task.blocked = without_unblockable({ lo: old.lo | lo, hi: old.hi | hi });
        break;
      case SIG_UNBLOCK:
        task.blocked = { lo: old.lo & ~lo, hi: old.hi & ~hi };
        break;
      case SIG_SETMASK:
        task.blocked = without_unblockable({ lo, hi });
        break;
      default:
        return -EINVAL;
    }
    recalc_sigpending(task);
  }
  if (oset === 0) return 0;
  put_u32(raw, 0, old.lo);
  put_u32(raw, 4, old.hi);
  return copy_to_user(task.mm, oset, raw, 0, SIGSET_SIZE);
}

/** A write to a connection whose other end is gone: SIGPIPE to the writing thread. Linux: send_sig(SIGPIPE, current, 0). */
export function send_sigpipe(task: Task): void {
  send_signal_task(task, { si_signo: SIGPIPE, si_code: SI_USER, si_pid: task.group.tgid, si_uid: 0 });
}
