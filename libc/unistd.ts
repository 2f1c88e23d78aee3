/** unistd.h: descriptors, identity, the end of a process. */
import { describe, want_list, want_number } from './internal/describe.js';
import { PATH_MAX } from '../kernel-mock/include/uapi/limits.js';
import { type Path, c_string, call_with, enter_with, until_zero } from './internal/call.js';
import { EINVAL } from '../kernel-mock/include/uapi/errno.js';
import { close_range as close_from } from './internal/close_range.js';
import { DUP3, PIPE2 } from './internal/descriptor_calls.js';
import type { Thread } from './internal/thread.js';
import { to_bytes, to_text } from './internal/text.js';

/**
 * `close(fd)`: give a descriptor back.
 *
 * @returns 0, or -1 with errno EBADF. close(2).
 */
export async function close(this: Thread, fd: number): Promise<number> {
  const r = this.enter(this.nr.close, fd);
  return this.ret(typeof r === 'number' ? r : await r);
}

/**
 * `read(fd, buf, count)`: take bytes from an open file.
 *
 * @param buf   filled from its start; null is a null pointer
 * @param count at most so many bytes; default: the length of `buf`
 * @returns the number of bytes, 0 at end of file; -1 with errno EBADF, EINVAL, EFAULT, EAGAIN, EINTR, ECONNRESET …
 * Sleeps while nothing is there. read(2).
 */
export async function read(this: Thread, fd: number, buf: Uint8Array | null, count?: number): Promise<number> {
  const ptr = this.map(buf);
  const r = this.enter(this.nr.read, fd, ptr, count ?? (buf === null ? 0 : buf.length));
  const n = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  return this.ret(n);
}

/**
 * `write(fd, buf, count)`: give bytes to an open file. Text is written as UTF-8.
 *
 * @returns the number of bytes taken, which may be fewer; -1 with errno EBADF, EINVAL, EFAULT, EAGAIN, EINTR, EPIPE (SIGPIPE
 *          comes first, and ends a process that does not ignore it) …
 * Sleeps while there is no room. write(2).
 */
export async function write(
  this: Thread,
  fd: number,
  buf: Uint8Array | string | null,
  count?: number,
): Promise<number> {
  const bytes = typeof buf === 'string' ? to_bytes(buf) : buf;
  const ptr = this.map(bytes);
  const r = this.enter(this.nr.write, fd, ptr, count ?? (bytes === null ? 0 : bytes.length));
  const n = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  return this.ret(n);
}

/**
 * `lseek(fd, offset, whence)`: SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE.
 *
 * @returns the new position, or -1 with errno EBADF, EINVAL, ESPIPE (it has no position), ENXIO (no data there). lseek(2).
 */
export async function lseek(this: Thread, fd: number, offset: number, whence: number): Promise<number> {
  const r = this.enter(this.nr.lseek, fd, offset, whence);
  return this.ret(typeof r === 'number' ? r : await r);
}

/** `pread(fd, buf, count, offset)`: read at a position, leaving that of the file alone. ESPIPE, EINVAL. pread(2). */
export async function pread(
  this: Thread,
  fd: number,
  buf: Uint8Array | null,
  count: number,
  offset: number,
): Promise<number> {
  const ptr = this.map(buf);
  const r = this.enter(this.nr.pread64, fd, ptr, count, offset);
  const n = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  return this.ret(n);
}

/** `pwrite(fd, buf, count, offset)`: with O_APPEND at the end all the same. pread(2). */
export async function pwrite(
  this: Thread,
  fd: number,
  buf: Uint8Array | string | null,
  count: number,
  offset: number,
): Promise<number> {
  const ptr = this.map(buf === null ? null : to_bytes(buf));
  const r = this.enter(this.nr.pwrite64, fd, ptr, count, offset);
  const n = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  return this.ret(n);
}

// Names.

/** `access(path, mode)`: may the real user do that? EACCES, ENOENT … access(2). */
export async function access(this: Thread, path: Path, mode: number): Promise<number> {
  return call_with(this, 'access', c_string(path), mode);
}

/** `faccessat(dirfd, path, mode, flags)`: flags need faccessat2 (5.8). ENOSYS, EINVAL. access(2). */
export async function faccessat(this: Thread, dirfd: number, path: Path, mode: number, flags: number): Promise<number> {
  if (flags === 0) return call_with(this, 'faccessat', dirfd, c_string(path), mode);
  return call_with(this, 'faccessat2', dirfd, c_string(path), mode, flags);
}

/** `unlink(path)`: take a name away; the file goes with the last one, and when nobody has it open. ENOENT, EISDIR, EACCES, EPERM. unlink(2). */
export async function unlink(this: Thread, path: Path): Promise<number> {
  return call_with(this, 'unlink', c_string(path));
}

/** `unlinkat(dirfd, path, flags)`: AT_REMOVEDIR makes it rmdir. unlink(2). */
export async function unlinkat(this: Thread, dirfd: number, path: Path, flags: number): Promise<number> {
  return call_with(this, 'unlinkat', dirfd, c_string(path), flags);
}

