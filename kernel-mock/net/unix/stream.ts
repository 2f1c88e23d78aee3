/** AF_UNIX SOCK_STREAM: bytes (net/unix/af_unix.c unix_stream_sendmsg, unix_stream_read_generic). */
import { type MsgHdr, type ProtoOps, RCV_SHUTDOWN, SEND_SHUTDOWN, type Socket } from '../../include/linux/net.js';
import type { IovIter } from '../../include/linux/mm.js';
import type { Result, Sleep, Task } from '../../include/linux/sched.js';
import { EAGAIN, EFAULT, EINVAL, EISCONN, ENOTCONN, EOPNOTSUPP, EPIPE } from '../../include/uapi/errno.js';
import { POLLIN, POLLRDNORM } from '../../include/uapi/poll.js';
import {
  AF_UNIX,
  MSG_NOSIGNAL,
  MSG_OOB,
  MSG_PEEK,
  MSG_WAITALL,
  SOL_SOCKET,
  SCM_INQ,
  SO_INQ,
  SO_RCVLOWAT,
} from '../../include/uapi/socket.js';
import { fifo_items, fifo_len, fifo_peek, fifo_push, fifo_shift } from '../../lib/fifo.js';
import { kfifo_reserve, kfifo_skip } from '../../lib/kfifo.js';
import { send_sigpipe } from '../../kernel/signal.js';
import { finish_wait, prepare_to_wait, schedule_timeout, signal_pending } from '../../kernel/wait.js';
import { copy_from_iter, copy_to_iter, fault_in } from '../../mm/iov_iter.js';
import { type ScmCookie, scm_destroy, scm_send, put_cmsg } from '../core/scm.js';
import {
  TCP_ESTABLISHED,
  sk_wake,
  sock_error,
  sock_intr_errno,
  sock_opt,
  sock_rcvtimeo,
  sock_sndtimeo,
  sk_peek_offset_bwd,
  int_opt,
} from '../core/sock.js';
import {
  type UnixSock,
  unix_bind,
  unix_getname,
  unix_ioctl,
  unix_poll,
  unix_release,
  unix_shutdown,
  unix_sk,
  unix_inq_len,
} from './af_unix.js';
import { unix_accept, unix_listen, unix_socketpair, unix_stream_connect } from './connection.js';
import { queue_oob, unix_stream_recv_urg } from './oob.js';
import { too_many_unix_fds, unix_may_passcred, unix_rights_refused, unix_scm_recv, unix_scm_to_skb } from './scm.js';
import { SKB_MAX_HEAD, skb_free, skb_truesize } from './skbuff.js';
import { type StreamRead, read_queue, stream_read } from './stream_read.js';

/** A write is cut into pieces of this size; each piece is sent whole or not at all. Checked against Linux 6.18. */
const MAX_PIECE = SKB_MAX_HEAD + 32768;

// Bytes out.

/** What stops a send before a buffer is filled: the pending error, or -EPIPE if this end is shut. Linux: sock_alloc_send_pskb. */
function alloc_error(sk: UnixSock): number {
  if (sk.sk_err !== 0) return sock_error(sk);
  return (sk.sk_shutdown & SEND_SHUTDOWN) !== 0 ? -EPIPE : 0;
}

/** What stops it then: -EPIPE (the other end), -EPERM (it takes no descriptors). */
function queue_error(other: UnixSock, scm: ScmCookie | null): number {
  return other.dead || (other.sk_shutdown & RCV_SHUTDOWN) !== 0 ? -EPIPE : unix_rights_refused(other, scm);
}

