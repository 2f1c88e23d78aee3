/** Putting another program in the place of the one that runs (fs/exec.c, fs/binfmt_script.c). */
import type { Executable } from '../include/linux/binfmts.js';
import type { Kernel } from '../include/linux/kernel.js';
import type { Mm } from '../include/linux/mm.js';
import { type Result, type Sleep, TASK_KILLABLE, TASK_RUNNING, type Task } from '../include/linux/sched.js';
import type { Image } from '../include/uapi/seam.js';
import { E2BIG, EAGAIN, EFAULT, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOEXEC } from '../include/uapi/errno.js';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW } from '../include/uapi/fcntl.js';
import { SIG_DFL, SIG_IGN } from '../include/uapi/signal.js';
import { get_string } from '../mm/strings.js';
import { get_user_u64 } from '../mm/uaccess.js';
import { mm_alloc } from '../mm/mmap.js';
import { begin_program } from '../kernel/entry.js';
import { exit_mm } from '../kernel/exit.js';
import { new_cpu, task_comm, unshare_files } from '../kernel/fork.js';
import { recalc_sigpending, signal_wake_up } from '../kernel/signal.js';
import { do_close_on_exec } from './file.js';

const PATH_MAX = 4096;
/** The longest argument: 32 pages. */
const MAX_ARG_STRLEN = 131072;
/** All arguments and the environment with their pointers: a quarter of an 8 MiB stack. */
const MAX_ARG_SIZE = 2 * 1024 * 1024;
/** Bytes of a file that are looked at for `#!`. Linux: BINPRM_BUF_SIZE. */
const BINPRM_BUF_SIZE = 256;
/** Scripts whose interpreters are scripts. */
const MAX_NESTED_SCRIPTS = 5;

/** What execve is about to run. Linux: struct linux_binprm. */
interface Binprm {
  /** The path as it was given: the name of the new program. */
  readonly filename: string;
  argv: string[];
  readonly envp: readonly string[];
}

/** A vector of strings that ends with a null pointer; the vector itself may be null. -EFAULT, -E2BIG. */
function copy_strings(mm: Mm, vec: number, budget: { left: number }): string[] | number {
  const strings: string[] = [];
  if (vec === 0) return strings;
  for (let at = vec; ; at += 8) {
    const ptr = get_user_u64(mm, at);
    if (ptr < 0) return -EFAULT;
    if (ptr === 0) return strings;
    const s = get_string(mm, ptr, MAX_ARG_STRLEN);
    if (typeof s === 'number') return s === -ENAMETOOLONG ? -E2BIG : s;
    budget.left -= s.bytes + 1 + 8;
    if (budget.left < 0) return -E2BIG;
    strings.push(s.text);
  }
}

/** The interpreter and its one argument, of a first line `#! interpreter argument`; null: no script. -ENOEXEC. */
function parse_script(bytes: Uint8Array): { interp: string; arg: string | null } | number {
  if (bytes[0] !== 0x23 || bytes[1] !== 0x21) return -ENOEXEC;
  let line = '';
  const end = Math.min(bytes.length, BINPRM_BUF_SIZE);
  for (let i = 2; i < end && bytes[i] !== 0x0a; i++) line += String.fromCharCode(bytes[i]!);
  const match = /^[ \t]*([^ \t\0]+)(?:[ \t]+(.*?))?[ \t]*$/.exec(line);
  if (match === null) return -ENOEXEC;
  return { interp: match[1]!, arg: match[2] === undefined || match[2] === '' ? null : match[2] };
}

/** Follow scripts to a program: its image, or -errno; the arguments change on the way. Linux: search_binary_handler. */
function load_program(kernel: Kernel, task: Task | null, file: Executable, bprm: Binprm): Image | number {
  let found: Executable | number = file;
  let path = bprm.filename;
  for (let depth = 0; ; depth++) {
    if (typeof found === 'number') return found;
    if ('program' in found) return kernel.load_binary(found.program);
    if (depth >= MAX_NESTED_SCRIPTS) return -ELOOP;
    const script = parse_script(found.bytes);
    if (typeof script === 'number') return script;
    const { interp, arg } = script;
    bprm.argv = [interp, ...(arg === null ? [] : [arg]), path, ...bprm.argv.slice(1)];
    path = interp;
    found = kernel.binfmt.open_exec(task, AT_FDCWD, interp, 0);
  }
}

/** Resolve `filename` to what a process would run; for the host, which has no task yet. */
export function open_program(
  kernel: Kernel,
  filename: string,
  argv: string[],
): { image: Image; argv: string[] } | number {
  const file = kernel.binfmt.open_exec(null, AT_FDCWD, filename, 0);
  if (typeof file === 'number') return file;
  const bprm: Binprm = { filename, argv, envp: [] };
  const image = load_program(kernel, null, file, bprm);
  return typeof image === 'number' ? image : { image, argv: bprm.argv };
}

