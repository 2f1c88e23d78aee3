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
import { next_timer } from '../lib/timerqueue.js';
import { tick_nohz_idle } from './time.js';

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

/** May the policy let the next timer fire before a task that could run? On the host's clock time is nobody's choice. */
export function timer_is_choice({ policy, clock, timers }: Kernel): boolean {
  return policy?.timers === true && clock === null && next_timer(timers) !== undefined;
}

/** Take the next task from the run queue: the one that waits longest, or the one the policy chooses. */
export function pick_next_task(kernel: Kernel): Task | undefined {
  const { ready, policy } = kernel;
  if (policy === null) return fifo_shift(ready);
  for (;;) {
    const timer = fifo_len(ready) > 0 && timer_is_choice(kernel);
    if (fifo_len(ready) < 2 && !timer) return fifo_shift(ready);
    const index = policy.pick(fifo_items(ready), timer);
    if (index === -1 && timer) {
      tick_nohz_idle(kernel);
      continue;
    }
    if (!(Number.isInteger(index) && index >= 0 && index < fifo_len(ready)))
      throw new RangeError(`the scheduling policy picked ${index} of ${fifo_len(ready)} tasks`);
    return fifo_take(ready, index);
  }
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
