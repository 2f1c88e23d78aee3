// Every case of the sample on release 6.18. known-gaps.json lists those that do not hold yet: one that holds must leave it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { read_cases } from '../../tools/conformance/cases.js';
import { read_constants } from '../../tools/conformance/constants.js';
import { run_all } from '../../tools/conformance/pool.js';
import { plan } from '../../tools/conformance/runner.js';

const here = (path: string): string => fileURLToPath(new URL(`../../../test/conformance/${path}`, import.meta.url));
const constants = read_constants(here('constants.json'));
const gaps = JSON.parse(readFileSync(here('known-gaps.json'), 'utf8')) as string[];

test('the sample holds on 6.18, but for the known gaps', async (t) => {
  t.timeout(120_000);
  const { cases, malformed } = plan(read_cases(here('cases')), { constants, skip: [], text: '' });
  t.deepEqual(malformed, []);
  const failures = await run_all({ cases, constants, machine: { release: '6.18' } });
  const ids = new Set(failures.map(({ id }) => id));
  t.deepEqual(failures.filter(({ id }) => !gaps.includes(id)), [], 'cases that do not hold');
  t.deepEqual(gaps.filter((id) => !ids.has(id)), [], 'cases that hold, or are gone: take them out of known-gaps.json');
});
