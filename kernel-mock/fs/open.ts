/** Opening files by path (fs/open.c, fs/namei.c path_openat). */
import { should_fail } from '../include/linux/inject.js';
import type { Dentry, Inode } from '../include/linux/dcache.js';
import {
  FMODE_CAN_ODIRECT,
  FMODE_CREATED,
  FMODE_LSEEK,
  FMODE_PATH,
  FMODE_PREAD,
  FMODE_PWRITE,
  FMODE_WRITE,
  FMODE_WRITER,
  type FileOperations,
  type OpenFile,
} from '../include/linux/fs.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import {
  ENFILE,
  E2BIG,
  EACCES,
  EAGAIN,
  EEXIST,
  EFAULT,
  EINVAL,
  EISDIR,
  ELOOP,
  ENOENT,
  ENOTDIR,
  EPERM,
  ETXTBSY,
} from '../include/uapi/errno.js';
import {
  AT_FDCWD,
  O_ACCMODE,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECT,
  O_DIRECTORY,
  O_DSYNC,
  O_EXCL,
  O_LARGEFILE,
  O_NOATIME,
  O_NOCTTY,
  O_NOFOLLOW,
  O_PATH,
  O_TRUNC,
  O_WRONLY,
  __O_SYNC,
  __O_TMPFILE,
} from '../include/uapi/fcntl.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import {
  OPEN_HOW_SIZE_VER0,
  RESOLVE_BENEATH,
  RESOLVE_CACHED,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../include/uapi/openat2.js';
import { S_IFREG, S_ISDIR, S_ISLNK, S_ISREG } from '../include/uapi/stat.js';
import { get_u64 } from '../lib/bytes.js';
import { indirect_file_flags } from '../kernel/indirect.js';
import { find_vma } from '../mm/mmap.js';
import { size_t } from '../mm/uaccess.js';
import { d_alloc, dget } from './dcache.js';
import { alloc_file, fd_install, fput, get_unused_fd_flags, put_unused_fd } from './file.js';
import { get_write_access, MAY_EXEC, MAY_READ, MAY_WRITE, inode_owner_or_capable, inode_permission } from './inode.js';
import { d_instantiate, ramfs_get_inode } from './link.js';
import { break_lease } from './lease.js';
import {
  LAST_NORM,
  LOOKUP_DIRECTORY,
  LOOKUP_FOLLOW,
  LOOKUP_RESOLVE_SHIFT,
  type Nameidata,
  d_is_dir,
  getname,
  link_path_walk,
  lookup_one,
  may_create,
  path_parentat,
  step_into,
  walk_component,
} from './namei.js';
import { fsnotify_modify, fsnotify_open } from './notify/fsnotify.js';
import { file_modified, ramfs_file_operations, truncate_setsize } from './ramfs.js';

const RESOLVE_ALL =
  RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED;
const O_PATH_FLAGS = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
const S_IALLUGO = 0o7777;
/** ACC_MODE: what an access mode needs; 3 is for ioctl only, and needs both. */
const ACC_MODE = [MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE] as const;

/** What an open asks for, checked. Linux: struct open_how and open_flags. */
export interface OpenHow {
  flags: number;
  readonly mode: number;
  /** RESOLVE_*. */
  readonly resolve: number;
}

const will_create = (flags: number): boolean => (flags & (O_CREAT | __O_TMPFILE)) !== 0;

/** The flags of open and openat: what is unknown is dropped in silence. Linux: build_open_how. */
function build_open_how(task: Task, flags: number, mode: number): OpenHow {
  let known = flags & task.kernel.release.open_flags;
  known = (known & O_PATH) !== 0 ? known & O_PATH_FLAGS : known | O_LARGEFILE;
  return { flags: known, mode: will_create(known) ? mode & S_IALLUGO : 0, resolve: 0 };
}

/** -EINVAL for what cannot go together. Linux: build_open_flags. */
function check_open_how(task: Task, { flags, mode, resolve }: OpenHow): number {
  const { release } = task.kernel;
  if ((flags & ~(release.open_flags | O_LARGEFILE)) !== 0 || (resolve & ~RESOLVE_ALL) !== 0) return -EINVAL;
  if ((resolve & RESOLVE_BENEATH) !== 0 && (resolve & RESOLVE_IN_ROOT) !== 0) return -EINVAL;
  if ((mode & ~(will_create(flags) ? S_IALLUGO : 0)) !== 0) return -EINVAL;
  if (release.o_directory_creat_einval && (flags & O_CREAT) !== 0 && (flags & O_DIRECTORY) !== 0) return -EINVAL;
  if ((flags & __O_TMPFILE) !== 0) {
    if ((flags & O_DIRECTORY) === 0 || (ACC_MODE[flags & O_ACCMODE]! & MAY_WRITE) === 0) return -EINVAL;
    if ((flags & O_CREAT) !== 0) return -EINVAL;
  }
  if ((flags & O_PATH) !== 0 && (flags & ~O_PATH_FLAGS) !== 0) return -EINVAL;
  if ((resolve & RESOLVE_CACHED) !== 0 && (flags & (O_TRUNC | O_CREAT | __O_TMPFILE)) !== 0) return -EAGAIN;
  return 0;
}

