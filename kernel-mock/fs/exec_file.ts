/** From a path to a program (fs/exec.c do_open_execat). What becomes of the task is decided in exec.ts. */
import type { Binfmt } from '../include/linux/binfmts.js';
import type { Dentry } from '../include/linux/dcache.js';
import { FMODE_EXEC, type OpenFile } from '../include/linux/fs.js';
import type { Kernel } from '../include/linux/kernel.js';
import type { Task } from '../include/linux/sched.js';
import { EACCES, EINVAL, ELOOP, ETXTBSY } from '../include/uapi/errno.js';
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, O_LARGEFILE } from '../include/uapi/fcntl.js';
import { S_IFREG, S_ISLNK, S_ISREG } from '../include/uapi/stat.js';
import { init_cred } from '../include/linux/cred.js';
import { d_add, dget } from './dcache.js';
import { alloc_file } from './file.js';
import { MAY_EXEC, inode_permission, new_inode } from './inode.js';
import { LOOKUP_EMPTY, LOOKUP_FOLLOW, filename_lookup } from './namei.js';
import { mkdir_p, vfs_of } from './namespace.js';
import { ramfs_file_operations, ramfs_fill, ramfs_head } from './ramfs.js';

/** What the kernel looks at to see what kind of program a file is. */
const BINPRM_BUF_SIZE = 256;

/** What the file of a host's program begins with. */
const ELF = new Uint8Array([0x7f, 0x45, 0x4c, 0x46]);

/** A program of the host inside a file. */
export class Program {
  readonly program: unknown;

  constructor(program: unknown) {
    this.program = program;
  }
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

/** Who looks a path up when the host runs it: nobody in particular, at the root of all. */
function host_task(kernel: Kernel): Task {
  return { kernel, fs: { users: 1, umask: 0, root: null, pwd: null }, cred: init_cred } as Task;
}

/** Executable files are files. */
export function vfs_binfmt(kernel: Kernel): Binfmt {
  return {
    open_exec(task, dirfd, path, flags) {
      const file = do_open_execat(task ?? host_task(kernel), dirfd, path, flags);
      if (typeof file === 'number') return file;
      const { i_private } = file.f_inode!;
      return i_private instanceof Program
        ? { file, program: i_private.program }
        : { file, bytes: ramfs_head(file.f_inode!, BINPRM_BUF_SIZE) };
    },
  };
}

/** Put `program` at the absolute `path`, executable for everybody, with the directories that lead to it. */
export function install_program(kernel: Kernel, path: string, program: unknown, mode = 0o755): void {
  const vfs = vfs_of(kernel);
  const names = path.split('/').filter((part) => part !== '');
  const name = names.pop();
  if (path[0] !== '/' || name === undefined) throw new RangeError(`a program's path is absolute, not '${path}'`);
  const dir = mkdir_p(kernel, vfs, names);
  const bytes = program instanceof Uint8Array ? program : ELF;
  const init = { i_fop: ramfs_file_operations, i_private: program instanceof Uint8Array ? null : new Program(program) };
  const inode = new_inode(kernel, vfs, vfs.sb, S_IFREG | mode, init);
  ramfs_fill(inode, bytes);
  d_add(dir, name, inode);
}
