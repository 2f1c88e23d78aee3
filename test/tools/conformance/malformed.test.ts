// Cases that are not well formed: each fails, wherever the fault is, and whatever else holds.
import test from 'ava';
import { plan } from '../../../tools/conformance/runner.js';
import { case_of, constants, outcome } from './fixtures.js';

const CLOSE = { call: 'close', args: [99], errno: 'EBADF' };
const PIPE = { call: 'socketpair', args: ['AF_UNIX', 'SOCK_STREAM', 0, { ints: 2, as: 'p' }] };

test('the case that the rows below spoil holds', async (t) => {
  t.is(await outcome(case_of([CLOSE])), null);
  t.is(await outcome(case_of([PIPE])), null);
});

const STEPS: Readonly<Record<string, readonly unknown[]>> = {
  'no step': [],
  'a step that is no object': [CLOSE, 5],
  'an unknown step': [{ wait: 1 }],
  'two steps in one': [{ ...CLOSE, sleep: 1 }],
  'an unknown key of a step': [{ ...CLOSE, result: 0 }],
  'an unknown call': [{ call: 'shmget', args: [], errno: 'EINVAL' }],
  'a call of the prototype': [{ call: 'toString', errno: 'EINVAL' }],
  'a private call of the library': [{ call: 'enter', args: [3], errno: 'EBADF' }],
  'too few arguments': [{ call: 'close', args: [], errno: 'EBADF' }],
  'too many arguments': [{ call: 'close', args: [99, 0], errno: 'EBADF' }],
  'args that are no list': [{ call: 'close', args: { 0: 99 }, errno: 'EBADF' }],
  'an argument that is a truth value': [{ call: 'close', args: [true], errno: 'EBADF' }],
  'an argument that is no whole number': [{ call: 'close', args: [1.5], errno: 'EBADF' }],
  'an argument that is a list': [{ call: 'close', args: [[99]], errno: 'EBADF' }],
  'an unknown argument form': [{ call: 'read', args: [99, { room: 4 }, 4], errno: 'EBADF' }],
  'an unknown key of an argument': [{ call: 'read', args: [99, { space: 4, size: 4 }, 4], errno: 'EBADF' }],
  'an unknown constant': [{ call: 'close', args: ['FD_NOTHING'], errno: 'EBADF' }],
  'an unknown reference': [{ call: 'close', args: ['$x'], errno: 'EBADF' }],
  'an unknown reference in text': [{ call: 'send', args: [99, { bytes: 'x' }, 1, '${x}'], errno: 'EBADF' }],
  'a bad expression': [{ call: 'close', args: ['99 99'], errno: 'EBADF' }],
  'an empty expression': [{ call: 'close', args: [''], errno: 'EBADF' }],
  'sizeof without a buffer': [{ call: 'close', args: ['sizeof'], errno: 'EBADF' }],
  'room for an address that is no count': [
    { call: 'getsockname', args: [99, { sockaddr: '16' }, { int: 16 }], errno: 'EBADF' },
  ],
  'an unknown structure': [{ call: 'fcntl', args: [99, 'F_GETLK', { struct: 'lock' }], errno: 'EBADF' }],
  'an unknown field': [{ call: 'fcntl', args: [99, 'F_GETLK', { struct: 'flock', l_where: 1 }], errno: 'EBADF' }],
  'an unknown field of a field': [
    { call: 'close', args: [{ struct: 'itimerspec', it_value: { sec: 1 } }], errno: 'EBADF' },
  ],
  'bytes above 255': [{ call: 'write', args: [99, { bytes: '\u0100' }, 1], errno: 'EBADF' }],
  'odd hex': [{ call: 'write', args: [99, { hex: '0' }, 1], errno: 'EBADF' }],
  'rep without n': [{ call: 'write', args: [99, { rep: 'x' }, 1], errno: 'EBADF' }],
  'an address that is none': [
    { call: 'connect', args: [99, { family: 'AF_INET', addr: 'here', port: 1 }, 16], errno: 'EBADF' },
  ],
  'an unknown key in msg': [{ call: 'sendmsg', args: [99, { msg: { iovs: [] } }, 0], errno: 'EBADF' }],
  'an unknown key in a control message': [
    { call: 'sendmsg', args: [99, { msg: { control: [{ level: 1, type: 1, fd: 3 }] } }, 0], errno: 'EBADF' },
  ],
  'a base that is not null': [{ call: 'readv', args: [99, { iov: [{ base: 1, len: 1 }] }, 1], errno: 'EBADF' }],
  'an unknown program': [{ call: 'open', args: [{ prog: 'sh' }, 0], errno: 'EBADF' }],
  'an unknown file action': [
    { call: 'posix_spawn', args: [null, { prog: 'helper' }, { file_actions: [['shut', 1]] }, null, null, null] },
  ],
  'an unknown handler': [{ call: 'sigaction', args: ['SIGUSR1', { sigaction: { handler: 'print' } }, null] }],
  'sigaction without a name': [{ call: 'sigaction', args: [10, { sigaction: { handler: 'count' } }, null] }],
  'an unknown errno': [{ ...CLOSE, errno: 'EWHAT' }],
  'an unknown errno among others': [{ ...CLOSE, errno: ['EBADF', 'EWHAT'] }],
  'no errno': [{ ...CLOSE, errno: [] }],
  'an errno that is none': [{ ...CLOSE, errno: 9 }],
  'a matcher that is a truth value': [{ ...CLOSE, ret: true }],
  'a matcher that is null': [{ ...CLOSE, ret: null }],
  'an empty matcher': [{ ...CLOSE, ret: {} }],
  'an unknown matcher': [{ ...CLOSE, ret: { about: -1 } }],
  'an unknown matcher below not': [{ ...CLOSE, ret: { not: { about: -1 } } }],
  'an unknown matcher behind one that holds': [{ ...CLOSE, ret: { any: [-1, { about: -1 }] } }],
  'a list for a number, below not': [{ ...CLOSE, ret: { not: [-1] } }],
  'mask without is': [{ ...CLOSE, ret: { mask: 1 } }],
  'an unknown constant in a matcher': [{ ...CLOSE, ret: { not: 'NOTHING' } }],
  'an unknown reference in a matcher': [{ ...CLOSE, ret: { not: '$x' } }],
  'a comparison with nothing': [{ ...CLOSE, ret: '>=' }],
  'a matcher for bytes that is a number': [{ ...PIPE, out: { 'p.0': { bytes: 'x' } } }],
  'out of nothing': [{ ...CLOSE, out: { x: 1 } }],
  'out of a part that is not there': [{ ...PIPE, out: { 'p.2': { not: 1 } } }],
  'data that are no bytes': [{ ...CLOSE, data: 5 }],
  'data of an unknown form': [{ ...CLOSE, data: { text: '' } }],
  'blocks without a task': [{ ...CLOSE, blocks: true }],
  'blocks that is no truth value': [{ ...CLOSE, blocks: 1, task: 'B' }],
  'a task without a name': [{ ...CLOSE, task: 1 }],
  'join of nobody': [{ join: 'B' }],
  'join of a task that is in no call': [{ ...CLOSE, task: 'B' }, { join: 'B' }],
  'join with more': [{ join: 'B', ret: 0 }],
  'check of nothing': [{ check: '$x', is: 1 }],
  'check without a matcher': [PIPE, { check: '$p.0' }],
  'sleep of no time': [{ sleep: 'long' }],
  'a fork without a name': [{ fork: [] }],
  'a fault in a fork': [{ fork: [{ call: 'shmget' }], as: 'pid' }],
  '_exit outside of a fork': [{ call: '_exit', args: [0] }],
  'a name that is none': [{ ...CLOSE, as: 5 }],
  'an empty matcher for a list': [{ ...PIPE, out: { p: {} } }],
  'an empty handler': [{ call: 'sigaction', args: ['SIGUSR1', { sigaction: 5 }, null] }],
  'a process that ends before its last step': [
    { call: 'execve', args: [{ prog: 'helper' }, { argv: ['h', 'exit', '0'] }, { argv: [] }] },
    { ...CLOSE, errno: 'EIO' },
  ],
  'times that are no number': [{ ...CLOSE, times: '$x' }],
};

