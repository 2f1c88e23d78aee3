/**
 * What arrives at a TCP socket, and the end of connections (net/ipv4/tcp_input.c, tcp_minisocks.c, the last third of tcp.c).
 *
 * Segments need no time: who sends one calls the function that receives it. An acknowledgement is what happens when that
 * function has returned.
 */
import { ECONNREFUSED, ECONNRESET, EPIPE } from '../../include/uapi/errno.js';
import { POLLERR, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../include/uapi/poll.js';
import { RCV_SHUTDOWN } from '../../include/linux/net.js';
import { SOL_SOCKET, SOL_TCP, SO_RCVLOWAT } from '../../include/uapi/socket.js';
import {
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_CORK,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_LAST_ACK,
  TCP_LINGER2,
  TCP_LISTEN,
  TCP_SYN_SENT,
} from '../../include/uapi/tcp.js';
import { kfifo_free, kfifo_in } from '../../lib/kfifo.js';
import { del_timer } from '../../lib/timerqueue.js';
import { sk_state_change, sk_wake, sock_opt } from '../core/sock.js';
import { inet_put_port, inet_unhash_listener } from './inet_hashtables.js';
import { inet_csk_accept_deferred, inet_csk_listen_stop, inet_csk_undefer } from './inet_connection_sock.js';
import { SOCK_BINDPORT_LOCK, inet_reset_saddr } from './inet_sock.js';
import { inet_twsk_alloc, inet_twsk_kill } from './inet_timewait_sock.js';
import { tcp_note_arrival } from './tcp_cmsg.js';
import { SHUTDOWN_MASK, type TcpSock, tcp_stream_is_writeable, tcp_unsent, tcp_window } from './tcp_sock.js';

const NSEC_PER_SEC = 1e9;
/** TCP_TIMEWAIT_LEN, and net.ipv4.tcp_fin_timeout: what TCP_LINGER2 changes. Seconds. */
const TCP_TIMEWAIT_LEN = 60;
export const TCP_FIN_TIMEOUT = 60;

// State.

/** In CLOSE a socket gives up its port, unless the program chose the port. Linux: tcp_set_state. */
export function tcp_set_state(sk: TcpSock, state: number): void {
  const old = sk.sk_state;
  if (state === TCP_CLOSE) {
    if (old === TCP_LISTEN) inet_unhash_listener(sk);
    if ((sk.sk_userlocks & SOCK_BINDPORT_LOCK) === 0) inet_put_port(sk);
  }
  sk.sk_state = state;
}

export function tcp_clear_xmit_timers(sk: TcpSock): void {
  sk.syn_retries = 0;
  if (sk.cork !== null) {
    del_timer(sk.kernel.timers, sk.cork.timer);
    sk.cork = null;
  }
  if (sk.syn_timer === null) return;
  del_timer(sk.kernel.timers, sk.syn_timer);
  sk.syn_timer = null;
}

/** Neither end can reach the other any more. */
function unlink_peer(sk: TcpSock): void {
  const { peer } = sk;
  if (peer === null) return;
  sk.peer = null;
  if (peer.peer === sk) peer.peer = null;
}

/** Drop what the peer has not taken yet. Linux: tcp_write_queue_purge. */
export function tcp_write_queue_purge(sk: TcpSock): void {
  sk.fin_queued = false;
  if (sk.peer !== null) sk.peer.rcv.len -= tcp_unsent(sk.peer);
}

/** Nothing is left of the socket. Linux: inet_csk_destroy_sock. */
export function inet_csk_destroy_sock(sk: TcpSock): void {
  inet_csk_undefer(sk);
  tcp_clear_xmit_timers(sk);
  unlink_peer(sk);
  kfifo_free(sk.kernel.pages, sk.rcv);
  inet_put_port(sk);
}

/** It listens no more. Connections that it kept back are forgotten: their other ends learn it when they send. */
export function tcp_listen_stop(sk: TcpSock): void {
  for (const child of [...(sk.deferred ?? [])]) inet_csk_destroy_sock(child);
  inet_csk_listen_stop(sk);
}

/** The connection is over; what was received can still be read. Linux: tcp_done. */
export function tcp_done(sk: TcpSock): void {
  tcp_set_state(sk, TCP_CLOSE);
  tcp_clear_xmit_timers(sk);
  unlink_peer(sk);
  sk.sk_shutdown = SHUTDOWN_MASK;
  if (sk.dead) inet_csk_destroy_sock(sk);
  else sk_state_change(sk);
}

/** Seconds that an end whose program has gone waits for the other's FIN; negative: not at all. */
export function tcp_linger2(sk: TcpSock): number {
  return sock_opt(sk, SOL_TCP, TCP_LINGER2, TCP_FIN_TIMEOUT);
}

/**
 * The end that closed first keeps its port for a while, without a socket; so does one that waits for the other's FIN in
 * vain. Linux: tcp_time_wait.
 */
export function tcp_time_wait(sk: TcpSock): void {
  const seconds = sk.sk_state === TCP_FIN_WAIT2 && sk.dead ? tcp_linger2(sk) : TCP_TIMEWAIT_LEN;
  const tw = inet_twsk_alloc(sk, seconds * NSEC_PER_SEC);
  const { peer } = sk;
  tcp_done(sk);
  if (peer !== null && peer !== sk) peer.peer_tw = tw;
}

// RST.

/** Linux: sk_error_report. */
function sk_error_report(sk: TcpSock): void {
  if (sk.sk_wait.first !== null) sk_wake(sk, POLLERR);
}

/** A reset arrives. Linux: tcp_reset. */
export function tcp_reset(sk: TcpSock): void {
  sk.sk_incoming_cpu = 0;
  switch (sk.sk_state) {
    case TCP_SYN_SENT:
      sk.sk_err = ECONNREFUSED;
      break;
    case TCP_CLOSE_WAIT:
      sk.sk_err = EPIPE;
      break;
    case TCP_CLOSE:
      return;
    default:
      sk.sk_err = ECONNRESET;
  }
  tcp_write_queue_purge(sk);
  tcp_done(sk);
  sk_error_report(sk);
}

/** Break the connection off. The state is CLOSE already. Linux: tcp_send_active_reset. */
export function tcp_send_active_reset(sk: TcpSock): void {
  const { peer, peer_tw } = sk;
  tcp_write_queue_purge(sk);
  unlink_peer(sk);
  if (peer !== null) tcp_reset(peer);
  // A reset ends TIME_WAIT early.
  if (peer_tw !== null) inet_twsk_kill(sk.kernel, peer_tw);
  sk.peer_tw = null;
}

/** States in which breaking off tells the other end. */
function tcp_need_reset(state: number): boolean {
  return state === TCP_ESTABLISHED || state === TCP_CLOSE_WAIT || state === TCP_FIN_WAIT1 || state === TCP_FIN_WAIT2;
}

/**
 * connect(AF_UNSPEC), shutdown of a listener, an abortive close: back to a fresh socket, but for what the program chose.
 * A connection that this breaks leaves ECONNRESET behind.
 */
export function tcp_disconnect(sk: TcpSock): void {
  const old = sk.sk_state;
  if (old !== TCP_CLOSE) tcp_set_state(sk, TCP_CLOSE);
  if (old === TCP_LISTEN) tcp_listen_stop(sk);
  else if (tcp_need_reset(old)) {
    tcp_send_active_reset(sk);
    sk.sk_err = ECONNRESET;
  } else if (old === TCP_SYN_SENT) sk.sk_err = ECONNRESET;
  tcp_clear_xmit_timers(sk);
  tcp_write_queue_purge(sk);
  unlink_peer(sk);
  kfifo_free(sk.kernel.pages, sk.rcv);
  sk.inet_daddr = sk.sk_prot.any;
  sk.inet_dport = 0;
  inet_reset_saddr(sk);
  sk.sk_shutdown = 0;
  sk.done = false;
  sk.urg_data = 0;
  sk_error_report(sk);
}

// FIN.

/** The peer's stream ends. Linux: tcp_fin. */
function tcp_fin(sk: TcpSock): void {
  if (sk.rsk_listener !== null) inet_csk_accept_deferred(sk);
  sk.sk_shutdown |= RCV_SHUTDOWN;
  sk.done = true;
  switch (sk.sk_state) {
    case TCP_ESTABLISHED:
      sk.sk_state = TCP_CLOSE_WAIT;
      break;
    case TCP_FIN_WAIT1:
      sk.sk_state = TCP_CLOSING;
      break;
    case TCP_FIN_WAIT2:
      tcp_time_wait(sk);
      return;
  }
  if (!sk.dead) sk_state_change(sk);
  tcp_data_snd_check(sk);
}

/** The peer has acknowledged our FIN. Linux: tcp_rcv_state_process. */
function tcp_ack_fin(sk: TcpSock): void {
  switch (sk.sk_state) {
    case TCP_FIN_WAIT1:
      sk.sk_state = TCP_FIN_WAIT2;
      if (!sk.dead) sk_state_change(sk);
      else tcp_fin_wait2_orphan(sk);
      break;
    case TCP_CLOSING:
      tcp_time_wait(sk);
      break;
    case TCP_LAST_ACK:
      tcp_done(sk);
  }
}

/** Nobody is there any more to whom the peer could send: wait for its FIN without a socket, or not at all. */
export function tcp_fin_wait2_orphan(sk: TcpSock): void {
  if (tcp_linger2(sk) >= 0) {
    tcp_time_wait(sk);
    return;
  }
  tcp_set_state(sk, TCP_CLOSE);
  tcp_send_active_reset(sk);
  inet_csk_destroy_sock(sk);
}

/** End our stream: now, or as soon as the peer has room for what was sent before. */
export function tcp_send_fin(sk: TcpSock): void {
  tcp_push_pending_frames(sk);
  const { peer } = sk;
  if (peer !== null && tcp_unsent(peer) > 0) {
    sk.fin_queued = true;
    return;
  }
  if (peer !== null) tcp_fin(peer);
  tcp_ack_fin(sk);
}

// Data.

/** Linux: tcp_data_ready. */
export function tcp_data_ready(sk: TcpSock): void {
  if (sk.sk_opts !== null) tcp_note_arrival(sk);
  if (sk.sk_wait.first === null) return;
  const { len } = sk.rcv;
  if (len >= sock_opt(sk, SOL_SOCKET, SO_RCVLOWAT, 1) || len >= tcp_window(sk)) sk_wake(sk, POLLIN | POLLRDNORM);
}

/** A segment that is not mere data takes along what MSG_MORE keeps back; TCP_CORK goes on keeping it. Linux: tcp_data_snd_check. */
export function tcp_data_snd_check(sk: TcpSock): void {
  if (sk.cork !== null && sock_opt(sk, SOL_TCP, TCP_CORK) === 0) tcp_push_pending_frames(sk);
}

/** Send what was kept back. Linux: __tcp_push_pending_frames. */
export function tcp_push_pending_frames(sk: TcpSock): void {
  if (sk.cork === null) return;
  const { data, timer } = sk.cork;
  sk.cork = null;
  del_timer(sk.kernel.timers, timer);
  const { peer } = sk;
  if (peer === null || tcp_data_refused(sk)) {
    tcp_abort_on_data(sk);
    return;
  }
  kfifo_in(sk.kernel.pages, peer.rcv, data);
  sk.bytes_sent += data.length;
  peer.bytes_received += data.length;
  if (peer.rsk_listener !== null) inet_csk_accept_deferred(peer);
  tcp_data_ready(peer);
}

/** `sk` has read: its peer may have room again. Linux: tcp_data_snd_check, sk_stream_write_space. */
export function tcp_space_freed(sk: TcpSock): void {
  const { peer } = sk;
  if (peer === null) return;
  if (peer.fin_queued && tcp_unsent(sk) === 0) {
    peer.fin_queued = false;
    tcp_send_fin(peer);
  }
  if (!peer.nospace || !tcp_stream_is_writeable(peer)) return;
  peer.nospace = false;
  sk_wake(peer, POLLOUT | POLLWRNORM);
}

/**
 * Does what `sk` sends find nobody who could read it? Then a reset comes back. The peer is gone, or it has ended its own
 * stream and reads no more.
 */
export function tcp_data_refused(sk: TcpSock): boolean {
  const { peer } = sk;
  if (peer === null) return true;
  return (
    (peer.sk_shutdown & RCV_SHUTDOWN) !== 0 && (peer.sk_state === TCP_FIN_WAIT1 || peer.sk_state === TCP_FIN_WAIT2)
  );
}

/** The reset that such data bring back. Linux: TCP_TW_RST, TCP_ABORT_ON_DATA. */
export function tcp_abort_on_data(sk: TcpSock): void {
  const { peer, peer_tw } = sk;
  if (peer_tw !== null) inet_twsk_kill(sk.kernel, peer_tw);
  sk.peer_tw = null;
  if (peer !== null) tcp_reset(peer);
  tcp_reset(sk);
}
