/** The language of rules: what strace takes and refuses, and our own words. */
import { execFile, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parse_fault, parse_inject } from '../../../tools/inject/parse.js';
import { type Rule, RuleError } from '../../../tools/inject/rule.js';
import { call_set } from '../../../tools/syscall_class.js';

// What strace 6.1 takes.
const TAKEN =
  `socket:error=EPERM|socket:error=5|socket:error=eperm|socket:error=4095|socket:error=EAGAIN|socket:retval=0x10|socket:retval=+5
socket:retval=-1|socket:retval=-4095|socket:error=EPERM:when=65535|socket:error=EPERM:when=1..3+2|socket:error=EPERM:when=1+|socket:error=EPERM:when=2+
socket:error=EPERM:when=1..1|socket:error=EPERM:when=2..5+|socket:error=EPERM:when=+2|socket:error=EPERM:when=3:when=2|%network:error=EPERM
network:error=EPERM|/sock:error=EPERM|/^sock.*$:error=EPERM|!socket:error=EPERM|all:error=EPERM|none:error=EPERM|!all:error=EPERM|all,socket:error=EPERM
socket,:error=EPERM|socket,close:error=EPERM:when=9999|?nosuch:error=EPERM|?%bogus:error=EPERM|?/zzz:error=EPERM|!%network:error=EPERM:when=9999|desc:error=EPERM:when=9999
%net:error=EPERM|41:error=EPERM|socket@64:error=EPERM|socket:signal=USR1|socket:signal=SIGUSR1|socket:signal=usr1|socket:signal=10|socket:signal=64
socket:signal=SIGRTMIN|socket:signal=RT_1|socket:signal=SIGRT_1|socket:delay_enter=10|socket:delay_enter=10ms|socket:delay_enter=10us|socket:delay_enter=1s
socket:delay_enter=10ns|socket:delay_enter=0|socket:delay_enter=1.5|socket:delay_exit=1.5ms|socket:delay_enter=.5ms|socket:delay_enter=1e3
socket:poke_enter=@arg1=00ff|socket:poke_enter=@arg1=0xff|socket:poke_exit=@arg1=ff,@arg2=00|socket:poke_enter=@arg1=00,
socket:syscall=getpid:error=EPERM|socket:syscall=getpid:retval=3|socket::error=EPERM|socket:error=EPERM:
socket:error=EPERM:signal=USR1:delay_exit=1:when=2+3`.split(/[\n|]/);

// What it refuses.
const REFUSED =
  `a:error=EPERM|socket:error=5000|socket:error=0|socket|socket:retval=5:error=EPERM|socket:when=0|socket:error=EPERM:when=0|socket:error=EPERM:when=65536
socket:error=EPERM:when=3..1|socket:error=EPERM:when=1+0|socket:error=EPERM:when=1..|socket:error=EPERM:when=1...2|socket:error=EPERM:when=2+3..4|socket:signal=0
socket:signal=65|socket:signal=0xa|socket:signal=1:signal=2|socket:delay_enter=1m|socket:delay_enter=-1|socket:delay_enter=1.5x|socket:delay_enter=1 ms
socket:delay_enter=0x10|socket:delay_enter=|socket:delay_enter=1:delay_enter=2|socket:poke_enter=@arg0=ff|socket:poke_enter=@arg8=ff|socket:poke_enter=@arg1=f
socket:poke_exit=@arg1=ff,@arg1=00|socket:poke_exit=@arg1=|socket:poke_enter=@arg1|socket:poke_enter=arg1=ff|socket:poke_enter=@arg1=00 11
socket:poke_enter=@arg1=00:poke_enter=@arg2=00|socket:syscall=getpid|socket:syscall=%pure:error=EPERM|socket:syscall=socket:error=EPERM|socket:syscall=4:error=EPERM
socket:syscall=getpid,getuid:error=EPERM|socket:bogus=1|socket:error=|socket:error=EPERM:error=EIO|socket:when=1|socket:error=ENOSUCH|socket:error=ENOTSUP|socket:error=EWOULDBLOCK
socket:error=0x5|:error=EPERM|999:error=EPERM|41-43:error=EPERM|-1:error=EPERM|socket:retval=99999999999999999999|socket:retval=abc|socket:retval=1:retval=2|socket:error=4096
%bogus:error=EPERM|trace=socket:error=EPERM|socket,!close:error=EPERM|socket!:error=EPERM|/zzz:error=EPERM|/(:error=EPERM|!:error=EPERM|,:error=EPERM
net:error=EPERM|pure:error=EPERM|Socket:error=EPERM|%NETWORK:error=EPERM|socket: error=EPERM`.split(/[\n|]/);

