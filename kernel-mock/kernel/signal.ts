/** Signals: sending, the default actions, and what is taken on the way back to user mode (kernel/signal.c). */
import {
  type SigAction,
  type SigInfo,
  type SigPending,
  type SigSet,
  TASK_DEAD,
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TASK_STOPPED,
  TIF_RESTORE_SIGMASK,
  TIF_SIGPENDING,
  type Task,
  type ThreadGroup,
} from '../include/linux/sched.js';
import { EAGAIN } from '../include/uapi/errno.js';
import {
  CLD_CONTINUED,
  CLD_STOPPED,
  SA_NOCLDSTOP,
  SA_RESETHAND,
  SIGABRT,
  SIGBUS,
  SIGCHLD,
  SIGCONT,
  SIGFPE,
  SIGILL,
  SIGKILL,
  SIGPIPE,
  SIGQUIT,
  SIGRTMIN,
  SIGSEGV,
  SIGSTOP,
  SIGSYS,
  SIGTRAP,
  SIGTSTP,
  SIGTTIN,
  SIGTTOU,
  SIGURG,
  SIGWINCH,
  SIGXCPU,
  SIGXFSZ,
  SIG_DFL,
  SIG_IGN,
  SI_KERNEL,
  SI_USER,
} from '../include/uapi/signal.js';
import { pgrp_members } from './pgrp.js';
import { activate_task } from './sched.js';
import {
  flush_sigqueue_mask,
  legacy_queue,
  next_signal,
  sigaddset,
  siggenmask,
  sigismember,
  take_signal,
} from './sigset.js';
import { process_cred } from './cred.js';
import { over_sigpending } from './user.js';
import { wake_up, wake_up_all } from './wait.js';

/** Signals whose default is to do nothing. */
const IGNORED_BY_DEFAULT: ReadonlySet<number> = new Set([SIGCHLD, SIGCONT, SIGURG, SIGWINCH]);
/** Signals whose default is to stop the process. */
const STOPS: ReadonlySet<number> = new Set([SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU]);
/** Those that write a core, by the thread that takes them. Linux: SIG_KERNEL_COREDUMP_MASK. */
const COREDUMPS: ReadonlySet<number> = new Set([
  ...[SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSEGV, SIGBUS, SIGSYS, SIGXCPU, SIGXFSZ],
]);
const STOP_MASK = siggenmask([...STOPS]);
const CONT_MASK = siggenmask([SIGCONT]);

/** A signal as the kernel itself sends it. */
export function kernel_siginfo(sig: number): SigInfo {
  return { si_signo: sig, si_code: SI_KERNEL, si_pid: 0, si_uid: 0, si_status: 0, si_value: 0 };
}

/** A signal that `task` sends with kill and the like. */
export function user_siginfo(task: Task, sig: number, si_code: number): SigInfo {
  return { si_signo: sig, si_code, si_pid: task.group.tgid, si_uid: task.cred.uid, si_status: 0, si_value: 0 };
}

/** Does the process throw `sig` away when it arrives? */
export function sig_handler_ignored(group: ThreadGroup, sig: number): boolean {
  const handler = group.actions[sig]?.handler ?? SIG_DFL;
  return handler === SIG_IGN || (handler === SIG_DFL && IGNORED_BY_DEFAULT.has(sig));
}

/** A blocked signal is kept, since its action may change before it is unblocked. */
function sig_ignored(task: Task, sig: number): boolean {
  if (sigismember(task.blocked, sig)) return false;
  if (task.real_blocked !== null && sigismember(task.real_blocked, sig)) return false;
  // Tracers want to know of ignored signals too.
  if (task.kernel.trace?.ptrace_signal !== undefined && sig !== SIGKILL) return false;
  return sig_handler_ignored(task.group, sig);
}

