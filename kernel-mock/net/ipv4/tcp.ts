/** TCP as a program sees it: bytes in and out, poll, shutdown, close (net/ipv4/tcp.c). */
import { type MsgHdr, RCV_SHUTDOWN, SEND_SHUTDOWN, type Socket } from '../../include/linux/net.js';
import { type Result, type Sleep, TASK_DEAD, type Task } from '../../include/linux/sched.js';
import type { PollTable } from '../../include/linux/wait.js';
import { EAGAIN, EFAULT, EINVAL, ENOTCONN, ENOTTY, EPIPE } from '../../include/uapi/errno.js';
import { INADDR_ANY, IPPROTO_TCP } from '../../include/uapi/in.js';
import { SIOCATMARK, SIOCINQ, SIOCOUTQ, SIOCOUTQNSD } from '../../include/uapi/ioctls.js';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLPRI,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRNORM,
} from '../../include/uapi/poll.js';
import {
  AF_INET,
  MSG_ERRQUEUE,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  SOL_SOCKET,
  SO_RCVLOWAT,
} from '../../include/uapi/socket.js';
import {
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_LAST_ACK,
  TCP_LISTEN,
  TCP_SYN_SENT,
} from '../../include/uapi/tcp.js';
import { fifo_len } from '../../lib/fifo.js';
import { kfifo_reserve, kfifo_skip } from '../../lib/kfifo.js';
import { send_sigpipe } from '../../kernel/signal.js';
import { task_work_add } from '../../kernel/task_work.js';
import { finish_wait, prepare_to_wait, schedule_timeout, signal_pending } from '../../kernel/wait.js';
import { copy_from_iter, copy_to_iter, fault_in } from '../../mm/iov_iter.js';
import {
  sk_peek_offset,
  sk_peek_offset_bwd,
  sk_peek_offset_fwd,
  sock_error,
  sock_intr_errno,
  sock_linger,
  sock_opt,
  sock_rcvtimeo,
  sock_sndtimeo,
} from '../core/sock.js';
import { inet_csk_accept_deferred, inet_csk_get_port } from './inet_connection_sock.js';
import { type InetSock, type Proto, sockaddr_in } from './inet_sock.js';
import { sock_cmsg_send } from './ip_cmsg.js';
import {
  inet_csk_destroy_sock,
  tcp_abort_on_data,
  tcp_data_ready,
  tcp_data_refused,
  tcp_data_snd_check,
  tcp_disconnect,
  tcp_fin_wait2_orphan,
  tcp_listen_stop,
  tcp_send_active_reset,
  tcp_send_fin,
  tcp_set_state,
  tcp_space_freed,
} from './tcp_input.js';
import { tcp_recv_cmsgs } from './tcp_cmsg.js';
import { tcp_cork_data } from './tcp_cork.js';
import { tcp_v4_connect } from './tcp_ipv4.js';
import {
  SHUTDOWN_MASK,
  type TcpSock,
  URG_VALID,
  tcp_sk,
  tcp_stream_is_writeable,
  tcp_stream_wspace,
  tcp_unsent,
  tcp_window,
} from './tcp_sock.js';
import { tcp_at_mark, tcp_inq, tcp_recv_urg, tcp_urg, tcp_urg_passed, urg_inline } from './tcp_urg.js';

const NO_ADDRESS = new Uint8Array(0);
const NSEC_PER_SEC = 1e9;

// Bytes out.

/** The error of a send that sent nothing. A broken connection tells why only once; then it is EPIPE, with SIGPIPE. Linux: sk_stream_error. */
function sk_stream_error(task: Task, sk: TcpSock, flags: number, err: number): number {
  if (err !== -EPIPE) return err;
  const why = sock_error(sk);
  const ret = why === 0 ? -EPIPE : why;
  if (ret === -EPIPE && (flags & MSG_NOSIGNAL) === 0) send_sigpipe(task);
  return ret;
}

