/**
 * A prefork server: a master that opens the socket and makes workers, each of which accepts for itself. A worker that
 * crashes is replaced: SIGCHLD interrupts the master's sleep, it takes every child that has ended, and forks anew. At the
 * end SIGTERM interrupts each worker's accept, which gives EINTR, and the worker leaves its loop.
 *
 *     sys-indirect run examples/prefork.ts --kernel 2.6.23
 *
 * Returns 0 if every request was answered, one worker was replaced, and all others ended in peace.
 */
import type { Libc, Program, SockAddrOut } from 'sys-indirect';
import { AF_INET, EINTR, SIGABRT, SIGCHLD, SIGTERM, SIG_BLOCK, SOCK_STREAM, WNOHANG } from 'sys-indirect/uapi';

const WORKERS = 3;
const REQUESTS = ['one', 'two', 'crash', 'three', 'four'];

async function worker(libc: Libc, listener: number): Promise<number> {
  let stop = false;
  await libc.sigaction(SIGTERM, { sa_handler: () => (stop = true) });
  while (!stop) {
    const c = await libc.accept(listener);
    if (c === -1 && libc.errno === EINTR) continue;
    const buf = new Uint8Array(16);
    const n = await libc.read(c, buf);
    if (String.fromCharCode(...buf.subarray(0, n)) === 'crash') await libc.abort();
    await libc.write(c, buf.subarray(0, n));
    await libc.close(c);
  }
  return 0;
}

/** Sends every request; its status is the number that were answered. The master hears of its end. */
async function client(libc: Libc, port: number): Promise<number> {
  let answered = 0;
  for (const request of REQUESTS) {
    const s = await libc.socket(AF_INET, SOCK_STREAM, 0);
    await libc.connect(s, { family: AF_INET, addr: '127.0.0.1', port });
    await libc.write(s, request);
    if ((await libc.read(s, new Uint8Array(16))) === request.length) answered++;
    await libc.close(s);
  }
  return answered;
}

const main: Program = async (libc) => {
  const listener = await libc.socket(AF_INET, SOCK_STREAM, 0);
  if ((await libc.listen(listener, 8)) === -1) return 1;
  const name: SockAddrOut = {};
  await libc.getsockname(listener, name);
  // Blocked but while the master sleeps: no signal falls between the look at the children and the sleep.
  await libc.sigprocmask(SIG_BLOCK, [SIGCHLD]);
  await libc.sigaction(SIGCHLD, { sa_handler: () => {} });
  const workers = new Set<number>();
  const start = async (): Promise<unknown> => workers.add(await libc.fork((child) => worker(child, listener)));
  for (let i = 0; i < WORKERS; i++) await start();
  const requester = await libc.fork((child) => client(child, name.port!));

  let [answered, replaced, peaceful] = [0, 0, 0];
  while (workers.size > 0) {
    await libc.sigsuspend([]);
    const status: { value?: number } = {};
    for (let pid = await libc.waitpid(-1, status, WNOHANG); pid > 0; pid = await libc.waitpid(-1, status, WNOHANG)) {
      workers.delete(pid);
      if (pid === requester) {
        answered = status.value! >> 8;
        for (const other of workers) await libc.kill(other, SIGTERM);
      } else if (status.value === SIGABRT && ++replaced > 0) await start();
      else if (status.value === 0) peaceful++;
    }
  }
  await libc.printf('%d answered, %d replaced, %d ended in peace\n', answered, replaced, peaceful);
  return answered === REQUESTS.length - 1 && replaced === 1 && peaceful === WORKERS ? 0 : 1;
};

export default main;
