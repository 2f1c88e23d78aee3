/** Messages: the calls that send and receive, of every family (net/socket.c). */
import type { OpenFile } from '../include/linux/fs.js';
import type { MsgHdr } from '../include/linux/net.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import { EAGAIN, EFAULT, EINTR, EINVAL, EMSGSIZE, ENOBUFS, ERESTARTSYS } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import {
  MSG_BATCH,
  MSG_CMSG_CLOEXEC,
  MSG_CMSG_COMPAT,
  MSG_DONTWAIT,
  MSG_EOR,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_WAITFORONE,
} from '../include/uapi/socket.js';
import { UIO_MAXIOV } from '../include/uapi/uio.js';
import { put_u32, put_u64 } from '../lib/bytes.js';
import { hold_file } from '../fs/file.js';
import { put_timespec } from '../fs/select.js';
import { get_timespec } from '../kernel/futex.js';
import { ktime_get } from '../kernel/time.js';
import { MAX_RW_COUNT, import_iovec, iov_iter_ubuf } from '../mm/iov_iter.js';
import { area_view, find_vma, view_u64 } from '../mm/mmap.js';
import { access_ok, copy_from_user, get_user_u32, put_user_u32, size_t } from '../mm/uaccess.js';
import { sock_error } from './core/sock.js';
import {
  NO_ADDRESS,
  SOCKADDR_MAX,
  held,
  move_addr_to_kernel,
  move_addr_to_user,
  plain_message,
  sock_of,
  sockfd_lookup,
} from './socket.js';

const { msghdr: MSGHDR, mmsghdr: MMSGHDR } = layout_x86_64;

/** A buffer that no program can have is found before the socket is looked for. Linux: import_ubuf. */
function buf_is_bad(task: Task, buf: number, len: number): boolean {
  return !access_ok(buf, Math.min(size_t(len), MAX_RW_COUNT)) && task.kernel.release.sendto_buf_first;
}

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
  if (buf_is_bad(task, buf, len)) return -EFAULT;
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
  return held(task, file, sock.ops.sendmsg(task, sock, msg));
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
  if (buf_is_bad(task, buf, len)) return -EFAULT;
  const file = sockfd_lookup(task, fd);
  if (typeof file === 'number') return file;
  const msg = plain_message(task, file);
  msg.want_name = uaddr !== 0;
  msg.flags |= flags | 0;
  iov_iter_ubuf(task.iter, buf, Math.min(size_t(len), MAX_RW_COUNT));
  const sock = sock_of(file);
  const ret = sock.ops.recvmsg(task, sock, msg);
  if (typeof ret !== 'number')
    return hold_file(task, file, uaddr === 0 ? ret : recvfrom_sleep(task, ret, msg, uaddr, ulen));
  return uaddr === 0 ? ret : recv_name(task, msg, ret, uaddr, ulen);
}

// Messages with a header.

/** -EINVAL (negative; before 3.13 also longer than any address). Linux: __copy_msghdr, once verify_iovec. */
function check_namelen(task: Task, namelen: number): number {
  return namelen < 0 || (namelen > SOCKADDR_MAX && task.kernel.release.msghdr_first) ? -EINVAL : 0;
}

/** The destination of a message that is sent: -EFAULT. Length 0: none. */
function copy_msg_name(task: Task, msg: MsgHdr, uaddr: number, namelen: number): number {
  if (namelen === 0) return 0;
  const addr = move_addr_to_kernel(task, uaddr, Math.min(namelen, SOCKADDR_MAX));
  if (typeof addr === 'number') return addr;
  msg.name = addr;
  return 0;
}

/**
 * The header of a message: -EFAULT, -EINVAL (name length), -EFAULT (name), -EMSGSIZE (more than IOV_MAX buffers; once the
 * first check), then as import_iovec. A receive remembers where its name goes.
 */
