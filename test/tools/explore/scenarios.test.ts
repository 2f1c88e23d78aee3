/** What the explorer must find: the examples, and in how many classes of orders each goes wrong. */
import test from 'ava';
import type { BootOptions, Program } from '../../../index.js';
import eintr from '../../../examples/eintr.js';
import full_pipes from '../../../examples/full-pipes.js';
import lost_wakeup from '../../../examples/lost-wakeup.js';
import race, { explore as race_options, programs } from '../../../examples/race-accept.js';
import reused_descriptor from '../../../examples/reused-descriptor.js';
import thundering_herd from '../../../examples/thundering-herd.js';
import two_readers from '../../../examples/two-readers.js';
import { type Report, type Scenario, explore, scenario, search } from '../../../tools/index.js';

/** Replays every failure of `report`: the same message, the same events. */
async function replays(
  t: { deepEqual(a: unknown, b: unknown): boolean },
  program: Scenario,
  report: Report,
): Promise<void> {
  for (const { schedule, message, trace } of report.failures) {
    const again = await search(program, { replay: schedule });
    t.deepEqual([again.failures[0]!.message, again.failures[0]!.trace], [message, trace]);
  }
}

const race_with = (how: string, options: BootOptions): Scenario =>
  scenario({ main: race, programs, argv: ['race', how], ...race_options, ...options });

// The classes in which fork comes between the two calls, and exec after it but before the second call or not: they leak, no others.
for (const [how, classes, leaking] of [
  ['accept', 26, 6],
  ['socket', 20, 6],
  ['pipe', 26, 12],
  ['eventfd', 20, 6],
  ['open', 20, 6],
] as const) {
  test(`${how} and fcntl against fork and exec: ${leaking} of ${classes} classes leak`, async (t) => {
    const program = race_with(how, { route: 'legacy' });
    const report = await search(program, { all: true });
    t.true(report.complete);
    t.deepEqual([report.counted, report.failing, report.kinds], [classes, leaking, how === 'pipe' ? 2 : 1]);
    await replays(t, program, report);
  });

  test(`${how} with its own flag, or inside indirect: no order leaks`, async (t) => {
    const release = 'indirect-next';
    for (const options of [{ route: 'dedicated' }, { route: 'indirect', release }] as const)
      t.true((await explore(race_with(how, options))).complete);
  });
}

const finds = test.macro({
  async exec(t, main: Program, pattern: RegExp, classes: number, failing: number) {
    const program = scenario({ main });
    const report = await search(program, { all: true });
    t.true(report.complete);
    t.deepEqual([report.counted, report.failing], [classes, failing]);
    t.regex(report.failures[0]!.message, pattern);
    t.true(report.failures[0]!.minimal);
    await replays(t, program, report);
  },
  title: (title) => `${title ?? ''} is found`,
});

test('a lost wake-up with EPOLLET', finds, lost_wakeup, /dead lock.*\n.*epoll_wait/, 206, 2);
test('a second reader of a pipe', finds, two_readers, /exit status 1/, 15, 10);
test('EINTR that is not handled', finds, eintr, /exit status 1/, 8, 2);
test('a descriptor number that is used again', finds, reused_descriptor, /exit status 1/, 9, 5);
test('a dead lock of two full pipes', finds, full_pipes, /dead lock(?:.*\n){2}.*room in a pipe/, 41, 1);

test('a thundering herd is found', async (t) => {
  const program = scenario({ main: thundering_herd });
  const report = await search(program);
  t.is(report.failures[0]!.preemptions, 1);
  await replays(t, program, report);
});
