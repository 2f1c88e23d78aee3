/** Options of IPPROTO_IPV6: kept, checked and read back (net/ipv6/ipv6_sockglue.c). Checked against Linux 6.18. */
import type { Socket } from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import { EADDRNOTAVAIL, EBUSY, EINVAL, ENODEV, ENOPROTOOPT, ENOTCONN } from '../../include/uapi/errno.js';
import {
  INADDR_ANY,
  MCAST_BLOCK_SOURCE,
  MCAST_JOIN_SOURCE_GROUP,
  MCAST_LEAVE_SOURCE_GROUP,
  MCAST_UNBLOCK_SOURCE,
} from '../../include/uapi/in.js';
import * as in6 from '../../include/uapi/in6.js';
import { AF_INET, SOCK_STREAM, SOL_IP, SOL_IPV6, SOL_TCP, SOL_UDP } from '../../include/uapi/socket.js';
import { TCP_ESTABLISHED } from '../../include/uapi/tcp.js';
import { get_s32 } from '../../lib/bytes.js';
import { int_opt } from '../core/sock.js';
import { inet_dgram_ops, inet_stream_ops } from '../ipv4/af_inet.js';
import {
  IP6_CMSG_2292HOPLIMIT,
  IP6_CMSG_2292PKTINFO,
  IP6_CMSG_FLOWINFO,
  IP6_CMSG_HOPLIMIT,
  IP6_CMSG_ORIGDSTADDR,
  IP6_CMSG_PKTINFO,
  IP6_CMSG_TCLASS,
  type InetSock,
  LOOPBACK_IFINDEX,
  LOOPBACK_MTU,
  addr_any,
  inet_sk,
} from '../ipv4/inet_sock.js';
import {
  type IntOption,
  type IntOptions,
  bool_option,
  cmsg_option,
  get_int_option,
  ip_getsockopt,
  ip_setsockopt,
  range_option,
  recverr_option,
  set_int_option,
  udp_getsockopt,
} from '../ipv4/ip_sockglue.js';
import { tcp_prot } from '../ipv4/tcp.js';
import { udp_prot, udp_setsockopt } from '../ipv4/udp.js';
import type { UdpSock } from '../ipv4/udp_input.js';
import { tcp_getsockopt, tcp_setsockopt } from '../ipv4/tcp_sockopt.js';
import { ipv6_mcast_options } from './mcast.js';

const IPV6_DEFAULT_HOPLIMIT = 64;
const IPV6_DEFAULT_MCASTHOPS = 1;
const IPV6_MIN_MTU = 1280;

/** -1 stands for the default. */
const hops_option = (initial: number): IntOption => ({
  initial,
  check: (_sk, val) => (val === -1 ? initial : val >= 0 && val <= 255 ? val : -EINVAL),
});

/** The interface that groups, or everything, go out by: there is lo alone. */
const interface_option = (none: number): IntOption => ({
  initial: 0,
  check: (_sk, val) => (val === 0 || val === LOOPBACK_IFINDEX ? val : -none),
});

const set_v6only: IntOption = {
  initial: 0,
  check(sk, val) {
    if (sk.inet_num !== 0) return -EINVAL;
    sk.sk_ipv6only = val !== 0;
    return 0;
  },
  show: (sk) => (sk.sk_ipv6only ? 1 : 0),
};

/** Two bits of the class belong to congestion control: a stream's program does not set them. -1 is the default. */
const tclass_option: IntOption = {
  initial: 0,
  check(sk, val) {
    if (val < -1 || val > 0xff) return -EINVAL;
    return val === -1 ? 0 : sk.sk_type === SOCK_STREAM ? val & ~3 : val;
  },
};

const PREFERENCES_DEFAULT = in6.IPV6_PREFER_SRC_PUBTMP_DEFAULT | in6.IPV6_PREFER_SRC_HOME;

/** One choice of each of three, by the bits that make it; choosing both of a pair is refused. Linux: ip6_sock_set_addr_preferences. */
function check_preferences(_sk: InetSock, val: number): number {
  const choices: readonly (readonly number[])[] = [
    [in6.IPV6_PREFER_SRC_PUBLIC, in6.IPV6_PREFER_SRC_TMP, in6.IPV6_PREFER_SRC_PUBTMP_DEFAULT],
    [in6.IPV6_PREFER_SRC_HOME, in6.IPV6_PREFER_SRC_COA],
    [in6.IPV6_PREFER_SRC_CGA, in6.IPV6_PREFER_SRC_NONCGA],
  ];
  for (const bits of choices) if (bits.filter((bit) => (val & bit) !== 0).length > 1) return -EINVAL;
  const tmp = val & in6.IPV6_PREFER_SRC_TMP;
  const pub = val & in6.IPV6_PREFER_SRC_PUBLIC;
  const home = (val & in6.IPV6_PREFER_SRC_COA) !== 0 ? in6.IPV6_PREFER_SRC_COA : in6.IPV6_PREFER_SRC_HOME;
  return (tmp | pub || in6.IPV6_PREFER_SRC_PUBTMP_DEFAULT) | home;
}

