/** The handshake of both families, and connections over IPv4 (net/ipv4/tcp_ipv4.c, tcp_output.c tcp_connect, tcp_timer.c). */
import { SEND_SHUTDOWN, type SockAddr } from '../../include/linux/net.js';
import { EAFNOSUPPORT, EINVAL, ENETUNREACH, ETIMEDOUT } from '../../include/uapi/errno.js';
import { INADDR_ANY } from '../../include/uapi/in.js';
import { AF_INET, SOL_TCP } from '../../include/uapi/socket.js';
import { TCP_CLOSE, TCP_DEFER_ACCEPT, TCP_ESTABLISHED, TCP_SYNCNT, TCP_SYN_SENT } from '../../include/uapi/tcp.js';
import { get_u16 } from '../../lib/bytes.js';
import { add_timer, timer } from '../../lib/timerqueue.js';
import { ktime_get } from '../../kernel/time.js';
import { sk_state_change, sock_opt } from '../core/sock.js';
import {
  inet_csk_defer_accept,
  inet_csk_reqsk_queue_add,
  inet_hash_connect,
  sk_acceptq_is_full,
} from './inet_connection_sock.js';
import { inet_inherit_port, inet_lookup_listener } from './inet_hashtables.js';
import {
  type InetAddr,
  type InetSock,
  ROUTE_SADDR,
  RTN_LOCAL,
  SOCK_BINDPORT_LOCK,
  addr_any,
  inet_reset_saddr,
  ip_route_output,
  is_sockaddr_in,
  route_daddr,
  sin_addr,
  sin_port,
} from './inet_sock.js';
import { tcp_clear_xmit_timers, tcp_done, tcp_reset, tcp_set_state } from './tcp_input.js';
import { TcpSock, tcp_init_buffer_space } from './tcp_sock.js';

const NSEC_PER_SEC = 1e9;
/** net.ipv4.tcp_syn_retries, which TCP_SYNCNT overrides. */
export const TCP_SYN_RETRIES = 6;
/** net.ipv4.tcp_syn_linear_timeouts: so many repetitions come a second apart before the distance doubles each time. */
const TCP_SYN_LINEAR_TIMEOUTS = 4;

/** The listener's side of a connection from `sk`. Linux: tcp_create_openreq_child. */
function tcp_create_openreq_child(listener: TcpSock, sk: TcpSock): TcpSock {
  const child = new TcpSock(listener.kernel, listener.sk_prot);
  child.sk_state = TCP_ESTABLISHED;
  child.sk_userlocks = listener.sk_userlocks & ~SOCK_BINDPORT_LOCK;
  child.sk_sndbuf = listener.sk_sndbuf;
  child.sk_rcvbuf = listener.sk_rcvbuf;
  child.sk_rcvtimeo = listener.sk_rcvtimeo;
  child.sk_sndtimeo = listener.sk_sndtimeo;
  child.sk_ipv6only = listener.sk_ipv6only;
  child.cmsg_flags = listener.cmsg_flags;
  if (listener.sk_opts !== null) child.sk_opts = new Map(listener.sk_opts);
  child.inet_rcv_saddr = sk.inet_daddr;
  child.inet_saddr = sk.inet_daddr;
  child.inet_sport = sk.inet_dport;
  child.inet_daddr = sk.inet_saddr;
  child.inet_dport = sk.inet_sport;
  inet_inherit_port(listener, child);
  tcp_init_buffer_space(child);
  return child;
}

/** Both ends are there. Linux: tcp_finish_connect. */
function tcp_finish_connect(sk: TcpSock, peer: TcpSock): void {
  sk.peer = peer;
  peer.peer = sk;
  sk.sk_incoming_cpu = 0;
  peer.sk_incoming_cpu = 0;
  sk.sk_state = TCP_ESTABLISHED;
  tcp_init_buffer_space(sk);
  tcp_clear_xmit_timers(sk);
  sk_state_change(sk);
}

/** ABI: a stream that was shut before ends at once, though that of who connects to another does not. Linux: tcp_rcv_state_process. */
function tcp_connect_self(sk: TcpSock): void {
  tcp_finish_connect(sk, sk);
  if ((sk.sk_shutdown & SEND_SHUTDOWN) !== 0) sk.sk_prot.shutdown(sk, SEND_SHUTDOWN);
}

