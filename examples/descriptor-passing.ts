/**
 * Descriptor passing: a thread opens pipes for main and sends the writing ends over a UNIX socket, as a privileged helper
 * does for its clients. A descriptor travels as SCM_RIGHTS beside at least one byte; the receiver gets a number of its own
 * for the same open file. MSG_CMSG_CLOEXEC marks it before any other thread can fork: the flag is from 2.6.23, and 2.6.22
 * ignores it in silence.
 *
 *     sys-indirect run examples/descriptor-passing.ts --kernel 2.6.23
 *
 * Returns 0 if what main writes to each descriptor that came arrives in the thread, and the marks are there.
 */
import type { Cmsg, Libc, Program, PthreadT } from 'sys-indirect';
import { AF_UNIX, FD_CLOEXEC, F_GETFD, MSG_CMSG_CLOEXEC, SCM_RIGHTS, SOCK_STREAM, SOL_SOCKET } from 'sys-indirect/uapi';

const PIPES = 3;

async function fail(libc: Libc, call: string): Promise<number> {
  await libc.perror(call);
  return 1;
}

/** The helper thread: what it reads from its pipes once main has all of them. */
async function helper(libc: Libc, sock: number): Promise<string> {
  const readers: number[] = [];
  for (let i = 0; i < PIPES; i++) {
    const fds = [-1, -1];
    if ((await libc.pipe(fds)) === -1) return 'no pipe';
    const control = [{ level: SOL_SOCKET, type: SCM_RIGHTS, fds: [fds[1]!] }];
    if ((await libc.sendmsg(sock, { iov: ['p'], control })) === -1) return 'not sent';
    // Main has its own reference: this one would keep the pipe from its end of file.
    await libc.close(fds[1]!);
    readers.push(fds[0]!);
  }
  const buf = new Uint8Array(64);
  let text = '';
  for (const fd of readers) text += String.fromCharCode(...buf.subarray(0, await libc.read(fd, buf)));
  return text;
}

/** One descriptor from `sock`, close-on-exec; -1 if none came. */
async function receive_fd(libc: Libc, sock: number): Promise<number> {
  const control: Cmsg[] = [];
  if ((await libc.recvmsg(sock, { iov: [new Uint8Array(1)], control }, MSG_CMSG_CLOEXEC)) !== 1) return -1;
  return control[0]?.fds?.[0] ?? -1;
}

const main: Program = async (libc) => {
  const sv = [-1, -1];
  if ((await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, sv)) === -1) return fail(libc, 'socketpair');
  const thread: PthreadT = {};
  await libc.pthread_create(thread, null, helper, sv[1]!);

  let marked = 0;
  for (let i = 0; i < PIPES; i++) {
    const fd = await receive_fd(libc, sv[0]!);
    if (fd === -1) return fail(libc, 'recvmsg');
    if ((await libc.fcntl(fd, F_GETFD)) === FD_CLOEXEC) marked++;
    await libc.write(fd, `pipe ${i};`);
  }
  const read: { value?: unknown } = {};
  await libc.pthread_join(thread, read);
  await libc.printf('the helper read "%s"; %d of %d descriptors are marked\n', read.value, marked, PIPES);
  return read.value === 'pipe 0;pipe 1;pipe 2;' && marked === PIPES ? 0 : 1;
};

export default main;
