import { readFileSync, readdirSync } from 'node:fs';
import test from 'ava';
import { type BootOptions, type Program, type RouteName, boot } from '../index.js';
import { prng, prandom_below } from '../kernel-mock/lib/prng.js';
import eintr from '../examples/eintr.js';
import full_pipes from '../examples/full-pipes.js';
import lost_wakeup from '../examples/lost-wakeup.js';
import race_accept, { programs as race_programs } from '../examples/race-accept.js';
import reused_descriptor from '../examples/reused-descriptor.js';
import thundering_herd from '../examples/thundering-herd.js';
import two_readers from '../examples/two-readers.js';
import datagram from '../examples/datagram.js';
import descriptor_passing from '../examples/descriptor-passing.js';
import echo_accept4 from '../examples/echo-accept4.js';
import echo_fcntl from '../examples/echo-fcntl.js';
import event_loop from '../examples/event-loop.js';
import indirect_v3 from '../examples/indirect-v3.js';
import indirect_v5 from '../examples/indirect-v5.js';
import leak, { programs as leak_programs } from '../examples/leak.js';
import prefork from '../examples/prefork.js';
import shell, { programs as shell_programs } from '../examples/shell.js';
import signal_loop from '../examples/signal-loop.js';
import watch from '../examples/watch.js';
import { INDIRECT_RELEASES, RELEASES, ROUTES, nothing_left } from './helpers.js';

const EVERYWHERE = RELEASES;
const WITH_INDIRECT = INDIRECT_RELEASES;
const WITH_INDIRECT_V5 = ['2.6.24-rc3-indirect-v5', 'indirect-next'];
const SINCE_2_6_27 = ['2.6.27', '2.6.28', '6.18'];
const SINCE_2_6_28 = ['2.6.28', '6.18'];

/** Where an example returns 0, by route; elsewhere 1. */
type Successes = Readonly<Record<RouteName, readonly string[]>>;

type Programs = Readonly<Record<string, Program>>;

/** Run an example where what belongs to it is installed: its status, and what it printed. */
async function run_example(
  t: Parameters<typeof nothing_left>[0],
  options: BootOptions,
  program: Program,
  programs: Programs = {},
): Promise<readonly [status: number, output: string]> {
  const kernel = boot({ output: null, ...options });
  for (const [path, other] of Object.entries(programs)) kernel.install(path, other);
  const status = await kernel.run(program);
  nothing_left(t, kernel);
  return [status, kernel.output()];
}

const ends = test.macro(async (t, program: Program, successes: Successes, programs: Programs = {}) => {
  for (const route of ROUTES)
    for (const release of RELEASES) {
      const [status] = await run_example(t, { release, route }, program, programs);
      t.is(status, successes[route].includes(release) ? 0 : 1 << 8, `${route} on ${release}`);
    }
});

// They make their calls themselves: the library's route has no part in it.
const raw = (where: readonly string[]): Successes => ({
  auto: where,
  dedicated: where,
  indirect: where,
  legacy: where,
});

test('indirect-v3.ts', ends, indirect_v3, raw(WITH_INDIRECT));
test('indirect-v5.ts', ends, indirect_v5, raw(WITH_INDIRECT_V5));
test('echo-accept4.ts', ends, echo_accept4, {
  auto: EVERYWHERE,
  dedicated: SINCE_2_6_28,
  indirect: WITH_INDIRECT,
  legacy: EVERYWHERE,
});
test('echo-fcntl.ts', ends, echo_fcntl, raw(EVERYWHERE));
test('watch.ts', ends, watch, {
  auto: EVERYWHERE,
  dedicated: SINCE_2_6_27,
  indirect: ['indirect-next'],
  legacy: EVERYWHERE,
});
// 2.6.22 does not know MSG_CMSG_CLOEXEC.
test('descriptor-passing.ts', ends, descriptor_passing, raw(RELEASES.filter((name) => name !== '2.6.22')));
test('datagram.ts', ends, datagram, {
  auto: EVERYWHERE,
  dedicated: SINCE_2_6_27,
  indirect: WITH_INDIRECT,
  legacy: EVERYWHERE,
});