/** The other threads die. 0, or -EAGAIN: this one dies too. Linux: de_thread. */
function* de_thread(task: Task): Sleep {
  const { group, kernel } = task;
  if (group.exec_task !== null || group.exiting) return -EAGAIN;
  group.exec_task = task;
  try {
    for (const t of group.threads) if (t !== task) signal_wake_up(t, true);
    while (group.threads.size > 1) {
      if (group.exiting) return -EAGAIN;
      task.state = TASK_KILLABLE;
      task.wchan = 'the end of the other threads';
      yield;
    }
  } finally {
    group.exec_task = null;
    task.state = TASK_RUNNING;
  }
  // The thread that stays is the process: it takes over its number.
  if (task.pid !== group.tgid) {
    kernel.tasks.delete(task.pid);
    task.pid = group.tgid;
    kernel.tasks.set(task.pid, task);
  }
  return 0;
}

/** Handlers were in the old program; what is ignored stays so. Linux: flush_signal_handlers. */
function flush_signal_handlers(task: Task): void {
  const { group } = task;
  group.actions = group.actions.map((action) =>
    action === undefined || action.handler === SIG_DFL
      ? undefined
      : { handler: action.handler === SIG_IGN ? SIG_IGN : SIG_DFL, flags: 0, mask: { lo: 0, hi: 0 } },
  );
}

/** The point of no return is behind: the old program goes, the new one begins. Linux: begin_new_exec. */
function begin_new_exec(task: Task, image: Image, bprm: Binprm): void {
  const { group, kernel } = task;
  unshare_files(task);
  do_close_on_exec(task);
  exit_mm(task);
  task.mm = mm_alloc(kernel.junk);
  task.frame = null;
  task.restart_block = null;
  flush_signal_handlers(task);
  group.image = image;
  group.did_exec = true;
  group.exe = bprm.filename;
  group.comm = task_comm(bprm.filename);
  task.comm = group.comm;
  kernel.trace?.sched_process_exec?.(task, bprm.filename);
  kernel.trace?.sys_exit?.(task, 0);
  task.nr = -1;
  const cpu = new_cpu(task);
  begin_program(task, () => image.start(cpu, bprm.argv, bprm.envp));
  recalc_sigpending(task);
}

/** A generator even if nothing sleeps: the registers of this very call are saved before its first step. */
function* bprm_execve(task: Task, image: Image, bprm: Binprm): Sleep {
  const err = yield* de_thread(task);
  if (err === 0) begin_new_exec(task, image, bprm);
  return err;
}

function do_execveat(task: Task, dirfd: number, filename: number, uargv: number, uenvp: number, flags: number): Result {
  const name = get_string(task.mm, filename, PATH_MAX);
  if (typeof name === 'number') return name;
  if (name.bytes === 0 && (flags & AT_EMPTY_PATH) === 0) return -ENOENT;
  const { kernel } = task;
  const file = kernel.binfmt.open_exec(task, dirfd, name.text, flags);
  if (typeof file === 'number') return file;
  const budget = { left: MAX_ARG_SIZE };
  const argv = copy_strings(task.mm, uargv, budget);
  if (typeof argv === 'number') return argv;
  const envp = copy_strings(task.mm, uenvp, budget);
  if (typeof envp === 'number') return envp;
  if (argv.length === 0 && !kernel.release.exec_empty_argv) argv.push('');
  const bprm: Binprm = { filename: name.bytes === 0 ? `/dev/fd/${dirfd}` : name.text, argv, envp };
  const image = load_program(kernel, task, file, bprm);
  return typeof image === 'number' ? image : bprm_execve(task, image, bprm);
}

/**
 * `execve(path, argv, envp)`: run the program at `path` in this process. Does not return if it can.
 *
 * @returns -EFAULT, -ENAMETOOLONG, -ENOENT, what the look-up answers (-ENOTDIR, -EACCES, -ELOOP …), -E2BIG, -ENOEXEC
 * Closes what is marked, resets handlers, ends the other threads, leaves a shared descriptor table. Sleeps until the other
 * threads are gone. execve(2); Linux fs/exec.c.
 */
export function sys_execve(task: Task, filename: number, argv: number, envp: number): Result {
  return do_execveat(task, AT_FDCWD, filename, argv, envp, 0);
}

/** `execveat(dirfd, path, argv, envp, flags)` (3.19): -EINVAL (flags), -EBADF, then as execve. execveat(2). */
export function sys_execveat(
  task: Task,
  dirfd: number,
  filename: number,
  argv: number,
  envp: number,
  flags: number,
): Result {
  if ((flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) !== 0) return -EINVAL;
  return do_execveat(task, dirfd | 0, filename, argv, envp, flags);
}
