/** Errors that a socket keeps, each with the datagram that met it: IP_RECVERR (net/ipv4/ip_sockglue.c, net/core/skbuff.c). */
import type { MsgHdr } from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import { ECONNREFUSED, EFAULT, EAGAIN, EMSGSIZE } from '../../include/uapi/errno.js';
import {
  ICMP_DEST_UNREACH,
  ICMP_PORT_UNREACH,
  SO_EE_ORIGIN_ICMP,
  SO_EE_ORIGIN_ICMP6,
  SO_EE_ORIGIN_LOCAL,
} from '../../include/uapi/errqueue.js';
import { IP_RECVERR } from '../../include/uapi/in.js';
import { IPV6_RECVERR } from '../../include/uapi/in6.js';
import { layout_x86_64 } from '../../include/uapi/layout.js';
import { POLLERR } from '../../include/uapi/poll.js';
import { MSG_ERRQUEUE, MSG_TRUNC, SOL_IP, SOL_IPV6 } from '../../include/uapi/socket.js';
import { put_u32 } from '../../lib/bytes.js';
import { copy_to_iter, fault_in } from '../../mm/iov_iter.js';
import { put_cmsg } from '../core/scm.js';
import { sk_wake, sock_opt } from '../core/sock.js';
import { sock_recv_cmsgs } from '../socket_cmsgs.js';
import {
  IP6_CMSG_ORIGDSTADDR,
  IP_CMSG_ORIGDSTADDR,
  type InetAddr,
  LOOPBACK_MTU,
  PKTINFO_IFINDEX,
  RTN_LOCAL,
} from './inet_sock.js';
import { type UdpSkb, type UdpSock, note_arrival, udp_make_skb, udp_truesize } from './udp_input.js';

/** There is no header of UDP behind that of ICMP, which these would be read from. */
const NOT_OF_ICMP = IP_CMSG_ORIGDSTADDR | IP6_CMSG_ORIGDSTADDR;
const EE = layout_x86_64.sock_extended_err;
/** The longest ICMP error, and the headers of IP and ICMP, and of IP and UDP, in it. Linux: __icmp_send. */
const ICMP_QUOTE = 576 - 28 - 28;
/** IPTOS_PREC_INTERNETCONTROL, and the bits of the class that an answer takes over: IPTOS_TOS_MASK. */
const ICMP_TOS = 0xc0;
const IPTOS_TOS_MASK = 0x1e;

/** struct sock_exterr_skb: an error, and what is left of the datagram. */
export interface SockExterrSkb {
  /** Bytes of the datagram, as many as were sent back. */
  readonly data: Uint8Array;
  /** Where it was to go. */
  readonly daddr: InetAddr;
  readonly dport: number;
  readonly ee_errno: number;
  readonly ee_origin: number;
  readonly ee_type: number;
  readonly ee_code: number;
  readonly ee_info: number;
  /** The packet that brought the error, from the one who found it; null: found here. */
  readonly icmp: UdpSkb | null;
  readonly truesize: number;
}

/** Into the queue, unless that is full. Who waits learns of it. Linux: sock_queue_err_skb. */
export function sock_queue_err_skb(sk: UdpSock, skb: SockExterrSkb): void {
  if (sk.rmem + skb.truesize >= sk.sk_rcvbuf) return;
  sk.rmem += skb.truesize;
  (sk.sk_error_queue ??= []).push(skb);
  if (sk.sk_wait.first !== null) sk_wake(sk, POLLERR);
}

const from_icmp = ({ ee_origin }: SockExterrSkb): boolean =>
  ee_origin === SO_EE_ORIGIN_ICMP || ee_origin === SO_EE_ORIGIN_ICMP6;

/** ABI: the pending error becomes that of the next in the queue, or with the last one none. */
function sock_dequeue_err_skb(sk: UdpSock): SockExterrSkb | undefined {
  const queue = sk.sk_error_queue;
  const skb = queue?.shift();
  if (queue === null || skb === undefined) return undefined;
  sk.rmem -= skb.truesize;
  const next = queue[0];
  if (next === undefined) sk.sk_error_queue = null;
  if (next !== undefined && from_icmp(next)) sk.sk_err = next.ee_errno;
  else if (from_icmp(skb)) sk.sk_err = 0;
  if (next !== undefined && sk.sk_wait.first !== null) sk_wake(sk, POLLERR);
  return skb;
}

/** The option is off: what is queued is dropped; the pending error is not. Linux: skb_errqueue_purge. */
export function skb_errqueue_purge(sk: UdpSock): void {
  for (const { truesize } of sk.sk_error_queue ?? []) sk.rmem -= truesize;
  sk.sk_error_queue = null;
}

