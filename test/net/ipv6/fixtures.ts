/** Sockets of AF_INET6 that rows begin with. */
import type { Libc, SockAddrIn6, SockAddrOut, ThrowingLibc } from '../../../index.js';
import {
  AF_INET,
  AF_INET6,
  IPV6_V6ONLY,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_IPV6,
  errno_names,
} from '../../../kernel-mock/include/uapi/index.js';

export const at6 = (port: number, addr = '::1', scope_id = 0): SockAddrIn6 => ({
  family: AF_INET6,
  addr,
  port,
  scope_id,
});

export async function tcp6(ok: ThrowingLibc, only = 0): Promise<number> {
  const s = await ok.socket(AF_INET6, SOCK_STREAM, 0);
  if (only !== 0) await ok.setsockopt(s, SOL_IPV6, IPV6_V6ONLY, only);
  return s;
}

export async function udp6(ok: ThrowingLibc, addr?: string, port = 0): Promise<number> {
  const s = await ok.socket(AF_INET6, SOCK_DGRAM, 0);
  if (addr !== undefined) await ok.bind(s, at6(port, addr));
  return s;
}

export async function listener6(ok: ThrowingLibc, addr: string, port = 80, only = 0): Promise<number> {
  const s = await tcp6(ok, only);
  await ok.bind(s, at6(port, addr));
  await ok.listen(s, 5);
  return s;
}

/** The address of a socket, or of its peer: with its port unless a random one, or the name of the error. */
export async function name6(libc: Libc, fd: number, peer = false): Promise<string> {
  const addr: SockAddrOut = {};
  const ret = peer ? await libc.getpeername(fd, addr) : await libc.getsockname(fd, addr);
  if (ret === -1) return errno_names[libc.errno]!;
  const port = addr.port! >= 32768 ? 'any' : addr.port;
  return addr.family === AF_INET ? `${addr.addr}:${port}` : `[${addr.addr}]:${port}`;
}
