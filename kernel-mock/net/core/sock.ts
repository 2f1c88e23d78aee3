/** What the socks of every protocol have in common: state, options that are kept, time limits (net/core/sock.c). */
import type { Cred } from '../../include/linux/cred.js';
import type { Kernel } from '../../include/linux/kernel.js';
import type { Sock, Socket } from '../../include/linux/net.js';
import type { ThreadGroup } from '../../include/linux/sched.js';
import { EINTR, ERESTARTSYS } from '../../include/uapi/errno.js';
import { MSG_DONTWAIT, MSG_PEEK, SOL_SOCKET, SO_LINGER } from '../../include/uapi/socket.js';
import { put_u32 } from '../../lib/bytes.js';
import { wait_queue_head, wake_up, wake_up_all } from '../../kernel/wait.js';

/** States of a connection (include/net/tcp_states.h); AF_UNIX uses CLOSE, LISTEN and ESTABLISHED of them. */
export const TCP_ESTABLISHED = 1;
export const TCP_SYN_SENT = 2;
export const TCP_FIN_WAIT1 = 4;
export const TCP_FIN_WAIT2 = 5;
export const TCP_TIME_WAIT = 6;
export const TCP_CLOSE = 7;
export const TCP_CLOSE_WAIT = 8;
export const TCP_LAST_ACK = 9;
export const TCP_LISTEN = 10;

/** net.core.wmem_default and rmem_default of x86-64: 256 packets of 256 bytes with their overhead. */
export const SK_WMEM_DEFAULT = 212992;
/**
 * struct sock with its defaults; protocols extend it with fields of their own. A class only because that is how V8 makes a
 * large record fast: an object spread of this size takes 20 µs.
 */
export class SockCommon implements Sock {
  readonly kernel: Kernel;
  sk_family: number;
  readonly sk_type: number;
  readonly sk_protocol: number;
  sk_state = TCP_CLOSE;
  sk_shutdown = 0;
  sk_err = 0;
  sk_sndbuf = SK_WMEM_DEFAULT;
  sk_rcvbuf = SK_WMEM_DEFAULT;
  readonly sk_wait = wait_queue_head();
  sk_socket: Socket | null = null;
  sk_rcvtimeo = Infinity;
  sk_sndtimeo = Infinity;
  sk_opts: Map<number, number> | null = null;
  sk_scm_recv_flags = 0;
  sk_peer_group: ThreadGroup | null = null;
  sk_peer_cred: Cred | null = null;
  sk_peek_off = -1;
  sk_incoming_cpu = -1;

  constructor(kernel: Kernel, family: number, type: number, protocol: number) {
    this.kernel = kernel;
    this.sk_family = family;
    this.sk_type = type;
    this.sk_protocol = protocol;
  }
}

/** Tie `sk` to the socket that user space sees. Linux: sock_graft. */
export function sock_graft(sk: Sock, sock: Socket): void {
  sk.sk_socket = sock;
  sock.sk = sk;
}

/** How long a receive on `sk` may sleep, in nanoseconds; 0: not at all. */
export function sock_rcvtimeo(sk: Sock, flags: number): number {
  return (flags & MSG_DONTWAIT) !== 0 ? 0 : sk.sk_rcvtimeo;
}

export function sock_sndtimeo(sk: Sock, flags: number): number {
  return (flags & MSG_DONTWAIT) !== 0 ? 0 : sk.sk_sndtimeo;
}

/** What a signal makes of a sleep that had a time limit: EINTR, since it cannot be begun again. Linux: sock_intr_errno. */
export function sock_intr_errno(timeo: number): number {
  return timeo === Infinity ? -ERESTARTSYS : -EINTR;
}

/** Take the pending error: -errno, or 0. */
export function sock_error(sk: Sock): number {
  const err = sk.sk_err;
  sk.sk_err = 0;
  return err === 0 ? 0 : -err;
}

/** Something changed that poll shows as `key`. */
export function sk_wake(sk: Sock, key: number): void {
  if (sk.sk_wait.first !== null) wake_up(sk.sk_wait, key);
}

/** The state changed, for everybody: every sleeper looks again, exclusive or not. Linux: sock_def_wakeup. */
export function sk_state_change(sk: Sock): void {
  if (sk.sk_wait.first !== null) wake_up_all(sk.sk_wait);
}

/** Who runs now is who the other end will see. Linux: init_peercred. */
export function init_peercred(sk: Sock): void {
  const current = sk.kernel.current!;
  sk.sk_peer_group = current.group;
  sk.sk_peer_cred = current.cred;
}

export function copy_peercred(sk: Sock, peer: Sock): void {
  sk.sk_peer_group = peer.sk_peer_group;
  sk.sk_peer_cred = peer.sk_peer_cred;
}

/** An option that is only kept; `initial` until the program sets it. */
export function sock_opt(sk: Sock, level: number, optname: number, initial = 0): number {
  return sk.sk_opts?.get((level << 16) | optname) ?? initial;
}

export function set_sock_opt(sk: Sock, level: number, optname: number, value: number): void {
  sk.sk_opts ??= new Map();
  sk.sk_opts.set((level << 16) | optname, value);
}

/** Where a receive with `flags` begins: SO_PEEK_OFF is for peeks. */
export function sk_peek_offset(sk: Sock, flags: number): number {
  return (flags & MSG_PEEK) !== 0 && sk.sk_peek_off > 0 ? sk.sk_peek_off : 0;
}

/** What a queue holds, as far as a peek looks at it. */
interface Peeked {
  /** An empty one that was peeked at. */
  peeked?: boolean;
}

/**
 * The message that a peek at SO_PEEK_OFF finds, and where in it that place is. ABI: an empty message is found once. Linux:
 * __skb_try_recv_from_queue.
 */
export function skb_peek_at<T extends Peeked>(
  queue: readonly T[],
  off: number,
  len: (skb: T) => number,
): { skb: T; skip: number } | undefined {
  let skip = off;
  for (const skb of queue) {
    const n = len(skb);
    if (skip >= n && (skip > 0 || skb.peeked === true)) {
      skip -= n;
      continue;
    }
    if (n === 0) skb.peeked = true;
    return { skb, skip };
  }
  return undefined;
}

/** Bytes in front of SO_PEEK_OFF are gone. */
export function sk_peek_offset_bwd(sk: Sock, n: number): void {
  if (sk.sk_peek_off > 0) sk.sk_peek_off = Math.max(sk.sk_peek_off - n, 0);
}

export function sk_peek_offset_fwd(sk: Sock, n: number): void {
  if (sk.sk_peek_off >= 0) sk.sk_peek_off += n;
}

/** An int as getsockopt gives it. */
export function int_opt(value: number): Uint8Array {
  const raw = new Uint8Array(4);
  put_u32(raw, 0, value);
  return raw;
}

/** SO_LINGER in seconds; -1: off. */
export function sock_linger(sk: Sock): number {
  return sock_opt(sk, SOL_SOCKET, SO_LINGER, -1);
}
