/** Every strategy against programs whose number of orders and of classes is known in closed form. */
import test from 'ava';
import { type ExploreOptions, type Scenario, explore, scenario, search } from '../../../tools/index.js';
import { type Chain, binomial, chains, count_orders, nothing } from './programs.js';

const ALL = { all: true } as const;

const chain = (n: number): Chain => new Array<Chain[number]>(n).fill(nothing);

// Every order, counted by the hook length formula.
for (const lengths of [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
  [2, 2],
  [3, 1],
  [0, 0, 0],
])
  test(`dfs: all orders of ${lengths.length} threads with ${lengths.join(', ')} calls`, async (t) => {
    const report = await explore(chains(lengths.map(chain)), { strategy: 'dfs' });
    t.is(report.counted, count_orders(lengths));
    t.is(report.executions, report.counted);
    t.true(report.complete);
    t.is(report.claim, `all ${count_orders(lengths).toLocaleString('en-US')} orders`);
  });

// Main can be stopped before each of its calls, and before none; the thread runs to its end then.
for (const n of [0, 1, 5])
  test(`dfs: preemption bounds 0 and 1, ${n} calls`, async (t) => {
    const program = chains([chain(n), chain(n)]);
    const none = await explore(program, { strategy: 'dfs', preemptions: 0 });
    t.is(none.claim, 'preemption bound 0: complete, 1 order');
    const one = await explore(program, { strategy: 'dfs', preemptions: 1 });
    t.is(one.counted, 1 + n + 1);
    t.true(one.complete);
  });

// Calls that touch nothing commute: what is left is how the process ends. Who counts himself out last (main within its last step, the
// thread in a step of its own) makes exit_group, and the other's exit comes before or after that. Main without a call counts
// itself out before the thread begins.
for (const [lengths, classes] of [
  [[0, 0], 2],
  [[0, 4], 2],
  [[3, 3], 4],
  [[1, 5], 4],
] as const)
  test(`dpor: two threads with nothing in common, ${lengths.join(' and ')} calls: ${classes} classes`, async (t) => {
    const report = await explore(chains(lengths.map(chain)), { strategy: 'dpor' });
    t.is(report.counted, classes);
    t.is(report.claim, `all classes of orders under DPOR: ${classes}`);
  });

const add: Chain[number] = (libc) => libc.eventfd_write(3, 1n);
const counter = (libc: Parameters<Chain[number]>[0]): Promise<number> => libc.eventfd(0, 0);

// Writes to one object do not commute: every order of them, and four ends if main writes last, two if the thread does.
for (const n of [1, 2, 3])
  test(`dpor: two threads with ${n} writes each to one eventfd`, async (t) => {
    const writes = new Array<Chain[number]>(n).fill(add);
    const report = await explore(chains([writes, writes], counter), { strategy: 'dpor' });
    t.is(report.counted, 3 * binomial(2 * n, n));
  });

test('dpor: two children and a parent that waits', async (t) => {
  const program = scenario({
    async main(libc) {
      for (let i = 0; i < 2; i++) await libc.fork(() => Promise.resolve(0));
      for (let i = 0; i < 2; i++) await libc.wait(null);
    },
  });
  // Exits and waits conflict. The first child is gone before the second fork: 3. Both ends after it, in either order: main waits
  // after both, between them (and then again before or after the second), or before both (and then goes on before or after the
  // second, and waits before or after it): 1 + 2 + 3.
  t.is((await explore(program, { strategy: 'dpor' })).counted, 3 + 2 * (1 + 2 + 3));
});

test('dpor: shared variables make everything depend on everything', async (t) => {
  const program = chains([chain(1), chain(1)]);
  const report = await explore(program, { strategy: 'dpor', shared: true });
  t.is(report.counted, count_orders([1, 1]));
});

test('round robin: one order, one step each in turn', async (t) => {
  const report = await explore(chains([chain(3), chain(3)]), { strategy: 'rr' });
  t.is(report.executions, 1);
  t.is(report.claim, 'the one round-robin order');
});

/** A thread notes its turn between two calls: fails if nobody comes between. */
const lost_update = scenario({
  async main(libc) {
    let value = 0;
    const thread = {};
    const add_one = async (own: typeof libc): Promise<void> => {
      const old = value;
      await own.getpid();
      value = old + 1;
    };
    await libc.pthread_create(thread, null, add_one, null);
    await add_one(libc);
    await libc.pthread_join(thread, null);
    return value === 2 ? 0 : 1;
  },
});

const finds = test.macro({
  async exec(t, program: Scenario, options: ExploreOptions) {
    const first = await search(program, { ...options, ...ALL, runs: 300 });
    t.true(first.failing > 0 && first.failing < first.counted);
    const { ms: _, ...again } = await search(program, { ...options, ...ALL, runs: 300 });
    const { ms: _ms, ...report } = first;
    t.deepEqual(again, report, 'the same search says the same');
    for (const failure of first.failures) {
      t.is(failure.preemptions, 1);
      t.true(failure.minimal);
      const replayed = await search(program, { replay: failure.schedule });
      t.is(replayed.failures[0]!.message, failure.message);
      t.deepEqual(replayed.failures[0]!.trace, failure.trace);
      t.is(replayed.failures[0]!.schedule, failure.schedule);
    }
  },
  title: (_, __: Scenario, { strategy }: ExploreOptions) =>
    `a lost update is found, made small, and replayed: ${strategy}`,
});

test(finds, lost_update, { strategy: 'dfs' });
test(finds, lost_update, { strategy: 'dpor', shared: true });
test(finds, lost_update, { strategy: 'random' });
test(finds, lost_update, { strategy: 'pct' });

test('shards share the orders among them, without overlap', async (t) => {
  for (const strategy of ['dfs', 'dpor', 'random'] as const) {
    const writes = new Array<Chain[number]>(3).fill(add);
    const program = chains([writes, writes], counter);
    const whole = await search(program, { strategy, runs: 100 });
    let counted = 0;
    for (let i = 0; i < 3; i++) {
      const part = await search(program, { strategy, runs: 100, shard: { i, n: 3 } });
      t.true(part.counted > 0 && part.counted < whole.counted, `${strategy} ${i}`);
      counted += part.counted;
    }
    t.is(counted, whole.counted, strategy);
  }
});

test('a search that was stopped goes on where it was', async (t) => {
  for (const strategy of ['dfs', 'dpor', 'random'] as const) {
    const writes = new Array<Chain[number]>(3).fill(add);
    const program = chains([writes, writes], counter);
    const whole = await search(program, { strategy, runs: 200 });
    let part = await search(program, { strategy, runs: 200, time: -1 });
    let stops = 0;
    while (part.checkpoint !== null) {
      stops++;
      part = await search(program, {
        strategy,
        runs: 200,
        time: -1,
        resume: JSON.parse(JSON.stringify(part.checkpoint)),
      });
    }
    t.true(stops > 0 || whole.executions < 64, strategy);
    t.is(part.counted, whole.counted, strategy);
    t.is(part.claim, whole.claim, strategy);
  }
});
