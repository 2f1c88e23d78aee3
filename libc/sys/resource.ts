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

/** `getrlimit(resource, rlim)`: fills in soft and hard limit. -1 with errno EINVAL. getrlimit(2). */
export async function getrlimit(this: Thread, resource: number, rlim: Partial<Rlimit>): Promise<number> {
  if (typeof rlim !== 'object' || rlim === null)
    throw new TypeError(`rlim is { rlim_cur, rlim_max }, not ${describe(rlim)}`);
  const raw = new Uint8Array(RLIMIT.size);
  const ptr = this.map(raw);
  const ret = await this.enter(this.nr.getrlimit, resource, ptr);
  this.unmap(ptr);
  if (ret === 0) {
    rlim.rlim_cur = get_u64(raw, RLIMIT.rlim_cur);
    rlim.rlim_max = get_u64(raw, RLIMIT.rlim_max);
  }
  return this.ret(ret);
}

/** `setrlimit(resource, rlim)`. -1 with errno EINVAL (soft above hard), EPERM. setrlimit(2). */
export async function setrlimit(this: Thread, resource: number, rlim: Rlimit): Promise<number> {
  const raw = new Uint8Array(RLIMIT.size);
  for (const field of ['rlim_cur', 'rlim_max'] as const)
    if (typeof rlim?.[field] !== 'number') throw new TypeError(`${field} is a number, not ${describe(rlim?.[field])}`);
  put_u64(raw, RLIMIT.rlim_cur, rlim.rlim_cur);
  put_u64(raw, RLIMIT.rlim_max, rlim.rlim_max);
  const ptr = this.map(raw);
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
  const raw = new Uint8Array(RLIMIT.size);
  if (new_limit !== null) {
    put_u64(raw, RLIMIT.rlim_cur, new_limit.rlim_cur);
    put_u64(raw, RLIMIT.rlim_max, new_limit.rlim_max);
  }
  const old = new Uint8Array(RLIMIT.size);
  const ptr = new_limit === null ? 0 : this.map(raw);
  const oldptr = old_limit === null ? 0 : this.map(old);
  const ret = await this.enter(this.nr.prlimit64, pid, resource, ptr, oldptr);
  this.unmap(ptr);
  this.unmap(oldptr);
  if (ret === 0 && old_limit !== null) {
    old_limit.rlim_cur = get_u64(old, RLIMIT.rlim_cur);
    old_limit.rlim_max = get_u64(old, RLIMIT.rlim_max);
  }
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
