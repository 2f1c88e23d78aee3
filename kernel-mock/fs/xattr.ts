/** Extended attributes: names and values that a file carries along (fs/xattr.c; for files in memory mm/shmem.c). */
import type { Dentry, Inode } from '../include/linux/dcache.js';
import type { Task } from '../include/linux/sched.js';
import {
  E2BIG,
  EBADF,
  EEXIST,
  EFAULT,
  EINVAL,
  ENAMETOOLONG,
  ENODATA,
  EOPNOTSUPP,
  EPERM,
  ERANGE,
} from '../include/uapi/errno.js';
import { AT_FDCWD } from '../include/uapi/fcntl.js';
import { IN_ATTRIB } from '../include/uapi/inotify.js';
import { XATTR_LIST_MAX, XATTR_NAME_MAX, XATTR_SIZE_MAX } from '../include/uapi/limits.js';
import { S_ISDIR, S_ISREG, S_ISVTX } from '../include/uapi/stat.js';
import { XATTR_CREATE, XATTR_REPLACE } from '../include/uapi/xattr.js';
import { capable } from '../kernel/capability.js';
import { copy_from_user, copy_to_user, size_t, strncpy_from_user } from '../mm/uaccess.js';
import { fget } from './file.js';
import { MAY_READ, MAY_WRITE, current_time, file_dentry, inode_owner_or_capable, inode_permission } from './inode.js';
import { LOOKUP_FOLLOW, user_path_at } from './namei.js';
import { vfs_of } from './namespace.js';
import { fsnotify_dentry } from './notify/fsnotify.js';

/** Kinds that files in memory keep: the part of a name before it is its owner's. */
const PREFIXES = ['user.', 'trusted.', 'security.'];
/** DEVIATION: access control lists can be looked for, and no file has one. */
const ACLS = ['system.posix_acl_access', 'system.posix_acl_default'];

/** -ERANGE (empty, or longer than any), -EFAULT. Linux: import_xattr_name. */
function import_xattr_name(task: Task, ptr: number): string | number {
  const name = strncpy_from_user(task.mm, ptr, XATTR_NAME_MAX + 1);
  if (name === -ENAMETOOLONG || name === '') return -ERANGE;
  return name;
}

/** -EPERM to write, -ENODATA to read: attributes of the administrator, and those that only files and directories have. */
function xattr_permission(task: Task, inode: Inode, name: string, mask: number): number {
  if (name.startsWith('security.') || name.startsWith('system.')) return 0;
  const denied = (mask & MAY_WRITE) !== 0 ? -EPERM : -ENODATA;
  if (name.startsWith('trusted.')) return capable(task.cred) ? 0 : denied;
  if (name.startsWith('user.')) {
    const { i_mode } = inode;
    if (!S_ISREG(i_mode) && !S_ISDIR(i_mode)) return denied;
    const sticky = S_ISDIR(i_mode) && (i_mode & S_ISVTX) !== 0;
    if (sticky && (mask & MAY_WRITE) !== 0 && !inode_owner_or_capable(task, inode)) return -EPERM;
  }
  return inode_permission(task, inode, mask);
}

/** Does its file system keep attributes of that kind? -EOPNOTSUPP, -EINVAL (nothing behind the prefix). Linux: xattr_resolve_name. */
function xattr_resolve_name(task: Task, inode: Inode, name: string, mask: number): number {
  if (!task.kernel.release.fs_xattr || inode.i_sb.s_static || inode.i_sb === vfs_of(task.kernel).anon_sb)
    return -EOPNOTSUPP;
  if (ACLS.includes(name)) return mask === MAY_READ ? 0 : -EOPNOTSUPP;
  const prefix = PREFIXES.find((p) => name.startsWith(p));
  if (prefix === undefined) return -EOPNOTSUPP;
  return name === prefix ? -EINVAL : 0;
}

