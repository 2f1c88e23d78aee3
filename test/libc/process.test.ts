/** Arguments, environment, signals, limits, raw system calls. */
import test from 'ava';
import { type Program, type Rlimit } from '../../index.js';
import {
  AF_UNIX,
  NR,
  RLIMIT_CORE,
  RLIMIT_NOFILE,
  RLIM_INFINITY,
  SIGKILL,
  SIGPIPE,
  SIGSTOP,
  SIGUSR1,
  SIG_DFL,
  SIG_IGN,
  SOCK_STREAM,
} from '../../kernel-mock/include/uapi/index.js';
import { answers, bytes, outcome, text } from '../facts.js';
import { run, boot_for } from '../helpers.js';

// Arguments and environment.

const starts = test.macro({
  async exec(t, argv: readonly string[] | undefined, env: Record<string, string> | undefined, expected: unknown) {
    const kernel = boot_for(t);
    let got: unknown;
    const prog: Program = async (_libc, args, environment) => {
      got = [args, { ...environment }];
    };
    await kernel.run(prog, argv, env);
    t.deepEqual(got, expected);
  },
  title: (_, argv: unknown, env: unknown) => `run(program, ${JSON.stringify(argv)}, ${JSON.stringify(env)})`,
});

test(starts, undefined, undefined, [['prog'], {}]);
test(starts, [], {}, [['prog'], {}]);
test(starts, ['a', 'b c', ''], { A: '1', B: '', C: 'x=y' }, [['a', 'b c', ''], { A: '1', B: '', C: 'x=y' }]);

const getenv = test.macro({
  async exec(t, name: string, expected: string | null) {
    await boot_for(t).run(
      async (libc) => {
        t.is(libc.getenv(name), expected);
      },
      [],
      { HOME: '/root', EMPTY: '', A: 'x=y', valueOf: 'set' },
    );
  },
  title: (_, name: string) => `getenv('${name}')`,
});

test(getenv, 'HOME', '/root');
test(getenv, 'EMPTY', '');
test(getenv, 'A', 'x=y');
test(getenv, 'valueOf', 'set');
for (const name of ['NONE', '', 'A=x', 'toString', 'constructor', '__proto__', 'hasOwnProperty'])
  test(getenv, name, null);

// Signals.

test(
  'signal answers with what was set before',
  answers,
  async (libc) => [
    await libc.signal(SIGPIPE, SIG_IGN),
    await libc.signal(SIGPIPE, SIG_IGN),
    await libc.signal(SIGPIPE, SIG_DFL),
    await libc.signal(SIGPIPE, SIG_DFL),
  ],
  [SIG_DFL, SIG_IGN, SIG_IGN, SIG_DFL],
);
for (const signum of [0, -1, 65, 1000, SIGKILL, SIGSTOP])
  test(`signal(${signum})`, answers, async (libc) => libc.signal(signum, SIG_IGN), 'EINVAL');
for (const signum of [1, SIGUSR1, 64])
  test(`signal(${signum})`, answers, async (libc) => libc.signal(signum, SIG_IGN), 0);

test(
  'write to a closed stream: SIGPIPE kills',
  answers,
  async (libc, ok) => {
    const sv: number[] = [];
    await ok.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    await ok.close(sv[1]!);
    return libc.write(sv[0]!, 'x');
  },
  'SIGPIPE',
);
test(
  'SIGPIPE ignored: EPIPE',
  answers,
  async (libc, ok) => {
    const sv: number[] = [];
    await ok.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    await ok.close(sv[1]!);
    await ok.signal(SIGPIPE, SIG_IGN);
    return libc.write(sv[0]!, 'x');
  },
  'EPIPE',
);
test(
  'ignored, then the default again: it kills',
  answers,
  async (libc, ok) => {
    const sv: number[] = [];
    await ok.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    await ok.close(sv[1]!);
    await ok.signal(SIGPIPE, SIG_IGN);
    await libc.write(sv[0]!, 'x');
    await ok.signal(SIGPIPE, SIG_DFL);
    return libc.write(sv[0]!, 'x');
  },
  'SIGPIPE',
);
test(
  'MSG_NOSIGNAL',
  answers,
  async (libc, ok) => {
    const sv: number[] = [];
    await ok.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    await ok.close(sv[1]!);
    return libc.send(sv[0]!, 'x', 0x4000);
  },
  'EPIPE',
);

