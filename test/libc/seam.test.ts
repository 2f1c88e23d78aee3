/** What the library hands to a kernel: number, registers and bytes, seen from a processor that is none. */
import test from 'ava';
import sinon from 'sinon';
import { type Libc, type RouteName, libc_loader } from '../../index.js';
import {
  AF_INET,
  AF_UNIX,
  EAFNOSUPPORT,
  EAGAIN,
  EBADF,
  ECONNABORTED,
  EFAULT,
  EINTR,
  EINVAL,
  EMFILE,
  ENFILE,
  ENOSYS,
  EPERM,
  FD_CLOEXEC,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  NR,
  O_NONBLOCK,
  O_RDWR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  indirect_registers_x86_64 as REGS,
} from '../../kernel-mock/include/uapi/index.js';
import { outcome } from '../facts.js';

type Registers = readonly [number, number, number, number, number, number];
/** The kernel of a test: what it answers to a call; undefined is 0. */
type FakeKernel = (name: string, regs: Registers, memory: Memory) => number | Promise<number> | undefined;
/** One call as it arrived: its name, its registers; for indirect the inner call and the flags too. */
type Seen = readonly [name: string, ...regs: unknown[]];

const INDIRECT = 286;
const names = new Map<number, string>(Object.entries(NR).map(([name, nr]) => [nr, name]));
names.set(INDIRECT, 'indirect').set(NR.accept4, 'accept4');

/** Arrays by address, a megabyte apart. */
class Memory {
  readonly areas = new Map<number, Uint8Array>();
  readonly junk = 0xcc;
  #next = 0x100000;

  map(bytes: Uint8Array): number {
    const at = this.#next;
    this.#next += 0x100000;
    this.areas.set(at, bytes);
    return at;
  }

  unmap(address: number): void {
    this.areas.delete(address);
  }

  bytes(address: number): Uint8Array | undefined {
    for (const [start, bytes] of this.areas)
      if (address >= start && address < start + bytes.length) return bytes.subarray(address - start);
    return undefined;
  }

  view(address: number): DataView {
    const bytes = this.bytes(address);
    if (bytes === undefined) throw new RangeError(`nothing at 0x${address.toString(16)}`);
    return new DataView(bytes.buffer, bytes.byteOffset);
  }
}

function seen(nr: number, regs: Registers, memory: Memory): Seen {
  const name = names.get(nr) ?? String(nr);
  if (nr !== INDIRECT) return [name, ...regs];
  const block = memory.view(regs[0]);
  const slots = Array.from({ length: 7 }, (_, i) => Number(block.getBigInt64(i * REGS.slot, true)));
  const params = regs[1] === 0 ? null : memory.view(regs[1]).getInt32(0, true);
  return ['indirect', [names.get(slots[0]!), ...slots.slice(1)], params, ...regs.slice(2)];
}

/** Run `program` over a fake kernel: the calls that it made, and what it gave back. */
async function over(
  route: RouteName,
  answer: FakeKernel,
  program: (libc: Libc) => Promise<unknown>,
): Promise<{ calls: Seen[]; value: unknown; memory: Memory }> {
  const memory = new Memory();
  const calls: Seen[] = [];
  let value: unknown;
  let left: () => void;
  const exited = new Promise<void>((resolve) => (left = resolve));
  const syscall = sinon.stub().callsFake((nr: number, ...regs: number[]) => {
    if (nr === NR.exit_group) {
      left();
      return new Promise<number>(() => undefined);
    }
    calls.push(seen(nr, regs as unknown as Registers, memory));
    return answer(names.get(nr) ?? String(nr), regs as unknown as Registers, memory) ?? 0;
  });
  const image = libc_loader({ route })(async (libc: Libc) => {
    const got = await program(libc);
    value = got === -1 ? outcome(libc, -1) : got;
  });
  await Promise.race([image.start({ syscall, memory }, ['a.out'], []), exited]);
  return { calls, value, memory };
}

const CLOEXEC = SOCK_CLOEXEC;
const BOTH = SOCK_CLOEXEC | SOCK_NONBLOCK;
const FD = 7;

