/** Writing back: there is no disk, so that only the arguments are looked at (fs/sync.c, mm/fadvise.c, mm/readahead.c). */
import { FMODE_READ } from '../include/linux/fs.js';
import type { Task } from '../include/linux/sched.js';
import { EBADF, EINVAL, ESPIPE } from '../include/uapi/errno.js';
import { POSIX_FADV_NOREUSE } from '../include/uapi/fcntl.js';
import { SYNC_FILE_RANGE_ALL } from '../include/uapi/fs.js';
import { S_ISBLK, S_ISDIR, S_ISFIFO, S_ISLNK, S_ISREG } from '../include/uapi/stat.js';
import { s64 } from '../mm/uaccess.js';
import { fget } from './file.js';

/** The mode of what a descriptor is open on. -EBADF. */
function mode_of(task: Task, fd: number): number {
  const file = fget(task, fd);
  return file === null ? -EBADF : (file.f_inode?.i_mode ?? file.f_op.i_mode ?? 0);
}

export const sys_sync = (): number => 0;

/** `syncfs(fd)`: -EBADF. sync(2). */
export function sys_syncfs(task: Task, fd: number): number {
  return Math.min(mode_of(task, fd), 0);
}

/** `fsync(fd)`: -EBADF, -EINVAL (nothing that could be written back). fsync(2). */
export function sys_fsync(task: Task, fd: number): number {
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  return file.f_inode?.i_sb.s_static === false && (S_ISREG(file.f_inode.i_mode) || S_ISDIR(file.f_inode.i_mode))
    ? 0
    : -EINVAL;
}

export function sys_fdatasync(task: Task, fd: number): number {
  return sys_fsync(task, fd);
}

/** `sync_file_range(fd, offset, nbytes, flags)`: -EBADF, -EINVAL (flags, range), -ESPIPE. sync_file_range(2). */
export function sys_sync_file_range(task: Task, fd: number, offset: number, nbytes: number, flags: number): number {
  const mode = mode_of(task, fd);
  if (mode < 0) return mode;
  const start = s64(offset);
  if ((flags & ~SYNC_FILE_RANGE_ALL) !== 0 || start < 0 || s64(start + s64(nbytes)) < start) return -EINVAL;
  return S_ISREG(mode) || S_ISBLK(mode) || S_ISDIR(mode) || S_ISLNK(mode) ? 0 : -ESPIPE;
}

/** `posix_fadvise(fd, offset, len, advice)`: -EBADF, -ESPIPE (a pipe), -EINVAL (len, advice). posix_fadvise(2). */
export function sys_fadvise64(task: Task, fd: number, _offset: number, len: number, advice: number): number {
  const mode = mode_of(task, fd);
  if (mode < 0) return mode;
  if (S_ISFIFO(mode)) return -ESPIPE;
  return s64(len) < 0 || advice >>> 0 > POSIX_FADV_NOREUSE ? -EINVAL : 0;
}

/** `readahead(fd, offset, count)`: -EBADF (not for reading), -EINVAL (no file). readahead(2). */
export function sys_readahead(task: Task, fd: number): number {
  const file = fget(task, fd);
  if (file === null || (file.f_mode & FMODE_READ) === 0) return -EBADF;
  return S_ISREG(file.f_inode?.i_mode ?? 0) ? 0 : -EINVAL;
}