const FAULTS_TAKEN = [
  'socket',
  'socket:error=EPERM',
  'socket:when=2',
  'socket:syscall=getpid',
  'socket:',
  '%network:when=9+',
];
const FAULTS_REFUSED = [
  'socket:retval=3',
  'socket:signal=USR1',
  'socket:delay_enter=3',
  'socket:poke_exit=@arg1=ff',
  'socket:bogus',
  'nosuch',
];

const understood = (parse: (text: string) => Rule, text: string): boolean => {
  try {
    parse(text);
    return true;
  } catch (error) {
    if (error instanceof RuleError) return false;
    throw error;
  }
};
const which = (parse: (text: string) => Rule, texts: readonly string[]): string[] =>
  texts.filter((text) => understood(parse, text));

test('takes what strace takes', (t) => {
  t.deepEqual(which(parse_inject, TAKEN), TAKEN);
  t.deepEqual(which(parse_fault, FAULTS_TAKEN), FAULTS_TAKEN);
});
test('refuses what strace refuses', (t) => {
  t.deepEqual(which(parse_inject, REFUSED), []);
  t.deepEqual(which(parse_fault, FAULTS_REFUSED), []);
});

// The tables themselves, where there is a strace to ask: of `true`, so that few of these rules find a call.
const ask = (option: string, text: string): Promise<boolean> =>
  new Promise((done) => {
    const out = join(tmpdir(), 'sys-indirect-strace-out');
    execFile('strace', ['-o', out, `${option}=${text}`, 'true'], { timeout: 10_000 }, (_error, _stdout, stderr) => {
      done(!/strace: (?:invalid|regcomp)/.test(stderr));
    });
  });
if (spawnSync('strace', ['-V']).status === 0)
  test('the real strace agrees', async (t) => {
    const rows = [
      ...[...TAKEN, ...REFUSED].map((text) => ['--inject', text, TAKEN.includes(text)] as const),
      ...[...FAULTS_TAKEN, ...FAULTS_REFUSED].map((text) => ['--fault', text, FAULTS_TAKEN.includes(text)] as const),
    ];
    const wrong: string[] = [];
    const next = async (): Promise<void> => {
      for (let row = rows.shift(); row !== undefined; row = rows.shift())
        if ((await ask(row[0], row[1])) !== row[2]) wrong.push(`${row[0]}=${row[1]}`);
    };
    await Promise.all([next(), next(), next(), next()]);
    t.deepEqual(wrong, []);
  });

// What the words mean.
const means = test.macro({
  exec(t, text: string, expected: Partial<Rule>) {
    const rule = parse_inject(text);
    t.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, rule[key as keyof Rule]])), expected);
  },
  title: (_, text: string) => `means: ${text}`,
});
const when = (first: number, last: number, step = 1): Rule['when'] => ({ first, last, step });
test(means, 'socket:error=EPERM', { value: -1, when: when(1, Infinity), text: '--inject=socket:error=EPERM' });
test(means, 'socket:retval=7:when=3', { value: 7, when: when(3, 3) });
test(means, 'socket:retval=7:when=3+', { when: when(3, Infinity) });
test(means, 'socket:retval=7:when=3+2', { when: when(3, Infinity, 2) });
test(means, 'socket:retval=7:when=3..9', { when: when(3, 9) });
test(means, 'socket:retval=7:when=3..9+2', { when: when(3, 9, 2) });
test(means, 'socket:delay_enter=10:delay_exit=1.5ms', { delay_enter: 10_000, delay_exit: 1_500_000 });
test(means, 'socket:signal=CHLD', { signal: 17, value: null });
test(means, 'socket:poke_enter=@arg2=0aff,@arg3=01', {
  poke_enter: [
    { arg: 2, bytes: Uint8Array.of(10, 255) },
    { arg: 3, bytes: Uint8Array.of(1) },
  ],
});
test(means, 'socket:syscall=getpid:retval=3', { syscall: 'getpid', value: 3 });
test(means, 'socket:rewrite=@arg2=SOCK_STREAM|SOCK_CLOEXEC,@arg1=2', {
  rewrite: [
    { arg: 2, value: 0x80001 },
    { arg: 1, value: 2 },
  ],
});
test(means, 'read:short=1', { short: 1 });
test(means, 'read:eintr:when=2', { eintr: true, when: when(2, 2) });
test(means, 'socket:enomem', { alloc: 'any' });
test(means, 'socket:alloc=sk_alloc:when=2', { alloc: 'sk_alloc', when: when(2, 2) });
test(means, 'all:error=EIO:fd=3:path=/etc/*:flag=O_CLOEXEC:task=worker:arg1=0:arg3=1..5', {
  select: {
    fd: 3,
    path: '/etc/*',
    flag: 0o2000000,
    task: 'worker',
    args: [
      { arg: 1, from: 0, to: 0 },
      { arg: 3, from: 1, to: 5 },
    ],
  },
});
test(means, 'all:error=EIO:task=7', { select: { task: 7 } });

