/** What a receive tells of a packet whatever its family: when it came, what was lost before it (net/socket.c __sock_recv_cmsgs, net/core/timestamping.c). */
import type { MsgHdr, Sock } from '../include/linux/net.js';
import type { Task } from '../include/linux/sched.js';
import type { Timespec64 } from '../include/linux/timekeeping.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { SOF_TIMESTAMPING_RX_SOFTWARE, SOF_TIMESTAMPING_SOFTWARE } from '../include/uapi/net_tstamp.js';
import {
  SOL_SOCKET,
  SO_MARK,
  SO_PRIORITY,
  SO_RCVMARK,
  SO_RCVPRIORITY,
  SO_RXQ_OVFL,
  SO_TIMESTAMP,
  SO_TIMESTAMPING,
  SO_TIMESTAMPNS_NEW,
  SO_TIMESTAMPNS_OLD,
} from '../include/uapi/socket.js';
import { put_u64 } from '../lib/bytes.js';
import { ktime_get_real } from '../kernel/time.js';
import { put_cmsg } from './core/scm.js';
import { int_opt, sock_opt } from './core/sock.js';

const NSEC_PER_USEC = 1000;
const { timespec: TIMESPEC } = layout_x86_64;

/** Has the time at which a packet arrives to be kept for `sk`? Linux: netstamp_needed, which one socket turns on for all. */
export function sock_wants_stamp(sk: Sock): boolean {
  if (sk.sk_opts === null) return false;
  const ing = sock_opt(sk, SOL_SOCKET, SO_TIMESTAMPING);
  return sock_opt(sk, SOL_SOCKET, SO_TIMESTAMP) !== 0 || (ing & SOF_TIMESTAMPING_RX_SOFTWARE) !== 0;
}

/** A struct timespec, or with `unit` a struct timeval. */
export function put_stamp(raw: Uint8Array, at: number, { sec, nsec }: Timespec64, unit = 1): void {
  put_u64(raw, at + TIMESPEC.tv_sec, sec);
  put_u64(raw, at + TIMESPEC.tv_nsec, Math.floor(nsec / unit));
}

/** `stamp`: null if the time was not kept; it is then now. Linux: __sock_recv_timestamp. */
export function sock_recv_timestamp(task: Task, sk: Sock, msg: MsgHdr, stamp: Timespec64 | null): void {
  const option = sock_opt(sk, SOL_SOCKET, SO_TIMESTAMP);
  const ing = sock_opt(sk, SOL_SOCKET, SO_TIMESTAMPING);
  if (option === 0 && ing === 0) return;
  const when = stamp ?? (option === 0 ? null : ktime_get_real(task.kernel));
  if (option !== 0) {
    const raw = new Uint8Array(TIMESPEC.size);
    put_stamp(raw, 0, when!, option === SO_TIMESTAMPNS_OLD || option === SO_TIMESTAMPNS_NEW ? 1 : NSEC_PER_USEC);
    put_cmsg(task, msg, SOL_SOCKET, option, raw);
  }
  if ((ing & SOF_TIMESTAMPING_SOFTWARE) === 0 || when === null) return;
  // struct scm_timestamping: by the kernel, and twice by a device, which none has done.
  const raw = new Uint8Array(3 * TIMESPEC.size);
  put_stamp(raw, 0, when);
  put_cmsg(task, msg, SOL_SOCKET, SO_TIMESTAMPING, raw);
}

/** What the packet itself carries of this. */
export interface SkbCmsgs {
  readonly stamp: Timespec64 | null;
  /** Packets that did not fit the queue before this one, as far as SO_RXQ_OVFL had them counted. */
  readonly dropcount: number;
  readonly mark: number;
  readonly priority: number;
}

/** For a socket that has options: the time, packets lost, mark, priority. Linux: __sock_recv_cmsgs. */
export function sock_recv_cmsgs(task: Task, sk: Sock, msg: MsgHdr, skb: SkbCmsgs): void {
  sock_recv_timestamp(task, sk, msg, skb.stamp);
  if (skb.dropcount !== 0 && sock_opt(sk, SOL_SOCKET, SO_RXQ_OVFL) !== 0)
    put_cmsg(task, msg, SOL_SOCKET, SO_RXQ_OVFL, int_opt(skb.dropcount));
  if (sock_opt(sk, SOL_SOCKET, SO_RCVMARK) !== 0) put_cmsg(task, msg, SOL_SOCKET, SO_MARK, int_opt(skb.mark));
  if (sock_opt(sk, SOL_SOCKET, SO_RCVPRIORITY) !== 0)
    put_cmsg(task, msg, SOL_SOCKET, SO_PRIORITY, int_opt(skb.priority));
}
