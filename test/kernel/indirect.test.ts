import test, { type ExecutionContext } from 'ava';
import { type Kernel, type Libc, type Task, type ThrowingLibc, throwing } from '../../index.js';
import {
  AF_UNIX,
  FD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  NR,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  SIGPIPE,
  SIG_IGN,
  SOCK_STREAM,
} from '../../kernel-mock/include/uapi/index.js';
import { msleep, outcome, text, thread } from '../facts.js';
import { RELEASES, nothing_left, boot_for } from '../helpers.js';
import { A, B, client, listener, pair } from '../net/unix/fixtures.js';

const V1 = '2.6.24-rc3-indirect-v1';
const V3 = '2.6.24-rc3-indirect-v3';
const V5 = '2.6.24-rc3-indirect-v5';
const GENERATIONS = [V1, V3, V5] as const;
/** The rules of v5; its longer list is in the rows of `listed`. */
const NEXT = 'indirect-next';
type Generation = (typeof GENERATIONS)[number];

/** struct indirect_registers. */
function registers(nr: number | bigint, ...args: number[]): Uint8Array {
  const slots = [BigInt(nr), ...args.map(BigInt)];
  return new Uint8Array(BigInt64Array.from({ length: 7 }, (_, i) => BigInt.asIntN(64, slots[i] ?? 0n)).buffer);
}

/** union indirect_params with these flags. */
function file_flags(flags: number): Uint8Array {
  return new Uint8Array(Int32Array.of(flags).buffer);
}

const SOCKET = registers(NR.socket, AF_UNIX, SOCK_STREAM, 0);

function all_zero(tasks: Iterable<Task>): boolean {
  return [...tasks].every((task) => task.indirect_params === 0);
}

type Fact = (libc: Libc, ok: ThrowingLibc, kernel: Kernel) => Promise<unknown>;

/** What `fact` answers on `release`. Whatever it did, no task keeps parameters, and nothing is left. */
async function answer(t: ExecutionContext, release: string, fact: Fact): Promise<[value: unknown, status: number]> {
  const kernel = boot_for(t, { release, output: null });
  const tasks = new Set<Task>();
  kernel.set_trace({ task_newtask: (_parent, task) => tasks.add(task) });
  let got: unknown;
  const status = await kernel.run(async (libc: Libc) => {
    const value = await fact(libc, throwing(libc), kernel);
    got = value === -1 ? outcome(libc, -1) : value;
  });
  t.true(all_zero(tasks), 'a task kept parameters');
  nothing_left(t, kernel);
  return [got, status];
}

const answers = test.macro(async (t, release: string, fact: Fact, expected: unknown) => {
  t.deepEqual((await answer(t, release, fact))[0], expected);
});

const ends_with = test.macro(async (t, release: string, fact: Fact, status: number) => {
  t.is((await answer(t, release, fact))[1], status);
});

/** Descriptor and status flags of `fd`. */
async function flags_of(ok: ThrowingLibc, fd: number): Promise<[number, number]> {
  return [await ok.fcntl(fd, F_GETFD), await ok.fcntl(fd, F_GETFL)];
}

// The checks, and which of two errors wins.

interface Call {
  regs: Uint8Array | number;
  params: Uint8Array | number;
  paramslen: number;
  flags: number;
}

/** One thing that is wrong with a call. */
interface Fault {
  readonly name: string;
  /** What it spoils: two faults of one part cannot be combined. */
  readonly part: 'flags' | 'regs' | 'number' | 'paramslen' | 'params' | 'inner';
  /** Order of the check; a smaller one wins. 6 is that the inner call has no row, 7 what it finds wrong itself. */
  readonly stage: number;
  readonly errno: string;
  readonly spoil: (call: Call) => void;
}

const UNMAPPED = 1;
const spoil_number =
  (nr: number | bigint) =>
  (call: Call): void => {
    const regs = registers(nr, AF_UNIX, SOCK_STREAM, 0);
    if (call.regs instanceof Uint8Array) call.regs.set(regs.subarray(0, Math.min(8, call.regs.length)));
  };