/** -EEXIST, -ENODATA as the flags say; `value` null: take it away. Linux: simple_xattr_set. */
function simple_xattr_set(inode: Inode, name: string, value: Uint8Array | null, flags: number): number {
  const exists = inode.i_xattrs?.has(name) === true;
  if (exists && (flags & XATTR_CREATE) !== 0) return -EEXIST;
  if (!exists && (flags & XATTR_REPLACE) !== 0) return -ENODATA;
  if (value === null) inode.i_xattrs!.delete(name);
  else (inode.i_xattrs ??= new Map()).set(name, value);
  return 0;
}

/** The security modules let nobody but the administrator change what is theirs. Linux: cap_inode_setxattr. */
function security_permission(task: Task, name: string): number {
  return name.startsWith('security.') && !capable(task.cred) ? -EPERM : 0;
}

/** Set, or with `value` null remove. Linux: vfs_setxattr, vfs_removexattr. */
function change(task: Task, dentry: Dentry, name: string, value: Uint8Array | null, flags: number): number {
  const inode = dentry.d_inode;
  let err = xattr_permission(task, inode, name, MAY_WRITE);
  if (err === 0) err = security_permission(task, name);
  if (err === 0) err = xattr_resolve_name(task, inode, name, MAY_WRITE);
  if (err === 0) err = simple_xattr_set(inode, name, value, flags);
  if (err < 0) return err;
  inode.i_ctime = current_time(task.kernel);
  fsnotify_dentry(vfs_of(task.kernel), dentry, IN_ATTRIB);
  return 0;
}

/** The name behind a descriptor: -EBADF. */
function fd_dentry(task: Task, fd: number): Dentry | number {
  const file = fget(task, fd);
  return file === null ? -EBADF : file_dentry(file, vfs_of(task.kernel));
}

/** By path; `flags`: LOOKUP_* bits. Null: `at` is a descriptor. */
function target(task: Task, at: number, flags: number | null): Dentry | number {
  return flags === null ? fd_dentry(task, at) : user_path_at(task, AT_FDCWD, at, flags);
}

function set(
  task: Task,
  at: number,
  lookup: number | null,
  uname: number,
  uvalue: number,
  size_reg: number,
  flags: number,
): number {
  if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0) return -EINVAL;
  const name = import_xattr_name(task, uname);
  if (typeof name === 'number') return name;
  const size = size_t(size_reg);
  if (size > XATTR_SIZE_MAX) return -E2BIG;
  const value = new Uint8Array(size);
  if (copy_from_user(task.mm, value, 0, uvalue, size) < 0) return -EFAULT;
  const dentry = target(task, at, lookup);
  return typeof dentry === 'number' ? dentry : change(task, dentry, name, value, flags | 0);
}

/**
 * `setxattr(path, name, value, size, flags)`: XATTR_CREATE, XATTR_REPLACE.
 *
 * @returns 0; -EINVAL (flags), -ERANGE, -EFAULT (name), -E2BIG, -EFAULT (value), the walk's errors, -EPERM, -EACCES, -EOPNOTSUPP,
 *          -EINVAL (no name behind the prefix), -EEXIST, -ENODATA. setxattr(2).
 */
export function sys_setxattr(
  task: Task,
  path: number,
  name: number,
  value: number,
  size: number,
  flags: number,
): number {
  return set(task, path, LOOKUP_FOLLOW, name, value, size, flags);
}

export function sys_lsetxattr(
  task: Task,
  path: number,
  name: number,
  value: number,
  size: number,
  flags: number,
): number {
  return set(task, path, 0, name, value, size, flags);
}

export function sys_fsetxattr(
  task: Task,
  fd: number,
  name: number,
  value: number,
  size: number,
  flags: number,
): number {
  return set(task, fd, null, name, value, size, flags);
}

