/**
 * Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte 2010): tasks have random priorities, the highest
 * runs, and at depth - 1 random moments the running one becomes the lowest. A bug that needs `depth` orderings among n tasks
 * and k steps is found with a chance of at least 1 / (n * k ^ (depth - 1)) in each execution.
 */
import { prandom_below, type Prng } from '../../../kernel-mock/lib/prng.js';
import type { Point, Strategy } from '../strategy.js';
import { type RandomOptions, by_number, choose_by_chance, nth_prng } from './random.js';

export interface PctOptions extends RandomOptions {
  /** Orderings that the bug needs; default 3. */
  readonly depth?: number | undefined;
}

export function pct({ depth = 3, ...options }: PctOptions = {}): Strategy {
  let chance: Prng;
  /** Choices of the longest execution so far. */
  let longest = 16;
  let length = 0;
  let lowest = 0;
  const priority = new Map<number, number>();
  const changes = new Set<number>();

  const priority_of = (id: number): number => {
    let p = priority.get(id);
    if (p === undefined) priority.set(id, (p = 1 + prandom_below(chance, 0x7fffffff)));
    return p;
  };
  const highest = (point: Point): number => {
    let best = 0;
    for (let i = 1; i < point.n; i++) if (priority_of(point.id(i)) > priority_of(point.id(best))) best = i;
    return best;
  };
  const begin = (k: number): void => {
    chance = nth_prng(options.seed ?? 1, k);
    priority.clear();
    changes.clear();
    lowest = 0;
    length = 0;
    for (let i = 1; i < depth; i++) changes.add(prandom_below(chance, longest));
  };
  const choose = (point: Point): number => {
    length = Math.max(length, point.at + 1);
    if (point.kind !== 'task') return choose_by_chance(chance, point);
    if (changes.has(point.at)) priority.set(point.id(highest(point)), --lowest);
    return highest(point);
  };
  return by_number('pct', options, begin, choose, () => {
    longest = Math.max(longest, length);
  });
}
