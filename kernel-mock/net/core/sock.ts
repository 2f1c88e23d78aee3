/** What the socks of every protocol have in common: state, options of SOL_SOCKET, time limits (net/core/sock.c). */
import type { Cred } from '../../include/linux/cred.js';
import type { Kernel } from '../../include/linux/kernel.js';
import {
  SCM_RECV_CREDENTIALS,
  SCM_RECV_PIDFD,
  SCM_RECV_RIGHTS,
  type Sock,
  type Socket,
} from '../../include/linux/net.js';
import type { Task, ThreadGroup } from '../../include/linux/sched.js';
import { EDOM, EINTR, EINVAL, ENOPROTOOPT, EOPNOTSUPP, ERESTARTSYS } from '../../include/uapi/errno.js';
import { layout_x86_64 } from '../../include/uapi/layout.js';
import {
  AF_INET,
  AF_UNIX,
  MSG_DONTWAIT,
  SOL_SOCKET,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_DEBUG,
  SO_DOMAIN,
  SO_DONTROUTE,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_NO_CHECK,
  SO_OOBINLINE,
  SO_PASSCRED,
  SO_PASSPIDFD,
  SO_PASSRIGHTS,
  SO_PEEK_OFF,
  SO_PEERCRED,
  SO_PRIORITY,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDLOWAT,
  SO_SNDTIMEO,
  SO_TIMESTAMP,
  SO_TYPE,
} from '../../include/uapi/socket.js';
import { get_s32, get_s64, get_u32, put_u32, put_u64 } from '../../lib/bytes.js';
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
const SOCK_MIN_SNDBUF = 4608;
const SOCK_MIN_RCVBUF = 2304;

const NSEC_PER_SEC = 1e9;
const NSEC_PER_USEC = 1e3;

/**
 * struct sock with its defaults; protocols extend it with fields of their own. A class only because that is how V8 makes a
 * large record fast: an object spread of this size takes 20 µs.
 */
