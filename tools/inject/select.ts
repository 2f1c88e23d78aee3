/** Does a call fit what a rule selects? */
import type { Task } from '../../kernel-mock/include/linux/sched.js';
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import { describe_file } from '../../kernel-mock/fs/proc/fd.js';
import { get_string } from '../../kernel-mock/mm/strings.js';
import { fd_args, flag_arg, path_args } from './registers.js';
import type { ArgNumber, Selection } from './rule.js';

export const ARGS = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'] as const;

/** Argument `n` of the call that `task` is in. */
export function arg(task: Task, n: ArgNumber): number {
  return task[ARGS[n - 1]!];
}

const PATH_MAX = 4096;

function paths_of(task: Task, name: CallName): string[] {
  const strings = path_args(name).map((n) => get_string(task.mm, arg(task, n), PATH_MAX));
  const given = strings.flatMap((s) => (typeof s === 'number' ? [] : [s.text]));
  // Without a file system no descriptor has a path.
  if (task.kernel.fs === null) return given;
  const files = fd_args(name).map((n) => task.files.fd[arg(task, n) >>> 0]);
  return [...given, ...files.flatMap((file) => (file?.f_path ? [describe_file(task, file)] : []))];
}

function is_path(wanted: string): (path: string) => boolean {
  return wanted.endsWith('*') ? (path) => path.startsWith(wanted.slice(0, -1)) : (path) => path === wanted;
}

function is_task(task: Task, wanted: number | string): boolean {
  return typeof wanted === 'number' ? task.pid === wanted : task.comm === wanted || task.group.comm === wanted;
}

/** A register holds 64 bits; what is compared with a negative number is an int. */
function in_range(value: number, from: number, to: number): boolean {
  return (value >= from && value <= to) || (from < 0 && (value | 0) >= from && (value | 0) <= to);
}

/** Does the call `name` that `task` has entered fit? */
export function selects(select: Selection, task: Task, name: CallName): boolean {
  const { fd, path, flag, task: who, args } = select;
  if (fd !== undefined && !fd_args(name).some((n) => arg(task, n) >>> 0 === fd)) return false;
  if (path !== undefined && !paths_of(task, name).some(is_path(path))) return false;
  const flags = flag_arg(name);
  if (flag !== undefined && (flags === undefined || (arg(task, flags) & flag) !== (flag | 0))) return false;
  if (who !== undefined && !is_task(task, who)) return false;
  return args?.every((a) => in_range(arg(task, a.arg), a.from, a.to)) ?? true;
}