// Limits.

const limit = (rlim_cur: number, rlim_max: number): Rlimit => ({ rlim_cur, rlim_max });

test(
  'getrlimit',
  answers,
  async (libc) => {
    const rlim = {};
    return [await libc.getrlimit(RLIMIT_CORE, rlim), rlim];
  },
  [0, limit(0, RLIM_INFINITY)],
);
for (const [cur, max] of [
  [10, 20],
  [0, 0],
  [5, RLIM_INFINITY],
  [RLIM_INFINITY, RLIM_INFINITY],
  [2 ** 40, 2 ** 53],
] as const)
  test(
    `setrlimit to ${cur}, ${max}, and back`,
    answers,
    async (libc) => {
      const rlim = {};
      return [await libc.setrlimit(RLIMIT_CORE, limit(cur, max)), await libc.getrlimit(RLIMIT_CORE, rlim), rlim];
    },
    [0, 0, limit(cur, max)],
  );
test('soft above hard', answers, async (libc) => libc.setrlimit(RLIMIT_CORE, limit(2, 1)), 'EINVAL');
test('infinity above hard', answers, async (libc) => libc.setrlimit(RLIMIT_CORE, limit(RLIM_INFINITY, 1)), 'EINVAL');
test(
  'more descriptors than there can be',
  answers,
  async (libc) => libc.setrlimit(RLIMIT_NOFILE, limit(5, 2 ** 21)),
  'EPERM',
);
test('no such resource', answers, async (libc) => libc.setrlimit(99, limit(1, 1)), 'EINVAL');
test('no such resource, asked', answers, async (libc) => libc.getrlimit(-1, {}), 'EINVAL');
test(
  'RLIMIT_NOFILE: so many descriptors, no more',
  answers,
  async (libc, ok) => {
    await ok.setrlimit(RLIMIT_NOFILE, limit(5, 100));
    const got = [];
    for (let i = 0; i < 3; i++) got.push(await libc.socket(AF_UNIX, SOCK_STREAM, 0));
    return [got, libc.errno];
  },
  [[3, 4, -1], 24],
);
test('limits of one process are not those of the next', async (t) => {
  const kernel = boot_for(t);
  const rlim: Partial<Rlimit> = {};
  await kernel.run(async (libc) => {
    await libc.setrlimit(RLIMIT_NOFILE, limit(5, 5));
  });
  await kernel.run(async (libc) => {
    await libc.getrlimit(RLIMIT_NOFILE, rlim);
  });
  t.true(rlim.rlim_cur! > 5);
});

// Raw calls.

test('syscall: a number, no registers', answers, async (libc) => libc.syscall(NR.getpid), 2);
test('syscall: no such number', answers, async (libc) => libc.syscall(9999), 'ENOSYS');
for (const nr of [-1, 1.5, NaN, Infinity, 2 ** 32, 2 ** 64])
  test(`syscall ${nr}`, answers, async (libc) => libc.syscall(nr), 'ENOSYS');
