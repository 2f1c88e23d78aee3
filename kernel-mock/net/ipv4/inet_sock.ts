/** What TCP and UDP sockets share, of both families: addresses and routes (include/net/inet_sock.h, net/ipv4/route.c, fib_frontend.c). */
import type { Kernel } from '../../include/linux/kernel.js';
import type { MsgHdr, SockAddr, Socket } from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import { EINVAL, ENETUNREACH, ENODEV } from '../../include/uapi/errno.js';
import { INADDR_ANY, INADDR_BROADCAST, INADDR_LOOPBACK, IN_LOOPBACKNET } from '../../include/uapi/in.js';
import type { Timespec64 } from '../../include/linux/timekeeping.js';
import { layout_x86_64 } from '../../include/uapi/layout.js';
import { AF_INET, SOL_SOCKET, SO_REUSEADDR, SO_REUSEPORT } from '../../include/uapi/socket.js';
import { put_u16 } from '../../lib/bytes.js';
import { SockCommon, sock_opt } from '../core/sock.js';
import type { InetMc } from './igmp.js';
import type { InetBindBucket } from './inet_hashtables.js';
import type { UdpSkb, UdpSock } from './udp_input.js';

/** `sk_userlocks`: the program chose the address, the port. What it did not choose is given up when a connection ends. */
export const SOCK_BINDADDR_LOCK = 4;
export const SOCK_BINDPORT_LOCK = 8;

/** `cmsg_flags`. Linux: inet_cmsg_flags, ipv6_pinfo.rxopt. */
export const IP_CMSG_PKTINFO = 1 << 0;
export const IP_CMSG_TTL = 1 << 1;
export const IP_CMSG_TOS = 1 << 2;
export const IP_CMSG_ORIGDSTADDR = 1 << 3;
export const IP6_CMSG_PKTINFO = 1 << 4;
export const IP6_CMSG_HOPLIMIT = 1 << 5;
export const IP6_CMSG_TCLASS = 1 << 6;
export const IP6_CMSG_FLOWINFO = 1 << 7;
export const IP6_CMSG_2292PKTINFO = 1 << 8;
export const IP6_CMSG_2292HOPLIMIT = 1 << 9;
export const IP6_CMSG_ORIGDSTADDR = 1 << 10;

/** How much of IP_PKTINFO is known of a datagram: only where it went, the interface too, and the address to answer from. */
export const PKTINFO_NONE = 0;
export const PKTINFO_IFINDEX = 1;
export const PKTINFO_FULL = 2;

/**
 * An address of either family: IPv4 as a number in host order, IPv6 as a string of its sixteen bytes. An IPv4 address that a
 * program writes as ::ffff:a.b.c.d is the number, so that whoever compares addresses need not know who wrote them.
 */
export type InetAddr = number | string;

/** :: */
export const IN6ADDR_ANY = '\0'.repeat(16);

export function addr_any(addr: InetAddr): boolean {
  return addr === INADDR_ANY || addr === IN6ADDR_ANY;
}

/** What a protocol does its own way in its family: struct proto, and of inet_connection_sock_af_ops what differs here. */
export interface Proto {
  readonly family: number;
  readonly protocol: number;
  /** The address of a socket that has none. */
  readonly any: InetAddr;
  /** A socket address of this family; an IPv4 address for an IPv6 socket becomes a mapped one. */
  sockaddr(addr: InetAddr, port: number): SockAddr;
  /** Take local port `snum`, or any if 0, for `sk`. -EADDRINUSE. */
  get_port(sk: InetSock, snum: number): number;
  /** Begin a connection, or set the default destination, to a whole socket address of any family. */
  connect(sk: InetSock, addr: SockAddr): number;
  disconnect(sk: InetSock): void;
  /** `how`: RCV_SHUTDOWN | SEND_SHUTDOWN, noted in `sk_shutdown` already. */
  shutdown(sk: InetSock, how: number): void;
  /** The program closed its last descriptor. */
  close(sk: InetSock): void;
  /** UDP: tell the program what `cmsg_flags` asks for about a datagram. Linux: ip_cmsg_recv and its like for IPv6. */
  recv_ctl?(task: Task, sk: InetSock, msg: MsgHdr, skb: UdpSkb, cmsg_flags: number): void;
  /** UDP: queue that nobody has the port of a datagram that was sent. */
  icmp_error?(sk: UdpSock, skb: UdpSkb): void;
  /** UDP: the next of the errors that are queued. */
  recv_error?(task: Task, sk: UdpSock, msg: MsgHdr): number;
}