/** Put one piece into the peer's queue; -ETOOMANYREFS, -EFAULT, -EPIPE and -EPERM take nothing. */
function send_piece(
  task: Task,
  sk: UnixSock,
  other: UnixSock,
  msg: MsgHdr,
  scm: ScmCookie | null,
  left: number,
): number {
  const { pages } = sk.kernel;
  const n = Math.min(left, Math.max((sk.sk_sndbuf >> 1) - 64, 1), MAX_PIECE);
  let err = too_many_unix_fds(task, scm);
  if (err < 0) return err;
  if (!fault_in(task.mm, msg.iter, n)) return -EFAULT;
  err = queue_error(other, scm);
  if (err < 0) return err;
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
  const own = unix_scm_to_skb(task, sk, other, scm);
  if (own !== null) other.nr_scm++;
  fifo_push(other.sk_receive_queue, { data: null, len: n, truesize, sender: sk, scm: own });
  sk_wake(other, POLLIN | POLLRDNORM);
  return n;
}

/** The end of a send that did not send all. Only one that sent nothing raises SIGPIPE. */
function send_failed(task: Task, msg: MsgHdr, sent: number, err: number): number {
  if (sent > 0) return sent;
  if (err === -EPIPE && (msg.flags & MSG_NOSIGNAL) === 0) send_sigpipe(task);
  return err;
}

/** Send as much as fits now. Answers 0 when all is sent, -EAGAIN when the buffer is full, or the error; `count` tells how much is left. */
function send_some(task: Task, sk: UnixSock, other: UnixSock, msg: MsgHdr, scm: ScmCookie | null): number {
  const oob = (msg.flags & MSG_OOB) !== 0;
  while (msg.iter.count > 0) {
    const err = alloc_error(sk);
    if (err < 0) return err;
    if (sk.wmem >= sk.sk_sndbuf) return -EAGAIN;
    const left = oob ? msg.iter.count - 1 : msg.iter.count;
    const n = left === 0 ? send_oob(task, sk, other, msg, scm) : send_piece(task, sk, other, msg, scm, left);
    if (n < 0) return n;
  }
  return 0;
}

/** The last byte of a send with MSG_OOB. */
function send_oob(task: Task, sk: UnixSock, other: UnixSock, msg: MsgHdr, scm: ScmCookie | null): number {
  let err = too_many_unix_fds(task, scm);
  if (err < 0) return err;
  if (!fault_in(task.mm, msg.iter, 1)) return -EFAULT;
  err = queue_error(other, scm);
  return err < 0 ? err : queue_oob(task, sk, other, msg, unix_scm_to_skb(task, sk, other, scm));
}

