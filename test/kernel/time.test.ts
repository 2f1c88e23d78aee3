/** The virtual clock. */
import test from 'ava';
import { type Libc, boot } from '../../index.js';
import { AF_UNIX, POLLIN, SOCK_STREAM } from '../../kernel-mock/include/uapi/index.js';
import { ktime_get } from '../../kernel-mock/kernel/time.js';
import { answers, msleep, thread } from '../facts.js';
import { nothing_left } from '../helpers.js';

/** What `sleep` takes, in whole milliseconds of the kernel's clock. */
const takes = test.macro({
  async exec(t, sleep: (libc: Libc) => Promise<unknown>, ms: number) {
    const kernel = boot({ output: null });
    const started = performance.now();
    await kernel.run(async (libc) => {
      const before = ktime_get(kernel.internals);
      await sleep(libc);
      const after = ktime_get(kernel.internals);
      t.is(Math.floor((after - before) / 1e6), ms);
    });
    nothing_left(t, kernel);
    t.is(kernel.census().timers, 0);
    t.true(performance.now() - started < 1000, 'real time');
  },
  title: (title, _, ms: number) => `${title ?? ''}: ${ms} ms`,
});

const DAY = 86_400_000;

test('poll of nothing, 0', takes, async (libc) => libc.poll([], 0), 0);
test('poll of nothing, 1', takes, async (libc) => libc.poll([], 1), 1);
test('poll of nothing, a day', takes, async (libc) => libc.poll([], DAY), DAY);
test('poll of nothing, the longest', takes, async (libc) => libc.poll([], 2 ** 31 - 1), 2 ** 31 - 1);
test(
  'a year in days',
  takes,
  async (libc) => {
    for (let i = 0; i < 365; i++) await libc.poll([], DAY);
  },
  365 * DAY,
);
test(
  'poll that is cut short',
  takes,
  async (libc) => {
    const sv: number[] = [];
    await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    await thread(libc, async (own) => {
      await msleep(own, 7);
      await own.write(sv[1]!, 'x');
    });
    await libc.poll([{ fd: sv[0]!, events: POLLIN }], DAY);
  },
  7,
);
test(
  'the shorter of two sleeps ends first',
  takes,
  async (libc) => {
    const join = await thread(libc, async (own) => msleep(own, 20));
    await msleep(libc, 10);
    await join();
  },
  20,
);
test(
  'a thousand calls',
  takes,
  async (libc) => {
    for (let i = 0; i < 1000; i++) await libc.getpid();
  },
  1,
);
test(
  '5,500 calls',
  takes,
  async (libc) => {
    for (let i = 0; i < 5500; i++) await libc.getpid();
  },
  5,
);

/** In which order do sleeps of these lengths end? */
const sleeps =
  (...ms: readonly number[]) =>
  async (libc: Libc): Promise<string> => {
    const order: number[] = [];
    const joins = [];
    for (const [i, time] of ms.entries())
      joins.push(
        await thread(libc, async (own) => {
          await msleep(own, time);
          order.push(i);
        }),
      );
    for (const join of joins) await join();
    return order.join('');
  };

test('sleeps end in order of time', answers, sleeps(30, 10, 20), '120');
test('sleeps of equal length end in order of beginning', answers, sleeps(5, 5, 5, 5), '0123');
test('sleeps of all lengths', answers, sleeps(3, 1, 3, 2, 1, DAY, 2), '1436025');

test('a process that sleeps does not hold up another', async (t) => {
  const kernel = boot({ output: null });
  const order: string[] = [];
  const sleeper = (name: string, ms: number) =>
    kernel.run(async (libc) => {
      await msleep(libc, ms);
      order.push(name);
    });
  await Promise.all([sleeper('long', 50), sleeper('short', 5), sleeper('middle', 20)]);
  t.deepEqual(order, ['short', 'middle', 'long']);
});

test('time stands still while no run is under way', async (t) => {
  const kernel = boot({ output: null });
  await kernel.run(async (libc) => msleep(libc, 5).then(() => 0));
  const then = ktime_get(kernel.internals);
  await new Promise((resolve) => setTimeout(resolve, 10));
  t.is(ktime_get(kernel.internals), then);
});
