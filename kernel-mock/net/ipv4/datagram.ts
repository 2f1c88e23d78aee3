/** The default destination of a datagram socket over IPv4 (net/ipv4/datagram.c). */
import type { SockAddr } from '../../include/linux/net.js';
import { EACCES, EAFNOSUPPORT, EINVAL } from '../../include/uapi/errno.js';
import { INADDR_ANY } from '../../include/uapi/in.js';
import { AF_INET, SOL_SOCKET, SO_BROADCAST } from '../../include/uapi/socket.js';
import { TCP_ESTABLISHED } from '../../include/uapi/tcp.js';
import { get_u16 } from '../../lib/bytes.js';
import { sock_opt } from '../core/sock.js';
import {
  type InetAddr,
  type InetSock,
  ROUTE_SADDR,
  RTN_BROADCAST,
  addr_any,
  ip_route_output,
  is_sockaddr_in,
  route_daddr,
  sin_addr,
  sin_port,
} from './inet_sock.js';
import type { UdpSock } from './udp_input.js';

/** Where packets to an IPv4 address go: as ip_route_output, and -EACCES (broadcast without SO_BROADCAST). */
export function udp_route(sk: UdpSock, daddr: number, saddr = INADDR_ANY, oif = 0): number {
  const type = ip_route_output(daddr, saddr, oif);
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
    pending.skb.saddr = sk.inet_saddr;
    pending.skb.daddr = daddr;
    pending.skb.dport = dport;
  }
  return 0;
}

/** To an IPv4 address, from a socket of either family: -ENETUNREACH, -EACCES. */
export function ip4_datagram_connect_addr(sk: InetSock, addr: number, dport: number): number {
  const daddr = route_daddr(addr, sk.inet_saddr);
  const type = udp_route(sk as UdpSock, daddr, typeof sk.inet_saddr === 'number' ? sk.inet_saddr : INADDR_ANY);
  return type < 0 ? type : datagram_connected(sk, ROUTE_SADDR, daddr, dport);
}

/** Set the default destination. -EINVAL, -EAFNOSUPPORT, -ENETUNREACH, -EACCES. Linux: __ip4_datagram_connect. */
export function ip4_datagram_connect(sk: InetSock, addr: SockAddr): number {
  if (!is_sockaddr_in(addr)) return -EINVAL;
  if (get_u16(addr, 0) !== AF_INET) return -EAFNOSUPPORT;
  return ip4_datagram_connect_addr(sk, sin_addr(addr), sin_port(addr));
}
