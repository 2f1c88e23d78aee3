/** The options of SOL_SOCKET (net/core/sock.c, sk_setsockopt and sk_getsockopt). Checked against Linux 6.18. */
import { SCM_RECV_CREDENTIALS, SCM_RECV_PIDFD, SCM_RECV_RIGHTS, type Sock } from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import {
  EACCES,
  EBADF,
  EDOM,
  EINVAL,
  ENODATA,
  ENODEV,
  ENOENT,
  ENOPROTOOPT,
  ENOTCONN,
  EOPNOTSUPP,
  EPERM,
} from '../../include/uapi/errno.js';
import { layout_x86_64 } from '../../include/uapi/layout.js';
import { POLLOUT, POLLWRBAND, POLLWRNORM } from '../../include/uapi/poll.js';
import * as so from '../../include/uapi/socket.js';
import {
  bytes_to_string,
  get_s32,
  get_s64,
  get_u32,
  get_u64,
  put_u32,
  put_u64,
  string_to_bytes,
} from '../../lib/bytes.js';
import { fget } from '../../fs/file.js';
import { capable } from '../../kernel/capability.js';
import { TCP_CLOSE, TCP_LISTEN, int_opt, set_sock_opt, sk_wake, sock_error, sock_opt } from './sock.js';

const { SOL_SOCKET } = so;

const SOCK_MIN_SNDBUF = 4608;
const SOCK_MIN_RCVBUF = 2304;
/** Half of the largest net.ipv4.tcp_rmem: no more is waited for. Linux: tcp_set_rcvlowat. */
const TCP_RCVLOWAT_MAX = 16777216;
const NSEC_PER_SEC = 1e9;
const NSEC_PER_USEC = 1e3;
const LOOPBACK_NAME = 'lo';
const LOOPBACK_IFINDEX = 1;
/** What getsockopt(SO_BINDTODEVICE) wants room for. */
const IFNAMSIZ = 16;
/** ~0: no limit. */
const NO_RATE = 2 ** 64 - 1;

type SetOption = (task: Task, sk: Sock, val: number, optval: Uint8Array) => number;
/** `room`: what the program has for the value; only a few options look at it. */
type GetOption = (sk: Sock, room: number) => Uint8Array | number;

interface SocketOption {
  readonly set: SetOption;
  readonly get: GetOption;
}

/** Keep `value` for `optname`. */
function keep(sk: Sock, optname: number, value: number): number {
  set_sock_opt(sk, SOL_SOCKET, optname, value);
  return 0;
}

const kept =
  (optname: number, initial = 0): GetOption =>
  (sk) =>
    int_opt(sock_opt(sk, SOL_SOCKET, optname, initial));

/** An option that can only be read. */
const read_only: SetOption = () => -ENOPROTOOPT;
/** One that can only be set. */
const write_only: GetOption = () => -ENOPROTOOPT;

/** A flag: any number but 0 is on. */
const flag = (optname: number, initial = 0): SocketOption => ({
  set: (_task, sk, val) => keep(sk, optname, val !== 0 ? 1 : 0),
  get: kept(optname, initial),
});

/** An int from `min` to `max`, or -EINVAL. */
const range = (optname: number, min: number, max: number, initial = 0): SocketOption => ({
  set: (_task, sk, val) => (val < min || val > max ? -EINVAL : keep(sk, optname, val)),
  get: kept(optname, initial),
});

const any_int = (optname: number, initial = 0): SocketOption => range(optname, -0x80000000, 0x7fffffff, initial);

/** An option that only root may set, when `needs` holds for the value. */
const privileged = (option: SocketOption, needs: (val: number, sk: Sock) => boolean, err = EPERM): SocketOption => ({
  set: (task, sk, val, optval) => (needs(val, sk) && !capable(task.cred) ? -err : option.set(task, sk, val, optval)),
  get: option.get,
});
const always = (): boolean => true;
const when_on = (val: number): boolean => val !== 0;

