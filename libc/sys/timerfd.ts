/** sys/timerfd.h. */
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { TIMERFD_CREATE } from '../internal/descriptor_calls.js';
import { want_number } from '../internal/describe.js';
import { type Itimerspec, decode_itimerspec, encode_itimerspec } from '../internal/itimerspec.js';
import type { Thread } from '../internal/thread.js';

const { itimerspec } = layout_x86_64;

/**
 * `timerfd_create(clockid, flags)`: a timer that is read. TFD_CLOEXEC and TFD_NONBLOCK travel by the route.
 *
 * @returns the descriptor; -1 with errno EINVAL (flags, clock), EMFILE. From 2.6.25 on. timerfd_create(2).
 */
export async function timerfd_create(this: Thread, clockid: number, flags: number): Promise<number> {
  want_number(flags, 'flags');
  const r =
    flags === 0
      ? this.enter(this.nr.timerfd_create, clockid, 0)
      : this.process.route(this, TIMERFD_CREATE, flags, clockid, 0, 0, 0);
  return this.ret(typeof r === 'number' ? r : await r);
}

/**
 * `timerfd_settime(fd, flags, new_value, old_value)`: start or stop it. TFD_TIMER_ABSTIME: the value is a time of its clock.
 *
 * @returns 0; -1 with errno EFAULT, EINVAL (flags, a time that is none), EBADF, EINVAL (no timer). timerfd_create(2).
 */
export async function timerfd_settime(
  this: Thread,
  fd: number,
  flags: number,
  new_value: Itimerspec | null,
  old_value: Partial<Itimerspec> | null = null,
): Promise<number> {
  const old = new Uint8Array(itimerspec.size);
  const ptr = this.map(new_value === null ? null : encode_itimerspec(new_value));
  const oldptr = this.map(old_value === null ? null : old);
  const r = this.enter(this.nr.timerfd_settime, fd, flags, ptr, oldptr);
  const ret = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  this.unmap(oldptr);
  if (ret === 0 && old_value !== null) decode_itimerspec(old, old_value);
  return this.ret(ret);
}

/** `timerfd_gettime(fd, curr_value)`: what is left, and the interval. -1 with errno EBADF, EINVAL, EFAULT. timerfd_create(2). */
export async function timerfd_gettime(
  this: Thread,
  fd: number,
  curr_value: Partial<Itimerspec> | null,
): Promise<number> {
  const raw = new Uint8Array(itimerspec.size);
  const ptr = this.map(curr_value === null ? null : raw);
  const r = this.enter(this.nr.timerfd_gettime, fd, ptr);
  const ret = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  if (ret === 0 && curr_value !== null) decode_itimerspec(raw, curr_value);
  return this.ret(ret);
}
