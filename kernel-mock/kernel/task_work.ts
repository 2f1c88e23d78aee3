/** Work that a call leaves behind, to be done before its task goes back to user mode (kernel/task_work.c). */
import { type Sleep, TIF_NOTIFY_RESUME, type Task } from '../include/linux/sched.js';

/** `work` may sleep; what it answers with is lost. */
export function task_work_add(task: Task, work: Sleep): void {
  task.task_works.push(work);
  task.work |= TIF_NOTIFY_RESUME;
}

/** Do it all, and answer with the value of the call. */
export function* task_work_run(task: Task, ret: number): Sleep {
  for (let work = task.task_works.shift(); work !== undefined; work = task.task_works.shift()) yield* work;
  task.work &= ~TIF_NOTIFY_RESUME;
  return ret;
}
