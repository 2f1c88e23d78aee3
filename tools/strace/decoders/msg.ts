/** Calls that carry message headers: sendmsg, recvmsg and their like for many. */
import { layout_x86_64 as L } from '../../../kernel-mock/include/uapi/layout.js';
import { SCM_CREDENTIALS, SCM_RIGHTS, SOL_SOCKET } from '../../../kernel-mock/include/uapi/socket.js';
import {
  type Arg,
  type Call,
  type Decoders,
  address,
  enter,
  failed,
  fd,
  flags,
  leave,
  printarray,
  printfd,
  quote,
  row,
  u32,
  uint,
  umoven,
} from '../print.js';
import { timespec, printiov, printsockaddr } from '../structs.js';
import { ip_cmsg_types, ipv6_cmsg_types, msg_flags, scm_types, socketlayers } from '../tables.js';
import { printflags, printxval } from '../xlat.js';

const CMSG_ALIGN = 8;
const LEVELS: Readonly<Record<number, readonly [typeof scm_types, string]>> = {
  [SOL_SOCKET]: [scm_types, 'SCM_???'],
  0: [ip_cmsg_types, 'IP_???'],
  41: [ipv6_cmsg_types, 'IPV6_???'],
};

/** The data of one control message. Linux strace: print_cmsg_type_data. */
function cmsg_data(c: Call, level: number, type: number, data: Uint8Array): string {
  const v = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (level === SOL_SOCKET && type === SCM_RIGHTS) {
    const fds = Array.from({ length: data.length >> 2 }, (_, i) => printfd(c, v.getInt32(4 * i, true)));
    return `[${fds.join(', ')}]`;
  }
  if (level === SOL_SOCKET && type === SCM_CREDENTIALS && data.length >= L.ucred.size)
    return `{pid=${v.getInt32(0, true)}, uid=${v.getInt32(4, true)}, gid=${v.getInt32(8, true)}}`;
  if (level === SOL_SOCKET) return quote(c, data);
  return data.length === 4 ? `[${v.getInt32(0, true)}]` : quote(c, data);
}

/** `[{cmsg_len=20, …}]`. Linux strace: decode_msg_control. */
function control(c: Call, addr: number, len: number): string {
  if (len === 0) return '';
  const bytes = umoven(c, addr, Math.min(len, 4096));
  if (addr === 0 || bytes === null) return `, msg_control=${address(addr)}`;
  const v = new DataView(bytes.buffer);
  const texts: string[] = [];
  for (let at = 0; at + L.cmsghdr.size <= bytes.length;) {
    const n = Number(v.getBigUint64(at, true));
    const level = v.getInt32(at + L.cmsghdr.cmsg_level, true);
    const type = v.getInt32(at + L.cmsghdr.cmsg_type, true);
    const [types, dflt] = LEVELS[level] ?? [[], '???'];
    const head = `cmsg_len=${n}, cmsg_level=${printxval(socketlayers, u32(level), 'SOL_???')}, cmsg_type=${types.length === 0 ? `${type}` : printxval(types, u32(type), dflt)}`;
    const data = bytes.subarray(at + L.cmsghdr.size, Math.min(at + n, bytes.length));
    texts.push(data.length === 0 ? `{${head}}` : `{${head}, cmsg_data=${cmsg_data(c, level, type, data)}}`);
    if (n < L.cmsghdr.size) break;
    at += Math.ceil(n / CMSG_ALIGN) * CMSG_ALIGN;
  }
  return `, msg_control=${texts.length === 0 ? address(addr) : `[${texts.join(', ')}]`}`;
}

interface Header {
  readonly name: number;
  readonly namelen: number;
  readonly iov: number;
  readonly iovlen: number;
  readonly control: number;
  readonly controllen: number;
  readonly flags: number;
}

function header(c: Call, addr: number): Header | null {
  const bytes = umoven(c, addr, L.msghdr.size);
  if (bytes === null) return null;
  const v = new DataView(bytes.buffer);
  const wide = (at: number): number => Number(v.getBigUint64(at, true));
  return {
    name: wide(L.msghdr.msg_name),
    namelen: v.getInt32(L.msghdr.msg_namelen, true),
    iov: wide(L.msghdr.msg_iov),
    iovlen: wide(L.msghdr.msg_iovlen),
    control: wide(L.msghdr.msg_control),
    controllen: wide(L.msghdr.msg_controllen),
    flags: v.getUint32(L.msghdr.msg_flags, true),
  };
}

/**
 * `{msg_name=…}` of a header in memory. `bytes`: how much of its data is shown; `before`: msg_namelen at entry, for what is
 * received. Linux strace: print_struct_msghdr.
 */
function msghdr(c: Call, h: Header, bytes: number | null, before: number | null): string {
  const name = printsockaddr(c, h.name, before === null ? h.namelen : Math.min(h.namelen, before));
  const namelen = before === null || before === h.namelen ? String(h.namelen) : `${before} => ${h.namelen}`;
  const iov = printiov(c, h.iov, h.iovlen, bytes);
  return `{msg_name=${name}, msg_namelen=${namelen}, msg_iov=${iov}, msg_iovlen=${h.iovlen}${control(c, h.control, h.controllen)}, msg_controllen=${h.controllen}, msg_flags=${printflags(msg_flags, h.flags, 'MSG_???')}}`;
}

const sent: Arg = enter((c, v) => {
  const h = header(c, v);
  return h === null ? address(v) : msghdr(c, h, null, null);
});

/** After an error only the length of the name is known. */
const received: Arg = leave((c, v) => {
  const h = header(c, v);
  const before = c.kept as number | null;
  if (h === null || before === null) return address(v);
  if (!failed(c)) return msghdr(c, h, c.ret, before);
  return `{msg_namelen=${before === h.namelen ? '' : `${before} => `}${h.namelen}}`;
});

/** The messages that went through, with what became of each. */
const vector = (receives: boolean): Arg =>
  leave((c, v) => {
    if (failed(c) && receives) return address(v);
    const lengths = c.kept as readonly number[];
    const n = failed(c) ? u32(c.args[2]!) : c.ret!;
    let i = 0;
    return printarray(c, v, n, L.mmsghdr.size, (view, at) => {
      const h = header(c, at)!;
      const len = view.getUint32(L.mmsghdr.msg_len, true);
      const text = msghdr(c, h, receives ? len : null, receives ? (lengths[i++] ?? null) : null);
      return `{msg_hdr=${text}${failed(c) ? '' : `, msg_len=${len}`}}`;
    });
  });

function keep_namelens(c: Call): readonly number[] {
  const n = Math.min(u32(c.args[2]!), 1024);
  return Array.from({ length: n }, (_, i) => header(c, c.args[1]! + i * L.mmsghdr.size)?.namelen ?? 0);
}

const msgflags: Arg = flags(msg_flags, 'MSG_???');

export const msg_decoders = {
  sendmsg: row(fd, sent, msgflags),
  recvmsg: { args: [fd, received, msgflags], keep: (c) => header(c, c.args[1]!)?.namelen ?? null },
  sendmmsg: { args: [fd, vector(false), uint, msgflags], keep: keep_namelens },
  recvmmsg: {
    args: [fd, vector(true), uint, msgflags, enter((c, v) => timespec(c, v))],
    keep: keep_namelens,
    aux: (c) => (c.ret! > 0 && c.args[4] !== 0 ? `left ${timespec(c, c.args[4]!)}` : null),
  },
} satisfies Decoders;
