/** What the threads of one process share in the library. */
import type { Cpu } from '../../kernel-mock/include/uapi/seam.js';
import type { Libc } from '../index.js';
import type { Route } from './routes/route.js';

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
  /** The thread that joins it; null: nobody, or the first thread, which nobody can join. */
  joiner: Pthread | null;
  /** What its start routine returned. */
  value: unknown;
}

/** A thread that clone has made and that has not begun. */
export interface Start {
  readonly self: Pthread;
  readonly routine: (libc: Libc, arg: unknown) => unknown;
  readonly arg: unknown;
}

export interface Process {
  readonly route: Route;
  readonly features: Map<string, Feature>;
  readonly env: Record<string, string>;
  /** Threads that have not begun, by the stack pointer that clone was given. */
  readonly starting: Map<number, Start>;
  readonly new_thread: (cpu: Cpu) => Libc;
}

export function feature(process: Process, name: string): Feature {
  let f = process.features.get(name);
  if (f === undefined)
    process.features.set(name, (f = { dedicated: 0, indirect: 0, indirect_cloexec: 0, indirect_nonblock: 0 }));
  return f;
}
