/** AF_UNIX SOCK_STREAM: connections and bytes (net/unix/af_unix.c unix_stream_*). */
import {
  type MsgHdr,
  type ProtoOps,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SS_CONNECTED,
  type SockAddr,
  type Socket,
} from '../../include/linux/net.js';
import type { IovIter } from '../../include/linux/mm.js';
import type { Result, Sleep, Task } from '../../include/linux/sched.js';
import {
  EAGAIN,
  ECONNREFUSED,
  EFAULT,
  EINVAL,
  EISCONN,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
} from '../../include/uapi/errno.js';
import { O_NONBLOCK } from '../../include/uapi/fcntl.js';
import { POLLIN, POLLOUT, POLLRDNORM } from '../../include/uapi/poll.js';
import {
  AF_UNIX,
  MSG_NOSIGNAL,
  MSG_OOB,
  MSG_PEEK,
  MSG_WAITALL,
  SOL_SOCKET,
  SO_RCVLOWAT,
} from '../../include/uapi/socket.js';
import { fifo, fifo_items, fifo_len, fifo_peek, fifo_push, fifo_shift } from '../../lib/fifo.js';
import { kfifo_reserve, kfifo_skip } from '../../lib/kfifo.js';
import { send_sigpipe } from '../../kernel/signal.js';
import { finish_wait, prepare_to_wait, schedule_timeout, signal_pending, wake_up_all } from '../../kernel/wait.js';
import { copy_from_iter, copy_to_iter, fault_in } from '../../mm/iov_iter.js';
import {
  TCP_CLOSE,
  TCP_ESTABLISHED,
  TCP_LISTEN,
  sk_wake,
  sock_error,
  sock_graft,
  sock_intr_errno,
  sock_opt,
  sock_rcvtimeo,
  sock_sndtimeo,
} from '../core/sock.js';
import {
  SKB_MAX_HEAD,
  type UnixSock,
  connection_based,
  skb_free,
  skb_truesize,
  unix_bind,
  unix_create1,
  unix_find_other,
  unix_getname,
  unix_ioctl,
  unix_mkname,
  unix_poll,
  unix_release,
  unix_shutdown,
  unix_sk,
  wake_peer_wait,
} from './af_unix.js';

/** A write is cut into pieces of this size; each piece is sent whole or not at all. Checked against Linux 6.18. */
const MAX_PIECE = SKB_MAX_HEAD + 32768;

// Connections.

/** -EINVAL (not bound, or in another state). Linux: unix_listen. */
export function unix_listen(sock: Socket, backlog: number): number {
  const sk = unix_sk(sock);
  if (sk.addr === null) return -EINVAL;
  if (sk.sk_state !== TCP_CLOSE && sk.sk_state !== TCP_LISTEN) return -EINVAL;
  if (backlog > sk.max_ack_backlog) wake_up_all(sk.peer_wait, POLLOUT);
  sk.max_ack_backlog = backlog;
  sk.sk_state = TCP_LISTEN;
  sk.accept_queue ??= fifo();
  return 0;
}

/** Try to connect: 0, -errno, or -EAGAIN while the listener's queue is full. */
function try_connect(task: Task, sk: UnixSock, name: SockAddr): number {
  const other = unix_find_other(task, name, sk.sk_type);
  if (typeof other === 'number') return other;
  if (other.accept_queue === null || other.sk_state !== TCP_LISTEN || (other.sk_shutdown & RCV_SHUTDOWN) !== 0)
    return -ECONNREFUSED;
  if (fifo_len(other.accept_queue) > other.max_ack_backlog) return -EAGAIN;
  if (sk.sk_state !== TCP_CLOSE) return sk.sk_state === TCP_ESTABLISHED ? -EISCONN : -EINVAL;
  const newsk = unix_create1(sk.kernel, sk.sk_type);
  newsk.addr = other.addr;
  newsk.sk_state = TCP_ESTABLISHED;
  newsk.peer = sk;
  sk.peer = newsk;
  sk.sk_state = TCP_ESTABLISHED;
  fifo_push(other.accept_queue, newsk);
  sk_wake(other, POLLIN | POLLRDNORM);
  return 0;
}