function get(task: Task, at: number, lookup: number | null, uname: number, uvalue: number, size_reg: number): number {
  const name = import_xattr_name(task, uname);
  if (typeof name === 'number') return name;
  const dentry = target(task, at, lookup);
  if (typeof dentry === 'number') return dentry;
  const inode = dentry.d_inode;
  const err = xattr_permission(task, inode, name, MAY_READ) || xattr_resolve_name(task, inode, name, MAY_READ);
  if (err < 0) return err;
  const value = inode.i_xattrs?.get(name);
  if (value === undefined) return -ENODATA;
  return deliver(task, value, uvalue, size_t(size_reg));
}

/** Size 0 only asks for the length. -ERANGE (too small), -EFAULT. */
function deliver(task: Task, bytes: Uint8Array, to: number, size: number): number {
  if (size === 0) return bytes.length;
  if (bytes.length > size) return -ERANGE;
  return copy_to_user(task.mm, to, bytes, 0, bytes.length) < 0 ? -EFAULT : bytes.length;
}

/**
 * `getxattr(path, name, value, size)`: the value; size 0: only its length.
 *
 * @returns its length; -ERANGE, -EFAULT (name), the walk's errors, -EACCES, -ENODATA, -EOPNOTSUPP, -ERANGE (too small), -EFAULT
 *          (value). getxattr(2).
 */
export function sys_getxattr(task: Task, path: number, name: number, value: number, size: number): number {
  return get(task, path, LOOKUP_FOLLOW, name, value, size);
}

export function sys_lgetxattr(task: Task, path: number, name: number, value: number, size: number): number {
  return get(task, path, 0, name, value, size);
}

export function sys_fgetxattr(task: Task, fd: number, name: number, value: number, size: number): number {
  return get(task, fd, null, name, value, size);
}

/** ABI: the names from the last to the first, each with its zero; those of the administrator for him alone. Linux: simple_xattr_list. */
function list(task: Task, at: number, lookup: number | null, ulist: number, size: number): number {
  const dentry = target(task, at, lookup);
  if (typeof dentry === 'number') return dentry;
  const trusted = capable(task.cred);
  const names = [...(dentry.d_inode.i_xattrs?.keys() ?? [])].filter((name) => trusted || !name.startsWith('trusted.'));
  names.sort((a, b) => (a < b ? 1 : -1));
  const text = names.map((name) => `${name}\0`).join('');
  return deliver(
    task,
    Uint8Array.from(text, (c) => c.charCodeAt(0)),
    ulist,
    Math.min(size_t(size), XATTR_LIST_MAX),
  );
}

/** `listxattr(path, list, size)`: size 0 only asks for the length. The walk's errors, -ERANGE, -EFAULT. listxattr(2). */
export function sys_listxattr(task: Task, path: number, ulist: number, size: number): number {
  return list(task, path, LOOKUP_FOLLOW, ulist, size);
}

export function sys_llistxattr(task: Task, path: number, ulist: number, size: number): number {
  return list(task, path, 0, ulist, size);
}

export function sys_flistxattr(task: Task, fd: number, ulist: number, size: number): number {
  return list(task, fd, null, ulist, size);
}

function remove(task: Task, at: number, lookup: number | null, uname: number): number {
  const name = import_xattr_name(task, uname);
  if (typeof name === 'number') return name;
  const dentry = target(task, at, lookup);
  return typeof dentry === 'number' ? dentry : change(task, dentry, name, null, XATTR_REPLACE);
}

/** `removexattr(path, name)`: -ERANGE, -EFAULT, the walk's errors, -EPERM, -EACCES, -EOPNOTSUPP, -ENODATA. removexattr(2). */
export function sys_removexattr(task: Task, path: number, name: number): number {
  return remove(task, path, LOOKUP_FOLLOW, name);
}

export function sys_lremovexattr(task: Task, path: number, name: number): number {
  return remove(task, path, 0, name);
}

export function sys_fremovexattr(task: Task, fd: number, name: number): number {
  return remove(task, fd, null, name);
}
