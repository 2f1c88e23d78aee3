/** What a row of the table of sleeping calls is made of. */
import { AF_INET, AF_UNIX, SOCK_STREAM } from 'sys-indirect/uapi';
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import type { Libc, SockAddrIn } from '../../index.js';

export interface SleepingCall {
  readonly name: string;
  /** A call without which the row means nothing. */
  readonly needs?: CallName;
  /** Before that release SA_RESTART did nothing to it. */
  readonly restarts_since?: '3.8';
  /** A handler runs when the call is done, and does not make it fail. */
  readonly holds?: true;
  /** Does SA_RESTART make it go on? Else it gives EINTR in any case. */
  readonly restarts: boolean;
  /** What a stop and SIGCONT, without a handler, make of it: default: it sleeps on. signal(7). */
  readonly without_handler?: 'EINTR';
  /** What the call needs, made before it; `go` makes the call and `end` what ends it. */
  setup(libc: Libc): Promise<{ go: (libc: Libc) => Promise<number>; end?: (libc: Libc) => Promise<unknown> }>;
}

export async function pair(libc: Libc, type = SOCK_STREAM): Promise<[number, number]> {
  const sv: number[] = [];
  await libc.socketpair(AF_UNIX, type, 0, sv);
  return [sv[0]!, sv[1]!];
}

export async function listener(libc: Libc): Promise<number> {
  const fd = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
  await libc.bind(fd, { family: AF_UNIX, abstract: 'x' });
  await libc.listen(fd, 0);
  return fd;
}

export async function connect(libc: Libc): Promise<number> {
  const fd = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
  return libc.connect(fd, { family: AF_UNIX, abstract: 'x' });
}

export async function pipe(libc: Libc): Promise<[number, number]> {
  const fds: number[] = [];
  await libc.pipe(fds);
  return [fds[0]!, fds[1]!];
}

export async function tcp_listener(libc: Libc, backlog = 4): Promise<{ fd: number; name: SockAddrIn }> {
  const fd = await libc.socket(AF_INET, SOCK_STREAM, 0);
  const name: SockAddrIn = { family: AF_INET, addr: '127.0.0.1', port: 98 };
  await libc.bind(fd, name);
  await libc.listen(fd, backlog);
  return { fd, name };
}

export const BYTE = (): Uint8Array => new Uint8Array(1);