const COMMON: readonly Fault[] = [
  { name: 'registers unmapped', part: 'regs', stage: 2, errno: 'EFAULT', spoil: (c) => (c.regs = UNMAPPED) },
  { name: 'registers null', part: 'regs', stage: 2, errno: 'EFAULT', spoil: (c) => (c.regs = 0) },
  {
    name: 'registers half-mapped',
    part: 'regs',
    stage: 2,
    errno: 'EFAULT',
    spoil: (c) => (c.regs = SOCKET.slice(0, 55)),
  },
  { name: 'indirect itself', part: 'number', stage: 3, errno: 'EINVAL', spoil: spoil_number(NR.indirect) },
  { name: 'paramslen 5', part: 'paramslen', stage: 4, errno: 'EINVAL', spoil: (c) => (c.paramslen = 5) },
  { name: 'paramslen huge', part: 'paramslen', stage: 4, errno: 'EINVAL', spoil: (c) => (c.paramslen = 2 ** 52) },
  { name: 'paramslen negative', part: 'paramslen', stage: 4, errno: 'EINVAL', spoil: (c) => (c.paramslen = -1) },
  {
    name: 'paramslen 4 in its low half',
    part: 'paramslen',
    stage: 4,
    errno: 'EINVAL',
    spoil: (c) => (c.paramslen = 2 ** 32 + 4),
  },
  { name: 'params unmapped', part: 'params', stage: 5, errno: 'EFAULT', spoil: (c) => (c.params = UNMAPPED) },
  { name: 'params null', part: 'params', stage: 5, errno: 'EFAULT', spoil: (c) => (c.params = 0) },
  {
    name: 'params half-mapped',
    part: 'params',
    stage: 5,
    errno: 'EFAULT',
    spoil: (c) => (c.params = file_flags(O_CLOEXEC).slice(0, 3)),
  },
  {
    name: 'a bad family inside',
    part: 'inner',
    stage: 7,
    errno: 'EAFNOSUPPORT',
    spoil: (c) => {
      if (c.regs instanceof Uint8Array) c.regs[8] = 200;
    },
  },
];
/** Without a white-list every other number is looked up, and the table has no such row. */
const bad_numbers = (stage: number, errno: string): Fault[] =>
  (
    [
      ['junk in the upper half of the number', BigInt(NR.socket) + (1n << 32n)],
      ['the highest bit of the number', BigInt(NR.socket) + (1n << 63n)],
      ['a number outside the table', 5000],
      ['a number below zero', -1],
    ] as const
  ).map(([name, nr]) => ({ name, part: 'number', stage, errno, spoil: spoil_number(nr) }));
const not_listed = (stage: number): Fault[] =>
  (
    [
      ['a number that is not on the list', NR.getpid],
      ['number 0', 0],
      ['the number of clone', NR.clone],
      ['the number of fork', NR.fork],
      ['the number of vfork', NR.vfork],
      ['the number of execve', NR.execve],
    ] as const
  ).map(([name, nr]) => ({ name, part: 'number', stage, errno: 'EINVAL', spoil: spoil_number(nr) }));
const some_flags: readonly Fault[] = [1, -1, 1 << 31].map((flags) => ({
  name: `flags ${flags}`,
  part: 'flags',
  stage: 1,
  errno: 'EINVAL',
  spoil: (c) => (c.flags = flags),
}));

const FAULTS: Readonly<Record<Generation, readonly Fault[]>> = {
  [V1]: [...COMMON, ...bad_numbers(6, 'ENOSYS')],
  [V3]: [...COMMON, ...bad_numbers(3, 'EINVAL'), ...not_listed(3)],
  [V5]: [...COMMON, ...bad_numbers(3, 'EINVAL'), ...not_listed(3), ...some_flags],
};

/** A good call with `faults`, and what a plain socket is like afterwards: the lowest number, no flags. */
const spoiled =
  (faults: readonly Fault[]): Fact =>
  async (libc, ok, kernel) => {
    const call: Call = { regs: SOCKET.slice(), params: file_flags(O_CLOEXEC), paramslen: 4, flags: 0 };
    for (const fault of faults) fault.spoil(call);
    const got = outcome(libc, await libc.syscall(NR.indirect, call.regs, call.params, call.paramslen, call.flags));
    const zero = all_zero(kernel.internals.tasks.values());
    const next = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
    return [got, zero, next, ...(await flags_of(ok, next))];
  };

