/** What processes have used up (kernel/sys.c getrusage, times). Of the resources, time on the processor is the one that exists. */
import type { Mm } from '../include/linux/mm.js';
import type { Task, ThreadGroup } from '../include/linux/sched.js';
import { EFAULT, EINVAL } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { RUSAGE_BOTH, RUSAGE_CHILDREN, RUSAGE_SELF, RUSAGE_THREAD } from '../include/uapi/resource.js';
import { put_u64 } from '../lib/bytes.js';
import { copy_to_user } from '../mm/uaccess.js';
import { ktime_get } from './time.js';

const NSEC_PER_SEC = 1e9;
const NSEC_PER_USEC = 1e3;
/** Linux: USER_HZ, the unit of times(2): 100 to the second. */
const NSEC_PER_CLOCK_T = 1e7;

/** Nanoseconds that `task` has had the processor, up to now. */
export function task_cpu_time(task: Task): number {
  const { kernel } = task;
  return task.sum_exec + (kernel.current === task ? ktime_get(kernel) - kernel.exec_start : 0);
}

export function group_cpu_time(group: ThreadGroup): number {
  return [...group.threads].reduce((sum, t) => sum + task_cpu_time(t), group.sum_exec);
}

/**
 * What the program itself used of `ns` nanoseconds on the processor; the rest is system time.
 *
 * DEVIATION: only calls take time here. Of each one half counts as the program's, for what it did before the call.
 */
export function user_time(ns: number): number {
  return Math.floor(ns / 2);
}

function put_time(raw: Uint8Array, at: number, ns: number): void {
  put_u64(raw, at, Math.floor(ns / NSEC_PER_SEC));
  put_u64(raw, at + 8, Math.floor((ns % NSEC_PER_SEC) / NSEC_PER_USEC));
}

/** A struct rusage. DEVIATION: memory, faults and switches are not counted. */
export function put_rusage(mm: Mm, ptr: number, ns: number): number {
  const { size, ru_utime, ru_stime } = layout_x86_64.rusage;
  const raw = new Uint8Array(size);
  put_time(raw, ru_utime, user_time(ns));
  put_time(raw, ru_stime, ns - user_time(ns));
  return copy_to_user(mm, ptr, raw, 0, size);
}

/** `getrusage(who, usage)`. EINVAL, EFAULT. getrusage(2). */
export function sys_getrusage(task: Task, who: number, ru: number): number {
  const { group } = task;
  let ns: number;
  switch (who | 0) {
    case RUSAGE_SELF:
      ns = group_cpu_time(group);
      break;
    case RUSAGE_CHILDREN:
      ns = group.children_exec;
      break;
    case RUSAGE_BOTH:
      return -EINVAL;
    case RUSAGE_THREAD:
      if (!task.kernel.release.rusage_thread) return -EINVAL;
      ns = task_cpu_time(task);
      break;
    default:
      return -EINVAL;
  }
  return put_rusage(task.mm, ru, ns);
}

/** `times(buf)`: ticks of 1/100 s since boot; user, system, children's user and system ticks to `buf`. EFAULT. times(2). */
export function sys_times(task: Task, tbuf: number): number {
  const ticks = (ns: number): number => Math.floor(ns / NSEC_PER_CLOCK_T);
  if (tbuf !== 0) {
    const raw = new Uint8Array(32);
    const times = [group_cpu_time(task.group), task.group.children_exec];
    times.forEach((ns, i) => {
      put_u64(raw, 16 * i, ticks(user_time(ns)));
      put_u64(raw, 16 * i + 8, ticks(ns - user_time(ns)));
    });
    if (copy_to_user(task.mm, tbuf, raw, 0, 32) < 0) return -EFAULT;
  }
  return ticks(ktime_get(task.kernel));
}
