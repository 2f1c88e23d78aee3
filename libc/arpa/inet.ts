/** arpa/inet.h: addresses as text, and the order of bytes on the network. None of these enters the kernel. */
import { EAFNOSUPPORT } from '../../kernel-mock/include/uapi/errno.js';
import { AF_INET, AF_INET6 } from '../../kernel-mock/include/uapi/socket.js';
import { ntoa, ntop6, pton4, pton6 } from '../internal/inet.js';
import { want_text } from '../internal/describe.js';
import type { Thread } from '../internal/thread.js';

/** `htonl(hostlong)`: the number whose bytes in memory are those of `hostlong`, the highest first. byteorder(3). */
export function htonl(this: Thread | void, hostlong: number): number {
  return ((hostlong << 24) | ((hostlong & 0xff00) << 8) | ((hostlong >>> 8) & 0xff00) | (hostlong >>> 24)) >>> 0;
}

/** `htons(hostshort)`: as htonl, of 16 bits. byteorder(3). */
export function htons(this: Thread | void, hostshort: number): number {
  return ((hostshort & 0xff) << 8) | ((hostshort >>> 8) & 0xff);
}

/** `ntohl(netlong)`: htonl undone. byteorder(3). */
export function ntohl(this: Thread | void, netlong: number): number {
  return htonl(netlong);
}

/** `ntohs(netshort)`: htons undone. byteorder(3). */
export function ntohs(this: Thread | void, netshort: number): number {
  return htons(netshort);
}

/**
 * `inet_pton(af, src, dst)`: the bytes of an address, in network order, into `dst`.
 *
 * @param af AF_INET (four bytes) or AF_INET6 (sixteen)
 * @returns 1; 0 if `src` is no such address, and `dst` is left; -1 with errno EAFNOSUPPORT. inet_pton(3).
 */
export function inet_pton(this: Thread, af: number, src: string, dst: Uint8Array): number {
  want_text(src, 'src');
  if (af === AF_INET) {
    const ip = pton4(src);
    if (ip === -1) return 0;
    for (let i = 0; i < 4; i++) dst[i] = ip >>> (24 - 8 * i);
    return 1;
  }
  if (af !== AF_INET6) return this.ret(-EAFNOSUPPORT);
  const raw = pton6(src);
  if (raw === null) return 0;
  dst.set(raw);
  return 1;
}

/** `inet_ntop(af, src, dst, size)`: the text of an address; null with errno EAFNOSUPPORT. inet_ntop(3). */
export function inet_ntop(this: Thread, af: number, src: Uint8Array): string | null {
  if (af === AF_INET) return src.subarray(0, 4).join('.');
  if (af === AF_INET6) return ntop6(src);
  this.ret(-EAFNOSUPPORT);
  return null;
}

/** One part of an address as strtoul reads it: decimal, octal after 0, hexadecimal after 0x. -1: none. */
function number_of(part: string): number {
  if (/^0x[0-9a-f]+$/i.test(part)) return Number.parseInt(part, 16);
  if (/^0[0-7]*$/.test(part)) return Number.parseInt(part, 8);
  return /^[1-9][0-9]*$/.test(part) ? Number.parseInt(part, 10) : -1;
}

/** One to four parts, of which the last fills all bytes that are left; in host order, or -1. What follows a space is ignored. */
function aton(cp: string): number {
  want_text(cp, 'cp');
  const parts = cp.split(/\s/, 1)[0]!.split('.').map(number_of);
  const last = parts.pop()!;
  if (parts.length > 3 || last < 0 || parts.some((part) => part < 0 || part > 255)) return -1;
  if (last >= 256 ** (4 - parts.length)) return -1;
  return parts.reduce((ip, part, i) => ip + part * 256 ** (3 - i), last);
}

/** `inet_aton(cp, inp)`: the four bytes of an address in one of its old forms ('127.1', '0x7f.1') into `inp`; 0: it is none. inet(3). */
export function inet_aton(this: Thread | void, cp: string, inp: Uint8Array): number {
  const ip = aton(cp);
  if (ip === -1) return 0;
  for (let i = 0; i < 4; i++) inp[i] = ip >>> (24 - 8 * i);
  return 1;
}

/** `inet_addr(cp)`: as inet_aton, as a number in network order; 0xffffffff (INADDR_NONE) if it is none. inet(3). */
export function inet_addr(this: Thread | void, cp: string): number {
  const ip = aton(cp);
  return ip === -1 ? 0xffffffff : htonl(ip);
}

/** `inet_ntoa(in)`: the text of an address that is a number in network order. inet(3). */
export function inet_ntoa(this: Thread | void, addr: number): string {
  return ntoa(addr);
}