function copy_msghdr_from_user(task: Task, msg: MsgHdr, umsg: number, receive: boolean): number {
  const area = find_vma(task.mm, umsg, MSGHDR.size);
  if (area === null) return -EFAULT;
  const header = area_view(area);
  const at = umsg - area.start;
  const uaddr = view_u64(header, at + MSGHDR.msg_name);
  const iovlen = view_u64(header, at + MSGHDR.msg_iovlen);
  const namelen = uaddr === 0 ? 0 : header.getInt32(at + MSGHDR.msg_namelen, true);
  const old = task.kernel.release.msghdr_first;
  if (old && iovlen > UIO_MAXIOV) return -EMSGSIZE;
  let err = old && receive ? 0 : check_namelen(task, namelen);
  if (err === 0 && !receive) err = copy_msg_name(task, msg, uaddr, namelen);
  if (err < 0) return err;
  if (iovlen > UIO_MAXIOV) return -EMSGSIZE;
  msg.msg_name = receive ? uaddr : 0;
  msg.msg_control = view_u64(header, at + MSGHDR.msg_control);
  msg.msg_controllen = view_u64(header, at + MSGHDR.msg_controllen);
  return import_iovec(task.mm, task.iter, view_u64(header, at + MSGHDR.msg_iov), iovlen);
}

/** The control messages to send: -ENOBUFS (more than net.core.optmem_max), -EFAULT. */
function copy_control(task: Task, msg: MsgHdr): number {
  const len = msg.msg_controllen;
  if (len === 0) return 0;
  if (len >= task.kernel.release.optmem_max) return -ENOBUFS;
  const control = new Uint8Array(len);
  if (copy_from_user(task.mm, control, 0, msg.msg_control, len) < 0) return -EFAULT;
  msg.control = control;
  return 0;
}

/** Send one message; of the flags in its header only `allowed` count. */
function ___sys_sendmsg(task: Task, file: OpenFile, umsg: number, flags: number, allowed: number): Result {
  const msg = plain_message(task, file);
  let err = copy_msghdr_from_user(task, msg, umsg, false);
  if (err === 0) err = copy_control(task, msg);
  if (err < 0) return err;
  msg.flags |= flags;
  if (allowed !== 0) msg.flags |= get_user_u32(task.mm, umsg + MSGHDR.msg_flags) & allowed;
  const sock = sock_of(file);
  return sock.ops.sendmsg(task, sock, msg);
}

/** Before 3.x the header was copied before the descriptor was looked at. */
function header_is_bad(task: Task, umsg: number): boolean {
  return task.kernel.release.msghdr_first && find_vma(task.mm, umsg, MSGHDR.size) === null;
}

/**
 * `sendmsg(fd, msg, flags)`.
 *
 * @returns bytes sent; -EINVAL (MSG_CMSG_COMPAT), -EBADF, -ENOTSOCK, -EFAULT (msg; once the first), -EINVAL (msg_namelen), -EFAULT,
 *          -EMSGSIZE (msg_iovlen), -EINVAL and -EFAULT (msg_iov), -ENOBUFS and -EFAULT (msg_control), then as the family
 * Sleeps as sendto. sendmsg(2); Linux net/socket.c __sys_sendmsg.
 * DEVIATION: a release before 3.10 read the header of a 32-bit program when MSG_CMSG_COMPAT was given.
 */
export function sys_sendmsg(task: Task, fd: number, umsg: number, flags: number): Result {
  if ((flags & MSG_CMSG_COMPAT) !== 0) return -EINVAL;
  if (header_is_bad(task, umsg)) return -EFAULT;
  const file = sockfd_lookup(task, fd);
  return typeof file === 'number' ? file : held(task, file, ___sys_sendmsg(task, file, umsg, flags | 0, 0));
}

