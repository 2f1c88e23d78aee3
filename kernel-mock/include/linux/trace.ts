/** Tracepoints: what a listener can see of a kernel. The kernel knows no listener. */
import type { OpenFile } from './fs.js';
import type { SigInfo, Task } from './sched.js';

/**
 * What an injector can do: give a value instead of the call, write to the task's memory, change registers, hold the task, send a signal, let an
 * allocation fail, end a sleep.
 */
export type Injected = 'value' | 'poke' | 'rewrite' | 'delay' | 'signal' | 'alloc' | 'interrupt';

export interface Tracer {
  /** Before the call is looked up; `task.nr` and `task.a1` … `a6` hold number and registers. */
  sys_enter?(task: Task): void;
  /** The value that goes back to user mode. */
  sys_exit?(task: Task, ret: number): void;
  /** The processor goes from one task to another; null: idle. */
  sched_switch?(prev: Task | null, next: Task | null): void;
  sched_wakeup?(task: Task): void;
  /** A timer fires: what happens until the next event is its doing. */
  hrtimer_expire_entry?(): void;
  task_newtask?(parent: Task | null, task: Task): void;
  task_exit?(task: Task): void;
  /** A descriptor becomes usable, close-on-exec set or not. */
  fd_install?(task: Task, fd: number, file: OpenFile, cloexec: boolean): void;
  /** FD_CLOEXEC of an installed descriptor is given a value. */
  fd_cloexec?(task: Task, fd: number, cloexec: boolean): void;
  fd_close?(task: Task, fd: number, file: OpenFile): void;
  /** A signal gets to its handler, or does what it does by default. */
  signal_deliver?(task: Task, signo: number, info: SigInfo): void;
  /**
   * A signal has been taken, and what it does is not known yet: where a task that is traced by ptrace(2) stops. `ret`: the value
   * of the call under way, which is over. As with ptrace, signals that are ignored reach this point too when somebody listens.
   */
  ptrace_signal?(task: Task, info: SigInfo, ret: number): void;
  /** The task stops, since its process was sent `signo`. */
  group_stop?(task: Task, signo: number): void;
  /** execve(2) has put `path` in place of the program. */
  sched_process_exec?(task: Task, path: string): void;
  /** An injector did something to the call that the task is in; told by the injector itself. */
  inject?(task: Task, what: Injected, detail: string): void;
}
