/** wait4 and waitid: waiting for children (kernel/exit.c). */
import type { Result, Sleep, Task, ThreadGroup } from '../include/linux/sched.js';
import type { OpenFile } from '../include/linux/fs.js';
import { EAGAIN, EBADF, ECHILD, EFAULT, EINVAL, ERESTARTSYS, ESRCH } from '../include/uapi/errno.js';
import { O_NONBLOCK } from '../include/uapi/fcntl.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { CLD_CONTINUED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, SIGCHLD, SIGCONT } from '../include/uapi/signal.js';
import {
  P_ALL,
  P_PGID,
  P_PID,
  P_PIDFD,
  WCONTINUED,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WSTOPPED,
  WUNTRACED,
  W_CONTINUED,
  W_STOPCODE,
  __WALL,
  __WCLONE,
  __WNOTHREAD,
} from '../include/uapi/wait.js';
import { get_file, fget, fput } from '../fs/file.js';
import { find_vma } from '../mm/mmap.js';
import { put_user_u32 } from '../mm/uaccess.js';
import { put_u32 } from '../lib/bytes.js';
import { release_task } from './exit.js';
import { pidfd_group } from './pid.js';
import { put_rusage } from './rusage.js';
import { set_stop_event } from './signal.js';
import { process_cred } from './cred.js';
import { finish_wait, prepare_to_wait, signal_pending } from './wait.js';

/** The bits of the kernel's int that have the sign bit among them. */
const WALL = __WALL | 0;
const WCLONE = __WCLONE | 0;
const WNOTHREAD = __WNOTHREAD | 0;

/** What a wait is for, and what it has found. Linux: struct wait_opts. */
interface WaitOpts {
  readonly task: Task;
  readonly flags: number;
  readonly type: number;
  /** The process (P_PID, P_PIDFD) or process group. */
  readonly id: number;
  pid: number;
  /** Real user of the child. */
  uid: number;
  /** As wait(2) reports it. */
  stat: number;
  cause: number;
  /** Exit code or signal. */
  status: number;
  cpu_ns: number;
}

function eligible_child(wo: WaitOpts, child: ThreadGroup): boolean {
  if (wo.type === P_PID && child.tgid !== wo.id) return false;
  if (wo.type === P_PGID && child.pgid !== wo.id) return false;
  if ((wo.flags & WNOTHREAD) !== 0 && child.parent_task !== wo.task) return false;
  return (wo.flags & WALL) !== 0 || (child.exit_signal !== SIGCHLD) === ((wo.flags & WCLONE) !== 0);
}

function wait_task_zombie(wo: WaitOpts, child: ThreadGroup): boolean {
  if ((wo.flags & WEXITED) === 0) return false;
  const killed = (child.status & 0x7f) !== 0;
  wo.pid = child.tgid;
  wo.uid = process_cred(child).uid;
  wo.stat = child.status;
  wo.cause = killed ? CLD_KILLED : CLD_EXITED;
  wo.status = killed ? child.status & 0x7f : child.status >> 8;
  wo.cpu_ns = child.sum_exec + child.children_exec;
  if ((wo.flags & WNOWAIT) !== 0) return true;
  wo.task.group.children_exec += wo.cpu_ns;
  release_task(child);
  return true;
}

/** A stop or a continuation that nobody has waited for. */
function wait_task_stopped(wo: WaitOpts, child: ThreadGroup): boolean {
  const stopped = child.stop_code !== 0 && (wo.flags & WSTOPPED) !== 0;
  if (!stopped && !(child.continued && (wo.flags & WCONTINUED) !== 0)) return false;
  wo.pid = child.tgid;
  wo.uid = process_cred(child).uid;
  wo.stat = stopped ? W_STOPCODE(child.stop_code) : W_CONTINUED;
  wo.cause = stopped ? CLD_STOPPED : CLD_CONTINUED;
  wo.status = stopped ? child.stop_code : SIGCONT;
  wo.cpu_ns = child.sum_exec;
  if ((wo.flags & WNOWAIT) === 0) set_stop_event(child, 0, false);
  return true;
}

function wait_consider_task(wo: WaitOpts, child: ThreadGroup): boolean {
  if (!eligible_child(wo, child)) return false;
  return child.zombie ? wait_task_zombie(wo, child) : wait_task_stopped(wo, child);
}

/** The children that may have something to tell, oldest first. */
function* candidates({ task: { group }, type, id, flags }: WaitOpts): Generator<ThreadGroup, void, undefined> {
  if (type === P_PID) {
    const child = group.kernel.groups.get(id);
    if (child?.parent === group) yield child;
  } else if (group.stop_events > 0 && (flags & (WSTOPPED | WCONTINUED)) !== 0) yield* [...group.children];
  else for (let i = group.zombies.length - 1; i >= 0; i--) yield group.zombies[i]!;
}

/** Is there a child that could tell something one day? */
function has_children(wo: WaitOpts): boolean {
  const { group } = wo.task;
  if (wo.type === P_PID) {
    const child = group.kernel.groups.get(wo.id);
    return child?.parent === group && eligible_child(wo, child);
  }
  for (const child of group.children) if (eligible_child(wo, child)) return true;
  return false;
}

/** Look once: a pid, 0 (nothing yet), or -ECHILD. */
function scan(wo: WaitOpts): number {
  for (const child of candidates(wo)) if (wait_consider_task(wo, child)) return wo.pid;
  return has_children(wo) ? 0 : -ECHILD;
}

