/** From a schedule that fails to the shortest one that fails in the same way: fewest faults and preemptions, then fewest choices. */
import { event_log } from '../eventlog.js';
import { type Choice, Execution, type ExecutionOptions, type Scenario } from './execution.js';
import { type Deviation, type Schedule, fingerprinter, schedule_of } from './schedule.js';
import { dfs } from './strategies/dfs.js';
import { type DivergedError, replay } from './strategies/replay.js';
import { join_tracers } from '../tracers.js';

/** What happened when a schedule was run. */
export interface Rerun {
  /** What the scenario failed with; null: it passed. */
  readonly error: unknown;
  readonly choices: readonly Choice[];
  readonly schedule: Schedule;
  readonly preemptions: number;
  readonly faults: number;
  readonly trace: readonly string[];
  /** Where the schedule did not fit; null: it fitted. */
  readonly diverged: DivergedError | null;
}

export interface Minimal extends Rerun {
  /** No order with fewer preemptions fails in this way. */
  readonly minimal: boolean;
}

/** Executions that the search for fewer preemptions may take. */
const BUDGET = 3000;

function is_schedule(what: Schedule | readonly Choice[]): what is Schedule {
  return 'deviations' in what;
}

/** Run a schedule, or the choices of an earlier execution; `lenient`: what does not fit is left out. An empty list: the usual order. */
export async function run_schedule(
  scenario: Scenario,
  options: ExecutionOptions,
  what: Schedule | readonly Choice[],
  lenient = false,
): Promise<Rerun> {
  const wanted = is_schedule(what) ? what : schedule_of(what, '');
  const usual = !is_schedule(what) && what.length === 0;
  const strategy = replay(wanted, { lenient: lenient || usual });
  const execution = new Execution(strategy, options);
  const trace: string[] = [];
  const print = fingerprinter();
  const choices: Choice[] = (execution.choices = []);
  execution.listener = join_tracers([event_log((line) => trace.push(line)), print.tracer]);
  strategy.next();
  const error = await execution.run(scenario);
  strategy.ended(execution.ending(error));
  const failed = execution.stopped === null ? error : null;
  const fingerprint = print.text();
  let diverged = strategy.diverged();
  if (diverged === null && wanted.fingerprint !== '' && wanted.fingerprint !== fingerprint && !lenient)
    diverged = strategy.differs();
  return {
    error: failed,
    choices,
    schedule: schedule_of(choices, fingerprint),
    preemptions: choices.filter((c) => c.preempts && !c.usual).length,
    faults: choices.filter((c) => c.kind === 'fault' && !c.usual).length,
    trace,
    diverged,
  };
}

/** Is `a` shorter than `b`? */
function less(a: Rerun, b: Rerun): boolean {
  const key = ({ faults, preemptions, schedule }: Rerun): number[] => [
    faults + preemptions,
    schedule.deviations.size,
    schedule.length,
  ];
  const [x, y] = [key(a), key(b)];
  const at = x.findIndex((n, i) => n !== y[i]);
  return at >= 0 && x[at]! < y[at]!;
}

/** Leave out one deviation after the other, as long as that helps. */
async function drop_deviations(
  scenario: Scenario,
  options: ExecutionOptions,
  from: Rerun,
  same: (error: unknown) => boolean,
): Promise<Rerun> {
  let best = from;
  for (let again = true; again;) {
    again = false;
    for (const at of [...best.schedule.deviations.keys()].reverse()) {
      const fewer: Map<number, Deviation> = new Map(best.schedule.deviations);
      if (!fewer.delete(at)) continue;
      const run = await run_schedule(scenario, options, { ...best.schedule, deviations: fewer }, true);
      if (run.error === null || !same(run.error) || !less(run, best)) continue;
      best = run;
      again = true;
    }
  }
  return best;
}

/** The first failure of this kind with at most `preemptions`; null: there is none; 'budget': that is not known. */
async function bounded(
  scenario: Scenario,
  options: ExecutionOptions,
  preemptions: number,
  same: (error: unknown) => boolean,
  budget: number,
): Promise<readonly Choice[] | 'budget' | null> {
  const strategy = dfs({ preemptions });
  const execution = new Execution(strategy, options);
  for (let n = 0; strategy.next(); n++) {
    if (n >= budget) return 'budget';
    const choices: Choice[] = (execution.choices = []);
    const error = await execution.run(scenario);
    strategy.ended(execution.ending(error));
    if (execution.stopped === null && error !== null && same(error)) return choices;
  }
  return null;
}

export async function minimise(
  scenario: Scenario,
  options: ExecutionOptions,
  from: Rerun,
  same: (error: unknown) => boolean,
): Promise<Minimal> {
  let best = await drop_deviations(scenario, options, from, same);
  for (let bound = 0; bound < best.preemptions; bound++) {
    const found = await bounded(scenario, options, bound, same, BUDGET);
    if (found === 'budget') return { ...best, minimal: false };
    if (found === null) continue;
    const run = await run_schedule(scenario, options, found);
    if (run.error !== null && same(run.error) && run.faults <= best.faults)
      best = await drop_deviations(scenario, options, run, same);
    break;
  }
  return { ...best, minimal: true };
}
