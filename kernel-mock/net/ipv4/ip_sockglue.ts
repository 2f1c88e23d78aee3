/** Options of IPPROTO_IP, and of IPPROTO_UDP: kept, checked and read back (net/ipv4/ip_sockglue.c, udp.c). Checked against Linux 6.18. */
import type { Task } from '../../include/linux/sched.js';
import type { Socket } from '../../include/linux/net.js';
import { EADDRNOTAVAIL, EINVAL, ENOPROTOOPT, ENOTCONN, EOPNOTSUPP } from '../../include/uapi/errno.js';
import {
  INADDR_ANY,
  IP_BIND_ADDRESS_NO_PORT,
  IP_CHECKSUM,
  IP_FREEBIND,
  IP_HDRINCL,
  IP_MINTTL,
  IP_MTU,
  IP_MTU_DISCOVER,
  IP_MULTICAST_ALL,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_NODEFRAG,
  IP_OPTIONS,
  IP_ORIGDSTADDR,
  IP_PASSSEC,
  IP_PKTINFO,
  IP_PMTUDISC_OMIT,
  IP_PMTUDISC_WANT,
  IP_PROTOCOL,
  IP_RECVERR,
  IP_RECVERR_RFC4884,
  IP_RECVFRAGSIZE,
  IP_RECVOPTS,
  IP_RECVTOS,
  IP_RECVTTL,
  IP_RETOPTS,
  IP_ROUTER_ALERT,
  IP_TOS,
  IP_TRANSPARENT,
  IP_TTL,
  IP_UNICAST_IF,
} from '../../include/uapi/in.js';
import { SOCK_DGRAM, SOCK_STREAM, SOL_IP, SOL_SOCKET, SOL_UDP, SO_PRIORITY } from '../../include/uapi/socket.js';
import {
  UDP_CORK,
  UDP_ENCAP,
  UDP_GRO,
  UDP_NO_CHECK6_RX,
  UDP_NO_CHECK6_TX,
  UDP_SEGMENT,
} from '../../include/uapi/udp.js';
import { get_s32 } from '../../lib/bytes.js';
import { int_opt, set_sock_opt, sock_opt } from '../core/sock.js';
import { ip_options_get } from './ip_options.js';
import { ip_mcast_options } from './ip_mcast_sockglue.js';
import { skb_errqueue_purge } from './ip_errqueue.js';
import type { UdpSock } from './udp_input.js';
import {
  IP_CMSG_ORIGDSTADDR,
  IP_CMSG_PKTINFO,
  IP_CMSG_TOS,
  IP_CMSG_TTL,
  type InetSock,
  LOOPBACK_IFINDEX,
  LOOPBACK_MTU,
  addr_any,
  inet_sk,
  put_in_addr,
  rt_tos2priority,
} from './inet_sock.js';

/** One option that is an int. */
export interface IntOption {
  readonly initial: number;
  /** What is kept of `val`, or -errno. Values that are kept are never negative; see `special`. */
  check(sk: InetSock, val: number): number;
  /** What getsockopt shows where it is not what was kept. */
  show?(sk: InetSock): number;
}

export const bool_option = (initial = 0): IntOption => ({ initial, check: (_sk, val) => (val !== 0 ? 1 : 0) });

export const range_option = (initial: number, min: number, max: number): IntOption => ({
  initial,
  check: (_sk, val) => (val >= min && val <= max ? val : -EINVAL),
});

/** -1 stands for the default. */
const default_or_range = (initial: number, min: number, max: number): IntOption => ({
  initial,
  check: (_sk, val) => (val === -1 ? initial : val >= min && val <= max ? val : -EINVAL),
});

export const read_only_option = (show: (sk: InetSock) => number): IntOption => ({
  initial: 0,
  check: () => -ENOPROTOOPT,
  show,
});

/** One that asks to be told something of each datagram. */
export const cmsg_option = (flag: number): IntOption => ({
  initial: 0,
  check(sk, val) {
    sk.cmsg_flags = val !== 0 ? sk.cmsg_flags | flag : sk.cmsg_flags & ~flag;
    return val !== 0 ? 1 : 0;
  },
  show: (sk) => ((sk.cmsg_flags & flag) !== 0 ? 1 : 0),
});

/** Errors are queued, as long as this is on. */
export const recverr_option: IntOption = {
  initial: 0,
  check(sk, val) {
    if (val === 0 && sk.sk_type === SOCK_DGRAM) skb_errqueue_purge(sk as UdpSock);
    return val !== 0 ? 1 : 0;
  },
};

