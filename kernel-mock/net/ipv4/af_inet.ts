/** AF_INET: what TCP and UDP sockets do the same way (net/ipv4/af_inet.c). */
import {
  type NetProtoFamily,
  type ProtoOps,
  RCV_SHUTDOWN,
  SS_CONNECTED,
  SS_CONNECTING,
  SS_DISCONNECTING,
  SS_UNCONNECTED,
  type SockAddr,
  type Socket,
} from '../../include/linux/net.js';
import type { Kernel } from '../../include/linux/kernel.js';
import type { Result, Sleep, Task } from '../../include/linux/sched.js';
import type { Timespec64 } from '../../include/linux/timekeeping.js';
import {
  ENOBUFS,
  EACCES,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EALREADY,
  ECONNABORTED,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENOENT,
  ENOTCONN,
  EPERM,
  EOPNOTSUPP,
  EPIPE,
  EPROTONOSUPPORT,
  ESOCKTNOSUPPORT,
} from '../../include/uapi/errno.js';
import { O_NONBLOCK } from '../../include/uapi/fcntl.js';
import {
  INADDR_ANY,
  IPPROTO_ICMP,
  IPPROTO_IP,
  IPPROTO_MPTCP,
  IP_BIND_ADDRESS_NO_PORT,
  IP_FREEBIND,
  IP_TRANSPARENT,
} from '../../include/uapi/in.js';
import {
  AF_INET,
  AF_UNSPEC,
  SHUT_RD,
  SHUT_RDWR,
  SOCK_DGRAM,
  SOCK_PACKET,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_IP,
} from '../../include/uapi/socket.js';
import { TCP_CLOSE, TCP_LISTEN, TCP_SYN_SENT } from '../../include/uapi/tcp.js';
import { get_u16 } from '../../lib/bytes.js';
import { capable } from '../../kernel/capability.js';
import { ktime_get_real } from '../../kernel/time.js';
import { finish_wait, prepare_to_wait, schedule_timeout, signal_pending } from '../../kernel/wait.js';
import { sk_state_change, sock_error, sock_graft, sock_intr_errno, sock_opt } from '../core/sock.js';
import { ip_mc_drop_socket } from './igmp.js';
import { inet_csk_accept, inet_csk_listen_start } from './inet_connection_sock.js';
import {
  type InetAddr,
  type InetSock,
  RTN_LOCAL,
  RTN_UNICAST,
  SOCK_BINDADDR_LOCK,
  SOCK_BINDPORT_LOCK,
  addr_any,
  inet_addr_type,
  inet_reset_saddr,
  inet_sk,
  is_sockaddr_in,
  sin_addr,
  sin_port,
} from './inet_sock.js';
import { udp_getsockopt } from './ip_sockglue.js';
import { tcp_ioctl, tcp_poll, tcp_prot, tcp_recvmsg, tcp_sendmsg } from './tcp.js';
import { TcpSock, tcp_sk } from './tcp_sock.js';
import { tcp_getsockopt, tcp_setsockopt } from './tcp_sockopt.js';
import { udp_ioctl, udp_poll, udp_prot, udp_recvmsg, udp_sendmsg, udp_setsockopt } from './udp.js';
import { UdpSock, inet_autobind } from './udp_input.js';

/** A socket that was never given a sock, of an accept that failed, has nothing to release. */
export function inet_release(sock: Socket): void {
  const sk = sock.sk as InetSock | undefined;
  if (sk === undefined) return;
  if (sk.mc !== null) ip_mc_drop_socket(sk);
  sk.sk_prot.close(sk);
}

// Addresses.

/** May `sk` bind to an address although no interface has it? Linux: inet_can_nonlocal_bind. */
export function inet_can_nonlocal_bind(sk: InetSock): boolean {
  return sk.sk_opts !== null && (sock_opt(sk, SOL_IP, IP_FREEBIND) !== 0 || sock_opt(sk, SOL_IP, IP_TRANSPARENT) !== 0);
}