function acc_mode_of(flags: number): number {
  if ((flags & O_PATH) !== 0) return 0;
  return ACC_MODE[flags & O_ACCMODE]! | ((flags & O_TRUNC) !== 0 ? MAY_WRITE : 0);
}

// The last component.

/** The new file of an open with O_CREAT: -EACCES, -ENOENT (the directory is gone, or is one of /proc). */
function create(nd: Nameidata, how: OpenHow): Dentry | number {
  const { task, path } = nd;
  if (path.d_inode.i_sb.s_static) return -ENOENT;
  const err = may_create(task, path);
  if (err < 0) return err;
  const inode = ramfs_get_inode(task, path.d_inode, S_IFREG | (how.mode & ~task.fs.umask));
  return d_instantiate(task, path, nd.last, inode);
}

/**
 * Look the last component up, make it if it may be made, and follow the links that it leads to. Leaves the file in
 * `nd.path`; FMODE_CREATED if it was made. Linux: open_last_lookups and lookup_open.
 */
function open_last_lookups(nd: Nameidata, how: OpenHow): number {
  const { flags } = how;
  for (;;) {
    let link: string | number;
    if (nd.last_type !== LAST_NORM) link = walk_component(nd, nd.last, nd.last_type, true);
    else {
      if ((flags & O_CREAT) === 0 && nd.slashes) nd.flags |= LOOKUP_FOLLOW | LOOKUP_DIRECTORY;
      if ((flags & O_CREAT) !== 0 && nd.slashes) return -EISDIR;
      const dentry = lookup_one(nd.task, nd.path, nd.last);
      if (typeof dentry === 'number') return dentry;
      if (dentry === null) {
        if ((flags & O_CREAT) === 0) return -ENOENT;
        const made = create(nd, how);
        if (typeof made === 'number') return made;
        nd.path = made;
        return FMODE_CREATED;
      }
      link = step_into(nd, dentry, (nd.flags & LOOKUP_FOLLOW) !== 0);
    }
    if (typeof link === 'number') return link;
    if (link === '') return 0;
    const err = link_path_walk(nd, link);
    if (err < 0) return err;
  }
}

/** Rights on a file that exists: -ELOOP (a link), -EISDIR, -EACCES, -EPERM. Linux: may_open. */
function may_open(task: Task, inode: Inode, acc_mode: number, flags: number): number {
  if (S_ISLNK(inode.i_mode)) return -ELOOP;
  if (S_ISDIR(inode.i_mode) && (acc_mode & MAY_WRITE) !== 0) return -EISDIR;
  if (!S_ISREG(inode.i_mode) && (acc_mode & MAY_EXEC) !== 0) return -EACCES;
  const err = inode_permission(task, inode, acc_mode);
  if (err < 0) return err;
  return (flags & O_NOATIME) !== 0 && !inode_owner_or_capable(task, inode) ? -EPERM : 0;
}

const path_fops = { show: () => '' } satisfies FileOperations;

/** An open file for `dentry`, which holds it from now on. The operations may still refuse. Linux: alloc_empty_file, do_dentry_open. */
function alloc_path_file(task: Task, dentry: Dentry, how: OpenHow, f_mode: number): OpenFile {
  const { d_inode } = dentry;
  const path_only = (how.flags & O_PATH) !== 0;
  const flags = how.flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
  const file = alloc_file(task.kernel, path_only ? path_fops : d_inode.i_fop, f_mode, flags, null);
  if (path_only) file.f_flags &= O_PATH_FLAGS;
  file.f_path = dget(dentry);
  file.f_inode = d_inode;
  d_inode.i_opens++;
  if ((f_mode & FMODE_WRITE) !== 0) get_write_access(file);
  return file;
}

function f_mode_of(flags: number): number {
  if ((flags & O_PATH) !== 0) return FMODE_PATH;
  return ((flags + 1) & O_ACCMODE) | FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
}

/** What the file cannot do goes from its mode; a file that takes no seek takes no pread either (FIFOs). */
function finish_mode(file: OpenFile): void {
  if (file.f_op.llseek === undefined) file.f_mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
  if (file.f_op === ramfs_file_operations) file.f_mode |= FMODE_CAN_ODIRECT;
}

