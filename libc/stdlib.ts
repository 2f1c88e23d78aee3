/** stdlib.h. */
import { EINTR, EINVAL } from '../kernel-mock/include/uapi/errno.js';
import {
  SIGABRT,
  SIGCHLD,
  SIGINT,
  SIGQUIT,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_SETMASK,
  SIG_UNBLOCK,
} from '../kernel-mock/include/uapi/signal.js';
import { POSIX_SPAWN_SETSIGDEF, POSIX_SPAWN_SETSIGMASK } from './constants.js';
import type { Libc } from './index.js';
import { want_text } from './internal/describe.js';
import { address_of } from './internal/handlers.js';
import type { Thread } from './internal/thread.js';
import { type SigActionT, do_sigaction } from './internal/sigaction.js';
import type { SigSetT } from './internal/siginfo.js';
import { get_env, is_env_name } from './internal/strings.js';
import { pthread_sigmask, raise } from './signal.js';
import { posix_spawn } from './spawn.js';

/** `exit(status)`: run the functions of atexit, the last one first, and end the process. Never comes back. exit(3). */
export async function exit(this: Thread, status: number): Promise<never> {
  const { atexit } = this.process;
  for (let func = atexit.pop(); func !== undefined; func = atexit.pop()) await func(this as Libc);
  await this.enter(this.nr.exit_group, status);
  throw new Error('exit_group returned');
}

/** `atexit(func)`: `func(libc)` runs at exit. Always 0. A child of fork has it too, a new program not. atexit(3). */
export function atexit(this: Thread, func: (libc: Libc) => unknown): number {
  this.process.atexit.push(func);
  return 0;
}

/** `abort()`: SIGABRT, even if it is blocked or ignored. Never comes back. abort(3). */
export async function abort(this: Thread): Promise<never> {
  await raise.call(this, SIGABRT);
  await do_sigaction(this, SIGABRT, { handler: SIG_DFL, flags: 0, mask: [] }, null);
  await pthread_sigmask.call(this, SIG_UNBLOCK, [SIGABRT]);
  await raise.call(this, SIGABRT);
  await this.enter(this.nr.exit_group, 127);
  throw new Error('exit_group returned');
}

/** `getenv(name)`: the value of an environment variable, or null. getenv(3). */
export function getenv(this: Thread, name: string): string | null {
  want_text(name, 'name');
  return get_env(this.process.environ, name);
}

/** Replace the first string of that name, or add one at the end. */
function put_env({ environ }: Thread, name: string, string: string): number {
  const at = environ.findIndex((s) => s.startsWith(`${name}=`));
  if (at === -1) environ.push(string);
  else environ[at] = string;
  return 0;
}

/** `setenv(name, value, overwrite)`: what exec functions pass on. -1 with errno EINVAL (no name, or one with `=`). setenv(3). */
export function setenv(this: Thread, name: string, value: string, overwrite: number): number {
  want_text(name, 'name');
  want_text(value, 'value');
  if (!is_env_name(name)) return this.ret(-EINVAL);
  if (overwrite === 0 && getenv.call(this, name) !== null) return 0;
  return put_env(this, name, `${name}=${value}`);
}

/** `putenv(string)`: `NAME=value` as it is; without `=` the name is taken out. putenv(3). */
export function putenv(this: Thread, string: string): number {
  want_text(string, 'string');
  const at = string.indexOf('=');
  return at === -1 ? unsetenv.call(this, string) : put_env(this, string.slice(0, at), string);
}

/** `unsetenv(name)`: every string of that name. -1 with errno EINVAL (no name, or one with `=`). unsetenv(3). */
export function unsetenv(this: Thread, name: string): number {
  want_text(name, 'name');
  if (!is_env_name(name)) return this.ret(-EINVAL);
  const { environ } = this;
  for (let at = environ.length - 1; at >= 0; at--) if (environ[at]!.startsWith(`${name}=`)) environ.splice(at, 1);
  return 0;
}

/** `clearenv()`: no string is left. clearenv(3). */
export function clearenv(this: Thread): number {
  this.environ.length = 0;
  return 0;
}

/** Wait for the shell; handlers may run meanwhile. */
async function wait_for(t: Thread, pid: number): Promise<number> {
  const { sp } = t;
  const ptr = t.alloca(8);
  let ret: number;
  do ret = await t.enter(t.nr.wait4, pid, ptr, 0, 0);
  while (ret === -EINTR);
  const status = ret === pid ? t.load_s32(ptr) : t.ret(ret);
  t.leave(sp);
  return status;
}

/**
 * `system(command)`: run it by `/bin/sh -c`, which has to be installed. Meanwhile SIGINT and SIGQUIT are ignored and SIGCHLD waits.
 *
 * @returns the wait status of the shell, 127 << 8 if there is none; with null: 1 if there is a shell. -1 with errno. system(3).
 */
export async function system(this: Thread, command: string | null): Promise<number> {
  if (command === null) return (await system.call(this, 'exit 0')) === 0 ? 1 : 0;
  const intr: Partial<SigActionT> = {};
  const quit: Partial<SigActionT> = {};
  const mask: SigSetT = {};
  const ignore = { handler: SIG_IGN, flags: 0, mask: [] };
  await do_sigaction(this, SIGINT, ignore, intr);
  await do_sigaction(this, SIGQUIT, ignore, quit);
  await pthread_sigmask.call(this, SIG_BLOCK, [SIGCHLD], mask);
  const pid: { value?: number } = {};
  const sigdefault = [SIGINT, SIGQUIT].filter((_, i) => [intr, quit][i]!.sa_handler !== SIG_IGN);
  const attr = { flags: POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK, sigdefault, sigmask: mask };
  const err = await posix_spawn.call(this, pid, '/bin/sh', null, attr, ['sh', '-c', command]);
  const status = err === 0 ? await wait_for(this, pid.value!) : 127 << 8;
  for (const [sig, old] of [
    [SIGINT, intr],
    [SIGQUIT, quit],
  ] as const)
    await do_sigaction(
      this,
      sig,
      { handler: address_of(this.process, old.sa_handler!), flags: old.sa_flags ?? 0, mask: old.sa_mask ?? [] },
      null,
    );
  await pthread_sigmask.call(this, SIG_SETMASK, mask);
  return status;
}
