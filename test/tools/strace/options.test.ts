/** What the options do, as the library function takes them. */
import test, { type ExecutionContext } from 'ava';
import type { Program } from '../../../index.js';
import {
  AF_UNIX,
  AT_FDCWD,
  NR,
  O_CREAT,
  O_RDWR,
  SIGUSR1,
  SIG_IGN,
  SOCK_STREAM,
} from '../../../kernel-mock/include/uapi/index.js';
import { inject } from '../../../tools/inject/inject.js';
import { parse_inject } from '../../../tools/inject/parse.js';
import { type StraceOptions, strace } from '../../../tools/strace/strace.js';
import { boot_for } from '../../helpers.js';

type Options = Omit<StraceOptions, 'write'>;

async function text_of(t: ExecutionContext, options: Options, program: Program): Promise<string> {
  let text = '';
  const { tracer, end } = strace({ ...options, write: (piece) => (text += piece) });
  await boot_for(t, { trace: tracer }).run(program, ['main']);
  end();
  return text;
}

const writes = test.macro(async (t, options: Options, program: Program, expected: readonly string[]) => {
  t.deepEqual((await text_of(t, options, program)).split('\n').slice(0, -1), expected);
});

const END = ['exit_group(0)                           = ?', '+++ exited with 0 +++'];

const calls: Program = async (libc) => {
  await libc.socket(AF_UNIX, SOCK_STREAM, 0);
  await libc.getppid();
  await libc.close(3);
};

test('nothing asked for', writes, {}, calls, [
  'socket(AF_UNIX, SOCK_STREAM, 0)         = 3',
  'getppid()                               = 1',
  'close(3)                                = 0',
  ...END,
]);
test('-e trace=NAME', writes, { trace: 'close' }, calls, ['close(3)                                = 0', END[1]!]);
test('-e trace=%CLASS', writes, { trace: '%network' }, calls, ['socket(AF_UNIX, SOCK_STREAM, 0)         = 3', END[1]!]);
test('-e trace=!SET', writes, { trace: '!network,desc,process' }, calls, [
  'getppid()                               = 1',
  END[1]!,
]);
test('-e trace=/REGEX', writes, { trace: '/^get' }, calls, ['getppid()                               = 1', END[1]!]);
test('-e trace=none', writes, { trace: 'none' }, calls, [END[1]!]);
test('-q', writes, { trace: 'none', quiet: true }, calls, []);
test('-y', writes, { decode_fds: 1, trace: 'socket,close' }, calls, [
  'socket(AF_UNIX, SOCK_STREAM, 0)         = 3<socket:[1]>',
  'close(3<socket:[1]>)                    = 0',
  END[1]!,
]);
test('-yy', writes, { decode_fds: 2, trace: 'socket,close' }, calls, [
  'socket(AF_UNIX, SOCK_STREAM, 0)         = 3<UNIX-STREAM:[1]>',
  'close(3<UNIX-STREAM:[1]>)               = 0',
  END[1]!,
]);
test(
  '-y of paths',
  writes,
  { decode_fds: 2, trace: 'openat,close' },
  async (libc) => {
    await libc.openat(AT_FDCWD, '/a"b<c>', O_RDWR | O_CREAT, 0o600);
    await libc.close(3);
    await libc.openat(AT_FDCWD, '/dev/null', O_RDWR);
  },
  [
    'openat(AT_FDCWD</>, "/a\\"b<c>", O_RDWR|O_CREAT, 0600) = 3</a\\"b\\74c\\76>',
    'close(3</a\\"b\\74c\\76>)                  = 0',
    'openat(AT_FDCWD</>, "/dev/null", O_RDWR) = 3</dev/null<char 1:3>>',
    END[1]!,
  ],
);

const sleeps: Program = async (libc) => {
  await libc.usleep(2_000_000);
  await libc.write(1, 'abcdefgh');
};
const SLEEP = 'clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=2, tv_nsec=0}, NULL) = 0';

