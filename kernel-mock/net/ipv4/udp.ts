/** UDP as a program sees it: destinations, datagrams out and in, poll (net/ipv4/udp.c, datagram.c). */
import { type MsgHdr, RCV_SHUTDOWN, SEND_SHUTDOWN, type SockAddr, type Socket } from '../../include/linux/net.js';
import type { Result, Sleep, Task } from '../../include/linux/sched.js';
import type { Timespec64 } from '../../include/linux/timekeeping.js';
import type { PollTable } from '../../include/linux/wait.js';
import {
  EAFNOSUPPORT,
  EAGAIN,
  EDESTADDRREQ,
  EFAULT,
  EINVAL,
  EMSGSIZE,
  ENOTTY,
  EOPNOTSUPP,
  EPIPE,
} from '../../include/uapi/errno.js';
import { INADDR_ANY, IPPROTO_UDP } from '../../include/uapi/in.js';
import { SIOCINQ, SIOCOUTQ } from '../../include/uapi/ioctls.js';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLPRI,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from '../../include/uapi/poll.js';
import {
  AF_INET,
  AF_UNSPEC,
  MSG_ERRQUEUE,
  MSG_MORE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  SOL_SOCKET,
  SOL_UDP,
  SO_SELECT_ERR_QUEUE,
  SO_TIMESTAMP,
} from '../../include/uapi/socket.js';
import { TCP_CLOSE, TCP_ESTABLISHED } from '../../include/uapi/tcp.js';
import { UDP_CORK } from '../../include/uapi/udp.js';
import { get_s32, get_u16 } from '../../lib/bytes.js';
import { fifo_clear, fifo_items, fifo_len, fifo_peek, fifo_shift } from '../../lib/fifo.js';
import { finish_wait, prepare_to_wait, schedule_timeout, signal_pending } from '../../kernel/wait.js';
import { copy_from_iter, copy_to_iter, fault_in } from '../../mm/iov_iter.js';
import {
  sk_peek_offset_bwd,
  sk_peek_offset_fwd,
  skb_peek_at,
  sock_error,
  sock_intr_errno,
  sock_opt,
  sock_rcvtimeo,
} from '../core/sock.js';
import { sock_recv_cmsgs } from '../socket_cmsgs.js';
import { ip4_datagram_connect, output_saddr, route_saddr, udp_route } from './datagram.js';
import { type IpcmCookie, ip_cmsg_recv, ip_cmsg_send, ipcm_init_sk } from './ip_cmsg.js';
import { ip_icmp_error, ip_local_error, ip_recv_error } from './ip_errqueue.js';
import { udp_lib_setsockopt } from './ip_sockglue.js';
import { inet_put_port } from './inet_hashtables.js';
import type { InetSock } from './inet_sock.js';
import {
  type Proto,
  SOCK_BINDPORT_LOCK,
  inet_reset_saddr,
  is_sockaddr_in,
  route_daddr,
  sin_addr,
  sin_port,
  sockaddr_in,
} from './inet_sock.js';
import { SHUTDOWN_MASK } from './tcp_sock.js';
import {
  type UdpSkb,
  type UdpPending,
  type UdpSock,
  udp_sk,
  udp_lib_get_port,
  inet_autobind,
  udp_make_skb,
  udp_rcv,
  udp_truesize,
} from './udp_input.js';

/** The most that one datagram carries: 65535 less the headers of IP and UDP. */
const UDP_MAX_PAYLOAD = 65507;

/** No default destination any more; what the program did not bind is given up. Linux: __udp_disconnect. */
export function udp_disconnect(sk: InetSock): void {
  sk.sk_state = TCP_CLOSE;
  sk.inet_daddr = sk.sk_prot.any;
  sk.inet_dport = 0;
  inet_reset_saddr(sk);
  if ((sk.sk_userlocks & SOCK_BINDPORT_LOCK) !== 0) return;
  inet_put_port(sk);
  sk.inet_sport = 0;
}

// send

/** Is the name of a message a destination? -EINVAL (length, port 0), -EAFNOSUPPORT. AF_UNSPEC passes for AF_INET. */
function check_name(name: SockAddr): number {
  if (!is_sockaddr_in(name)) return -EINVAL;
  const family = get_u16(name, 0);
  if (family !== AF_INET && family !== AF_UNSPEC) return -EAFNOSUPPORT;
  return sin_port(name) === 0 ? -EINVAL : 0;
}

