/** Calls of net/socket.c but those that carry message headers. */
import { layout_x86_64 as L } from '../../../kernel-mock/include/uapi/layout.js';
import * as so from '../../../kernel-mock/include/uapi/socket.js';
import { IPPROTO_IPV6, IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP } from '../../../kernel-mock/include/uapi/in.js';
import {
  type Arg,
  type Call,
  type Decoders,
  address,
  enter,
  failed,
  fd,
  fd_row,
  flags,
  in_buffer,
  int,
  leave,
  out_fds,
  printstrn,
  row,
  s32,
  u32,
  uint,
  umoven,
  value_of,
} from '../print.js';
import { printsockaddr, printsocklen, read_int } from '../structs.js';
import {
  addrfams,
  inet_protocols,
  ip_options,
  ipv6_options,
  msg_flags,
  shutdown_modes,
  sock_options,
  sock_type_flags,
  socketlayers,
  socktypes,
  tcp_options,
  udp_options,
} from '../tables.js';
import { type Xlat, printflags, printxval } from '../xlat.js';

const SOCK_TYPE_MASK = 0xf;

/** The type, then the flags; those without a name in hexadecimal. Linux strace: tprint_sock_type. */
const sock_type: Arg = enter((_c, v) => {
  const type = u32(v) & SOCK_TYPE_MASK;
  const rest = u32(u32(v) - type);
  const name = socktypes.find(([n]) => n === type)?.[1];
  if (name === undefined) return printxval(socktypes, u32(v), 'SOCK_???');
  return rest === 0 ? name : `${name}|${printflags(sock_type_flags, rest, 'SOCK_???')}`;
});

const INET: ReadonlySet<number> = new Set([so.AF_INET, so.AF_INET6]);

const protocol: Arg = enter((c, v) =>
  INET.has(s32(c.args[0]!)) ? printxval(inet_protocols, u32(v), 'IPPROTO_???') : String(u32(v)),
);

const family: Arg = value_of(addrfams, 'AF_???');
const sockaddr: Arg = enter((c, v, i) => printsockaddr(c, v, s32(c.args[i + 1]!)));

/** An address that the call writes, `addr` before its length: without them nothing is left to decode at exit. */
const late_if_wanted = (c: Call, _v: number, i: number): boolean =>
  c.args[i] !== 0 && read_int(c, c.args[i + 1]!) !== null;
const out_sockaddr: Arg = {
  late: late_if_wanted,
  print(c, v, i) {
    const now = failed(c) || c.ret === null ? null : read_int(c, c.args[i + 1]!);
    return now === null ? address(v) : printsockaddr(c, v, Math.min(now, c.kept as number));
  },
};
const out_socklen: Arg = enter((c, v) => (c.ret === null ? address(v) : printsocklen(c, v, c.kept as number | null)));
const keep_socklen =
  (reg: number) =>
  (c: Call): number | null =>
    c.args[reg - 1] === 0 ? null : read_int(c, c.args[reg]!);

// Options.

const levels: Readonly<Record<number, Xlat>> = {
  [so.SOL_SOCKET]: sock_options,
  [IPPROTO_IP]: ip_options,
  [IPPROTO_IPV6]: ipv6_options,
  [IPPROTO_TCP]: tcp_options,
  [IPPROTO_UDP]: udp_options,
};
const DFLT: Readonly<Record<number, string>> = {
  [so.SOL_SOCKET]: 'SO_???',
  [IPPROTO_IP]: 'IP_???',
  [IPPROTO_IPV6]: 'IPV6_???',
  [IPPROTO_TCP]: 'TCP_???',
  [IPPROTO_UDP]: 'UDP_???',
};

const level: Arg = value_of(socketlayers, 'SOL_??');
const optname: Arg = enter((c, v) => {
  const table = levels[u32(c.args[1]!)];
  return table === undefined ? hex_or_zero(u32(v)) : printxval(table, u32(v), DFLT[u32(c.args[1]!)]!);
});
const hex_or_zero = (n: number): string => (n === 0 ? '0' : String(n));

function optval(c: Call, addr: number, len: number): string {
  if (addr === 0) return 'NULL';
  if (len <= 0 && len !== 0) return address(addr);
  const at_socket = u32(c.args[1]!) === so.SOL_SOCKET;
  const name = s32(c.args[2]!);
  const bytes = umoven(c, addr, len);
  if (bytes === null) return address(addr);
  const v = new DataView(bytes.buffer);
  if (at_socket && name === so.SO_LINGER && len >= L.linger.size)
    return `{l_onoff=${v.getInt32(0, true)}, l_linger=${v.getInt32(4, true)}}`;
  if (at_socket && name === so.SO_PEERCRED && len >= L.ucred.size)
    return `{pid=${v.getInt32(0, true)}, uid=${v.getUint32(4, true)}, gid=${v.getUint32(8, true)}}`;
  if (len === 4) return `[${v.getInt32(0, true)}]`;
  return len < 4 && c.ret === null ? address(addr) : printstrn(c, addr, len);
}

const in_optval: Arg = enter((c, v, i) => optval(c, v, s32(c.args[i + 1]!)));
const out_optval: Arg = {
  late: (c, _v, i) => read_int(c, c.args[i + 1]!) !== null,
  print(c, v, i) {
    const now = failed(c) || c.ret === null ? null : read_int(c, c.args[i + 1]!);
    return now === null ? address(v) : optval(c, v, now);
  },
};

const out_received: Arg = leave((c, v) => (failed(c) ? address(v) : printstrn(c, v, c.ret!)));
const len_arg: Arg = enter((_c, v) => (v >= 0 ? String(v) : String(BigInt.asUintN(64, BigInt(v)))));

export const net_decoders = {
  socket: fd_row(family, sock_type, protocol),
  socketpair: row(family, sock_type, uint, out_fds),
  bind: row(fd, sockaddr, int),
  connect: row(fd, sockaddr, int),
  listen: row(fd, int),
  accept: { args: [fd, out_sockaddr, out_socklen], ret: 'fd', keep: keep_socklen(2) },
  accept4: {
    args: [fd, out_sockaddr, out_socklen, flags(sock_type_flags, 'SOCK_???')],
    ret: 'fd',
    keep: keep_socklen(2),
  },
  getsockname: { args: [fd, out_sockaddr, out_socklen], keep: keep_socklen(2) },
  getpeername: { args: [fd, out_sockaddr, out_socklen], keep: keep_socklen(2) },
  sendto: row(fd, in_buffer, len_arg, flags(msg_flags, 'MSG_???'), sockaddr, int),
  recvfrom: {
    args: [fd, out_received, len_arg, flags(msg_flags, 'MSG_???'), out_sockaddr, out_socklen],
    keep: keep_socklen(5),
  },
  shutdown: row(fd, value_of(shutdown_modes, 'SHUT_???')),
  setsockopt: row(fd, level, optname, in_optval, int),
  getsockopt: { args: [fd, level, optname, out_optval, out_socklen], keep: (c) => read_int(c, c.args[4]!) },
} satisfies Decoders;
