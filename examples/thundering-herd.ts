/**
 * A thundering herd: two workers poll one listening socket, and both are woken for one connection. One of them gets it, the other
 * was woken for nothing. (Asleep in accept itself only one is woken; with epoll EPOLLEXCLUSIVE asks for that.)
 *
 *     sys-indirect explore examples/thundering-herd.ts
 *
 * Returns 0 if nobody was woken for nothing.
 */
import type { Libc, Program, PthreadT, SockAddrOut } from 'sys-indirect';
import { AF_INET, POLLIN, SOCK_NONBLOCK, SOCK_STREAM } from 'sys-indirect/uapi';

const WORKERS = 2;

interface Inputs {
  readonly listener: number;
  /** The end of a pipe whose other end is closed when all is done. */
  readonly stop: number;
}

/** How often it was woken for nothing. */
async function worker(libc: Libc, { listener, stop }: Inputs): Promise<number> {
  for (let in_vain = 0; ;) {
    const fds = [listener, stop].map((fd) => ({ fd, events: POLLIN, revents: 0 }));
    await libc.poll(fds, -1);
    if (fds[1]!.revents !== 0) return in_vain;
    const c = await libc.accept(listener);
    if (c === -1) in_vain++;
    else await libc.write(c, 'x');
  }
}

const main: Program = async (libc) => {
  const listener = await libc.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  await libc.listen(listener, 1);
  const name: SockAddrOut = {};
  await libc.getsockname(listener, name);
  const fds: number[] = [];
  await libc.pipe(fds);
  const threads: PthreadT[] = [];
  for (let i = 0; i < WORKERS; i++) {
    const thread: PthreadT = {};
    await libc.pthread_create(thread, null, worker, { listener, stop: fds[0]! });
    threads.push(thread);
  }
  const s = await libc.socket(AF_INET, SOCK_STREAM, 0);
  await libc.connect(s, { family: AF_INET, addr: '127.0.0.1', port: name.port! });
  await libc.read(s, new Uint8Array(1));
  await libc.close(fds[1]!);
  let in_vain = 0;
  for (const thread of threads) {
    const value: { value?: unknown } = {};
    await libc.pthread_join(thread, value);
    in_vain += value.value as number;
  }
  return in_vain === 0 ? 0 : 1;
};

export default main;
