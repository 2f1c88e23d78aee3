/** Renaming (fs/namei.c do_renameat2, vfs_rename). */
import type { Dentry } from '../include/linux/dcache.js';
import type { Task } from '../include/linux/sched.js';
import { EBUSY, EEXIST, EINVAL, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EXDEV } from '../include/uapi/errno.js';
import { AT_FDCWD } from '../include/uapi/fcntl.js';
import { RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT } from '../include/uapi/fs.js';
import { S_IFCHR } from '../include/uapi/stat.js';
import { d_add, d_move, dget, dput, is_subdir } from './dcache.js';
import { MAY_WRITE, current_time, inode_permission } from './inode.js';
import { WHITEOUT_DEV, may_delete, ramfs_get_inode, remove_name } from './link.js';
import { LAST_NORM, type Nameidata, d_is_dir, getname, lookup_one, may_create, path_parentat } from './namei.js';
import { fsnotify_move } from './notify/fsnotify.js';
import { BOGO_DIRENT_SIZE } from './ramfs.js';

interface Rename {
  readonly from: Nameidata;
  readonly to: Nameidata;
  readonly source: Dentry;
  /** What has the new name now. */
  readonly target: Dentry | null;
  readonly exchange: boolean;
  /** Leave a whiteout where the source was. */
  readonly whiteout: boolean;
}

/** Slashes behind a name want a directory. */
function check_slashes({ from, to, source, target, exchange }: Rename): number {
  if (exchange && target !== null && !d_is_dir(target) && to.slashes) return -ENOTDIR;
  if (d_is_dir(source)) return 0;
  return from.slashes || (!exchange && to.slashes) ? -ENOTDIR : 0;
}

/** No directory may go into itself, and none that is around the source may be replaced. */
function check_ancestors({ from, to, source, target, exchange }: Rename): number {
  if (is_subdir(to.path, source)) return -EINVAL;
  if (target !== null && is_subdir(from.path, target)) return exchange ? -EINVAL : -ENOTEMPTY;
  return 0;
}

/** Rights on both directories and both files. */
function check_rights(task: Task, { from, to, source, target, exchange }: Rename): number {
  const source_is_dir = d_is_dir(source);
  let err = may_delete(task, from.path, source, source_is_dir);
  if (err < 0) return err;
  if (target === null) err = may_create(task, to.path);
  else err = may_delete(task, to.path, target, exchange ? d_is_dir(target) : source_is_dir);
  if (err < 0) return err;
  if (from.path === to.path) return 0;
  if (source_is_dir) err = inode_permission(task, source.d_inode, MAY_WRITE);
  if (err === 0 && exchange && d_is_dir(target!)) err = inode_permission(task, target!.d_inode, MAY_WRITE);
  return err;
}

/** A directory's ".." is a link to where it stands. */
function move_dotdot(dentry: Dentry, from: Dentry, to: Dentry): void {
  if (!d_is_dir(dentry) || from === to) return;
  from.d_inode.i_nlink--;
  to.d_inode.i_nlink++;
}

function touch(task: Task, ...dentries: readonly Dentry[]): void {
  const now = current_time(task.kernel);
  for (const { d_inode } of dentries) d_inode.i_ctime = now;
}

function do_exchange(task: Task, { from, to, source, target }: Rename): void {
  const { vfs } = from;
  const other = target!;
  const dirs = [source.d_parent, other.d_parent] as const;
  const names = [source.d_name, other.d_name] as const;
  move_dotdot(source, dirs[0], dirs[1]);
  move_dotdot(other, dirs[1], dirs[0]);
  [source.d_parent, other.d_parent] = [dirs[1], dirs[0]];
  [source.d_name, other.d_name] = [names[1], names[0]];
  dirs[1].d_children!.set(names[1], source);
  dirs[0].d_children!.set(names[0], other);
  touch(task, source, other, from.path, to.path);
  fsnotify_move(vfs, { dir: dirs[0], name: names[0] }, { dir: dirs[1], name: names[1] }, source.d_inode, null);
  fsnotify_move(vfs, { dir: dirs[1], name: names[1] }, { dir: dirs[0], name: names[0] }, other.d_inode, null);
}