test('syscall: null is 0', answers, async (libc) => libc.syscall(NR.write, 1, null, 1), 'EFAULT');
test(
  'syscall: a buffer is the address of its bytes',
  answers,
  async (libc, ok) => {
    const sv = new Int32Array(2);
    await ok.syscall(NR.socketpair, AF_UNIX, SOCK_STREAM, 0, new Uint8Array(sv.buffer));
    const buf = new Uint8Array(5);
    const sent = await libc.syscall(NR.write, sv[0]!, bytes('hello'), 5);
    return [[...sv], sent, await libc.syscall(NR.read, sv[1]!, buf, 5), text(buf)];
  },
  [[3, 4], 5, 5, 'hello'],
);
test(
  'syscall: one buffer twice',
  answers,
  async (libc, ok) => {
    const sv: number[] = [];
    await ok.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    const iov = new Uint8Array(0);
    return libc.syscall(NR.writev, sv[0]!, iov, 0, iov);
  },
  0,
);
test('syscall: buffers are given back', async (t) => {
  const kernel = boot_for(t);
  await kernel.run(async (libc) => {
    const { mm } = kernel.internals.current!;
    await libc.syscall(NR.write, 1, bytes('x'), 1);
    const before = mm.live;
    for (let i = 0; i < 100; i++) await libc.syscall(NR.write, 1, bytes('x'), 1);
    t.is(mm.live, before);
  });
});
// ABI: of a descriptor only the low half of the register counts.
test(
  'syscall: upper halves',
  answers,
  async (libc, ok) => {
    const fd = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    const high = 2 ** 32 + fd;
    return [
      await libc.syscall(NR.fcntl, high, 1, 0),
      await libc.syscall(NR.close, high),
      await libc.fcntl(fd, 1),
      libc.errno,
      await libc.syscall(NR.close, high),
      await libc.socket(AF_UNIX, SOCK_STREAM, 0),
    ];
  },
  [0, 0, -1, 9, -1, 3],
);

test('read takes no more than it is asked for', async (t) => {
  await run(t, { stdin: 'hello' }, async (libc) => {
    const buf = new Uint8Array(10);
    t.is(await libc.read(0, buf, 2), 2);
    t.is(await libc.read(0, buf), 3);
    t.is(await libc.read(0, buf), 0);
    t.is(await libc.read(0, null, 0), 0);
  });
});
test('write takes no more than it is given', async (t) => {
  const kernel = boot_for(t);
  await kernel.run(async (libc) => {
    t.is(await libc.write(1, 'hello', 2), 2);
    t.is(await libc.write(1, null, 0), 0);
    t.is(await libc.write(1, bytes('abc')), 3);
  });
  t.is(kernel.output(), 'heabc');
});

// The environment is a list of strings: execve passes on what no record could hold.

const ODD = ['A=1', 'A=2', 'no sign', '=x', '', 'B='];

test(
  'getenv: the first string of that name',
  answers,
  async (libc) => {
    libc.environ.push(...ODD);
    return [libc.getenv('A'), libc.getenv('no sign'), libc.getenv(''), libc.getenv('B')];
  },
  ['1', null, null, ''],
);
test('an environment goes through execve as it is', async (t) => {
  const kernel = boot_for(t);
  const seen: unknown[] = [];
  kernel.install('/bin/look', async (libc, _argv, env) => {
    seen.push(libc.environ.slice(), { ...env });
    if (libc.getenv('again') === null) await libc.execve('/bin/look', ['look'], [...libc.environ, 'again=']);
  });
  t.is(await kernel.run(async (libc) => libc.execve('/bin/look', ['look'], ODD)), 0);
  const env = { A: '1', B: '' };
  t.deepEqual(seen, [ODD, env, [...ODD, 'again='], { ...env, again: '' }]);
});
test(
  'setenv, putenv and unsetenv',
  answers,
  async (libc) => {
    libc.environ.push(...ODD);
    const got = [
      libc.setenv('A', 'x', 0),
      libc.setenv('A', '3', 1),
      libc.setenv('C', '=', 1),
      libc.putenv('D=4'),
      libc.putenv('B'),
    ];
    const first = libc.environ.slice();
    for (const name of ['', 'A=']) got.push(outcome(libc, libc.setenv(name, 'x', 1)) as number);
    got.push(outcome(libc, libc.unsetenv('')) as number, libc.unsetenv('A'));
    return [got, first, libc.environ.slice(), libc.clearenv(), libc.environ.length];
  },
  [
    [0, 0, 0, 0, 0, 'EINVAL', 'EINVAL', 'EINVAL', 0],
    ['A=3', 'A=2', 'no sign', '=x', '', 'C==', 'D=4'],
    ['no sign', '=x', '', 'C==', 'D=4'],
    0,
    0,
  ],
);
test(
  'null for limits',
  answers,
  async (libc) => {
    const r = [
      await libc.setrlimit(RLIMIT_CORE, null),
      libc.errno,
      await libc.getrlimit(RLIMIT_CORE, null),
      libc.errno,
    ];
    return r;
  },
  [-1, 14, -1, 14],
);
