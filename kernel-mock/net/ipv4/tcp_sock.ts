/** The state of a TCP connection and its changes (net/ipv4/tcp.c, tcp_input.c). Both ends are here: what one sends has arrived. */
import type { Kernel } from '../../include/linux/kernel.js';
import { RCV_SHUTDOWN, SEND_SHUTDOWN } from '../../include/linux/net.js';
import { ECONNREFUSED, ECONNRESET, EPIPE } from '../../include/uapi/errno.js';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM } from '../../include/uapi/poll.js';
import { AF_INET, SOCK_STREAM } from '../../include/uapi/socket.js';
import { IPPROTO_TCP } from '../../include/uapi/in.js';
import { type Fifo, fifo_len, fifo_push, fifo_shift } from '../../lib/fifo.js';
import { type Kfifo, kfifo, kfifo_free } from '../../lib/kfifo.js';
import { type Timer, del_timer } from '../../lib/timerqueue.js';
import {
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT2,
  TCP_LISTEN,
  TCP_SYN_SENT,
  sk_wake,
  sock_linger,
} from '../core/sock.js';
import { INADDR_ANY, InetSock, inet_net, port_owners, put_port, share_port, time_wait } from './inet_sock.js';

/** net.ipv4.tcp_wmem and tcp_rmem, the middle values: what a new socket has. */
const TCP_SNDBUF = 16384;
const TCP_RCVBUF = 131072;
/** What SO_SNDBUF reads on a loopback connection of 6.18. DEVIATION: the same on every release. */
const TCP_SNDBUF_CONNECTED = 3939840;

const SHUTDOWN_MASK = RCV_SHUTDOWN | SEND_SHUTDOWN;

export class TcpSock extends InetSock {
  /** The other end, as long as the connection is known to both. */
  peer: TcpSock | null = null;
  /** Bytes that arrived and were not read. */
  readonly rcv: Kfifo = kfifo();
  /** Connections that wait for accept; null: does not listen. */
  accept_queue: Fifo<TcpSock> | null = null;
  max_ack_backlog = 0;
  /** Closed by its program: data that still arrive are answered with a reset. Linux: SOCK_DEAD. */
  dead = false;
  /** While the listener has no room: sends the SYN again; how often it did. */
  syn_timer: Timer | null = null;
  syn_retries = 0;

  constructor(kernel: Kernel) {
    super(kernel, AF_INET, SOCK_STREAM, IPPROTO_TCP);
    this.sk_sndbuf = TCP_SNDBUF;
    this.sk_rcvbuf = TCP_RCVBUF;
  }
}

export const tcp_table = (sk: TcpSock) => inet_net(sk.kernel).tcp;

/** Bytes that `sk` has sent and its peer has not read. */
export function wmem_queued(sk: TcpSock): number {
  return sk.peer === null ? 0 : sk.peer.rcv.len;
}

/** Writable again only when a third is free, so that a writer is not woken for each byte. Linux: sk_stream_is_writeable. */
export function stream_is_writeable(sk: TcpSock): boolean {
  const queued = wmem_queued(sk);
  return sk.sk_sndbuf - queued >= queued / 2;
}

function tcp_set_close(sk: TcpSock): void {
  sk.sk_state = TCP_CLOSE;
  if (!sk.port_locked) put_port(sk, tcp_table(sk));
}

/** The connection is over for this end. Linux: tcp_done. */
export function tcp_done(sk: TcpSock): void {
  tcp_set_close(sk);
  sk.sk_shutdown = SHUTDOWN_MASK;
  stop_syn_timer(sk);
  sk_wake(sk, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLRDHUP | POLLERR);
}

function stop_syn_timer(sk: TcpSock): void {
  if (sk.syn_timer === null) return;
  del_timer(sk.kernel.timers, sk.syn_timer);
  sk.syn_timer = null;
}

/** A reset arrives. Linux: tcp_reset. */
export function tcp_reset(sk: TcpSock): void {
  if (sk.sk_state === TCP_CLOSE) return;
  if (sk.sk_state === TCP_SYN_SENT) sk.sk_err = ECONNREFUSED;
  else sk.sk_err = sk.sk_state === TCP_CLOSE_WAIT ? EPIPE : ECONNRESET;
  sk.peer = null;
  tcp_done(sk);
}

/** Send a reset to the other end, and forget it. */
function send_reset(sk: TcpSock): void {
  const { peer } = sk;
  sk.peer = null;
  if (peer !== null && !peer.dead && peer.peer === sk) tcp_reset(peer);
}

/** A FIN arrives. Linux: tcp_fin. */
function tcp_fin(sk: TcpSock): void {
  sk.sk_shutdown |= RCV_SHUTDOWN;
  if (sk.sk_state === TCP_ESTABLISHED) sk.sk_state = TCP_CLOSE_WAIT;
  else if (sk.sk_state === TCP_FIN_WAIT2) {
    time_wait(sk);
    tcp_done(sk);
    return;
  }
  sk_wake(sk, POLLIN | POLLRDNORM | POLLRDHUP | (sk.sk_shutdown === SHUTDOWN_MASK ? POLLHUP : 0));
}

