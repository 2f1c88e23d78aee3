import test from 'ava';
import { EBUSY, EDEADLK, EPERM, ETIMEDOUT, SIGUSR1 } from 'sys-indirect/uapi';
import {
  type Libc,
  PTHREAD_CANCELED,
  PTHREAD_CANCEL_DISABLE,
  PTHREAD_CANCEL_ENABLE,
  PTHREAD_MUTEX_ERRORCHECK,
  PTHREAD_MUTEX_RECURSIVE,
  type PthreadMutexT,
  type PthreadT,
} from '../../index.js';
import { RELEASES, run } from '../helpers.js';

/** Calls that are cancellation points, and one that is not: it is cancelled at the next that is. */
const POINTS: Readonly<Record<string, (libc: Libc) => Promise<unknown>>> = {
  pause: (l) => l.pause(),
  sleep: (l) => l.sleep(1000),
  poll: (l) => l.poll([], -1),
  sigsuspend: (l) => l.sigsuspend([]),
  read: async (l) => {
    const sv: number[] = [];
    await l.socketpair(1, 1, 0, sv);
    await l.read(sv[0]!, new Uint8Array(1));
  },
  pthread_cond_wait: async (l) => {
    const mutex: PthreadMutexT = {};
    await l.pthread_mutex_lock(mutex);
    await l.pthread_cond_wait({}, mutex);
  },
  pthread_testcancel: async (l) => {
    for (;;) {
      await l.sched_yield();
      await l.pthread_testcancel();
    }
  },
};

for (const [name, call] of Object.entries(POINTS))
  test(`pthread_cancel in ${name}`, async (t) => {
    const status = await run(t, {}, async (libc) => {
      const order: string[] = [];
      const thread: PthreadT = {};
      const routine = async (l: Libc): Promise<string> => {
        await l.pthread_cleanup_push((word: string) => order.push(word), 'first');
        await l.pthread_cleanup_push((word: string) => order.push(word), 'second');
        await call(l);
        return 'never';
      };
      await libc.pthread_create(thread, null, routine, null);
      await libc.sched_yield();
      await libc.sched_yield();
      t.is(await libc.pthread_cancel(thread), 0);
      const value: { value?: unknown } = {};
      t.is(await libc.pthread_join(thread, value), 0);
      t.is(value.value, PTHREAD_CANCELED);
      t.deepEqual(order, ['second', 'first']);
    });
    t.is(status, 0);
  });

test('a thread that does not let itself be cancelled goes on until it does', async (t) => {
  await run(t, {}, async (libc) => {
    let passed = 0;
    const thread: PthreadT = {};
    const routine = async (l: Libc): Promise<void> => {
      await l.pthread_setcancelstate(PTHREAD_CANCEL_DISABLE);
      await l.sleep(5);
      passed++;
      await l.pthread_setcancelstate(PTHREAD_CANCEL_ENABLE);
      passed++;
      await l.sleep(5);
      passed++;
    };
    await libc.pthread_create(thread, null, routine, null);
    await libc.sched_yield();
    await libc.pthread_cancel(thread);
    await libc.pthread_join(thread);
    t.is(passed, 2);
  });
});

for (const release of RELEASES)
  test(`mutex and condition keep a queue in order, on ${release}`, async (t) => {
    await run(t, { release }, async (libc) => {
      const mutex: PthreadMutexT = {};
      const cond = {};
      const queue: number[] = [];
      const taken: number[] = [];
      const consumer = async (l: Libc): Promise<void> => {
        for (let n = 0; n < 10; n++) {
          await l.pthread_mutex_lock(mutex);
          while (queue.length === 0) await l.pthread_cond_wait(cond, mutex);
          taken.push(queue.shift()!);
          await l.sched_yield();
          await l.pthread_mutex_unlock(mutex);
        }
      };
      const threads: PthreadT[] = [{}, {}];
      for (const thread of threads) await libc.pthread_create(thread, null, consumer, null);
      for (let n = 0; n < 20; n++) {
        await libc.pthread_mutex_lock(mutex);
        queue.push(n);
        await libc.pthread_cond_signal(cond);
        await libc.pthread_mutex_unlock(mutex);
        await libc.sched_yield();
      }
      for (const thread of threads) await libc.pthread_join(thread);
      t.deepEqual(
        taken,
        Array.from({ length: 20 }, (_, i) => i),
      );
    });
  });

test('kinds of mutexes', async (t) => {
  await run(t, {}, async (libc) => {
    const check: PthreadMutexT = {};
    await libc.pthread_mutex_init(check, PTHREAD_MUTEX_ERRORCHECK);
    t.is(await libc.pthread_mutex_unlock(check), EPERM);
    t.is(await libc.pthread_mutex_lock(check), 0);
    t.is(await libc.pthread_mutex_lock(check), EDEADLK);
    t.is(await libc.pthread_mutex_trylock(check), EBUSY);
    t.is(await libc.pthread_mutex_destroy(check), EBUSY);
    const recursive: PthreadMutexT = {};
    await libc.pthread_mutex_init(recursive, PTHREAD_MUTEX_RECURSIVE);
    for (let i = 0; i < 3; i++) t.is(await libc.pthread_mutex_lock(recursive), 0);
    for (let i = 0; i < 3; i++) t.is(await libc.pthread_mutex_unlock(recursive), 0);
    t.is(await libc.pthread_mutex_unlock(recursive), EPERM);
    const plain: PthreadMutexT = {};
    await libc.pthread_mutex_lock(plain);
    const now: { tv_sec?: number; tv_nsec?: number } = {};
    await libc.clock_gettime(0, now);
    t.is(await libc.pthread_mutex_timedlock(plain, { tv_sec: now.tv_sec! + 5, tv_nsec: 0 }), ETIMEDOUT);
    t.is(await libc.pthread_cond_timedwait({}, plain, { tv_sec: now.tv_sec! + 9, tv_nsec: 0 }), ETIMEDOUT);
  });
});

test('pthread_once runs once, and the others wait for it', async (t) => {
  await run(t, {}, async (libc) => {
    const once = {};
    let ran = 0;
    const routine = async (l: Libc): Promise<void> => {
      await l.pthread_once(once, async () => {
        await l.sleep(1);
        ran++;
      });
      t.is(ran, 1);
    };
    const threads: PthreadT[] = [{}, {}, {}];
    for (const thread of threads) await libc.pthread_create(thread, null, routine, null);
    for (const thread of threads) await libc.pthread_join(thread);
  });
});

test('pthread_kill, pthread_self, pthread_equal, pthread_exit', async (t) => {
  const status = await run(t, {}, async (libc) => {
    const by: number[] = [];
    await libc.signal(SIGUSR1, async (l) => by.push(await l.gettid()));
    const thread: PthreadT = {};
    const routine = async (l: Libc): Promise<void> => {
      t.is(l.pthread_equal(await l.pthread_self(), thread), 1);
      await l.pause();
      return l.pthread_exit('done');
    };
    await libc.pthread_create(thread, null, routine, null);
    await libc.sched_yield();
    t.is(libc.pthread_equal(await libc.pthread_self(), thread), 0);
    t.is(await libc.pthread_kill(thread, SIGUSR1), 0);
    const value: { value?: unknown } = {};
    await libc.pthread_join(thread, value);
    t.is(value.value, 'done');
    t.deepEqual(by, [3]);
    await libc.pthread_create(null, null, (l: Libc) => l.sleep(5), null);
    return libc.pthread_exit(null);
  });
  t.is(status, 0, 'the last thread ends the process');
});
