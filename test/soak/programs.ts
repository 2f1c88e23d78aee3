/**
 * Random programs: processes and threads that make calls of every kind with every kind of register. A seed makes a program, and
 * the same seed the same one, so that what fails can be run again. The programs enter by number: a new call is called from the
 * day on which it has a row.
 */
import type { Libc, Policy, Program } from '../../index.js';
import { handlers } from '../../index.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { AF_INET, AF_UNIX, NR, SIGKILL, SOCK_DGRAM, SOCK_STREAM } from '../../kernel-mock/include/uapi/index.js';

/** A whole number from 0 below `n`, the next one with each call. */
export type Chance = (n: number) => number;

/** xorshift32. */
export function chance_of(seed: number): Chance {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x6d2b79f5) >>> 0 || 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % n;
  };
}

function pick<T>(chance: Chance, list: readonly T[]): T {
  return list[chance(list.length)]!;
}

/** A scheduler that chooses as the seed says, at every call. */
export function policy_of(seed: number): Policy {
  const chance = chance_of(seed);
  return { pick: (ready) => chance(ready.length) };
}

/** fork and clone begin a task where the library has no code; they are made by its functions. */
const BY_THE_LIBRARY: ReadonlySet<string> = new Set(['fork', 'vfork', 'clone', 'clone3']);
const NUMBERS_BY_THE_LIBRARY: ReadonlySet<number> = new Set(
  [...BY_THE_LIBRARY].map((name) => NR[name as keyof typeof NR]),
);
/** These end the caller: now and then. */
const DEADLY: ReadonlySet<string> = new Set(['exit', 'exit_group', 'execve', 'execveat', 'rt_sigreturn', 'kill']);
const NAMES = Object.keys(handlers).filter((name) => !BY_THE_LIBRARY.has(name)) as (keyof typeof NR)[];

const EVIL = [
  ...[-1, -2, -4096, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 32 + 3, 2 ** 47 - 1, 2 ** 47, 2 ** 53, 2 ** 63],
  ...[2 ** 64 - 2048, -(2 ** 63), 0xffff800000000000, 1.5, Infinity, -Infinity],
];
const ARENA = 8192;
const PATHS = ['a', 'b', 'd', 'd/a', 'd/b', '..', '/dev/null', '/dev/zero', '/proc/self/fd', '/proc/self/fd/3', '/tmp'];
const PATH_AT = 0;
const SLOT = 64;

/** What one task calls with: memory of its own, and where in it things stand. */
class Caller {
  readonly arena = new Uint8Array(ARENA);
  readonly view = new DataView(this.arena.buffer);
  readonly base: number;
  readonly #chance: Chance;
  readonly #libc: Libc;

  constructor(libc: Libc, chance: Chance) {
    this.#libc = libc;
    this.#chance = chance;
    this.base = libc.map(this.arena);
  }

  #u64(at: number, value: number): void {
    this.view.setBigInt64(at, BigInt.asIntN(64, BigInt(value)), true);
  }

  /** Lay out paths, addresses, times, sets, vectors and messages, each in a slot; many structures begin alike. */
  fill(): void {
    const { arena, view, base } = this;
    const chance = this.#chance;
    for (let i = 0; i < 64; i++) view.setInt32(4096 + 4 * i, chance(4) === 0 ? chance(1 << 30) : chance(24), true);
    PATHS.forEach((path, i) => arena.set(Buffer.from(`${path}\0`), PATH_AT + i * SLOT));
    const at = (slot: number): number => 1024 + slot * SLOT;
    // sockaddr_in, sockaddr_un.
    view.setUint16(at(0), AF_INET, true);
    view.setUint16(at(0) + 2, 80 + chance(3));
    view.setUint32(at(0) + 4, chance(3) === 0 ? 0 : 0x7f000001);
    view.setUint16(at(1), AF_UNIX, true);
    arena.set([0, 97 + chance(3), 0], at(1) + 2);
    view.setUint16(at(2), AF_UNIX, true);
    arena.set([97 + chance(3), 0], at(2) + 2);
    // Two times, as timespec, timeval or itimerspec; a set of signals or descriptors.
    for (const [i, value] of [0, chance(2_000_000), 0, chance(5_000_000)].entries()) this.#u64(at(3) + 8 * i, value);
    this.#u64(at(4), chance(1 << 24));
    // pollfd, epoll_event, flock.
    for (let i = 0; i < 4; i++) {
      view.setInt32(at(5) + 8 * i, chance(24), true);
      view.setInt32(at(5) + 8 * i + 4, chance(1 << 10), true);
    }
    view.setInt32(at(6), chance(0x40), true);
    view.setInt32(at(7), chance(3) | (chance(2) << 16), true);
    this.#u64(at(7) + 8, chance(100));
    this.#u64(at(7) + 16, chance(100));
    // iovec, and a message with it, with descriptors.
    for (let i = 0; i < 4; i++) {
      this.#u64(at(8) + 16 * i, base + 6144 + chance(512));
      this.#u64(at(8) + 16 * i + 8, chance(300));
    }
    const { msghdr, cmsghdr } = layout_x86_64;
    const msg = at(10);
    this.#u64(msg + msghdr.msg_name, chance(2) === 0 ? 0 : base + at(chance(3)));
    view.setUint32(msg + msghdr.msg_namelen, pick(chance, [0, 3, 16, 110]), true);
    this.#u64(msg + msghdr.msg_iov, base + at(8));
    this.#u64(msg + msghdr.msg_iovlen, chance(5));
    this.#u64(msg + msghdr.msg_control, base + at(12));
    this.#u64(msg + msghdr.msg_controllen, pick(chance, [0, 15, 16, 20, 24, 32, 60]));
    this.#u64(at(12), pick(chance, [16, 20, 24, 28, 0]));
    view.setInt32(at(12) + cmsghdr.cmsg_level, 1, true);
    view.setInt32(at(12) + cmsghdr.cmsg_type, 1 + chance(2), true);
    for (let i = 0; i < 3; i++) view.setInt32(at(12) + 16 + 4 * i, chance(24), true);
  }

  /** A register: descriptors, numbers, flags and pointers, good and bad. `i`: which argument; most calls are alike in that. */
  #register(i: number): number {
    const chance = this.#chance;
    const kind = chance(20);
    const { base } = this;
    if (kind === 0) return pick(chance, EVIL);
    if (kind === 1) return base + ARENA - chance(24);
    if (kind === 2) return base + chance(ARENA);
    if (kind < 9) return i === 0 ? chance(24) : base + 1024 + SLOT * chance(16);
    if (kind < 12) return base + PATH_AT + SLOT * chance(PATHS.length);
    if (kind < 17) return i === 0 ? chance(24) : chance(65);
    if (kind === 17) return 0;
    return 1 << chance(31);
  }

  /** One call of any name; what it answered. */
  call(): number | Promise<number> {
    const chance = this.#chance;
    let name = pick(chance, NAMES);
    if (DEADLY.has(name) && chance(30) !== 0) name = 'getpid';
    const [a, b, c, d, e, f] = [0, 1, 2, 3, 4, 5].map((i) => this.#register(i)) as [
      ...[number, number, number],
      ...[number, number, number],
    ];
    const any = chance(520);
    const nr = chance(40) === 0 && !NUMBERS_BY_THE_LIBRARY.has(any) ? any : NR[name];
    return this.#libc.cpu.syscall(nr, a, b, c, d, e, f);
  }
}