/** The same calls, in the same order, with the same registers; and nothing stays mapped but the stack, and what indirect calls are made from. */
const calls_are = test.macro(
  async (
    t,
    route: RouteName,
    answer: FakeKernel,
    program: (libc: Libc) => Promise<unknown>,
    value: unknown,
    expected: readonly Seen[],
  ) => {
    const got = await over(route, answer, program);
    t.deepEqual(got.calls, [...expected]);
    t.deepEqual(got.value, value);
    const made_indirect = got.calls.some(([name]) => name === 'indirect');
    t.true(got.memory.areas.size <= (made_indirect ? 2 : 1), 'something stays mapped');
  },
);

// Registers of each route, for each function.

const ok: FakeKernel = (name, regs, memory) => {
  if (name === 'fcntl') return 0;
  if (name !== 'socketpair') return FD;
  const sv = memory.view(regs[3]);
  sv.setInt32(0, FD, true);
  sv.setInt32(4, FD + 1, true);
  return 0;
};
/** A kernel of 2007: knows the plain calls and indirect, and O_NONBLOCK inside it. */
const indirect_kernel: FakeKernel = (name, regs, memory) => {
  if (name === 'indirect') {
    const block = memory.view(regs[0]);
    const inner = names.get(block.getInt32(0, true))!;
    if (block.getInt32(8, true) === -1) return inner === 'accept' ? -EBADF : -EAFNOSUPPORT;
    const args = [8, 16, 24, 32].map((o) => Number(block.getBigInt64(o, true)));
    return ok(inner, [...args, 0, 0] as unknown as Registers, memory);
  }
  if (name === 'fcntl') return O_RDWR | O_NONBLOCK;
  return ok(name, regs, memory);
};

const socket =
  (flags: number) =>
  (libc: Libc): Promise<number> =>
    libc.socket(AF_INET, SOCK_STREAM | flags, 6);
const socketpair =
  (flags: number) =>
  async (libc: Libc): Promise<unknown> => {
    const sv: number[] = [];
    const ret = await libc.socketpair(AF_UNIX, SOCK_STREAM | flags, 0, sv);
    return ret === 0 ? sv : ret;
  };
const accept4 =
  (flags: number) =>
  (libc: Libc): Promise<number> =>
    libc.accept4(5, null, flags);
/** Where the first room on the stack is. */
const STACK = 0x100000;

for (const route of ['auto', 'dedicated', 'indirect', 'legacy'] as const) {
  test(
    `${route}: without flags every route is the plain call`,
    calls_are,
    route,
    ok,
    async (libc) => [await socket(0)(libc), await socketpair(0)(libc), await accept4(0)(libc), await libc.accept(5)],
    [FD, [FD, FD + 1], FD, FD],
    [
      ['socket', AF_INET, SOCK_STREAM, 6, 0, 0, 0],
      ['socketpair', AF_UNIX, SOCK_STREAM, 0, STACK, 0, 0],
      ['accept', 5, 0, 0, 0, 0, 0],
      ['accept', 5, 0, 0, 0, 0, 0],
    ],
  );
}

test('dedicated: socket', calls_are, 'dedicated', ok, socket(BOTH), FD, [
  ['socket', AF_INET, SOCK_STREAM | BOTH, 6, 0, 0, 0],
]);
test(
  'dedicated: socketpair',
  calls_are,
  'dedicated',
  ok,
  socketpair(BOTH),
  [FD, FD + 1],
  [['socketpair', AF_UNIX, SOCK_STREAM | BOTH, 0, STACK, 0, 0]],
);
test('dedicated: accept4', calls_are, 'dedicated', ok, accept4(BOTH), FD, [['accept4', 5, 0, 0, BOTH, 0, 0]]);
test(
  'dedicated: accept with a fourth argument is accept4',
  calls_are,
  'dedicated',
  ok,
  (libc) => libc.accept(5, null, BOTH),
  FD,
  [['accept4', 5, 0, 0, BOTH, 0, 0]],
);
test(
  'dedicated: a flag that is none goes to the kernel',
  calls_are,
  'dedicated',
  () => -EINVAL,
  socket(0x1000),
  'EINVAL',
  [['socket', AF_INET, SOCK_STREAM | 0x1000, 6, 0, 0, 0]],
);

