/** read, write and their vectors (fs/read_write.c). One body each; the file's own operation moves the bytes. */
import { FMODE_LSEEK, FMODE_PREAD, FMODE_PWRITE, FMODE_READ, FMODE_WRITE, type OpenFile } from '../include/linux/fs.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import { EBADF, EFAULT, EINVAL, EOPNOTSUPP, ESPIPE } from '../include/uapi/errno.js';
import { MAX_RW_COUNT, import_iovec, iov_iter_ubuf } from '../mm/iov_iter.js';
import { s64, size_t } from '../mm/uaccess.js';
import { fget, fput, get_file } from './file.js';
import { fsnotify_access, fsnotify_modify } from './notify/fsnotify.js';

/** The largest whence: SEEK_HOLE. */
const SEEK_MAX = 4;

/** User addresses end here (TASK_SIZE_MAX of x86-64): a range that reaches beyond is refused before the file is asked. */
const TASK_SIZE_MAX = 2 ** 47 - 4096;

function access_ok(ptr: number, len: number): boolean {
  return ptr >= 0 && ptr + len <= TASK_SIZE_MAX;
}

/** Keep the file while the transfer sleeps, and tell its watchers. */
function* transfer_sleep(file: OpenFile, sleep: Sleep, done: (file: OpenFile) => void): Sleep {
  get_file(file);
  try {
    const ret = yield* sleep;
    if (ret > 0) done(file);
    return ret;
  } finally {
    fput(file);
  }
}

function vfs_read(task: Task, file: OpenFile): Result {
  if (file.f_op.read_iter === undefined) return -EINVAL;
  const ret = file.f_op.read_iter(task, file, task.iter);
  if (typeof ret !== 'number') return transfer_sleep(file, ret, fsnotify_access);
  if (ret > 0 && file.f_path !== null) fsnotify_access(file);
  return ret;
}

function vfs_write(task: Task, file: OpenFile): Result {
  if (file.f_op.write_iter === undefined) return -EINVAL;
  const ret = file.f_op.write_iter(task, file, task.iter);
  if (typeof ret !== 'number') return transfer_sleep(file, ret, fsnotify_modify);
  if (ret > 0 && file.f_path !== null) fsnotify_modify(file);
  return ret;
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

// At a given position.

/** `pread(fd, buf, count, offset)`: -EINVAL (offset), -EBADF, -ESPIPE (no position), -EBADF (not for reading), then as read. pread(2). */
export function sys_pread64(task: Task, fd: number, buf: number, count: number, offset: number): Result {
  const pos = s64(offset);
  if (pos < 0) return -EINVAL;
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  if ((file.f_mode & FMODE_PREAD) === 0) return -ESPIPE;
  if ((file.f_mode & FMODE_READ) === 0) return -EBADF;
  const err = import_ubuf(task, buf, count);
  task.iter.pos = pos;
  return err < 0 ? err : vfs_read(task, file);
}

/** `pwrite(fd, buf, count, offset)`: with O_APPEND at the end all the same. pread(2). */
export function sys_pwrite64(task: Task, fd: number, buf: number, count: number, offset: number): Result {
  const pos = s64(offset);
  if (pos < 0) return -EINVAL;
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  if ((file.f_mode & FMODE_PWRITE) === 0) return -ESPIPE;
  if ((file.f_mode & FMODE_WRITE) === 0) return -EBADF;
  const err = import_ubuf(task, buf, count);
  task.iter.pos = pos;
  return err < 0 ? err : vfs_write(task, file);
}

function do_preadv(task: Task, fd: number, vec: number, vlen: number, pos: number): Result {
  if (pos < 0) return -EINVAL;
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  if ((file.f_mode & FMODE_PREAD) === 0) return -ESPIPE;
  if ((file.f_mode & FMODE_READ) === 0) return -EBADF;
  const err = import_iovec(task.mm, task.iter, vec, size_t(vlen));
  if (err < 0) return err;
  task.iter.pos = pos;
  return task.iter.count === 0 ? 0 : vfs_read(task, file);
}

function do_pwritev(task: Task, fd: number, vec: number, vlen: number, pos: number): Result {
  if (pos < 0) return -EINVAL;
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  if ((file.f_mode & FMODE_PWRITE) === 0) return -ESPIPE;
  if ((file.f_mode & FMODE_WRITE) === 0) return -EBADF;
  const err = import_iovec(task.mm, task.iter, vec, size_t(vlen));
  if (err < 0) return err;
  task.iter.pos = pos;
  return task.iter.count === 0 ? 0 : vfs_write(task, file);
}

/** `preadv(fd, iov, iovcnt, offset)`: as pread and readv. The offset stands in one register; a second is for 32-bit programs. readv(2). */
export function sys_preadv(task: Task, fd: number, vec: number, vlen: number, pos_l: number): Result {
  return do_preadv(task, fd, vec, vlen, s64(pos_l));
}

export function sys_pwritev(task: Task, fd: number, vec: number, vlen: number, pos_l: number): Result {
  return do_pwritev(task, fd, vec, vlen, s64(pos_l));
}

/** `preadv2(fd, iov, iovcnt, offset, flags)`: offset -1 is the file's own position. No flags are known: -EOPNOTSUPP. */
export function sys_preadv2(
  task: Task,
  fd: number,
  vec: number,
  vlen: number,
  pos_l: number,
  _pos_h: number,
  flags: number,
): Result {
  if ((flags | 0) !== 0) return -EOPNOTSUPP;
  const pos = s64(pos_l);
  return pos === -1 ? sys_readv(task, fd, vec, vlen) : do_preadv(task, fd, vec, vlen, pos);
}

export function sys_pwritev2(
  task: Task,
  fd: number,
  vec: number,
  vlen: number,
  pos_l: number,
  _pos_h: number,
  flags: number,
): Result {
  if ((flags | 0) !== 0) return -EOPNOTSUPP;
  const pos = s64(pos_l);
  return pos === -1 ? sys_writev(task, fd, vec, vlen) : do_pwritev(task, fd, vec, vlen, pos);
}

/** lseek of files that have no position and do not mind: it stays. */
export function noop_llseek(_task: Task, file: OpenFile): number {
  return file.f_pos;
}

/**
 * `lseek(fd, offset, whence)`: SEEK_SET, SEEK_CUR, SEEK_END, from 3.1 on SEEK_DATA and SEEK_HOLE.
 *
 * @returns the new position; -EBADF, -EINVAL (whence), -ESPIPE, -EINVAL (position), -ENXIO (no data there). lseek(2).
 */
export function sys_lseek(task: Task, fd: number, offset: number, whence: number): number {
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  if (whence >>> 0 > SEEK_MAX) return -EINVAL;
  const { llseek } = file.f_op;
  // A file that a path has opened says by its mode whether it takes seeks.
  if (llseek === undefined || (file.f_path !== null && (file.f_mode & FMODE_LSEEK) === 0)) return -ESPIPE;
  return llseek(task, file, s64(offset), whence >>> 0);
}