/** struct inet_sock. Ports are numbers in host order; 0 is "none". */
export class InetSock extends SockCommon {
  /** IPV6_ADDRFORM changes it. */
  sk_prot: Proto;
  /** The local port that it holds. */
  inet_num = 0;
  /** The local port as getsockname shows it: of a connection that broke it is still the old one. */
  inet_sport = 0;
  /** Local address: the one it hears, and the one it sends from. They differ only when bound to a group or to broadcast. */
  inet_rcv_saddr: InetAddr;
  inet_saddr: InetAddr;
  inet_daddr: InetAddr;
  inet_dport = 0;
  sk_userlocks = 0;
  /** IPV6_V6ONLY: not for IPv4, although bound to any address. */
  sk_ipv6only = false;
  /** IP_CMSG_* and IP6_CMSG_*: what a receive tells of a datagram besides its bytes. */
  cmsg_flags = 0;
  /** IP_OPTIONS; null: none. */
  inet_opt: Uint8Array | null = null;
  /** Groups; null: nothing to do with any. */
  mc: InetMc | null = null;
  /** When the last datagram that was read had arrived, for SIOCGSTAMP; null: none was. */
  sk_stamp: Timespec64 | null = null;
  /** SIOCGSTAMP was asked: remember the time of each datagram. Linux: SOCK_TIMESTAMP. */
  sk_timestamp = false;
  /** The bucket of `inet_num`, and the neighbours there. */
  bind_bucket: InetBindBucket | null = null;
  bind_prev: InetSock | null = null;
  bind_next: InetSock | null = null;

  constructor(kernel: Kernel, type: number, prot: Proto) {
    super(kernel, prot.family, type, prot.protocol);
    this.sk_prot = prot;
    this.inet_rcv_saddr = prot.any;
    this.inet_saddr = prot.any;
    this.inet_daddr = prot.any;
  }
}

export function inet_sk(sock: Socket): InetSock {
  return sock.sk as InetSock;
}

export function sk_reuse(sk: InetSock): boolean {
  return sk.sk_opts !== null && sock_opt(sk, SOL_SOCKET, SO_REUSEADDR) !== 0;
}

export function sk_reuseport(sk: InetSock): boolean {
  return sk.sk_opts !== null && sock_opt(sk, SOL_SOCKET, SO_REUSEPORT) !== 0;
}

/** Forget the local address, unless the program chose it. Linux: inet_reset_saddr. */
export function inet_reset_saddr(sk: InetSock): void {
  if ((sk.sk_userlocks & SOCK_BINDADDR_LOCK) !== 0) return;
  sk.inet_rcv_saddr = sk.sk_prot.any;
  sk.inet_saddr = sk.sk_prot.any;
}

// Socket addresses.

const SOCKADDR_IN = layout_x86_64.sockaddr_in;

/** Is `addr` long enough to be a struct sockaddr_in? */
export function is_sockaddr_in(addr: SockAddr): boolean {
  return addr.length >= SOCKADDR_IN.size;
}

/** sin_addr as a number in host order. */
export function sin_addr(addr: SockAddr): number {
  return get_in_addr(addr, SOCKADDR_IN.sin_addr);
}

/** sin_port in host order. */
export function sin_port(addr: SockAddr): number {
  return (addr[SOCKADDR_IN.sin_port]! << 8) | addr[SOCKADDR_IN.sin_port + 1]!;
}

