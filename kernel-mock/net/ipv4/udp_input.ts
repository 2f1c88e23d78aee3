/** Who has a datagram: ports, and what arrives (the first half of net/ipv4/udp.c). */
import { type Socket } from '../../include/linux/net.js';
import type { Kernel } from '../../include/linux/kernel.js';
import type { Timespec64 } from '../../include/linux/timekeeping.js';
import { EADDRINUSE, EAGAIN, ECONNREFUSED } from '../../include/uapi/errno.js';
import { INADDR_ANY, IP_MULTICAST_TTL, IP_RECVERR, IP_TOS, IP_TTL } from '../../include/uapi/in.js';
import {
  IPV6_AUTOFLOWLABEL,
  IPV6_MULTICAST_HOPS,
  IPV6_RECVERR,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
} from '../../include/uapi/in6.js';
import { POLLERR, POLLIN, POLLRDNORM } from '../../include/uapi/poll.js';
import { AF_INET, SOCK_DGRAM, SOL_IP, SOL_IPV6, SOL_SOCKET, SO_RXQ_OVFL } from '../../include/uapi/socket.js';
import { TCP_ESTABLISHED } from '../../include/uapi/tcp.js';
import { type Fifo, fifo, fifo_push } from '../../lib/fifo.js';
import { prandom_below } from '../../lib/prng.js';
import { ktime_get_real } from '../../kernel/time.js';
import { sk_wake, sock_opt } from '../core/sock.js';
import { type SkbCmsgs, sock_wants_stamp } from '../socket_cmsgs.js';
import { ip_check_mc, ip_mc_sf_allow } from './igmp.js';
import {
  type InetBindBucket,
  PORT_COUNT,
  PORT_LOW,
  addr_overlap,
  any_of,
  bound_to,
  inet_bind_hash,
  inet_net,
  reuseport_hash,
} from './inet_hashtables.js';
import {
  IP6_CMSG_PKTINFO,
  IP_CMSG_PKTINFO,
  type InetAddr,
  InetSock,
  PKTINFO_FULL,
  PKTINFO_NONE,
  type Proto,
  RTN_BROADCAST,
  RTN_MULTICAST,
  addr_any,
  inet_addr_type,
  sk_reuse,
  sk_reuseport,
} from './inet_sock.js';
import type { IpcmCookie } from './ip_cmsg.js';
import type { SockExterrSkb } from './ip_errqueue.js';

/** A datagram, from the send that makes it to the receive that takes it: its bytes, and what struct sk_buff and the headers tell. */
export interface UdpSkb extends SkbCmsgs {
  data: Uint8Array;
  saddr: InetAddr;
  readonly sport: number;
  /** An empty one that was peeked at with SO_PEEK_OFF. */
  peeked?: boolean;
  daddr: InetAddr;
  dport: number;
  /** RTN_*: how it is routed. */
  readonly type: number;
  /** TTL or hop limit, type of service or traffic class. */
  readonly ttl: number;
  readonly tos: number;
  /** IPv6: the kernel makes up the flow label. */
  readonly autoflow: boolean;
  /** In a queue: what it counts against SO_RCVBUF. */
  truesize: number;
  stamp: Timespec64 | null;
  /** PKTINFO_*: what was noted when it came. */
  pktinfo: number;
  dropcount: number;
}

/** A datagram that has no bytes yet. Linux: ip_make_skb. */
export function udp_make_skb(
  sk: UdpSock,
  ipc: IpcmCookie | null,
  saddr: InetAddr,
  daddr: InetAddr,
  dport: number,
  type: number,
): UdpSkb {
  return {
    data: NO_DATA,
    saddr,
    sport: sk.inet_num,
    daddr,
    dport,
    type,
    ttl: ipc === null ? (type === RTN_MULTICAST ? 1 : IPDEFTTL) : udp_ttl(sk, ipc, daddr),
    tos: ipc === null ? 0 : udp_tos(sk, ipc, daddr),
    autoflow: ipc === null || sock_opt(sk, SOL_IPV6, IPV6_AUTOFLOWLABEL, 1) !== 0,
    mark: ipc === null ? 0 : ipc.mark,
    priority: ipc === null ? 0 : ipc.priority,
    truesize: 0,
    stamp: null,
    pktinfo: PKTINFO_NONE,
    dropcount: 0,
  };
}

const NO_DATA = new Uint8Array(0);
/** net.ipv4.ip_default_ttl, net.ipv6.conf.lo.hop_limit. */
const IPDEFTTL = 64;

/** ABI: a message's own wins over the socket's, also for a group. Linux: __ip_make_skb, ip6_sk_dst_hoplimit. */
function udp_ttl(sk: UdpSock, ipc: IpcmCookie, daddr: InetAddr): number {
  if (ipc.ttl >= 0) return ipc.ttl;
  if (typeof daddr === 'string') {
    const group = daddr.charCodeAt(0) === 0xff;
    return group ? sock_opt(sk, SOL_IPV6, IPV6_MULTICAST_HOPS, 1) : sock_opt(sk, SOL_IPV6, IPV6_UNICAST_HOPS, IPDEFTTL);
  }
  const group = inet_addr_type(daddr) === RTN_MULTICAST;
  return group ? sock_opt(sk, SOL_IP, IP_MULTICAST_TTL, 1) : sock_opt(sk, SOL_IP, IP_TTL, IPDEFTTL);
}

