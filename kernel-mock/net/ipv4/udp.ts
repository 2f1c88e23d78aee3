/** UDP as a program sees it: destinations, datagrams out and in, poll (net/ipv4/udp.c, datagram.c). */
import { type MsgHdr, RCV_SHUTDOWN, SEND_SHUTDOWN, type SockAddr, type Socket } from '../../include/linux/net.js';
import type { Result, Sleep, Task } from '../../include/linux/sched.js';
import type { PollTable } from '../../include/linux/wait.js';
import {
  EACCES,
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
  SO_BROADCAST,
} from '../../include/uapi/socket.js';
import { TCP_CLOSE, TCP_ESTABLISHED } from '../../include/uapi/tcp.js';
import { UDP_CORK } from '../../include/uapi/udp.js';
import { get_s32, get_u16 } from '../../lib/bytes.js';
import { fifo_clear, fifo_len, fifo_peek, fifo_shift } from '../../lib/fifo.js';
import { finish_wait, prepare_to_wait, schedule_timeout, signal_pending } from '../../kernel/wait.js';
import { copy_from_iter, copy_to_iter, fault_in } from '../../mm/iov_iter.js';
import { sock_error, sock_intr_errno, sock_opt, sock_rcvtimeo } from '../core/sock.js';
import { ip_cmsg_send } from './ip_cmsg.js';
import { udp_lib_setsockopt } from './ip_sockglue.js';
import { inet_put_port } from './inet_hashtables.js';
import type { InetSock } from './inet_sock.js';
import {
  type InetAddr,
  type Proto,
  ROUTE_SADDR,
  RTN_BROADCAST,
  SOCK_BINDPORT_LOCK,
  addr_any,
  inet_reset_saddr,
  ip_route_output,
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
  udp_rcv,
} from './udp_input.js';

/** The most that one datagram carries: 65535 less the headers of IP and UDP. */
const UDP_MAX_PAYLOAD = 65507;

// Destinations.

/** Where packets to an IPv4 address go: -ENETUNREACH, -EACCES (broadcast without SO_BROADCAST). */
function udp_route(sk: UdpSock, daddr: number): number {
  const type = ip_route_output(daddr);
  if (type === RTN_BROADCAST && sock_opt(sk, SOL_SOCKET, SO_BROADCAST) === 0) return -EACCES;
  return type;
}

/** The default destination is set; what the program did not bind becomes `saddr`. */
export function datagram_connected(sk: InetSock, saddr: InetAddr, daddr: InetAddr, dport: number): number {
  // An address of the other family, which an earlier connect gave, is of no use now.
  if (addr_any(sk.inet_saddr) || typeof sk.inet_saddr !== typeof saddr) sk.inet_saddr = saddr;
  if (addr_any(sk.inet_rcv_saddr) || typeof sk.inet_rcv_saddr !== typeof saddr) sk.inet_rcv_saddr = saddr;
  sk.inet_daddr = daddr;
  sk.inet_dport = dport;
  sk.sk_state = TCP_ESTABLISHED;
  // ABI: what is pending goes there too.
  const { pending } = sk as UdpSock;
  if (pending !== null) {
    pending.daddr = daddr;
    pending.dport = dport;
  }
  return 0;
}

/** To an IPv4 address, from a socket of either family: -ENETUNREACH, -EACCES. */
export function ip4_datagram_connect_addr(sk: InetSock, addr: number, dport: number): number {
  const daddr = route_daddr(addr, sk.inet_saddr);
  const type = udp_route(sk as UdpSock, daddr);
  return type < 0 ? type : datagram_connected(sk, ROUTE_SADDR, daddr, dport);
}

/** Set the default destination. -EINVAL, -EAFNOSUPPORT, -ENETUNREACH, -EACCES. Linux: __ip4_datagram_connect. */
export function ip4_datagram_connect(sk: InetSock, addr: SockAddr): number {
  if (!is_sockaddr_in(addr)) return -EINVAL;
  if (get_u16(addr, 0) !== AF_INET) return -EAFNOSUPPORT;
  return ip4_datagram_connect_addr(sk, sin_addr(addr), sin_port(addr));
}

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

/**
 * The end of every send: -EMSGSIZE, the pending error, -EPIPE (without a signal), -EFAULT. `source`: the address of who has
 * none; `max`: the most that fits.
 */
export function udp_send_skb(
  task: Task,
  sk: UdpSock,
  msg: MsgHdr,
  source: InetAddr,
  daddr: InetAddr,
  dport: number,
  type: number,
  max: number,
): number {
  const len = msg.iter.count;
  if (len > max) return -EMSGSIZE;
  if (sk.sk_err !== 0) return sock_error(sk);
  if ((sk.sk_shutdown & SEND_SHUTDOWN) !== 0) return -EPIPE;
  if (!fault_in(task.mm, msg.iter, len)) return -EFAULT;
  const data = new Uint8Array(len);
  copy_from_iter(task.mm, msg.iter, data, 0, len);
  if (!is_corked(sk, msg)) udp_rcv(sk, data, source, daddr, dport, type);
  else sk.pending = { data, source, daddr, dport, type, max };
  return len;
}

