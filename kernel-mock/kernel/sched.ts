/** Who runs next: the run queue (kernel/sched/core.c). Returning to user mode and sleeping are in entry.ts. */
import type { Kernel } from '../include/linux/kernel.js';
import {
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TASK_RUNNING,
  type Result,
  type Sleep,
  type Task,
} from '../include/linux/sched.js';
import { fifo_items, fifo_len, fifo_push, fifo_shift, fifo_take } from '../lib/fifo.js';

/** Put a task that could run behind the others that could. */
export function activate_task(task: Task): void {
  task.state = TASK_RUNNING;
  fifo_push(task.kernel.ready, task);
}

/** Wake a sleeping task. False if it does not sleep. */
export function wake_up_process(task: Task): boolean {
  if ((task.state & (TASK_INTERRUPTIBLE | TASK_KILLABLE)) === 0) return false;
  activate_task(task);
  task.kernel.trace?.sched_wakeup?.(task);
  return true;
}

/** Take the next task from the run queue: the one that waits longest, or the one the policy chooses. */
export function pick_next_task(kernel: Kernel): Task | undefined {
  const { ready, policy } = kernel;
  if (policy === null || fifo_len(ready) < 2) return fifo_shift(ready);
  const index = policy.pick(fifo_items(ready));
  if (!(Number.isInteger(index) && index >= 0 && index < fifo_len(ready)))
    throw new RangeError(`the scheduling policy picked ${index} of ${fifo_len(ready)} tasks`);
  return fifo_take(ready, index);
}

function* yield_task(): Sleep {
  yield;
  return 0;
}

/** `sched_yield()`: behind all others that could run. sched_yield(2). */
export function sys_sched_yield(task: Task): Result {
  if (fifo_len(task.kernel.ready) === 0) return 0;
  activate_task(task);
  return yield_task();
}
