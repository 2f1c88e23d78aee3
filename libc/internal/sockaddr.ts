/** Socket addresses: objects of the program, bytes of the ABI (sys/un.h, netinet/in.h). */
import { get_u16, get_u32, put_u16, put_u32 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { AF_INET, AF_INET6, AF_UNIX } from '../../kernel-mock/include/uapi/socket.js';
import { UNIX_PATH_MAX } from '../../kernel-mock/include/uapi/un.js';
import { describe } from './describe.js';
import { ntoa, ntop6, parse_inet, parse_inet6 } from './inet.js';
import { put_short_ascii, to_bytes, to_text } from './text.js';

export interface SockAddrIn {
  family: typeof AF_INET;
  /** Dotted decimal, such as '127.0.0.1'. */
  addr: string;
  /** 0 to 65535, in host order. */
  port: number;
}

export interface SockAddrIn6 {
  family: typeof AF_INET6;
  /** Such as '::1', or '::ffff:127.0.0.1' for an IPv4 address. */
  addr: string;
  /** 0 to 65535, in host order. */
  port: number;
  /** 32 bits as they stand in memory, in network order; default 0. */
  flowinfo?: number;
  /** Number of the interface of a link-local address; default 0. */
  scope_id?: number;
}

export interface SockAddrUn {
  family: typeof AF_UNIX;
  /** A path name … */
  path?: string;
  /** … or an abstract name, without its leading zero byte. Neither: the family alone, an unnamed socket. */
  abstract?: string;
}

/** An address as programs give it. A Uint8Array is passed as it is. */
export type SockAddr = SockAddrIn | SockAddrIn6 | SockAddrUn | { family: number } | Uint8Array;

/** An address as calls fill it in: the fields of the family that answered. */
export interface SockAddrOut {
  family?: number;
  addr?: string;
  port?: number;
  flowinfo?: number;
  scope_id?: number;
  path?: string;
  abstract?: string;
}

const IN = layout_x86_64.sockaddr_in;
const IN6 = layout_x86_64.sockaddr_in6;
const SUN_PATH = layout_x86_64.sockaddr_un.sun_path;
/** sizeof(struct sockaddr_storage): room for any address. */
export const SOCKADDR_ROOM = layout_x86_64.sockaddr_storage.size;

/** A port in network order, as the number that those two bytes are on this machine. */
function network_port(port: number): number {
  if (!(Number.isInteger(port) && port >= 0 && port <= 65535))
    throw new RangeError(`port is a number from 0 to 65535, not ${String(port)}`);
  return ((port & 0xff) << 8) | (port >> 8);
}

function encode_in6(sa: SockAddrIn6): Uint8Array {
  const raw = new Uint8Array(IN6.size);
  put_u16(raw, 0, AF_INET6);
  put_u16(raw, IN6.sin6_port, network_port(sa.port));
  put_u32(raw, IN6.sin6_flowinfo, sa.flowinfo ?? 0);
  raw.set(parse_inet6(sa.addr), IN6.sin6_addr);
  put_u32(raw, IN6.sin6_scope_id, sa.scope_id ?? 0);
  return raw;
}

function encode_in(sa: SockAddrIn): Uint8Array {
  const { addr, port } = sa;
  const raw = new Uint8Array(IN.size);
  put_u16(raw, 0, AF_INET);
  put_u16(raw, IN.sin_port, network_port(port));
  const ip = parse_inet(addr);
  for (let i = 0; i < 4; i++) raw[IN.sin_addr + i] = ip >>> (24 - 8 * i);
  return raw;
}

/** Room for a name of `length` bytes. A path has its terminating zero unless it fills the room; an abstract name has none, but a zero byte in front. */
function new_sockaddr_un(length: number, abstract: boolean): Uint8Array {
  const size = abstract ? 1 + length : Math.max(Math.min(length + 1, UNIX_PATH_MAX), length);
  const raw = new Uint8Array(SUN_PATH + size);
  put_u16(raw, 0, AF_UNIX);
  return raw;
}

function encode_un(sa: SockAddrUn): Uint8Array {
  for (const key in sa)
    if (key !== 'path' && key !== 'abstract' && key !== 'family')
      throw new TypeError(`an AF_UNIX address has 'path' or 'abstract', not '${key}'`);
  const abstract = sa.abstract !== undefined;
  if (abstract && sa.path !== undefined) throw new TypeError("an AF_UNIX address has 'path' or 'abstract', not both");
  const name: unknown = sa.abstract ?? sa.path;
  // The family alone.
  if (name === undefined) return new_sockaddr_un(-1, true);
  if (typeof name !== 'string') throw new TypeError(`${abstract ? 'abstract' : 'path'} is text, not ${describe(name)}`);
  const at = abstract ? SUN_PATH + 1 : SUN_PATH;
  const short = new_sockaddr_un(name.length, abstract);
  if (put_short_ascii(short, at, name)) return short;
  const text = to_bytes(name);
  const raw = new_sockaddr_un(text.length, abstract);
  raw.set(text, at);
  return raw;
}

/** The bytes of an address. A family without a form of its own becomes a struct sockaddr of zeros behind it. */
export function encode_sockaddr(sa: SockAddr): Uint8Array {
  if (sa instanceof Uint8Array) return sa;
  if (sa === null || typeof sa !== 'object' || typeof sa.family !== 'number')
    throw new TypeError(
      'a socket address is { family: AF_INET, addr, port }, the same of AF_INET6, { family: AF_UNIX, path } or a Uint8Array',
    );
  if (sa.family === AF_UNIX) return encode_un(sa as SockAddrUn);
  if (sa.family === AF_INET && ('addr' in sa || 'port' in sa)) return encode_in(sa as SockAddrIn);
  if (sa.family === AF_INET6 && ('addr' in sa || 'port' in sa)) return encode_in6(sa as SockAddrIn6);
  const raw = new Uint8Array(layout_x86_64.sockaddr.size);
  put_u16(raw, 0, sa.family);
  return raw;
}

const KEYS = ['family', 'addr', 'port', 'flowinfo', 'scope_id', 'path', 'abstract'] as const;

/** Put what the kernel wrote into `out`: `raw` is the room, `len` the length that the kernel gave. */
export function decode_sockaddr(raw: Uint8Array, len: number, out: SockAddrOut): void {
  for (const key of KEYS) delete out[key];
  const bytes = raw.subarray(0, Math.min(len, raw.length));
  if (bytes.length < 2) return;
  out.family = get_u16(bytes, 0);
  if (out.family === AF_INET && bytes.length >= IN.sin_zero) {
    out.addr = ntoa(get_u32(bytes, IN.sin_addr));
    out.port = (bytes[IN.sin_port]! << 8) | bytes[IN.sin_port + 1]!;
  } else if (out.family === AF_INET6 && bytes.length >= IN6.size) {
    out.addr = ntop6(bytes.subarray(IN6.sin6_addr, IN6.sin6_addr + 16));
    out.port = (bytes[IN6.sin6_port]! << 8) | bytes[IN6.sin6_port + 1]!;
    out.flowinfo = get_u32(bytes, IN6.sin6_flowinfo);
    out.scope_id = get_u32(bytes, IN6.sin6_scope_id);
  } else if (out.family === AF_UNIX && bytes.length > SUN_PATH) {
    const name = bytes.subarray(SUN_PATH);
    const end = name.indexOf(0, 1);
    if (name[0] === 0) out.abstract = to_text(name.subarray(1));
    else out.path = to_text(end === -1 ? name : name.subarray(0, end));
  }
}
