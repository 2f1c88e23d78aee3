/** Tasks and the scheduler: include/linux/sched.h, sched/signal.h, sched/task.h. */
import type { Cpu, Image } from '../uapi/seam.js';
import type { Cred } from './cred.js';
import type { FsStruct } from './dcache.js';
import type { FilesStruct } from './fs.js';
import type { Kernel } from './kernel.js';
import type { IovIter, Mm } from './mm.js';
import type { MsgHdr } from './net.js';
import type { WaitEntry } from './wait.js';

/**
 * What a handler answers when it has to sleep: a generator that yields each time it gives the processor away. It has put
 * its task on a wait queue before it yields, and is resumed after a wake-up; it looks at its condition again then.
 */
export type Sleep = Generator<undefined, number, undefined>;

/** What a handler answers: the value for rax at once, or a sleep that ends in it. */
export type Result = number | Sleep;

/** A row of the call table. Registers arrive as the program left them: each handler cuts them to the widths of its C prototype. */
export type SyscallHandler = (
  task: Task,
  a1: number,
  a2: number,
  a3: number,
  a4: number,
  a5: number,
  a6: number,
) => Result;

export const TASK_RUNNING = 0;
export const TASK_INTERRUPTIBLE = 1;
export const TASK_DEAD = 2;

/** `Task.work`: a signal may have to be delivered before the task goes back to user mode. */
export const TIF_SIGPENDING = 1;

/** A set of signals 1 … 64, as two words of 32 bits. */
export interface SigSet {
  lo: number;
  hi: number;
}

export interface SigAction {
  /** SIG_DFL, SIG_IGN, or the address of a handler. */
  handler: number;
  flags: number;
  mask: SigSet;
}

/** Why a queued signal was sent: the part of siginfo that a wait status or a handler can show. */
export interface SigInfo {
  readonly si_signo: number;
  readonly si_code: number;
  readonly si_pid: number;
  readonly si_uid: number;
}

export interface SigPending {
  set: SigSet;
  queue: SigInfo[];
}

/** A run that the host waits for: settled when the process that it started is gone. */
export interface Run {
  readonly name: string;
  readonly resolve: (status: number) => void;
  readonly reject: (error: Error) => void;
  /** Why the run fails although its process was reaped: a dead lock, an oops, a program that broke its contract. */
  error: Error | null;
}

/** What the threads of one process share: Linux's signal_struct and sighand_struct in one. */
export interface ThreadGroup {
  readonly kernel: Kernel;
  readonly tgid: number;
  /** Program name, as `ps` would show it. */
  comm: string;
  image: Image;
  parent: ThreadGroup | null;
  threads: Task[];
  /** Soft and hard limit in turn, indexed by 2 * RLIMIT_x; shared until changed. */
  rlim: readonly number[];
  /** By signal number; a missing entry is SIG_DFL. Shared by CLONE_SIGHAND, which CLONE_THREAD implies. */
  actions: (SigAction | undefined)[];
  pending: SigPending;
  /** exit_group(2) or a fatal signal has begun: every thread dies on its way back to user mode. */
  exiting: boolean;
  /** As wait(2) reports it: exit code in bits 8 to 15, or the signal in bits 0 to 6. Valid once `exiting`. */
  status: number;
  run: Run | null;
}

export interface Task {
  readonly kernel: Kernel;
  /** The thread id; of the first thread the process id too. */
  readonly pid: number;
  readonly group: ThreadGroup;
  cpu: Cpu;
  mm: Mm;
  files: FilesStruct;
  fs: FsStruct;
  cred: Cred;
  /** TASK_RUNNING: has the processor or stands in the run queue; TASK_INTERRUPTIBLE: sleeps; TASK_DEAD. */
  state: number;
  /** TIF_* bits; 0 lets a call return without a look at anything else. */
  work: number;
  blocked: SigSet;
  pending: SigPending;
  /** The call that is under way and its registers: for restarts, for reports. `nr` is -1 in user mode. */
  nr: number;
  a1: number;
  a2: number;
  a3: number;
  a4: number;
  a5: number;
  a6: number;
  /** The sleeping call, to be resumed when the task is chosen. */
  sleep: Sleep | null;
  /** Settles the promise that user mode awaits. */
  resolve: ((ret: number) => void) | null;
  /** What the task sleeps on, in words for a person. */
  wchan: string;
  /** The entry by which simple waits stand in a queue. */
  readonly wait: WaitEntry;
  /** Linux 2007: last member of task_struct, `union indirect_params`. All zero whenever no indirect call is under way. */
  indirect_params: Uint8Array | null;
  /** The bits of `file_flags.flags` that the call inside the indirect call heeds, in this release. */
  indirect_heeds: number;
  /** CLONE_CHILD_CLEARTID: zeroed, and its futex woken, when the task ends. 0: none. */
  clear_child_tid: number;
  /** Where the data of the call under way stand in user memory, and its message header: one call at a time, so one is enough. */
  readonly iter: IovIter;
  readonly msg: MsgHdr;
}

/**
 * Chooses who runs next. Asked whenever more than one task could go on: at every system call, and when the running task
 * sleeps or ends. `ready` is in the order of waking up; the answer is an index into it.
 */
export interface Policy {
  pick(ready: readonly Task[]): number;
}
