/** IPv4 groups that sockets are in, and whom they hear there (net/ipv4/igmp.c). The only interface is lo: nobody is told of it. */
import type { Kernel } from '../../include/linux/kernel.js';
import { EADDRINUSE, EADDRNOTAVAIL, EINVAL, ENOBUFS, ENODEV } from '../../include/uapi/errno.js';
import {
  INADDR_ALLHOSTS_GROUP,
  INADDR_ANY,
  IP_MULTICAST_ALL,
  MCAST_EXCLUDE,
  MCAST_INCLUDE,
} from '../../include/uapi/in.js';
import { SOL_IP } from '../../include/uapi/socket.js';
import { sock_opt } from '../core/sock.js';
import { inet_net } from './inet_hashtables.js';
import { type InetSock, LOOPBACK_IFINDEX, RTN_LOCAL, RTN_MULTICAST, inet_addr_type } from './inet_sock.js';

/** net.ipv4.igmp_max_memberships and igmp_max_msf. */
const IGMP_MAX_MEMBERSHIPS = 20;
const IGMP_MAX_MSF = 10;

/** struct ip_mreqn: a group and an interface, by its number or by an address that it has. */
export interface IpMreqn {
  readonly imr_multiaddr: number;
  readonly imr_address: number;
  readonly imr_ifindex: number;
}

/** struct ip_mc_socklist: one group of a socket. */
export interface IpMcSocklist {
  readonly multi: IpMreqn;
  /** MCAST_EXCLUDE: everybody is heard but `sflist`; MCAST_INCLUDE: only these. */
  sfmode: number;
  /** Null until the first source is named. */
  sflist: number[] | null;
}

/** What a socket has to do with groups. */
export interface InetMc {
  /** IP_MULTICAST_IF: where datagrams to groups go out, and from which address. */
  mc_index: number;
  mc_addr: number;
  readonly mc_list: IpMcSocklist[];
  /** Groups of IPv6, which are addresses in full, with the interface. */
  readonly ipv6_mc_list: { readonly addr: string; readonly ifindex: number }[];
}

export function inet_mc(sk: InetSock): InetMc {
  return (sk.mc ??= { mc_index: 0, mc_addr: INADDR_ANY, mc_list: [], ipv6_mc_list: [] });
}

/** The interface that is meant; 0: there is none. Without any the route decides, and no group has one. */
export function ip_mc_find_dev({ imr_ifindex, imr_address, imr_multiaddr }: IpMreqn): number {
  if (imr_ifindex !== 0) return imr_ifindex === LOOPBACK_IFINDEX ? imr_ifindex : 0;
  const addr = imr_address === INADDR_ANY ? imr_multiaddr : imr_address;
  return inet_addr_type(addr) === RTN_LOCAL ? LOOPBACK_IFINDEX : 0;
}

/** How many sockets are in each group. */
function count_members(kernel: Kernel, group: number, by: number): void {
  const { groups } = inet_net(kernel);
  const n = (groups.get(group) ?? 0) + by;
  if (n === 0) groups.delete(group);
  else groups.set(group, n);
}

/** Does lo take what is sent to `group`? Linux: ip_check_mc_rcu. */
export function ip_check_mc(kernel: Kernel, group: number): boolean {
  return group === INADDR_ALLHOSTS_GROUP || inet_net(kernel).groups.has(group);
}

function find(sk: InetSock, group: number, ifindex: number): IpMcSocklist | undefined {
  return sk.mc?.mc_list.find(({ multi }) => multi.imr_multiaddr === group && multi.imr_ifindex === ifindex);
}