export type IntOptions = Readonly<Record<number, IntOption>>;

/** An int option of a table: -EINVAL …, -ENOPROTOOPT. */
export function set_int_option(table: IntOptions, sk: InetSock, level: number, optname: number, val: number): number {
  const option = table[optname];
  if (option === undefined) return -ENOPROTOOPT;
  const keep = option.check(sk, val);
  if (keep < 0) return keep;
  set_sock_opt(sk, level, optname, keep);
  return 0;
}

export function get_int_option(table: IntOptions, sk: InetSock, level: number, optname: number): Uint8Array | number {
  const option = table[optname];
  if (option === undefined) return -ENOPROTOOPT;
  const val = option.show === undefined ? sock_opt(sk, level, optname, option.initial) : option.show(sk);
  // Only errors are below zero, but for options that mean it; these go through `special_option`.
  return val < 0 ? val : int_opt(val);
}

const IP_DEFAULT_TTL = 64;
/** The two bits of the type of service that belong to congestion control: a stream's program does not set them. */
const INET_ECN_MASK = 3;

/** ABI: a type of service that is new brings its priority along. Linux: __ip_sock_set_tos. */
function set_tos(sk: InetSock, val: number): number {
  const old = sock_opt(sk, SOL_IP, IP_TOS);
  const tos = sk.sk_type === SOCK_STREAM ? (val & 0xff & ~INET_ECN_MASK) | (old & INET_ECN_MASK) : val & 0xff;
  if (tos !== old) set_sock_opt(sk, SOL_SOCKET, SO_PRIORITY, rt_tos2priority(tos));
  return tos;
}

/** Streams have no groups. */
const not_for_streams = (option: IntOption): IntOption => ({
  ...option,
  check: (sk, val) => (sk.sk_type === SOCK_STREAM ? -EINVAL : option.check(sk, val)),
});

const ip_options: IntOptions = {
  [IP_TOS]: {
    initial: 0,
    check: set_tos,
  },
  [IP_TTL]: default_or_range(IP_DEFAULT_TTL, 1, 255),
  [IP_RECVOPTS]: bool_option(),
  [IP_RETOPTS]: bool_option(),
  [IP_PKTINFO]: cmsg_option(IP_CMSG_PKTINFO),
  [IP_MTU_DISCOVER]: range_option(IP_PMTUDISC_WANT, 0, IP_PMTUDISC_OMIT),
  [IP_RECVERR]: recverr_option,
  [IP_RECVTTL]: cmsg_option(IP_CMSG_TTL),
  [IP_RECVTOS]: cmsg_option(IP_CMSG_TOS),
  [IP_MTU]: read_only_option((sk) => (addr_any(sk.inet_daddr) ? -ENOTCONN : LOOPBACK_MTU)),
  [IP_FREEBIND]: bool_option(),
  [IP_PASSSEC]: bool_option(),
  [IP_TRANSPARENT]: bool_option(),
  [IP_ORIGDSTADDR]: cmsg_option(IP_CMSG_ORIGDSTADDR),
  [IP_MINTTL]: range_option(0, 0, 255),
  [IP_CHECKSUM]: bool_option(),
  [IP_BIND_ADDRESS_NO_PORT]: bool_option(),
  [IP_RECVFRAGSIZE]: not_for_streams(bool_option()),
  [IP_RECVERR_RFC4884]: range_option(0, 0, 1),
  [IP_MULTICAST_TTL]: not_for_streams(default_or_range(1, 0, 255)),
  [IP_MULTICAST_LOOP]: bool_option(1),
  [IP_MULTICAST_ALL]: range_option(1, 0, 1),
  // ABI: the port, which of a raw socket is its protocol.
  [IP_PROTOCOL]: read_only_option((sk) => sk.inet_num),
  // Only of raw sockets.
  [IP_HDRINCL]: read_only_option(() => 0),
  [IP_NODEFRAG]: read_only_option(() => 0),
  [IP_ROUTER_ALERT]: { initial: 0, check: () => -EINVAL },
  [IP_UNICAST_IF]: {
    initial: 0,
    check: (_sk, val) => (val === 0 || swab32(val) === LOOPBACK_IFINDEX ? val : -EADDRNOTAVAIL),
  },
};

