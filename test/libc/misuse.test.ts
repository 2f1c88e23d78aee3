// What a C compiler would refuse: an error that says what was wrong, and nothing left of the call in the process that catches it.
import test from 'ava';
import { type Libc, type PthreadT, boot } from '../../index.js';
import { functions } from '../../libc/index.js';
import { chance_of } from '../soak/programs.js';

/** These end the process, wait for what will not come, or are no calls. */
const EXCLUDED =
  /^(pthread_|sem_|exit|_exit|abort|exec|fexecve|posix_spawn|popen|system|fork|vfork|clone|pause|kill|raise|tgkill|atexit|getopt|sigaction|signal|setrlimit|prlimit|setitimer|alarm|sigprocmask|daemon|sigwait$)/;

const WRONG: readonly unknown[] = [
  ...[
    undefined,
    NaN,
    'text',
    {},
    [],
    [null],
    [1],
    null,
    true,
    2n,
    Symbol('s'),
    () => 0,
    { fd: 'x' },
    [{}],
    new Set(['x']),
  ],
  ...[{ family: 1, adr: 'x' }, { family: 2, addr: 5, port: 'x' }, { tv_sec: 'x', tv_nsec: NaN }, { iov: [5] }, [[{}]]],
];
const RIGHT: readonly unknown[] = [0, 1, 3, -1, 8, null, 'd', new Uint8Array(8)];

type Call = (...args: unknown[]) => unknown;

/** What the engine says where nobody has looked before. */
const ENGINE = /Cannot (read|destructure|set)|is not (a function|iterable)/;

test('nothing stays mapped', async (t) => {
  const bad = new Map<string, string>();
  const kernel = boot({ output: null });
  await kernel.run(async (libc: Libc) => {
    const areas = (): number => kernel.census().areas;
    await libc.sigaction(14, { sa_handler: () => undefined }, null);
    const every = { tv_sec: 0, tv_usec: 1000 };
    await libc.setitimer(0, { it_value: every, it_interval: every }, null);
    await libc.socketpair(1, 1, 0, []);
    for (const name of Object.keys(functions).filter((n) => !EXCLUDED.test(n))) {
      const chance = chance_of(name.length * 7919 + name.charCodeAt(0));
      for (let i = 0; i < 60; i++) {
        const wrong = chance(5);
        const args = [0, 1, 2, 3, 4, 5].map((at) => {
          const list = at === wrong || chance(6) === 0 ? WRONG : RIGHT;
          return list[chance(list.length)];
        });
        const before = areas();
        const { sp } = libc;
        try {
          await (libc as unknown as Record<string, Call>)[name]!(...args);
        } catch (error) {
          if (!(error instanceof TypeError || error instanceof RangeError) || ENGINE.test(error.message))
            bad.set(
              `${name}: ${(error as Error).message}`,
              args.map((a) => (typeof a === 'string' ? `'${a}'` : String(a))).join(' | '),
            );
        }
        if (areas() !== before || (sp !== 0 && libc.sp !== sp)) {
          bad.set(
            `${name}: ${areas() - before} areas, ${libc.sp - sp} bytes of stack`,
            args.map((a) => (typeof a === 'string' ? `'${a}'` : String(a))).join(' | '),
          );
        }
      }
    }
  });
  t.deepEqual([...bad], []);
});

/** Areas of a process that does `work` a few times: as many after the tenth as after the first. */
const grows_not = test.macro(async (t, work: (libc: Libc) => Promise<unknown>) => {
  const kernel = boot({ output: null });
  kernel.install('/bin/true', async () => 0);
  const counts: number[] = [];
  await kernel.run(async (libc: Libc) => {
    for (let i = 0; i < 10; i++) {
      await work(libc);
      counts.push(kernel.census().areas);
    }
  });
  t.is(counts[9], counts[0], String(counts));
});

async function caught(call: () => Promise<unknown>): Promise<void> {
  await call().then(
    () => {
      throw new Error('it was accepted');
    },
    (error: unknown) => {
      if (!(error instanceof TypeError)) throw error;
    },
  );
}

/** Cancel a thread that sleeps in `call`, and join it. */
async function cancel_in(libc: Libc, call: (own: Libc) => Promise<unknown>): Promise<void> {
  const pt: PthreadT = {};
  await libc.pthread_create(pt, null, (own: Libc) => call(own), null);
  await libc.poll([], 1);
  await libc.pthread_cancel(pt);
  await libc.pthread_join(pt);
}

async function silent_pipe(libc: Libc): Promise<[number, number]> {
  const fds: number[] = [];
  await libc.pipe(fds);
  return [fds[0]!, fds[1]!];
}

