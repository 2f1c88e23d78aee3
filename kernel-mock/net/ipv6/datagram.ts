/** What datagram sockets of IPv6 do: the default destination, control messages (net/ipv6/datagram.c). */
import type { MsgHdr, SockAddr } from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import { EAFNOSUPPORT, ECONNREFUSED, EINVAL, ENETUNREACH, ENODEV } from '../../include/uapi/errno.js';
import { ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH, SO_EE_ORIGIN_ICMP6 } from '../../include/uapi/errqueue.js';
import { INADDR_LOOPBACK } from '../../include/uapi/in.js';
import * as in6 from '../../include/uapi/in6.js';
import { layout_x86_64 } from '../../include/uapi/layout.js';
import { AF_INET, AF_INET6, SOL_IPV6, SOL_SOCKET, SOL_UDP } from '../../include/uapi/socket.js';
import { bytes_to_string, get_s32, get_u16, put_u32 } from '../../lib/bytes.js';
import { for_each_cmsghdr, put_cmsg } from '../core/scm.js';
import { int_opt } from '../core/sock.js';
import { datagram_connected, ip4_datagram_connect, ip4_datagram_connect_addr } from '../ipv4/datagram.js';
import { reuseport_hash } from '../ipv4/inet_hashtables.js';
import {
  IN6ADDR_ANY,
  IP6_CMSG_2292HOPLIMIT,
  IP6_CMSG_2292PKTINFO,
  IP6_CMSG_FLOWINFO,
  IP6_CMSG_HOPLIMIT,
  IP6_CMSG_ORIGDSTADDR,
  IP6_CMSG_PKTINFO,
  IP6_CMSG_TCLASS,
  type InetAddr,
  type InetSock,
  LOOPBACK_IFINDEX,
  PKTINFO_NONE,
  sin_port,
} from '../ipv4/inet_sock.js';
import { type IpcmCookie, __sock_cmsg_send, __udp_cmsg_send, ip_cmsg_recv } from '../ipv4/ip_cmsg.js';
import { icmp_answer, inet_recv_error, sock_queue_err_skb } from '../ipv4/ip_errqueue.js';
import { type UdpSkb, type UdpSock, udp_truesize } from '../ipv4/udp_input.js';
import {
  IN6ADDR_LOOPBACK,
  in6_destination,
  ip6_route_output,
  ipv6_addr_needs_scope_id,
  is_sockaddr_in6,
  put_in6_addr,
  sin6_addr,
  sin6_scope_id,
  sockaddr_in6,
} from './addrconf.js';

const { in6_pktinfo: IN6_PKTINFO } = layout_x86_64;

/** Set the default destination, which may be a struct sockaddr_in. Linux: __ip6_datagram_connect. */
export function ip6_datagram_connect(sk: InetSock, addr: SockAddr): number {
  const family = get_u16(addr, 0);
  if (family === AF_INET) return sk.sk_ipv6only ? -EAFNOSUPPORT : ip4_datagram_connect(sk, addr);
  if (!is_sockaddr_in6(addr)) return -EINVAL;
  if (family !== AF_INET6) return -EAFNOSUPPORT;
  const daddr = in6_destination(sin6_addr(addr), sk.inet_rcv_saddr, INADDR_LOOPBACK);
  const dport = sin_port(addr);
  if (typeof daddr === 'number') return sk.sk_ipv6only ? -ENETUNREACH : ip4_datagram_connect_addr(sk, daddr, dport);
  if (ipv6_addr_needs_scope_id(daddr) && sin6_scope_id(addr) === 0) return -EINVAL;
  const err = ip6_route_output(daddr);
  if (err < 0) return err;
  if (typeof sk.inet_rcv_saddr === 'number') return -EAFNOSUPPORT;
  return datagram_connected(sk, IN6ADDR_LOOPBACK, daddr, dport);
}

// Errors.

/** As much of a packet as an ICMPv6 error brings back: IPV6_MIN_MTU less the headers before and in the quote. */
const ICMPV6_QUOTE = 1280 - 48 - 48;

/** Nobody has the port of `skb`. */
export function ipv6_icmp_error(sk: UdpSock, skb: UdpSkb): void {
  const data = skb.data.slice(0, ICMPV6_QUOTE);
  sock_queue_err_skb(sk, {
    data,
    daddr: skb.daddr,
    dport: skb.dport,
    ee_errno: ECONNREFUSED,
    ee_origin: SO_EE_ORIGIN_ICMP6,
    ee_type: ICMPV6_DEST_UNREACH,
    ee_code: ICMPV6_PORT_UNREACH,
    ee_info: 0,
    icmp: icmp_answer(sk, skb, 0),
    truesize: udp_truesize(data.length),
  });
}

/** ABI: an error that came over IPv4 is told the same way. */
export function ipv6_recv_error(task: Task, sk: UdpSock, msg: MsgHdr): number {
  return inet_recv_error(task, sk, msg, SOL_IPV6, in6.IPV6_RECVERR);
}

// Control messages that a program sends.

/** struct in6_pktinfo: -EINVAL (length), -ENODEV, -EINVAL (an address that this host has not). */
function send_pktinfo(ipc: IpcmCookie, control: Uint8Array, at: number, len: number): number {
  if (len < IN6_PKTINFO.size) return -EINVAL;
  const ifindex = get_s32(control, at + IN6_PKTINFO.ipi6_ifindex);
  const addr = bytes_to_string(control.subarray(at, at + 16));
  if (ifindex !== 0) {
    if (ifindex !== LOOPBACK_IFINDEX) return -ENODEV;
    ipc.oif = ifindex;
  }
  if (addr === IN6ADDR_ANY) return 0;
  if (addr !== IN6ADDR_LOOPBACK) return -EINVAL;
  ipc.saddr = addr;
  return 0;
}

