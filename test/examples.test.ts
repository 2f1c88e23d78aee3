import { readFileSync, readdirSync } from 'node:fs';
import test from 'ava';
import type { Program, RouteName } from '../index.js';
import datagram from '../examples/datagram.js';
import echo_accept4 from '../examples/echo-accept4.js';
import echo_fcntl from '../examples/echo-fcntl.js';
import indirect_v3 from '../examples/indirect-v3.js';
import indirect_v5 from '../examples/indirect-v5.js';
import watch from '../examples/watch.js';
import { INDIRECT_RELEASES, RELEASES, ROUTES, run } from './helpers.js';

const EVERYWHERE = RELEASES;
const WITH_INDIRECT = INDIRECT_RELEASES;
const WITH_INDIRECT_V5 = ['2.6.24-rc3-indirect-v5', 'indirect-next'];
const SINCE_2_6_27 = ['2.6.27', '2.6.28', '6.18'];
const SINCE_2_6_28 = ['2.6.28', '6.18'];

/** Where an example returns 0, by route; elsewhere 1. */
type Successes = Readonly<Record<RouteName, readonly string[]>>;

const ends = test.macro(async (t, program: Program, successes: Successes) => {
  for (const route of ROUTES)
    for (const release of RELEASES) {
      const status = await run(t, { release, route }, program);
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
test('datagram.ts', ends, datagram, {
  auto: EVERYWHERE,
  dedicated: SINCE_2_6_27,
  indirect: WITH_INDIRECT,
  legacy: EVERYWHERE,
});

for (const name of readdirSync('examples'))
  test(`${name} is short, explains itself, and knows the library only`, (t) => {
    const text = readFileSync(`examples/${name}`, 'utf8');
    t.true(text.split('\n').length <= 80);
    t.regex(text, /^\/\*\*\n/);
    const imports = [...text.matchAll(/from '(.*)';/g)].map(([, specifier]) => specifier);
    t.deepEqual(imports, ['sys-indirect', 'sys-indirect/uapi']);
    t.regex(text, /^import type .* from 'sys-indirect';$/m);
  });
