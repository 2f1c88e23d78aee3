/** The search: executions of one scenario under one strategy, until there is none left, one has failed, or time is up. */
import { type ExecutionOptions, Execution, type Scenario } from './execution.js';
import { minimise, run_schedule, type Rerun } from './minimise.js';
import { NondeterminismError } from './nondeterminism.js';
import { type Failure, type Report, format_report } from './report.js';
import { format_schedule, parse_schedule } from './schedule.js';
import { strategies } from './strategies/index.js';
import type { Shard, Strategy } from './strategy.js';

export type StrategyName = keyof typeof strategies;

export interface ExploreOptions extends ExecutionOptions {
  /** Default: dpor. */
  readonly strategy?: StrategyName | undefined;
  /** dfs: at most so many preemptions. */
  readonly preemptions?: number | undefined;
  /** random, pct: how many executions; default 10,000. */
  readonly runs?: number | undefined;
  /** pct: how many orderings the bug needs; default 3. */
  readonly depth?: number | undefined;
  /** random, pct. Default 1. */
  readonly seed?: number | undefined;
  /** dpor: tasks share variables of JavaScript, so that any two steps of tasks that have run program code may depend on each other. */
  readonly shared?: boolean | undefined;
  /** Go on after the first failure, and count all. */
  readonly all?: boolean | undefined;
  /** Do not look for the shortest schedule of a failure. */
  readonly no_minimise?: boolean | undefined;
  /** Milliseconds after which the search stops. */
  readonly time?: number | undefined;
  /** Executions after which it stops. */
  readonly limit?: number | undefined;
  readonly shard?: Shard | undefined;
  /** Replay this schedule, and nothing else. */
  readonly replay?: string | undefined;
  /** The command line that runs the scenario, for reports. */
  readonly command?: string | undefined;
  /** Where an earlier search stopped: `Report.checkpoint`. */
  readonly resume?: unknown;
  /** Called about every second, and once at the end; `fraction`: about how much is done, null: nobody knows. */
  readonly on_progress?: ((executions: number, ms: number, fraction: number | null) => void) | undefined;
  /** Answers with true to stop the search at the next execution. */
  readonly stop?: (() => boolean) | undefined;
}

/** Distinct failures that are kept in full; of all others only the number. */
const KEPT = 10;
/** Executions between two looks at the clock. */
const BATCH = 64;

declare const performance: { now(): number };
declare const setImmediate: ((func: () => void) => unknown) | undefined;

/** A failing scenario: the message is the report. */
export class ExploreError extends Error {
  readonly report: Report;
  constructor(report: Report) {
    super(format_report(report));
    this.name = 'ExploreError';
    this.report = report;
  }
}

