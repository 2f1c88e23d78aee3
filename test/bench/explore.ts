/** What the explorer's executions cost: the accept race through the whole library and kernel, beside an equally shaped one in fast-check. */
import fc from 'fast-check';
import type { Libc, Program } from '../../index.js';
import { FD_CLOEXEC, F_GETFD, F_SETFD } from '../../kernel-mock/include/uapi/fcntl.js';
import { AF_UNIX, SOCK_STREAM } from '../../kernel-mock/include/uapi/socket.js';
import { type Scenario, scenario, search } from '../../tools/index.js';

const NAME = { family: AF_UNIX, path: '\0listener' } as const;
const BOOT = { release: '6.18', route: 'legacy' } as const;

/** The program that is executed: 1 if it was given the connection. */
const child: Program = async (libc) => ((await libc.fcntl(5, F_GETFD)) === -1 ? 0 : 1);

async function accept_and_mark(libc: Libc): Promise<void> {
  await libc.fcntl(await libc.accept(3), F_SETFD, FD_CLOEXEC);
}

const main: Program = async (libc) => {
  const listener = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
  await libc.bind(listener, NAME);
  await libc.listen(listener, 1);
  await libc.connect(await libc.socket(AF_UNIX, SOCK_STREAM, 0), NAME);
  const thread = {};
  await libc.pthread_create(thread, null, accept_and_mark, null);
  const pid = await libc.fork(async (own) => {
    await own.execve('/bin/child', ['child'], []);
    return 1;
  });
  await libc.waitpid(pid, null);
  await libc.pthread_join(thread, null);
};

/** A listener that makes nothing of what it hears. */
const ignore = (): void => {};
const tracer = { sys_enter: ignore, sys_exit: ignore, sched_switch: ignore, sched_wakeup: ignore, fd_install: ignore };

const race =
  (traced: boolean): Scenario =>
  async (boot) => {
    const kernel = boot(traced ? TRACED : BOOT);
    kernel.install('/bin/child', child);
    await kernel.run(main);
  };
const TRACED = { ...BOOT, trace: tracer } as const;

/** Nanoseconds for each of `n` executions. */
export async function race_ns(n: number, traced: boolean): Promise<number> {
  const start = performance.now();
  await search(race(traced), { strategy: 'random', runs: n, all: true });
  return ((performance.now() - start) * 1e6) / n;
}

/** The same shape in fast-check's scheduler: what each of the three does, one scheduled promise for each call that can be overtaken. */
export async function fastcheck_ns(n: number): Promise<number> {
  const start = performance.now();
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (s) => {
      const steps = async (name: string, calls: readonly string[]): Promise<void> => {
        for (const call of calls) await s.schedule(Promise.resolve(call), name);
      };
      const all = Promise.all([
        steps('thread', ['begin', 'accept', 'fcntl', 'exit']),
        steps('main', ['fork', 'wait4', 'futex', 'exit_group']),
        steps('child', ['begin', 'execve', 'fcntl', 'exit_group']),
      ]);
      await s.waitFor(all);
    }),
    { numRuns: n },
  );
  return ((performance.now() - start) * 1e6) / n;
}

/** Three threads, each with a pipe's worth of work of its own, and then one write each of two of them to the same eventfd. */
const workers = scenario({
  async main(libc) {
    for (let i = 0; i < 4; i++) await libc.eventfd(0, 0);
    const threads = [];
    for (const fd of [3, 4, 5]) {
      const thread = {};
      await libc.pthread_create(
        thread,
        null,
        async (own: Libc) => {
          await own.eventfd_write(fd, 1n);
          if (fd !== 5) await own.eventfd_write(6, 1n);
        },
        null,
      );
      threads.push(thread);
    }
    for (const thread of threads) await libc.pthread_join(thread, null);
  },
});

/** Depth first is not waited for beyond so many times DPOR's executions. */
const ENOUGH = 20;

export interface Reduction {
  readonly dpor: number;
  /** At least. */
  readonly dfs: number;
}

export async function reduction(): Promise<Reduction> {
  const dpor = await search(workers, { strategy: 'dpor' });
  const dfs = await search(workers, { strategy: 'dfs', limit: ENOUGH * dpor.executions });
  return { dpor: dpor.executions, dfs: dfs.executions };
}
