/**
 * Where a listener may decide in the kernel's place: at the entry of a call and on its way out (ptrace, seccomp), at each
 * allocation (CONFIG_FAULT_INJECTION), and where a call sleeps. The kernel knows no injector.
 */
import type { Kernel } from './kernel.js';
import type { Task } from './sched.js';

/**
 * Places where memory, or a place in a table, can run out. Named after the function of Linux that asks for it; what the call answers
 * then is decided there.
 */
export type FaultSite =
  | 'alloc_fd' // EMFILE: a descriptor
  | 'alloc_file' // ENFILE: an open file
  | 'sock_alloc' // ENFILE: a socket's inode
  | 'sk_alloc' // ENOMEM (AF_UNIX), ENOBUFS (AF_INET, AF_INET6): the socket itself
  | 'pipe_inode' // ENFILE: a new pipe
  | 'getname' // ENOMEM: the copy of a path
  | 'epitem' // ENOMEM: a descriptor in an epoll
  | 'eventpoll' // ENOMEM: a new epoll
  | 'eventfd' // ENOMEM
  | 'signalfd' // ENOMEM
  | 'timerfd' // ENOMEM
  | 'inotify_group' // ENOMEM: a new inotify
  | 'inotify_mark' // ENOMEM: a watch
  | 'task' // ENOMEM: a new task
  | 'files_struct' // ENOMEM: a descriptor table for it
  | 'mm' // ENOMEM: an address space for it
  | 'pid' // ENOMEM: its number
  | 'bprm' // ENOMEM: what execve collects
  | 'scm_fp_list'; // ENOMEM: descriptors that travel in a message

/** What an injector wants of the call that has just been entered. */
export interface Verdict {
  /** The value that the program gets instead of the call's; null: the call is made, with number and registers as they are in the task now. */
  readonly value: number | null;
  /** Nanoseconds that the task is held before the call, and after it. Only a signal that kills ends that. */
  readonly delay_enter: number;
  readonly delay_exit: number;
}

export interface Injector {
  /**
   * A call was entered: `task.nr` and `task.a1` … `a6` may be changed, signals sent, memory written. Null: nothing is to be done.
   * Linux: syscall_trace_enter.
   */
  enter?(task: Task): Verdict | null;
  /** The call was made and answers `ret`, which may be a restart code; what is returned takes its place. Linux: syscall_exit_work. */
  leave?(task: Task, ret: number): number;
  /** Does this allocation fail? `task`: who asks; null: the host. Linux: should_fail. */
  should_fail?(task: Task | null, site: FaultSite): boolean;
  /**
   * The task is about to sleep so that a signal could disturb it. True: it leaves the sleep as by a signal whose handler lacks
   * SA_RESTART, with EINTR or with what it has done so far, though there is no signal.
   */
  interrupt?(task: Task): boolean;
}

/** Does an injector let the allocation at `site` fail? */
export function should_fail({ inject, current }: Kernel, site: FaultSite): boolean {
  return inject !== null && inject.should_fail?.(current, site) === true;
}
