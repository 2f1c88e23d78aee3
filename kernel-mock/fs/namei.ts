/** From a path to a file (fs/namei.c: link_path_walk, path_lookupat, filename_create). */
import { should_fail } from '../include/linux/inject.js';
import type { Dentry, Vfs } from '../include/linux/dcache.js';
import type { Task } from '../include/linux/sched.js';
import { ENOMEM, EACCES, EBADF, EEXIST, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EXDEV } from '../include/uapi/errno.js';
import { AT_FDCWD } from '../include/uapi/fcntl.js';
import { NAME_MAX, PATH_MAX } from '../include/uapi/limits.js';
import {
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../include/uapi/openat2.js';
import { S_ISDIR, S_ISLNK } from '../include/uapi/stat.js';
import { strncpy_from_user } from '../mm/uaccess.js';
import { fget_raw } from './file.js';
import { MAY_EXEC, MAY_WRITE, current_time, file_dentry, inode_permission } from './inode.js';
import { vfs_of } from './namespace.js';

/** Bits of a walk; above them stand RESOLVE_* bits, shifted by 8. */
export const LOOKUP_FOLLOW = 1;
export const LOOKUP_DIRECTORY = 2;
export const LOOKUP_EMPTY = 4;
export const LOOKUP_RESOLVE_SHIFT = 8;

const NO_XDEV = RESOLVE_NO_XDEV << LOOKUP_RESOLVE_SHIFT;
const NO_MAGICLINKS = RESOLVE_NO_MAGICLINKS << LOOKUP_RESOLVE_SHIFT;
const NO_SYMLINKS = RESOLVE_NO_SYMLINKS << LOOKUP_RESOLVE_SHIFT;
const BENEATH = RESOLVE_BENEATH << LOOKUP_RESOLVE_SHIFT;
const IN_ROOT = RESOLVE_IN_ROOT << LOOKUP_RESOLVE_SHIFT;
const SCOPED = BENEATH | IN_ROOT;

export const LAST_NORM = 0;
export const LAST_ROOT = 1;
export const LAST_DOT = 2;
export const LAST_DOTDOT = 3;

/** Symbolic links that one walk may meet. */
const MAXSYMLINKS = 40;

/** A walk: where it stands, and the last component, which the caller looks up in its own way. */
export interface Nameidata {
  readonly task: Task;
  readonly vfs: Vfs;
  /** As far as the walk has come. */
  path: Dentry;
  readonly root: Dentry;
  flags: number;
  /** The last component, its LAST_* type, and whether slashes follow it. */
  last: string;
  last_type: number;
  slashes: boolean;
  /** Links met so far. */
  links: number;
}

export function d_is_dir(dentry: Dentry): boolean {
  return S_ISDIR(dentry.d_inode.i_mode);
}

/** The string at `ptr`: -EFAULT, -ENAMETOOLONG, -ENOENT (empty, unless LOOKUP_EMPTY). */
export function getname(task: Task, ptr: number, flags = 0): string | number {
  if (should_fail(task.kernel, 'getname')) return -ENOMEM;
  const name = strncpy_from_user(task.mm, ptr, PATH_MAX);
  return name === '' && (flags & LOOKUP_EMPTY) === 0 ? -ENOENT : name;
}

/** Where the walk of a relative path begins: -EBADF, -ENOTDIR. An empty path may begin at any file. */
function start_of(task: Task, vfs: Vfs, dfd: number, name: string): Dentry | number {
  if ((dfd | 0) === AT_FDCWD) return task.fs.pwd ?? vfs.root;
  const file = fget_raw(task, dfd);
  if (file === null) return -EBADF;
  const dentry = file_dentry(file, vfs);
  return name !== '' && !d_is_dir(dentry) ? -ENOTDIR : dentry;
}

/** Linux: path_init. */
function path_init(task: Task, dfd: number, name: string, flags: number): Nameidata | number {
  const vfs = vfs_of(task.kernel);
  let root = task.fs.root ?? vfs.root;
  let path: Dentry | number = root;
  if (name[0] !== '/' || (flags & IN_ROOT) !== 0) path = start_of(task, vfs, dfd, name);
  else if ((flags & BENEATH) !== 0) return -EXDEV;
  if (typeof path === 'number') return path;
  if ((flags & SCOPED) !== 0) root = path;
  return { task, vfs, path, root, flags, last: '', last_type: LAST_ROOT, slashes: false, links: 0 };
}

/** To the root, for an absolute path or link. */
function nd_jump_root(nd: Nameidata): number {
  if ((nd.flags & BENEATH) !== 0) return -EXDEV;
  if ((nd.flags & NO_XDEV) !== 0 && nd.path.d_inode.i_sb !== nd.root.d_inode.i_sb) return -EXDEV;
  nd.path = nd.root;
  return 0;
}

function follow_dotdot(nd: Nameidata): number {
  if (nd.path === nd.root) return (nd.flags & BENEATH) !== 0 ? -EXDEV : 0;
  const { d_parent } = nd.path;
  if ((nd.flags & NO_XDEV) !== 0 && d_parent.d_inode.i_sb !== nd.path.d_inode.i_sb) return -EXDEV;
  nd.path = d_parent;
  return 0;
}

/** The entry `name` of `dir`: null if there is none, -ENAMETOOLONG. */
export function lookup_one(task: Task, dir: Dentry, name: string): Dentry | number | null {
  if (name.length > NAME_MAX) return -ENAMETOOLONG;
  const { lookup } = dir.d_inode.i_op;
  if (lookup !== undefined) return lookup(task, dir, name);
  return dir.d_children?.get(name) ?? null;
}

/** What a link leads to: a path to walk on, '' if it has led there by magic, or an error. Linux: pick_link. */
function pick_link(nd: Nameidata, link: Dentry): string | number {
  const { task, flags } = nd;
  if (++nd.links > MAXSYMLINKS || (flags & NO_SYMLINKS) !== 0) return -ELOOP;
  const { i_op, i_private } = link.d_inode;
  link.d_inode.i_atime = current_time(task.kernel);
  const to = i_op.get_link === undefined ? (i_private as string) : i_op.get_link(task, link);
  if (typeof to !== 'object') return to;
  if ((flags & NO_MAGICLINKS) !== 0) return -ELOOP;
  if ((flags & SCOPED) !== 0) return -EXDEV;
  if ((flags & NO_XDEV) !== 0 && to.d_inode.i_sb !== nd.path.d_inode.i_sb) return -EXDEV;
  nd.path = to;
  return '';
}

/** Enter `dentry`. Answers with the path of a link that has to be walked, '' if none, or an error. Linux: step_into. */
export function step_into(nd: Nameidata, dentry: Dentry, follow: boolean): string | number {
  if (follow && S_ISLNK(dentry.d_inode.i_mode)) return pick_link(nd, dentry);
  if ((nd.flags & NO_XDEV) !== 0 && dentry.d_inode.i_sb !== nd.path.d_inode.i_sb) return -EXDEV;
  nd.path = dentry;
  return '';
}

function last_type(name: string): number {
  if (name === '.') return LAST_DOT;
  return name === '..' ? LAST_DOTDOT : LAST_NORM;
}

/** One component, last or not. */
export function walk_component(nd: Nameidata, name: string, type: number, follow: boolean): string | number {
  if (type === LAST_DOTDOT) {
    const err = follow_dotdot(nd);
    return err < 0 ? err : '';
  }
  if (type !== LAST_NORM) return '';
  const dentry = lookup_one(nd.task, nd.path, name);
  if (typeof dentry === 'number') return dentry;
  return dentry === null ? -ENOENT : step_into(nd, dentry, follow);
}

/** Walk every component but the last, links among them included. -ENOTDIR, -EACCES, -ENOENT, -ELOOP, -ENAMETOOLONG. */
export function link_path_walk(nd: Nameidata, name: string): number {
  /** What is left of the paths around the link whose text is being walked. */
  const stack: string[] = [];
  let s = name;
  let at = 0;
  if (s[0] === '/') {
    const err = nd_jump_root(nd);
    if (err < 0) return err;
  }
  nd.last_type = LAST_ROOT;
  nd.last = '';
  nd.slashes = false;
  for (;;) {
    while (s[at] === '/') at++;
    if (at === s.length) return 0;
    const err = d_is_dir(nd.path) ? inode_permission(nd.task, nd.path.d_inode, MAY_EXEC) : -ENOTDIR;
    if (err < 0) return err;
    let end = s.indexOf('/', at);
    if (end === -1) end = s.length;
    const component = s.slice(at, end);
    const type = last_type(component);
    at = end;
    while (s[at] === '/') at++;
    while (at === s.length && stack.length > 0) {
      s = stack.pop()!;
      at = 0;
    }
    if (at === s.length) {
      nd.last = component;
      nd.last_type = type;
      nd.slashes = s[at - 1] === '/';
      return 0;
    }
    const link = walk_component(nd, component, type, true);
    if (typeof link === 'number') return link;
    if (link !== '') {
      stack.push(s.slice(at));
      s = link;
      at = 0;
      if (s[0] === '/') {
        const jump = nd_jump_root(nd);
        if (jump < 0) return jump;
      }
    }
    if (link === '' && !d_is_dir(nd.path)) return -ENOTDIR;
  }
}

/** Begin a walk, and come as far as the last component. */
export function path_parentat(task: Task, dfd: number, name: string, flags = 0): Nameidata | number {
  const nd = path_init(task, dfd, name, flags);
  if (typeof nd === 'number') return nd;
  const err = link_path_walk(nd, name);
  return err < 0 ? err : nd;
}

/** Walk the last component too, and the links that it leads to. Linux: path_lookupat. */
function path_lookupat(nd: Nameidata): number {
  for (;;) {
    if (nd.slashes) nd.flags |= LOOKUP_FOLLOW | LOOKUP_DIRECTORY;
    const link = walk_component(nd, nd.last, nd.last_type, (nd.flags & LOOKUP_FOLLOW) !== 0);
    if (typeof link === 'number') return link;
    if (link === '') break;
    const err = link_path_walk(nd, link);
    if (err < 0) return err;
  }
  return (nd.flags & LOOKUP_DIRECTORY) !== 0 && !d_is_dir(nd.path) ? -ENOTDIR : 0;
}

/** The file that a path names. */
export function filename_lookup(task: Task, dfd: number, name: string, flags: number): Dentry | number {
  const nd = path_parentat(task, dfd, name, flags);
  if (typeof nd === 'number') return nd;
  const err = path_lookupat(nd);
  return err < 0 ? err : nd.path;
}

/** The file that a path in user memory names: getname's errors, then those of the walk. Linux: user_path_at. */
export function user_path_at(task: Task, dfd: number, ptr: number, flags: number): Dentry | number {
  const name = getname(task, ptr, flags);
  return typeof name === 'number' ? name : filename_lookup(task, dfd, name, flags);
}

/** A place for a new name. */
export interface NewName {
  readonly dir: Dentry;
  readonly name: string;
}

/**
 * Where a new name would go: -EEXIST (it is there, or is no name at all), -ENOENT (slashes behind the name of what will be
 * no directory; /proc), -EACCES. Linux: filename_create and may_create.
 */
export function filename_create(task: Task, dfd: number, path: string, want_dir: boolean): NewName | number {
  const nd = path_parentat(task, dfd, path);
  if (typeof nd === 'number') return nd;
  if (nd.last_type !== LAST_NORM) return -EEXIST;
  const dir = nd.path;
  const found = lookup_one(task, dir, nd.last);
  if (typeof found === 'number') return found;
  if (found !== null) return -EEXIST;
  if ((nd.slashes && !want_dir) || dir.d_inode.i_sb.s_static) return -ENOENT;
  return { dir, name: nd.last };
}

/** May entries be made in `dir`? -ENOENT (it was removed), -EACCES. Linux: may_create. */
export function may_create(task: Task, dir: Dentry): number {
  if (dir.d_unhashed) return -ENOENT;
  return inode_permission(task, dir.d_inode, MAY_WRITE | MAY_EXEC) < 0 ? -EACCES : 0;
}
