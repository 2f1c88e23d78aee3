/** time.h. */
import { EINVAL } from '../kernel-mock/include/uapi/errno.js';
import { CLOCK_THREAD_CPUTIME_ID } from '../kernel-mock/include/uapi/time.js';
import { want_object } from './internal/describe.js';
import type { Thread } from './internal/thread.js';
import { type Timespec, decode_timespec, encode_timespec } from './internal/timespec.js';

const OUT = 'a time to fill in is { }, or null';

async function clock_call(t: Thread, nr: number, clockid: number, ts: Partial<Timespec> | null): Promise<number> {
  if (ts !== null) want_object(ts, OUT);
  const raw = new Uint8Array(16);
  const ptr = ts === null ? 0 : t.map(raw);
  const ret = await t.enter(nr, clockid, ptr);
  t.unmap(ptr);
  if (ret === 0 && ts !== null) decode_timespec(raw, ts);
  return t.ret(ret);
}

/** `clock_gettime(clock, tp)`: fills in tv_sec and tv_nsec. -1 with errno EINVAL. clock_gettime(2). */
export async function clock_gettime(this: Thread, clockid: number, tp: Partial<Timespec> | null): Promise<number> {
  return clock_call(this, this.nr.clock_gettime, clockid, tp);
}

/** `clock_getres(clock, res)`. -1 with errno EINVAL. clock_getres(2). */
export async function clock_getres(this: Thread, clockid: number, res: Partial<Timespec> | null): Promise<number> {
  return clock_call(this, this.nr.clock_getres, clockid, res);
}

/** `clock_settime(clock, tp)`: CLOCK_REALTIME only. -1 with errno EINVAL. clock_settime(2). */
export async function clock_settime(this: Thread, clockid: number, tp: Timespec): Promise<number> {
  const ptr = this.map(encode_timespec(tp));
  const ret = await this.enter(this.nr.clock_settime, clockid, ptr);
  this.unmap(ptr);
  return this.ret(ret);
}

async function sleep_call(
  t: Thread,
  rem: Partial<Timespec> | null,
  go: (rem: number) => number | Promise<number>,
): Promise<number> {
  const raw = rem === null ? null : new Uint8Array(16);
  const ptr = t.map(raw);
  const ret = await go(ptr);
  t.unmap(ptr);
  if (ret < 0 && rem !== null && raw !== null) decode_timespec(raw, rem);
  return ret;
}

/** `nanosleep(req, rem)`: -1 with errno EINTR (the rest in `rem`), EINVAL. nanosleep(2). */
export async function nanosleep(this: Thread, req: Timespec, rem: Partial<Timespec> | null = null): Promise<number> {
  if (rem !== null) want_object(rem, OUT);
  const ptr = this.map(encode_timespec(req));
  const ret = await sleep_call(this, rem, (out) => this.enter(this.nr.nanosleep, ptr, out));
  this.unmap(ptr);
  return this.ret(ret);
}

/** `clock_nanosleep(clock, flags, req, rem)`: answers with the error number: EINTR, EINVAL, EOPNOTSUPP. clock_nanosleep(2). */
export async function clock_nanosleep(
  this: Thread,
  clockid: number,
  flags: number,
  req: Timespec,
  rem: Partial<Timespec> | null = null,
): Promise<number> {
  if (clockid === CLOCK_THREAD_CPUTIME_ID) return EINVAL;
  if (rem !== null) want_object(rem, OUT);
  const ptr = this.map(encode_timespec(req));
  const ret = await sleep_call(this, rem, (out) => this.enter(this.nr.clock_nanosleep, clockid, flags, ptr, out));
  this.unmap(ptr);
  return Math.abs(ret);
}

/** `time(tloc)`: seconds since 1970. time(2). */
export async function time(this: Thread, tloc: { value?: number } | null = null): Promise<number> {
  const sec = await this.enter(this.nr.time, 0);
  if (tloc !== null) tloc.value = sec;
  return sec;
}
