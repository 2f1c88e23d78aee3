/** Local ports and who holds them, and who listens there (net/ipv4/inet_hashtables.c). */
import type { Kernel } from '../../include/linux/kernel.js';
import { INADDR_ANY } from '../../include/uapi/in.js';
import { AF_INET, AF_INET6, SOCK_DGRAM } from '../../include/uapi/socket.js';
import { IN6ADDR_ANY, type InetAddr, type InetSock, sk_reuseport } from './inet_sock.js';
import type { DeathRow, InetTimewaitSock } from './inet_timewait_sock.js';

/** One port of one protocol. It exists as long as somebody holds it. */
export interface InetBindBucket {
  readonly table: InetHashinfo;
  readonly port: number;
  /** Sockets that hold the port, newest first. */
  owners: InetSock | null;
  /** Connections of the past that still hold it. */
  timewait: InetTimewaitSock | null;
  /** Those of `owners` that listen, in a list of their own: accepted connections, which are many, hold the port too. */
  listeners: InetSock[] | null;
  /** Taken by connect alone, so that further connects to other destinations may share it. Linux: fastreuse < 0. */
  by_connect: boolean;
}

export type InetHashinfo = Map<number, InetBindBucket>;

/** The ports of one kernel. */
export interface InetNet {
  readonly tcp: InetHashinfo;
  readonly udp: InetHashinfo;
  readonly death_row: DeathRow;
  /** IPv4 groups, with the number of sockets that are in each. */
  readonly groups: Map<number, number>;
}

export function inet_net(kernel: Kernel): InetNet {
  const { net } = kernel;
  net.inet ??= {
    tcp: new Map(),
    udp: new Map(),
    death_row: { first: null, last: null, count: 0 },
    groups: new Map(),
  } satisfies InetNet;
  return net.inet as InetNet;
}

/** Sockets that hold a port. */
export function inet_nr_bound(kernel: Kernel): number {
  if (kernel.net.inet === null) return 0;
  const { tcp, udp } = inet_net(kernel);
  let n = 0;
  for (const table of [tcp, udp])
    for (const { owners } of table.values()) for (let sk = owners; sk !== null; sk = sk.bind_next) n++;
  return n;
}

/** net.ipv4.ip_local_port_range: first and last. */
export const PORT_LOW = 32768;
const PORT_HIGH = 60999;
export const PORT_COUNT = PORT_HIGH - PORT_LOW + 1;

/**
 * Have two bound addresses one in common? Any address of IPv6 comprises those of IPv4, unless its socket is for IPv6 alone.
 * Linux: inet_rcv_saddr_equal.
 */
export function addr_overlap(a: InetAddr, a_ipv6only: boolean, b: InetAddr, b_ipv6only: boolean): boolean {
  if (a === b) return true;
  // A socket of IPv6 that got its address from connect has one of IPv4 beside it.
  if (typeof a === 'number')
    return typeof b === 'number' ? a === 0 || b === 0 : (a === 0 || b === IN6ADDR_ANY) && !b_ipv6only;
  if (typeof b === 'number') return a === IN6ADDR_ANY && !a_ipv6only;
  return a === IN6ADDR_ANY || b === IN6ADDR_ANY;
}

/** Does `sk` hear what comes to an address under the name `bound`: that address itself, or any of its family? */
export function bound_to(sk: InetSock, bound: InetAddr): boolean {
  const addr = sk.inet_rcv_saddr;
  return addr === bound || (bound === INADDR_ANY && addr === IN6ADDR_ANY && !sk.sk_ipv6only);
}

/** Any address of the family of `addr`. */
export function any_of(addr: InetAddr): InetAddr {
  return typeof addr === 'number' ? INADDR_ANY : IN6ADDR_ANY;
}

// Buckets.

/** Let `sk` hold `port`. Linux: inet_bind_hash. */
export function inet_bind_hash(sk: InetSock, table: InetHashinfo, port: number, by_connect = false): InetBindBucket {
  let tb = table.get(port);
  if (tb === undefined) {
    tb = { table, port, owners: null, timewait: null, listeners: null, by_connect };
    table.set(port, tb);
  } else if (!by_connect) tb.by_connect = false;
  if (sk.sk_type === SOCK_DGRAM && sk.sk_family === AF_INET6 && sk_reuseport(sk)) link_last(sk, tb);
  else link_owner(sk, tb);
  return tb;
}