for (const release of GENERATIONS) {
  const faults = FAULTS[release];
  for (const fault of faults)
    test(`${release}: ${fault.name}`, answers, release, spoiled([fault]), [fault.errno, true, 3, 0, O_RDWR]);
  faults.forEach((a, i) => {
    for (const b of faults.slice(i + 1)) {
      if (a.part === b.part) continue;
      const winner = a.stage < b.stage ? a : b;
      test(`${release}: ${a.name} and ${b.name}`, answers, release, spoiled([a, b]), [
        winner.errno,
        true,
        3,
        0,
        O_RDWR,
      ]);
    }
  });
}

// What is carried.

const BOTH = O_CLOEXEC | O_NONBLOCK;
const nonblock = (release: Generation): number => (release === V5 ? O_RDWR | O_NONBLOCK : O_RDWR);
const made =
  (params: Uint8Array | number, paramslen: number, flags = 0): Fact =>
  async (libc, ok) => {
    const s = await libc.syscall(NR.indirect, SOCKET, params, paramslen, flags);
    return s === -1 ? s : [s, ...(await flags_of(ok, s))];
  };

for (const release of GENERATIONS) {
  const PLAIN = [3, 0, O_RDWR];
  const CLOEXEC = [3, FD_CLOEXEC, O_RDWR];
  test(`${release}: close-on-exec`, answers, release, made(file_flags(O_CLOEXEC), 4), CLOEXEC);
  test(`${release}: not blocking`, answers, release, made(file_flags(O_NONBLOCK), 4), [3, 0, nonblock(release)]);
  test(`${release}: both`, answers, release, made(file_flags(BOTH), 4), [3, FD_CLOEXEC, nonblock(release)]);
  test(`${release}: neither`, answers, release, made(file_flags(0), 4), PLAIN);
  test(`${release}: unknown bits are ignored`, answers, release, made(file_flags(~BOTH), 4), PLAIN);
  test(`${release}: every bit`, answers, release, made(file_flags(-1), 4), [3, FD_CLOEXEC, nonblock(release)]);
  test(`${release}: no parameters, null`, answers, release, made(0, 0), PLAIN);
  test(`${release}: no parameters, a bad pointer`, answers, release, made(UNMAPPED, 0), PLAIN);
  test(`${release}: no parameters, a good pointer`, answers, release, made(file_flags(-1), 0), PLAIN);
  // O_CLOEXEC stands in the third byte, O_NONBLOCK in the second.
  test(`${release}: one byte`, answers, release, made(file_flags(-1).slice(0, 1), 1), PLAIN);
  test(`${release}: two bytes`, answers, release, made(file_flags(-1).slice(0, 2), 2), [3, 0, nonblock(release)]);
  test(`${release}: three bytes`, answers, release, made(file_flags(-1).slice(0, 3), 3), [
    3,
    FD_CLOEXEC,
    nonblock(release),
  ]);
  test(
    `${release}: neither pointer need be aligned`,
    answers,
    release,
    async (libc, ok) => {
      const room = new Uint8Array(64);
      room.set(SOCKET, 1);
      room.set(file_flags(O_CLOEXEC), 58);
      const at = libc.cpu.memory.map(room);
      const s = await ok.syscall(NR.indirect, at + 1, at + 58, 4, 0);
      libc.cpu.memory.unmap(at);
      return flags_of(ok, s);
    },
    [FD_CLOEXEC, O_RDWR],
  );
  test(
    `${release}: negative arguments stay negative`,
    answers,
    release,
    (libc) => libc.syscall(NR.indirect, registers(NR.accept, -1), 0, 0, 0),
    'EBADF',
  );
  test(
    `${release}: inner errors come through`,
    answers,
    release,
    (libc) => libc.syscall(NR.indirect, registers(NR.accept, 0), 0, 0, 0),
    'ENOTSOCK',
  );
  test(
    `${release}: both ends of a pair`,
    answers,
    release,
    async (libc, ok) => {
      const sv = new Uint8Array(8);
      const at = libc.cpu.memory.map(sv);
      await ok.syscall(NR.indirect, registers(NR.socketpair, AF_UNIX, SOCK_STREAM, 0, at), file_flags(BOTH), 4, 0);
      libc.cpu.memory.unmap(at);
      return [await flags_of(ok, sv[0]!), await flags_of(ok, sv[4]!)];
    },
    [
      [FD_CLOEXEC, nonblock(release)],
      [FD_CLOEXEC, nonblock(release)],
    ],
  );
  test(
    `${release}: a vector that cannot be written leaves nothing open`,
    answers,
    release,
    async (libc, ok) => {
      const got = outcome(
        libc,
        await libc.syscall(
          NR.indirect,
          registers(NR.socketpair, AF_UNIX, SOCK_STREAM, 0, UNMAPPED),
          file_flags(O_CLOEXEC),
          4,
          0,
        ),
      );
      return [got, await ok.socket(AF_UNIX, SOCK_STREAM, 0)];
    },
    ['EFAULT', 3],
  );
  test(
    `${release}: an accepted socket, not its listener`,
    answers,
    release,
    async (_libc, ok) => {
      const l = await listener(ok);
      await client(ok);
      const s = await ok.syscall(NR.indirect, registers(NR.accept, l), file_flags(BOTH), 4, 0);
      return [await flags_of(ok, s), await flags_of(ok, l)];
    },
    [
      [FD_CLOEXEC, nonblock(release)],
      [0, O_RDWR],
    ],
  );
  test(
    `${release}: an address that cannot be written`,
    answers,
    release,
    async (libc, ok) => {
      const l = await listener(ok);
      const c = await client(ok);
      const got = outcome(
        libc,
        await libc.syscall(NR.indirect, registers(NR.accept, l, UNMAPPED, UNMAPPED), file_flags(O_CLOEXEC), 4, 0),
      );
      return [got, await ok.dup(c), await libc.read(c, new Uint8Array(1))];
    },
    ['EFAULT', 5, 0],
  );
}