/** Is `saddr` one to bind to? */
export function inet_addr_valid_or_nonlocal(sk: InetSock, saddr: number): boolean {
  return inet_addr_type(saddr) !== RTN_UNICAST || inet_can_nonlocal_bind(sk);
}

/** What bind does once the address is found good: take the port. -EADDRINUSE. */
export function inet_bind_addr(sk: InetSock, rcv_saddr: InetAddr, saddr: InetAddr, snum: number): number {
  sk.inet_rcv_saddr = rcv_saddr;
  sk.inet_saddr = saddr;
  if (snum !== 0 || sock_opt(sk, SOL_IP, IP_BIND_ADDRESS_NO_PORT) === 0) {
    const err = sk.sk_prot.get_port(sk, snum);
    if (err < 0) {
      inet_reset_saddr(sk);
      return err;
    }
  }
  if (rcv_saddr !== sk.sk_prot.any) sk.sk_userlocks |= SOCK_BINDADDR_LOCK;
  if (snum !== 0) sk.sk_userlocks |= SOCK_BINDPORT_LOCK;
  sk.inet_sport = sk.inet_num;
  sk.inet_daddr = sk.sk_prot.any;
  sk.inet_dport = 0;
  return 0;
}

/** -EINVAL (length), -EAFNOSUPPORT, -EADDRNOTAVAIL, -EINVAL (bound or connected already), -EADDRINUSE. Linux: __inet_bind. */
function inet_bind(_task: Task, sock: Socket, addr: SockAddr): number {
  const sk = inet_sk(sock);
  if (!is_sockaddr_in(addr)) return -EINVAL;
  const saddr = sin_addr(addr);
  const family = get_u16(addr, 0);
  // ABI: old programs leave the family out when they bind to any address.
  if (family !== AF_INET && (family !== AF_UNSPEC || saddr !== INADDR_ANY)) return -EAFNOSUPPORT;
  if (!inet_addr_valid_or_nonlocal(sk, saddr)) return -EADDRNOTAVAIL;
  if (sk.sk_state !== TCP_CLOSE || sk.inet_num !== 0) return -EINVAL;
  return inet_bind_addr(sk, saddr, inet_bind_source(saddr), sin_port(addr));
}

/** What a socket bound to `saddr` sends from: groups and broadcast are only for hearing. */
export function inet_bind_source(saddr: number): number {
  const type = inet_addr_type(saddr);
  return type === RTN_LOCAL || type === RTN_UNICAST ? saddr : INADDR_ANY;
}

/** -ENOTCONN for the peer of a socket that has none. */
export function inet_getname(sock: Socket, peer: boolean, accepted = false): SockAddr | number {
  const sk = inet_sk(sock);
  const { sk_prot } = sk;
  if (!peer) return sk_prot.sockaddr(addr_any(sk.inet_rcv_saddr) ? sk.inet_saddr : sk.inet_rcv_saddr, sk.inet_sport);
  const apart = sk.sk_state === TCP_CLOSE || sk.sk_state === TCP_SYN_SENT;
  if (sk.inet_dport === 0 || (apart && !accepted)) return -ENOTCONN;
  return sk_prot.sockaddr(sk.inet_daddr, sk.inet_dport);
}

// connect

/** How a connect that no longer waits has ended. */
function connect_result(sock: Socket): number {
  const sk = inet_sk(sock);
  if (sk.sk_state !== TCP_CLOSE) {
    sock.state = SS_CONNECTED;
    return 0;
  }
  const err = sock_error(sk);
  sock.state = SS_UNCONNECTED;
  sk.sk_prot.disconnect(sk);
  return err === 0 ? -ECONNABORTED : err;
}

/** Linux: inet_wait_for_connect. */
function* inet_wait_for_connect(task: Task, sock: Socket, timeo: number, waiting: number): Sleep {
  const sk = tcp_sk(sock);
  const { sk_disconnects } = sk;
  let left = timeo;
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, false, 'an answer to a TCP connect');
      if (sk.sk_state !== TCP_SYN_SENT) break;
      if (left === 0) return waiting;
      if (signal_pending(task)) return sock_intr_errno(left);
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
  return sk.sk_disconnects === sk_disconnects ? connect_result(sock) : -EPIPE;
}