test('-T', writes, { durations: true, trace: 'clock_nanosleep' }, sleeps, [`${SLEEP} <2.000000>`, END[1]!]);
test('-r', writes, { time: 'r', trace: 'write,clock_nanosleep' }, sleeps, [
  `     0.000000 ${SLEEP}`,
  '     2.000001 write(1, "abcdefgh", 8)   = 8',
  '     0.000001 +++ exited with 0 +++',
]);
test('-t', async (t) => {
  const [first] = (await text_of(t, { time: 't' }, sleeps)).split('\n');
  t.is(first, `21:20:00 ${SLEEP}`);
});
test('-tt', async (t) => {
  const [first] = (await text_of(t, { time: 'tt' }, sleeps)).split('\n');
  t.regex(first!, /^21:20:00\.00000\d clock_nanosleep\(/);
});
test('-ttt', async (t) => {
  const [first] = (await text_of(t, { time: 'ttt' }, sleeps)).split('\n');
  t.regex(first!, /^1200000000\.00000\d clock_nanosleep\(/);
});
test('-s', writes, { string_limit: 3, trace: 'write' }, sleeps, [
  'write(1, "abc"..., 8)                   = 8',
  END[1]!,
]);
test(
  '-x',
  writes,
  { hex_strings: 1, trace: 'write' },
  async (libc) => {
    await libc.write(1, 'a\x01');
  },
  ['write(1, "\\x61\\x01", 2)                 = 2', END[1]!],
);
test(
  '-xx',
  writes,
  { hex_strings: 2, trace: 'write' },
  async (libc) => {
    await libc.write(1, 'a');
  },
  ['write(1, "\\x61", 1)                     = 1', END[1]!],
);
test('-e signal=SET', async (t) => {
  const program: Program = async (libc) => {
    await libc.signal(SIGUSR1, SIG_IGN);
    await libc.kill(await libc.getpid(), SIGUSR1);
  };
  const all = await text_of(t, { trace: 'none' }, program);
  t.is(all.split('\n')[0], '--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=2, si_uid=0} ---');
  t.is(await text_of(t, { trace: 'none', signal: '!USR1' }, program), `${END[1]!}\n`);
});
test('-c', async (t) => {
  const text = await text_of(t, { summary: 'only' }, async (libc) => {
    await libc.usleep(2_000_000);
    await libc.close(99);
  });
  t.deepEqual(text.split('\n'), [
    '% time     seconds  usecs/call     calls    errors syscall',
    '------ ----------- ----------- --------- --------- ----------------',
    '100.00    2.000000     2000000         1           clock_nanosleep',
    '  0.00    0.000000           0         1         1 close',
    '------ ----------- ----------- --------- --------- ----------------',
    '100.00    2.000000     1000000         2         1 total',
    '',
  ]);
});
test('a set with an unknown word is refused', (t) => {
  t.throws(() => strace({ write: () => {}, trace: 'nosuch' }), { message: /there is no system call 'nosuch'/ });
  t.throws(() => strace({ write: () => {}, signal: 'NOSUCH' }), { message: "invalid signal 'NOSUCH'" });
});

const forks: Program = async (libc) => {
  await libc.fork(async (libc) => {
    await libc.close(99);
  });
  await libc.wait4(-1, null, 0, null);
};
test('without -f children are not traced', async (t) => {
  const text = await text_of(t, {}, forks);
  t.false(text.includes('close(99)'));
  t.false(text.includes('attached'));
});
test('-f on a terminal', writes, { follow: true }, forks, [
  'clone(child_stack=NULL, flags=SIGCHLDstrace: Process 3 attached',
  ')  = 3',
  '[pid     2] wait4(-1,  <unfinished ...>',
  '[pid     3] close(99)                   = -1 EBADF (Bad file descriptor)',
  '[pid     3] exit_group(0)               = ?',
  '[pid     3] +++ exited with 0 +++',
  '<... wait4 resumed>NULL, 0, NULL)       = 3',
  '--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=3, si_uid=0, si_status=0, si_utime=0, si_stime=0} ---',
  ...END,
]);
test('a number that this release lacks has the name of today', async (t) => {
  let text = '';
  const { tracer } = strace({ write: (piece) => (text += piece), trace: 'accept4' });
  await boot_for(t, { release: '2.6.23', trace: tracer }).run(async (libc) => {
    await libc.syscall(NR.accept4, 3, null, null, 0o2000000);
  });
  t.is(text.split('\n')[0], 'accept4(3, NULL, NULL, SOCK_CLOEXEC)    = -1 ENOSYS (Function not implemented)');
});
test('calls that an injector has answered say so', async (t) => {
  let text = '';
  const kernel = boot_for(t);
  kernel.set_trace(strace({ write: (piece) => (text += piece), trace: 'close,getppid' }).tracer);
  inject(kernel, [parse_inject('close:error=EIO'), parse_inject('getppid:delay_exit=10ms')]);
  await kernel.run(calls, ['main']);
  t.deepEqual(text.split('\n').slice(0, 2), [
    'getppid()                               = 1 (DELAYED)',
    'close(3)                                = -1 EIO (Input/output error) (INJECTED)',
  ]);
});
