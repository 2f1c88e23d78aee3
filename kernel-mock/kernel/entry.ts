/**
 * The way into the kernel and out of it (kernel/entry/common.c, arch/x86/kernel/entry_64.S), and the switch between tasks.
 *
 * A call is an ordinary function call as long as its handler answers with a number. When the handler sleeps, user mode
 * gets a promise, and schedule() lets another task go on: that is the only place where the processor changes hands.
 */
import type { Kernel } from '../include/linux/kernel.js';
import { type Result, type Sleep, TASK_DEAD, type Task, type ThreadGroup } from '../include/linux/sched.js';
import { ENOSYS, ERESTARTNOHAND, ERESTARTNOINTR, ERESTARTSYS, ERESTART_RESTARTBLOCK } from '../include/uapi/errno.js';
import { SIGABRT, SIGKILL } from '../include/uapi/signal.js';
import { fifo_len, fifo_peek } from '../lib/fifo.js';
import { DeadlockError, MisuseError, OopsError, ProgramError, describe_call, describe_task } from './panic.js';
import { do_exit } from './exit.js';
import { activate_task, pick_next_task } from './sched.js';
import { do_group_exit, get_signal } from './signal.js';
import { tick_nohz_idle, update_process_times } from './time.js';

/** The system call instruction of `task`. */
export function do_syscall(
  task: Task,
  nr: number,
  a1: number,
  a2: number,
  a3: number,
  a4: number,
  a5: number,
  a6: number,
): number | Promise<number> {
  const { kernel } = task;
  if (kernel.current !== task || task.nr !== -1) throw misuse(task, nr);
  if (--kernel.budget < 0 || kernel.slow) {
    save_registers(task, nr, a1, a2, a3, a4, a5, a6);
    return syscall_slow(task);
  }
  const table = kernel.sys_call_table;
  const handler = nr >= 0 && nr < table.length ? table[nr] : undefined;
  let ret: Result = -ENOSYS;
  if (handler !== undefined) {
    try {
      ret = handler(task, a1, a2, a3, a4, a5, a6);
    } catch (error) {
      save_registers(task, nr, a1, a2, a3, a4, a5, a6);
      return oops(task, error);
    }
  }
  if (typeof ret === 'number' && task.work === 0) return ret;
  save_registers(task, nr, a1, a2, a3, a4, a5, a6);
  return leave(task, ret);
}

function save_registers(
  task: Task,
  nr: number,
  a1: number,
  a2: number,
  a3: number,
  a4: number,
  a5: number,
  a6: number,
): void {
  task.nr = nr;
  task.a1 = a1;
  task.a2 = a2;
  task.a3 = a3;
  task.a4 = a4;
  task.a5 = a5;
  task.a6 = a6;
}

/** Run the handler of the call that `task` has saved. */
function dispatch(task: Task): Result {
  const { nr } = task;
  const table = task.kernel.sys_call_table;
  const handler = nr >= 0 && nr < table.length ? table[nr] : undefined;
  if (handler === undefined) return -ENOSYS;
  return handler(task, task.a1, task.a2, task.a3, task.a4, task.a5, task.a6);
}

/** A call while somebody traces, while a policy chooses, or when the time slice is over. */
function syscall_slow(task: Task): number | Promise<number> {
  const { kernel } = task;
  const tick = kernel.budget < 0;
  if (tick) update_process_times(kernel);
  if ((tick || kernel.policy !== null) && fifo_len(kernel.ready) > 0) {
    activate_task(task);
    return leave(task, enter_later(task));
  }
  try {
    kernel.trace?.sys_enter?.(task);
    return leave(task, dispatch(task));
  } catch (error) {
    return oops(task, error);
  }
}

/** The task stands in the run queue; its call begins when it is chosen. */
function* enter_later(task: Task): Sleep {
  yield;
  if (task.group.exiting) return 0;
  task.kernel.trace?.sys_enter?.(task);
  const ret = dispatch(task);
  return typeof ret === 'number' ? ret : yield* ret;
}

/** Answer the call of the current task: at once if its handler is done, with a promise if it sleeps or never returns. */
function leave(task: Task, result: Result): number | Promise<number> {
  const { kernel } = task;
  let ret: number | null;
  try {
    ret = advance(task, result);
  } catch (error) {
    return oops(task, error);
  }
  if (ret !== null) return to_user_mode(task, ret);
  const promise = pending(task);
  schedule(kernel);
  return promise;
}

function to_user_mode(task: Task, ret: number): number {
  task.kernel.trace?.sys_exit?.(task, ret);
  task.nr = -1;
  return ret;
}

/** Must the call begin again, since the signal that woke it had no handler? */
function restarts(ret: number): boolean {
  return ret === -ERESTARTSYS || ret === -ERESTARTNOINTR || ret === -ERESTARTNOHAND || ret === -ERESTART_RESTARTBLOCK;
}

/** Go on with `task` until it has a value for user mode, or null: it sleeps again, or is dead. */
function advance(task: Task, result: Result): number | null {
  let r = result;
  for (;;) {
    if (typeof r !== 'number') {
      task.sleep = r;
      const step = r.next();
      if (step.done !== true) return null;
      task.sleep = null;
      r = step.value;
    }
    if (task.work !== 0 && task.state !== TASK_DEAD && get_signal(task)) do_exit(task, task.group.status);
    if (task.state === TASK_DEAD) return null;
    if (!restarts(r)) return r;
    r = dispatch(task);
  }
}

let resolver: (ret: number) => void;
const capture = (resolve: (ret: number) => void): void => {
  resolver = resolve;
};

