/** Making, removing and renaming names (fs/namei.c: vfs_mkdir, vfs_unlink, vfs_rename …). */
import type { Dentry, Inode, Vfs } from '../include/linux/dcache.js';
import type { FileOperations } from '../include/linux/fs.js';
import type { Task } from '../include/linux/sched.js';
import { EBUSY, EFAULT, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EXDEV } from '../include/uapi/errno.js';
import { AT_EMPTY_PATH, AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_FOLLOW } from '../include/uapi/fcntl.js';
import {
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_ISGID,
  S_ISLNK,
  S_ISREG,
  S_ISUID,
  S_ISVTX,
  S_IXGRP,
} from '../include/uapi/stat.js';
import { string_to_bytes } from '../lib/bytes.js';
import { capable } from '../kernel/capability.js';
import { copy_to_user } from '../mm/uaccess.js';
import { def_blk_fops, def_chr_fops } from './char_dev.js';
import { d_add, d_delete } from './dcache.js';
import { def_fifo_fops } from './fifo.js';
import {
  MAY_EXEC,
  MAY_READ,
  MAY_WRITE,
  current_time,
  inode_init_owner,
  inode_owner_or_capable,
  inode_permission,
  new_inode,
  no_open_fops,
} from './inode.js';
import {
  LAST_DOT,
  LAST_DOTDOT,
  LAST_NORM,
  LOOKUP_EMPTY,
  LOOKUP_FOLLOW,
  type Nameidata,
  d_is_dir,
  filename_create,
  filename_lookup,
  getname,
  lookup_one,
  may_create,
  path_parentat,
} from './namei.js';
import { vfs_of } from './namespace.js';
import { fsnotify_create, fsnotify_delete, fsnotify_link_count } from './notify/fsnotify.js';
import { BOGO_DIRENT_SIZE, ramfs_file_operations, simple_dir_operations } from './ramfs.js';

const FOPS: Readonly<Record<number, FileOperations>> = {
  [S_IFREG]: ramfs_file_operations,
  [S_IFDIR]: simple_dir_operations,
  [S_IFCHR]: def_chr_fops,
  [S_IFBLK]: def_blk_fops,
  [S_IFIFO]: def_fifo_fops,
  [S_IFSOCK]: no_open_fops,
  [S_IFLNK]: no_open_fops,
};

/** The device number of a whiteout: it opens nothing, and from 5.8 anybody may make one. */
export const WHITEOUT_DEV = 0;

/** A new inode of any kind, of the task's owner and of the group that `dir` wants. Linux: ramfs_get_inode. */
export function ramfs_get_inode(task: Task, dir: Inode, mode: number, rdev = 0): Inode {
  const { kernel, cred } = task;
  const init = { i_fop: FOPS[mode & S_IFMT]!, rdev, cred };
  const inode = new_inode(kernel, vfs_of(kernel), dir.i_sb, mode, init);
  if ((mode & S_IFMT) === S_IFDIR) inode.i_size = 2 * BOGO_DIRENT_SIZE;
  inode_init_owner(inode, dir);
  return inode;
}

/** The directory `dir` changed. */
function touch_dir(task: Task, dir: Inode, change: number): void {
  dir.i_size += BOGO_DIRENT_SIZE * change;
  dir.i_mtime = current_time(task.kernel);
  dir.i_ctime = dir.i_mtime;
}

/** Enter a new inode. The caller has checked everything. */
export function d_instantiate(task: Task, dir: Dentry, name: string, inode: Inode): Dentry {
  const dentry = d_add(dir, name, inode);
  touch_dir(task, dir.d_inode, 1);
  if (d_is_dir(dentry)) dir.d_inode.i_nlink++;
  fsnotify_create(vfs_of(task.kernel), dentry);
  return dentry;
}

