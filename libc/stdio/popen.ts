/** stdio.h: a stream to or from a command (libio/iopopen.c). */
import { ECHILD, EINTR, EINVAL } from '../../kernel-mock/include/uapi/errno.js';
import { F_SETFD, O_CLOEXEC, O_RDONLY, O_WRONLY } from '../../kernel-mock/include/uapi/fcntl.js';
import { FILE, unread } from '../internal/file.js';
import type { Thread } from '../internal/thread.js';
import {
  type SpawnFileActions,
  posix_spawn,
  posix_spawn_file_actions_addclose,
  posix_spawn_file_actions_adddup2,
} from '../spawn.js';
import { close, pipe2 } from '../unistd.js';

interface Mode {
  readonly reads: boolean;
  readonly cloexec: boolean;
}

/** One of "r" and "w", and "e" perhaps; null: something else. */
function parse_mode(mode: string): Mode | null {
  const reads = mode.includes('r');
  if (!/^[rwe]+$/.test(mode) || reads === mode.includes('w')) return null;
  return { reads, cloexec: mode.includes('e') };
}

/** What the shell does first: its end becomes 0 or 1, and the streams of commands before it are not its own. */
function file_actions(t: Thread, theirs: number, target: number): SpawnFileActions {
  const fa: SpawnFileActions = {};
  for (const { fd } of t.process.commands.keys()) if (fd !== target) posix_spawn_file_actions_addclose(fa, fd);
  posix_spawn_file_actions_adddup2(fa, theirs, target);
  return fa;
}

/**
 * `popen(command, mode)`: run a command by `/bin/sh -c`, which has to be installed, at the other end of a pipe.
 *
 * @param mode "r": what it writes can be read; "w": what is written it reads; with "e" the stream is close-on-exec
 * @returns the stream, which pclose ends; null with errno EINVAL (mode), EMFILE, or why there is no shell: ENOENT … popen(3).
 */
export async function popen(this: Thread, command: string, mode: string): Promise<FILE | null> {
  const wanted = parse_mode(mode);
  if (wanted === null) {
    this.errno = EINVAL;
    return null;
  }
  const { reads, cloexec } = wanted;
  const fds: number[] = [];
  // Both ends are marked from the start: another thread's child must not hold the pipe open.
  if ((await pipe2.call(this, fds, O_CLOEXEC)) === -1) return null;
  const [ours, theirs] = (reads ? fds : fds.reverse()) as [number, number];
  const pid: { value?: number } = {};
  const fa = file_actions(this, theirs, reads ? 1 : 0);
  const err = await posix_spawn.call(this, pid, '/bin/sh', fa, null, ['sh', '-c', command]);
  await close.call(this, theirs);
  if (err !== 0) {
    await close.call(this, ours);
    this.errno = err;
    return null;
  }
  if (!cloexec) await this.enter(this.nr.fcntl, ours, F_SETFD, 0);
  const stream = new FILE(ours, reads ? O_RDONLY : O_WRONLY);
  this.process.commands.set(stream, pid.value!);
  return stream;
}

/**
 * `pclose(stream)`: close it and wait for its command.
 *
 * @returns the command's wait status; -1 with errno ECHILD (no stream of popen, or somebody else has waited). Sleeps. pclose(3).
 */
export async function pclose(this: Thread, stream: FILE): Promise<number> {
  const { commands } = this.process;
  const pid = commands.get(stream);
  if (pid === undefined) return this.ret(-ECHILD);
  commands.delete(stream);
  const { fd } = stream;
  await unread(this, stream);
  stream.fd = -1;
  await close.call(this, fd);
  const { sp } = this;
  const ptr = this.alloca(8);
  let ret: number;
  do ret = await this.enter(this.nr.wait4, pid, ptr, 0);
  while (ret === -EINTR);
  const status = ret < 0 ? this.ret(ret) : this.load_s32(ptr);
  this.leave(sp);
  return status;
}