/** The promise that user mode of `task` waits for; without a closure for each call. */
function pending(task: Task): Promise<number> {
  const promise = new Promise<number>(capture);
  if (task.state !== TASK_DEAD) task.resolve = resolver;
  return promise;
}

/** The current task sleeps or is gone: let others go on until one of them is in user mode, or all sleep. */
export function schedule(kernel: Kernel): void {
  const caller = kernel.current;
  try {
    switch_tasks(kernel);
  } catch (error) {
    // The policy or a tracer threw: they are the host's, but the kernel is in the middle of a switch and cannot go on.
    const task = kernel.current ?? caller ?? fifo_peek(kernel.ready);
    if (task === undefined) throw error;
    void oops(task, error);
  }
}

function switch_tasks(kernel: Kernel): void {
  for (;;) {
    const prev = kernel.current;
    const task = pick_next_task(kernel);
    if (task === undefined) {
      if (idle(kernel)) continue;
      kernel.current = null;
      if (prev !== null) kernel.trace?.sched_switch?.(prev, null);
      return;
    }
    kernel.current = task;
    if (prev !== task) kernel.trace?.sched_switch?.(prev, task);
    if (resume(task)) return;
    if (kernel.panic !== null) return;
  }
}

/** Let the chosen task go on. True: it is in user mode. */
function resume(task: Task): boolean {
  let ret: number | null;
  try {
    ret = advance(task, task.sleep ?? 0);
  } catch (error) {
    void oops(task, error);
    return false;
  }
  if (ret === null) return false;
  const { resolve } = task;
  task.resolve = null;
  // A new task has been in no call: nothing ends here.
  if (task.nr === -1) resolve?.(ret);
  else resolve?.(to_user_mode(task, ret));
  return true;
}

/** Nothing can run. True: time went on, and something can now. */
function idle(kernel: Kernel): boolean {
  // Without a run that the host waits for nothing is in a hurry: what is left sleeps on, and time stands still.
  if (kernel.runs.length === 0) return false;
  if (tick_nohz_idle(kernel)) return true;
  void check_deadlock_later(kernel);
  return false;
}

/**
 * Turns of the host that a program gets before silence counts as dead lock. A call on a handle that sleeps, or a return, is
 * misuse, and the better report; each async function that it passes on its way here takes a turn or three.
 */
const TURNS = 100;

async function check_deadlock_later(kernel: Kernel): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
  check_deadlock(kernel);
}

/** Still nothing can run, and the host waits: end every process, and tell who waits for what. */
function check_deadlock(kernel: Kernel): void {
  if (kernel.current !== null || kernel.runs.length === 0 || fifo_len(kernel.ready) > 0) return;
  const error = new DeadlockError(kernel);
  for (const run of kernel.runs) run.error ??= error;
  kill_all(kernel);
  schedule(kernel);
}

/** End every process, so that nothing is held when the run fails. */
function kill_all(kernel: Kernel): void {
  const groups = new Set([...kernel.tasks.values()].map((task) => task.group));
  for (const group of groups) do_group_exit(group, SIGKILL);
}

/** A handler threw: a bug of the kernel. Nothing runs after it; every run fails with the report. */
function oops(task: Task, cause: unknown): Promise<number> {
  const { kernel } = task;
  const error = new OopsError(task, cause);
  kernel.panic ??= error;
  kernel.current = null;
  for (const run of kernel.runs.splice(0)) run.reject(kernel.panic);
  return new Promise<number>(capture);
}

function misuse(task: Task, nr: number): Error {
  const { kernel } = task;
  const who = describe_task(task);
  const call = describe_call(kernel, nr);
  if (kernel.panic !== null) return new MisuseError(`${who} calls ${call}, but the kernel has stopped`, kernel.panic);
  if (task.state === TASK_DEAD) return new MisuseError(`${who} calls ${call}, but it has ended: its handle is dead`);
  if (task.nr !== -1)
    return new MisuseError(
      `${who} calls ${call} while its ${describe_call(kernel, task.nr)} has not returned: await each call, and give each thread its own handle`,
    );
  const other = kernel.current === null ? 'no task runs' : `${describe_task(kernel.current)} runs`;
  return new MisuseError(`${who} calls ${call} while ${other}: a handle belongs to the thread that got it`);
}

/** User mode of a new task: `main` begins when the task is chosen for the first time. */
export function start_user_mode(task: Task, main: () => Promise<void>): void {
  void pending(task)
    .then(main)
    .then(
      () => {
        user_mode_failed(task, new MisuseError(`${describe_task(task)} ran off its end without exit`));
      },
      (error: unknown) => {
        user_mode_failed(task, error instanceof MisuseError ? error : new ProgramError(task, error));
      },
    );
  activate_task(task);
}

/** The program broke its contract or threw: its process is aborted, and its run fails with the reason. */
function user_mode_failed(task: Task, error: Error): void {
  const { kernel, group } = task;
  if (kernel.panic !== null || task.state === TASK_DEAD) return;
  fail_run(group, error);
  try {
    do_group_exit(group, SIGABRT);
    if (kernel.current === task) {
      if (task.nr === -1) do_exit(task, SIGABRT);
      kernel.current = null;
    }
  } catch (cause) {
    void oops(task, cause);
    return;
  }
  if (kernel.current === null) schedule(kernel);
}

/** The run that this process belongs to fails with `error`. */
function fail_run(group: ThreadGroup, error: Error): void {
  for (let g: ThreadGroup | null = group; g !== null; g = g.parent) {
    if (g.run === null) continue;
    g.run.error ??= error;
    return;
  }
}