/** The most pieces that UDP_SEGMENT makes of one send. Linux: UDP_MAX_SEGMENTS. */
const UDP_MAX_SEGMENTS = 128;

/**
 * The end of every send: -EMSGSIZE (more than `max`), -EINVAL (too many pieces), the pending error, -EPIPE (without a signal), -EFAULT.
 * `skb`: the datagram, still without its bytes.
 */
export function udp_send_skb(task: Task, sk: UdpSock, msg: MsgHdr, skb: UdpSkb, max: number, gso_size: number): number {
  const len = msg.iter.count;
  if (len > max) return ip_local_error(sk, skb);
  if (gso_size !== 0 && len > gso_size * UDP_MAX_SEGMENTS) return -EINVAL;
  if (sk.sk_err !== 0) return sock_error(sk);
  if ((sk.sk_shutdown & SEND_SHUTDOWN) !== 0) return -EPIPE;
  if (!fault_in(task.mm, msg.iter, len)) return -EFAULT;
  skb.data = new Uint8Array(len);
  copy_from_iter(task.mm, msg.iter, skb.data, 0, len);
  if (is_corked(sk, msg)) sk.pending = { skb, max, gso_size };
  else if (gso_size === 0 || len <= gso_size) udp_rcv(sk, skb);
  else udp_segment(sk, skb, gso_size);
  return len;
}

/** UDP_SEGMENT: a datagram for each `gso_size` bytes. Linux: __udp_gso_segment. */
function udp_segment(sk: UdpSock, skb: UdpSkb, gso_size: number): void {
  const { data } = skb;
  for (let at = 0; at < data.length; at += gso_size) udp_rcv(sk, { ...skb, data: data.slice(at, at + gso_size) });
}

function is_corked(sk: UdpSock, msg: MsgHdr): boolean {
  return (msg.flags & MSG_MORE) !== 0 || (sk.sk_opts !== null && sock_opt(sk, SOL_UDP, UDP_CORK) !== 0);
}

/** One more piece of the datagram that is pending; any name is ignored. -EMSGSIZE drops it all. -EFAULT. ABI: neither the shutdown nor an error is looked at. */
export function udp_append_data(task: Task, sk: UdpSock, msg: MsgHdr, pending: UdpPending): number {
  const { count } = msg.iter;
  const { skb } = pending;
  const at = skb.data.length;
  if (at + count > pending.max) {
    sk.pending = null;
    return ip_local_error(sk, skb);
  }
  if (!fault_in(task.mm, msg.iter, count)) return -EFAULT;
  const data = new Uint8Array(at + count);
  data.set(skb.data);
  copy_from_iter(task.mm, msg.iter, data, at, count);
  skb.data = data;
  if (!is_corked(sk, msg)) udp_push_pending_frames(sk);
  return count;
}

/** Send what is pending. */
export function udp_push_pending_frames(sk: UdpSock): void {
  const { pending } = sk;
  if (pending === null) return;
  sk.pending = null;
  const { skb, gso_size } = pending;
  if (gso_size === 0 || skb.data.length <= gso_size) udp_rcv(sk, skb);
  else udp_segment(sk, skb, gso_size);
}

/** What the control messages of a send say; null: there are none, and nothing of the socket's own is asked for. Or -errno. */
function udp_cmsg_send(task: Task, sk: UdpSock, msg: MsgHdr): IpcmCookie | null | number {
  if (msg.control === null) return sk.sk_opts === null ? null : ipcm_init_sk(sk);
  const ipc = ipcm_init_sk(sk);
  const err = ip_cmsg_send(task, sk, msg.control, ipc);
  return err < 0 ? err : ipc;
}