/** O_TRUNC on a regular file that was there before. Linux: handle_truncate. */
function handle_truncate(task: Task, file: OpenFile): number {
  const err = truncate_setsize(file.f_inode!, 0);
  if (err < 0) return err;
  file_modified(task, file.f_inode!);
  fsnotify_modify(file);
  return 0;
}

/** The end of every open: -EINVAL (O_DIRECT of what is not a regular file). Linux: do_dentry_open, handle_truncate. */
function open_finish(task: Task, file: OpenFile, err: number, truncate: boolean): OpenFile | number {
  let ret = err;
  if (ret >= 0) {
    finish_mode(file);
    if ((file.f_flags & O_DIRECT) !== 0 && (file.f_mode & FMODE_CAN_ODIRECT) === 0) {
      fput(file);
      return -EINVAL;
    }
    fsnotify_open(file);
    if (truncate) ret = handle_truncate(task, file);
  }
  if (ret >= 0) return file;
  open_failed(file);
  return ret;
}

/** The file was not opened: nobody is told that it is closed, and its operations have nothing to release. */
function open_failed(file: OpenFile): void {
  file.f_op = path_fops;
  if ((file.f_mode & FMODE_WRITER) !== 0) file.f_inode!.i_writecount--;
  file.f_mode = FMODE_PATH;
  fput(file);
}

/** An open file, or what it waits for, with the file that it will be. */
interface Opening {
  readonly file: OpenFile;
  readonly sleep: Sleep;
  readonly truncate: boolean;
}

/** Open what the walk has found. Linux: do_open, vfs_open. */
function do_open(nd: Nameidata, how: OpenHow, created: boolean): OpenFile | Opening | number {
  const { task, path } = nd;
  const inode = path.d_inode;
  const { flags } = how;
  if ((flags & O_CREAT) !== 0 && !created) {
    if ((flags & O_EXCL) !== 0) return -EEXIST;
    if (S_ISDIR(inode.i_mode)) return -EISDIR;
  }
  if ((nd.flags & LOOKUP_DIRECTORY) !== 0 && !S_ISDIR(inode.i_mode)) return -ENOTDIR;
  const truncate = !created && (flags & O_TRUNC) !== 0 && S_ISREG(inode.i_mode);
  if ((flags & O_PATH) === 0) {
    const acc_mode = created ? 0 : acc_mode_of(flags);
    const err = may_open(task, inode, acc_mode, flags);
    if (err < 0) return err;
    if ((flags + 1) & FMODE_WRITE && S_ISREG(inode.i_mode) && inode.i_writecount < 0) return -ETXTBSY;
  }
  const file = alloc_path_file(task, path, how, f_mode_of(flags) | (created ? FMODE_CREATED : 0));
  if ((flags & O_PATH) !== 0) return file;
  let ret: Result = inode.i_flctx === null ? 0 : break_lease(task, inode, flags);
  if (ret === 0) ret = file.f_op.open?.(task, inode, file) ?? 0;
  return typeof ret === 'number' ? open_finish(task, file, ret, truncate) : { file, sleep: ret, truncate };
}

/** A file without a name in the directory that the walk leads to. Linux: do_tmpfile. */
function do_tmpfile(nd: Nameidata, how: OpenHow): OpenFile | Opening | number {
  const err = open_last_lookups(nd, { ...how, flags: how.flags & ~O_EXCL });
  if (err < 0) return err;
  const { task, path } = nd;
  if (!d_is_dir(path)) return -ENOTDIR;
  const denied = may_create(task, path);
  if (denied < 0) return denied;
  const inode = ramfs_get_inode(task, path.d_inode, S_IFREG | (how.mode & ~task.fs.umask));
  inode.i_nlink = 0;
  inode.i_linkable = (how.flags & O_EXCL) === 0;
  const dentry = d_alloc(path, `#${inode.i_ino}`, inode);
  dentry.d_unhashed = true;
  dget(path);
  nd.path = dentry;
  nd.flags &= ~LOOKUP_DIRECTORY;
  return do_open(nd, how, true);
}

/** Linux: path_openat. */
function path_openat(task: Task, dfd: number, name: string, how: OpenHow): OpenFile | Opening | number {
  if (should_fail(task.kernel, 'alloc_file')) return -ENFILE;
  const { flags, resolve } = how;
  let lookup = resolve << LOOKUP_RESOLVE_SHIFT;
  if ((flags & O_DIRECTORY) !== 0) lookup |= LOOKUP_DIRECTORY;
  const exclusive = (flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL);
  if ((flags & O_NOFOLLOW) === 0 && !exclusive) lookup |= LOOKUP_FOLLOW;
  const nd = path_parentat(task, dfd, name, lookup);
  if (typeof nd === 'number') return nd;
  if ((flags & __O_TMPFILE) !== 0) return do_tmpfile(nd, how);
  const ret = open_last_lookups(nd, how);
  return ret < 0 ? ret : do_open(nd, how, ret === FMODE_CREATED);
}

