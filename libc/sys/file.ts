/** sys/file.h. */
import { call_with } from '../internal/call.js';
import type { Thread } from '../internal/thread.js';

/** `flock(fd, operation)`: LOCK_SH, LOCK_EX, LOCK_UN, with LOCK_NB. Sleeps. EBADF, EINVAL, EAGAIN (LOCK_NB), EINTR. flock(2). */
export async function flock(this: Thread, fd: number, operation: number): Promise<number> {
  return call_with(this, 'flock', fd, operation);
}
