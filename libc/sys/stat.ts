/** sys/stat.h: what files are, and making them. */
import { get_s64, get_u32, get_u64, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { S_IFIFO } from '../../kernel-mock/include/uapi/stat.js';
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import { type Path, c_string, call_with, enter_with } from '../internal/call.js';
import { want_list } from '../internal/describe.js';
import type { Thread } from '../internal/thread.js';

const STAT = layout_x86_64.stat;

export interface Timespec {
  tv_sec: number;
  tv_nsec: number;
}

/** struct stat. Filled in by stat, lstat, fstat, fstatat: pass `{}`. */
export interface Stat {
  st_dev: number;
  st_ino: number;
  /** S_IF* and permissions. */
  st_mode: number;
  st_nlink: number;
  st_uid: number;
  st_gid: number;
  st_rdev: number;
  st_size: number;
  st_blksize: number;
  st_blocks: number;
  st_atim: Timespec;
  st_mtim: Timespec;
  st_ctim: Timespec;
}

function timespec(raw: Uint8Array, at: number): Timespec {
  return { tv_sec: get_s64(raw, at), tv_nsec: get_s64(raw, at + 8) };
}

function decode_stat(raw: Uint8Array): Stat {
  return {
    st_dev: get_u64(raw, STAT.st_dev),
    st_ino: get_u64(raw, STAT.st_ino),
    st_mode: get_u32(raw, STAT.st_mode),
    st_nlink: get_u64(raw, STAT.st_nlink),
    st_uid: get_u32(raw, STAT.st_uid),
    st_gid: get_u32(raw, STAT.st_gid),
    st_rdev: get_u64(raw, STAT.st_rdev),
    st_size: get_s64(raw, STAT.st_size),
    st_blksize: get_u64(raw, STAT.st_blksize),
    st_blocks: get_u64(raw, STAT.st_blocks),
    st_atim: timespec(raw, STAT.st_atime),
    st_mtim: timespec(raw, STAT.st_mtime),
    st_ctim: timespec(raw, STAT.st_ctime),
  };
}

async function do_stat(
  t: Thread,
  call: CallName,
  statbuf: Partial<Stat> | null,
  before: readonly (number | Uint8Array | null)[],
  after: readonly number[] = [],
): Promise<number> {
  const raw = statbuf === null ? null : new Uint8Array(STAT.size);
  const ret = await enter_with(t, call, [...before, raw, ...after]);
  if (ret === 0 && raw !== null) Object.assign(statbuf!, decode_stat(raw));
  return t.ret(ret);
}

/** `stat(path, statbuf)`: what a file is, links followed. ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG, EFAULT. stat(2). */
export async function stat(this: Thread, path: Path, statbuf: Partial<Stat> | null): Promise<number> {
  return do_stat(this, 'stat', statbuf, [c_string(path)]);
}

/** `lstat(path, statbuf)`: a link is shown itself. stat(2). */
export async function lstat(this: Thread, path: Path, statbuf: Partial<Stat> | null): Promise<number> {
  return do_stat(this, 'lstat', statbuf, [c_string(path)]);
}

/** `fstat(fd, statbuf)`. EBADF, EFAULT. stat(2). */
export async function fstat(this: Thread, fd: number, statbuf: Partial<Stat> | null): Promise<number> {
  return do_stat(this, 'fstat', statbuf, [fd]);
}

/** `fstatat(dirfd, path, statbuf, flags)`: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. EINVAL, EBADF. stat(2). */
export async function fstatat(
  this: Thread,
  dirfd: number,
  path: Path,
  statbuf: Partial<Stat> | null,
  flags: number,
): Promise<number> {
  return do_stat(this, 'newfstatat', statbuf, [dirfd, c_string(path)], [flags]);
}

/** `chmod(path, mode)`. EPERM (not the owner). chmod(2). */
export async function chmod(this: Thread, path: Path, mode: number): Promise<number> {
  return call_with(this, 'chmod', c_string(path), mode);
}

/** `fchmod(fd, mode)`. EBADF, EPERM. chmod(2). */
export async function fchmod(this: Thread, fd: number, mode: number): Promise<number> {
  return call_with(this, 'fchmod', fd, mode);
}

/** `fchmodat(dirfd, path, mode, flags)`: AT_SYMLINK_NOFOLLOW needs fchmodat2 (6.6). EOPNOTSUPP. chmod(2). */
export async function fchmodat(this: Thread, dirfd: number, path: Path, mode: number, flags: number): Promise<number> {
  if (flags === 0) return call_with(this, 'fchmodat', dirfd, c_string(path), mode);
  return call_with(this, 'fchmodat2', dirfd, c_string(path), mode, flags);
}

/** `mkdir(path, mode)`. EEXIST, ENOENT, ENOTDIR, EACCES. mkdir(2). */
export async function mkdir(this: Thread, path: Path, mode: number): Promise<number> {
  return call_with(this, 'mkdir', c_string(path), mode);
}

export async function mkdirat(this: Thread, dirfd: number, path: Path, mode: number): Promise<number> {
  return call_with(this, 'mkdirat', dirfd, c_string(path), mode);
}

/** `mknod(path, mode, dev)`: a file, a fifo, a socket's name, a device. EEXIST, EPERM, EINVAL. mknod(2). */
export async function mknod(this: Thread, path: Path, mode: number, dev: number): Promise<number> {
  return call_with(this, 'mknod', c_string(path), mode, dev);
}

export async function mknodat(this: Thread, dirfd: number, path: Path, mode: number, dev: number): Promise<number> {
  return call_with(this, 'mknodat', dirfd, c_string(path), mode, dev);
}

/** `mkfifo(path, mode)`: a pipe with a name. EEXIST, ENOENT, EACCES. mkfifo(3). */
export async function mkfifo(this: Thread, path: Path, mode: number): Promise<number> {
  return call_with(this, 'mknod', c_string(path), S_IFIFO | mode, 0);
}

export async function mkfifoat(this: Thread, dirfd: number, path: Path, mode: number): Promise<number> {
  return call_with(this, 'mknodat', dirfd, c_string(path), S_IFIFO | mode, 0);
}

/** `umask(mask)`: the permissions that new files do not get; answers with what it was. umask(2). */
export async function umask(this: Thread, mask: number): Promise<number> {
  return call_with(this, 'umask', mask);
}

function encode_times(times: readonly [Timespec, Timespec] | null): Uint8Array | null {
  if (times === null) return null;
  want_list(times, 'times is [atime, mtime] or null');
  const raw = new Uint8Array(32);
  times.forEach(({ tv_sec, tv_nsec }, i) => {
    put_u64(raw, i * 16, tv_sec);
    put_u64(raw, i * 16 + 8, tv_nsec);
  });
  return raw;
}

/** `utimensat(dirfd, path, [atime, mtime], flags)`: null times are now; tv_nsec can be UTIME_NOW or UTIME_OMIT. utimensat(2). */
export async function utimensat(
  this: Thread,
  dirfd: number,
  path: Path,
  times: readonly [Timespec, Timespec] | null,
  flags: number,
): Promise<number> {
  return call_with(this, 'utimensat', dirfd, c_string(path), encode_times(times), flags);
}

/** `futimens(fd, [atime, mtime])`. EBADF, EACCES, EPERM. utimensat(2). */
export async function futimens(this: Thread, fd: number, times: readonly [Timespec, Timespec] | null): Promise<number> {
  return call_with(this, 'utimensat', fd, null, encode_times(times), 0);
}
