/** sys/socket.h. */
import { SOCK_TYPE_MASK } from '../../kernel-mock/include/uapi/socket.js';
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import { ACCEPT4, SOCKET, SOCKETPAIR } from '../internal/descriptor_calls.js';
import { describe, want_list, want_number, want_object } from '../internal/describe.js';
import {
  SOCKADDR_ROOM,
  type SockAddr,
  type SockAddrOut,
  decode_sockaddr,
  encode_sockaddr,
} from '../internal/sockaddr.js';
import { to_bytes } from '../internal/text.js';
import type { Thread } from '../internal/thread.js';

/**
 * `socket(domain, type, protocol)`: an endpoint for communication.
 *
 * @param type SOCK_*, or-ed with SOCK_CLOEXEC and SOCK_NONBLOCK, which the route carries to a kernel that has no such bits
 * @returns the lowest free descriptor; -1 with errno EINVAL (flags), EAFNOSUPPORT, EINVAL (type), EPROTONOSUPPORT,
 *          ESOCKTNOSUPPORT, EMFILE. socket(2).
 */
export async function socket(this: Thread, domain: number, type: number, protocol: number): Promise<number> {
  const flags = type & ~SOCK_TYPE_MASK;
  const r =
    flags === 0
      ? this.enter(this.nr.socket, domain, type, protocol)
      : this.process.route(this, SOCKET, flags, domain, type & SOCK_TYPE_MASK, protocol, 0);
  return this.ret(typeof r === 'number' ? r : await r);
}

/**
 * `socketpair(domain, type, protocol, sv)`: two connected sockets, written to `sv[0]` and `sv[1]`.
 *
 * @param type as for socket
 * @param sv   null is a null pointer
 * @returns 0; -1 with errno as socket, EOPNOTSUPP, EFAULT. socketpair(2).
 */
export async function socketpair(
  this: Thread,
  domain: number,
  type: number,
  protocol: number,
  sv: number[] | null,
): Promise<number> {
  if (sv !== null) want_list(sv, 'sv is a list to fill in, or null');
  want_number(type, 'type');
  const { sp } = this;
  const ptr = this.alloca(8);
  const out = sv === null ? 0 : ptr;
  const flags = type & ~SOCK_TYPE_MASK;
  const r =
    flags === 0
      ? this.enter(this.nr.socketpair, domain, type, protocol, out)
      : this.process.route(this, SOCKETPAIR, flags, domain, type & SOCK_TYPE_MASK, protocol, out);
  const ret = typeof r === 'number' ? r : await r;
  if (ret === 0 && sv !== null) {
    sv[0] = this.load_s32(ptr);
    sv[1] = this.load_s32(ptr + 4);
  }
  this.leave(sp);
  return this.ret(ret);
}

// Functions with a common body hand on its promise as it is: to be async themselves would cost three more turns of the host's
// queue for each call, half as much again as the await itself.

/** A call of (fd, address, its length). */
async function address_call(
  t: Thread,
  call: CallName,
  fd: number,
  addr: SockAddr | null,
  len?: number,
): Promise<number> {
  const raw = addr === null ? null : encode_sockaddr(addr);
  const ptr = t.map(raw);
  const r = t.enter(t.nr[call], fd, ptr, len ?? (raw === null ? 0 : raw.length));
  const ret = typeof r === 'number' ? r : await r;
  t.unmap(ptr);
  return t.ret(ret);
}

/**
 * `bind(fd, addr, addrlen)`: give a socket its address. Here mostly `bind(fd, addr)`.
 *
 * @param addr { family: AF_INET, addr, port }, { family: AF_UNIX, path } or { …, abstract }, or its bytes
 * @param addrlen default: what the address needs
 * @returns 0; -1 with errno EBADF, ENOTSOCK, EINVAL, EFAULT, EAFNOSUPPORT, EADDRNOTAVAIL, EADDRINUSE. bind(2).
 */
