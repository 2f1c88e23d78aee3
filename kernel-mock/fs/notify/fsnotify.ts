/** Telling watchers what happens to files (fs/notify/fsnotify.c, include/linux/fsnotify.h). */
import type { Dentry, Inode, Vfs } from '../../include/linux/dcache.js';
import { FMODE_NONOTIFY, FMODE_PATH, FMODE_WRITE, type OpenFile } from '../../include/linux/fs.js';
import {
  IN_ACCESS,
  IN_ATTRIB,
  IN_CLOSE_NOWRITE,
  IN_CLOSE_WRITE,
  IN_CREATE,
  IN_DELETE,
  IN_ISDIR,
  IN_MODIFY,
  IN_MOVED_FROM,
  IN_MOVED_TO,
  IN_MOVE_SELF,
  IN_OPEN,
} from '../../include/uapi/inotify.js';
import { S_ISDIR } from '../../include/uapi/stat.js';

function send(inode: Inode, mask: number, name: string, cookie: number, unlinked: boolean): void {
  if (inode.i_marks === null) return;
  for (const mark of inode.i_marks) if ((mark.mask & mask) !== 0) mark.handle_event(mask, name, cookie, unlinked);
}

function with_isdir(inode: Inode, mask: number): number {
  return S_ISDIR(inode.i_mode) ? mask | IN_ISDIR : mask;
}

/** Tell who watches the inode itself. */
export function fsnotify_inode(vfs: Vfs, inode: Inode, mask: number): void {
  if (vfs.nr_marks > 0) send(inode, with_isdir(inode, mask), '', 0, false);
}

function fsnotify_parent(vfs: Vfs, dentry: Dentry, mask: number, unlinked: boolean): void {
  if (vfs.nr_marks === 0) return;
  const inode = dentry.d_inode;
  const bits = with_isdir(inode, mask);
  if (!dentry.d_root) send(dentry.d_parent.d_inode, bits, dentry.d_name, 0, unlinked);
  send(inode, bits, '', 0, unlinked);
}

/**
 * Tell who watches the directory, then who watches the file, of a change to the inode.
 * ABI: IN_EXCL_UNLINK hides what is done through an open file, not this.
 */
export function fsnotify_dentry(vfs: Vfs, dentry: Dentry, mask: number): void {
  fsnotify_parent(vfs, dentry, mask, false);
}

/** Tell who watches the directory `dir` of its entry `name`. */
export function fsnotify_name(vfs: Vfs, dir: Dentry, inode: Inode, mask: number, name: string, cookie = 0): void {
  if (vfs.nr_marks > 0) send(dir.d_inode, with_isdir(inode, mask), name, cookie, false);
}

function notify_file(file: OpenFile, mask: number): void {
  const vfs = file.kernel.fs;
  if (vfs === null || vfs.nr_marks === 0 || file.f_path === null || (file.f_mode & (FMODE_PATH | FMODE_NONOTIFY)) !== 0)
    return;
  fsnotify_parent(vfs, file.f_path, mask, file.f_path.d_unhashed);
}

export const fsnotify_open = (file: OpenFile): void => notify_file(file, IN_OPEN);
export const fsnotify_access = (file: OpenFile): void => notify_file(file, IN_ACCESS);
export const fsnotify_modify = (file: OpenFile): void => notify_file(file, IN_MODIFY);
export const fsnotify_close = (file: OpenFile): void =>
  notify_file(file, (file.f_mode & FMODE_WRITE) !== 0 ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);

export const fsnotify_create = (vfs: Vfs, dentry: Dentry): void =>
  fsnotify_name(vfs, dentry.d_parent, dentry.d_inode, IN_CREATE, dentry.d_name);
export const fsnotify_delete = (vfs: Vfs, dentry: Dentry): void =>
  fsnotify_name(vfs, dentry.d_parent, dentry.d_inode, IN_DELETE, dentry.d_name);

/** The number of names of a file has changed. */
export const fsnotify_link_count = (vfs: Vfs, inode: Inode): void => fsnotify_inode(vfs, inode, IN_ATTRIB);

/** `inode` went from one name to another, and took the place of `target`. Linux: fsnotify_move. */
export function fsnotify_move(
  vfs: Vfs,
  from: { readonly dir: Dentry; readonly name: string },
  to: { readonly dir: Dentry; readonly name: string },
  inode: Inode,
  target: Inode | null,
): void {
  const cookie = vfs.next_cookie++;
  fsnotify_name(vfs, from.dir, inode, IN_MOVED_FROM, from.name, cookie);
  fsnotify_name(vfs, to.dir, inode, IN_MOVED_TO, to.name, cookie);
  if (target !== null) fsnotify_link_count(vfs, target);
  fsnotify_inode(vfs, inode, IN_MOVE_SELF);
}
