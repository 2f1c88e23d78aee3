/** Cancellation in every call that sleeps: who is a cancellation point as in glibc, and what is left of the thread. */
import test from 'ava';
import { type Libc, PTHREAD_CANCELED, type PthreadT, releases } from '../../index.js';
import { boot_for } from '../helpers.js';
import type { SleepingCall } from '../kernel/sleeping_call.js';
import { SLEEPS } from '../kernel/sleeps.js';

/** What no signal interrupts for good, and what glibc makes no cancellation point of: the thread sleeps on. */
const NO_POINT: ReadonlySet<string> = new Set([
  'flock',
  'futex',
  'vfork',
  'sendfile to a full pipe',
  'truncate of a file with a lease',
  'openat2 of a FIFO that nobody reads',
]);

/** The signal ends the call, but does not cancel the thread: that goes on with what the call answered. */
const RETURNS: ReadonlySet<string> = new Set(['a futex, with a limit', 'close with SO_LINGER']);

const ROUTES = [
  ['dedicated', '6.18'],
  ['indirect', '2.6.24-rc3-indirect-v5'],
] as const;

const cancelled = test.macro({
  async exec(t, call: SleepingCall, route: (typeof ROUTES)[number][0], release: string) {
    const kernel = boot_for(t, { route, release });
    const status = await kernel.run(async (libc) => {
      const { go } = await call.setup(libc);
      const log: string[] = [];
      const pt: PthreadT = {};
      const routine = async (own: Libc): Promise<string> => {
        await own.pthread_cleanup_push(() => log.push('cleaned up'), null);
        await go(own);
        return 'returned';
      };
      await libc.pthread_create(pt, null, routine, null);
      await libc.usleep(10_000);
      const [task] = [...kernel.internals.tasks.values()].filter((x) => x.group.tgid === 2 && x.pid !== 2);
      await libc.pthread_cancel(pt);
      await libc.usleep(10_000);
      if (NO_POINT.has(call.name)) t.deepEqual(log, []);
      else {
        const retval: { value?: unknown } = {};
        t.is(await libc.pthread_join(pt, retval), 0);
        t.deepEqual([retval.value, log], [RETURNS.has(call.name) ? 'returned' : PTHREAD_CANCELED, ['cleaned up']]);
        t.is(task!.indirect_params, 0);
        t.is(task!.wait.queue, null, 'it stands in no queue');
      }
      await libc.kill(0, 9);
    });
    t.is(status, 9);
  },
  title: (_, call: SleepingCall, route: string) => `pthread_cancel in ${call.name}, route ${route}`,
});

for (const [route, release] of ROUTES) {
  const { calls } = releases.find((r) => r.name === release)!;
  for (const call of SLEEPS)
    if (call.needs === undefined || calls.has(call.needs)) test(cancelled, call, route, release);
}