/** ABI: so a datagram socket of IPv6 with SO_REUSEPORT is the last to be asked. Linux: sk_add_node_rcu. */
function link_last(sk: InetSock, tb: InetBindBucket): void {
  let last = tb.owners;
  while (last !== null && last.bind_next !== null) last = last.bind_next;
  if (last === null) {
    link_owner(sk, tb);
    return;
  }
  sk.inet_num = tb.port;
  sk.bind_bucket = tb;
  sk.bind_prev = last;
  last.bind_next = sk;
}

function link_owner(sk: InetSock, tb: InetBindBucket): void {
  sk.inet_num = tb.port;
  sk.bind_bucket = tb;
  sk.bind_next = tb.owners;
  if (tb.owners !== null) tb.owners.bind_prev = sk;
  tb.owners = sk;
}

/** An accepted connection holds the port of its listener. Linux: __inet_inherit_port. */
export function inet_inherit_port(sk: InetSock, child: InetSock): void {
  link_owner(child, sk.bind_bucket!);
}

/** Nobody holds the port any more. */
export function inet_bind_bucket_destroy(tb: InetBindBucket): void {
  if (tb.owners === null && tb.timewait === null) tb.table.delete(tb.port);
}

/** Give the port up. `inet_sport` still tells what it was. */
export function inet_put_port(sk: InetSock): void {
  const tb = sk.bind_bucket;
  if (tb === null) return;
  sk.bind_bucket = null;
  sk.inet_num = 0;
  if (sk.bind_prev === null) tb.owners = sk.bind_next;
  else sk.bind_prev.bind_next = sk.bind_next;
  if (sk.bind_next !== null) sk.bind_next.bind_prev = sk.bind_prev;
  sk.bind_prev = null;
  sk.bind_next = null;
  inet_bind_bucket_destroy(tb);
}

// Listeners.

/** Which of several that share a port by SO_REUSEPORT serves a sender. DEVIATION: not Linux's hash, which is seeded at boot. */
export function reuseport_hash(addr: InetAddr, sport: number, n: number): number {
  const saddr = typeof addr === 'number' ? addr : addr.charCodeAt(15);
  return (Math.imul(saddr ^ Math.imul(sport, 0x9e3779b1), 0x85ebca6b) >>> 8) % n;
}

/** `sk` takes connections from now on. Linux: inet_hash. */
export function inet_hash_listener(sk: InetSock): void {
  const tb = sk.bind_bucket!;
  tb.listeners ??= [];
  tb.listeners.push(sk);
}

export function inet_unhash_listener(sk: InetSock): void {
  const listeners = sk.bind_bucket?.listeners ?? [];
  const at = listeners.indexOf(sk);
  if (at !== -1) listeners.splice(at, 1);
}

/** One of `listeners` that hears `addr`, first those of IPv4; of several, the one that the sender's address chooses. */
function pick_listener(
  listeners: readonly InetSock[],
  addr: InetAddr,
  saddr: InetAddr,
  sport: number,
): InetSock | null {
  let n = 0;
  let family = 0;
  for (const sk of listeners)
    if (bound_to(sk, addr)) {
      if (n > 0 && sk.sk_family !== family) n = family === AF_INET ? n : 0;
      if (n === 0) family = sk.sk_family;
      if (sk.sk_family === family) n++;
    }
  if (n === 0) return null;
  let nth = n === 1 ? 0 : reuseport_hash(saddr, sport, n);
  return listeners.find((sk) => bound_to(sk, addr) && sk.sk_family === family && nth-- === 0) ?? null;
}

/** The listener for a connection from `saddr`:`sport`: one bound to `daddr`, else one bound to any address. Linux: __inet_lookup_listener. */
export function inet_lookup_listener(
  kernel: Kernel,
  daddr: InetAddr,
  dport: number,
  saddr: InetAddr,
  sport: number,
): InetSock | null {
  const listeners = inet_net(kernel).tcp.get(dport)?.listeners ?? null;
  if (listeners === null) return null;
  return pick_listener(listeners, daddr, saddr, sport) ?? pick_listener(listeners, any_of(daddr), saddr, sport);
}
