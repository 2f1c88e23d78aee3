/** sys/resource.h: limits. */
import { get_u64, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { describe, want_object } from '../internal/describe.js';
import { type Rusage, decode_rusage } from '../internal/rusage.js';
import type { Thread } from '../internal/thread.js';

const RLIMIT = layout_x86_64.rlimit;

export interface Rlimit {
  rlim_cur: number;
  rlim_max: number;
}

/** A struct rlimit for the kernel; null: a null pointer. */
function encode_rlimit(rlim: Rlimit | null): Uint8Array | null {
  if (rlim === null) return null;
  const raw = new Uint8Array(RLIMIT.size);
  for (const field of ['rlim_cur', 'rlim_max'] as const)
    if (typeof rlim?.[field] !== 'number') throw new TypeError(`${field} is a number, not ${describe(rlim?.[field])}`);
  put_u64(raw, RLIMIT.rlim_cur, rlim.rlim_cur);
  put_u64(raw, RLIMIT.rlim_max, rlim.rlim_max);
  return raw;
}

/** Room for a struct rlimit that the kernel fills in; null: a null pointer. */
function room_for(rlim: Partial<Rlimit> | null): Uint8Array | null {
  if (typeof rlim !== 'object') throw new TypeError(`rlim is { rlim_cur, rlim_max }, not ${describe(rlim)}`);
  return rlim === null ? null : new Uint8Array(RLIMIT.size);
}

function decode_rlimit(raw: Uint8Array | null, rlim: Partial<Rlimit> | null): void {
  if (raw === null || rlim === null) return;
  rlim.rlim_cur = get_u64(raw, RLIMIT.rlim_cur);
  rlim.rlim_max = get_u64(raw, RLIMIT.rlim_max);
}

/** `getrlimit(resource, rlim)`: fills in soft and hard limit. -1 with errno EINVAL, EFAULT (null). getrlimit(2). */
export async function getrlimit(this: Thread, resource: number, rlim: Partial<Rlimit> | null): Promise<number> {
  const raw = room_for(rlim);
  const ptr = this.map(raw);
  const ret = await this.enter(this.nr.getrlimit, resource, ptr);
  this.unmap(ptr);
  if (ret === 0) decode_rlimit(raw, rlim);
  return this.ret(ret);
}

/** `setrlimit(resource, rlim)`. -1 with errno EFAULT (null), EINVAL (soft above hard), EPERM. setrlimit(2). */
export async function setrlimit(this: Thread, resource: number, rlim: Rlimit | null): Promise<number> {
  const ptr = this.map(encode_rlimit(rlim));
  const ret = await this.enter(this.nr.setrlimit, resource, ptr);
  this.unmap(ptr);
  return this.ret(ret);
}

/** `prlimit(pid, resource, new, old)` (2.6.36): both of another process, or of this one (0). -1 with errno ESRCH, EINVAL, EPERM. prlimit(2). */
export async function prlimit(
  this: Thread,
  pid: number,
  resource: number,
  new_limit: Rlimit | null,
  old_limit: Partial<Rlimit> | null = null,
): Promise<number> {
  const raw = encode_rlimit(new_limit);
  const old = room_for(old_limit);
  const ptr = this.map(raw);
  const oldptr = this.map(old);
  const ret = await this.enter(this.nr.prlimit64, pid, resource, ptr, oldptr);
  this.unmap(ptr);
  this.unmap(oldptr);
  if (ret === 0) decode_rlimit(old, old_limit);
  return this.ret(ret);
}

/** `getrusage(who, usage)`: RUSAGE_SELF, RUSAGE_CHILDREN, RUSAGE_THREAD. Only calls take time here. -1 with errno EINVAL. getrusage(2). */
export async function getrusage(this: Thread, who: number, usage: Partial<Rusage>): Promise<number> {
  want_object(usage, 'usage is { }, to be filled in');
  const raw = new Uint8Array(layout_x86_64.rusage.size);
  const ptr = this.map(raw);
  const ret = await this.enter(this.nr.getrusage, who, ptr);
  this.unmap(ptr);
  if (ret === 0) decode_rusage(raw, usage);
  return this.ret(ret);
}
