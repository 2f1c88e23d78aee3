/** Putting another program in the place of the one that runs (fs/exec.c, fs/binfmt_script.c). */
import { should_fail } from '../include/linux/inject.js';
import type { Executable } from '../include/linux/binfmts.js';
import type { OpenFile } from '../include/linux/fs.js';
import type { Kernel } from '../include/linux/kernel.js';
import type { Mm } from '../include/linux/mm.js';
import { type Result, type Sleep, TASK_KILLABLE, TASK_RUNNING, type Task } from '../include/linux/sched.js';
import type { Image } from '../include/uapi/seam.js';
import { ENOMEM, E2BIG, EAGAIN, EFAULT, ELOOP, ENAMETOOLONG, ENOENT, ENOEXEC } from '../include/uapi/errno.js';
import { AT_EMPTY_PATH, AT_FDCWD } from '../include/uapi/fcntl.js';
import { SIGCHLD, SIG_DFL, SIG_IGN } from '../include/uapi/signal.js';
import { get_string } from '../mm/strings.js';
import { get_user_u64 } from '../mm/uaccess.js';
import { mm_alloc } from '../mm/mmap.js';
import { begin_program } from '../kernel/entry.js';
import { exit_mm } from '../kernel/exit.js';
import { new_cpu, task_comm, unshare_files } from '../kernel/fork.js';
import { exit_itimers } from '../kernel/posix-timers.js';
import { recalc_sigpending, signal_wake_up } from '../kernel/signal.js';
import { do_close_on_exec, fput, get_close_on_exec } from './file.js';

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
  /** The path as a script would be told it. */
  readonly filename: string;
  /** The name of the new program. */
  readonly comm: string;
  /** `filename` leads through a descriptor that this very execve closes. */
  readonly path_inaccessible: boolean;
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

/** First position from `from` on, below `end`, whose byte is of `kind`; -1: none. */
function find(buf: Uint8Array, from: number, end: number, kind: (byte: number) => boolean): number {
  for (let i = from; i < end; i++) if (kind(buf[i]!)) return i;
  return -1;
}

const spacetab = (byte: number): boolean => byte === 0x20 || byte === 0x09;
const no_spacetab = (byte: number): boolean => !spacetab(byte);
const terminator = (byte: number): boolean => spacetab(byte) || byte === 0;

/** Where the first line ends, without its trailing blanks; -1: an interpreter's name that is cut off, or none. */
function end_of_line(buf: Uint8Array): number {
  const buf_end = BINPRM_BUF_SIZE - 1;
  let end = find(buf, 0, BINPRM_BUF_SIZE, (byte) => byte === 0x0a || byte === 0);
  if (buf[end] !== 0x0a) {
    const name = find(buf, 2, buf_end, no_spacetab);
    if (name === -1 || find(buf, name, buf_end, terminator) === -1) return -1;
    end = buf_end;
  }
  while (spacetab(buf[end - 1]!)) end--;
  return end;
}

function c_string(buf: Uint8Array, from: number, end: number): string {
  const zero = find(buf, from, end, (byte) => byte === 0);
  return String.fromCharCode(...buf.subarray(from, zero === -1 ? end : zero));
}

/** The interpreter and its one argument, of a first line `#! interpreter argument`. -ENOEXEC. Linux: load_script. */
function parse_script(bytes: Uint8Array): { interp: string; arg: string | null } | number {
  if (bytes[0] !== 0x23 || bytes[1] !== 0x21) return -ENOEXEC;
  const buf = new Uint8Array(BINPRM_BUF_SIZE);
  buf.set(bytes.subarray(0, BINPRM_BUF_SIZE));
  const end = end_of_line(buf);
  const name = find(buf, 2, end, no_spacetab);
  if (name === -1) return -ENOEXEC;
  const sep = find(buf, name, end, terminator);
  const arg = sep === -1 || buf[sep] === 0 ? -1 : find(buf, sep, end, no_spacetab);
  return {
    interp: c_string(buf, name, sep === -1 ? end : sep),
    arg: arg === -1 ? null : c_string(buf, arg, end),
  };
}

/** A program that is ready to run, and its file, open. */
interface Loaded {
  readonly image: Image;
  readonly file: OpenFile;
}

/** Follow scripts to a program, or -errno; the arguments change on the way. Linux: exec_binprm. */
function load_program(kernel: Kernel, task: Task | null, first: Executable, bprm: Binprm): Loaded | number {
  let found = first;
  let path = bprm.filename;
  for (let depth = 0; depth <= MAX_NESTED_SCRIPTS; depth++) {
    const { file } = found;
    if ('program' in found) return { image: kernel.load_binary(found.program), file };
    const script = parse_script(found.bytes);
    fput(file);
    if (typeof script === 'number') return script;
    // The interpreter could not open the script: its name goes with the descriptor.
    if (bprm.path_inaccessible) return -ENOENT;
    const { interp, arg } = script;
    bprm.argv = [interp, ...(arg === null ? [] : [arg]), path, ...bprm.argv.slice(1)];
    path = interp;
    const next = kernel.binfmt.open_exec(task, AT_FDCWD, interp, 0);
    if (typeof next === 'number') return next;
    found = next;
  }
  fput(found.file);
  return -ELOOP;
}

