/** read, write and their vectors (fs/read_write.c). One body each; the file's own operation moves the bytes. */
import {
  FMODE_LSEEK,
  FMODE_PREAD,
  FMODE_PWRITE,
  FMODE_READ,
  FMODE_WRITE,
  MAX_LFS_FILESIZE,
  type OpenFile,
} from '../include/linux/fs.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import { O_APPEND, O_NONBLOCK } from '../include/uapi/fcntl.js';
import {
  RWF_APPEND,
  RWF_ATOMIC,
  RWF_DONTCACHE,
  RWF_DSYNC,
  RWF_HIPRI,
  RWF_NOAPPEND,
  RWF_NOSIGNAL,
  RWF_NOWAIT,
  RWF_SYNC,
} from '../include/uapi/uio.js';
import { EBADF, EFAULT, EINVAL, EOPNOTSUPP, ESPIPE } from '../include/uapi/errno.js';
import { S_ISFIFO } from '../include/uapi/stat.js';
import { MAX_RW_COUNT, import_iovec, iov_iter_ubuf } from '../mm/iov_iter.js';
import { access_ok, s64, size_t } from '../mm/uaccess.js';
import { fget, hold_file } from './file.js';
import { fsnotify_access, fsnotify_modify } from './notify/fsnotify.js';

/** The largest whence: SEEK_HOLE. */
const SEEK_MAX = 4;

/** Keep the file while the transfer sleeps. Only one with a name has watchers to be told. */
function transfer_sleep(task: Task, file: OpenFile, sleep: Sleep, done: (file: OpenFile) => void): Sleep {
  return hold_file(task, file, file.f_path === null ? sleep : tell_after(file, sleep, done));
}

function* tell_after(file: OpenFile, sleep: Sleep, done: (file: OpenFile) => void): Sleep {
  const ret = yield* sleep;
  if (ret > 0) done(file);
  return ret;
}

function vfs_read(task: Task, file: OpenFile): Result {
  const ret = file.f_op.read_iter!(task, file, task.iter);
  if (typeof ret !== 'number') return transfer_sleep(task, file, ret, fsnotify_access);
  if (ret > 0 && file.f_path !== null) fsnotify_access(file);
  return ret;
}

function vfs_write(task: Task, file: OpenFile): Result {
  const ret = file.f_op.write_iter!(task, file, task.iter);
  if (typeof ret !== 'number') return transfer_sleep(task, file, ret, fsnotify_modify);
  if (ret > 0 && file.f_path !== null) fsnotify_modify(file);
  return ret;
}

/** Each of the ranges by itself, until one is short: for files that take one at a time. Linux: do_loop_readv_writev. */
function loop_writev(task: Task, file: OpenFile): Result {
  const { segs } = task.iter;
  return segs === null ? vfs_write(task, file) : write_ranges(task, file, segs, 0, 0);
}

function write_ranges(task: Task, file: OpenFile, segs: readonly number[], from: number, written: number): Result {
  let done = written;
  for (let i = from; i < segs.length; i += 2) {
    const len = segs[i + 1]!;
    if (len === 0) continue;
    iov_iter_ubuf(task.iter, segs[i]!, len);
    const ret = vfs_write(task, file);
    if (typeof ret !== 'number') return write_ranges_after(task, file, ret, segs, i, done);
    if (ret < 0) return done > 0 ? done : ret;
    done += ret;
    if (ret < len) break;
  }
  return done;
}

function* write_ranges_after(
  task: Task,
  file: OpenFile,
  sleep: Sleep,
  segs: readonly number[],
  i: number,
  done: number,
): Sleep {
  const ret = yield* sleep;
  if (ret < 0) return done > 0 ? done : ret;
  if (ret < segs[i + 1]!) return done + ret;
  const rest = write_ranges(task, file, segs, i + 2, done + ret);
  return typeof rest === 'number' ? rest : yield* rest;
}

/** A transfer of one range: EFAULT if it leaves user space, as a length below zero does. */
function import_ubuf(task: Task, buf: number, count: number): number {
  const len = size_t(count);
  if (!access_ok(buf, len)) return -EFAULT;
  iov_iter_ubuf(task.iter, buf, len < MAX_RW_COUNT ? len : MAX_RW_COUNT);
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
  if (file.f_op.read_iter === undefined) return -EINVAL;
  const err = import_ubuf(task, buf, count);
  return err < 0 ? err : vfs_read(task, file);
}

