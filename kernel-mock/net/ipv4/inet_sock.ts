/** What TCP and UDP sockets share: addresses and the tables of ports (include/net/inet_sock.h, net/ipv4/inet_hashtables.c). */
import type { Kernel } from '../../include/linux/kernel.js';
import type { SockAddr } from '../../include/linux/net.js';
import { EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL } from '../../include/uapi/errno.js';
import { layout_x86_64 } from '../../include/uapi/layout.js';
import { AF_INET, SOL_SOCKET, SO_REUSEADDR, SO_REUSEPORT } from '../../include/uapi/socket.js';
import { get_u16, put_u16 } from '../../lib/bytes.js';
import { prandom_below } from '../../lib/prng.js';
import { type Timer, add_timer, timer } from '../../lib/timerqueue.js';
import { ktime_get } from '../../kernel/time.js';
import { SockCommon, TCP_LISTEN, sock_opt } from '../core/sock.js';

const SIN = layout_x86_64.sockaddr_in;
export const INADDR_ANY = 0;
export const INADDR_LOOPBACK = 0x7f000001;
const INADDR_BROADCAST = 0xffffffff;
/** net.ipv4.ip_local_port_range. */
const PORT_FIRST = 32768;
const PORT_LAST = 60999;
/** Linux: TCP_TIMEWAIT_LEN. */
const TIMEWAIT_NS = 60e9;

/** struct inet_sock. Addresses and ports are numbers in host order. */
export class InetSock extends SockCommon {
  /** Bound and used local address; INADDR_ANY: not bound. */
  inet_saddr = INADDR_ANY;
  /** Local port in the table; 0: none. */
  inet_num = 0;
  /** Local port as getsockname tells it: stays when a connection has ended. */
  inet_sport = 0;
  /** The other end; 0: not connected. */
  inet_daddr = INADDR_ANY;
  inet_dport = 0;
  /** The program chose the address by bind: it survives a disconnect. Linux: SOCK_BINDADDR_LOCK. */
  addr_locked = false;
  port_locked = false;
}

/** A port in TIME_WAIT: all that is left of a connection whose end closed first. */
interface TimewaitSock {
  readonly inet_saddr: number;
  readonly inet_num: number;
  readonly reuse: boolean;
  readonly expires: number;
}

/** Who uses a port: sockets, newest last, and remains of connections. Linux: struct inet_bind_bucket. */
interface BindBucket {
  readonly owners: Set<InetSock>;
  readonly timewait: TimewaitSock[];
}

/** The ports of one protocol. */
export interface PortTable {
  readonly buckets: Map<number, BindBucket>;
}

/** The inet side of one kernel. */
export interface InetNet {
  readonly tcp: PortTable;
  readonly udp: PortTable;
  /** TIME_WAIT in the order of expiry; one timer serves them all. */
  readonly timewait: TimewaitSock[];
  readonly timewait_timer: Timer;
}

export function inet_net(kernel: Kernel): InetNet {
  const { net } = kernel;
  if (net.inet === null) {
    const made: InetNet = {
      tcp: { buckets: new Map() },
      udp: { buckets: new Map() },
      timewait: [],
      timewait_timer: timer(() => timewait_expired(kernel)),
    };
    net.inet = made;
  }
  return net.inet as InetNet;
}

// Addresses.

/** The bytes of a sockaddr_in. */
export function sockaddr_in(addr: number, port: number): SockAddr {
  const raw = new Uint8Array(SIN.size);
  put_u16(raw, 0, AF_INET);
  put_be16(raw, SIN.sin_port, port);
  put_be16(raw, SIN.sin_addr, addr >>> 16);
  put_be16(raw, SIN.sin_addr + 2, addr & 0xffff);
  return raw;
}

function put_be16(b: Uint8Array, o: number, v: number): void {
  b[o] = v >> 8;
  b[o + 1] = v;
}

const get_be16 = (b: Uint8Array, o: number): number => (b[o]! << 8) | b[o + 1]!;

export function sin_family(addr: SockAddr): number {
  return get_u16(addr, 0);
}

export function sin_port(addr: SockAddr): number {
  return get_be16(addr, SIN.sin_port);
}

export function sin_addr(addr: SockAddr): number {
  return ((get_be16(addr, SIN.sin_addr) << 16) | get_be16(addr, SIN.sin_addr + 2)) >>> 0;
}

/** 0, -EINVAL (shorter than a sockaddr_in), -EAFNOSUPPORT. */
export function check_sockaddr_in(addr: SockAddr): number {
  if (addr.length < SIN.size) return -EINVAL;
  return sin_family(addr) === AF_INET ? 0 : -EAFNOSUPPORT;
}

/** Only the loopback interface is there: 127.0.0.0/8 is local. */
export function is_local(addr: number): boolean {
  return addr >>> 24 === 127;
}

export const is_broadcast = (addr: number): boolean => addr === INADDR_BROADCAST;
export const is_multicast = (addr: number): boolean => addr >>> 28 === 14;

// Ports.

function bucket_of(table: PortTable, port: number): BindBucket {
  let bucket = table.buckets.get(port);
  if (bucket === undefined) table.buckets.set(port, (bucket = { owners: new Set(), timewait: [] }));
  return bucket;
}

