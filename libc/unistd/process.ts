/** unistd.h: processes, their identity and groups, and sleeping. */
import { EINTR, EINVAL } from '../../kernel-mock/include/uapi/errno.js';
import { CLONE_VFORK, CLONE_VM } from '../../kernel-mock/include/uapi/sched.js';
import { SIGCHLD } from '../../kernel-mock/include/uapi/signal.js';
import type { Libc } from '../index.js';
import { clone_vm } from '../internal/clone.js';
import type { Start } from '../internal/process.js';
import type { Thread } from '../internal/thread.js';
import { decode_timespec, encode_timespec } from '../internal/timespec.js';

/** What a child runs: an async function with a library of its own; its status, or nothing, ends the child. */
export type ChildFunction = (libc: Libc) => Promise<number | void>;

function start_of(child: ChildFunction, exits: boolean): Start {
  if (typeof child !== 'function')
    throw new TypeError('fork takes the function that the child runs, an async function (libc) => status');
  return { self: null, routine: child, arg: null, exits };
}

/**
 * `fork()`, here `fork(child)`: a child process that runs `child(libc)`. Its memory is a copy of this one's, and so are its descriptors, handlers,
 * environment and masks. JavaScript variables that `child` refers to are not in that memory: they stay shared.
 *
 * @returns the child's process id, to the parent only; -1 with errno EAGAIN. fork(2).
 */
export async function fork(this: Thread, child: ChildFunction): Promise<number> {
  this.forking = start_of(child, true);
  const ret = await this.enter(this.nr.clone, SIGCHLD);
  this.forking = null;
  return this.ret(ret);
}

/**
 * `vfork()`, here `vfork(child)`: a child that runs `child(libc)` in this process's own memory; the parent sleeps until the child calls an exec function
 * or `_exit`. vfork(2).
 */
export async function vfork(this: Thread, child: ChildFunction): Promise<number> {
  return this.ret(await clone_vm(this, CLONE_VM | CLONE_VFORK | SIGCHLD, start_of(child, false)));
}

/** `getpgid(pid)`: process group of a process; 0: of this one. -1 with errno ESRCH. getpgid(2). */
export async function getpgid(this: Thread, pid: number): Promise<number> {
  return this.ret(await this.enter(this.nr.getpgid, pid));
}

/** `getpgrp()`. getpgid(2). */
export async function getpgrp(this: Thread): Promise<number> {
  return this.enter(this.nr.getpgrp);
}

/** `setpgid(pid, pgid)`. -1 with errno EINVAL, ESRCH, EPERM, EACCES. setpgid(2). */
export async function setpgid(this: Thread, pid: number, pgid: number): Promise<number> {
  return this.ret(await this.enter(this.nr.setpgid, pid, pgid));
}

/** `setsid()`: a new session, led by this process. Its id; -1 with errno EPERM. setsid(2). */
export async function setsid(this: Thread): Promise<number> {
  return this.ret(await this.enter(this.nr.setsid));
}

/** `getsid(pid)`. -1 with errno ESRCH. getsid(2). */
export async function getsid(this: Thread, pid: number): Promise<number> {
  return this.ret(await this.enter(this.nr.getsid, pid));
}

/** `getuid()`. */
export async function getuid(this: Thread): Promise<number> {
  return this.enter(this.nr.getuid);
}

/** `geteuid()`. */
export async function geteuid(this: Thread): Promise<number> {
  return this.enter(this.nr.geteuid);
}

/** `getgid()`. */
export async function getgid(this: Thread): Promise<number> {
  return this.enter(this.nr.getgid);
}

/** `getegid()`. */
export async function getegid(this: Thread): Promise<number> {
  return this.enter(this.nr.getegid);
}

/** `pause()`: sleep until a handler has run. Always -1, errno EINTR. pause(2). */
export async function pause(this: Thread): Promise<number> {
  return this.ret(await this.enter(this.nr.pause));
}

/** `alarm(seconds)`: SIGALRM in that time; 0: none. The seconds that were left of the one before. alarm(2). */
export async function alarm(this: Thread, seconds: number): Promise<number> {
  return this.enter(this.nr.alarm, seconds);
}

/** `sleep(seconds)`: 0, or the seconds that were left when a handler ran. sleep(3). */
export async function sleep(this: Thread, seconds: number): Promise<number> {
  const raw = encode_timespec({ tv_sec: seconds, tv_nsec: 0 });
  const ptr = this.map(raw);
  const ret = await this.enter(this.nr.clock_nanosleep, 0, 0, ptr, ptr);
  this.unmap(ptr);
  if (ret !== -EINTR) return 0;
  const left = { tv_sec: 0, tv_nsec: 0 };
  decode_timespec(raw, left);
  return left.tv_sec + (left.tv_nsec >= 5e8 ? 1 : 0);
}

/** `usleep(usec)`. -1 with errno EINTR, EINVAL. usleep(3). */
export async function usleep(this: Thread, usec: number): Promise<number> {
  if (!(usec >= 0)) return this.ret(-EINVAL);
  const ptr = this.map(encode_timespec({ tv_sec: Math.floor(usec / 1e6), tv_nsec: (usec % 1e6) * 1e3 }));
  const ret = await this.enter(this.nr.clock_nanosleep, 0, 0, ptr, 0);
  this.unmap(ptr);
  return this.ret(ret);
}