const flags: IntOptions = Object.fromEntries(
  [
    in6.IPV6_2292HOPOPTS,
    in6.IPV6_2292DSTOPTS,
    in6.IPV6_2292RTHDR,
    in6.IPV6_ROUTER_ALERT_ISOLATE,
    in6.IPV6_FLOWINFO_SEND,
    in6.IPV6_RECVHOPOPTS,
    in6.IPV6_RECVRTHDR,
    in6.IPV6_RECVDSTOPTS,
    in6.IPV6_RECVPATHMTU,
    in6.IPV6_DONTFRAG,
    in6.IPV6_TRANSPARENT,
    in6.IPV6_RECVFRAGSIZE,
    in6.IPV6_FREEBIND,
  ].map((optname) => [optname, bool_option()]),
);

/** Options that take any length. */
const ANY_LENGTH: ReadonlySet<number> = new Set([in6.IPV6_DONTFRAG, in6.IPV6_AUTOFLOWLABEL, in6.IPV6_RECVFRAGSIZE]);

/** Options that streams do not know. */
const NOT_FOR_STREAMS: ReadonlySet<number> = new Set([in6.IPV6_MULTICAST_IF, in6.IPV6_MULTICAST_HOPS]);

/** DEVIATION: no anycast, no sources of groups; what these want is refused as if it were malformed. */
const REFUSED: ReadonlySet<number> = new Set([
  in6.IPV6_JOIN_ANYCAST,
  in6.IPV6_LEAVE_ANYCAST,
  in6.IPV6_PKTINFO,
  MCAST_BLOCK_SOURCE,
  MCAST_UNBLOCK_SOURCE,
  MCAST_JOIN_SOURCE_GROUP,
  MCAST_LEAVE_SOURCE_GROUP,
]);

const ipv6_options: IntOptions = {
  ...flags,
  [in6.IPV6_RECVERR]: recverr_option,
  [in6.IPV6_2292PKTINFO]: cmsg_option(IP6_CMSG_2292PKTINFO),
  [in6.IPV6_2292HOPLIMIT]: cmsg_option(IP6_CMSG_2292HOPLIMIT),
  [in6.IPV6_FLOWINFO]: cmsg_option(IP6_CMSG_FLOWINFO),
  [in6.IPV6_RECVPKTINFO]: cmsg_option(IP6_CMSG_PKTINFO),
  [in6.IPV6_RECVHOPLIMIT]: cmsg_option(IP6_CMSG_HOPLIMIT),
  [in6.IPV6_RECVTCLASS]: cmsg_option(IP6_CMSG_TCLASS),
  [in6.IPV6_RECVORIGDSTADDR]: cmsg_option(IP6_CMSG_ORIGDSTADDR),
  [in6.IPV6_UNICAST_HOPS]: {
    initial: IPV6_DEFAULT_HOPLIMIT,
    check: (_sk, val) => (val === -1 ? IPV6_DEFAULT_HOPLIMIT : val >= 0 && val <= 255 ? val : -EINVAL),
  },
  [in6.IPV6_MULTICAST_IF]: interface_option(ENODEV),
  [in6.IPV6_MULTICAST_HOPS]: hops_option(IPV6_DEFAULT_MCASTHOPS),
  [in6.IPV6_MULTICAST_LOOP]: range_option(1, 0, 1),
  [in6.IPV6_MULTICAST_ALL]: bool_option(1),
  // Only of raw sockets.
  [in6.IPV6_ROUTER_ALERT]: { initial: 0, check: () => -ENOPROTOOPT },
  [in6.IPV6_MTU_DISCOVER]: range_option(in6.IPV6_PMTUDISC_WANT, 0, in6.IPV6_PMTUDISC_OMIT),
  [in6.IPV6_MTU]: {
    initial: 0,
    check: (_sk, val) => (val === 0 || val >= IPV6_MIN_MTU ? val : -EINVAL),
    show: (sk) => (addr_any(sk.inet_daddr) ? -ENOTCONN : LOOPBACK_MTU + 1),
  },
  [in6.IPV6_V6ONLY]: set_v6only,
  [in6.IPV6_RECVERR_RFC4884]: range_option(0, 0, 1),
  [in6.IPV6_TCLASS]: tclass_option,
  [in6.IPV6_AUTOFLOWLABEL]: bool_option(1),
  [in6.IPV6_ADDR_PREFERENCES]: { initial: PREFERENCES_DEFAULT, check: check_preferences },
  [in6.IPV6_MINHOPCOUNT]: range_option(0, 0, 255),
  // ABI: the number stands in network order.
  [in6.IPV6_UNICAST_IF]: {
    initial: 0,
    check: (_sk, val) => (val === 0 || val === LOOPBACK_IFINDEX << 24 ? val : -EADDRNOTAVAIL),
  },
};