/** One descriptor of every kind: something to hit. What a release does not have is not there. */
async function furniture(libc: Libc): Promise<void> {
  await libc.mkdir('d', 0o755);
  await libc.open('a', 0o2102, 0o644);
  await libc.open('.', 0);
  const pair: number[] = [];
  await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  await libc.socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  await libc.pipe(pair);
  await libc.epoll_create(1);
  await libc.eventfd(1, 0);
  await libc.timerfd_create(1, 0);
  await libc.inotify_init();
  await libc.memfd_create('m', 0);
  const s = await libc.socket(AF_INET, SOCK_STREAM, 0);
  await libc.bind(s, { family: AF_INET, addr: '127.0.0.1', port: 80 });
  await libc.listen(s, 3);
  await libc.socket(AF_INET, SOCK_DGRAM, 0);
  // A call that sleeps for ever ends with the next tick of this.
  await libc.setitimer(0, { it_value: { tv_sec: 0, tv_usec: 3000 }, it_interval: { tv_sec: 0, tv_usec: 3000 } }, null);
  await libc.signal(14, () => undefined);
  await libc.signal(13, 1);
}

async function make_calls(libc: Libc, chance: Chance, count: number): Promise<void> {
  const caller = new Caller(libc, chance);
  for (let i = 0; i < count; i++) {
    if (i % 4 === 0) caller.fill();
    const ret = await caller.call();
    if (!Number.isInteger(ret) || ret < -4095) throw new RangeError(`a call answered ${ret}`);
  }
  libc.unmap(caller.base);
}

/** A process with a second thread and, sometimes, a child that does the same. */
async function worker(libc: Libc, chance: Chance, calls: number, depth: number): Promise<number> {
  await furniture(libc);
  await make_calls(libc, chance, calls >> 2);
  const seed = chance(1 << 30);
  await libc.pthread_create({}, null, (own: Libc) => make_calls(own, chance_of(seed), calls >> 1), null);
  if (depth > 0 && chance(2) === 0) {
    const below = chance(1 << 30);
    await libc.fork((child) => worker(child, chance_of(below), calls >> 1, depth - 1));
  }
  await make_calls(libc, chance, calls);
  return 0;
}

/** A program of `calls` calls for each thread, made by `seed`; it ends after a second of its own time, whatever they do. */
export function random_program(seed: number, calls: number): Program {
  return async (libc) => {
    const chance = chance_of(seed);
    const pids: number[] = [];
    for (let i = 0; i < 2; i++) {
      const below = chance(1 << 30);
      pids.push(await libc.fork((child) => worker(child, chance_of(below), calls, 1)));
    }
    await libc.poll([], 1000);
    for (const pid of pids) await libc.kill(pid, SIGKILL);
    for (const pid of pids) await libc.waitpid(pid, null, 0);
    return 0;
  };
}

/** Ends whatever a program has left alive. */
export const reaper: Program = async (libc) => {
  await libc.kill(-1, SIGKILL);
  await libc.poll([], 1);
  return 0;
};