function* connect_sleep(task: Task, sock: Socket, name: SockAddr, timeo: number): Sleep {
  const sk = unix_sk(sock);
  let left = timeo;
  for (;;) {
    const err = try_connect(task, sk, name);
    if (err === 0) sock.state = SS_CONNECTED;
    if (err !== -EAGAIN || left === 0) return err;
    const other = unix_find_other(task, name, sk.sk_type);
    if (typeof other === 'number') return other;
    try {
      prepare_to_wait(other.peer_wait, task, true, 'room in the queue of a listening socket');
      if (signal_pending(task)) return sock_intr_errno(left);
      left = yield* schedule_timeout(task, left);
    } finally {
      finish_wait(task);
    }
  }
}

/** -EINVAL (address), -ENOENT, -ECONNREFUSED, -EPROTOTYPE, -EAGAIN (queue full), -EISCONN, -EINVAL. Linux: unix_stream_connect. */
export function unix_stream_connect(task: Task, sock: Socket, addr: SockAddr, flags: number): Result {
  const name = unix_mkname(addr);
  if (typeof name === 'number') return name;
  const sk = unix_sk(sock);
  const err = try_connect(task, sk, name);
  if (err === 0) sock.state = SS_CONNECTED;
  const timeo = (flags & O_NONBLOCK) !== 0 ? 0 : sk.sk_sndtimeo;
  return err === -EAGAIN && timeo !== 0 ? connect_sleep(task, sock, name, timeo) : err;
}

export function unix_socketpair(sock1: Socket, sock2: Socket): number {
  const ska = unix_sk(sock1);
  const skb = unix_sk(sock2);
  ska.peer = skb;
  skb.peer = ska;
  if (connection_based(ska)) {
    ska.sk_state = TCP_ESTABLISHED;
    skb.sk_state = TCP_ESTABLISHED;
  }
  sock1.state = SS_CONNECTED;
  sock2.state = SS_CONNECTED;
  return 0;
}

function take_connection(sk: UnixSock, newsock: Socket): boolean {
  const tsk = fifo_shift(sk.accept_queue!);
  if (tsk === undefined) return false;
  wake_peer_wait(sk);
  newsock.state = SS_CONNECTED;
  sock_graft(tsk, newsock);
  return true;
}

function* accept_sleep(task: Task, sk: UnixSock, newsock: Socket, timeo: number): Sleep {
  let left = timeo;
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, true, 'a connection on a UNIX socket');
      if (take_connection(sk, newsock)) return 0;
      if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) return -EINVAL;
      if (left === 0) return -EAGAIN;
      if (signal_pending(task)) return sock_intr_errno(left);
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
}

/** -EINVAL (not listening), -EAGAIN, -EINVAL (shut down). Linux: unix_accept. */
export function unix_accept(task: Task, sock: Socket, newsock: Socket, flags: number): Result {
  const sk = unix_sk(sock);
  if (sk.sk_state !== TCP_LISTEN) return -EINVAL;
  if (take_connection(sk, newsock)) return 0;
  if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) return -EINVAL;
  const timeo = (flags & O_NONBLOCK) !== 0 ? 0 : sk.sk_rcvtimeo;
  return timeo === 0 ? -EAGAIN : accept_sleep(task, sk, newsock, timeo);
}

// Bytes out.

/** What stops a send: the pending error, or -EPIPE if an end is shut. 0: nothing. */
function send_error(sk: UnixSock, other: UnixSock): number {
  if (sk.sk_err !== 0) return sock_error(sk);
  if ((sk.sk_shutdown & SEND_SHUTDOWN) !== 0 || other.dead || (other.sk_shutdown & RCV_SHUTDOWN) !== 0) return -EPIPE;
  return 0;
}

