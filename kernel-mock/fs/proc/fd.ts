/** /proc/PID/fd and fdinfo: open descriptors as links and as texts (fs/proc/fd.c). */
import type { Dentry, DirEntry, Inode, InodeOperations } from '../../include/linux/dcache.js';
import { FMODE_READ, FMODE_WRITE, type OpenFile } from '../../include/linux/fs.js';
import type { Task } from '../../include/linux/sched.js';
import { ENOENT } from '../../include/uapi/errno.js';
import { O_CLOEXEC } from '../../include/uapi/fcntl.js';
import { S_IFLNK, S_IFREG } from '../../include/uapi/stat.js';
import { test_bit } from '../../lib/bitmap.js';
import { d_path } from '../dcache.js';
import { file_dentry, generic_permission } from '../inode.js';
import { type ProcEntry, proc_dentry, proc_dirent, proc_pid, proc_text } from './generic.js';

/** The open file that the name of an entry means. */
function file_of(task: Task, inode: Inode, name: string): OpenFile | null {
  if (!/^(0|[1-9]\d*)$/.test(name)) return null;
  return task.kernel.tasks.get(proc_pid(inode))?.files.fd[Number(name)] ?? null;
}

/** What a descriptor's link shows: a path, or the kind of object. */
export function describe_file(task: Task, file: OpenFile): string {
  if (file.f_path === null) return file.f_op.show(file);
  return d_path(file.f_path, task.fs.root ?? task.kernel.fs!.root);
}

const fd_link_ops: InodeOperations = {
  get_link(task: Task, dentry: Dentry) {
    const file = file_of(task, dentry.d_inode, dentry.d_name);
    return file === null ? -ENOENT : file_dentry(file, task.kernel.fs!);
  },
  readlink(task: Task, dentry: Dentry) {
    const file = file_of(task, dentry.d_inode, dentry.d_name);
    return file === null ? -ENOENT : describe_file(task, file);
  },
};

/** Linux: proc_fd_link's mode says how the file is open. */
function link_mode({ f_mode }: OpenFile): number {
  return S_IFLNK | ((f_mode & FMODE_READ) !== 0 ? 0o500 : 0) | ((f_mode & FMODE_WRITE) !== 0 ? 0o300 : 0);
}

function fdinfo(task: Task, inode: Inode, name: string): string | number {
  const owner = task.kernel.tasks.get(proc_pid(inode));
  const file = file_of(task, inode, name);
  if (file === null || owner === undefined) return -ENOENT;
  const flags = file.f_flags | (test_bit(owner.files.close_on_exec, Number(name)) ? O_CLOEXEC : 0);
  const more = owner.kernel.release.fdinfo_more ? (file.f_op.show_fdinfo?.(file) ?? '') : '';
  return `pos:\t${file.f_pos}\nflags:\t0${flags.toString(8)}\nmnt_id:\t1\nino:\t${file.f_inode?.i_ino ?? file.f_op.ino?.(file) ?? 1}\n${more}`;
}

/** A directory with an entry for each descriptor. A process may always look at its own. */
function descriptors(
  make: (file: OpenFile, name: string) => ProcEntry,
  mode: (file: OpenFile) => number,
): InodeOperations {
  return {
    lookup(task, dir, name) {
      const file = file_of(task, dir.d_inode, name);
      if (file === null) return null;
      const dentry = proc_dentry(task, dir, name, make(file, name), proc_pid(dir.d_inode));
      if ((dentry.d_inode.i_mode & S_IFLNK) === S_IFLNK) dentry.d_inode.i_size = 64;
      return dentry;
    },
    iterate(task, dir) {
      const owner = task.kernel.tasks.get(proc_pid(dir.d_inode));
      if (owner === undefined) return -ENOENT;
      const list: DirEntry[] = [];
      owner.files.fd.forEach((file, fd) => {
        if (file !== null) list.push(proc_dirent(dir.d_inode.i_ino, String(fd), mode(file)));
      });
      return list;
    },
    permission(task, inode, mask) {
      const owner = task.kernel.tasks.get(proc_pid(inode));
      return owner?.group === task.group ? 0 : generic_permission(task.cred, inode, mask);
    },
  };
}

export const proc_fd_ops = descriptors((file) => ({ mode: link_mode(file), i_op: fd_link_ops }), link_mode);

export const proc_fdinfo_ops = descriptors(
  (_file, name) => proc_text((task, inode) => fdinfo(task, inode, name), 0o400),
  () => S_IFREG,
);
