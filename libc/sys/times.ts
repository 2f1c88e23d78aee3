/** sys/times.h. */
import { get_s64 } from '../../kernel-mock/include/uapi/byteorder.js';
import type { Thread } from '../internal/thread.js';

/** struct tms: ticks of 1/100 s. */
export interface Tms {
  tms_utime: number;
  tms_stime: number;
  tms_cutime: number;
  tms_cstime: number;
}

/** `times(buf)`: ticks since boot; those that this process and its children used up. times(2). */
export async function times(this: Thread, buf: Partial<Tms> | null = null): Promise<number> {
  const raw = new Uint8Array(32);
  const ptr = buf === null ? 0 : this.map(raw);
  const ret = await this.enter(this.nr.times, ptr);
  this.unmap(ptr);
  if (buf !== null) {
    buf.tms_utime = get_s64(raw, 0);
    buf.tms_stime = get_s64(raw, 8);
    buf.tms_cutime = get_s64(raw, 16);
    buf.tms_cstime = get_s64(raw, 24);
  }
  return this.ret(ret);
}
