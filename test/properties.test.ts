/** What holds for every program: fast-check looks for one that breaks it. */
import test from 'ava';
import fc from 'fast-check';
import { DeadlockError, type Libc, type Policy, ProgramError, boot, throwing } from '../index.js';
import {
  AF_INET,
  AF_UNIX,
  F_DUPFD,
  F_SETFL,
  NR,
  O_NONBLOCK,
  RLIMIT_NOFILE,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from '../kernel-mock/include/uapi/index.js';
import { handlers } from '../kernel-mock/arch/x86/syscall_table.js';
import { thread } from './facts.js';
import { RELEASES, nothing_left } from './helpers.js';
import { listener, pair } from './net/unix/fixtures.js';

// Any six numbers into any call.

type Regs = readonly [number, number, number, number, number, number];
/** A register that points into the arena is drawn as a string, since the arena has no address yet. */
type Drawn = number | `arena+${number}`;

const ARENA = 4096;
const value = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -2, max: 20 }) },
  { weight: 3, arbitrary: fc.integer({ min: -8, max: ARENA + 8 }).map((o): Drawn => `arena+${o}`) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.integer() },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[NaN, Infinity, -Infinity, -0, 0.5, -1.5, 65_536.5, Number.MAX_VALUE, Number.MIN_VALUE],
      ...[2 ** 31, 2 ** 32, 2 ** 32 + 3, 2 ** 47, 2 ** 53, 2 ** 63, 2 ** 64, -(2 ** 31), -(2 ** 63), 0x7ffff000, 1e300],
    ),
  },
);
const registers = fc.tuple(value, value, value, value, value, value);
const implemented = [...new Set(Object.keys(handlers).map((name) => NR[name as keyof typeof handlers]))];
/** clone and fork begin a task where a program of ours has no code; exit ends the row early. */
const UNWANTED: ReadonlySet<number> = new Set([NR.clone, NR.fork, NR.vfork, NR.exit, NR.exit_group]);
const number = fc
  .oneof(
    { weight: 6, arbitrary: fc.constantFrom(...implemented) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 600 }) },
    { weight: 1, arbitrary: fc.constantFrom(-1, 0.5, NaN, Infinity, 2 ** 32, 2 ** 53) },
  )
  .filter((nr) => !UNWANTED.has(nr));
const calls = fc.array(fc.record({ nr: number, regs: registers, inside: fc.boolean() }), {
  minLength: 1,
  maxLength: 120,
});

const PATTERN = 0xa7;
const intact = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === PATTERN);

/** Sockets of every kind, none of which blocks: something to hit. */
async function furniture(libc: Libc): Promise<void> {
  const ok = throwing(libc);
  for (const type of [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET])
    for (const fd of await pair(ok, type)) {
      await ok.fcntl(fd, F_SETFL, O_NONBLOCK);
      await ok.send(fd, 'some bytes');
    }
  for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
    const s = await ok.socket(AF_INET, type, 0);
    await ok.fcntl(s, F_SETFL, O_NONBLOCK);
    await ok.bind(s, { family: AF_INET, addr: '127.0.0.1', port: 80 });
    if (type === SOCK_STREAM) await ok.listen(s, 1);
    const c = await ok.socket(AF_INET, type, 0);
    await ok.connect(c, { family: AF_INET, addr: '127.0.0.1', port: 80 });
    await ok.fcntl(c, F_SETFL, O_NONBLOCK);
  }
  await ok.fcntl(await listener(ok), F_SETFL, O_NONBLOCK);
  await ok.socket(AF_UNIX, SOCK_DGRAM, 0);
  await ok.signal(13, 1);
}

/** struct indirect_registers around a call: what v1 runs whatever it is, and what other kernels refuse. */
function wrapped(arena: Uint8Array, nr: number, regs: Regs): void {
  const view = new DataView(arena.buffer, ARENA - 56);
  [nr, ...regs].forEach((slot, i) =>
    view.setBigUint64(8 * i, BigInt.asUintN(64, BigInt(Math.trunc(Number.isFinite(slot) ? slot : 0))), true),
  );
}

