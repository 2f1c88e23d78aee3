/** Names in directories, and the paths that lead to them (fs/dcache.c, fs/d_path.c). */
import type { Dentry, FsStruct, Inode, Vfs } from '../include/linux/dcache.js';
import { S_ISDIR } from '../include/uapi/stat.js';
import { IN_DELETE_SELF } from '../include/uapi/inotify.js';
import { fsnotify_inode } from './notify/fsnotify.js';

/** A new name of `inode` in `dir`, not entered yet: directories whose entries are made on demand keep none. */
export function d_alloc(dir: Dentry, name: string, inode: Inode): Dentry {
  return {
    d_name: name,
    d_parent: dir,
    d_inode: inode,
    d_children: S_ISDIR(inode.i_mode) && inode.i_op.lookup === undefined ? new Map() : null,
    d_count: 0,
    d_unhashed: false,
    d_root: false,
  };
}

/** Enter a new name of `inode` into `dir`. */
export function d_add(dir: Dentry, name: string, inode: Inode): Dentry {
  const dentry = d_alloc(dir, name, inode);
  dir.d_children!.set(name, dentry);
  return dentry;
}

export function dget(dentry: Dentry): Dentry {
  dentry.d_count++;
  return dentry;
}

export function dput(vfs: Vfs, dentry: Dentry): void {
  dentry.d_count--;
  if (!dentry.d_unhashed) return;
  dentry_unlink_inode(vfs, dentry);
  if (dentry.d_count === 0 && dentry.d_parent !== dentry) dput(vfs, dentry.d_parent);
}

/** The name is gone, and perhaps nobody holds it any more: with the last name of a file goes the file. */
function dentry_unlink_inode(vfs: Vfs, dentry: Dentry): void {
  const inode = dentry.d_inode;
  if (dentry.d_count > 0 || inode.i_nlink > 0) return;
  if (inode.i_marks !== null) {
    fsnotify_inode(vfs, inode, IN_DELETE_SELF);
    // The event itself may have ended a watch (IN_ONESHOT).
    for (const mark of inode.i_marks ?? []) mark.ignored();
  }
  if (inode.i_opens === 0) inode.i_pages = null;
}

/** Take the name out of its directory. The link count was lowered before. Linux: d_delete. */
export function d_delete(vfs: Vfs, dentry: Dentry): void {
  dentry.d_parent.d_children!.delete(dentry.d_name);
  dentry.d_unhashed = true;
  // Whoever holds a removed name holds the directory that it was in.
  if (dentry.d_count > 0) dget(dentry.d_parent);
  dentry_unlink_inode(vfs, dentry);
}

/** Give `dentry` another place; what had that name is taken out before. */
export function d_move(dentry: Dentry, dir: Dentry, name: string): void {
  dentry.d_parent.d_children!.delete(dentry.d_name);
  dentry.d_parent = dir;
  dentry.d_name = name;
  dir.d_children!.set(name, dentry);
}

/** Is `dentry` the directory `dir` or something below it? */
export function is_subdir(dentry: Dentry, dir: Dentry): boolean {
  for (let d = dentry; ; d = d.d_parent) {
    if (d === dir) return true;
    if (d.d_parent === d) return false;
  }
}

/** The path of `dentry` from `root` on; null: it is not below it. A name that was removed still shows. */
export function dentry_path(dentry: Dentry, root: Dentry): string | null {
  let path = '';
  for (let d = dentry; d !== root; d = d.d_parent) {
    if (d.d_parent === d) return null;
    path = `/${d.d_name}${path}`;
  }
  return path === '' ? '/' : path;
}

/** What /proc shows of a name: `/tmp/f`, `/tmp/f (deleted)`. Linux: d_path. */
export function d_path(dentry: Dentry, root: Dentry): string {
  const path = dentry_path(dentry, root) ?? dentry.d_name;
  return dentry.d_unhashed ? `${path} (deleted)` : path;
}

/** The last process of `fs` is gone. */
export function exit_fs(vfs: Vfs, fs: FsStruct): void {
  for (const dentry of [fs.root, fs.pwd]) if (dentry !== null) dput(vfs, dentry);
}