/** A number in network order, read as an int. */
function swab32(val: number): number {
  return ((val << 24) | ((val << 8) & 0xff0000) | ((val >> 8) & 0xff00) | (val >>> 24)) >>> 0;
}

/** ABI: at this level one byte is enough for an int. */
function ip_value(optval: Uint8Array): number {
  return optval.length >= 4 ? get_s32(optval, 0) : (optval[0] ?? 0);
}

/** Options that need a byte, and those that need an int or an address. */
const least_length: Readonly<Record<number, number>> = {
  [IP_TTL]: 1,
  [IP_FREEBIND]: 1,
  [IP_TRANSPARENT]: 1,
  [IP_MINTTL]: 1,
  [IP_MULTICAST_TTL]: 1,
  [IP_MULTICAST_LOOP]: 1,
  [IP_MULTICAST_ALL]: 1,
  [IP_UNICAST_IF]: 4,
};

/** DEVIATION: they are kept and not sent. */
function set_ip_options(task: Task, sk: InetSock, optval: Uint8Array): number {
  const data = ip_options_get(task, optval);
  if (typeof data === 'number') return data;
  sk.inet_opt = data.length === 0 ? null : data;
  return 0;
}

/** -ENOPROTOOPT (level, option), -EINVAL …; options without an entry have no effect here and are refused. Linux: do_ip_setsockopt. */
export function ip_setsockopt(task: Task, sock: Socket, level: number, optname: number, optval: Uint8Array): number {
  const sk = inet_sk(sock);
  if (level !== SOL_IP) return -ENOPROTOOPT;
  if (optname === IP_OPTIONS) return set_ip_options(task, sk, optval);
  const mcast = ip_mcast_options[optname];
  if (mcast !== undefined) return mcast(sk, optval);
  if (optval.length < (least_length[optname] ?? 0)) return -EINVAL;
  return set_int_option(ip_options, sk, level, optname, ip_value(optval));
}

/** -EOPNOTSUPP (level), -ENOPROTOOPT, -ENOTCONN (IP_MTU). */
export function ip_getsockopt(
  _task: Task,
  sock: Socket,
  level: number,
  optname: number,
  room: number,
): Uint8Array | number {
  if (level !== SOL_IP) return -EOPNOTSUPP;
  const sk = inet_sk(sock);
  if (optname === IP_MULTICAST_IF) return in_addr_opt(sk.mc?.mc_addr ?? INADDR_ANY);
  if (optname === IP_OPTIONS) return sk.inet_opt ?? new Uint8Array(0);
  const value = get_int_option(ip_options, sk, level, optname);
  // ABI: who has no room for an int gets a byte, if that is enough.
  if (typeof value === 'number' || room >= 4 || room === 0) return value;
  return get_s32(value, 0) >>> 0 <= 255 ? value.subarray(0, 1) : value;
}

function in_addr_opt(addr: number): Uint8Array {
  const raw = new Uint8Array(4);
  put_in_addr(raw, 0, addr);
  return raw;
}

// IPPROTO_UDP

const udp_options: IntOptions = {
  [UDP_CORK]: bool_option(),
  [UDP_ENCAP]: {
    initial: 0,
    check: (_sk, val) => (val === 0 || val === 2 || val === 3 ? val : -ENOPROTOOPT),
  },
  [UDP_NO_CHECK6_TX]: bool_option(),
  [UDP_NO_CHECK6_RX]: bool_option(),
  [UDP_SEGMENT]: range_option(0, 0, 65535),
  [UDP_GRO]: bool_option(),
};

/** -EINVAL (less than an int), -ENOPROTOOPT, -EINVAL; other levels as IP. Linux: udp_lib_setsockopt. */
export function udp_lib_setsockopt(
  task: Task,
  sock: Socket,
  level: number,
  optname: number,
  optval: Uint8Array,
): number {
  if (level !== SOL_UDP) return ip_setsockopt(task, sock, level, optname, optval);
  if (optval.length < 4) return -EINVAL;
  return set_int_option(udp_options, inet_sk(sock), level, optname, get_s32(optval, 0));
}

export function udp_getsockopt(
  task: Task,
  sock: Socket,
  level: number,
  optname: number,
  room: number,
): Uint8Array | number {
  if (level !== SOL_UDP) return ip_getsockopt(task, sock, level, optname, room);
  return get_int_option(udp_options, inet_sk(sock), level, optname);
}
