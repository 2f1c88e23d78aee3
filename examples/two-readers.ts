/**
 * Two readers of one pipe: each message is a length and as many bytes, and each reader takes it in two reads. When the other one
 * comes between, it takes a body for a length.
 *
 *     sys-indirect explore examples/two-readers.ts
 *
 * Returns 0 if each reader got a whole message.
 */
import type { Libc, Program, PthreadT } from 'sys-indirect';

const MESSAGES = ['\x03abc', '\x03def'];

/** One message; the text of its body. */
async function reader(libc: Libc, fd: number): Promise<string> {
  const length = new Uint8Array(1);
  await libc.read(fd, length);
  // The bug: nothing keeps the other reader out here.
  const body = new Uint8Array(length[0]!);
  const n = await libc.read(fd, body);
  return String.fromCharCode(...body.subarray(0, Math.max(n, 0)));
}

const main: Program = async (libc) => {
  const fds: number[] = [];
  await libc.pipe(fds);
  for (const message of MESSAGES) await libc.write(fds[1]!, message);
  await libc.close(fds[1]!);
  const other: PthreadT = {};
  await libc.pthread_create(other, null, reader, fds[0]!);
  const mine = await reader(libc, fds[0]!);
  const theirs: { value?: unknown } = {};
  await libc.pthread_join(other, theirs);
  return [mine, theirs.value].sort().join() === 'abc,def' ? 0 : 1;
};

export default main;
