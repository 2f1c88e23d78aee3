/** Sends that have not been read, and what they count (net/core/skbuff.c, as far as AF_UNIX shows it). */
import { POLLOUT, POLLWRBAND, POLLWRNORM } from '../../include/uapi/poll.js';
import { fifo_len } from '../../lib/fifo.js';
import type { Timespec64 } from '../../include/linux/timekeeping.js';
import type { ScmCookie } from '../core/scm.js';
import { TCP_LISTEN, sk_wake } from '../core/sock.js';
import type { UnixSock } from './af_unix.js';
import { unix_destruct_scm } from './scm.js';

/** One send that has not been read: a datagram or record, or the trace of a write to a stream. */
export interface UnixSkb {
  /** The datagram, or the byte out of band; null on a stream, whose bytes stand in `stream`. */
  readonly data: Uint8Array | null;
  /** Bytes that are left of it. */
  len: number;
  /** What it counts against the sender's buffer. */
  readonly truesize: number;
  readonly sender: UnixSock;
  /** Credentials and descriptors that go along; null: none. */
  readonly scm: ScmCookie | null;
  /** An empty one that was peeked at with SO_PEEK_OFF. */
  peeked?: boolean;
  /** When it was sent, if the receiver wants to know. */
  stamp?: Timespec64;
}

const PAGE_SIZE = 4096;
/** sizeof(struct sk_buff) and sizeof(struct skb_shared_info), aligned. */
const SKB_OVERHEAD = 256;
const SKB_INFO = 320;
/** The most that fits one page beside the bookkeeping; more goes to pages of its own. Linux: SKB_MAX_HEAD(0). */
export const SKB_MAX_HEAD = PAGE_SIZE - SKB_INFO;
/** The same for four pages in a row. Linux: SKB_MAX_ALLOC. */
export const SKB_MAX_ALLOC = 4 * PAGE_SIZE - SKB_INFO;

/** The most in pages of its own; what is left goes to the first part. Linux: MAX_SKB_FRAGS. */
const MAX_PAGED = 17 * PAGE_SIZE;

/** What a buffer of `len` bytes counts against SO_SNDBUF; `head`: what its first part can hold. Checked against Linux 6.18. */
export function skb_truesize(len: number, head: number): number {
  if (len <= 192) return SKB_OVERHEAD + 512;
  const paged = len > head ? Math.min(len, Math.ceil(Math.min(len - head, MAX_PAGED) / PAGE_SIZE) * PAGE_SIZE) : 0;
  const linear = ((len - paged + 63) & ~63) + SKB_INFO;
  return SKB_OVERHEAD + 2 ** (32 - Math.clz32(linear - 1)) + Math.ceil(paged / PAGE_SIZE) * PAGE_SIZE;
}

export function unix_writable(sk: UnixSock): boolean {
  return sk.sk_state !== TCP_LISTEN && sk.wmem * 4 <= sk.sk_sndbuf;
}

/** A buffer was read: its sender may have room again. Linux: sock_wfree. */
export function skb_free(skb: UnixSkb): void {
  const { sender } = skb;
  if (skb.scm !== null) unix_destruct_scm(skb);
  sender.wmem -= skb.truesize;
  if (sender.sk_wait.first !== null && unix_writable(sender)) sk_wake(sender, POLLOUT | POLLWRNORM | POLLWRBAND);
}

export function unix_recvq_full(sk: UnixSock): boolean {
  return fifo_len(sk.sk_receive_queue) > sk.max_ack_backlog;
}
