/** Identity and limits of a process (kernel/sys.c). */
import type { Task } from '../include/linux/sched.js';
import { EFAULT, EINVAL, EPERM } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { RLIMIT_NOFILE, RLIM_NLIMITS } from '../include/uapi/resource.js';
import { get_u64, put_u64 } from '../lib/bytes.js';
import { copy_from_user, copy_to_user } from '../mm/uaccess.js';

/** Linux: sysctl_nr_open, the most that RLIMIT_NOFILE can be. */
const NR_OPEN = 1024 * 1024;

export function sys_getpid(task: Task): number {
  return task.group.tgid;
}

/** The process id of the parent; of a process that the host started it is init, 1. */
export function sys_getppid(task: Task): number {
  return task.group.parent?.tgid ?? 1;
}

export function sys_gettid(task: Task): number {
  return task.pid;
}

/** `getrlimit(resource, rlim)`. EINVAL (resource), EFAULT. */
export function sys_getrlimit(task: Task, resource: number, rlim: number): number {
  const { size, rlim_cur, rlim_max } = layout_x86_64.rlimit;
  const r = resource >>> 0;
  if (r >= RLIM_NLIMITS) return -EINVAL;
  const raw = new Uint8Array(size);
  put_u64(raw, rlim_cur, task.group.rlim[2 * r]!);
  put_u64(raw, rlim_max, task.group.rlim[2 * r + 1]!);
  return copy_to_user(task.mm, rlim, raw, 0, size);
}

/** `setrlimit(resource, rlim)`. EINVAL (resource), EFAULT (today in the other order), EINVAL (soft above hard), EPERM (RLIMIT_NOFILE above nr_open). */
export function sys_setrlimit(task: Task, resource: number, rlim: number): number {
  const { size, rlim_cur, rlim_max } = layout_x86_64.rlimit;
  const r = resource >>> 0;
  const raw = new Uint8Array(size);
  const known = r < RLIM_NLIMITS;
  if (!known && !task.kernel.release.setrlimit_copies_first) return -EINVAL;
  if (copy_from_user(task.mm, raw, 0, rlim, size) < 0) return -EFAULT;
  if (!known) return -EINVAL;
  const soft = get_u64(raw, rlim_cur);
  const hard = get_u64(raw, rlim_max);
  if (soft > hard) return -EINVAL;
  if (r === RLIMIT_NOFILE && hard > NR_OPEN) return -EPERM;
  const limits = task.group.rlim.slice();
  limits[2 * r] = soft;
  limits[2 * r + 1] = hard;
  task.group.rlim = limits;
  return 0;
}
