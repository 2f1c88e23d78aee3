/** The call of a task whose kernel has an injector (kernel/entry/common.c: syscall_trace_enter, syscall_exit_work). */
import type { Injector, Verdict } from '../include/linux/inject.js';
import {
  type Result,
  type Sleep,
  TASK_DEAD,
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TASK_RUNNING,
  TIF_SIGPENDING,
  type Task,
} from '../include/linux/sched.js';
import { EINTR } from '../include/uapi/errno.js';
import { is_restart_code } from './sigframe.js';
import { recalc_sigpending } from './signal.js';
import { schedule_timeout } from './wait.js';

/** Will the task die before it sees user mode again? Then its call is not made. Linux: fatal_signal_pending. */
function dies(task: Task): boolean {
  const { exiting, exec_task } = task.group;
  return exiting || task.state === TASK_DEAD || (exec_task !== null && exec_task !== task);
}

/** Ask the injector, and make the call that `task` has saved, by `dispatch`, unless the injector gives a value for it. */
export function injected_call(task: Task, inject: Injector, dispatch: (task: Task) => Result): Result {
  const verdict = inject.enter?.(task) ?? null;
  if (verdict !== null && verdict.delay_enter + verdict.delay_exit > 0)
    return held_call(task, inject, verdict, dispatch);
  if (dies(task)) return 0;
  const { nr } = task;
  const ret = verdict?.value ?? dispatch(task);
  return typeof ret === 'number' ? leave_call(task, inject, nr, ret) : sleeping_call(task, inject, nr, ret);
}

/** rt_sigreturn and execve do not come back: the call under way is another one then, or none. */
function leave_call(task: Task, inject: Injector, nr: number, ret: number): number {
  return inject.leave === undefined || task.nr !== nr || dies(task) ? ret : inject.leave(task, ret);
}

function* sleeping_call(task: Task, inject: Injector, nr: number, sleep: Sleep): Sleep {
  return leave_call(task, inject, nr, yield* sleep);
}

function* held_call(task: Task, inject: Injector, verdict: Verdict, dispatch: (task: Task) => Result): Sleep {
  yield* hold(task, verdict.delay_enter);
  if (dies(task)) return 0;
  const { nr } = task;
  const made = verdict.value ?? dispatch(task);
  const ret = typeof made === 'number' ? made : yield* made;
  if (task.nr !== nr) return ret;
  yield* hold(task, verdict.delay_exit);
  return leave_call(task, inject, nr, ret);
}

/** As a tracer holds its tracee: signals wait, but for one that kills. */
function* hold(task: Task, ns: number): Sleep {
  if (ns === 0 || dies(task)) return 0;
  try {
    task.state = TASK_KILLABLE;
    task.wchan = 'an injected delay';
    yield* schedule_timeout(task, ns);
  } finally {
    if (task.state !== TASK_DEAD) task.state = TASK_RUNNING;
  }
  return 0;
}

/**
 * `task` has just gone to sleep in `sleep`. If the injector wants it, the call sees a signal that is not there and goes on; what it
 * then answers, or null: it sleeps.
 */
export function interrupted_sleep(task: Task, sleep: Sleep): number | null {
  const { inject } = task.kernel;
  if (inject === null || task.state !== TASK_INTERRUPTIBLE || inject.interrupt?.(task) !== true) return null;
  task.work |= TIF_SIGPENDING;
  const step = sleep.next();
  recalc_sigpending(task);
  if (step.done !== true) return null;
  task.restart_block = null;
  return is_restart_code(step.value) ? -EINTR : step.value;
}