export function bind(this: Thread, fd: number, addr: SockAddr | null, addrlen?: number): Promise<number> {
  return address_call(this, 'bind', fd, addr, addrlen);
}

/**
 * `connect(fd, addr, addrlen)`: connect to an address, or set a datagram socket's destination.
 *
 * @returns 0; -1 with errno EBADF, ENOTSOCK, EINVAL, EFAULT, EAFNOSUPPORT, EISCONN, ECONNREFUSED, EINPROGRESS, EALREADY,
 *          EAGAIN, EINTR, ENOENT, EPROTOTYPE, ENETUNREACH, ETIMEDOUT
 * Sleeps until the connection is made or refused. connect(2).
 */
export function connect(this: Thread, fd: number, addr: SockAddr | null, addrlen?: number): Promise<number> {
  return address_call(this, 'connect', fd, addr, addrlen);
}

/** `listen(fd, backlog)`: take connections. -1 with errno EBADF, ENOTSOCK, EOPNOTSUPP, EINVAL, EADDRINUSE. listen(2). */
export async function listen(this: Thread, fd: number, backlog: number): Promise<number> {
  const r = this.enter(this.nr.listen, fd, backlog);
  return this.ret(typeof r === 'number' ? r : await r);
}

/** Where an address goes: fields that are filled in, or its bytes as in C. */
export type SockAddrRoom = SockAddrOut | Uint8Array;

/** socklen_t *: undefined stands for the natural length, null for a null pointer. */
type Length = { value: number } | null | undefined;

const ROOM = 'an address to fill in is { }, a Uint8Array or null';

/** Does the caller give the bytes of the address, or its length, as C does? */
function exact(addr: SockAddrRoom | null, addrlen: Length): addr is Uint8Array {
  if (addr !== null) want_object(addr, ROOM);
  if (addrlen !== undefined && addrlen !== null) want_object(addrlen, 'addrlen is { value } or null');
  return addrlen !== undefined || addr instanceof Uint8Array;
}

/** A call that writes an address to exactly the room and the length of the caller: `go` makes it with pointers to both. */
async function with_address_room(
  t: Thread,
  addr: SockAddrRoom | null,
  addrlen: Length,
  go: (ptr: number, lenptr: number) => number | Promise<number>,
): Promise<number> {
  const { sp } = t;
  const raw = addr instanceof Uint8Array ? addr : null;
  if (addr === null && (addrlen === undefined || addrlen === null)) return go(0, 0);
  const room = t.alloca(SOCKADDR_ROOM + 8);
  const ptr = addr === null ? 0 : raw === null ? room + 8 : t.map(raw);
  t.store32(room, addrlen?.value ?? raw?.length ?? SOCKADDR_ROOM);
  const ret = await go(ptr, addrlen === null ? 0 : room);
  if (addrlen !== undefined && addrlen !== null) addrlen.value = t.load_s32(room);
  if (raw !== null) t.unmap(ptr);
  else if (addr !== null && ret >= 0)
    decode_sockaddr(t.load_bytes(room + 8, SOCKADDR_ROOM), t.load_u32(room), addr as SockAddrOut);
  t.leave(sp);
  return ret;
}

/** Room for an address and, behind it, its length, for a call that writes both; 0, a null pointer, if they are not wanted. */
function address_room(t: Thread, addr: SockAddrOut | null): number {
  if (addr === null) return 0;
  const ptr = t.alloca(SOCKADDR_ROOM + 4);
  t.store32(ptr + SOCKADDR_ROOM, SOCKADDR_ROOM);
  return ptr;
}

function length_ptr(ptr: number): number {
  return ptr === 0 ? 0 : ptr + SOCKADDR_ROOM;
}

/** The call has answered `ret`: fill in `addr` if it made no error. */
function take_address(t: Thread, addr: SockAddrOut | null, ptr: number, ret: number): void {
  if (addr !== null && ret >= 0)
    decode_sockaddr(t.load_bytes(ptr, SOCKADDR_ROOM), t.load_u32(ptr + SOCKADDR_ROOM), addr);
}

