/** Locks, barriers, semaphores and values of threads; on the oldest kernel too, whose futex knows durations only. */
import test from 'ava';
import { CLOCK_REALTIME, EBUSY, EDEADLK, EINVAL, EPERM, ETIMEDOUT, SA_RESTART, SIGALRM } from 'sys-indirect/uapi';
import {
  type Libc,
  PTHREAD_BARRIER_SERIAL_THREAD,
  PTHREAD_CANCELED,
  type PthreadBarrierT,
  type PthreadMutexT,
  type PthreadOnceT,
  type PthreadRwlockT,
  type PthreadT,
  type SemT,
  type Timespec,
} from '../../index.js';
import { answers, outcome, thread } from '../facts.js';

/** The date in `ms` milliseconds. */
async function in_ms(libc: Libc, ms: number): Promise<Timespec> {
  const now = { tv_sec: 0, tv_nsec: 0 };
  await libc.clock_gettime(CLOCK_REALTIME, now);
  const nsec = now.tv_nsec + ms * 1e6;
  return { tv_sec: now.tv_sec + Math.floor(nsec / 1e9), tv_nsec: nsec % 1e9 };
}

const PAST: Timespec = { tv_sec: 0, tv_nsec: 0 };
const NEVER: Timespec = { tv_sec: 0, tv_nsec: 1e9 };