/**
 * -EINVAL (length), -EISCONN, -EALREADY, -EAFNOSUPPORT, -ENETUNREACH, -EADDRNOTAVAIL, -EINPROGRESS, -ECONNREFUSED,
 * -ETIMEDOUT, -EINTR. AF_UNSPEC breaks the connection off. Linux: __inet_stream_connect.
 */
export function inet_stream_connect(task: Task, sock: Socket, addr: SockAddr, flags: number): Result {
  const sk = tcp_sk(sock);
  if (addr.length < 2) return -EINVAL;
  if (get_u16(addr, 0) === AF_UNSPEC) {
    sk.sk_disconnects++;
    sk.sk_prot.disconnect(sk);
    sock.state = SS_UNCONNECTED;
    return 0;
  }
  if (sock.state === SS_CONNECTED) return -EISCONN;
  if (sock.state === SS_DISCONNECTING) return -EINVAL;
  const timeo = (flags & O_NONBLOCK) !== 0 ? 0 : sk.sk_sndtimeo;
  let waiting = -EALREADY;
  if (sock.state === SS_UNCONNECTED) {
    if (sk.sk_state !== TCP_CLOSE) return -EISCONN;
    const err = sk.sk_prot.connect(sk, addr);
    if (err < 0) return err;
    sock.state = SS_CONNECTING;
    // In Linux the answer to the SYN waits until this call lets go of the socket: who may not sleep does not see it.
    if (timeo === 0) return -EINPROGRESS;
    waiting = -EINPROGRESS;
  }
  if (sk.sk_state !== TCP_SYN_SENT) return connect_result(sock);
  return timeo === 0 ? waiting : inet_wait_for_connect(task, sock, timeo, waiting);
}

/** -EINVAL (length), -EAGAIN (no free port), then as UDP; AF_UNSPEC dissolves. Linux: inet_dgram_connect. */
export function inet_dgram_connect(_task: Task, sock: Socket, addr: SockAddr): number {
  const sk = inet_sk(sock);
  if (addr.length < 2) return -EINVAL;
  if (get_u16(addr, 0) === AF_UNSPEC) {
    sk.sk_prot.disconnect(sk);
    return 0;
  }
  const err = inet_autobind(sk);
  return err < 0 ? err : sk.sk_prot.connect(sk, addr);
}

// listen, accept, shutdown

/** -EINVAL (connected or connecting), -EADDRINUSE. Without a port it gets one. A listener's backlog can be changed. */
export function inet_listen(sock: Socket, backlog: number): number {
  const sk = tcp_sk(sock);
  if (sock.state !== SS_UNCONNECTED || (sk.sk_state !== TCP_CLOSE && sk.sk_state !== TCP_LISTEN)) return -EINVAL;
  sk.max_ack_backlog = backlog;
  return sk.sk_state === TCP_LISTEN ? 0 : inet_csk_listen_start(sk);
}

export function inet_accept(task: Task, sock: Socket, newsock: Socket, flags: number): Result {
  return inet_csk_accept(task, tcp_sk(sock), newsock, flags);
}

/** -EINVAL (how), -ENOTCONN, which does not keep it from taking effect. A listener that is shut for reading is one no more. */
export function inet_shutdown(sock: Socket, how: number): number {
  const sk = inet_sk(sock);
  if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
  const mode = how + 1;
  const state = sk.sk_state;
  if (sock.state === SS_CONNECTING)
    sock.state = state === TCP_SYN_SENT || state === TCP_CLOSE ? SS_DISCONNECTING : SS_CONNECTED;
  if (state === TCP_SYN_SENT || state === TCP_LISTEN) {
    if (state === TCP_SYN_SENT || (mode & RCV_SHUTDOWN) !== 0) {
      sk.sk_prot.disconnect(sk);
      sock.state = SS_UNCONNECTED;
    }
  } else {
    sk.sk_shutdown |= mode;
    sk.sk_prot.shutdown(sk, mode);
  }
  sk_state_change(sk);
  return state === TCP_CLOSE ? -ENOTCONN : 0;
}