test('a thread that is cancelled in read', grows_not, async (libc) => {
  const [r, w] = await silent_pipe(libc);
  await cancel_in(libc, (own) => own.read(r, new Uint8Array(9)));
  await libc.close(r);
  await libc.close(w);
});
test('a thread that is cancelled in recvmsg', grows_not, async (libc) => {
  const sv: number[] = [];
  await libc.socketpair(1, 1, 0, sv);
  await cancel_in(libc, (own) => own.recvmsg(sv[0]!, { iov: [new Uint8Array(9), new Uint8Array(9)], control: [] }));
  for (const fd of sv) await libc.close(fd);
});
test('a thread that is cancelled in select, with much on its stack', grows_not, async (libc) => {
  const [r, w] = await silent_pipe(libc);
  await cancel_in(libc, async (own) => {
    await own.poll(
      Array.from({ length: 500 }, () => ({ fd: r, events: 1 })),
      0,
    );
    await own.select(r + 1, new Set([r]), null, null, null);
  });
  await libc.close(r);
  await libc.close(w);
});
test('pthread_exit in a handler that interrupts read', grows_not, async (libc) => {
  const [r, w] = await silent_pipe(libc);
  const pt: PthreadT = {};
  await libc.signal(10, (own) => own.pthread_exit(0));
  await libc.pthread_create(pt, null, (own: Libc) => own.read(r, new Uint8Array(9)), null);
  await libc.poll([], 1);
  await libc.pthread_kill(pt, 10);
  await libc.pthread_join(pt);
  await libc.close(r);
  await libc.close(w);
});
test('a mistake in a handler leaves the call that it interrupts alone', async (t) => {
  const kernel = boot({ output: null });
  let got: unknown;
  await kernel.run(async (libc: Libc) => {
    const [r, w] = await silent_pipe(libc);
    await libc.signal(14, async (own) => {
      await caught(() => own.write('x' as never, 'late'));
      await own.write(w, 'data');
    });
    await libc.alarm(1);
    const buf = new Uint8Array(9);
    const n = await libc.read(r, buf);
    got = [n, String.fromCharCode(...buf.subarray(0, n))];
  });
  t.deepEqual(got, [4, 'data']);
});
test('posix_spawn', grows_not, async (libc) => {
  const pid: { value?: number } = {};
  await libc.posix_spawn(pid, '/bin/true', null, null, ['true', 'x'], { A: 'b' });
  await libc.waitpid(pid.value!, null, 0);
});
test('posix_spawn of nothing', grows_not, (libc) => libc.posix_spawn(null, '/bin/none', null, null, ['x']));
test('vfork and _exit, with something on the stack', grows_not, async (libc) => {
  const pid = await libc.vfork(async (child) => {
    await child.pipe([]);
    await child._exit(0);
  });
  await libc.waitpid(pid, null, 0);
});
test('vfork and exec', grows_not, async (libc) => {
  const pid = await libc.vfork(async (child) => {
    await child.execve('/bin/true', ['true'], []);
  });
  await libc.waitpid(pid, null, 0);
});
test('a child has no more than its parent, and its own child no more than it', async (t) => {
  const kernel = boot({ output: null });
  const counts: number[] = [];
  const generation = async (libc: Libc, n: number): Promise<number> => {
    await libc.pipe([]);
    const before = kernel.census().areas;
    const pid = await libc.fork(async (child) => {
      await child.pipe([]);
      counts.push(kernel.census().areas - before);
      if (n > 0) await generation(child, n - 1);
      return 0;
    });
    await libc.waitpid(pid, null, 0);
    return 0;
  };
  await kernel.run((libc) => generation(libc, 4));
  t.deepEqual([...new Set(counts)], [1]);
});

/** What a program is told. */
const told = test.macro({
  async exec(t, call: (libc: Record<string, Call>) => unknown, message: string) {
    const kernel = boot({ output: null });
    await kernel.run(async (libc: Libc) => {
      await t.throwsAsync(async () => call(libc as never), { message });
    });
  },
  title: (_, _call, message: string) => message,
});
test(
  told,
  (libc) => libc['bind']!(3, { family: 1, pth: '/s' }),
  "an AF_UNIX address has 'path' or 'abstract', not 'pth'",
);
test(
  told,
  (libc) => libc['bind']!(3, { family: 1, path: 'a', abstract: 'b' }),
  "an AF_UNIX address has 'path' or 'abstract', not both",
);
test(told, (libc) => libc['bind']!(NaN, { family: 1, path: '/s' }), 'argument 1 of bind is NaN, not a number');
test(told, (libc) => libc['listen']!(3, NaN), 'argument 2 of listen is NaN, not a number');
test(
  told,
  (libc) => libc['bind']!(3, { family: 2, addr: '127.0.0.1', port: NaN }),
  'port is a number from 0 to 65535, not NaN',
);
test(told, (libc) => libc['nanosleep']!({ tv_sec: 1 }), 'tv_nsec is a number, not undefined');
test(
  told,
  (libc) => libc['sigprocmask']!(0, null, 5),
  'a set of signals is a list of them, or a variable that sigemptyset filled in, not the number 5',
);
test(told, (libc) => libc['epoll_ctl']!(3, 1, 0, { data: 1 }), 'events is a number, not undefined');
test(told, (libc) => libc['poll']!([null], 0), 'fds[0] is { fd: undefined, events: undefined }, not two numbers');
test(told, (libc) => libc['fclose']!(3), 'stream is what fopen answered, not the number 3');
test(
  told,
  (libc) => libc['recvmsg']!(3, { control: 'x' }),
  "control is a list of control messages, or their bytes, not the text 'x'",
);
test(told, (libc) => libc['printf']!('%d', 'a'), "'%d' wants a whole number: argument 1 is the text 'a'");
