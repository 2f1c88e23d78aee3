/** Ports and accept queues of connection-oriented sockets (net/ipv4/inet_connection_sock.c, __inet_hash_connect). */
import { SS_CONNECTED, type Socket } from '../../include/linux/net.js';
import type { Result, Sleep, Task } from '../../include/linux/sched.js';
import { EADDRINUSE, EADDRNOTAVAIL, EAGAIN, EINVAL } from '../../include/uapi/errno.js';
import { O_NONBLOCK } from '../../include/uapi/fcntl.js';
import { TCP_CLOSE, TCP_LISTEN } from '../../include/uapi/tcp.js';
import { POLLIN, POLLRDNORM } from '../../include/uapi/poll.js';
import { fifo, fifo_len, fifo_push, fifo_shift } from '../../lib/fifo.js';
import { prandom_below } from '../../lib/prng.js';
import { add_timer, del_timer, timer } from '../../lib/timerqueue.js';
import { ktime_get } from '../../kernel/time.js';
import { finish_wait, prepare_to_wait, schedule_timeout, signal_pending } from '../../kernel/wait.js';
import { sk_wake, sock_graft, sock_intr_errno } from '../core/sock.js';
import {
  type InetBindBucket,
  PORT_COUNT,
  PORT_LOW,
  addr_overlap,
  inet_bind_hash,
  inet_hash_listener,
  inet_net,
} from './inet_hashtables.js';
import { type InetSock, sk_reuse, sk_reuseport } from './inet_sock.js';
import { inet_twsk_expire, inet_twsk_kill } from './inet_timewait_sock.js';
import type { TcpSock } from './tcp_sock.js';

// Ports.

/**
 * May `sk` not have the port beside those who hold it? `relax`: the program named the port, so that SO_REUSEADDR and
 * SO_REUSEPORT count. Linux: inet_csk_bind_conflict.
 */
function inet_csk_bind_conflict(sk: InetSock, tb: InetBindBucket, relax: boolean): boolean {
  inet_twsk_expire(sk.kernel, tb);
  const reuse = relax && sk_reuse(sk);
  const reuseport = relax && sk_reuseport(sk);
  for (let o = tb.owners; o !== null; o = o.bind_next) {
    if (o === sk || !addr_overlap(sk.inet_rcv_saddr, sk.sk_ipv6only, o.inet_rcv_saddr, o.sk_ipv6only)) continue;
    const shared = (reuse && sk_reuse(o) && o.sk_state !== TCP_LISTEN) || (reuseport && sk_reuseport(o));
    if (!shared) return true;
  }
  for (let tw = tb.timewait; tw !== null; tw = tw.bind_next) {
    if (!addr_overlap(sk.inet_rcv_saddr, sk.sk_ipv6only, tw.tw_rcv_saddr, true)) continue;
    if (!((reuse && tw.tw_reuse) || (reuseport && tw.tw_reuseport))) return true;
  }
  return false;
}

/** A free port for bind, from a random one on. Odd ones first: connect takes the even ones. 0: none. */
function inet_csk_find_open_port(sk: InetSock): number {
  const { tcp } = inet_net(sk.kernel);
  const offset = prandom_below(sk.kernel.prng, PORT_COUNT) | 1;
  for (const parity of [0, 1])
    for (let i = 0; i < PORT_COUNT; i += 2) {
      const port = PORT_LOW + ((offset + parity + i) % PORT_COUNT);
      const tb = tcp.get(port);
      if (tb === undefined || !inet_csk_bind_conflict(sk, tb, false)) return port;
    }
  return 0;
}

/** TCP's get_port, for bind and once more for listen, when the port is held already. -EADDRINUSE. */
export function inet_csk_get_port(sk: InetSock, snum: number): number {
  const { tcp } = inet_net(sk.kernel);
  const port = snum === 0 ? inet_csk_find_open_port(sk) : snum;
  if (port === 0) return -EADDRINUSE;
  const tb = tcp.get(port);
  if (snum !== 0 && tb !== undefined && inet_csk_bind_conflict(sk, tb, true)) return -EADDRINUSE;
  if (sk.bind_bucket === null) inet_bind_hash(sk, tcp, port);
  return 0;
}

/**
 * Is the connection that `sk` is to become, with its port in `tb`, there already? One in TIME_WAIT makes place.
 *
 * DEVIATION: at once, where Linux (tcp_tw_reuse = 2, loopback) lets a second pass first: a call takes a microsecond here,
 * so a program could open and close as many connections as there are ports before that second is over.
 */
function inet_check_established(sk: InetSock, tb: InetBindBucket): boolean {
  for (let o = tb.owners; o !== null; o = o.bind_next) {
    if (o === sk || o.sk_state === TCP_CLOSE || o.sk_state === TCP_LISTEN) continue;
    if (o.inet_daddr === sk.inet_daddr && o.inet_dport === sk.inet_dport && o.inet_rcv_saddr === sk.inet_rcv_saddr)
      return true;
  }
  for (let tw = tb.timewait; tw !== null; tw = tw.bind_next) {
    if (tw.tw_daddr !== sk.inet_daddr || tw.tw_dport !== sk.inet_dport || tw.tw_rcv_saddr !== sk.inet_rcv_saddr)
      continue;
    inet_twsk_kill(sk.kernel, tw);
    break;
  }
  return false;
}

