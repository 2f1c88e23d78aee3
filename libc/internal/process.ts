/** What the threads of one process share in the library. */
import type { Cpu } from '../../kernel-mock/include/uapi/seam.js';
import type { Libc } from '../index.js';
import type { DescriptorCall } from './descriptor_calls.js';
import type { FILE } from './file.js';
import type { Route } from './routes/route.js';
import type { Thread } from './thread.js';
import type { TidWord } from './tid_word.js';

/** What is known about a feature of the kernel below: not tried, present, absent. As in glibc, one for each feature. */
export type Known = 0 | 1 | -1;

/** What `auto` has learned for one descriptor-creating function. */
export interface Feature {
  /** The dedicated call, or its flags, work. */
  dedicated: Known;
  /** The plain call may stand inside sys_indirect. */
  indirect: Known;
  /** O_NONBLOCK in the parameters of indirect has an effect. */
  indirect_nonblock: Known;
  /** The flags that are known to arrive in the parameters of indirect. */
  indirect_carries: number;
}

/** A thread that another can join. */
export interface Pthread {
  /** Holds its id while it lives. */
  tid: TidWord;
  detached: boolean;
  joined: boolean;
  /** The thread that joins it; null: nobody, or one that nobody has asked for. */
  joiner: Pthread | null;
  /** What its start routine returned, or pthread_exit was given. */
  value: unknown;
  /** Its handle, once it runs. */
  thread: Thread | null;
  /** pthread_cancel was called for it. */
  canceled: boolean;
  /** PTHREAD_CANCEL_ENABLE or PTHREAD_CANCEL_DISABLE. */
  cancelstate: number;
  /** PTHREAD_CANCEL_DEFERRED or PTHREAD_CANCEL_ASYNCHRONOUS. */
  canceltype: number;
  /** What pthread_cleanup_push left, the innermost last. */
  readonly cleanup: (() => unknown)[];
}

export function new_pthread(tid: TidWord, detached: boolean): Pthread {
  return {
    tid,
    detached,
    joined: false,
    joiner: null,
    value: undefined,
    thread: null,
    canceled: false,
    cancelstate: 0,
    canceltype: 0,
    cleanup: [],
  };
}

/** What a thread's value is given to when the thread ends. */
export type Destructor = (value: unknown, libc: Libc) => unknown;

/** A key of pthread_key_create. */
export interface Key {
  readonly destructor: Destructor | null;
}

/** A task that clone has made and that has not begun. */
export interface Start {
  /** Of a thread; null: the task is a process of its own. */
  readonly self: Pthread | null;
  readonly routine: (libc: Libc, arg: unknown) => unknown;
  readonly arg: unknown;
  /** Is what the routine returns given to exit(3), with all that happens there, or to _exit(2)? */
  readonly exits: boolean;
}

/** A function that a signal runs: the thread's library, the signal, and, with SA_SIGINFO, why it was sent. */
export type SigHandler = (libc: Libc, signo: number, info: SigInfoT | undefined) => unknown;

/** siginfo_t: the members that the signals here fill in. */
export interface SigInfoT {
  si_signo: number;
  si_code: number;
  si_pid: number;
  si_uid: number;
  si_status: number;
  si_value: number;
}

export interface Process {
  readonly route: Route;
  /** By index of the descriptor call; undefined: never asked. */
  readonly features: (Feature | undefined)[];
  /** What exec passes on, as it came and in that order: names may be twice there, and strings without `=`. */
  readonly environ: string[];
  /** Tasks that have not begun, by the stack pointer that clone was given. */
  readonly starting: Map<number, Start>;
  /** Functions that were given to sigaction: the kernel knows them by number. */
  readonly handlers: SigHandler[];
  /** For exit(3), the one to run first last. */
  readonly atexit: ((libc: Libc) => unknown)[];
  /** Keys of pthread_key_create, by number; undefined: deleted. */
  readonly keys: (Key | undefined)[];
  /** Streams of popen, and the commands at their other ends. */
  readonly commands: Map<FILE, number>;
  /** Threads that have not ended. */
  nthreads: number;
  /** The first thread; null once it has ended by pthread_exit, and the last of the others ends the process. */
  leader: Libc | null;
  /** Places for the ids of threads to come. */
  readonly tid_words: TidWord[];
  /** The handles, by processor. */
  readonly threads: WeakMap<Cpu, Libc>;
  readonly new_thread: (cpu: Cpu) => Libc;
}

export function feature(process: Process, { index }: DescriptorCall): Feature {
  return (process.features[index] ??= { dedicated: 0, indirect: 0, indirect_nonblock: 0, indirect_carries: 0 });
}
