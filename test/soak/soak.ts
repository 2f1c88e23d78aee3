/** The command `soak`: random programs on every release, for as long as it is told. Fails with the seed that shows a bug. */
import { parseArgs } from 'node:util';
import { RELEASES } from '../helpers.js';
import { soak } from './run.js';

const USAGE = 'usage: npm run soak -- [--seconds N] [--seed N] [--calls N] [--kernel RELEASE] [--once]';

function whole(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new RangeError(`--${name} is a whole number, not '${text}'\n${USAGE}`);
  return Number(text);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
      calls: { type: 'string', default: '200' },
      kernel: { type: 'string' },
      once: { type: 'boolean', default: false },
    },
  });
  const calls = whole('calls', values.calls);
  const { kernel } = values;
  if (kernel !== undefined && !RELEASES.includes(kernel))
    throw new RangeError(`no kernel '${kernel}'; there are ${RELEASES.join(', ')}`);
  const end = performance.now() + 1000 * whole('seconds', values.seconds);
  let programs = 0;
  for (let seed = whole('seed', values.seed); ; seed++) {
    for (const release of kernel === undefined ? RELEASES : [kernel]) {
      const { failure, log } = await soak(release, seed, calls, values.once);
      for (const line of values.once ? log : []) console.log(line);
      programs++;
      if (failure === null) continue;
      console.error(`soak: seed ${seed} on ${release}: ${failure}`);
      console.error(
        `again, with its events: npm run soak -- --once --seed ${seed} --calls ${calls} --kernel ${release}`,
      );
      return 1;
    }
    if (values.once || performance.now() >= end) break;
  }
  console.log(`${programs} programs, nothing wrong`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`soak: ${(error as Error).message}`);
  process.exitCode = 2;
}