/** A new entry of any kind at `path`: -EEXIST, -ENOENT, -EACCES … `mode` is cut by the umask. */
export function do_mknod(task: Task, dfd: number, path: string, mode: number, rdev: number): Dentry | number {
  const want_dir = (mode & S_IFMT) === S_IFDIR;
  const at = filename_create(task, dfd, path, want_dir);
  if (typeof at === 'number') return at;
  const err = may_create(task, at.dir);
  if (err < 0) return err;
  const inode = ramfs_get_inode(task, at.dir.d_inode, mode & ~task.fs.umask, rdev);
  return d_instantiate(task, at.dir, at.name, inode);
}

const errno_of = (result: Dentry | number): number => (typeof result === 'number' ? result : 0);

/** `mkdirat(dfd, path, mode)`. mkdir(2); Linux do_mkdirat. */
export function sys_mkdirat(task: Task, dfd: number, pathname: number, mode: number): number {
  const name = getname(task, pathname);
  if (typeof name === 'number') return name;
  return errno_of(do_mknod(task, dfd, name, S_IFDIR | (mode & (0o777 | S_ISVTX)), 0));
}

export function sys_mkdir(task: Task, pathname: number, mode: number): number {
  return sys_mkdirat(task, AT_FDCWD, pathname, mode);
}

/** -EPERM (a directory, or a device without rights), -EINVAL (no type that is). Linux: may_mknod. */
function may_mknod(task: Task, type: number, rdev: number): number {
  if (type === S_IFDIR) return -EPERM;
  if (type === S_IFLNK || FOPS[type] === undefined) return -EINVAL;
  if (type === S_IFCHR && rdev === WHITEOUT_DEV && task.kernel.release.whiteouts) return 0;
  return (type === S_IFCHR || type === S_IFBLK) && !capable(task.cred) ? -EPERM : 0;
}

/** `mknodat(dfd, path, mode, dev)`: files, fifos, sockets and devices. mknod(2); Linux do_mknodat. */
export function sys_mknodat(task: Task, dfd: number, pathname: number, mode: number, dev: number): number {
  const type = (mode & S_IFMT) === 0 ? S_IFREG : mode & S_IFMT;
  const err = may_mknod(task, type, dev >>> 0);
  // That a device needs rights is found after the walk.
  if (err < 0 && (err === -EINVAL || type === S_IFDIR)) return err;
  const name = getname(task, pathname);
  if (typeof name === 'number') return name;
  if (err === 0) return errno_of(do_mknod(task, dfd, name, type | (mode & 0o7777), dev >>> 0));
  const at = filename_create(task, dfd, name, false);
  if (typeof at === 'number') return at;
  const denied = may_create(task, at.dir);
  return denied < 0 ? denied : err;
}

export function sys_mknod(task: Task, pathname: number, mode: number, dev: number): number {
  return sys_mknodat(task, AT_FDCWD, pathname, mode, dev);
}

/** `symlinkat(target, dfd, path)`: -ENOENT (an empty target). symlink(2); Linux do_symlinkat. */
export function sys_symlinkat(task: Task, oldname: number, dfd: number, newname: number): number {
  const target = getname(task, oldname);
  if (typeof target === 'number') return target;
  const name = getname(task, newname);
  if (typeof name === 'number') return name;
  const at = filename_create(task, dfd, name, false);
  if (typeof at === 'number') return at;
  const err = may_create(task, at.dir);
  if (err < 0) return err;
  const inode = ramfs_get_inode(task, at.dir.d_inode, S_IFLNK | 0o777);
  inode.i_private = target;
  inode.i_size = target.length;
  d_instantiate(task, at.dir, at.name, inode);
  return 0;
}

export function sys_symlink(task: Task, oldname: number, newname: number): number {
  return sys_symlinkat(task, oldname, AT_FDCWD, newname);
}

