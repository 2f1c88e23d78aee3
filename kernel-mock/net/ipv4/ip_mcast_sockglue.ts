/** The options about groups of IPPROTO_IP (net/ipv4/ip_sockglue.c do_ip_setsockopt, do_mcast_group_source). Checked against Linux 6.18. */
import { EADDRINUSE, EADDRNOTAVAIL, EINVAL, EPROTO } from '../../include/uapi/errno.js';
import {
  INADDR_ANY,
  IP_ADD_MEMBERSHIP,
  IP_ADD_SOURCE_MEMBERSHIP,
  IP_BLOCK_SOURCE,
  IP_DROP_MEMBERSHIP,
  IP_DROP_SOURCE_MEMBERSHIP,
  IP_MSFILTER,
  IP_MULTICAST_IF,
  IP_UNBLOCK_SOURCE,
  MCAST_BLOCK_SOURCE,
  MCAST_EXCLUDE,
  MCAST_INCLUDE,
  MCAST_JOIN_GROUP,
  MCAST_JOIN_SOURCE_GROUP,
  MCAST_LEAVE_GROUP,
  MCAST_LEAVE_SOURCE_GROUP,
  MCAST_MSFILTER,
  MCAST_UNBLOCK_SOURCE,
} from '../../include/uapi/in.js';
import { layout_x86_64 } from '../../include/uapi/layout.js';
import { AF_INET, SOCK_STREAM } from '../../include/uapi/socket.js';
import { get_s32, get_u16 } from '../../lib/bytes.js';
import { type IpMreqn, inet_mc, ip_mc_find_dev, ip_mc_join_group, ip_mc_leave_group, ip_mc_source } from './igmp.js';
import { type InetSock, get_in_addr, sin_addr } from './inet_sock.js';

const { ip_mreqn: MREQN, group_req: GROUP_REQ, group_source_req: GROUP_SOURCE_REQ } = layout_x86_64;
/** struct ip_mreq is the first two fields; struct ip_mreq_source has two more addresses behind the group. */
const MREQ_SIZE = 8;
const MREQ_SOURCE_SIZE = 12;

type SetMcast = (sk: InetSock, optval: Uint8Array) => number;

/** struct ip_mreqn, or the shorter struct ip_mreq. */
function get_mreqn(optval: Uint8Array): IpMreqn {
  return {
    imr_multiaddr: get_in_addr(optval, MREQN.imr_multiaddr),
    imr_address: get_in_addr(optval, MREQN.imr_address),
    imr_ifindex: optval.length >= MREQN.size ? get_s32(optval, MREQN.imr_ifindex) : 0,
  };
}

/** -EPROTO (a stream), -EINVAL (length), then as what `change` does. */
const membership =
  (change: (sk: InetSock, imr: IpMreqn) => number): SetMcast =>
  (sk, optval) => {
    if (sk.sk_type === SOCK_STREAM) return -EPROTO;
    return optval.length < MREQ_SIZE ? -EINVAL : change(sk, get_mreqn(optval));
  };

/** Where datagrams to groups go out: -EINVAL (a stream, length), -EADDRNOTAVAIL. An address alone is a request too. */
const set_multicast_if: SetMcast = (sk, optval) => {
  if (sk.sk_type === SOCK_STREAM || optval.length < 4) return -EINVAL;
  const short = { imr_multiaddr: INADDR_ANY, imr_address: get_in_addr(optval, 0), imr_ifindex: 0 };
  const imr = optval.length >= MREQ_SIZE ? get_mreqn(optval) : short;
  const none = imr.imr_ifindex === 0 && imr.imr_address === INADDR_ANY;
  const dev = ip_mc_find_dev(imr);
  if (dev === 0 && !none) return -EADDRNOTAVAIL;
  const mc = inet_mc(sk);
  mc.mc_index = dev;
  mc.mc_addr = imr.imr_address;
  return 0;
};

