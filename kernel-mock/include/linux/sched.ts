/** Tasks and the scheduler: include/linux/sched.h, sched/signal.h, sched/task.h. */
import type { Cpu, Image } from '../uapi/seam.js';
import type { Cred } from './cred.js';
import type { FsStruct } from './dcache.js';
import type { FilesStruct, OpenFile } from './fs.js';
import type { Kernel } from './kernel.js';
import type { IovIter, Mm } from './mm.js';
import type { MsgHdr } from './net.js';
import type { Timer } from '../../lib/timerqueue.js';
import type { WaitEntry, WaitQueueHead } from './wait.js';

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
/** Stopped by a signal: only SIGCONT and SIGKILL wake it. */
export const TASK_STOPPED = 4;
/** Asleep, and of all signals only one that kills wakes it. */
export const TASK_KILLABLE = 8;

/** `Task.work`: a signal may have to be delivered before the task goes back to user mode. */
export const TIF_SIGPENDING = 1;
/** `Task.work`: `saved_sigmask` is to be put back, unless a handler's frame has taken it. */
export const TIF_RESTORE_SIGMASK = 2;
/** `Task.work`: `task_works` are to be done. */
export const TIF_NOTIFY_RESUME = 4;

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

/** The stack for handlers, stack_t. */
export interface SigAltStack {
  readonly sp: number;
  readonly size: number;
  readonly flags: number;
}

