/** Identity, groups and limits of a process (kernel/sys.c). */
import type { Kernel } from '../include/linux/kernel.js';
import type { Task, ThreadGroup } from '../include/linux/sched.js';
import { EACCES, EFAULT, EINVAL, EPERM, ESRCH } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import {
  PR_GET_CHILD_SUBREAPER,
  PR_GET_NAME,
  PR_GET_PDEATHSIG,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_NAME,
  PR_SET_PDEATHSIG,
  TASK_COMM_LEN,
} from '../include/uapi/prctl.js';
import { RLIMIT_CPU, RLIMIT_NOFILE } from '../include/uapi/resource.js';
import { get_u64, put_u64 } from '../lib/bytes.js';
import { get_string } from '../mm/strings.js';
import { copy_from_user, copy_to_user, put_user_u32 } from '../mm/uaccess.js';
import { capable } from './capability.js';
import { change_pgrp, pgrp_exists, pgrp_members } from './pgrp.js';
import { process_cred } from './cred.js';
import { arm_cpu_timers } from './posix-cpu-timers.js';
import { NSIG } from './sigset.js';

/** Linux: sysctl_nr_open, the most that RLIMIT_NOFILE can be. */
const NR_OPEN = 1024 * 1024;
const RLIMIT = layout_x86_64.rlimit;

export function sys_getpid(task: Task): number {
  return task.group.tgid;
}

/** The process id of the parent; of a process that the host started it is init, 1. */
export function sys_getppid(task: Task): number {
  return task.group.parent!.tgid;
}

export function sys_gettid(task: Task): number {
  return task.pid;
}

// Process groups and sessions.

function find_group(task: Task, pid: number): ThreadGroup | undefined {
  return pid === 0 ? task.group : (task.kernel.groups.get(pid) ?? task.kernel.tasks.get(pid)?.group);
}

/** `getpgid(pid)`: -ESRCH. getpgid(2). */
export function sys_getpgid(task: Task, pid: number): number {
  return find_group(task, pid | 0)?.pgid ?? -ESRCH;
}

export function sys_getpgrp(task: Task): number {
  return task.group.pgid;
}

/** `getsid(pid)`: -ESRCH. getsid(2). */
export function sys_getsid(task: Task, pid: number): number {
  return find_group(task, pid | 0)?.sid ?? -ESRCH;
}

/** All members of a process group are of one session. */
function session_has_pgrp(kernel: Kernel, sid: number, pgid: number): boolean {
  for (const g of pgrp_members(kernel, pgid)) return g.sid === sid;
  return false;
}

/**
 * `setpgid(pid, pgid)`: 0 means the caller, or the group of the same number.
 *
 * @returns 0; -EINVAL (pgid), -ESRCH, -EINVAL (a thread that is not the first), -EPERM (child of another session), -EACCES (child
 *          that has called execve), -ESRCH (no child), -EPERM (session leader, or no such group in the session). setpgid(2).
 */
export function sys_setpgid(task: Task, upid: number, upgid: number): number {
  const { kernel, group } = task;
  const pid = (upid | 0) === 0 ? group.tgid : upid | 0;
  const pgid = (upgid | 0) === 0 ? pid : upgid | 0;
  if (pgid < 0) return -EINVAL;
  const target = kernel.groups.get(pid);
  if (target === undefined) return kernel.tasks.has(pid) ? -EINVAL : -ESRCH;
  if (target !== group) {
    if (target.parent !== group) return -ESRCH;
    if (target.sid !== group.sid) return -EPERM;
    if (target.did_exec) return -EACCES;
  }
  if (target.sid === target.tgid) return -EPERM;
  if (pgid !== pid && !session_has_pgrp(kernel, group.sid, pgid)) return -EPERM;
  change_pgrp(target, pgid);
  return 0;
}

/** `setsid()`: a session and a group of its own. -EPERM (a group of that number exists). setsid(2). */
export function sys_setsid(task: Task): number {
  const { kernel, group } = task;
  if (pgrp_exists(kernel, group.tgid)) return -EPERM;
  group.sid = group.tgid;
  change_pgrp(group, group.tgid);
  return group.sid;
}

// Limits.

function get_rlimit(task: Task, ptr: number): { soft: number; hard: number } | number {
  const raw = new Uint8Array(RLIMIT.size);
  if (copy_from_user(task.mm, raw, 0, ptr, RLIMIT.size) < 0) return -EFAULT;
  return { soft: get_u64(raw, RLIMIT.rlim_cur), hard: get_u64(raw, RLIMIT.rlim_max) };
}

function put_rlimit(task: Task, ptr: number, group: ThreadGroup, r: number): number {
  const raw = new Uint8Array(RLIMIT.size);
  put_u64(raw, RLIMIT.rlim_cur, group.rlim[2 * r]!);
  put_u64(raw, RLIMIT.rlim_max, group.rlim[2 * r + 1]!);
  return copy_to_user(task.mm, ptr, raw, 0, RLIMIT.size);
}

