/** sys/uio.h: reading and writing with several buffers at once. */
import { vector_call } from '../internal/iovec.js';
import type { Thread } from '../internal/thread.js';

/** `readv(fd, iov, iovcnt)`: as read, filling one buffer after the other. EINVAL: more than 1024 buffers. readv(2). */
export async function readv(this: Thread, fd: number, iov: readonly (Uint8Array | null)[]): Promise<number> {
  return vector_call(this, 'readv', fd, iov);
}

/** `writev(fd, iov, iovcnt)`: as write, from one buffer after the other. writev(2). */
export async function writev(this: Thread, fd: number, iov: readonly (Uint8Array | null)[]): Promise<number> {
  return vector_call(this, 'writev', fd, iov);
}

/** `preadv(fd, iov, iovcnt, offset)`: as readv, at a position. ESPIPE, EINVAL. readv(2). */
export async function preadv(
  this: Thread,
  fd: number,
  iov: readonly (Uint8Array | null)[],
  offset: number,
): Promise<number> {
  return vector_call(this, 'preadv', fd, iov, offset);
}

/** `pwritev(fd, iov, iovcnt, offset)`: as writev, at a position. readv(2). */
export async function pwritev(
  this: Thread,
  fd: number,
  iov: readonly (Uint8Array | null)[],
  offset: number,
): Promise<number> {
  return vector_call(this, 'pwritev', fd, iov, offset);
}

/** `preadv2(fd, iov, iovcnt, offset, flags)`: as preadv; offset -1 is the file's own position; RWF_NOWAIT. EOPNOTSUPP (flags). readv(2). */
export async function preadv2(
  this: Thread,
  fd: number,
  iov: readonly (Uint8Array | null)[],
  offset: number,
  flags: number,
): Promise<number> {
  return vector_call(this, 'preadv2', fd, iov, offset, 0, flags);
}

/** `pwritev2(fd, iov, iovcnt, offset, flags)`: as pwritev; RWF_APPEND, RWF_NOAPPEND, RWF_NOWAIT. EOPNOTSUPP (flags). readv(2). */
export async function pwritev2(
  this: Thread,
  fd: number,
  iov: readonly (Uint8Array | null)[],
  offset: number,
  flags: number,
): Promise<number> {
  return vector_call(this, 'pwritev2', fd, iov, offset, 0, flags);
}