/** Put `n` bytes behind those that the peer has; the last of all may be urgent. They have been checked to be there. */
function tcp_queue_data(task: Task, sk: TcpSock, msg: MsgHdr, n: number): void {
  const peer = sk.peer!;
  const ring = peer.rcv;
  kfifo_reserve(sk.kernel.pages, ring, n);
  const size = ring.buf.length;
  const at = (ring.out + ring.len) & (size - 1);
  const first = Math.min(n, size - at);
  copy_from_iter(task.mm, msg.iter, ring.buf, at, first);
  if (n > first) copy_from_iter(task.mm, msg.iter, ring.buf, 0, n - first);
  ring.len += n;
  sk.bytes_sent += n;
  peer.bytes_received += n;
  if (peer.rsk_listener !== null) inet_csk_accept_deferred(peer);
  if ((msg.flags & MSG_OOB) !== 0 && msg.iter.count === 0) {
    tcp_urg(peer);
    tcp_data_snd_check(peer);
  } else tcp_data_ready(peer);
}

/** ABI: the urgent byte is seen before the rest is found to be refused. */
function tcp_urg_refused(task: Task, peer: TcpSock, msg: MsgHdr): void {
  const data = new Uint8Array(msg.iter.count);
  copy_from_iter(task.mm, msg.iter, data, 0, data.length);
  peer.urg_data = URG_VALID | data[data.length - 1]!;
  msg.iter.count = data.length;
}

/** Send what there is room for. 0: all is sent; -EAGAIN: no more room; or the error. What is left shows in the iterator. */
function send_some(task: Task, sk: TcpSock, msg: MsgHdr): number {
  const { iter } = msg;
  do {
    if (sk.sk_err !== 0 || (sk.sk_shutdown & SEND_SHUTDOWN) !== 0) return -EPIPE;
    if (iter.count === 0) return 0;
    const n = Math.min(iter.count, tcp_stream_wspace(sk));
    if (n <= 0) {
      sk.nospace = true;
      return -EAGAIN;
    }
    if (!fault_in(task.mm, iter, n)) return -EFAULT;
    if (tcp_data_refused(sk)) {
      if ((msg.flags & MSG_OOB) !== 0 && n === iter.count && sk.peer !== null) tcp_urg_refused(task, sk.peer, msg);
      iter.count -= n;
      tcp_abort_on_data(sk);
      if (iter.count === 0) return 0;
    } else tcp_queue_data(task, sk, msg, n);
  } while (iter.count > 0);
  return 0;
}

/** Can `sk` send? -EAGAIN: not yet; -EPIPE: no. Linux: sk_stream_wait_connect. */
function send_state(sk: TcpSock): number {
  if (sk.sk_state === TCP_ESTABLISHED || sk.sk_state === TCP_CLOSE_WAIT) return 0;
  if (sk.sk_err !== 0) return sock_error(sk);
  return sk.sk_state === TCP_SYN_SENT ? -EAGAIN : -EPIPE;
}

function* send_sleep(task: Task, sk: TcpSock, msg: MsgHdr, total: number, timeo: number): Sleep {
  let left = timeo;
  let err: number;
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, false, 'room in the buffer of a TCP socket');
      // A connection that broke meanwhile shows in the error and in the shutdown, whatever its state.
      err = sk.sk_state === TCP_SYN_SENT ? -EAGAIN : send_some(task, sk, msg);
      if (err !== -EAGAIN || left === 0) break;
      if (signal_pending(task)) {
        err = sock_intr_errno(left);
        break;
      }
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
  return send_end(task, sk, msg, total, err);
}

function send_end(task: Task, sk: TcpSock, msg: MsgHdr, total: number, err: number): number {
  const sent = total - msg.iter.count;
  if (err === 0 || sent > 0) return sent;
  return sk_stream_error(task, sk, msg.flags, err);
}

/**
 * -EPIPE (not connected, or shut; with SIGPIPE), -EAGAIN, -ECONNRESET …, -EFAULT. A destination is ignored.
 */
export function tcp_sendmsg(task: Task, sock: Socket, msg: MsgHdr): Result {
  const sk = tcp_sk(sock);
  const total = msg.iter.count;
  let err = send_state(sk);
  if (err === 0 && msg.control !== null) err = sock_cmsg_send(task, msg.control);
  if (err === 0 && (sk.cork !== null || sk.sk_opts !== null || (msg.flags & MSG_MORE) !== 0)) {
    const kept = sk.sk_err !== 0 || (sk.sk_shutdown & SEND_SHUTDOWN) !== 0 ? 0 : tcp_cork_data(task, sk, msg);
    if (kept !== 0) return kept;
  }
  if (err === 0) err = send_some(task, sk, msg);
  if (err === 0) return total;
  const timeo = sock_sndtimeo(sk, msg.flags);
  if (err === -EAGAIN && timeo !== 0) return send_sleep(task, sk, msg, total, timeo);
  return send_end(task, sk, msg, total, err);
}