/** `rmdir(path)`. ENOTEMPTY, ENOTDIR, ENOENT, EBUSY, EINVAL ("."). rmdir(2). */
export async function rmdir(this: Thread, path: Path): Promise<number> {
  return call_with(this, 'rmdir', c_string(path));
}

/** `link(old, new)`: a further name. EEXIST, EPERM (a directory), EXDEV. link(2). */
export async function link(this: Thread, oldpath: Path, newpath: Path): Promise<number> {
  return call_with(this, 'link', c_string(oldpath), c_string(newpath));
}

/** `linkat(olddirfd, old, newdirfd, new, flags)`: AT_SYMLINK_FOLLOW, AT_EMPTY_PATH. link(2). */
export async function linkat(
  this: Thread,
  olddirfd: number,
  oldpath: Path,
  newdirfd: number,
  newpath: Path,
  flags: number,
): Promise<number> {
  return call_with(this, 'linkat', olddirfd, c_string(oldpath), newdirfd, c_string(newpath), flags);
}

/** `symlink(target, path)`: a name that leads to another path. EEXIST, ENOENT. symlink(2). */
export async function symlink(this: Thread, target: Path, linkpath: Path): Promise<number> {
  return call_with(this, 'symlink', c_string(target), c_string(linkpath));
}

export async function symlinkat(this: Thread, target: Path, newdirfd: number, linkpath: Path): Promise<number> {
  return call_with(this, 'symlinkat', c_string(target), newdirfd, c_string(linkpath));
}

/** `readlink(path, buf, size)`: where a link leads, in bytes, without a zero; cut to `size`. EINVAL (no link). readlink(2). */
export async function readlink(
  this: Thread,
  path: Path,
  buf: Uint8Array | null,
  size = buf === null ? 0 : buf.length,
): Promise<number> {
  return call_with(this, 'readlink', c_string(path), buf, size);
}

export async function readlinkat(
  this: Thread,
  dirfd: number,
  path: Path,
  buf: Uint8Array | null,
  size = buf === null ? 0 : buf.length,
): Promise<number> {
  return call_with(this, 'readlinkat', dirfd, c_string(path), buf, size);
}

/** `chdir(path)`: where relative paths begin. ENOENT, ENOTDIR, EACCES. chdir(2). */
export async function chdir(this: Thread, path: Path): Promise<number> {
  return call_with(this, 'chdir', c_string(path));
}

/** `fchdir(fd)`. EBADF, ENOTDIR, EACCES. chdir(2). */
export async function fchdir(this: Thread, fd: number): Promise<number> {
  return call_with(this, 'fchdir', fd);
}

/** `chroot(path)`: where absolute paths begin. EPERM. chroot(2). */
export async function chroot(this: Thread, path: Path): Promise<number> {
  return call_with(this, 'chroot', c_string(path));
}

/** `getcwd(buf, size)`, here `getcwd()`: the working folder's path, or null with errno ENOENT (it was removed). getcwd(3). */
export async function getcwd(this: Thread): Promise<string | null> {
  const buf = new Uint8Array(PATH_MAX);
  const ret = this.ret(await enter_with(this, 'getcwd', [buf, buf.length]));
  return ret === -1 ? null : to_text(until_zero(buf));
}

/** `truncate(path, length)`: cut a file, or make it longer with zeros. EINVAL, EISDIR, EACCES, EFBIG. truncate(2). */
export async function truncate(this: Thread, path: Path, length: number): Promise<number> {
  return call_with(this, 'truncate', c_string(path), length);
}

/** `ftruncate(fd, length)`. EBADF, EINVAL (not open for writing), EPERM (sealed). truncate(2). */
export async function ftruncate(this: Thread, fd: number, length: number): Promise<number> {
  return call_with(this, 'ftruncate', fd, length);
}

/** `chown(path, owner, group)`: -1 leaves one as it is. EPERM. chown(2). */
export async function chown(this: Thread, path: Path, owner: number, group: number): Promise<number> {
  return call_with(this, 'chown', c_string(path), owner, group);
}

export async function lchown(this: Thread, path: Path, owner: number, group: number): Promise<number> {
  return call_with(this, 'lchown', c_string(path), owner, group);
}

export async function fchown(this: Thread, fd: number, owner: number, group: number): Promise<number> {
  return call_with(this, 'fchown', fd, owner, group);
}

export async function fchownat(
  this: Thread,
  dirfd: number,
  path: Path,
  owner: number,
  group: number,
  flags: number,
): Promise<number> {
  return call_with(this, 'fchownat', dirfd, c_string(path), owner, group, flags);
}

/** `dup(fd)`: a second descriptor, the lowest free, without close-on-exec. -1 with errno EBADF, EMFILE. dup(2). */
export async function dup(this: Thread, fd: number): Promise<number> {
  const r = this.enter(this.nr.dup, fd);
  return this.ret(typeof r === 'number' ? r : await r);
}

