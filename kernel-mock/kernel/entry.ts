/**
 * The way into the kernel and out of it (kernel/entry/common.c, arch/x86/kernel/entry_64.S), and the switch between tasks.
 *
 * A call is an ordinary function call as long as its handler answers with a number. When the handler sleeps, user mode
 * gets a promise, and schedule() lets another task go on: that is the only place where the processor changes hands.
 */
import type { Kernel } from '../include/linux/kernel.js';
import type { HostClock } from '../include/linux/timekeeping.js';
import type { Cpu } from '../include/uapi/seam.js';
import {
  type Result,
  type SigFrame,
  type Sleep,
  TASK_DEAD,
  TASK_STOPPED,
  TIF_NOTIFY_RESUME,
  type Task,
  type ThreadGroup,
} from '../include/linux/sched.js';
import { ENOSYS, ERESTART_RESTARTBLOCK } from '../include/uapi/errno.js';
import { SIGABRT, SIGKILL } from '../include/uapi/signal.js';
import { fifo_len, fifo_peek } from '../lib/fifo.js';
import { next_timer } from '../lib/timerqueue.js';
import { put_held } from '../fs/file.js';
import { DeadlockError, MisuseError, OopsError, ProgramError, describe_call, describe_task } from './panic.js';
import { do_exit } from './exit.js';
import { injected_call, interrupted_sleep } from './inject.js';
import { activate_task, pick_next_task, timer_is_choice } from './sched.js';
import { is_restart_code, setup_rt_frame } from './sigframe.js';
import { do_group_exit, get_signal, one_has_stopped, restore_saved_sigmask } from './signal.js';
import { task_work_run } from './task_work.js';
import { account_switch, ktime_get, run_timers, tick_nohz_idle, update_process_times } from './time.js';

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

/** The call that `task` has saved, for those who listen and those who decide. */
function traced_call(task: Task): Result {
  const { trace, inject } = task.kernel;
  trace?.sys_enter?.(task);
  return inject === null ? dispatch(task) : injected_call(task, inject, dispatch);
}

/** A call while somebody traces or injects, while a policy chooses, or when the time slice is over. */
function syscall_slow(task: Task): number | Promise<number> {
  const { kernel } = task;
  const tick = kernel.budget < 0;
  try {
    if (tick) {
      update_process_times(kernel);
      kernel.policy?.tick?.();
    }
    if (((tick || kernel.policy !== null) && fifo_len(kernel.ready) > 0) || timer_is_choice(kernel)) {
      activate_task(task);
      return leave(task, enter_later(task));
    }
    return leave(task, traced_call(task));
  } catch (error) {
    return oops(task, error);
  }
}

/** The task stands in the run queue; its call begins when it is chosen. */
function* enter_later(task: Task): Sleep {
  yield;
  if (task.group.exiting) return 0;
  const ret = traced_call(task);
  return typeof ret === 'number' ? ret : yield* ret;
}

/** Answer the call of the current task: at once if its handler is done, with a promise if it sleeps or never returns. */
function leave(task: Task, result: Result): number | Promise<number> {
  if (typeof result === 'number' && task.work === 0) return to_user_mode(task, result);
  const promise = pending(task);
  let ret: number | null;
  try {
    ret = advance(task, result);
  } catch (error) {
    return oops(task, error);
  }
  if (ret === null) schedule(task.kernel);
  else enter_user_mode(task, ret);
  return promise;
}

function to_user_mode(task: Task, ret: number): number {
  task.kernel.trace?.sys_exit?.(task, ret);
  task.nr = -1;
  return ret;
}

/** User mode of `task` goes on: with a handler that waits to begin, or else with the value of its call. */
function enter_user_mode(task: Task, ret: number): void {
  const { frame, resolve } = task;
  if (frame?.started === false) {
    frame.started = true;
    run_handler(task, frame);
    return;
  }
  task.resolve = null;
  // A new task, a new program and an interrupted call that is not made again have left their call before.
  if (task.nr !== -1) to_user_mode(task, ret);
  resolve?.(ret);
}

/** Not on the kernel's own stack: a handler begins as every other piece of user mode does, from a promise. */
function run_handler(task: Task, { handler, signo, info, interrupts }: SigFrame): void {
  user_mode(
    task,
    Promise.resolve(),
    () => task.group.image.signal(task.cpu, handler, signo, info, interrupts),
    `the handler of signal ${signo} ended without rt_sigreturn`,
  );
}

/** Go on with `task` until it has a value for user mode, or null: it sleeps again, or is dead. */
function advance(task: Task, result: Result): number | null {
  let r = result;
  for (;;) {
    if (typeof r !== 'number') {
      task.sleep = r;
      const step = r.next();
      const value = step.done === true ? step.value : interrupted_sleep(task, r);
      if (value === null) return null;
      task.sleep = null;
      r = value;
      if (task.held !== null) put_held(task);
    }
    if (task.work !== 0 && task.state !== TASK_DEAD) r = exit_to_user_mode(task, r);
    if (typeof r !== 'number') continue;
    if (task.state === TASK_DEAD) return null;
    if (!is_restart_code(r)) return r;
    r = restart_call(task, r);
  }
}

/** The call has its value, and something is to be done first. Linux: exit_to_user_mode_loop. */
function exit_to_user_mode(task: Task, ret: number): Result {
  return (task.work & TIF_NOTIFY_RESUME) !== 0 ? task_work_run(task, ret) : do_signal(task, ret);
}

