/** From a path to a program (fs/exec.c do_open_execat, fs/binfmt_script.c). What becomes of the task is not decided here. */
import type { Dentry } from '../include/linux/dcache.js';
import { FMODE_EXEC, type OpenFile } from '../include/linux/fs.js';
import type { Kernel } from '../include/linux/kernel.js';
import type { Task } from '../include/linux/sched.js';
import { EACCES, EINVAL, ELOOP, ENOEXEC, ETXTBSY } from '../include/uapi/errno.js';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_LARGEFILE } from '../include/uapi/fcntl.js';
import { S_IFREG, S_ISLNK, S_ISREG } from '../include/uapi/stat.js';
import { bytes_to_string } from '../lib/bytes.js';
import { d_add, dget } from './dcache.js';
import { alloc_file, fput } from './file.js';
import { MAY_EXEC, inode_permission, new_inode } from './inode.js';
import { LOOKUP_EMPTY, LOOKUP_FOLLOW, filename_lookup } from './namei.js';
import { mkdir_p, vfs_of } from './namespace.js';
import { ramfs_file_operations, ramfs_fill, ramfs_head } from './ramfs.js';

/** What the kernel looks at to see what kind of program a file is. */
const BINPRM_BUF_SIZE = 256;
/** Scripts that may be run by scripts. */
const MAX_DEPTH = 5;

/** A program of the host inside a file. */
export class Program {
  readonly program: unknown;

  constructor(program: unknown) {
    this.program = program;
  }
}

/** What exec found. */
export interface Binary {
  /** What the host installed. */
  readonly program: unknown;
  /** The file, open: nobody may write to it until the last reference is dropped (fput). */
  readonly file: OpenFile;
  /** The arguments: those of exec, or those that a script's first line puts before them. */
  readonly argv: readonly string[];
  /** The path as exec was given it. */
  readonly filename: string;
  /** Last component of the path of the first file: what `ps` shows. */
  readonly comm: string;
}

/** The file of an exec, checked: -ELOOP (a link, and none may be followed), -EACCES (no regular file, or nobody may execute it). */
function exec_dentry(task: Task, dfd: number, name: string, flags: number): Dentry | number {
  const empty = (flags & AT_EMPTY_PATH) !== 0;
  const follow = (flags & AT_SYMLINK_NOFOLLOW) !== 0 ? 0 : LOOKUP_FOLLOW;
  const dentry = filename_lookup(task, dfd, name, empty ? follow | LOOKUP_EMPTY : follow);
  if (typeof dentry === 'number') return dentry;
  const inode = dentry.d_inode;
  if (S_ISLNK(inode.i_mode)) return -ELOOP;
  if (!S_ISREG(inode.i_mode)) return -EACCES;
  const err = inode_permission(task, inode, MAY_EXEC);
  return err < 0 ? err : dentry;
}

/** Open for execution: -EINVAL (flags), the walk's errors, -EACCES, -ETXTBSY (open for writing). Linux: do_open_execat. */
export function do_open_execat(task: Task, dfd: number, name: string, flags: number): OpenFile | number {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const dentry = exec_dentry(task, dfd, name, flags);
  if (typeof dentry === 'number') return dentry;
  const inode = dentry.d_inode;
  if (inode.i_writecount > 0) return -ETXTBSY;
  const file = alloc_file(task.kernel, ramfs_file_operations, FMODE_EXEC, O_LARGEFILE, null);
  file.f_path = dget(dentry);
  file.f_inode = inode;
  inode.i_opens++;
  inode.i_writecount--;
  return file;
}

/** Interpreter and argument of a script's first line, or -ENOEXEC. Linux: load_script. */
function script_line(head: string): readonly [string, string | null] | number {
  if (!head.startsWith('#!')) return -ENOEXEC;
  const newline = head.indexOf('\n');
  const cut = newline === -1 ? head.length : newline;
  // Without an end of line the name must at least end before the bytes do.
  const line = head.slice(2, cut).replace(/^[ \t]+|[ \t]+$/g, '');
  if (line === '' || (newline === -1 && head.length === BINPRM_BUF_SIZE && !/[ \t]/.test(line))) return -ENOEXEC;
  const end = line.search(/[ \t\0]/);
  if (end === -1) return [line, null];
  const rest = line.slice(end).replace(/^[ \t]+/, '');
  return [line.slice(0, end), rest === '' ? null : rest];
}

/**
 * Find the program behind a path, through the scripts that lead to it.
 *
 * @param name as getname gives it; relative to `dfd`
 * @param argv the arguments of exec
 * @returns the program, or -EINVAL (flags), -ENOENT …, -EACCES, -ETXTBSY, -ENOEXEC (neither program nor script), -ELOOP (scripts of
 *          scripts of scripts …). execve(2); Linux fs/exec.c bprm_execve.
 */
export function lookup_program(
  task: Task,
  dfd: number,
  name: string,
  flags: number,
  argv: readonly string[],
): Binary | number {
  let file = do_open_execat(task, dfd, name, flags);
  let args = argv;
  let path = dfd === AT_FDCWD || name[0] === '/' ? name : `/dev/fd/${dfd}${name === '' ? '' : `/${name}`}`;
  const comm = comm_of(file, name);
  for (let depth = 0; typeof file !== 'number'; depth++) {
    const { i_private } = file.f_inode!;
    if (i_private instanceof Program) return { program: i_private.program, file, argv: args, filename: name, comm };
    const line = script_line(bytes_to_string(ramfs_head(file.f_inode!, BINPRM_BUF_SIZE)));
    fput(file);
    if (typeof line === 'number') return line;
    if (depth >= MAX_DEPTH) return -ELOOP;
    const [interpreter, arg] = line;
    args = [interpreter, ...(arg === null ? [] : [arg]), path, ...args.slice(1)];
    path = interpreter;
    file = do_open_execat(task, AT_FDCWD, interpreter, 0);
  }
  return file;
}

/** The name of the process from now on: of the path, or of the open file if there is none. */
function comm_of(file: OpenFile | number, name: string): string {
  if (name !== '' || typeof file === 'number') return name.slice(name.lastIndexOf('/') + 1).slice(0, 15);
  return (file.f_path?.d_name ?? '').slice(0, 15);
}

/** Put `program` at the absolute `path`, executable for everybody, with the directories that lead to it. */
export function install_program(kernel: Kernel, path: string, program: unknown, mode = 0o755): void {
  const vfs = vfs_of(kernel);
  const names = path.split('/').filter((part) => part !== '');
  const name = names.pop();
  if (path[0] !== '/' || name === undefined) throw new RangeError(`a program's path is absolute, not '${path}'`);
  const dir = mkdir_p(kernel, vfs, names);
  const init = { i_fop: ramfs_file_operations, i_private: new Program(program) };
  const inode = new_inode(kernel, vfs, vfs.sb, S_IFREG | mode, init);
  ramfs_fill(inode, new Uint8Array([0x7f, 0x45, 0x4c, 0x46]));
  d_add(dir, name, inode);
}
