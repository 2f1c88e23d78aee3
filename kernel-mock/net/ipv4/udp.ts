/** UDP over the loopback interface (net/ipv4/udp.c). */
import {
  type MsgHdr,
  type ProtoOps,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SS_CONNECTED,
  SS_UNCONNECTED,
  type SockAddr,
  type Socket,
} from '../../include/linux/net.js';
import type { OpenFile } from '../../include/linux/fs.js';
import type { Result, Sleep, Task } from '../../include/linux/sched.js';
import type { PollTable } from '../../include/linux/wait.js';
import {
  EACCES,
  EAFNOSUPPORT,
  EAGAIN,
  ECONNREFUSED,
  EDESTADDRREQ,
  EFAULT,
  EINVAL,
  EMSGSIZE,
  ENETUNREACH,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
} from '../../include/uapi/errno.js';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM } from '../../include/uapi/poll.js';
import {
  AF_INET,
  AF_UNSPEC,
  MSG_NOSIGNAL,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  SHUT_RD,
  SHUT_RDWR,
  SOL_SOCKET,
  SO_BROADCAST,
} from '../../include/uapi/socket.js';
import { type Fifo, fifo, fifo_len, fifo_peek, fifo_push, fifo_shift } from '../../lib/fifo.js';
import { finish_wait, prepare_to_wait, schedule_timeout, signal_pending } from '../../kernel/wait.js';
import { copy_from_iter, copy_to_iter, fault_in } from '../../mm/iov_iter.js';
import { sk_wake, sock_error, sock_intr_errno, sock_opt, sock_rcvtimeo } from '../core/sock.js';
import { inet_bind, inet_getname } from './inet_common.js';
import {
  INADDR_ANY,
  INADDR_LOOPBACK,
  InetSock,
  autobind,
  check_sockaddr_in,
  inet_net,
  is_broadcast,
  is_local,
  port_owners,
  put_port,
  sin_addr,
  sin_family,
  sin_port,
  sockaddr_in,
} from './inet_sock.js';
import { ip_getsockopt, ip_setsockopt } from './ip_sockglue.js';

/** The most that one datagram carries: 65535 without the headers of IP and UDP. */
const UDP_MAX_PAYLOAD = 65507;
/** Room that a packet's headers take beside its data, and what a small packet counts in all. Checked against Linux 6.18. */
const UDP_HEADROOM = 44;
const SMALL_TRUESIZE = 832;

interface Datagram {
  readonly data: Uint8Array;
  readonly saddr: number;
  readonly sport: number;
  readonly truesize: number;
}

export class UdpSock extends InetSock {
  readonly sk_receive_queue: Fifo<Datagram> = fifo();
  /** What the queue counts against SO_RCVBUF. */
  rmem = 0;
}

function udp_sk(sock: Socket): UdpSock {
  return sock.sk as UdpSock;
}

const table_of = (sk: UdpSock) => inet_net(sk.kernel).udp;

function datagram_truesize(len: number): number {
  const linear = ((len + UDP_HEADROOM + 63) & ~63) + 320;
  return linear <= 512 ? SMALL_TRUESIZE : 256 + 2 ** (32 - Math.clz32(linear - 1));
}

/** Set the default destination, or dissolve it. -EINVAL, -EAFNOSUPPORT, -EACCES (broadcast), -ENETUNREACH, -EAGAIN. */
function udp_connect(_task: Task, sock: Socket, addr: SockAddr): number {
  const sk = udp_sk(sock);
  if (addr.length < 2) return -EINVAL;
  if (sin_family(addr) === AF_UNSPEC) return udp_disconnect(sock);
  const bound = autobind(sk, table_of(sk));
  if (bound < 0) return -EAGAIN;
  const err = check_sockaddr_in(addr);
  if (err < 0) return err;
  const daddr = sin_addr(addr) === INADDR_ANY ? INADDR_LOOPBACK : sin_addr(addr);
  const route = check_route(sk, daddr);
  if (route < 0) return route;
  if (sk.inet_saddr === INADDR_ANY) sk.inet_saddr = INADDR_LOOPBACK;
  sk.inet_daddr = daddr;
  sk.inet_dport = sin_port(addr);
  sock.state = SS_CONNECTED;
  return 0;
}

