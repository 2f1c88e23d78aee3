/** Executable files, as execve(2) sees them: include/linux/binfmts.h. */
import type { OpenFile } from './fs.js';
import type { Task } from './sched.js';

/**
 * An executable file, open: nobody may write to it until `file` is put. What it holds: a program, as `load_binary` takes it, or
 * bytes, of which a script is one kind.
 */
export type Executable = { readonly file: OpenFile } & ({ readonly program: unknown } | { readonly bytes: Uint8Array });

/** The way from a path to a program. The only thing that execve(2) asks of a file system. */
export interface Binfmt {
  /**
   * The executable file at `path`, or -ENOENT, -ENOTDIR, -EACCES, -ELOOP, -ETXTBSY …
   *
   * @param dirfd where a relative path begins, AT_FDCWD mostly
   * @param flags AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW
   */
  open_exec(task: Task | null, dirfd: number, path: string, flags: number): Executable | number;
}
