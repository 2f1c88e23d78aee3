/**
 * The leak: one thread opens sockets that no child may have, another runs programs meanwhile. The program looks which
 * descriptors it got. Where close-on-exec comes in a second call, fcntl, a child that is made between the two inherits the
 * socket: in some orders of the calls only, which is why such leaks are found late. Where the flag travels with the call
 * that makes the descriptor there is no order in which it happens.
 *
 *     sys-indirect run examples/leak.ts --kernel 6.18 --route legacy
 *
 * Returns 0 if no child had a socket, 1 if one had; a schedule that switches at every call shows the difference.
 */
import type { Libc, Program, PthreadT } from 'sys-indirect';
import { AF_UNIX, O_DIRECTORY, O_RDONLY, SOCK_CLOEXEC, SOCK_STREAM } from 'sys-indirect/uapi';

const SOCKETS = 5;
const CHILDREN = 3;

/** The thread that opens sockets: how many it got. */
async function open_sockets(libc: Libc): Promise<number> {
  for (let i = 0; i < SOCKETS; i++) {
    const s = await libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s === -1) return i;
    await libc.close(s);
  }
  return SOCKETS;
}

/** /bin/child: lists its descriptors. Exits with the number of sockets among them. */
const child: Program = async (libc) => {
  const dir = await libc.fdopendir(await libc.open('/proc/self/fd', O_RDONLY | O_DIRECTORY, 0));
  if (dir === null) return 255;
  let sockets = 0;
  for (let entry = await libc.readdir(dir); entry !== null; entry = await libc.readdir(dir)) {
    const target = new Uint8Array(64);
    const n = await libc.readlink(`/proc/self/fd/${entry.d_name}`, target);
    if (n === -1) continue;
    const name = String.fromCharCode(...target.subarray(0, n));
    if (!name.startsWith('socket:')) continue;
    await libc.printf('child %d has %s as descriptor %s\n', await libc.getpid(), name, entry.d_name);
    sockets++;
  }
  await libc.closedir(dir);
  return sockets;
};

/** What is installed beside the program. */
export const programs = { '/bin/child': child };

const main: Program = async (libc) => {
  const opener: PthreadT = {};
  await libc.pthread_create(opener, null, open_sockets, null);
  let clean = true;
  for (let i = 0; i < CHILDREN; i++) {
    const pid: { value?: number } = {};
    if ((await libc.posix_spawn(pid, '/bin/child', null, null, ['child'])) !== 0) return 1;
    const status: { value?: number } = {};
    await libc.waitpid(pid.value!, status);
    if (status.value !== 0) clean = false;
  }
  const opened: { value?: unknown } = {};
  await libc.pthread_join(opener, opened);
  await libc.printf('%s\n', clean ? 'no child had a socket' : 'a child had a socket that was not for it');
  return clean && opened.value === SOCKETS ? 0 : 1;
};

export default main;