// Bytes in.

/** Deliver what is there; `skip` bytes were peeked at before. With MSG_TRUNC they are dropped unseen. -EFAULT takes nothing. */
function recv_some(task: Task, sk: TcpSock, msg: MsgHdr, room: number, skip: number): number {
  const ring = sk.rcv;
  let n = Math.min(room, ring.len - skip);
  if (n <= 0) return 0;
  // What comes before the urgent byte, or, since it is not in the stream for who does not want it there, what comes after it.
  if (sk.urg_data !== 0 && !(urg_inline(sk) && tcp_at_mark(sk, skip))) {
    if (tcp_at_mark(sk, skip)) return recv_past_mark(task, sk, msg, room, skip);
    if (sk.urg_off > skip) n = Math.min(n, sk.urg_off - skip);
  }
  if ((msg.flags & MSG_TRUNC) === 0) {
    if (!fault_in(task.mm, msg.iter, n)) return -EFAULT;
    const size = ring.buf.length;
    const at = (ring.out + skip) & (size - 1);
    const first = Math.min(n, size - at);
    copy_to_iter(task.mm, msg.iter, ring.buf, at, first);
    if (n > first) copy_to_iter(task.mm, msg.iter, ring.buf, 0, n - first);
  }
  if ((msg.flags & MSG_PEEK) === 0) {
    kfifo_skip(sk.kernel.pages, ring, n);
    tcp_urg_passed(sk, n);
    tcp_space_freed(sk);
    sk_peek_offset_bwd(sk, n);
  } else sk_peek_offset_fwd(sk, n);
  return n;
}

/** The urgent byte is next: step over it. */
function recv_past_mark(task: Task, sk: TcpSock, msg: MsgHdr, room: number, skip: number): number {
  if ((msg.flags & MSG_PEEK) === 0) {
    kfifo_skip(sk.kernel.pages, sk.rcv, 1);
    tcp_urg_passed(sk, 1);
    return recv_some(task, sk, msg, room, skip);
  }
  const { urg_data } = sk;
  sk.urg_data = 0;
  const n = recv_some(task, sk, msg, room, skip + 1);
  sk.urg_data = urg_data;
  return n;
}

/** What ends a receive that has found nothing: end of file (0), an error, or -EAGAIN: it may wait. */
function recv_nothing(sk: TcpSock): number {
  if (sk.done) return 0;
  if (sk.sk_err !== 0) return sock_error(sk);
  if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) return 0;
  return sk.sk_state === TCP_CLOSE ? -ENOTCONN : -EAGAIN;
}

/** Will nothing come to what was received already? A receive stops at the mark too. Pending errors are left to the next call. */
function recv_ends(sk: TcpSock, peeked: number): boolean {
  if (sk.urg_data !== 0 && tcp_at_mark(sk, peeked)) return true;
  return sk.sk_err !== 0 || sk.sk_state === TCP_CLOSE || (sk.sk_shutdown & RCV_SHUTDOWN) !== 0;
}

/** Bytes of the ring that a peek has passed, of which it has delivered `copied`, and perhaps the mark before them; 0 if it is none. */
function peeked(sk: TcpSock, flags: number, copied: number): number {
  if ((flags & MSG_PEEK) === 0) return 0;
  const at = sk.sk_peek_off >= 0 ? sk.sk_peek_off : copied;
  return copied > 0 && tcp_at_mark(sk, at - copied) && !urg_inline(sk) ? at + 1 : at;
}

function* recv_sleep(task: Task, sk: TcpSock, msg: MsgHdr, got: number, room: number, target: number): Sleep {
  let left = sock_rcvtimeo(sk, msg.flags);
  let copied = got;
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, false, 'bytes on a TCP socket');
      const n = recv_some(task, sk, msg, room - copied, peeked(sk, msg.flags, copied));
      if (n < 0) return copied > 0 ? copied : n;
      copied += n;
      if (copied >= target || (room === 0 && sk.rcv.len > 0)) return copied;
      if (copied > 0 && recv_ends(sk, peeked(sk, msg.flags, copied))) return copied;
      const err = copied > 0 ? -EAGAIN : recv_nothing(sk);
      if (err !== -EAGAIN) return err;
      if (left === 0) return copied > 0 ? copied : -EAGAIN;
      if (signal_pending(task)) return copied > 0 ? copied : sock_intr_errno(left);
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
}

