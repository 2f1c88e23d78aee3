/** Setting the times of a file (fs/utimes.c). */
import type { Dentry } from '../include/linux/dcache.js';
import type { Task } from '../include/linux/sched.js';
import { EACCES, EBADF, EFAULT, EINVAL, EOPNOTSUPP, EPERM } from '../include/uapi/errno.js';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW } from '../include/uapi/fcntl.js';
import { IN_ACCESS, IN_ATTRIB, IN_MODIFY } from '../include/uapi/inotify.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { UTIME_NOW, UTIME_OMIT } from '../include/uapi/stat.js';
import { get_s64 } from '../lib/bytes.js';
import { find_vma } from '../mm/mmap.js';
import { is_fixed, lookup_flags } from './attr.js';
import { fget } from './file.js';
import {
  BOOT_SECONDS,
  MAY_WRITE,
  current_time,
  file_dentry,
  inode_owner_or_capable,
  inode_permission,
} from './inode.js';
import { user_path_at } from './namei.js';
import { vfs_of } from './namespace.js';
import { fsnotify_dentry } from './notify/fsnotify.js';

/** Access and modification in nanoseconds since the boot; undefined leaves one as it is. Null: both are now. */
type Times = readonly [number | undefined, number | undefined] | null;

/** DEVIATION: a time that is far from now is kept to a quarter of a microsecond: a number holds 53 bits of it. */
function since_boot(sec: number, nsec: number): number {
  return (sec - BOOT_SECONDS) * 1e9 + nsec;
}

/** One timespec of utimensat: undefined leaves the time; null: it is none. */
function time_of(task: Task, bytes: Uint8Array, at: number): number | undefined | null {
  const { tv_sec, tv_nsec } = layout_x86_64.timespec;
  const nsec = get_s64(bytes, at + tv_nsec);
  if (nsec === UTIME_OMIT) return undefined;
  if (nsec === UTIME_NOW) return current_time(task.kernel);
  return nsec < 0 || nsec > 999_999_999 ? null : since_boot(get_s64(bytes, at + tv_sec), nsec);
}

/** Times of now need rights to write, others an owner. */
function set_times(task: Task, dentry: Dentry, times: Times): number {
  const inode = dentry.d_inode;
  if (is_fixed(task, inode)) return -EOPNOTSUPP;
  if (!inode_owner_or_capable(task, inode)) {
    if (times !== null) return -EPERM;
    if (inode_permission(task, inode, MAY_WRITE) < 0) return -EACCES;
  }
  const now = current_time(task.kernel);
  const [atime, mtime] = times ?? [now, now];
  if (atime !== undefined) inode.i_atime = atime;
  if (mtime !== undefined) inode.i_mtime = mtime;
  inode.i_ctime = now;
  const mask = atime !== undefined && mtime !== undefined ? IN_ATTRIB : atime !== undefined ? IN_ACCESS : IN_MODIFY;
  fsnotify_dentry(vfs_of(task.kernel), dentry, mask);
  return 0;
}

function utimes_fd(task: Task, dfd: number, flags: number): Dentry | number {
  if (flags !== 0) return -EINVAL;
  const file = fget(task, dfd);
  return file === null ? -EBADF : file_dentry(file, vfs_of(task.kernel));
}

/** A null path means `dfd` itself, unless that is AT_FDCWD. -EINVAL (flags), the walk's errors, -EACCES, -EPERM. */
function do_utimes(task: Task, dfd: number, pathname: number, times: Times, flags: number): number {
  const by_fd = pathname === 0 && (dfd | 0) !== AT_FDCWD;
  if (!by_fd && (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const dentry = by_fd ? utimes_fd(task, dfd, flags) : user_path_at(task, dfd, pathname, lookup_flags(flags));
  return typeof dentry === 'number' ? dentry : set_times(task, dentry, times);
}

/**
 * `utimensat(dfd, path, times, flags)`.
 *
 * @returns 0; -EFAULT, -EINVAL (times, flags), the walk's errors, -EACCES, -EPERM. utimensat(2).
 */
export function sys_utimensat(task: Task, dfd: number, pathname: number, utimes: number, flags: number): number {
  if (utimes === 0) return do_utimes(task, dfd, pathname, null, flags);
  const area = find_vma(task.mm, utimes, 2 * layout_x86_64.timespec.size);
  if (area === null) return -EFAULT;
  const atime = time_of(task, area.bytes, utimes - area.start);
  const mtime = time_of(task, area.bytes, utimes - area.start + layout_x86_64.timespec.size);
  if (atime === undefined && mtime === undefined) return 0;
  return atime === null || mtime === null ? -EINVAL : do_utimes(task, dfd, pathname, [atime, mtime], flags);
}

/** `futimesat(dfd, path, times)`: two timevals. -EFAULT, -EINVAL (microseconds), then as utimensat. futimesat(2). */
export function sys_futimesat(task: Task, dfd: number, pathname: number, utimes: number): number {
  if (utimes === 0) return do_utimes(task, dfd, pathname, null, 0);
  const { size, tv_sec, tv_usec } = layout_x86_64.timeval;
  const area = find_vma(task.mm, utimes, 2 * size);
  if (area === null) return -EFAULT;
  const times: number[] = [];
  for (let o = utimes - area.start; times.length < 2; o += size) {
    const usec = get_s64(area.bytes, o + tv_usec);
    if (usec < 0 || usec >= 1e6) return -EINVAL;
    times.push(since_boot(get_s64(area.bytes, o + tv_sec), usec * 1000));
  }
  return do_utimes(task, dfd, pathname, [times[0], times[1]], 0);
}

/** `utimes(path, times)`. utimes(2). */
export function sys_utimes(task: Task, pathname: number, utimes: number): number {
  return sys_futimesat(task, AT_FDCWD, pathname, utimes);
}

/** `utime(path, times)`: seconds of access and modification. -EFAULT, then as utimes. utime(2). */
export function sys_utime(task: Task, pathname: number, utimbuf: number): number {
  if (utimbuf === 0) return do_utimes(task, AT_FDCWD, pathname, null, 0);
  const area = find_vma(task.mm, utimbuf, 16);
  if (area === null) return -EFAULT;
  const o = utimbuf - area.start;
  const times = [since_boot(get_s64(area.bytes, o), 0), since_boot(get_s64(area.bytes, o + 8), 0)] as const;
  return do_utimes(task, AT_FDCWD, pathname, times, 0);
}
