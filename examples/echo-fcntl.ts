/**
 * The echo server of echo-accept4.ts as programs were written before accept4: a plain accept, then fcntl to mark the new
 * descriptor. It runs on every kernel, and has a gap on every kernel:
 *
 *     this thread                          another thread
 *     c = accept(listener)
 *                                          fork(): the child has c, without close-on-exec
 *     fcntl(c, F_SETFD, FD_CLOEXEC)        changes our table only
 *                                          execve() in the child: c stays open there
 *
 * The clients see no difference: the peer of a leaked connection merely never sees its end.
 *
 *     sys-indirect run examples/echo-fcntl.ts --kernel 2.6.23 --log events.txt
 *
 * Returns 0 if every client got its own words back and every connection was close-on-exec in the end.
 */
import type { Libc, Program, PthreadT, SockAddrOut } from 'sys-indirect';
import { AF_INET, FD_CLOEXEC, F_GETFD, F_SETFD, SHUT_WR, SOCK_STREAM } from 'sys-indirect/uapi';

const WORDS = ['one', 'two words', 'and three of them'];

async function fail(libc: Libc, call: string): Promise<number> {
  await libc.perror(call);
  return 1;
}

/** A client thread: send, half-close, read until end of file. True if what came back is what was sent. */
async function client(libc: Libc, { port, text }: { port: number; text: string }): Promise<boolean> {
  const s = await libc.socket(AF_INET, SOCK_STREAM, 0);
  if (s === -1 || (await libc.connect(s, { family: AF_INET, addr: '127.0.0.1', port })) === -1) return false;
  await libc.write(s, text);
  await libc.shutdown(s, SHUT_WR);
  let reply = '';
  const buf = new Uint8Array(8);
  for (let n = await libc.read(s, buf); n > 0; n = await libc.read(s, buf))
    reply += String.fromCharCode(...buf.subarray(0, n));
  await libc.close(s);
  return reply === text;
}

/** Serve one connection to its end. */
async function echo(libc: Libc, c: number): Promise<void> {
  const buf = new Uint8Array(512);
  for (let n = await libc.read(c, buf); n > 0; n = await libc.read(c, buf)) await libc.write(c, buf.subarray(0, n));
  await libc.close(c);
}

const main: Program = async (libc) => {
  const listener = await libc.socket(AF_INET, SOCK_STREAM, 0);
  if (listener === -1 || (await libc.fcntl(listener, F_SETFD, FD_CLOEXEC)) === -1) return fail(libc, 'socket');
  if ((await libc.bind(listener, { family: AF_INET, addr: '127.0.0.1', port: 0 })) === -1) return fail(libc, 'bind');
  if ((await libc.listen(listener, WORDS.length)) === -1) return fail(libc, 'listen');
  const name: SockAddrOut = {};
  await libc.getsockname(listener, name);

  const threads: PthreadT[] = [];
  for (const text of WORDS) {
    const thread: PthreadT = {};
    await libc.pthread_create(thread, null, client, { port: name.port ?? 0, text });
    threads.push(thread);
  }

  let marked = 0;
  for (let i = 0; i < WORDS.length; i++) {
    const c = await libc.accept(listener);
    if (c === -1) return fail(libc, 'accept');
    if ((await libc.fcntl(c, F_SETFD, FD_CLOEXEC)) === -1) return fail(libc, 'fcntl');
    if (((await libc.fcntl(c, F_GETFD)) & FD_CLOEXEC) !== 0) marked++;
    await echo(libc, c);
  }

  let served = 0;
  const result: { value?: unknown } = {};
  for (const thread of threads) if ((await libc.pthread_join(thread, result)) === 0 && result.value === true) served++;
  await libc.printf('%d clients served, %d connections close-on-exec\n', served, marked);
  return served === WORDS.length && marked === WORDS.length ? 0 : 1;
};

export default main;
