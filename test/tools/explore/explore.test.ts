/** What else the explorer does: faults, sleepers, timers, what is not deterministic, schedules that do not fit, fast-check. */
import test from 'ava';
import fc from 'fast-check';
import { type FaultSite, should_fail } from '../../../kernel-mock/include/linux/inject.js';
import { EINTR } from '../../../kernel-mock/include/uapi/index.js';
import { ExploreError, type Report, type Scenario, explore, merge, scenario, search } from '../../../tools/index.js';
import { follow, plans } from '../../../tools/explore/arbitrary.js';
import { format_schedule, parse_schedule } from '../../../tools/explore/schedule.js';

test('a fault that fires is a choice, as often as it may', async (t) => {
  const seen = new Set<string>();
  const program: Scenario = (boot) => {
    const { internals } = boot();
    const fired = ['pipe_inode', 'alloc_fd', 'pipe_inode'].map((site) => should_fail(internals, site as FaultSite));
    seen.add(fired.join());
    if (fired[2] === true) throw new Error('the last one');
  };
  const report = await search(program, { faults: { sites: ['pipe_inode'] }, all: true });
  t.true(report.complete);
  t.deepEqual([...seen].sort(), ['false,false,false', 'false,false,true', 'true,false,false']);
  const [failure] = report.failures;
  t.deepEqual([failure!.message, failure!.faults], ['the last one', 1]);
  t.regex(failure!.schedule, /^2:1=f#/);
  t.is((await search(program, { faults: { sites: ['pipe_inode'], max: 2 }, all: true })).counted, 4);
});

test('a sleep that ends with EINTR is a choice', async (t) => {
  const program = scenario({
    async main(libc) {
      const fds: number[] = [];
      await libc.pipe(fds);
      await libc.fork(async (child) => {
        await child.write(fds[1]!, 'x');
        return 0;
      });
      const n = await libc.read(fds[0]!, new Uint8Array(1));
      await libc.wait(null);
      return n === -1 && libc.errno === EINTR ? 1 : 0;
    },
  });
  await explore(program);
  const error = await t.throwsAsync(explore(program, { faults: { interrupts: true } }), { instanceOf: ExploreError });
  t.regex(error.message, /1 fault, and no fewer preemptions do it/);
});

test('which of two sleepers is woken is a choice', async (t) => {
  const woken = new Set<number>();
  const program = scenario({
    async main(libc) {
      const fds: number[] = [];
      await libc.pipe(fds);
      const pids: number[] = [];
      for (let i = 0; i < 2; i++)
        pids.push(
          await libc.fork(async (child) => {
            await child.read(fds[0]!, new Uint8Array(1));
            return i;
          }),
        );
      await libc.write(fds[1]!, 'x');
      const status: { value?: number } = {};
      await libc.wait(status);
      woken.add(status.value! >> 8);
      await libc.write(fds[1]!, 'x');
      await libc.wait(null);
    },
  });
  // Usually the one that sleeps longest: without a preemption only the choice of the sleeper makes a difference.
  await explore(program, { strategy: 'dfs', preemptions: 0 });
  t.deepEqual([...woken].sort(), [0, 1]);
});

test('time may run ahead of a task that could run', async (t) => {
  const program = scenario({
    async main(libc) {
      const fds: number[] = [];
      await libc.pipe(fds);
      await libc.fork(async (child) => {
        await child.write(fds[1]!, 'x');
        return 0;
      });
      const n = await libc.poll([{ fd: fds[0]!, events: 1, revents: 0 }], 1000);
      await libc.wait(null);
      return n === 1 ? 0 : 1;
    },
  });
  await explore(program, { timers: false });
  await t.throwsAsync(explore(program), { message: /exit status 1/ });
});

test('an execution without end is given up', async (t) => {
  const program = scenario({
    async main(libc) {
      for (;;) await libc.getpid();
    },
  });
  const report = await search(program);
  t.is(report.endless, 1);
  t.false(report.complete);
});

test('what is left in the kernel, and what a program throws, is a failure', async (t) => {
  const throws = scenario({ main: () => Promise.reject(new Error('no')) });
  await t.throwsAsync(explore(throws), { message: /ProgramError: .*Error: no/ });
});

test('a scenario that is not a function of its schedule is reported as such', async (t) => {
  let runs = 0;
  const program = scenario({
    async main(libc) {
      for (let i = ++runs; i > 0; i--) await libc.getpid();
    },
  });
  await t.throwsAsync(search(program), { name: 'NondeterminismError', message: /not deterministic/ });
});

test('a schedule that does not fit says where it diverged', async (t) => {
  const calls = (n: number) =>
    scenario({
      async main(libc) {
        await libc.fork(() => Promise.resolve(0));
        for (let i = 0; i < n; i++) await libc.getpid();
        await libc.wait(null);
        return 1;
      },
    });
  const { failures } = await search(calls(3));
  const { schedule } = failures[0]!;
  t.is((await search(calls(3), { replay: schedule })).failing, 1);
  await t.throwsAsync(search(calls(4), { replay: schedule }), {
    name: 'DivergedError',
    message: /the schedule does not fit/,
  });
  const { length } = parse_schedule(schedule);
  await t.throwsAsync(search(calls(3), { replay: `${length}:0=9` }), {
    message: 'the schedule does not fit the program: at choice 0 it wants task 9, but there are task 3, task 2',
  });
});

test('schedules are written and read', (t) => {
  for (const text of ['0:', '14:3=4,7=w5,9=f#1c2e', '2:0=0'] as const)
    t.is(format_schedule(parse_schedule(text)), text);
  for (const text of ['', '3', '3:1', '3:1=', '3:1=2,', '3:x=1', '3:1=2#xyz'])
    t.throws(() => parse_schedule(text), { instanceOf: RangeError }, text);
});

const racy = scenario({
  async main(libc) {
    const fds: number[] = [];
    await libc.pipe(fds);
    await libc.fork(async (child) => {
      await child.write(fds[1]!, 'child');
      return 0;
    });
    await libc.write(fds[1]!, 'main');
    const buf = new Uint8Array(16);
    await libc.read(fds[0]!, buf);
    await libc.wait(null);
    return buf[0] === 'm'.charCodeAt(0) ? 0 : 1;
  },
});

test('fast-check finds the order too, and shrinks it to one departure', async (t) => {
  const details = await fc.check(
    fc.asyncProperty(plans(fc), (plan) => follow(racy, plan)),
    { seed: 1 },
  );
  t.true(details.failed);
  t.is(details.counterexample![0].departures.length, 1);
  t.true(details.errorInstance instanceof ExploreError);
});

test('reports of shards are joined, if all are there', async (t) => {
  const parts: Report[] = [];
  for (let i = 0; i < 2; i++) parts.push(await search(racy, { all: true, shard: { i, n: 2 } }));
  const whole = await search(racy, { all: true });
  const joined = merge(parts);
  t.deepEqual([joined.counted, joined.failing, joined.complete], [whole.counted, whole.failing, true]);
  t.throws(() => merge(parts.slice(1)), { message: 'shard 1/2 is missing' });
  t.throws(() => merge([parts[0]!, parts[0]!]), { message: 'shard 1/2 is there twice' });
});
