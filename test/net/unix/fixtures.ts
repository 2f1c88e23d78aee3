/** Sockets that rows begin with. */
import type { Libc, SockAddrUn, ThrowingLibc } from '../../../index.js';
import { AF_UNIX, F_SETFL, O_NONBLOCK, SOCK_STREAM } from '../../../kernel-mock/include/uapi/index.js';

export const A: SockAddrUn = { family: AF_UNIX, abstract: 'a' };
export const B: SockAddrUn = { family: AF_UNIX, abstract: 'b' };
export const PATH: SockAddrUn = { family: AF_UNIX, path: 'sock' };
export const NOWHERE: SockAddrUn = { family: AF_UNIX, path: 'nowhere' };

export async function pair(ok: ThrowingLibc, type = SOCK_STREAM): Promise<[number, number]> {
  const sv: number[] = [];
  await ok.socketpair(AF_UNIX, type, 0, sv);
  return sv as [number, number];
}

export async function bound(ok: ThrowingLibc, addr: SockAddrUn = A, type = SOCK_STREAM): Promise<number> {
  const s = await ok.socket(AF_UNIX, type, 0);
  await ok.bind(s, addr);
  return s;
}

export async function listener(
  ok: ThrowingLibc,
  addr: SockAddrUn = A,
  backlog = 5,
  type = SOCK_STREAM,
): Promise<number> {
  const s = await bound(ok, addr, type);
  await ok.listen(s, backlog);
  return s;
}

export async function client(ok: ThrowingLibc, addr: SockAddrUn = A, type = SOCK_STREAM): Promise<number> {
  const s = await ok.socket(AF_UNIX, type, 0);
  await ok.connect(s, addr);
  return s;
}

export async function nonblocking(ok: ThrowingLibc, fd: number): Promise<number> {
  await ok.fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

/** A listener, and both ends of one connection through it. */
export async function connection(ok: ThrowingLibc, type = SOCK_STREAM): Promise<[l: number, c: number, s: number]> {
  const l = await listener(ok, A, 5, type);
  const c = await client(ok, A, type);
  const s = await ok.accept(l);
  return [l, c, s];
}

/** Write until it would block; answers with the number of bytes. */
export async function fill(libc: Libc, fd: number, piece = 4096): Promise<number> {
  let total = 0;
  for (;;) {
    const n = await libc.send(fd, new Uint8Array(piece), 0x40);
    if (n === -1) return total;
    total += n;
  }
}