/** Linux: __udp_disconnect. What bind gave stays. */
function udp_disconnect(sock: Socket): number {
  const sk = udp_sk(sock);
  sk.inet_daddr = INADDR_ANY;
  sk.inet_dport = 0;
  if (!sk.addr_locked) sk.inet_saddr = INADDR_ANY;
  if (!sk.port_locked) {
    put_port(sk, table_of(sk));
    sk.inet_sport = 0;
  }
  sock.state = SS_UNCONNECTED;
  return 0;
}

function check_route(sk: UdpSock, daddr: number): number {
  if (is_broadcast(daddr) && sock_opt(sk, SOL_SOCKET, SO_BROADCAST) === 0) return -EACCES;
  return is_local(daddr) ? 0 : -ENETUNREACH;
}

/** Who gets a datagram: connected to its sender before bound to its address before bound to any. Linux: compute_score. */
function udp_lookup(from: UdpSock, saddr: number, daddr: number, dport: number): UdpSock | null {
  let best: UdpSock | null = null;
  let best_score = -1;
  for (const owner of port_owners(table_of(from), dport)) {
    const sk = owner as UdpSock;
    if (sk.inet_saddr !== INADDR_ANY && sk.inet_saddr !== daddr) continue;
    const connected = sk.inet_dport !== 0;
    if (connected && (sk.inet_daddr !== saddr || sk.inet_dport !== from.inet_num)) continue;
    const score = (connected ? 2 : 0) + (sk.inet_saddr !== INADDR_ANY ? 1 : 0);
    // Of equals the newest.
    if (score < best_score) continue;
    best = sk;
    best_score = score;
  }
  return best;
}

/** Give the datagram to `other`; a full queue drops it, and nobody hears of it. */
function udp_queue_rcv(other: UdpSock, data: Uint8Array, saddr: number, sport: number): void {
  const truesize = datagram_truesize(data.length);
  if ((other.sk_shutdown & RCV_SHUTDOWN) !== 0 && other.sk_socket === null) return;
  if (other.rmem + truesize > other.sk_rcvbuf) return;
  other.rmem += truesize;
  fifo_push(other.sk_receive_queue, { data, saddr, sport, truesize });
  sk_wake(other, POLLIN | POLLRDNORM);
}

/** -EMSGSIZE, -EOPNOTSUPP (MSG_OOB), -EINVAL, -EAFNOSUPPORT, -EDESTADDRREQ, -EPIPE, the pending error, -EACCES, -ENETUNREACH, -EFAULT. */
function udp_sendmsg(task: Task, sock: Socket, msg: MsgHdr): Result {
  const sk = udp_sk(sock);
  const len = msg.iter.count;
  const bound = autobind(sk, table_of(sk));
  if (bound < 0) return -EAGAIN;
  if (len > UDP_MAX_PAYLOAD) return -EMSGSIZE;
  if ((msg.flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
  let daddr = sk.inet_daddr;
  let dport = sk.inet_dport;
  if (msg.name !== null) {
    const err = msg.name.length < 16 ? -EINVAL : check_name(msg.name);
    if (err < 0) return err;
    daddr = sin_addr(msg.name);
    dport = sin_port(msg.name);
    if (dport === 0) return -EINVAL;
  } else if (dport === 0) return -EDESTADDRREQ;
  if (daddr === INADDR_ANY) daddr = INADDR_LOOPBACK;
  if (sk.sk_err !== 0) return sock_error(sk);
  if ((sk.sk_shutdown & SEND_SHUTDOWN) !== 0) return -EPIPE;
  const route = check_route(sk, daddr);
  if (route < 0) return route;
  if (!fault_in(task.mm, msg.iter, len)) return -EFAULT;
  const data = new Uint8Array(len);
  copy_from_iter(task.mm, msg.iter, data, 0, len);
  const saddr = sk.inet_saddr === INADDR_ANY ? INADDR_LOOPBACK : sk.inet_saddr;
  const other = udp_lookup(sk, saddr, daddr, dport);
  if (other !== null) udp_queue_rcv(other, data, saddr, sk.inet_num);
  else port_unreachable(sk, daddr, dport);
  return len;
}

/** AF_UNSPEC passes for AF_INET in a destination. */
function check_name(name: SockAddr): number {
  const family = sin_family(name);
  return family === AF_INET || family === AF_UNSPEC ? 0 : -EAFNOSUPPORT;
}

/** ICMP comes back: only a connected socket hears of it. */
function port_unreachable(sk: UdpSock, daddr: number, dport: number): void {
  if (sk.inet_dport !== dport || sk.inet_daddr !== daddr) return;
  sk.sk_err = ECONNREFUSED;
  sk_wake(sk, POLLERR);
}

/** Deliver the first datagram, cut to the room there is. */
function deliver(task: Task, sk: UdpSock, dgram: Datagram, msg: MsgHdr): number {
  const { length } = dgram.data;
  const want_real_length = (msg.flags & MSG_TRUNC) !== 0;
  const n = Math.min(length, msg.iter.count);
  if ((msg.flags & MSG_PEEK) === 0) {
    fifo_shift(sk.sk_receive_queue);
    sk.rmem -= dgram.truesize;
  }
  if (msg.want_name) msg.name = sockaddr_in(dgram.saddr, dgram.sport);
  if (n < length) msg.flags |= MSG_TRUNC;
  else msg.flags &= ~MSG_TRUNC;
  if (!fault_in(task.mm, msg.iter, n)) return -EFAULT;
  copy_to_iter(task.mm, msg.iter, dgram.data, 0, n);
  return want_real_length ? length : n;
}

function* recv_sleep(task: Task, sk: UdpSock, msg: MsgHdr, timeo: number): Sleep {
  let left = timeo;
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, true, 'a datagram');
      if (sk.sk_err !== 0) return sock_error(sk);
      const dgram = fifo_peek(sk.sk_receive_queue);
      if (dgram !== undefined) return deliver(task, sk, dgram, msg);
      if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) return 0;
      if (left === 0) return -EAGAIN;
      if (signal_pending(task)) return sock_intr_errno(left);
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
}

