/** The default destination of a datagram socket over IPv4 (net/ipv4/datagram.c). */
import type { SockAddr } from '../../include/linux/net.js';
import { EACCES, EAFNOSUPPORT, EINVAL } from '../../include/uapi/errno.js';
import { INADDR_ANY, INADDR_BROADCAST, IP_UNICAST_IF } from '../../include/uapi/in.js';
import { AF_INET, SOL_IP, SOL_SOCKET, SO_BINDTOIFINDEX, SO_BROADCAST } from '../../include/uapi/socket.js';
import { TCP_ESTABLISHED } from '../../include/uapi/tcp.js';
import { get_u16 } from '../../lib/bytes.js';
import { sock_opt } from '../core/sock.js';
import {
  IN6ADDR_ANY,
  type InetAddr,
  type InetSock,
  LOOPBACK_IFINDEX,
  ROUTE_SADDR,
  RTN_BROADCAST,
  RTN_MULTICAST,
  RTN_UNICAST,
  addr_any,
  inet_addr_type,
  ip_route_output,
  is_sockaddr_in,
  route_daddr,
  sin_addr,
  sin_port,
} from './inet_sock.js';
import type { UdpSock } from './udp_input.js';

/** Where packets to an IPv4 address go: as ip_route_output, and -EACCES (broadcast without SO_BROADCAST). */
export function udp_route(sk: UdpSock, daddr: number, saddr: number, oif: number): number {
  const type = ip_route_output(daddr, saddr, oif !== 0 ? oif : output_if(sk, daddr));
  if (type === RTN_BROADCAST && sock_opt(sk, SOL_SOCKET, SO_BROADCAST) === 0) return -EACCES;
  return type;
}

/** The interface that the program chose: SO_BINDTODEVICE, IP_MULTICAST_IF or IP_UNICAST_IF; 0: none. */
function output_if(sk: UdpSock, daddr: number): number {
  if (sk.sk_opts === null && sk.mc === null) return 0;
  const bound = sock_opt(sk, SOL_SOCKET, SO_BINDTOIFINDEX);
  if (bound !== 0) return bound;
  if (inet_addr_type(daddr) === RTN_MULTICAST) return sk.mc?.mc_index ?? 0;
  return sock_opt(sk, SOL_IP, IP_UNICAST_IF) !== 0 ? LOOPBACK_IFINDEX : 0;
}

/** The source address that the program chose for `daddr`: the bound one, else for a group that of IP_MULTICAST_IF. */
export function output_saddr(sk: InetSock, daddr: number): number {
  const own = typeof sk.inet_saddr === 'number' ? sk.inet_saddr : INADDR_ANY;
  return own === INADDR_ANY && sk.mc !== null && inet_addr_type(daddr) === RTN_MULTICAST ? sk.mc.mc_addr : own;
}

/** The source address of a route of `type`. ABI: beyond the host lo has none. Linux: inet_select_addr. */
export function route_saddr(type: number, daddr: number): number {
  const beyond = type === RTN_MULTICAST || type === RTN_UNICAST || daddr === INADDR_BROADCAST;
  return beyond ? INADDR_ANY : ROUTE_SADDR;
}

/**
 * ABI: a connect over IPv4, even one that fails, takes what is pending along; what was pending for IPv6 gets lost. One over IPv6
 * does not. Linux: ip4_datagram_connect writes to the flow of the cork, which those of IPv6 share.
 */
function redirect_pending({ pending }: UdpSock, saddr: number, daddr: number, dport: number): void {
  if (pending === null) return;
  if (typeof pending.skb.daddr === 'string') {
    pending.skb.daddr = IN6ADDR_ANY;
    return;
  }
  pending.skb.saddr = saddr;
  pending.skb.daddr = daddr;
  pending.skb.dport = dport;
}

/** The default destination is set; what the program did not bind becomes `saddr`. */
export function datagram_connected(sk: InetSock, saddr: InetAddr, daddr: InetAddr, dport: number): number {
  // ABI: an IPv6 address that an earlier connect gave stays, so that answers over IPv4 are not heard.
  if (addr_any(sk.inet_saddr)) sk.inet_saddr = saddr;
  if (addr_any(sk.inet_rcv_saddr)) sk.inet_rcv_saddr = saddr;
  sk.inet_daddr = daddr;
  sk.inet_dport = dport;
  sk.sk_state = TCP_ESTABLISHED;
  return 0;
}

/** To an IPv4 address, from a socket of either family: -ENETUNREACH, -EACCES. */
export function ip4_datagram_connect_addr(sk: InetSock, addr: number, dport: number): number {
  const daddr = route_daddr(addr, sk.inet_saddr);
  const saddr = output_saddr(sk, daddr);
  const type = udp_route(sk as UdpSock, daddr, saddr, 0);
  const source = saddr === INADDR_ANY ? route_saddr(type, daddr) : saddr;
  redirect_pending(sk as UdpSock, source, daddr, dport);
  return type < 0 ? type : datagram_connected(sk, source, daddr, dport);
}

/** Set the default destination. -EINVAL, -EAFNOSUPPORT, -ENETUNREACH, -EACCES. Linux: __ip4_datagram_connect. */
export function ip4_datagram_connect(sk: InetSock, addr: SockAddr): number {
  if (!is_sockaddr_in(addr)) return -EINVAL;
  if (get_u16(addr, 0) !== AF_INET) return -EAFNOSUPPORT;
  return ip4_datagram_connect_addr(sk, sin_addr(addr), sin_port(addr));
}