/** `readlinkat(dfd, path, buf, size)`: bytes, without a zero. -EINVAL (size, no link), -EFAULT. readlink(2); Linux do_readlinkat. */
export function sys_readlinkat(task: Task, dfd: number, pathname: number, buf: number, size: number): number {
  const room = size | 0;
  if (room <= 0) return -EINVAL;
  const name = getname(task, pathname, LOOKUP_EMPTY);
  if (typeof name === 'number') return name;
  const dentry = filename_lookup(task, dfd, name, LOOKUP_EMPTY);
  if (typeof dentry === 'number') return dentry;
  const { i_mode, i_op, i_private } = dentry.d_inode;
  if (!S_ISLNK(i_mode)) return name === '' ? -ENOENT : -EINVAL;
  let text = i_op.readlink?.(task, dentry) ?? i_op.get_link?.(task, dentry) ?? (i_private as string);
  if (typeof text === 'object') text = -EINVAL;
  if (typeof text === 'number') return text;
  const bytes = string_to_bytes(text);
  const n = Math.min(bytes.length, room);
  return copy_to_user(task.mm, buf, bytes, 0, n) < 0 ? -EFAULT : n;
}

export function sys_readlink(task: Task, pathname: number, buf: number, size: number): number {
  return sys_readlinkat(task, AT_FDCWD, pathname, buf, size);
}

/**
 * fs.protected_hardlinks is 1, as distributions set it: a user gives another name only to what is his, or to a plain file that he
 * may read and write. Linux: may_linkat, safe_hardlink_source.
 */
function may_linkat(task: Task, inode: Inode): number {
  if (!task.kernel.release.protected_hardlinks || inode_owner_or_capable(task, inode)) return 0;
  const { i_mode } = inode;
  const gid_program = (i_mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP);
  const plain = S_ISREG(i_mode) && (i_mode & S_ISUID) === 0 && !gid_program;
  return plain && inode_permission(task, inode, MAY_READ | MAY_WRITE) === 0 ? 0 : -EPERM;
}