/** Act on signals, with the call's value at hand. Answers with what comes of that. Linux: arch_do_signal_or_restart. */
function do_signal(task: Task, ret: number): Result {
  let r = ret;
  for (;;) {
    const signal = get_signal(task, r);
    if (signal === null) break;
    if (signal === 'die') {
      do_exit(task, task.group.status);
      return 0;
    }
    if (signal === 'stop') return stopped(task, r);
    setup_rt_frame(task, signal, r);
    r = 0;
  }
  restore_saved_sigmask(task);
  return r;
}

/** The process is stopped; the call's value waits. */
function* stopped(task: Task, ret: number): Sleep {
  const { group } = task;
  task.state = TASK_STOPPED;
  task.wchan = 'SIGCONT';
  task.kernel.trace?.group_stop?.(task, group.stop_signal);
  one_has_stopped(group);
  while (group.stop_signal !== 0 && !group.exiting) yield;
  return ret;
}

/** A signal woke the call, and no handler ran: it is made again, or goes on where it was. */
function restart_call(task: Task, ret: number): Result {
  const { kernel, restart_block } = task;
  kernel.trace?.sys_exit?.(task, ret);
  task.restart_block = null;
  if (ret !== -ERESTART_RESTARTBLOCK || restart_block === null) return traced_call(task);
  kernel.trace?.sys_enter?.(task);
  return restart_block();
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

/** Timers that fire while every task sleeps, and wake nobody, before that counts as dead lock too: an interval timer goes on for ever. */
const IDLE_TICKS = 100_000;

function switch_tasks(kernel: Kernel): void {
  for (let ticks = 0; ;) {
    const prev = kernel.current;
    const task = pick_next_task(kernel);
    if (task === undefined) {
      account_switch(kernel, prev);
      if (fifo_len(kernel.ready) > 0) continue;
      const on = ticks++ < IDLE_TICKS && idle(kernel);
      // Nobody has used the time that everybody slept.
      kernel.exec_start = ktime_get(kernel);
      if (on) continue;
      if (ticks > IDLE_TICKS) void check_deadlock_later(kernel);
      kernel.current = null;
      if (prev !== null) kernel.trace?.sched_switch?.(prev, null);
      return;
    }
    kernel.current = task;
    if (prev !== task) {
      account_switch(kernel, prev);
      kernel.trace?.sched_switch?.(prev, task);
    }
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
  enter_user_mode(task, ret);
  return true;
}

/** Nothing can run. True: time went on, and something can now. */
function idle(kernel: Kernel): boolean {
  // Without a run that the host waits for nothing is in a hurry: what is left sleeps on, and time stands still.
  if (kernel.runs.length === 0) return false;
  const next = next_timer(kernel.timers);
  if (next !== undefined && kernel.clock !== null) {
    wait_for_host(kernel, kernel.clock, next.expires);
    return false;
  }
  if (tick_nohz_idle(kernel)) return true;
  void check_deadlock_later(kernel);
  return false;
}

/** Every task sleeps, and the host's clock has to get to the next timer. */
function wait_for_host(kernel: Kernel, clock: HostClock, expires: number): void {
  kernel.cancel_wait?.();
  kernel.cancel_wait = clock.wait(Math.max(expires - ktime_get(kernel), 0), () => {
    kernel.cancel_wait = null;
    if (kernel.current !== null || kernel.panic !== null) return;
    run_timers(kernel);
    schedule(kernel);
  });
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
  if (Object.hasOwn(task, 'exec_gone'))
    return new MisuseError(
      `${who} calls ${call} from a program that execve has replaced: await execve, it does not return`,
    );
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
  begin_program(task, main);
  activate_task(task);
}

/** When `task` goes to user mode next, it begins with `main`; what it did there before is never gone on with. */
export function begin_program(task: Task, main: () => Promise<void>): void {
  user_mode(task, pending(task), main, 'ran off its end without exit');
}

/**
 * When `go` is settled, a piece of user mode, watched over: it leaves through a system call that does not return, or its process
 * is aborted. Not an async function: its frame would stay as long as the task, and be twice what is kept here.
 */
function user_mode(task: Task, go: Promise<unknown>, piece: () => Promise<void>, no_end: string): void {
  const { cpu } = task;
  void go.then(() => {
    try {
      watch_over(task, cpu, piece(), no_end);
    } catch (error) {
      user_mode_ended(task, cpu, error);
    }
  });
}

function watch_over(task: Task, cpu: Cpu, piece: Promise<void>, no_end: string): void {
  void piece.then(
    () => {
      user_mode_ended(task, cpu, new MisuseError(`${describe_task(task)}: ${no_end}`));
    },
    (error: unknown) => {
      user_mode_ended(task, cpu, error);
    },
  );
}

function user_mode_ended(task: Task, cpu: Cpu, error: unknown): void {
  if (task.cpu === cpu) user_mode_failed(task, error instanceof MisuseError ? error : new ProgramError(task, error));
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
  // An orphan belongs to none by birth: whoever waits for the kernel hears of it.
  for (const run of group.kernel.runs) run.error ??= error;
}

/** A check for the host to make from time to time: has the task that has the processor made a call since the last one? */
export function watch(kernel: Kernel): () => void {
  let task: Task | null = null;
  let calls = -1;
  return () => {
    const { current } = kernel;
    const now = kernel.budget;
    const stuck = current !== null && current === task && now === calls;
    task = current;
    calls = now;
    if (!stuck || kernel.panic !== null) return;
    const text = `${describe_task(current)} has the processor and makes no system call: it waits for something else, or computes; a program awaits calls of its libc only (boot option watchdog)`;
    user_mode_failed(current, new MisuseError(text));
  };
}
