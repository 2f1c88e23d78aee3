/** unistd.h and fcntl.h: writing back, and what to expect of a file. */
import { call_with, enter_with } from '../internal/call.js';
import type { Thread } from '../internal/thread.js';

/** `sync()`. sync(2). */
export async function sync(this: Thread): Promise<void> {
  await call_with(this, 'sync');
}

/** `syncfs(fd)` (2.6.39): the file system of `fd`. EBADF, ENOSYS. sync(2). */
export async function syncfs(this: Thread, fd: number): Promise<number> {
  return call_with(this, 'syncfs', fd);
}

/** `fsync(fd)`: EBADF, EINVAL (a pipe, a socket …). fsync(2). */
export async function fsync(this: Thread, fd: number): Promise<number> {
  return call_with(this, 'fsync', fd);
}

export async function fdatasync(this: Thread, fd: number): Promise<number> {
  return call_with(this, 'fdatasync', fd);
}

/** `sync_file_range(fd, offset, nbytes, flags)`: EBADF, EINVAL, ESPIPE. sync_file_range(2). */
export async function sync_file_range(
  this: Thread,
  fd: number,
  offset: number,
  nbytes: number,
  flags: number,
): Promise<number> {
  return call_with(this, 'sync_file_range', fd, offset, nbytes, flags);
}

/** `posix_fadvise(fd, offset, len, advice)`: 0, or the error itself: EBADF, ESPIPE, EINVAL. errno stays. posix_fadvise(2). */
export async function posix_fadvise(
  this: Thread,
  fd: number,
  offset: number,
  len: number,
  advice: number,
): Promise<number> {
  const ret = await enter_with(this, 'fadvise64', [fd, offset, len, advice]);
  return ret < 0 ? -ret : 0;
}

/** `readahead(fd, offset, count)`: EBADF, EINVAL. readahead(2). */
export async function readahead(this: Thread, fd: number, offset: number, count: number): Promise<number> {
  return call_with(this, 'readahead', fd, offset, count);
}