test('legacy: socket', calls_are, 'legacy', ok, socket(BOTH), FD, [
  ['socket', AF_INET, SOCK_STREAM, 6, 0, 0, 0],
  ['fcntl', FD, F_SETFD, FD_CLOEXEC, 0, 0, 0],
  ['fcntl', FD, F_SETFL, O_NONBLOCK, 0, 0, 0],
]);
test('legacy: socket, close-on-exec alone', calls_are, 'legacy', ok, socket(CLOEXEC), FD, [
  ['socket', AF_INET, SOCK_STREAM, 6, 0, 0, 0],
  ['fcntl', FD, F_SETFD, FD_CLOEXEC, 0, 0, 0],
]);
test(
  'legacy: socketpair',
  calls_are,
  'legacy',
  ok,
  socketpair(CLOEXEC),
  [FD, FD + 1],
  [
    ['socketpair', AF_UNIX, SOCK_STREAM, 0, STACK, 0, 0],
    ['fcntl', FD, F_SETFD, FD_CLOEXEC, 0, 0, 0],
    ['fcntl', FD + 1, F_SETFD, FD_CLOEXEC, 0, 0, 0],
  ],
);
test('legacy: accept4', calls_are, 'legacy', ok, accept4(SOCK_NONBLOCK), FD, [
  ['accept', 5, 0, 0, 0, 0, 0],
  ['fcntl', FD, F_SETFL, O_NONBLOCK, 0, 0, 0],
]);
test('legacy: a flag that is none never reaches the kernel', calls_are, 'legacy', ok, socket(0x1000), 'EINVAL', []);