/** Put one piece into the peer's queue; -EFAULT takes nothing. */
function send_piece(task: Task, sk: UnixSock, other: UnixSock, msg: MsgHdr): number {
  const { pages } = sk.kernel;
  const n = Math.min(msg.iter.count, Math.max((sk.sk_sndbuf >> 1) - 64, 1), MAX_PIECE);
  if (!fault_in(task.mm, msg.iter, n)) return -EFAULT;
  const ring = other.stream;
  kfifo_reserve(pages, ring, n);
  const size = ring.buf.length;
  const at = (ring.out + ring.len) & (size - 1);
  const first = Math.min(n, size - at);
  copy_from_iter(task.mm, msg.iter, ring.buf, at, first);
  if (n > first) copy_from_iter(task.mm, msg.iter, ring.buf, 0, n - first);
  ring.len += n;
  const truesize = skb_truesize(n, SKB_MAX_HEAD);
  sk.wmem += truesize;
  fifo_push(other.sk_receive_queue, { data: null, len: n, truesize, sender: sk });
  sk_wake(other, POLLIN | POLLRDNORM);
  return n;
}

function send_failed(task: Task, msg: MsgHdr, sent: number, err: number): number {
  if (sent > 0) return sent;
  if (err === -EPIPE && (msg.flags & MSG_NOSIGNAL) === 0) send_sigpipe(task);
  return err;
}

/** Send as much as fits now. Answers 0 when all is sent, -EAGAIN when the buffer is full, or the error; `count` tells how much is left. */
function send_some(task: Task, sk: UnixSock, other: UnixSock, msg: MsgHdr): number {
  while (msg.iter.count > 0) {
    const err = send_error(sk, other);
    if (err < 0) return err;
    if (sk.wmem >= sk.sk_sndbuf) return -EAGAIN;
    const n = send_piece(task, sk, other, msg);
    if (n < 0) return n;
  }
  return 0;
}

