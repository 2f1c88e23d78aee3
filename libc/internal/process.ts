/** What the threads of one process share in the library. */
import type { Cpu } from '../../kernel-mock/include/uapi/seam.js';
import type { Libc } from '../index.js';
import type { FILE } from './file.js';
import type { Route } from './routes/route.js';
import type { Thread } from './thread.js';

/** What is known about a feature of the kernel below: not tried, present, absent. As in glibc, one for each feature. */
export type Known = 0 | 1 | -1;

/** What `auto` has learned for one descriptor-creating function. */
export interface Feature {
  /** The dedicated call, or its flags, work. */
  dedicated: Known;
  /** The plain call may stand inside sys_indirect. */
  indirect: Known;
  /** The kernel heeds close-on-exec in the parameters of indirect for this call; looked at where it might not. */
  indirect_cloexec: Known;
  /** O_NONBLOCK in the parameters of indirect has an effect. */
  indirect_nonblock: Known;
}

/** A thread that another can join. */
export interface Pthread {
  /** Address of the word that holds its id while it lives, and that clone(2) and exit(2) keep. */
  tid_ptr: number;
  tid_word: Uint8Array;
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

export function new_pthread(tid_ptr: number, tid_word: Uint8Array, detached: boolean): Pthread {
  return {
    tid_ptr,
    tid_word,
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
  readonly features: Map<string, Feature>;
  readonly env: Record<string, string>;
  /** Tasks that have not begun, by the stack pointer that clone was given. */
  readonly starting: Map<number, Start>;
  /** Functions that were given to sigaction: the kernel knows them by number. */
  readonly handlers: SigHandler[];
  /** For exit(3), the one to run first last. */
  readonly atexit: ((libc: Libc) => unknown)[];
  /** Streams of popen, and the commands at their other ends. */
  readonly commands: Map<FILE, number>;
  /** Threads that have not ended. */
  nthreads: number;
  /** The handles, by processor. */
  readonly threads: WeakMap<Cpu, Libc>;
  readonly new_thread: (cpu: Cpu) => Libc;
}

export function feature(process: Process, name: string): Feature {
  let f = process.features.get(name);
  if (f === undefined)
    process.features.set(name, (f = { dedicated: 0, indirect: 0, indirect_cloexec: 0, indirect_nonblock: 0 }));
  return f;
}