export function sockaddr_in(addr: InetAddr, port: number): SockAddr {
  const raw = new Uint8Array(SOCKADDR_IN.size);
  put_u16(raw, SOCKADDR_IN.sin_family, AF_INET);
  raw[SOCKADDR_IN.sin_port] = port >> 8;
  raw[SOCKADDR_IN.sin_port + 1] = port;
  put_in_addr(raw, SOCKADDR_IN.sin_addr, addr as number);
  return raw;
}

// Routes. The host has one interface, lo, with 127.0.0.1/8.

export const RTN_UNICAST = 1;
export const RTN_LOCAL = 2;
export const RTN_BROADCAST = 3;
export const RTN_MULTICAST = 5;

const LOOPBACK_BROADCAST = 0x7fffffff;
/** What IP_MTU shows once there is a route: lo takes a byte more, but no packet has it. */
export const LOOPBACK_MTU = 65535;

/** What kind of address `addr` is to this host. Linux: inet_addr_type, which counts 0.0.0.0 as broadcast. */
export function inet_addr_type(addr: number): number {
  if (addr === INADDR_ANY || addr === INADDR_BROADCAST || addr === LOOPBACK_BROADCAST) return RTN_BROADCAST;
  if (addr >>> 24 === IN_LOOPBACKNET) return RTN_LOCAL;
  return addr >>> 28 === 0xe ? RTN_MULTICAST : RTN_UNICAST;
}

/** Where a packet to `daddr` goes: 0.0.0.0 is this host, at the address that sends. */
export function route_daddr(daddr: number, saddr: InetAddr): number {
  if (daddr !== INADDR_ANY) return daddr;
  return typeof saddr === 'number' && saddr !== INADDR_ANY ? saddr : INADDR_LOOPBACK;
}

/** The only interface. */
export const LOOPBACK_IFINDEX = 1;
/** The source address of everything of IPv4 that leaves through lo. */
export const ROUTE_SADDR = INADDR_LOOPBACK;

/**
 * RTN_LOCAL or RTN_BROADCAST, and with an interface RTN_MULTICAST and RTN_UNICAST; or -errno: -EINVAL and -ENETUNREACH (a source
 * that this host is not), -ENODEV (`oif`), -ENETUNREACH: everything else lies beyond lo. Linux: ip_route_output_key_hash_rcu.
 */
export function ip_route_output(daddr: number, saddr = INADDR_ANY, oif = 0): number {
  if (saddr !== INADDR_ANY) {
    const from = inet_addr_type(saddr);
    if (from === RTN_MULTICAST || saddr === INADDR_BROADCAST) return -EINVAL;
    if (from !== RTN_LOCAL) return -ENETUNREACH;
  }
  if (oif !== 0 && oif !== LOOPBACK_IFINDEX) return -ENODEV;
  const type = inet_addr_type(daddr);
  // A group goes out by the interface that was named, or that has the source address.
  if (oif !== 0 || (type === RTN_MULTICAST && saddr !== INADDR_ANY)) return type;
  return type === RTN_LOCAL || type === RTN_BROADCAST ? type : -ENETUNREACH;
}

const TC_PRIO_BULK = 2;
const TC_PRIO_INTERACTIVE_BULK = 4;
const TC_PRIO_INTERACTIVE = 6;
/** ip_tos2prio: by the two highest bits of IPTOS_TOS. */
const TOS2PRIO = [0, TC_PRIO_BULK, TC_PRIO_INTERACTIVE, TC_PRIO_INTERACTIVE_BULK];

/** SO_PRIORITY that goes with a type of service. */
export function rt_tos2priority(tos: number): number {
  return TOS2PRIO[(tos & 0x18) >> 3]!;
}

/** Four bytes in network order. */
export function put_in_addr(raw: Uint8Array, at: number, addr: number): void {
  for (let i = 0; i < 4; i++) raw[at + i] = addr >>> (24 - 8 * i);
}

export function get_in_addr(raw: Uint8Array, at: number): number {
  return ((raw[at]! << 24) | (raw[at + 1]! << 16) | (raw[at + 2]! << 8) | raw[at + 3]!) >>> 0;
}
