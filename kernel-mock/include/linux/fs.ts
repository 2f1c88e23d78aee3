/** Open files and descriptor tables: include/linux/fs.h, fdtable.h. */
import type { Bitmap } from '../../lib/bitmap.js';
import type { IovIter } from './mm.js';
import type { Dentry, Inode, PosixLocks } from './dcache.js';
import type { Kernel } from './kernel.js';
import type { Result, Task } from './sched.js';
import type { PollTable, WaitEntry } from './wait.js';

export const FMODE_READ = 1;
export const FMODE_WRITE = 2;
/** It has a position; pread and pwrite work. */
export const FMODE_LSEEK = 4;
export const FMODE_PREAD = 8;
export const FMODE_PWRITE = 16;
/** Opened to be executed: nobody may write to it meanwhile. */
export const FMODE_EXEC = 32;
/** O_PATH: a name, nothing more. */
export const FMODE_PATH = 0x4000;
/** O_DIRECT makes sense. */
export const FMODE_CAN_ODIRECT = 0x400000;
/** Watchers hear nothing of it. */
export const FMODE_NONOTIFY = 0x4000000;
/** Counted in `i_writecount`. */
export const FMODE_WRITER = 0x10000;
/** This open made the file. */
export const FMODE_CREATED = 0x100000;

/** MAX_LFS_FILESIZE, the last position: as far as numbers reach. */
export const MAX_LFS_FILESIZE = 2 ** 63 - 1024;
/** The last position where nothing is said of large files: /proc. */
export const MAX_NON_LFS = 2 ** 31 - 1;

/** What one kind of open file can do. The identity of the record tells the kind. A missing operation gives EINVAL, ENOTTY … as in Linux. */
export interface FileOperations {
  /** Move bytes from the file to `iter`; 0 is end of file. May sleep. */
  read_iter?(task: Task, file: OpenFile, iter: IovIter): Result;
  /** Move bytes from `iter` to the file. May sleep. */
  write_iter?(task: Task, file: OpenFile, iter: IovIter): Result;
  /** POLL* bits that hold now; `pt`, if given, is told the queues to wait on. */
  poll?(file: OpenFile, pt: PollTable | null): number;
  /** Called when a path that leads here is opened; may wait for the other end. */
  open?(task: Task, inode: Inode, file: OpenFile): Result;
  /** Move the position; missing: ESPIPE. */
  llseek?(task: Task, file: OpenFile, offset: number, whence: number): number;
  /** It is a directory: its entries to user memory. */
  iterate_shared?(task: Task, file: OpenFile, ctx: DirContext): number;
  /** The last reference is gone. */
  release?(file: OpenFile): void;
  /** FIONREAD: bytes that a read would find; missing: ENOTTY. */
  nread?(file: OpenFile): number;
  /** Requests of ioctl that only this kind knows; missing: ENOTTY. */
  ioctl?(task: Task, file: OpenFile, cmd: number, argp: number): number;
  /** O_ASYNC is set or cleared, by way of `fd`; missing: it cannot be set. */
  fasync?(file: OpenFile, fd: number, on: boolean): void;
  /** In Linux it has read or write in place of read_iter or write_iter: of the RWF_* flags it takes RWF_HIPRI alone. */
  readonly plain_read?: boolean;
  readonly plain_write?: boolean;
  /** splice and sendfile can read from it, or write to it. */
  readonly splice_read?: boolean;
  readonly splice_write?: boolean;
  /** Linux: FMODE_NOWAIT. RWF_NOWAIT makes sense: reading or writing can tell that it would sleep. */
  readonly nowait?: boolean;
  /** What /proc/PID/fd shows: `socket:[7]`. */
  show(file: OpenFile): string;
  /** Further lines of /proc/PID/fdinfo (3.8). */
  show_fdinfo?(file: OpenFile): string;
  /** S_IF* and permissions of files without a name; default: those of an anonymous inode. */
  readonly i_mode?: number;
  /** What distinguishes such files; missing: nothing. */
  ino?(file: OpenFile): number;
}

/** Takes directory entries while there is room: false when there is none. */
export interface DirContext {
  pos: number;
  actor(name: string, ino: number, type: number, next: number): boolean;
}

/** Who is told about a file by signals. */
export interface FownStruct {
  /** F_OWNER_*. */
  type: number;
  /** 0: nobody. */
  pid: number;
  /** F_SETSIG; 0: SIGIO without siginfo. */
  signum: number;
  uid: number;
  euid: number;
  /** O_ASYNC: where its entries stand; null: not set. */
  fasync: WaitEntry[] | null;
}

/** Linux's struct file: what open descriptors refer to. */
export interface OpenFile {
  readonly kernel: Kernel;
  f_op: FileOperations;
  /** O_* status flags and the access mode. */
  f_flags: number;
  /** FMODE_* bits. */
  f_mode: number;
  /** Where the next read or write begins. */
  f_pos: number;
  /** Descriptors, sleeping calls and messages in flight that refer to it. */
  f_count: number;
  /** What the operations work on; each kind knows its type. */
  private_data: unknown;
  /** The name by which it was opened; null: none. */
  f_path: Dentry | null;
  /** The inode; null also while nobody asked for that of a file without a name. */
  f_inode: Inode | null;
  f_owner: FownStruct | null;
  /** What watches it in epolls; null: none. */
  f_ep: EpWatcher[] | null;
}

/** A place in an epoll that watches an open file. */
export interface EpWatcher {
  /** The watched file is gone. */
  readonly released: (watcher: EpWatcher) => void;
}

/** The descriptor table, shared by the threads of a process. */
export interface FilesStruct {
  /** Tasks that share it. */
  count: number;
  /** By descriptor; null and bit set in `open_fds`: reserved by a call that has not finished. */
  readonly fd: (OpenFile | null)[];
  readonly open_fds: Bitmap;
  readonly close_on_exec: Bitmap;
  /** No free descriptor is lower. */
  next_fd: number;
  /** Record locks that a process holds in the name of this table; null: none. */
  posix_locks: PosixLocks | null;
}