/** Sockets that use `port`, oldest first. */
export function port_owners(table: PortTable, port: number): Iterable<InetSock> {
  return table.buckets.get(port)?.owners ?? [];
}

function drop_if_empty(table: PortTable, port: number, bucket: BindBucket): void {
  if (bucket.owners.size === 0 && bucket.timewait.length === 0) table.buckets.delete(port);
}

const overlap = (a: number, b: number): boolean => a === b || a === INADDR_ANY || b === INADDR_ANY;

export function sk_reuse(sk: InetSock): boolean {
  return sk.sk_opts !== null && sock_opt(sk, SOL_SOCKET, SO_REUSEADDR) !== 0;
}

function sk_reuseport(sk: InetSock): boolean {
  return sk.sk_opts !== null && sock_opt(sk, SOL_SOCKET, SO_REUSEPORT) !== 0;
}

/** May `sk` not share `port` with who is there? Linux: inet_csk_bind_conflict, inet_rcv_saddr_equal. */
function bind_conflict(sk: InetSock, bucket: BindBucket): boolean {
  const reuse = sk_reuse(sk);
  const reuseport = sk_reuseport(sk);
  for (const other of bucket.owners) {
    if (other === sk || !overlap(sk.inet_saddr, other.inet_saddr)) continue;
    if (reuseport && sk_reuseport(other)) continue;
    if (!(reuse && sk_reuse(other)) || other.sk_state === TCP_LISTEN) return true;
  }
  return bucket.timewait.some((tw) => overlap(sk.inet_saddr, tw.inet_saddr) && !(reuse && tw.reuse));
}

function add_owner(sk: InetSock, table: PortTable, port: number): void {
  sk.inet_num = port;
  sk.inet_sport = port;
  bucket_of(table, port).owners.add(sk);
}

/** Any port of the local range that nobody uses, from a random one on. -EADDRINUSE, or -EADDRNOTAVAIL for a connect. */
function pick_port(sk: InetSock, table: PortTable, none: number): number {
  const range = PORT_LAST - PORT_FIRST + 1;
  const start = prandom_below(sk.kernel.prng, range);
  for (let i = 0; i < range; i++) {
    const port = PORT_FIRST + ((start + i) % range);
    if (table.buckets.has(port)) continue;
    add_owner(sk, table, port);
    return 0;
  }
  return -none;
}

/** Give `sk`, whose address is set, the local port `port`; 0: any. -EADDRINUSE. Linux: inet_csk_get_port. */
export function get_port(sk: InetSock, table: PortTable, port: number): number {
  if (port === 0) return pick_port(sk, table, EADDRINUSE);
  const bucket = table.buckets.get(port);
  if (bucket !== undefined && bind_conflict(sk, bucket)) return -EADDRINUSE;
  add_owner(sk, table, port);
  return 0;
}

/** A port for a socket that sends before it was bound. */
export function autobind(sk: InetSock, table: PortTable): number {
  return sk.inet_num === 0 ? pick_port(sk, table, EADDRNOTAVAIL) : 0;
}

/** Is there a conflict now that `sk` wants to listen? Linux asks get_port again. */
export function listen_conflict(sk: InetSock, table: PortTable): boolean {
  const bucket = table.buckets.get(sk.inet_num);
  return bucket !== undefined && bind_conflict(sk, bucket);
}

/** A connection taken from a listener lives on the listener's port. */
export function share_port(sk: InetSock, table: PortTable, port: number): void {
  add_owner(sk, table, port);
}

export function put_port(sk: InetSock, table: PortTable): void {
  if (sk.inet_num === 0) return;
  const bucket = table.buckets.get(sk.inet_num);
  if (bucket !== undefined) {
    bucket.owners.delete(sk);
    drop_if_empty(table, sk.inet_num, bucket);
  }
  sk.inet_num = 0;
}

// TIME_WAIT.

/** The end that closed first keeps its port for a minute. Linux: tcp_time_wait. */
export function time_wait(sk: InetSock): void {
  const { kernel, inet_num, inet_saddr } = sk;
  const net = inet_net(kernel);
  const tw = { inet_saddr, inet_num, reuse: sk_reuse(sk), expires: ktime_get(kernel) + TIMEWAIT_NS };
  bucket_of(net.tcp, inet_num).timewait.push(tw);
  net.timewait.push(tw);
  if (net.timewait.length === 1) add_timer(kernel.timers, net.timewait_timer, tw.expires);
}

function timewait_expired(kernel: Kernel): void {
  const net = inet_net(kernel);
  const now = ktime_get(kernel);
  let gone = 0;
  for (const tw of net.timewait) {
    if (tw.expires > now) break;
    gone++;
    const bucket = net.tcp.buckets.get(tw.inet_num)!;
    bucket.timewait.splice(bucket.timewait.indexOf(tw), 1);
    drop_if_empty(net.tcp, tw.inet_num, bucket);
  }
  net.timewait.splice(0, gone);
  const [next] = net.timewait;
  if (next !== undefined) add_timer(kernel.timers, net.timewait_timer, next.expires);
}
