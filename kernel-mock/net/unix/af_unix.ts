/** AF_UNIX: names, addresses, and what its three types share (net/unix/af_unix.c). */
import type { Dentry } from '../../include/linux/dcache.js';
import type { Kernel } from '../../include/linux/kernel.js';
import {
  type NetProtoFamily,
  type ProtoOps,
  RCV_SHUTDOWN,
  SCM_RECV_RIGHTS,
  SEND_SHUTDOWN,
  type Sock,
  type SockAddr,
  type Socket,
} from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import type { PollTable, WaitQueueHead } from '../../include/linux/wait.js';
import {
  ENOMEM,
  EADDRINUSE,
  ECONNREFUSED,
  ECONNRESET,
  EINVAL,
  ENOSPC,
  ENOTCONN,
  ENOTTY,
  EOPNOTSUPP,
  EPROTONOSUPPORT,
  ESOCKTNOSUPPORT,
} from '../../include/uapi/errno.js';
import { SIOCATMARK, SIOCINQ, SIOCOUTQ } from '../../include/uapi/ioctls.js';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLPRI,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from '../../include/uapi/poll.js';
import {
  AF_UNIX,
  SHUT_RD,
  SHUT_RDWR,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from '../../include/uapi/socket.js';
import { layout_x86_64 } from '../../include/uapi/layout.js';
import { get_u16, put_u16 } from '../../lib/bytes.js';
import { type Fifo, fifo, fifo_items, fifo_len, fifo_peek, fifo_shift } from '../../lib/fifo.js';
import { type Kfifo, kfifo, kfifo_free } from '../../lib/kfifo.js';
import { wait_queue_head, wake_up, wake_up_all } from '../../kernel/wait.js';
import { SockCommon, TCP_CLOSE, TCP_LISTEN, sk_state_change, sock_graft } from '../core/sock.js';
import { type UnixSkb, skb_free, unix_writable } from './skbuff.js';
import { unix_bind_bsd, unix_find_bsd, unix_unbind_bsd } from './bsd.js';

/** sizeof(struct sockaddr_un), and the bytes before its name. */
const SOCKADDR_UN_MAX = layout_x86_64.sockaddr_un.size;
export const SUN_PATH = layout_x86_64.sockaddr_un.sun_path;
/** net.unix.max_dgram_qlen: what a datagram socket queues, and a stream's backlog before listen. */
const MAX_DGRAM_QLEN = 10;

/** struct unix_sock. */
export class UnixSock extends SockCommon {
  /** The bound name as a socket address; null: unnamed. An accepted socket has its listener's. */
  addr: SockAddr | null = null;
  /** Its name in the file system; null: none. */
  path: Dentry | null = null;
  /** The abstract name under which it is registered; null: not in the table. */
  bound: UnixName | null = null;
  /** The other end; a datagram socket's default destination. */
  peer: UnixSock | null = null;
  /** Closed: a reference to it is all that is left. Linux: SOCK_DEAD. */
  dead = false;
  /** Sends that were not read, oldest first. */
  readonly sk_receive_queue: Fifo<UnixSkb> = fifo();
  /** How many of them carry credentials or descriptors, or are out of band. */
  nr_scm = 0;
  /** Bytes out of band that a read passed over. ABI: SIOCINQ counts them for ever, since 6.17. */
  inq_lost = 0;
  /** The byte that was sent last with MSG_OOB and has not been read; it stands in the queue. */
  oob_skb: UnixSkb | null = null;
  /** Messages in flight that refer to this socket. */
  inflight = 0;
  /** The bytes of a stream's receive queue, without those out of band. */
  readonly stream: Kfifo = kfifo();
  /** Bytes, with overhead, that this end sent and nobody read. Linux: sk_wmem_alloc. */
  wmem = 0;
  /** Connections that wait for accept, or null if not listening. */
  accept_queue: Fifo<UnixSock> | null = null;
  /** Longest accept queue, or datagram queue, minus one. */
  max_ack_backlog = MAX_DGRAM_QLEN;
  /** Who waits for room in the accept queue or the datagram queue of this socket. */
  readonly peer_wait: WaitQueueHead = wait_queue_head();

  // Written out: the constructor that the compiler adds hands its arguments on as a list.
  constructor(kernel: Kernel, type: number) {
    super(kernel, AF_UNIX, type, 0);
    this.sk_scm_recv_flags = SCM_RECV_RIGHTS;
  }
}

/** An abstract name that somebody has bound to. */
interface UnixName {
  readonly addr: SockAddr;
  /** A name belongs to a type. */
  readonly type: number;
  readonly hash: number;
  readonly sk: UnixSock;
  /** The next name with this hash. */
  next: UnixName | undefined;
}

/** The names of one kernel. */
interface UnixNet {
  /** Abstract names by hash, as in Linux: a key of text would have to be made for each look-up, which takes longer than connect. */
  readonly names: Map<number, UnixName>;
  next_autobind: number;
}

function unix_net(kernel: Kernel): UnixNet {
  const { net } = kernel;
  net.unix ??= { names: new Map(), next_autobind: 0 } satisfies UnixNet;
  return net.unix as UnixNet;
}

/** Sockets that hold an abstract name. */
export function unix_nr_bound(kernel: Kernel): number {
  let n = 0;
  for (const first of (kernel.net.unix as UnixNet | null)?.names.values() ?? [])
    for (let name: UnixName | undefined = first; name !== undefined; name = name.next) n++;
  return n;
}

export function unix_sk(sock: Socket): UnixSock {
  return sock.sk as UnixSock;
}

export function unix_create1(kernel: Kernel, type: number): UnixSock {
  return new UnixSock(kernel, type);
}

// Names.

/** An address that can be looked up: with its path cut at the first zero byte. -EINVAL. Linux: unix_mkname. */
export function unix_mkname(addr: SockAddr): SockAddr | number {
  if (addr.length <= SUN_PATH || addr.length > SOCKADDR_UN_MAX || get_u16(addr, 0) !== AF_UNIX) return -EINVAL;
  if (addr[SUN_PATH] === 0) return addr;
  const end = addr.indexOf(0, SUN_PATH);
  if (end !== -1) return addr.subarray(0, end + 1);
  const terminated = new Uint8Array(addr.length + 1);
  terminated.set(addr);
  return terminated;
}

function is_abstract(addr: SockAddr): boolean {
  return addr[SUN_PATH] === 0;
}

/** FNV-1a. */
function name_hash(addr: SockAddr, type: number): number {
  let hash = 0x811c9dc5 ^ type;
  for (let i = SUN_PATH; i < addr.length; i++) hash = Math.imul(hash ^ addr[i]!, 0x01000193);
  return hash;
}

function same_name(a: SockAddr, b: SockAddr): boolean {
  if (a.length !== b.length) return false;
  for (let i = SUN_PATH; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The abstract name `addr` in the table, for sockets of `type`. */
function find_name({ names }: UnixNet, addr: SockAddr, type: number): UnixName | undefined {
  let name = names.get(name_hash(addr, type));
  while (name !== undefined && !(name.type === type && same_name(name.addr, addr))) name = name.next;
  return name;
}

/** Take `name` out of the table. */
function remove_name({ names }: UnixNet, name: UnixName): void {
  const first = names.get(name.hash)!;
  let before = first;
  while (before !== name && before.next !== name) before = before.next!;
  if (before !== name) before.next = name.next;
  else if (name.next !== undefined) names.set(name.hash, name.next);
  else names.delete(name.hash);
}

/** The socket of `addr`: -ECONNREFUSED (nobody there), and for paths the walk's errors, -EACCES, -EPROTOTYPE (another type). */
export function unix_find_other(task: Task, addr: SockAddr, type: number): UnixSock | number {
  if (!is_abstract(addr)) return unix_find_bsd(task, addr, type);
  return find_name(unix_net(task.kernel), addr, type)?.sk ?? -ECONNREFUSED;
}

/** Bind to an abstract name of five hexadecimal digits that nobody has. Linux: unix_autobind. */
export function unix_autobind(sk: UnixSock): number {
  const net = unix_net(sk.kernel);
  for (let tries = 0; tries < 0x100000; tries++) {
    const digits = net.next_autobind.toString(16).padStart(5, '0');
    net.next_autobind = (net.next_autobind + 1) & 0xfffff;
    const addr = new Uint8Array(SUN_PATH + 1 + digits.length);
    put_u16(addr, 0, AF_UNIX);
    for (let i = 0; i < digits.length; i++) addr[SUN_PATH + 1 + i] = digits.charCodeAt(i);
    if (set_name(sk, addr) === 0) return 0;
  }
  return -ENOSPC;
}

function set_name(sk: UnixSock, addr: SockAddr): number {
  const net = unix_net(sk.kernel);
  if (find_name(net, addr, sk.sk_type) !== undefined) return -EADDRINUSE;
  const hash = name_hash(addr, sk.sk_type);
  sk.bound = { addr, type: sk.sk_type, hash, sk, next: net.names.get(hash) };
  net.names.set(hash, sk.bound);
  sk.addr = addr;
  return 0;
}

/** bind: -EINVAL (length, family, already bound), -EADDRINUSE, the walk's errors. The family alone binds to a free abstract name. */
export function unix_bind(task: Task, sock: Socket, addr: SockAddr): number {
  const sk = unix_sk(sock);
  if (addr.length === SUN_PATH && get_u16(addr, 0) === AF_UNIX) return sk.addr === null ? unix_autobind(sk) : 0;
  const name = unix_mkname(addr);
  if (typeof name === 'number') return name;
  // A copy: `addr` may be the caller's scratch room.
  if (!is_abstract(name)) return unix_bind_bsd(task, sk, name.slice());
  return sk.addr !== null ? -EINVAL : set_name(sk, name.slice());
}

/** getsockname and getpeername: an unnamed socket is its family alone. -ENOTCONN. */
export function unix_getname(sock: Socket, peer: boolean): SockAddr | number {
  const sk = peer ? unix_sk(sock).peer : unix_sk(sock);
  if (sk === null) return -ENOTCONN;
  if (sk.addr !== null) return sk.addr;
  const unnamed = new Uint8Array(SUN_PATH);
  put_u16(unnamed, 0, AF_UNIX);
  return unnamed;
}

// State.

export function connection_based(sk: Sock): boolean {
  return sk.sk_type !== SOCK_DGRAM;
}

/** Tell who waits on `sk` that an end was shut down. Linux: unix_state_change and sk_wake_async. */
export function unix_state_change(sk: UnixSock): void {
  sk_state_change(sk);
}

export function unix_shutdown(sock: Socket, how: number): number {
  if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
  const mode = how + 1;
  const sk = unix_sk(sock);
  sk.sk_shutdown |= mode;
  unix_state_change(sk);
  const other = sk.peer;
  if (other === null || !connection_based(sk)) return 0;
  other.sk_shutdown |=
    ((mode & RCV_SHUTDOWN) !== 0 ? SEND_SHUTDOWN : 0) | ((mode & SEND_SHUTDOWN) !== 0 ? RCV_SHUTDOWN : 0);
  unix_state_change(other);
  return 0;
}

/** Is anything left that was not read? ABI: a first send without bytes does not count: it may be the rest of a byte out of band. */
function has_unread(sk: UnixSock): boolean {
  const skb = fifo_peek(sk.sk_receive_queue);
  if (skb === undefined) return false;
  return skb.len > 0 || fifo_len(sk.sk_receive_queue) > 1;
}

/** The end of a socket: its peer learns, its queues are dropped, its name stays if it is a path. Linux: unix_release_sock. */
export function unix_release_sock(sk: UnixSock, embryo = false): void {
  if (sk.bound !== null) {
    remove_name(unix_net(sk.kernel), sk.bound);
    sk.bound = null;
  }
  unix_unbind_bsd(sk);
  const listening = sk.sk_state === TCP_LISTEN;
  sk.dead = true;
  sk.sk_socket = null;
  sk.sk_shutdown = RCV_SHUTDOWN | SEND_SHUTDOWN;
  sk.sk_state = TCP_CLOSE;
  wake_up_all(sk.peer_wait, POLLOUT);
  const { peer } = sk;
  sk.peer = null;
  if (peer !== null && connection_based(sk)) {
    peer.sk_shutdown = RCV_SHUTDOWN | SEND_SHUTDOWN;
    if (has_unread(sk) || embryo) peer.sk_err = ECONNRESET;
    unix_state_change(peer);
  }
  for (let skb = fifo_shift(sk.sk_receive_queue); skb !== undefined; skb = fifo_shift(sk.sk_receive_queue))
    skb_free(skb);
  sk.oob_skb = null;
  kfifo_free(sk.kernel.pages, sk.stream);
  if (listening && sk.accept_queue !== null)
    for (let skt = fifo_shift(sk.accept_queue); skt !== undefined; skt = fifo_shift(sk.accept_queue))
      unix_release_sock(skt, true);
  const { inflight } = sk.kernel.net;
  if (inflight !== null && inflight.tot_inflight > 0) inflight.gc(sk.kernel);
}

/** A socket that was never given a sock (an accept that failed) has nothing to release. */
export function unix_release(sock: Socket): void {
  const sk = sock.sk as UnixSock | undefined;
  if (sk !== undefined) unix_release_sock(sk);
}

/** POLL* bits of a stream or record socket; the part that datagrams share. */
export function unix_poll(_file: unknown, sock: Socket, pt: PollTable | null): number {
  const sk = unix_sk(sock);
  pt?.poll_wait(sk.sk_wait);
  let mask = 0;
  if (sk.sk_err !== 0) mask |= POLLERR;
  if (sk.oob_skb !== null) mask |= POLLPRI;
  if (sk.sk_shutdown === (RCV_SHUTDOWN | SEND_SHUTDOWN)) mask |= POLLHUP;
  if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) mask |= POLLRDHUP | POLLIN | POLLRDNORM;
  if (fifo_len(sk.sk_receive_queue) > 0 || (sk.accept_queue !== null && fifo_len(sk.accept_queue) > 0))
    mask |= POLLIN | POLLRDNORM;
  if (connection_based(sk) && sk.sk_state === TCP_CLOSE) mask |= POLLHUP;
  if (unix_writable(sk)) mask |= POLLOUT | POLLWRNORM | POLLWRBAND;
  return mask;
}

/** SIOCATMARK: is the next byte the one out of band? ABI: a listener is at the mark while a connection waits, which has no bytes. */
function unix_at_mark(sk: UnixSock): number {
  if (sk.sk_state === TCP_LISTEN) return fifo_len(sk.accept_queue!) > 0 ? 1 : 0;
  const [skb, next] = fifo_items(sk.sk_receive_queue);
  if (skb === undefined) return 0;
  const { oob_skb } = sk;
  return skb === oob_skb || (skb.len === 0 && (oob_skb === null || next === oob_skb)) ? 1 : 0;
}

export function wake_peer_wait(sk: UnixSock): void {
  if (sk.peer_wait.first !== null) wake_up(sk.peer_wait, POLLOUT);
}

/** The family, given the operations of its types: SOCK_RAW is SOCK_DGRAM here. Linux: unix_create. */
export function unix_family(ops: { stream: ProtoOps; dgram: ProtoOps; seqpacket: ProtoOps }): NetProtoFamily {
  const types: Readonly<Record<number, readonly [ProtoOps, number]>> = {
    [SOCK_STREAM]: [ops.stream, SOCK_STREAM],
    [SOCK_DGRAM]: [ops.dgram, SOCK_DGRAM],
    [SOCK_RAW]: [ops.dgram, SOCK_DGRAM],
    [SOCK_SEQPACKET]: [ops.seqpacket, SOCK_SEQPACKET],
  };
  return {
    family: AF_UNIX,
    sk_alloc_error: -ENOMEM,
    create(kernel, sock, protocol) {
      if (protocol !== 0 && protocol !== AF_UNIX) return -EPROTONOSUPPORT;
      const row = types[sock.type];
      if (row === undefined) return -ESOCKTNOSUPPORT;
      sock.ops = row[0];
      sock_graft(unix_create1(kernel, row[1]), sock);
      return 0;
    },
  };
}

/** SIOCINQ: what a stream or sequence of records holds, or the first datagram. -EINVAL for a listener. Linux: unix_inq_len. */
export function unix_inq_len(sk: UnixSock): number {
  if (sk.sk_state === TCP_LISTEN) return -EINVAL;
  if (sk.sk_type === SOCK_DGRAM) return fifo_peek(sk.sk_receive_queue)?.len ?? 0;
  return fifo_items(sk.sk_receive_queue).reduce((n, skb) => n + skb.len, sk.inq_lost);
}

/** SIOCINQ, SIOCOUTQ, SIOCATMARK (streams). Linux: unix_ioctl. */
export function unix_ioctl(sock: Socket, cmd: number): number {
  const sk = unix_sk(sock);
  if (cmd === SIOCINQ) return unix_inq_len(sk);
  if (cmd === SIOCOUTQ) return sk.wmem;
  if (cmd === SIOCATMARK && sk.kernel.release.unix_oob)
    return sk.sk_type === SOCK_STREAM ? unix_at_mark(sk) : -EOPNOTSUPP;
  return -ENOTTY;
}
