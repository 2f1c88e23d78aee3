/** sys/time.h. */
import { type Path, c_string, call_with } from '../internal/call.js';
import { want_list, want_object } from '../internal/describe.js';
import type { Thread } from '../internal/thread.js';
import { type Timeval, decode_timeval, encode_timeval } from '../internal/timespec.js';

/** `gettimeofday(tv, NULL)`: fills in tv_sec and tv_usec. gettimeofday(2). */
export async function gettimeofday(this: Thread, tv: Partial<Timeval> | null): Promise<number> {
  const raw = new Uint8Array(16);
  const ptr = tv === null ? 0 : this.map(raw);
  const ret = await this.enter(this.nr.gettimeofday, ptr, 0);
  this.unmap(ptr);
  if (ret === 0 && tv !== null) decode_timeval(raw, tv);
  return this.ret(ret);
}

/** `settimeofday(tv, NULL)`. -1 with errno EINVAL. settimeofday(2). */
export async function settimeofday(this: Thread, tv: Timeval): Promise<number> {
  const ptr = this.map(encode_timeval(tv));
  const ret = await this.enter(this.nr.settimeofday, ptr, 0);
  this.unmap(ptr);
  return this.ret(ret);
}

export interface Itimerval {
  it_interval: Timeval;
  it_value: Timeval;
}

function encode_itimerval(value: Itimerval): Uint8Array {
  want_object(value, 'a timer is { it_interval, it_value }');
  const { it_interval, it_value } = value;
  const raw = new Uint8Array(32);
  raw.set(encode_timeval(it_interval), 0);
  raw.set(encode_timeval(it_value), 16);
  return raw;
}

function decode_itimerval(raw: Uint8Array, out: Partial<Itimerval>): void {
  out.it_interval = { tv_sec: 0, tv_usec: 0 };
  out.it_value = { tv_sec: 0, tv_usec: 0 };
  decode_timeval(raw, out.it_interval);
  decode_timeval(raw.subarray(16), out.it_value);
}

/** `getitimer(which, value)`: what is left of the timer. -1 with errno EINVAL. getitimer(2). */
export async function getitimer(this: Thread, which: number, value: Partial<Itimerval>): Promise<number> {
  want_object(value, 'value is { }, to be filled in');
  const raw = new Uint8Array(32);
  const ptr = this.map(raw);
  const ret = await this.enter(this.nr.getitimer, which, ptr);
  this.unmap(ptr);
  if (ret === 0) decode_itimerval(raw, value);
  return this.ret(ret);
}

/** `setitimer(which, new, old)`: ITIMER_REAL sends SIGALRM. -1 with errno EINVAL. setitimer(2). */
export async function setitimer(
  this: Thread,
  which: number,
  value: Itimerval,
  old: Partial<Itimerval> | null = null,
): Promise<number> {
  const raw = old === null ? null : new Uint8Array(32);
  const timer = encode_itimerval(value);
  const ptr = this.map(timer);
  const oldptr = this.map(raw);
  const ret = await this.enter(this.nr.setitimer, which, ptr, oldptr);
  this.unmap(ptr);
  this.unmap(oldptr);
  if (ret === 0 && old !== null && raw !== null) decode_itimerval(raw, old);
  return this.ret(ret);
}

function encode_times(times: readonly [Timeval, Timeval] | null): Uint8Array | null {
  if (times === null) return null;
  want_list(times, 'times is [access, modification] or null');
  const raw = new Uint8Array(32);
  raw.set(encode_timeval(times[0]), 0);
  raw.set(encode_timeval(times[1]), 16);
  return raw;
}

/** `utimes(path, [access, modification])`: null: now. EINVAL (microseconds), ENOENT …, EACCES, EPERM. utimes(2). */
export async function utimes(this: Thread, path: Path, times: readonly [Timeval, Timeval] | null): Promise<number> {
  return call_with(this, 'utimes', c_string(path), encode_times(times));
}

/** `futimesat(dirfd, path, [access, modification])`: a null path means `dirfd` itself. EBADF, ENOTDIR. futimesat(2). */
export async function futimesat(
  this: Thread,
  dirfd: number,
  path: Path,
  times: readonly [Timeval, Timeval] | null,
): Promise<number> {
  return call_with(this, 'futimesat', dirfd, c_string(path), encode_times(times));
}