export class SockCommon implements Sock {
  readonly kernel: Kernel;
  readonly sk_family: number;
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

/** The state changed, for everybody: every sleeper looks again, exclusive or not. Linux: sock_def_wakeup. */
export function sk_state_change(sk: Sock): void {
  if (sk.sk_wait.first !== null) wake_up_all(sk.sk_wait);
}

/** An option that is only kept; `initial` until the program sets it. */
export function sock_opt(sk: Sock, level: number, optname: number, initial = 0): number {
  return sk.sk_opts?.get((level << 16) | optname) ?? initial;
}

export function set_sock_opt(sk: Sock, level: number, optname: number, value: number): void {
  sk.sk_opts ??= new Map();
  sk.sk_opts.set((level << 16) | optname, value);
}

/** An int as getsockopt gives it. */
export function int_opt(value: number): Uint8Array {
  const raw = new Uint8Array(4);
  put_u32(raw, 0, value);
  return raw;
}

function linger_opt(sk: Sock): Uint8Array {
  const raw = new Uint8Array(8);
  const seconds = sock_opt(sk, SOL_SOCKET, SO_LINGER, -1);
  put_u32(raw, 0, seconds >= 0 ? 1 : 0);
  put_u32(raw, 4, Math.max(seconds, 0));
  return raw;
}

/** SO_LINGER in seconds; -1: off. */
export function sock_linger(sk: Sock): number {
  return sock_opt(sk, SOL_SOCKET, SO_LINGER, -1);
}

function timeo_opt(ns: number): Uint8Array {
  const { size, tv_sec, tv_usec } = layout_x86_64.timeval;
  const raw = new Uint8Array(size);
  if (ns === Infinity) return raw;
  put_u64(raw, tv_sec, Math.floor(ns / NSEC_PER_SEC));
  put_u64(raw, tv_usec, Math.floor((ns % NSEC_PER_SEC) / NSEC_PER_USEC));
  return raw;
}

/** A timeval as nanoseconds; zero means no limit. -EINVAL (too short), -EDOM (microseconds). Linux: sock_set_timeout. */
function get_timeo(optval: Uint8Array): number {
  const { size, tv_sec, tv_usec } = layout_x86_64.timeval;
  if (optval.length < size) return -EINVAL;
  const sec = get_s64(optval, tv_sec);
  const usec = get_s64(optval, tv_usec);
  if (usec < 0 || usec >= 1e6) return -EDOM;
  if (sec < 0) return 0;
  return sec === 0 && usec === 0 ? Infinity : sec * NSEC_PER_SEC + usec * NSEC_PER_USEC;
}

type SetOption = (task: Task, sk: Sock, val: number, optval: Uint8Array) => number;
type GetOption = (sk: Sock) => Uint8Array | number;

const keep_bool =
  (optname: number): SetOption =>
  (_task, sk, val) => {
    set_sock_opt(sk, SOL_SOCKET, optname, val !== 0 ? 1 : 0);
    return 0;
  };
const keep_int =
  (optname: number): SetOption =>
  (_task, sk, val) => {
    set_sock_opt(sk, SOL_SOCKET, optname, val);
    return 0;
  };
const kept =
  (optname: number, initial = 0): GetOption =>
  (sk) =>
    int_opt(sock_opt(sk, SOL_SOCKET, optname, initial));
/** An option that can only be read. */
const read_only: SetOption = () => -ENOPROTOOPT;

interface SocketOption {
  readonly set: SetOption;
  readonly get: GetOption;
}

const bool_option = (optname: number): SocketOption => ({ set: keep_bool(optname), get: kept(optname) });

/** What a receive tells besides bytes: of AF_UNIX sockets, before 6.16 of all. */
function scm_recv_option(bit: number): SocketOption {
  const refused = (sk: Sock): boolean => sk.sk_family !== AF_UNIX && sk.kernel.release.scm_unix_only;
  return {
    set: (_task, sk, val) => {
      if (refused(sk)) return -EOPNOTSUPP;
      sk.sk_scm_recv_flags = val !== 0 ? sk.sk_scm_recv_flags | bit : sk.sk_scm_recv_flags & ~bit;
      return 0;
    },
    get: (sk) => (refused(sk) ? -EOPNOTSUPP : int_opt((sk.sk_scm_recv_flags & bit) !== 0 ? 1 : 0)),
  };
}

/** struct ucred of the other end; 0 and -1 if it has none. */
function peercred_opt({ sk_peer_group, sk_peer_cred }: Sock): Uint8Array {
  const { size, pid, uid, gid } = layout_x86_64.ucred;
  const raw = new Uint8Array(size);
  put_u32(raw, pid, sk_peer_group?.tgid ?? 0);
  put_u32(raw, uid, sk_peer_cred?.euid ?? -1);
  put_u32(raw, gid, sk_peer_cred?.egid ?? -1);
  return raw;
}

/** SOL_SOCKET by option name. What is missing is -ENOPROTOOPT. */
const options: Readonly<Record<number, SocketOption>> = {
  [SO_DEBUG]: bool_option(SO_DEBUG),
  [SO_REUSEADDR]: bool_option(SO_REUSEADDR),
  [SO_REUSEPORT]: {
    set: (task, sk, val, optval) =>
      val !== 0 && sk.sk_family !== AF_INET ? -EOPNOTSUPP : keep_bool(SO_REUSEPORT)(task, sk, val, optval),
    get: kept(SO_REUSEPORT),
  },
  [SO_KEEPALIVE]: bool_option(SO_KEEPALIVE),
  [SO_BROADCAST]: bool_option(SO_BROADCAST),
  [SO_DONTROUTE]: bool_option(SO_DONTROUTE),
  [SO_OOBINLINE]: bool_option(SO_OOBINLINE),
  [SO_NO_CHECK]: bool_option(SO_NO_CHECK),
  [SO_TIMESTAMP]: bool_option(SO_TIMESTAMP),
  [SO_PASSCRED]: scm_recv_option(SCM_RECV_CREDENTIALS),
  [SO_PASSPIDFD]: scm_recv_option(SCM_RECV_PIDFD),
  [SO_PASSRIGHTS]: scm_recv_option(SCM_RECV_RIGHTS),
  [SO_PEERCRED]: { set: read_only, get: peercred_opt },
  [SO_PEEK_OFF]: {
    set: (_task, sk, val) => {
      if (sk.sk_socket?.ops.set_peek_off !== true) return -EOPNOTSUPP;
      sk.sk_peek_off = val;
      return 0;
    },
    get: (sk) => (sk.sk_socket?.ops.set_peek_off === true ? int_opt(sk.sk_peek_off) : -EOPNOTSUPP),
  },
  [SO_PRIORITY]: { set: keep_int(SO_PRIORITY), get: kept(SO_PRIORITY) },
  [SO_RCVLOWAT]: {
    set: (_task, sk, val) => {
      set_sock_opt(sk, SOL_SOCKET, SO_RCVLOWAT, val < 0 ? 0x7fffffff : Math.max(val, 1));
      return 0;
    },
    get: kept(SO_RCVLOWAT, 1),
  },
  [SO_SNDLOWAT]: { set: read_only, get: () => int_opt(1) },
  [SO_TYPE]: { set: read_only, get: (sk) => int_opt(sk.sk_type) },
  [SO_DOMAIN]: { set: read_only, get: (sk) => int_opt(sk.sk_family) },
  [SO_PROTOCOL]: { set: read_only, get: (sk) => int_opt(sk.sk_protocol) },
  [SO_ACCEPTCONN]: { set: read_only, get: (sk) => int_opt(sk.sk_state === TCP_LISTEN ? 1 : 0) },
  [SO_ERROR]: { set: read_only, get: (sk) => int_opt(-sock_error(sk)) },
  // The kernel doubles what it is given, for its own bookkeeping, and shows the doubled value.
  [SO_SNDBUF]: {
    set: (_task, sk, val) => {
      sk.sk_sndbuf = Math.max(Math.min(val >>> 0, sk.kernel.release.sk_mem_max) * 2, SOCK_MIN_SNDBUF);
      return 0;
    },
    get: (sk) => int_opt(sk.sk_sndbuf),
  },
  [SO_RCVBUF]: {
    set: (_task, sk, val) => {
      sk.sk_rcvbuf = Math.max(Math.min(val >>> 0, sk.kernel.release.sk_mem_max) * 2, SOCK_MIN_RCVBUF);
      return 0;
    },
    get: (sk) => int_opt(sk.sk_rcvbuf),
  },
  [SO_LINGER]: {
    set: (_task, sk, _val, optval) => {
      if (optval.length < 8) return -EINVAL;
      set_sock_opt(sk, SOL_SOCKET, SO_LINGER, get_s32(optval, 0) !== 0 ? get_u32(optval, 4) : -1);
      return 0;
    },
    get: linger_opt,
  },
  [SO_RCVTIMEO]: {
    set: (_task, sk, _val, optval) => {
      const ns = get_timeo(optval);
      if (ns < 0) return ns;
      sk.sk_rcvtimeo = ns;
      return 0;
    },
    get: (sk) => timeo_opt(sk.sk_rcvtimeo),
  },
  [SO_SNDTIMEO]: {
    set: (_task, sk, _val, optval) => {
      const ns = get_timeo(optval);
      if (ns < 0) return ns;
      sk.sk_sndtimeo = ns;
      return 0;
    },
    get: (sk) => timeo_opt(sk.sk_sndtimeo),
  },
};

/** setsockopt at level SOL_SOCKET: -EINVAL (less than an int), -ENOPROTOOPT, then as the option. */
export function sock_setsockopt(task: Task, sk: Sock, optname: number, optval: Uint8Array): number {
  if (optval.length < 4) return -EINVAL;
  if (sk.kernel.release.sock_options_missing.has(optname)) return -ENOPROTOOPT;
  return options[optname]?.set(task, sk, get_s32(optval, 0), optval) ?? -ENOPROTOOPT;
}

/** getsockopt at level SOL_SOCKET: the bytes of the value, or -ENOPROTOOPT. */
export function sock_getsockopt(sk: Sock, optname: number): Uint8Array | number {
  if (sk.kernel.release.sock_options_missing.has(optname)) return -ENOPROTOOPT;
  return options[optname]?.get(sk) ?? -ENOPROTOOPT;
}
