/** Inodes: files apart from their names (fs/inode.c, fs/attr.c). */
import type { Cred } from '../include/linux/cred.js';
import type { Dentry, Inode, InodeOperations, SuperBlock, Vfs } from '../include/linux/dcache.js';
import { FMODE_WRITE, FMODE_WRITER, type FileOperations, type OpenFile } from '../include/linux/fs.js';
import type { Kernel } from '../include/linux/kernel.js';
import type { Task } from '../include/linux/sched.js';
import { EACCES, ENXIO } from '../include/uapi/errno.js';
import { S_IFDIR, S_IFIFO, S_IFMT, S_ISDIR, S_ISGID, S_IXGRP } from '../include/uapi/stat.js';
import { capable } from '../kernel/capability.js';
import { ktime_get } from '../kernel/time.js';
import { def_fifo_fops } from './fifo.js';

export const MAY_EXEC = 1;
export const MAY_WRITE = 2;
export const MAY_READ = 4;

/** When a kernel boots: 1 January 2008, 00:00 UTC, in seconds since 1970. */
export const BOOT_SECONDS = 1199145600;

/** The time as inodes keep it: nanoseconds since the boot. */
export function current_time(kernel: Kernel): number {
  return ktime_get(kernel);
}

export interface InodeInit {
  readonly i_op?: InodeOperations;
  readonly i_fop: FileOperations;
  readonly rdev?: number;
  readonly ino?: number;
  readonly cred?: Cred;
  readonly i_private?: unknown;
}

const NO_INODE_OPERATIONS: InodeOperations = {};

/** A file without a name. */
export function new_inode(kernel: Kernel, vfs: Vfs, sb: SuperBlock, mode: number, init: InodeInit): Inode {
  const now = current_time(kernel);
  const { i_op = NO_INODE_OPERATIONS, i_fop, rdev = 0, cred, i_private = null } = init;
  return {
    i_ino: init.ino ?? vfs.next_ino++,
    i_sb: sb,
    i_mode: mode,
    i_uid: cred?.euid ?? 0,
    i_gid: cred?.egid ?? 0,
    i_nlink: S_ISDIR(mode) ? 2 : 1,
    i_linkable: false,
    i_rdev: rdev,
    i_size: 0,
    i_atime: now,
    i_mtime: now,
    i_ctime: now,
    i_op,
    i_fop,
    i_writecount: 0,
    i_opens: 0,
    i_pages: null,
    i_seals: -1,
    i_private,
    i_xattrs: null,
    i_write_hint: 0,
    i_flctx: null,
    i_marks: null,
  };
}

/** A new file in `dir` belongs to its group if the directory says so, and a directory hands that on. Linux: inode_init_owner. */
export function inode_init_owner(inode: Inode, dir: Inode): void {
  if ((dir.i_mode & S_ISGID) === 0) return;
  inode.i_gid = dir.i_gid;
  if (S_ISDIR(inode.i_mode)) inode.i_mode |= S_ISGID;
}

// Rights.

export function in_group_p(cred: Cred, gid: number): boolean {
  return cred.egid === gid || cred.groups.includes(gid);
}

export function inode_owner_or_capable(task: Task, inode: Inode): boolean {
  return inode.i_uid === task.cred.euid || capable(task.cred);
}

/** Modes and owners: 0 or -EACCES. `mask`: MAY_* bits. Linux: generic_permission. */
export function generic_permission(cred: Cred, inode: Inode, mask: number): number {
  let mode = inode.i_mode;
  if (cred.euid === inode.i_uid) mode >>= 6;
  else if (in_group_p(cred, inode.i_gid)) mode >>= 3;
  if ((mask & ~mode & 7) === 0) return 0;
  if (!capable(cred)) return -EACCES;
  // Root may do anything, but a file that nobody may execute is no program.
  return S_ISDIR(inode.i_mode) || (mask & MAY_EXEC) === 0 || (inode.i_mode & 0o111) !== 0 ? 0 : -EACCES;
}

export function inode_permission(task: Task, inode: Inode, mask: number): number {
  if (inode.i_op.permission !== undefined) return inode.i_op.permission(task, inode, mask);
  return generic_permission(task.cred, inode, mask);
}

/** S_ISUID, and S_ISGID of what the group may execute, go when a file is written or given away. Linux: setattr_should_drop_suidgid. */
export function drop_suidgid(inode: Inode): void {
  inode.i_mode &= ~0o4000;
  if ((inode.i_mode & S_IXGRP) !== 0) inode.i_mode &= ~S_ISGID;
}

// Files without a name.

/** Opening what cannot be opened: a socket, an anonymous inode. */
export const no_open_fops = { open: () => -ENXIO, show: () => '' } satisfies FileOperations;

/** `file` is open for writing: its inode may not be executed meanwhile. Linux: file_get_write_access. */
export function get_write_access(file: OpenFile): void {
  file.f_inode!.i_writecount++;
  file.f_mode |= FMODE_WRITER;
}

/** The inode behind an open file; for those without a name it is made when first asked for. */
export function file_inode(file: OpenFile, vfs: Vfs): Inode {
  if (file.f_inode !== null) return file.f_inode;
  const { kernel, f_op } = file;
  const mode = f_op.i_mode ?? 0o600;
  const ino = f_op.ino?.(file) ?? 1;
  const key = file.private_data as object | null;
  const fop = (mode & S_IFMT) === S_IFIFO ? def_fifo_fops : no_open_fops;
  const made = key === null ? undefined : vfs.anon_inodes.get(key);
  const inode = made ?? new_inode(kernel, vfs, vfs.anon_sb, mode, { i_fop: fop, ino, i_private: key });
  if (key !== null && made === undefined) vfs.anon_inodes.set(key, inode);
  inode.i_opens++;
  file.f_inode = inode;
  if ((file.f_mode & FMODE_WRITE) !== 0) get_write_access(file);
  return inode;
}

/** The name behind an open file, made up for those that have none. */
export function file_dentry(file: OpenFile, vfs: Vfs): Dentry {
  return file.f_path ?? d_alloc_pseudo(file.f_op.show(file), file_inode(file, vfs));
}

/** A name that stands in no directory. */
export function d_alloc_pseudo(name: string, inode: Inode): Dentry {
  const children = (inode.i_mode & S_IFMT) === S_IFDIR ? new Map<string, Dentry>() : null;
  const dentry: Dentry = {
    d_name: name,
    d_parent: null as unknown as Dentry,
    d_inode: inode,
    d_children: children,
    d_count: 0,
    d_unhashed: false,
    d_root: true,
  };
  dentry.d_parent = dentry;
  return dentry;
}
