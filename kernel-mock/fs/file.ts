/** Descriptor tables and the life of open files (fs/file.c, fs/file_table.c). */
import { should_fail } from '../include/linux/inject.js';
import { FMODE_PATH, type FileOperations, type FilesStruct, type OpenFile } from '../include/linux/fs.js';
import type { Kernel } from '../include/linux/kernel.js';
import type { Sleep, Task } from '../include/linux/sched.js';
import { EBADF, EMFILE } from '../include/uapi/errno.js';
import { O_ASYNC, O_CLOEXEC } from '../include/uapi/fcntl.js';
import { RLIMIT_NOFILE } from '../include/uapi/resource.js';
import { bitmap, bitmap_copy, clear_bit, find_next_zero_bit, set_bit, test_bit } from '../lib/bitmap.js';

export function alloc_files(): FilesStruct {
  return { count: 1, fd: [], open_fds: bitmap(), close_on_exec: bitmap(), next_fd: 0, posix_locks: null };
}

/** A table with the same descriptors. What is reserved by a call in flight, whose file is not there yet, is free in it. Linux: dup_fd. */
export function dup_files(old: FilesStruct): FilesStruct {
  const files: FilesStruct = {
    count: 1,
    fd: old.fd.slice(),
    open_fds: bitmap_copy(old.open_fds),
    close_on_exec: bitmap_copy(old.close_on_exec),
    next_fd: old.next_fd,
    posix_locks: null,
  };
  for (let fd = 0; fd < files.fd.length; fd++) {
    const file = files.fd[fd]!;
    if (file !== null) get_file(file);
    else if (test_bit(files.open_fds, fd)) {
      clear_bit(files.open_fds, fd);
      files.next_fd = Math.min(files.next_fd, fd);
    }
  }
  return files;
}

export function alloc_file(
  kernel: Kernel,
  f_op: FileOperations,
  f_mode: number,
  f_flags: number,
  private_data: unknown,
): OpenFile {
  kernel.nr_files++;
  return {
    kernel,
    f_op,
    f_flags,
    f_mode,
    f_pos: 0,
    f_count: 1,
    private_data,
    f_ep: null,
    f_path: null,
    f_inode: null,
    f_owner: null,
  };
}

export function get_file(file: OpenFile): OpenFile {
  file.f_count++;
  return file;
}

/** Drop a reference; the last one releases what the file stands for. */
export function fput(file: OpenFile): void {
  if (--file.f_count > 0) return;
  file.kernel.nr_files--;
  if ((file.f_flags & O_ASYNC) !== 0) file.f_op.fasync?.(file, -1, false);
  if (file.f_ep !== null) for (const watcher of file.f_ep) watcher.released(watcher);
  if (file.f_inode !== null) file.kernel.fs!.__fput(file);
  file.f_op.release?.(file);
}

/** Keep `file` while `sleep` sleeps: another thread may close its descriptor meanwhile. The end of the call gives it back. */
export function hold_file(task: Task, file: OpenFile, sleep: Sleep): Sleep {
  if (task.held === null) task.held = get_file(file);
  return task.held === file ? sleep : hold_second(file, sleep);
}

/** The sleeping call is done. Linux: fdput. */
export function put_held(task: Task): void {
  const file = task.held!;
  task.held = null;
  fput(file);
}

/** The same for a second file of one call. */
function* hold_second(file: OpenFile, sleep: Sleep): Sleep {
  get_file(file);
  try {
    return yield* sleep;
  } finally {
    fput(file);
  }
}

/** Descriptors that the table has room for now: it begins with a word of bits and grows to powers of 2. Linux: alloc_fdtable. */
export function max_fds({ fd }: FilesStruct): number {
  return fd.length <= 64 ? 64 : 2 ** Math.ceil(Math.log2(fd.length));
}

/** The open file of descriptor `fd` (a register: only its low 32 bits count), or null: EBADF. Takes no reference. */
export function fget(task: Task, fd: number): OpenFile | null {
  return fget_of(task.files.fd, fd);
}

/** The same for a call that looks many descriptors up in one table. */
export function fget_of(fds: FilesStruct['fd'], fd: number): OpenFile | null {
  const file = fds[fd >>> 0];
  return file === undefined || file === null || (file.f_mode & FMODE_PATH) !== 0 ? null : file;
}

/** The same for the few calls that take O_PATH descriptors too. */
export function fget_raw(task: Task, fd: number): OpenFile | null {
  return task.files.fd[fd >>> 0] ?? null;
}

/** Make room for descriptor `fd`. Linux: expand_files. */
function expand_files(files: FilesStruct, fd: number): void {
  while (files.fd.length <= fd) files.fd.push(null);
}

