/** Urgent data: one byte of the stream that can be taken out of order (net/ipv4/tcp_input.c tcp_check_urg, tcp.c tcp_recv_urg). */
import { type MsgHdr, RCV_SHUTDOWN } from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import { EAGAIN, EFAULT, EINVAL, ENOTCONN } from '../../include/uapi/errno.js';
import { POLLIN, POLLPRI, POLLRDBAND, POLLRDNORM } from '../../include/uapi/poll.js';
import { MSG_OOB, MSG_PEEK, MSG_TRUNC, SOL_SOCKET, SO_OOBINLINE } from '../../include/uapi/socket.js';
import { TCP_CLOSE, TCP_LISTEN } from '../../include/uapi/tcp.js';
import { kfifo_skip } from '../../lib/kfifo.js';
import { send_sigurg } from '../../fs/fown.js';
import { copy_to_iter, fault_in } from '../../mm/iov_iter.js';
import { sk_wake, sock_opt } from '../core/sock.js';
import { type TcpSock, URG_READ, URG_VALID, tcp_window } from './tcp_sock.js';

/** SO_OOBINLINE: the urgent byte is an ordinary one. Linux: SOCK_URGINLINE. */
export function urg_inline(sk: TcpSock): boolean {
  return sk.sk_opts !== null && sock_opt(sk, SOL_SOCKET, SO_OOBINLINE) !== 0;
}

/** Is the urgent byte the next one to read, `skip` having been peeked at? SIOCATMARK. */
export function tcp_at_mark(sk: TcpSock, skip = 0): boolean {
  return sk.urg_data !== 0 && sk.urg_off === skip;
}

/**
 * The last byte of what `sk` has just got is urgent. An older one that is next to be read is dropped; elsewhere it becomes an
 * ordinary byte. The owner gets SIGURG. Linux: tcp_check_urg, tcp_urg.
 */
export function tcp_urg(sk: TcpSock): void {
  if (tcp_at_mark(sk) && !urg_inline(sk) && sk.rcv.len > 1) kfifo_skip(sk.kernel.pages, sk.rcv, 1);
  const { rcv } = sk;
  sk.urg_off = rcv.len - 1;
  sk.urg_data = URG_VALID | rcv.buf[(rcv.out + sk.urg_off) & (rcv.buf.length - 1)]!;
  const file = sk.sk_socket?.file ?? null;
  if (file !== null) send_sigurg(file);
  sk_wake(sk, POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND);
}

/** `n` bytes are taken from the stream. Linux: skip_copy of tcp_recvmsg_locked. */
export function tcp_urg_passed(sk: TcpSock, n: number): void {
  if (sk.urg_data === 0) return;
  sk.urg_off -= n;
  if (sk.urg_off < 0) sk.urg_data = 0;
}

/** Bytes that a read finds before it stops at the mark. Linux: tcp_inq. */
export function tcp_inq(sk: TcpSock): number {
  const len = Math.min(sk.rcv.len, tcp_window(sk));
  return sk.urg_data === 0 || urg_inline(sk) ? len : Math.min(len, sk.urg_off);
}

/**
 * Receive with MSG_OOB. -ENOTCONN (a listener), -EINVAL (no urgent byte, or read already, or SO_OOBINLINE), -ENOTCONN,
 * -EFAULT. Never sleeps. Linux: tcp_recv_urg.
 */
export function tcp_recv_urg(task: Task, sk: TcpSock, msg: MsgHdr): number {
  if (sk.sk_state === TCP_LISTEN) return -ENOTCONN;
  const { urg_data } = sk;
  if (urg_data === 0 || urg_data === URG_READ || urg_inline(sk)) return -EINVAL;
  if (sk.sk_state === TCP_CLOSE && !sk.done) return -ENOTCONN;
  if ((urg_data & URG_VALID) === 0) return (sk.sk_shutdown & RCV_SHUTDOWN) !== 0 ? 0 : -EAGAIN;
  const drop = (msg.flags & MSG_TRUNC) !== 0;
  if ((msg.flags & MSG_PEEK) === 0) sk.urg_data = URG_READ;
  msg.out_flags |= MSG_OOB;
  if (msg.iter.count === 0) {
    msg.out_flags |= MSG_TRUNC;
    return 0;
  }
  if (drop) return 1;
  if (!fault_in(task.mm, msg.iter, 1)) return -EFAULT;
  copy_to_iter(task.mm, msg.iter, Uint8Array.of(urg_data), 0, 1);
  return 1;
}
