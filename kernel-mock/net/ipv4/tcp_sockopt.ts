/** Options of IPPROTO_TCP: kept, checked and read back (net/ipv4/tcp.c do_tcp_setsockopt). Checked against Linux 6.18. */
import type { Socket } from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import { EINVAL, ENOENT, ENOPROTOOPT } from '../../include/uapi/errno.js';
import { SOL_TCP } from '../../include/uapi/socket.js';
import {
  TCP_CLOSE,
  TCP_CONGESTION,
  TCP_CORK,
  TCP_DEFER_ACCEPT,
  TCP_DELACK_MAX_US,
  TCP_FASTOPEN,
  TCP_FASTOPEN_CONNECT,
  TCP_FASTOPEN_NO_COOKIE,
  TCP_INFO,
  TCP_INQ,
  TCP_IS_MPTCP,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_LINGER2,
  TCP_LISTEN,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
  TCP_QUICKACK,
  TCP_RTO_MAX_MS,
  TCP_RTO_MIN_US,
  TCP_SAVED_SYN,
  TCP_SAVE_SYN,
  TCP_SYNCNT,
  TCP_THIN_DUPACK,
  TCP_THIN_LINEAR_TIMEOUTS,
  TCP_TX_DELAY,
  TCP_ULP,
  TCP_USER_TIMEOUT,
  TCP_WINDOW_CLAMP,
} from '../../include/uapi/tcp.js';
import { get_s32 } from '../../lib/bytes.js';
import { int_opt, set_sock_opt, sock_opt } from '../core/sock.js';
import { type InetSock, inet_sk } from './inet_sock.js';
import {
  type IntOptions,
  bool_option,
  get_int_option,
  ip_getsockopt,
  ip_setsockopt,
  range_option,
  read_only_option,
  set_int_option,
} from './ip_sockglue.js';
import { show_mss, tcp_get_info } from './tcp_info.js';
import { TCP_FIN_TIMEOUT, tcp_push_pending_frames } from './tcp_input.js';
import { TCP_SYN_RETRIES } from './tcp_ipv4.js';
import type { TcpSock } from './tcp_sock.js';

const TCP_FIN_TIMEOUT_MAX = 120;
/** The least that a window is clamped to: half of the smallest SO_RCVBUF. */
const MIN_WINDOW_CLAMP = 1152;
const TCP_RTO_MAX = 120;
/** Linux counts them in a byte. */
const MAX_RETRANS = 255;

/** TCP_DEFER_ACCEPT is kept as a number of repetitions, and shown as the seconds that these take: 1, 3, 7 … 63, 127, 247 … */
function defer_accept_seconds(val: number): number {
  let seconds = 0;
  let timeout = 1;
  for (let n = 0; seconds < val && n < MAX_RETRANS; n++) {
    seconds += timeout;
    timeout = Math.min(timeout * 2, TCP_RTO_MAX);
  }
  return seconds;
}

/** HZ of the kernels of distributions: times are kept in steps of 4 ms, rounded up. `unit`: so many of the option in a second. */
const HZ = 250;
function jiffies(val: number, unit: number): number {
  const step = unit / HZ;
  return Math.ceil(val / step) * step;
}

const TCP_RTO_MIN_US_DEFAULT = 200_000;
/** Two jiffies at least, and no more than the default. */
function check_min_us(_sk: InetSock, val: number): number {
  const us = jiffies(val, 1e6);
  return us >= 8000 && us <= TCP_RTO_MIN_US_DEFAULT ? us : -EINVAL;
}

function is_idle(sk: InetSock): boolean {
  return sk.sk_state === TCP_CLOSE || sk.sk_state === TCP_LISTEN;
}

const tcp_options: IntOptions = {
  [TCP_NODELAY]: bool_option(),
  [TCP_MAXSEG]: {
    initial: 0,
    check: (_sk, val) => (val === 0 || (val >= 88 && val <= 32767) ? val : -EINVAL),
    show: show_mss,
  },
  [TCP_CORK]: bool_option(),
  [TCP_KEEPIDLE]: range_option(7200, 1, 32767),
  [TCP_KEEPINTVL]: range_option(75, 1, 32767),
  [TCP_KEEPCNT]: range_option(9, 1, 127),
  [TCP_SYNCNT]: range_option(TCP_SYN_RETRIES, 1, 127),
  [TCP_DEFER_ACCEPT]: { initial: 0, check: (_sk, val) => defer_accept_seconds(val) },
  [TCP_WINDOW_CLAMP]: { initial: 0, check: (_sk, val) => (val === 0 ? 0 : Math.max(val, MIN_WINDOW_CLAMP)) },
  [TCP_QUICKACK]: bool_option(1),
  [TCP_THIN_LINEAR_TIMEOUTS]: range_option(0, 0, 1),
  [TCP_THIN_DUPACK]: { initial: 0, check: (_sk, val) => (val === 0 || val === 1 ? 0 : -EINVAL) },
  [TCP_USER_TIMEOUT]: range_option(0, 0, 0x7fffffff),
  // A queue of connections whose first byte came with the SYN; never more than the listener's own.
  [TCP_FASTOPEN]: {
    initial: 0,
    check: (sk, val) => (val < 0 || !is_idle(sk) ? -EINVAL : Math.min(val, sk.kernel.release.somaxconn)),
  },
  [TCP_SAVE_SYN]: range_option(0, 0, 2),
  [TCP_FASTOPEN_CONNECT]: {
    initial: 0,
    check: (sk, val) => ((val === 0 || val === 1) && sk.sk_state === TCP_CLOSE ? val : -EINVAL),
  },
  [TCP_FASTOPEN_NO_COOKIE]: {
    initial: 0,
    check: (sk, val) => ((val === 0 || val === 1) && is_idle(sk) ? val : -EINVAL),
  },
  [TCP_INQ]: range_option(0, 0, 1),
  [TCP_TX_DELAY]: range_option(0, 0, 0x7fffffff),
  [TCP_IS_MPTCP]: read_only_option(() => 0),
  [TCP_RTO_MAX_MS]: {
    initial: TCP_RTO_MAX * 1000,
    check: (_sk, val) => (val >= 1000 && val <= TCP_RTO_MAX * 1000 ? jiffies(val, 1000) : -EINVAL),
  },
  [TCP_RTO_MIN_US]: { initial: TCP_RTO_MIN_US_DEFAULT, check: check_min_us },
  [TCP_DELACK_MAX_US]: { initial: TCP_RTO_MIN_US_DEFAULT, check: check_min_us },
};

