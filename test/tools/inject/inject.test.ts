/** What the rules do to programs. */
import test from 'ava';
import { type BootOptions, type Libc, type ThrowingLibc, throwing } from '../../../index.js';
import {
  AF_UNIX,
  CLOCK_MONOTONIC,
  FD_CLOEXEC,
  F_GETFD,
  MSG_DONTWAIT,
  O_CLOEXEC,
  O_CREAT,
  O_RDONLY,
  O_RDWR,
  SIGUSR1,
  SOCK_CLOEXEC,
  SOCK_STREAM,
} from '../../../kernel-mock/include/uapi/index.js';
import { RuleError, inject } from '../../../tools/index.js';
import { outcome, thread } from '../../facts.js';
import { boot_for } from '../../helpers.js';

type Fact = (libc: Libc, ok: ThrowingLibc) => Promise<unknown>;

/** What `fact` answers under `rules`, and which of these did nothing. */
const under = test.macro(
  async (
    t,
    rules: readonly string[],
    fact: Fact,
    expected: unknown,
    { idle = [], options = {} }: { idle?: readonly RegExp[]; options?: BootOptions } = {},
  ) => {
    const kernel = boot_for(t, options);
    const injection = inject(kernel, rules);
    let got: unknown = 'nothing';
    const status = await kernel.run(async (libc) => {
      const value = await fact(libc, throwing(libc));
      got = value === -1 ? outcome(libc, -1) : value;
    });
    t.deepEqual((status & 0x7f) === 0 ? got : `signal ${status & 0x7f}`, expected);
    const unmatched = injection.unmatched();
    t.is(unmatched.length, idle.length, unmatched.join('\n'));
    idle.forEach((line, i) => t.regex(unmatched[i]!, line));
  },
);

const socket = async (libc: Libc): Promise<number | string> =>
  outcome(libc, await libc.socket(AF_UNIX, SOCK_STREAM, 0));
/** What `n` sockets in turn answer. */
const sockets =
  (n: number): Fact =>
  async (libc) => {
    const got: unknown[] = [];
    for (let i = 0; i < n; i++) got.push(await socket(libc));
    return got;
  };

test('an error', under, ['socket:error=EMFILE'], sockets(2), ['EMFILE', 'EMFILE']);
test('a value', under, ['socket:retval=77'], sockets(1), [77]);
test('a value that is an error', under, ['socket:retval=-13'], sockets(1), ['EACCES']);
test('the second', under, ['socket:error=EMFILE:when=2'], sockets(3), [3, 'EMFILE', 4]);
test('from the second on', under, ['socket:error=EMFILE:when=2+'], sockets(3), [3, 'EMFILE', 'EMFILE']);
test('every second', under, ['socket:error=EIO:when=1+2'], sockets(4), ['EIO', 3, 'EIO', 4]);
test('the second to the third', under, ['socket:error=EIO:when=2..3'], sockets(4), [3, 'EIO', 'EIO', 4]);
test('several rules on one call', under, ['socket:error=EIO:when=1', 'socket:error=ENOBUFS:when=3'], sockets(3), [
  'EIO',
  3,
  'ENOBUFS',
]);
test('the first value counts', under, ['socket:error=EIO', 'socket:error=EPERM'], sockets(1), ['EIO']);
test(
  'counts are by name',
  under,
  ['socket,dup:error=EIO:when=2'],
  async (libc) => [
    await socket(libc),
    outcome(libc, await libc.dup(0)),
    await socket(libc),
    outcome(libc, await libc.dup(0)),
  ],
  [3, 4, 'EIO', 'EIO'],
);
test(
  'and by task',
  under,
  ['socket:error=EIO:when=2'],
  async (libc) => {
    const other = await thread(libc, (l) => socket(l));
    return [await socket(libc), await other()];
  },
  [3, 4],
  { idle: [/2 calls were as it says, and none was its turn/] },
);
test('what is not called', under, ['accept:error=EIO'], sockets(1), [3], {
  idle: [/^--inject=accept:error=EIO did nothing: no call was as it says$/],
});
test(
  'a name that another call owns',
  under,
  ['indirect:error=EIO', 'timerfd_settime:error=EIO'],
  async (libc, ok) => {
    const fd = await ok.timerfd_create(CLOCK_MONOTONIC, 0);
    const zero = { tv_sec: 0, tv_nsec: 0 };
    return libc.timerfd_settime(fd, 0, { it_interval: zero, it_value: zero });
  },
  'EIO',
  { idle: [/indirect/] },
);
test(
  'a library that falls back',
  under,
  ['accept4:error=ENOSYS'],
  async (libc, ok) => {
    const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    await ok.bind(s, { family: AF_UNIX, abstract: 'x' });
    await ok.listen(s, 1);
    await ok.connect(await ok.socket(AF_UNIX, SOCK_STREAM, 0), { family: AF_UNIX, abstract: 'x' });
    const fd = await ok.accept4(s, null, SOCK_CLOEXEC);
    return [fd, await ok.fcntl(fd, F_GETFD)];
  },
  [5, FD_CLOEXEC],
);
test('a harmless call instead', under, ['socket:syscall=getpid:retval=9'], sockets(1), [9]);