/** An option of some sockets: -EOPNOTSUPP on the others, `reads` says whether for getsockopt too. */
const only_on = (option: SocketOption, has: (sk: Sock) => boolean, reads: boolean): SocketOption => ({
  set: (task, sk, val, optval) => (has(sk) ? option.set(task, sk, val, optval) : -EOPNOTSUPP),
  get: (sk, room) => (has(sk) || !reads ? option.get(sk, room) : -EOPNOTSUPP),
});
const is_inet = (sk: Sock): boolean => sk.sk_family === so.AF_INET || sk.sk_family === so.AF_INET6;
const is_tcp = (sk: Sock): boolean => is_inet(sk) && sk.sk_type === so.SOCK_STREAM;
const is_unix = (sk: Sock): boolean => sk.sk_family === so.AF_UNIX;
/** Since 6.16 the options about control messages of AF_UNIX are refused elsewhere. */
const may_pass = (sk: Sock): boolean => is_unix(sk) || !sk.kernel.release.sock_pass_unix_only;

const shown = (get: (sk: Sock) => number): SocketOption => ({ set: read_only, get: (sk) => int_opt(get(sk)) });

function u64_opt(value: number): Uint8Array {
  const raw = new Uint8Array(8);
  if (value === NO_RATE) raw.fill(0xff);
  else put_u64(raw, 0, value);
  return raw;
}

/** Two ints, or -EINVAL if the program gave fewer bytes. */
const pair_opt = (a: number, b: number): Uint8Array => {
  const raw = new Uint8Array(8);
  put_u32(raw, 0, a);
  put_u32(raw, 4, b);
  return raw;
};

// Buffers. The kernel doubles what it is given, for its own bookkeeping, and shows the doubled value.

function lock_buffer(sk: Sock, bit: number): number {
  return keep(sk, so.SO_BUF_LOCK, sock_opt(sk, SOL_SOCKET, so.SO_BUF_LOCK) | bit);
}

function set_sndbuf(sk: Sock, val: number): number {
  sk.sk_sndbuf = Math.max(val * 2, SOCK_MIN_SNDBUF);
  // Who sleeps for room may have some now.
  sk_wake(sk, POLLOUT | POLLWRNORM | POLLWRBAND);
  return lock_buffer(sk, so.SOCK_SNDBUF_LOCK);
}

function set_rcvbuf(sk: Sock, val: number): number {
  sk.sk_rcvbuf = Math.max(val * 2, SOCK_MIN_RCVBUF);
  return lock_buffer(sk, so.SOCK_RCVBUF_LOCK);
}

/** The counters of SO_MEMINFO: receive and send memory and their limits first. Linux: sk_get_meminfo. */
function meminfo_opt(sk: Sock): Uint8Array {
  const raw = new Uint8Array(36);
  put_u32(raw, 4, sk.sk_rcvbuf);
  put_u32(raw, 12, sk.sk_sndbuf);
  return raw;
}

// Time limits, SO_LINGER.

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

const timeo = (field: 'sk_rcvtimeo' | 'sk_sndtimeo'): SocketOption => ({
  set(_task, sk, _val, optval) {
    const ns = get_timeo(optval);
    if (ns < 0) return ns;
    sk[field] = ns;
    return 0;
  },
  get: (sk) => timeo_opt(sk[field]),
});

const linger: SocketOption = {
  set(_task, sk, _val, optval) {
    if (optval.length < 8) return -EINVAL;
    return keep(sk, so.SO_LINGER, get_s32(optval, 0) !== 0 ? get_u32(optval, 4) : -1);
  },
  get(sk) {
    const seconds = sock_opt(sk, SOL_SOCKET, so.SO_LINGER, -1);
    return pair_opt(seconds >= 0 ? 1 : 0, Math.max(seconds, 0));
  },
};

// Time stamps: of the four options the last one set is on.

const timestamp = (optname: number): SocketOption => ({
  set: (_task, sk, val) => keep(sk, so.SO_TIMESTAMP, val !== 0 ? optname : 0),
  get: (sk) => int_opt(sock_opt(sk, SOL_SOCKET, so.SO_TIMESTAMP) === optname ? 1 : 0),
});

const TIMESTAMPING_OPT_ID = 1 << 7;
const TIMESTAMPING_BIND_PHC = 1 << 15;
const TIMESTAMPING_OPT_ID_TCP = 1 << 16;
const TIMESTAMPING_MASK = (1 << 19) - 1;

