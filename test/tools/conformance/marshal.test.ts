// Layouts are those that the reference runner, which calls a real C library, gives to the same arguments.
import test from 'ava';
import { pack_address, unpack_address } from '../../../tools/conformance/address.js';
import { Marshal } from '../../../tools/conformance/marshal.js';
import { latin1_text, show } from '../../../tools/conformance/value.js';
import { scope } from './fixtures.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const marshal = (args: readonly unknown[], s = scope()): Marshal => new Marshal(args, s, () => '/helper');

const lays_out = test.macro((t, spec: unknown, want: string) => {
  const [arg] = marshal([spec]).args;
  t.true(arg !== undefined && 'block' in arg);
  if (arg !== undefined && 'block' in arg) t.is(hex(arg.block.bytes.subarray(0, arg.block.size)), want);
});

for (const [spec, want] of [
  [{ path: 'a/é' }, '612fc3a900'],
  [{ path: { rep: 'n', n: 3 } }, '6e6e6e00'],
  [{ prog: 'helper' }, '2f68656c70657200'],
  [{ int: -2 }, 'feffffff'],
  [{ int: '0x80000000' }, '00000080'],
  [{ u64: '0xfffffffffffffffe' }, 'feffffffffffffff'],
  [{ ints: 2 }, 'ffffffffffffffff'],
  [{ struct: 'timeval', tv_sec: 1, tv_usec: -1 }, '0100000000000000ffffffffffffffff'],
  [{ struct: 'itimerspec', it_value: { tv_nsec: 5 } }, `${'00'.repeat(24)}0500000000000000`],
  [
    { struct: 'flock', l_type: 'F_WRLCK', l_whence: 2, l_start: 3, l_len: 4, l_pid: 5 },
    '0100020000000000030000000000000004000000000000000500000000000000',
  ],
  [{ struct: 'f_owner_ex', type: 1, pid: -2 }, '01000000feffffff'],
  [{ struct: 'linger', l_onoff: 1, l_linger: 2, pad: 2 }, '01000000020000000000'],
  [{ struct: 'epoll_event', events: 'EPOLLIN|EPOLLET', data: '0x7fffffffffffffff' }, '01000080ffffffffffffff7f'],
  [{ struct: 'rlimit', rlim_cur: 1, rlim_max: 'RLIM_INFINITY' }, '0100000000000000ffffffffffffffff'],
  [{ pollfds: [{ fd: 3, events: 'POLLIN|POLLOUT' }, { fd: -1 }] }, '0300000005000000ffffffff00000000'],
  [{ fdset: [0, 9] }, `0102${'00'.repeat(126)}`],
  [{ sigset: ['SIGUSR1', 'SIGRTMAX'] }, '0002000000000080'],
  [{ family: 'AF_INET', addr: '127.0.0.1', port: 0x1234 }, '020012347f0000010000000000000000'],
  [{ family: 'AF_UNIX', path: 'ab' }, '0100616200'],
  [{ family: 'AF_UNIX', abstract: 'a\0b' }, '010000610062'],
  [{ family: 'AF_UNIX' }, '0100'],
  [{ family: 16 }, `1000${'00'.repeat(14)}`],
] as const)
  test(`layout of ${show(spec)}`, lays_out, spec, want);

test('iov: addresses aside, lengths are as claimed', (t) => {
  const [arg] = marshal([
    {
      iov: [
        { bytes: 'abc' },
        { space: 5 },
        null,
        { base: null, len: 7 },
        { space: 4, len: -1 },
        { rep: 'x', n: 9, len: 2 },
      ],
    },
  ]).args;
  if (arg?.form !== 'iov') return t.fail();
  t.deepEqual(
    arg.parts.map(({ len }) => len),
    [3n, 5n, 0n, 7n, 0xffff_ffff_ffff_ffffn, 2n],
  );
  t.deepEqual(
    arg.parts.map(({ block }) => block?.size),
    [3, 5, undefined, undefined, 4, 9],
  );
  t.deepEqual(
    arg.block.pointers.map(([at]) => at),
    [0, 16, 64, 80],
  );
});

