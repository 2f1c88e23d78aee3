/** pthread.h: threads. As in C, these functions answer with the error number itself, not with -1 and errno. */
import { EDEADLK, EINVAL, ESRCH } from '../kernel-mock/include/uapi/errno.js';
import { FUTEX_WAIT } from '../kernel-mock/include/uapi/futex.js';
import {
  CLONE_CHILD_CLEARTID,
  CLONE_FILES,
  CLONE_FS,
  CLONE_PARENT_SETTID,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VM,
} from '../kernel-mock/include/uapi/sched.js';
import type { Libc } from './index.js';
import { test_cancel } from './internal/cancel.js';
import { describe } from './internal/describe.js';
import { type Pthread, new_pthread } from './internal/process.js';
import type { Thread } from './internal/thread.js';
import { alloc_tid_word, free_tid_word, put_tid, watch_tid } from './internal/tid_word.js';

/** What glibc passes to clone(2) for a thread. */
const THREAD_FLAGS =
  CLONE_VM |
  CLONE_FS |
  CLONE_FILES |
  CLONE_SIGHAND |
  CLONE_THREAD |
  CLONE_SYSVSEM |
  CLONE_PARENT_SETTID |
  CLONE_CHILD_CLEARTID;

/** A variable of type pthread_t: `{}` until pthread_create fills it in. */
export interface PthreadT {
  thread?: Pthread;
}

/**
 * `pthread_create(&thread, attr, start_routine, arg)`: a thread that runs `start_routine(libc, arg)` with a handle of its own.
 *
 * @param thread filled in; null if nobody will join
 * @returns 0, or EAGAIN. The thread runs when the caller sleeps, or when the scheduler chooses. pthread_create(3).
 */
export async function pthread_create<T>(
  this: Thread,
  thread: PthreadT | null,
  _attr: null,
  start_routine: (libc: Libc, arg: T) => unknown,
  arg: T,
): Promise<number> {
  if (typeof start_routine !== 'function')
    throw new TypeError(`start_routine is a function (libc, arg) => value, not ${describe(start_routine)}`);
  const { process } = this;
  const tid = alloc_tid_word(this);
  const self = new_pthread(tid, thread === null);
  const routine = start_routine as (libc: Libc, arg: unknown) => unknown;
  process.starting.set(tid.ptr, { self, routine, arg, exits: false });
  process.nthreads++;
  const ret = await this.enter(this.nr.clone, THREAD_FLAGS, tid.ptr, tid.ptr, tid.ptr);
  if (ret < 0) {
    process.nthreads--;
    process.starting.delete(tid.ptr);
    free_tid_word(this, self);
    return -ret;
  }
  if (thread !== null) thread.thread = self;
  return 0;
}

function thread_of(thread: PthreadT): Pthread | undefined {
  if (typeof thread !== 'object' || thread === null)
    throw new TypeError(`thread is a variable that pthread_create filled in, not ${describe(thread)}`);
  return thread.thread;
}

/** POSIX: PTHREAD_DESTRUCTOR_ITERATIONS, for destructors that set values again. */
const DESTRUCTOR_ITERATIONS = 4;

/** Give the values of a thread that ends to the destructors of their keys. */
async function run_destructors(t: Thread): Promise<void> {
  for (let i = 0; i < DESTRUCTOR_ITERATIONS && t.specific !== null; i++) {
    const values = t.specific;
    t.specific = null;
    for (const key of t.process.keys) {
      const value = key === undefined ? null : (values.get(key) ?? null);
      if (value !== null) await key!.destructor?.(value, t as Libc);
    }
  }
}

/**
 * `pthread_exit(retval)`: end this thread: clean-up functions first. The last thread ends the process, with status 0. Never comes
 * back. pthread_exit(3).
 */
