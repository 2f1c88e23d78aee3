/** What the tasks of one user have together, held against its limits (kernel/user.c, kernel/ucount.c). */
import type { Cred } from '../include/linux/cred.js';
import type { Kernel } from '../include/linux/kernel.js';
import type { Task, ThreadGroup } from '../include/linux/sched.js';
import { RLIMIT_NPROC, RLIMIT_SIGPENDING, RLIM_INFINITY } from '../include/uapi/resource.js';
import { capable } from './capability.js';

/** Threads of a user; a process that nobody has waited for is one. */
function nr_tasks(kernel: Kernel, uid: number): number {
  let n = 0;
  for (const task of kernel.tasks.values()) if (task.cred.uid === uid) n++;
  for (const group of kernel.groups.values()) if (group.zombie && group.exit_cred.uid === uid) n++;
  return n;
}

/**
 * May the user of `task` not have one more? Counted when a limit is set: who has none pays nothing. Root has none.
 * Linux: copy_process, is_rlimit_overlimit.
 */
export function over_nproc({ kernel, cred, group }: Task): boolean {
  const limit = group.rlim[2 * RLIMIT_NPROC]!;
  if (limit === RLIM_INFINITY || cred.uid === 0 || capable(cred)) return false;
  return nr_tasks(kernel, cred.uid) >= limit;
}

/** Signals that are queued for the threads and processes of a user. */
function nr_sigqueues(kernel: Kernel, uid: number): number {
  let n = 0;
  for (const task of kernel.tasks.values()) if (task.cred.uid === uid) n += task.pending.queue.length;
  for (const { threads, pending } of kernel.groups.values()) {
    const [oldest] = threads;
    if (oldest?.cred.uid === uid) n += pending.queue.length;
  }
  return n;
}

/** Is there no room for one more queued signal, to a task of `cred` in `group`? Root has the limit too. Linux: __sigqueue_alloc. */
export function over_sigpending({ kernel, rlim }: ThreadGroup, { uid }: Cred): boolean {
  const limit = rlim[2 * RLIMIT_SIGPENDING]!;
  return limit !== RLIM_INFINITY && nr_sigqueues(kernel, uid) >= limit;
}