test('msg: fields, control messages, overriding lengths', (t) => {
  const cred = { pid: 1, uid: 2, gid: 3 };
  const control = [
    { level: 1, type: 'SCM_RIGHTS', fds: [5, -1] },
    { level: 1, type: 'SCM_CREDENTIALS', cred },
    { level: 0, type: 9, payload: { bytes: 'x' }, len: 99 },
  ];
  const [arg] = marshal([
    {
      msg: { name: { family: 'AF_UNIX', path: 'q' }, namelen: 77, iov: [{ bytes: 'a' }], iovlen: 3, control, flags: 4 },
    },
  ]).args;
  if (arg?.form !== 'memory') return t.fail();
  t.is(
    hex(arg.block.bytes.subarray(0, 56)),
    `${'00'.repeat(8)}4d000000${'00'.repeat(12)}0300000000000000${'00'.repeat(8)}500000000000000004000000${'00'.repeat(4)}`,
  );
  t.deepEqual(
    arg.block.pointers.map(([at]) => at),
    [0, 16, 32],
  );
  const [, raw] = arg.block.pointers[2]!;
  t.is(
    hex(raw.bytes.subarray(0, raw.size)),
    '18000000000000000100000001000000' +
      '05000000ffffffff' +
      '1c000000000000000100000002000000' +
      '01000000020000000300000000000000' +
      '63000000000000000000000009000000' +
      '7800000000000000',
  );
});

test('sizeof is the size of the buffer before it', (t) => {
  const sizes = (...args: unknown[]): unknown =>
    marshal(args).args.map((a) => (a.form === 'number' ? a.value : a.form));
  t.deepEqual(sizes({ bytes: 'abc' }, 'sizeof', { ints: 2 }, 'sizeof', null, 'sizeof'), [
    'memory',
    3,
    'memory',
    8,
    'null',
    0,
  ]);
  // As the reference: these forms leave the size of the buffer before them.
  t.deepEqual(sizes({ space: 9 }, { path: 'x' }, 'sizeof', { epoll_events: 2 }, 'sizeof', { fdset: [] }, 'sizeof'), [
    'memory',
    'text',
    9,
    'memory',
    9,
    'memory',
    9,
  ]);
  t.deepEqual(sizes({ struct: 'linger', pad: 3 }, 'sizeof', { sigset: [] }, 'sizeof'), ['memory', 11, 'sigset', 8]);
  t.throws(() => sizes('sizeof'));
});

test('numbers from 2^63 up are the same 64 bits', (t) => {
  t.deepEqual(marshal(['0xffffffffffffffff', '0x8000000000000000', -1]).args, [
    { form: 'number', value: -1 },
    { form: 'number', value: -(2 ** 63) },
    { form: 'number', value: -1 },
  ]);
});

test('a number that JavaScript cannot hold is cut towards zero', (t) => {
  t.deepEqual(marshal(['0x7fffffffffffffff', '-0x7fffffffffffffff', '0x1fffffffffffff']).args, [
    { form: 'number', value: 2 ** 63 - 1024 },
    { form: 'number', value: -(2 ** 63 - 1024) },
    { form: 'number', value: Number.MAX_SAFE_INTEGER },
  ]);
});

test('what `as` stores, decoded after the call', (t) => {
  const s = scope();
  const m = marshal(
    [
      { space: 4, as: 'space' },
      { int: 1, as: 'int' },
      { u64: 1, as: 'u64' },
      { sockaddr: 16, as: 'addr' },
      { int: 16, as: 'len' },
      { epoll_events: 2, as: 'events' },
      { inotify_events: 64, as: 'inotify' },
      { siginfos: 2, as: 'infos' },
      { fdset: [3], as: 'set' },
      { sigset: ['SIGUSR2', 'SIGINT'], as: 'sigs' },
    ],
    s,
  );
  const put = (i: number, raw: string): void => {
    const arg = m.args[i]!;
    if ('block' in arg) arg.block.bytes.set(Buffer.from(raw, 'hex'));
  };
  put(0, '61626364');
  put(1, 'ffffffff');
  put(2, 'ffffffffffffffff');
  put(3, '02001f907f000001');
  put(5, '010000000700000000000080');
  put(6, '0100000000010000000000001000000066696c65000000000000000000000000');
  m.finish(1);
  t.is(s.stored.get('int'), -1n);
  t.is(s.stored.get('u64'), 0xffff_ffff_ffff_ffffn);
  t.deepEqual(s.stored.get('space'), Uint8Array.from(Buffer.from('abcd')));
  t.deepEqual(s.stored.get('addr'), { family: 2n, port: 8080n, addr: '127.0.0.1' });
  t.deepEqual(s.stored.get('events'), [{ events: 1n, data: 0x8000_0000_0000_0007n }]);
  t.deepEqual(s.stored.get('inotify'), [{ wd: 1n, mask: 256n, cookie: 0n, name: 'file' }]);
  t.deepEqual(s.stored.get('infos'), []);
  t.deepEqual(s.stored.get('set'), [3n]);
  t.deepEqual(s.stored.get('sigs'), [2n, 12n]);
  t.is(latin1_text(m.data(2)), 'ab');
});