/** A receive of bytes of the stream. */
function tcp_recvmsg_locked(task: Task, sk: TcpSock, msg: MsgHdr): Result {
  const { flags } = msg;
  if (sk.sk_state === TCP_LISTEN) return -ENOTCONN;
  const room = msg.iter.count;
  const n = recv_some(task, sk, msg, room, sk_peek_offset(sk, flags));
  const lowat = sk.sk_opts === null ? 1 : sock_opt(sk, SOL_SOCKET, SO_RCVLOWAT, 1);
  // ABI: a receive of no bytes waits for the first one too.
  const target = Math.max((flags & MSG_WAITALL) !== 0 ? room : Math.min(lowat, room), 1);
  if (n < 0 || n >= target || (room === 0 && sk.rcv.len > 0)) return n;
  if (n > 0 && recv_ends(sk, peeked(sk, flags, n))) return n;
  const err = n > 0 ? -EAGAIN : recv_nothing(sk);
  if (err !== -EAGAIN) return err;
  if (sock_rcvtimeo(sk, flags) === 0) return n > 0 ? n : -EAGAIN;
  return recv_sleep(task, sk, msg, n, room, target);
}

/** -EAGAIN (MSG_ERRQUEUE), -ENOTCONN, -EINVAL (MSG_OOB, and there is none), -EFAULT, -ECONNRESET …, -EAGAIN. 0 at end of file. */
export function tcp_recvmsg(task: Task, sock: Socket, msg: MsgHdr): Result {
  const sk = tcp_sk(sock);
  // ABI: the length of the sender's address becomes 0.
  if (msg.want_name) msg.name = NO_ADDRESS;
  // No error queue is ever filled.
  if ((msg.flags & MSG_ERRQUEUE) !== 0) return -EAGAIN;
  if ((msg.flags & MSG_OOB) !== 0) return tcp_recv_urg(task, sk, msg);
  const ret = tcp_recvmsg_locked(task, sk, msg);
  return sk.sk_opts === null ? ret : tcp_recv_cmsgs(task, sk, msg, ret);
}

// poll.

/** Linux: tcp_stream_is_readable. A receiver whose window is full is readable whatever SO_RCVLOWAT says. */
function tcp_stream_is_readable(sk: TcpSock): boolean {
  const { len } = sk.rcv;
  if (len === 0) return false;
  const lowat = sock_opt(sk, SOL_SOCKET, SO_RCVLOWAT, 1);
  // The urgent byte does not count for who does not read it.
  const target = tcp_at_mark(sk) && !urg_inline(sk) ? lowat + 1 : lowat;
  return len >= target || len >= tcp_window(sk);
}

export function tcp_poll(_file: unknown, sock: Socket, pt: PollTable | null): number {
  const sk = tcp_sk(sock);
  const { sk_state: state, sk_shutdown: shutdown } = sk;
  pt?.poll_wait(sk.sk_wait);
  if (state === TCP_LISTEN) return fifo_len(sk.accept_queue!) > 0 ? POLLIN | POLLRDNORM : 0;
  let mask = 0;
  if (shutdown === SHUTDOWN_MASK || state === TCP_CLOSE) mask |= POLLHUP;
  if ((shutdown & RCV_SHUTDOWN) !== 0) mask |= POLLIN | POLLRDNORM | POLLRDHUP;
  if (state !== TCP_SYN_SENT) {
    if (tcp_stream_is_readable(sk)) mask |= POLLIN | POLLRDNORM;
    if ((shutdown & SEND_SHUTDOWN) !== 0 || tcp_stream_is_writeable(sk)) mask |= POLLOUT | POLLWRNORM;
    else sk.nospace = true;
    if ((sk.urg_data & URG_VALID) !== 0) mask |= POLLPRI;
  }
  if (sk.sk_err !== 0) mask |= POLLERR;
  return mask;
}

// ioctl.

