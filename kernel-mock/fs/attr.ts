/** Changing what stat shows: length, mode, owner; and asking for rights (fs/attr.c, fs/open.c). Times: utimes.ts. */
import type { Dentry, Inode } from '../include/linux/dcache.js';
import { FMODE_WRITE, type OpenFile } from '../include/linux/fs.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import { EBADF, EFBIG, EINVAL, EISDIR, ENODEV, EOPNOTSUPP, EPERM, ESPIPE, ETXTBSY } from '../include/uapi/errno.js';
import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  F_SEAL_EXEC,
  O_WRONLY,
} from '../include/uapi/fcntl.js';
import { F_SEAL_WRITE, F_SEAL_FUTURE_WRITE, F_SEAL_GROW } from '../include/uapi/fcntl.js';
import {
  FALLOC_FL_ALLOCATE_RANGE,
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_UNSHARE_RANGE,
  FALLOC_FL_WRITE_ZEROES,
  FALLOC_FL_ZERO_RANGE,
} from '../include/uapi/falloc.js';
import { IN_ATTRIB, IN_MODIFY } from '../include/uapi/inotify.js';
import { S_IFMT, S_ISDIR, S_ISFIFO, S_ISGID, S_ISREG } from '../include/uapi/stat.js';
import { capable } from '../kernel/capability.js';
import { s64 } from '../mm/uaccess.js';
import { fget } from './file.js';
import {
  MAY_WRITE,
  current_time,
  drop_suidgid,
  file_dentry,
  in_group_p,
  inode_owner_or_capable,
  inode_permission,
} from './inode.js';
import { break_lease } from './lease.js';
import { LOOKUP_EMPTY, LOOKUP_FOLLOW, user_path_at } from './namei.js';
import { vfs_of } from './namespace.js';
import { fsnotify_dentry, fsnotify_modify } from './notify/fsnotify.js';
import {
  S_MAXBYTES,
  file_modified,
  fill_pages,
  punch_hole,
  rlimit_fsize,
  send_sigxfsz,
  truncate_setsize,
} from './ramfs.js';

// Length.

/** -EFBIG (with SIGXFSZ above RLIMIT_FSIZE), -EPERM (seals). Linux: inode_newsize_ok, do_truncate. */
function do_truncate(task: Task, dentry: Dentry, length: number): number {
  const inode = dentry.d_inode;
  if (length > inode.i_size) {
    if (length > rlimit_fsize(task)) return send_sigxfsz(task);
    if (length > S_MAXBYTES) return -EFBIG;
  }
  const err = truncate_setsize(inode, length);
  if (err < 0) return err;
  file_modified(task, inode);
  fsnotify_dentry(vfs_of(task.kernel), dentry, IN_MODIFY);
  return 0;
}

function* truncate_sleep(task: Task, dentry: Dentry, length: number, sleep: Sleep): Sleep {
  const err = yield* sleep;
  return err < 0 ? err : do_truncate(task, dentry, length);
}

/** `truncate(path, length)`: -EINVAL (length), the walk's errors, -EISDIR, -EINVAL (no file), -EACCES, -ETXTBSY …. truncate(2). */
export function sys_truncate(task: Task, pathname: number, length: number): Result {
  const size = s64(length);
  if (size < 0) return -EINVAL;
  const dentry = user_path_at(task, AT_FDCWD, pathname, LOOKUP_FOLLOW);
  if (typeof dentry === 'number') return dentry;
  const inode = dentry.d_inode;
  if (S_ISDIR(inode.i_mode)) return -EISDIR;
  if (!S_ISREG(inode.i_mode)) return -EINVAL;
  const err = inode_permission(task, inode, MAY_WRITE);
  if (err < 0) return err;
  if (inode.i_writecount < 0) return -ETXTBSY;
  // A file of /proc has no length to change.
  if (inode.i_sb.s_static) return 0;
  const wait = inode.i_flctx === null ? 0 : break_lease(task, inode, O_WRONLY);
  if (typeof wait !== 'number') return truncate_sleep(task, dentry, size, wait);
  return wait < 0 ? wait : do_truncate(task, dentry, size);
}

/** `ftruncate(fd, length)`: -EINVAL (length), -EBADF, -EINVAL (no file, or not open for writing), -EPERM (seals). truncate(2). */
export function sys_ftruncate(task: Task, fd: number, length: number): number {
  const size = s64(length);
  if (size < 0) return -EINVAL;
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  const dentry = file.f_path;
  if (dentry === null || !S_ISREG(dentry.d_inode.i_mode) || (file.f_mode & FMODE_WRITE) === 0) return -EINVAL;
  return do_truncate(task, dentry, size);
}

