/** ioctl: the requests that every descriptor knows (fs/ioctl.c). */
import type { OpenFile } from '../include/linux/fs.js';
import type { Task } from '../include/linux/sched.js';
import { EBADF, EFAULT, ENOTTY } from '../include/uapi/errno.js';
import { O_ASYNC, O_NONBLOCK } from '../include/uapi/fcntl.js';
import { FIGETBSZ } from '../include/uapi/fs.js';
import { FIOASYNC, FIOCLEX, FIONBIO, FIONCLEX, FIONREAD, FIOQSIZE } from '../include/uapi/ioctls.js';
import { S_ISDIR, S_ISREG } from '../include/uapi/stat.js';
import { get_user_u32, put_user_u32, put_user_u64 } from '../mm/uaccess.js';
import { fget, set_close_on_exec } from './file.js';
import { file_inode } from './inode.js';
import { inode_blocks } from './stat.js';
import { vfs_of } from './namespace.js';

function ioctl_fionbio(task: Task, file: OpenFile, argp: number): number {
  const on = get_user_u32(task.mm, argp);
  if (on < 0) return -EFAULT;
  file.f_flags = on === 0 ? file.f_flags & ~O_NONBLOCK : file.f_flags | O_NONBLOCK;
  return 0;
}

/** -EFAULT, -ENOTTY (it would change something, and the file sends no signals). */
function ioctl_fioasync(task: Task, file: OpenFile, fd: number, argp: number): number {
  const on = get_user_u32(task.mm, argp);
  if (on < 0) return -EFAULT;
  if ((on !== 0) === ((file.f_flags & O_ASYNC) !== 0)) return 0;
  if (file.f_op.fasync === undefined) return -ENOTTY;
  file.f_op.fasync(file, fd, on !== 0);
  return 0;
}

function is_regular(file: OpenFile): boolean {
  return file.f_path !== null && S_ISREG(file.f_inode!.i_mode);
}

/** What a read would find: of a regular file up to its end, else what the file says. */
function ioctl_fionread(task: Task, file: OpenFile, argp: number): number {
  if (is_regular(file)) return put_user_u32(task.mm, argp, (file.f_inode!.i_size - file.f_pos) >>> 0);
  if (file.f_op.nread === undefined) return vfs_ioctl(task, file, FIONREAD, argp);
  return put_user_u32(task.mm, argp, file.f_op.nread(file));
}

/** Bytes that a file has on its disk, or the size of a directory; -ENOTTY for anything else. */
function ioctl_fioqsize(task: Task, file: OpenFile, argp: number): number {
  if (!is_regular(file) && (file.f_path === null || !S_ISDIR(file.f_inode!.i_mode))) return -ENOTTY;
  const inode = file.f_inode!;
  return put_user_u64(task.mm, argp, is_regular(file) ? inode_blocks(inode) * 512 : inode.i_size);
}

/** The block size of the file system. */
function ioctl_figetbsz(task: Task, file: OpenFile, argp: number): number {
  const vfs = vfs_of(task.kernel);
  return put_user_u32(task.mm, argp, file_inode(file, vfs).i_sb === vfs.proc.d_inode.i_sb ? 1024 : 4096);
}

/** What only the kind of file knows. */
function vfs_ioctl(task: Task, file: OpenFile, cmd: number, argp: number): number {
  return file.f_op.ioctl?.(task, file, cmd, argp) ?? -ENOTTY;
}

type Request = (task: Task, file: OpenFile, argp: number, fd: number) => number;

/** By request. Linux: do_vfs_ioctl. */
const requests: Readonly<Record<number, Request>> = {
  [FIOCLEX]: (task, _file, _argp, fd) => {
    set_close_on_exec(task, fd, true);
    return 0;
  },
  [FIONCLEX]: (task, _file, _argp, fd) => {
    set_close_on_exec(task, fd, false);
    return 0;
  },
  [FIONBIO]: ioctl_fionbio,
  [FIOASYNC]: (task, file, argp, fd) => ioctl_fioasync(task, file, fd, argp),
  [FIOQSIZE]: ioctl_fioqsize,
  [FIGETBSZ]: ioctl_figetbsz,
  [FIONREAD]: ioctl_fionread,
};

/**
 * `ioctl(fd, request, argp)`: FIOCLEX, FIONCLEX, FIONBIO, FIOASYNC, FIOQSIZE, FIGETBSZ, FIONREAD, then what the kind of file knows.
 * -EBADF (O_PATH too), -ENOTTY, -EFAULT. ioctl(2).
 */
export function sys_ioctl(task: Task, fd: number, request: number, argp: number): number {
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  const cmd = request >>> 0;
  return requests[cmd]?.(task, file, argp, fd >>> 0) ?? vfs_ioctl(task, file, cmd, argp);
}