function do_setrlimit(task: Task, group: ThreadGroup, r: number, limit: { soft: number; hard: number }): number {
  const { soft, hard } = limit;
  if (soft > hard) return -EINVAL;
  if (r === RLIMIT_NOFILE && hard > NR_OPEN) return -EPERM;
  if (hard > group.rlim[2 * r + 1]! && !capable(task.cred)) return -EPERM;
  const limits = group.rlim.slice();
  limits[2 * r] = soft;
  limits[2 * r + 1] = hard;
  group.rlim = limits;
  if (r === RLIMIT_CPU) arm_cpu_timers(group);
  return 0;
}

/** `getrlimit(resource, rlim)`. EINVAL (resource), EFAULT. */
export function sys_getrlimit(task: Task, resource: number, rlim: number): number {
  const r = resource >>> 0;
  return r >= task.kernel.release.rlim_nlimits ? -EINVAL : put_rlimit(task, rlim, task.group, r);
}

/** `setrlimit(resource, rlim)`. EINVAL (resource), EFAULT (today in the other order), EINVAL (soft above hard), EPERM (RLIMIT_NOFILE above nr_open; a higher hard limit is root's). */
export function sys_setrlimit(task: Task, resource: number, rlim: number): number {
  const { release } = task.kernel;
  const r = resource >>> 0;
  const known = r < release.rlim_nlimits;
  if (!known && !release.setrlimit_copies_first) return -EINVAL;
  const value = get_rlimit(task, rlim);
  if (typeof value === 'number') return value;
  return known ? do_setrlimit(task, task.group, r, value) : -EINVAL;
}

/** The limits of another process: root, or who is that user in every respect. Linux: check_prlimit_permission. */
function may_prlimit(task: Task, group: ThreadGroup): boolean {
  if (group === task.group || capable(task.cred)) return true;
  const { uid, gid } = task.cred;
  const { uid: ruid, euid, suid, gid: rgid, egid, sgid } = process_cred(group);
  return [ruid, euid, suid].every((id) => id === uid) && [rgid, egid, sgid].every((id) => id === gid);
}

/** `prlimit(pid, resource, new, old)` (2.6.36). EFAULT (new), ESRCH, EPERM, EINVAL, EPERM, EFAULT (old). prlimit(2). */
export function sys_prlimit64(task: Task, pid: number, resource: number, new_rlim: number, old_rlim: number): number {
  const value = new_rlim === 0 ? null : get_rlimit(task, new_rlim);
  if (typeof value === 'number') return value;
  const group = find_group(task, pid | 0);
  if (group === undefined) return -ESRCH;
  if (!may_prlimit(task, group)) return -EPERM;
  const r = resource >>> 0;
  if (r >= task.kernel.release.rlim_nlimits) return -EINVAL;
  const old = group.rlim;
  const err = value === null ? 0 : do_setrlimit(task, group, r, value);
  if (err < 0 || old_rlim === 0) return err;
  return put_rlimit(task, old_rlim, { ...group, rlim: old }, r);
}

// prctl.

function set_name(task: Task, ptr: number): number {
  const name = get_string(task.mm, ptr, TASK_COMM_LEN);
  if (name === -EFAULT) return name;
  if (typeof name !== 'number') task.comm = name.text;
  else {
    const raw = new Uint8Array(TASK_COMM_LEN - 1);
    copy_from_user(task.mm, raw, 0, ptr, raw.length);
    task.comm = String.fromCharCode(...raw);
  }
  if (task.pid === task.group.tgid) task.group.comm = task.comm;
  return 0;
}

function get_name(task: Task, ptr: number): number {
  const raw = new Uint8Array(TASK_COMM_LEN);
  for (let i = 0; i < task.comm.length && i < TASK_COMM_LEN - 1; i++) raw[i] = task.comm.charCodeAt(i);
  return copy_to_user(task.mm, ptr, raw, 0, TASK_COMM_LEN);
}

/**
 * `prctl(option, …)`: PR_SET_NAME, PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER and their opposites. -EINVAL (others, a signal that is
 * none), -EFAULT. prctl(2).
 */
export function sys_prctl(task: Task, option: number, arg2: number): number {
  switch (option | 0) {
    case PR_SET_PDEATHSIG:
      if (!(arg2 >= 0 && arg2 <= NSIG)) return -EINVAL;
      task.pdeath_signal = arg2;
      return 0;
    case PR_GET_PDEATHSIG:
      return put_user_u32(task.mm, arg2, task.pdeath_signal);
    case PR_SET_NAME:
      return set_name(task, arg2);
    case PR_GET_NAME:
      return get_name(task, arg2);
    case PR_SET_CHILD_SUBREAPER:
      if (!task.kernel.release.prctl_subreaper) return -EINVAL;
      task.group.child_subreaper = arg2 !== 0;
      return 0;
    case PR_GET_CHILD_SUBREAPER:
      if (!task.kernel.release.prctl_subreaper) return -EINVAL;
      return put_user_u32(task.mm, arg2, task.group.child_subreaper ? 1 : 0);
    default:
      return -EINVAL;
  }
}