test(`${V1}: a fourth argument is not looked at`, answers, V1, made(file_flags(O_CLOEXEC), 4, 1), [
  3,
  FD_CLOEXEC,
  O_RDWR,
]);
test(`${V3}: a fourth argument is not looked at`, answers, V3, made(file_flags(O_CLOEXEC), 4, -1), [
  3,
  FD_CLOEXEC,
  O_RDWR,
]);
test(`${V5}: flags are an int`, answers, V5, made(file_flags(O_CLOEXEC), 4, 2 ** 32), [3, FD_CLOEXEC, O_RDWR]);
test(
  `${V1}: any call may stand inside`,
  answers,
  V1,
  async (libc, ok) => (await ok.syscall(NR.indirect, registers(NR.getpid), 0, 0)) - (await libc.getpid()),
  0,
);
test(
  `${V3}: eventfd is not on the list`,
  answers,
  V3,
  (libc) => libc.syscall(NR.indirect, registers(NR.eventfd), 0, 0),
  'EINVAL',
);

// When the copy is cleared.

for (const release of GENERATIONS) {
  const accept_cloexec = (ok: ThrowingLibc, l: number, flags = O_CLOEXEC): Promise<number> =>
    ok.syscall(NR.indirect, registers(NR.accept, l), file_flags(flags), 4, 0);

  test(
    `${release}: after success the next call is plain`,
    answers,
    release,
    async (libc, ok, kernel) => {
      await ok.syscall(NR.indirect, SOCKET, file_flags(-1), 4, 0);
      const zero = all_zero(kernel.internals.tasks.values());
      return [
        zero,
        await flags_of(ok, await ok.socket(AF_UNIX, SOCK_STREAM, 0)),
        await libc.syscall(NR.indirect, SOCKET, 0, 0, 0),
      ];
    },
    [true, [0, O_RDWR], 5],
  );

  test(
    `${release}: an accept that sleeps, and what others do meanwhile`,
    answers,
    release,
    async (libc, ok, kernel) => {
      const l = await listener(ok);
      const join = await thread(libc, async (own, own_ok) => {
        const s = await accept_cloexec(own_ok, l);
        const zero = all_zero(kernel.internals.tasks.values());
        const next = await own_ok.socket(AF_UNIX, SOCK_STREAM, 0);
        return [await flags_of(own_ok, s), zero, await flags_of(own_ok, next)];
      });
      await msleep(libc, 1);
      const during = !all_zero(kernel.internals.tasks.values());
      const c = await client(ok);
      return [during, await flags_of(ok, c), await join()];
    },
    [true, [0, O_RDWR], [[FD_CLOEXEC, O_RDWR], true, [0, O_RDWR]]],
  );

  test(
    `${release}: two threads do not see each other's parameters`,
    answers,
    release,
    async (libc, ok) => {
      const a = await listener(ok, A);
      const b = await listener(ok, B);
      const first = await thread(libc, async (_own, own_ok) =>
        flags_of(own_ok, await accept_cloexec(own_ok, a, O_CLOEXEC)),
      );
      const second = await thread(libc, async (_own, own_ok) =>
        flags_of(own_ok, await accept_cloexec(own_ok, b, O_NONBLOCK)),
      );
      const third = await thread(libc, async (_own, own_ok) => flags_of(own_ok, await own_ok.accept(b)));
      await msleep(libc, 1);
      await client(ok, B);
      await client(ok, A);
      await client(ok, B);
      return [await first(), await second(), await third()];
    },
    [
      [FD_CLOEXEC, O_RDWR],
      [0, nonblock(release)],
      [0, O_RDWR],
    ],
  );

  test(
    `${release}: parameters are the kernel's own copy`,
    answers,
    release,
    async (libc, ok) => {
      const l = await listener(ok);
      const params = file_flags(O_CLOEXEC);
      const regs = registers(NR.accept, l);
      const join = await thread(libc, async (_own, own_ok) =>
        flags_of(own_ok, await own_ok.syscall(NR.indirect, regs, params, 4, 0)),
      );
      await msleep(libc, 1);
      params.fill(0);
      regs.fill(0);
      await client(ok);
      return join();
    },
    [FD_CLOEXEC, O_RDWR],
  );

  test(
    `${release}: a call that fails after it slept`,
    answers,
    release,
    async (libc, ok, kernel) => {
      const l = await listener(ok);
      const join = await thread(libc, async (own, own_ok) => {
        const got = outcome(own, await own.syscall(NR.indirect, registers(NR.accept, l), file_flags(O_CLOEXEC), 4, 0));
        return [got, all_zero(kernel.internals.tasks.values()), await flags_of(own_ok, await own_ok.dup(0))];
      });
      await msleep(libc, 1);
      await ok.shutdown(l, 2);
      return join();
    },
    ['EINVAL', true, [0, O_RDWR]],
  );

  test(
    `${release}: killed while it sleeps`,
    ends_with,
    release,
    async (libc, ok) => {
      const l = await listener(ok);
      await thread(libc, (_own, own_ok) => accept_cloexec(own_ok, l));
      await msleep(libc, 1);
      return libc.exit(7);
    },
    7 << 8,
  );

  test(
    `${release}: killed by the thread that sleeps beside it`,
    ends_with,
    release,
    async (libc, ok) => {
      const l = await listener(ok);
      await thread(libc, async (own) => {
        await msleep(own, 1);
        return own._exit(9);
      });
      return accept_cloexec(ok, l);
    },
    9 << 8,
  );
}

