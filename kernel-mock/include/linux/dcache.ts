/** Names and what they stand for: include/linux/dcache.h, fs.h (struct inode, struct super_block), fs_struct.h. */
import type { Bytes } from './mm.js';
import type { FileOperations, OpenFile } from './fs.js';
import type { Task } from './sched.js';

/** A mounted file system. */
export interface SuperBlock {
  /** What stat shows as st_dev. */
  readonly s_dev: number;
  /** What statfs shows as f_type. */
  readonly s_magic: number;
  /** Programs cannot make, remove or rename anything in it. */
  readonly s_static: boolean;
}

/** What one kind of inode can do by itself; plain directories and files need none of it. */
export interface InodeOperations {
  /** The entry `name` of a directory whose entries are made on demand. */
  lookup?(task: Task, dir: Dentry, name: string): Dentry | null;
  /** The entries of such a directory. */
  iterate?(task: Task, dir: Dentry): readonly DirEntry[] | number;
  /** Where a symbolic link leads: a path, or, by magic, an object. */
  get_link?(task: Task, dentry: Dentry): string | Dentry | number;
  /** What readlink shows of a magic link. */
  readlink?(task: Task, dentry: Dentry): string | number;
  /** Another check than that of modes and owners. */
  permission?(task: Task, inode: Inode, mask: number): number;
}

export interface DirEntry {
  readonly name: string;
  readonly ino: number;
  /** DT_*. */
  readonly type: number;
}

/** A file, whatever its names. */
export interface Inode {
  readonly i_ino: number;
  readonly i_sb: SuperBlock;
  /** S_IF* and permissions. */
  i_mode: number;
  i_uid: number;
  i_gid: number;
  i_nlink: number;
  /** Without a name it may still be given one: I_LINKABLE, of O_TMPFILE. */
  i_linkable: boolean;
  /** Which device it stands for. */
  readonly i_rdev: number;
  i_size: number;
  /** Times in nanoseconds since the boot. */
  i_atime: number;
  i_mtime: number;
  i_ctime: number;
  readonly i_op: InodeOperations;
  /** Operations of its open files. */
  readonly i_fop: FileOperations;
  /** Open files that may write; below 0: running programs that forbid it. */
  i_writecount: number;
  /** Open files. */
  i_opens: number;
  /** Pages by index; a missing one is a hole. Null: no bytes yet, or not a regular file. */
  i_pages: Map<number, Bytes> | null;
  /** Extended attributes by name; null: none. */
  i_xattrs: Map<string, Bytes> | null;
  /** RWH_*: how long what is written to it will live. */
  i_write_hint: number;
  /** F_SEAL_* bits; -1: it cannot have any. */
  i_seals: number;
  /** What its kind keeps with it: a link's text, a pipe, the socket bound to it, a program. */
  i_private: unknown;
  /** Locks and leases; null until the first. */
  i_flctx: FileLockHook | null;
  /** inotify's watches; null while there are none. */
  i_marks: readonly FsnotifyMark[] | null;
}

/** A name of a file in a directory. Names are strings with one character for each byte. */
export interface Dentry {
  d_name: string;
  /** The directory; of a root the root itself. */
  d_parent: Dentry;
  readonly d_inode: Inode;
  /** Entries of a directory, oldest first; null: not a directory that keeps its entries. */
  readonly d_children: Map<string, Dentry> | null;
  /** Open files, working folders … that keep it after its name is gone. */
  d_count: number;
  /** Its name was removed. */
  d_unhashed: boolean;
  /** The root of another file system is mounted here, or the root of all. */
  readonly d_root: boolean;
}

/** What a watcher wants to hear of an inode. */
export interface FsnotifyMark {
  /** IN_* bits. */
  mask: number;
  /** Something happened. `name`: of the entry, when the inode is the directory around it; '' otherwise. */
  handle_event(mask: number, name: string, cookie: number, unlinked: boolean): void;
  /** The inode is gone. */
  ignored(): void;
}

/** Where a process stands in the tree. Shared by CLONE_FS. */
export interface FsStruct {
  users: number;
  umask: number;
  /** Null: the root of all. */
  root: Dentry | null;
  pwd: Dentry | null;
}

/**
 * The file system of one kernel, made when a path is first used, and what the descriptor tables, which lie below, ask of it.
 */
export interface Vfs {
  readonly root: Dentry;
  readonly sb: SuperBlock;
  readonly proc: Dentry;
  /** Of files that have no name: memfd_create, pipes and sockets. */
  readonly shm_sb: SuperBlock;
  readonly anon_sb: SuperBlock;
  /** Inodes of pipes and sockets that somebody asked for, by what their files work on. */
  readonly anon_inodes: WeakMap<object, Inode>;
  /** inotify instances by user. */
  readonly inotify_instances: Map<number, number>;
  /** Watches that exist: nothing is told to anybody while there are none. */
  nr_marks: number;
  /** Who waits for whom with a record lock. */
  readonly blocked: Map<object, object>;
  next_cookie: number;
  next_ino: number;
  /** The last reference to a file that has an inode is gone. */
  __fput(file: OpenFile): void;
  /** The last user of `fs` is gone. */
  exit_fs(fs: FsStruct): void;
}

/** What an inode tells who keeps its locks. */
export interface FileLockHook {
  /** The last reference to `file` is gone. */
  remove_file(file: OpenFile): void;
}

/** What FilesStruct tells who holds record locks in its name: a descriptor of `file` is closed. */
export interface PosixLocks {
  filp_close(file: OpenFile): void;
}