/** The four that name a source: add it or take it back, to a list of those heard or of those not heard. */
function change_source(sk: InetSock, add: boolean, omode: number, imr: IpMreqn, source: number): number {
  if (omode === MCAST_INCLUDE && add) {
    const err = ip_mc_join_group(sk, imr, MCAST_INCLUDE);
    if (err < 0 && err !== -EADDRINUSE) return err;
  }
  return ip_mc_source(sk, add, omode, imr, source);
}

/** struct ip_mreq_source: -EINVAL (length) … */
const source =
  (add: boolean, omode: number): SetMcast =>
  (sk, optval) => {
    if (optval.length !== MREQ_SOURCE_SIZE) return -EINVAL;
    const imr = { imr_multiaddr: get_in_addr(optval, 0), imr_address: get_in_addr(optval, 4), imr_ifindex: 0 };
    return change_source(sk, add, omode, imr, get_in_addr(optval, 8));
  };

/** struct group_req: -EINVAL (length, family) … */
const group =
  (change: (sk: InetSock, imr: IpMreqn) => number): SetMcast =>
  (sk, optval) => {
    const addr = optval.subarray(GROUP_REQ.gr_group);
    if (optval.length < GROUP_REQ.size || get_u16(addr, 0) !== AF_INET) return -EINVAL;
    const imr_ifindex = get_s32(optval, GROUP_REQ.gr_interface);
    return change(sk, { imr_multiaddr: sin_addr(addr), imr_address: INADDR_ANY, imr_ifindex });
  };

/** struct group_source_req: -EINVAL (length), -EADDRNOTAVAIL (families) … */
const group_source =
  (add: boolean, omode: number): SetMcast =>
  (sk, optval) => {
    if (optval.length !== GROUP_SOURCE_REQ.size) return -EINVAL;
    const addr = optval.subarray(GROUP_SOURCE_REQ.gsr_group);
    const from = optval.subarray(GROUP_SOURCE_REQ.gsr_source);
    if (get_u16(addr, 0) !== AF_INET || get_u16(from, 0) !== AF_INET) return -EADDRNOTAVAIL;
    const imr_ifindex = get_s32(optval, GROUP_SOURCE_REQ.gsr_interface);
    const imr = { imr_multiaddr: sin_addr(addr), imr_address: INADDR_ANY, imr_ifindex };
    return change_source(sk, add, omode, imr, sin_addr(from));
  };

/** DEVIATION: a whole list of sources at once is refused as if it were malformed. */
const no_filter: SetMcast = () => -EINVAL;

/** By option. */
export const ip_mcast_options: Readonly<Record<number, SetMcast>> = {
  [IP_MULTICAST_IF]: set_multicast_if,
  [IP_ADD_MEMBERSHIP]: membership((sk, imr) => ip_mc_join_group(sk, imr)),
  [IP_DROP_MEMBERSHIP]: membership(ip_mc_leave_group),
  [IP_UNBLOCK_SOURCE]: source(false, MCAST_EXCLUDE),
  [IP_BLOCK_SOURCE]: source(true, MCAST_EXCLUDE),
  [IP_ADD_SOURCE_MEMBERSHIP]: source(true, MCAST_INCLUDE),
  [IP_DROP_SOURCE_MEMBERSHIP]: source(false, MCAST_INCLUDE),
  [IP_MSFILTER]: no_filter,
  [MCAST_JOIN_GROUP]: group((sk, imr) => ip_mc_join_group(sk, imr)),
  [MCAST_LEAVE_GROUP]: group(ip_mc_leave_group),
  [MCAST_BLOCK_SOURCE]: group_source(true, MCAST_EXCLUDE),
  [MCAST_UNBLOCK_SOURCE]: group_source(false, MCAST_EXCLUDE),
  [MCAST_JOIN_SOURCE_GROUP]: group_source(true, MCAST_INCLUDE),
  [MCAST_LEAVE_SOURCE_GROUP]: group_source(false, MCAST_INCLUDE),
  [MCAST_MSFILTER]: no_filter,
};
