/** read, write and their vectors (fs/read_write.c). One body each; the file's own operation moves the bytes. */
import { FMODE_READ, FMODE_WRITE, type OpenFile } from '../include/linux/fs.js';
import type { Result, Task } from '../include/linux/sched.js';
import { EBADF, EFAULT, EINVAL } from '../include/uapi/errno.js';
import { MAX_RW_COUNT, import_iovec, iov_iter_ubuf } from '../mm/iov_iter.js';
import { size_t } from '../mm/uaccess.js';
import { fget, hold_file } from './file.js';

/** User addresses end here (TASK_SIZE_MAX of x86-64): a range that reaches beyond is refused before the file is asked. */
const TASK_SIZE_MAX = 2 ** 47 - 4096;

function access_ok(ptr: number, len: number): boolean {
  return ptr >= 0 && ptr + len <= TASK_SIZE_MAX;
}

function vfs_read(task: Task, file: OpenFile): Result {
  if (file.f_op.read_iter === undefined) return -EINVAL;
  const ret = file.f_op.read_iter(task, file, task.iter);
  return typeof ret === 'number' ? ret : hold_file(file, ret);
}

function vfs_write(task: Task, file: OpenFile): Result {
  if (file.f_op.write_iter === undefined) return -EINVAL;
  const ret = file.f_op.write_iter(task, file, task.iter);
  return typeof ret === 'number' ? ret : hold_file(file, ret);
}

/** A transfer of one range: EFAULT if it leaves user space, as a length below zero does. */
function import_ubuf(task: Task, buf: number, count: number): number {
  const len = size_t(count);
  if (!access_ok(buf, len)) return -EFAULT;
  iov_iter_ubuf(task.iter, buf, Math.min(len, MAX_RW_COUNT));
  return 0;
}

/**
 * `read(fd, buf, count)`.
 *
 * @returns the number of bytes, 0 at end of file; -EBADF, -EFAULT, -EINVAL (an object that cannot be read), and what the object answers: -EAGAIN, -EINTR, -ECONNRESET …
 * Sleeps where the object has nothing yet. read(2); Linux fs/read_write.c ksys_read, vfs_read.
 */
export function sys_read(task: Task, fd: number, buf: number, count: number): Result {
  const file = fget(task, fd);
  if (file === null || (file.f_mode & FMODE_READ) === 0) return -EBADF;
  const err = import_ubuf(task, buf, count);
  return err < 0 ? err : vfs_read(task, file);
}

/** `write(fd, buf, count)`. Errors as for read, and -EPIPE (with SIGPIPE). write(2). */
export function sys_write(task: Task, fd: number, buf: number, count: number): Result {
  const file = fget(task, fd);
  if (file === null || (file.f_mode & FMODE_WRITE) === 0) return -EBADF;
  const err = import_ubuf(task, buf, count);
  return err < 0 ? err : vfs_write(task, file);
}

/** `readv(fd, iov, iovcnt)`: -EBADF, -EINVAL (iovcnt, a length), -EFAULT (iov), then as read. readv(2). */
export function sys_readv(task: Task, fd: number, vec: number, vlen: number): Result {
  const file = fget(task, fd);
  if (file === null || (file.f_mode & FMODE_READ) === 0) return -EBADF;
  const err = import_iovec(task.mm, task.iter, vec, size_t(vlen));
  if (err < 0) return err;
  return task.iter.count === 0 ? 0 : vfs_read(task, file);
}

/** `writev(fd, iov, iovcnt)`: as readv, then as write. writev(2). */
export function sys_writev(task: Task, fd: number, vec: number, vlen: number): Result {
  const file = fget(task, fd);
  if (file === null || (file.f_mode & FMODE_WRITE) === 0) return -EBADF;
  const err = import_iovec(task.mm, task.iter, vec, size_t(vlen));
  if (err < 0) return err;
  return task.iter.count === 0 ? 0 : vfs_write(task, file);
}
