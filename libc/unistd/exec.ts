/** unistd.h: running another program in this process. */
import { EINVAL, ENOSYS } from '../../kernel-mock/include/uapi/errno.js';
import { AT_EMPTY_PATH } from '../../kernel-mock/include/uapi/fcntl.js';
import { do_execve, do_execvpe } from '../internal/exec.js';
import { type Env, env_strings, map_vector } from '../internal/strings.js';
import type { Thread } from '../internal/thread.js';

/**
 * `execve(path, argv, envp)`: run the program that is installed at `path` in place of this one. Does not come back if it can.
 *
 * @param envp an object, or strings NAME=value; default: the environment of this process
 * @returns -1 with errno ENOENT, EACCES, ENOEXEC, E2BIG, ENOTDIR, ELOOP, EFAULT. execve(2).
 */
export async function execve(
  this: Thread,
  path: string | null,
  argv: readonly string[] | null,
  envp: Env | null = this.process.environ,
): Promise<number> {
  return this.ret(await do_execve(this, path, argv, envp));
}

/** `execv(path, argv)`. exec(3). */
export async function execv(this: Thread, path: string, argv: readonly string[]): Promise<number> {
  return this.ret(await do_execve(this, path, argv, this.process.environ));
}

/** `execvp(file, argv)`: looks along PATH unless `file` has a slash. exec(3). */
export async function execvp(this: Thread, file: string, argv: readonly string[]): Promise<number> {
  return this.ret(await do_execvpe(this, file, argv, this.process.environ));
}

/** `execvpe(file, argv, envp)`. exec(3). */
export async function execvpe(this: Thread, file: string, argv: readonly string[], envp: Env): Promise<number> {
  return this.ret(await do_execvpe(this, file, argv, envp));
}

/** `execl(path, arg0, …)`: execv with a list. exec(3). */
export async function execl(this: Thread, path: string, ...argv: readonly string[]): Promise<number> {
  return this.ret(await do_execve(this, path, argv, this.process.environ));
}

/** `execlp(file, arg0, …)`: execvp with a list. exec(3). */
export async function execlp(this: Thread, file: string, ...argv: readonly string[]): Promise<number> {
  return this.ret(await do_execvpe(this, file, argv, this.process.environ));
}

/** `execveat(dirfd, path, argv, envp, flags)` (Linux 3.19). -1 with errno EINVAL, EBADF, then as execve. execveat(2). */
export async function execveat(
  this: Thread,
  dirfd: number,
  path: string,
  argv: readonly string[] | null,
  envp: Env | null,
  flags: number,
): Promise<number> {
  const args = map_vector(this, argv);
  const env = map_vector(this, env_strings(envp));
  const name = this.map_string(path);
  const ret = await this.enter(this.nr.execveat, dirfd, name, args.ptr, env.ptr, flags);
  this.unmap(name);
  args.free();
  env.free();
  return this.ret(ret);
}

/** `fexecve(fd, argv, envp)`: the program that descriptor `fd` is open on. -1 with errno EINVAL, then as execveat. fexecve(3). */
export async function fexecve(this: Thread, fd: number, argv: readonly string[], envp: Env): Promise<number> {
  if (fd < 0) return this.ret(-EINVAL);
  const ret = await execveat.call(this, fd, '', argv, envp, AT_EMPTY_PATH);
  if (this.errno !== ENOSYS) return ret;
  // glibc before execveat.
  return this.ret(await do_execve(this, `/proc/self/fd/${fd}`, argv, envp));
}
