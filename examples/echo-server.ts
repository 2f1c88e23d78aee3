/**
 * An echo server for clients from outside: on the kernel of this machine any program can talk to it.
 *
 *     sys-indirect run examples/echo-server.ts 7777 3 --kernel host &
 *     nc 127.0.0.1 7777
 *
 * Serves as many connections as its second argument says, at once and to their ends, each in a thread of its own; without
 * arguments one, on a port that the kernel chooses. Returns 0 if every byte went back.
 */
import type { Libc, Program, PthreadT, SockAddrOut } from 'sys-indirect';
import { AF_INET, SOCK_CLOEXEC, SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR } from 'sys-indirect/uapi';

/** The thread of one connection: true if it came to its end. */
async function echo(libc: Libc, fd: number): Promise<boolean> {
  const buf = new Uint8Array(4096);
  let n = await libc.read(fd, buf);
  while (n > 0 && (await libc.write(fd, buf.subarray(0, n))) === n) n = await libc.read(fd, buf);
  await libc.close(fd);
  return n === 0;
}

const main: Program = async (libc, argv) => {
  const fd = await libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  await libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  const address = { family: AF_INET, addr: '127.0.0.1', port: Number(argv[1] ?? 0) } as const;
  if ((await libc.bind(fd, address)) === -1 || (await libc.listen(fd, 128)) === -1) {
    await libc.perror('echo-server');
    return 1;
  }
  const name: SockAddrOut = {};
  await libc.getsockname(fd, name);
  await libc.printf('listening on port %d\n', name.port ?? 0);

  const threads: PthreadT[] = [];
  while (threads.length < Number(argv[2] ?? 1)) {
    const connection = await libc.accept4(fd, null, SOCK_CLOEXEC);
    if (connection === -1) return 1;
    const thread: PthreadT = {};
    await libc.pthread_create(thread, null, echo, connection);
    threads.push(thread);
  }
  let good = 0;
  const result: { value?: unknown } = {};
  for (const thread of threads) if ((await libc.pthread_join(thread, result)) === 0 && result.value === true) good++;
  await libc.printf('%d of %d connections echoed to their ends\n', good, threads.length);
  return good === threads.length ? 0 : 1;
};

export default main;