/** Linux: sock_set_timestamping. There is no hardware clock to bind to. */
function set_timestamping(_task: Task, sk: Sock, val: number): number {
  if ((val & ~TIMESTAMPING_MASK) !== 0) return -EINVAL;
  const id = (val & TIMESTAMPING_OPT_ID) !== 0;
  if ((val & TIMESTAMPING_OPT_ID_TCP) !== 0 && !id) return -EINVAL;
  if (id && is_tcp(sk) && (sk.sk_state === TCP_CLOSE || sk.sk_state === TCP_LISTEN)) return -EINVAL;
  return (val & TIMESTAMPING_BIND_PHC) !== 0 ? -EOPNOTSUPP : keep(sk, so.SO_TIMESTAMPING, val);
}
const timestamping: SocketOption = {
  set: set_timestamping,
  get: (sk) => pair_opt(sock_opt(sk, SOL_SOCKET, so.SO_TIMESTAMPING), 0),
};

// Interfaces: there is lo.

function c_string(raw: Uint8Array): string {
  const end = raw.indexOf(0);
  return bytes_to_string(end === -1 ? raw : raw.subarray(0, end));
}

const bind_to_device: SocketOption = {
  set(task, sk, _val, optval) {
    const name = c_string(optval.subarray(0, IFNAMSIZ - 1));
    if (name !== '' && name !== LOOPBACK_NAME) return -ENODEV;
    const bound = sock_opt(sk, SOL_SOCKET, so.SO_BINDTOIFINDEX);
    if (bound !== 0 && !capable(task.cred)) return -EPERM;
    return keep(sk, so.SO_BINDTOIFINDEX, name === '' ? 0 : LOOPBACK_IFINDEX);
  },
  get(sk, room) {
    if (sock_opt(sk, SOL_SOCKET, so.SO_BINDTOIFINDEX) !== LOOPBACK_IFINDEX) return new Uint8Array(0);
    return room < IFNAMSIZ ? -EINVAL : string_to_bytes(`${LOOPBACK_NAME}\0`);
  },
};

// Filters. DEVIATION: none can be attached: there is no machine that would run them.

const no_filter: SocketOption = { set: () => -EINVAL, get: () => new Uint8Array(0) };
/** A descriptor of a program, which nothing here is. */
const no_program: SocketOption = {
  set(task, _sk, val, optval) {
    if (optval.length !== 4) return -EINVAL;
    return fget(task, val) === null ? -EBADF : -EINVAL;
  },
  get: write_only,
};
/** Once locked, for ever. */
const lock_filter: SocketOption = {
  set(_task, sk, val) {
    if (val === 0 && sock_opt(sk, SOL_SOCKET, so.SO_LOCK_FILTER) !== 0) return -EPERM;
    return keep(sk, so.SO_LOCK_FILTER, val !== 0 ? 1 : 0);
  },
  get: kept(so.SO_LOCK_FILTER),
};

// Identity.

const peer_name: SocketOption = {
  set: read_only,
  get(sk, room) {
    const sock = sk.sk_socket;
    const addr = sock === null ? -ENOTCONN : sock.ops.getname(sock, true);
    if (typeof addr === 'number') return -ENOTCONN;
    return addr.length < room ? -EINVAL : addr;
  },
};

/** The process at the other end when the connection was made; 0 and -1 where the kernel does not know it. */
function peercred_opt({ sk_peer_group, sk_peer_cred }: Sock): Uint8Array {
  const { size, pid, uid, gid } = layout_x86_64.ucred;
  const raw = new Uint8Array(size);
  put_u32(raw, pid, sk_peer_group?.tgid ?? 0);
  put_u32(raw, uid, sk_peer_cred?.euid ?? -1);
  put_u32(raw, gid, sk_peer_cred?.egid ?? -1);
  return raw;
}

/** What a receive tells besides bytes: one of SCM_RECV_*. */
const scm_recv = (bit: number): SocketOption => ({
  set(_task, sk, val) {
    sk.sk_scm_recv_flags = val !== 0 ? sk.sk_scm_recv_flags | bit : sk.sk_scm_recv_flags & ~bit;
    return 0;
  },
  get: (sk) => int_opt((sk.sk_scm_recv_flags & bit) !== 0 ? 1 : 0),
});

