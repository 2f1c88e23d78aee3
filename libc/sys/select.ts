/** sys/select.h. */
import { put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { describe } from '../internal/describe.js';
import { type SigSetArg, encode_sigset } from '../internal/siginfo.js';
import type { Thread } from '../internal/thread.js';
import { type Timespec, type Timeval, decode_timeval, encode_timespec, encode_timeval } from '../internal/timespec.js';

const { fd_set } = layout_x86_64;

/** A set of descriptors below 1024. */
export type FdSet = Set<number>;

function encode_set(set: FdSet | null): Uint8Array | null {
  if (set === null) return null;
  if (!(set instanceof Set)) throw new TypeError(`an fd_set is a Set of descriptors or null, not ${describe(set)}`);
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

/** The sets in user memory for the length of `go`; after a success they are those that are ready. */
async function with_fd_sets(
  t: Thread,
  sets: readonly (FdSet | null)[],
  raws: readonly (Uint8Array | null)[],
  go: (readfds: number, writefds: number, exceptfds: number) => number | Promise<number>,
): Promise<number> {
  const [readfds = 0, writefds = 0, exceptfds = 0] = raws.map((raw) => t.map(raw));
  const r = go(readfds, writefds, exceptfds);
  const ret = typeof r === 'number' ? r : await r;
  for (const ptr of [readfds, writefds, exceptfds]) t.unmap(ptr);
  if (ret >= 0) sets.forEach((set, i) => decode_set(raws[i]!, set));
  return t.ret(ret);
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
  const tv = timeout === null ? null : encode_timeval(timeout);
  const sets = [readfds, writefds, exceptfds];
  const raws = sets.map(encode_set);
  const tvp = this.map(tv);
  const ret = await with_fd_sets(this, sets, raws, (r, w, e) => this.enter(this.nr.select, nfds, r, w, e, tvp));
  this.unmap(tvp);
  if (tv !== null && timeout !== null) decode_timeval(tv, timeout);
  return ret;
}

/**
 * `pselect(nfds, readfds, writefds, exceptfds, timeout, sigmask)`: select under another signal mask, in place for the length of
 * the wait.
 *
 * @param timeout null: no limit; stays as it is
 * @param sigmask null: the mask that the thread has
 * @returns as select. pselect(2).
 */
export async function pselect(
  this: Thread,
  nfds: number,
  readfds: FdSet | null,
  writefds: FdSet | null,
  exceptfds: FdSet | null,
  timeout: Timespec | null,
  sigmask: SigSetArg | null = null,
): Promise<number> {
  const { size, p, sigsetsize } = layout_x86_64.sigset_argpack;
  const pack = new Uint8Array(size);
  const set = sigmask === null ? null : encode_sigset(sigmask);
  const limit = timeout === null ? null : encode_timespec(timeout);
  const sets = [readfds, writefds, exceptfds];
  const raws = sets.map(encode_set);
  const mask = this.map(set);
  put_u64(pack, p, mask);
  put_u64(pack, sigsetsize, layout_x86_64.sigset.size);
  const sig = this.map(pack);
  const tsp = this.map(limit);
  const ret = await with_fd_sets(this, sets, raws, (r, w, e) => this.enter(this.nr.pselect6, nfds, r, w, e, tsp, sig));
  for (const ptr of [tsp, sig, mask]) this.unmap(ptr);
  return ret;
}
