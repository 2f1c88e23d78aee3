/** The system calls that send signals, and those that set what becomes of them (kernel/signal.c). */
import {
  type Result,
  type SigInfo,
  type SigSet,
  type Sleep,
  TASK_DEAD,
  type Task,
  type ThreadGroup,
} from '../include/linux/sched.js';
import type { Mm } from '../include/linux/mm.js';
import { EAGAIN, EFAULT, EINTR, EINVAL, EPERM, ERESTARTNOHAND, ESRCH } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import {
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  SIG_BLOCK,
  SIG_DFL,
  SIG_SETMASK,
  SIG_UNBLOCK,
  SI_TKILL,
  SI_USER,
} from '../include/uapi/signal.js';
import { get_s32, get_s64, get_u32, get_u64, put_u32, put_u64 } from '../lib/bytes.js';
import { find_vma } from '../mm/mmap.js';
import { copy_from_user, copy_to_user, size_t } from '../mm/uaccess.js';
import { capable } from './capability.js';
import { get_timespec } from './futex.js';
import { pgrp_members } from './pgrp.js';
import { siginfo_bytes } from './sigframe.js';
import {
  dequeue_signal,
  recalc_sigpending,
  send_signal_group,
  send_signal_task,
  set_user_sigmask,
  sig_handler_ignored,
  user_siginfo,
} from './signal.js';
import { NSIG, SIGSET_SIZE, get_sigset, put_sigset, sigdelset, without_unblockable } from './sigset.js';
import { process_cred } from './cred.js';
import { finish_wait, schedule_timeout, set_current_state, signal_pending } from './wait.js';

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
    actions[sig] = { handler: get_u64(raw, handler), flags: get_u32(raw, flags) | 0, mask: blocked };
    if (sig_handler_ignored(task.group, sig)) flush_signal(task.group, sig);
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
  for (const pending of [group.pending, ...[...group.threads].map((t) => t.pending)]) {
    sigdelset(pending.set, sig);
    pending.queue = pending.queue.filter((info) => info.si_signo !== sig);
  }
  for (const t of group.threads) recalc_sigpending(t);
}

