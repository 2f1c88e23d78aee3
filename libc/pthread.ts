/** pthread.h: threads. As in C, these functions answer with the error number itself, not with -1 and errno. */
import { EDEADLK, EINVAL, ESRCH } from '../kernel-mock/include/uapi/errno.js';
import { get_u32 } from '../kernel-mock/include/uapi/byteorder.js';
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
import { describe } from './internal/describe.js';
import type { Pthread } from './internal/process.js';
import type { Thread } from './internal/thread.js';

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
  const tid_word = new Uint8Array(8);
  const tid_ptr = this.map(tid_word);
  const self: Pthread = { tid_ptr, tid_word, detached: thread === null, joined: false, joiner: null, value: undefined };
  this.process.starting.set(tid_ptr, { self, routine: start_routine as (libc: Libc, arg: unknown) => unknown, arg });
  const ret = await this.enter(this.nr.clone, THREAD_FLAGS, tid_ptr, tid_ptr, tid_ptr);
  if (ret < 0) {
    this.process.starting.delete(tid_ptr);
    this.unmap(tid_ptr);
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

/**
 * `pthread_join(thread, &retval)`: wait until a thread has ended.
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
  other.joined = true;
  other.joiner = this.self;
  for (let tid = get_u32(other.tid_word, 0); tid !== 0; tid = get_u32(other.tid_word, 0)) {
    await this.enter(this.nr.futex, other.tid_ptr, FUTEX_WAIT, tid);
  }
  this.unmap(other.tid_ptr);
  if (retval !== null) retval.value = other.value;
  return 0;
}

/** `pthread_detach(thread)`: nobody will join it. 0, EINVAL, ESRCH. pthread_detach(3). */
export async function pthread_detach(this: Thread, thread: PthreadT): Promise<number> {
  const other = thread_of(thread);
  if (other === undefined) return ESRCH;
  if (other.detached || other.joined) return EINVAL;
  other.detached = true;
  if (get_u32(other.tid_word, 0) === 0) this.unmap(other.tid_ptr);
  return 0;
}