/** A write to a connection that is gone, inside indirect. Only v1 lets write stand there. */
async function write_to_nobody(libc: Libc, ok: ThrowingLibc): Promise<number> {
  const [a, b] = await pair(ok);
  await ok.close(b);
  const at = libc.cpu.memory.map(new Uint8Array(1));
  return libc.syscall(NR.indirect, registers(NR.write, a, at, 1), file_flags(-1), 4);
}
test(`${V1}: a fatal signal from inside`, ends_with, V1, write_to_nobody, SIGPIPE);
test(
  `${V1}: the signal ignored`,
  answers,
  V1,
  async (libc, ok, kernel) => {
    await ok.signal(SIGPIPE, SIG_IGN);
    const got = outcome(libc, await write_to_nobody(libc, ok));
    return [
      got,
      all_zero(kernel.internals.tasks.values()),
      await flags_of(ok, await ok.socket(AF_UNIX, SOCK_STREAM, 0)),
    ];
  },
  ['EPIPE', true, [0, O_RDWR]],
);
test(
  `${V1}: exit_group inside`,
  ends_with,
  V1,
  (libc) => libc.syscall(NR.indirect, registers(NR.exit_group, 5), file_flags(-1), 4),
  5 << 8,
);
test(
  `${V1}: exit inside`,
  ends_with,
  V1,
  (libc) => libc.syscall(NR.indirect, registers(NR.exit, 6), file_flags(-1), 4),
  6 << 8,
);
test(
  `${V1}: bytes through read inside`,
  answers,
  V1,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    await ok.write(a, 'abc');
    const buf = new Uint8Array(3);
    const at = libc.cpu.memory.map(buf);
    const n = await ok.syscall(NR.indirect, registers(NR.read, b, at, 3), 0, 0);
    libc.cpu.memory.unmap(at);
    return [n, text(buf)];
  },
  [3, 'abc'],
);

