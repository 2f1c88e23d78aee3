/** Options of IPPROTO_IP and IPPROTO_TCP: kept, checked and read back (net/ipv4/ip_sockglue.c, tcp.c). Ranges as Linux 6.18 answered. */
import type { Sock } from '../../include/linux/net.js';
import { EINVAL, ENOPROTOOPT } from '../../include/uapi/errno.js';
import {
  IPPROTO_IP,
  IPPROTO_TCP,
  IP_BIND_ADDRESS_NO_PORT,
  IP_FREEBIND,
  IP_HDRINCL,
  IP_MINTTL,
  IP_MTU_DISCOVER,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_PKTINFO,
  IP_RECVERR,
  IP_RECVOPTS,
  IP_RECVTOS,
  IP_RECVTTL,
  IP_TOS,
  IP_TTL,
} from '../../include/uapi/in.js';
import {
  TCP_CONGESTION,
  TCP_CORK,
  TCP_DEFER_ACCEPT,
  TCP_INFO,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_LINGER2,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_QUICKACK,
  TCP_SYNCNT,
  TCP_USER_TIMEOUT,
  TCP_WINDOW_CLAMP,
} from '../../include/uapi/tcp.js';
import { get_s32 } from '../../lib/bytes.js';
import { int_opt, set_sock_opt, sock_opt } from '../core/sock.js';

/** An option with a number: its default, what it may be, and what of it is kept. */
interface IntOption {
  readonly initial: number;
  /** Linux's check; missing: everything. */
  readonly valid?: (val: number) => boolean;
  readonly keep?: (val: number) => number;
}

const flag = (initial = 0): IntOption => ({ initial, keep: (val) => (val !== 0 ? 1 : 0) });
const range = (initial: number, min: number, max: number): IntOption => ({
  initial,
  valid: (val) => val >= min && val <= max,
});

/** TCP_DEFER_ACCEPT is kept as a number of retransmissions, and read as the seconds that these take: 1, 3, 7, 15 … */
function defer_accept_seconds(val: number): number {
  let seconds = 0;
  for (let timeout = 1; seconds < val; timeout = Math.min(timeout * 2, 120)) seconds += timeout;
  return seconds;
}

const FIN_TIMEOUT_MAX = 120;

const tcp_options: Readonly<Record<number, IntOption>> = {
  [TCP_NODELAY]: flag(),
  [TCP_MAXSEG]: range(536, 88, 32767),
  [TCP_CORK]: flag(),
  [TCP_KEEPIDLE]: range(7200, 1, 32767),
  [TCP_KEEPINTVL]: range(75, 1, 32767),
  [TCP_KEEPCNT]: range(9, 1, 127),
  [TCP_SYNCNT]: range(6, 1, 127),
  [TCP_LINGER2]: { initial: 60, keep: (val) => (val < 0 ? -1 : val > FIN_TIMEOUT_MAX ? FIN_TIMEOUT_MAX : val) },
  [TCP_DEFER_ACCEPT]: { initial: 0, keep: defer_accept_seconds },
  [TCP_WINDOW_CLAMP]: { initial: 0, keep: (val) => (val === 0 ? 0 : Math.max(val, 1152)) },
  [TCP_QUICKACK]: flag(1),
  [TCP_USER_TIMEOUT]: { initial: 0, valid: (val) => val >= 0 },
};

const ip_options: Readonly<Record<number, IntOption>> = {
  [IP_TOS]: { initial: 0, keep: (val) => val & 0xff },
  [IP_TTL]: {
    initial: 64,
    valid: (val) => val === -1 || (val >= 1 && val <= 255),
    keep: (val) => (val === -1 ? 64 : val),
  },
  [IP_HDRINCL]: { initial: 0, valid: () => false },
  [IP_RECVOPTS]: flag(),
  [IP_PKTINFO]: flag(),
  [IP_MTU_DISCOVER]: range(1, 0, 5),
  [IP_RECVERR]: flag(),
  [IP_RECVTTL]: flag(),
  [IP_RECVTOS]: flag(),
  [IP_FREEBIND]: flag(),
  [IP_MINTTL]: range(0, 0, 255),
  [IP_BIND_ADDRESS_NO_PORT]: flag(),
  [IP_MULTICAST_TTL]: {
    initial: 1,
    valid: (val) => val >= -1 && val <= 255,
    keep: (val) => (val === -1 ? 1 : val),
  },
  [IP_MULTICAST_LOOP]: flag(1),
};

/** A value of four bytes, or of one where IP allows it. */
function get_value(level: number, optval: Uint8Array): number {
  if (optval.length >= 4) return get_s32(optval, 0);
  return level === IPPROTO_IP && optval.length >= 1 ? optval[0]! : NaN;
}

function set_int(sk: Sock, level: number, optname: number, option: IntOption, optval: Uint8Array): number {
  const val = get_value(level, optval);
  if (Number.isNaN(val) || option.valid?.(val) === false) return -EINVAL;
  set_sock_opt(sk, level, optname, option.keep === undefined ? val : option.keep(val));
  return 0;
}

function get_int(sk: Sock, level: number, optname: number, option: IntOption | undefined): Uint8Array | number {
  return option === undefined ? -ENOPROTOOPT : int_opt(sock_opt(sk, level, optname, option.initial));
}

/** setsockopt at IPPROTO_IP: -EINVAL, -ENOPROTOOPT (option or level). */
export function ip_setsockopt(sk: Sock, level: number, optname: number, optval: Uint8Array): number {
  const option = level === IPPROTO_IP ? ip_options[optname] : undefined;
  if (option === undefined || optname === IP_HDRINCL) return -ENOPROTOOPT;
  return set_int(sk, level, optname, option, optval);
}

export function ip_getsockopt(sk: Sock, level: number, optname: number): Uint8Array | number {
  return get_int(sk, level, optname, level === IPPROTO_IP ? ip_options[optname] : undefined);
}

/** sizeof(struct tcp_info) of 6.18, of which the first byte, tcpi_state, is told. */
const TCP_INFO_SIZE = 248;
const CONGESTION = 'cubic';

/** Level IPPROTO_TCP, then as IP. */
export function tcp_setsockopt(sk: Sock, level: number, optname: number, optval: Uint8Array): number {
  if (level !== IPPROTO_TCP) return ip_setsockopt(sk, level, optname, optval);
  const option = tcp_options[optname];
  return option === undefined ? -ENOPROTOOPT : set_int(sk, level, optname, option, optval);
}

export function tcp_getsockopt(sk: Sock, level: number, optname: number): Uint8Array | number {
  if (level !== IPPROTO_TCP) return ip_getsockopt(sk, level, optname);
  if (optname === TCP_INFO) {
    const info = new Uint8Array(TCP_INFO_SIZE);
    info[0] = sk.sk_state;
    return info;
  }
  if (optname === TCP_CONGESTION) {
    const name = new Uint8Array(16);
    for (let i = 0; i < CONGESTION.length; i++) name[i] = CONGESTION.charCodeAt(i);
    return name;
  }
  return get_int(sk, level, optname, tcp_options[optname]);
}