const PROBE_SOCKET: Seen = ['indirect', ['socket', -1, 0, 0, 0, 0, 0], null, 0, 0, 0, 0];
const PROBE_PAIR: Seen = ['indirect', ['socketpair', -1, 0, 0, 0, 0, 0], null, 0, 0, 0, 0];
const PROBE_ACCEPT: Seen = ['indirect', ['accept', -1, 0, 0, 0, 0, 0], null, 0, 0, 0, 0];
test('indirect: socket', calls_are, 'indirect', indirect_kernel, socket(CLOEXEC), FD, [
  PROBE_SOCKET,
  ['indirect', ['socket', AF_INET, SOCK_STREAM, 6, 0, 0, 0], CLOEXEC, 4, 0, 0, 0],
]);
test(
  'indirect: socketpair',
  calls_are,
  'indirect',
  indirect_kernel,
  socketpair(CLOEXEC),
  [FD, FD + 1],
  [PROBE_PAIR, ['indirect', ['socketpair', AF_UNIX, SOCK_STREAM, 0, STACK, 0, 0], CLOEXEC, 4, 0, 0, 0]],
);
test('indirect: accept4', calls_are, 'indirect', indirect_kernel, accept4(CLOEXEC), FD, [
  PROBE_ACCEPT,
  ['indirect', ['accept', 5, 0, 0, 0, 0, 0], CLOEXEC, 4, 0, 0, 0],
]);
test(
  'indirect: the probe is made once, and for each function',
  calls_are,
  'indirect',
  indirect_kernel,
  async (libc) => [await socket(CLOEXEC)(libc), await socket(CLOEXEC)(libc), await accept4(CLOEXEC)(libc)],
  [FD, FD, FD],
  [
    PROBE_SOCKET,
    ['indirect', ['socket', AF_INET, SOCK_STREAM, 6, 0, 0, 0], CLOEXEC, 4, 0, 0, 0],
    ['indirect', ['socket', AF_INET, SOCK_STREAM, 6, 0, 0, 0], CLOEXEC, 4, 0, 0, 0],
    PROBE_ACCEPT,
    ['indirect', ['accept', 5, 0, 0, 0, 0, 0], CLOEXEC, 4, 0, 0, 0],
  ],
);
test(
  'indirect: not blocking is looked at once',
  calls_are,
  'indirect',
  indirect_kernel,
  async (libc) => [await socket(BOTH)(libc), await socket(BOTH)(libc)],
  [FD, FD],
  [
    PROBE_SOCKET,
    ['indirect', ['socket', AF_INET, SOCK_STREAM, 6, 0, 0, 0], BOTH, 4, 0, 0, 0],
    ['fcntl', FD, F_GETFL, 0, 0, 0, 0],
    ['indirect', ['socket', AF_INET, SOCK_STREAM, 6, 0, 0, 0], BOTH, 4, 0, 0, 0],
  ],
);
test(
  'indirect: not blocking is set where the kernel ignores it',
  calls_are,
  'indirect',
  (name, regs, memory) => (name === 'fcntl' ? O_RDWR : indirect_kernel(name, regs, memory)),
  async (libc) => [await socketpair(BOTH)(libc), await socketpair(BOTH)(libc)],
  [
    [FD, FD + 1],
    [FD, FD + 1],
  ],
  [
    PROBE_PAIR,
    ['indirect', ['socketpair', AF_UNIX, SOCK_STREAM, 0, STACK, 0, 0], BOTH, 4, 0, 0, 0],
    ['fcntl', FD, F_GETFL, 0, 0, 0, 0],
    ['fcntl', FD, F_SETFL, O_NONBLOCK, 0, 0, 0],
    ['fcntl', FD + 1, F_SETFL, O_NONBLOCK, 0, 0, 0],
    ['indirect', ['socketpair', AF_UNIX, SOCK_STREAM, 0, STACK, 0, 0], BOTH, 4, 0, 0, 0],
    ['fcntl', FD, F_SETFL, O_NONBLOCK, 0, 0, 0],
    ['fcntl', FD + 1, F_SETFL, O_NONBLOCK, 0, 0, 0],
  ],
);
test(
  'indirect: a flag that is none never reaches the kernel',
  calls_are,
  'indirect',
  indirect_kernel,
  socket(0x1000),
  'EINVAL',
  [],
);
for (const [name, errno] of [
  ['ENOSYS', ENOSYS],
  ['EFAULT, as timerfd_settime would', EFAULT],
  ['EINVAL, as off a white-list', EINVAL],
  ['EBADF', EBADF],
] as const)
  test(
    `indirect: a kernel that answers the probe with ${name}`,
    calls_are,
    'indirect',
    (call) => (call === 'indirect' ? -errno : FD),
    async (libc) => [outcome(libc, await socket(CLOEXEC)(libc)), outcome(libc, await socket(CLOEXEC)(libc))],
    ['ENOSYS', 'ENOSYS'],
    [PROBE_SOCKET],
  );
test('indirect: an address to be filled', async (t) => {
  const got = await over(
    'indirect',
    (name, regs, memory) => {
      if (name !== 'indirect' || memory.view(regs[0]).getInt32(8, true) === -1) return -EBADF;
      const block = memory.view(regs[0]);
      const addr = memory.view(block.getInt32(16, true));
      const len = memory.view(block.getInt32(24, true));
      if (len.getInt32(0, true) !== 128) return -EINVAL;
      addr.setUint16(0, AF_UNIX, true);
      addr.setUint16(2, 0x6100, true);
      len.setInt32(0, 4, true);
      return FD;
    },
    async (libc) => {
      const from = {};
      return [await libc.accept4(5, from, CLOEXEC), from];
    },
  );
  t.deepEqual(got.value, [FD, { family: AF_UNIX, abstract: 'a' }]);
});

// auto: what it tries, what it concludes, what it remembers.

/** Answers by name of the call; what is missing is FD. */
const kernel_of =
  (by_name: Readonly<Record<string, number | ((regs: Registers) => number)>>): FakeKernel =>
  (name, regs) => {
    const value = by_name[name] ?? (name === 'fcntl' ? 0 : FD);
    return typeof value === 'number' ? value : value(regs);
  };
