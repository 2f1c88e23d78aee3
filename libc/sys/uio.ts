/** sys/uio.h: reading and writing with several buffers at once. */
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import { describe } from '../internal/describe.js';
import type { Thread } from '../internal/thread.js';

const IOVEC = layout_x86_64.iovec;

async function vector_call(
  t: Thread,
  call: CallName,
  fd: number,
  iov: readonly (Uint8Array | null)[],
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
  const n = await t.enter(t.nr[call], fd, vec, iov.length);
  for (const ptr of ptrs) t.unmap(ptr);
  t.leave(sp);
  return t.ret(n);
}

/** `readv(fd, iov, iovcnt)`: as read, filling one buffer after the other. EINVAL: more than 1024 buffers. readv(2). */
export async function readv(this: Thread, fd: number, iov: readonly (Uint8Array | null)[]): Promise<number> {
  return vector_call(this, 'readv', fd, iov);
}

/** `writev(fd, iov, iovcnt)`: as write, from one buffer after the other. writev(2). */
export async function writev(this: Thread, fd: number, iov: readonly (Uint8Array | null)[]): Promise<number> {
  return vector_call(this, 'writev', fd, iov);
}