export function recalc_sigpending(task: Task): void {
  const { group } = task;
  const pending =
    group.exiting ||
    group.stop_signal !== 0 ||
    (group.exec_task !== null && group.exec_task !== task) ||
    next_signal(task.pending, task.blocked) !== 0 ||
    next_signal(group.pending, task.blocked) !== 0;
  task.work = pending ? task.work | TIF_SIGPENDING : task.work & ~TIF_SIGPENDING;
}

/** Something is pending for `task`: wake it if it sleeps so that a signal may disturb it. */
export function signal_wake_up(task: Task, fatal: boolean): void {
  if (task.state === TASK_DEAD) return;
  recalc_sigpending(task);
  if ((task.work & TIF_SIGPENDING) === 0) return;
  const wakes = fatal ? TASK_INTERRUPTIBLE | TASK_KILLABLE | TASK_STOPPED : TASK_INTERRUPTIBLE;
  if ((task.state & wakes) === 0) return;
  activate_task(task);
  task.kernel.trace?.sched_wakeup?.(task);
}

/** SIGCONT and the stop signals undo each other when they are sent, whoever blocks them. Linux: prepare_signal. */
function prepare_stop_cont(group: ThreadGroup, sig: number): void {
  const stops = STOPS.has(sig);
  if (!stops && sig !== SIGCONT) return;
  const mask = stops ? CONT_MASK : STOP_MASK;
  flush_sigqueue_mask(group.pending, mask);
  for (const t of group.threads) flush_sigqueue_mask(t.pending, mask);
  if (sig === SIGCONT) continue_group(group);
}

/** The stop is over: every thread goes on. */
function continue_group(group: ThreadGroup): void {
  if (group.stop_signal === 0) return;
  const stopped = group.stop_count === 0;
  end_stop(group);
  for (const t of group.threads) {
    recalc_sigpending(t);
    if (t.state === TASK_STOPPED) activate_task(t);
  }
  if (!stopped) return;
  set_stop_event(group, 0, true);
  notify_parent_cldstop(group, CLD_CONTINUED, SIGCONT);
}

function end_stop(group: ThreadGroup): void {
  if (group.stop_signal !== 0) group.kernel.nr_stopped--;
  group.stop_signal = 0;
  group.stop_count = 0;
}

/** What wait(2) has to tell of a living process. */
export function set_stop_event(group: ThreadGroup, stop_code: number, continued: boolean): void {
  const before = group.stop_code !== 0 || group.continued ? 1 : 0;
  const after = stop_code !== 0 || continued ? 1 : 0;
  group.stop_code = stop_code;
  group.continued = continued;
  if (group.parent !== null) group.parent.stop_events += after - before;
}

/** Tell the parent that its child has stopped or goes on. Linux: do_notify_parent_cldstop. */
function notify_parent_cldstop(group: ThreadGroup, si_code: number, si_status: number): void {
  const { parent } = group;
  if (parent === null) return;
  const action = parent.actions[SIGCHLD];
  if (action?.handler !== SIG_IGN && ((action?.flags ?? 0) & SA_NOCLDSTOP) === 0)
    send_signal_group(parent, {
      si_signo: SIGCHLD,
      si_code,
      si_pid: group.tgid,
      si_uid: process_cred(group).uid,
      si_status,
      si_value: 0,
    });
  wake_up_all(parent.wait_chldexit);
}

/** One thread less that has to stop; the last one makes the stop complete. */
export function one_has_stopped(group: ThreadGroup): void {
  if (group.stop_count === 0 || --group.stop_count > 0) return;
  set_stop_event(group, group.stop_signal, false);
  notify_parent_cldstop(group, CLD_STOPPED, group.stop_signal);
}

/**
 * Put `info` into `pending`, which belongs to `task` or its process. Beyond RLIMIT_SIGPENDING a signal of old loses what goes with
 * it, unless the kernel itself or kill sent it, and a real-time signal that is to carry something is refused: -EAGAIN.
 *
 * @returns 1: it is there; 0: one was there already; -EAGAIN. Linux: __send_signal_locked.
 */
