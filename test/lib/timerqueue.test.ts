import test from 'ava';
import fc from 'fast-check';
import {
  type Timer,
  type TimerQueue,
  add_timer,
  del_timer,
  next_timer,
  timer,
  timerqueue,
} from '../../kernel-mock/lib/timerqueue.js';

/** Take everything out, in the order in which it would fire. */
function drain(q: TimerQueue): Timer[] {
  const out: Timer[] = [];
  for (let t = next_timer(q); t !== undefined; t = next_timer(q)) {
    del_timer(q, t);
    out.push(t);
  }
  return out;
}

const nothing = (): void => {};

const fires = test.macro({
  exec(t, times: readonly number[], expected: readonly number[]) {
    const q = timerqueue();
    const timers = times.map(() => timer(nothing));
    times.forEach((at, i) => {
      add_timer(q, timers[i]!, at);
    });
    t.deepEqual(
      drain(q).map((one) => timers.indexOf(one)),
      expected,
    );
  },
  title: (_, times: readonly number[], expected: readonly number[]) =>
    `set for ${times.join(', ')}: fire ${expected.join(', ')}`,
});

test('no timer', (t) => {
  t.is(next_timer(timerqueue()), undefined);
});
test(fires, [5], [0]);
test(fires, [3, 1, 2], [1, 2, 0]);
test(fires, [1, 1, 1], [0, 1, 2]);
test(fires, [2, 1, 2, 1, 2], [1, 3, 0, 2, 4]);
test(fires, [Infinity, 1e15, 0], [2, 1, 0]);

test('set anew: at the new time, behind those of that time', (t) => {
  const q = timerqueue();
  const [a, b] = [timer(nothing), timer(nothing)];
  add_timer(q, a, 1);
  add_timer(q, b, 5);
  add_timer(q, a, 5);
  t.deepEqual(drain(q), [b, a]);
});

test('to delete twice, or what was never set, changes nothing', (t) => {
  const q = timerqueue();
  const [a, b] = [timer(nothing), timer(nothing)];
  del_timer(q, a);
  add_timer(q, b, 1);
  del_timer(q, a);
  t.is(next_timer(q), b);
  del_timer(q, b);
  del_timer(q, b);
  t.is(next_timer(q), undefined);
});

test('it is what a sorted array is', (t) => {
  const operation = fc.tuple(fc.constantFrom('add', 'add', 'delete', 'pop'), fc.nat(19), fc.nat(6));
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120 }), (ops) => {
      const q = timerqueue();
      const timers = Array.from({ length: 20 }, () => timer(nothing));
      let model: { at: number; t: Timer }[] = [];
      for (const [op, i, at] of ops) {
        const t = timers[i]!;
        if (op === 'pop') {
          const first = model.shift();
          if (next_timer(q) !== first?.t) return false;
          if (first !== undefined) del_timer(q, first.t);
          continue;
        }
        model = model.filter((m) => m.t !== t);
        if (op === 'delete') del_timer(q, t);
        else {
          add_timer(q, t, at);
          const behind = model.findIndex((m) => m.at > at);
          model.splice(behind === -1 ? model.length : behind, 0, { at, t });
        }
      }
      return drain(q).every((t, i) => t === model[i]!.t) && timers.every((t) => t.index === -1);
    }),
    { numRuns: 500 },
  );
  t.pass();
});