/** The names of the calls, and what the functions answered. */
const learns = test.macro(
  async (
    t,
    answer: FakeKernel,
    programs: readonly ((libc: Libc) => Promise<unknown>)[],
    expected: readonly (readonly [value: unknown, ...calls: string[]])[],
  ) => {
    const made: unknown[] = [];
    let calls: string[] = [];
    await over(
      'auto',
      (name, regs, memory) => {
        calls.push(name);
        return answer(name, regs, memory);
      },
      async (libc) => {
        for (const program of programs) {
          calls = [];
          const value = await program(libc);
          made.push([value === -1 ? outcome(libc, -1) : value, ...calls]);
        }
      },
    );
    t.deepEqual(made, [...expected]);
  },
);
/** A kernel that takes no flags in the type. */
const old_socket = (regs: Registers): number => ((regs[1] & ~0xf) !== 0 ? -EINVAL : FD);

test(
  'auto: the dedicated call works, and the next is one call',
  learns,
  ok,
  [socket(CLOEXEC), socket(CLOEXEC), accept4(CLOEXEC), accept4(CLOEXEC)],
  [
    [FD, 'socket'],
    [FD, 'socket'],
    [FD, 'accept4'],
    [FD, 'accept4'],
  ],
);
test(
  'auto: accept4 is missing, indirect too',
  learns,
  kernel_of({ accept4: -ENOSYS, indirect: -ENOSYS }),
  [accept4(CLOEXEC), accept4(CLOEXEC)],
  [
    [FD, 'accept4', 'indirect', 'accept', 'fcntl'],
    [FD, 'accept', 'fcntl'],
  ],
);
test(
  'auto: accept4 is missing, number 286 is timerfd_settime',
  learns,
  kernel_of({ accept4: -ENOSYS, indirect: -EFAULT }),
  [accept4(CLOEXEC), accept4(CLOEXEC)],
  [
    [FD, 'accept4', 'indirect', 'accept', 'fcntl'],
    [FD, 'accept', 'fcntl'],
  ],
);
test(
  'auto: flags in the type are unknown, indirect is missing',
  learns,
  kernel_of({ socket: old_socket, indirect: -ENOSYS }),
  [socket(CLOEXEC), socket(CLOEXEC)],
  [
    [FD, 'socket', 'indirect', 'socket', 'fcntl'],
    [FD, 'socket', 'fcntl'],
  ],
);
test(
  'auto: flags in the type are unknown, indirect works',
  learns,
  (name, regs, memory) => (name === 'socket' ? old_socket(regs) : indirect_kernel(name, regs, memory)),
  [socket(CLOEXEC), socket(CLOEXEC)],
  [
    [FD, 'socket', 'indirect', 'indirect'],
    [FD, 'indirect'],
  ],
);
test(
  'auto: EINVAL of the plain socket too tells nothing',
  learns,
  kernel_of({ socket: -EINVAL, indirect: -ENOSYS }),
  [socket(CLOEXEC), socket(CLOEXEC)],
  [
    ['EINVAL', 'socket', 'indirect', 'socket'],
    ['EINVAL', 'socket', 'socket'],
  ],
);
test('auto: after EINVAL for bad arguments good ones still find the flags', async (t) => {
  let good = false;
  const answer: FakeKernel = (name) => (name === 'indirect' ? -ENOSYS : good ? FD : -EINVAL);
  const got: unknown[] = [];
  const { calls } = await over('auto', answer, async (libc) => {
    got.push(await socket(CLOEXEC)(libc));
    good = true;
    got.push(await socket(CLOEXEC)(libc));
  });
  t.deepEqual(got, [-1, FD]);
  t.deepEqual(calls.at(-1), ['socket', AF_INET, SOCK_STREAM | CLOEXEC, 6, 0, 0, 0]);
});
test(
  'auto: EAFNOSUPPORT may come before a look at the type',
  learns,
  kernel_of({ socket: (regs) => (regs[0] === 99 ? -EAFNOSUPPORT : old_socket(regs)), indirect: -ENOSYS }),
  [(libc) => libc.socket(99, SOCK_STREAM | CLOEXEC, 0), socket(CLOEXEC), socket(CLOEXEC)],
  [
    ['EAFNOSUPPORT', 'socket'],
    [FD, 'socket', 'indirect', 'socket', 'fcntl'],
    [FD, 'socket', 'fcntl'],
  ],
);
for (const [name, errno] of [
  ['EINTR', EINTR],
  ['EAGAIN', EAGAIN],
  ['EBADF', EBADF],
  ['EMFILE', EMFILE],
  ['ECONNABORTED', ECONNABORTED],
  ['EINVAL', EINVAL],
  ['EPERM', EPERM],
] as const)
  test(
    `auto: ${name} from accept4 is no sign that it is missing`,
    learns,
    kernel_of({ accept4: -errno }),
    [accept4(CLOEXEC), accept4(CLOEXEC)],
    [
      [name, 'accept4'],
      [name, 'accept4'],
    ],
  );
