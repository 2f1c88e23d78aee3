// What steps mean, and that nothing passes whose expectation was altered.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { type Case, parse_json, read_cases } from '../../../tools/conformance/cases.js';
import { read_constants, uapi_constants } from '../../../tools/conformance/constants.js';
import { is_object } from '../../../tools/conformance/value.js';
import { case_of, constants, outcome } from './fixtures.js';

const sample = (path: string): string =>
  fileURLToPath(new URL(`../../../../test/conformance/${path}`, import.meta.url));

const PAIR = { call: 'socketpair', args: ['AF_UNIX', 'SOCK_STREAM', 0, { ints: 2, as: 'p' }] };
const READ = { call: 'read', args: ['$p.0', { space: 8 }, 8] };
const WRITE = { call: 'write', args: ['$p.1', { bytes: 'abc' }, 'sizeof'], ret: 3 };

const holds = test.macro(async (t, steps: readonly unknown[]) => {
  t.is(await outcome(case_of(steps)), null);
});
const fails = test.macro(async (t, steps: readonly unknown[], why: RegExp) => {
  t.regex((await outcome(case_of(steps))) ?? 'it holds', why);
});

test('a call that succeeds', holds, [PAIR]);
test('success is not expected', fails, [{ ...PAIR, errno: 'EMFILE' }], /expected EMFILE, got return 0/);
test('failure is not expected', fails, [{ call: 'close', args: [99] }], /^step 0: close: expected success, got EBADF/);
test(
  'another failure',
  fails,
  [{ call: 'close', args: [99], errno: ['EIO', 'EINTR'] }],
  /expected EIO or EINTR, got EBADF/,
);
test('one of several', holds, [{ call: 'close', args: [99], errno: ['EIO', 'EBADF'] }]);
test('-1 is stored', holds, [
  { call: 'close', args: [99], errno: 'EBADF', as: 'r' },
  { check: '$r', is: -1 },
]);
test('data', holds, [PAIR, WRITE, { ...READ, ret: 3, data: 'abc' }]);
test(
  'other data',
  fails,
  [PAIR, WRITE, { ...READ, data: 'abd' }],
  /data: expected 'abd' \(3 bytes\), got 'abc' \(3 bytes\)/,
);
test('out', fails, [{ ...PAIR, out: { 'p.0': 4 } }], /\$p\.0: expected 4, got 3/);
test('times', holds, [PAIR, { ...WRITE, times: 3 }, { ...READ, args: ['$p.0', { space: 9 }, 9], ret: 9 }]);
test('every time must hold', fails, [{ call: 'dup', args: [0], ret: 3, times: 2 }], /expected 3, got 4/);
test('until', holds, [
  { call: 'dup', args: [0], until: 'EMFILE', as: 'sum' },
  { check: '$sum', is: (4095 * 4096) / 2 - 3 },
]);
test('until another error', fails, [{ call: 'dup', args: [0], until: 'EBADF' }], /expected EBADF, got EMFILE/);
test('sleep', holds, [{ sleep: 5 }, PAIR]);

test('a call that blocks, and returns', holds, [
  PAIR,
  { ...READ, task: 'B', blocks: true, data: 'abc' },
  WRITE,
  { join: 'B' },
]);
test(
  'what a join finds is judged',
  fails,
  [PAIR, { ...READ, task: 'B', blocks: true, data: 'x' }, WRITE, { join: 'B' }],
  /^step 3: join: data/,
);
test(
  'a call that does not block',
  fails,
  [PAIR, WRITE, { ...READ, task: 'B', blocks: true }],
  /expected the call to block/,
);
test(
  'a call that blocks for 10 ms only',
  fails,
  [{ call: 'poll', args: [null, 0, 10], task: 'B', blocks: true }],
  /expected the call to block/,
);
test('a call that blocks for 100 ms', holds, [
  { call: 'poll', args: [null, 0, 100], task: 'B', blocks: true, ret: 0 },
  { join: 'B' },
]);
test(
  'a call that should not block',
  fails,
  [PAIR, { ...READ, task: 'B' }],
  /expected its return, got a call that blocks/,
);
test('a call that never returns', fails, [PAIR, { ...READ, task: 'B', blocks: true }, { join: 'B' }], /still blocks/);
test(
  'a task has one call at a time',
  fails,
  [PAIR, { ...READ, task: 'B', blocks: true }, { ...WRITE, task: 'B' }],
  /still in a call/,
);
test('two tasks at once', holds, [
  PAIR,
  { ...READ, task: 'B', blocks: true, as: 'b' },
  { call: 'read', args: ['$p.1', { space: 8 }, 8], task: 'D', blocks: true, as: 'd' },
  WRITE,
  { join: 'B' },
  { call: 'write', args: ['$p.0', { bytes: 'x' }, 1] },
  { join: 'D' },
  { check: '$b+$d', is: 4 },
]);
test('the first task blocks for ever', fails, [PAIR, READ], /dead lock/);
test(
  'a signal that kills',
  fails,
  [PAIR, { call: 'close', args: ['$p.0'] }, { ...WRITE, errno: 'EPIPE' }],
  /^step 2: the process died/,
);
test(
  'a function that libc does not have',
  fails,
  [{ call: 'inotify_init', args: [] }],
  /libc has no function inotify_init|^it holds/,
);

