/** The end of threads and processes, and the two ways in which a run can break: a bug of the kernel, misuse by the program. */
import test, { type ExecutionContext } from 'ava';
import sinon from 'sinon';
import {
  type Kernel,
  type Libc,
  MisuseError,
  OopsError,
  type Program,
  ProgramError,
  type SockAddr,
  type SockAddrUn,
  throwing,
  type BootOptions,
  boot,
} from '../../index.js';
import {
  AF_INET,
  AF_UNIX,
  NR,
  POLLIN,
  POLLOUT,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from '../../kernel-mock/include/uapi/index.js';
import { msleep, receive, thread } from '../facts.js';
import { nothing_left, run, boot_for } from '../helpers.js';

async function pair(libc: Libc, type = SOCK_STREAM): Promise<[number, number]> {
  const sv: number[] = [];
  await throwing(libc).socketpair(AF_UNIX, type, 0, sv);
  return [sv[0]!, sv[1]!];
}

const NAME: SockAddrUn = { family: AF_UNIX, abstract: 'name' };

async function listener(libc: Libc, backlog: number, type = SOCK_STREAM): Promise<number> {
  const ok = throwing(libc);
  const s = await ok.socket(AF_UNIX, type, 0);
  await ok.bind(s, NAME);
  await ok.listen(s, backlog);
  return s;
}

/** A listening TCP socket and its name. */
async function tcp(libc: Libc, backlog: number): Promise<{ s: number; name: SockAddr }> {
  const ok = throwing(libc);
  const s = await ok.socket(AF_INET, SOCK_STREAM, 0);
  const name = { family: AF_INET, addr: '127.0.0.1', port: 80 } as const;
  await ok.bind(s, name);
  await ok.listen(s, backlog);
  return { s, name };
}

// Wait statuses.

const ends = test.macro({
  async exec(t, program: Program, status: number) {
    t.is(await run(t, {}, program), status);
  },
  title: (title) => `wait status: ${title ?? ''}`,
});

test('returns nothing', ends, async () => {}, 0);
test('returns 0', ends, async () => 0, 0);
test('returns 1', ends, async () => 1, 0x100);
test('returns 255', ends, async () => 255, 0xff00);
test('returns 256', ends, async () => 256, 0);
test('returns 257', ends, async () => 257, 0x100);
test('returns -1', ends, async () => -1, 0xff00);
test('a function that is not async', ends, (() => 3) as unknown as Program, 0x300);
test('exit(0)', ends, async (libc) => libc.exit(0), 0);
test('exit(1)', ends, async (libc) => libc.exit(1), 0x100);
test('exit(255)', ends, async (libc) => libc.exit(255), 0xff00);
test('exit(256)', ends, async (libc) => libc.exit(256), 0);
test('exit(-1)', ends, async (libc) => libc.exit(-1), 0xff00);
test('_exit(3)', ends, async (libc) => libc._exit(3), 0x300);
test('nothing behind exit runs', ends, async (libc) => libc.exit(4).then(() => libc.exit(5)), 0x400);
test(
  'exit of one thread is that of all',
  ends,
  async (libc) => {
    await thread(libc, async (own) => own.exit(6));
    await msleep(libc, 1000);
    return 7;
  },
  0x600,
);
test(
  'of two that call exit the first counts',
  ends,
  async (libc) => {
    for (const status of [8, 9]) await thread(libc, async (own) => own.exit(status));
    await msleep(libc, 1000);
  },
  0x800,
);
test(
  'exit(2) of the first thread: its status counts, once the others are gone',
  ends,
  async (libc) => {
    await thread(libc, async (own) => {
      await msleep(own, 5);
      await own.syscall(NR.exit, 11);
    });
    await libc.syscall(NR.exit, 10);
  },
  0xa00,
);
test(
  'exit(2) of another thread: not its status',
  ends,
  async (libc) => {
    const join = await thread(libc, async (own) => own.syscall(NR.exit, 11));
    await join();
    return 12;
  },
  0xc00,
);
test(
  'SIGPIPE kills',
  ends,
  async (libc) => {
    const [a, b] = await pair(libc);
    await libc.close(b);
    await libc.write(a, 'x');
  },
  13,
);
test(
  'SIGPIPE in a thread kills all',
  ends,
  async (libc) => {
    const [a, b] = await pair(libc);
    await libc.close(b);
    await thread(libc, async (own) => own.write(a, 'x'));
    await msleep(libc, 1000);
  },
  13,
);

// Sleeping calls that the end of the process interrupts.

/** What a thread does that never comes back from it. */
const SLEEPS: Record<string, (own: Libc) => Promise<unknown>> = {
  'read of a stream': async (own) => own.read((await pair(own))[0], new Uint8Array(1)),
  'recv of a stream': async (own) => own.recv((await pair(own))[0], new Uint8Array(1)),
  'recvfrom of datagrams': async (own) => own.recvfrom((await pair(own, SOCK_DGRAM))[0], new Uint8Array(1), 0, {}),
  'recv of records': async (own) => own.recv((await pair(own, SOCK_SEQPACKET))[0], new Uint8Array(1)),
  readv: async (own) => own.readv((await pair(own))[0], [new Uint8Array(1), new Uint8Array(1)]),
  'write to a full stream': async (own) => own.write((await pair(own))[0], new Uint8Array(4e6)),
  'writev to a full stream': async (own) => own.writev((await pair(own))[0], [new Uint8Array(4e6)]),
  'send to a full datagram socket': async (own) => {
    const [a] = await pair(own, SOCK_DGRAM);
    for (;;) await own.send(a, new Uint8Array(10_000));
  },
  accept: async (own) => own.accept(await listener(own, 1)),
  'accept with an address': async (own) => own.accept(await listener(own, 1), {}),
  'accept4 with flags': async (own) => own.accept4(await listener(own, 1), {}, 0o2000000),
  'accept of records': async (own) => own.accept(await listener(own, 1, SOCK_SEQPACKET)),
  'connect to a full queue': async (own) => {
    await listener(own, 0);
    for (;;) await own.connect(await own.socket(AF_UNIX, SOCK_STREAM, 0), NAME);
  },
  'accept of TCP': async (own) => own.accept((await tcp(own, 1)).s),
  'recv of TCP': async (own) => {
    const { s, name } = await tcp(own, 1);
    await own.connect(await own.socket(AF_INET, SOCK_STREAM, 0), name);
    return own.recv(await own.accept(s), new Uint8Array(1));
  },
  'send to a full TCP connection': async (own) => {
    const { name } = await tcp(own, 1);
    const c = await own.socket(AF_INET, SOCK_STREAM, 0);
    await own.connect(c, name);
    for (;;) await own.send(c, new Uint8Array(1e6));
  },
  'connect to a full TCP queue': async (own) => {
    const { name } = await tcp(own, 0);
    for (;;) await own.connect(await own.socket(AF_INET, SOCK_STREAM, 0), name);
  },
  'recvfrom of UDP': async (own) => own.recvfrom(await own.socket(AF_INET, SOCK_DGRAM, 0), new Uint8Array(1), 0, {}),
  poll: async (own) => own.poll([{ fd: (await pair(own))[0], events: POLLIN }], -1),
  'poll with a time limit': async (own) => own.poll([{ fd: (await pair(own))[0], events: POLLIN }], 1e6),
  'poll of two, one twice': async (own) => {
    const [a, b] = await pair(own);
    return own.poll(
      [a, b, a].map((fd) => ({ fd, events: POLLIN })),
      -1,
    );
  },
  futex: async (own) => own.syscall(NR.futex, own.map(new Uint8Array(4)), 0, 0, 0),
  pthread_join: async (own) => {
    const join = await thread(own, async (other) => msleep(other, 1e6));
    await join();
  },
};

/** Where the tasks of now stand, and who stands at their sockets: looked up when asked. All null: nobody waits. */
function wait_queues(kernel: Kernel): () => unknown[] {
  const tasks = [...kernel.internals.tasks.values()];
  const heads = kernel.internals
    .current!.files.fd.map((file) => (file?.private_data as { sk?: { sk_wait: { first: unknown } } } | undefined)?.sk)
    .filter((sk) => sk !== undefined);
  return () => [...tasks.map((task) => task.wait.queue), ...heads.map((sk) => sk.sk_wait.first)];
}

for (const [name, sleep] of Object.entries(SLEEPS)) {
  for (const end of ['exit of the first thread', 'exit of another thread', 'a signal'])
    test(`${name}: ${end} ends it, and nothing is left`, async (t) => {
      const kernel = boot_for(t);
      let asleep = false;
      let waits = (): unknown[] => [];
      const status = await kernel.run(async (libc) => {
        await thread(libc, async (own) => {
          asleep = true;
          await sleep(own);
          asleep = false;
        });
        await msleep(libc, 10);
        waits = wait_queues(kernel);
        if (end === 'exit of the first thread') return 0;
        if (end === 'exit of another thread') await thread(libc, async (own) => own.exit(0));
        else {
          const [a, b] = await pair(libc);
          await libc.close(b);
          await libc.write(a, 'x');
        }
        return msleep(libc, 1e7).then(() => 99);
      });
      t.is(status, end === 'a signal' ? 13 : 0);
      t.true(asleep);
      t.deepEqual([...new Set(waits())], [null], 'somebody still stands in a queue');
      nothing_left(t, kernel);
      // A TCP connection stays in TIME_WAIT for a minute.
      if (!name.includes('TCP')) t.is(kernel.census().timers, 0);
    });

  test(`${name}: another thread closes everything, then all end`, async (t) => {
    const kernel = boot_for(t);
    await kernel.run(async (libc) => {
      await thread(libc, sleep);
      await msleep(libc, 10);
      for (let fd = 0; fd < 300; fd++) await libc.close(fd);
      await msleep(libc, 10);
    });
    nothing_left(t, kernel);
  });
}

test('a thread that has not begun ends with the others', async (t) => {
  let begun = false;
  await run(t, {}, async (libc) => {
    await thread(libc, async () => {
      begun = true;
    });
    return 0;
  });
  t.false(begun);
});

test('the descriptors of a process stay as long as one thread lives', async (t) => {
  await run(t, {}, async (libc) => {
    const [a, b] = await pair(libc);
    await thread(libc, async (own) => {
      await msleep(own, 5);
      await own.write(a, 'still here');
      t.is(await receive(own, b), 'still here');
      await own.exit(0);
    });
    await libc.syscall(NR.exit, 0);
  });
  t.plan(2);
});

test('the queue of waiters is empty afterwards: a later wake-up finds nobody', async (t) => {
  const kernel = boot_for(t);
  const quitter = async (libc: Libc): Promise<void> => {
    await thread(libc, async (own) => {
      const c = await own.socket(AF_UNIX, SOCK_STREAM, 0);
      await own.poll([{ fd: c, events: POLLOUT | POLLIN }], -1);
      await own.connect(c, NAME);
      await own.recv(c, new Uint8Array(1));
    });
    await msleep(libc, 5);
  };
  const client = async (libc: Libc): Promise<void> => {
    await msleep(libc, 10);
    const c = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
    await libc.connect(c, NAME);
    await libc.write(c, 'hello');
  };
  // The connection of the one that quits is accepted first, and is at its end.
  await Promise.all([
    kernel.run(async (libc) => {
      const s = await listener(libc, 5);
      await msleep(libc, 20);
      t.is(await receive(libc, await libc.accept(s)), '');
      t.is(await receive(libc, await libc.accept(s)), 'hello');
    }),
    kernel.run(quitter),
    kernel.run(client),
  ]);
  nothing_left(t, kernel);
});

// Oops.

const idle: Program = async () => 0;

/** Afterwards the kernel runs nothing more, and says why. */
async function stopped(t: ExecutionContext, kernel: Kernel, error: unknown): Promise<void> {
  t.is(await t.throwsAsync(kernel.run(idle)), error as Error);
  t.is(await t.throwsAsync(kernel.run(idle)), error as Error);
}

test('oops: the run fails with task, call, registers and cause', async (t) => {
  const kernel = boot_for(t);
  const cause = new Error('broken by the test');
  const internals: unknown = kernel.internals;
  const { net } = internals as { net: { families: unknown[] } };
  net.families = net.families.slice();
  net.families[AF_UNIX] = {
    create() {
      throw cause;
    },
  };
  const error = await t.throwsAsync(
    kernel.run(async (libc) => libc.socket(AF_UNIX, 2, 0), ['prog']),
    {
      instanceOf: OopsError,
      message:
        /^kernel oops in task 2 \(prog\), socket \(nr 41\), registers \(1, 2, 0, 0, 0, 0\): Error: broken by the test$/,
    },
  );
  t.is(error.cause, cause);
  await stopped(t, kernel, error);
});

test('oops in a call that slept', async (t) => {
  const kernel = boot_for(t);
  const error = await t.throwsAsync(
    kernel.run(async (libc) => {
      const [a, b] = await pair(libc);
      const join = await thread(libc, async (own) => receive(own, a));
      await msleep(libc, 1);
      const file = kernel.internals.current!.files.fd[a]!;
      const { sk } = file.private_data as { sk: { stream: unknown } };
      sk.stream = null;
      await libc.write(b, 'x');
      await join();
    }),
    { instanceOf: OopsError, message: /task \d+ \(a\.out\), \w+ \(nr \d+\).*TypeError/ },
  );
  await stopped(t, kernel, error);
});

test('oops: other runs of the kernel fail with the same report, and their programs stop', async (t) => {
  const kernel = boot_for(t);
  let went_on = false;
  const sleeper = kernel.run(async (libc) => {
    await msleep(libc, 5);
    went_on = true;
  });
  const breaker = kernel.run(async (libc) => {
    (kernel.internals as { console: unknown }).console = null;
    kernel.internals.current!.files.fd[1] = {} as never;
    await libc.puts('x');
  });
  const [a, b] = await Promise.allSettled([sleeper, breaker]);
  t.is(a.status, 'rejected');
  t.is((a as PromiseRejectedResult).reason, (b as PromiseRejectedResult).reason);
  t.true((a as PromiseRejectedResult).reason instanceof OopsError);
  t.false(went_on);
});

/** What the host hangs into the kernel is the host's, but a kernel that is in the middle of something cannot go on. */
const host_throws = test.macro({
  async exec(t, options: (boom: () => never) => BootOptions) {
    const cause = new Error('host');
    const kernel = boot_for(t, {
      output: null,
      ...options(() => {
        throw cause;
      }),
    });
    const error = await t.throwsAsync(
      kernel.run(async (libc) => {
        const [a, b] = await pair(libc);
        const join = await thread(libc, async (own) => receive(own, a));
        await msleep(libc, 1);
        await libc.puts('x');
        await libc.write(b, 'x');
        await join();
        await libc.close(a);
      }),
      { instanceOf: OopsError },
    );
    t.is(error.cause, cause);
    await stopped(t, kernel, error);
  },
  title: (title) => `the host throws in ${title ?? ''}`,
});

test('output', host_throws, (boom) => ({ output: boom }));
test('sys_enter', host_throws, (boom) => ({ trace: { sys_enter: boom } }));
test('sys_exit', host_throws, (boom) => ({ trace: { sys_exit: boom } }));
test('sched_switch', host_throws, (boom) => ({ trace: { sched_switch: boom } }));
test('sched_wakeup', host_throws, (boom) => ({ trace: { sched_wakeup: boom } }));
test('task_exit', host_throws, (boom) => ({ trace: { task_exit: boom } }));
test('fd_close', host_throws, (boom) => ({ trace: { fd_close: boom } }));

// Programs that break their contract.

/** The run fails with `message`, nothing is left, and the kernel goes on. */
const fails = test.macro({
  async exec(t, program: unknown, type: typeof ProgramError | typeof MisuseError, message: RegExp) {
    const kernel = boot_for(t);
    await t.throwsAsync(kernel.run(program as Program, ['prog']), { instanceOf: type, message });
    nothing_left(t, kernel);
    t.is(await kernel.run(async (libc) => libc.getpid().then(() => 3)), 0x300);
    nothing_left(t, kernel);
  },
  title: (title) => `a program that ${title ?? ''}`,
});

const WHO = 'task \\d+ \\(prog\\)';

test(
  'throws',
  fails,
  async () => {
    throw new RangeError('too far');
  },
  ProgramError,
  new RegExp(`^${WHO} threw RangeError: too far$`),
);
test(
  'throws at once',
  fails,
  () => {
    throw new Error('early');
  },
  ProgramError,
  new RegExp(`^${WHO} threw Error: early$`),
);
test(
  'rejects with what is no error',
  fails,
  () => Promise.reject(JSON.parse('"text"') as Error),
  ProgramError,
  new RegExp(`^${WHO} threw text$`),
);
test(
  'throws after calls',
  fails,
  async (libc: Libc) => {
    await pair(libc);
    throw new Error('late');
  },
  ProgramError,
  /threw Error: late/,
);
test(
  'returns text',
  fails,
  async () => 'x',
  ProgramError,
  new RegExp(`^${WHO} .*returned the text 'x', which is no exit status: return a whole number, or nothing`),
);
test(
  'returns an object',
  fails,
  async () => ({}),
  ProgramError,
  /returned an object \(Object\), which is no exit status/,
);
test('returns null', fails, async () => null, ProgramError, /returned null, which is no exit status/);
test('returns 1.5', fails, async () => 1.5, ProgramError, /returned the number 1\.5, which is no exit status/);
test('returns NaN', fails, async () => NaN, ProgramError, /returned NaN/);
test('returns 1n', fails, async () => 1n, ProgramError, /returned the bigint 1/);
test('returns true', fails, async () => true, ProgramError, /returned the boolean true/);
test('returns a function', fails, async () => () => 0, ProgramError, /returned function/);
test(
  'throws in a thread',
  fails,
  async (libc: Libc) => {
    await thread(libc, async () => {
      throw new Error('in a thread');
    });
    await msleep(libc, 1000);
  },
  ProgramError,
  new RegExp(`^${WHO} threw Error: in a thread$`),
);
test(
  'throws while its threads sleep',
  fails,
  async (libc: Libc) => {
    await thread(libc, async (own) => own.read((await pair(own))[0], new Uint8Array(1)));
    await msleep(libc, 1);
    throw new Error('now');
  },
  ProgramError,
  /threw Error: now/,
);
test(
  'throws with a call under way',
  fails,
  async (libc: Libc) => {
    void libc.read((await pair(libc))[0], new Uint8Array(1));
    throw new Error('too early');
  },
  ProgramError,
  /threw Error: too early/,
);
test(
  'returns with a call under way',
  fails,
  async (libc: Libc) => {
    void libc.read((await pair(libc))[0], new Uint8Array(1));
    return 0;
  },
  MisuseError,
  new RegExp(`^${WHO} calls exit_group while its read has not returned: await each call`),
);
test(
  'makes a second call while one sleeps',
  fails,
  async (libc: Libc) => {
    void libc.read((await pair(libc))[0], new Uint8Array(1));
    await libc.getpid();
  },
  MisuseError,
  new RegExp(
    `^${WHO} calls getpid while its read has not returned: await each call, and give each thread its own handle$`,
  ),
);
test(
  'lets a thread use the handle of another that sleeps',
  fails,
  async (libc: Libc) => {
    await thread(libc, async () => libc.getpid());
    await msleep(libc, 10);
  },
  MisuseError,
  /^task 2 \(prog\) calls getpid while its poll has not returned/,
);
test(
  'lets a thread use the handle of one that has ended',
  fails,
  async (libc: Libc) => {
    let other = libc;
    const join = await thread(libc, async (own) => {
      other = own;
    });
    await join();
    await other.getpid();
  },
  MisuseError,
  /^task 3 \(prog\) calls getpid, but it has ended: its handle is dead$/,
);

test('misuse that a program catches leaves everything usable', async (t) => {
  const status = await run(t, {}, async (libc) => {
    const [a, b] = await pair(libc);
    await thread(libc, async (own) => {
      await msleep(own, 5);
      await own.write(b, 'x');
    });
    const buf = new Uint8Array(4);
    const reading = libc.read(a, buf);
    const wrong = [libc.puts('x'), libc.close(a), thread(libc, async () => 0)];
    for (const call of wrong) await t.throwsAsync(call as Promise<unknown>, { instanceOf: MisuseError });
    t.is(await reading, 1);
    t.is(await libc.puts('fine'), 5);
    t.is(await libc.close(a), 0);
    return 4;
  });
  t.is(status, 0x400);
});

test('a handle of a run that is over', async (t) => {
  const kernel = boot_for(t);
  let kept: Libc | undefined;
  await kernel.run(async (libc) => {
    kept = libc;
  });
  await t.throwsAsync(kept!.getpid(), { instanceOf: MisuseError, message: /has ended: its handle is dead/ });
  nothing_left(t, kernel);
});

test('a handle of a kernel that has stopped', async (t) => {
  const kernel = boot_for(t);
  let kept: Libc | undefined;
  await t.throwsAsync(
    kernel.run(async (libc) => {
      kept = libc;
      kernel.internals.current!.files.fd[1] = {} as never;
      await libc.puts('x');
    }),
  );
  const error = await t.throwsAsync(kept!.getpid(), { instanceOf: MisuseError, message: /but the kernel has stopped/ });
  t.true(error.cause instanceof OopsError);
});

for (const [name, value] of Object.entries({ nothing: undefined, null: null, object: {} }))
  test(`not a program: ${name}`, async (t) => {
    const kernel = boot_for(t);
    await t.throwsAsync(kernel.run(value as Program), {
      instanceOf: TypeError,
      message: /^a program is an async function \(libc, argv, env\) => exit status, not /,
    });
    nothing_left(t, kernel);
    t.is(await kernel.run(idle), 0);
  });

test('without a watchdog, a program that waits for the host for ever: its run waits too, and nobody else runs', async (t) => {
  const kernel = boot({ output: null, watchdog: null });
  const never = kernel.run(() => new Promise<never>(() => {}));
  const other = kernel.run(idle);
  const first = await Promise.race([never, other, new Promise((resolve) => setTimeout(resolve, 20, 'neither'))]);
  t.is(first, 'neither');
  t.is(kernel.census().tasks, 2);
});

test.serial(
  'every kernel has a watchdog: who never calls again while others wait is named, and they go on',
  async (t) => {
    const clock = sinon.useFakeTimers({ toFake: ['setInterval'] });
    // A copy of the package, whose timer is the fake one.
    const name = '../../index.js?with-a-timer-of-its-own';
    const fresh = (await import(name)) as { boot: typeof boot };
    const kernel = fresh.boot({ output: null });
    const never = kernel.run(async function lost() {
      return new Promise<never>(() => {});
    });
    const other = kernel.run(async (libc) => libc.sleep(1));
    await Promise.resolve();
    clock.tick(10_000);
    clock.restore();
    await t.throwsAsync(never, {
      message: /^task 2 \(lost\) has the processor and makes no system call: .* awaits calls of its libc only/,
    });
    t.is(await other, 0);
    nothing_left(t, kernel);
  },
);
