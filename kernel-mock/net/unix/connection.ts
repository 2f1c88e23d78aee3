/** AF_UNIX connections, of streams and of records (net/unix/af_unix.c unix_listen, unix_stream_connect, unix_accept, unix_socketpair). */
import { RCV_SHUTDOWN, SS_CONNECTED, type SockAddr, type Socket } from '../../include/linux/net.js';
import type { Result, Sleep, Task } from '../../include/linux/sched.js';
import { EAGAIN, ECONNREFUSED, EINVAL, EISCONN } from '../../include/uapi/errno.js';
import { O_NONBLOCK } from '../../include/uapi/fcntl.js';
import { POLLIN, POLLOUT, POLLRDNORM } from '../../include/uapi/poll.js';
import { fifo, fifo_len, fifo_push, fifo_shift } from '../../lib/fifo.js';
import { finish_wait, prepare_to_wait, schedule_timeout, signal_pending, wake_up_all } from '../../kernel/wait.js';
import {
  TCP_CLOSE,
  TCP_ESTABLISHED,
  TCP_LISTEN,
  copy_peercred,
  init_peercred,
  sk_wake,
  sock_graft,
  sock_intr_errno,
} from '../core/sock.js';
import {
  type UnixSock,
  connection_based,
  unix_autobind,
  unix_create1,
  unix_find_other,
  unix_mkname,
  unix_sk,
  wake_peer_wait,
} from './af_unix.js';
import { unix_may_passcred } from './scm.js';

/** -EINVAL (not bound, or in another state). Linux: unix_listen. */
export function unix_listen(sock: Socket, backlog: number): number {
  const sk = unix_sk(sock);
  if (sk.addr === null) return -EINVAL;
  if (sk.sk_state !== TCP_CLOSE && sk.sk_state !== TCP_LISTEN) return -EINVAL;
  if (backlog > sk.max_ack_backlog) wake_up_all(sk.peer_wait, POLLOUT);
  sk.max_ack_backlog = backlog;
  sk.sk_state = TCP_LISTEN;
  init_peercred(sk);
  sk.accept_queue ??= fifo();
  return 0;
}

/** Try to connect: 0, -errno, or -EAGAIN while the listener's queue is full. */
function try_connect(task: Task, sk: UnixSock, name: SockAddr): number {
  const other = unix_find_other(task, name, sk.sk_type);
  if (typeof other === 'number') return other;
  if (other.accept_queue === null || other.sk_state !== TCP_LISTEN || (other.sk_shutdown & RCV_SHUTDOWN) !== 0)
    return -ECONNREFUSED;
  if (fifo_len(other.accept_queue) > other.max_ack_backlog) return -EAGAIN;
  if (sk.sk_state !== TCP_CLOSE) return sk.sk_state === TCP_ESTABLISHED ? -EISCONN : -EINVAL;
  const newsk = unix_create1(sk.kernel, sk.sk_type);
  newsk.addr = other.addr;
  newsk.sk_state = TCP_ESTABLISHED;
  newsk.peer = sk;
  init_peercred(newsk);
  if (sk.kernel.release.unix_scm_inherit) newsk.sk_scm_recv_flags = other.sk_scm_recv_flags;
  copy_peercred(sk, other);
  sk.peer = newsk;
  sk.sk_state = TCP_ESTABLISHED;
  fifo_push(other.accept_queue, newsk);
  sk_wake(other, POLLIN | POLLRDNORM);
  return 0;
}

function* connect_sleep(task: Task, sock: Socket, name: SockAddr, timeo: number): Sleep {
  const sk = unix_sk(sock);
  let left = timeo;
  for (;;) {
    const err = try_connect(task, sk, name);
    if (err === 0) sock.state = SS_CONNECTED;
    if (err !== -EAGAIN || left === 0) return err;
    const other = unix_find_other(task, name, sk.sk_type);
    if (typeof other === 'number') return other;
    try {
      prepare_to_wait(other.peer_wait, task, true, 'room in the queue of a listening socket');
      if (signal_pending(task)) return sock_intr_errno(left);
      left = yield* schedule_timeout(task, left);
    } finally {
      finish_wait(task);
    }
  }
}

/** -EINVAL (address), -ENOENT, -ECONNREFUSED, -EPROTOTYPE, -EAGAIN (queue full), -EISCONN, -EINVAL. Linux: unix_stream_connect. */
export function unix_stream_connect(task: Task, sock: Socket, addr: SockAddr, flags: number): Result {
  const name = unix_mkname(addr);
  if (typeof name === 'number') return name;
  const sk = unix_sk(sock);
  if (unix_may_passcred(sk) && sk.addr === null) unix_autobind(sk);
  const err = try_connect(task, sk, name);
  if (err === 0) sock.state = SS_CONNECTED;
  const timeo = (flags & O_NONBLOCK) !== 0 ? 0 : sk.sk_sndtimeo;
  return err === -EAGAIN && timeo !== 0 ? connect_sleep(task, sock, name, timeo) : err;
}

export function unix_socketpair(sock1: Socket, sock2: Socket): number {
  const ska = unix_sk(sock1);
  const skb = unix_sk(sock2);
  ska.peer = skb;
  skb.peer = ska;
  init_peercred(ska);
  init_peercred(skb);
  if (connection_based(ska)) {
    ska.sk_state = TCP_ESTABLISHED;
    skb.sk_state = TCP_ESTABLISHED;
  }
  sock1.state = SS_CONNECTED;
  sock2.state = SS_CONNECTED;
  return 0;
}

function take_connection(sk: UnixSock, newsock: Socket): boolean {
  const tsk = fifo_shift(sk.accept_queue!);
  if (tsk === undefined) return false;
  wake_peer_wait(sk);
  newsock.state = SS_CONNECTED;
  sock_graft(tsk, newsock);
  return true;
}

function* accept_sleep(task: Task, sk: UnixSock, newsock: Socket, timeo: number): Sleep {
  let left = timeo;
  try {
    for (;;) {
      prepare_to_wait(sk.sk_wait, task, true, 'a connection on a UNIX socket');
      if (take_connection(sk, newsock)) return 0;
      if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) return -EINVAL;
      if (left === 0) return -EAGAIN;
      if (signal_pending(task)) return sock_intr_errno(left);
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
}

/** -EINVAL (not listening), -EAGAIN, -EINVAL (shut down). Linux: unix_accept. */
export function unix_accept(task: Task, sock: Socket, newsock: Socket, flags: number): Result {
  const sk = unix_sk(sock);
  if (sk.sk_state !== TCP_LISTEN) return -EINVAL;
  if (take_connection(sk, newsock)) return 0;
  // ABI: the shutdown is seen by who may wait only.
  const timeo = (flags & O_NONBLOCK) !== 0 ? 0 : sk.sk_rcvtimeo;
  return timeo === 0 ? -EAGAIN : accept_sleep(task, sk, newsock, timeo);
}