/** -EINVAL (no group), -ENODEV, -EADDRINUSE, -ENOBUFS. Linux: __ip_mc_join_group. */
export function ip_mc_join_group(sk: InetSock, imr: IpMreqn, mode = MCAST_EXCLUDE): number {
  const { imr_multiaddr } = imr;
  if (inet_addr_type(imr_multiaddr) !== RTN_MULTICAST) return -EINVAL;
  const imr_ifindex = ip_mc_find_dev(imr);
  if (imr_ifindex === 0) return -ENODEV;
  if (find(sk, imr_multiaddr, imr_ifindex) !== undefined) return -EADDRINUSE;
  const { mc_list } = inet_mc(sk);
  if (mc_list.length >= IGMP_MAX_MEMBERSHIPS) return -ENOBUFS;
  mc_list.unshift({ multi: { ...imr, imr_ifindex }, sfmode: mode, sflist: null });
  count_members(sk.kernel, imr_multiaddr, 1);
  return 0;
}

/** -ENODEV, -EADDRNOTAVAIL. ABI: an address may be any that is not the one the group was joined with, if it is lo's. */
export function ip_mc_leave_group(sk: InetSock, imr: IpMreqn): number {
  const { imr_multiaddr, imr_address } = imr;
  const dev = ip_mc_find_dev(imr);
  if (imr.imr_ifindex === 0 && imr_address === INADDR_ANY && dev === 0) return -ENODEV;
  const ifindex = dev === 0 ? imr.imr_ifindex : dev;
  const list = sk.mc?.mc_list ?? [];
  const at = list.findIndex(({ multi }) => {
    if (multi.imr_multiaddr !== imr_multiaddr) return false;
    if (ifindex !== 0) return multi.imr_ifindex === ifindex;
    return imr_address === INADDR_ANY || multi.imr_address === imr_address;
  });
  if (at === -1) return -EADDRNOTAVAIL;
  list.splice(at, 1);
  count_members(sk.kernel, imr_multiaddr, -1);
  return 0;
}

/** Name a source, or take one back. -EINVAL (no group, or not joined, or in the other mode), -ENODEV, -EADDRNOTAVAIL, -ENOBUFS. */
export function ip_mc_source(sk: InetSock, add: boolean, omode: number, imr: IpMreqn, source: number): number {
  if (inet_addr_type(imr.imr_multiaddr) !== RTN_MULTICAST) return -EINVAL;
  const ifindex = ip_mc_find_dev(imr);
  if (ifindex === 0) return -ENODEV;
  const pmc = find(sk, imr.imr_multiaddr, ifindex);
  if (pmc === undefined || (pmc.sflist !== null && pmc.sfmode !== omode)) return -EINVAL;
  // While no source was named the mode may change.
  pmc.sfmode = omode;
  const at = pmc.sflist?.indexOf(source) ?? -1;
  if (!add) {
    if (pmc.sflist === null || at === -1) return -EADDRNOTAVAIL;
    // To hear nobody is to have left.
    if (pmc.sflist.length === 1 && omode === MCAST_INCLUDE)
      return ip_mc_leave_group(sk, { ...imr, imr_ifindex: ifindex });
    pmc.sflist.splice(at, 1);
    return 0;
  }
  if (pmc.sflist !== null && pmc.sflist.length >= IGMP_MAX_MSF) return -ENOBUFS;
  if (at !== -1) return -EADDRNOTAVAIL;
  (pmc.sflist ??= []).push(source);
  return 0;
}

/** Does `sk` hear what `saddr` sends to a group? Who has not joined does too, unless IP_MULTICAST_ALL is off. */
export function ip_mc_sf_allow(sk: InetSock, group: number, saddr: number): boolean {
  const pmc = find(sk, group, LOOPBACK_IFINDEX);
  if (pmc === undefined) return sock_opt(sk, SOL_IP, IP_MULTICAST_ALL, 1) !== 0;
  if (pmc.sflist === null) return pmc.sfmode === MCAST_EXCLUDE;
  return pmc.sflist.includes(saddr) === (pmc.sfmode === MCAST_INCLUDE);
}

/** The socket is gone. */
export function ip_mc_drop_socket(sk: InetSock): void {
  for (const { multi } of sk.mc?.mc_list ?? []) count_members(sk.kernel, multi.imr_multiaddr, -1);
  sk.mc = null;
}
