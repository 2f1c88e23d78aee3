/** Messages: the calls that send and receive, of every family (net/socket.c). */
import type { MsgHdr } from '../include/linux/net.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import { hold_file } from '../fs/file.js';
import { MAX_RW_COUNT, iov_iter_ubuf } from '../mm/iov_iter.js';
import { size_t } from '../mm/uaccess.js';
import {
  NO_ADDRESS,
  held,
  move_addr_to_kernel,
  move_addr_to_user,
  plain_message,
  sock_of,
  sockfd_lookup,
} from './socket.js';

/**
 * `sendto(fd, buf, len, flags, addr, addrlen)`; send is sendto without an address.
 *
 * @returns bytes sent; -EBADF, -ENOTSOCK, -EINVAL (addrlen), -EFAULT, then as the family: -EAGAIN, -ENOTCONN, -EPIPE (with
 *          SIGPIPE unless MSG_NOSIGNAL), -EMSGSIZE, -EDESTADDRREQ …
 * Sleeps while the peer's queue is full. send(2).
 */
export function sys_sendto(
  task: Task,
  fd: number,
  buf: number,
  len: number,
  flags: number,
  uaddr: number,
  addrlen: number,
): Result {
  const file = sockfd_lookup(task, fd);
  if (typeof file === 'number') return file;
  const msg = plain_message(task, file);
  if (uaddr !== 0) {
    const addr = move_addr_to_kernel(task, uaddr, addrlen);
    if (typeof addr === 'number') return addr;
    msg.name = addr;
  }
  msg.flags |= flags | 0;
  iov_iter_ubuf(task.iter, buf, Math.min(size_t(len), MAX_RW_COUNT));
  const sock = sock_of(file);
  return held(file, sock.ops.sendmsg(task, sock, msg));
}

/** What recvfrom adds to a receive: the sender's address, of length 0 where the protocol tells none. */
function recv_name(task: Task, msg: MsgHdr, ret: number, uaddr: number, ulen: number): number {
  if (ret < 0) return ret;
  const err = move_addr_to_user(task, msg.name ?? NO_ADDRESS, uaddr, ulen);
  return err < 0 ? err : ret;
}

function* recvfrom_sleep(task: Task, sleep: Sleep, msg: MsgHdr, uaddr: number, ulen: number): Sleep {
  return recv_name(task, msg, yield* sleep, uaddr, ulen);
}

/**
 * `recvfrom(fd, buf, len, flags, addr, addrlen)`; recv is recvfrom without an address.
 *
 * @returns bytes received, 0 at end of file; -EBADF, -ENOTSOCK, then as the family: -EAGAIN, -EINTR, -ENOTCONN, -ECONNRESET,
 *          -EFAULT … Sleeps while nothing is there. recv(2).
 */
export function sys_recvfrom(
  task: Task,
  fd: number,
  buf: number,
  len: number,
  flags: number,
  uaddr: number,
  ulen: number,
): Result {
  const file = sockfd_lookup(task, fd);
  if (typeof file === 'number') return file;
  const msg = plain_message(task, file);
  msg.want_name = uaddr !== 0;
  msg.flags |= flags | 0;
  iov_iter_ubuf(task.iter, buf, Math.min(size_t(len), MAX_RW_COUNT));
  const sock = sock_of(file);
  const ret = sock.ops.recvmsg(task, sock, msg);
  if (typeof ret !== 'number') return hold_file(file, uaddr === 0 ? ret : recvfrom_sleep(task, ret, msg, uaddr, ulen));
  return uaddr === 0 ? ret : recv_name(task, msg, ret, uaddr, ulen);
}