/** `write(fd, buf, count)`. Errors as for read, and -EPIPE (with SIGPIPE). write(2). */
export function sys_write(task: Task, fd: number, buf: number, count: number): Result {
  const file = fget(task, fd);
  if (file === null || (file.f_mode & FMODE_WRITE) === 0) return -EBADF;
  if (file.f_op.write_iter === undefined) return -EINVAL;
  const err = import_ubuf(task, buf, count);
  return err < 0 ? err : vfs_write(task, file);
}

/** `readv(fd, iov, iovcnt)`: -EBADF, -EINVAL (iovcnt, a length), -EFAULT (iov), then as read. readv(2). */
export function sys_readv(task: Task, fd: number, vec: number, vlen: number): Result {
  return do_readv(task, fd, vec, vlen, 0);
}

function do_readv(task: Task, fd: number, vec: number, vlen: number, flags: number): Result {
  const file = fget(task, fd);
  if (file === null || (file.f_mode & FMODE_READ) === 0) return -EBADF;
  if (file.f_op.read_iter === undefined) return -EINVAL;
  const err = import_iovec(task.mm, task.iter, vec, size_t(vlen));
  if (err < 0) return err;
  return task.iter.count === 0 ? 0 : transfer_with(task, file, flags, vfs_read);
}

/** `writev(fd, iov, iovcnt)`: as readv, then as write. writev(2). */
export function sys_writev(task: Task, fd: number, vec: number, vlen: number): Result {
  return do_writev(task, fd, vec, vlen, 0);
}

function do_writev(task: Task, fd: number, vec: number, vlen: number, flags: number): Result {
  const file = fget(task, fd);
  if (file === null || (file.f_mode & FMODE_WRITE) === 0) return -EBADF;
  if (file.f_op.write_iter === undefined) return -EINVAL;
  const err = import_iovec(task.mm, task.iter, vec, size_t(vlen));
  if (err < 0) return err;
  const vfs = file.f_op.plain_write === true ? loop_writev : vfs_write;
  return task.iter.count === 0 ? 0 : transfer_with(task, file, flags, vfs);
}

// At a given position.

/** Begin a transfer at `pos`: -EINVAL if it would end beyond the last position, whatever the file is. Linux: rw_verify_area. */
function rw_verify_area(task: Task, pos: number): number {
  const { iter } = task;
  iter.pos = pos;
  return iter.count > 0 && pos + iter.count >= MAX_LFS_FILESIZE ? -EINVAL : 0;
}

/** `pread(fd, buf, count, offset)`: -EINVAL (offset), -EBADF, -ESPIPE (no position), -EBADF (not for reading), then as read. pread(2). */
export function sys_pread64(task: Task, fd: number, buf: number, count: number, offset: number): Result {
  const pos = s64(offset);
  if (pos < 0) return -EINVAL;
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  if ((file.f_mode & FMODE_PREAD) === 0) return -ESPIPE;
  if ((file.f_mode & FMODE_READ) === 0) return -EBADF;
  if (file.f_op.read_iter === undefined) return -EINVAL;
  const err = import_ubuf(task, buf, count) || rw_verify_area(task, pos);
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
  if (file.f_op.write_iter === undefined) return -EINVAL;
  const err = import_ubuf(task, buf, count) || rw_verify_area(task, pos);
  return err < 0 ? err : vfs_write(task, file);
}

function do_preadv(task: Task, fd: number, vec: number, vlen: number, pos: number, flags: number): Result {
  if (pos < 0) return -EINVAL;
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  if ((file.f_mode & FMODE_PREAD) === 0) return -ESPIPE;
  if ((file.f_mode & FMODE_READ) === 0) return -EBADF;
  if (file.f_op.read_iter === undefined) return -EINVAL;
  const err = import_iovec(task.mm, task.iter, vec, size_t(vlen));
  if (err < 0) return err;
  if (task.iter.count === 0) return 0;
  return rw_verify_area(task, pos) || transfer_with(task, file, flags, vfs_read);
}

function do_pwritev(task: Task, fd: number, vec: number, vlen: number, pos: number, flags: number): Result {
  if (pos < 0) return -EINVAL;
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  if ((file.f_mode & FMODE_PWRITE) === 0) return -ESPIPE;
  if ((file.f_mode & FMODE_WRITE) === 0) return -EBADF;
  if (file.f_op.write_iter === undefined) return -EINVAL;
  const err = import_iovec(task.mm, task.iter, vec, size_t(vlen));
  if (err < 0) return err;
  if (task.iter.count === 0) return 0;
  return rw_verify_area(task, pos) || transfer_with(task, file, flags, vfs_write);
}