for (const release of RELEASES)
  test(`${release}: no call with any registers harms the kernel or anybody's memory`, async (t) => {
    await fc.assert(
      fc.asyncProperty(calls, async (drawn) => {
        const kernel = boot({ release, output: null });
        const other = new Uint8Array(ARENA).fill(PATTERN);
        const own = new Uint8Array(ARENA).fill(PATTERN);
        // Another process: its memory is at the same addresses.
        const neighbour = kernel.run(async (libc: Libc) => {
          libc.cpu.memory.map(other);
          libc.cpu.memory.map(new Uint8Array(other));
          await libc.poll([], 3_600_000);
        });
        let answered = 0;
        const attacker = kernel.run(async (libc: Libc) => {
          const arena = new Uint8Array(ARENA).fill(PATTERN);
          const at = libc.cpu.memory.map(arena);
          // An area that no call is told of: far from what small numbers can hit.
          for (let i = 0; i < 40; i++) libc.cpu.memory.map(new Uint8Array(0));
          libc.cpu.memory.map(own);
          await furniture(libc);
          for (const { nr, regs, inside } of drawn) {
            const six = regs.map((r) => (typeof r === 'number' ? r : at + Number(r.slice(6)))) as unknown as Regs;
            if (inside) wrapped(arena, nr, six);
            const ret = await (inside
              ? libc.cpu.syscall(286, at + ARENA - 56, at, 4, 0, 0, 0)
              : libc.cpu.syscall(nr, ...six));
            if (!Number.isInteger(ret) || ret < -4095) throw new Error(`call ${nr} answered ${ret}`);
            answered++;
          }
        });
        // Whoever blocks for ever is found out; that is no harm.
        const outcomes = await Promise.allSettled([neighbour, attacker]);
        for (const outcome of outcomes)
          if (outcome.status === 'rejected' && !(outcome.reason instanceof DeadlockError)) throw outcome.reason;
        if (outcomes[1].status === 'fulfilled' && outcomes[1].value === 0 && answered !== drawn.length)
          throw new Error('calls are missing');
        if (!intact(other) || !intact(own)) throw new Error('memory that no call was told of has changed');
        const { tasks, files } = kernel.census();
        if (tasks + files !== 0) throw new Error(`${tasks} tasks and ${files} files are left`);
      }),
      { numRuns: 40 },
    );
    t.pass();
  });

test('clone, exit and exit_group with any registers', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...RELEASES),
      fc.constantFrom(...UNWANTED),
      registers,
      async (release, nr, regs) => {
        const kernel = boot({ release, output: null });
        const running = kernel.run(async (libc: Libc) => {
          const at = libc.cpu.memory.map(new Uint8Array(ARENA));
          await libc.cpu.syscall(
            nr,
            ...(regs.map((r) => (typeof r === 'number' ? r : at + Number(r.slice(6)))) as unknown as Regs),
          );
        });
        await running.catch((error: unknown) => {
          // A thread that begins where no program is.
          if (!(error instanceof ProgramError)) throw error;
        });
        // A child that outlives its parent has its turn yet.
        await new Promise((done) => setImmediate(done));
        const { tasks, files } = kernel.census();
        if (tasks + files !== 0) throw new Error(`${tasks} tasks and ${files} files are left`);
      },
    ),
    { numRuns: 100 },
  );
  t.pass();
});

// Streams: bytes in are bytes out, in order.

/** A policy that chooses as `seed` says: another order of the threads for each. */
function chance(seed: number): Policy {
  let state = seed >>> 0;
  return {
    pick: (ready) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * ready.length);
    },
  };
}
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 20_000 })), {
  minLength: 1,
  maxLength: 25,
});
const byte_at = (i: number): number => (i * 31 + (i >> 8)) & 0xff;

test('a stream gives the bytes in the order in which it took them, however they are cut', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      sizes,
      sizes,
      fc.integer(),
      fc.boolean(),
      fc.integer({ min: 2000, max: 300_000 }),
      async (writes, reads, seed, vectors, sndbuf) => {
        const kernel = boot({ output: null, policy: chance(seed) });
        const total = writes.reduce((n, size) => n + size, 0);
        let at = 0;
        const status = await kernel.run(async (libc: Libc) => {
          const ok = throwing(libc);
          const [a, b] = await pair(ok);
          await ok.setsockopt(a, 1, 7, sndbuf);
          const join = await thread(libc, async (_own, own_ok) => {
            let from = 0;
            for (const size of writes) {
              const chunk = Uint8Array.from({ length: size }, (_, i) => byte_at(from + i));
              const cut = Math.floor(size / 3);
              const n = vectors
                ? await own_ok.writev(a, [chunk.subarray(0, cut), chunk.subarray(cut)])
                : await own_ok.write(a, chunk);
              if (n !== size) throw new Error(`wrote ${n} of ${size}`);
              from += size;
            }
            await own_ok.close(a);
          });
          for (let i = 0; ; i++) {
            const room = reads[i % reads.length]!;
            const bufs = [new Uint8Array(Math.floor(room / 2)), new Uint8Array(room - Math.floor(room / 2))];
            const n = vectors ? await ok.readv(b, bufs) : await ok.read(b, bufs[1]!);
            if (n === 0) break;
            const got = vectors ? [...bufs[0]!, ...bufs[1]!] : bufs[1]!;
            for (let k = 0; k < n; k++, at++) if (got[k] !== byte_at(at)) throw new Error(`byte ${at} is wrong`);
          }
          await join();
        });
        if (status !== 0 || at !== total) throw new Error(`status ${status}, ${at} of ${total} bytes`);
        nothing_left(t, kernel);
      },
    ),
    { numRuns: 20 },
  );
});

