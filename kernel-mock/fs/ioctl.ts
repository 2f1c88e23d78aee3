/** ioctl: the requests that every descriptor knows (fs/ioctl.c). */
import type { OpenFile } from '../include/linux/fs.js';
import type { Task } from '../include/linux/sched.js';
import { EBADF, EFAULT, ENOTTY } from '../include/uapi/errno.js';
import { O_ASYNC, O_NONBLOCK } from '../include/uapi/fcntl.js';
import { FIOASYNC, FIOCLEX, FIONBIO, FIONCLEX, FIONREAD } from '../include/uapi/ioctls.js';
import { get_user_u32, put_user_u32 } from '../mm/uaccess.js';
import { fget, set_close_on_exec } from './file.js';

/** Set or clear a status flag by the int at `argp`. */
function set_flag(task: Task, file: OpenFile, flag: number, argp: number): number {
  const on = get_user_u32(task.mm, argp);
  if (on < 0) return -EFAULT;
  const flags = on === 0 ? file.f_flags & ~flag : file.f_flags | flag;
  const err = flags === file.f_flags ? 0 : (file.f_op.setfl?.(file, flags) ?? 0);
  if (err < 0) return err;
  file.f_flags = flags;
  return 0;
}

type Request = (task: Task, file: OpenFile, fd: number, argp: number) => number;

/** By request. What is missing is -ENOTTY. */
const requests: Readonly<Record<number, Request>> = {
  [FIOCLEX]: (task, _file, fd) => {
    set_close_on_exec(task, fd, true);
    return 0;
  },
  [FIONCLEX]: (task, _file, fd) => {
    set_close_on_exec(task, fd, false);
    return 0;
  },
  [FIONBIO]: (task, file, _fd, argp) => set_flag(task, file, O_NONBLOCK, argp),
  [FIOASYNC]: (task, file, _fd, argp) => set_flag(task, file, O_ASYNC, argp),
  [FIONREAD]: (task, file, _fd, argp) => {
    const n = file.f_op.nread?.(file) ?? -ENOTTY;
    return n < 0 ? n : put_user_u32(task.mm, argp, n);
  },
};

/** `ioctl(fd, request, argp)`: FIOCLEX, FIONCLEX, FIONBIO, FIOASYNC, FIONREAD. -EBADF, -ENOTTY, -EFAULT. ioctl(2). */
export function sys_ioctl(task: Task, fd: number, request: number, argp: number): number {
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  const err = file.f_op.unlocked_ioctl?.(task, file, request >>> 0, argp) ?? -ENOTTY;
  return err === -ENOTTY ? (requests[request >>> 0]?.(task, file, fd >>> 0, argp) ?? -ENOTTY) : err;
}
