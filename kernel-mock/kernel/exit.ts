/** The end of tasks and processes (kernel/exit.c). */
import { TASK_DEAD, TIF_SIGPENDING, type Task, type ThreadGroup } from '../include/linux/sched.js';
import { exit_files } from '../fs/file.js';
import { exit_mmap } from '../mm/mmap.js';
import { put_user_u32 } from '../mm/uaccess.js';
import { futex_wake } from './futex.js';
import { do_group_exit } from './signal.js';

/** The host hears how its run ended once the last thread of the process is gone. */
function exit_notify(group: ThreadGroup): void {
  const { run, kernel } = group;
  if (run === null) return;
  group.run = null;
  kernel.runs.splice(kernel.runs.indexOf(run), 1);
  if (run.error === null) run.resolve(group.status);
  else run.reject(run.error);
}

/** End the current task. It never goes back to user mode; entry.ts gives the processor to the next one. */
export function do_exit(task: Task, status: number): void {
  const { group, kernel, mm } = task;
  task.state = TASK_DEAD;
  // Not the fast way out: there is no way out.
  task.work |= TIF_SIGPENDING;
  task.indirect_params = null;
  kernel.trace?.task_exit?.(task);
  exit_files(task);
  if (--task.fs.users === 0) kernel.fs?.exit_fs(task.fs);
  if (task.clear_child_tid !== 0 && mm.users > 1) {
    put_user_u32(mm, task.clear_child_tid, 0);
    futex_wake(mm, task.clear_child_tid, 1);
  }
  if (--mm.users === 0) exit_mmap(mm);
  kernel.tasks.delete(task.pid);
  group.threads.splice(group.threads.indexOf(task), 1);
  if (!group.exiting && task.pid === group.tgid) group.status = status;
  if (group.threads.length === 0) exit_notify(group);
}

/** `exit(status)`: this thread only. Does not return. */
export function sys_exit(task: Task, status: number): number {
  do_exit(task, (status & 0xff) << 8);
  return 0;
}

/** `exit_group(status)`: the whole process. Does not return. */
export function sys_exit_group(task: Task, status: number): number {
  do_group_exit(task.group, (status & 0xff) << 8);
  do_exit(task, task.group.status);
  return 0;
}