/** Send a FIN; it is acknowledged at once. */
export function tcp_send_fin(sk: TcpSock): void {
  const { peer, sk_state } = sk;
  if (sk_state === TCP_ESTABLISHED) sk.sk_state = TCP_FIN_WAIT2;
  if (peer !== null && !peer.dead) tcp_fin(peer);
  if (sk_state === TCP_CLOSE_WAIT) tcp_done(sk);
  else sk_wake(sk, POLLOUT);
}

/** The listener of an address: one bound to it before one bound to any; of equals the oldest. */
function lookup_listener(sk: TcpSock): TcpSock | null {
  let found: TcpSock | null = null;
  for (const owner of port_owners(tcp_table(sk), sk.inet_dport)) {
    if (owner.sk_state !== TCP_LISTEN) continue;
    if (owner.inet_saddr === sk.inet_daddr) return owner as TcpSock;
    if (owner.inet_saddr === INADDR_ANY) found ??= owner as TcpSock;
  }
  return found;
}

/** The listener's end of a new connection, with the options of the listener. */
function new_child(listener: TcpSock, sk: TcpSock): TcpSock {
  const child = new TcpSock(listener.kernel);
  child.sk_state = TCP_ESTABLISHED;
  child.inet_saddr = sk.inet_daddr;
  child.inet_daddr = sk.inet_saddr;
  child.inet_dport = sk.inet_num;
  child.sk_sndbuf = connected_sndbuf(listener.sk_sndbuf);
  child.sk_rcvbuf = listener.sk_rcvbuf;
  child.sk_rcvtimeo = listener.sk_rcvtimeo;
  child.sk_sndtimeo = listener.sk_sndtimeo;
  if (listener.sk_opts !== null) child.sk_opts = new Map(listener.sk_opts);
  child.port_locked = true;
  share_port(child, tcp_table(sk), listener.inet_num);
  child.peer = sk;
  return child;
}

/** A buffer that the program has not set grows with the connection. */
function connected_sndbuf(size: number): number {
  return size === TCP_SNDBUF ? TCP_SNDBUF_CONNECTED : size;
}

/** The SYN of `sk` arrives: refused, established, or dropped since the listener's queue is full. */
export function tcp_handshake(sk: TcpSock): void {
  const listener = lookup_listener(sk);
  if (listener === null) {
    tcp_reset(sk);
    return;
  }
  const queue = listener.accept_queue!;
  if (fifo_len(queue) > listener.max_ack_backlog) return;
  const child = new_child(listener, sk);
  stop_syn_timer(sk);
  sk.peer = child;
  sk.sk_state = TCP_ESTABLISHED;
  sk.sk_sndbuf = connected_sndbuf(sk.sk_sndbuf);
  fifo_push(queue, child);
  sk_wake(listener, POLLIN | POLLRDNORM);
  sk_wake(sk, POLLOUT | POLLWRNORM);
}

/** No more connections: those that nobody took are reset. Linux: inet_csk_listen_stop. */
export function listen_stop(sk: TcpSock): void {
  const queue = sk.accept_queue;
  sk.accept_queue = null;
  if (queue === null) return;
  for (let child = fifo_shift(queue); child !== undefined; child = fifo_shift(queue)) {
    child.dead = true;
    send_reset(child);
    child.sk_state = TCP_CLOSE;
    put_port(child, tcp_table(child));
    kfifo_free(child.kernel.pages, child.rcv);
  }
}

/** The program has closed its last descriptor. Linux: tcp_close. */
export function tcp_close(sk: TcpSock): void {
  const { sk_state } = sk;
  const unread = sk.rcv.len > 0;
  sk.dead = true;
  sk.sk_socket = null;
  sk.sk_shutdown = SHUTDOWN_MASK;
  stop_syn_timer(sk);
  kfifo_free(sk.kernel.pages, sk.rcv);
  const connected = sk_state === TCP_ESTABLISHED || sk_state === TCP_CLOSE_WAIT || sk_state === TCP_FIN_WAIT2;
  if (sk_state === TCP_LISTEN) listen_stop(sk);
  else if (connected && (unread || sock_linger(sk) === 0)) send_reset(sk);
  else if (connected) {
    // The end that closes first waits; the other one is done.
    if (sk_state !== TCP_CLOSE_WAIT) time_wait(sk);
    if (sk_state !== TCP_FIN_WAIT2 && sk.peer !== null && !sk.peer.dead) tcp_fin(sk.peer);
  }
  sk.sk_state = TCP_CLOSE;
  put_port(sk, tcp_table(sk));
}

/** Back to a socket that was never connected. Linux: tcp_disconnect. */
export function tcp_disconnect(sk: TcpSock): void {
  const { sk_state } = sk;
  if (sk_state === TCP_LISTEN) listen_stop(sk);
  else if (sk_state !== TCP_CLOSE) {
    if (sk_state !== TCP_SYN_SENT) send_reset(sk);
    sk.sk_err = ECONNRESET;
  }
  stop_syn_timer(sk);
  kfifo_free(sk.kernel.pages, sk.rcv);
  sk.peer = null;
  sk.inet_dport = 0;
  sk.inet_daddr = INADDR_ANY;
  if (!sk.addr_locked) sk.inet_saddr = INADDR_ANY;
  sk.sk_shutdown = 0;
  tcp_set_close(sk);
  sk_wake(sk, POLLERR | POLLHUP | POLLIN | POLLOUT);
}