for (const [title, steps] of Object.entries(STEPS))
  test(title, async (t) => {
    t.not(await outcome(case_of(steps)), null);
    // Also behind steps that hold.
    t.not((await outcome(case_of([CLOSE, ...steps]))) ?? (steps.length === 0 ? 'no step' : null), null);
  });

for (const [title, json] of Object.entries({
  'no object': 5,
  'no id': { ...case_of([CLOSE]), id: undefined },
  'no steps': { ...case_of([CLOSE]), steps: undefined },
  'no expect': { ...case_of([CLOSE]), expect: undefined },
  'needs that are no list': case_of([CLOSE], { needs: 'task' }),
  'an unknown key': case_of([CLOSE], { setup: [] }),
  'expect of a step that is not there': case_of([CLOSE], { expect: { step: 1 } }),
  'expect that differs from its step': case_of([CLOSE], { expect: { step: 0, errno: 'EINVAL' } }),
}))
  test(`a case with ${title}`, async (t) => {
    t.regex((await outcome(json)) ?? '', /^malformed/);
  });

test('a malformed case is not left out, and no id comes twice', (t) => {
  const options = { constants, skip: ['task'], text: '' };
  const good = case_of([CLOSE], { needs: ['task'] });
  const lines = [good, { ...good, foo: 1 }, { ...good, id: 'b' }].map((json, i) => ({ at: `f:${i}`, json }));
  const { cases, malformed, skipped } = plan([...lines, { at: 'f:9', error: 'no JSON' }], options);
  t.deepEqual([cases.length, skipped], [0, 2]);
  t.deepEqual(
    malformed.map(({ id }) => id),
    ['test/case', 'f:9'],
  );
});