/** The pending error, -EAGAIN, -EFAULT. Linux: udp_recvmsg, __skb_recv_udp. */
function udp_recvmsg(task: Task, sock: Socket, msg: MsgHdr): Result {
  const sk = udp_sk(sock);
  if (sk.sk_err !== 0) return sock_error(sk);
  const dgram = fifo_peek(sk.sk_receive_queue);
  if (dgram !== undefined) return deliver(task, sk, dgram, msg);
  const timeo = sock_rcvtimeo(sk, msg.flags & ~MSG_NOSIGNAL);
  return timeo === 0 ? -EAGAIN : recv_sleep(task, sk, msg, timeo);
}

/** As for TCP, it takes effect even where it answers -ENOTCONN. Linux: inet_shutdown. */
function udp_shutdown(sock: Socket, how: number): number {
  const sk = udp_sk(sock);
  if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
  sk.sk_shutdown |= how + 1;
  sk_wake(sk, POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
  return sock.state === SS_CONNECTED ? 0 : -ENOTCONN;
}

function udp_poll(_file: OpenFile, sock: Socket, pt: PollTable | null): number {
  const sk = udp_sk(sock);
  pt?.poll_wait(sk.sk_wait);
  let mask = POLLOUT | POLLWRNORM;
  if (sk.sk_err !== 0) mask |= POLLERR;
  if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) mask |= POLLRDHUP | POLLIN | POLLRDNORM;
  if (sk.sk_shutdown === (RCV_SHUTDOWN | SEND_SHUTDOWN)) mask |= POLLHUP;
  if (fifo_len(sk.sk_receive_queue) > 0) mask |= POLLIN | POLLRDNORM;
  return mask;
}

function udp_release(sock: Socket): void {
  const sk = udp_sk(sock);
  put_port(sk, table_of(sk));
  sk.sk_socket = null;
  while (fifo_shift(sk.sk_receive_queue) !== undefined);
  sk.rmem = 0;
}

export const inet_dgram_ops = {
  family: AF_INET,
  release: udp_release,
  bind: (_task, sock, addr) => inet_bind(udp_sk(sock), addr, table_of(udp_sk(sock))),
  connect: udp_connect,
  socketpair: () => -EOPNOTSUPP,
  accept: () => -EOPNOTSUPP,
  getname: (sock, peer) => inet_getname(udp_sk(sock), peer, sock.state === SS_CONNECTED),
  poll: udp_poll,
  listen: () => -EOPNOTSUPP,
  shutdown: udp_shutdown,
  setsockopt: (_task, sock, level, optname, optval) => ip_setsockopt(sock.sk, level, optname, optval),
  getsockopt: (_task, sock, level, optname) => ip_getsockopt(sock.sk, level, optname),
  sendmsg: udp_sendmsg,
  recvmsg: udp_recvmsg,
} satisfies ProtoOps;
