/** pthread.h: cancellation. */
import { EINVAL, ESRCH } from '../../kernel-mock/include/uapi/errno.js';
import { SA_RESTART, SA_SIGINFO } from '../../kernel-mock/include/uapi/signal.js';
import { PTHREAD_CANCEL_ASYNCHRONOUS, PTHREAD_CANCEL_DISABLE, PTHREAD_CANCEL_ENABLE } from '../constants.js';
import { SIGCANCEL, cancel_at_next_point, test_cancel } from '../internal/cancel.js';
import { address_of } from '../internal/handlers.js';
import type { Pthread } from '../internal/process.js';
import { do_sigaction } from '../internal/sigaction.js';
import type { Thread } from '../internal/thread.js';
import { watch_tid } from '../internal/tid_word.js';
import { type PthreadT, pthread_self } from '../pthread.js';

/** The kernel wants an address; what runs is the library's own function (internal/cancel.ts). */
const sigcancel = (): void => {};

/**
 * `pthread_cancel(thread)`: ask a thread to end, at its next cancellation point: a call that may sleep, pthread_testcancel,
 * pthread_join, pthread_cond_wait. Its clean-up functions run; `finally` blocks of the program do not.
 *
 * @returns 0, ESRCH. pthread_cancel(3).
 */
export async function pthread_cancel(this: Thread, thread: PthreadT): Promise<number> {
  const { thread: other } = thread;
  if (other === undefined) return ESRCH;
  const tid = watch_tid(this, other.tid);
  if (tid === 0 || other.canceled) return 0;
  const act = { handler: address_of(this.process, sigcancel), flags: SA_SIGINFO | SA_RESTART, mask: [] };
  await do_sigaction(this, SIGCANCEL, act, null);
  cancel_at_next_point(other);
  if (other.thread === this && other.canceltype !== PTHREAD_CANCEL_ASYNCHRONOUS) return 0;
  if (other.cancelstate !== PTHREAD_CANCEL_ENABLE) return 0;
  const pid = await this.enter(this.nr.getpid);
  await this.enter(this.nr.tgkill, pid, tid, SIGCANCEL);
  return 0;
}

async function self_of(t: Thread): Promise<Pthread> {
  return (await pthread_self.call(t)).thread!;
}

/** `pthread_setcancelstate(state, &old)`: PTHREAD_CANCEL_ENABLE or PTHREAD_CANCEL_DISABLE. 0, EINVAL. pthread_setcancelstate(3). */
export async function pthread_setcancelstate(
  this: Thread,
  state: number,
  old: { value?: number } | null = null,
): Promise<number> {
  if (state !== PTHREAD_CANCEL_ENABLE && state !== PTHREAD_CANCEL_DISABLE) return EINVAL;
  const self = await self_of(this);
  if (old !== null) old.value = self.cancelstate;
  self.cancelstate = state;
  if (self.canceltype === PTHREAD_CANCEL_ASYNCHRONOUS) await test_cancel(this);
  return 0;
}

/** `pthread_setcanceltype(type, &old)`: PTHREAD_CANCEL_DEFERRED or PTHREAD_CANCEL_ASYNCHRONOUS. 0, EINVAL. */
export async function pthread_setcanceltype(
  this: Thread,
  type: number,
  old: { value?: number } | null = null,
): Promise<number> {
  if (type !== 0 && type !== PTHREAD_CANCEL_ASYNCHRONOUS) return EINVAL;
  const self = await self_of(this);
  if (old !== null) old.value = self.canceltype;
  self.canceltype = type;
  if (type === PTHREAD_CANCEL_ASYNCHRONOUS) await test_cancel(this);
  return 0;
}

/** `pthread_testcancel()`: a cancellation point and nothing else. */
export async function pthread_testcancel(this: Thread): Promise<void> {
  await test_cancel(this);
}

/** `pthread_cleanup_push(func, arg)`: `func(arg)` runs if the thread is cancelled or calls pthread_exit. pthread_cleanup_push(3). */
export async function pthread_cleanup_push<T>(this: Thread, func: (arg: T) => unknown, arg: T): Promise<void> {
  (await self_of(this)).cleanup.push(() => func(arg));
}

/** `pthread_cleanup_pop(execute)`: take the last one out; not 0: run it. */
export async function pthread_cleanup_pop(this: Thread, execute: number): Promise<void> {
  const func = (await self_of(this)).cleanup.pop();
  if (execute !== 0) await func?.();
}