/**
 * Send the SYN; all that follows from it happens before this returns: the connection is there, or refused, or the
 * listener's queue was full and the SYN is lost. Linux: tcp_v4_rcv, tcp_conn_request.
 */
function tcp_send_syn(sk: TcpSock): void {
  const { inet_daddr, inet_dport, inet_saddr, inet_sport } = sk;
  const listener = inet_lookup_listener(sk.kernel, inet_daddr, inet_dport, inet_saddr, inet_sport) as TcpSock | null;
  if (listener === null) {
    // Its own port: two SYNs that cross, which make a connection to itself.
    if (inet_daddr === inet_saddr && inet_dport === inet_sport) tcp_connect_self(sk);
    else tcp_reset(sk);
    return;
  }
  if (sk_acceptq_is_full(listener)) {
    tcp_reset_xmit_timer(sk);
    return;
  }
  const child = tcp_create_openreq_child(listener, sk);
  tcp_finish_connect(sk, child);
  const seconds = listener.sk_opts === null ? 0 : sock_opt(listener, SOL_TCP, TCP_DEFER_ACCEPT);
  if (seconds > 0) inet_csk_defer_accept(listener, child, seconds);
  else inet_csk_reqsk_queue_add(listener, child);
}

/** Seconds to the next repetition: 1 1 1 1 1 2 4 8 …; Linux: tcp_retransmit_timer. */
function syn_timeout(retries: number): number {
  return retries <= TCP_SYN_LINEAR_TIMEOUTS ? 1 : 2 ** (retries - TCP_SYN_LINEAR_TIMEOUTS);
}

function tcp_reset_xmit_timer(sk: TcpSock): void {
  sk.syn_timer ??= timer(() => {
    tcp_retransmit_syn(sk);
  });
  add_timer(sk.kernel.timers, sk.syn_timer, ktime_get(sk.kernel) + syn_timeout(sk.syn_retries) * NSEC_PER_SEC);
}

/** No answer to the SYN: send it again, or give up. Linux: tcp_write_timeout. */
function tcp_retransmit_syn(sk: TcpSock): void {
  if (sk.syn_retries >= sock_opt(sk, SOL_TCP, TCP_SYNCNT, TCP_SYN_RETRIES) + TCP_SYN_LINEAR_TIMEOUTS) {
    sk.sk_err = ETIMEDOUT;
    tcp_done(sk);
    return;
  }
  sk.syn_retries++;
  tcp_send_syn(sk);
}

/**
 * Begin a connection from `saddr`, unless the program bound another. -EADDRNOTAVAIL (no port is free, or this very connection
 * is there already). How it went shows in the state and in `sk_err`.
 */
export function tcp_connect(sk: TcpSock, saddr: InetAddr, daddr: InetAddr, dport: number): number {
  if (addr_any(sk.inet_saddr)) {
    sk.inet_saddr = saddr;
    sk.inet_rcv_saddr = saddr;
  }
  sk.inet_daddr = daddr;
  sk.inet_dport = dport;
  sk.sk_state = TCP_SYN_SENT;
  const err = inet_hash_connect(sk);
  if (err < 0) {
    tcp_set_state(sk, TCP_CLOSE);
    inet_reset_saddr(sk);
    sk.inet_dport = 0;
    return err;
  }
  sk.sk_err = 0;
  sk.done = false;
  sk.peer_tw = null;
  tcp_send_syn(sk);
  return 0;
}

/** To an IPv4 address, from a socket of either family: -ENETUNREACH, then as above. */
export function tcp_v4_connect_addr(sk: TcpSock, addr: number, dport: number): number {
  const daddr = route_daddr(addr, sk.inet_saddr);
  const saddr = typeof sk.inet_saddr === 'number' ? sk.inet_saddr : INADDR_ANY;
  if (ip_route_output(daddr, saddr) !== RTN_LOCAL) return -ENETUNREACH;
  return tcp_connect(sk, ROUTE_SADDR, daddr, dport);
}

/** -EINVAL (length), -EAFNOSUPPORT, -ENETUNREACH, -EADDRNOTAVAIL. */
export function tcp_v4_connect(inet: InetSock, addr: SockAddr): number {
  if (!is_sockaddr_in(addr)) return -EINVAL;
  if (get_u16(addr, 0) !== AF_INET) return -EAFNOSUPPORT;
  return tcp_v4_connect_addr(inet as TcpSock, sin_addr(addr), sin_port(addr));
}
