/** Control messages of TCP and UDP, sent and received (net/ipv4/ip_sockglue.c ip_cmsg_send, ip_cmsg_recv; net/core/sock.c sock_cmsg_send). */
import type { MsgHdr } from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import { EINVAL, EPERM } from '../../include/uapi/errno.js';
import { INADDR_ANY, IP_ORIGDSTADDR, IP_PKTINFO, IP_PROTOCOL, IP_TOS, IP_TTL } from '../../include/uapi/in.js';
import { IPV6_PKTINFO } from '../../include/uapi/in6.js';
import { layout_x86_64 } from '../../include/uapi/layout.js';
import {
  SCM_CREDENTIALS,
  SCM_RIGHTS,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  SOL_UDP,
  SO_MARK,
  SO_PRIORITY,
  SO_TIMESTAMPING_NEW,
  SO_TIMESTAMPING_OLD,
} from '../../include/uapi/socket.js';
import { UDP_SEGMENT } from '../../include/uapi/udp.js';
import { get_s32, get_u16, put_u32 } from '../../lib/bytes.js';
import { capable } from '../../kernel/capability.js';
import { for_each_cmsghdr, put_cmsg } from '../core/scm.js';
import { int_opt, sock_opt } from '../core/sock.js';
import {
  IP_CMSG_ORIGDSTADDR,
  IP_CMSG_PKTINFO,
  IP_CMSG_TOS,
  IP_CMSG_TTL,
  type InetAddr,
  type InetSock,
  LOOPBACK_IFINDEX,
  PKTINFO_FULL,
  PKTINFO_NONE,
  ROUTE_SADDR,
  RTN_BROADCAST,
  RTN_MULTICAST,
  get_in_addr,
  put_in_addr,
  rt_tos2priority,
  sockaddr_in,
} from './inet_sock.js';
import type { UdpSkb } from './udp_input.js';

const { in_pktinfo: IN_PKTINFO, in6_pktinfo: IN6_PKTINFO } = layout_x86_64;

/** What control messages say about the datagram that they are sent with: struct ipcm_cookie, ipcm6_cookie, sockcm_cookie. */
export interface IpcmCookie {
  /** Source address; null: the socket's; 0.0.0.0: that of the route, whatever the socket's is. */
  saddr: InetAddr | null;
  /** Interface; 0: the socket's. */
  oif: number;
  /** TTL or hop limit, type of service or traffic class; -1: the socket's. */
  ttl: number;
  tos: number;
  mark: number;
  priority: number;
  /** UDP_SEGMENT. */
  gso_size: number;
}

export function ipcm_init_sk(sk: InetSock): IpcmCookie {
  const mark = sock_opt(sk, SOL_SOCKET, SO_MARK);
  const priority = sock_opt(sk, SOL_SOCKET, SO_PRIORITY);
  return { saddr: null, oif: 0, ttl: -1, tos: -1, mark, priority, gso_size: sock_opt(sk, SOL_UDP, UDP_SEGMENT) };
}

/** One of level SOL_SOCKET. Descriptors and credentials are ignored, as ever. Linux: __sock_cmsg_send. */
export function __sock_cmsg_send(
  task: Task,
  ipc: IpcmCookie | null,
  control: Uint8Array,
  type: number,
  at: number,
  len: number,
): number {
  if (type === SCM_RIGHTS || type === SCM_CREDENTIALS) return 0;
  if (type === SO_TIMESTAMPING_OLD || type === SO_TIMESTAMPING_NEW) return len === 4 ? 0 : -EINVAL;
  if (type !== SO_MARK && type !== SO_PRIORITY) return -EINVAL;
  if (type === SO_MARK && !capable(task.cred)) return -EPERM;
  if (len !== 4) return -EINVAL;
  if (ipc !== null) ipc[type === SO_MARK ? 'mark' : 'priority'] = get_s32(control, at);
  return 0;
}

/** Those of a stream: -EINVAL, whatever is wrong; other levels are skipped. Before 4.6 a stream looked at none. */
export function sock_cmsg_send(task: Task, control: Uint8Array): number {
  if (!task.kernel.release.sock_cmsg) return 0;
  const err = for_each_cmsghdr(control, (level, type, at, len) =>
    level === SOL_SOCKET ? __sock_cmsg_send(task, null, control, type, at, len) : 0,
  );
  return err < 0 ? -EINVAL : 0;
}

/** Of level SOL_UDP there is the length of the pieces that the bytes are cut into: -EINVAL. Linux: __udp_cmsg_send. */
export function __udp_cmsg_send(ipc: IpcmCookie, control: Uint8Array, type: number, at: number, len: number): number {
  if (type !== UDP_SEGMENT || len !== 2) return -EINVAL;
  ipc.gso_size = get_u16(control, at);
  return 0;
}