for (const [name, errno] of [
  ['EINTR', EINTR],
  ['EMFILE', EMFILE],
  ['ENFILE', ENFILE],
  ['EPERM', EPERM],
] as const)
  test(
    `auto: ${name} from socket is no sign that flags are unknown`,
    learns,
    kernel_of({ socket: -errno }),
    [socket(CLOEXEC), socket(CLOEXEC)],
    [
      [name, 'socket'],
      [name, 'socket'],
    ],
  );
test(
  'auto: EINTR of the plain accept is reported, and what was learned stays',
  learns,
  kernel_of({ accept4: -ENOSYS, indirect: -ENOSYS, accept: -EINTR }),
  [accept4(CLOEXEC), accept4(CLOEXEC)],
  [
    ['EINTR', 'accept4', 'indirect', 'accept'],
    ['EINTR', 'accept'],
  ],
);
test(
  'auto: a feature that works does not vouch for another',
  learns,
  kernel_of({ accept4: -ENOSYS, indirect: -ENOSYS }),
  [socket(CLOEXEC), accept4(CLOEXEC)],
  [
    [FD, 'socket'],
    [FD, 'accept4', 'indirect', 'accept', 'fcntl'],
  ],
);
test(
  'auto: a feature that is missing does not condemn another',
  learns,
  kernel_of({ socket: old_socket, indirect: -ENOSYS }),
  [socket(CLOEXEC), accept4(CLOEXEC)],
  [
    [FD, 'socket', 'indirect', 'socket', 'fcntl'],
    [FD, 'accept4'],
  ],
);
test(
  'auto: a flag that is none teaches nothing',
  learns,
  kernel_of({ socket: old_socket, accept4: -ENOSYS, indirect: -ENOSYS }),
  [socket(0x1000), accept4(1), accept4(CLOEXEC)],
  [
    ['EINVAL', 'socket'],
    ['ENOSYS', 'accept4'],
    [FD, 'accept4', 'indirect', 'accept', 'fcntl'],
  ],
);
test('auto: each process learns for itself', async (t) => {
  for (let i = 0; i < 2; i++) {
    const { calls } = await over('auto', kernel_of({ accept4: -ENOSYS, indirect: -ENOSYS }), accept4(CLOEXEC));
    t.deepEqual(
      calls.map(([name]) => name),
      ['accept4', 'indirect', 'accept', 'fcntl'],
    );
  }
});
test(
  'auto: answers that come later are the same',
  learns,
  (name) => Promise.resolve(name === 'accept4' || name === 'indirect' ? -ENOSYS : FD),
  [accept4(CLOEXEC), accept4(CLOEXEC)],
  [
    [FD, 'accept4', 'indirect', 'accept', 'fcntl'],
    [FD, 'accept', 'fcntl'],
  ],
);

// A descriptor that cannot be marked is not handed out.