function do_move(task: Task, { from, to, source, target, whiteout }: Rename): void {
  const { vfs } = from;
  const old = { dir: source.d_parent, name: source.d_name };
  // A target goes quietly: what its watchers hear is told by fsnotify_move.
  if (target !== null) remove_name(task, vfs, dget(target), true);
  move_dotdot(source, old.dir, to.path);
  d_move(source, to.path, to.last);
  if (whiteout) d_add(old.dir, old.name, ramfs_get_inode(task, old.dir.d_inode, S_IFCHR, WHITEOUT_DEV));
  else old.dir.d_inode.i_size -= BOGO_DIRENT_SIZE;
  to.path.d_inode.i_size += BOGO_DIRENT_SIZE;
  touch(task, source, from.path, to.path);
  fsnotify_move(vfs, old, { dir: to.path, name: to.last }, source.d_inode, target?.d_inode ?? null);
  if (target !== null) dput(vfs, target);
}

function vfs_rename(task: Task, r: Rename): number {
  const { from, source, target, exchange } = r;
  if (target !== null && source.d_inode === target.d_inode) return 0;
  const err = check_rights(task, r);
  if (err < 0) return err;
  if (from.path.d_inode.i_sb.s_static) return -EPERM;
  if (source.d_root || target?.d_root === true) return -EBUSY;
  if (exchange) do_exchange(task, r);
  else {
    if (target !== null && d_is_dir(target) && target.d_children!.size > 0) return -ENOTEMPTY;
    do_move(task, r);
  }
  return 0;
}

function do_rename(task: Task, from: Nameidata, to: Nameidata, flags: number): number {
  const noreplace = (flags & RENAME_NOREPLACE) !== 0;
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  if (from.path.d_inode.i_sb !== to.path.d_inode.i_sb) return -EXDEV;
  if (from.last_type !== LAST_NORM) return -EBUSY;
  if (to.last_type !== LAST_NORM) return noreplace ? -EEXIST : -EBUSY;
  const source = lookup_one(task, from.path, from.last) ?? -ENOENT;
  if (typeof source === 'number') return source;
  const target = lookup_one(task, to.path, to.last);
  if (typeof target === 'number') return target;
  if (from.path.d_inode.i_sb.s_static && target === null) return -ENOENT;
  if (noreplace && target !== null) return -EEXIST;
  if (exchange && target === null) return -ENOENT;
  const r = { from, to, source, target, exchange, whiteout: (flags & RENAME_WHITEOUT) !== 0 };
  let err = check_slashes(r);
  if (err === 0) err = check_ancestors(r);
  return err < 0 ? err : vfs_rename(task, r);
}

/**
 * `renameat2(olddfd, old, newdfd, new, flags)`: RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT.
 *
 * @returns 0; -EINVAL (flags), the walks' errors, -EXDEV, -EBUSY (".", "..", "/"), -EEXIST, -ENOENT, -ENOTDIR, -EINVAL (into
 *          itself), -ENOTEMPTY, -EACCES, -EPERM, -EISDIR. rename(2); Linux fs/namei.c.
 */
export function sys_renameat2(
  task: Task,
  olddfd: number,
  oldname: number,
  newdfd: number,
  newname: number,
  flags: number,
): number {
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) !== 0) return -EINVAL;
  if ((flags & RENAME_EXCHANGE) !== 0 && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)) !== 0) return -EINVAL;
  const oldpath = getname(task, oldname);
  if (typeof oldpath === 'number') return oldpath;
  const from = path_parentat(task, olddfd, oldpath);
  if (typeof from === 'number') return from;
  const newpath = getname(task, newname);
  if (typeof newpath === 'number') return newpath;
  const to = path_parentat(task, newdfd, newpath);
  return typeof to === 'number' ? to : do_rename(task, from, to, flags);
}

export function sys_renameat(task: Task, olddfd: number, oldname: number, newdfd: number, newname: number): number {
  return sys_renameat2(task, olddfd, oldname, newdfd, newname, 0);
}

export function sys_rename(task: Task, oldname: number, newname: number): number {
  return sys_renameat2(task, AT_FDCWD, oldname, AT_FDCWD, newname, 0);
}
