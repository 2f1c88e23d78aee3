// The command, as scripts use it.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { case_of } from './fixtures.js';

const CLI = fileURLToPath(new URL('../../../tools/conformance/cli.js', import.meta.url));
const GOOD = case_of([{ call: 'close', args: [99], errno: 'EBADF' }], { id: 'a/good' });
const BAD = case_of([{ call: 'close', args: [99], errno: 'EIO' }], { id: 'a/bad', needs: ['task'] });
const LINES = [JSON.stringify(GOOD), '', JSON.stringify(BAD), JSON.stringify({ ...GOOD, id: 'a/odd', more: 1 }), '{'];

const folder = mkdtempSync(join(tmpdir(), 'cases-'));
writeFileSync(join(folder, 'a.jsonl'), LINES.join('\n'));
test.after.always(() => {
  rmSync(folder, { recursive: true });
});

function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [CLI, '--cases', folder, ...args], (_, out, err) => {
      resolve({ code: child.exitCode ?? -1, out, err });
    });
  });
}

test('a line for each case that fails, and a summary', async (t) => {
  const { code, out } = await run('--kernel', '6.18');
  t.is(code, 1);
  t.deepEqual(out.split('\n'), [
    'FAIL a/odd: malformed: unknown key more in the case',
    out.split('\n')[1]!,
    'FAIL a/bad step 0: close: expected EIO, got EBADF',
    '1 passed, 3 failed',
    '',
  ]);
  t.regex(out.split('\n')[1]!, /^FAIL a\.jsonl:5: malformed: /);
});

test('--json prints one object', async (t) => {
  const { code, out } = await run('--json', '-k', 'a/bad');
  const { passed, failed, failures } = JSON.parse(out) as { passed: number; failed: number; failures: object[] };
  t.deepEqual([code, passed, failed], [1, 0, 2]);
  t.deepEqual(failures[1], { id: 'a/bad', step: 0, message: 'close: expected EIO, got EBADF' });
});

test('--skip leaves out by tag, and says so', async (t) => {
  const { out } = await run('--skip', 'task,fork');
  t.regex(out, /^1 skipped \(task, fork\)\n1 passed, 2 failed$/m);
});

test('what cannot be run is an error, not a pass', async (t) => {
  for (const args of [
    ['--kernel', '1.0'],
    ['--route', 'scenic'],
    ['--constants', 'nowhere'],
    ['--cases', 'nowhere'],
    ['--skip', 'task,frok'],
    ['--verbose'],
    ['more'],
    ['--kernel'],
  ]) {
    const { code, out, err } = await run(...args);
    t.is(code, 2, args.join(' '));
    t.is(out, '');
    t.regex(err, /^(conformance|error): /);
  }
});

test('nothing that ran is no success', async (t) => {
  const one = mkdtempSync(join(tmpdir(), 'cases-'));
  writeFileSync(join(one, 'a.jsonl'), `${JSON.stringify(GOOD)}\r\n\r\n`);
  t.like(await run('--cases', one), { code: 0, out: '1 passed, 0 failed\n' });
  t.deepEqual(await run('--cases', one, '-k', 'goof'), {
    code: 2,
    out: '0 passed, 0 failed\n',
    err: `conformance: no case in ${one} has 'goof' in its id\n`,
  });
  writeFileSync(join(one, 'a.jsonl'), '');
  t.like(await run('--cases', one, '--json'), { code: 2, out: '{"passed":0,"failed":0,"failures":[]}\n' });
  rmSync(join(one, 'a.jsonl'));
  t.like(await run('--cases', one), { code: 2, err: `conformance: no *.jsonl files in ${one}\n` });
  rmSync(one, { recursive: true });
});

test('constants.json is found in the folder of the cases and beside it', async (t) => {
  const above = mkdtempSync(join(tmpdir(), 'cases-'));
  const inside = join(above, 'cases');
  mkdirSync(inside);
  const own = case_of([{ call: 'close', args: ['FD_OWN'], errno: 'EBADF' }]);
  writeFileSync(join(inside, 'a.jsonl'), JSON.stringify(own));
  t.like(await run('--cases', inside), {
    code: 1,
    out: 'FAIL test/case: malformed: step 0: unknown constant FD_OWN\n0 passed, 1 failed\n',
  });
  for (const folder of [above, inside]) {
    writeFileSync(join(folder, 'constants.json'), JSON.stringify({ FD_OWN: 99, EBADF: 9 }));
    t.like(await run('--cases', inside), { code: 0, out: '1 passed, 0 failed\n' });
    rmSync(join(folder, 'constants.json'));
  }
  rmSync(above, { recursive: true });
});
