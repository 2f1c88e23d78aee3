/** What a file system is (fs/statfs.c, fs/libfs.c simple_statfs). */
import type { Inode } from '../include/linux/dcache.js';
import type { Task } from '../include/linux/sched.js';
import { EBADF } from '../include/uapi/errno.js';
import { AT_FDCWD } from '../include/uapi/fcntl.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { NAME_MAX } from '../include/uapi/limits.js';
import { PIPEFS_MAGIC, SOCKFS_MAGIC } from '../include/uapi/magic.js';
import { S_ISFIFO, S_ISSOCK } from '../include/uapi/stat.js';
import { put_u64 } from '../lib/bytes.js';
import { copy_to_user } from '../mm/uaccess.js';
import { fget_raw } from './file.js';
import { file_inode } from './inode.js';
import { LOOKUP_FOLLOW, user_path_at } from './namei.js';
import { vfs_of } from './namespace.js';
import { PAGE_SIZE } from './ramfs.js';

const STATFS = layout_x86_64.statfs;
/** f_flags is filled in. */
const ST_VALID = 0x20;

/** Pipes and sockets have file systems of their own in Linux. */
function magic_of(inode: Inode, anonymous: boolean): number {
  if (anonymous && S_ISFIFO(inode.i_mode)) return PIPEFS_MAGIC;
  return anonymous && S_ISSOCK(inode.i_mode) ? SOCKFS_MAGIC : inode.i_sb.s_magic;
}

function put_statfs(task: Task, inode: Inode, buf: number): number {
  const raw = new Uint8Array(STATFS.size);
  put_u64(raw, STATFS.f_type, magic_of(inode, inode.i_sb === vfs_of(task.kernel).anon_sb));
  put_u64(raw, STATFS.f_bsize, PAGE_SIZE);
  put_u64(raw, STATFS.f_namelen, NAME_MAX);
  put_u64(raw, STATFS.f_frsize, PAGE_SIZE);
  put_u64(raw, STATFS.f_flags, ST_VALID);
  return copy_to_user(task.mm, buf, raw, 0, STATFS.size);
}

/** `statfs(path, buf)`: the walk's errors, -EFAULT. Memory has no blocks to count. statfs(2). */
export function sys_statfs(task: Task, pathname: number, buf: number): number {
  const dentry = user_path_at(task, AT_FDCWD, pathname, LOOKUP_FOLLOW);
  return typeof dentry === 'number' ? dentry : put_statfs(task, dentry.d_inode, buf);
}

/** `fstatfs(fd, buf)`: -EBADF, -EFAULT. statfs(2). */
export function sys_fstatfs(task: Task, fd: number, buf: number): number {
  const file = fget_raw(task, fd);
  return file === null ? -EBADF : put_statfs(task, file_inode(file, vfs_of(task.kernel)), buf);
}
