/** What a socket's file answers to ioctl and O_ASYNC (net/socket.c sock_ioctl, sock_fasync; net/core/sock.c sk_wake_async). */
import type { OpenFile } from '../include/linux/fs.js';
import { RCV_SHUTDOWN, SEND_SHUTDOWN, type Socket } from '../include/linux/net.js';
import type { Task } from '../include/linux/sched.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { ENOTTY } from '../include/uapi/errno.js';
import {
  FIOGETOWN,
  FIOSETOWN,
  SIOCGPGRP,
  SIOCGSTAMPNS_NEW,
  SIOCGSTAMPNS_OLD,
  SIOCGSTAMP_NEW,
  SIOCGSTAMP_OLD,
  SIOCSPGRP,
} from '../include/uapi/ioctls.js';
import { POLLERR, POLLIN, POLLOUT } from '../include/uapi/poll.js';
import { POLL_ERR, POLL_HUP, POLL_IN, POLL_OUT } from '../include/uapi/signal.js';
import { fasync_helper, fcntl_getown, fcntl_setown } from '../fs/fown.js';
import { copy_to_user, get_user_u32, put_user_u32 } from '../mm/uaccess.js';
import { put_stamp } from './socket_cmsgs.js';

const NSEC_PER_USEC = 1000;

/** The state changed: the connection has ended, its last byte is here, or it has begun. */
function state_reason(shutdown: number): number {
  if (shutdown === (RCV_SHUTDOWN | SEND_SHUTDOWN)) return POLL_HUP;
  return (shutdown & RCV_SHUTDOWN) !== 0 ? POLL_IN : POLL_OUT;
}

/** By the bits that poll shows, which change of a socket O_ASYNC tells of. Linux: sk_wake_async. */
function sock_reason(sock: Socket, key: number): number {
  if ((key & POLLERR) !== 0) return POLL_ERR;
  if ((key & POLLIN) !== 0) return POLL_IN;
  if ((key & POLLOUT) === 0) return state_reason(sock.sk.sk_shutdown);
  // Room is news only to who found none. Linux: SOCKWQ_ASYNC_NOSPACE.
  if (!sock.async_nospace) return 0;
  sock.async_nospace = false;
  return POLL_OUT;
}

export function sock_fasync(file: OpenFile, fd: number, on: boolean): void {
  const sock = file.private_data as Socket;
  fasync_helper(file, fd, on, sock.sk.sk_wait, (key) => sock_reason(sock, key));
}

/** SIOCGSTAMP and SIOCGSTAMPNS, each of two numbers, since on 32 bits there are two lengths: a struct timeval, a struct timespec. */
const STAMP_UNITS: Readonly<Record<number, number>> = {
  [SIOCGSTAMP_OLD]: NSEC_PER_USEC,
  [SIOCGSTAMP_NEW]: NSEC_PER_USEC,
  [SIOCGSTAMPNS_OLD]: 1,
  [SIOCGSTAMPNS_NEW]: 1,
};

/** -ENOTTY, -ENOENT, -EFAULT. */
function sock_gettstamp(task: Task, sock: Socket, argp: number, unit: number): number {
  const stamp = sock.ops.gettstamp?.(sock) ?? -ENOTTY;
  if (typeof stamp === 'number') return stamp;
  const raw = new Uint8Array(layout_x86_64.timespec.size);
  put_stamp(raw, 0, stamp, unit);
  return copy_to_user(task.mm, argp, raw, 0, raw.length);
}

/** -EFAULT, -ESRCH, -ENOTTY, and what the family answers. Linux: sock_ioctl. */
export function sock_ioctl(task: Task, file: OpenFile, cmd: number, argp: number): number {
  if (cmd === FIOSETOWN || cmd === SIOCSPGRP) {
    const pid = get_user_u32(task.mm, argp);
    return pid < 0 ? pid : fcntl_setown(task, file, pid);
  }
  const sock = file.private_data as Socket;
  const unit = STAMP_UNITS[cmd];
  if (unit !== undefined) return sock_gettstamp(task, sock, argp, unit);
  const value = cmd === FIOGETOWN || cmd === SIOCGPGRP ? fcntl_getown(file) : (sock.ops.ioctl?.(sock, cmd) ?? -ENOTTY);
  return value < 0 && cmd !== FIOGETOWN && cmd !== SIOCGPGRP ? value : put_user_u32(task.mm, argp, value >>> 0);
}
