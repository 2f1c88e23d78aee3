/** pthread.h: mutexes, condition variables, once; futexes below them, entered only when somebody has to wait. */
import { EBUSY, EDEADLK, EINVAL, EPERM, ETIMEDOUT } from '../../kernel-mock/include/uapi/errno.js';
import { get_u32, put_u32 } from '../../kernel-mock/include/uapi/byteorder.js';
import { PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE } from '../constants.js';
import { test_cancel } from '../internal/cancel.js';
import { type Word, drop_word, is_moment, wait_on, wake, word_of } from '../internal/futex_word.js';
import type { Thread } from '../internal/thread.js';
import type { Timespec } from '../internal/timespec.js';

/** A pthread_mutex_t; `{}` is PTHREAD_MUTEX_INITIALIZER. */
export interface PthreadMutexT extends Word {
  /** PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE or PTHREAD_MUTEX_ERRORCHECK. */
  kind?: number;
  owner?: Thread | null;
  count?: number;
}

/** A pthread_cond_t; `{}` is PTHREAD_COND_INITIALIZER. Its word counts signals. */
export type PthreadCondT = Word;

/** A pthread_once_t; `{}` is PTHREAD_ONCE_INIT. Its word: 0 not begun, 1 runs, 2 done. */
export type PthreadOnceT = Word;

// Mutexes. The word: 0 free, 1 taken, 2 taken and somebody may wait.

/** `pthread_mutex_init(mutex, kind)`. 0. pthread_mutex_init(3). */
export async function pthread_mutex_init(
  this: Thread,
  mutex: PthreadMutexT,
  kind: number | null = null,
): Promise<number> {
  mutex.kind = kind ?? PTHREAD_MUTEX_NORMAL;
  mutex.owner = null;
  mutex.count = 0;
  put_u32(word_of(this, mutex), 0, 0);
  return 0;
}

/** `pthread_mutex_destroy(mutex)`. 0, EBUSY. */
export async function pthread_mutex_destroy(this: Thread, mutex: PthreadMutexT): Promise<number> {
  if (get_u32(word_of(this, mutex), 0) !== 0) return EBUSY;
  drop_word(this, mutex);
  return 0;
}

/** The owner locks again: the answer of its kind; null: a normal mutex, which waits for itself. */
function relock(mutex: PthreadMutexT): number | null {
  if (mutex.kind === PTHREAD_MUTEX_ERRORCHECK) return EDEADLK;
  if (mutex.kind !== PTHREAD_MUTEX_RECURSIVE) return null;
  mutex.count = (mutex.count ?? 0) + 1;
  return 0;
}

function take(t: Thread, mutex: PthreadMutexT): number {
  mutex.owner = t;
  mutex.count = 1;
  return 0;
}

/** `until`: a moment of CLOCK_REALTIME. */
async function lock(t: Thread, mutex: PthreadMutexT, until: Timespec | null): Promise<number> {
  const word = word_of(t, mutex);
  if (get_u32(word, 0) === 0) {
    put_u32(word, 0, 1);
    return take(t, mutex);
  }
  const again = mutex.owner === t ? relock(mutex) : null;
  if (again !== null) return again;
  while (get_u32(word, 0) !== 0) {
    put_u32(word, 0, 2);
    if ((await wait_on(t, mutex, 2, until)) === -ETIMEDOUT) return ETIMEDOUT;
  }
  put_u32(word, 0, 2);
  return take(t, mutex);
}

/** `pthread_mutex_lock(mutex)`. 0, EDEADLK. Sleeps while another thread has it. pthread_mutex_lock(3). */
export async function pthread_mutex_lock(this: Thread, mutex: PthreadMutexT): Promise<number> {
  return lock(this, mutex, null);
}

/** `pthread_mutex_timedlock(mutex, abstime)`: until a moment of CLOCK_REALTIME. 0, ETIMEDOUT, EDEADLK, EINVAL. */
export async function pthread_mutex_timedlock(this: Thread, mutex: PthreadMutexT, abstime: Timespec): Promise<number> {
  if (!is_moment(abstime)) return EINVAL;
  return lock(this, mutex, abstime);
}

/** `pthread_mutex_trylock(mutex)`. 0, EBUSY. */
export async function pthread_mutex_trylock(this: Thread, mutex: PthreadMutexT): Promise<number> {
  const word = word_of(this, mutex);
  if (get_u32(word, 0) !== 0)
    return mutex.owner === this && mutex.kind === PTHREAD_MUTEX_RECURSIVE ? relock(mutex)! : EBUSY;
  put_u32(word, 0, 1);
  return take(this, mutex);
}