function* send_sleep(
  task: Task,
  sk: UnixSock,
  other: UnixSock,
  msg: MsgHdr,
  scm: ScmCookie | null,
  total: number,
): Sleep {
  let left = sock_sndtimeo(sk, msg.flags);
  let err = -EAGAIN;
  try {
    while (err === -EAGAIN) {
      prepare_to_wait(sk.sk_wait, task, false, 'room in the buffer of a UNIX stream');
      err = send_some(task, sk, other, msg, scm);
      if (err !== -EAGAIN || left === 0) break;
      if (signal_pending(task)) err = sock_intr_errno(left);
      else left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
    if (scm !== null) scm_destroy(scm);
  }
  const sent = total - msg.iter.count;
  // ABI: a sleeper that finds its own end shut gets no SIGPIPE.
  if (err === -EPIPE && (sk.sk_shutdown & SEND_SHUTDOWN) !== 0) return sent > 0 ? sent : err;
  return err === 0 ? total : send_failed(task, msg, sent, err);
}

/** -EOPNOTSUPP (MSG_OOB, before 5.15 or with nothing), -EISCONN or -EOPNOTSUPP (a name), -ENOTCONN, -EPIPE. */
function sendmsg_error({ kernel, sk_state, sk_shutdown, peer }: UnixSock, msg: MsgHdr): number {
  if ((msg.flags & MSG_OOB) !== 0 && (!kernel.release.unix_oob || msg.iter.count === 0)) return -EOPNOTSUPP;
  if (msg.name !== null && msg.name.length > 0) return sk_state === TCP_ESTABLISHED ? -EISCONN : -EOPNOTSUPP;
  if (peer === null) return -ENOTCONN;
  return (sk_shutdown & SEND_SHUTDOWN) !== 0 ? -EPIPE : 0;
}

/** The control messages' errors, those of sendmsg_error, -ECONNRESET, -EPIPE, -EAGAIN, -ETOOMANYREFS, -EFAULT, -EPERM. */
function unix_stream_sendmsg(task: Task, sock: Socket, msg: MsgHdr): Result {
  const sk = unix_sk(sock);
  const scm = scm_send(task, sock, msg);
  if (typeof scm === 'number') return scm;
  const total = msg.iter.count;
  let err = sendmsg_error(sk, msg);
  if (err === 0) err = send_some(task, sk, sk.peer!, msg, scm);
  if (err === -EAGAIN && sock_sndtimeo(sk, msg.flags) !== 0) return send_sleep(task, sk, sk.peer!, msg, scm, total);
  if (scm !== null) scm_destroy(scm);
  return err === 0 ? total : send_failed(task, msg, total - msg.iter.count, err);
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
function fault_in_sends(task: Task, sk: UnixSock, iter: IovIter): number {
  let good = 0;
  let end = 0;
  for (const skb of fifo_items(sk.sk_receive_queue)) {
    end += skb.len;
    const n = Math.min(end, iter.count);
    if (n <= 0) continue;
    if (!fault_in(task.mm, iter, n)) break;
    good = n;
  }
  return good;
}

/** Deliver bytes that are there, up to the room in `msg`; 0: there are none. -EFAULT takes nothing. */
function recv_plain(task: Task, sk: UnixSock, msg: MsgHdr): number {
  const { iter } = msg;
  const ring = sk.stream;
  let n = Math.min(iter.count, ring.len);
  if (ring.len === 0) return 0;
  if (msg.want_name) msg.name = fifo_peek(sk.sk_receive_queue)!.sender.addr;
  if (n === 0) return 0;
  if (!fault_in(task.mm, iter, n)) n = fault_in_sends(task, sk, iter);
  if (n === 0) return -EFAULT;
  const size = ring.buf.length;
  const at = ring.out;
  const first = Math.min(n, size - at);
  copy_to_iter(task.mm, iter, ring.buf, at, first);
  if (n > first) copy_to_iter(task.mm, iter, ring.buf, 0, n - first);
  if ((msg.flags & MSG_PEEK) === 0) {
    consume(sk, n);
    sk_peek_offset_bwd(sk, n);
  }
  return n;
}

/** Is there nothing but bytes: no credentials or descriptors, nothing out of band, no place to peek at? */
function plain_read(sk: UnixSock, msg: MsgHdr): boolean {
  if (sk.nr_scm > 0 || unix_may_passcred(sk)) return false;
  return (msg.flags & MSG_PEEK) === 0 || (sk.sk_peek_off < 0 && !sk.kernel.release.unix_peek_first);
}

/** Read what is there. True: the receive is complete. */
function read_some(task: Task, sk: UnixSock, msg: MsgHdr, rd: StreamRead): boolean {
  if (rd.scm !== null || !plain_read(sk, msg)) return read_queue(task, sk, msg, rd);
  if (fifo_len(sk.sk_receive_queue) === 0) return false;
  const n = recv_plain(task, sk, msg);
  if (n > 0 || rd.copied === 0) rd.copied += n;
  // Bytes that are still there did not fit, or stand behind a hole in user memory.
  return n < 0 || sk.stream.len > 0 || msg.iter.count === 0;
}

/** What ends a receive that found nothing more: enough, the pending error, end of file (0), or -EAGAIN to wait. */
function recv_nothing(sk: UnixSock, rd: StreamRead): number {
  if (rd.copied >= rd.target) return 0;
  if (sk.sk_err !== 0) return sock_error(sk);
  return (sk.sk_shutdown & RCV_SHUTDOWN) !== 0 ? 0 : -EAGAIN;
}

function recv_done(task: Task, sk: UnixSock, msg: MsgHdr, rd: StreamRead, err: number): number {
  unix_scm_recv(task, sk, msg, rd.scm);
  return rd.copied !== 0 ? rd.copied : err;
}

function* recv_sleep(task: Task, sk: UnixSock, msg: MsgHdr, rd: StreamRead): Sleep {
  let left = sock_rcvtimeo(sk, msg.flags);
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, false, 'bytes on a UNIX stream');
      if (read_some(task, sk, msg, rd)) return recv_done(task, sk, msg, rd, 0);
      const err = recv_nothing(sk, rd);
      if (err !== -EAGAIN || left === 0) return recv_done(task, sk, msg, rd, err);
      if (signal_pending(task)) {
        // ABI: what came along with the bytes that were read is lost.
        if (rd.scm !== null) scm_destroy(rd.scm);
        return rd.copied !== 0 ? rd.copied : sock_intr_errno(left);
      }
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
}

/** As below, and with SO_INQ what is left. */
function unix_stream_recvmsg(task: Task, sock: Socket, msg: MsgHdr): Result {
  const sk = unix_sk(sock);
  const ret = stream_recvmsg(task, sk, msg);
  return sk.sk_opts === null || sock_opt(sk, SOL_SOCKET, SO_INQ) === 0 ? ret : recv_inq(task, sk, msg, ret);
}

/** SO_INQ: a receive tells how many bytes it has left. */
function recv_inq(task: Task, sk: UnixSock, msg: MsgHdr, ret: Result): Result {
  if (typeof ret !== 'number') return recv_inq_sleep(task, sk, msg, ret);
  if (ret >= 0 && (msg.flags & MSG_OOB) === 0) put_cmsg(task, msg, SOL_SOCKET, SCM_INQ, int_opt(unix_inq_len(sk)));
  return ret;
}

function* recv_inq_sleep(task: Task, sk: UnixSock, msg: MsgHdr, ret: Sleep): Sleep {
  return recv_inq(task, sk, msg, yield* ret) as number;
}

/** -EINVAL (not connected), -EINVAL (MSG_OOB and nothing there; before 5.15 -EOPNOTSUPP), -EFAULT, -ECONNRESET, -EAGAIN. Linux: unix_stream_read_generic. */
function stream_recvmsg(task: Task, sk: UnixSock, msg: MsgHdr): Result {
  if (sk.sk_state !== TCP_ESTABLISHED) return -EINVAL;
  if ((msg.flags & MSG_OOB) !== 0)
    return task.kernel.release.unix_oob ? unix_stream_recv_urg(task, sk, msg) : -EOPNOTSUPP;
  const room = msg.iter.count;
  const lowat = sk.sk_opts === null ? 1 : sock_opt(sk, SOL_SOCKET, SO_RCVLOWAT, 1);
  const target = Math.max((msg.flags & MSG_WAITALL) !== 0 ? room : Math.min(lowat, room), 1);
  if (plain_read(sk, msg)) {
    const n = recv_plain(task, sk, msg);
    // Who only looks has seen all there is.
    if (n < 0 || n >= target || (n > 0 && (msg.flags & MSG_PEEK) !== 0)) return n;
    return recv_more(task, sk, msg, stream_read(n, target));
  }
  return recv_more(task, sk, msg, stream_read(0, target));
}

/** The rest of a receive that has not got all it wants. */
function recv_more(task: Task, sk: UnixSock, msg: MsgHdr, rd: StreamRead): Result {
  if (read_some(task, sk, msg, rd)) return recv_done(task, sk, msg, rd, 0);
  const err = recv_nothing(sk, rd);
  if (err === -EAGAIN && sock_rcvtimeo(sk, msg.flags) !== 0) return recv_sleep(task, sk, msg, rd);
  return recv_done(task, sk, msg, rd, err);
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
  sendmsg: unix_stream_sendmsg,
  recvmsg: unix_stream_recvmsg,
} satisfies ProtoOps;
