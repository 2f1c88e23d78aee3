/** Small programs whose orders can be counted, and chance programs. */
import type { Libc } from '../../../index.js';
import { type Scenario, scenario } from '../../../tools/index.js';

/** What one thread does: one call for each item, on the thread's own handle. */
export type Chain = readonly ((libc: Libc) => Promise<unknown>)[];

/** A call that touches nothing. sched_yield would be two choices: before it, and in it. */
export const nothing: Chain[number] = (libc) => libc.getpid();

/**
 * `chains[0]` is done by main, each other one by a thread that main makes just before, without a look back; who is last ends the
 * process. After `setup` nothing is shared but descriptors.
 */
export function chains(
  all: readonly Chain[],
  setup: (libc: Libc) => Promise<unknown> = () => Promise.resolve(),
): Scenario {
  return scenario({
    async main(libc) {
      await setup(libc);
      for (const chain of all.slice(1))
        await libc.pthread_create(
          null,
          null,
          async (own) => {
            for (const call of chain) await call(own);
          },
          null,
        );
      for (const call of all[0]!) await call(libc);
      await libc.pthread_exit(null);
    },
  });
}

export function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}

export function binomial(n: number, k: number): number {
  return factorial(n) / factorial(k) / factorial(n - k);
}

/**
 * The number of orders of `chains`: linear extensions of a forest, n! over the product of the sizes of all subtrees (Knuth, volume 3,
 * 5.1.4). Main makes its threads one by one; a thread has a step more than calls, its beginning, and two at the end; main one.
 */
export function count_orders(lengths: readonly number[]): number {
  const [main = 0, ...threads] = lengths;
  const steps = threads.map((n) => 1 + n + 2);
  let product = factorial(main + 1);
  let below = main + 1;
  for (const n of [...steps].reverse()) {
    product *= factorial(n);
    below += n;
    // The call that makes the thread; the first of all is no choice.
    product *= ++below;
  }
  return factorial(below) / product;
}
