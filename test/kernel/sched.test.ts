/** Who runs when: what programs see of the scheduler, and what the host sees when nothing can run. */
import test, { type ExecutionContext } from 'ava';
import {
  DeadlockError,
  type Libc,
  OopsError,
  type Policy,
  type PollFd,
  type Program,
  type PthreadT,
  type SockAddrOut,
  type Task,
  throwing,
} from '../../index.js';
import { AF_INET, AF_UNIX, NR, POLLIN, SOCK_DGRAM, SOCK_STREAM } from '../../kernel-mock/include/uapi/index.js';
import { event_log } from '../../tools/eventlog.js';
import { msleep, receive, thread } from '../facts.js';
import { nothing_left, run, boot_for } from '../helpers.js';

async function pair(libc: Libc): Promise<[number, number]> {
  const sv: number[] = [];
  await throwing(libc).socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
  return [sv[0]!, sv[1]!];
}

// Run until it sleeps.

test('a task runs until it sleeps; who was woken first runs first', async (t) => {
  const log: string[] = [];
  await run(t, {}, async (libc) => {
    const [a, b] = await pair(libc);
    const joins = [];
    for (const name of ['one', 'two'])
      joins.push(
        await thread(libc, async (own) => {
          log.push(`${name} begins`);
          await own.getpid();
          log.push(`${name} reads`);
          log.push(`${name} read ${await receive(own, b, 1)}`);
        }),
      );
    log.push('both made');
    await libc.getpid();
    log.push('main sleeps');
    await msleep(libc, 1);
    log.push('main writes');
    await libc.write(a, 'x');
    await libc.write(a, 'y');
    log.push('main joins');
    for (const join of joins) await join();
  });
  t.deepEqual(log, [
    'both made',
    'main sleeps',
    'one begins',
    'one reads',
    'two begins',
    'two reads',
    'main writes',
    'main joins',
    'two read x',
    'one read y',
  ]);
});

test('a task that never sleeps loses the processor after its time slice', async (t) => {
  let turns = 0;
  await run(t, {}, async (libc) => {
    let done = false;
    const join = await thread(libc, async (own) => {
      await own.getpid();
      done = true;
    });
    while (!done && turns < 100_000) {
      turns++;
      await libc.poll([], 0);
    }
    await join();
  });
  t.true(turns > 100 && turns <= 2000, `${turns} calls`);
});

test('two tasks that never sleep share the processor', async (t) => {
  const count = [0, 0];
  await run(t, {}, async (libc) => {
    const spin = async (own: Libc, i: number): Promise<void> => {
      while (count[0]! + count[1]! < 20_000) {
        count[i]!++;
        await own.getpid();
      }
    };
    const join = await thread(libc, (own) => spin(own, 1));
    await spin(libc, 0);
    await join();
  });
  t.true(Math.abs(count[0]! - count[1]!) <= 3000, count.join());
});

test('a task that never sleeps does not hold up timers', async (t) => {
  await run(t, {}, async (libc) => {
    let woken = false;
    const join = await thread(libc, async (own) => {
      await msleep(own, 5);
      woken = true;
    });
    let calls = 0;
    while (!woken && calls < 100_000) {
      calls++;
      await libc.getpid();
    }
    await join();
    // A call takes a microsecond.
    t.true(calls >= 5000 && calls <= 9000, `${calls} calls`);
  });
});

