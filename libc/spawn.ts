/** spawn.h: a program in a new process, without a copy of this one. As in C, these functions answer with the error number. */
import { EBADF, EINVAL } from '../kernel-mock/include/uapi/errno.js';
import { FD_CLOEXEC, F_GETFD, F_SETFD } from '../kernel-mock/include/uapi/fcntl.js';
import { TIOCSPGRP } from '../kernel-mock/include/uapi/ioctls.js';
import { CLONE_VFORK, CLONE_VM } from '../kernel-mock/include/uapi/sched.js';
import { SIGCHLD, SIGKILL, SIGSTOP, SIG_DFL, SIG_SETMASK } from '../kernel-mock/include/uapi/signal.js';
import { clone_vm } from './internal/clone.js';
import { close_range } from './internal/close_range.js';
import {
  POSIX_SPAWN_RESETIDS,
  POSIX_SPAWN_SETPGROUP,
  POSIX_SPAWN_SETSID,
  POSIX_SPAWN_SETSIGDEF,
  POSIX_SPAWN_SETSIGMASK,
  POSIX_SPAWN_USEVFORK,
} from './constants.js';
import { want_list } from './internal/describe.js';
import { do_execve, do_execvpe } from './internal/exec.js';
import { do_sigaction } from './internal/sigaction.js';
import { encode_sigset, set_bits } from './internal/siginfo.js';
import type { Env } from './internal/strings.js';
import type { Thread } from './internal/thread.js';
import type { SpawnAttr } from './spawn/attr.js';

/** One step on the descriptors of the child, before its program begins. 0 or -errno. */
type FileAction = (t: Thread) => Promise<number>;

/** posix_spawn_file_actions_t: `{}` until the init function. */
export interface SpawnFileActions {
  actions?: FileAction[];
}

/** A descriptor that none can be is found when the action is added: EBADF, as in glibc. */
function add(fa: SpawnFileActions, action: FileAction, ...fds: number[]): number {
  if (fds.some((fd) => fd < 0)) return EBADF;
  fa.actions ??= [];
  fa.actions.push(action);
  return 0;
}

/** `posix_spawn_file_actions_init(fa)`. */
export function posix_spawn_file_actions_init(this: Thread | void, fa: SpawnFileActions): number {
  fa.actions = [];
  return 0;
}

/** `posix_spawn_file_actions_destroy(fa)`. */
export function posix_spawn_file_actions_destroy(this: Thread | void, fa: SpawnFileActions): number {
  delete fa.actions;
  return 0;
}

/** `posix_spawn_file_actions_addclose(fa, fd)`: closes it in the child; that it is not open is no error. */
export function posix_spawn_file_actions_addclose(this: Thread | void, fa: SpawnFileActions, fd: number): number {
  return add(
    fa,
    async (t) => {
      await t.enter(t.nr.close, fd);
      return 0;
    },
    fd,
  );
}

/** `posix_spawn_file_actions_adddup2(fa, fd, newfd)`: dup2 in the child; if both are the same, close-on-exec is taken off it. */
export function posix_spawn_file_actions_adddup2(
  this: Thread | void,
  fa: SpawnFileActions,
  fd: number,
  newfd: number,
): number {
  return add(
    fa,
    async (t) => {
      if (fd !== newfd) return t.enter(t.nr.dup2, fd, newfd);
      const flags = await t.enter(t.nr.fcntl, fd, F_GETFD);
      return flags < 0 ? flags : t.enter(t.nr.fcntl, fd, F_SETFD, flags & ~FD_CLOEXEC);
    },
    fd,
    newfd,
  );
}

/** `posix_spawn_file_actions_addopen(fa, fd, path, oflag, mode)`: open in the child, as that descriptor. */
export function posix_spawn_file_actions_addopen(
  this: Thread | void,
  fa: SpawnFileActions,
  fd: number,
  path: string,
  oflag: number,
  mode: number,
): number {
  return add(
    fa,
    async (t) => {
      await t.enter(t.nr.close, fd);
      const name = t.map_string(path);
      const got = await t.enter(t.nr.open, name, oflag, mode);
      t.unmap(name);
      if (got < 0 || got === fd) return got;
      const err = await t.enter(t.nr.dup2, got, fd);
      await t.enter(t.nr.close, got);
      return err;
    },
    fd,
  );
}

/** `posix_spawn_file_actions_addchdir_np(fa, path)`: chdir in the child. */
export function posix_spawn_file_actions_addchdir_np(this: Thread | void, fa: SpawnFileActions, path: string): number {
  return add(fa, async (t) => {
    const name = t.map_string(path);
    const err = await t.enter(t.nr.chdir, name);
    t.unmap(name);
    return err;
  });
}

/** `posix_spawn_file_actions_addfchdir_np(fa, fd)`: fchdir in the child. */
export function posix_spawn_file_actions_addfchdir_np(this: Thread | void, fa: SpawnFileActions, fd: number): number {
  return add(fa, async (t) => t.enter(t.nr.fchdir, fd));
}

/** `posix_spawn_file_actions_addtcsetpgrp_np(fa, fd)`: the child's process group gets the terminal; there is none here: ENOTTY. */
export function posix_spawn_file_actions_addtcsetpgrp_np(
  this: Thread | void,
  fa: SpawnFileActions,
  fd: number,
): number {
  const tcsetpgrp = async (t: Thread): Promise<number> => {
    const { sp } = t;
    const pgrp = t.alloca(4);
    t.store32(pgrp, await t.enter(t.nr.getpgrp));
    const err = await t.enter(t.nr.ioctl, fd, TIOCSPGRP, pgrp);
    t.leave(sp);
    return err;
  };
  return add(fa, tcsetpgrp, fd);
}