test('an address in a room that is too small', holds, [
  { call: 'socket', args: ['AF_UNIX', 'SOCK_STREAM', 0], as: 's' },
  { call: 'bind', args: ['$s', { family: 'AF_UNIX', abstract: 'name' }, 'sizeof'] },
  {
    call: 'getsockname',
    args: ['$s', { sockaddr: 5, as: 'a' }, { int: 5, as: 'n' }],
    out: { a: { abstract: 'na' }, n: 7 },
  },
  { call: 'getsockname', args: ['$s', { sockaddr: 128 }, null], errno: 'EFAULT' },
  { call: 'getsockname', args: ['$s', null, { int: 128 }], errno: 'EFAULT' },
  { call: 'getsockname', args: ['$s', { sockaddr: 128 }, { int: -1 }], errno: 'EINVAL' },
]);

test('integers of more than 53 bits survive', (t) => {
  t.deepEqual(
    parse_json('{"a": 18446744073709551615, "b": -9223372036854775808, "c": "1\\" 99999999999999999", "d": 7}'),
    {
      a: '18446744073709551615',
      b: '-9223372036854775808',
      c: '1" 99999999999999999',
      d: 7,
    },
  );
});

test('the constants of the sample are those of the headers', (t) => {
  const { values } = read_constants(sample('constants.json'));
  const ours = uapi_constants().values;
  const differing = [...values].filter(([name, value]) => ours.get(name) !== value);
  t.deepEqual(differing, []);
});

test('error numbers have their canonical names', (t) => {
  t.deepEqual(
    [11, 35, 95, 8, 1].map((n) => constants.errno_names.get(n)),
    ['EAGAIN', 'EDEADLK', 'EOPNOTSUPP', 'ENOEXEC', 'EPERM'],
  );
});

/** Every way to alter one expectation below `x` so that it cannot hold any more. */
function* altered(x: unknown, key: string): Generator {
  if (typeof x === 'number') yield x + 1_000_003;
  else if (typeof x === 'string') {
    if (/^(>=|<=|!=|>|<)/.test(x)) yield { not: x };
    else if (['name', 'path', 'abstract', 'addr', 'bytes', 'data', 'rep'].includes(key)) yield `${x}x`;
    else yield `${x}+1000003`;
  } else if (Array.isArray(x)) {
    yield [...(x as unknown[]), 0];
    for (const [i, item] of x.entries()) for (const other of altered(item, key)) yield x.with(i, other);
  } else if (is_object(x)) {
    if (['all', 'none', 'not', 'any', 'exited', 'signaled', 'stopped', 'mask'].some((k) => k in x)) yield { not: x };
    else
      for (const [k, item] of Object.entries(x)) {
        if (k === 'absent') yield { ...x, absent: ['family', 'len'] };
        else for (const other of altered(item, k)) yield { ...x, [k]: other };
      }
  }
}

function* altered_step(step: Record<string, unknown>): Generator<Record<string, unknown>> {
  if ('call' in step) {
    if ('errno' in step) {
      yield { ...step, errno: 'EXDEV' };
      const { errno: _errno, ...rest } = step;
      yield rest;
    } else if (!('until' in step)) yield { ...step, errno: 'EXDEV' };
    if ('until' in step) yield { ...step, until: 'EXDEV' };
    if ('ret' in step) for (const ret of altered(step.ret, 'ret')) yield { ...step, ret };
    if (typeof step.data === 'string' && step.data.startsWith('$')) yield { ...step, data: 'altered' };
    else if ('data' in step) yield { ...step, data: { cat: [step.data, 'x'] } };
    for (const [path, want] of Object.entries((step.out ?? {}) as Record<string, unknown>))
      for (const other of altered(want, path.split('.').at(-1)!))
        yield { ...step, out: { ...(step.out as object), [path]: other } };
  }
  if ('check' in step) for (const is of altered(step.is, '')) yield { ...step, is };
}

test('a case whose expectation was altered fails', async (t) => {
  t.timeout(120_000);
  const gaps = JSON.parse(readFileSync(sample('known-gaps.json'), 'utf8')) as string[];
  const cases = read_cases(sample('cases'))
    .map(({ json }) => json as Case)
    .filter(({ id }) => !gaps.includes(id));
  let count = 0;
  for (const c of cases)
    for (const [i, step] of c.steps.entries())
      for (const other of altered_step(step as unknown as Record<string, unknown>)) {
        const steps = [...c.steps.slice(0, i), other, ...c.steps.slice(i + 1)];
        t.not(await outcome({ ...c, steps, expect: {} }), null, `${c.id} step ${i}: ${JSON.stringify(other)}`);
        count++;
      }
  t.true(count > 100);
});