test(
  'rwlock: readers together, a writer alone',
  answers,
  async (libc) => {
    const lock: PthreadRwlockT = {};
    const log: string[] = [];
    await libc.pthread_rwlock_rdlock(lock);
    const joins = [];
    for (const [name, take] of [
      ['reader', 'pthread_rwlock_rdlock'],
      ['writer', 'pthread_rwlock_wrlock'],
      ['second writer', 'pthread_rwlock_wrlock'],
    ] as const)
      joins.push(
        await thread(libc, async (own) => {
          await own[take](lock);
          log.push(name);
          await own.usleep(1000);
          await own.pthread_rwlock_unlock(lock);
        }),
      );
    await libc.usleep(5000);
    const tries = [await libc.pthread_rwlock_trywrlock(lock), await libc.pthread_rwlock_tryrdlock(lock)];
    log.push('main');
    await libc.pthread_rwlock_unlock(lock);
    await libc.pthread_rwlock_unlock(lock);
    for (const join of joins) await join();
    return [tries, log, await libc.pthread_rwlock_destroy(lock)];
  },
  [[EBUSY, 0], ['reader', 'main', 'writer', 'second writer'], 0],
);
test(
  'rwlock: a limit, a dead lock with itself, and nobody who has it',
  answers,
  async (libc) => {
    const lock: PthreadRwlockT = {};
    const got = [await libc.pthread_rwlock_init(lock), await libc.pthread_rwlock_wrlock(lock)];
    got.push(
      await libc.pthread_rwlock_rdlock(lock),
      await libc.pthread_rwlock_wrlock(lock),
      await libc.pthread_rwlock_destroy(lock),
    );
    const join = await thread(libc, async (own) => [
      await own.pthread_rwlock_timedrdlock(lock, await in_ms(own, 20)),
      await own.pthread_rwlock_timedwrlock(lock, PAST),
      await own.pthread_rwlock_timedwrlock(lock, NEVER),
    ]);
    got.push(...(await join()), await libc.pthread_rwlock_unlock(lock), await libc.pthread_rwlock_unlock(lock));
    return got;
  },
  [0, 0, EDEADLK, EDEADLK, EBUSY, ETIMEDOUT, ETIMEDOUT, EINVAL, 0, EPERM],
);
test(
  'mutex: a limit, on every futex',
  answers,
  async (libc) => {
    const mutex: PthreadMutexT = {};
    await libc.pthread_mutex_lock(mutex);
    const join = await thread(libc, async (own) => {
      const before = await in_ms(own, 0);
      const err = await own.pthread_mutex_timedlock(mutex, await in_ms(own, 50));
      const after = await in_ms(own, 0);
      const took = (after.tv_sec - before.tv_sec) * 1e3 + (after.tv_nsec - before.tv_nsec) / 1e6;
      return [err, Math.floor(took), await own.pthread_cond_timedwait({}, {}, await in_ms(own, 5))];
    });
    return join();
  },
  [ETIMEDOUT, 50, ETIMEDOUT],
);
test(
  'barrier: nobody goes on before the last has come, round after round',
  answers,
  async (libc) => {
    const barrier: PthreadBarrierT = {};
    const got: unknown[] = [
      await libc.pthread_barrier_init(barrier, null, 0),
      await libc.pthread_barrier_init(barrier, null, 3),
    ];
    const log: string[] = [];
    const run = async (own: Libc, name: string): Promise<number> => {
      let serial = 0;
      for (let round = 0; round < 3; round++) {
        log.push(`${name}${round}`);
        if ((await own.pthread_barrier_wait(barrier)) === PTHREAD_BARRIER_SERIAL_THREAD) serial++;
      }
      return serial;
    };
    const joins = [await thread(libc, (own) => run(own, 'a')), await thread(libc, (own) => run(own, 'b'))];
    let serials = await run(libc, 'm');
    for (const join of joins) serials += await join();
    const rounds = [0, 1, 2].map((n) => log.slice(n * 3, n * 3 + 3).every((entry) => entry.endsWith(String(n))));
    return [...got, serials, rounds, await libc.pthread_barrier_destroy(barrier)];
  },
  [EINVAL, 0, 3, [true, true, true], 0],
);
test(
  'spin lock',
  answers,
  async (libc) => {
    const lock = {};
    await libc.pthread_spin_init(lock);
    await libc.pthread_spin_lock(lock);
    const join = await thread(libc, async (own) => {
      const first = await own.pthread_spin_trylock(lock);
      await own.pthread_spin_lock(lock);
      return [first, await own.pthread_spin_unlock(lock)];
    });
    await libc.usleep(3000);
    await libc.pthread_spin_unlock(lock);
    return [await join(), await libc.pthread_spin_destroy(lock)];
  },
  [[EBUSY, 0], 0],
);
test(
  'semaphore: counts, waits, ends by a limit and by a handler',
  answers,
  async (libc, ok) => {
    const sem: SemT = {};
    const got: unknown[] = [
      outcome(libc, await libc.sem_init(sem, 0, 2 ** 31)),
      await libc.sem_init(sem, 0, 1),
      await libc.sem_wait(sem),
      outcome(libc, await libc.sem_trywait(sem)),
      outcome(libc, await libc.sem_timedwait(sem, await in_ms(libc, 5))),
      outcome(libc, await libc.sem_timedwait(sem, NEVER)),
    ];
    await ok.sigaction(SIGALRM, { sa_handler: () => undefined, sa_flags: 0 });
    await ok.alarm(1);
    got.push(outcome(libc, await libc.sem_wait(sem)));
    await ok.sigaction(SIGALRM, { sa_handler: (own) => own.sem_post(sem), sa_flags: SA_RESTART });
    await ok.alarm(1);
    got.push(await libc.sem_wait(sem));
    const value: { value?: number } = {};
    await libc.sem_post(sem);
    await libc.sem_getvalue(sem, value);
    return [...got, value.value, await libc.sem_destroy(sem)];
  },
  ['EINVAL', 0, 0, 'EAGAIN', 'ETIMEDOUT', 'EINVAL', 'EINTR', 0, 1, 0],
);
test(
  'semaphore: a producer and two consumers, and one that is cancelled takes nothing',
  answers,
  async (libc) => {
    const sem: SemT = {};
    await libc.sem_init(sem, 0, 0);
    let taken = 0;
    const consumer = async (own: Libc): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        await own.sem_wait(sem);
        taken++;
      }
    };
    const joins = [await thread(libc, consumer), await thread(libc, consumer)];
    const pt: PthreadT = {};
    const retval: { value?: unknown } = {};
    await libc.pthread_create(pt, null, consumer, null);
    await libc.usleep(1000);
    await libc.pthread_cancel(pt);
    await libc.pthread_join(pt, retval);
    for (let i = 0; i < 6; i++) {
      await libc.sem_post(sem);
      await libc.usleep(100);
    }
    for (const join of joins) await join();
    return [retval.value, taken];
  },
  [PTHREAD_CANCELED, 6],
);
test(
  'keys: a value for each thread, destructors at its end, in a child of fork as in its parent',
  answers,
  async (libc) => {
    const log: unknown[] = [];
    const [a, b]: [{ value?: number }, { value?: number }] = [{}, {}];
    const got: unknown[] = [
      libc.pthread_key_create(a, (value) => log.push(['a', value])),
      libc.pthread_key_create(b, (value, own) => {
        log.push(['b', value]);
        if (value === 1) own.pthread_setspecific(b.value!, 2);
      }),
      libc.pthread_setspecific(a.value!, 'main'),
    ];
    const join = await thread(libc, async (own) => {
      const before = own.pthread_getspecific(a.value!);
      own.pthread_setspecific(a.value!, 'thread');
      own.pthread_setspecific(b.value!, 1);
      return before;
    });
    got.push(await join(), libc.pthread_getspecific(a.value!), log.slice());
    const pid = await libc.fork(async (child) => (child.pthread_getspecific(a.value!) === 'main' ? 3 : 4));
    const st: { value?: number } = {};
    await libc.waitpid(pid, st);
    got.push(
      st.value! >> 8,
      libc.pthread_key_delete(a.value!),
      libc.pthread_key_delete(a.value!),
      libc.pthread_setspecific(a.value!, 1),
    );
    // The number is anybody's again, and the new key has no value.
    libc.pthread_key_create(a);
    got.push(libc.pthread_getspecific(a.value!));
    return got;
  },
  [
    0,
    0,
    0,
    null,
    'main',
    [
      ['a', 'thread'],
      ['b', 1],
      ['b', 2],
    ],
    3,
    0,
    EINVAL,
    EINVAL,
    null,
  ],
);
test(
  'pthread_once: who is cancelled in it has not run it',
  answers,
  async (libc) => {
    const once: PthreadOnceT = {};
    const log: string[] = [];
    const pt: PthreadT = {};
    await libc.pthread_create(
      pt,
      null,
      async (own: Libc) => {
        await own.pthread_once(once, async () => {
          log.push('begun');
          await own.sleep(1000);
        });
      },
      null,
    );
    await libc.usleep(100);
    const join = await thread(libc, (own) => own.pthread_once(once, () => log.push('done')));
    await libc.usleep(100);
    await libc.pthread_cancel(pt);
    await libc.pthread_join(pt);
    await join();
    await libc.pthread_once(once, () => log.push('again'));
    return log;
  },
  ['begun', 'done'],
);
