/** A short differential run; the long one is a command of its own. And the parts by themselves. */
import test from 'ava';
import fc from 'fast-check';
import { difference } from '../../../tools/differential/compare.js';
import { deliberate_row } from '../../../tools/differential/deliberate.js';
import { programs, themes } from '../../../tools/differential/differential.js';
import { build } from '../../../tools/differential/draw.js';
import { run_on_mock } from '../../../tools/differential/mock.js';
import { format_found } from '../../../tools/differential/print.js';
import type { Outcome, Program, Result, Step } from '../../../tools/differential/program.js';
import { type Reference, start_reference } from '../../../tools/differential/reference.js';
import { search } from '../../../tools/differential/search.js';

/** The reference needs Linux of the release played, `cc`, and the right to make name spaces. */
async function reference(): Promise<Reference | string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'no Linux on x86-64 below';
  const { execFileSync } = await import('node:child_process');
  const release = execFileSync('uname', ['-r'], { encoding: 'utf8' });
  if (!release.startsWith('6.18')) return `the kernel below is ${release.trim()}, not 6.18`;
  try {
    const started = start_reference();
    await started.run({ steps: [], files: true, network: true });
    return started;
  } catch (error) {
    return (error as Error).message;
  }
}

test('random programs do the same here and on Linux', async (t) => {
  const linux = await reference();
  if (typeof linux === 'string') {
    // A check that all of us rely on has to have a compiler.
    t.true(process.env.CI === undefined || !linux.includes('spawnSync cc'), linux);
    t.log(`not compared: ${linux}`);
    t.pass();
    return;
  }
  t.timeout(120_000);
  const found: string[] = [];
  try {
    const { steps } = await search(linux, {
      operations: themes.all!,
      steps: 5000,
      seed: 20_071_120,
      length: 20,
      found: (difference) => found.push(format_found(difference)),
      progress: () => undefined,
    });
    t.true(steps >= 5000);
  } finally {
    linux.close();
  }
  t.deepEqual(found, []);
});

test('the same program has the same outcome', async (t) => {
  await fc.assert(
    fc.asyncProperty(programs(themes.all!, 20), async (drawn) => {
      const program = build(themes.all!, drawn);
      t.deepEqual(await run_on_mock(program), await run_on_mock(program));
    }),
    { numRuns: 50, seed: 1 },
  );
});

const STEP: Step = { call: 'read', args: [], words: [], masks: [], any_result: false };
const RESULT: Result = { ret: 3, runs: [], descriptors: [] };

function outcome(result: Partial<Result>, end = 0): Outcome {
  return { results: [{ ...RESULT, ...result }], end };
}

function program(step: Partial<Step> = {}): Program {
  return { steps: [{ ...STEP, ...step }], files: false, network: false };
}

const bytes = (at: number, ...values: number[]): Result['runs'] => [{ at, bytes: Uint8Array.from(values) }];
const fd3 = { fd: 3, fd_flags: 0, status_flags: 2, revents: 4 };

for (const [name, step, real, mock, expected] of [
  ['nothing', {}, {}, {}, null],
  ['results', {}, {}, { ret: 4 }, 'result: Linux 3, mock 4'],
  ['results that are not compared', { any_result: true }, {}, { ret: 4 }, null],
  ['an error is compared all the same', { any_result: true }, { ret: -9 }, { ret: 4 }, 'result: Linux -9, mock 4'],
  [
    'bytes',
    {},
    { runs: bytes(8, 1, 2) },
    { runs: bytes(8, 1, 3) },
    'memory from +9: Linux 2 -- -- -- -- -- -- --, mock 3 -- -- -- -- -- -- --',
  ],
  [
    'bytes of one side',
    {},
    { runs: bytes(8, 1) },
    {},
    'memory from +8: Linux 1 -- -- -- -- -- -- --, mock -- -- -- -- -- -- -- --',
  ],
  ['masked bytes', { masks: [{ at: 8, length: 1, why: 'any' }] }, { runs: bytes(8, 1) }, {}, null],
  [
    'chosen ports',
    { masks: [{ at: 8, length: 2, why: 'port' }] },
    { runs: bytes(8, 0x90, 1) },
    { runs: bytes(8, 0x9a, 2) },
    null,
  ],
  [
    'a fixed port',
    { masks: [{ at: 8, length: 2, why: 'port' }] },
    { runs: bytes(8, 3, 1) },
    { runs: bytes(8, 3, 2) },
    'memory from +9: Linux 1 -- -- -- -- -- -- --, mock 2 -- -- -- -- -- -- --',
  ],
  ['bytes of a call that failed with EFAULT', {}, { ret: -14, runs: bytes(8, 1) }, { ret: -14 }, null],
  [
    'a descriptor',
    {},
    { descriptors: [fd3] },
    {},
    'descriptor 3: Linux F_GETFD 0, F_GETFL 02, revents 0x4; mock closed',
  ],
  [
    'readiness',
    {},
    { descriptors: [fd3] },
    { descriptors: [{ ...fd3, revents: 5 }] },
    'descriptor 3: Linux F_GETFD 0, F_GETFL 02, revents 0x4; mock F_GETFD 0, F_GETFL 02, revents 0x5',
  ],
] satisfies [string, Partial<Step>, Partial<Result>, Partial<Result>, string | null][])
  test(`difference: ${name}`, (t) => {
    t.is(difference(program(step), outcome(real), outcome(mock))?.what ?? null, expected);
  });

test('difference: one sleeps where the other is killed', (t) => {
  const two: Program = { ...program(), steps: [STEP, STEP] };
  t.deepEqual(difference(two, outcome({}, -1), outcome({}, 13)), {
    step: 1,
    what: 'the call: Linux sleeps, mock is killed by signal 13',
  });
});

test('a difference that nobody explains has no row', (t) => {
  t.is(deliberate_row({ program: program(), step: 0, what: 'result: Linux 3, mock 4' }), undefined);
});
