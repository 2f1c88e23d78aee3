/** How an order of events is chosen. Each strategy is one file in strategies/ behind this interface; after AWS shuttle's Scheduler. */
import type { Tracer } from '../../kernel-mock/include/linux/trace.js';

/** What is chosen: who runs next, whom a wake-up meets, whether a fault fires. */
export type ChoiceKind = 'task' | 'wake' | 'fault';

/** A moment at which things can go on in more than one way. */
export interface Point {
  readonly kind: ChoiceKind;
  /** Number of options, at least 2. */
  readonly n: number;
  /** The option that is taken if nobody interferes: the running task goes on, the first sleeper is woken, no fault fires. */
  readonly usual: number;
  /** The task that made the last call could go on: to choose another is a preemption. */
  readonly preempts: boolean;
  /** How many choices there were before, in this execution. */
  readonly at: number;
  /** A task: the timer that fires next, whose turn it may be too; null: none is set, or time is no choice. */
  readonly timer: object | null;
  /** What option `i` is called in schedules: the task's id, 0 for the next timer; 1 for a fault that fires, 0 for none. */
  id(i: number): number;
}

/** How an execution ended: by itself, with a failure, cut off by the strategy, or at the limit of its length. */
export type Ending = 'passed' | 'failed' | 'pruned' | 'endless';

export interface Claim {
  /** Nothing is left that the strategy would try. */
  readonly complete: boolean;
  /** How complete the search was: `all 6 orders`. */
  readonly text: string;
}

export interface Strategy {
  readonly name: string;
  /** Begin another execution; false: there is none left. */
  next(): boolean;
  /** An option of `point`; the PRUNE constant ends the execution here. */
  choose(point: Point): number;
  /** The execution is over. False: it does not count, since it belongs to another shard or was cut off. */
  ended(how: Ending): boolean;
  claim(): Claim;
  /** About how much of the search is done, from 0 to 1. Missing: nobody knows. */
  progress?(): number;
  /** Listens to the kernel, if the strategy has to know what happens in it. */
  readonly tracer?: Tracer;
  /** The state of a search in a form that JSON can hold, and back. Missing: the strategy counts executions only. */
  save?(): unknown;
  load?(state: unknown): void;
}

/** `choose` answers with this to end an execution that need not be seen to its end. */
export const PRUNE = -2;

/** One of several machines or cores that share a search: number `i` of `n`, from 0. */
export interface Shard {
  readonly i: number;
  readonly n: number;
}

/**
 * How many choices deep a search is cut into parts for `n` shards. Every shard walks all beginnings of this length, and goes on
 * below those that are its own.
 */
export function shard_depth({ n }: Shard): number {
  return n === 1 ? 0 : 4 + 2 * Math.ceil(Math.log2(n));
}

/** The options in the order in which a search tries them: the usual one first. */
export function option(usual: number, k: number): number {
  if (k === 0) return usual;
  return k - 1 < usual ? k - 1 : k;
}

export function orders(n: number, what = 'order'): string {
  return `${n.toLocaleString('en-US')} ${what}${n === 1 ? '' : 's'}`;
}