/** `linkat(olddfd, old, newdfd, new, flags)`: -EINVAL, -EXDEV, -EPERM (a directory) …. link(2); Linux do_linkat. */
export function sys_linkat(
  task: Task,
  olddfd: number,
  oldname: number,
  newdfd: number,
  newname: number,
  flags: number,
): number {
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const how =
    ((flags & AT_SYMLINK_FOLLOW) !== 0 ? LOOKUP_FOLLOW : 0) | ((flags & AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);
  const oldpath = getname(task, oldname, how);
  if (typeof oldpath === 'number') return oldpath;
  const old = filename_lookup(task, olddfd, oldpath, how);
  if (typeof old === 'number') return old;
  const newpath = getname(task, newname);
  if (typeof newpath === 'number') return newpath;
  const at = filename_create(task, newdfd, newpath, false);
  if (typeof at === 'number') return at;
  const inode = old.d_inode;
  if (inode.i_sb !== at.dir.d_inode.i_sb) return -EXDEV;
  const err = may_linkat(task, inode) || may_create(task, at.dir);
  if (err < 0) return err;
  if (d_is_dir(old)) return -EPERM;
  if (inode.i_nlink === 0 && !inode.i_linkable) return -ENOENT;
  inode.i_linkable = false;
  inode.i_nlink++;
  inode.i_ctime = current_time(task.kernel);
  const dentry = d_add(at.dir, at.name, inode);
  touch_dir(task, at.dir.d_inode, 1);
  fsnotify_link_count(vfs_of(task.kernel), inode);
  fsnotify_create(vfs_of(task.kernel), dentry);
  return 0;
}

export function sys_link(task: Task, oldname: number, newname: number): number {
  return sys_linkat(task, AT_FDCWD, oldname, AT_FDCWD, newname, 0);
}

// Removing.

/** May `victim` lose its name? -EACCES, -EPERM (sticky), -ENOTDIR, -EBUSY, -EISDIR. Linux: may_delete. */
export function may_delete(task: Task, dir: Dentry, victim: Dentry, want_dir: boolean): number {
  const err = inode_permission(task, dir.d_inode, MAY_WRITE | MAY_EXEC);
  if (err < 0) return err;
  const sticky = (dir.d_inode.i_mode & S_ISVTX) !== 0;
  if (sticky && dir.d_inode.i_uid !== task.cred.euid && !inode_owner_or_capable(task, victim.d_inode)) return -EPERM;
  if (want_dir) {
    if (!d_is_dir(victim)) return -ENOTDIR;
    if (victim.d_root) return -EBUSY;
  } else if (d_is_dir(victim)) return -EISDIR;
  return dir.d_unhashed ? -ENOENT : 0;
}

/** The last component of `nd`, which must be there. */
export function lookup_last(nd: Nameidata): Dentry | number {
  return lookup_one(nd.task, nd.path, nd.last) ?? -ENOENT;
}

/** The name of `dentry` goes; its inode goes with the last name and the last open file. `quiet`: the caller tells the watchers. */
export function remove_name(task: Task, vfs: Vfs, dentry: Dentry, quiet = false): void {
  const inode = dentry.d_inode;
  const dir = dentry.d_parent.d_inode;
  if (d_is_dir(dentry)) {
    inode.i_nlink = 0;
    dir.i_nlink--;
  } else inode.i_nlink--;
  inode.i_ctime = current_time(task.kernel);
  touch_dir(task, dir, -1);
  if (!d_is_dir(dentry) && !quiet) fsnotify_link_count(vfs, inode);
  d_delete(vfs, dentry);
}

function do_rmdir(task: Task, dfd: number, path: string): number {
  const nd = path_parentat(task, dfd, path);
  if (typeof nd === 'number') return nd;
  if (nd.last_type !== LAST_NORM)
    return nd.last_type === LAST_DOT ? -EINVAL : nd.last_type === LAST_DOTDOT ? -ENOTEMPTY : -EBUSY;
  const dentry = lookup_last(nd);
  if (typeof dentry === 'number') return dentry;
  const err = may_delete(task, nd.path, dentry, true);
  if (err < 0) return err;
  if (nd.path.d_inode.i_sb.s_static) return -EPERM;
  if (dentry.d_children!.size > 0) return -ENOTEMPTY;
  remove_name(task, nd.vfs, dentry);
  fsnotify_delete(nd.vfs, dentry);
  return 0;
}

function do_unlink(task: Task, dfd: number, path: string): number {
  const nd = path_parentat(task, dfd, path);
  if (typeof nd === 'number') return nd;
  if (nd.last_type !== LAST_NORM) return -EISDIR;
  const dentry = lookup_last(nd);
  if (typeof dentry === 'number') return dentry;
  if (nd.slashes) return d_is_dir(dentry) ? -EISDIR : -ENOTDIR;
  const err = may_delete(task, nd.path, dentry, false);
  if (err < 0) return err;
  if (nd.path.d_inode.i_sb.s_static) return -EPERM;
  remove_name(task, nd.vfs, dentry);
  fsnotify_delete(nd.vfs, dentry);
  return 0;
}

/** `unlinkat(dfd, path, flags)`: AT_REMOVEDIR makes it rmdir. -EINVAL (flags). unlink(2), rmdir(2). */
export function sys_unlinkat(task: Task, dfd: number, pathname: number, flags: number): number {
  if ((flags & ~AT_REMOVEDIR) !== 0) return -EINVAL;
  const name = getname(task, pathname);
  if (typeof name === 'number') return name;
  return (flags & AT_REMOVEDIR) !== 0 ? do_rmdir(task, dfd, name) : do_unlink(task, dfd, name);
}

export function sys_unlink(task: Task, pathname: number): number {
  return sys_unlinkat(task, AT_FDCWD, pathname, 0);
}

export function sys_rmdir(task: Task, pathname: number): number {
  return sys_unlinkat(task, AT_FDCWD, pathname, AT_REMOVEDIR);
}
