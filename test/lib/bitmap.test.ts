import test from 'ava';
import fc from 'fast-check';
import {
  type Bitmap,
  bitmap,
  bitmap_copy,
  clear_bit,
  find_next_zero_bit,
  set_bit,
  test_bit,
} from '../../kernel-mock/lib/bitmap.js';

/** A bitmap with the bits of these ranges set: [first, last]. */
function with_ranges(...ranges: readonly (readonly [number, number])[]): Bitmap {
  const b = bitmap();
  for (const [first, last] of ranges) for (let n = first; n <= last; n++) set_bit(b, n);
  return b;
}

const finds = test.macro({
  exec(t, ranges: readonly (readonly [number, number])[], from: number, expected: number) {
    t.is(find_next_zero_bit(with_ranges(...ranges), from), expected);
  },
  title: (_, ranges: unknown, from: number, expected: number) =>
    `set ${JSON.stringify(ranges)}: the first zero from ${from} on is ${expected}`,
});

test(finds, [], 0, 0);
test(finds, [], 1_000_000, 1_000_000);
test(finds, [[0, 0]], 0, 1);
test(finds, [[1, 5]], 0, 0);
test(finds, [[1, 5]], 1, 6);
test(finds, [[0, 30]], 0, 31);
test(finds, [[0, 31]], 0, 32);
test(finds, [[0, 31]], 31, 32);
test(finds, [[0, 62]], 5, 63);
test(finds, [[31, 31]], 31, 32);
test(finds, [[0, 1023]], 0, 1024);
test(finds, [[0, 1023]], 1023, 1024);
test(finds, [[0, 1279]], 0, 1280);
test(
  finds,
  [
    [0, 4095],
    [4097, 5000],
  ],
  0,
  4096,
);
test(
  finds,
  [
    [0, 4095],
    [4097, 5000],
  ],
  4097,
  5001,
);
test(finds, [[999_968, 1_000_063]], 999_968, 1_000_064);
test(finds, [[0, 1_000_000]], 0, 1_000_001);

test('a copy goes its own way', (t) => {
  const b = with_ranges([0, 63]);
  const c = bitmap_copy(b);
  clear_bit(b, 40);
  set_bit(c, 64);
  t.deepEqual([find_next_zero_bit(b, 0), find_next_zero_bit(c, 0)], [40, 65]);
  t.deepEqual([test_bit(b, 64), test_bit(c, 64), test_bit(c, 40)], [false, true, true]);
});

test('to clear what was never set changes nothing', (t) => {
  const b = bitmap();
  clear_bit(b, 500);
  t.deepEqual(b, bitmap());
  set_bit(b, 3);
  clear_bit(b, 500);
  clear_bit(b, 2);
  t.true(test_bit(b, 3));
});

/** Indices near each other and near borders of words, of groups of words, and of a million. */
const index = fc.oneof(
  fc.nat(70),
  fc.constantFrom(0, 1024, 32_768, 999_968).chain((base) => fc.nat(70).map((n) => base + n)),
);

test('it is what a Set of numbers is', (t) => {
  const operation = fc.oneof(
    fc.record({ op: fc.constant('set'), first: index, last: fc.nat(100) }),
    fc.record({ op: fc.constant('clear'), first: index, last: fc.nat(100) }),
  );
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 30 }),
      fc.array(index, { minLength: 5, maxLength: 5 }),
      (ops, froms) => {
        const b = bitmap();
        const model = new Set<number>();
        for (const { op, first, last } of ops)
          for (let n = first; n <= first + last; n++) {
            (op === 'set' ? set_bit : clear_bit)(b, n);
            if (op === 'set') model.add(n);
            else model.delete(n);
          }
        for (const from of froms) {
          let zero = from;
          while (model.has(zero)) zero++;
          if (find_next_zero_bit(b, from) !== zero) return false;
          if (test_bit(b, from) !== model.has(from)) return false;
        }
        return true;
      },
    ),
    { numRuns: 200 },
  );
  t.pass();
});
