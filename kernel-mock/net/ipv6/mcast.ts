/** IPv6 groups that sockets are in (net/ipv6/mcast.c). lo has no route to any: what is sent there gets nowhere. */
import { EADDRINUSE, EADDRNOTAVAIL, EINVAL, ENODEV, EPROTO } from '../../include/uapi/errno.js';
import { MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP } from '../../include/uapi/in.js';
import { IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP } from '../../include/uapi/in6.js';
import { layout_x86_64 } from '../../include/uapi/layout.js';
import { AF_INET6, SOCK_STREAM } from '../../include/uapi/socket.js';
import { bytes_to_string, get_s32, get_u16 } from '../../lib/bytes.js';
import { inet_mc } from '../ipv4/igmp.js';
import { type InetSock, LOOPBACK_IFINDEX } from '../ipv4/inet_sock.js';
import { ipv6_addr_is_multicast } from './addrconf.js';

const { ipv6_mreq: MREQ, group_req: GROUP_REQ, sockaddr_in6: IN6 } = layout_x86_64;

/** -EINVAL (no group), -EADDRINUSE, -ENODEV (without an interface there is no route to tell one). */
function ipv6_sock_mc_join(sk: InetSock, addr: string, ifindex: number): number {
  if (!ipv6_addr_is_multicast(addr)) return -EINVAL;
  const { ipv6_mc_list } = inet_mc(sk);
  if (ipv6_mc_list.some((mc) => mc.addr === addr && (ifindex === 0 || mc.ifindex === ifindex))) return -EADDRINUSE;
  if (ifindex !== LOOPBACK_IFINDEX) return -ENODEV;
  ipv6_mc_list.push({ addr, ifindex });
  return 0;
}

/** -EINVAL (no group), -EADDRNOTAVAIL. */
function ipv6_sock_mc_drop(sk: InetSock, addr: string, ifindex: number): number {
  if (!ipv6_addr_is_multicast(addr)) return -EINVAL;
  const list = sk.mc?.ipv6_mc_list ?? [];
  const at = list.findIndex((mc) => mc.addr === addr && (ifindex === 0 || mc.ifindex === ifindex));
  if (at === -1) return -EADDRNOTAVAIL;
  list.splice(at, 1);
  return 0;
}

type Change = (sk: InetSock, addr: string, ifindex: number) => number;
type SetMcast = (sk: InetSock, optval: Uint8Array) => number;

/** struct ipv6_mreq: -EINVAL (length), -EPROTO (a stream) … */
const membership =
  (change: Change): SetMcast =>
  (sk, optval) => {
    if (optval.length < MREQ.size) return -EINVAL;
    if (sk.sk_type === SOCK_STREAM) return -EPROTO;
    return change(sk, bytes_to_string(optval.subarray(0, 16)), get_s32(optval, MREQ.ipv6mr_ifindex));
  };

/** struct group_req: -EINVAL (length), -EADDRNOTAVAIL (family) … Linux: ipv6_mcast_join_leave. */
const group =
  (change: Change): SetMcast =>
  (sk, optval) => {
    if (optval.length < GROUP_REQ.size) return -EINVAL;
    const addr = optval.subarray(GROUP_REQ.gr_group);
    if (get_u16(addr, 0) !== AF_INET6) return -EADDRNOTAVAIL;
    const text = bytes_to_string(addr.subarray(IN6.sin6_addr, IN6.sin6_addr + 16));
    return change(sk, text, get_s32(optval, GROUP_REQ.gr_interface));
  };

/** By option. */
export const ipv6_mcast_options: Readonly<Record<number, SetMcast>> = {
  [IPV6_JOIN_GROUP]: membership(ipv6_sock_mc_join),
  [IPV6_LEAVE_GROUP]: membership(ipv6_sock_mc_drop),
  [MCAST_JOIN_GROUP]: group(ipv6_sock_mc_join),
  [MCAST_LEAVE_GROUP]: group(ipv6_sock_mc_drop),
};
