/** dirent.h: reading directories. */
import { get_u16, get_u64 } from '../kernel-mock/include/uapi/byteorder.js';
import {
  FD_CLOEXEC,
  F_SETFD,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NONBLOCK,
  O_RDONLY,
} from '../kernel-mock/include/uapi/fcntl.js';
import { SEEK_SET } from '../kernel-mock/include/uapi/fs.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { ENOSYS, ENOTDIR } from '../kernel-mock/include/uapi/errno.js';
import { S_IFDIR, S_IFMT } from '../kernel-mock/include/uapi/stat.js';
import { open } from './fcntl.js';
import { type Path, enter_with, until_zero } from './internal/call.js';
import { to_text } from './internal/text.js';
import { describe } from './internal/describe.js';
import type { Thread } from './internal/thread.js';
import { type Stat, fstat } from './sys/stat.js';
import { close, lseek } from './unistd.js';

const DIRENT64 = layout_x86_64.linux_dirent64;
const BUFFER = 32768;

export interface Dirent {
  readonly d_ino: number;
  readonly d_off: number;
  /** DT_*. */
  readonly d_type: number;
  readonly d_name: string;
}

/** A directory that is being read. */
export interface DIR {
  readonly fd: number;
  /** Entries that the kernel gave and nobody has taken. */
  buf: Uint8Array;
  at: number;
}

function check_dir(dir: unknown): void {
  if (typeof dir !== 'object' || dir === null || !('buf' in dir))
    throw new TypeError(`dir is what opendir answered, not ${describe(dir)}`);
}

/** A directory, marked; where the route has no way for the mark, as glibc marked it before O_CLOEXEC. */
async function open_directory(t: Thread, name: Path): Promise<number> {
  const flags = O_RDONLY | O_NONBLOCK | O_DIRECTORY;
  const fd = await open.call(t, name, flags | O_CLOEXEC);
  if (fd !== -1 || t.errno !== ENOSYS) return fd;
  const plain = await open.call(t, name, flags);
  if (plain !== -1) await t.enter(t.nr.fcntl, plain, F_SETFD, FD_CLOEXEC);
  return plain;
}

/** `opendir(name)`: null with errno ENOENT, ENOTDIR, EACCES, EMFILE. Its descriptor closes on exec. opendir(3). */
export async function opendir(this: Thread, name: Path): Promise<DIR | null> {
  const fd = await open_directory(this, name);
  return fd === -1 ? null : { fd, buf: new Uint8Array(0), at: 0 };
}

/** `fdopendir(fd)`: over a descriptor, which closedir closes. Null with errno EBADF, ENOTDIR. fdopendir(3). */
export async function fdopendir(this: Thread, fd: number): Promise<DIR | null> {
  const st: Partial<Stat> = {};
  if ((await fstat.call(this, fd, st)) === -1) return null;
  if ((st.st_mode! & S_IFMT) === S_IFDIR) return { fd, buf: new Uint8Array(0), at: 0 };
  this.errno = ENOTDIR;
  return null;
}

/** `readdir(dir)`: the next entry; null at the end, and with errno EBADF, ENOENT (it was removed). readdir(3). */
export async function readdir(this: Thread, dir: DIR): Promise<Dirent | null> {
  check_dir(dir);
  if (dir.at >= dir.buf.length) {
    const buf = new Uint8Array(BUFFER);
    const n = await enter_with(this, 'getdents64', [dir.fd, buf, buf.length]);
    if (n < 0) this.errno = -n;
    if (n <= 0) return null;
    dir.buf = buf.subarray(0, n);
    dir.at = 0;
  }
  const { buf, at } = dir;
  const reclen = get_u16(buf, at + DIRENT64.d_reclen);
  dir.at += reclen;
  return {
    d_ino: get_u64(buf, at + DIRENT64.d_ino),
    d_off: get_u64(buf, at + DIRENT64.d_off),
    d_type: buf[at + DIRENT64.d_type]!,
    d_name: to_text(until_zero(buf.subarray(at + DIRENT64.d_name, at + reclen))),
  };
}

/** `rewinddir(dir)`: from the start again. rewinddir(3). */
export async function rewinddir(this: Thread, dir: DIR): Promise<void> {
  check_dir(dir);
  dir.at = dir.buf.length;
  await lseek.call(this, dir.fd, 0, SEEK_SET);
}

/** `closedir(dir)`. EBADF. closedir(3). */
export async function closedir(this: Thread, dir: DIR): Promise<number> {
  check_dir(dir);
  return close.call(this, dir.fd);
}

/** `dirfd(dir)`: its descriptor. dirfd(3). */
export function dirfd(this: Thread | void, dir: DIR): number {
  check_dir(dir);
  return dir.fd;
}
