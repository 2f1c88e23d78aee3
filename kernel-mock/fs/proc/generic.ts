/** What every entry of /proc is made of: directories whose entries are made on demand, texts, links (fs/proc/generic.c, seq_file.c). */
import type { Dentry, DirEntry, Inode, InodeOperations } from '../../include/linux/dcache.js';
import {
  MAX_LFS_FILESIZE,
  MAX_NON_LFS,
  type DirContext,
  type FileOperations,
  type OpenFile,
} from '../../include/linux/fs.js';
import type { IovIter } from '../../include/linux/mm.js';
import type { Task } from '../../include/linux/sched.js';
import { EFAULT, EINVAL, EISDIR, ENXIO } from '../../include/uapi/errno.js';
import { SEEK_CUR, SEEK_END, SEEK_SET } from '../../include/uapi/fs.js';
import { S_IFDIR, S_IFLNK, S_IFREG } from '../../include/uapi/stat.js';
import { string_to_bytes } from '../../lib/bytes.js';
import { copy_to_iter, fault_in } from '../../mm/iov_iter.js';
import { d_alloc } from '../dcache.js';
import { new_inode } from '../inode.js';
import { dir_emit_dots, fs_umode_to_dtype, vfs_setpos } from '../ramfs.js';

/** One entry of a directory: made anew for each look. `pid`: of the process whose directory it is in; 0: none. */
export interface ProcEntry {
  readonly mode: number;
  readonly i_op?: InodeOperations;
  /** The text of a file. */
  readonly text?: (task: Task, inode: Inode) => string | number;
}

export type ProcTable = Readonly<Record<string, ProcEntry>>;

/** What i_private of an inode of /proc holds. */
export interface ProcInode {
  readonly entry: ProcEntry;
  readonly pid: number;
}

export function proc_pid(inode: Inode): number {
  return (inode.i_private as ProcInode).pid;
}

/** A dentry for `entry` in `dir`. */
export function proc_dentry(task: Task, dir: Dentry, name: string, entry: ProcEntry, pid: number): Dentry {
  const { kernel } = task;
  const vfs = kernel.fs!;
  const fmt = entry.mode & 0o170000;
  const i_fop = fmt === S_IFDIR ? proc_dir_operations : proc_text_operations;
  const i_private: ProcInode = { entry, pid };
  const init = { i_fop, i_private, ino: proc_ino(dir.d_inode.i_ino, name), ...(entry.i_op && { i_op: entry.i_op }) };
  const inode = new_inode(kernel, vfs, vfs.proc.d_inode.i_sb, entry.mode, init);
  const owner = kernel.tasks.get(pid);
  if (owner !== undefined) {
    inode.i_uid = owner.cred.euid;
    inode.i_gid = owner.cred.egid;
  }
  return d_alloc(dir, name, inode);
}

/** The same number for the same entry, each time it is made. */
export function proc_ino(dir: number, name: string): number {
  let n = dir;
  for (let i = 0; i < name.length; i++) n = (Math.imul(n, 31) + name.charCodeAt(i)) >>> 0;
  return 0x1000 + n;
}

export const proc_dir = (i_op: InodeOperations, mode = 0o555): ProcEntry => ({ mode: S_IFDIR | mode, i_op });
export const proc_link = (i_op: InodeOperations, mode = 0o777): ProcEntry => ({ mode: S_IFLNK | mode, i_op });
export const proc_text = (text: NonNullable<ProcEntry['text']>, mode = 0o444): ProcEntry => ({
  mode: S_IFREG | mode,
  text,
});

/** A directory with the entries of a table. */
export function proc_table_ops(table: ProcTable): InodeOperations {
  return {
    lookup(task, dir, name) {
      const entry = Object.hasOwn(table, name) ? table[name] : undefined;
      return entry === undefined ? null : proc_dentry(task, dir, name, entry, proc_pid(dir.d_inode));
    },
    iterate: (_task, dir) =>
      Object.entries(table).map(([name, entry]) => proc_dirent(dir.d_inode.i_ino, name, entry.mode)),
  };
}

export function proc_dirent(dir: number, name: string, mode: number): DirEntry {
  return { name, ino: proc_ino(dir, name), type: fs_umode_to_dtype(mode) };
}

function proc_iterate(task: Task, file: OpenFile, ctx: DirContext): number {
  const dir = file.f_path!;
  const list = dir.d_inode.i_op.iterate!(task, dir);
  if (typeof list === 'number') return list;
  if (!dir_emit_dots(file, ctx)) return 0;
  for (; ctx.pos - 2 < list.length; ctx.pos++) {
    const { name, ino, type } = list[ctx.pos - 2]!;
    if (!ctx.actor(name, ino, type, ctx.pos + 1)) return 0;
  }
  return 0;
}

function proc_llseek(_task: Task, file: OpenFile, offset: number, whence: number): number {
  if (whence !== SEEK_SET && whence !== SEEK_CUR) return -EINVAL;
  return vfs_setpos(file, whence === SEEK_CUR ? file.f_pos + offset : offset, MAX_LFS_FILESIZE);
}

/** Directories have a size here, which is 0. Linux: generic_file_llseek. */
function proc_dir_llseek(_task: Task, file: OpenFile, offset: number, whence: number): number {
  if (whence > SEEK_END) return -ENXIO;
  return vfs_setpos(file, whence === SEEK_CUR ? file.f_pos + offset : offset, MAX_NON_LFS);
}

export const proc_dir_operations = {
  plain_read: true,
  read_iter: () => -EISDIR,
  llseek: proc_dir_llseek,
  iterate_shared: proc_iterate,
  show: () => '',
} satisfies FileOperations;

/** The text is made at the start, so that reading on shows one state. Linux: seq_read_iter. */
function proc_read(task: Task, file: OpenFile, iter: IovIter): number {
  const inode = file.f_inode!;
  const pos = iter.pos < 0 ? file.f_pos : iter.pos;
  if (pos === 0 || file.private_data === null) {
    const text = (inode.i_private as ProcInode).entry.text!(task, inode);
    if (typeof text === 'number') return text;
    file.private_data = string_to_bytes(text);
  }
  const bytes = file.private_data as Uint8Array;
  const n = Math.max(Math.min(iter.count, bytes.length - pos), 0);
  if (!fault_in(task.mm, iter, n)) return -EFAULT;
  copy_to_iter(task.mm, iter, bytes, pos, n);
  if (iter.pos < 0) file.f_pos = pos + n;
  return n;
}

const proc_text_operations = {
  splice_read: true,
  read_iter: proc_read,
  llseek: proc_llseek,
  show: () => '',
} satisfies FileOperations;
