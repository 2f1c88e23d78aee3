/**
 * EINTR that nobody expects: the worker of a prefork server takes every failure of accept for its end. SIGHUP, which asks it to read
 * its configuration again, interrupts accept if it comes while the worker sleeps there, and at no other time.
 *
 *     sys-indirect explore examples/eintr.ts
 *
 * Returns 0 if the worker served the connection.
 */
import type { Libc, Program, SockAddrOut } from 'sys-indirect';
import { AF_INET, SIGHUP, SOCK_STREAM } from 'sys-indirect/uapi';

async function worker(libc: Libc, listener: number): Promise<number> {
  const c = await libc.accept(listener);
  // The bug: `if (c === -1 && libc.errno === EINTR) continue;` is missing, and the loop around it.
  if (c === -1) return 1;
  await libc.write(c, 'hello');
  return 0;
}

const main: Program = async (libc) => {
  const listener = await libc.socket(AF_INET, SOCK_STREAM, 0);
  await libc.listen(listener, 1);
  const name: SockAddrOut = {};
  await libc.getsockname(listener, name);
  await libc.sigaction(SIGHUP, { sa_handler: () => {} });
  const pid = await libc.fork((child) => worker(child, listener));

  await libc.kill(pid, SIGHUP);
  const s = await libc.socket(AF_INET, SOCK_STREAM, 0);
  await libc.connect(s, { family: AF_INET, addr: '127.0.0.1', port: name.port! });
  const status: { value?: number } = {};
  await libc.waitpid(pid, status);
  return status.value === 0 ? 0 : 1;
};

export default main;