/** Send to `name`, a struct sockaddr_in, or to the default destination, from a socket of either family. */
export function udp_sendmsg4(task: Task, sk: UdpSock, msg: MsgHdr, name: SockAddr | null): number {
  if (msg.iter.count > 0xffff) return -EMSGSIZE;
  if ((msg.flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
  let daddr = sk.inet_daddr as number;
  let dport = sk.inet_dport;
  if (name !== null) {
    const err = check_name(name);
    if (err < 0) return err;
    daddr = sin_addr(name);
    dport = sin_port(name);
  } else if (sk.sk_state !== TCP_ESTABLISHED) return -EDESTADDRREQ;
  const ipc = udp_cmsg_send(task, sk, msg);
  if (typeof ipc === 'number') return ipc;
  const saddr = (ipc?.saddr as number | null | undefined) ?? output_saddr(sk, daddr);
  daddr = route_daddr(daddr, saddr);
  const type = udp_route(sk, daddr, saddr, ipc === null ? 0 : ipc.oif);
  if (type < 0) return type;
  const skb = udp_make_skb(sk, ipc, saddr === INADDR_ANY ? route_saddr(type, daddr) : saddr, daddr, dport, type);
  return udp_send_skb(task, sk, msg, skb, UDP_MAX_PAYLOAD, ipc?.gso_size ?? 0);
}

/**
 * -EAGAIN (no free port), -EMSGSIZE, -EOPNOTSUPP (MSG_OOB), -EINVAL, -EAFNOSUPPORT, -EDESTADDRREQ, -ENETUNREACH, -EACCES,
 * -EMSGSIZE, the pending error, -EPIPE (without a signal), -EFAULT. Never sleeps: what is sent has left the buffer.
 */
export function udp_sendmsg(task: Task, sock: Socket, msg: MsgHdr): number {
  const sk = udp_sk(sock);
  if (sk.pending !== null && (msg.flags & MSG_OOB) === 0) return udp_append_data(task, sk, msg, sk.pending);
  return inet_autobind(sk) < 0 ? -EAGAIN : udp_sendmsg4(task, sk, msg, msg.name);
}

// receive

/** A datagram was read, and nobody had asked when it came. */
const NO_STAMP: Timespec64 = { sec: 0, nsec: 0 };

/** What a socket that has options tells of a datagram. SIOCGSTAMP is not for who gets the time with each. Linux: sock_recv_cmsgs. */
function udp_recv_cmsgs(task: Task, sk: UdpSock, msg: MsgHdr, skb: UdpSkb): void {
  sock_recv_cmsgs(task, sk, msg, skb);
  if (sock_opt(sk, SOL_SOCKET, SO_TIMESTAMP) === 0 && (sk.sk_timestamp || sk.sk_stamp === null))
    sk.sk_stamp = skb.stamp ?? NO_STAMP;
  if (sk.cmsg_flags !== 0) sk.sk_prot.recv_ctl!(task, sk, msg, skb, sk.cmsg_flags);
}

/** Deliver one datagram from its `off` on, cut to the room there is. -EFAULT loses it, as in Linux. */
function deliver(task: Task, sk: UdpSock, skb: UdpSkb, off: number, msg: MsgHdr): number {
  const ulen = skb.data.length;
  const want_real_length = (msg.flags & MSG_TRUNC) !== 0;
  const peek = (msg.flags & MSG_PEEK) !== 0;
  const room = msg.iter.count;
  const n = Math.min(ulen - off, room);
  if (!peek) {
    fifo_shift(sk.sk_receive_queue);
    sk.rmem -= skb.truesize;
  }
  if (!fault_in(task.mm, msg.iter, n)) return -EFAULT;
  copy_to_iter(task.mm, msg.iter, skb.data, off, n);
  if (sk.sk_opts !== null) udp_recv_cmsgs(task, sk, msg, skb);
  else if (sk.sk_timestamp || sk.sk_stamp === null) sk.sk_stamp = skb.stamp ?? NO_STAMP;
  if (msg.want_name) msg.name = sk.sk_prot.sockaddr(skb.saddr, skb.sport);
  // ABI: also when just what is left behind SO_PEEK_OFF fits.
  if (room < ulen && room <= ulen - off) msg.out_flags |= MSG_TRUNC;
  const ret = want_real_length ? ulen : n;
  if (sk.sk_peek_off >= 0) (peek ? sk_peek_offset_fwd : sk_peek_offset_bwd)(sk, ret);
  return ret;
}

/** Receive what is there: the first datagram, or for a peek with SO_PEEK_OFF the one at that place. Null: nothing. Linux: __skb_try_recv_from_queue. */
function recv_queued(task: Task, sk: UdpSock, msg: MsgHdr): number | null {
  const queue = sk.sk_receive_queue;
  if ((msg.flags & MSG_PEEK) !== 0 && sk.sk_peek_off >= 0) {
    const at = skb_peek_at(fifo_items(queue), sk.sk_peek_off, ({ data }) => data.length);
    return at === undefined ? null : deliver(task, sk, at.skb, at.skip, msg);
  }
  const skb = fifo_peek(queue);
  return skb === undefined ? null : deliver(task, sk, skb, 0, msg);
}

function* recv_sleep(task: Task, sk: UdpSock, msg: MsgHdr, timeo: number): Sleep {
  let left = timeo;
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, true, 'a datagram on a UDP socket');
      if (sk.sk_err !== 0) return sock_error(sk);
      const ret = recv_queued(task, sk, msg);
      if (ret !== null) return ret;
      if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) return 0;
      if (left === 0) return -EAGAIN;
      if (signal_pending(task)) return sock_intr_errno(left);
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
}