test('a received msg: control messages, name, data', (t) => {
  const s = scope();
  const m = marshal([{ msg: { name_space: 128, iov: [{ space: 2 }, { space: 4 }], control_space: 64 }, as: 'm' }], s);
  const [arg] = m.args;
  if (arg?.form !== 'memory') return t.fail();
  const [name, vector, control] = arg.block.pointers.map(([, to]) => to);
  name!.bytes.set(Buffer.from('01006100', 'hex'));
  vector!.pointers.forEach(([, part], i) => part.bytes.set(Buffer.from(i === 0 ? 'ab' : 'cd')));
  control!.bytes.set(
    Buffer.from(
      `140000000000000001000000010000000900000000000000` + `120000000000000000000000050000007879000000000000`,
      'hex',
    ),
  );
  arg.block.bytes.set([4], 8);
  arg.block.bytes.set([48], 40);
  m.finish(3);
  t.deepEqual(s.stored.get('m'), {
    flags: 0n,
    controllen: 48n,
    namelen: 4n,
    control: [
      { level: 1n, type: 1n, len: 20n, fds: [9n] },
      { level: 0n, type: 5n, len: 18n, payload: Uint8Array.of(0x78, 0x79) },
    ],
    name: { family: 1n, path: 'a' },
    data: Uint8Array.from(Buffer.from('abc')),
  });
});

for (const [text, want] of [
  ['::1', '::1'],
  ['::', '::'],
  ['::ffff:127.0.0.1', '::ffff:127.0.0.1'],
  ['::FFFF:7f00:1', '::ffff:127.0.0.1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
  ['fe80::', 'fe80::'],
  ['::1.2.3.4', '::1.2.3.4'],
] as const)
  test(`IPv6 ${text} is read back as ${want}`, (t) => {
    const raw = pack_address({ family: 'AF_INET6', addr: text, port: 443 }, scope());
    t.is(raw.length, 28);
    t.deepEqual(unpack_address(raw, 28), { family: 10n, port: 443n, addr: want });
  });

for (const [raw, len, want] of [
  ['0100', 1, {}],
  ['0100', 2, { family: 1n }],
  ['01000061', 4, { family: 1n, abstract: 'a' }],
  ['0100610062', 5, { family: 1n, path: 'a' }],
  ['02001f907f0000', 7, { family: 2n }],
  ['', 9, {}],
  ['0100', -1, {}],
] as const)
  test(`address ${raw} of length ${len}`, (t) => {
    t.deepEqual(unpack_address(Buffer.from(raw, 'hex'), len), want as Record<string, string | bigint>);
  });

for (const spec of [
  true,
  {},
  { nothing: 1 },
  { struct: 'nothing' },
  { struct: 'linger', l_on: 1 },
  { family: 'AF_INET', addr: 'x' },
  { family: 'AF_INET', port: 65536 },
  { sigset: [0] },
  { fdset: [1024] },
  { space: -1 },
  { iov: [{ base: 1, len: 1 }] },
  { iov: 5 },
  { file_actions: [['dup2', 1]] },
  '$x',
  'NOTHING',
])
  test(`no argument: ${show(spec)}`, (t) => {
    t.throws(() => marshal([spec]));
  });
