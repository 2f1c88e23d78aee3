/** time.h: timers that send signals. */
import { get_s32, put_u32, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { want_number, want_object } from '../internal/describe.js';
import { type Itimerspec, decode_itimerspec, encode_itimerspec } from '../internal/itimerspec.js';
import type { Thread } from '../internal/thread.js';

const { sigevent, itimerspec } = layout_x86_64;

/** struct sigevent. */
export interface Sigevent {
  /** SIGEV_SIGNAL, SIGEV_THREAD_ID or SIGEV_NONE. */
  sigev_notify: number;
  sigev_signo?: number;
  /** What si_value will be. */
  sigev_value?: number;
  sigev_notify_thread_id?: number;
}

function encode_sigevent(sev: Sigevent): Uint8Array {
  want_object(sev, 'sevp is { sigev_notify … } or null');
  const { sigev_notify, sigev_signo = 0, sigev_value = 0, sigev_notify_thread_id = 0 } = sev;
  for (const [value, name] of [
    [sigev_notify, 'sigev_notify'],
    [sigev_signo, 'sigev_signo'],
    [sigev_value, 'sigev_value'],
    [sigev_notify_thread_id, 'sigev_notify_thread_id'],
  ] as const)
    want_number(value, name);
  const raw = new Uint8Array(sigevent.size);
  put_u32(raw, sigevent.sigev_notify, sigev_notify);
  put_u32(raw, sigevent.sigev_signo, sigev_signo);
  put_u64(raw, sigevent.sigev_value, sigev_value);
  put_u32(raw, sigevent.sigev_notify_thread_id, sigev_notify_thread_id);
  return raw;
}

/**
 * `timer_create(clockid, sevp, &timerid)`: a timer that is not set. With null it sends SIGALRM.
 *
 * @param timerid its `value` becomes what the other functions take
 * @returns 0; -1 with errno EFAULT, EINVAL (clock, sevp), EOPNOTSUPP (clock). SIGEV_THREAD has no function here: start a thread
 *          that calls sigwaitinfo. timer_create(2).
 */
export async function timer_create(
  this: Thread,
  clockid: number,
  sevp: Sigevent | null,
  timerid: { value?: number },
): Promise<number> {
  want_object(timerid, 'timerid is { }, to be filled in');
  const event = sevp === null ? null : encode_sigevent(sevp);
  const raw = new Uint8Array(4);
  const [eventp, idp] = [this.map(event), this.map(raw)];
  const ret = await this.enter(this.nr.timer_create, clockid, eventp, idp);
  this.unmap(idp);
  this.unmap(eventp);
  if (ret === 0) timerid.value = get_s32(raw, 0);
  return this.ret(ret);
}

/**
 * `timer_settime(timerid, flags, new_value, old_value)`: start or stop it. TIMER_ABSTIME: the value is a time of its clock.
 *
 * @returns 0; -1 with errno EINVAL (null, no timer, a time that is none). timer_settime(2).
 */
export async function timer_settime(
  this: Thread,
  timerid: number,
  flags: number,
  new_value: Itimerspec | null,
  old_value: Partial<Itimerspec> | null = null,
): Promise<number> {
  if (old_value !== null) want_object(old_value, 'old_value is { }, to be filled in, or null');
  const value = new_value === null ? null : encode_itimerspec(new_value);
  const old = old_value === null ? null : new Uint8Array(itimerspec.size);
  const [ptr, oldptr] = [this.map(value), this.map(old)];
  const ret = await this.enter(this.nr.timer_settime, timerid, flags, ptr, oldptr);
  this.unmap(oldptr);
  this.unmap(ptr);
  if (ret === 0 && old !== null) decode_itimerspec(old, old_value!);
  return this.ret(ret);
}

/** `timer_gettime(timerid, curr_value)`: what is left, and the interval. -1 with errno EINVAL, EFAULT (null). timer_settime(2). */
export async function timer_gettime(
  this: Thread,
  timerid: number,
  curr_value: Partial<Itimerspec> | null,
): Promise<number> {
  if (curr_value !== null) want_object(curr_value, 'curr_value is { }, to be filled in');
  const raw = curr_value === null ? null : new Uint8Array(itimerspec.size);
  const ptr = this.map(raw);
  const ret = await this.enter(this.nr.timer_gettime, timerid, ptr);
  this.unmap(ptr);
  if (ret === 0 && raw !== null) decode_itimerspec(raw, curr_value!);
  return this.ret(ret);
}

/** `timer_getoverrun(timerid)`: expirations beyond the one that its last signal told of. -1 with errno EINVAL. timer_getoverrun(2). */
export async function timer_getoverrun(this: Thread, timerid: number): Promise<number> {
  return this.ret(await this.enter(this.nr.timer_getoverrun, timerid));
}

/** `timer_delete(timerid)`. -1 with errno EINVAL. timer_delete(2). */
export async function timer_delete(this: Thread, timerid: number): Promise<number> {
  return this.ret(await this.enter(this.nr.timer_delete, timerid));
}
