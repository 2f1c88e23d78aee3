/**
 * Schedules and sets of faults as a fast-check arbitrary, for those who write property tests. fast-check is handed in: who does not use
 * it does not need it. What is shrunk has fewer departures from the usual order, earlier ones, and fewer faults.
 */
import type * as fast_check from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { type Choice, Execution, type ExecutionOptions, type Scenario } from './execution.js';
import { ExploreError, search } from './explore.js';
import { format_schedule, schedule_of } from './schedule.js';
import type { Point, Strategy } from './strategy.js';

/** What is used of fast-check. */
export type FastCheck = Pick<typeof fast_check, 'array' | 'nat' | 'record' | 'tuple'>;

/** Where an execution departs from the usual order. */
export interface Plan {
  /** After so many choices since the departure before, the option that is so many (and one) behind the usual one, in a circle. */
  readonly departures: readonly (readonly [after: number, by: number])[];
  /** Which of the allocations and sleeps that may fail do: by number, from 0. */
  readonly faults: readonly number[];
}

export interface PlanConstraints {
  /** Departures at most; default 6. */
  readonly departures?: number;
  /** Choices between two of them at most; default 16. */
  readonly distance?: number;
  /** Faults at most; default 0. */
  readonly faults?: number;
}

/** Tasks that can be told apart in one choice, and places where a fault can fire, at most. */
const MOST_OPTIONS = 7;
const MOST_FAULT_POINTS = 15;

function planned({ departures, faults }: Plan): Strategy {
  let next = 0;
  let at = departures[0]?.[0] ?? -1;
  let fault = 0;
  let begun = false;
  return {
    name: 'plan',
    next: () => !begun && (begun = true),
    choose({ kind, n, usual, at: now }: Point): number {
      if (kind === 'fault') return faults.includes(fault++) ? 1 : 0;
      if (now < at || next >= departures.length) return usual;
      const [, by] = departures[next++]!;
      at = now + 1 + (departures[next]?.[0] ?? 0);
      return (usual + 1 + (by % (n - 1))) % n;
    },
    ended: () => true,
    claim: () => ({ complete: false, text: 'one plan' }),
  };
}

/**
 * Run `scenario` once as `plan` says.
 *
 * @throws ExploreError if it fails, with the schedule that replays it
 */
export async function follow(scenario: Scenario, plan: Plan, options: ExecutionOptions = {}): Promise<void> {
  const strategy = planned(plan);
  const execution = new Execution(strategy, options);
  const choices: Choice[] = (execution.choices = []);
  const error = await execution.run(scenario);
  if (execution.ending(error) === 'passed') return;
  throw new ExploreError(await search(scenario, { ...options, replay: format_schedule(schedule_of(choices, '')) }));
}

/** An arbitrary of plans, for `fc.assert(fc.asyncProperty(plans(fc), (plan) => follow(scenario, plan)))`. */
export function plans(fc: FastCheck, constraints: PlanConstraints = {}): Arbitrary<Plan> {
  const { departures = 6, distance = 16, faults = 0 } = constraints;
  return fc.record({
    departures: fc.array(fc.tuple(fc.nat(distance), fc.nat(MOST_OPTIONS)), { maxLength: departures }),
    faults: fc.array(fc.nat(MOST_FAULT_POINTS), { maxLength: faults }),
  });
}