/** `posix_spawn_file_actions_addclosefrom_np(fa, from)`: closes every descriptor from `from` on. */
export function posix_spawn_file_actions_addclosefrom_np(
  this: Thread | void,
  fa: SpawnFileActions,
  from: number,
): number {
  return add(fa, (t) => close_range(t, from), from);
}

async function set_signals(t: Thread, attr: SpawnAttr, flags: number): Promise<number> {
  if ((flags & POSIX_SPAWN_SETSIGDEF) !== 0) {
    const { lo, hi } = set_bits(attr.sigdefault ?? []);
    for (let sig = 1; sig <= 64; sig++) {
      const wanted = ((sig <= 32 ? lo >>> (sig - 1) : hi >>> (sig - 33)) & 1) !== 0;
      if (wanted && sig !== SIGKILL && sig !== SIGSTOP)
        await do_sigaction(t, sig, { handler: SIG_DFL, flags: 0, mask: [] }, null);
    }
  }
  if ((flags & POSIX_SPAWN_SETSIGMASK) === 0) return 0;
  const ptr = t.map(encode_sigset(attr.sigmask ?? []));
  const err = await t.enter(t.nr.rt_sigprocmask, SIG_SETMASK, ptr, 0, 8);
  t.unmap(ptr);
  return err;
}

/** Effective ids become the real ones; as in glibc, for this task alone. 0 or -errno. */
async function reset_ids(t: Thread): Promise<number> {
  const err = await t.enter(t.nr.setresuid, -1, await t.enter(t.nr.getuid), -1);
  return err < 0 ? err : t.enter(t.nr.setresgid, -1, await t.enter(t.nr.getgid), -1);
}

/** What the child does before its program begins, in the order of POSIX. 0 or -errno. */
async function prepare(t: Thread, fa: SpawnFileActions | null, attr: SpawnAttr): Promise<number> {
  const flags = attr.flags ?? 0;
  let err = 0;
  if ((flags & POSIX_SPAWN_SETSID) !== 0) err = await t.enter(t.nr.setsid);
  if (err >= 0 && (flags & POSIX_SPAWN_SETPGROUP) !== 0) err = await t.enter(t.nr.setpgid, 0, attr.pgroup ?? 0);
  if (err >= 0 && (flags & POSIX_SPAWN_RESETIDS) !== 0) err = await reset_ids(t);
  for (const action of fa?.actions ?? []) {
    if (err < 0) break;
    err = await action(t);
  }
  return err < 0 ? err : set_signals(t, attr, flags);
}

/** DEVIATION: there are no scheduling classes. USEVFORK is what happens anyway. */
const KNOWN_FLAGS =
  POSIX_SPAWN_RESETIDS |
  POSIX_SPAWN_SETPGROUP |
  POSIX_SPAWN_SETSIGDEF |
  POSIX_SPAWN_SETSIGMASK |
  POSIX_SPAWN_SETSID |
  POSIX_SPAWN_USEVFORK;

async function do_spawn(
  t: Thread,
  pid: { value?: number } | null,
  exec: (child: Thread) => Promise<number>,
  fa: SpawnFileActions | null,
  attr: SpawnAttr | null,
): Promise<number> {
  if (((attr?.flags ?? 0) & ~KNOWN_FLAGS) !== 0) return EINVAL;
  // The memory is shared: the child leaves its error here.
  let err = 0;
  const routine = async (child: unknown): Promise<number> => {
    const c = child as Thread;
    err = await prepare(c, fa, attr ?? {});
    if (err === 0) err = await exec(c);
    return 127;
  };
  const flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
  const ret = await clone_vm(t, flags, { self: null, routine, arg: null, exits: false });
  if (ret < 0) return -ret;
  if (err < 0) {
    await t.enter(t.nr.wait4, ret, 0, 0, 0);
    return -err;
  }
  if (pid !== null) pid.value = ret;
  return 0;
}

/**
 * `posix_spawn(&pid, path, file_actions, attr, argv, envp)`: run the program at `path` in a new process.
 *
 * @returns 0, or the error number of the step that failed: ENOENT, EACCES, EBADF … posix_spawn(3).
 */
export async function posix_spawn(
  this: Thread,
  pid: { value?: number } | null,
  path: string,
  file_actions: SpawnFileActions | null,
  attr: SpawnAttr | null,
  argv: readonly string[],
  envp: Env | null = this.process.environ,
): Promise<number> {
  want_list(argv, 'argv is a list of strings');
  return do_spawn(this, pid, (child) => do_execve(child, path, argv, envp), file_actions, attr);
}

/** `posix_spawnp(&pid, file, …)`: looks along PATH. What is no program is ENOEXEC: since glibc 2.15 no shell is asked. posix_spawn(3). */
export async function posix_spawnp(
  this: Thread,
  pid: { value?: number } | null,
  file: string,
  file_actions: SpawnFileActions | null,
  attr: SpawnAttr | null,
  argv: readonly string[],
  envp: Env | null = this.process.environ,
): Promise<number> {
  want_list(argv, 'argv is a list of strings');
  return do_spawn(this, pid, (child) => do_execvpe(child, file, argv, envp, false), file_actions, attr);
}
