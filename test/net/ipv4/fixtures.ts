/** Sockets that rows begin with. */
import type { Libc, SockAddrIn, SockAddrOut, ThrowingLibc } from '../../../index.js';
import {
  AF_INET,
  F_SETFL,
  O_NONBLOCK,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  SOL_TCP,
  SO_ERROR,
  SO_LINGER,
  TCP_INFO,
  errno_names,
} from '../../../kernel-mock/include/uapi/index.js';

export const LOOPBACK = '127.0.0.1';

export const at = (port: number, addr = LOOPBACK): SockAddrIn => ({ family: AF_INET, addr, port });

/** Bytes of an address of another family, and of one that is too short. */
export const other_family = (family: number, addr = 0): Uint8Array =>
  Uint8Array.of(family, 0, 0, 0, addr >>> 24, addr >> 16, addr >> 8, addr, 0, 0, 0, 0, 0, 0, 0, 0);
export const UNSPEC = other_family(0);

/** A flag option, on. */
export const ON = Uint8Array.of(1, 0, 0, 0);
export const LINGER_0 = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

export async function tcp(ok: ThrowingLibc): Promise<number> {
  return ok.socket(AF_INET, SOCK_STREAM, 0);
}

export async function udp(ok: ThrowingLibc): Promise<number> {
  return ok.socket(AF_INET, SOCK_DGRAM, 0);
}

export async function bound(ok: ThrowingLibc, addr: SockAddrIn = at(80), type = SOCK_STREAM): Promise<number> {
  const s = await ok.socket(AF_INET, type, 0);
  await ok.bind(s, addr);
  return s;
}

export async function listener(ok: ThrowingLibc, addr: SockAddrIn = at(80), backlog = 5): Promise<number> {
  const s = await bound(ok, addr);
  await ok.listen(s, backlog);
  return s;
}

export async function client(ok: ThrowingLibc, addr: SockAddrIn = at(80)): Promise<number> {
  const s = await tcp(ok);
  await ok.connect(s, addr);
  return s;
}

/** Both ends of a connection, whose listener is gone. */
export async function pair(ok: ThrowingLibc): Promise<[c: number, s: number]> {
  const l = await listener(ok);
  const c = await client(ok);
  const s = await ok.accept(l);
  await ok.close(l);
  return [c, s];
}

export async function nonblocking(ok: ThrowingLibc, fd: number): Promise<number> {
  await ok.fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

/** POLL* bits that hold, of all that there are. */
export async function revents(ok: ThrowingLibc, fd: number): Promise<number> {
  const fds = [{ fd, events: 0x23df, revents: 0 }];
  await ok.poll(fds, 0);
  return fds[0]!.revents;
}

/** SO_ERROR by name; 0: none. */
export async function so_error(ok: ThrowingLibc, fd: number): Promise<string | number> {
  const raw = new Uint8Array(4);
  await ok.getsockopt(fd, SOL_SOCKET, SO_ERROR, raw);
  return raw[0] === 0 ? 0 : errno_names[raw[0]!]!;
}

export async function tcp_state(ok: ThrowingLibc, fd: number): Promise<number> {
  const raw = new Uint8Array(4);
  await ok.getsockopt(fd, SOL_TCP, TCP_INFO, raw);
  return raw[0]!;
}

/** `addr:port`, or the name of the error. */
export async function name(libc: Libc, fd: number, peer = false): Promise<string> {
  const addr: SockAddrOut = {};
  const ret = peer ? await libc.getpeername(fd, addr) : await libc.getsockname(fd, addr);
  return ret === -1 ? errno_names[libc.errno]! : `${addr.addr}:${addr.port}`;
}

export async function port(ok: ThrowingLibc, fd: number): Promise<number> {
  const addr: SockAddrOut = {};
  await ok.getsockname(fd, addr);
  return addr.port!;
}

/** Break a connection off. */
export async function reset(ok: ThrowingLibc, fd: number): Promise<void> {
  await ok.setsockopt(fd, SOL_SOCKET, SO_LINGER, LINGER_0);
  await ok.close(fd);
}
