import test from 'ava';
import fc from 'fast-check';
import { prandom_below, prandom_u32, prng } from '../../kernel-mock/lib/prng.js';

// The published values of mulberry32.
const gives = test.macro({
  exec(t, seed: number, expected: readonly number[]) {
    const p = prng(seed);
    t.deepEqual(
      expected.map(() => prandom_u32(p)),
      expected,
    );
  },
  title: (_, seed: number, expected: readonly number[]) => `seed ${seed}: ${expected.join(', ')}`,
});

test(gives, 0, [1144304738, 1416247, 958946056]);
test(gives, 1, [2693262067, 11749833, 2265367787]);
test(gives, 0xffff_ffff, [3850105811, 813802916, 3073704848]);
test(gives, -1, [3850105811, 813802916, 3073704848]);

test('numbers below a bound: in range, all of them, about equally often', (t) => {
  const p = prng(42);
  const count = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) count[prandom_below(p, 10)]!++;
  t.is(count.length, 10);
  t.true(
    count.every((n) => n > 850 && n < 1150),
    count.join(),
  );
});

test('any seed and bound stay in range', (t) => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 31 }), (seed, below) => {
      const n = prandom_below(prng(seed), below);
      return Number.isInteger(n) && n >= 0 && n < below;
    }),
  );
  t.pass();
});
