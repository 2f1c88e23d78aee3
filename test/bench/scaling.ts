/** What must not grow with what is idle, and how much memory an idle thing takes. */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Libc } from '../../index.js';
import { EPOLLIN, EPOLL_CTL_ADD } from '../../kernel-mock/include/uapi/eventpoll.js';
import { RLIMIT_NOFILE } from '../../kernel-mock/include/uapi/resource.js';
import { AF_INET, AF_UNIX, SOCK_STREAM } from '../../kernel-mock/include/uapi/socket.js';
import { epoll_wait_1_of } from './file_rows.js';
import { fork_exit_wait } from './process_rows.js';
import { type Prepare, type Prepared, type Work, check, prepared, time_ns } from './row.js';

/** The same work beside few and beside many idle things: the cost with many over the cost with few. */
interface Scale {
  readonly name: string;
  readonly few: number;
  readonly many: number;
  /** Iterations of one measurement. */
  readonly iterations: number;
  readonly beside: (idle: number) => Prepare;
}

/** As many descriptors as a privileged program can ask for. */
async function allow_descriptors(libc: Libc): Promise<void> {
  const most = 1048576;
  check(libc, await libc.setrlimit(RLIMIT_NOFILE, { rlim_cur: most, rlim_max: most }));
}

const with_sockets =
  (idle: number): Prepare =>
  async (libc) => {
    await allow_descriptors(libc);
    for (let i = 0; i < idle; i++) check(libc, await libc.socket(AF_UNIX, SOCK_STREAM, 0));
    return async (n) => {
      for (let i = 0; i < n; i++) await libc.close(check(libc, await libc.socket(AF_UNIX, SOCK_STREAM, 0)));
    };
  };

const with_idle_epoll =
  (idle: number): Prepare =>
  async (libc) => {
    await allow_descriptors(libc);
    return epoll_wait_1_of(idle)(libc);
  };

async function start_thread(libc: Libc, routine: (own: Libc) => Promise<void>): Promise<void> {
  if ((await libc.pthread_create(null, null, routine, null)) !== 0) throw new Error('no thread');
}

/** Threads that sleep on an eventfd of their own; one of them, and not the first, answers. */
const with_sleepers =
  (idle: number): Prepare =>
  async (libc) => {
    await allow_descriptors(libc);
    const one = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    const question = check(libc, await libc.eventfd(0, 0));
    const answer = check(libc, await libc.eventfd(0, 0));
    const sleep = async (own: Libc): Promise<void> => {
      await own.read(await own.eventfd(0, 0), new Uint8Array(8));
    };
    for (let i = 0; i < idle; i++) {
      await start_thread(libc, sleep);
      if (i !== idle >> 1) continue;
      await start_thread(libc, async (own) => {
        const buf = new Uint8Array(8);
        while ((await own.read(question, buf)) === 8) await own.write(answer, one);
      });
    }
    const buf = new Uint8Array(8);
    return async (n) => {
      for (let i = 0; i < n; i++) {
        check(libc, await libc.write(question, one), 8);
        check(libc, await libc.read(answer, buf), 8);
      }
    };
  };

const with_children =
  (idle: number): Prepare =>
  async (libc) => {
    for (let i = 0; i < idle; i++)
      check(
        libc,
        await libc.fork(async (child) => {
          await child.pause();
        }),
      );
    return fork_exit_wait(libc);
  };

export const scales: readonly Scale[] = [
  { name: 'epoll_wait_100000_idle', few: 100, many: 100_000, iterations: 2e4, beside: with_idle_epoll },
  { name: 'socket_close_1000000_open', few: 10, many: 1_000_000, iterations: 2e4, beside: with_sockets },
  { name: 'wake_1_of_100000_sleeping', few: 10, many: 100_000, iterations: 1e4, beside: with_sleepers },
  { name: 'wait_1_of_10000_children', few: 10, many: 10_000, iterations: 2e3, beside: with_children },
];

/** What each ratio should stay at most. */
export const SCALING_TARGET = 1.5;

/** Nanoseconds of the same work beside few and many, in turn: `rounds` pairs. `shrink`: of the many only every so many-th. */
export async function measure_scale(
  scale: Scale,
  rounds: number,
  shrink: number,
): Promise<[few: number, many: number][]> {
  const n = Math.ceil(scale.iterations / shrink);
  const sides: Prepared[] = [];
  for (const idle of [scale.few, Math.ceil(scale.many / shrink)])
    sides.push(await prepared({ name: scale.name, prepare: scale.beside(idle) }));
  const [few, many] = sides as [Prepared, Prepared];
  for (const side of sides) await side.work(n);
  const pairs: [number, number][] = [];
  for (let round = 0; round < rounds; round++) pairs.push([await time_ns(few.work, n), await time_ns(many.work, n)]);
  for (const side of sides) await side.end();
  return pairs;
}

// Memory.

/** What one idle thing takes. */
interface Footprint {
  readonly name: string;
  /** Bytes that it should take at most. */
  readonly target: number;
  readonly count: number;
  readonly make: (libc: Libc, count: number) => Promise<void>;
}

const nothing: Work = async () => {};

export const footprints: readonly Footprint[] = [
  {
    name: 'unix_socket_end',
    target: 1024,
    count: 100_000,
    async make(libc, count) {
      for (let i = 0; i < count; i += 2) check(libc, await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, [-1, -1]));
    },
  },
  {
    name: 'tcp_socket_end',
    target: 1024,
    count: 40_000,
    async make(libc, count) {
      const listener = check(libc, await libc.socket(AF_INET, SOCK_STREAM, 0));
      check(libc, await libc.bind(listener, { family: AF_INET, addr: '127.0.0.1', port: 80 }));
      check(libc, await libc.listen(listener, 4));
      for (let i = 0; i < count; i += 2) {
        const fd = check(libc, await libc.socket(AF_INET, SOCK_STREAM, 0));
        check(libc, await libc.connect(fd, { family: AF_INET, addr: '127.0.0.1', port: 80 }));
        check(libc, await libc.accept(listener));
      }
    },
  },
  {
    name: 'sleeping_task',
    target: 3072,
    count: 20_000,
    async make(libc, count) {
      const ep = check(libc, await libc.eventfd(0, 0));
      // The program's own: counted neither to the kernel nor to the library.
      const buf = new Uint8Array(8);
      const sleep = async (own: Libc): Promise<void> => {
        await own.read(ep, buf);
      };
      for (let i = 0; i < count; i++) await start_thread(libc, sleep);
      await libc.sched_yield();
    },
  },
  {
    name: 'epoll_item',
    target: 1024,
    count: 50_000,
    async make(libc, count) {
      const ep = check(libc, await libc.epoll_create(1));
      for (let i = 0; i < count; i++) {
        const fd = check(libc, await libc.eventfd(0, 0));
        check(libc, await libc.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN, data: fd }));
      }
    },
  },
];

/** Node's garbage collector, whatever flags it was started with. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** Bytes of heap and buffers for each of `count / shrink` things. */
export async function measure_footprint({ name, count, make }: Footprint, shrink: number): Promise<number> {
  const gc = collector();
  const n = Math.ceil(count / shrink / 2) * 2;
  // What ended a moment ago is garbage only when the host has been through its queues.
  const used = async (): Promise<number> => {
    await setImmediate();
    gc();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = await used();
  const { end } = await prepared({
    name,
    prepare: async (libc) => {
      await allow_descriptors(libc);
      await make(libc, n);
      return nothing;
    },
  });
  const bytes = ((await used()) - before) / n;
  await end();
  return bytes;
}
