/** Random: every choice by chance. Execution k has a seed of its own, so that shards take turns. */
import { prandom_below, prng, type Prng } from '../../../kernel-mock/lib/prng.js';
import { type Claim, type Point, type Shard, type Strategy, orders } from '../strategy.js';

export interface RandomOptions {
  readonly seed?: number | undefined;
  /** How many executions; default 10,000. */
  readonly runs?: number | undefined;
  readonly shard?: Shard | undefined;
}

/** A fault fires with one chance in so many: most executions shall see few. */
const RARE = 8;

/** Of execution `k`: neighbouring seeds must not give neighbouring streams. */
export function nth_prng(seed: number, k: number): Prng {
  return prng((Math.imul(seed, 0x9e3779b1) ^ Math.imul(k + 1, 0x85ebca6b)) >>> 0);
}

export function choose_by_chance(chance: Prng, { kind, n }: Point): number {
  if (kind === 'fault') return prandom_below(chance, RARE) === 0 ? 1 : 0;
  return prandom_below(chance, n);
}

/** Executions that differ by their number only: random, PCT. */
export function by_number(
  name: string,
  { seed = 1, runs = 10_000, shard = { i: 0, n: 1 } }: RandomOptions,
  begin: (k: number) => void,
  choose: (point: Point) => number,
  ended: () => void = () => {},
): Strategy {
  let k = shard.i - shard.n;
  let seen = 0;
  return {
    name,
    next(): boolean {
      if (k + shard.n >= runs) return false;
      begin((k += shard.n));
      return true;
    },
    choose,
    ended(): boolean {
      ended();
      seen++;
      return true;
    },
    claim: (): Claim => ({ complete: false, text: `${orders(seen, `${name} order`)}, seed ${seed}` }),
    progress: () => k / runs,
    save: () => ({ k, seen }),
    load(state) {
      ({ k, seen } = state as { k: number; seen: number });
    },
  };
}

export function random(options: RandomOptions = {}): Strategy {
  let chance: Prng;
  return by_number(
    'random',
    options,
    (k) => (chance = nth_prng(options.seed ?? 1, k)),
    (point) => choose_by_chance(chance, point),
  );
}