/** One of level SOL_IP. */
function ip_cmsg(ipc: IpcmCookie, control: Uint8Array, type: number, at: number, len: number): number {
  if (type === IP_PKTINFO) {
    if (len !== IN_PKTINFO.size) return -EINVAL;
    return set_pktinfo(ipc, get_s32(control, at), get_in_addr(control, at + IN_PKTINFO.ipi_spec_dst));
  }
  const byte = type === IP_TOS && len === 1;
  if (!byte && ((type !== IP_TTL && type !== IP_TOS && type !== IP_PROTOCOL) || len !== 4)) return -EINVAL;
  const val = byte ? control[at]! : get_s32(control, at);
  if (val < (type === IP_TOS ? 0 : 1) || val > 255) return -EINVAL;
  if (type === IP_TTL) ipc.ttl = val;
  if (type !== IP_TOS) return 0;
  ipc.tos = val;
  ipc.priority = rt_tos2priority(val);
  return 0;
}

function set_pktinfo(ipc: IpcmCookie, ifindex: number, spec_dst: number): number {
  if (ifindex !== 0) ipc.oif = ifindex;
  ipc.saddr = spec_dst;
  return 0;
}

/** IPV6_PKTINFO of a datagram that an IPv6 socket sends over IPv4: it has to name a mapped address. */
function mapped_pktinfo(ipc: IpcmCookie, control: Uint8Array, at: number, len: number): number {
  if (len < IN6_PKTINFO.size) return -EINVAL;
  for (let i = 0; i < 12; i++) if (control[at + i] !== (i < 10 ? 0 : 0xff)) return -EINVAL;
  return set_pktinfo(ipc, get_s32(control, at + IN6_PKTINFO.ipi6_ifindex), get_in_addr(control, at + 12));
}

/** Those of a datagram of IPv4: -EINVAL, -EPERM (SO_MARK); other levels are skipped, once SOL_SOCKET (before 4.6) and SOL_UDP (before 4.18) too. */
export function ip_cmsg_send(task: Task, sk: InetSock, control: Uint8Array, ipc: IpcmCookie): number {
  const { sock_cmsg } = task.kernel.release;
  return for_each_cmsghdr(control, (level, type, at, len) => {
    if (level === SOL_SOCKET && sock_cmsg) return __sock_cmsg_send(task, ipc, control, type, at, len);
    if (level === SOL_UDP && sock_cmsg) return __udp_cmsg_send(ipc, control, type, at, len);
    // Of an IPv6 socket this one counts too.
    if (level === SOL_IPV6 && type === IPV6_PKTINFO && typeof sk.sk_prot.any === 'string')
      return mapped_pktinfo(ipc, control, at, len);
    return level === SOL_IP ? ip_cmsg(ipc, control, type, at, len) : 0;
  });
}

// Received.

/** The address to answer who sends to a group from. Linux: fib_compute_spec_dst. */
function spec_dst(saddr: InetAddr): number {
  return saddr === INADDR_ANY ? INADDR_ANY : ROUTE_SADDR;
}

/** struct in_pktinfo. The interface, and the address to answer from, are only known to who asked before the datagram came. */
function ip_cmsg_recv_pktinfo(skb: UdpSkb): Uint8Array {
  const raw = new Uint8Array(IN_PKTINFO.size);
  if (skb.pktinfo !== PKTINFO_NONE) put_u32(raw, IN_PKTINFO.ipi_ifindex, LOOPBACK_IFINDEX);
  if (skb.pktinfo === PKTINFO_FULL) {
    const group = skb.type === RTN_BROADCAST || skb.type === RTN_MULTICAST;
    put_in_addr(raw, IN_PKTINFO.ipi_spec_dst, group ? spec_dst(skb.saddr) : (skb.daddr as number));
  }
  put_in_addr(raw, IN_PKTINFO.ipi_addr, skb.daddr as number);
  return raw;
}

/** What the program asked to be told about a datagram that came over IPv4. Linux: ip_cmsg_recv_offset. */
export function ip_cmsg_recv(task: Task, _sk: InetSock, msg: MsgHdr, skb: UdpSkb, cmsg_flags: number): void {
  if ((cmsg_flags & IP_CMSG_PKTINFO) !== 0) put_cmsg(task, msg, SOL_IP, IP_PKTINFO, ip_cmsg_recv_pktinfo(skb));
  if ((cmsg_flags & IP_CMSG_TTL) !== 0) put_cmsg(task, msg, SOL_IP, IP_TTL, int_opt(skb.ttl));
  if ((cmsg_flags & IP_CMSG_TOS) !== 0) put_cmsg(task, msg, SOL_IP, IP_TOS, Uint8Array.of(skb.tos));
  if ((cmsg_flags & IP_CMSG_ORIGDSTADDR) !== 0)
    put_cmsg(task, msg, SOL_IP, IP_ORIGDSTADDR, sockaddr_in(skb.daddr, skb.dport));
}