const peek_off: SocketOption = {
  set(_task, sk, val) {
    sk.sk_peek_off = val;
    return 0;
  },
  get: (sk) => int_opt(sk.sk_peek_off),
};

/** A number of its own for each socket, given when first asked for. Linux: __sock_gen_cookie. */
const cookie: SocketOption = {
  set: read_only,
  get(sk, room) {
    if (room < 8) return -EINVAL;
    let value = sock_opt(sk, SOL_SOCKET, so.SO_COOKIE);
    if (value === 0) {
      value = sk.kernel.next_ino++;
      keep(sk, so.SO_COOKIE, value);
    }
    return u64_opt(value);
  },
};

const rate: SocketOption = {
  set(_task, sk, val, optval) {
    const value = optval.length >= 8 ? get_u64(optval, 0) : val >>> 0;
    return keep(sk, so.SO_MAX_PACING_RATE, val === -1 && optval.length < 8 ? NO_RATE : value);
  },
  get: (sk) => u64_opt(sock_opt(sk, SOL_SOCKET, so.SO_MAX_PACING_RATE, NO_RATE)),
};

const CLOCKS_OF_TXTIME: ReadonlySet<number> = new Set([0, 1, 11]);
/** A clock and two flags. */
const txtime: SocketOption = {
  set(_task, sk, val, optval) {
    if (optval.length !== 8) return -EINVAL;
    const flags = get_u32(optval, 4);
    if ((flags & ~3) !== 0 || !CLOCKS_OF_TXTIME.has(val)) return -EINVAL;
    return keep(sk, so.SO_TXTIME, val * 4 + flags);
  },
  get(sk) {
    const value = sock_opt(sk, SOL_SOCKET, so.SO_TXTIME);
    return pair_opt(value >> 2, value & 3);
  },
};

const txrehash: SocketOption = {
  set: (_task, sk, val) => (val < -1 || val > 1 ? -EINVAL : keep(sk, so.SO_TXREHASH, val === 0 ? 0 : 1)),
  get: kept(so.SO_TXREHASH, 1),
};

/** How many bytes are left comes with each receive: of AF_UNIX streams alone. Linux: unix_setsockopt. */
const inq: SocketOption = {
  set(_task, sk, val) {
    if (!is_unix(sk) || sk.sk_type !== so.SOCK_STREAM) return -ENOPROTOOPT;
    return val < 0 || val > 1 ? -EINVAL : keep(sk, so.SO_INQ, val);
  },
  get: write_only,
};