// Selection.
test(
  'by descriptor',
  under,
  ['dup:error=EIO:fd=1'],
  async (libc) => [outcome(libc, await libc.dup(0)), outcome(libc, await libc.dup(1))],
  [3, 'EIO'],
);
test(
  'by path, and by what is open on it',
  under,
  ['%file,%desc:error=EIO:path=/b:when=2+'],
  async (libc, ok) => {
    const a = await ok.open('/a', O_CREAT | O_RDWR, 0o600);
    const b = await ok.open('/b', O_CREAT | O_RDWR, 0o600);
    const read = async (fd: number): Promise<unknown> => outcome(libc, await libc.read(fd, new Uint8Array(1)));
    return [await read(a), await read(b), await read(b), outcome(libc, await libc.open('/b', O_RDONLY))];
  },
  [0, 0, 'EIO', 'EIO'],
);
test(
  'by the beginning of a path',
  under,
  ['openat,open:error=EACCES:path=/etc/*'],
  (libc) => libc.open('/etc/passwd', O_RDONLY),
  'EACCES',
);
test(
  'by flag',
  under,
  ['socket:error=EINVAL:flag=SOCK_CLOEXEC:when=1'],
  async (libc) => [await socket(libc), outcome(libc, await libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))],
  [3, 4],
);
test(
  'by flag, for a raw call',
  under,
  ['pipe2:error=EINVAL:flag=O_CLOEXEC'],
  async (libc) => [await libc.pipe2([0, 0], 0), outcome(libc, await libc.pipe2([0, 0], O_CLOEXEC))],
  [0, 'EINVAL'],
);
test('by argument', under, ['socket:error=EIO:arg1=AF_INET'], sockets(1), [3], { idle: [/no call/] });
test('by a range', under, ['socket:error=EIO:arg1=1..9'], sockets(1), ['EIO']);
test('by a negative argument', under, ['dup:retval=5:arg1=-1'], (libc) => libc.dup(-1), 5);
test(
  'by task',
  under,
  ['socket:error=EIO:task=3'],
  async (libc) => [await socket(libc), await (await thread(libc, (l) => socket(l)))()],
  [3, 'EIO'],
);

// Memory and registers.
test(
  'a poke before the call',
  under,
  ['write:poke_enter=@arg2=4142'],
  async (libc, ok) => {
    const fds: [number, number] = [0, 0];
    await ok.pipe(fds);
    await ok.write(fds[1], 'xyz');
    const buf = new Uint8Array(3);
    await ok.read(fds[0], buf);
    return String.fromCharCode(...buf);
  },
  'ABz',
);
test(
  'a poke after the call',
  under,
  ['read:poke_exit=@arg2=4142'],
  async (libc, ok) => {
    const fds: [number, number] = [0, 0];
    await ok.pipe(fds);
    await ok.write(fds[1], 'xyz');
    const buf = new Uint8Array(3);
    await ok.read(fds[0], buf);
    return String.fromCharCode(...buf);
  },
  'ABz',
);
test(
  'another argument',
  under,
  ['socket:rewrite=@arg2=SOCK_STREAM|SOCK_CLOEXEC'],
  async (libc) => libc.fcntl(Number(await socket(libc)), F_GETFD),
  FD_CLOEXEC,
);

// Short transfers.
const pair = async (ok: ThrowingLibc): Promise<[number, number]> => {
  const sv: [number, number] = [0, 0];
  await ok.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
  return sv;
};
const iov = (...sizes: number[]): Uint8Array[] => sizes.map((size) => new Uint8Array(size));
const SHORT: Readonly<Record<string, Fact>> = {
  write: async (libc, ok) => libc.write((await pair(ok))[0], 'hello'),
  send: async (libc, ok) => libc.send((await pair(ok))[0], 'hello', 0),
  writev: async (libc, ok) => libc.writev((await pair(ok))[0], iov(2, 4, 8)),
  sendmsg: async (libc, ok) => libc.sendmsg((await pair(ok))[0], { iov: iov(2, 4, 8) }, 0),
};
for (const [name, fact] of Object.entries(SHORT))
  test(`short: ${name}`, under, [`${name === 'send' ? 'sendto' : name}:short=3`], fact, 3);