/** The pending error (even before data), -EAGAIN, -EFAULT; 0 for who waits on a socket that is shut. MSG_OOB is not looked at. */
export function udp_recvmsg(task: Task, sock: Socket, msg: MsgHdr): Result {
  const sk = udp_sk(sock);
  if ((msg.flags & MSG_ERRQUEUE) !== 0) return sk.sk_prot.recv_error!(task, sk, msg);
  if (sk.sk_err !== 0) return sock_error(sk);
  const ret = recv_queued(task, sk, msg);
  if (ret !== null) return ret;
  const timeo = sock_rcvtimeo(sk, msg.flags);
  return timeo === 0 ? -EAGAIN : recv_sleep(task, sk, msg, timeo);
}

/** Linux: datagram_poll. */
export function udp_poll(_file: unknown, sock: Socket, pt: PollTable | null): number {
  const sk = udp_sk(sock);
  pt?.poll_wait(sk.sk_wait);
  // Linux: sock_writeable. What is sent has left the buffer; what is pending has not.
  const full = sk.pending !== null && udp_truesize(sk.pending.skb.data.length) >= sk.sk_sndbuf >> 1;
  let mask = full ? 0 : POLLOUT | POLLWRNORM | POLLWRBAND;
  if (sk.sk_err !== 0) mask |= POLLERR;
  if (sk.sk_error_queue !== null)
    mask |= sock_opt(sk, SOL_SOCKET, SO_SELECT_ERR_QUEUE) !== 0 ? POLLERR | POLLPRI : POLLERR;
  if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) mask |= POLLRDHUP | POLLIN | POLLRDNORM;
  if (sk.sk_shutdown === SHUTDOWN_MASK) mask |= POLLHUP;
  if (fifo_len(sk.sk_receive_queue) > 0) mask |= POLLIN | POLLRDNORM;
  return mask;
}

/** The length of the first datagram; the memory of one that is pending, while what is sent has left the queue. -ENOTTY. Linux: udp_ioctl. */
export function udp_ioctl(sock: Socket, request: number): number {
  const { sk_receive_queue, pending } = udp_sk(sock);
  if (request === SIOCOUTQ) return pending === null ? 0 : udp_truesize(pending.skb.data.length);
  return request === SIOCINQ ? (fifo_peek(sk_receive_queue)?.data.length ?? 0) : -ENOTTY;
}

/** As any option; and who takes the cork out sends what is pending. */
export function udp_setsockopt(task: Task, sock: Socket, level: number, optname: number, optval: Uint8Array): number {
  const err = udp_lib_setsockopt(task, sock, level, optname, optval);
  if (err === 0 && level === SOL_UDP && optname === UDP_CORK && get_s32(optval, 0) === 0)
    udp_push_pending_frames(udp_sk(sock));
  return err;
}

function udp_close(inet: InetSock): void {
  const sk = inet as UdpSock;
  inet_put_port(sk);
  sk.sk_socket = null;
  fifo_clear(sk.sk_receive_queue);
  sk.rmem = 0;
  sk.sk_error_queue = null;
  sk.pending = null;
}

export const udp_prot = {
  family: AF_INET,
  protocol: IPPROTO_UDP,
  any: INADDR_ANY,
  sockaddr: sockaddr_in,
  get_port: udp_lib_get_port,
  connect: ip4_datagram_connect,
  disconnect: udp_disconnect,
  shutdown: () => undefined,
  close: udp_close,
  recv_ctl: ip_cmsg_recv,
  icmp_error: ip_icmp_error,
  recv_error: ip_recv_error,
} satisfies Proto;
