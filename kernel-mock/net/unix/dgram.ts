/** AF_UNIX SOCK_DGRAM and SOCK_SEQPACKET: messages with boundaries (net/unix/af_unix.c unix_dgram_*, unix_seqpacket_*). */
import {
  type MsgHdr,
  type ProtoOps,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SS_CONNECTED,
  SS_UNCONNECTED,
  type SockAddr,
  type Socket,
} from '../../include/linux/net.js';
import type { Result, Sleep, Task } from '../../include/linux/sched.js';
import type { PollTable } from '../../include/linux/wait.js';
import {
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EFAULT,
  EINVAL,
  EMSGSIZE,
  ENOTCONN,
  EOPNOTSUPP,
  EPERM,
  EPIPE,
} from '../../include/uapi/errno.js';
import { POLLERR, POLLIN, POLLOUT, POLLRDNORM, POLLWRBAND, POLLWRNORM } from '../../include/uapi/poll.js';
import { AF_UNIX, AF_UNSPEC, MSG_OOB, MSG_PEEK, MSG_TRUNC, SOCK_SEQPACKET } from '../../include/uapi/socket.js';
import { get_u16 } from '../../lib/bytes.js';
import { fifo_items, fifo_len, fifo_peek, fifo_push, fifo_shift } from '../../lib/fifo.js';
import { finish_wait, prepare_to_wait, schedule_timeout, signal_pending, wake_up_all } from '../../kernel/wait.js';
import { copy_from_iter, copy_to_iter, fault_in } from '../../mm/iov_iter.js';
import { ktime_get_real } from '../../kernel/time.js';
import { type ScmCookie, scm_cookie, scm_destroy, scm_send } from '../core/scm.js';
import {
  TCP_ESTABLISHED,
  sk_wake,
  sock_error,
  sock_intr_errno,
  sock_rcvtimeo,
  sock_sndtimeo,
  sk_peek_offset_bwd,
  sk_peek_offset_fwd,
  skb_peek_at,
} from '../core/sock.js';
import { sock_recv_timestamp, sock_wants_stamp } from '../socket_cmsgs.js';
import {
  type UnixSock,
  unix_autobind,
  unix_bind,
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
import { unix_accept, unix_listen, unix_socketpair, unix_stream_connect } from './connection.js';
import {
  too_many_unix_fds,
  unix_may_passcred,
  unix_rights_refused,
  unix_scm_recv,
  unix_scm_to_skb,
  unix_skb_to_scm,
  unix_take_fds,
} from './scm.js';
import { SKB_MAX_ALLOC, type UnixSkb, skb_free, skb_truesize, unix_recvq_full } from './skbuff.js';

const NO_DATA = new Uint8Array(0);

/** May `sk` send to `other`? A connected socket hears only its peer. */
function unix_may_send(sk: UnixSock, other: UnixSock): boolean {
  return other.peer === null || other.peer === sk;
}

/** `sk` has left `old`: what it had not read is lost, and `old` learns that if it was connected to `sk`. Linux: unix_dgram_disconnected. */
function unix_dgram_disconnected(sk: UnixSock, old: UnixSock): void {
  if (fifo_len(sk.sk_receive_queue) === 0) return;
  for (let skb = fifo_shift(sk.sk_receive_queue); skb !== undefined; skb = fifo_shift(sk.sk_receive_queue))
    skb_free(skb);
  wake_up_all(sk.peer_wait, POLLOUT);
  if (old.dead || old.peer !== sk) return;
  old.sk_err = ECONNRESET;
  sk_wake(old, POLLERR);
}

/** Set the default destination, or dissolve it (AF_UNSPEC). -EINVAL, -ENOENT, -ECONNREFUSED, -EPROTOTYPE, -EPERM. */
function unix_dgram_connect(task: Task, sock: Socket, addr: SockAddr): number {
  const sk = unix_sk(sock);
  if (addr.length < 2) return -EINVAL;
  const old = sk.peer;
  if (get_u16(addr, 0) === AF_UNSPEC) {
    sk.peer = null;
    sock.state = SS_UNCONNECTED;
    if (old !== null) unix_dgram_disconnected(sk, old);
    return 0;
  }
  const name = unix_mkname(addr);
  if (typeof name === 'number') return name;
  if (unix_may_passcred(sk) && sk.addr === null) unix_autobind(sk);
  const other = unix_find_other(task, name, sk.sk_type);
  if (typeof other === 'number') return other;
  if (!unix_may_send(sk, other)) return -EPERM;
  sk.peer = other;
  sock.state = SS_CONNECTED;
  if (old !== null && old !== other) unix_dgram_disconnected(sk, old);
  return 0;
}

/** The destination of a message: its name, or the peer. -ENOENT, -ECONNREFUSED …, -ENOTCONN. */
function destination(task: Task, sk: UnixSock, name: SockAddr | null): UnixSock | number {
  return name === null ? (sk.peer ?? -ENOTCONN) : unix_find_other(task, name, sk.sk_type);
}

/** Send the message whole, to `name` or to the peer: 0, -EAGAIN when there is no room, or the error. */
function try_send(task: Task, sk: UnixSock, name: SockAddr | null, msg: MsgHdr, scm: ScmCookie | null): number {
  if (sk.sk_err !== 0) return sock_error(sk);
  if ((sk.sk_shutdown & SEND_SHUTDOWN) !== 0) return -EPIPE;
  if (sk.wmem >= sk.sk_sndbuf) return -EAGAIN;
  const err = too_many_unix_fds(task, scm);
  if (err < 0) return err;
  const len = msg.iter.count;
  if (!fault_in(task.mm, msg.iter, len)) return -EFAULT;
  const other = destination(task, sk, name);
  if (typeof other === 'number') return other;
  if (!unix_may_send(sk, other)) return -EPERM;
  if (other.dead) {
    if (sk.sk_type === SOCK_SEQPACKET) return -EPIPE;
    if (sk.peer === other) {
      sk.peer = null;
      unix_dgram_disconnected(sk, other);
    }
    return -ECONNREFUSED;
  }
  if ((other.sk_shutdown & RCV_SHUTDOWN) !== 0) return -EPIPE;
  const refused = unix_rights_refused(other, scm);
  if (refused < 0) return refused;
  if (other !== sk && other.peer !== sk && unix_recvq_full(other)) return -EAGAIN;
  const data = len === 0 ? NO_DATA : new Uint8Array(len);
  copy_from_iter(task.mm, msg.iter, data, 0, len);
  const own = unix_scm_to_skb(task, sk, other, scm);
  const skb: UnixSkb = { data, len, truesize: skb_truesize(len, SKB_MAX_ALLOC), sender: sk, scm: own };
  if (other.sk_opts !== null && sock_wants_stamp(other)) skb.stamp = ktime_get_real(sk.kernel);
  sk.wmem += skb.truesize;
  fifo_push(other.sk_receive_queue, skb);
  sk_wake(other, POLLIN | POLLRDNORM);
  return 0;
}

/** The message is sent, or will not be: nothing goes along any more. */
function* send_sleep(
  task: Task,
  sk: UnixSock,
  name: SockAddr | null,
  msg: MsgHdr,
  scm: ScmCookie | null,
  timeo: number,
): Sleep {
  try {
    return yield* send_wait(task, sk, name, msg, scm, timeo);
  } finally {
    if (scm !== null) scm_destroy(scm);
  }
}

function* send_wait(
  task: Task,
  sk: UnixSock,
  name: SockAddr | null,
  msg: MsgHdr,
  scm: ScmCookie | null,
  timeo: number,
): Sleep {
  const len = msg.iter.count;
  let left = timeo;
  for (;;) {
    const err = try_send(task, sk, name, msg, scm);
    if (err === 0) return len;
    if (err !== -EAGAIN || left === 0) return err;
    // Either the own buffer or the receiver's queue is full: wait where room will show.
    const other = destination(task, sk, name);
    const q = sk.wmem >= sk.sk_sndbuf || typeof other === 'number' ? sk.sk_wait : other.peer_wait;
    try {
      // Only the peer's queue is for one at a time: the own one has readers in it, who would take the wake-up for themselves.
      prepare_to_wait(q, task, q !== sk.sk_wait, 'room for a datagram on a UNIX socket');
      if (signal_pending(task)) return sock_intr_errno(left);
      left = yield* schedule_timeout(task, left);
    } finally {
      finish_wait(task);
    }
  }
}

/** What stops a send before a buffer is filled. A socket that wants to know who sends gets a name. */
function sendmsg_error(task: Task, sk: UnixSock, name: SockAddr | null, msg: MsgHdr): number {
  if (name === null && sk.peer === null && task.kernel.release.unix_dgram_peer_first) return -ENOTCONN;
  const err = unix_may_passcred(sk) && sk.addr === null ? unix_autobind(sk) : 0;
  if (err < 0) return err;
  return msg.iter.count > sk.sk_sndbuf - 32 ? -EMSGSIZE : 0;
}

function send_to(task: Task, sk: UnixSock, msg: MsgHdr, scm: ScmCookie | null): Result {
  if ((msg.flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
  const name = msg.name === null || msg.name.length === 0 ? null : unix_mkname(msg.name);
  if (typeof name === 'number') return name;
  const len = msg.iter.count;
  let err = sendmsg_error(task, sk, name, msg);
  if (err === 0) err = try_send(task, sk, name, msg, scm);
  if (err === 0) return len;
  const timeo = sock_sndtimeo(sk, msg.flags);
  return err === -EAGAIN && timeo !== 0 ? send_sleep(task, sk, name, msg, scm, timeo) : err;
}

/**
 * The control messages' errors, -EOPNOTSUPP (MSG_OOB), -EINVAL (name), -EMSGSIZE, -EPIPE, -EAGAIN, -ETOOMANYREFS, -EFAULT, then as
 * `destination` (no peer: before 6.14 found before -EMSGSIZE), -EPERM, -ECONNREFUSED.
 */
function unix_dgram_sendmsg(task: Task, sock: Socket, msg: MsgHdr): Result {
  const scm = scm_send(task, sock, msg);
  if (typeof scm === 'number') return scm;
  const ret = send_to(task, unix_sk(sock), msg, scm);
  if (scm !== null && typeof ret === 'number') scm_destroy(scm);
  return ret;
}

/** -ENOTCONN, then as a datagram; a name is ignored. */
function unix_seqpacket_sendmsg(task: Task, sock: Socket, msg: MsgHdr): Result {
  const sk = unix_sk(sock);
  if (sk.sk_err !== 0) return sock_error(sk);
  if (sk.sk_state !== TCP_ESTABLISHED) return -ENOTCONN;
  msg.name = null;
  return unix_dgram_sendmsg(task, sock, msg);
}

/** The message to receive, if there is one: the first, or with SO_PEEK_OFF the one at that place. `skip`: bytes to leave out of it. */
function next_message(sk: UnixSock, msg: MsgHdr): { skb: UnixSkb; skip: number } | undefined {
  const { sk_receive_queue: queue } = sk;
  if ((msg.flags & MSG_PEEK) === 0 || sk.sk_peek_off < 0) {
    const skb = fifo_peek(queue);
    return skb === undefined ? undefined : { skb, skip: 0 };
  }
  return skb_peek_at(fifo_items(queue), sk.sk_peek_off, ({ len }) => len);
}

/** What goes along with `skb` to the program. */
function deliver_scm(task: Task, sk: UnixSock, skb: UnixSkb, msg: MsgHdr, peek: boolean): void {
  const scm = scm_cookie();
  unix_skb_to_scm(skb, scm);
  unix_take_fds(skb, scm, peek);
  unix_scm_recv(task, sk, msg, scm);
}

/** Deliver a message from its `skip` on, cut to the room there is. -EFAULT loses it, as in Linux. */
function deliver(task: Task, sk: UnixSock, skb: UnixSkb, skip: number, msg: MsgHdr): number {
  const peek = (msg.flags & MSG_PEEK) !== 0;
  const len = skb.len - skip;
  if (!peek) fifo_shift(sk.sk_receive_queue);
  // Linux wakes them for a peek too.
  wake_peer_wait(sk);
  if (msg.want_name) msg.name = skb.sender.addr;
  const n = Math.min(len, msg.iter.count);
  if (n < len) msg.out_flags |= MSG_TRUNC;
  const good = fault_in(task.mm, msg.iter, n);
  if (good) {
    copy_to_iter(task.mm, msg.iter, skb.data!, skip, n);
    if (peek) sk_peek_offset_fwd(sk, n);
    else sk_peek_offset_bwd(sk, skb.len);
    if (sk.sk_opts !== null) sock_recv_timestamp(task, sk, msg, skb.stamp ?? null);
    if (skb.scm !== null || unix_may_passcred(sk)) deliver_scm(task, sk, skb, msg, peek);
  }
  if (!peek) skb_free(skb);
  if (!good) return -EFAULT;
  return (msg.flags & MSG_TRUNC) !== 0 ? len : n;
}

function* recv_sleep(task: Task, sk: UnixSock, msg: MsgHdr, timeo: number): Sleep {
  let left = timeo;
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, true, 'a message on a UNIX socket');
      if (sk.sk_err !== 0) return sock_error(sk);
      const next = next_message(sk, msg);
      if (next !== undefined) return deliver(task, sk, next.skb, next.skip, msg);
      if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) return 0;
      if (left === 0) return -EAGAIN;
      if (signal_pending(task)) return sock_intr_errno(left);
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
}

/** -EOPNOTSUPP (MSG_OOB), the pending error, -EAGAIN, -EFAULT. 0 at end of file. Linux: unix_dgram_recvmsg. */
function unix_dgram_recvmsg(task: Task, sock: Socket, msg: MsgHdr): Result {
  const sk = unix_sk(sock);
  if ((msg.flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
  if (sk.sk_err !== 0) return sock_error(sk);
  const next = next_message(sk, msg);
  if (next !== undefined) return deliver(task, sk, next.skb, next.skip, msg);
  const timeo = sock_rcvtimeo(sk, msg.flags);
  if (timeo !== 0) return recv_sleep(task, sk, msg, timeo);
  // Linux looks at the shutdown of a datagram socket only when it may wait.
  return sk.sk_type === SOCK_SEQPACKET && (sk.sk_shutdown & RCV_SHUTDOWN) !== 0 ? 0 : -EAGAIN;
}

function unix_seqpacket_recvmsg(task: Task, sock: Socket, msg: MsgHdr): Result {
  if (unix_sk(sock).sk_state !== TCP_ESTABLISHED) return -ENOTCONN;
  return unix_dgram_recvmsg(task, sock, msg);
}

/** As for a stream, but not writable while the peer's queue is full. Linux: unix_dgram_poll. */
function unix_dgram_poll(file: unknown, sock: Socket, pt: PollTable | null): number {
  const sk = unix_sk(sock);
  const mask = unix_poll(file, sock, pt);
  const { peer } = sk;
  if (peer === null || peer.peer === sk) return mask;
  pt?.poll_wait(peer.peer_wait);
  return unix_recvq_full(peer) ? mask & ~(POLLOUT | POLLWRNORM | POLLWRBAND) : mask;
}

export const unix_dgram_ops = {
  family: AF_UNIX,
  release: unix_release,
  bind: unix_bind,
  connect: unix_dgram_connect,
  socketpair: unix_socketpair,
  accept: () => -EOPNOTSUPP,
  getname: unix_getname,
  poll: unix_dgram_poll,
  ioctl: unix_ioctl,
  listen: () => -EOPNOTSUPP,
  shutdown: unix_shutdown,
  sendmsg: unix_dgram_sendmsg,
  recvmsg: unix_dgram_recvmsg,
} satisfies ProtoOps;

export const unix_seqpacket_ops = {
  ...unix_dgram_ops,
  connect: unix_stream_connect,
  accept: unix_accept,
  poll: unix_dgram_poll,
  ioctl: unix_ioctl,
  listen: unix_listen,
  sendmsg: unix_seqpacket_sendmsg,
  recvmsg: unix_seqpacket_recvmsg,
} satisfies ProtoOps;