/** `pthread_mutex_unlock(mutex)`. 0, EPERM (another's, if the kind looks). */
export async function pthread_mutex_unlock(this: Thread, mutex: PthreadMutexT): Promise<number> {
  const word = word_of(this, mutex);
  const checked = mutex.kind === PTHREAD_MUTEX_ERRORCHECK || mutex.kind === PTHREAD_MUTEX_RECURSIVE;
  if (checked && mutex.owner !== this) return EPERM;
  mutex.count = (mutex.count ?? 1) - 1;
  if (mutex.count > 0) return 0;
  mutex.owner = null;
  const waited = get_u32(word, 0) === 2;
  put_u32(word, 0, 0);
  if (waited) await wake(this, mutex, 1);
  return 0;
}

// Condition variables.

/** `pthread_cond_init(cond, attr)`. 0. */
export async function pthread_cond_init(this: Thread, cond: PthreadCondT, _attr: null = null): Promise<number> {
  put_u32(word_of(this, cond), 0, 0);
  return 0;
}

/** `pthread_cond_destroy(cond)`. 0. */
export async function pthread_cond_destroy(this: Thread, cond: PthreadCondT): Promise<number> {
  drop_word(this, cond);
  return 0;
}

async function cond_wait(t: Thread, cond: PthreadCondT, mutex: PthreadMutexT, until: Timespec | null): Promise<number> {
  const seq = get_u32(word_of(t, cond), 0);
  await test_cancel(t);
  await pthread_mutex_unlock.call(t, mutex);
  // Who is cancelled in here has the mutex again when its clean-up functions run.
  const relock_first = (): Promise<number> => lock(t, mutex, null);
  t.self?.cleanup.push(relock_first);
  t.cancel_call = true;
  const ret = await wait_on(t, cond, seq, until);
  t.cancel_call = false;
  t.self?.cleanup.splice(t.self.cleanup.lastIndexOf(relock_first), 1);
  await lock(t, mutex, null);
  return ret === -ETIMEDOUT ? ETIMEDOUT : 0;
}

/** `pthread_cond_wait(cond, mutex)`: give the mutex up, sleep until somebody signals, take it again. May wake for nothing. 0. pthread_cond_wait(3). */
export async function pthread_cond_wait(this: Thread, cond: PthreadCondT, mutex: PthreadMutexT): Promise<number> {
  return cond_wait(this, cond, mutex, null);
}

/** `pthread_cond_timedwait(cond, mutex, abstime)`: until a moment of CLOCK_REALTIME. 0, ETIMEDOUT, EINVAL. */
export async function pthread_cond_timedwait(
  this: Thread,
  cond: PthreadCondT,
  mutex: PthreadMutexT,
  abstime: Timespec,
): Promise<number> {
  if (!is_moment(abstime)) return EINVAL;
  return cond_wait(this, cond, mutex, abstime);
}

async function cond_wake(t: Thread, cond: PthreadCondT, n: number): Promise<number> {
  const word = word_of(t, cond);
  put_u32(word, 0, get_u32(word, 0) + 1);
  await wake(t, cond, n);
  return 0;
}

/** `pthread_cond_signal(cond)`: wake one. 0. */
export async function pthread_cond_signal(this: Thread, cond: PthreadCondT): Promise<number> {
  return cond_wake(this, cond, 1);
}

/** `pthread_cond_broadcast(cond)`: wake all. 0. */
export async function pthread_cond_broadcast(this: Thread, cond: PthreadCondT): Promise<number> {
  return cond_wake(this, cond, 0x7fffffff);
}

/** `pthread_once(once, init)`: `init(libc)` runs once; who comes meanwhile waits for its end. 0. pthread_once(3). */
export async function pthread_once(this: Thread, once: PthreadOnceT, init: (libc: Thread) => unknown): Promise<number> {
  const word = word_of(this, once);
  while (get_u32(word, 0) === 1) await wait_on(this, once, 1, null);
  if (get_u32(word, 0) === 2) return 0;
  put_u32(word, 0, 1);
  // Who is cancelled in `init` has not run it: the next one does.
  const again = async (): Promise<void> => {
    put_u32(word, 0, 0);
    await wake(this, once, 0x7fffffff);
  };
  this.self?.cleanup.push(again);
  await init(this);
  this.self?.cleanup.splice(this.self.cleanup.lastIndexOf(again), 1);
  put_u32(word_of(this, once), 0, 2);
  await wake(this, once, 0x7fffffff);
  return 0;
}