/** What fallocate is to do; beside it FALLOC_FL_KEEP_SIZE may stand where the table says so. Linux: vfs_fallocate, from 6.13. */
const FALLOC_MODES: ReadonlySet<number> = new Set([
  FALLOC_FL_ALLOCATE_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_ZERO_RANGE,
  FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_UNSHARE_RANGE,
  FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_WRITE_ZEROES,
]);

/** -EBADF (not open for writing), -ESPIPE, -EISDIR, -ENODEV: what has no room to give. */
function check_fallocate(file: OpenFile): number {
  if ((file.f_mode & FMODE_WRITE) === 0) return -EBADF;
  const mode = file.f_inode?.i_mode ?? file.f_op.i_mode ?? 0;
  if (S_ISFIFO(mode)) return -ESPIPE;
  if (S_ISDIR(mode)) return -EISDIR;
  return S_ISREG(mode) && file.f_path !== null ? 0 : -ENODEV;
}

/** -EPERM for what the seals forbid. Linux: shmem_fallocate. */
function check_seals(inode: Inode, punch: boolean, end: number): number {
  if (inode.i_seals <= 0) return 0;
  if (punch) return (inode.i_seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0 ? -EPERM : 0;
  return end > inode.i_size && (inode.i_seals & F_SEAL_GROW) !== 0 ? -EPERM : 0;
}

/**
 * `fallocate(fd, mode, offset, len)`: room, also beyond the end; FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, as tmpfs has them.
 *
 * @returns 0; -EBADF, -EINVAL (offset, len), -EOPNOTSUPP (mode), -EBADF (not for writing), -ESPIPE, -EISDIR, -ENODEV, -EFBIG,
 *          -EOPNOTSUPP (a mode that this file system lacks).
 * fallocate(2); Linux fs/open.c vfs_fallocate.
 */
export function sys_fallocate(task: Task, fd: number, mode: number, offset: number, len: number): number {
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  const start = s64(offset);
  const end = start + s64(len);
  if (start < 0 || s64(len) <= 0) return -EINVAL;
  if (!FALLOC_MODES.has(mode)) return -EOPNOTSUPP;
  const err = check_fallocate(file);
  if (err < 0) return err;
  if (end > S_MAXBYTES) return -EFBIG;
  if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) !== 0) return -EOPNOTSUPP;
  const punch = (mode & FALLOC_FL_PUNCH_HOLE) !== 0;
  const inode = file.f_inode!;
  const sealed = check_seals(inode, punch, end);
  if (sealed < 0) return sealed;
  if (punch) punch_hole(inode, start, end);
  else {
    if ((mode & FALLOC_FL_KEEP_SIZE) === 0 && end > inode.i_size && end > rlimit_fsize(task)) return send_sigxfsz(task);
    fill_pages(inode, start, end);
    if ((mode & FALLOC_FL_KEEP_SIZE) === 0 && end > inode.i_size) inode.i_size = end;
  }
  file_modified(task, inode);
  fsnotify_modify(file);
  return 0;
}

// Mode and owner.

/** The one inode behind eventfd, epoll and the like belongs to nobody alone; 6.15 and later do not let it be changed. */
export function is_fixed(task: Task, inode: Inode): boolean {
  const shared = inode.i_sb === task.kernel.fs!.anon_sb && (inode.i_mode & S_IFMT) === 0;
  return shared && task.kernel.release.anon_inode_fixed;
}

/**
 * -EPERM unless the caller owns it, or if a seal keeps what is executable; -EOPNOTSUPP (anonymous inode).
 * Linux: chmod_common, anon_inode_setattr, shmem_setattr.
 */
function chmod_common(task: Task, dentry: Dentry, mode: number): number {
  const inode = dentry.d_inode;
  if (is_fixed(task, inode)) return -EOPNOTSUPP;
  // What stands in /proc has the mode that the kernel gave it. Linux: proc_setattr.
  if (inode.i_sb.s_static) return -EPERM;
  if (!inode_owner_or_capable(task, inode)) return -EPERM;
  if (inode.i_seals > 0 && (inode.i_seals & F_SEAL_EXEC) !== 0 && ((inode.i_mode ^ mode) & 0o111) !== 0) return -EPERM;
  let bits = mode & 0o7777;
  if (!in_group_p(task.cred, inode.i_gid) && !capable(task.cred)) bits &= ~S_ISGID;
  inode.i_mode = (inode.i_mode & ~0o7777) | bits;
  inode.i_ctime = current_time(task.kernel);
  fsnotify_dentry(vfs_of(task.kernel), dentry, IN_ATTRIB);
  return 0;
}

function do_fchmodat(task: Task, dfd: number, pathname: number, mode: number, flags: number): number {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const dentry = user_path_at(task, dfd, pathname, lookup_flags(flags));
  if (typeof dentry === 'number') return dentry;
  return (dentry.d_inode.i_mode & 0o170000) === 0o120000 ? -EOPNOTSUPP : chmod_common(task, dentry, mode);
}