function udp_tos(sk: UdpSock, ipc: IpcmCookie, daddr: InetAddr): number {
  if (ipc.tos >= 0) return ipc.tos;
  return typeof daddr === 'string' ? sock_opt(sk, SOL_IPV6, IPV6_TCLASS) : sock_opt(sk, SOL_IP, IP_TOS);
}

/** A datagram that several sends make: UDP_CORK. */
export interface UdpPending {
  readonly skb: UdpSkb;
  readonly max: number;
  readonly gso_size: number;
}

/** struct udp_sock. ESTABLISHED means: has a default destination, and hears nobody else. */
export class UdpSock extends InetSock {
  readonly sk_receive_queue: Fifo<UdpSkb> = fifo();
  /** The sum of their truesize. Linux: sk_rmem_alloc. */
  rmem = 0;
  /** Datagrams that did not fit. Linux: sk_drops. */
  drops = 0;
  pending: UdpPending | null = null;
  /** Errors with IP_RECVERR; null: none. */
  sk_error_queue: SockExterrSkb[] | null = null;

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
export function udp_truesize(len: number): number {
  const head = (len + 59 + 63) & ~63;
  if (head <= 256) return 832;
  return len + 59 < 16064 ? 256 + 2 ** (32 - Math.clz32(head + 320 - 1)) : 832 + len;
}

/** Put a datagram into a queue; a full one drops it in silence, but one datagram fits always. Linux: __udp_enqueue_schedule_skb. */
function udp_queue_rcv(sk: UdpSock, skb: UdpSkb): void {
  const truesize = udp_truesize(skb.data.length);
  if (sk.rmem > 0 && sk.rmem + truesize > sk.sk_rcvbuf) {
    sk.drops++;
    return;
  }
  sk.rmem += truesize;
  skb.truesize = truesize;
  if (sk.inet_dport !== 0) sk.sk_incoming_cpu = 0;
  if (sk.sk_opts !== null || sk.sk_timestamp) note_arrival(sk, skb);
  fifo_push(sk.sk_receive_queue, skb);
  if (sk.sk_wait.first !== null) sk_wake(sk, POLLIN | POLLRDNORM);
}

/** What is only known now and may be asked for later. Linux: ipv4_pktinfo_prepare, sock_skb_set_dropcount, net_timestamp_check. */
export function note_arrival(sk: UdpSock, skb: UdpSkb): void {
  const wanted = (sk.cmsg_flags & (IP_CMSG_PKTINFO | IP6_CMSG_PKTINFO)) !== 0;
  skb.pktinfo = wanted ? PKTINFO_FULL : PKTINFO_NONE;
  skb.dropcount = sock_opt(sk, SOL_SOCKET, SO_RXQ_OVFL) !== 0 ? sk.drops : 0;
  skb.stamp = sk.sk_timestamp || sock_wants_stamp(sk) ? ktime_get_real(sk.kernel) : null;
}

/** Everybody bound to the port gets a broadcast; of a group, who is in it or hears all. Linux: __udp4_lib_mcast_deliver. */
function udp_mcast_deliver(tb: InetBindBucket, skb: UdpSkb): void {
  const { saddr, sport, daddr } = skb;
  for (let sk = tb.owners; sk !== null; sk = sk.bind_next) {
    const bound = sk.inet_rcv_saddr === daddr ? daddr : INADDR_ANY;
    if (compute_score(sk, saddr, sport, bound) < 0) continue;
    if (skb.type === RTN_MULTICAST && !ip_mc_sf_allow(sk, daddr as number, saddr as number)) continue;
    udp_queue_rcv(sk as UdpSock, { ...skb });
  }
}

/** A datagram leaves `sk`, and arrives. Linux: __udp4_lib_rcv, __udp6_lib_rcv. */
export function udp_rcv(sk: UdpSock, skb: UdpSkb): void {
  const { saddr, sport, daddr, dport } = skb;
  const tb = inet_net(sk.kernel).udp.get(dport);
  if (skb.type === RTN_BROADCAST || skb.type === RTN_MULTICAST) {
    if (tb === undefined || (skb.type === RTN_MULTICAST && !ip_check_mc(sk.kernel, daddr as number))) return;
    udp_mcast_deliver(tb, skb);
    return;
  }
  const other =
    tb === undefined
      ? null
      : (udp_lib_lookup2(tb, saddr, sport, daddr) ?? udp_lib_lookup2(tb, saddr, sport, any_of(daddr)));
  if (other !== null) udp_queue_rcv(other, skb);
  else udp_err(sk, skb);
}

/** ICMP comes back: nobody has that port. Only a connected socket is told, unless it asked for it. Linux: __udp4_lib_err. */
function udp_err(sk: UdpSock, skb: UdpSkb): void {
  const { daddr, dport } = skb;
  // By what the answer says neither is found who is connected elsewhere, nor who does not hear the address that it came to.
  if (!addr_any(sk.inet_rcv_saddr) && sk.inet_rcv_saddr !== skb.saddr) return;
  if (sk.sk_state === TCP_ESTABLISHED && (sk.inet_daddr !== daddr || sk.inet_dport !== dport)) return;
  const recverr = typeof daddr === 'number' ? sock_opt(sk, SOL_IP, IP_RECVERR) : sock_opt(sk, SOL_IPV6, IPV6_RECVERR);
  if (sk.sk_state !== TCP_ESTABLISHED && recverr === 0) return;
  if (recverr !== 0) sk.sk_prot.icmp_error!(sk, skb);
  sk.sk_err = ECONNREFUSED;
  if (sk.sk_wait.first !== null) sk_wake(sk, POLLERR);
}
