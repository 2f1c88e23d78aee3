/** UDP: datagrams over the loopback interface (net/ipv4/udp.c, datagram.c). */
import { type MsgHdr, RCV_SHUTDOWN, SEND_SHUTDOWN, type SockAddr, type Socket } from '../../include/linux/net.js';
import type { Kernel } from '../../include/linux/kernel.js';
import type { Result, Sleep, Task } from '../../include/linux/sched.js';
import type { PollTable } from '../../include/linux/wait.js';
import {
  EACCES,
  EADDRINUSE,
  EAFNOSUPPORT,
  EAGAIN,
  ECONNREFUSED,
  EDESTADDRREQ,
  EFAULT,
  EINVAL,
  EMSGSIZE,
  ENOTTY,
  EOPNOTSUPP,
  EPIPE,
} from '../../include/uapi/errno.js';
import { INADDR_ANY, IPPROTO_UDP, IP_RECVERR } from '../../include/uapi/in.js';
import { SIOCINQ, SIOCOUTQ } from '../../include/uapi/ioctls.js';
import { IPV6_RECVERR } from '../../include/uapi/in6.js';
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
  SOCK_DGRAM,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  SOL_UDP,
  SO_BROADCAST,
} from '../../include/uapi/socket.js';
import { TCP_CLOSE, TCP_ESTABLISHED } from '../../include/uapi/tcp.js';
import { UDP_CORK } from '../../include/uapi/udp.js';
import { get_s32, get_u16 } from '../../lib/bytes.js';
import { type Fifo, fifo, fifo_clear, fifo_len, fifo_peek, fifo_push, fifo_shift } from '../../lib/fifo.js';
import { prandom_below } from '../../lib/prng.js';
import { finish_wait, prepare_to_wait, schedule_timeout, signal_pending } from '../../kernel/wait.js';
import { copy_from_iter, copy_to_iter, fault_in } from '../../mm/iov_iter.js';
import { sk_wake, sock_error, sock_intr_errno, sock_opt, sock_rcvtimeo } from '../core/sock.js';
import { udp_lib_setsockopt } from './ip_sockglue.js';
import {
  type InetBindBucket,
  PORT_COUNT,
  PORT_LOW,
  addr_overlap,
  any_of,
  bound_to,
  inet_bind_hash,
  inet_net,
  inet_put_port,
  reuseport_hash,
} from './inet_hashtables.js';
import {
  type InetAddr,
  InetSock,
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
  sk_reuse,
  sk_reuseport,
  sockaddr_in,
} from './inet_sock.js';
import { SHUTDOWN_MASK } from './tcp_sock.js';

/** The most that one datagram carries: 65535 less the headers of IP and UDP. */
const UDP_MAX_PAYLOAD = 65507;

/** A datagram in a queue. */
interface UdpSkb {
  readonly data: Uint8Array;
  readonly saddr: InetAddr;
  readonly sport: number;
  /** What it counts against SO_RCVBUF. */
  readonly truesize: number;
}

/** A datagram that several sends make: MSG_MORE, UDP_CORK. */
interface UdpPending {
  data: Uint8Array;
  readonly source: InetAddr;
  daddr: InetAddr;
  dport: number;
  readonly type: number;
  readonly max: number;
}

/** struct udp_sock. ESTABLISHED means: has a default destination, and hears nobody else. */
export class UdpSock extends InetSock {
  readonly sk_receive_queue: Fifo<UdpSkb> = fifo();
  /** The sum of their truesize. Linux: sk_rmem_alloc. */
  rmem = 0;
  pending: UdpPending | null = null;

  constructor(kernel: Kernel, prot: Proto) {
    super(kernel, SOCK_DGRAM, prot);
  }
}

export function udp_sk(sock: Socket): UdpSock {
  return sock.sk as UdpSock;
}

// Ports.

/** Must `sk` not have the port beside those who hold it? */
function udp_lib_lport_inuse(sk: InetSock, tb: InetBindBucket): boolean {
  for (let o = tb.owners; o !== null; o = o.bind_next) {
    if (
      !addr_overlap(sk.inet_rcv_saddr, sk.sk_ipv6only, o.inet_rcv_saddr, o.sk_ipv6only) ||
      (sk_reuse(sk) && sk_reuse(o))
    )
      continue;
    return !(sk_reuseport(sk) && sk_reuseport(o));
  }
  return false;
}

/** -EADDRINUSE. Any two may share who both have SO_REUSEADDR, or both SO_REUSEPORT. */
export function udp_lib_get_port(sk: InetSock, snum: number): number {
  const { udp } = inet_net(sk.kernel);
  if (snum !== 0) {
    const tb = udp.get(snum);
    if (tb !== undefined && udp_lib_lport_inuse(sk, tb)) return -EADDRINUSE;
    inet_bind_hash(sk, udp, snum);
    return 0;
  }
  const offset = prandom_below(sk.kernel.prng, PORT_COUNT);
  for (let i = 0; i < PORT_COUNT; i++) {
    const port = PORT_LOW + ((offset + i) % PORT_COUNT);
    if (udp.has(port)) continue;
    inet_bind_hash(sk, udp, port);
    return 0;
  }
  return -EADDRINUSE;
}

/** A port for who sends or connects without one. -EAGAIN. Linux: inet_autobind. */
export function inet_autobind(sk: InetSock): number {
  if (sk.inet_num !== 0) return 0;
  if (sk.sk_prot.get_port(sk, 0) < 0) return -EAGAIN;
  sk.inet_sport = sk.inet_num;
  return 0;
}

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

