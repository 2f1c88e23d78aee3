/**
 * The race that sys_indirect was written for: one thread makes a descriptor that no child may have, while another forks and executes
 * a program. Made by two calls, accept and fcntl, some orders give the program the descriptor; made by one there is no such order.
 *
 *     sys-indirect explore examples/race-accept.ts --route legacy --all
 *     sys-indirect explore examples/race-accept.ts --route legacy --all -- pipe
 *     sys-indirect explore examples/race-accept.ts --route dedicated
 *     sys-indirect explore examples/race-accept.ts --route indirect --kernel 2.6.24-rc3-indirect-v3
 *
 * The argument says how the descriptor is made: accept (default), socket, pipe, eventfd, open. Returns 0; that the program that is
 * executed has no descriptor but the three of the console is looked at by the explorer (`no_leaks`).
 */
import type { Libc, Program, PthreadT, SockAddrOut } from 'sys-indirect';
import { AF_INET, EFD_CLOEXEC, O_CLOEXEC, O_RDONLY, SOCK_CLOEXEC, SOCK_STREAM } from 'sys-indirect/uapi';

/** What the thread does, on descriptor 3, a listening socket where one is needed. */
const makers: Readonly<Record<string, (libc: Libc) => Promise<number>>> = {
  accept: (libc) => libc.accept4(3, null, SOCK_CLOEXEC),
  socket: (libc) => libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
  pipe: (libc) => libc.pipe2([], O_CLOEXEC),
  eventfd: (libc) => libc.eventfd(0, EFD_CLOEXEC),
  open: (libc) => libc.open('/dev/null', O_RDONLY | O_CLOEXEC, 0),
};

/** A listening socket, and a connection that waits there. Both are close-on-exec before anybody else is there. */
async function listen(libc: Libc): Promise<void> {
  const listener = await libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  await libc.listen(listener, 1);
  const name: SockAddrOut = {};
  await libc.getsockname(listener, name);
  const client = await libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  await libc.connect(client, { family: AF_INET, addr: '127.0.0.1', port: name.port! });
}

/** What is installed beside the program. */
export const programs: Readonly<Record<string, Program>> = { '/bin/child': () => Promise.resolve(0) };

/** What the explorer looks at. */
export const explore = { no_leaks: true };

const main: Program = async (libc, argv) => {
  const how = argv[1] ?? 'accept';
  const make = makers[how];
  if (make === undefined) return 2;
  if (how === 'accept') await listen(libc);
  const thread: PthreadT = {};
  await libc.pthread_create(thread, null, make, null);
  const pid = await libc.fork(async (child) => {
    await child.execve('/bin/child', ['child'], []);
    return 1;
  });
  const status: { value?: number } = {};
  await libc.waitpid(pid, status);
  const made: { value?: unknown } = {};
  await libc.pthread_join(thread, made);
  return status.value === 0 && made.value !== -1 ? 0 : 1;
};

export default main;