/** An int of exactly four bytes from `min` to `max`, or -EINVAL as null. */
function send_int(control: Uint8Array, at: number, len: number, min: number, max: number): number | null {
  if (len !== 4) return null;
  const val = get_s32(control, at);
  return val < min || val > max ? null : val;
}

/** One of level SOL_IPV6. DEVIATION: headers between those of IPv6 and UDP are refused. */
function ip6_cmsg(ipc: IpcmCookie, control: Uint8Array, type: number, at: number, len: number): number {
  let val: number | null;
  switch (type) {
    case in6.IPV6_PKTINFO:
    case in6.IPV6_2292PKTINFO:
      return send_pktinfo(ipc, control, at, len);
    case in6.IPV6_FLOWINFO:
      return len < 4 ? -EINVAL : 0;
    case in6.IPV6_HOPLIMIT:
    case in6.IPV6_2292HOPLIMIT:
      val = send_int(control, at, len, -1, 255);
      if (val !== null) ipc.ttl = val;
      break;
    case in6.IPV6_TCLASS:
      val = send_int(control, at, len, -1, 255);
      // ABI: -1 is not the socket's class, as it is with the option, but all bits set.
      if (val !== null) ipc.tos = val & 0xff;
      break;
    case in6.IPV6_DONTFRAG:
      val = send_int(control, at, len, 0, 1);
      break;
    default:
      return -EINVAL;
  }
  return val === null ? -EINVAL : 0;
}

/** -EINVAL, -EPERM (SO_MARK), -ENODEV; other levels are skipped, once SOL_SOCKET and SOL_UDP too. */
export function ip6_datagram_send_ctl(task: Task, control: Uint8Array, ipc: IpcmCookie): number {
  const { sock_cmsg } = task.kernel.release;
  return for_each_cmsghdr(control, (level, type, at, len) => {
    if (level === SOL_SOCKET && sock_cmsg) return __sock_cmsg_send(task, ipc, control, type, at, len);
    if (level === SOL_UDP && sock_cmsg) return __udp_cmsg_send(ipc, control, type, at, len);
    return level === SOL_IPV6 ? ip6_cmsg(ipc, control, type, at, len) : 0;
  });
}

// Control messages that a program receives.

function in6_pktinfo(addr: InetAddr, ifindex: number): Uint8Array {
  const raw = new Uint8Array(IN6_PKTINFO.size);
  put_in6_addr(raw, IN6_PKTINFO.ipi6_addr, addr);
  put_u32(raw, IN6_PKTINFO.ipi6_ifindex, ifindex);
  return raw;
}

/** Class and label, in network order. DEVIATION: the label that the sender's kernel makes up is not Linux's, whose key is drawn at boot. */
function ip6_flowinfo({ saddr, sport, dport, tos, autoflow }: UdpSkb): number {
  const label = autoflow ? 1 + reuseport_hash(saddr, sport ^ (dport << 16), 0xfffff) : 0;
  return (tos << 20) | label;
}

function be32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** The program's wishes in the order in which they are met. Linux: ip6_datagram_recv_specific_ctl. */
const specific: readonly (readonly [flag: number, type: number, data: (skb: UdpSkb) => Uint8Array])[] = [
  [IP6_CMSG_HOPLIMIT, in6.IPV6_HOPLIMIT, (skb) => int_opt(skb.ttl)],
  [IP6_CMSG_TCLASS, in6.IPV6_TCLASS, (skb) => int_opt(skb.tos)],
  [IP6_CMSG_FLOWINFO, in6.IPV6_FLOWINFO, (skb) => be32(ip6_flowinfo(skb))],
  [IP6_CMSG_2292PKTINFO, in6.IPV6_2292PKTINFO, (skb) => in6_pktinfo(skb.daddr, LOOPBACK_IFINDEX)],
  [IP6_CMSG_2292HOPLIMIT, in6.IPV6_2292HOPLIMIT, (skb) => int_opt(skb.ttl)],
  [IP6_CMSG_ORIGDSTADDR, in6.IPV6_ORIGDSTADDR, (skb) => sockaddr_in6(skb.daddr, skb.dport)],
];

/** Of a datagram that came over IPv4 only the addresses, and what options of IPv4 ask for. */
export function ip6_datagram_recv_ctl(task: Task, sk: InetSock, msg: MsgHdr, skb: UdpSkb, cmsg_flags: number): void {
  const over_ipv4 = typeof skb.daddr === 'number';
  if ((cmsg_flags & IP6_CMSG_PKTINFO) !== 0) {
    const ifindex = over_ipv4 && skb.pktinfo === PKTINFO_NONE ? 0 : LOOPBACK_IFINDEX;
    put_cmsg(task, msg, SOL_IPV6, in6.IPV6_PKTINFO, in6_pktinfo(skb.daddr, ifindex));
  }
  if (over_ipv4) {
    ip_cmsg_recv(task, sk, msg, skb, cmsg_flags);
    return;
  }
  for (const [flag, type, data] of specific) {
    if ((cmsg_flags & flag) === 0 || (flag === IP6_CMSG_FLOWINFO && ip6_flowinfo(skb) === 0)) continue;
    put_cmsg(task, msg, SOL_IPV6, type, data(skb));
  }
}