/** From now on the time of each datagram is kept. -ENOENT: none was read. Linux: sock_gettstamp. */
export function inet_gettstamp(sock: Socket): Timespec64 | number {
  const sk = inet_sk(sock);
  sk.sk_timestamp = true;
  if (sk.sk_stamp === null) return -ENOENT;
  if (sk.sk_stamp.sec === 0) sk.sk_stamp = ktime_get_real(sk.kernel);
  return sk.sk_stamp;
}

const no_socketpair = (): number => -EOPNOTSUPP;

export const inet_stream_ops = {
  family: AF_INET,
  release: inet_release,
  bind: inet_bind,
  connect: inet_stream_connect,
  socketpair: no_socketpair,
  accept: inet_accept,
  getname: inet_getname,
  poll: tcp_poll,
  listen: inet_listen,
  shutdown: inet_shutdown,
  ioctl: tcp_ioctl,
  gettstamp: inet_gettstamp,
  setsockopt: tcp_setsockopt,
  getsockopt: tcp_getsockopt,
  sendmsg: tcp_sendmsg,
  recvmsg: tcp_recvmsg,
} satisfies ProtoOps;

export const inet_dgram_ops = {
  family: AF_INET,
  release: inet_release,
  bind: inet_bind,
  connect: inet_dgram_connect,
  socketpair: no_socketpair,
  accept: () => -EOPNOTSUPP,
  getname: inet_getname,
  poll: udp_poll,
  listen: () => -EOPNOTSUPP,
  shutdown: inet_shutdown,
  ioctl: udp_ioctl,
  gettstamp: inet_gettstamp,
  setsockopt: udp_setsockopt,
  getsockopt: udp_getsockopt,
  sendmsg: udp_sendmsg,
  recvmsg: udp_recvmsg,
} satisfies ProtoOps;

/** The largest protocol number, and one more. Linux: IPPROTO_MAX. */
export const IPPROTO_MAX = IPPROTO_MPTCP + 1;

/**
 * A raw socket needs a protocol, and privilege.
 *
 * DEVIATION: who has both gets -EPROTONOSUPPORT too: there are no raw sockets.
 */
export function no_raw_socket(kernel: Kernel, protocol: number): number {
  const task = kernel.current;
  return protocol !== IPPROTO_IP && task !== null && !capable(task.cred) ? -EPERM : -EPROTONOSUPPORT;
}

/**
 * -EINVAL (protocol out of range), -ESOCKTNOSUPPORT (type), -EPROTONOSUPPORT. Linux: inet_create.
 *
 * DEVIATION: no MPTCP, UDP-Lite, SCTP.
 */
export const inet_family_ops: NetProtoFamily = {
  family: AF_INET,
  sk_alloc_error: -ENOBUFS,
  create(kernel, sock, protocol) {
    if (protocol < 0 || protocol >= IPPROTO_MAX) return -EINVAL;
    switch (sock.type) {
      case SOCK_STREAM:
        if (protocol !== IPPROTO_IP && protocol !== tcp_prot.protocol) return -EPROTONOSUPPORT;
        sock.ops = inet_stream_ops;
        sock_graft(new TcpSock(kernel, tcp_prot), sock);
        return 0;
      case SOCK_DGRAM:
        // Echo requests are for the groups of net.ipv4.ping_group_range: nobody.
        if (protocol === IPPROTO_ICMP) return -EACCES;
        if (protocol !== IPPROTO_IP && protocol !== udp_prot.protocol) return -EPROTONOSUPPORT;
        sock.ops = inet_dgram_ops;
        sock_graft(new UdpSock(kernel, udp_prot), sock);
        return 0;
      case SOCK_RAW:
        return no_raw_socket(kernel, protocol);
      case SOCK_PACKET:
        // The old name of AF_PACKET.
        return -EAFNOSUPPORT;
      default:
        return -ESOCKTNOSUPPORT;
    }
  },
};
