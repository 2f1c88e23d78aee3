/** Open files and descriptor tables: include/linux/fs.h, fdtable.h. */
import type { Bitmap } from '../../lib/bitmap.js';
import type { IovIter } from './mm.js';
import type { Kernel } from './kernel.js';
import type { Result, Task } from './sched.js';
import type { PollTable } from './wait.js';

export const FMODE_READ = 1;
export const FMODE_WRITE = 2;

/** What one kind of open file can do. The identity of the record tells the kind. A missing operation gives EINVAL, ENOTTY … as in Linux. */
export interface FileOperations {
  /** Move bytes from the file to `iter`; 0 is end of file. May sleep. */
  read_iter?(task: Task, file: OpenFile, iter: IovIter): Result;
  /** Move bytes from `iter` to the file. May sleep. */
  write_iter?(task: Task, file: OpenFile, iter: IovIter): Result;
  /** POLL* bits that hold now; `pt`, if given, is told the queues to wait on. */
  poll?(file: OpenFile, pt: PollTable | null): number;
  /** The last reference is gone. */
  release?(file: OpenFile): void;
  /** FIONREAD: bytes that a read would find; missing: ENOTTY. */
  nread?(file: OpenFile): number;
  /** F_SETFL changed these bits. */
  setfl?(file: OpenFile, flags: number): number;
  /** What /proc/PID/fd shows: `socket:[7]`. */
  show(file: OpenFile): string;
}

/** Linux's struct file: what open descriptors refer to. */
export interface OpenFile {
  readonly kernel: Kernel;
  readonly f_op: FileOperations;
  /** O_* status flags and the access mode. */
  f_flags: number;
  /** FMODE_* bits. */
  readonly f_mode: number;
  /** Descriptors, sleeping calls and messages in flight that refer to it. */
  f_count: number;
  /** What the operations work on; each kind knows its type. */
  private_data: unknown;
  /** The epolls that watch it; null: none. */
  f_ep: EpWatcher[] | null;
}

/** One epoll that watches an open file. */
export interface EpWatcher {
  readonly owner: OpenFile;
  /** The watched file is gone. */
  readonly released: () => void;
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
}
