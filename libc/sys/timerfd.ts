/** sys/timerfd.h. */
import { get_s64, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { TIMERFD_CREATE } from '../internal/descriptor_calls.js';
import { want_number, want_object } from '../internal/describe.js';
import type { Thread } from '../internal/thread.js';

const { itimerspec, timespec } = layout_x86_64;

export interface Timespec {
  tv_sec: number;
  tv_nsec: number;
}

export interface Itimerspec {
  it_interval: Timespec;
  it_value: Timespec;
}

function encode(spec: Itimerspec): Uint8Array {
  want_object(spec, 'new_value is { it_value, it_interval } or null');
  want_object(spec.it_value, 'it_value is { tv_sec, tv_nsec }');
  want_object(spec.it_interval, 'it_interval is { tv_sec, tv_nsec }');
  const raw = new Uint8Array(itimerspec.size);
  for (const [o, { tv_sec, tv_nsec }] of [
    [itimerspec.it_interval, spec.it_interval],
    [itimerspec.it_value, spec.it_value],
  ] as const) {
    want_number(tv_sec, 'tv_sec');
    want_number(tv_nsec, 'tv_nsec');
    put_u64(raw, o + timespec.tv_sec, tv_sec);
    put_u64(raw, o + timespec.tv_nsec, tv_nsec);
  }
  return raw;
}

function decode(raw: Uint8Array, out: Partial<Itimerspec>): void {
  const at = (o: number): Timespec => ({
    tv_sec: get_s64(raw, o + timespec.tv_sec),
    tv_nsec: get_s64(raw, o + timespec.tv_nsec),
  });
  out.it_interval = at(itimerspec.it_interval);
  out.it_value = at(itimerspec.it_value);
}

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
  const ptr = this.map(new_value === null ? null : encode(new_value));
  const oldptr = this.map(old_value === null ? null : old);
  const r = this.enter(this.nr.timerfd_settime, fd, flags, ptr, oldptr);
  const ret = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  this.unmap(oldptr);
  if (ret === 0 && old_value !== null) decode(old, old_value);
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
  if (ret === 0 && curr_value !== null) decode(raw, curr_value);
  return this.ret(ret);
}
