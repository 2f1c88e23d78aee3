/** sched.h. */
import { EINVAL } from '../kernel-mock/include/uapi/errno.js';
import { CLONE_VM } from '../kernel-mock/include/uapi/sched.js';
import type { Libc } from './index.js';
import { clone_vm } from './internal/clone.js';
import type { Start } from './internal/process.js';
import type { Thread } from './internal/thread.js';

/**
 * `clone(fn, stack, flags, arg, parent_tid, tls, child_tid)`: a task that runs `fn(libc, arg)` and ends with what it returns. `flags`
 * say what it shares; their low byte is the signal to the parent at the end. The library finds a stack by itself.
 *
 * @param parent_tid address for CLONE_PARENT_SETTID and CLONE_PIDFD, as `cpu.memory.map` gives it
 * @param child_tid  address for CLONE_CHILD_SETTID and CLONE_CHILD_CLEARTID
 * @returns the id of the new task; -1 with errno EINVAL, EAGAIN. clone(2).
 */
export async function clone<T>(
  this: Thread,
  fn: (libc: Libc, arg: T) => Promise<number | void>,
  flags: number,
  arg: T,
  parent_tid = 0,
  child_tid = 0,
): Promise<number> {
  if (typeof fn !== 'function') return this.ret(-EINVAL);
  const start: Start = { self: null, routine: fn as Start['routine'], arg, exits: false };
  if ((flags & CLONE_VM) !== 0) return this.ret(await clone_vm(this, flags, start, parent_tid, child_tid));
  this.forking = start;
  const ret = await this.enter(this.nr.clone, flags, 0, parent_tid, child_tid);
  this.forking = null;
  return this.ret(ret);
}

/** `unshare(flags)`: CLONE_FILES: a descriptor table that no other thread shares. -1 with errno EINVAL. unshare(2). */
export async function unshare(this: Thread, flags: number): Promise<number> {
  return this.ret(await this.enter(this.nr.unshare, flags));
}

/** `sched_yield()`: let the others go first. sched_yield(2). */
export async function sched_yield(this: Thread): Promise<number> {
  return this.ret(await this.enter(this.nr.sched_yield));
}
