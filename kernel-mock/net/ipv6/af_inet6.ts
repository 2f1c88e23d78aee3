/** AF_INET6: what is different from AF_INET (net/ipv6/af_inet6.c). */
import type { NetProtoFamily, ProtoOps, SockAddr, Socket } from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import {
  ENOBUFS,
  EACCES,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EINVAL,
  EPROTONOSUPPORT,
  ESOCKTNOSUPPORT,
} from '../../include/uapi/errno.js';
import { IPPROTO_IP } from '../../include/uapi/in.js';
import { IPPROTO_ICMPV6 } from '../../include/uapi/in6.js';
import { AF_INET6, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM } from '../../include/uapi/socket.js';
import { TCP_CLOSE } from '../../include/uapi/tcp.js';
import { get_u16 } from '../../lib/bytes.js';
import { sock_graft } from '../core/sock.js';
import {
  IPPROTO_MAX,
  inet_addr_valid_or_nonlocal,
  inet_bind_addr,
  inet_bind_source,
  inet_can_nonlocal_bind,
  inet_dgram_ops,
  inet_stream_ops,
  no_raw_socket,
} from '../ipv4/af_inet.js';
import { IN6ADDR_ANY, type InetSock, inet_sk, sin_port } from '../ipv4/inet_sock.js';
import { TcpSock } from '../ipv4/tcp_sock.js';
import { UdpSock } from '../ipv4/udp_input.js';
import {
  IN6ADDR_LOOPBACK,
  ipv6_addr_is_multicast,
  ipv6_addr_needs_scope_id,
  is_sockaddr_in6,
  sin6_addr,
  sin6_scope_id,
} from './addrconf.js';
import { tcpv6_getsockopt, tcpv6_setsockopt, udpv6_getsockopt, udpv6_setsockopt } from './ipv6_sockglue.js';
import { tcpv6_prot } from './tcp_ipv6.js';
import { udpv6_prot, udpv6_sendmsg } from './udp.js';

/** Bind to an IPv6 address that is not ::. The socket is then one for IPv6 alone, whatever IPV6_V6ONLY said. */
function bind_v6(sk: InetSock, addr: SockAddr, saddr: string): number {
  if (ipv6_addr_needs_scope_id(saddr) && sin6_scope_id(addr) === 0) return -EINVAL;
  const group = ipv6_addr_is_multicast(saddr);
  if (!group && saddr !== IN6ADDR_LOOPBACK && !inet_can_nonlocal_bind(sk)) return -EADDRNOTAVAIL;
  const saved_ipv6only = sk.sk_ipv6only;
  sk.sk_ipv6only = true;
  const err = inet_bind_addr(sk, saddr, group ? IN6ADDR_ANY : saddr, sin_port(addr));
  if (err < 0) sk.sk_ipv6only = saved_ipv6only;
  return err;
}

/**
 * -EINVAL (length), -EAFNOSUPPORT, -EINVAL (a group for a stream; bound or connected already; mapped with IPV6_V6ONLY; no
 * interface), -EADDRNOTAVAIL, -EADDRINUSE. Linux: __inet6_bind.
 */
function inet6_bind(_task: Task, sock: Socket, addr: SockAddr): number {
  const sk = inet_sk(sock);
  if (!is_sockaddr_in6(addr)) return -EINVAL;
  if (get_u16(addr, 0) !== AF_INET6) return -EAFNOSUPPORT;
  const saddr = sin6_addr(addr);
  if (typeof saddr === 'string' && sk.sk_type === SOCK_STREAM && ipv6_addr_is_multicast(saddr)) return -EINVAL;
  if (sk.sk_state !== TCP_CLOSE || sk.inet_num !== 0) return -EINVAL;
  if (saddr === IN6ADDR_ANY) return inet_bind_addr(sk, saddr, saddr, sin_port(addr));
  if (typeof saddr === 'string') return bind_v6(sk, addr, saddr);
  if (sk.sk_ipv6only) return -EINVAL;
  if (!inet_addr_valid_or_nonlocal(sk, saddr)) return -EADDRNOTAVAIL;
  return inet_bind_addr(sk, saddr, inet_bind_source(saddr), sin_port(addr));
}

export const inet6_stream_ops = {
  ...inet_stream_ops,
  family: AF_INET6,
  bind: inet6_bind,
  setsockopt: tcpv6_setsockopt,
  getsockopt: tcpv6_getsockopt,
} satisfies ProtoOps;

export const inet6_dgram_ops = {
  ...inet_dgram_ops,
  family: AF_INET6,
  bind: inet6_bind,
  setsockopt: udpv6_setsockopt,
  getsockopt: udpv6_getsockopt,
  sendmsg: udpv6_sendmsg,
} satisfies ProtoOps;

/** As AF_INET; see the deviations there. Linux: inet6_create. */
export const inet6_family_ops: NetProtoFamily = {
  family: AF_INET6,
  sk_alloc_error: -ENOBUFS,
  create(kernel, sock, protocol) {
    if (protocol < 0 || protocol >= IPPROTO_MAX) return -EINVAL;
    switch (sock.type) {
      case SOCK_STREAM:
        if (protocol !== IPPROTO_IP && protocol !== tcpv6_prot.protocol) return -EPROTONOSUPPORT;
        sock.ops = inet6_stream_ops;
        sock_graft(new TcpSock(kernel, tcpv6_prot), sock);
        return 0;
      case SOCK_DGRAM:
        if (protocol === IPPROTO_ICMPV6) return -EACCES;
        if (protocol !== IPPROTO_IP && protocol !== udpv6_prot.protocol) return -EPROTONOSUPPORT;
        sock.ops = inet6_dgram_ops;
        sock_graft(new UdpSock(kernel, udpv6_prot), sock);
        return 0;
      case SOCK_RAW:
        return no_raw_socket(kernel, protocol);
      default:
        return -ESOCKTNOSUPPORT;
    }
  },
};
