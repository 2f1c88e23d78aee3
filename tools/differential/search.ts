/** Looking for differences: programs by the number of steps, each difference made as small as it gets. */
import fc from 'fast-check';
import { type Drawn, type Operation, build } from './draw.js';
import { type Found, compare, programs } from './differential.js';
import { deliberate_row } from './deliberate.js';
import type { Reference } from './reference.js';

export interface SearchOptions {
  readonly operations: readonly Operation[];
  readonly steps: number;
  readonly seed: number;
  /** Operations in one program. */
  readonly length: number;
  /** Told of each difference that is not like one before. */
  readonly found: (found: Found) => void;
  readonly progress: (programs: number, steps: number) => void;
}

export interface SearchResult {
  readonly programs: number;
  readonly steps: number;
  /** How often each kind of difference occurred that no row of deliberate.ts explains. */
  readonly kinds: ReadonlyMap<string, number>;
  /** How often each row of deliberate.ts did, by its name. */
  readonly explained: ReadonlyMap<string, number>;
}

/** What differences of one kind have in common: the call and what it answered. */
export function kind_of({ program, step, what }: Found): string {
  const call = program.steps[step]?.call ?? 'end';
  return `${call}: ${what.startsWith('memory') ? 'memory' : what.replace(/^descriptor \d+/, 'descriptor')}`;
}

/** The same difference in as few operations, and as plain ones, as fast-check finds. */
async function shrink(
  reference: Reference,
  { operations, length }: SearchOptions,
  drawn: Drawn[],
  first: Found,
): Promise<Found> {
  let least = first;
  const kind = kind_of(first);
  const property = fc.asyncProperty(programs(operations, length), async (smaller) => {
    const found = await compare(reference, build(operations, smaller));
    if (found === null || kind_of(found) !== kind || deliberate_row(found) !== undefined) return;
    least = found;
    throw new Error(found.what);
  });
  await fc.check(property, { examples: [[drawn]], numRuns: 1 });
  return least;
}

const BATCH = 100;

export async function search(reference: Reference, options: SearchOptions): Promise<SearchResult> {
  const kinds = new Map<string, number>();
  const explained = new Map<string, number>();
  let count = 0;
  let steps = 0;
  for (let batch = 0; steps < options.steps; batch++) {
    const seed = options.seed + batch;
    for (const drawn of fc.sample(programs(options.operations, options.length), { seed, numRuns: BATCH })) {
      const program = build(options.operations, drawn);
      const found = await compare(reference, program);
      count++;
      steps += program.steps.length;
      if (found === null) continue;
      const row = deliberate_row(found);
      if (row !== undefined) {
        explained.set(row.name, (explained.get(row.name) ?? 0) + 1);
        continue;
      }
      const kind = kind_of(found);
      const before = kinds.get(kind) ?? 0;
      kinds.set(kind, before + 1);
      if (before === 0) options.found(await shrink(reference, options, drawn, found));
      if (steps >= options.steps) break;
    }
    options.progress(count, steps);
  }
  return { programs: count, steps, kinds, explained };
}
