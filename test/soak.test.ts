// Random programs in short; `npm run soak` is the long form. No oops, nothing left, and the same seed gives the same run.
import test from 'ava';
import datagram from '../examples/datagram.js';
import echo_accept4 from '../examples/echo-accept4.js';
import echo_fcntl from '../examples/echo-fcntl.js';
import indirect_v3 from '../examples/indirect-v3.js';
import indirect_v5 from '../examples/indirect-v5.js';
import { type Program, boot } from '../index.js';
import { event_log } from '../tools/eventlog.js';
import { RELEASES } from './helpers.js';
import { soak } from './soak/run.js';

for (const release of RELEASES)
  test(`${release}: random programs harm nothing and leave nothing`, async (t) => {
    for (let seed = 1; seed <= 16; seed++) {
      const { failure } = await soak(release, seed, 120);
      t.is(failure, null, `npm run soak -- --once --seed ${seed} --calls 120 --kernel ${release}`);
    }
  });

test('a random program with the same seed: the same events to the letter', async (t) => {
  for (const release of ['2.6.22', '2.6.24-rc3-indirect-v5', '6.18'])
    for (const seed of [3, 4]) {
      const { log } = await soak(release, seed, 120, true);
      t.true(log.length > 200, `${log.length} events`);
      const again = await soak(release, seed, 120, true);
      t.deepEqual(again.log, log, `${release}, seed ${seed}`);
      const other = await soak(release, seed + 2, 120, true);
      t.notDeepEqual(other.log, log, `${release}, seed ${seed}`);
    }
});

async function log_of(program: Program, release: string): Promise<string> {
  const lines: string[] = [];
  const kernel = boot({ release, seed: 7, output: null, trace: event_log((line) => lines.push(line)) });
  await kernel.run(program, ['main']);
  return lines.join('\n') + kernel.output();
}

for (const [name, program] of Object.entries({ datagram, echo_accept4, echo_fcntl, indirect_v3, indirect_v5 }))
  test(`${name}: the same events each time`, async (t) => {
    for (const release of RELEASES) {
      const log = await log_of(program, release);
      t.true(log.length > 0);
      t.is(await log_of(program, release), log, release);
    }
  });