// Delivery.

/** How well `sk` fits a datagram that came under the name `bound`; below 0: it must not have it. Linux: compute_score. */
function compute_score(sk: InetSock, saddr: InetAddr, sport: number, bound: InetAddr): number {
  if (!bound_to(sk, bound)) return -1;
  let score = sk.sk_family === AF_INET ? 2 : 1;
  if (!addr_any(sk.inet_daddr)) {
    if (sk.inet_daddr !== saddr) return -1;
    score += 4;
  }
  if (sk.inet_dport !== 0) {
    if (sk.inet_dport !== sport) return -1;
    score += 4;
  }
  return score;
}

/** The best of those bound to `bound`: of equals the newest, or with SO_REUSEPORT the one that the sender's address chooses. */
function udp_lib_lookup2(tb: InetBindBucket, saddr: InetAddr, sport: number, bound: InetAddr): UdpSock | null {
  let best: InetSock | null = null;
  let badness = -1;
  let group = 0;
  for (let sk = tb.owners; sk !== null; sk = sk.bind_next) {
    const score = compute_score(sk, saddr, sport, bound);
    if (score > badness) {
      best = sk;
      badness = score;
      group = 0;
    }
    if (score >= 0 && score === badness && sk_reuseport(sk)) group++;
  }
  if (group < 2 || best === null || !sk_reuseport(best)) return best as UdpSock | null;
  let nth = reuseport_hash(saddr, sport, group);
  for (let sk = tb.owners; sk !== null; sk = sk.bind_next)
    if (compute_score(sk, saddr, sport, bound) === badness && sk_reuseport(sk) && nth-- === 0) return sk as UdpSock;
  return null;
}

/**
 * Memory that a datagram of `len` bytes takes in a queue. Measured on Linux 6.18: small ones have a size of their own, then
 * a power of two with the headers, and from 16 KiB on the bytes stand in pages of the sender.
 */
function udp_truesize(len: number): number {
  const head = (len + 59 + 63) & ~63;
  if (head <= 256) return 832;
  return len + 59 < 16064 ? 256 + 2 ** (32 - Math.clz32(head + 320 - 1)) : 832 + len;
}

/** Put a datagram into a queue; a full one drops it in silence, but one datagram fits always. Linux: __udp_enqueue_schedule_skb. */
function udp_queue_rcv(sk: UdpSock, data: Uint8Array, saddr: InetAddr, sport: number): void {
  const truesize = udp_truesize(data.length);
  if (sk.rmem > 0 && sk.rmem + truesize > sk.sk_rcvbuf) return;
  sk.rmem += truesize;
  fifo_push(sk.sk_receive_queue, { data, saddr, sport, truesize });
  if (sk.sk_wait.first !== null) sk_wake(sk, POLLIN | POLLRDNORM);
}

/** Everybody bound to the port gets a broadcast. Linux: __udp4_lib_mcast_deliver. */
function udp_broadcast(tb: InetBindBucket, data: Uint8Array, saddr: InetAddr, sport: number, daddr: InetAddr): void {
  for (let sk = tb.owners; sk !== null; sk = sk.bind_next) {
    const bound = sk.inet_rcv_saddr === daddr ? daddr : INADDR_ANY;
    if (compute_score(sk, saddr, sport, bound) >= 0) udp_queue_rcv(sk as UdpSock, data, saddr, sport);
  }
}

/** A datagram leaves `sk`, and arrives. Linux: __udp4_lib_rcv, __udp6_lib_rcv. */
function udp_rcv(sk: UdpSock, data: Uint8Array, source: InetAddr, daddr: InetAddr, dport: number, type: number): void {
  const saddr = addr_any(sk.inet_saddr) || typeof sk.inet_saddr !== typeof daddr ? source : sk.inet_saddr;
  const sport = sk.inet_num;
  const tb = inet_net(sk.kernel).udp.get(dport);
  if (type === RTN_BROADCAST) {
    if (tb !== undefined) udp_broadcast(tb, data, saddr, sport, daddr);
    return;
  }
  const other =
    tb === undefined
      ? null
      : (udp_lib_lookup2(tb, saddr, sport, daddr) ?? udp_lib_lookup2(tb, saddr, sport, any_of(daddr)));
  if (other !== null) udp_queue_rcv(other, data, saddr, sport);
  else udp_err(sk, daddr, dport);
}

/** ICMP comes back: nobody has that port. Only a connected socket is told, unless it asked for it. Linux: __udp4_lib_err. */
function udp_err(sk: UdpSock, daddr: InetAddr, dport: number): void {
  // Who is connected elsewhere is not found by what the answer says.
  if (sk.sk_state === TCP_ESTABLISHED && (sk.inet_daddr !== daddr || sk.inet_dport !== dport)) return;
  const recverr = typeof daddr === 'number' ? sock_opt(sk, SOL_IP, IP_RECVERR) : sock_opt(sk, SOL_IPV6, IPV6_RECVERR);
  if (sk.sk_state !== TCP_ESTABLISHED && recverr === 0) return;
  sk.sk_err = ECONNREFUSED;
  if (sk.sk_wait.first !== null) sk_wake(sk, POLLERR);
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
  if (n < ulen) msg.flags |= MSG_TRUNC;
  else msg.flags &= ~MSG_TRUNC;
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
