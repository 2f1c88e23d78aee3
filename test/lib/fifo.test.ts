import test from 'ava';
import fc from 'fast-check';
import {
  fifo,
  fifo_clear,
  fifo_items,
  fifo_last,
  fifo_len,
  fifo_peek,
  fifo_push,
  fifo_remove,
  fifo_shift,
  fifo_take,
} from '../../kernel-mock/lib/fifo.js';

/** Push 0 … n - 1. */
function filled(n: number): ReturnType<typeof fifo<number>> {
  const q = fifo<number>();
  for (let i = 0; i < n; i++) fifo_push(q, i);
  return q;
}

test('what is empty gives nothing', (t) => {
  const q = fifo<number>();
  t.deepEqual(
    [fifo_len(q), fifo_peek(q), fifo_shift(q), fifo_take(q, 0), fifo_take(q, 3)],
    [0, undefined, undefined, undefined, undefined],
  );
  t.false(fifo_remove(q, 1));
  t.deepEqual(fifo_items(q), []);
});

test('first in, first out', (t) => {
  const q = filled(3);
  t.deepEqual(
    [fifo_peek(q), fifo_shift(q), fifo_shift(q), fifo_len(q), fifo_shift(q), fifo_len(q)],
    [0, 0, 1, 1, 2, 0],
  );
});

test('from the middle, by index and by item', (t) => {
  const q = filled(6);
  fifo_shift(q);
  t.is(fifo_take(q, 1), 2);
  t.true(fifo_remove(q, 4));
  t.false(fifo_remove(q, 0));
  t.deepEqual(fifo_items(q), [1, 3, 5]);
});

test('nothing is kept of what has left', (t) => {
  const q = fifo<object>();
  for (let i = 0; i < 1000; i++) fifo_push(q, {});
  for (let i = 0; i < 990; i++) fifo_shift(q);
  t.is(q.items.filter((item) => item !== undefined).length, 10);
  for (let i = 0; i < 10; i++) fifo_shift(q);
  t.is(q.items.filter((item) => item !== undefined).length, 0);
});

test('a queue that is never empty does not grow', (t) => {
  const q = filled(10);
  for (let i = 0; i < 10_000; i++) {
    fifo_push(q, i);
    fifo_shift(q);
  }
  t.is(fifo_len(q), 10);
  t.true(q.items.length < 500);
});

test('it is what an array is', (t) => {
  const operation = fc.tuple(
    fc.constantFrom('push', 'push', 'shift', 'take', 'remove'),
    fc.nat(200),
    fc.integer({ min: 1, max: 90 }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (ops) => {
      const q = fifo<number>();
      const model: number[] = [];
      let next = 0;
      for (const [op, n, times] of ops) {
        if (op === 'push')
          for (let i = 0; i < times; i++) {
            fifo_push(q, next);
            model.push(next++);
          }
        else if (op === 'shift') {
          for (let i = 0; i < times; i++) if (fifo_shift(q) !== model.shift()) return false;
        } else if (op === 'take') {
          if (fifo_take(q, n) !== model.splice(n, 1)[0]) return false;
        } else {
          const at = model.indexOf(n);
          if (at !== -1) model.splice(at, 1);
          if (fifo_remove(q, n) !== (at !== -1)) return false;
        }
        if (fifo_len(q) !== model.length || fifo_peek(q) !== model[0]) return false;
        if (fifo_items(q).join() !== model.join()) return false;
      }
      return true;
    }),
    { numRuns: 300 },
  );
  t.pass();
});

test('the last is what was put in last, and no hole behind it', (t) => {
  const q = filled(3);
  t.is(fifo_last(q), 2);
  for (let i = 0; i < 3; i++) fifo_shift(q);
  t.is(fifo_last(q), undefined);
  fifo_push(q, 7);
  t.is(fifo_last(q), 7);
});

test('a queue that was cleared begins anew', (t) => {
  const q = filled(5);
  fifo_shift(q);
  fifo_clear(q);
  t.deepEqual([fifo_len(q), fifo_peek(q), fifo_last(q), fifo_items(q)], [0, undefined, undefined, []]);
  fifo_push(q, 8);
  t.is(fifo_shift(q), 8);
});
