/** IPv6 addresses, and what they are to this host (include/net/ipv6.h, net/ipv6/addrconf_core.c, route.c). */
import type { SockAddr } from '../../include/linux/net.js';
import { ENETUNREACH } from '../../include/uapi/errno.js';
import { layout_x86_64 } from '../../include/uapi/layout.js';
import { AF_INET6 } from '../../include/uapi/socket.js';
import { bytes_to_string, get_u32, put_u16 } from '../../lib/bytes.js';
import { IN6ADDR_ANY, type InetAddr, get_in_addr, put_in_addr } from '../ipv4/inet_sock.js';

const IN6 = layout_x86_64.sockaddr_in6;
/** ABI: programs of before RFC 2553 leave the scope out. Linux: SIN6_LEN_RFC2133. */
const SIN6_LEN_RFC2133 = 24;

/** ::1, the only address of lo. */
export const IN6ADDR_LOOPBACK = `${'\0'.repeat(15)}\x01`;
const MAPPED_PREFIX = `${'\0'.repeat(10)}\xff\xff`;

/** Is `addr` long enough to be a struct sockaddr_in6? */
export function is_sockaddr_in6(addr: SockAddr): boolean {
  return addr.length >= SIN6_LEN_RFC2133;
}

/** sin6_addr; a mapped address becomes the IPv4 address that it stands for. */
export function sin6_addr(addr: SockAddr): InetAddr {
  const raw = bytes_to_string(addr.subarray(IN6.sin6_addr, IN6.sin6_addr + 16));
  if (!raw.startsWith(MAPPED_PREFIX)) return raw;
  return get_in_addr(addr, IN6.sin6_addr + 12);
}

/** sin6_scope_id; 0 in the short form. */
export function sin6_scope_id(addr: SockAddr): number {
  return addr.length >= IN6.size ? get_u32(addr, IN6.sin6_scope_id) : 0;
}

/** The sixteen bytes of an address; one of IPv4 is mapped. `raw` holds zeros there. */
export function put_in6_addr(raw: Uint8Array, at: number, addr: InetAddr): void {
  if (typeof addr === 'string') for (let i = 0; i < 16; i++) raw[at + i] = addr.charCodeAt(i);
  else {
    raw.fill(0xff, at + 10, at + 12);
    put_in_addr(raw, at + 12, addr);
  }
}

export function sockaddr_in6(addr: InetAddr, port: number): SockAddr {
  const raw = new Uint8Array(IN6.size);
  put_u16(raw, IN6.sin6_family, AF_INET6);
  raw[IN6.sin6_port] = port >> 8;
  raw[IN6.sin6_port + 1] = port;
  put_in6_addr(raw, IN6.sin6_addr, addr);
  return raw;
}

export function ipv6_addr_is_multicast(addr: string): boolean {
  return addr.charCodeAt(0) === 0xff;
}

/** Does `addr` mean something only together with an interface? Linux: __ipv6_addr_needs_scope_id. */
export function ipv6_addr_needs_scope_id(addr: string): boolean {
  const second = addr.charCodeAt(1);
  if (addr.charCodeAt(0) === 0xfe) return (second & 0xc0) === 0x80;
  // Groups of one interface, and of one link.
  return ipv6_addr_is_multicast(addr) && ((second & 0xf) === 1 || (second & 0xf) === 2);
}

/** 0, or -ENETUNREACH: everything but ::1 lies beyond lo. Linux: ip6_route_output. */
export function ip6_route_output(daddr: string): number {
  return daddr === IN6ADDR_LOOPBACK ? 0 : -ENETUNREACH;
}

/** :: as a destination: this host, over IPv4 if that is what the socket is bound to. Linux: tcp_v6_connect, udpv6_sendmsg. */
export function in6_destination(daddr: InetAddr, rcv_saddr: InetAddr, loopback: number): InetAddr {
  if (daddr !== IN6ADDR_ANY) return daddr;
  return typeof rcv_saddr === 'number' ? loopback : IN6ADDR_LOOPBACK;
}
