/** errno, the throwing variant, and what the library says of arguments that no C compiler would let through. */
import test from 'ava';
import { type Libc, type PollFd, type Program, SystemError, throwing } from '../../index.js';
import { functions } from '../../libc/index.js';
import {
  AF_INET,
  AF_UNIX,
  EBADF,
  EINVAL,
  F_GETFD,
  NR,
  SIGPIPE,
  SOCK_CLOEXEC,
  SOCK_STREAM,
} from '../../kernel-mock/include/uapi/index.js';
import { answers, msleep, thread } from '../facts.js';
import { run, boot_for } from '../helpers.js';

test('errno is 0 at the start', answers, async (libc) => libc.errno, 0);
test('a failure sets it', answers, async (libc) => [await libc.close(99), libc.errno], [-1, EBADF]);
test(
  'a success keeps it',
  answers,
  async (libc) => {
    await libc.close(99);
    const sv: number[] = [];
    const kept = [];
    for (const call of [
      async () => libc.getpid(),
      async () => libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv),
      async () => libc.fcntl(sv[0]!, F_GETFD),
      async () => libc.write(sv[0]!, 'x'),
      async () => libc.poll([], 1),
      async () => libc.puts('x'),
      async () => libc.getsockname(sv[0]!, {}),
      async () => libc.signal(SIGPIPE, 1),
      async () => libc.pthread_join({}),
      async () => libc.syscall(NR.getpid),
      async () => libc.close(sv[0]!),
    ]) {
      await call();
      kept.push(libc.errno);
    }
    return [...new Set(kept)];
  },
  [EBADF],
);
test(
  'each thread has its own',
  answers,
  async (libc) => {
    const join = await thread(libc, async (own) => {
      const at_start = own.errno;
      await own.close(99);
      await msleep(own, 10);
      return [at_start, own.errno];
    });
    await msleep(libc, 5);
    await libc.poll(new Array<PollFd>(5000).fill({ fd: 0, events: 0 }), 0);
    return [await join(), libc.errno];
  },
  [[0, EBADF], EINVAL],
);
test(
  'a program can set it',
  answers,
  async (libc) => {
    libc.errno = 42;
    await libc.getpid();
    return libc.errno;
  },
  42,
);

// The throwing variant.

/** A call fails with an error of this shape. */
const throws = test.macro({
  async exec(
    t,
    call: (ok: ReturnType<typeof throwing>, libc: Libc) => Promise<unknown>,
    shape: object,
    message: string,
  ) {
    await run(t, {}, async (libc) => {
      const error = await t.throwsAsync(call(throwing(libc), libc), { instanceOf: SystemError });
      const { code, errno, syscall, name } = error;
      t.deepEqual({ code, errno, syscall, name, message: error.message }, {
        ...shape,
        name: 'Error',
        message,
      } as never);
      t.is(String(error), `Error: ${message}`);
    });
  },
  title: (title) => `throwing: ${title ?? ''}`,
});

test(
  'close',
  throws,
  async (ok) => ok.close(99),
  { code: 'EBADF', errno: -9, syscall: 'close' },
  'EBADF: bad file descriptor, close',
);
test(
  'accept4',
  throws,
  async (ok) => ok.accept4(0, null, 0),
  { code: 'ENOTSOCK', errno: -88, syscall: 'accept4' },
  'ENOTSOCK: socket operation on non-socket, accept4',
);
test(
  'connect',
  throws,
  async (ok) => ok.connect(await ok.socket(AF_UNIX, SOCK_STREAM, 0), { family: AF_UNIX, path: '/none' }),
  { code: 'ENOENT', errno: -2, syscall: 'connect' },
  'ENOENT: no such file or directory, connect',
);
test(
  'recv that would sleep',
  throws,
  async (ok) => {
    const sv: number[] = [];
    await ok.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    return ok.recv(sv[0]!, new Uint8Array(1), 0x40);
  },
  { code: 'EAGAIN', errno: -11, syscall: 'recv' },
  'EAGAIN: resource temporarily unavailable, recv',
);
test(
  'pthread_join',
  throws,
  async (ok) => ok.pthread_join({}),
  { code: 'ESRCH', errno: -3, syscall: 'pthread_join' },
  'ESRCH: no such process, pthread_join',
);
test(
  'syscall',
  throws,
  async (ok) => ok.syscall(9999),
  { code: 'ENOSYS', errno: -38, syscall: 'syscall' },
  'ENOSYS: function not implemented, syscall',
);
test(
  'signal',
  throws,
  async (ok) => ok.signal(99, 1),
  { code: 'EINVAL', errno: -22, syscall: 'signal' },
  'EINVAL: invalid argument, signal',
);