/** Open a file for the kernel itself. It must not be one that waits. */
export function do_filp_open(task: Task, dfd: number, name: string, flags: number): OpenFile | number {
  const file = path_openat(task, dfd, name, { flags: flags | O_LARGEFILE, mode: 0, resolve: 0 });
  if (typeof file === 'number' || !('sleep' in file)) return file;
  open_failed(file.file);
  return -EAGAIN;
}

// The calls.

function* open_sleep(task: Task, fd: number, opening: Opening): Sleep {
  // A task that is killed while it waits comes back here too, with an error.
  const file = open_finish(task, opening.file, yield* opening.sleep, opening.truncate);
  if (typeof file === 'number') {
    put_unused_fd(task, fd);
    return file;
  }
  fd_install(task, fd, file);
  return fd;
}

/** The one body of open, openat, creat and openat2. */
function do_sys_openat2(task: Task, dfd: number, filename: number, how: OpenHow): Result {
  const err = check_open_how(task, how);
  if (err < 0) return err;
  if ((how.flags & __O_SYNC) !== 0) how.flags |= O_DSYNC;
  const name = getname(task, filename);
  if (typeof name === 'number') return name;
  const fd = get_unused_fd_flags(task, how.flags);
  if (fd < 0) return fd;
  const file = path_openat(task, dfd, name, how);
  if (typeof file === 'number') {
    put_unused_fd(task, fd);
    return file;
  }
  if ('sleep' in file) return open_sleep(task, fd, file);
  fd_install(task, fd, file);
  return fd;
}

/**
 * `open(path, flags, mode)`.
 *
 * @returns the lowest free descriptor; -EINVAL (flags that cannot go together), -EFAULT, -ENAMETOOLONG, -ENOENT (empty), -EMFILE,
 *          then those of the walk and of the file: -ENOENT, -EACCES, -ELOOP, -ENOTDIR, -EISDIR, -EEXIST, -ETXTBSY, -ENXIO …
 * Sleeps where a FIFO waits for its other end. open(2); Linux fs/open.c.
 */
export function sys_open(task: Task, filename: number, flags: number, mode: number): Result {
  return sys_openat_flags(task, AT_FDCWD, filename, flags | indirect_file_flags(task), mode);
}

function sys_openat_flags(task: Task, dfd: number, filename: number, flags: number, mode: number): Result {
  return do_sys_openat2(task, dfd, filename, build_open_how(task, flags | 0, mode));
}

/** `openat(dfd, path, flags, mode)`: open, a relative path beginning at `dfd`. -EBADF, -ENOTDIR (dfd). open(2). */
export function sys_openat(task: Task, dfd: number, filename: number, flags: number, mode: number): Result {
  return sys_openat_flags(task, dfd, filename, flags | indirect_file_flags(task), mode);
}

/** `creat(path, mode)`: open with O_CREAT | O_WRONLY | O_TRUNC. creat(2). */
export function sys_creat(task: Task, filename: number, mode: number): Result {
  const flags = O_CREAT | O_WRONLY | O_TRUNC | indirect_file_flags(task);
  return sys_openat_flags(task, AT_FDCWD, filename, flags, mode);
}

/**
 * `openat2(dfd, path, how, size)`: unknown bits are errors, and the walk can be restricted (RESOLVE_*).
 *
 * @returns as openat; -EINVAL (size below 24), -E2BIG (a larger structure with bits set beyond ours), -EFAULT, -EINVAL (unknown
 *          flags, mode without O_CREAT …), -EXDEV and -ELOOP (restrictions). openat2(2).
 */
export function sys_openat2(task: Task, dfd: number, filename: number, uhow: number, usize: number): Result {
  const { flags, mode, resolve } = layout_x86_64.open_how;
  const size = size_t(usize);
  if (size < OPEN_HOW_SIZE_VER0) return -EINVAL;
  if (size > 4096) return -E2BIG;
  const area = find_vma(task.mm, uhow, size);
  if (area === null) return -EFAULT;
  const at = uhow - area.start;
  for (let i = OPEN_HOW_SIZE_VER0; i < size; i++) if (area.bytes[at + i] !== 0) return -E2BIG;
  const words = [flags, mode, resolve].map((o) => get_u64(area.bytes, at + o));
  if (words.some((word) => word > 0x7fffffff)) return -EINVAL;
  const how = { flags: words[0]!, mode: words[1]!, resolve: words[2]! };
  const err = check_open_how(task, how);
  if (err < 0) return err;
  how.flags |= (how.flags & O_PATH) === 0 ? O_LARGEFILE : 0;
  return do_sys_openat2(task, dfd, filename, how);
}