/** A local port for a connection whose other end is set: the one bound to, or a free one. -EADDRNOTAVAIL. */
export function inet_hash_connect(sk: InetSock): number {
  if (sk.bind_bucket !== null) return inet_check_established(sk, sk.bind_bucket) ? -EADDRNOTAVAIL : 0;
  const { tcp } = inet_net(sk.kernel);
  const offset = prandom_below(sk.kernel.prng, PORT_COUNT) & ~1;
  for (let parity = 0; parity < 2; parity++)
    for (let i = 0; i < PORT_COUNT; i += 2) {
      const port = PORT_LOW + ((offset + i) % PORT_COUNT) + parity;
      const tb = tcp.get(port);
      if (tb !== undefined && (!tb.by_connect || inet_check_established(sk, tb))) continue;
      inet_bind_hash(sk, tcp, port, true);
      sk.inet_sport = port;
      return 0;
    }
  return -EADDRNOTAVAIL;
}

// Listening.

/** Full with one more than the backlog. */
export function sk_acceptq_is_full(sk: TcpSock): boolean {
  return fifo_len(sk.accept_queue!) > sk.max_ack_backlog;
}

/** -EADDRINUSE: somebody with whom the port is shared listens already. */
export function inet_csk_listen_start(sk: TcpSock): number {
  sk.accept_queue ??= fifo();
  // In LISTEN before the port is claimed anew, so that of two who race for it neither overlooks the other.
  sk.sk_state = TCP_LISTEN;
  const err = sk.sk_prot.get_port(sk, sk.inet_num);
  if (err < 0) {
    sk.sk_state = TCP_CLOSE;
    return err;
  }
  sk.inet_sport = sk.inet_num;
  inet_hash_listener(sk);
  return 0;
}

/** A connection is there for accept. */
export function inet_csk_reqsk_queue_add(sk: TcpSock, child: TcpSock): void {
  fifo_push(sk.accept_queue!, child);
  if (sk.sk_wait.first !== null) sk_wake(sk, POLLIN | POLLRDNORM);
}

/**
 * TCP_DEFER_ACCEPT: keep a connection back until something arrives on it, or so many seconds have passed. Until then nobody
 * has it. Linux: the request, whose handshake only its last repetition completes (tcp_check_req, reqsk_timer_handler).
 */
export function inet_csk_defer_accept(sk: TcpSock, child: TcpSock, seconds: number): void {
  child.dead = true;
  child.rsk_listener = sk;
  (sk.deferred ??= []).push(child);
  child.syn_timer = timer(() => {
    inet_csk_accept_deferred(child);
  });
  add_timer(sk.kernel.timers, child.syn_timer, ktime_get(sk.kernel) + seconds * 1e9);
}

/** Nothing keeps `child` back any more; answers with the listener that did. */
export function inet_csk_undefer(child: TcpSock): TcpSock | null {
  const sk = child.rsk_listener;
  if (sk === null) return null;
  child.rsk_listener = null;
  sk.deferred!.splice(sk.deferred!.indexOf(child), 1);
  return sk;
}

export function inet_csk_accept_deferred(child: TcpSock): void {
  const sk = inet_csk_undefer(child);
  if (sk === null) return;
  del_timer(sk.kernel.timers, child.syn_timer!);
  child.syn_timer = null;
  child.dead = false;
  inet_csk_reqsk_queue_add(sk, child);
}

/** It listens no more: who connected and was not accepted is reset. */
export function inet_csk_listen_stop(sk: TcpSock): void {
  for (let child = fifo_shift(sk.accept_queue!); child !== undefined; child = fifo_shift(sk.accept_queue!)) {
    child.dead = true;
    child.sk_prot.disconnect(child);
  }
}

/** Give `newsock` the next connection of the queue, if there is one. */
function take_connection(sk: TcpSock, newsock: Socket): boolean {
  const child = fifo_shift(sk.accept_queue!);
  if (child === undefined) return false;
  newsock.state = SS_CONNECTED;
  sock_graft(child, newsock);
  return true;
}

function* inet_csk_wait_for_connect(task: Task, sk: TcpSock, newsock: Socket, timeo: number): Sleep {
  let left = timeo;
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, true, 'a connection on a TCP socket');
      if (take_connection(sk, newsock)) return 0;
      if (sk.sk_state !== TCP_LISTEN) return -EINVAL;
      if (signal_pending(task)) return sock_intr_errno(left);
      if (left === 0) return -EAGAIN;
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
}

/** -EINVAL (not listening), -EAGAIN, -EINVAL (shut down while it slept). */
export function inet_csk_accept(task: Task, sk: TcpSock, newsock: Socket, flags: number): Result {
  if (sk.sk_state !== TCP_LISTEN) return -EINVAL;
  if (take_connection(sk, newsock)) return 0;
  const timeo = (flags & O_NONBLOCK) !== 0 ? 0 : sk.sk_rcvtimeo;
  return timeo === 0 ? -EAGAIN : inet_csk_wait_for_connect(task, sk, newsock, timeo);
}