test('throwing: every function of the library, and results as they are', async (t) => {
  await run(t, {}, async (libc) => {
    const ok = throwing(libc);
    t.deepEqual(Object.keys(ok).sort(), Object.keys(functions).sort());
    t.is(await ok.getpid(), 2);
    t.is(await ok.pthread_create(null, null, async () => 0, null), 0);
    t.is(ok.getenv('NONE'), null);
    t.is(ok.strerror(1), 'Operation not permitted');
    t.is(await ok.perror('x'), undefined);
    t.is(libc.errno, 0);
  });
});

test('throwing: errno is set as well, and belongs to the thread', async (t) => {
  await run(t, {}, async (libc) => {
    await t.throwsAsync(throwing(libc).close(99));
    t.is(libc.errno, EBADF);
  });
});

test('throwing: an error nobody catches ends the run, and tells the call', async (t) => {
  const program: Program = async (libc) => {
    await throwing(libc).close(99);
  };
  await t.throwsAsync(boot_for(t).run(program, ['prog']), {
    message: 'task 2 (prog) threw Error: EBADF: bad file descriptor, close',
  });
});

test('errors without a name of their own', (t) => {
  const { code, message } = new SystemError('f', 4000);
  t.deepEqual([code, message], ['E4000', 'E4000: unknown error 4000, f']);
});

// Arguments of no meaning: the error names what was wrong, and the kernel is not entered.

const refuses = test.macro({
  async exec(t, call: (libc: Loose) => unknown, message: RegExp) {
    const kernel = boot_for(t);
    const calls: number[] = [];
    await kernel.run(async (libc) => {
      kernel.set_trace({ sys_enter: (task) => calls.push(task.nr) });
      const error = await t.throwsAsync(async () => call(libc as unknown as Loose), { message });
      t.true(error instanceof TypeError || error instanceof RangeError, String(error));
      kernel.set_trace(null);
      t.is(await libc.getpid(), 2);
    });
    t.deepEqual(calls, []);
  },
  title: (title) => `refused: ${title ?? ''}`,
});

/** The library without its types. */
type Loose = Record<string, (...args: readonly unknown[]) => Promise<unknown>>;

const BUFFER = /^a buffer is a Uint8Array or null, not /;
const ADDRESS =
  /^a socket address is \{ family: AF_INET, addr, port \}, the same of AF_INET6, \{ family: AF_UNIX, path \} or a Uint8Array/;