const ATOMIC: Successes = {
  auto: EVERYWHERE,
  dedicated: SINCE_2_6_27,
  indirect: WITH_INDIRECT,
  legacy: EVERYWHERE,
};
// As long as a thread runs until it sleeps, no route leaks.
test('leak.ts', ends, leak, ATOMIC, leak_programs);
test('prefork.ts', ends, prefork, raw(EVERYWHERE));
test('shell.ts', ends, shell, raw(EVERYWHERE), shell_programs);

// sys_indirect carried the flags of signalfd from v5 on; those of epoll_create only in our own tree.
test('event-loop.ts', ends, event_loop, { ...ATOMIC, indirect: ['indirect-next'] });
test('signal-loop.ts', ends, signal_loop, { ...ATOMIC, indirect: WITH_INDIRECT_V5 });

// What the explorer finds in them needs another order: as long as a thread runs until it sleeps, they work.
for (const [name, program] of Object.entries({
  eintr,
  full_pipes,
  lost_wakeup,
  race_accept,
  reused_descriptor,
  thundering_herd,
  two_readers,
}))
  test(`${name.replace('_', '-')}.ts works in the usual order`, async (t) => {
    for (const release of EVERYWHERE)
      t.deepEqual(await run_example(t, { release }, program, race_programs), [0, ''], release);
  });

test('the loops say what they saw', async (t) => {
  for (const release of RELEASES) {
    const beats = [...SINCE_2_6_27, '2.6.26'].includes(release) ? 12 : 10;
    const loop = `5 results, the last is 121; ${beats} beats\n`;
    t.deepEqual(await run_example(t, { release }, event_loop), [0, loop], release);
    t.deepEqual(await run_example(t, { release }, signal_loop), [0, '3 children, stopped by child 3\n'], release);
  }
});

test('shell.ts counts the four programs in /bin on every release', async (t) => {
  for (const release of RELEASES)
    t.deepEqual(await run_example(t, { release }, shell, shell_programs), [0, '4 4 14\n'], release);
});

/** Switches between threads at every call, by chance. */
function random_schedule(seed: number): BootOptions {
  const chance = prng(seed);
  return { policy: { pick: (ready) => prandom_below(chance, ready.length) } };
}

/** How often a child of leak.ts has a socket, in 25 random orders. */
async function leaks(t: Parameters<typeof nothing_left>[0], options: BootOptions): Promise<number> {
  let leaked = 0;
  for (let seed = 1; seed <= 25; seed++) {
    const [status, output] = await run_example(t, { ...options, ...random_schedule(seed) }, leak, leak_programs);
    t.is(status === 0, output === 'no child had a socket\n', `seed ${seed}: ${output}`);
    if (status !== 0) leaked++;
  }
  return leaked;
}

for (const [route, release] of [
  ['dedicated', '2.6.27'],
  ['dedicated', '6.18'],
  ['auto', '6.18'],
  ...WITH_INDIRECT.map((name) => ['indirect', name] as const),
] as const)
  test(`leak.ts: no order of the calls leaks with route ${route} on ${release}`, async (t) => {
    t.is(await leaks(t, { route, release }), 0);
  });

for (const release of ['2.6.23', '6.18'])
  test(`leak.ts: with route legacy some orders leak on ${release}, others not`, async (t) => {
    const n = await leaks(t, { route: 'legacy', release });
    t.true(n > 0 && n < 25, `${n} of 25`);
  });

for (const name of readdirSync('examples'))
  test(`${name} is short, explains itself, and knows the library only`, (t) => {
    const text = readFileSync(`examples/${name}`, 'utf8');
    t.true(text.split('\n').length <= 80);
    t.regex(text, /^\/\*\*\n/);
    const imports = [...text.matchAll(/from '(.*)';/g)].map(([, specifier]) => specifier);
    t.deepEqual(imports, ['sys-indirect', 'sys-indirect/uapi'].slice(0, imports.length));
    t.regex(text, /^import type .* from 'sys-indirect';$/m);
  });