for (const [name, type] of [
  ['datagram', SOCK_DGRAM],
  ['record', SOCK_SEQPACKET],
] as const)
  test(`a ${name} arrives whole, or cut to the room, and in order`, async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 3000 }),
        fc.integer(),
        async (messages, room, seed) => {
          const kernel = boot({ output: null, policy: chance(seed) });
          const got: [number, number][] = [];
          await kernel.run(async (libc: Libc) => {
            const ok = throwing(libc);
            const [a, b] = await pair(ok, type);
            const join = await thread(libc, async (_own, own_ok) => {
              for (const [i, size] of messages.entries()) await own_ok.send(a, new Uint8Array(size).fill(i));
            });
            const buf = new Uint8Array(room);
            for (let i = 0; i < messages.length; i++) got.push([await ok.recv(b, buf), buf[0]!]);
            await join();
          });
          messages.forEach((size, i) => {
            const [n, first] = got[i]!;
            if (n !== Math.min(size, room) || (n > 0 && first !== i))
              throw new Error(`message ${i}: ${n} bytes of ${first}`);
          });
          nothing_left(t, kernel);
        },
      ),
      { numRuns: 25 },
    );
  });

// Descriptors.

type Op =
  | { readonly op: 'socket' | 'pair' }
  | { readonly op: 'close' | 'dup'; readonly fd: number }
  | { readonly op: 'dup2' | 'dupfd'; readonly fd: number; readonly to: number }
  | { readonly op: 'limit'; readonly to: number };
const small = fc.integer({ min: 0, max: 40 });
const ops: fc.Arbitrary<Op[]> = fc.array(
  fc.oneof(
    fc.record({ op: fc.constantFrom('socket' as const, 'pair' as const) }),
    fc.record({ op: fc.constantFrom('close' as const, 'dup' as const), fd: small }),
    fc.record({ op: fc.constantFrom('dup2' as const, 'dupfd' as const), fd: small, to: small }),
    fc.record({ op: fc.constant('limit' as const), to: fc.integer({ min: 20, max: 50 }) }),
  ),
  { maxLength: 150 },
);

/** A descriptor table as everybody imagines it. */
class Model {
  readonly open = new Set([0, 1, 2]);
  limit = 1024;

  /** Take the lowest free number from `from` on; -1: none. */
  take(from = 0): number {
    let fd = from;
    while (this.open.has(fd)) fd++;
    if (fd >= this.limit) return -1;
    this.open.add(fd);
    return fd;
  }

  apply(op: Op): number | [number, number] {
    switch (op.op) {
      case 'socket':
        return this.take();
      case 'pair': {
        const first = this.take();
        const second = first === -1 ? -1 : this.take();
        if (second !== -1) return [first, second];
        this.open.delete(first);
        return -1;
      }
      case 'close':
        return this.open.delete(op.fd) ? 0 : -1;
      case 'dup':
        return this.open.has(op.fd) ? this.take() : -1;
      case 'dupfd':
        return this.open.has(op.fd) && op.to < this.limit ? this.take(op.to) : -1;
      case 'dup2':
        if (!this.open.has(op.fd) || (op.fd !== op.to && op.to >= this.limit)) return -1;
        this.open.add(op.to);
        return op.to;
      case 'limit':
        this.limit = op.to;
        return 0;
    }
  }
}

async function apply(libc: Libc, op: Op): Promise<number | [number, number]> {
  switch (op.op) {
    case 'socket':
      return libc.socket(AF_UNIX, SOCK_STREAM, 0);
    case 'pair': {
      const sv: number[] = [];
      return (await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, sv)) === -1 ? -1 : (sv as [number, number]);
    }
    case 'close':
      return libc.close(op.fd);
    case 'dup':
      return libc.dup(op.fd);
    case 'dupfd':
      return libc.fcntl(op.fd, F_DUPFD, op.to);
    case 'dup2':
      return libc.dup2(op.fd, op.to);
    case 'limit':
      return libc.setrlimit(RLIMIT_NOFILE, { rlim_cur: op.to, rlim_max: 4096 });
  }
}

test('a new descriptor is always the lowest free one, and at the end all are closed', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...RELEASES), ops, async (release, list) => {
      const kernel = boot({ release, output: null });
      const model = new Model();
      await kernel.run(async (libc: Libc) => {
        for (const [i, op] of list.entries()) {
          const got = await apply(libc, op);
          const wanted = model.apply(op);
          if (String(got) !== String(wanted))
            throw new Error(`operation ${i}, ${JSON.stringify(op)}: ${String(got)}, not ${String(wanted)}`);
        }
      });
      nothing_left(t, kernel);
    }),
    { numRuns: 80 },
  );
});
