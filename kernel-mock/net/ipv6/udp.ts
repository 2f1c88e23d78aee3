/** Datagrams over IPv6 (net/ipv6/udp.c). */
import type { MsgHdr, SockAddr, Socket } from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import { EAFNOSUPPORT, EAGAIN, EDESTADDRREQ, EINVAL, ENETUNREACH } from '../../include/uapi/errno.js';
import { INADDR_LOOPBACK } from '../../include/uapi/in.js';
import { AF_INET, AF_INET6, AF_UNSPEC } from '../../include/uapi/socket.js';
import { TCP_ESTABLISHED } from '../../include/uapi/tcp.js';
import { get_u16 } from '../../lib/bytes.js';
import { IN6ADDR_ANY, type InetAddr, type Proto, RTN_LOCAL, sin_port, sockaddr_in } from '../ipv4/inet_sock.js';
import { udp_append_data, udp_prot, udp_send_skb, udp_sendmsg, udp_sendmsg4 } from '../ipv4/udp.js';
import { type UdpSock, inet_autobind, udp_make_skb, udp_sk } from '../ipv4/udp_input.js';
import { ipcm_init_sk } from '../ipv4/ip_cmsg.js';
import { ip_icmp_error } from '../ipv4/ip_errqueue.js';
import {
  ip6_datagram_connect,
  ip6_datagram_recv_ctl,
  ip6_datagram_send_ctl,
  ipv6_icmp_error,
  ipv6_recv_error,
} from './datagram.js';
import {
  IN6ADDR_LOOPBACK,
  in6_destination,
  ip6_route_output,
  is_sockaddr_in6,
  sin6_addr,
  sockaddr_in6,
} from './addrconf.js';

/** The most that one datagram carries: 65535 less the header of UDP; that of IPv6 does not count. */
const UDPV6_MAX_PAYLOAD = 65527;

/** To an IPv4 address, `name` being a struct sockaddr_in. */
function send4(task: Task, sk: UdpSock, msg: MsgHdr, name: SockAddr | null): number {
  return sk.sk_ipv6only ? -ENETUNREACH : udp_sendmsg4(task, sk, msg, name);
}

/** What is left of a send once the destination is known not to be one of IPv4. */
function send6(task: Task, sk: UdpSock, msg: MsgHdr, daddr: string, dport: number): number {
  const ipc = msg.control === null && sk.sk_opts === null ? null : ipcm_init_sk(sk);
  let err = msg.control === null ? 0 : ip6_datagram_send_ctl(task, msg.control, ipc!);
  if (err === 0) err = ip6_route_output(daddr);
  if (err < 0) return err;
  if (typeof sk.inet_saddr === 'number') return -EAFNOSUPPORT;
  const own = sk.inet_saddr === IN6ADDR_ANY ? IN6ADDR_LOOPBACK : sk.inet_saddr;
  const skb = udp_make_skb(sk, ipc, ipc?.saddr ?? own, daddr, dport, RTN_LOCAL);
  return udp_send_skb(task, sk, msg, skb, UDPV6_MAX_PAYLOAD, ipc?.gso_size ?? 0);
}

/** Without a name, or with one of AF_UNSPEC, which means the same. */
function send_connected(task: Task, sk: UdpSock, msg: MsgHdr): number {
  if (sk.sk_state !== TCP_ESTABLISHED) return -EDESTADDRREQ;
  const daddr: InetAddr = sk.inet_daddr;
  // ABI: to a mapped address it goes as if it had been named, so that port 0 is refused.
  if (typeof daddr === 'number') return send4(task, sk, msg, sockaddr_in(daddr, sk.inet_dport));
  return send6(task, sk, msg, daddr, sk.inet_dport);
}

/**
 * -EAGAIN (no free port), -EINVAL (length, family), -EDESTADDRREQ, -ENETUNREACH, -EINVAL (port 0), -EAFNOSUPPORT, then as
 * UDP over IPv4. Unlike there MSG_OOB is not looked at.
 */
export function udpv6_sendmsg(task: Task, sock: Socket, msg: MsgHdr): number {
  const sk = udp_sk(sock);
  if (inet_autobind(sk) < 0) return -EAGAIN;
  const { name } = msg;
  const { pending } = sk;
  if (pending !== null && typeof pending.skb.daddr === 'number') return udp_sendmsg(task, sock, msg);
  if (name === null) return pending === null ? send_connected(task, sk, msg) : udp_append_data(task, sk, msg, pending);
  const dest = destination(sk, name);
  if (typeof dest === 'number') return dest;
  // ABI: what is pending for IPv6 cannot go on to IPv4.
  if (pending !== null) return dest.v4 === null ? udp_append_data(task, sk, msg, pending) : -EINVAL;
  if (dest.unspec) return send_connected(task, sk, msg);
  if (dest.v4 !== null) return send4(task, sk, msg, dest.v4);
  const dport = sin_port(name);
  return dport === 0 ? -EINVAL : send6(task, sk, msg, dest.daddr, dport);
}

/** Where a name leads: a struct sockaddr_in (IPv4), nowhere in particular (AF_UNSPEC), or an IPv6 address. */
interface Destination {
  readonly v4: SockAddr | null;
  readonly unspec: boolean;
  readonly daddr: string;
}

/** -EINVAL (length, family). */
function destination(sk: UdpSock, name: SockAddr): Destination | number {
  if (name.length < 2) return -EINVAL;
  const family = get_u16(name, 0);
  if (family === AF_INET) return { v4: name, unspec: false, daddr: IN6ADDR_ANY };
  if (family === AF_UNSPEC) return { v4: null, unspec: true, daddr: IN6ADDR_ANY };
  if (family !== AF_INET6 || !is_sockaddr_in6(name)) return -EINVAL;
  const daddr = in6_destination(sin6_addr(name), sk.inet_rcv_saddr, INADDR_LOOPBACK);
  if (typeof daddr === 'string') return { v4: null, unspec: false, daddr };
  return { v4: sockaddr_in(daddr, sin_port(name)), unspec: false, daddr: IN6ADDR_ANY };
}

export const udpv6_prot = {
  ...udp_prot,
  family: AF_INET6,
  any: IN6ADDR_ANY,
  sockaddr: sockaddr_in6,
  connect: ip6_datagram_connect,
  recv_ctl: ip6_datagram_recv_ctl,
  icmp_error: (sk, skb) => {
    (typeof skb.daddr === 'number' ? ip_icmp_error : ipv6_icmp_error)(sk, skb);
  },
  recv_error: ipv6_recv_error,
} satisfies Proto;
