/** The byte out of band of an AF_UNIX stream, 5.15 (net/unix/af_unix.c queue_oob, unix_stream_recv_urg, manage_oob). */
import type { MsgHdr } from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import { EFAULT, EINVAL } from '../../include/uapi/errno.js';
import { POLLIN, POLLPRI, POLLRDBAND, POLLRDNORM } from '../../include/uapi/poll.js';
import { MSG_OOB, MSG_PEEK, SOL_SOCKET, SO_OOBINLINE } from '../../include/uapi/socket.js';
import { fifo_len, fifo_push, fifo_remove } from '../../lib/fifo.js';
import { send_sigurg } from '../../fs/fown.js';
import { copy_from_iter, copy_to_iter, fault_in } from '../../mm/iov_iter.js';
import type { ScmCookie } from '../core/scm.js';
import { sk_wake, sock_opt } from '../core/sock.js';
import type { UnixSock } from './af_unix.js';
import { SKB_MAX_HEAD, type UnixSkb, skb_free, skb_truesize } from './skbuff.js';

/** Queue the next byte of `msg`, out of band, and tell the owner of the other end by SIGURG. One that was not read becomes ordinary. */
export function queue_oob(task: Task, sk: UnixSock, other: UnixSock, msg: MsgHdr, scm: ScmCookie | null): number {
  const data = new Uint8Array(1);
  copy_from_iter(task.mm, msg.iter, data, 0, 1);
  const skb: UnixSkb = { data, len: 1, truesize: skb_truesize(1, SKB_MAX_HEAD), sender: sk, scm };
  sk.wmem += skb.truesize;
  other.nr_scm++;
  other.oob_skb = skb;
  fifo_push(other.sk_receive_queue, skb);
  if (other.sk_socket !== null && other.sk_socket.file !== null) send_sigurg(other.sk_socket.file);
  sk_wake(other, POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND);
  return 1;
}

function inline(sk: UnixSock): boolean {
  return sock_opt(sk, SOL_SOCKET, SO_OOBINLINE) !== 0;
}

/** Take `skb` out of the queue and drop it. */
function unlink_skb(sk: UnixSock, skb: UnixSkb): void {
  fifo_remove(sk.sk_receive_queue, skb);
  sk.nr_scm--;
  skb_free(skb);
}

/** What is left of `skb`, which was read, marks its place until the reader comes by; a mark just before it goes. */
function keep_mark(sk: UnixSock, skb: UnixSkb): void {
  const { items, head, tail } = sk.sk_receive_queue;
  const at = items.indexOf(skb, head);
  const before = at > head && at < tail ? items[at - 1] : undefined;
  if (before !== undefined && before.len === 0) unlink_skb(sk, before);
}

/** recv with MSG_OOB: -EINVAL (nothing there, or SO_OOBINLINE), -EFAULT, which loses the byte. */
export function unix_stream_recv_urg(task: Task, sk: UnixSock, msg: MsgHdr): number {
  const skb = sk.oob_skb;
  if (skb === null || inline(sk)) return -EINVAL;
  const peek = (msg.flags & MSG_PEEK) !== 0;
  if (!peek) {
    sk.oob_skb = null;
    keep_mark(sk, skb);
    skb.len = 0;
  }
  // ABI: without room for it the byte is lost, and counts as received.
  const n = Math.min(msg.iter.count, 1);
  if (!fault_in(task.mm, msg.iter, n)) return -EFAULT;
  copy_to_iter(task.mm, msg.iter, skb.data!, 0, n);
  msg.out_flags |= MSG_OOB;
  return 1;
}

/**
 * The index of the send to read next, from `i` on; -1: the receive stops here. A receive does not run over the byte out of
 * band; one that begins at it leaves it out, unless SO_OOBINLINE.
 */
export function manage_oob(sk: UnixSock, i: number, peek: boolean, copied: number): number {
  const { sk_receive_queue: queue } = sk;
  let at = i;
  let skb = queue.items[queue.head + at]!;
  if (skb.len > 0 && skb !== sk.oob_skb) return at;
  if (skb.len === 0) {
    if (copied > 0 && sk.oob_skb === null) return -1;
    if (peek) at++;
    else unlink_skb(sk, skb);
    if (at >= fifo_len(queue)) return -1;
    skb = queue.items[queue.head + at]!;
  }
  if (skb !== sk.oob_skb) return at;
  if (copied > 0) return -1;
  if (!peek) {
    sk.oob_skb = null;
    if (inline(sk)) return at;
    sk.inq_lost++;
    unlink_skb(sk, skb);
  } else if (!inline(sk)) at++;
  return at < fifo_len(queue) ? at : -1;
}
