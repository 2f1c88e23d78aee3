/** Connections in TIME_WAIT: what is left of the end that closed first (net/ipv4/inet_timewait_sock.c). */
import type { Kernel } from '../../include/linux/kernel.js';
import { ktime_get } from '../../kernel/time.js';
import { type InetBindBucket, inet_bind_bucket_destroy, inet_net } from './inet_hashtables.js';
import { type InetAddr, type InetSock, sk_reuse, sk_reuseport } from './inet_sock.js';

/**
 * struct inet_timewait_sock. It has no timer: nobody waits for its end, so it is enough that whoever looks at its port
 * looks at the clock too. A kernel is thus never kept running, nor woken, by connections of the past.
 */
export interface InetTimewaitSock {
  readonly tw_rcv_saddr: InetAddr;
  readonly tw_daddr: InetAddr;
  readonly tw_dport: number;
  readonly tw_reuse: boolean;
  readonly tw_reuseport: boolean;
  /** CLOCK_MONOTONIC at its end, in nanoseconds. */
  readonly tw_expires: number;
  /** The bucket of its local port; null: gone. */
  tw_bucket: InetBindBucket | null;
  /** Neighbours in the bucket. */
  bind_prev: InetTimewaitSock | null;
  bind_next: InetTimewaitSock | null;
  /** Neighbours in the row of all of them, oldest first. */
  death_prev: InetTimewaitSock | null;
  death_next: InetTimewaitSock | null;
}

/** Every connection in TIME_WAIT. */
export interface DeathRow {
  first: InetTimewaitSock | null;
  last: InetTimewaitSock | null;
  count: number;
}

/** net.ipv4.tcp_max_tw_buckets, which Linux chooses by the size of memory: beyond it a connection ends without TIME_WAIT. */
const MAX_TW_BUCKETS = 8192;

/** Leave the port of `sk` in TIME_WAIT for `ns`. Null: too many are there. Linux: inet_twsk_alloc, inet_twsk_hashdance. */
export function inet_twsk_alloc(sk: InetSock, ns: number): InetTimewaitSock | null {
  const row = inet_net(sk.kernel).death_row;
  const now = ktime_get(sk.kernel);
  while (row.first !== null && row.first.tw_expires <= now) inet_twsk_kill(sk.kernel, row.first);
  const bucket = sk.bind_bucket;
  if (bucket === null || row.count >= MAX_TW_BUCKETS) return null;
  const tw: InetTimewaitSock = {
    tw_rcv_saddr: sk.inet_rcv_saddr,
    tw_daddr: sk.inet_daddr,
    tw_dport: sk.inet_dport,
    tw_reuse: sk_reuse(sk),
    tw_reuseport: sk_reuseport(sk),
    tw_expires: now + ns,
    tw_bucket: bucket,
    bind_prev: null,
    bind_next: bucket.timewait,
    death_prev: row.last,
    death_next: null,
  };
  if (bucket.timewait !== null) bucket.timewait.bind_prev = tw;
  bucket.timewait = tw;
  if (row.last === null) row.first = tw;
  else row.last.death_next = tw;
  row.last = tw;
  row.count++;
  return tw;
}

/** Its time is over, or a segment ended it early. */
export function inet_twsk_kill(kernel: Kernel, tw: InetTimewaitSock): void {
  const bucket = tw.tw_bucket;
  if (bucket === null) return;
  tw.tw_bucket = null;
  if (tw.bind_prev === null) bucket.timewait = tw.bind_next;
  else tw.bind_prev.bind_next = tw.bind_next;
  if (tw.bind_next !== null) tw.bind_next.bind_prev = tw.bind_prev;
  const row = inet_net(kernel).death_row;
  if (tw.death_prev === null) row.first = tw.death_next;
  else tw.death_prev.death_next = tw.death_next;
  if (tw.death_next === null) row.last = tw.death_prev;
  else tw.death_next.death_prev = tw.death_prev;
  row.count--;
  inet_bind_bucket_destroy(bucket);
}

/** Drop the ones of `bucket` whose time is over. Must not be relied on to keep the bucket. */
export function inet_twsk_expire(kernel: Kernel, bucket: InetBindBucket): void {
  const now = ktime_get(kernel);
  for (let tw = bucket.timewait; tw !== null;) {
    const next = tw.bind_next;
    if (tw.tw_expires <= now) inet_twsk_kill(kernel, tw);
    tw = next;
  }
}
