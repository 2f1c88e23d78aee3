/** TCP as programs see it: connections and bytes over the loopback interface (net/ipv4/tcp.c, af_inet.c). */
import type { OpenFile } from '../../include/linux/fs.js';
import {
  type MsgHdr,
  type ProtoOps,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SS_CONNECTED,
  SS_CONNECTING,
  SS_UNCONNECTED,
  type SockAddr,
  type Socket,
} from '../../include/linux/net.js';
import type { Result, Sleep, Task } from '../../include/linux/sched.js';
import type { PollTable } from '../../include/linux/wait.js';
import {
  EADDRINUSE,
  EAGAIN,
  EALREADY,
  ECONNABORTED,
  EFAULT,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENETUNREACH,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
  ETIMEDOUT,
} from '../../include/uapi/errno.js';
import { O_NONBLOCK } from '../../include/uapi/fcntl.js';
import { IPPROTO_TCP } from '../../include/uapi/in.js';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM } from '../../include/uapi/poll.js';
import {
  AF_INET,
  AF_UNSPEC,
  MSG_NOSIGNAL,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  SHUT_RD,
  SHUT_RDWR,
  SOL_SOCKET,
  SO_RCVLOWAT,
} from '../../include/uapi/socket.js';
import { TCP_SYNCNT } from '../../include/uapi/tcp.js';
import { fifo, fifo_len, fifo_shift } from '../../lib/fifo.js';
import { kfifo_reserve, kfifo_skip } from '../../lib/kfifo.js';
import { add_timer, timer } from '../../lib/timerqueue.js';
import { send_sigpipe } from '../../kernel/signal.js';
import { ktime_get } from '../../kernel/time.js';
import { finish_wait, prepare_to_wait, schedule_timeout, signal_pending } from '../../kernel/wait.js';
import { copy_from_iter, copy_to_iter, fault_in } from '../../mm/iov_iter.js';
import {
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_LISTEN,
  TCP_SYN_SENT,
  sk_wake,
  sock_error,
  sock_graft,
  sock_intr_errno,
  sock_opt,
  sock_rcvtimeo,
  sock_sndtimeo,
} from '../core/sock.js';
import { inet_bind, inet_getname } from './inet_common.js';
import {
  INADDR_ANY,
  INADDR_LOOPBACK,
  autobind,
  check_sockaddr_in,
  is_local,
  listen_conflict,
  sin_addr,
  sin_family,
  sin_port,
} from './inet_sock.js';
import { tcp_getsockopt, tcp_setsockopt } from './ip_sockglue.js';
import type { TcpSock } from './tcp_sock.js';
import {
  listen_stop,
  stream_is_writeable,
  tcp_close,
  tcp_disconnect,
  tcp_done,
  tcp_handshake,
  tcp_reset,
  tcp_send_fin,
  tcp_table,
  wmem_queued,
} from './tcp_sock.js';

const SECOND = 1e9;
/** Linux: TCP_SYN_RETRIES. */
const SYN_RETRIES = 6;
/** One send copies no more than this at a time. */
const MAX_PIECE = 1 << 20;

function tcp_sk(sock: Socket): TcpSock {
  return sock.sk as TcpSock;
}

// Connections.

/** -EINVAL (connected), -EADDRINUSE. Linux: inet_listen. */
function inet_listen(sock: Socket, backlog: number): number {
  const sk = tcp_sk(sock);
  if (sock.state !== SS_UNCONNECTED || (sk.sk_state !== TCP_CLOSE && sk.sk_state !== TCP_LISTEN)) return -EINVAL;
  sk.max_ack_backlog = backlog;
  if (sk.sk_state === TCP_LISTEN) return 0;
  if (autobind(sk, tcp_table(sk)) < 0 || listen_conflict(sk, tcp_table(sk))) return -EADDRINUSE;
  sk.accept_queue = fifo();
  sk.sk_state = TCP_LISTEN;
  return 0;
}

