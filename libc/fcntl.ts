/** fcntl.h. */
import { put_u64 } from '../kernel-mock/include/uapi/byteorder.js';
import {
  F_GETLK,
  F_GETOWNER_UIDS,
  F_GETOWN_EX,
  F_GET_RW_HINT,
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_SETLK,
  F_SETLKW,
  F_SETOWN_EX,
  F_SET_RW_HINT,
  O_CLOEXEC,
  O_CREAT,
  O_TRUNC,
  O_WRONLY,
} from '../kernel-mock/include/uapi/fcntl.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { type Path, c_string, call_with } from './internal/call.js';
import { OPEN, OPENAT } from './internal/descriptor_calls.js';
import { want_number, want_object } from './internal/describe.js';
import { type FcntlArg, decode_fcntl, encode_fcntl } from './internal/flock.js';
import type { Thread } from './internal/thread.js';

const HOW = layout_x86_64.open_how;

/**
 * `open(path, flags, mode)`: a descriptor for a file.
 *
 * @param flags O_RDONLY, O_WRONLY or O_RDWR, with O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_CLOEXEC …
 * @param mode permissions of a new file, cut by the umask
 * @returns the lowest free descriptor, or -1 with errno ENOENT, EACCES, EEXIST, EISDIR, ENOTDIR, ELOOP, ENXIO, EMFILE …
 * Where the kernel ignores O_CLOEXEC (before 2.6.23) the route says how the flag is set. Sleeps where a FIFO waits for its
 * other end. open(2).
 */
export async function open(this: Thread, path: Path, flags: number, mode = 0): Promise<number> {
  const cloexec = flags & O_CLOEXEC;
  const ptr = this.map(c_string(path));
  const r =
    cloexec === 0
      ? this.enter(this.nr.open, ptr, flags, mode)
      : this.process.route(this, OPEN, O_CLOEXEC, ptr, flags & ~O_CLOEXEC, mode, 0);
  const fd = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  return this.ret(fd);
}

/** `openat(dirfd, path, flags, mode)`: open, a relative path beginning at `dirfd`. EBADF, ENOTDIR. open(2). */
export async function openat(this: Thread, dirfd: number, path: Path, flags: number, mode = 0): Promise<number> {
  const cloexec = flags & O_CLOEXEC;
  const ptr = this.map(c_string(path));
  const r =
    cloexec === 0
      ? this.enter(this.nr.openat, dirfd, ptr, flags, mode)
      : this.process.route(this, OPENAT, O_CLOEXEC, dirfd, ptr, flags & ~O_CLOEXEC, mode);
  const fd = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  return this.ret(fd);
}

/** `creat(path, mode)`: open with O_CREAT | O_WRONLY | O_TRUNC. open(2). */
export async function creat(this: Thread, path: Path, mode: number): Promise<number> {
  return open.call(this, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/** struct open_how. */
export interface OpenHow {
  flags: number;
  mode?: number;
  /** RESOLVE_* bits: where the path may not lead. */
  resolve?: number;
}

/** `openat2(dirfd, path, how, size)` (5.6; glibc has no wrapper): unknown bits are EINVAL. ENOSYS, E2BIG, EXDEV, ELOOP. openat2(2). */
export async function openat2(
  this: Thread,
  dirfd: number,
  path: Path,
  how: OpenHow,
  size: number = HOW.size,
): Promise<number> {
  want_object(how, 'how is { flags, mode, resolve }');
  want_number(how.flags, 'flags');
  const raw = new Uint8Array(Math.max(size, HOW.size));
  put_u64(raw, HOW.flags, how.flags);
  put_u64(raw, HOW.mode, how.mode ?? 0);
  put_u64(raw, HOW.resolve, how.resolve ?? 0);
  return call_with(this, 'openat2', dirfd, c_string(path), raw, size);
}

/** Commands whose argument is a pointer: it may be null, and the kernel finds that out. For any other null is no number. */
const TAKES_POINTER: ReadonlySet<number> = new Set([
  F_GETLK,
  F_SETLK,
  F_SETLKW,
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_SETOWN_EX,
  F_GETOWN_EX,
  F_GETOWNER_UIDS,
  F_GET_RW_HINT,
  F_SET_RW_HINT,
]);

/**
 * `fcntl(fd, cmd, arg)`: F_DUPFD, F_DUPFD_CLOEXEC (from 2.6.24), F_GETFD, F_SETFD, F_GETFL, F_SETFL, record locks, leases, owners,
 * seals, the size of a pipe, write hints.
 *
 * @param arg a number; for locks a struct flock, for F_SETOWN_EX and F_GETOWN_EX a struct f_owner_ex: filled in as the command
 *            says; or the bytes of one (F_GETOWNER_UIDS: two ints; F_GET_RW_HINT, F_SET_RW_HINT: eight)
 * @returns as the command says, or -1 with errno EBADF, EINVAL (command, or a bad argument), EMFILE, EAGAIN (a lock), EDEADLK …
 * F_SETLKW sleeps until the lock is free. fcntl(2).
 */
export async function fcntl(
  this: Thread,
  fd: number,
  cmd: number,
  arg: number | FcntlArg | Uint8Array | null = 0,
): Promise<number> {
  if (typeof arg !== 'object' || (arg === null && !TAKES_POINTER.has(cmd))) {
    const r = this.enter(this.nr.fcntl, fd, cmd, arg!);
    return this.ret(typeof r === 'number' ? r : await r);
  }
  if (arg === null || arg instanceof Uint8Array) return call_with(this, 'fcntl', fd, cmd, arg);
  const raw = encode_fcntl(arg);
  // POSIX: of fcntl only that one.
  this.cancel_call = cmd === F_SETLKW || cmd === F_OFD_SETLKW;
  const ret = await call_with(this, 'fcntl', fd, cmd, raw);
  this.cancel_call = false;
  if (ret >= 0) decode_fcntl(raw, arg);
  return ret;
}

/** `fallocate(fd, mode, offset, len)`: room for a file, or a hole in it. EBADF, EINVAL, EOPNOTSUPP, ENODEV, ESPIPE, EFBIG. fallocate(2). */
export async function fallocate(this: Thread, fd: number, mode: number, offset: number, len: number): Promise<number> {
  return call_with(this, 'fallocate', fd, mode, offset, len);
}