/** Why a signal was sent: the members of siginfo_t that some sender fills in. */
export interface SigInfo {
  readonly si_signo: number;
  readonly si_code: number;
  readonly si_pid: number;
  readonly si_uid: number;
  /** SIGCHLD: exit code or signal. */
  readonly si_status: number;
  /** sigqueue and timers: the 64 bits that go along. */
  readonly si_value: number;
  /** Of a timer: told when the signal is taken; answers with what it says then. */
  readonly rearm?: () => SigInfo;
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

/**
 * What a handler interrupts, kept until its rt_sigreturn(2): the registers of the call, or the beginning of another handler
 * that was about to run.
 *
 * DEVIATION: Linux keeps it on the user stack, where a handler can change it.
 */
export interface SigFrame {
  readonly below: SigFrame | null;
  /** The handler that the frame was made for. */
  readonly handler: number;
  readonly signo: number;
  /** siginfo_t in user memory, or 0. */
  readonly info: number;
  /** Has the handler been entered? */
  started: boolean;
  /** The mask to put back. */
  readonly blocked: SigSet;
  /** Number of the call that the signal woke before it was done; -1: none, or it was done. */
  readonly interrupts: number;
  /** The call under way: number (-1: none), registers, value for rax; `restart`: it is made again instead. */
  readonly nr: number;
  readonly regs: readonly number[];
  readonly ret: number;
  readonly restart: boolean;
  /** Settles the promise of the interrupted call. */
  readonly resolve: ((ret: number) => void) | null;
}

/** A timer of timer_create; posix-timers.ts knows what it is. */
export interface PosixTimer {
  readonly id: number;
}

/** An interval timer on processor time, in nanoseconds of that time. */
export interface CpuItimer {
  /** 0: not set. */
  expires: number;
  incr: number;
}

/** What the threads of one process share: Linux's signal_struct and sighand_struct in one. */
export interface ThreadGroup {
  readonly kernel: Kernel;
  readonly tgid: number;
  /** Program name, as `ps` would show it. */
  comm: string;
  image: Image;
  /** Null only for init. */
  parent: ThreadGroup | null;
  /** The thread of `parent` that made it; PR_SET_PDEATHSIG is about that thread. */
  parent_task: Task | null;
  /** Processes that it can wait for, in the order in which they became its children. */
  readonly children: Set<ThreadGroup>;
  /** Place among the children of its parent. */
  sibling: number;
  /** Children that are zombies, the one that became a child last first. */
  readonly zombies: ThreadGroup[];
  /** Children whose stop or continuation nobody has waited for. */
  stop_events: number;
  /** Sleepers of wait4 and waitid. */
  readonly wait_chldexit: WaitQueueHead;
  /** Who polls a pidfd of it. */
  readonly wait_pidfd: WaitQueueHead;
  /** Who polls or reads a signalfd in one of its threads: woken for every signal that is queued. */
  readonly signalfd_wqh: WaitQueueHead;
  /** Process group and session. */
  pgid: number;
  sid: number;
  /** Its live threads, oldest first. */
  readonly threads: Set<Task>;
  /** Soft and hard limit in turn, indexed by 2 * RLIMIT_x; shared until changed. */
  rlim: readonly number[];
  /** By signal number; a missing entry is SIG_DFL. Shared by CLONE_SIGHAND, which CLONE_THREAD implies. */
  actions: (SigAction | undefined)[];
  pending: SigPending;
  /** exit_group(2) or a fatal signal has begun: every thread dies on its way back to user mode. */
  exiting: boolean;
  /** This thread runs execve(2): every other one dies on its way back to user mode. */
  exec_task: Task | null;
  /** As wait(2) reports it: exit code in bits 8 to 15, or the signal in bits 0 to 6. Valid once `exiting`. */
  status: number;
  /** Who its last thread was. Valid once that is gone. */
  exit_cred: Cred;
  /** All threads are gone, and the parent has not waited yet. */
  zombie: boolean;
  /** Signal to the parent at the end; 0: none. */
  exit_signal: number;
  /** The signal that stops the process, from the moment a thread takes it until SIGCONT; 0: none. */
  stop_signal: number;
  /** Threads that have not stopped yet. */
  stop_count: number;
  /** What wait(2) has to tell, once: stopped by this signal; continued. */
  stop_code: number;
  continued: boolean;
  /** PR_SET_CHILD_SUBREAPER. */
  child_subreaper: boolean;
  /** execve(2) has been called since fork: setpgid by the parent is refused. */
  did_exec: boolean;
  /** ITIMER_REAL; null until first used. */
  real_timer: Timer | null;
  it_real_incr: number;
  /** ITIMER_VIRTUAL, ITIMER_PROF. */
  readonly it_virt: CpuItimer;
  readonly it_prof: CpuItimer;
  /** Timers of timer_create by their number; null: there was never one. */
  posix_timers: Map<number, PosixTimer> | null;
  next_timer_id: number;
  /** Looks at ITIMER_VIRTUAL, ITIMER_PROF and at RLIMIT_CPU; null: none is set. */
  run_cpu_timers: (() => void) | null;
  /** Processor time of threads that have ended, and of children that were waited for; nanoseconds. */
  sum_exec: number;
  children_exec: number;
  run: Run | null;
}

export interface Task {
  readonly kernel: Kernel;
  /** The thread id; of the first thread the process id too. execve(2) makes its caller the first. */
  pid: number;
  readonly group: ThreadGroup;
  cpu: Cpu;
  mm: Mm;
  files: FilesStruct;
  fs: FsStruct;
  cred: Cred;
  /** TASK_RUNNING: has the processor or stands in the run queue; TASK_INTERRUPTIBLE, TASK_KILLABLE: sleeps; TASK_STOPPED; TASK_DEAD. */
  state: number;
  /** TIF_* bits; 0 lets a call return without a look at anything else. */
  work: number;
  /** What the call under way has still to do before it returns. */
  readonly task_works: Sleep[];
  blocked: SigSet;
  /** The mask under which rt_sigtimedwait was called: what it waits for is out of `blocked` meanwhile. */
  real_blocked: SigSet | null;
  /** The mask before sigsuspend, ppoll … put theirs in place. */
  saved_sigmask: SigSet | null;
  pending: SigPending;
  /** What sigaltstack was told; null: nothing. */
  sas: SigAltStack | null;
  /** Handlers that run, the innermost first. */
  frame: SigFrame | null;
  /** Goes on with a call that a signal without a handler has interrupted: what -ERESTART_RESTARTBLOCK asks for. */
  restart_block: (() => Result) | null;
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
  /** The open file that the sleeping call works on, kept until that is done; null: none. */
  held: OpenFile | null;
  /** Settles the promise that user mode awaits. */
  resolve: ((ret: number) => void) | null;
  /** What the task sleeps on, in words for a person. */
  wchan: string;
  /** The entry by which simple waits stand in a queue. */
  readonly wait: WaitEntry;
  /**
   * Linux 2007: last member of task_struct, `union indirect_params`. Here `file_flags.flags` alone, as far as the call inside
   * heeds them in this release. Zero whenever no indirect call is under way.
   */
  indirect_params: number;
  /** CLONE_CHILD_CLEARTID: zeroed, and its futex woken, when the task ends. 0: none. */
  clear_child_tid: number;
  /** The parent that sleeps in vfork until this task leaves their memory. */
  vfork_done: Task | null;
  /** Signal to this task when its parent's thread ends; 0: none. */
  pdeath_signal: number;
  /** Name of the thread, as prctl(PR_SET_NAME) left it. */
  comm: string;
  /** Processor time in nanoseconds, up to the last switch. */
  sum_exec: number;
  /** Where the data of the call under way stand in user memory: one call at a time, so one is enough. */
  readonly iter: IovIter;
  /** Its message header; null until the first message. */
  msg: MsgHdr | null;
  /** Room for the address of the call under way, as long as that is. */
  sockaddr: Uint8Array;
}

/**
 * Chooses who runs next. Asked whenever more than one task could go on: at every system call, and when the running task
 * sleeps or ends. `ready` is in the order of waking up; the answer is an index into it.
 */
export interface Policy {
  pick(ready: readonly Task[], timer: boolean): number;
  /**
   * Time may run ahead of tasks that could run: `pick` is asked whenever a timer is set too, even about a single task, with `timer`
   * true, and -1 lets the next timer fire first.
   */
  readonly timers?: boolean;
  /** Which of several exclusive sleepers of a queue a wake-up meets first; an index. Missing: the one that waits longest. */
  wake?(sleepers: readonly WaitEntry[]): number;
  /** A tick of the clock, after 1,000 calls without a sleep: to throw ends a run that would go on for ever. */
  tick?(): void;
}
