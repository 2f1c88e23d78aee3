/** bind and getsockname of both protocols (net/ipv4/af_inet.c). */
import type { SockAddr } from '../../include/linux/net.js';
import { EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL, ENOTCONN } from '../../include/uapi/errno.js';
import { AF_INET, AF_UNSPEC } from '../../include/uapi/socket.js';
import { TCP_CLOSE } from '../core/sock.js';
import {
  INADDR_ANY,
  type InetSock,
  type PortTable,
  get_port,
  is_local,
  sin_addr,
  sin_family,
  sin_port,
  sockaddr_in,
} from './inet_sock.js';

/** -EINVAL (length), -EAFNOSUPPORT, -EADDRNOTAVAIL, -EINVAL (bound, or in use), -EADDRINUSE. Linux: __inet_bind. */
export function inet_bind(sk: InetSock, addr: SockAddr, table: PortTable): number {
  if (addr.length < 16) return -EINVAL;
  const family = sin_family(addr);
  const saddr = sin_addr(addr);
  // Old programs bind to the null address without a family.
  if (family !== AF_INET && !(family === AF_UNSPEC && saddr === INADDR_ANY)) return -EAFNOSUPPORT;
  if (saddr !== INADDR_ANY && !is_local(saddr)) return -EADDRNOTAVAIL;
  if (sk.sk_state !== TCP_CLOSE || sk.inet_num !== 0) return -EINVAL;
  sk.inet_saddr = saddr;
  const err = get_port(sk, table, sin_port(addr));
  if (err < 0) {
    sk.inet_saddr = INADDR_ANY;
    return err;
  }
  sk.addr_locked = saddr !== INADDR_ANY;
  sk.port_locked = sin_port(addr) !== 0;
  return 0;
}

/** -ENOTCONN for the peer of a socket that has none. Linux: inet_getname. */
export function inet_getname(sk: InetSock, peer: boolean, connected: boolean): SockAddr | number {
  if (!peer) return sockaddr_in(sk.inet_saddr, sk.inet_sport);
  return connected && sk.inet_dport !== 0 ? sockaddr_in(sk.inet_daddr, sk.inet_dport) : -ENOTCONN;
}
