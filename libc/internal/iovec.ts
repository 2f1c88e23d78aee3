/** struct iovec[] of a list of buffers. */
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import { describe } from './describe.js';
import type { Thread } from './thread.js';

const IOVEC = layout_x86_64.iovec;

/** A call with a descriptor and a struct iovec[]. */
export async function vector_call(
  t: Thread,
  call: CallName,
  fd: number,
  iov: readonly (Uint8Array | null)[],
  ...more: readonly number[]
): Promise<number> {
  const list: unknown = iov;
  if (!Array.isArray(list)) throw new TypeError(`iov is a list of buffers, not ${describe(iov)}`);
  const ptrs = iov.map((buf) => t.map(buf));
  const { sp } = t;
  const vec = t.alloca(iov.length * IOVEC.size);
  iov.forEach((buf, i) => {
    t.store64(vec + i * IOVEC.size + IOVEC.iov_base, ptrs[i]!);
    t.store64(vec + i * IOVEC.size + IOVEC.iov_len, buf === null ? 0 : buf.length);
  });
  const n = await t.enter(t.nr[call], fd, vec, iov.length, more[0], more[1], more[2]);
  for (const ptr of ptrs) t.unmap(ptr);
  t.leave(sp);
  return t.ret(n);
}