function enter_accept(t: Thread, fd: number, ptr: number, lenptr: number, flags: number): number | Promise<number> {
  if (flags === 0) return t.enter(t.nr.accept, fd, ptr, lenptr);
  return t.process.route(t, ACCEPT4, flags, fd, ptr, lenptr, 0);
}

// Functions by themselves: the variables of one with a closure in it stand in an object that is made for each call.

async function accept_exact(
  t: Thread,
  fd: number,
  addr: SockAddrRoom | null,
  flags: number,
  addrlen: Length,
): Promise<number> {
  return t.ret(await with_address_room(t, addr, addrlen, (ptr, lenptr) => enter_accept(t, fd, ptr, lenptr, flags)));
}

async function accept_address(t: Thread, fd: number, addr: SockAddrOut | null, flags: number): Promise<number> {
  const { sp } = t;
  const ptr = address_room(t, addr);
  const r = enter_accept(t, fd, ptr, length_ptr(ptr), flags);
  const ret = typeof r === 'number' ? r : await r;
  take_address(t, addr, ptr, ret);
  t.leave(sp);
  return t.ret(ret);
}

function do_accept(t: Thread, fd: number, addr: SockAddrRoom | null, flags: number, addrlen: Length): Promise<number> {
  want_number(flags, 'flags');
  if (exact(addr, addrlen)) return accept_exact(t, fd, addr, flags, addrlen);
  return accept_address(t, fd, addr, flags);
}

/**
 * `accept(fd, addr, addrlen)`, here `accept(fd, addr)`: take one connection off a listening socket's queue; with a fourth argument of flags, the other
 * form that was discussed for the C library in November 2007, the same as accept4.
 *
 * @param addr    filled with the peer's address: its fields, or the bytes; null if not wanted
 * @param addrlen `value` is the size of the room, and becomes that of the address; null is a null pointer. Default: what `addr` has
 * @returns the new descriptor; -1 with errno EBADF, ENOTSOCK, EOPNOTSUPP, EINVAL (not listening), EMFILE, EAGAIN, EINTR,
 *          ECONNABORTED, EFAULT
 * Sleeps on the listener's queue while it is empty. accept(2).
 */
export function accept(
  this: Thread,
  fd: number,
  addr: SockAddrRoom | null = null,
  flags = 0,
  addrlen?: { value: number } | null,
): Promise<number> {
  return do_accept(this, fd, addr, flags, addrlen);
}

/**
 * `accept4(fd, addr, addrlen, flags)`: accept, with flags for the new descriptor. Here `accept4(fd, addr, flags)`: the room of an
 * object, or of an array, is known; `addrlen` may follow where the length itself matters.
 *
 * @param addr  filled with the peer's address; null if not wanted
 * @param flags SOCK_CLOEXEC | SOCK_NONBLOCK, applied to the new descriptor before any other thread can see it, unless the
 *              route is `legacy`
 * @returns as accept; besides, errno EINVAL (flags), ENOSYS (neither kernel nor route can). accept(2).
 */
export function accept4(
  this: Thread,
  fd: number,
  addr: SockAddrRoom | null,
  flags: number,
  addrlen?: { value: number } | null,
): Promise<number> {
  return do_accept(this, fd, addr, flags, addrlen);
}

async function name_call(
  t: Thread,
  call: CallName,
  fd: number,
  addr: SockAddrRoom | null,
  addrlen: Length,
): Promise<number> {
  if (exact(addr, addrlen))
    return t.ret(await with_address_room(t, addr, addrlen, (ptr, lenptr) => t.enter(t.nr[call], fd, ptr, lenptr)));
  const { sp } = t;
  const ptr = address_room(t, addr);
  const r = t.enter(t.nr[call], fd, ptr, length_ptr(ptr));
  const ret = typeof r === 'number' ? r : await r;
  take_address(t, addr, ptr, ret);
  t.leave(sp);
  return t.ret(ret);
}

