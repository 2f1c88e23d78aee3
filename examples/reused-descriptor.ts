/**
 * A descriptor number that is used again: one thread writes to its log while another rotates it. Between close and the next open the
 * number is free, and what is opened first gets it: the log line goes where it should not.
 *
 *     sys-indirect explore examples/reused-descriptor.ts
 *
 * Returns 0 if nothing came into the pipe that has nothing to do with the log.
 */
import type { Libc, Program, PthreadT } from 'sys-indirect';
import { O_CREAT, O_NONBLOCK, O_WRONLY } from 'sys-indirect/uapi';

/** Closes the log, and opens a pipe of its own for something else. Answers with the number of bytes that are in it. */
async function rotate(libc: Libc, log: number): Promise<number> {
  await libc.close(log);
  const fds: number[] = [];
  await libc.pipe2(fds, O_NONBLOCK);
  // The pipe's reading end has the log's number; put its writing end there, as a server that opens a connection would.
  await libc.dup2(fds[1]!, log);
  return fds[0] === log ? fds[1]! : fds[0]!;
}

const main: Program = async (libc) => {
  const spare = await libc.open('/log.0', O_CREAT | O_WRONLY, 0o600);
  const log = await libc.open('/log', O_CREAT | O_WRONLY, 0o600);
  await libc.close(spare);
  const rotator: PthreadT = {};
  await libc.pthread_create(rotator, null, rotate, log);
  await libc.write(log, 'a line of the log\n');
  const pipe: { value?: unknown } = {};
  await libc.pthread_join(rotator, pipe);
  const n = await libc.read(pipe.value as number, new Uint8Array(64));
  return n === -1 ? 0 : 1;
};

export default main;