test('legacy: F_SETFD fails', calls_are, 'legacy', kernel_of({ fcntl: -EPERM }), socket(BOTH), 'EPERM', [
  ['socket', AF_INET, SOCK_STREAM, 6, 0, 0, 0],
  ['fcntl', FD, F_SETFD, FD_CLOEXEC, 0, 0, 0],
  ['close', FD, 0, 0, 0, 0, 0],
]);
test(
  'legacy: F_SETFL fails',
  calls_are,
  'legacy',
  kernel_of({ fcntl: (regs) => (regs[1] === F_SETFL ? -EPERM : 0) }),
  accept4(BOTH),
  'EPERM',
  [
    ['accept', 5, 0, 0, 0, 0, 0],
    ['fcntl', FD, F_SETFD, FD_CLOEXEC, 0, 0, 0],
    ['fcntl', FD, F_SETFL, O_NONBLOCK, 0, 0, 0],
    ['close', FD, 0, 0, 0, 0, 0],
  ],
);
test(
  'legacy: the second of a pair fails',
  calls_are,
  'legacy',
  (name, regs, memory) => (name === 'fcntl' && regs[0] === FD + 1 ? -EPERM : ok(name, regs, memory)),
  socketpair(CLOEXEC),
  'EPERM',
  [
    ['socketpair', AF_UNIX, SOCK_STREAM, 0, STACK, 0, 0],
    ['fcntl', FD, F_SETFD, FD_CLOEXEC, 0, 0, 0],
    ['fcntl', FD + 1, F_SETFD, FD_CLOEXEC, 0, 0, 0],
    ['close', FD, 0, 0, 0, 0, 0],
    ['close', FD + 1, 0, 0, 0, 0, 0],
  ],
);

// What -errno is: -4095 to -1, nothing else.

for (const [ret, value, errno] of [
  [-1, -1, 1],
  [-4095, -1, 4095],
  [-4096, -4096, 0],
  [0, 0, 0],
  [2 ** 31, 2 ** 31, 0],
] as const)
  test(`a kernel that answers ${ret}`, async (t) => {
    const got = await over(
      'auto',
      () => ret,
      async (libc) => [await libc.dup(0), libc.errno],
    );
    t.deepEqual(got.value, [value, errno]);
  });

// The other functions: number and registers.

const BUF = 0x100000;
const PLAIN: readonly (readonly [string, (libc: Libc) => Promise<unknown>, ...regs: number[]])[] = [
  ['close', (libc) => libc.close(5), 5],
  ['read', (libc) => libc.read(5, new Uint8Array(9)), 5, BUF, 9],
  ['read', (libc) => libc.read(5, null), 5, 0, 0],
  ['read', (libc) => libc.read(5, new Uint8Array(9), 4), 5, BUF, 4],
  ['write', (libc) => libc.write(5, new Uint8Array(9)), 5, BUF, 9],
  ['write', (libc) => libc.write(5, 'é'), 5, BUF, 2],
  ['dup', (libc) => libc.dup(5), 5],
  ['dup2', (libc) => libc.dup2(5, 6), 5, 6],
  ['fcntl', (libc) => libc.fcntl(5, F_GETFL), 5, F_GETFL],
  ['fcntl', (libc) => libc.fcntl(5, F_SETFL, O_NONBLOCK), 5, F_SETFL, O_NONBLOCK],
  ['getpid', (libc) => libc.getpid()],
  ['getppid', (libc) => libc.getppid()],
  ['gettid', (libc) => libc.gettid()],
  ['bind', (libc) => libc.bind(5, { family: AF_UNIX, path: 'p' }), 5, BUF, 4],
  ['bind', (libc) => libc.bind(5, { family: AF_INET, addr: '127.0.0.1', port: 1 }), 5, BUF, 16],
  ['connect', (libc) => libc.connect(5, { family: AF_UNIX, abstract: 'p' }), 5, BUF, 4],
  ['connect', (libc) => libc.connect(5, null), 5, 0, 0],
  ['listen', (libc) => libc.listen(5, 9), 5, 9],
  ['getsockname', (libc) => libc.getsockname(5, null), 5],
  ['getsockname', (libc) => libc.getsockname(5, {}), 5, BUF, BUF + 128],
  ['getpeername', (libc) => libc.getpeername(5, {}), 5, BUF, BUF + 128],
  ['sendto', (libc) => libc.send(5, 'abc', 1), 5, BUF, 3, 1],
  ['sendto', (libc) => libc.sendto(5, 'abc', 1, { family: AF_UNIX, path: 'p' }), 5, BUF, 3, 1, BUF + 0x100000, 4],
  ['recvfrom', (libc) => libc.recv(5, new Uint8Array(3), 1), 5, BUF, 3, 1],
  [
    'recvfrom',
    (libc) => libc.recvfrom(5, new Uint8Array(3), 1, {}),
    5,
    BUF,
    3,
    1,
    BUF + 0x100000,
    BUF + 0x100000 + 128,
  ],
  ['shutdown', (libc) => libc.shutdown(5, 2), 5, 2],
  ['setsockopt', (libc) => libc.setsockopt(5, 1, 2, 3), 5, 1, 2, BUF, 4],
  ['setsockopt', (libc) => libc.setsockopt(5, 1, 2, new Uint8Array(16)), 5, 1, 2, BUF, 16],
  ['getsockopt', (libc) => libc.getsockopt(5, 1, 2, { value: 0 }), 5, 1, 2, BUF, BUF + 4],
  ['poll', (libc) => libc.poll([{ fd: 5, events: 1 }], 10), BUF, 1, 10],
  ['readv', (libc) => libc.readv(5, [new Uint8Array(1), null]), 5, 2 * BUF, 2],
  ['writev', (libc) => libc.writev(5, [new Uint8Array(1)]), 5, 2 * BUF, 1],
  ['getrlimit', (libc) => libc.getrlimit(7, {}), 7, BUF],
  ['setrlimit', (libc) => libc.setrlimit(7, { rlim_cur: 1, rlim_max: 2 }), 7, BUF],
];
for (const [name, program, ...regs] of PLAIN)
  test(`${name}(${regs.map((r) => (r >= BUF ? `0x${r.toString(16)}` : r)).join(', ')})`, async (t) => {
    const { calls, memory } = await over('auto', () => -EBADF, program);
    t.deepEqual(calls, [[name, ...regs, ...new Array<number>(6 - regs.length).fill(0)]]);
    t.true(memory.areas.size <= 1, 'something stays mapped');
  });