/** `getsockname(fd, addr, addrlen)`: the local address, as accept gives the peer's. -1 with errno EBADF, ENOTSOCK, EFAULT. getsockname(2). */
export function getsockname(
  this: Thread,
  fd: number,
  addr: SockAddrRoom | null,
  addrlen?: { value: number } | null,
): Promise<number> {
  return name_call(this, 'getsockname', fd, addr, addrlen);
}

/** `getpeername(fd, addr, addrlen)`: the peer's address. -1 with errno EBADF, ENOTSOCK, ENOTCONN, EFAULT. getpeername(2). */
export function getpeername(
  this: Thread,
  fd: number,
  addr: SockAddrRoom | null,
  addrlen?: { value: number } | null,
): Promise<number> {
  return name_call(this, 'getpeername', fd, addr, addrlen);
}

/**
 * `sendto(fd, buf, len, flags, addr, addrlen)`: send, to `addr` if the socket is not connected. Text is sent as UTF-8. Here
 * `sendto(fd, buf, flags, addr)`: `len` is what `buf` has; a part of a buffer is `buf.subarray(0, n)`.
 *
 * @returns bytes sent; -1 with errno EBADF, ENOTSOCK, EINVAL, EFAULT, EAGAIN, EINTR, ENOTCONN, EDESTADDRREQ, EISCONN,
 *          EMSGSIZE, ECONNREFUSED, ECONNRESET, EPIPE (SIGPIPE first, unless MSG_NOSIGNAL) …
 * Sleeps while there is no room. send(2).
 */
export async function sendto(
  this: Thread,
  fd: number,
  buf: Uint8Array | string | null,
  flags: number,
  addr: SockAddr | null,
  addrlen?: number,
): Promise<number> {
  const bytes = buf === null ? null : to_bytes(buf);
  const raw = addr === null ? null : encode_sockaddr(addr);
  const ptr = this.map(bytes);
  const dest = this.map(raw);
  const len = addrlen ?? (raw === null ? 0 : raw.length);
  const r = this.enter(this.nr.sendto, fd, ptr, bytes === null ? 0 : bytes.length, flags, dest, len);
  const n = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  this.unmap(dest);
  return this.ret(n);
}

/** `send(fd, buf, len, flags)`: sendto without an address. Here `send(fd, buf, flags)`. send(2). */
export async function send(this: Thread, fd: number, buf: Uint8Array | string | null, flags = 0): Promise<number> {
  const bytes = buf === null ? null : to_bytes(buf);
  const ptr = this.map(bytes);
  const r = this.enter(this.nr.sendto, fd, ptr, bytes === null ? 0 : bytes.length, flags);
  const n = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  return this.ret(n);
}

/**
 * `recvfrom(fd, buf, len, flags, addr, addrlen)`: receive, and learn from whom. Here `recvfrom(fd, buf, flags, addr)`: `len` is what
 * `buf` has.
 *
 * @param addr filled with the sender's address where the protocol has one, as accept does; null if not wanted
 * @returns bytes received, 0 at end of file; -1 with errno EBADF, ENOTSOCK, EFAULT, EAGAIN, EINTR, ENOTCONN, ECONNREFUSED,
 *          ECONNRESET … Sleeps while nothing is there. recv(2).
 */
