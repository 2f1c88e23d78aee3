/** How many executions each strategy needs for one scenario. */
import type { Scenario } from './execution.js';
import { type ExploreOptions, search } from './explore.js';

export interface Comparison {
  /** Executions until the first failure, and in all; null: it did not get there. */
  readonly strategy: string;
  readonly first: number | null;
  readonly all: number | null;
  readonly failing: number;
}

/** Orders that depth first may try, and seeds of which random's average is taken. */
const MOST = 30_000;
const SEEDS = 20;

async function exhaustive(scenario: Scenario, options: ExploreOptions, strategy: 'dpor' | 'dfs'): Promise<Comparison> {
  const report = await search(scenario, { ...options, strategy, all: true, no_minimise: true, limit: MOST });
  const all = report.complete ? report.executions : null;
  return { strategy, first: report.failures[0]?.found_at ?? null, all, failing: report.failing };
}

/** On average over the seeds; a seed that finds nothing in 10,000 makes it unknown. */
async function by_chance(scenario: Scenario, options: ExploreOptions, strategy: 'random' | 'pct'): Promise<Comparison> {
  let sum = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = await search(scenario, { ...options, strategy, seed, no_minimise: true });
    if (report.failing === 0) return { strategy, first: null, all: null, failing: 0 };
    sum += report.executions;
  }
  return { strategy, first: sum / SEEDS, all: null, failing: SEEDS };
}

export async function compare(scenario: Scenario, options: ExploreOptions = {}): Promise<readonly Comparison[]> {
  const dpor = await exhaustive(scenario, options, 'dpor');
  const dfs = await exhaustive(scenario, options, 'dfs');
  if (dpor.first === null && dfs.first === null) return [dpor, dfs];
  return [dpor, dfs, await by_chance(scenario, options, 'random'), await by_chance(scenario, options, 'pct')];
}

export function format_comparison(rows: readonly Comparison[]): string {
  const n = (x: number | null): string => (x === null ? '-' : x.toLocaleString('en-US', { maximumFractionDigits: 1 }));
  const lines = rows.map(({ strategy, first, all, failing }) => {
    const fails = all === null ? '-' : n(failing);
    return `${strategy.padEnd(10)}${n(first).padStart(16)}${n(all).padStart(12)}${fails.padStart(10)}`;
  });
  return [
    `${'strategy'.padEnd(10)}${'first failure in'.padStart(16)}${'executions'.padStart(12)}${'failing'.padStart(10)}`,
    ...lines,
  ].join('\n');
}
