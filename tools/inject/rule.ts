/** What a rule of injection is: for which calls, which of them, and what then. parse.ts makes it from the language. */
import type { FaultSite } from '../../kernel-mock/include/linux/inject.js';
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';

/** Of the calls (of one name in one task) that fit: the `first`, then each `step`-th, up to the `last`. */
export interface When {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** Which argument, 1 to 6. */
export type ArgNumber = 1 | 2 | 3 | 4 | 5 | 6;

/** Bytes that are written to where an argument points. */
export interface Poke {
  readonly arg: ArgNumber;
  readonly bytes: Uint8Array;
}

/** A register that is given another value. */
export interface Rewrite {
  readonly arg: ArgNumber;
  readonly value: number;
}

/** What must hold of a call for a rule to apply; all that are given. */
export interface Selection {
  /** One of its arguments is this descriptor. */
  readonly fd?: number;
  /** One of its paths is this, or one of its descriptors is open on it; with `*` at the end: begins with it. */
  readonly path?: string;
  /** Its argument of flags has all these bits. */
  readonly flag?: number;
  /** The task has this number, or this name. */
  readonly task?: number | string;
  readonly args?: readonly { readonly arg: ArgNumber; readonly from: number; readonly to: number }[];
}

export interface Rule {
  /** As it was given. */
  readonly text: string;
  readonly calls: ReadonlySet<CallName>;
  readonly when: When;
  readonly select: Selection;
  /** The value for the program, -errno or not; null: that of the call. */
  readonly value: number | null;
  /** With a value: the harmless call that is made instead; null: none is. */
  readonly syscall: CallName | null;
  /** Sent to the task at entry; 0: none. */
  readonly signal: number;
  /** Nanoseconds. */
  readonly delay_enter: number;
  readonly delay_exit: number;
  readonly poke_enter: readonly Poke[];
  readonly poke_exit: readonly Poke[];
  readonly rewrite: readonly Rewrite[];
  /** Most bytes that the call may transfer; null: as many as it asks for. */
  readonly short: number | null;
  /** The first sleep of the call ends as by a signal. */
  readonly eintr: boolean;
  /** An allocation of the call fails, and `when` counts allocations, not calls; null: none does. */
  readonly alloc: FaultSite | 'any' | null;
}

/** A rule that makes no sense; the message says what would. */
export class RuleError extends Error {}