/** Resolve `filename` to what a process would run; for the host, which has no task yet. */
export function open_program(kernel: Kernel, filename: string, args: string[]): (Loaded & { argv: string[] }) | number {
  const file = kernel.binfmt.open_exec(null, AT_FDCWD, filename, 0);
  if (typeof file === 'number') return file;
  const bprm: Binprm = { filename, comm: '', path_inaccessible: false, argv: args, envp: [] };
  const loaded = load_program(kernel, null, file, bprm);
  return typeof loaded === 'number' ? loaded : { ...loaded, argv: bprm.argv };
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
function begin_new_exec(task: Task, { image, file }: Loaded, bprm: Binprm): void {
  const { group, kernel } = task;
  unshare_files(task);
  do_close_on_exec(task);
  exit_mm(task);
  task.mm = mm_alloc(kernel.junk);
  task.mm.exe_file = file;
  task.restart_block = null;
  task.sas = null;
  exit_itimers(group);
  flush_signal_handlers(task);
  group.image = image;
  group.did_exec = true;
  group.exit_signal = SIGCHLD;
  group.comm = task_comm(bprm.comm);
  task.comm = group.comm;
  kernel.trace?.sched_process_exec?.(task, bprm.filename);
  kernel.trace?.sys_exit?.(task, 0);
  task.nr = -1;
  const cpu = new_cpu(task);
  begin_program(task, () => image.start(cpu, bprm.argv, bprm.envp));
  recalc_sigpending(task);
}

/** A generator even if nothing sleeps: the registers of this very call are saved before its first step. */
function* bprm_execve(task: Task, loaded: Loaded, bprm: Binprm): Sleep {
  let begun = false;
  try {
    const err = yield* de_thread(task);
    if (err < 0) return err;
    begun = true;
    begin_new_exec(task, loaded, bprm);
    return 0;
  } finally {
    if (!begun) fput(loaded.file);
  }
}

/** What to call the program at `name` below `dirfd`. Linux: alloc_bprm. */
function alloc_bprm(task: Task, dirfd: number, name: string, file: OpenFile): Omit<Binprm, 'argv' | 'envp'> {
  if (dirfd === AT_FDCWD || name[0] === '/') return { filename: name, comm: name, path_inaccessible: false };
  const filename = name === '' ? `/dev/fd/${dirfd}` : `/dev/fd/${dirfd}/${name}`;
  const comm = name === '' ? (file.f_path?.d_name ?? '') : name;
  return { filename, comm, path_inaccessible: get_close_on_exec(task, dirfd) };
}

/** Arguments and environment. -EFAULT, -E2BIG. */
function copy_args(task: Task, uargv: number, uenvp: number): { argv: string[]; envp: string[] } | number {
  const budget = { left: MAX_ARG_SIZE };
  const argv = copy_strings(task.mm, uargv, budget);
  if (typeof argv === 'number') return argv;
  const envp = copy_strings(task.mm, uenvp, budget);
  if (typeof envp === 'number') return envp;
  if (argv.length === 0 && !task.kernel.release.exec_empty_argv) argv.push('');
  return { argv, envp };
}

function do_execveat(task: Task, dirfd: number, filename: number, uargv: number, uenvp: number, flags: number): Result {
  const name = get_string(task.mm, filename, PATH_MAX);
  if (typeof name === 'number') return name;
  if (name.bytes === 0 && (flags & AT_EMPTY_PATH) === 0) return -ENOENT;
  const { kernel } = task;
  if (should_fail(kernel, 'bprm')) return -ENOMEM;
  const found = kernel.binfmt.open_exec(task, dirfd, name.text, flags);
  if (typeof found === 'number') return found;
  const args = copy_args(task, uargv, uenvp);
  if (typeof args === 'number') {
    fput(found.file);
    return args;
  }
  const bprm: Binprm = { ...alloc_bprm(task, dirfd, name.text, found.file), ...args };
  const loaded = load_program(kernel, task, found, bprm);
  return typeof loaded === 'number' ? loaded : bprm_execve(task, loaded, bprm);
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

/** `execveat(dirfd, path, argv, envp, flags)` (3.19): -EFAULT, -ENOENT (no path), -EINVAL (flags), -EBADF, then as execve. execveat(2). */
export function sys_execveat(
  task: Task,
  dirfd: number,
  filename: number,
  argv: number,
  envp: number,
  flags: number,
): Result {
  return do_execveat(task, dirfd | 0, filename, argv, envp, flags);
}