/** What recvmsg writes back when a message has come: name, flags, length of the control messages. -EFAULT, -EINVAL (msg_namelen). */
function put_msghdr(task: Task, msg: MsgHdr, umsg: number, control: number, ret: number): number {
  if (ret < 0) return ret;
  if (msg.msg_name !== 0) {
    const err = move_addr_to_user(task, msg.name ?? NO_ADDRESS, msg.msg_name, umsg + MSGHDR.msg_namelen);
    if (err < 0) return err;
  }
  const area = find_vma(task.mm, umsg, MSGHDR.size);
  if (area === null) return -EFAULT;
  const at = umsg - area.start;
  put_u32(area.bytes, at + MSGHDR.msg_flags, msg.out_flags);
  put_u64(area.bytes, at + MSGHDR.msg_controllen, msg.msg_control - control);
  return ret;
}

function* recvmsg_sleep(task: Task, sleep: Sleep, msg: MsgHdr, umsg: number, control: number): Sleep {
  return put_msghdr(task, msg, umsg, control, yield* sleep);
}

/** Receive one message. */
function ___sys_recvmsg(task: Task, file: OpenFile, umsg: number, flags: number): Result {
  const msg = plain_message(task, file);
  const err = copy_msghdr_from_user(task, msg, umsg, true);
  if (err < 0) return err;
  msg.want_name = msg.msg_name !== 0;
  msg.flags |= flags;
  if (task.kernel.release.msg_cmsg_cloexec) msg.out_flags = flags & MSG_CMSG_CLOEXEC;
  const control = msg.msg_control;
  const sock = sock_of(file);
  const ret = sock.ops.recvmsg(task, sock, msg);
  return typeof ret === 'number'
    ? put_msghdr(task, msg, umsg, control, ret)
    : recvmsg_sleep(task, ret, msg, umsg, control);
}

/**
 * `recvmsg(fd, msg, flags)`.
 *
 * @returns bytes received, 0 at end of file; -EINVAL (MSG_CMSG_COMPAT), -EBADF, -ENOTSOCK, -EFAULT (msg; once the first), -EINVAL
 *          (msg_namelen), -EMSGSIZE, -EINVAL and -EFAULT (msg_iov), then as the family, and -EFAULT when the name cannot be
 *          written: descriptors that came with the message are open then
 * Sleeps as recvfrom. recvmsg(2); Linux net/socket.c __sys_recvmsg.
 */
export function sys_recvmsg(task: Task, fd: number, umsg: number, flags: number): Result {
  if ((flags & MSG_CMSG_COMPAT) !== 0) return -EINVAL;
  if (header_is_bad(task, umsg)) return -EFAULT;
  const file = sockfd_lookup(task, fd);
  return typeof file === 'number' ? file : held(task, file, ___sys_recvmsg(task, file, umsg, flags | 0));
}

// Several messages in one call.

function* do_sendmmsg(task: Task, file: OpenFile, mmsg: number, vlen: number, flags: number): Sleep {
  let sent = 0;
  let err = 0;
  for (let entry = mmsg; sent < vlen; entry += MMSGHDR.size) {
    // MSG_BATCH: more will follow.
    const batch = sent === vlen - 1 ? 0 : MSG_BATCH;
    const ret = ___sys_sendmsg(task, file, entry, flags | batch, MSG_EOR);
    err = typeof ret === 'number' ? ret : yield* ret;
    if (err < 0) break;
    err = put_user_u32(task.mm, entry + MMSGHDR.msg_len, err);
    if (err < 0) break;
    sent++;
    if (task.iter.count > 0) break;
  }
  return sent > 0 ? sent : err;
}

/**
 * `sendmmsg(fd, msgvec, vlen, flags)`: sendmsg for each element, up to IOV_MAX, until one fails or is not sent whole.
 *
 * @returns how many were sent, their lengths in msg_len; if none, the error of the first. sendmmsg(2); Linux net/socket.c __sys_sendmmsg.
 */
