/** pthread.h: locks for many readers or one writer; barriers; spin locks. */
import { EBUSY, EDEADLK, EINVAL, EPERM, ETIMEDOUT } from '../../kernel-mock/include/uapi/errno.js';
import { get_s32, get_u32, put_u32 } from '../../kernel-mock/include/uapi/byteorder.js';
import { PTHREAD_BARRIER_SERIAL_THREAD } from '../constants.js';
import { want_object } from '../internal/describe.js';
import { type Word, drop_word, is_moment, wait_on, wake, word_of } from '../internal/futex_word.js';
import type { Thread } from '../internal/thread.js';
import type { Timespec } from '../internal/timespec.js';

const EVERYBODY = 0x7fffffff;
/** Place of the second word. */
const SECOND = 4;

/** A pthread_rwlock_t; `{}` is PTHREAD_RWLOCK_INITIALIZER. Its words: readers, or -1 for a writer; does anybody wait? */
export interface PthreadRwlockT extends Word {
  writer?: Thread | null;
}

/** A pthread_barrier_t. Its words: rounds that are over; threads that wait. */
export interface PthreadBarrierT extends Word {
  count?: number;
}

/** A pthread_spinlock_t. Its word: 1: taken. */
export type PthreadSpinlockT = Word;

const WRITER = -1;

function check(object: object, what: string): void {
  want_object(object, `${what} is a variable, {} at first`);
}

/** `pthread_rwlock_init(lock, NULL)`. 0. pthread_rwlock_init(3). */
export async function pthread_rwlock_init(this: Thread, lock: PthreadRwlockT, _attr: null = null): Promise<number> {
  check(lock, 'lock');
  lock.writer = null;
  put_u32(word_of(this, lock), 0, 0);
  return 0;
}

/** `pthread_rwlock_destroy(lock)`. 0, EBUSY. */
export async function pthread_rwlock_destroy(this: Thread, lock: PthreadRwlockT): Promise<number> {
  check(lock, 'lock');
  if (get_u32(word_of(this, lock), 0) !== 0) return EBUSY;
  drop_word(this, lock);
  return 0;
}

/** Wait while `busy` says of the word that it cannot be taken. 0, EDEADLK (the caller writes), ETIMEDOUT. */
async function wait_while(
  t: Thread,
  lock: PthreadRwlockT,
  busy: (n: number) => boolean,
  until: Timespec | null,
): Promise<number> {
  check(lock, 'lock');
  if (until !== null && !is_moment(until)) return EINVAL;
  const word = word_of(t, lock);
  if (lock.writer === t) return EDEADLK;
  for (let n = get_s32(word, 0); busy(n); n = get_s32(word, 0)) {
    put_u32(word, SECOND, 1);
    if ((await wait_on(t, lock, n, until)) === -ETIMEDOUT) return ETIMEDOUT;
  }
  return 0;
}

async function rdlock(t: Thread, lock: PthreadRwlockT, until: Timespec | null): Promise<number> {
  const err = await wait_while(t, lock, (n) => n === WRITER, until);
  if (err !== 0) return err;
  const word = word_of(t, lock);
  put_u32(word, 0, get_s32(word, 0) + 1);
  return 0;
}

async function wrlock(t: Thread, lock: PthreadRwlockT, until: Timespec | null): Promise<number> {
  const err = await wait_while(t, lock, (n) => n !== 0, until);
  if (err !== 0) return err;
  put_u32(word_of(t, lock), 0, WRITER);
  lock.writer = t;
  return 0;
}

/** `pthread_rwlock_rdlock(lock)`: with other readers. 0, EDEADLK. Sleeps while somebody writes. pthread_rwlock_rdlock(3p). */
export async function pthread_rwlock_rdlock(this: Thread, lock: PthreadRwlockT): Promise<number> {
  return rdlock(this, lock, null);
}

/** `pthread_rwlock_timedrdlock(lock, abstime)`: until a moment of CLOCK_REALTIME. 0, EINVAL, EDEADLK, ETIMEDOUT. */
export async function pthread_rwlock_timedrdlock(
  this: Thread,
  lock: PthreadRwlockT,
  abstime: Timespec,
): Promise<number> {
  return rdlock(this, lock, abstime);
}

/** `pthread_rwlock_tryrdlock(lock)`. 0, EBUSY. */
export async function pthread_rwlock_tryrdlock(this: Thread, lock: PthreadRwlockT): Promise<number> {
  check(lock, 'lock');
  return get_s32(word_of(this, lock), 0) === WRITER ? EBUSY : rdlock(this, lock, null);
}

/** `pthread_rwlock_wrlock(lock)`: alone. 0, EDEADLK. Sleeps while somebody has it; readers may overtake. pthread_rwlock_wrlock(3p). */
export async function pthread_rwlock_wrlock(this: Thread, lock: PthreadRwlockT): Promise<number> {
  return wrlock(this, lock, null);
}

