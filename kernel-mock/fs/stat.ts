/** stat and its relatives (fs/stat.c). */
import type { Inode } from '../include/linux/dcache.js';
import type { Task } from '../include/linux/sched.js';
import { EBADF, EINVAL } from '../include/uapi/errno.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_NO_AUTOMOUNT,
  AT_STATX_SYNC_TYPE,
  AT_SYMLINK_NOFOLLOW,
} from '../include/uapi/fcntl.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { STATX_BASIC_STATS, STATX_CTIME, STATX_MTIME, STATX__RESERVED, S_ISREG } from '../include/uapi/stat.js';
import { put_u16, put_u32, put_u64 } from '../lib/bytes.js';
import { copy_to_user } from '../mm/uaccess.js';
import { fget_raw } from './file.js';
import { BOOT_SECONDS, file_inode } from './inode.js';
import { LOOKUP_EMPTY, LOOKUP_FOLLOW, user_path_at } from './namei.js';
import { vfs_of } from './namespace.js';
import { PAGE_SIZE } from './ramfs.js';

const STAT = layout_x86_64.stat;
const STATX = layout_x86_64.statx;
const NSEC_PER_SEC = 1e9;

/** Blocks of 512 bytes. */
export function inode_blocks(inode: Inode): number {
  return S_ISREG(inode.i_mode) ? (inode.i_pages?.size ?? 0) * (PAGE_SIZE / 512) : 0;
}

/** A time as seconds since 1970 and nanoseconds. */
function put_time(raw: Uint8Array, at: number, time: number): void {
  const sec = Math.floor(time / NSEC_PER_SEC);
  put_u64(raw, at, BOOT_SECONDS + sec);
  put_u32(raw, at + 8, time - sec * NSEC_PER_SEC);
}

/** struct stat to user memory. Linux: cp_new_stat. */
function cp_new_stat(task: Task, inode: Inode, statbuf: number): number {
  const raw = new Uint8Array(STAT.size);
  put_u64(raw, STAT.st_dev, inode.i_sb.s_dev);
  put_u64(raw, STAT.st_ino, inode.i_ino);
  put_u64(raw, STAT.st_nlink, inode.i_nlink);
  put_u32(raw, STAT.st_mode, inode.i_mode);
  put_u32(raw, STAT.st_uid, inode.i_uid);
  put_u32(raw, STAT.st_gid, inode.i_gid);
  put_u64(raw, STAT.st_rdev, inode.i_rdev);
  put_u64(raw, STAT.st_size, inode.i_size);
  put_u64(raw, STAT.st_blksize, PAGE_SIZE);
  put_u64(raw, STAT.st_blocks, inode_blocks(inode));
  put_time(raw, STAT.st_atime, inode.i_atime);
  put_time(raw, STAT.st_mtime, inode.i_mtime);
  put_time(raw, STAT.st_ctime, inode.i_ctime);
  return copy_to_user(task.mm, statbuf, raw, 0, STAT.size);
}

/** The inode that a *at call means: -EINVAL (flags), -EBADF, the walk's errors. Linux: vfs_statx. */
function statx_inode(task: Task, dfd: number, pathname: number, flags: number): Inode | number {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)) !== 0) return -EINVAL;
  const follow = (flags & AT_SYMLINK_NOFOLLOW) !== 0 ? 0 : LOOKUP_FOLLOW;
  const empty = (flags & AT_EMPTY_PATH) !== 0;
  if (empty && pathname === 0) return fstat_inode(task, dfd);
  const dentry = user_path_at(task, dfd, pathname, empty ? follow | LOOKUP_EMPTY : follow);
  return typeof dentry === 'number' ? dentry : dentry.d_inode;
}

function fstat_inode(task: Task, fd: number): Inode | number {
  const vfs = vfs_of(task.kernel);
  if ((fd | 0) === AT_FDCWD) return (task.fs.pwd ?? vfs.root).d_inode;
  const file = fget_raw(task, fd);
  return file === null ? -EBADF : file_inode(file, vfs);
}

/** `newfstatat(dfd, path, statbuf, flags)`: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. -EINVAL, the walk's errors, -EFAULT. stat(2). */
export function sys_newfstatat(task: Task, dfd: number, pathname: number, statbuf: number, flags: number): number {
  const inode = statx_inode(task, dfd, pathname, flags);
  return typeof inode === 'number' ? inode : cp_new_stat(task, inode, statbuf);
}

export function sys_stat(task: Task, pathname: number, statbuf: number): number {
  return sys_newfstatat(task, AT_FDCWD, pathname, statbuf, 0);
}

export function sys_lstat(task: Task, pathname: number, statbuf: number): number {
  return sys_newfstatat(task, AT_FDCWD, pathname, statbuf, AT_SYMLINK_NOFOLLOW);
}

/** `fstat(fd, statbuf)`: of any descriptor, O_PATH included. -EBADF, -EFAULT. stat(2). */
export function sys_fstat(task: Task, fd: number, statbuf: number): number {
  const file = fget_raw(task, fd);
  return file === null ? -EBADF : cp_new_stat(task, file_inode(file, vfs_of(task.kernel)), statbuf);
}

/** `statx(dfd, path, flags, mask, statxbuf)`: what every file has. -EINVAL (mask, flags), the walk's errors, -EFAULT. statx(2). */
export function sys_statx(
  task: Task,
  dfd: number,
  pathname: number,
  flags: number,
  mask: number,
  buffer: number,
): number {
  if ((mask & STATX__RESERVED) !== 0 || (flags & AT_STATX_SYNC_TYPE) === AT_STATX_SYNC_TYPE) return -EINVAL;
  const inode = statx_inode(task, dfd, pathname, flags);
  if (typeof inode === 'number') return inode;
  const raw = new Uint8Array(STATX.size);
  // Linux: fill_mg_cmtime. From 6.13 these two are given only when one of them is asked for.
  const unasked = (mask & (STATX_CTIME | STATX_MTIME)) === 0 ? STATX_CTIME | STATX_MTIME : 0;
  put_u32(raw, STATX.stx_mask, STATX_BASIC_STATS & ~unasked);
  put_u32(raw, STATX.stx_blksize, PAGE_SIZE);
  put_u32(raw, STATX.stx_nlink, inode.i_nlink);
  put_u32(raw, STATX.stx_uid, inode.i_uid);
  put_u32(raw, STATX.stx_gid, inode.i_gid);
  put_u16(raw, STATX.stx_mode, inode.i_mode);
  put_u64(raw, STATX.stx_ino, inode.i_ino);
  put_u64(raw, STATX.stx_size, inode.i_size);
  put_u64(raw, STATX.stx_blocks, inode_blocks(inode));
  put_time(raw, STATX.stx_atime, inode.i_atime);
  put_time(raw, STATX.stx_mtime, inode.i_mtime);
  put_time(raw, STATX.stx_ctime, inode.i_ctime);
  put_u32(raw, STATX.stx_rdev_major, inode.i_rdev >>> 8);
  put_u32(raw, STATX.stx_rdev_minor, inode.i_rdev & 0xff);
  put_u32(raw, STATX.stx_dev_major, inode.i_sb.s_dev >>> 8);
  put_u32(raw, STATX.stx_dev_minor, inode.i_sb.s_dev & 0xff);
  return copy_to_user(task.mm, buffer, raw, 0, STATX.size);
}