const BYTES: readonly (readonly [string, (libc: Libc) => Promise<unknown>, reg: number, number[]])[] = [
  ['a path has its zero', (libc) => libc.bind(5, { family: AF_UNIX, path: 'ab' }), 1, [1, 0, 0x61, 0x62, 0]],
  [
    'an abstract name has one in front',
    (libc) => libc.bind(5, { family: AF_UNIX, abstract: 'ab' }),
    1,
    [1, 0, 0, 0x61, 0x62],
  ],
  ['the family alone', (libc) => libc.bind(5, { family: AF_UNIX }), 1, [1, 0]],
  [
    'an address and a port',
    (libc) => libc.connect(5, { family: AF_INET, addr: '1.2.3.4', port: 0x1234 }),
    1,
    [2, 0, 0x12, 0x34, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0],
  ],
  ['an int option', (libc) => libc.setsockopt(5, 1, 2, -2), 3, [0xfe, 0xff, 0xff, 0xff]],
  ['pollfd', (libc) => libc.poll([{ fd: -1, events: 0x102, revents: 77 }], 0), 0, [0xff, 0xff, 0xff, 0xff, 2, 1, 0, 0]],
  [
    'rlimit',
    (libc) => libc.setrlimit(7, { rlim_cur: 2 ** 32, rlim_max: 3 }),
    1,
    [0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0],
  ],
  ['iovec', (libc) => libc.writev(5, [new Uint8Array(3)]), 1, [0, 0, 0x10, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]],
  ['text is UTF-8', (libc) => libc.write(5, 'aé'), 1, [0x61, 0xc3, 0xa9]],
];
for (const [name, program, reg, expected] of BYTES)
  test(`bytes in user memory: ${name}`, async (t) => {
    let got: number[] = [];
    await over(
      'auto',
      (_name, regs, memory) => {
        got = [...memory.bytes(regs[reg]!)!.subarray(0, expected.length)];
        return -EBADF;
      },
      program,
    );
    t.deepEqual(got, expected);
  });