test('to wait for the host keeps the processor', async (t) => {
  const log: string[] = [];
  await run(t, {}, async (libc) => {
    const join = await thread(libc, async () => {
      log.push('thread');
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    log.push('main');
    await join();
  });
  t.deepEqual(log, ['main', 'thread']);
});

// Policies.

/** Three threads that each put down their letter three times, a call between. */
const letters =
  (log: string[]): Program =>
  async (libc) => {
    const joins = [];
    for (const letter of ['a', 'b', 'c'])
      joins.push(
        await thread(libc, async (own) => {
          for (let i = 0; i < 3; i++) {
            log.push(letter);
            await own.getpid();
          }
        }),
      );
    for (const join of joins) await join();
  };

const orders = test.macro({
  async exec(t, policy: Policy | null, expected: string) {
    const log: string[] = [];
    await run(t, policy === null ? {} : { policy }, letters(log));
    t.is(log.join(''), expected);
  },
  title: (title) => `order of calls: ${title ?? ''}`,
});

test('no policy', orders, null, 'aaabbbccc');
test('the one that waits longest', orders, { pick: () => 0 }, 'aababcbcc');
test('the one that came last', orders, { pick: (ready) => ready.length - 1 }, 'cccbbbaaa');
test('the highest number', orders, { pick: (r) => r.reduce((m, x, i) => (x.pid > r[m]!.pid ? i : m), 0) }, 'aaabbbccc');

test('a policy is asked at every call, with all that could run', async (t) => {
  const seen: number[][] = [];
  const policy: Policy = {
    pick(ready: readonly Task[]) {
      seen.push(ready.map((task) => task.pid));
      return 0;
    },
  };
  await run(t, { policy }, async (libc) => {
    const join = await thread(libc, async (own) => {
      await own.getpid();
    });
    await libc.getpid();
    await join();
  });
  // main's getpid, the thread's getpid, main's futex, the thread's exit: each time both could run, the caller last.
  t.deepEqual(seen.slice(0, 2), [
    [3, 2],
    [2, 3],
  ]);
  t.true(seen.every((pids) => pids.length === 2));
});

test('a policy is not asked when there is no choice', async (t) => {
  const policy: Policy = { pick: () => t.fail() };
  await run(t, { policy }, async (libc) => {
    for (let i = 0; i < 10; i++) await libc.getpid();
    await msleep(libc, 1);
  });
  t.pass();
});

test('what one policy does to effects, another undoes: both orders of a race', async (t) => {
  const winner = async (policy: Policy): Promise<string> => {
    let first = '';
    await run(t, { policy }, async (libc) => {
      const joins = [];
      for (const name of ['a', 'b'])
        joins.push(
          await thread(libc, async (own) => {
            await own.getpid();
            first ||= name;
          }),
        );
      for (const join of joins) await join();
    });
    return first;
  };
  t.is(await winner({ pick: () => 0 }), 'a');
  t.is(await winner({ pick: (ready) => ready.length - 1 }), 'b');
});

/** What the policy does wrong is reported as an oops of the run; the kernel has stopped in the middle of a switch. */
const breaks = test.macro({
  async exec(t, pick: (ready: readonly Task[]) => number, message: RegExp) {
    const kernel = boot_for(t, { policy: { pick } });
    const error = await t.throwsAsync(kernel.run(letters([])), { instanceOf: OopsError, message });
    t.regex(error.message, /task \d+ \(a\.out\), \w+ \(nr \d+\), registers \(/);
    t.is(await t.throwsAsync(kernel.run(letters([]))), error);
  },
  title: (title) => `a policy that ${title ?? ''}`,
});

test('picks behind the end', breaks, (ready) => ready.length, /RangeError: the scheduling policy picked 2 of 2 tasks/);
test('picks before the start', breaks, () => -1, /picked -1 of 2 tasks/);
test('picks between two', breaks, () => 0.5, /picked 0\.5 of 2 tasks/);
test('picks nothing', breaks, () => undefined as unknown as number, /picked undefined of 2 tasks/);
test(
  'throws',
  breaks,
  () => {
    throw new Error('I give up');
  },
  /Error: I give up/,
);

// Dead lock.

test('dead lock: who waits for what', async (t) => {
  const kernel = boot_for(t);
  const stuck: Program = async (libc) => {
    const [a] = await pair(libc);
    await thread(libc, async (own) => {
      await own.syscall(NR.futex, own.map(new Uint8Array(4)), 0, 0, 0);
    });
    await thread(libc, async (own) => {
      await own.poll([{ fd: a, events: POLLIN }], -1);
    });
    await libc.read(a, new Uint8Array(16));
  };
  const { message } = await t.throwsAsync(kernel.run(stuck, ['stuck']), { instanceOf: DeadlockError });
  const lines = message.split('\n');
  t.is(lines[0], 'dead lock: every task sleeps and no timer is set');
  t.is(lines.length, 4);
  t.regex(lines[1]!, /^ {2}task 2 \(stuck\) in read\(3, 0x\w+, 0x10, 0, 0, 0\) waits for bytes on a UNIX stream$/);
  t.regex(lines[2]!, /^ {2}task 3 \(stuck\) in futex\(0x\w+, 0, 0, 0, 0, 0\) waits for a futex at 0x\w+$/);
  t.regex(lines[3]!, /^ {2}task 4 \(stuck\) in poll\(0x\w+, 1, -1, 0, 0, 0\) waits for one of 1 descriptors$/);
  nothing_left(t, kernel);
  t.is(kernel.census().timers, 0);
  t.is(await kernel.run(async () => 5), 5 << 8, 'the kernel is usable');
  nothing_left(t, kernel);
});

test('dead lock of two runs: both fail, with the same report', async (t) => {
  const kernel = boot_for(t);
  const wait: Program = async (libc) => {
    const [a] = await pair(libc);
    await libc.read(a, new Uint8Array(1));
  };
  const results = await Promise.allSettled([kernel.run(wait, ['first']), kernel.run(wait, ['second'])]);
  const reasons = results.map((r) => (r.status === 'rejected' ? (r.reason as unknown) : null));
  t.true(reasons[0] instanceof DeadlockError);
  t.is(reasons[0], reasons[1]);
  t.regex((reasons[0] as Error).message, /\(first\) in read.*\n.*\(second\) in read/);
  nothing_left(t, kernel);
});

test('two threads that each wait for the other', async (t) => {
  const kernel = boot_for(t);
  const error = await t.throwsAsync(
    kernel.run(async (libc) => {
      const [a, b] = await pair(libc);
      await thread(libc, async (own) => {
        await receive(own, a);
        await own.write(a, 'x');
      });
      await receive(libc, b);
      await libc.write(b, 'x');
    }),
    { instanceOf: DeadlockError },
  );
  t.is(error.message.split('\n').length, 3);
  nothing_left(t, kernel);
});

test('no dead lock while a timer is set', async (t) => {
  const status = await run(t, {}, async (libc) => {
    const [a] = await pair(libc);
    const fds: PollFd[] = [{ fd: a, events: POLLIN }];
    return libc.poll(fds, 60_000);
  });
  t.is(status, 0);
});

// Runs at once.

test('server and client as two runs of one kernel', async (t) => {
  const kernel = boot_for(t);
  const addr = { family: AF_UNIX, abstract: 'service' } as const;
  const server: Program = async (libc) => {
    const ok = throwing(libc);
    const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    await ok.bind(s, addr);
    await ok.listen(s, 5);
    for (let i = 0; i < 3; i++) {
      const c = await ok.accept(s);
      await ok.write(c, (await receive(libc, c)).toUpperCase());
      await ok.close(c);
    }
    return 7;
  };
  const client: Program = async (libc, argv) => {
    const ok = throwing(libc);
    const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    await ok.connect(s, addr);
    await ok.write(s, argv[1]!);
    return (await receive(libc, s)) === argv[1]!.toUpperCase() ? 0 : 1;
  };
  const statuses = await Promise.all([
    kernel.run(server),
    ...['a', 'bb', 'ccc'].map((word) => kernel.run(client, ['client', word])),
  ]);
  t.deepEqual(statuses, [7 << 8, 0, 0, 0]);
  nothing_left(t, kernel);
});

test('runs one after the other have numbers of their own', async (t) => {
  const kernel = boot_for(t);
  const pids: number[] = [];
  for (let i = 0; i < 3; i++)
    await kernel.run(async (libc) => {
      pids.push(await libc.getpid());
      t.is(await libc.getppid(), 1);
      t.is(await libc.gettid(), pids.at(-1)!);
    });
  t.deepEqual(pids, [2, 3, 4]);
});

test('1,000 threads', async (t) => {
  let sum = 0;
  await run(t, {}, async (libc) => {
    const joins = [];
    for (let i = 0; i < 1000; i++)
      joins.push(
        await thread(libc, async (own) => {
          await msleep(own, 1000 - i);
          return i;
        }),
      );
    for (const join of joins) sum += await join();
    t.is(libc.cpu.memory.bytes(0), undefined);
  });
  t.is(sum, 499_500);
});

// The same seed gives the same run.

/** Threads, sockets and timers; a name that the kernel chooses. */
const busy: Program = async (libc) => {
  const ok = throwing(libc);
  const [a, b] = await pair(libc);
  const joins: PthreadT[] = [];
  for (let i = 0; i < 4; i++) {
    const pt: PthreadT = {};
    joins.push(pt);
    await libc.pthread_create(
      pt,
      null,
      async (own, n: number) => {
        await msleep(own, n % 3);
        await own.write(a, `${n}`);
        await own.getpid();
        await own.read(b, new Uint8Array(1));
      },
      i,
    );
  }
  for (const pt of joins) await libc.pthread_join(pt);
  const s = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
  await ok.bind(s, { family: AF_UNIX });
};

const log_of = async (t: ExecutionContext, seed: number, program: Program, policy?: Policy): Promise<string[]> => {
  const lines: string[] = [];
  const trace = event_log((line) => lines.push(line));
  await boot_for(t, { seed, trace, ...(policy === undefined ? {} : { policy }) }).run(program);
  return lines;
};

test('the same seed twice: the same events', async (t) => {
  const first = await log_of(t, 1, busy);
  t.true(first.length > 60);
  t.deepEqual(await log_of(t, 1, busy), first);
});

test('a seed decides nothing where there is no chance', async (t) => {
  t.deepEqual(await log_of(t, 2, busy), await log_of(t, 1, busy));
});

test('a policy decides the order', async (t) => {
  const last: Policy = { pick: (ready) => ready.length - 1 };
  const first: Policy = { pick: () => 0 };
  t.deepEqual(await log_of(t, 1, busy, first), await log_of(t, 1, busy, first));
  t.notDeepEqual(await log_of(t, 1, busy, last), await log_of(t, 1, busy, first));
});

/** Three sockets whose ports the kernel chooses. */
const ports: Program = async (libc) => {
  const ok = throwing(libc);
  for (const type of [SOCK_STREAM, SOCK_DGRAM, SOCK_DGRAM]) {
    const name: SockAddrOut = {};
    const s = await ok.socket(AF_INET, type, 0);
    await ok.bind(s, { family: AF_INET, addr: '127.0.0.1', port: 0 });
    await ok.getsockname(s, name);
    await ok.printf('%d\n', name.port);
  }
};

const ports_of = async (t: ExecutionContext, seed: number): Promise<string> => {
  const kernel = boot_for(t, { seed });
  await kernel.run(ports);
  return kernel.output();
};

test('ports that the kernel chooses: the same for the same seed, others for another', async (t) => {
  const seeds = [1, 2, 3, 4];
  const first = await Promise.all(seeds.map((seed) => ports_of(t, seed)));
  t.deepEqual(await Promise.all(seeds.map((seed) => ports_of(t, seed))), first);
  t.is(new Set(first).size, 4);
  for (const three of first) t.is(new Set(three.split('\n')).size, 4);
});

test('names that the kernel counts: the same for every seed', async (t) => {
  const name_of = async (seed: number): Promise<SockAddrOut> => {
    const name: SockAddrOut = {};
    await boot_for(t, { seed }).run(async (libc) => {
      const s = await libc.socket(AF_UNIX, SOCK_DGRAM, 0);
      await libc.bind(s, { family: AF_UNIX });
      await libc.getsockname(s, name);
    });
    return name;
  };
  t.deepEqual(await name_of(1), await name_of(2));
});