/**
 * IPV6_ADDRFORM: a connection over IPv4 becomes a socket of AF_INET. -EINVAL (length, family), -EBUSY (a datagram for IPv6 is
 * pending), -ENOTCONN, -EADDRNOTAVAIL.
 */
function set_addrform(sock: Socket, sk: InetSock, optval: Uint8Array): number {
  if (optval.length < 4 || get_s32(optval, 0) !== AF_INET) return -EINVAL;
  const stream = sk.sk_type === SOCK_STREAM;
  if (!stream && typeof (sk as UdpSock).pending?.skb.daddr === 'string') return -EBUSY;
  if (sk.sk_state !== TCP_ESTABLISHED) return -ENOTCONN;
  if (sk.sk_ipv6only || typeof sk.inet_daddr === 'string') return -EADDRNOTAVAIL;
  sk.sk_prot = stream ? tcp_prot : udp_prot;
  sk.sk_family = AF_INET;
  sock.ops = stream ? inet_stream_ops : inet_dgram_ops;
  if (typeof sk.inet_saddr === 'string') sk.inet_saddr = INADDR_ANY;
  if (typeof sk.inet_rcv_saddr === 'string') sk.inet_rcv_saddr = INADDR_ANY;
  return 0;
}

/** -ENOPROTOOPT (level, option), -EINVAL (length, value) … Linux: do_ipv6_setsockopt. */
function ipv6_setsockopt(task: Task, sock: Socket, level: number, optname: number, optval: Uint8Array): number {
  const sk = inet_sk(sock);
  if (level !== SOL_IPV6) return ip_setsockopt(task, sock, level, optname, optval);
  if (optname === in6.IPV6_ADDRFORM) return set_addrform(sock, sk, optval);
  const mcast = ipv6_mcast_options[optname];
  if (mcast !== undefined) return mcast(sk, optval);
  if (REFUSED.has(optname)) return -EINVAL;
  if (ipv6_options[optname] === undefined || (sk.sk_type === SOCK_STREAM && NOT_FOR_STREAMS.has(optname)))
    return -ENOPROTOOPT;
  if (optval.length < 4 && !ANY_LENGTH.has(optname)) return -EINVAL;
  return set_int_option(ipv6_options, sk, level, optname, optval.length < 4 ? 0 : get_s32(optval, 0));
}

/** -ENOPROTOOPT, -ENOTCONN (IPV6_MTU). */
function ipv6_getsockopt(task: Task, sock: Socket, level: number, optname: number, room: number): Uint8Array | number {
  if (level === SOL_IP) return ip_getsockopt(task, sock, level, optname, room);
  if (level !== SOL_IPV6) return -ENOPROTOOPT;
  const sk = inet_sk(sock);
  if (optname === in6.IPV6_ADDRFORM) return sk.sk_state === TCP_ESTABLISHED ? int_opt(sk.sk_family) : -ENOTCONN;
  return get_int_option(ipv6_options, sk, level, optname);
}

export function tcpv6_setsockopt(task: Task, sock: Socket, level: number, optname: number, optval: Uint8Array): number {
  return (level === SOL_TCP ? tcp_setsockopt : ipv6_setsockopt)(task, sock, level, optname, optval);
}

export function tcpv6_getsockopt(
  task: Task,
  sock: Socket,
  level: number,
  optname: number,
  room: number,
): Uint8Array | number {
  return (level === SOL_TCP ? tcp_getsockopt : ipv6_getsockopt)(task, sock, level, optname, room);
}

export function udpv6_setsockopt(task: Task, sock: Socket, level: number, optname: number, optval: Uint8Array): number {
  return (level === SOL_UDP ? udp_setsockopt : ipv6_setsockopt)(task, sock, level, optname, optval);
}

export function udpv6_getsockopt(
  task: Task,
  sock: Socket,
  level: number,
  optname: number,
  room: number,
): Uint8Array | number {
  return (level === SOL_UDP ? udp_getsockopt : ipv6_getsockopt)(task, sock, level, optname, room);
}
