/** One execution of a scenario after the other: every choice that the kernel leaves open is put to the strategy, and noted. */
import { type BootOptions, type Kernel, boot as boot_kernel } from '../../index.js';
import type { FaultSite, Injector } from '../../kernel-mock/include/linux/inject.js';
import type { Policy, Task } from '../../kernel-mock/include/linux/sched.js';
import type { Tracer } from '../../kernel-mock/include/linux/trace.js';
import type { WaitEntry } from '../../kernel-mock/include/linux/wait.js';
import { next_timer } from '../../kernel-mock/lib/timerqueue.js';
import { join_tracers } from '../tracers.js';
import { type ChoiceKind, type Ending, PRUNE, type Point, type Strategy } from './strategy.js';

/** Boots the kernel of one execution, with the search's choices put in. Once for each execution. */
export type Boot = (options?: BootOptions) => Kernel;

/**
 * What is explored: it boots a kernel and runs programs in it. It fails by throwing or rejecting, as `run` does on a dead lock, an
 * oops, or a program that throws.
 */
export type Scenario = (boot: Boot) => unknown;

export interface Faults {
  /** Allocations that may fail. */
  readonly sites?: readonly FaultSite[];
  /** Sleeps may end with EINTR. */
  readonly interrupts?: boolean;
  /** Faults in one execution; default 1. */
  readonly max?: number;
}

export interface ExecutionOptions {
  readonly faults?: Faults | undefined;
  /** May time run ahead of tasks that could run? Default true. */
  readonly timers?: boolean | undefined;
  /** Choices after which an execution counts as endless. Default 10,000. */
  readonly steps?: number | undefined;
}

/** One choice that was made. */
export interface Choice {
  readonly kind: ChoiceKind;
  readonly n: number;
  readonly usual: boolean;
  readonly preempts: boolean;
  /** What was chosen, as `Point.id` calls it. */
  readonly id: number;
}

/** The policy throws it to end an execution. No Error: nobody looks at its stack. */
const STOP = { toString: (): string => 'the execution was ended by the explorer' };

/** Ticks of the kernel's clock, 1,000 calls each, without a choice: an execution that goes on longer has no end. */
const ENDLESS_TICKS = 10;

export class Execution implements Policy, Point, Injector {
  readonly timers: boolean;
  /** Of the choice that is being made. */
  kind: ChoiceKind = 'task';
  n = 0;
  usual = 0;
  preempts = false;
  timer: object | null = null;
  /** Number of choices so far. */
  at = 0;
  /** What they were, if anybody wants to know. */
  choices: Choice[] | null = null;
  strategy: Strategy;
  kernel: Kernel | null = null;
  /** Why the execution was ended before its time. */
  stopped: 'pruned' | 'endless' | null = null;
  /** A listener besides the strategy's. */
  listener: Tracer | null = null;
  readonly boot: Boot;
  #ready: readonly Task[] = [];
  #sleepers: readonly WaitEntry[] = [];
  #faults_left = 0;
  #ticks = 0;
  #over = true;
  readonly #steps: number;
  readonly #faults: Faults | undefined;
  /** The options of the last boot, and what was made of them: a scenario boots with the same again and again. */
  #asked: BootOptions | undefined = undefined;
  #options: BootOptions | null = null;

  constructor(strategy: Strategy, options: ExecutionOptions = {}) {
    this.strategy = strategy;
    this.timers = options.timers ?? true;
    this.#steps = options.steps ?? 10_000;
    this.#faults = options.faults;
    this.boot = (asked) => this.#boot(asked);
  }

  #boot(asked: BootOptions | undefined): Kernel {
    if (this.kernel !== null) throw new TypeError('a scenario boots one kernel in each execution');
    if (this.#options === null || asked !== this.#asked) {
      this.#asked = asked;
      const trace = join_tracers([asked?.trace ?? null, this.strategy.tracer ?? null, this.listener]);
      const added = { output: null, watchdog: null, policy: this };
      this.#options = {
        ...added,
        ...asked,
        policy: this,
        ...(trace === null ? {} : { trace }),
        ...(this.#faults === undefined ? {} : { inject: this }),
      };
    }
    this.kernel = boot_kernel(this.#options);
    return this.kernel;
  }

  /** Run `scenario` once. Answers with what it failed with, or null. `stopped` tells whether it got to its end. */
  async run(scenario: Scenario): Promise<unknown> {
    this.at = 0;
    this.kernel = null;
    this.stopped = null;
    this.#ticks = 0;
    this.#over = false;
    this.#faults_left = this.#faults === undefined ? 0 : (this.#faults.max ?? 1);
    try {
      await scenario(this.boot);
      return null;
    } catch (error) {
      return error ?? new Error('the scenario threw nothing');
    } finally {
      this.#over = true;
    }
  }

  ending(error: unknown): Ending {
    return this.stopped ?? (error === null ? 'passed' : 'failed');
  }

  /** Forget what the next boot would be made with: a listener or the strategy has changed. */
  reset(): void {
    this.#options = null;
  }

  pick(ready: readonly Task[], timer: boolean): number {
    const last = ready.length - 1;
    const { current } = ready[last]!.kernel;
    // Who has just made a call was put behind the others.
    const own = ready[last] === current ? last : -1;
    this.#ready = ready;
    this.preempts = own !== -1;
    this.timer = timer ? next_timer(ready[last]!.kernel.timers)! : null;
    const chosen = this.#choose('task', timer ? ready.length + 1 : ready.length, own === -1 ? 0 : own);
    return chosen === ready.length ? -1 : chosen;
  }

  wake(sleepers: readonly WaitEntry[]): number {
    this.#sleepers = sleepers;
    return this.#choose('wake', sleepers.length, 0);
  }

  tick(): void {
    if (++this.#ticks >= ENDLESS_TICKS) this.#stop('endless');
  }

  should_fail(_task: Task | null, site: FaultSite): boolean {
    if (this.#faults_left === 0 || this.#faults?.sites?.includes(site) !== true) return false;
    return this.#fault();
  }

  interrupt(): boolean {
    return this.#faults_left > 0 && this.#faults?.interrupts === true && this.#fault();
  }

  #fault(): boolean {
    if (this.#over) return false;
    const fires = this.#choose('fault', 2, 0) === 1;
    if (fires) this.#faults_left--;
    return fires;
  }

  id(i: number): number {
    if (this.kind === 'task') return this.#ready[i]?.pid ?? 0;
    return this.kind === 'fault' ? i : (this.#sleepers[i]!.task?.pid ?? i);
  }

  #stop(why: 'pruned' | 'endless'): never {
    this.stopped = why;
    throw STOP as unknown as Error;
  }

  #choose(kind: ChoiceKind, n: number, usual: number): number {
    // The scenario is over; what it left behind need not run.
    if (this.#over) throw STOP as unknown as Error;
    this.kind = kind;
    this.n = n;
    this.usual = usual;
    const chosen = this.strategy.choose(this);
    if (chosen === PRUNE) this.#stop('pruned');
    if (this.at >= this.#steps) this.#stop('endless');
    this.choices?.push({
      kind,
      n,
      usual: chosen === usual,
      preempts: this.preempts && kind === 'task',
      id: this.id(chosen),
    });
    this.#ticks = 0;
    this.at++;
    return chosen;
  }
}