function queue_signal(task: Task, pending: SigPending, info: SigInfo): number {
  const sig = info.si_signo;
  if (legacy_queue(pending, sig)) return 0;
  const keep = sig < SIGRTMIN && info.si_code >= 0;
  if (keep || !over_sigpending(task.group, task.cred)) pending.queue.push(info);
  else if (sig >= SIGRTMIN && info.si_code !== SI_USER) return -EAGAIN;
  sigaddset(pending.set, sig);
  const { signalfd_wqh } = task.group;
  if (signalfd_wqh.first !== null) wake_up(signalfd_wqh);
  return 1;
}

/** Send `info.si_signo` to one thread. Signals that are ignored and not blocked are dropped. 0, -EAGAIN. */
export function send_signal_task(task: Task, info: SigInfo): number {
  const { group } = task;
  if (group.exiting) return 0;
  prepare_stop_cont(group, info.si_signo);
  if (sig_ignored(task, info.si_signo)) return 0;
  const queued = queue_signal(task, task.pending, info);
  if (queued <= 0) return queued;
  if (info.si_signo === SIGKILL) do_group_exit(group, SIGKILL);
  else if (!sigismember(task.blocked, info.si_signo)) complete_signal(task, info);
  return 0;
}

/** Does it end the process, and leave nothing to be written down first? Linux: sig_fatal, sig_kernel_coredump. */
function is_deadly(task: Task, sig: number): boolean {
  const handler = task.group.actions[sig]?.handler ?? SIG_DFL;
  if (handler !== SIG_DFL || IGNORED_BY_DEFAULT.has(sig) || STOPS.has(sig) || COREDUMPS.has(sig)) return false;
  return task.real_blocked === null || !sigismember(task.real_blocked, sig);
}

/**
 * `task` is to take the signal. One that ends the process does so now, before any that comes later; who traces sees it taken
 * first. Linux: complete_signal.
 */
function complete_signal(task: Task, info: SigInfo): void {
  const { trace } = task.kernel;
  if (trace?.ptrace_signal !== undefined || !is_deadly(task, info.si_signo)) {
    signal_wake_up(task, false);
    return;
  }
  trace?.signal_deliver?.(task, info.si_signo, info);
  do_group_exit(task.group, info.si_signo);
}

/** Send it to a process: to the first thread that does not block it. 0, -EAGAIN. Linux: send_signal, complete_signal. */
export function send_signal_group(group: ThreadGroup, info: SigInfo): number {
  const sig = info.si_signo;
  const [leader] = group.threads;
  if (leader === undefined || group.exiting) return 0;
  prepare_stop_cont(group, sig);
  if (sig_ignored(leader, sig)) return 0;
  const queued = queue_signal(leader, group.pending, info);
  if (queued <= 0) return queued;
  if (sig === SIGKILL) do_group_exit(group, SIGKILL);
  else {
    const takers = [...group.threads].filter((t) => !sigismember(t.blocked, sig));
    const taker = takers.find((t) => (t.work & TIF_SIGPENDING) === 0) ?? takers[0];
    if (taker !== undefined) complete_signal(taker, info);
  }
  return 0;
}

/** The next signal for `task` that is not in `blocked`: its own first, then one of its process. */
export function dequeue_signal(task: Task, blocked: SigSet): SigInfo | undefined {
  const info = take_signal(task.pending, blocked) ?? take_signal(task.group.pending, blocked);
  return info?.rearm === undefined ? info : info.rearm();
}

/**
 * Begin the end of a whole process: from now on every thread dies on its way back to user mode; the sleeping ones wake for
 * it. The first status counts. Linux: do_group_exit.
 */
export function do_group_exit(group: ThreadGroup, status: number): void {
  if (!group.exiting) {
    group.exiting = true;
    group.status = status;
    end_stop(group);
  }
  for (const t of group.threads) signal_wake_up(t, true);
}

