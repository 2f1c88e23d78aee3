/** `npm run differential`: random programs on the mock kernel and on the Linux below. */
import { parseArgs } from 'node:util';
import { deliberate } from './deliberate.js';
import { themes } from './differential.js';
import { format_found } from './print.js';
import { start_reference } from './reference.js';
import { search } from './search.js';

const USAGE = `usage: npm run differential -- [--steps N] [--seed N] [--length N] [--theme ${Object.keys(themes).join('|')}] [--json]`;

/** Steps after which each row of deliberate.ts should have occurred. */
const ENOUGH = 200_000;

function whole(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new RangeError(`--${name} is a whole number, not '${text}'\n${USAGE}`);
  return Number(text);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      steps: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '1' },
      length: { type: 'string', default: '20' },
      theme: { type: 'string', default: 'all' },
      json: { type: 'boolean', default: false },
    },
  });
  const operations = themes[values.theme];
  if (operations === undefined) throw new RangeError(`no theme '${values.theme}'\n${USAGE}`);
  const reference = start_reference();
  const differences: string[] = [];
  const { programs, steps, kinds, explained } = await search(reference, {
    operations,
    steps: whole('steps', values.steps),
    seed: whole('seed', values.seed),
    length: whole('length', values.length),
    found(found) {
      differences.push(format_found(found));
      if (!values.json) console.log(format_found(found));
    },
    progress(done, so_far) {
      if (!values.json && process.stderr.isTTY) process.stderr.write(`\r${done} programs, ${so_far} steps `);
    },
  });
  reference.close();
  const gone =
    steps < ENOUGH || values.theme !== 'all' ? [] : deliberate.filter((row) => !row.rare && !explained.has(row.name));
  for (const row of gone) differences.push(`'${row.name}' of deliberate.ts occurs no more: take the row out\n`);
  if (values.json)
    console.log(JSON.stringify({ programs, steps, differences, explained: Object.fromEntries(explained) }));
  else {
    for (const row of deliberate)
      console.log(`${String(explained.get(row.name) ?? 0).padStart(6)}  deliberate: ${row.name}`);
    for (const row of gone) console.log(`'${row.name}' of deliberate.ts occurs no more: take the row out`);
    for (const [kind, times] of kinds) console.log(`${String(times).padStart(6)}  ${kind}`);
    console.log(`${programs} programs, ${steps} steps, ${kinds.size} kinds of difference`);
  }
  return differences.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`differential: ${(error as Error).message}`);
  process.exitCode = 2;
}
