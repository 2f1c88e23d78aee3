/**
 * The leak with a real child: two sockets, one of them close-on-exec, and `/bin/ls -l /proc/self/fd` says which of them it
 * was given. On a mock kernel there is no such program; examples/leak.ts brings its own.
 *
 *     sys-indirect run examples/leak-ls.ts --kernel host
 *
 * Returns 0 if the child had the one socket and not the other.
 */
import type { Program, SpawnFileActions } from 'sys-indirect';
import { AF_UNIX, O_CLOEXEC, SOCK_CLOEXEC, SOCK_STREAM } from 'sys-indirect/uapi';

const main: Program = async (libc) => {
  const kept = await libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const leaked = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
  const ends: [number, number] = [-1, -1];
  if ((await libc.pipe2(ends, O_CLOEXEC)) === -1) return 1;

  const actions: SpawnFileActions = {};
  libc.posix_spawn_file_actions_init(actions);
  libc.posix_spawn_file_actions_adddup2(actions, ends[1], 1);
  const pid: { value?: number } = {};
  const error = await libc.posix_spawn(pid, '/bin/ls', actions, null, ['ls', '-l', '/proc/self/fd']);
  if (error !== 0) {
    await libc.printf('/bin/ls: %s\n', libc.strerror(error));
    return 1;
  }
  await libc.close(ends[1]);

  let listing = '';
  const buf = new Uint8Array(4096);
  for (let n = await libc.read(ends[0], buf); n > 0; n = await libc.read(ends[0], buf))
    listing += String.fromCharCode(...buf.subarray(0, n));
  const status: { value?: number } = {};
  await libc.waitpid(pid.value!, status);

  await libc.printf('%s', listing);
  const has = (fd: number): boolean => listing.includes(` ${fd} -> socket:`);
  await libc.printf('close-on-exec socket %d: %s\n', kept, has(kept) ? 'leaked' : 'not in the child');
  await libc.printf('plain socket %d: %s\n', leaked, has(leaked) ? 'leaked' : 'not in the child');
  return status.value === 0 && !has(kept) && has(leaked) ? 0 : 1;
};

export default main;
