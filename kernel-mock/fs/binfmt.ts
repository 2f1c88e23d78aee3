/** Executable files by their full path: what execve(2) finds as long as no file system stands below it. */
import type { Binfmt, Executable } from '../include/linux/binfmts.js';
import { EACCES, ENOENT } from '../include/uapi/errno.js';

/** DEVIATION: a flat table. There are no directories but those on the way to a program, and no links. */
export function flat_binfmt(): Binfmt {
  const files = new Map<string, Executable>();
  return {
    open_exec(_task, _dirfd, path) {
      const file = files.get(path);
      if (file !== undefined) return file;
      const dir = path.endsWith('/') ? path : `${path}/`;
      for (const name of files.keys()) if (name.startsWith(dir)) return -EACCES;
      return -ENOENT;
    },
    install(path, file) {
      files.set(path, file);
    },
  };
}
