/** sys/select.h. */
import { get_s64, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import type { Thread } from '../internal/thread.js';

const { fd_set, timeval } = layout_x86_64;

/** A set of descriptors below 1024. */
export type FdSet = Set<number>;

export interface Timeval {
  tv_sec: number;
  tv_usec: number;
}

function encode_set(set: FdSet | null): Uint8Array | null {
  if (set === null) return null;
  const raw = new Uint8Array(fd_set.size);
  for (const fd of set) {
    if (!(fd >= 0 && fd < fd_set.size * 8))
      throw new RangeError(`an fd_set holds descriptors from 0 to 1023, not ${fd}`);
    raw[fd >> 3]! |= 1 << (fd & 7);
  }
  return raw;
}

function decode_set(raw: Uint8Array | null, set: FdSet | null): void {
  if (raw === null || set === null) return;
  set.clear();
  for (let fd = 0; fd < raw.length * 8; fd++) if ((raw[fd >> 3]! & (1 << (fd & 7))) !== 0) set.add(fd);
}

/**
 * `select(nfds, readfds, writefds, exceptfds, timeout)`: wait until a descriptor of the sets is ready; the sets become those
 * that are.
 *
 * @param timeout becomes what is left of it; null: no limit
 * @returns how many; -1 with errno EINVAL, EBADF, EINTR. select(2).
 */
export async function select(
  this: Thread,
  nfds: number,
  readfds: FdSet | null,
  writefds: FdSet | null,
  exceptfds: FdSet | null,
  timeout: Timeval | null,
): Promise<number> {
  const sets = [readfds, writefds, exceptfds];
  const raws = sets.map(encode_set);
  const tv = timeout === null ? null : new Uint8Array(timeval.size);
  if (tv !== null && timeout !== null) {
    put_u64(tv, timeval.tv_sec, timeout.tv_sec);
    put_u64(tv, timeval.tv_usec, timeout.tv_usec);
  }
  const ptrs = [...raws, tv].map((raw) => this.map(raw));
  const r = this.enter(this.nr.select, nfds, ptrs[0], ptrs[1], ptrs[2], ptrs[3]);
  const ret = typeof r === 'number' ? r : await r;
  for (const ptr of ptrs) this.unmap(ptr);
  if (ret >= 0) sets.forEach((set, i) => decode_set(raws[i]!, set));
  if (tv !== null && timeout !== null) {
    timeout.tv_sec = get_s64(tv, timeval.tv_sec);
    timeout.tv_usec = get_s64(tv, timeval.tv_usec);
  }
  return this.ret(ret);
}