/** `preadv(fd, iov, iovcnt, offset)`: as pread and readv. The offset stands in one register; a second is for 32-bit programs. readv(2). */
export function sys_preadv(task: Task, fd: number, vec: number, vlen: number, pos_l: number): Result {
  return do_preadv(task, fd, vec, vlen, s64(pos_l), 0);
}

export function sys_pwritev(task: Task, fd: number, vec: number, vlen: number, pos_l: number): Result {
  return do_pwritev(task, fd, vec, vlen, s64(pos_l), 0);
}

// With flags.

/** What this kernel knows (6.18); RWF_ATOMIC and RWF_DONTCACHE need a file system that can, and there is none. */
const RWF_SUPPORTED =
  RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND | RWF_NOAPPEND | RWF_ATOMIC | RWF_DONTCACHE | RWF_NOSIGNAL;

/** -EOPNOTSUPP (unknown, or beyond the file), -EINVAL (RWF_APPEND and RWF_NOAPPEND). Linux: kiocb_set_rw_flags. */
function check_rw_flags(file: OpenFile, flags: number, plain: boolean): number {
  if ((flags & ~(plain ? RWF_HIPRI : RWF_SUPPORTED)) !== 0) return -EOPNOTSUPP;
  if ((flags & RWF_APPEND) !== 0 && (flags & RWF_NOAPPEND) !== 0) return -EINVAL;
  if ((flags & (RWF_ATOMIC | RWF_DONTCACHE)) !== 0) return -EOPNOTSUPP;
  if ((flags & RWF_NOWAIT) === 0) return 0;
  // A FIFO is a pipe that was not made by pipe: only there FMODE_NOWAIT is set.
  return file.f_op.nowait !== true || S_ISFIFO(file.f_path?.d_inode.i_mode ?? 0) ? -EOPNOTSUPP : 0;
}

/** The status flags that the file has for the length of this call. */
function status_with(f_flags: number, flags: number): number {
  let status = f_flags;
  if ((flags & RWF_NOWAIT) !== 0) status |= O_NONBLOCK;
  if ((flags & RWF_APPEND) !== 0) status |= O_APPEND;
  if ((flags & RWF_NOAPPEND) !== 0) status &= ~O_APPEND;
  return status;
}

/** One transfer with RWF_* flags. With RWF_NOWAIT it does not sleep, and what appends is a file, which never does: so the flags can be lent to it. */
function transfer_with(task: Task, file: OpenFile, flags: number, vfs: (task: Task, file: OpenFile) => Result): Result {
  if (flags === 0) return vfs(task, file);
  const plain = vfs === vfs_read ? file.f_op.plain_read : file.f_op.plain_write;
  const err = check_rw_flags(file, flags, plain === true);
  if (err < 0) return err;
  const { f_flags } = file;
  file.f_flags = status_with(f_flags, flags);
  try {
    return vfs(task, file);
  } finally {
    file.f_flags = f_flags;
  }
}

/**
 * `preadv2(fd, iov, iovcnt, offset, flags)`: offset -1 is the file's own position. RWF_NOWAIT: -EAGAIN rather than a sleep.
 *
 * @returns as preadv; -EOPNOTSUPP (flags), which nobody looks at when there are no bytes to move. readv(2).
 */
export function sys_preadv2(
  task: Task,
  fd: number,
  vec: number,
  vlen: number,
  pos_l: number,
  _pos_h: number,
  flags: number,
): Result {
  const pos = s64(pos_l);
  return pos === -1 ? do_readv(task, fd, vec, vlen, flags | 0) : do_preadv(task, fd, vec, vlen, pos, flags | 0);
}

/** `pwritev2(fd, iov, iovcnt, offset, flags)`: RWF_APPEND writes at the end, RWF_NOAPPEND where the call says. readv(2). */
export function sys_pwritev2(
  task: Task,
  fd: number,
  vec: number,
  vlen: number,
  pos_l: number,
  _pos_h: number,
  flags: number,
): Result {
  const pos = s64(pos_l);
  return pos === -1 ? do_writev(task, fd, vec, vlen, flags | 0) : do_pwritev(task, fd, vec, vlen, pos, flags | 0);
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