const RECEIVE: Readonly<Record<string, (libc: Libc, fd: number) => Promise<number>>> = {
  read: (libc, fd) => libc.read(fd, new Uint8Array(9)),
  recvfrom: (libc, fd) => libc.recv(fd, new Uint8Array(9), MSG_DONTWAIT),
  readv: (libc, fd) => libc.readv(fd, iov(1, 1, 1, 1, 9)),
  recvmsg: (libc, fd) => libc.recvmsg(fd, { iov: iov(1, 1, 9) }, 0),
};
for (const [name, receive] of Object.entries(RECEIVE))
  test(
    `short: ${name}`,
    under,
    [`${name}:short=3:when=1`],
    async (libc, ok) => {
      const [a, b] = await pair(ok);
      await ok.write(a, 'hello');
      return [await receive(libc, b), await receive(libc, b)];
    },
    [3, 2],
  );
test('short enough already', under, ['write:short=9'], (libc) => libc.write(1, 'x'), 1, {
  idle: [/or could be changed so/],
});

// Signals, delays, sleeps.
test(
  'a signal',
  under,
  ['getpid:signal=USR1:when=2'],
  async (libc, ok) => {
    let caught = 0;
    await ok.sigaction(SIGUSR1, {
      sa_handler: () => {
        caught++;
      },
    });
    const before = (await libc.getpid(), caught);
    return [before, await libc.getpid(), caught];
  },
  [0, 2, 1],
);
test('a signal that kills', under, ['getpid:signal=KILL'], (libc) => libc.getpid(), 'signal 9');
test(
  'a delay',
  under,
  ['getpid:delay_enter=2ms:delay_exit=3000'],
  async (libc, ok) => {
    const [before, after] = [
      { tv_sec: 0, tv_nsec: 0 },
      { tv_sec: 0, tv_nsec: 0 },
    ];
    await ok.clock_gettime(CLOCK_MONOTONIC, before);
    await libc.getpid();
    await ok.clock_gettime(CLOCK_MONOTONIC, after);
    const ns = (after.tv_sec - before.tv_sec) * 1e9 + after.tv_nsec - before.tv_nsec;
    return ns >= 5e6 && ns < 5.1e6;
  },
  true,
);
test(
  'EINTR once',
  under,
  ['read:eintr:when=1'],
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    const other = await thread(libc, async (l) => {
      await l.nanosleep({ tv_sec: 0, tv_nsec: 1000 });
      await l.write(a, 'x');
    });
    const got = [outcome(libc, await libc.read(b, new Uint8Array(1))), await libc.read(b, new Uint8Array(1))];
    await other();
    return got;
  },
  ['EINTR', 1],
);
test('no EINTR where nobody sleeps', under, ['write:eintr'], (libc) => libc.write(1, 'x'), 1, {
  idle: [/did nothing/],
});

// The library.
test('a rule that makes no sense is an exception', (t) => {
  const kernel = boot_for(t);
  t.throws(() => inject(kernel, ['socket']), { instanceOf: RuleError });
});
test("whether a rule fires can be somebody else's choice", async (t) => {
  const kernel = boot_for(t);
  const asked: string[] = [];
  inject(kernel, ['socket:error=EIO'], {
    decide: (rule, task) => {
      asked.push(`${task.pid} ${rule.text}`);
      return asked.length === 2;
    },
  });
  let got: unknown;
  await kernel.run(async (libc) => {
    got = await sockets(3)(libc, throwing(libc));
  });
  t.deepEqual(got, [3, 'EIO', 4]);
  t.deepEqual(asked, Array(3).fill('2 --inject=socket:error=EIO'));
});
test('tracers are told', async (t) => {
  const told: string[] = [];
  const kernel = boot_for(t, { trace: { inject: (task, what, detail) => told.push(`${task.pid} ${what} ${detail}`) } });
  inject(kernel, [
    'getpid:error=EPERM:signal=CHLD:delay_enter=5',
    'write:short=1:rewrite=@arg1=1',
    'pause:eintr',
    'read:poke_enter=@arg2=00',
  ]);
  await kernel.run(async (libc) => {
    await libc.getpid();
    await libc.write(7, 'xx');
    await libc.pause();
    await libc.read(0, new Uint8Array(1));
  });
  t.deepEqual(told, [
    '2 signal SIGCHLD',
    '2 delay 5 us',
    '2 value EPERM',
    '2 rewrite arg1=1',
    '2 rewrite short=1',
    '2 interrupt a signal',
    '2 poke arg2',
  ]);
});