export function sys_fchmodat2(task: Task, dfd: number, pathname: number, mode: number, flags: number): number {
  return do_fchmodat(task, dfd, pathname, mode, flags);
}

/** `fchmodat(dfd, path, mode)`: the call has no flags. -EPERM, and the walk's errors. chmod(2). */
export function sys_fchmodat(task: Task, dfd: number, pathname: number, mode: number): number {
  return do_fchmodat(task, dfd, pathname, mode, 0);
}

export function sys_chmod(task: Task, pathname: number, mode: number): number {
  return do_fchmodat(task, AT_FDCWD, pathname, mode, 0);
}

export function sys_fchmod(task: Task, fd: number, mode: number): number {
  const file = fget(task, fd);
  return file === null ? -EBADF : chmod_common(task, file_dentry(file, vfs_of(task.kernel)), mode);
}

/** -EPERM: only root gives files away; an owner may choose among the own groups. -1 changes nothing. Linux: chown_common. */
function chown_common(task: Task, dentry: Dentry, user: number, group: number): number {
  const inode = dentry.d_inode;
  if (is_fixed(task, inode)) return -EOPNOTSUPP;
  const { cred } = task;
  const uid = (user | 0) === -1 ? inode.i_uid : user >>> 0;
  const gid = (group | 0) === -1 ? inode.i_gid : group >>> 0;
  if (!capable(cred)) {
    const owner = inode.i_uid === cred.euid;
    if ((user | 0) !== -1 && !(owner && uid === inode.i_uid)) return -EPERM;
    if ((group | 0) !== -1 && !(owner && (in_group_p(cred, gid) || gid === inode.i_gid))) return -EPERM;
  }
  inode.i_uid = uid;
  inode.i_gid = gid;
  if (!S_ISDIR(inode.i_mode)) drop_suidgid(inode);
  inode.i_ctime = current_time(task.kernel);
  fsnotify_dentry(vfs_of(task.kernel), dentry, IN_ATTRIB);
  return 0;
}

/** AT_* as LOOKUP_* bits. */
export function lookup_flags(flags: number): number {
  return ((flags & AT_SYMLINK_NOFOLLOW) !== 0 ? 0 : LOOKUP_FOLLOW) | ((flags & AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);
}

/** `fchownat(dfd, path, uid, gid, flags)`: -EINVAL (flags), the walk's errors, -EPERM. chown(2). */
export function sys_fchownat(
  task: Task,
  dfd: number,
  pathname: number,
  uid: number,
  gid: number,
  flags: number,
): number {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const dentry = user_path_at(task, dfd, pathname, lookup_flags(flags));
  return typeof dentry === 'number' ? dentry : chown_common(task, dentry, uid, gid);
}

export function sys_chown(task: Task, pathname: number, uid: number, gid: number): number {
  return sys_fchownat(task, AT_FDCWD, pathname, uid, gid, 0);
}

export function sys_lchown(task: Task, pathname: number, uid: number, gid: number): number {
  return sys_fchownat(task, AT_FDCWD, pathname, uid, gid, AT_SYMLINK_NOFOLLOW);
}

export function sys_fchown(task: Task, fd: number, uid: number, gid: number): number {
  const file = fget(task, fd);
  return file === null ? -EBADF : chown_common(task, file_dentry(file, vfs_of(task.kernel)), uid, gid);
}

// Rights.

/** -EINVAL (mode, flags), the walk's errors, -EACCES. Rights are those of the real user unless AT_EACCESS. Linux: do_faccessat. */
function do_faccessat(task: Task, dfd: number, pathname: number, mode: number, flags: number): number {
  if ((mode & ~7) !== 0) return -EINVAL;
  if ((flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const { cred } = task;
  if ((flags & AT_EACCESS) === 0 && (cred.uid !== cred.euid || cred.gid !== cred.egid))
    task.cred = { ...cred, euid: cred.uid, egid: cred.gid };
  const dentry = user_path_at(task, dfd, pathname, lookup_flags(flags));
  const ret = typeof dentry === 'number' ? dentry : inode_permission(task, dentry.d_inode, mode);
  task.cred = cred;
  return ret;
}

/** `faccessat(dfd, path, mode)`: the call has no flags. access(2). */
export function sys_faccessat(task: Task, dfd: number, pathname: number, mode: number): number {
  return do_faccessat(task, dfd, pathname, mode, 0);
}

export function sys_faccessat2(task: Task, dfd: number, pathname: number, mode: number, flags: number): number {
  return do_faccessat(task, dfd, pathname, mode, flags);
}

export function sys_access(task: Task, pathname: number, mode: number): number {
  return do_faccessat(task, AT_FDCWD, pathname, mode, 0);
}