function* wait_sleep(wo: WaitOpts, finish: (wo: WaitOpts, ret: number) => number): Sleep {
  const { task } = wo;
  try {
    for (;;) {
      prepare_to_wait(task.group.wait_chldexit, task, false, 'a child');
      const ret = scan(wo);
      if (ret !== 0) return finish(wo, ret);
      if (signal_pending(task)) return finish(wo, -ERESTARTSYS);
      yield;
    }
  } finally {
    finish_wait(task);
  }
}

/** Linux: do_wait. `finish` makes the call's value of a pid, 0 (WNOHANG) or -errno. */
function do_wait(wo: WaitOpts, finish: (wo: WaitOpts, ret: number) => number): Result {
  const ret = scan(wo);
  return ret !== 0 || (wo.flags & WNOHANG) !== 0 ? finish(wo, ret) : wait_sleep(wo, finish);
}

function wait_opts(task: Task, flags: number, type: number, id: number): WaitOpts {
  return { task, flags, type, id, pid: 0, uid: 0, stat: 0, cause: 0, status: 0, cpu_ns: 0 };
}

/**
 * `wait4(pid, &status, options, rusage)`.
 *
 * @returns the child's pid, 0 (WNOHANG: none has anything to tell); -EINVAL (options), -ESRCH (pid INT_MIN), -ECHILD, -EINTR,
 *          -EFAULT (the child is gone nevertheless)
 * Sleeps until a child has ended (or stopped, WUNTRACED; or gone on, WCONTINUED). wait4(2); Linux kernel_wait4.
 */
export function sys_wait4(task: Task, upid: number, stat_addr: number, options: number, ru: number): Result {
  const pid = upid | 0;
  const opts = options | 0;
  if ((opts & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WCLONE | WALL)) !== 0) return -EINVAL;
  if (pid === -0x80000000) return -ESRCH;
  const type = pid === -1 ? P_ALL : pid > 0 ? P_PID : P_PGID;
  const id = pid > 0 ? pid : pid === 0 ? task.group.pgid : -pid;
  return do_wait(wait_opts(task, opts | WEXITED, type, id), (wo, ret) => {
    if (ret > 0 && stat_addr !== 0 && put_user_u32(task.mm, stat_addr, wo.stat) < 0) return -EFAULT;
    if (ret > 0 && ru !== 0 && put_rusage(task.mm, ru, wo.cpu_ns) < 0) return -EFAULT;
    return ret;
  });
}

function put_siginfo(wo: WaitOpts, infop: number, found: boolean): number {
  const S = layout_x86_64.siginfo;
  const area = find_vma(wo.task.mm, infop, S.size);
  if (area === null) return -EFAULT;
  const at = infop - area.start;
  put_u32(area.bytes, at + S.si_signo, found ? SIGCHLD : 0);
  put_u32(area.bytes, at + S.si_errno, 0);
  put_u32(area.bytes, at + S.si_code, wo.cause);
  put_u32(area.bytes, at + S.si_pid, wo.pid);
  put_u32(area.bytes, at + S.si_uid, wo.uid);
  put_u32(area.bytes, at + S.si_status, wo.status);
  return 0;
}

/** What waitid's first two arguments mean: the number to wait for, or -EINVAL, -EBADF. `file`: set for a pidfd. */
function waitid_target(task: Task, which: number, upid: number): { id: number; file: OpenFile | null } | number {
  switch (which) {
    case P_ALL:
      return { id: 0, file: null };
    case P_PID:
      return upid <= 0 ? -EINVAL : { id: upid, file: null };
    case P_PGID:
      if (upid < 0 || (upid === 0 && !task.kernel.release.waitid_own_pgrp)) return -EINVAL;
      return { id: upid === 0 ? task.group.pgid : upid, file: null };
    case P_PIDFD: {
      if (!task.kernel.release.calls.has('pidfd_getfd') || upid < 0) return -EINVAL;
      const file = fget(task, upid);
      const group = file === null ? null : pidfd_group(file);
      return group === null ? -EBADF : { id: group.tgid, file };
    }
    default:
      return -EINVAL;
  }
}

/**
 * `waitid(idtype, id, &info, options, rusage)`: WEXITED, WSTOPPED, WCONTINUED say what to wait for; WNOWAIT leaves it.
 *
 * @returns 0, with si_pid 0 if WNOHANG found nothing; -EINVAL (options, idtype, id), -EBADF (pidfd), -ECHILD, -EINTR, -EAGAIN
 *          (a pidfd with O_NONBLOCK), -EFAULT. waitid(2); Linux kernel_waitid.
 */
export function sys_waitid(
  task: Task,
  which: number,
  upid: number,
  infop: number,
  options: number,
  ru: number,
): Result {
  let opts = options | 0;
  if ((opts & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | WNOTHREAD | WCLONE | WALL)) !== 0) return -EINVAL;
  if ((opts & (WEXITED | WSTOPPED | WCONTINUED)) === 0) return -EINVAL;
  const target = waitid_target(task, which | 0, upid | 0);
  if (typeof target === 'number') return target;
  const { file, id } = target;
  const nonblock = file !== null && (file.f_flags & O_NONBLOCK) !== 0 && (opts & WNOHANG) === 0;
  if (nonblock) opts |= WNOHANG;
  if (file !== null) get_file(file);
  const type = (which | 0) === P_PIDFD ? P_PID : which | 0;
  return do_wait(wait_opts(task, opts, type, id), (wo, pid) => {
    if (file !== null) fput(file);
    const ret = pid === 0 && nonblock ? -EAGAIN : Math.min(pid, 0);
    if (pid > 0 && ru !== 0 && put_rusage(task.mm, ru, wo.cpu_ns) < 0) return -EFAULT;
    if (infop === 0) return ret;
    return put_siginfo(wo, infop, pid > 0) < 0 ? -EFAULT : ret;
  });
}