/** -EINVAL (a listener), -ENOTTY. Linux: tcp_ioctl. */
export function tcp_ioctl(sock: Socket, request: number): number {
  const sk = tcp_sk(sock);
  const { peer } = sk;
  if (request === SIOCATMARK) return tcp_at_mark(sk) ? 1 : 0;
  if (request !== SIOCINQ && request !== SIOCOUTQ && request !== SIOCOUTQNSD) return -ENOTTY;
  if (sk.sk_state === TCP_LISTEN) return -EINVAL;
  if (request === SIOCINQ) return tcp_inq(sk);
  return (sk.cork?.data.length ?? 0) + (peer === null ? 0 : tcp_unsent(peer));
}

// The end.

/** Step to the state that ending our stream leads to. True: a FIN has to be sent. Linux: tcp_close_state. */
function tcp_close_state(sk: TcpSock): boolean {
  switch (sk.sk_state) {
    case TCP_ESTABLISHED:
      sk.sk_state = TCP_FIN_WAIT1;
      return true;
    case TCP_CLOSE_WAIT:
      sk.sk_state = TCP_LAST_ACK;
      return true;
    case TCP_SYN_SENT:
      tcp_set_state(sk, TCP_CLOSE);
  }
  return false;
}

function tcp_shutdown(inet: InetSock, how: number): void {
  const sk = inet as TcpSock;
  if ((how & SEND_SHUTDOWN) === 0) return;
  if (tcp_close_state(sk)) tcp_send_fin(sk);
}

/** Has the peer still to acknowledge the end of our stream? Linux: sk_stream_closing. */
function sk_stream_closing({ sk_state }: TcpSock): boolean {
  return sk_state === TCP_FIN_WAIT1 || sk_state === TCP_CLOSING || sk_state === TCP_LAST_ACK;
}

/** SO_LINGER: the last bytes get `timeo` nanoseconds to arrive; a signal ends the wait. Linux: sk_stream_wait_close. */
function* sk_stream_wait_close(task: Task, sk: TcpSock, timeo: number): Sleep {
  let left = timeo;
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, false, 'the last bytes of a closed TCP socket to arrive');
      if (!sk_stream_closing(sk) || left === 0 || signal_pending(task)) break;
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
    tcp_orphan(sk);
  }
  return 0;
}

/** No program refers to it any more. Linux: sock_orphan and what follows it in __tcp_close. */
function tcp_orphan(sk: TcpSock): void {
  sk.dead = true;
  if (sk.sk_state === TCP_FIN_WAIT2) tcp_fin_wait2_orphan(sk);
  else if (sk.sk_state === TCP_CLOSE) inet_csk_destroy_sock(sk);
}

/**
 * The program is gone; the connection may live on. Bytes that it has not read break it off, so that the sender learns. With SO_LINGER
 * the call that closed it waits, whether it may sleep on the socket or not; who exits does not.
 */
function tcp_close(inet: InetSock): void {
  const sk = inet as TcpSock;
  const { current } = sk.kernel;
  sk.sk_shutdown = SHUTDOWN_MASK;
  if (sk.sk_state === TCP_LISTEN) {
    tcp_set_state(sk, TCP_CLOSE);
    tcp_listen_stop(sk);
  } else if (sk.sk_state !== TCP_CLOSE) {
    if (sk.rcv.len > 0) {
      tcp_set_state(sk, TCP_CLOSE);
      tcp_send_active_reset(sk);
    } else if (sock_linger(sk) === 0) tcp_disconnect(sk);
    else if (tcp_close_state(sk)) tcp_send_fin(sk);
  }
  sk.sk_socket = null;
  const seconds = sk_stream_closing(sk) ? sock_linger(sk) : 0;
  if (seconds > 0 && current !== null && current.state !== TASK_DEAD && !current.group.exiting)
    task_work_add(current, sk_stream_wait_close(current, sk, seconds * NSEC_PER_SEC));
  else tcp_orphan(sk);
}

export const tcp_prot = {
  family: AF_INET,
  protocol: IPPROTO_TCP,
  any: INADDR_ANY,
  sockaddr: sockaddr_in,
  get_port: inet_csk_get_port,
  connect: tcp_v4_connect,
  disconnect: (sk) => {
    tcp_disconnect(sk as TcpSock);
  },
  shutdown: tcp_shutdown,
  close: tcp_close,
} satisfies Proto;