export async function recvfrom(
  this: Thread,
  fd: number,
  buf: Uint8Array | null,
  flags: number,
  addr: SockAddrRoom | null,
  addrlen?: { value: number } | null,
): Promise<number> {
  const as_in_c = exact(addr, addrlen);
  const ptr = this.map(buf);
  const len = buf === null ? 0 : buf.length;
  if (as_in_c) {
    const got = await with_address_room(this, addr, addrlen, (name, namelen) =>
      this.enter(this.nr.recvfrom, fd, ptr, len, flags, name, namelen),
    );
    this.unmap(ptr);
    return this.ret(got);
  }
  const { sp } = this;
  const name = address_room(this, addr);
  const r = this.enter(this.nr.recvfrom, fd, ptr, len, flags, name, length_ptr(name));
  const n = typeof r === 'number' ? r : await r;
  take_address(this, addr, name, n);
  this.leave(sp);
  this.unmap(ptr);
  return this.ret(n);
}

/** `recv(fd, buf, len, flags)`: recvfrom without an address. Here `recv(fd, buf, flags)`. recv(2). */
export async function recv(this: Thread, fd: number, buf: Uint8Array | null, flags = 0): Promise<number> {
  const ptr = this.map(buf);
  const r = this.enter(this.nr.recvfrom, fd, ptr, buf === null ? 0 : buf.length, flags);
  const n = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  return this.ret(n);
}

/** `shutdown(fd, how)`: SHUT_RD, SHUT_WR or SHUT_RDWR. -1 with errno EBADF, ENOTSOCK, EINVAL, ENOTCONN. shutdown(2). */
export async function shutdown(this: Thread, fd: number, how: number): Promise<number> {
  const r = this.enter(this.nr.shutdown, fd, how);
  return this.ret(typeof r === 'number' ? r : await r);
}

/**
 * `setsockopt(fd, level, optname, optval, optlen)`. Here without `optlen`: 4 for a number, else what the bytes have.
 *
 * @param optval a number for the many options that are an int, else the bytes of the value
 * @returns 0; -1 with errno EBADF, ENOTSOCK, EINVAL, EFAULT, ENOPROTOOPT, EDOM … setsockopt(2).
 */
export async function setsockopt(
  this: Thread,
  fd: number,
  level: number,
  optname: number,
  optval: number | Uint8Array | null,
): Promise<number> {
  const { sp } = this;
  let ptr: number;
  let len = 4;
  if (typeof optval === 'number') {
    ptr = this.alloca(4);
    this.store32(ptr, optval);
  } else {
    ptr = this.map(optval);
    len = optval === null ? 0 : optval.length;
  }
  const r = this.enter(this.nr.setsockopt, fd, level, optname, ptr, len);
  const ret = typeof r === 'number' ? r : await r;
  if (typeof optval === 'number') this.leave(sp);
  else this.unmap(ptr);
  return this.ret(ret);
}

/**
 * `getsockopt(fd, level, optname, optval, optlen)`.
 *
 * @param optval an object whose `value` becomes the int, or a buffer for the bytes of the value
 * @param optlen an object whose `value` becomes the number of bytes
 * @returns 0; -1 with errno EBADF, ENOTSOCK, EFAULT, ENOPROTOOPT. getsockopt(2).
 */
export async function getsockopt(
  this: Thread,
  fd: number,
  level: number,
  optname: number,
  optval: { value: number } | Uint8Array | null,
  optlen: { value: number } | null = null,
): Promise<number> {
  if (typeof optval !== 'object') throw new TypeError(`optval is { value } or a Uint8Array, not ${describe(optval)}`);
  const { sp } = this;
  const room = this.alloca(8);
  const buffer = optval instanceof Uint8Array ? optval : null;
  const ptr = optval === null ? 0 : buffer === null ? room : this.map(buffer);
  this.store32(room + 4, buffer === null ? 4 : buffer.length);
  const r = this.enter(this.nr.getsockopt, fd, level, optname, ptr, room + 4);
  const ret = typeof r === 'number' ? r : await r;
  if (ret === 0) {
    if (optval !== null && !(optval instanceof Uint8Array)) optval.value = this.load_s32(room);
    if (optlen !== null) optlen.value = this.load_u32(room + 4);
  }
  if (buffer !== null) this.unmap(ptr);
  this.leave(sp);
  return this.ret(ret);
}