function is_corked(sk: UdpSock, msg: MsgHdr): boolean {
  return (msg.flags & MSG_MORE) !== 0 || (sk.sk_opts !== null && sock_opt(sk, SOL_UDP, UDP_CORK) !== 0);
}

/** One more piece of the datagram that is pending; any name is ignored. -EMSGSIZE drops it all. -EPIPE, -EFAULT. */
export function udp_append_data(task: Task, sk: UdpSock, msg: MsgHdr, pending: UdpPending): number {
  const { count } = msg.iter;
  const at = pending.data.length;
  if (at + count > pending.max) {
    sk.pending = null;
    return -EMSGSIZE;
  }
  if ((sk.sk_shutdown & SEND_SHUTDOWN) !== 0) return -EPIPE;
  if (!fault_in(task.mm, msg.iter, count)) return -EFAULT;
  const data = new Uint8Array(at + count);
  data.set(pending.data);
  copy_from_iter(task.mm, msg.iter, data, at, count);
  pending.data = data;
  if (!is_corked(sk, msg)) udp_push_pending_frames(sk);
  return count;
}

/** Send what is pending. */
export function udp_push_pending_frames(sk: UdpSock): void {
  const { pending } = sk;
  if (pending === null) return;
  sk.pending = null;
  udp_rcv(sk, pending.data, pending.source, pending.daddr, pending.dport, pending.type);
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
    daddr = route_daddr(sin_addr(name), sk.inet_saddr);
    dport = sin_port(name);
  } else if (sk.sk_state !== TCP_ESTABLISHED) return -EDESTADDRREQ;
  if (msg.control !== null) {
    const err = ip_cmsg_send(task, msg.control);
    if (err < 0) return err;
  }
  const type = udp_route(sk, daddr);
  if (type < 0) return type;
  return udp_send_skb(task, sk, msg, ROUTE_SADDR, daddr, dport, type, UDP_MAX_PAYLOAD);
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

/** Deliver one datagram, cut to the room there is. -EFAULT loses it, as in Linux. */
function deliver(task: Task, sk: UdpSock, skb: UdpSkb, msg: MsgHdr): number {
  const ulen = skb.data.length;
  const want_real_length = (msg.flags & MSG_TRUNC) !== 0;
  const n = Math.min(ulen, msg.iter.count);
  if ((msg.flags & MSG_PEEK) === 0) {
    fifo_shift(sk.sk_receive_queue);
    sk.rmem -= skb.truesize;
  }
  if (!fault_in(task.mm, msg.iter, n)) return -EFAULT;
  copy_to_iter(task.mm, msg.iter, skb.data, 0, n);
  if (msg.want_name) msg.name = sk.sk_prot.sockaddr(skb.saddr, skb.sport);
  if (n < ulen) msg.out_flags |= MSG_TRUNC;
  return want_real_length ? ulen : n;
}

function* recv_sleep(task: Task, sk: UdpSock, msg: MsgHdr, timeo: number): Sleep {
  let left = timeo;
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, true, 'a datagram on a UDP socket');
      if (sk.sk_err !== 0) return sock_error(sk);
      const skb = fifo_peek(sk.sk_receive_queue);
      if (skb !== undefined) return deliver(task, sk, skb, msg);
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
  // No error queue is ever filled.
  if ((msg.flags & MSG_ERRQUEUE) !== 0) return -EAGAIN;
  if (sk.sk_err !== 0) return sock_error(sk);
  const skb = fifo_peek(sk.sk_receive_queue);
  if (skb !== undefined) return deliver(task, sk, skb, msg);
  const timeo = sock_rcvtimeo(sk, msg.flags);
  return timeo === 0 ? -EAGAIN : recv_sleep(task, sk, msg, timeo);
}

/** Linux: datagram_poll. */
export function udp_poll(_file: unknown, sock: Socket, pt: PollTable | null): number {
  const sk = udp_sk(sock);
  pt?.poll_wait(sk.sk_wait);
  let mask = POLLOUT | POLLWRNORM | POLLWRBAND;
  if (sk.sk_err !== 0) mask |= POLLERR;
  if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) mask |= POLLRDHUP | POLLIN | POLLRDNORM;
  if (sk.sk_shutdown === SHUTDOWN_MASK) mask |= POLLHUP;
  if (fifo_len(sk.sk_receive_queue) > 0) mask |= POLLIN | POLLRDNORM;
  return mask;
}

/** The length of the first datagram; what is sent has left the queue. -ENOTTY. Linux: udp_ioctl. */
export function udp_ioctl(sock: Socket, request: number): number {
  if (request === SIOCOUTQ) return 0;
  return request === SIOCINQ ? (fifo_peek(udp_sk(sock).sk_receive_queue)?.data.length ?? 0) : -ENOTTY;
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
} satisfies Proto;