/** By option name. What is missing is -ENOPROTOOPT. */
const options: Readonly<Record<number, SocketOption>> = {
  [so.SO_DEBUG]: privileged(flag(so.SO_DEBUG), when_on, EACCES),
  [so.SO_REUSEADDR]: flag(so.SO_REUSEADDR),
  [so.SO_TYPE]: shown((sk) => sk.sk_type),
  [so.SO_ERROR]: shown((sk) => -sock_error(sk)),
  [so.SO_DONTROUTE]: flag(so.SO_DONTROUTE),
  [so.SO_BROADCAST]: flag(so.SO_BROADCAST),
  [so.SO_SNDBUF]: {
    set: (_task, sk, val) => set_sndbuf(sk, Math.min(val >>> 0, sk.kernel.release.sk_mem_max)),
    get: (sk) => int_opt(sk.sk_sndbuf),
  },
  [so.SO_RCVBUF]: {
    set: (_task, sk, val) => set_rcvbuf(sk, Math.min(val >>> 0, sk.kernel.release.sk_mem_max)),
    get: (sk) => int_opt(sk.sk_rcvbuf),
  },
  [so.SO_SNDBUFFORCE]: privileged(
    { set: (_task, sk, val) => set_sndbuf(sk, Math.min(Math.max(val, 0), 0x3fffffff)), get: write_only },
    always,
  ),
  [so.SO_RCVBUFFORCE]: privileged(
    { set: (_task, sk, val) => set_rcvbuf(sk, Math.min(Math.max(val, 0), 0x3fffffff)), get: write_only },
    always,
  ),
  [so.SO_KEEPALIVE]: flag(so.SO_KEEPALIVE),
  [so.SO_OOBINLINE]: flag(so.SO_OOBINLINE),
  [so.SO_NO_CHECK]: flag(so.SO_NO_CHECK),
  [so.SO_PRIORITY]: privileged(any_int(so.SO_PRIORITY), (val) => val < 0 || val > 6),
  [so.SO_LINGER]: linger,
  // Accepted, and without effect since 2.3.
  [so.SO_BSDCOMPAT]: { set: () => 0, get: () => int_opt(0) },
  [so.SO_REUSEPORT]: {
    set: (_task, sk, val) => (val !== 0 && !is_inet(sk) ? -EOPNOTSUPP : keep(sk, so.SO_REUSEPORT, val !== 0 ? 1 : 0)),
    get: kept(so.SO_REUSEPORT),
  },
  [so.SO_PASSCRED]: only_on(scm_recv(SCM_RECV_CREDENTIALS), may_pass, true),
  [so.SO_PEERCRED]: { set: read_only, get: peercred_opt },
  [so.SO_RCVLOWAT]: {
    set(_task, sk, val) {
      const lowat = val < 0 ? 0x7fffffff : Math.max(val, 1);
      return keep(sk, so.SO_RCVLOWAT, is_tcp(sk) ? Math.min(lowat, TCP_RCVLOWAT_MAX) : lowat);
    },
    get: kept(so.SO_RCVLOWAT, 1),
  },
  [so.SO_SNDLOWAT]: shown(() => 1),
  [so.SO_RCVTIMEO]: timeo('sk_rcvtimeo'),
  [so.SO_SNDTIMEO]: timeo('sk_sndtimeo'),
  [so.SO_RCVTIMEO_NEW]: timeo('sk_rcvtimeo'),
  [so.SO_SNDTIMEO_NEW]: timeo('sk_sndtimeo'),
  [so.SO_BINDTODEVICE]: bind_to_device,
  [so.SO_BINDTOIFINDEX]: range(so.SO_BINDTOIFINDEX, 0, 0x7fffffff),
  [so.SO_ATTACH_FILTER]: no_filter,
  [so.SO_DETACH_FILTER]: { set: () => -ENOENT, get: write_only },
  [so.SO_ATTACH_BPF]: no_program,
  [so.SO_ATTACH_REUSEPORT_CBPF]: { set: () => -EINVAL, get: write_only },
  [so.SO_ATTACH_REUSEPORT_EBPF]: no_program,
  [so.SO_DETACH_REUSEPORT_BPF]: { set: () => -EINVAL, get: write_only },
  [so.SO_LOCK_FILTER]: lock_filter,
  [so.SO_BPF_EXTENSIONS]: shown(() => 64),
  [so.SO_PEERNAME]: peer_name,
  [so.SO_TIMESTAMP_OLD]: timestamp(so.SO_TIMESTAMP_OLD),
  [so.SO_TIMESTAMPNS_OLD]: timestamp(so.SO_TIMESTAMPNS_OLD),
  [so.SO_TIMESTAMP_NEW]: timestamp(so.SO_TIMESTAMP_NEW),
  [so.SO_TIMESTAMPNS_NEW]: timestamp(so.SO_TIMESTAMPNS_NEW),
  [so.SO_TIMESTAMPING_OLD]: timestamping,
  [so.SO_TIMESTAMPING_NEW]: timestamping,
  [so.SO_ACCEPTCONN]: shown((sk) => (sk.sk_state === TCP_LISTEN ? 1 : 0)),
  [so.SO_PASSSEC]: only_on(flag(so.SO_PASSSEC), may_pass, true),
  [so.SO_MARK]: privileged(any_int(so.SO_MARK), always),
  [so.SO_PROTOCOL]: shown((sk) => sk.sk_protocol),
  [so.SO_DOMAIN]: shown((sk) => sk.sk_family),
  [so.SO_RXQ_OVFL]: flag(so.SO_RXQ_OVFL),
  [so.SO_WIFI_STATUS]: flag(so.SO_WIFI_STATUS),
  [so.SO_PEEK_OFF]: peek_off,
  [so.SO_NOFCS]: flag(so.SO_NOFCS),
  [so.SO_SELECT_ERR_QUEUE]: flag(so.SO_SELECT_ERR_QUEUE),
  [so.SO_BUSY_POLL]: privileged(
    range(so.SO_BUSY_POLL, 0, 0x7fffffff),
    (val, sk) => val > sock_opt(sk, SOL_SOCKET, so.SO_BUSY_POLL),
  ),
  [so.SO_PREFER_BUSY_POLL]: privileged(flag(so.SO_PREFER_BUSY_POLL), when_on),
  [so.SO_BUSY_POLL_BUDGET]: privileged(
    { set: range(so.SO_BUSY_POLL_BUDGET, 0, 0xffff).set, get: write_only },
    (val, sk) => val > sock_opt(sk, SOL_SOCKET, so.SO_BUSY_POLL_BUDGET, 8),
  ),
  [so.SO_MAX_PACING_RATE]: rate,
  [so.SO_INCOMING_CPU]: {
    set(_task, sk, val) {
      sk.sk_incoming_cpu = val;
      return 0;
    },
    get: (sk) => int_opt(sk.sk_incoming_cpu),
  },
  // Advice about a route that is always the same.
  [so.SO_CNX_ADVICE]: { set: () => 0, get: write_only },
  [so.SO_MEMINFO]: { set: read_only, get: meminfo_opt },
  [so.SO_INCOMING_NAPI_ID]: shown(() => 0),
  [so.SO_COOKIE]: cookie,
  [so.SO_PEERGROUPS]: { set: read_only, get: () => -ENODATA },
  [so.SO_ZEROCOPY]: only_on(range(so.SO_ZEROCOPY, 0, 1), is_inet, false),
  [so.SO_TXTIME]: txtime,
  [so.SO_NETNS_COOKIE]: { set: read_only, get: (_sk, room) => (room === 8 ? u64_opt(1) : -EINVAL) },
  [so.SO_BUF_LOCK]: range(so.SO_BUF_LOCK, 0, so.SOCK_BUF_LOCK_MASK),
  // Only for who pays for memory in a group.
  [so.SO_RESERVE_MEM]: { set: (_task, _sk, val) => (val < 0 ? -EINVAL : -EOPNOTSUPP), get: () => int_opt(0) },
  [so.SO_TXREHASH]: only_on(txrehash, is_tcp, true),
  [so.SO_RCVMARK]: privileged(flag(so.SO_RCVMARK), always),
  [so.SO_PASSPIDFD]: only_on(scm_recv(SCM_RECV_PIDFD), is_unix, true),
  // Read by sys_getsockopt itself, since it makes a descriptor.
  [so.SO_PEERPIDFD]: { set: read_only, get: () => -ENODATA },
  // Of memory of a device, which nobody has.
  [so.SO_DEVMEM_DONTNEED]: {
    set: (_task, sk, _val, optval) => (!is_tcp(sk) ? -EBADF : optval.length % 8 === 0 ? 0 : -EINVAL),
    get: write_only,
  },
  [so.SO_RCVPRIORITY]: flag(so.SO_RCVPRIORITY),
  [so.SO_INQ]: inq,
  [so.SO_PASSRIGHTS]: only_on(scm_recv(SCM_RECV_RIGHTS), is_unix, true),
};

/** setsockopt at level SOL_SOCKET: -EINVAL (less than an int), -ENOPROTOOPT, then as the option. */
export function sock_setsockopt(task: Task, sk: Sock, optname: number, optval: Uint8Array): number {
  if (optname === so.SO_BINDTODEVICE) return bind_to_device.set(task, sk, 0, optval);
  if (optval.length < 4) return -EINVAL;
  if (sk.kernel.release.sock_options_missing.has(optname)) return -ENOPROTOOPT;
  return options[optname]?.set(task, sk, get_s32(optval, 0), optval) ?? -ENOPROTOOPT;
}

/** getsockopt at level SOL_SOCKET: the bytes of the value, or -ENOPROTOOPT, -EINVAL (room), -EOPNOTSUPP, -ENOTCONN, -ENODATA. */
export function sock_getsockopt(sk: Sock, optname: number, room: number): Uint8Array | number {
  if (sk.kernel.release.sock_options_missing.has(optname)) return -ENOPROTOOPT;
  return options[optname]?.get(sk, room) ?? -ENOPROTOOPT;
}