/** `pthread_rwlock_timedwrlock(lock, abstime)`: until a moment of CLOCK_REALTIME. 0, EINVAL, EDEADLK, ETIMEDOUT. */
export async function pthread_rwlock_timedwrlock(
  this: Thread,
  lock: PthreadRwlockT,
  abstime: Timespec,
): Promise<number> {
  return wrlock(this, lock, abstime);
}

/** `pthread_rwlock_trywrlock(lock)`. 0, EBUSY. */
export async function pthread_rwlock_trywrlock(this: Thread, lock: PthreadRwlockT): Promise<number> {
  check(lock, 'lock');
  return get_s32(word_of(this, lock), 0) !== 0 ? EBUSY : wrlock(this, lock, null);
}

/** `pthread_rwlock_unlock(lock)`. 0, EPERM (nobody has it; C leaves that open). */
export async function pthread_rwlock_unlock(this: Thread, lock: PthreadRwlockT): Promise<number> {
  check(lock, 'lock');
  const word = word_of(this, lock);
  const n = get_s32(word, 0);
  if (n === 0) return EPERM;
  lock.writer = null;
  put_u32(word, 0, n === WRITER ? 0 : n - 1);
  if (n > 1 || get_u32(word, SECOND) === 0) return 0;
  put_u32(word, SECOND, 0);
  await wake(this, lock, EVERYBODY);
  return 0;
}

/** `pthread_barrier_init(barrier, NULL, count)`. 0, EINVAL (count). pthread_barrier_init(3p). */
export async function pthread_barrier_init(
  this: Thread,
  barrier: PthreadBarrierT,
  _attr: null,
  count: number,
): Promise<number> {
  check(barrier, 'barrier');
  if (!(count > 0)) return EINVAL;
  barrier.count = count;
  word_of(this, barrier).fill(0);
  return 0;
}

/** `pthread_barrier_destroy(barrier)`. 0, EBUSY (somebody waits; C would wait for that). */
export async function pthread_barrier_destroy(this: Thread, barrier: PthreadBarrierT): Promise<number> {
  check(barrier, 'barrier');
  if (get_u32(word_of(this, barrier), SECOND) !== 0) return EBUSY;
  drop_word(this, barrier);
  delete barrier.count;
  return 0;
}

/**
 * `pthread_barrier_wait(barrier)`: sleep until `count` threads have come.
 *
 * @returns PTHREAD_BARRIER_SERIAL_THREAD to the last, 0 to the others; EINVAL (never initialized). pthread_barrier_wait(3p).
 */
export async function pthread_barrier_wait(this: Thread, barrier: PthreadBarrierT): Promise<number> {
  check(barrier, 'barrier');
  if (barrier.count === undefined) return EINVAL;
  const word = word_of(this, barrier);
  const round = get_u32(word, 0);
  const here = get_u32(word, SECOND) + 1;
  if (here === barrier.count) {
    put_u32(word, 0, round + 1);
    put_u32(word, SECOND, 0);
    await wake(this, barrier, EVERYBODY);
    return PTHREAD_BARRIER_SERIAL_THREAD;
  }
  put_u32(word, SECOND, here);
  while (get_u32(word, 0) === round) await wait_on(this, barrier, round, null);
  return 0;
}

/** `pthread_spin_init(lock, pshared)`. 0. */
export async function pthread_spin_init(this: Thread, lock: PthreadSpinlockT, _pshared = 0): Promise<number> {
  check(lock, 'lock');
  put_u32(word_of(this, lock), 0, 0);
  return 0;
}

/** `pthread_spin_destroy(lock)`. 0. */
export async function pthread_spin_destroy(this: Thread, lock: PthreadSpinlockT): Promise<number> {
  check(lock, 'lock');
  drop_word(this, lock);
  return 0;
}

/** `pthread_spin_lock(lock)`: 0. Gives the processor away until it is free: on one processor nothing else would free it. */
export async function pthread_spin_lock(this: Thread, lock: PthreadSpinlockT): Promise<number> {
  check(lock, 'lock');
  const word = word_of(this, lock);
  while (get_u32(word, 0) !== 0) await this.enter(this.nr.sched_yield);
  put_u32(word, 0, 1);
  return 0;
}

/** `pthread_spin_trylock(lock)`. 0, EBUSY. */
export async function pthread_spin_trylock(this: Thread, lock: PthreadSpinlockT): Promise<number> {
  check(lock, 'lock');
  const word = word_of(this, lock);
  if (get_u32(word, 0) !== 0) return EBUSY;
  put_u32(word, 0, 1);
  return 0;
}

/** `pthread_spin_unlock(lock)`. 0. */
export async function pthread_spin_unlock(this: Thread, lock: PthreadSpinlockT): Promise<number> {
  check(lock, 'lock');
  put_u32(word_of(this, lock), 0, 0);
  return 0;
}
