/** semaphore.h: counters that threads wait on. -1 and errno, unlike pthread.h. */
import { EAGAIN, EINTR, EINVAL, EOVERFLOW, ETIMEDOUT } from '../kernel-mock/include/uapi/errno.js';
import { get_u32, put_u32 } from '../kernel-mock/include/uapi/byteorder.js';
import { test_cancel } from './internal/cancel.js';
import { want_number, want_object } from './internal/describe.js';
import { type Word, drop_word, is_moment, wait_on, wake, word_of } from './internal/futex_word.js';
import type { Thread } from './internal/thread.js';
import type { Timespec } from './internal/timespec.js';

/** A sem_t. Its words: the count; threads that wait. */
export type SemT = Word;

const SEM_VALUE_MAX = 0x7fffffff;
const WAITERS = 4;

function check(sem: SemT): void {
  want_object(sem, 'sem is a variable, {} at first');
}

/** `sem_init(sem, pshared, value)`. -1 with errno EINVAL (too much). sem_init(3). */
export async function sem_init(this: Thread, sem: SemT, _pshared: number, value: number): Promise<number> {
  check(sem);
  want_number(value, 'value');
  if (!(value >= 0 && value <= SEM_VALUE_MAX)) return this.ret(-EINVAL);
  const word = word_of(this, sem);
  put_u32(word, 0, value);
  put_u32(word, WAITERS, 0);
  return 0;
}

/** `sem_destroy(sem)`. 0. */
export async function sem_destroy(this: Thread, sem: SemT): Promise<number> {
  check(sem);
  drop_word(this, sem);
  return 0;
}

/** Sleep on an empty semaphore once; who is cancelled waits no longer. */
async function sleep_on(t: Thread, sem: SemT, until: Timespec | null): Promise<number> {
  const word = word_of(t, sem);
  const leave = (): void => {
    put_u32(word, WAITERS, get_u32(word, WAITERS) - 1);
  };
  put_u32(word, WAITERS, get_u32(word, WAITERS) + 1);
  t.self?.cleanup.push(leave);
  t.cancel_call = true;
  const ret = await wait_on(t, sem, 0, until);
  t.cancel_call = false;
  t.self?.cleanup.splice(t.self.cleanup.lastIndexOf(leave), 1);
  leave();
  return ret;
}

async function wait(t: Thread, sem: SemT, until: Timespec | null): Promise<number> {
  check(sem);
  await test_cancel(t);
  const word = word_of(t, sem);
  for (let n = get_u32(word, 0); ; n = get_u32(word, 0)) {
    if (n > 0) {
      put_u32(word, 0, n - 1);
      return 0;
    }
    if (until !== null && !is_moment(until)) return t.ret(-EINVAL);
    const ret = await sleep_on(t, sem, until);
    if (ret === -EINTR || ret === -ETIMEDOUT) return t.ret(ret);
  }
}

/** `sem_wait(sem)`: take one away; sleeps while there is none. A cancellation point. -1 with errno EINTR. sem_wait(3). */
export async function sem_wait(this: Thread, sem: SemT): Promise<number> {
  return wait(this, sem, null);
}

/** `sem_timedwait(sem, abstime)`: until a moment of CLOCK_REALTIME. -1 with errno EINVAL, ETIMEDOUT, EINTR. */
export async function sem_timedwait(this: Thread, sem: SemT, abstime: Timespec): Promise<number> {
  want_object(abstime, 'abstime is { tv_sec, tv_nsec }');
  return wait(this, sem, abstime);
}

/** `sem_trywait(sem)`. -1 with errno EAGAIN. */
export async function sem_trywait(this: Thread, sem: SemT): Promise<number> {
  check(sem);
  return get_u32(word_of(this, sem), 0) === 0 ? this.ret(-EAGAIN) : wait(this, sem, null);
}

/** `sem_post(sem)`: one more; wakes one that waits. -1 with errno EOVERFLOW. sem_post(3). */
export async function sem_post(this: Thread, sem: SemT): Promise<number> {
  check(sem);
  const word = word_of(this, sem);
  const n = get_u32(word, 0);
  if (n === SEM_VALUE_MAX) return this.ret(-EOVERFLOW);
  put_u32(word, 0, n + 1);
  if (get_u32(word, WAITERS) > 0) await wake(this, sem, 1);
  return 0;
}

/** `sem_getvalue(sem, &sval)`: 0. */
export async function sem_getvalue(this: Thread, sem: SemT, sval: { value?: number }): Promise<number> {
  check(sem);
  want_object(sval, 'sval is { }, to be filled in');
  sval.value = get_u32(word_of(this, sem), 0);
  return 0;
}
