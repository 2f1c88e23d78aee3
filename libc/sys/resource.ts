/** sys/resource.h: limits. */
import { get_u64, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { describe } from '../internal/describe.js';
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