/** `rt_sigprocmask(how, set, oset, sigsetsize)`. EINVAL (size), EFAULT, EINVAL (how), EFAULT (oset). */
export function sys_rt_sigprocmask(task: Task, how: number, set: number, oset: number, sigsetsize: number): number {
  if (size_t(sigsetsize) !== SIGSET_SIZE) return -EINVAL;
  const old = task.blocked;
  if (set !== 0) {
    const given = get_sigset(task.mm, set);
    if (typeof given === 'number') return given;
    const { lo, hi } = given;
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
  return oset === 0 ? 0 : put_sigset(task.mm, oset, old);
}

/** `rt_sigpending(set, sigsetsize)`: blocked signals that wait. EINVAL (size), EFAULT. */
export function sys_rt_sigpending(task: Task, uset: number, sigsetsize: number): number {
  const size = size_t(sigsetsize);
  if (size > SIGSET_SIZE) return -EINVAL;
  const { lo, hi } = task.pending.set;
  const { set } = task.group.pending;
  const raw = new Uint8Array(SIGSET_SIZE);
  put_u32(raw, 0, (lo | set.lo) & task.blocked.lo);
  put_u32(raw, 4, (hi | set.hi) & task.blocked.hi);
  return copy_to_user(task.mm, uset, raw, 0, size);
}

/** Sleep until a signal wants to be delivered; -ERESTARTNOHAND says: make the call again if it had no handler. */
function* wait_for_signal(task: Task): Sleep {
  try {
    for (;;) {
      set_current_state(task, 'a signal');
      if (signal_pending(task)) return -ERESTARTNOHAND;
      yield;
    }
  } finally {
    finish_wait(task);
  }
}

/** `pause()`: -EINTR once a handler has run. pause(2). */
export function sys_pause(task: Task): Sleep {
  return wait_for_signal(task);
}

/** `rt_sigsuspend(mask, sigsetsize)`: pause under another mask. -EINVAL (size), -EFAULT, -EINTR. sigsuspend(2). */
export function sys_rt_sigsuspend(task: Task, unewset: number, sigsetsize: number): Result {
  if (size_t(sigsetsize) !== SIGSET_SIZE) return -EINVAL;
  const set = get_sigset(task.mm, unewset);
  if (typeof set === 'number') return set;
  set_user_sigmask(task, without_unblockable(set));
  return wait_for_signal(task);
}

function* sigtimedwait_sleep(task: Task, mask: SigSet, ns: number, done: (info: SigInfo) => number): Sleep {
  const { blocked } = task;
  // A signal of the set wakes the task although it is blocked otherwise.
  task.real_blocked = blocked;
  task.blocked = { lo: blocked.lo & mask.lo, hi: blocked.hi & mask.hi };
  recalc_sigpending(task);
  let left = ns;
  try {
    set_current_state(task, 'a signal of its set');
    if (!signal_pending(task)) left = yield* schedule_timeout(task, left);
  } finally {
    finish_wait(task);
    task.blocked = blocked;
    task.real_blocked = null;
    recalc_sigpending(task);
  }
  const info = dequeue_signal(task, mask);
  recalc_sigpending(task);
  if (info !== undefined) return done(info);
  return left > 0 ? -EINTR : -EAGAIN;
}

/**
 * `rt_sigtimedwait(set, info, timeout, sigsetsize)`: take a signal of `set` without running its handler.
 *
 * @returns the signal; -EINVAL (size), -EFAULT, -EINVAL (timeout), -EAGAIN (time is over), -EINTR (another signal)
 * sigtimedwait(2); Linux do_sigtimedwait.
 */
export function sys_rt_sigtimedwait(
  task: Task,
  uthese: number,
  uinfo: number,
  uts: number,
  sigsetsize: number,
): Result {
  if (size_t(sigsetsize) !== SIGSET_SIZE) return -EINVAL;
  const these = get_sigset(task.mm, uthese);
  if (typeof these === 'number') return these;
  const ns = uts === 0 ? Infinity : get_timespec(task.mm, uts);
  if (ns < 0) return ns;
  without_unblockable(these);
  const mask = { lo: ~these.lo, hi: ~these.hi };
  const done = (info: SigInfo): number => {
    const raw = siginfo_bytes(info);
    return uinfo !== 0 && copy_to_user(task.mm, uinfo, raw, 0, raw.length) < 0 ? -EFAULT : info.si_signo;
  };
  const info = dequeue_signal(task, mask);
  recalc_sigpending(task);
  if (info !== undefined) return done(info);
  return ns === 0 ? -EAGAIN : sigtimedwait_sleep(task, mask, ns, done);
}

// Sending.

/** 0, or -EINVAL: no signal has that number (0 is none either, and asks whether one could be sent). */
export function check_signal(sig: number): number {
  return sig < 0 || sig > NSIG ? -EINVAL : 0;
}

/** May `task` send what `info` says to `group`? Linux: kill_ok_by_cred and check_kill_permission. */
function kill_permitted(task: Task, group: ThreadGroup, sig: number): boolean {
  if (group === task.group || capable(task.cred)) return true;
  const { uid, euid } = task.cred;
  const { uid: target, suid } = process_cred(group);
  if (euid === suid || euid === target || uid === suid || uid === target) return true;
  return sig === SIGCONT && group.sid === task.group.sid;
}

/** -EINVAL (sig), -EPERM, -EAGAIN (RLIMIT_SIGPENDING). */
export function kill_group(task: Task, group: ThreadGroup, info: SigInfo): number {
  const err = check_signal(info.si_signo);
  if (err < 0) return err;
  if (!kill_permitted(task, group, info.si_signo)) return -EPERM;
  return info.si_signo === 0 ? 0 : send_signal_group(group, info);
}

/** To all of a process group: 0 if one of them got it. -ESRCH: there is none. Linux: __kill_pgrp_info. */
function kill_pgrp(task: Task, info: SigInfo, pgid: number): number {
  let ret = -ESRCH;
  for (const group of [...pgrp_members(task.kernel, pgid)]) {
    const err = kill_group(task, group, info);
    if (ret !== 0) ret = err;
  }
  return ret;
}

/** To everybody but init and the own process. -ESRCH: there is nobody. */
function kill_all_others(task: Task, info: SigInfo): number {
  const { kernel } = task;
  const others = [...kernel.groups.values()].filter((g) => g !== kernel.init && g !== task.group);
  let ret = others.length === 0 ? -ESRCH : 0;
  for (const group of others) {
    const err = kill_group(task, group, info);
    if (err !== -EPERM) ret = err;
  }
  return ret;
}

/** The process of that number; a thread's number means its process. */
function find_process({ kernel }: Task, pid: number): ThreadGroup | undefined {
  return kernel.groups.get(pid) ?? kernel.tasks.get(pid)?.group;
}

/**
 * `kill(pid, sig)`: to a process; 0: to the own process group; below -1: to that group; -1: to all but init and the caller.
 * -ESRCH, -EINVAL (sig), -EPERM. kill(2); Linux kill_something_info.
 */
export function sys_kill(task: Task, upid: number, signum: number): number {
  const pid = upid | 0;
  const info = user_siginfo(task, signum | 0, SI_USER);
  if (pid > 0) {
    const target = find_process(task, pid);
    return target === undefined ? -ESRCH : kill_group(task, target, info);
  }
  if (pid === -0x80000000) return -ESRCH;
  if (pid === -1) return kill_all_others(task, info);
  return kill_pgrp(task, info, pid === 0 ? task.group.pgid : -pid);
}

/** -ESRCH, -EINVAL (sig), -EPERM, -EAGAIN (RLIMIT_SIGPENDING). */
function do_tkill(task: Task, tgid: number, pid: number, info: SigInfo): number {
  const { tasks, groups } = task.kernel;
  const target = tasks.get(pid);
  const alive = target !== undefined && target.state !== TASK_DEAD;
  // The first thread of a process stands for it until somebody has waited for it.
  const group = alive ? target.group : groups.get(pid);
  if (group === undefined || (tgid > 0 && group.tgid !== tgid)) return -ESRCH;
  const err = check_signal(info.si_signo);
  if (err < 0) return err;
  if (!kill_permitted(task, group, info.si_signo)) return -EPERM;
  return info.si_signo !== 0 && alive ? send_signal_task(target, info) : 0;
}

/** `tgkill(tgid, tid, sig)`: to one thread. -EINVAL (a number that is none), -ESRCH, -EINVAL (sig). tgkill(2). */
export function sys_tgkill(task: Task, tgid: number, pid: number, sig: number): number {
  if ((tgid | 0) <= 0 || (pid | 0) <= 0) return -EINVAL;
  return do_tkill(task, tgid | 0, pid | 0, user_siginfo(task, sig | 0, SI_TKILL));
}

/** `tkill(tid, sig)`. tkill(2). */
export function sys_tkill(task: Task, pid: number, sig: number): number {
  if ((pid | 0) <= 0) return -EINVAL;
  return do_tkill(task, 0, pid | 0, user_siginfo(task, sig | 0, SI_TKILL));
}

/** A siginfo_t from user memory; `sig` not -1: with this number in it. -EFAULT. */
export function get_siginfo(mm: Mm, uinfo: number, sig: number): SigInfo | number {
  const S = layout_x86_64.siginfo;
  const area = find_vma(mm, uinfo, S.size);
  if (area === null) return -EFAULT;
  const raw = area.bytes;
  const at = uinfo - area.start;
  return {
    si_signo: sig === -1 ? get_s32(raw, at + S.si_signo) : sig,
    si_code: get_s32(raw, at + S.si_code),
    si_pid: get_s32(raw, at + S.si_pid),
    si_uid: get_u32(raw, at + S.si_uid),
    si_status: get_s32(raw, at + S.si_status),
    si_value: get_s64(raw, at + S.si_value),
  };
}

/** May the caller claim what `info` says? To itself anything; to others nothing that looks like kill or the kernel. */
function may_claim(info: SigInfo, self: boolean): boolean {
  return self || (info.si_code < 0 && info.si_code !== SI_TKILL);
}

/** `rt_sigqueueinfo(tgid, sig, info)`: kill with the sender's own siginfo. -EFAULT, -EPERM, -ESRCH, -EINVAL. */
export function sys_rt_sigqueueinfo(task: Task, upid: number, signum: number, uinfo: number): number {
  const info = get_siginfo(task.mm, uinfo, signum | 0);
  if (typeof info === 'number') return info;
  const pid = upid | 0;
  if (!may_claim(info, pid === task.pid)) return -EPERM;
  const group = find_process(task, pid);
  return group === undefined ? -ESRCH : kill_group(task, group, info);
}

/** `rt_tgsigqueueinfo(tgid, tid, sig, info)` (2.6.31). -EFAULT, -EINVAL, -EPERM, -ESRCH, -EINVAL. */
export function sys_rt_tgsigqueueinfo(task: Task, tgid: number, pid: number, signum: number, uinfo: number): number {
  const info = get_siginfo(task.mm, uinfo, signum | 0);
  if (typeof info === 'number') return info;
  if ((tgid | 0) <= 0 || (pid | 0) <= 0) return -EINVAL;
  if (!may_claim(info, (pid | 0) === task.pid)) return -EPERM;
  return do_tkill(task, tgid | 0, pid | 0, info);
}