function* send_sleep(task: Task, sk: UnixSock, other: UnixSock, msg: MsgHdr, total: number, timeo: number): Sleep {
  let left = timeo;
  let err = -EAGAIN;
  try {
    while (err === -EAGAIN) {
      prepare_to_wait(sk.sk_wait, task, false, 'room in the buffer of a UNIX stream');
      err = send_some(task, sk, other, msg);
      if (err !== -EAGAIN || left === 0) break;
      if (signal_pending(task)) err = sock_intr_errno(left);
      else left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
  return err === 0 ? total : send_failed(task, msg, total - msg.iter.count, err);
}

/** -EOPNOTSUPP (MSG_OOB), -EISCONN or -EOPNOTSUPP (a name), -ENOTCONN, -ECONNRESET, -EPIPE, -EFAULT, -EAGAIN. */
function unix_stream_sendmsg(task: Task, sock: Socket, msg: MsgHdr): Result {
  const sk = unix_sk(sock);
  if ((msg.flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
  if (msg.name !== null && msg.name.length > 0) return sk.sk_state === TCP_ESTABLISHED ? -EISCONN : -EOPNOTSUPP;
  const other = sk.peer;
  if (other === null) return -ENOTCONN;
  if ((sk.sk_shutdown & SEND_SHUTDOWN) !== 0) return send_failed(task, msg, 0, -EPIPE);
  const total = msg.iter.count;
  const err = send_some(task, sk, other, msg);
  if (err === 0) return total;
  const timeo = sock_sndtimeo(sk, msg.flags);
  if (err === -EAGAIN && timeo !== 0) return send_sleep(task, sk, other, msg, total, timeo);
  return send_failed(task, msg, total - msg.iter.count, err);
}

// Bytes in.

/** Count `n` bytes as read: each buffer that is read up gives its sender room again. */
function consume(sk: UnixSock, n: number): void {
  kfifo_skip(sk.kernel.pages, sk.stream, n);
  for (let left = n; left > 0;) {
    const skb = fifo_peek(sk.sk_receive_queue)!;
    const take = Math.min(left, skb.len);
    skb.len -= take;
    left -= take;
    if (skb.len > 0) return;
    fifo_shift(sk.sk_receive_queue);
    skb_free(skb);
  }
}

/** Not all of user memory is there: the bytes of those sends that fit whole before the hole. The next one stays queued, as in Linux. */
function fault_in_sends(task: Task, sk: UnixSock, iter: IovIter, skip: number): number {
  let good = 0;
  let end = -skip;
  for (const skb of fifo_items(sk.sk_receive_queue)) {
    end += skb.len;
    const n = Math.min(end, iter.count);
    if (n <= 0) continue;
    if (!fault_in(task.mm, iter, n)) break;
    good = n;
  }
  return good;
}

/** Deliver what is there, up to the room in `msg`; `skip` bytes were peeked at before. -EFAULT takes nothing. */
function recv_some(task: Task, sk: UnixSock, msg: MsgHdr, skip: number): number {
  const { iter } = msg;
  const ring = sk.stream;
  let n = Math.min(iter.count, ring.len - skip);
  if (n === 0) return 0;
  if (!fault_in(task.mm, iter, n)) n = fault_in_sends(task, sk, iter, skip);
  if (n === 0) return -EFAULT;
  const size = ring.buf.length;
  const at = (ring.out + skip) & (size - 1);
  const first = Math.min(n, size - at);
  copy_to_iter(task.mm, iter, ring.buf, at, first);
  if (n > first) copy_to_iter(task.mm, iter, ring.buf, 0, n - first);
  if ((msg.flags & MSG_PEEK) === 0) consume(sk, n);
  return n;
}

/** What ends a receive that found nothing: the pending error, end of file (0), or -EAGAIN to wait. */
function recv_nothing(sk: UnixSock): number {
  if (sk.sk_err !== 0) return sock_error(sk);
  return (sk.sk_shutdown & RCV_SHUTDOWN) !== 0 ? 0 : -EAGAIN;
}

function* recv_sleep(task: Task, sk: UnixSock, msg: MsgHdr, got: number, target: number, timeo: number): Sleep {
  let left = timeo;
  let copied = got;
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, false, 'bytes on a UNIX stream');
      const n = recv_some(task, sk, msg, (msg.flags & MSG_PEEK) !== 0 ? copied : 0);
      if (n < 0) return copied > 0 ? copied : n;
      copied += n;
      if (copied >= target) return copied;
      const err = recv_nothing(sk);
      if (err !== -EAGAIN || left === 0) return copied > 0 ? copied : err;
      if (signal_pending(task)) return copied > 0 ? copied : sock_intr_errno(left);
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
}

/** -EINVAL (not connected), -EOPNOTSUPP (MSG_OOB), -EFAULT, -ECONNRESET, -EAGAIN. Linux: unix_stream_read_generic. */
function unix_stream_recvmsg(task: Task, sock: Socket, msg: MsgHdr): Result {
  const sk = unix_sk(sock);
  if (sk.sk_state !== TCP_ESTABLISHED) return -EINVAL;
  if ((msg.flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
  const room = msg.iter.count;
  const lowat = sk.sk_opts === null ? 1 : sock_opt(sk, SOL_SOCKET, SO_RCVLOWAT, 1);
  const target = (msg.flags & MSG_WAITALL) !== 0 ? room : Math.min(lowat, room);
  if (room === 0) return 0;
  const n = recv_some(task, sk, msg, 0);
  if (n < 0 || n >= target) return n;
  const err = recv_nothing(sk);
  const timeo = sock_rcvtimeo(sk, msg.flags);
  if (err === -EAGAIN && timeo !== 0) return recv_sleep(task, sk, msg, n, target, timeo);
  return n > 0 ? n : err;
}

export const unix_stream_ops = {
  family: AF_UNIX,
  release: unix_release,
  bind: unix_bind,
  connect: unix_stream_connect,
  socketpair: unix_socketpair,
  accept: unix_accept,
  getname: unix_getname,
  poll: unix_poll,
  ioctl: unix_ioctl,
  listen: unix_listen,
  shutdown: unix_shutdown,
  setsockopt: () => -EOPNOTSUPP,
  getsockopt: () => -EOPNOTSUPP,
  sendmsg: unix_stream_sendmsg,
  recvmsg: unix_stream_recvmsg,
} satisfies ProtoOps;