/** Send the SYN again, at 1, 3, 7, 15 … seconds, until the listener has room or the patience ends. */
function arm_syn_timer(sk: TcpSock): void {
  const { kernel } = sk;
  sk.syn_timer ??= timer(() => {
    const limit = sock_opt(sk, IPPROTO_TCP, TCP_SYNCNT, SYN_RETRIES);
    if (sk.syn_retries++ < limit) {
      tcp_handshake(sk);
      if (sk.sk_state === TCP_SYN_SENT) arm_syn_timer(sk);
      return;
    }
    sk.sk_err = ETIMEDOUT;
    tcp_done(sk);
  });
  add_timer(kernel.timers, sk.syn_timer, ktime_get(kernel) + 2 ** sk.syn_retries * SECOND);
}

/** Begin a connection: -EINVAL, -EAFNOSUPPORT, -ENETUNREACH, -EADDRNOTAVAIL. Linux: tcp_v4_connect. */
function tcp_v4_connect(sk: TcpSock, addr: SockAddr): number {
  const err = check_sockaddr_in(addr);
  if (err < 0) return err;
  const daddr = sin_addr(addr) === INADDR_ANY ? INADDR_LOOPBACK : sin_addr(addr);
  if (!is_local(daddr)) return -ENETUNREACH;
  if (sk.inet_saddr === INADDR_ANY) sk.inet_saddr = INADDR_LOOPBACK;
  sk.inet_daddr = daddr;
  sk.inet_dport = sin_port(addr);
  const bound = autobind(sk, tcp_table(sk));
  if (bound < 0) {
    tcp_disconnect(sk);
    return bound;
  }
  sk.sk_state = TCP_SYN_SENT;
  sk.syn_retries = 0;
  tcp_handshake(sk);
  if (sk.sk_state === TCP_SYN_SENT) arm_syn_timer(sk);
  return 0;
}

/** How a connect ended that no longer waits. */
function connect_result(sock: Socket): number {
  const sk = tcp_sk(sock);
  if (sk.sk_state !== TCP_CLOSE) {
    sock.state = SS_CONNECTED;
    return 0;
  }
  const err = sock_error(sk);
  sock.state = SS_UNCONNECTED;
  tcp_disconnect(sk);
  return err === 0 ? -ECONNABORTED : err;
}

function* connect_sleep(task: Task, sock: Socket, timeo: number, err: number): Sleep {
  const sk = tcp_sk(sock);
  let left = timeo;
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, false, 'a TCP connection');
      if (sk.sk_state !== TCP_SYN_SENT) return connect_result(sock);
      if (left === 0) return err;
      if (signal_pending(task)) return sock_intr_errno(left);
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
}

/** -EINVAL, -EISCONN, -EALREADY, -EINPROGRESS, -ECONNREFUSED, -ETIMEDOUT …; AF_UNSPEC disconnects. Linux: inet_stream_connect. */
function inet_stream_connect(task: Task, sock: Socket, addr: SockAddr, flags: number): Result {
  const sk = tcp_sk(sock);
  if (addr.length < 2) return -EINVAL;
  if (sin_family(addr) === AF_UNSPEC) {
    tcp_disconnect(sk);
    sock.state = SS_UNCONNECTED;
    return 0;
  }
  if (sock.state === SS_CONNECTED) return -EISCONN;
  let waiting = -EALREADY;
  const nonblock = (flags & O_NONBLOCK) !== 0;
  if (sock.state !== SS_CONNECTING) {
    if (sk.sk_state !== TCP_CLOSE) return -EISCONN;
    const err = tcp_v4_connect(sk, addr);
    if (err < 0) return err;
    sock.state = SS_CONNECTING;
    waiting = -EINPROGRESS;
    // The answer comes while the call still holds the socket: even on loopback a non-blocking connect is not done yet.
    if (nonblock) return waiting;
  }
  if (sk.sk_state !== TCP_SYN_SENT) return connect_result(sock);
  const timeo = nonblock ? 0 : sk.sk_sndtimeo;
  return timeo === 0 ? waiting : connect_sleep(task, sock, timeo, waiting);
}

