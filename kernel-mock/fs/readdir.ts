/** Reading directories (fs/readdir.c). */
import type { DirContext, OpenFile } from '../include/linux/fs.js';
import type { Task } from '../include/linux/sched.js';
import { EBADF, EFAULT, EINVAL, ENOTDIR } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { put_u16, put_u64 } from '../lib/bytes.js';
import { find_vma } from '../mm/mmap.js';
import { fget } from './file.js';
import { current_time } from './inode.js';
import { fsnotify_access } from './notify/fsnotify.js';

const DIRENT64 = layout_x86_64.linux_dirent64;
/** struct linux_dirent: the type stands behind the name. */
const OLD_NAME = 18;

const align8 = (n: number): number => (n + 7) & ~7;

/** Takes entries in the form of the call until `count` bytes at `buf` are full. */
class GetdentsCallback implements DirContext {
  pos: number;
  used = 0;
  error = 0;
  readonly #task: Task;
  readonly #buf: number;
  readonly #count: number;
  readonly #old: boolean;

  constructor(task: Task, pos: number, buf: number, count: number, old: boolean) {
    this.#task = task;
    this.pos = pos;
    this.#buf = buf;
    this.#count = count;
    this.#old = old;
  }

  actor(name: string, ino: number, type: number, next: number): boolean {
    const at_name = this.#old ? OLD_NAME : DIRENT64.d_name;
    const reclen = align8(at_name + name.length + (this.#old ? 2 : 1));
    if (this.used + reclen > this.#count) {
      this.error = -EINVAL;
      return false;
    }
    const area = find_vma(this.#task.mm, this.#buf + this.used, reclen);
    if (area === null) {
      this.error = -EFAULT;
      return false;
    }
    const { bytes } = area;
    const o = this.#buf + this.used - area.start;
    bytes.fill(0, o, o + reclen);
    put_u64(bytes, o + DIRENT64.d_ino, ino);
    put_u64(bytes, o + DIRENT64.d_off, next);
    put_u16(bytes, o + DIRENT64.d_reclen, reclen);
    bytes[this.#old ? o + reclen - 1 : o + DIRENT64.d_type] = type;
    for (let i = 0; i < name.length; i++) bytes[o + at_name + i] = name.charCodeAt(i);
    this.used += reclen;
    return true;
  }
}

function getdents(task: Task, file: OpenFile | null, dirent: number, count: number, old: boolean): number {
  if (file === null) return -EBADF;
  if (file.f_op.iterate_shared === undefined) return -ENOTDIR;
  const ctx = new GetdentsCallback(task, file.f_pos, dirent, count >>> 0, old);
  const err = file.f_op.iterate_shared(task, file, ctx);
  if (err < 0) return err;
  file.f_pos = ctx.pos;
  file.f_inode!.i_atime = current_time(task.kernel);
  fsnotify_access(file);
  return ctx.used > 0 ? ctx.used : ctx.error;
}

/**
 * `getdents64(fd, dirent, count)`: as many entries as fit.
 *
 * @returns bytes, 0 at the end; -EBADF, -ENOTDIR, -ENOENT (the directory was removed), -EINVAL (no room for one entry), -EFAULT.
 * getdents(2); Linux fs/readdir.c.
 */
export function sys_getdents64(task: Task, fd: number, dirent: number, count: number): number {
  return getdents(task, fget(task, fd), dirent, count, false);
}

/** `getdents(fd, dirent, count)`: the same in the older form. */
export function sys_getdents(task: Task, fd: number, dirent: number, count: number): number {
  return getdents(task, fget(task, fd), dirent, count, true);
}
