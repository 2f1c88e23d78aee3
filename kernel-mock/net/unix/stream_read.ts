/**
 * Reading the queue of an AF_UNIX stream send by send, where more than bytes is in it: credentials, descriptors, bytes out of band
 * (net/unix/af_unix.c unix_stream_read_generic, manage_oob).
 */
import type { MsgHdr } from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import { EFAULT } from '../../include/uapi/errno.js';
import { MSG_PEEK } from '../../include/uapi/socket.js';
import { fifo_len, fifo_shift } from '../../lib/fifo.js';
import { kfifo_skip } from '../../lib/kfifo.js';
import { copy_to_iter, fault_in } from '../../mm/iov_iter.js';
import { sk_peek_offset_bwd, sk_peek_offset_fwd } from '../core/sock.js';
import { type ScmCookie, scm_cookie } from '../core/scm.js';
import type { UnixSock } from './af_unix.js';
import { manage_oob } from './oob.js';
import { unix_may_passcred, unix_skb_scm_eq, unix_skb_to_scm, unix_take_fds } from './scm.js';
import { type UnixSkb, skb_free } from './skbuff.js';

/** A receive that is under way. */
export interface StreamRead {
  /** Bytes so far; -EFAULT if there were none. */
  copied: number;
  /** With so many it is complete although more would fit. */
  readonly target: number;
  /** What came along; null: nothing yet. */
  scm: ScmCookie | null;
  /** `scm` holds the credentials of the first writer: the bytes of another one are not joined to his. */
  check_creds: boolean;
}

export function stream_read(copied: number, target: number): StreamRead {
  return { copied, target, scm: null, check_creds: false };
}

/** The bytes of `skb` that stand in the ring: one out of band has its own. */
function ring_len(skb: UnixSkb): number {
  return skb.data === null ? skb.len : 0;
}

/** Copy `n` bytes of `skb` from its `skip` on; the ring holds them at `at`. */
function copy_skb(task: Task, sk: UnixSock, skb: UnixSkb, at: number, skip: number, n: number, msg: MsgHdr): number {
  const { iter } = msg;
  if (n === 0) return 0;
  if (!fault_in(task.mm, iter, n)) return -EFAULT;
  if (skb.data !== null) return copy_to_iter(task.mm, iter, skb.data, skip, n);
  const { buf, out } = sk.stream;
  const from = (out + at + skip) & (buf.length - 1);
  const first = Math.min(n, buf.length - from);
  copy_to_iter(task.mm, iter, buf, from, first);
  return n > first ? copy_to_iter(task.mm, iter, buf, 0, n - first) : 0;
}

/** Does what `skb` says of its writer fit what was read before? The first one says who that is. */
function same_writer(sk: UnixSock, skb: UnixSkb, rd: StreamRead): boolean {
  if (rd.check_creds) return unix_skb_scm_eq(skb, rd.scm!);
  if (!unix_may_passcred(sk) && !sk.kernel.release.scm_always_creds) return true;
  rd.scm ??= scm_cookie();
  unix_skb_to_scm(skb, rd.scm);
  rd.check_creds = true;
  return true;
}

/** Take the descriptors of `skb`, or copies of them. Answers whether there were some. */
function take_fds(skb: UnixSkb, rd: StreamRead, peek: boolean): boolean {
  if (skb.scm === null || skb.scm.fp === null) return false;
  rd.scm ??= scm_cookie();
  unix_take_fds(skb, rd.scm, peek);
  return true;
}

/** `n` bytes of the first send were read: it goes when it is read up. True: the receive ends here. */
function consume_skb(sk: UnixSock, skb: UnixSkb, n: number, rd: StreamRead): boolean {
  skb.len -= n;
  if (skb.data === null) kfifo_skip(sk.kernel.pages, sk.stream, n);
  sk_peek_offset_bwd(sk, n);
  const fds = take_fds(skb, rd, false);
  if (skb.len > 0) return true;
  fifo_shift(sk.sk_receive_queue);
  if (skb.scm !== null || skb.data !== null) sk.nr_scm--;
  skb_free(skb);
  return fds;
}

/** Read from the queue what belongs into one receive. True: it is complete; false: the queue ended. */
export function read_queue(task: Task, sk: UnixSock, msg: MsgHdr, rd: StreamRead): boolean {
  const peek = (msg.flags & MSG_PEEK) !== 0;
  const { sk_receive_queue: queue } = sk;
  let skip = peek ? Math.max(sk.sk_peek_off, 0) : 0;
  for (let i = 0, at = 0; ;) {
    if (i >= fifo_len(queue)) return false;
    const next = manage_oob(sk, i, peek, rd.copied);
    if (next === -1) return rd.copied > 0;
    i = next;
    let skb = queue.items[queue.head + i]!;
    while (skip >= skb.len) {
      skip -= skb.len;
      at += ring_len(skb);
      if (++i >= fifo_len(queue)) return false;
      skb = queue.items[queue.head + i]!;
    }
    if (!same_writer(sk, skb, rd)) return true;
    if (msg.want_name) msg.name = skb.sender.addr;
    const n = Math.min(skb.len - skip, msg.iter.count);
    if (copy_skb(task, sk, skb, at, skip, n, msg) < 0) {
      if (rd.copied === 0) rd.copied = -EFAULT;
      return true;
    }
    rd.copied += n;
    if (!peek) {
      if (consume_skb(sk, skb, n, rd) || msg.iter.count === 0) return true;
      continue;
    }
    const fds = take_fds(skb, rd, true);
    sk_peek_offset_fwd(sk, n);
    if (fds || sk.kernel.release.unix_peek_first) return true;
    skip = 0;
    at += ring_len(skb);
    if (++i >= fifo_len(queue)) return true;
  }
}
