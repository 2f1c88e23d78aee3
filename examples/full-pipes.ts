/**
 * Two full pipes: two threads exchange a message that is larger than a pipe. Each looks first whether the other's is there, and
 * reads it before it sends its own. If both look before either has sent, both send, both pipes fill up, and nobody reads.
 *
 *     sys-indirect explore examples/full-pipes.ts
 *
 * Returns 0 if both got the message; the orders in which they do not are a dead lock.
 */
import type { Libc, Program, PthreadT } from 'sys-indirect';
import { POLLIN } from 'sys-indirect/uapi';

/** A pipe holds 64 KiB. */
const SIZE = 65536 + 1;

interface Ends {
  readonly from: number;
  readonly to: number;
}

async function receive(libc: Libc, fd: number): Promise<void> {
  for (let got = 0; got < SIZE;) got += await libc.read(fd, new Uint8Array(SIZE));
}

/** Send a message and receive one, in whatever order. */
async function exchange(libc: Libc, { from, to }: Ends): Promise<void> {
  const fds = [{ fd: from, events: POLLIN, revents: 0 }];
  const there = await libc.poll(fds, 0);
  if (there > 0) await receive(libc, from);
  await libc.write(to, new Uint8Array(SIZE));
  if (there === 0) await receive(libc, from);
}

const main: Program = async (libc) => {
  const a: number[] = [];
  const b: number[] = [];
  await libc.pipe(a);
  await libc.pipe(b);
  const thread: PthreadT = {};
  await libc.pthread_create(thread, null, exchange, { from: a[0]!, to: b[1]! });
  await exchange(libc, { from: b[0]!, to: a[1]! });
  await libc.pthread_join(thread, null);
  return 0;
};

export default main;
