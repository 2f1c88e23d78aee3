import test from 'ava';
import { match } from '../../../tools/conformance/matcher.js';
import { Malformed, Mismatch, type Value, show } from '../../../tools/conformance/value.js';
import { scope } from './fixtures.js';

const bytes = Uint8Array.of(97, 98);
const stored = scope({ n: 5n, b: bytes, l: [1n, 2n], o: { x: 1n }, t: 'text' });

const holds = test.macro((t, v: Value, m: unknown) => {
  t.notThrows(() => match(v, m, stored, 'v'));
});
const differs = test.macro((t, v: Value, m: unknown) => {
  t.throws(() => match(v, m, stored, 'v'), { instanceOf: Mismatch });
});
const means_nothing = test.macro((t, v: Value, m: unknown) => {
  t.throws(() => match(v, m, stored, 'v'), { instanceOf: Malformed });
});

const ROWS: readonly (readonly [Value, readonly unknown[], readonly unknown[]])[] = [
  [
    5n,
    [
      5,
      '5',
      '$n',
      '2+3',
      '>=5',
      '<=5',
      '>4',
      '<6',
      '!=4',
      { all: 5 },
      { none: 2 },
      { mask: 3, is: 1 },
      { not: 4 },
      { any: [4, 5] },
    ],
    [
      4,
      '4',
      '$n+1',
      '>=6',
      '<=4',
      '>5',
      '<5',
      '!=5',
      { all: 6 },
      { none: 1 },
      { mask: 3, is: 5 },
      { not: 5 },
      { any: [4, 6] },
      { any: [] },
    ],
  ],
  [5n, [{ all: 1, none: 2 }], [{ all: 1, none: 4 }, { all: 2, none: 8 }, { not: { not: 4 } }]],
  // Wait statuses: exit(2), SIGKILL, SIGSEGV with core, stopped by SIGSTOP, continued.
  [0x200n, [{ exited: 2 }], [{ exited: 0 }, { signaled: 2 }, { stopped: 2 }, { continued: true }]],
  [9n, [{ signaled: 'SIGKILL' }, { continued: false }], [{ exited: 0 }, { signaled: 11 }]],
  [0x8bn, [{ signaled: 'SIGSEGV' }], [{ exited: 0 }]],
  [0x137fn, [{ stopped: 'SIGSTOP' }], [{ exited: 0x13 }, { signaled: 127 }]],
  [0xffffn, [{ continued: true }], [{ stopped: 255 }, { exited: 255 }, { continued: false }]],
  [
    bytes,
    ['ab', { bytes: 'ab' }, { hex: '6162' }, '$b', { not: 'ac' }],
    ['abc', 'a', { not: 'ab' }, { rep: 'a', n: 2 }],
  ],
  ['text', ['text', '$t'], ['other']],
  [
    [1n, 2n],
    [[1, 2], ['>0', { not: 3 }], '$l', { len: 2 }, { len: '>1' }, { has: [2] }, { has: [] }, { unordered: [2, 1] }],
    [[1], [2, 1], [1, 2, 3], { len: 3 }, { has: [3] }, { unordered: [1, 1] }, { unordered: [1] }],
  ],
  [
    { x: 1n, name: 'a', list: [1n] },
    [{ x: 1 }, { x: '>0', name: 'a' }, { absent: ['y'] }, { list: [1] }],
    [{ x: 2 }, { y: 1 }, { absent: ['x'] }, { x: 1, name: 'b' }, { list: [] }, '$o'],
  ],
  [{ x: 1n }, ['$o'], []],
];

for (const [v, good, bad] of ROWS) {
  for (const m of good) test(`${show(v)} matches ${show(m)}`, holds, v, m);
  for (const m of bad) test(`${show(v)} does not match ${show(m)}`, differs, v, m);
}

for (const [v, list] of [
  [
    5n,
    [
      null,
      true,
      {},
      [],
      { foo: 1 },
      { mask: 1 },
      { is: 1 },
      { any: 5 },
      { exited: null },
      { continued: 1 },
      'NOTHING',
      '$x',
      '>=',
      { not: { foo: 1 } },
      { any: [5, 'NOTHING'] },
      { all: 1, foo: 2 },
      '$b',
    ],
  ],
  [bytes, [5, null, {}, { foo: 1 }, { not: 5 }, { not: 'ab', len: 2 }, '$n']],
  [
    [1n],
    [5, 'x', null, {}, { foo: 1 }, { len: 1, has: [] }, { has: 1 }, { has: [1, {}] }, { unordered: [{ foo: 1 }] }],
  ],
  [{ x: 1n }, [5, 'x', null, [], { absent: 'x' }]],
  ['text', [5, null, {}]],
] as const satisfies readonly (readonly [Value, readonly unknown[]])[])
  for (const m of list) test(`${show(m)} is no matcher for ${show(v)}`, means_nothing, v, m);
