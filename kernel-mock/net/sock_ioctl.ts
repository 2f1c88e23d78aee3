/** ioctl on sockets: who is told about them, and what a protocol counts (net/socket.c, sock_ioctl). */
import type { OpenFile } from '../include/linux/fs.js';
import type { Socket } from '../include/linux/net.js';
import type { Task } from '../include/linux/sched.js';
import { EFAULT, ENOTTY } from '../include/uapi/errno.js';
import { FIOGETOWN, FIOSETOWN, SIOCGPGRP, SIOCSPGRP } from '../include/uapi/ioctls.js';
import { fcntl_getown, fcntl_setown } from '../fs/fown.js';
import { get_user_u32, put_user_u32 } from '../mm/uaccess.js';

/** -EFAULT, then as F_SETOWN: -EINVAL, -ESRCH. */
function set_owner(task: Task, file: OpenFile, argp: number): number {
  const who = get_user_u32(task.mm, argp);
  return who < 0 ? -EFAULT : fcntl_setown(task, file, who);
}

/** -ENOTTY, what the protocol answers, -EFAULT. */
export function sock_ioctl(task: Task, file: OpenFile, sock: Socket, request: number, argp: number): number {
  if (request === FIOSETOWN || request === SIOCSPGRP) return set_owner(task, file, argp);
  if (request === FIOGETOWN || request === SIOCGPGRP) return put_user_u32(task.mm, argp, fcntl_getown(file));
  const value = sock.ops.ioctl?.(sock, request) ?? -ENOTTY;
  return value < 0 ? value : put_user_u32(task.mm, argp, value);
}