/** `dup2(oldfd, newfd)`: the same with a given number; what was open there is closed. -1 with errno EBADF, EBUSY. dup(2). */
export async function dup2(this: Thread, oldfd: number, newfd: number): Promise<number> {
  const r = this.enter(this.nr.dup2, oldfd, newfd);
  return this.ret(typeof r === 'number' ? r : await r);
}

/** `getpid()`: the process id. getpid(2). */
export async function getpid(this: Thread): Promise<number> {
  const r = this.enter(this.nr.getpid);
  return typeof r === 'number' ? r : await r;
}

/** `getppid()`: the parent's process id. getppid(2). */
export async function getppid(this: Thread): Promise<number> {
  const r = this.enter(this.nr.getppid);
  return typeof r === 'number' ? r : await r;
}

/** `gettid()`: the thread id. gettid(2). */
export async function gettid(this: Thread): Promise<number> {
  const r = this.enter(this.nr.gettid);
  return typeof r === 'number' ? r : await r;
}

/** `_exit(status)`: end the process at once. Never comes back. _exit(2). */
export async function _exit(this: Thread, status: number): Promise<never> {
  await this.enter(this.nr.exit_group, status);
  throw new Error('exit_group returned');
}

/**
 * `syscall(number, …)`: enter the kernel by number, as programs do that go around the library. Up to six arguments: numbers
 * as they are, a Uint8Array as the address of its bytes for the length of the call, null as 0.
 *
 * @returns what the kernel left in rax, or -1 with errno. syscall(2).
 */
export async function syscall(
  this: Thread,
  number: number,
  ...args: readonly (number | Uint8Array | null)[]
): Promise<number> {
  if (typeof number !== 'number') throw new TypeError(`the number of a system call is not ${describe(number)}`);
  if (args.length > 6) throw new TypeError(`a system call has six registers, not ${args.length}`);
  const mapped: number[] = [];
  const regs = args.map((arg) => {
    if (arg === null) return 0;
    if (typeof arg === 'number') return arg;
    const ptr = this.map(arg);
    mapped.push(ptr);
    return ptr;
  });
  const ret = await this.enter(number, ...(regs as [number]));
  for (const ptr of mapped) this.unmap(ptr);
  return this.ret(ret);
}

/** `pipe(fds)`: the reading end in `fds[0]`, the writing end in `fds[1]`. -1 with errno EMFILE, EFAULT. pipe(2). */
export async function pipe(this: Thread, fds: number[] | null): Promise<number> {
  return pipe2_call(this, fds, 0);
}

/**
 * `pipe2(fds, flags)`: O_CLOEXEC and O_NONBLOCK, which the route carries; O_DIRECT (packets, 3.4) only where the call knows it.
 *
 * @returns 0; -1 with errno EINVAL (flags), EMFILE, EFAULT, ENOSYS. pipe(2).
 */
export async function pipe2(this: Thread, fds: number[] | null, flags: number): Promise<number> {
  return pipe2_call(this, fds, flags);
}

async function pipe2_call(t: Thread, fds: number[] | null, flags: number): Promise<number> {
  if (fds !== null) want_list(fds, 'fds is a list to fill in, or null');
  want_number(flags, 'flags');
  const { sp } = t;
  const ptr = t.alloca(8);
  const out = fds === null ? 0 : ptr;
  const r = flags === 0 ? t.enter(t.nr.pipe, out) : t.process.route(t, PIPE2, flags, out, 0, 0, 0);
  const ret = typeof r === 'number' ? r : await r;
  if (ret === 0 && fds !== null) {
    fds[0] = t.load_s32(ptr);
    fds[1] = t.load_s32(ptr + 4);
  }
  t.leave(sp);
  return t.ret(ret);
}

/**
 * `dup3(oldfd, newfd, flags)`: dup2 with O_CLOEXEC; equal numbers are EINVAL.
 *
 * @returns `newfd`; -1 with errno EINVAL, EBADF, EBUSY, ENOSYS. dup(2).
 */
export async function dup3(this: Thread, oldfd: number, newfd: number, flags: number): Promise<number> {
  if (oldfd === newfd) return this.ret(-EINVAL);
  const r =
    flags === 0 ? this.enter(this.nr.dup2, oldfd, newfd) : this.process.route(this, DUP3, flags, oldfd, newfd, 0, 0);
  return this.ret(typeof r === 'number' ? r : await r);
}

/**
 * `close_range(first, last, flags)`: close all descriptors from first to last. CLOSE_RANGE_UNSHARE, CLOSE_RANGE_CLOEXEC.
 *
 * @returns 0; -1 with errno EINVAL, ENOSYS (before 5.9). close_range(2).
 */
export async function close_range(this: Thread, first: number, last: number, flags: number): Promise<number> {
  const r = this.enter(this.nr.close_range, first, last, flags);
  return this.ret(typeof r === 'number' ? r : await r);
}

/** `closefrom(lowfd)`: close every descriptor from `lowfd` on; without close_range (before 5.9) one by one up to the limit. closefrom(3). */
export async function closefrom(this: Thread, lowfd: number): Promise<void> {
  await close_from(this, Math.max(lowfd, 0));
}