/** The packet that comes back for `skb`, with its class and the addresses turned round. */
export function icmp_answer(sk: UdpSock, skb: UdpSkb, tos: number): UdpSkb {
  const icmp = { ...udp_make_skb(sk, null, skb.daddr, skb.saddr, 0, RTN_LOCAL), tos };
  note_arrival(sk, icmp);
  return { ...icmp, pktinfo: PKTINFO_IFINDEX };
}

/** Nobody has the port of `skb`. Linux: ip_icmp_error. */
export function ip_icmp_error(sk: UdpSock, skb: UdpSkb): void {
  const data = skb.data.slice(0, ICMP_QUOTE);
  sock_queue_err_skb(sk, {
    data,
    daddr: skb.daddr,
    dport: skb.dport,
    ee_errno: ECONNREFUSED,
    ee_origin: SO_EE_ORIGIN_ICMP,
    ee_type: ICMP_DEST_UNREACH,
    ee_code: ICMP_PORT_UNREACH,
    ee_info: 0,
    icmp: icmp_answer(sk, skb, (skb.tos & IPTOS_TOS_MASK) | ICMP_TOS),
    truesize: udp_truesize(data.length),
  });
}

/** A datagram is too long: -EMSGSIZE. ABI: over IPv4 the port is that of the default destination. Linux: ip_local_error, ipv6_local_error. */
export function ip_local_error(sk: UdpSock, { daddr, dport }: UdpSkb): number {
  const ipv4 = typeof daddr === 'number';
  if ((ipv4 ? sock_opt(sk, SOL_IP, IP_RECVERR) : sock_opt(sk, SOL_IPV6, IPV6_RECVERR)) === 0) return -EMSGSIZE;
  sock_queue_err_skb(sk, {
    data: NO_DATA,
    daddr,
    dport: ipv4 ? sk.inet_dport : dport,
    ee_errno: EMSGSIZE,
    ee_origin: SO_EE_ORIGIN_LOCAL,
    ee_type: 0,
    ee_code: 0,
    ee_info: ipv4 ? LOOPBACK_MTU : LOOPBACK_MTU + 1,
    icmp: null,
    truesize: udp_truesize(0),
  });
  return -EMSGSIZE;
}

const NO_DATA = new Uint8Array(0);

/** struct sock_extended_err, with room for the address of who found the error. */
function exterr(sk: UdpSock, skb: SockExterrSkb): Uint8Array {
  const offender = sk.sk_prot.sockaddr(skb.icmp?.saddr ?? sk.sk_prot.any, 0);
  const raw = new Uint8Array(EE.size + offender.length);
  put_u32(raw, EE.ee_errno, skb.ee_errno);
  raw[EE.ee_origin] = skb.ee_origin;
  raw[EE.ee_type] = skb.ee_type;
  raw[EE.ee_code] = skb.ee_code;
  put_u32(raw, EE.ee_info, skb.ee_info);
  if (skb.icmp !== null) raw.set(offender, EE.size);
  return raw;
}

/**
 * recvmsg(MSG_ERRQUEUE): the bytes of the datagram, its destination as the name, and the error as the last control message.
 * -EAGAIN, which nothing makes wait; -EFAULT loses it. Linux: ip_recv_error, ipv6_recv_error.
 */
export function inet_recv_error(task: Task, sk: UdpSock, msg: MsgHdr, level: number, type: number): number {
  const skb = sock_dequeue_err_skb(sk);
  if (skb === undefined) return -EAGAIN;
  const n = Math.min(skb.data.length, msg.iter.count);
  if (n < skb.data.length) msg.out_flags |= MSG_TRUNC;
  if (!fault_in(task.mm, msg.iter, n)) return -EFAULT;
  copy_to_iter(task.mm, msg.iter, skb.data, 0, n);
  if (skb.icmp !== null && sk.sk_opts !== null) sock_recv_cmsgs(task, sk, msg, skb.icmp);
  if (msg.want_name) msg.name = sk.sk_prot.sockaddr(skb.daddr, skb.dport);
  if (skb.icmp !== null) sk.sk_prot.recv_ctl!(task, sk, msg, skb.icmp, sk.cmsg_flags & ~NOT_OF_ICMP);
  put_cmsg(task, msg, level, type, exterr(sk, skb));
  msg.out_flags |= MSG_ERRQUEUE;
  return n;
}

export function ip_recv_error(task: Task, sk: UdpSock, msg: MsgHdr): number {
  return inet_recv_error(task, sk, msg, SOL_IP, IP_RECVERR);
}