function take_connection(sk: TcpSock, newsock: Socket): boolean {
  const child = fifo_shift(sk.accept_queue!);
  if (child === undefined) return false;
  newsock.state = SS_CONNECTED;
  sock_graft(child, newsock);
  return true;
}

function* accept_sleep(task: Task, sk: TcpSock, newsock: Socket, timeo: number): Sleep {
  let left = timeo;
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, true, 'a TCP connection to accept');
      if (sk.sk_state !== TCP_LISTEN) return -EINVAL;
      if (take_connection(sk, newsock)) return 0;
      if (left === 0) return -EAGAIN;
      if (signal_pending(task)) return sock_intr_errno(left);
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
}

/** -EINVAL (not listening), -EAGAIN. Linux: inet_csk_accept. */
function inet_accept(task: Task, sock: Socket, newsock: Socket, flags: number): Result {
  const sk = tcp_sk(sock);
  if (sk.sk_state !== TCP_LISTEN) return -EINVAL;
  if (take_connection(sk, newsock)) return 0;
  const timeo = (flags & O_NONBLOCK) !== 0 ? 0 : sk.sk_rcvtimeo;
  return timeo === 0 ? -EAGAIN : accept_sleep(task, sk, newsock, timeo);
}

/** -EINVAL (how), -ENOTCONN, where it takes effect all the same. Linux: inet_shutdown. */
function inet_shutdown(sock: Socket, how: number): number {
  const sk = tcp_sk(sock);
  if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
  const mode = how + 1;
  if (sock.state === SS_CONNECTING && sk.sk_state === TCP_ESTABLISHED) sock.state = SS_CONNECTED;
  const { sk_state } = sk;
  if (sk_state === TCP_LISTEN || sk_state === TCP_SYN_SENT) {
    if (sk_state === TCP_LISTEN && (mode & RCV_SHUTDOWN) === 0) return 0;
    if (sk_state === TCP_LISTEN) listen_stop(sk);
    tcp_disconnect(sk);
    sock.state = SS_UNCONNECTED;
    return 0;
  }
  sk.sk_shutdown |= mode;
  if ((mode & SEND_SHUTDOWN) !== 0 && (sk_state === TCP_ESTABLISHED || sk_state === TCP_CLOSE_WAIT)) tcp_send_fin(sk);
  sk_wake(sk, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
  return sk_state === TCP_CLOSE ? -ENOTCONN : 0;
}

// Bytes out.

/** What stops a send; -EAGAIN: it has to wait for the connection. */
function send_error(sk: TcpSock): number {
  if (sk.sk_err !== 0) return sock_error(sk);
  if (sk.sk_state === TCP_SYN_SENT) return -EAGAIN;
  if (sk.sk_state !== TCP_ESTABLISHED && sk.sk_state !== TCP_CLOSE_WAIT) return -EPIPE;
  return (sk.sk_shutdown & SEND_SHUTDOWN) !== 0 ? -EPIPE : 0;
}

/** Put `n` bytes into the peer's queue. */
function push_bytes(task: Task, other: TcpSock, msg: MsgHdr, n: number): void {
  const ring = other.rcv;
  kfifo_reserve(other.kernel.pages, ring, n);
  const size = ring.buf.length;
  const at = (ring.out + ring.len) & (size - 1);
  const first = Math.min(n, size - at);
  copy_from_iter(task.mm, msg.iter, ring.buf, at, first);
  if (n > first) copy_from_iter(task.mm, msg.iter, ring.buf, 0, n - first);
  ring.len += n;
  sk_wake(other, POLLIN | POLLRDNORM);
}

/** Send as much as fits now: 0 when all is sent, -EAGAIN when the buffer is full, or the error. */
function send_some(task: Task, sk: TcpSock, msg: MsgHdr): number {
  const { iter } = msg;
  do {
    const err = send_error(sk);
    if (err < 0) return err;
    const other = sk.peer!;
    const room = sk.sk_sndbuf - wmem_queued(sk);
    const n = Math.min(iter.count, room, MAX_PIECE);
    if (n <= 0 && iter.count > 0) return -EAGAIN;
    if (!fault_in(task.mm, iter, n)) return -EFAULT;
    if (other.dead) {
      // It goes out, and a reset comes back: the next call will know.
      iter.count = 0;
      tcp_reset(sk);
    } else if (n > 0) push_bytes(task, other, msg, n);
  } while (iter.count > 0);
  return 0;
}

function send_failed(task: Task, msg: MsgHdr, sent: number, err: number): number {
  if (sent > 0) return sent;
  if (err === -EPIPE && (msg.flags & MSG_NOSIGNAL) === 0) send_sigpipe(task);
  return err;
}

function* send_sleep(task: Task, sk: TcpSock, msg: MsgHdr, total: number, timeo: number): Sleep {
  let left = timeo;
  let err = -EAGAIN;
  try {
    while (err === -EAGAIN) {
      prepare_to_wait(sk.sk_wait, task, false, 'room in the buffer of a TCP socket');
      err = send_some(task, sk, msg);
      if (err !== -EAGAIN || left === 0) break;
      if (signal_pending(task)) err = sock_intr_errno(left);
      else left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
  return err === 0 ? total : send_failed(task, msg, total - msg.iter.count, err);
}

/**
 * The pending error, -EPIPE, -EFAULT, -EAGAIN. A name is ignored. Linux: tcp_sendmsg.
 *
 * DEVIATION: urgent data (MSG_OOB) are -EOPNOTSUPP.
 */
function tcp_sendmsg(task: Task, sock: Socket, msg: MsgHdr): Result {
  const sk = tcp_sk(sock);
  if ((msg.flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
  const total = msg.iter.count;
  const err = send_some(task, sk, msg);
  if (err === 0) return total;
  const timeo = sock_sndtimeo(sk, msg.flags);
  if (err === -EAGAIN && timeo !== 0) return send_sleep(task, sk, msg, total, timeo);
  return send_failed(task, msg, total - msg.iter.count, err);
}

// Bytes in.

/** Deliver what is there, up to the room in `msg`; `skip` bytes were peeked at before. -EFAULT takes nothing. */
function recv_some(task: Task, sk: TcpSock, msg: MsgHdr, skip: number): number {
  const { iter, flags } = msg;
  const ring = sk.rcv;
  const n = Math.min(iter.count, ring.len - skip);
  if (n === 0) return 0;
  if ((flags & MSG_TRUNC) !== 0) {
    iter.count -= n;
  } else {
    if (!fault_in(task.mm, iter, n)) return -EFAULT;
    const size = ring.buf.length;
    const at = (ring.out + skip) & (size - 1);
    const first = Math.min(n, size - at);
    copy_to_iter(task.mm, iter, ring.buf, at, first);
    if (n > first) copy_to_iter(task.mm, iter, ring.buf, 0, n - first);
  }
  if ((flags & MSG_PEEK) !== 0) return n;
  kfifo_skip(sk.kernel.pages, ring, n);
  const { peer } = sk;
  if (peer !== null && peer.sk_wait.first !== null && stream_is_writeable(peer)) sk_wake(peer, POLLOUT | POLLWRNORM);
  return n;
}

/** What ends a receive that found nothing: the error, end of file (0), or -EAGAIN to wait. */
function recv_nothing(sk: TcpSock): number {
  if (sk.sk_err !== 0) return sock_error(sk);
  if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) return 0;
  return sk.sk_state === TCP_CLOSE ? -ENOTCONN : -EAGAIN;
}

function* recv_sleep(task: Task, sk: TcpSock, msg: MsgHdr, got: number, target: number, timeo: number): Sleep {
  let left = timeo;
  let copied = got;
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, false, 'bytes on a TCP connection');
      const n = recv_some(task, sk, msg, (msg.flags & MSG_PEEK) !== 0 ? copied : 0);
      if (n < 0) return copied > 0 ? copied : n;
      copied += n;
      if (copied >= target) return copied;
      // Bytes that were delivered count; the error waits for the next call.
      if (copied > 0 && (sk.sk_err !== 0 || sk.sk_state === TCP_CLOSE)) return copied;
      const err = recv_nothing(sk);
      if (err !== -EAGAIN || left === 0) return copied > 0 ? copied : err;
      if (signal_pending(task)) return copied > 0 ? copied : sock_intr_errno(left);
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
}

function rcvlowat(sk: TcpSock): number {
  return sk.sk_opts === null ? 1 : sock_opt(sk, SOL_SOCKET, SO_RCVLOWAT, 1);
}

/** -ENOTCONN, -EINVAL (MSG_OOB), -EFAULT, the pending error, -EAGAIN. Linux: tcp_recvmsg. */
function tcp_recvmsg(task: Task, sock: Socket, msg: MsgHdr): Result {
  const sk = tcp_sk(sock);
  if (sk.sk_state === TCP_LISTEN) return -ENOTCONN;
  if ((msg.flags & MSG_OOB) !== 0) return -EINVAL;
  const room = msg.iter.count;
  const target = (msg.flags & MSG_WAITALL) !== 0 ? room : Math.min(rcvlowat(sk), room);
  const n = recv_some(task, sk, msg, 0);
  if (n < 0 || (n >= target && n > 0)) return n;
  if (n > 0 && (sk.sk_err !== 0 || sk.sk_state === TCP_CLOSE)) return n;
  const err = recv_nothing(sk);
  if (room === 0 && err === -EAGAIN && sk.rcv.len > 0) return 0;
  const timeo = sock_rcvtimeo(sk, msg.flags);
  if (err === -EAGAIN && timeo !== 0) return room === 0 ? 0 : recv_sleep(task, sk, msg, n, target, timeo);
  return n > 0 ? n : err;
}

function tcp_poll(_file: OpenFile, sock: Socket, pt: PollTable | null): number {
  const sk = tcp_sk(sock);
  pt?.poll_wait(sk.sk_wait);
  const { sk_state, sk_shutdown } = sk;
  if (sk_state === TCP_LISTEN) return fifo_len(sk.accept_queue!) > 0 ? POLLIN | POLLRDNORM : 0;
  let mask = 0;
  if (sk_shutdown === (RCV_SHUTDOWN | SEND_SHUTDOWN) || sk_state === TCP_CLOSE) mask |= POLLHUP;
  if ((sk_shutdown & RCV_SHUTDOWN) !== 0) mask |= POLLIN | POLLRDNORM | POLLRDHUP;
  if (sk_state !== TCP_SYN_SENT) {
    if (sk.rcv.len >= rcvlowat(sk)) mask |= POLLIN | POLLRDNORM;
    if ((sk_shutdown & SEND_SHUTDOWN) !== 0 || stream_is_writeable(sk)) mask |= POLLOUT | POLLWRNORM;
  }
  if (sk.sk_err !== 0) mask |= POLLERR;
  return mask;
}

export const inet_stream_ops = {
  family: AF_INET,
  release: (sock) => {
    tcp_close(tcp_sk(sock));
  },
  bind: (_task, sock, addr) => inet_bind(tcp_sk(sock), addr, tcp_table(tcp_sk(sock))),
  connect: inet_stream_connect,
  socketpair: () => -EOPNOTSUPP,
  accept: inet_accept,
  getname: (sock, peer) => {
    const { sk_state } = sock.sk;
    return inet_getname(tcp_sk(sock), peer, sk_state !== TCP_CLOSE && sk_state !== TCP_SYN_SENT);
  },
  poll: tcp_poll,
  listen: inet_listen,
  shutdown: inet_shutdown,
  setsockopt: (_task, sock, level, optname, optval) => tcp_setsockopt(sock.sk, level, optname, optval),
  getsockopt: (_task, sock, level, optname) => tcp_getsockopt(sock.sk, level, optname),
  sendmsg: tcp_sendmsg,
  recvmsg: tcp_recvmsg,
} satisfies ProtoOps;
