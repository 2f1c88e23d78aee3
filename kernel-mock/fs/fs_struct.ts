/** Where a process stands: working folder, root, umask (fs/open.c, fs/d_path.c, kernel/sys.c). */
import type { Dentry } from '../include/linux/dcache.js';
import type { Task } from '../include/linux/sched.js';
import { EBADF, EFAULT, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM, ERANGE } from '../include/uapi/errno.js';
import { AT_FDCWD } from '../include/uapi/fcntl.js';
import { PATH_MAX } from '../include/uapi/limits.js';
import { string_to_bytes } from '../lib/bytes.js';
import { capable } from '../kernel/capability.js';
import { copy_to_user, size_t } from '../mm/uaccess.js';
import { dentry_path, dget, dput } from './dcache.js';
import { fget_raw } from './file.js';
import { MAY_EXEC, file_dentry, inode_permission } from './inode.js';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, d_is_dir, user_path_at } from './namei.js';
import { vfs_of } from './namespace.js';

function set_fs_pwd(task: Task, dentry: Dentry): number {
  const { fs } = task;
  dget(dentry);
  if (fs.pwd !== null) dput(vfs_of(task.kernel), fs.pwd);
  fs.pwd = dentry;
  return 0;
}

/** `chdir(path)`: the walk's errors, -ENOTDIR, -EACCES. chdir(2). */
export function sys_chdir(task: Task, pathname: number): number {
  const dentry = user_path_at(task, AT_FDCWD, pathname, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  if (typeof dentry === 'number') return dentry;
  const err = inode_permission(task, dentry.d_inode, MAY_EXEC);
  return err < 0 ? err : set_fs_pwd(task, dentry);
}

/** `fchdir(fd)`: -EBADF, -ENOTDIR, -EACCES. chdir(2). */
export function sys_fchdir(task: Task, fd: number): number {
  const file = fget_raw(task, fd);
  if (file === null) return -EBADF;
  const dentry = file_dentry(file, vfs_of(task.kernel));
  if (!d_is_dir(dentry)) return -ENOTDIR;
  const err = inode_permission(task, dentry.d_inode, MAY_EXEC);
  return err < 0 ? err : set_fs_pwd(task, dentry);
}

/** `chroot(path)`: the walk's errors, -ENOTDIR, -EACCES, -EPERM. chroot(2). */
export function sys_chroot(task: Task, pathname: number): number {
  const dentry = user_path_at(task, AT_FDCWD, pathname, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  if (typeof dentry === 'number') return dentry;
  const err = inode_permission(task, dentry.d_inode, MAY_EXEC);
  if (err < 0) return err;
  if (!capable(task.cred)) return -EPERM;
  const { fs } = task;
  dget(dentry);
  if (fs.root !== null) dput(vfs_of(task.kernel), fs.root);
  fs.root = dentry;
  return 0;
}

/** `getcwd(buf, size)`: the length with its zero; -ENOENT (it was removed), -ERANGE, -EFAULT. getcwd(2); Linux fs/d_path.c. */
export function sys_getcwd(task: Task, buf: number, size: number): number {
  const vfs = vfs_of(task.kernel);
  const pwd = task.fs.pwd ?? vfs.root;
  for (let d = pwd; d.d_parent !== d; d = d.d_parent) if (d.d_unhashed) return -ENOENT;
  const path = dentry_path(pwd, task.fs.root ?? vfs.root);
  const bytes = string_to_bytes(`${path ?? `(unreachable)${dentry_path(pwd, vfs.root) ?? '/'}`}\0`);
  if (bytes.length > PATH_MAX) return -ENAMETOOLONG;
  if (bytes.length > size_t(size)) return -ERANGE;
  return copy_to_user(task.mm, buf, bytes, 0, bytes.length) < 0 ? -EFAULT : bytes.length;
}

/** `umask(mask)`: what it was. umask(2). */
export function sys_umask(task: Task, mask: number): number {
  const old = task.fs.umask;
  task.fs.umask = mask & 0o777;
  return old;
}