function message_of(error: unknown): string {
  return error instanceof Error ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}` : String(error);
}

/** What makes two failures the same: the first line, without ids of tasks. */
function kind_of(message: string): string {
  return message.split('\n')[0]!.replace(/\btask \d+/g, 'task N');
}

interface Saved {
  readonly strategy: unknown;
  readonly executions: number;
  readonly counted: number;
  readonly failing: number;
  readonly endless: number;
  readonly failures: readonly Failure[];
  readonly kinds: readonly string[];
}

class Search {
  readonly scenario: Scenario;
  readonly options: ExploreOptions;
  readonly strategy: Strategy;
  readonly execution: Execution;
  executions = 0;
  counted = 0;
  failing = 0;
  endless = 0;
  readonly failures: Failure[] = [];
  readonly kinds = new Set<string>();

  constructor(scenario: Scenario, options: ExploreOptions) {
    this.scenario = scenario;
    this.options = options;
    this.strategy = strategies[options.strategy ?? 'dpor'](options);
    this.execution = new Execution(this.strategy, options);
  }

  load(saved: Saved): void {
    this.strategy.load?.(saved.strategy);
    this.executions = saved.executions;
    this.counted = saved.counted;
    this.failing = saved.failing;
    this.endless = saved.endless;
    this.failures.push(...saved.failures);
    for (const kind of saved.kinds) this.kinds.add(kind);
  }

  save(): Saved {
    const { executions, counted, failing, endless, failures } = this;
    return {
      strategy: this.strategy.save?.(),
      executions,
      counted,
      failing,
      endless,
      failures,
      kinds: [...this.kinds],
    };
  }

  /** One execution. True: it failed. */
  async step(): Promise<boolean> {
    const { execution, strategy } = this;
    const want = (execution.choices = []);
    const error = await execution.run(this.scenario);
    if (error instanceof NondeterminismError) throw error;
    const how = execution.ending(error);
    this.executions++;
    if (!strategy.ended(how)) return false;
    this.counted++;
    if (how === 'endless') this.endless++;
    if (how !== 'failed') return false;
    this.failing++;
    await this.keep(error, want);
    return true;
  }

  /** A failure of a kind that was not seen before is made small and kept. */
  async keep(error: unknown, choices: Rerun['choices']): Promise<void> {
    const kind = kind_of(message_of(error));
    if (this.kinds.has(kind)) return;
    this.kinds.add(kind);
    if (this.failures.length >= KEPT) return;
    const found_at = this.executions;
    this.failures.push({ ...(await this.explain(kind, choices)), found_at });
  }

  async explain(kind: string, choices: Rerun['choices']): Promise<Omit<Failure, 'found_at'>> {
    const { scenario, options } = this;
    const same = (error: unknown): boolean => kind_of(message_of(error)) === kind;
    const again = await run_schedule(scenario, options, choices);
    if (again.error === null || !same(again.error) || again.diverged !== null) throw new NondeterminismError(0);
    const small =
      options.no_minimise === true ? { ...again, minimal: false } : await minimise(scenario, options, again, same);
    const { error, schedule, preemptions, faults, minimal, trace } = small;
    return { message: message_of(error), schedule: format_schedule(schedule), preemptions, faults, minimal, trace };
  }
}

function report_of(search: Search, ms: number, stopped: string | null): Report {
  const { options, strategy, executions, counted, failing, endless, failures, kinds } = search;
  const { text, complete } = strategy.claim();
  const saved = stopped === 'time' ? search.save() : null;
  return {
    strategy: strategy.name,
    claim: text,
    complete: complete && endless === 0,
    executions,
    counted,
    failing,
    kinds: kinds.size,
    endless,
    failures,
    ms,
    stopped,
    shard: options.shard ?? null,
    command: options.command ?? null,
    checkpoint: saved,
  };
}

/** The same choices twice must do the same: the first execution is made two times, and compared call by call. */
async function check_determinism(scenario: Scenario, options: ExploreOptions): Promise<void> {
  const first = await run_schedule(scenario, options, []);
  const second = await run_schedule(scenario, options, []);
  const at = first.trace.findIndex((line, i) => line !== second.trace[i]);
  if (first.schedule.fingerprint !== second.schedule.fingerprint || at >= 0)
    throw new NondeterminismError(Math.max(at, 0));
}

/** Run the search and answer with what was found; failures are in the report, not thrown. */
export async function search(scenario: Scenario, options: ExploreOptions = {}): Promise<Report> {
  if (options.replay !== undefined) return replay_report(scenario, options, options.replay);
  const work = new Search(scenario, options);
  if (options.resume !== undefined && options.resume !== null) work.load(options.resume as Saved);
  else await check_determinism(scenario, options);
  const start = performance.now();
  let shown = start;
  let stopped: string | null = null;
  for (let n = 1; ; n++) {
    if (!work.strategy.next()) break;
    if ((await work.step()) && options.all !== true) {
      stopped = 'failure';
      break;
    }
    if (work.executions >= (options.limit ?? Infinity)) stopped = 'limit';
    if (n % BATCH === 0 || stopped !== null) {
      const now = performance.now();
      if (now - start >= (options.time ?? Infinity) || options.stop?.() === true) stopped = 'time';
      if (now - shown >= 1000) {
        shown = now;
        options.on_progress?.(work.executions, now - start, work.strategy.progress?.() ?? null);
        // Whoever else lives in this process, timers and signals of the host, has a turn.
        if (setImmediate !== undefined) await new Promise<void>(setImmediate);
      }
    }
    if (stopped !== null) break;
  }
  options.on_progress?.(work.executions, performance.now() - start, 1);
  return report_of(work, performance.now() - start, stopped);
}

async function replay_report(scenario: Scenario, options: ExploreOptions, text: string): Promise<Report> {
  const wanted = parse_schedule(text);
  const start = performance.now();
  const run = await run_schedule(scenario, options, wanted);
  if (run.diverged !== null) throw run.diverged;
  const { error, schedule, preemptions, faults, trace } = run;
  const base = { schedule: format_schedule(schedule), preemptions, faults, minimal: false, trace, found_at: 1 };
  const failures = error === null ? [] : [{ ...base, message: message_of(error) }];
  return {
    strategy: 'replay',
    claim: 'one schedule, replayed exactly',
    complete: true,
    executions: 1,
    counted: 1,
    failing: failures.length,
    kinds: failures.length,
    endless: 0,
    failures,
    ms: performance.now() - start,
    stopped: null,
    shard: null,
    command: options.command ?? null,
    checkpoint: null,
  };
}

/**
 * Search for an order of events in which `scenario` fails, for tests: `await explore(scenario)`.
 *
 * @returns the report, if no order failed
 * @throws ExploreError whose message is the report, if one failed; NondeterminismError; DivergedError for `replay`
 */
export async function explore(scenario: Scenario, options: ExploreOptions = {}): Promise<Report> {
  const report = await search(scenario, options);
  if (report.failing > 0) throw new ExploreError(report);
  return report;
}