/** Is there no process in `pgid` whose parent stands outside of it, in the same session? Then nobody could continue it. */
export function is_orphaned_pgrp(group: ThreadGroup, without: ThreadGroup | null): boolean {
  for (const g of pgrp_members(group.kernel, group.pgid)) {
    if (g === without || g.zombie || g.parent === null) continue;
    // The host, which started this one, is like a shell: it can continue its jobs.
    if (g.run !== null) return false;
    if (g.parent.pgid !== g.pgid && g.parent.sid === g.sid) return false;
  }
  return true;
}

/** What a signal does on the way back to user mode. */
export interface KSignal {
  readonly info: SigInfo;
  readonly action: SigAction;
}

/** All threads are to stop, this one now. Linux: do_signal_stop. */
function begin_stop(group: ThreadGroup, sig: number): void {
  if (group.stop_signal !== 0) return;
  group.stop_signal = sig;
  group.stop_count = group.threads.size;
  group.kernel.nr_stopped++;
  for (const t of group.threads) signal_wake_up(t, false);
}

/**
 * Take the pending signals until one wants something of user mode.
 *
 * @param ret the value of the call under way, for tracers
 * @returns a signal that has a handler; 'stop' or 'die'; null: nothing is left. Linux: get_signal.
 */
export function get_signal(task: Task, ret: number): KSignal | 'stop' | 'die' | null {
  const { group } = task;
  for (;;) {
    if (group.exiting || (group.exec_task !== null && group.exec_task !== task)) return 'die';
    if (group.stop_signal !== 0) return 'stop';
    const info = dequeue_signal(task, task.blocked);
    if (info === undefined) break;
    const sig = info.si_signo;
    if (sig !== SIGKILL) task.kernel.trace?.ptrace_signal?.(task, info, ret);
    const action = group.actions[sig];
    const handler = action?.handler ?? SIG_DFL;
    if (action !== undefined && handler !== SIG_DFL) {
      if (handler === SIG_IGN) continue;
      // SA_RESETHAND is bit 31: the comparison is with the signed result.
      if ((action.flags & (SA_RESETHAND | 0)) !== 0) group.actions[sig] = { ...action, handler: SIG_DFL };
      recalc_sigpending(task);
      return { info, action };
    }
    if (sig !== SIGKILL && IGNORED_BY_DEFAULT.has(sig)) continue;
    task.kernel.trace?.signal_deliver?.(task, sig, info);
    if (STOPS.has(sig)) {
      if (sig === SIGSTOP || !is_orphaned_pgrp(group, null)) begin_stop(group, sig);
    } else do_group_exit(group, sig);
  }
  recalc_sigpending(task);
  return null;
}

/** A write to a connection whose other end is gone: SIGPIPE to the writing thread. Linux: send_sig(SIGPIPE, current, 0). */
export function send_sigpipe(task: Task): void {
  send_signal_task(task, user_siginfo(task, SIGPIPE, SI_USER));
}

/** Put `set` in place of the mask until the call returns, or until its handler does. Linux: set_user_sigmask. */
export function set_user_sigmask(task: Task, set: SigSet): void {
  task.saved_sigmask = task.blocked;
  task.work |= TIF_RESTORE_SIGMASK;
  task.blocked = set;
  recalc_sigpending(task);
}

/**
 * The call ends. If no signal has interrupted it, the mask comes back at once; else on the way to user mode, after the
 * signals that only the call's mask lets through. Linux: restore_saved_sigmask_unless.
 */
export function restore_saved_sigmask_unless(task: Task, interrupted: boolean): void {
  if (!interrupted) restore_saved_sigmask(task);
}

export function restore_saved_sigmask(task: Task): void {
  const { saved_sigmask } = task;
  if (saved_sigmask === null) return;
  task.saved_sigmask = null;
  task.work &= ~TIF_RESTORE_SIGMASK;
  task.blocked = saved_sigmask;
  recalc_sigpending(task);
}