export async function pthread_exit(this: Thread, retval: unknown): Promise<never> {
  const { self, process } = this;
  if (self !== null) {
    self.value = retval;
    // Nothing cancels a thread that ends.
    self.cancelstate = 1;
    for (let func = self.cleanup.pop(); func !== undefined; func = self.cleanup.pop()) await func();
    await run_destructors(this);
    self.thread = null;
    if (self.detached) {
      // From now on the place of the word can be anybody's: the kernel must not announce the end there.
      await this.enter(this.nr.set_tid_address, 0);
      free_tid_word(this, self);
    }
  }
  this.free_areas();
  if (process.leader === this) process.leader = null;
  // As long as the first thread is there, it is all the same in which order the others go.
  this.cpu.memory.touch?.('nthreads', process.leader === null);
  if (--process.nthreads === 0) await (this as Libc).exit(0);
  await this.enter(this.nr.exit, 0);
  throw new Error('exit returned');
}

/** `pthread_self()`: this thread, for pthread_equal, pthread_kill … of others. */
export async function pthread_self(this: Thread): Promise<PthreadT> {
  if (this.self === null) {
    const tid = alloc_tid_word(this);
    put_tid(tid, await this.enter(this.nr.gettid));
    await this.enter(this.nr.set_tid_address, tid.ptr);
    this.self = new_pthread(tid, false);
    this.self.thread = this;
  }
  return { thread: this.self };
}

/** `pthread_equal(t1, t2)`: 1 if both are the same thread. pthread_equal(3). */
export function pthread_equal(this: Thread | void, t1: PthreadT, t2: PthreadT): number {
  return t1.thread !== undefined && t1.thread === t2.thread ? 1 : 0;
}

/**
 * `pthread_join(thread, &retval)`: wait until a thread has ended. A cancellation point.
 *
 * @param retval its `value` becomes what the start routine returned
 * @returns 0, ESRCH (no thread in the variable), EINVAL (detached), EDEADLK (itself, or a thread that joins the caller),
 *          EINVAL (joined before)
 * Sleeps on the thread's futex. pthread_join(3).
 */
export async function pthread_join(
  this: Thread,
  thread: PthreadT,
  retval: { value?: unknown } | null = null,
): Promise<number> {
  const other = thread_of(thread);
  if (other === undefined) return ESRCH;
  if (other.detached) return EINVAL;
  if (other === this.self || (this.self !== null && this.self.joiner === other)) return EDEADLK;
  if (other.joined) return EINVAL;
  await test_cancel(this);
  other.joined = true;
  other.joiner = this.self;
  // Who is cancelled while it waits has joined nobody.
  const forget = (): void => {
    other.joined = false;
    other.joiner = null;
  };
  this.self?.cleanup.push(forget);
  this.cancel_call = true;
  for (let tid = watch_tid(this, other.tid); tid !== 0; tid = watch_tid(this, other.tid)) {
    await this.enter(this.nr.futex, other.tid.ptr, FUTEX_WAIT, tid);
  }
  this.cancel_call = false;
  this.self?.cleanup.splice(this.self.cleanup.lastIndexOf(forget), 1);
  free_tid_word(this, other);
  if (retval !== null) retval.value = other.value;
  return 0;
}

/** `pthread_detach(thread)`: nobody will join it. 0, EINVAL, ESRCH. pthread_detach(3). */
export async function pthread_detach(this: Thread, thread: PthreadT): Promise<number> {
  const other = thread_of(thread);
  if (other === undefined) return ESRCH;
  if (other.detached || other.joined) return EINVAL;
  other.detached = true;
  if (watch_tid(this, other.tid) === 0) free_tid_word(this, other);
  return 0;
}

/** `pthread_kill(thread, sig)`: a signal to that thread. 0, EINVAL; 0 too for a thread that has ended. pthread_kill(3). */
export async function pthread_kill(this: Thread, thread: PthreadT, sig: number): Promise<number> {
  const other = thread_of(thread);
  if (other === undefined) return ESRCH;
  if (sig === 32 || sig === 33) return EINVAL;
  const tid = watch_tid(this, other.tid);
  if (tid === 0) return 0;
  const pid = await this.enter(this.nr.getpid);
  return Math.abs(await this.enter(this.nr.tgkill, pid, tid, sig));
}