export function sys_sendmmsg(task: Task, fd: number, mmsg: number, vlen: number, flags: number): Result {
  if ((flags & MSG_CMSG_COMPAT) !== 0) return -EINVAL;
  const file = sockfd_lookup(task, fd);
  if (typeof file === 'number') return file;
  return hold_file(task, file, do_sendmmsg(task, file, mmsg, Math.min(vlen >>> 0, UIO_MAXIOV), flags | 0));
}

/** An error after messages had come is told by the next call. DEVIATION: Linux keeps restart codes too, which no program can read. */
function keep_error(task: Task, file: OpenFile, err: number): void {
  if (err !== -EAGAIN) sock_of(file).sk.sk_err = err <= -ERESTARTSYS ? EINTR : -err;
}

/** `left`: nanoseconds; Infinity: no limit. Answers with what is left in `left.ns`. */
function* recv_messages(
  task: Task,
  file: OpenFile,
  mmsg: number,
  vlen: number,
  flags: number,
  left: { ns: number },
): Sleep {
  const end = left.ns === Infinity ? Infinity : ktime_get(task.kernel) + left.ns;
  let more = flags;
  for (let got = 0, entry = mmsg; ; entry += MMSGHDR.size) {
    if (got >= vlen) return got;
    const ret = ___sys_recvmsg(task, file, entry, more & ~MSG_WAITFORONE);
    let err = typeof ret === 'number' ? ret : yield* ret;
    if (err >= 0) err = put_user_u32(task.mm, entry + MMSGHDR.msg_len, err);
    if (err < 0) {
      if (got === 0) return err;
      keep_error(task, file, err);
      return got;
    }
    got++;
    // Each message takes as long as a call.
    task.kernel.budget--;
    if ((more & MSG_WAITFORONE) !== 0) more |= MSG_DONTWAIT;
    // ABI: the limit is looked at after each message only; while none comes, the call sleeps beyond it.
    left.ns = end === Infinity ? Infinity : Math.max(end - ktime_get(task.kernel), 0);
    if (left.ns === 0 || (task.msg!.out_flags & MSG_OOB) !== 0) return got;
  }
}

function* do_recvmmsg(
  task: Task,
  file: OpenFile,
  mmsg: number,
  vlen: number,
  flags: number,
  timeout: number,
  ns: number,
): Sleep {
  const left = { ns };
  const got = yield* recv_messages(task, file, mmsg, vlen, flags, left);
  if (timeout === 0 || got <= 0) return got;
  return put_timespec(task, timeout, left.ns) < 0 ? -EFAULT : got;
}

/**
 * `recvmmsg(fd, msgvec, vlen, flags, timeout)`: recvmsg for each element, until one fails, `timeout` is over or out-of-band data came.
 *
 * @param flags with MSG_WAITFORONE only the first is waited for
 * @param timeout timespec, what is left of it afterwards; 0: no limit
 * @returns how many came, their lengths in msg_len; if none, -EINVAL (MSG_CMSG_COMPAT), -EFAULT and -EINVAL (timeout), -EBADF, -ENOTSOCK,
 *          the pending error, or that of the first. recvmmsg(2); Linux net/socket.c do_recvmmsg.
 */
export function sys_recvmmsg(
  task: Task,
  fd: number,
  mmsg: number,
  vlen: number,
  flags: number,
  timeout: number,
): Result {
  if ((flags & MSG_CMSG_COMPAT) !== 0) return -EINVAL;
  const ns = timeout === 0 ? Infinity : get_timespec(task.mm, timeout);
  if (ns < 0) return ns;
  const file = sockfd_lookup(task, fd);
  if (typeof file === 'number') return file;
  const { sk } = sock_of(file);
  if ((flags & MSG_ERRQUEUE) === 0 && sk.sk_err !== 0) return sock_error(sk);
  return hold_file(task, file, do_recvmmsg(task, file, mmsg, vlen >>> 0, flags | 0, timeout, ns));
}