// Options that are not an int, or one that may be negative.

/** TCP_LINGER2: -1 is "do not wait"; 0 is the default. */
function set_linger2(sk: InetSock, val: number): number {
  const seconds = val < 0 ? -1 : val === 0 ? TCP_FIN_TIMEOUT : Math.min(val, TCP_FIN_TIMEOUT_MAX);
  set_sock_opt(sk, SOL_TCP, TCP_LINGER2, seconds);
  return 0;
}

const CONGESTION_CONTROL = ['cubic', 'reno'];
const TCP_CA_NAME_MAX = 16;

function set_congestion(sk: InetSock, optval: Uint8Array): number {
  const raw = optval.subarray(0, TCP_CA_NAME_MAX - 1);
  const end = raw.indexOf(0);
  const name = String.fromCharCode(...(end === -1 ? raw : raw.subarray(0, end)));
  const index = CONGESTION_CONTROL.indexOf(name);
  if (optval.length < 1) return -EINVAL;
  if (index === -1) return -ENOENT;
  set_sock_opt(sk, SOL_TCP, TCP_CONGESTION, index);
  return 0;
}

function get_congestion(sk: InetSock): Uint8Array {
  const name = CONGESTION_CONTROL[sock_opt(sk, SOL_TCP, TCP_CONGESTION)]!;
  const raw = new Uint8Array(TCP_CA_NAME_MAX);
  for (let i = 0; i < name.length; i++) raw[i] = name.charCodeAt(i);
  return raw;
}

/** -EINVAL (less than an int), -ENOPROTOOPT, -EINVAL, -ENOENT (TCP_CONGESTION); other levels as IP. */
export function tcp_setsockopt(task: Task, sock: Socket, level: number, optname: number, optval: Uint8Array): number {
  const sk = inet_sk(sock);
  if (level !== SOL_TCP) return ip_setsockopt(task, sock, level, optname, optval);
  if (optname > sk.kernel.release.tcp_option_max) return optval.length < 4 ? -EINVAL : -ENOPROTOOPT;
  if (optname === TCP_CONGESTION) return set_congestion(sk, optval);
  // There is no upper layer to load.
  if (optname === TCP_ULP) return optval.length === 0 ? -EINVAL : -ENOENT;
  if (optval.length < 4) return -EINVAL;
  const val = get_s32(optval, 0);
  if (optname === TCP_LINGER2) return set_linger2(sk, val);
  if (optname === TCP_NOTSENT_LOWAT) {
    set_sock_opt(sk, SOL_TCP, optname, val);
    return 0;
  }
  if (optname === TCP_WINDOW_CLAMP && val === 0 && sk.sk_state !== TCP_CLOSE) return -EINVAL;
  const err = set_int_option(tcp_options, sk, level, optname, val);
  // Out with the cork, or no delay: what was kept back goes.
  if (err === 0 && ((optname === TCP_CORK && val === 0) || (optname === TCP_NODELAY && val !== 0)))
    tcp_push_pending_frames(sk as TcpSock);
  return err;
}

export function tcp_getsockopt(
  task: Task,
  sock: Socket,
  level: number,
  optname: number,
  room: number,
): Uint8Array | number {
  const sk = inet_sk(sock);
  if (level !== SOL_TCP) return ip_getsockopt(task, sock, level, optname, room);
  if (optname > sk.kernel.release.tcp_option_max) return -ENOPROTOOPT;
  switch (optname) {
    case TCP_INFO:
      return tcp_get_info(sk as TcpSock);
    case TCP_ULP:
    case TCP_SAVED_SYN:
      return new Uint8Array(0);
    case TCP_CONGESTION:
      return get_congestion(sk);
    case TCP_LINGER2:
      return int_opt(sock_opt(sk, SOL_TCP, optname, TCP_FIN_TIMEOUT));
    case TCP_NOTSENT_LOWAT:
      return int_opt(sock_opt(sk, SOL_TCP, optname));
    default:
      return optname === 0 ? -ENOPROTOOPT : get_int_option(tcp_options, sk, level, optname);
  }
}
