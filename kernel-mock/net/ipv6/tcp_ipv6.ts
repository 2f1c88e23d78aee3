/** Connections over IPv6 (net/ipv6/tcp_ipv6.c). */
import type { SockAddr } from '../../include/linux/net.js';
import { EAFNOSUPPORT, EINVAL, ENETUNREACH } from '../../include/uapi/errno.js';
import { INADDR_LOOPBACK } from '../../include/uapi/in.js';
import { AF_INET6 } from '../../include/uapi/socket.js';
import { get_u16 } from '../../lib/bytes.js';
import { IN6ADDR_ANY, type InetSock, type Proto, sin_port } from '../ipv4/inet_sock.js';
import { tcp_prot } from '../ipv4/tcp.js';
import { tcp_connect, tcp_v4_connect_addr } from '../ipv4/tcp_ipv4.js';
import type { TcpSock } from '../ipv4/tcp_sock.js';
import {
  IN6ADDR_LOOPBACK,
  in6_destination,
  ip6_route_output,
  ipv6_addr_is_multicast,
  ipv6_addr_needs_scope_id,
  is_sockaddr_in6,
  sin6_addr,
  sin6_scope_id,
  sockaddr_in6,
} from './addrconf.js';

/**
 * -EINVAL (length), -EAFNOSUPPORT, -ENETUNREACH (a group), -EINVAL (no interface), -ENETUNREACH, -EAFNOSUPPORT (bound to an
 * IPv4 address), -EADDRNOTAVAIL.
 */
function tcp_v6_connect(inet: InetSock, addr: SockAddr): number {
  const sk = inet as TcpSock;
  if (!is_sockaddr_in6(addr)) return -EINVAL;
  if (get_u16(addr, 0) !== AF_INET6) return -EAFNOSUPPORT;
  const daddr = in6_destination(sin6_addr(addr), sk.inet_rcv_saddr, INADDR_LOOPBACK);
  if (typeof daddr === 'number') return sk.sk_ipv6only ? -ENETUNREACH : tcp_v4_connect_addr(sk, daddr, sin_port(addr));
  if (ipv6_addr_is_multicast(daddr)) return -ENETUNREACH;
  if (ipv6_addr_needs_scope_id(daddr) && sin6_scope_id(addr) === 0) return -EINVAL;
  const err = ip6_route_output(daddr);
  if (err < 0) return err;
  if (typeof sk.inet_rcv_saddr === 'number') return -EAFNOSUPPORT;
  return tcp_connect(sk, IN6ADDR_LOOPBACK, daddr, sin_port(addr));
}

export const tcpv6_prot = {
  ...tcp_prot,
  family: AF_INET6,
  any: IN6ADDR_ANY,
  sockaddr: sockaddr_in6,
  connect: tcp_v6_connect,
} satisfies Proto;
