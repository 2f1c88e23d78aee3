import test from 'ava';
import { evaluate, interpolate, to_bytes } from '../../../tools/conformance/expression.js';
import { latin1_text, show } from '../../../tools/conformance/value.js';
import { scope } from './fixtures.js';

const stored = scope({ s: 5n, p: [3n, 4n], m: { control: [{ fds: [7n] }], name: 'f' }, b: Uint8Array.of(1, 2) });

const evaluates = test.macro((t, spec: unknown, want: bigint) => {
  t.is(evaluate(spec, stored), want);
});

for (const [spec, want] of [
  [7, 7n],
  [-1, -1n],
  ['493', 493n],
  ['0x7fffffffffffffff', 0x7fff_ffff_ffff_ffffn],
  ['18446744073709551615', 0xffff_ffff_ffff_ffffn],
  ['O_RDWR', 2n],
  ['$s', 5n],
  ['$p.1', 4n],
  ['$m.control.0.fds.0', 7n],
  ['O_RDWR|O_CLOEXEC', 0o2000002n],
  ['$s+1', 6n],
  ['64*1024', 65536n],
  ['-$s', -5n],
  ['~3', -4n],
  ['-~-1', 0n],
  // From left to right, without precedence.
  ['2+3*4', 20n],
  ['1|2+1', 4n],
  ['7&3-1', 2n],
  [' 1 + $s', 6n],
  ['00', 0n],
] as const)
  test(`expression ${show(spec)}`, evaluates, spec, want);

test('a lone reference is of any kind', (t) => {
  t.deepEqual(evaluate('$p', stored), [3n, 4n]);
  t.deepEqual(evaluate('$b', stored), Uint8Array.of(1, 2));
});

for (const spec of [
  '',
  ' ',
  '1 ',
  '1+',
  '+1',
  '1 2',
  '1//2',
  'O_NOTHING',
  '$x',
  '$p.2',
  '$p.x',
  '$s.0',
  '$p+1',
  '$m.name|1',
  '010',
  '0x',
  '1.5',
  '(1)',
  null,
  true,
  1.5,
  [],
  {},
])
  test(`no expression: ${show(spec)}`, (t) => {
    t.throws(() => evaluate(spec, stored));
  });

test('references in text', (t) => {
  t.is(interpolate('/proc/self/fd/${s}.${m.control.0.fds.0}${m.name}$s', stored), '/proc/self/fd/5.7f$s');
  t.throws(() => interpolate('${x}', stored));
  t.throws(() => interpolate('${p}', stored));
});

for (const [spec, want] of [
  ['abc', 'abc'],
  [{ bytes: 'a\u0000\u00ff' }, 'a\u0000\u00ff'],
  [{ hex: '07fF' }, '\u0007\u00ff'],
  [{ rep: 'x', n: 3 }, 'xxx'],
  [{ rep: 'ab', n: '$s-3' }, 'abab'],
  [{ rep: 'ab', n: 0 }, ''],
  [{ cat: [{ bytes: 'a' }, { rep: 'b', n: 2 }, { cat: ['c'] }] }, 'abbc'],
] as const)
  test(`bytes ${show(spec)}`, (t) => {
    t.is(latin1_text(to_bytes(spec, stored)), want);
  });

for (const spec of [{ bytes: '\u0100' }, { hex: '0' }, { hex: 'zz' }, { rep: 'x' }, { rep: 'x', n: -1 }, {}, 5, null])
  test(`no bytes: ${show(spec)}`, (t) => {
    t.throws(() => to_bytes(spec, stored));
  });