test("close('1')", refuses, (libc) => libc.close!('1'), /^argument 1 of close is the text '1', not a number$/);
test('close(null)', refuses, (libc) => libc.close!(null), /^argument 1 of close is null, not a number$/);
test('close(1n)', refuses, (libc) => libc.close!(1n), /^argument 1 of close is the bigint 1, not a number$/);
test('close({})', refuses, (libc) => libc.close!({}), /^argument 1 of close is an object \(Object\), not a number$/);
test(
  'listen(1, text)',
  refuses,
  (libc) => libc.listen!(1, 'x'),
  /^argument 2 of listen is the text 'x', not a number$/,
);
test('listen(1, NaN)', refuses, (libc) => libc.listen!(1, NaN), /^argument 2 of listen is NaN, not a number$/);
test('close(NaN)', refuses, (libc) => libc.close!(NaN), /^argument 1 of close is NaN, not a number$/);
test('socket(1, NaN, 0)', refuses, (libc) => libc.socket!(1, NaN, 0), /^argument 2 of socket is NaN, not a number$/);
test('fcntl(1, 2, null)', refuses, (libc) => libc.fcntl!(1, 2, null), /^argument 3 of fcntl is null, not a number$/);
test(
  "fcntl(1, 2, '1')",
  refuses,
  (libc) => libc.fcntl!(1, 2, '1'),
  /^argument 3 of fcntl is the text '1', not a number$/,
);
test('read without a buffer', refuses, (libc) => libc.read!(0), BUFFER);
test('read into text', refuses, (libc) => libc.read!(0, 'x'), /^a buffer is a Uint8Array or null, not the text 'x'$/);
test('read into an array', refuses, (libc) => libc.read!(0, [1, 2]), /not an object \(Array\)$/);
test(
  'read into an ArrayBuffer',
  refuses,
  (libc) => libc.read!(0, new ArrayBuffer(4)),
  /not an object \(ArrayBuffer\)$/,
);
test('read into a DataView', refuses, (libc) => libc.read!(0, new DataView(new ArrayBuffer(4))), BUFFER);
test('write without a buffer', refuses, (libc) => libc.write!(1), BUFFER);
test('write of a number', refuses, (libc) => libc.write!(1, 5), /not the number 5$/);
test('send without a buffer', refuses, (libc) => libc.send!(1), BUFFER);
test('sendto without a buffer', refuses, (libc) => libc.sendto!(1, undefined, 0, null), BUFFER);
test('recv without a buffer', refuses, (libc) => libc.recv!(1), BUFFER);
test('recvfrom without a buffer', refuses, (libc) => libc.recvfrom!(1, undefined, 0, null), BUFFER);
test('readv without a list', refuses, (libc) => libc.readv!(0), /^iov is a list of buffers, not undefined$/);
test(
  'readv into one buffer',
  refuses,
  (libc) => libc.readv!(0, new Uint8Array(3)),
  /^iov is a list of buffers, not an object \(Uint8Array\)$/,
);
test('readv into text', refuses, (libc) => libc.readv!(0, [new Uint8Array(1), 'x']), BUFFER);
test('writev of null', refuses, (libc) => libc.writev!(1, null), /^iov is a list of buffers, not null$/);
test(
  'poll without a list',
  refuses,
  (libc) => libc.poll!(undefined, 0),
  /^fds is a list of \{ fd, events \}, not undefined$/,
);
test(
  'poll without a descriptor',
  refuses,
  (libc) => libc.poll!([{ events: 1 }], 0),
  /^fds\[0\] is \{ fd: undefined, events: the number 1 \}, not two numbers$/,
);
test(
  'poll without events',
  refuses,
  (libc) => libc.poll!([{ fd: 1, events: 1 }, { fd: 2 }], 0),
  /^fds\[1\] is \{ fd: the number 2, events: undefined \}/,
);
test('bind to undefined', refuses, (libc) => libc.bind!(1, undefined), ADDRESS);
test('bind to text', refuses, (libc) => libc.bind!(1, '/path'), ADDRESS);
test('bind to an address without a family', refuses, (libc) => libc.bind!(1, { path: '/x' }), ADDRESS);
test('connect to a number', refuses, (libc) => libc.connect!(1, 5), ADDRESS);
test('sendto undefined', refuses, (libc) => libc.sendto!(1, 'x', 0, undefined), ADDRESS);
test(
  'bind to a port that is text',
  refuses,
  (libc) => libc.bind!(1, { family: AF_INET, addr: '127.0.0.1', port: '80' }),
  /^port is a number from 0 to 65535, not 80$/,
);
test(
  'bind to an address without a port',
  refuses,
  (libc) => libc.bind!(1, { family: AF_INET, addr: '127.0.0.1' }),
  /^port is a number from 0 to 65535, not undefined$/,
);
test(
  'bind to a port without an address',
  refuses,
  (libc) => libc.bind!(1, { family: AF_INET, port: 80 }),
  /^addr is an IPv4 address such as '127\.0\.0\.1', not 'undefined'$/,
);
test(
  'bind to a path that is a number',
  refuses,
  (libc) => libc.bind!(1, { family: AF_UNIX, path: 5 }),
  /^path is text, not the number 5$/,
);
test(
  'bind to an abstract name of bytes',
  refuses,
  (libc) => libc.bind!(1, { family: AF_UNIX, abstract: new Uint8Array(3) }),
  /^abstract is text, not an object \(Uint8Array\)$/,
);
test('setsockopt of text', refuses, (libc) => libc.setsockopt!(1, 1, 2, 'x'), BUFFER);
test('getsockopt into undefined', refuses, (libc) => libc.getsockopt!(1, 1, 2, undefined), /optval/);
test(
  'signal with a text',
  refuses,
  (libc) => libc.signal!(SIGPIPE, 'x'),
  /^a signal handler is SIG_DFL, SIG_IGN or a function/,
);
test(
  'pthread_create without a routine',
  refuses,
  (libc) => libc.pthread_create!(null, null),
  /^start_routine is a function \(libc, arg\) => value, not undefined$/,
);
test(
  'pthread_join of nothing',
  refuses,
  (libc) => libc.pthread_join!(),
  /^thread is a variable that pthread_create filled in, not undefined$/,
);
test(
  'pthread_detach of null',
  refuses,
  (libc) => libc.pthread_detach!(null),
  /^thread is a variable that pthread_create filled in, not null$/,
);
test('printf without a format', refuses, (libc) => libc.printf!(), /^a format is text, not undefined$/);
test('dprintf of a number', refuses, (libc) => libc.dprintf!(1, 5), /^a format is text, not the number 5$/);
test('syscall without a number', refuses, (libc) => libc.syscall!(), /^the number of a system call is not undefined$/);
test(
  'syscall by name',
  refuses,
  (libc) => libc.syscall!('getpid'),
  /^the number of a system call is not the text 'getpid'$/,
);
test('syscall with text', refuses, (libc) => libc.syscall!(1, 1, 'x'), BUFFER);
test('syscall with undefined', refuses, (libc) => libc.syscall!(1, 1, undefined), BUFFER);
test(
  'syscall with seven registers',
  refuses,
  (libc) => libc.syscall!(1, 1, 2, 3, 4, 5, 6, 7),
  /^a system call has six registers, not 7$/,
);
test(
  'getrlimit into nothing',
  refuses,
  (libc) => libc.getrlimit!(7),
  /^rlim is \{ rlim_cur, rlim_max \}, not undefined$/,
);
test(
  'setrlimit of half',
  refuses,
  (libc) => libc.setrlimit!(7, { rlim_cur: 5 }),
  /^rlim_max is a number, not undefined$/,
);
test(
  'setrlimit of text',
  refuses,
  (libc) => libc.setrlimit!(7, { rlim_cur: '5', rlim_max: 10 }),
  /^rlim_cur is a number, not the text '5'$/,
);

test('what was refused leaves nothing mapped and nothing on the stack', async (t) => {
  await run(t, {}, async (libc) => {
    const loose = libc as unknown as Loose;
    await libc.poll([], 0);
    const { sp } = libc;
    for (let i = 0; i < 200; i++) {
      await loose.poll!([{ fd: 'x', events: 1 }], 0).catch(() => {});
      await loose.readv!(0, ['x']).catch(() => {});
    }
    t.is(libc.sp, sp);
  });
});