// What is wrong, and what would be right.
const says = test.macro({
  exec(t, text: string, message: RegExp, parse: (text: string) => Rule = parse_inject) {
    t.regex(t.throws(() => parse(text), { instanceOf: RuleError }).message, message);
  },
  title: (_, text: string) => `says: ${text}`,
});
test(
  says,
  'sokcet:error=EPERM',
  /^--inject=sokcet:error=EPERM: there is no system call 'sokcet'; did you mean socket\?$/,
);
test(says, '%netwrk:error=EPERM', /did you mean %network\?/);
test(says, 'socket', /it does nothing: give error, retval, signal, a delay/);
test(says, 'socket:error', /'error' needs a value: error=an error by name or number, 1 to 4095/);
test(says, 'socket:error=EBOGUS', /'EBOGUS' is no value for 'error', which is an error by name or number/);
test(says, 'socket:error=ERESTARTSYS', /none of the ERESTART codes/);
test(says, 'socket:error=EIO:retval=1', /'error' and 'retval' exclude each other/);
test(
  says,
  'socket:error=EIO:when=0',
  /'0' is no value for 'when', which is FIRST\[\.\.LAST\]\[\+\[STEP\]\], each from 1 to 65535/,
);
test(says, 'socket:eror=EIO', /there is no 'eror'; there are error, retval, signal, .*arg1 … arg6$/);
test(says, 'socket:error=EIO:error=EIO', /'error' is given twice/);
test(says, 'socket:syscall=getpid', /'syscall' needs 'error' or 'retval'/);
test(says, 'read:error=EIO:short=1', /with 'error' or 'retval' the call is not made/);
test(says, 'socket:short=1', /'short' is for calls that transfer bytes/);
test(says, 'read:eintr=1', /'eintr' takes no value/);
test(says, 'socket:enomem:signal=USR1', /'alloc' and 'enomem' stand alone/);
test(says, 'socket:enomem:alloc=any', /'enomem' is 'alloc=any'/);
test(says, 'socket:alloc=heap', /'heap' is no value for 'alloc', which is any, alloc_fd/);
test(says, 'socket:poke_enter=@arg7=00', /@argN=HEX\[,@argM=HEX…\], N from 1 to 6/);
test(says, 'socket:signal=USR1', /^--fault=socket:signal=USR1: a fault has no 'signal'; --inject has/, parse_fault);

// Classes, as strace has them.
test('classes of calls', (t) => {
  const has = (set: string, name: string): boolean => (call_set(set) as ReadonlySet<string>).has(name);
  const rows = [
    ['%network', 'accept4', true],
    ['%network', 'read', false],
    ['%desc', 'epoll_create1', true],
    ['%desc', 'sendfile', true],
    ['%file', 'openat', true],
    ['%process', 'wait4', true],
    ['%signal', 'signalfd4', true],
    ['%memory', 'mmap', true],
    ['%%stat', 'statx', true],
    ['%stat', 'lstat', false],
    ['!%network', 'accept4', false],
    ['!%network', 'read', true],
    ['/^epoll', 'epoll_pwait2', true],
    ['all', 'indirect', true],
    ['0,1', 'write', true],
    ['286', 'indirect', true],
  ] as const;
  for (const [set, name, expected] of rows) t.is(has(set, name), expected, `${name} in ${set}`);
});