/** Reserve the lowest free descriptor that is not below `start`. -EMFILE at `end`. Linux: alloc_fd. */
function alloc_fd(files: FilesStruct, start: number, end: number, flags: number): number {
  const from = Math.max(start, files.next_fd);
  const fd = find_next_zero_bit(files.open_fds, from);
  if (fd >= end) return -EMFILE;
  if (start <= files.next_fd) files.next_fd = fd + 1;
  set_bit(files.open_fds, fd);
  if ((flags & O_CLOEXEC) !== 0) set_bit(files.close_on_exec, fd);
  else clear_bit(files.close_on_exec, fd);
  if (fd >= files.fd.length) expand_files(files, fd);
  return fd;
}

export function rlimit_nofile(task: Task): number {
  return task.group.rlim[2 * RLIMIT_NOFILE]!;
}

/** Reserve a descriptor; of `flags` only O_CLOEXEC counts. Other threads see the number taken, but no file behind it yet. */
export function get_unused_fd_flags(task: Task, flags: number): number {
  if (should_fail(task.kernel, 'alloc_fd')) return -EMFILE;
  return alloc_fd(task.files, 0, rlimit_nofile(task), flags);
}

/** The same, not below `start` (F_DUPFD). */
export function get_unused_fd_from(task: Task, start: number, flags: number): number {
  if (should_fail(task.kernel, 'alloc_fd')) return -EMFILE;
  return alloc_fd(task.files, start, rlimit_nofile(task), flags);
}

/** Give a reserved descriptor back. */
export function put_unused_fd(task: Task, fd: number): void {
  clear_bit(task.files.open_fds, fd);
  if (fd < task.files.next_fd) task.files.next_fd = fd;
}

/** Publish: from now on `fd` is `file`. The table takes over the caller's reference. */
export function fd_install(task: Task, fd: number, file: OpenFile): void {
  task.files.fd[fd] = file;
  task.kernel.trace?.fd_install?.(task, fd, file, test_bit(task.files.close_on_exec, fd));
}

/** Reserve, and publish `file` at once; on -EMFILE the caller's reference is dropped. */
export function fd_install_new(task: Task, file: OpenFile, flags: number): number {
  const fd = get_unused_fd_flags(task, flags);
  if (fd < 0) fput(file);
  else fd_install(task, fd, file);
  return fd;
}

/** Take `fd` out of the table and drop its reference. -EBADF. */
export function close_fd(task: Task, fd: number): number {
  const { files } = task;
  const file = files.fd[fd] ?? null;
  if (file === null) return -EBADF;
  files.fd[fd] = null;
  clear_bit(files.close_on_exec, fd);
  put_unused_fd(task, fd);
  task.kernel.trace?.fd_close?.(task, fd, file);
  files.posix_locks?.filp_close(file);
  fput(file);
  return 0;
}

export function get_close_on_exec(task: Task, fd: number): boolean {
  return test_bit(task.files.close_on_exec, fd);
}

export function set_close_on_exec(task: Task, fd: number, on: boolean): void {
  if (on) set_bit(task.files.close_on_exec, fd);
  else clear_bit(task.files.close_on_exec, fd);
  task.kernel.trace?.fd_cloexec?.(task, fd, on);
}

/** `newfd` becomes a second descriptor of `file`; what was open there is closed. `newfd` is not reserved. */
export function replace_fd(task: Task, newfd: number, file: OpenFile, flags: number): void {
  const { files } = task;
  const old = files.fd[newfd] ?? null;
  if (old === null) {
    set_bit(files.open_fds, newfd);
    expand_files(files, newfd);
  } else task.kernel.trace?.fd_close?.(task, newfd, old);
  if ((flags & O_CLOEXEC) !== 0) set_bit(files.close_on_exec, newfd);
  else clear_bit(files.close_on_exec, newfd);
  fd_install(task, newfd, get_file(file));
  if (old === null) return;
  files.posix_locks?.filp_close(old);
  fput(old);
}

/** A reserved descriptor whose file is not published yet: dup2 onto it gives EBUSY. */
export function fd_is_reserved(task: Task, fd: number): boolean {
  return test_bit(task.files.open_fds, fd) && (task.files.fd[fd] ?? null) === null;
}

/** execve: close what is marked. The table is the task's own. */
export function do_close_on_exec(task: Task): void {
  const { files } = task;
  for (let fd = 0; fd < files.fd.length; fd++) if (test_bit(files.close_on_exec, fd)) close_fd(task, fd);
}

/** The task ends: leave its table; the last one closes everything. */
export function exit_files(task: Task): void {
  const { files } = task;
  if (--files.count > 0) return;
  for (let fd = 0; fd < files.fd.length; fd++) if (files.fd[fd] !== null) close_fd(task, fd);
  const { inflight } = task.kernel.net;
  inflight?.gc(task.kernel);
}