// The longer list of our own release.

const listed = test.macro({
  async exec(t, nr: number, args: readonly (number | string)[], cloexec = FD_CLOEXEC) {
    await run_listed(t, NEXT, nr, args, cloexec);
    // v5 does not have it on its list.
    await run_listed(t, V5, nr, args, 'EINVAL');
  },
  title: (title) => `${NEXT}: ${title ?? ''}`,
});
/** The call with O_CLOEXEC inside indirect, and FD_CLOEXEC of what it makes; a text among the arguments is put into memory. */
async function run_listed(
  t: ExecutionContext,
  release: string,
  nr: number,
  args: readonly (number | string)[],
  expected: unknown,
): Promise<void> {
  const [got, status] = await answer(t, release, async (libc, ok) => {
    const { memory } = libc.cpu;
    const texts: number[] = [];
    const raw = args.map((arg) => {
      if (typeof arg === 'number') return arg;
      texts.push(memory.map(new TextEncoder().encode(`${arg}\0`)));
      return texts.at(-1)!;
    });
    const fd = await libc.syscall(NR.indirect, registers(nr, ...raw), file_flags(O_CLOEXEC), 4, 0);
    for (const at of texts) memory.unmap(at);
    return fd === -1 ? -1 : ok.fcntl(fd, F_GETFD);
  });
  t.deepEqual([got, status], [expected, 0], release);
}
test('dup', listed, NR.dup, [0]);
test('dup2', listed, NR.dup2, [0, 9]);
test('dup2 of equal numbers marks nothing', listed, NR.dup2, [0, 0], 0);
test('fcntl F_DUPFD', listed, NR.fcntl, [0, 0, 20]);
test('epoll_create', listed, NR.epoll_create, [1]);
test('inotify_init', listed, NR.inotify_init, []);
test('open', listed, NR.open, ['/tmp', 0]);
test('openat', listed, NR.openat, [-100, '/tmp', 0]);
test('creat', listed, NR.creat, ['/tmp/new', 0o600]);

// Kernels without it.

const WITHOUT: Readonly<Record<string, readonly [nulls: string, v3: string, v5: string]>> = {
  '2.6.22': ['ENOSYS', 'ENOSYS', 'ENOSYS'],
  '2.6.23': ['ENOSYS', 'ENOSYS', 'ENOSYS'],
  // timerfd_settime(fd, flags, new, old): its third argument is the length.
  '2.6.26': ['EFAULT', 'EFAULT', 'EFAULT'],
  '2.6.27': ['EFAULT', 'EFAULT', 'EFAULT'],
  '2.6.28': ['EFAULT', 'EFAULT', 'EFAULT'],
  '6.18': ['EFAULT', 'EFAULT', 'EFAULT'],
};
test('every release is one or the other', (t) => {
  t.deepEqual([...RELEASES].sort(), [...GENERATIONS, NEXT, ...Object.keys(WITHOUT)].sort());
});
for (const [release, [nulls, v3, v5]] of Object.entries(WITHOUT)) {
  test(`${release}: nulls`, answers, release, (libc) => libc.syscall(NR.indirect, 0, 0, 0, 0), nulls);
  test(
    `${release}: a call of v3`,
    answers,
    release,
    (libc) => libc.syscall(NR.indirect, SOCKET, file_flags(O_CLOEXEC), 4),
    v3,
  );
  test(
    `${release}: a call of v5`,
    answers,
    release,
    (libc) => libc.syscall(NR.indirect, SOCKET, file_flags(O_CLOEXEC), 4, 0),
    v5,
  );
}
test(
  'timerfd_settime has its own errors under that number',
  answers,
  '2.6.26',
  async (libc) => {
    const spec = new Uint8Array(32);
    const bad = new Uint8Array(32).fill(255);
    const got: unknown[] = [];
    for (const args of [
      [99, 0, spec, 0],
      [0, 0, spec, 0],
      [0, 0, bad, 0],
      [0, 8, spec, 0],
    ])
      got.push(outcome(libc, await libc.syscall(NR.timerfd_settime, ...args)));
    return got;
  },
  ['EBADF', 'EINVAL', 'EINVAL', 'EINVAL'],
);
