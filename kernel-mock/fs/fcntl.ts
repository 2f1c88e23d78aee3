/** close, dup and fcntl (fs/open.c, fs/file.c, fs/fcntl.c). */
import { FMODE_CAN_ODIRECT, FMODE_CREATED, FMODE_PATH, type OpenFile } from '../include/linux/fs.js';
import type { Result, Task } from '../include/linux/sched.js';
import { EBADF, EBUSY, EFAULT, EINVAL, EPERM } from '../include/uapi/errno.js';
import { CLOSE_RANGE_CLOEXEC, CLOSE_RANGE_UNSHARE } from '../include/uapi/close_range.js';
import {
  FD_CLOEXEC,
  F_DUPFD,
  F_ADD_SEALS,
  F_CREATED_QUERY,
  __O_TMPFILE,
  F_DUPFD_CLOEXEC,
  F_DUPFD_QUERY,
  F_GETFD,
  F_GETFL,
  F_GETPIPE_SZ,
  F_GETLEASE,
  F_GETLK,
  F_GETOWN,
  F_GETOWN_EX,
  F_GETOWNER_UIDS,
  F_GETSIG,
  F_GET_SEALS,
  F_GET_RW_HINT,
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_SETFD,
  F_SETFL,
  F_SETLEASE,
  F_SETLK,
  F_SETLKW,
  F_SETOWN,
  F_SETOWN_EX,
  F_SETSIG,
  F_SETPIPE_SZ,
  F_SET_RW_HINT,
  O_APPEND,
  O_ASYNC,
  O_CLOEXEC,
  O_DIRECT,
  O_NOATIME,
  O_NONBLOCK,
  RWH_WRITE_LIFE_EXTREME,
} from '../include/uapi/fcntl.js';
import { get_user_u64, put_user_u64 } from '../mm/uaccess.js';
import {
  fcntl_getown,
  fcntl_getown_ex,
  fcntl_getowner_uids,
  fcntl_setown,
  fcntl_setown_ex,
  fcntl_setsig,
} from './fown.js';
import {
  close_fd,
  fd_install,
  fd_is_reserved,
  fget_raw,
  get_close_on_exec,
  get_file,
  get_unused_fd_from,
  replace_fd,
  rlimit_nofile,
  set_close_on_exec,
} from './file.js';
import { unshare_files } from '../kernel/fork.js';
import { indirect_file_flags } from '../kernel/indirect.js';
import { file_inode, inode_owner_or_capable } from './inode.js';
import { fcntl_getlease, fcntl_setlease } from './lease.js';
import { fcntl_getlk, fcntl_setlk } from './locks.js';
import { memfd_add_seals, memfd_get_seals } from './memfd.js';
import { vfs_of } from './namespace.js';
import { get_pipe_info, pipe_get_size, pipe_set_size } from './pipe.js';

/** Status flags that F_SETFL can change, beside O_ASYNC; others in its argument are ignored. */
const SETFL_MASK = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;

/** `close(fd)`: -EBADF. close(2). */
export function sys_close(task: Task, fd: number): number {
  return close_fd(task, fd >>> 0);
}

/** Linux: f_dupfd. -EINVAL if `from` is not below the limit, -EMFILE. */
function f_dupfd(task: Task, file: OpenFile, from: number, flags: number): number {
  const start = from >>> 0;
  if (start >= rlimit_nofile(task)) return -EINVAL;
  const fd = get_unused_fd_from(task, start, flags);
  if (fd >= 0) fd_install(task, fd, get_file(file));
  return fd;
}

/** `dup(fd)`: -EBADF, -EMFILE. dup(2). */
export function sys_dup(task: Task, fd: number): number {
  const file = fget_raw(task, fd);
  if (file === null) return -EBADF;
  const newfd = get_unused_fd_from(task, 0, indirect_file_flags(task));
  if (newfd >= 0) fd_install(task, newfd, get_file(file));
  return newfd;
}

/** `dup2(oldfd, newfd)`: -EBADF (either), -EBUSY (`newfd` is reserved by a call in flight). dup2(2); Linux fs/file.c. */
export function sys_dup2(task: Task, oldfd: number, newfd: number): number {
  const file = fget_raw(task, oldfd);
  if (oldfd >>> 0 === newfd >>> 0) return file === null ? -EBADF : oldfd | 0;
  if (newfd >>> 0 >= rlimit_nofile(task) || file === null) return -EBADF;
  if (fd_is_reserved(task, newfd >>> 0)) return -EBUSY;
  replace_fd(task, newfd >>> 0, file, indirect_file_flags(task));
  return newfd | 0;
}

/** `dup3(oldfd, newfd, flags)`: -EINVAL (flags, or equal numbers), -EBADF, -EBUSY. dup(2); Linux fs/file.c ksys_dup3. */
export function sys_dup3(task: Task, oldfd: number, newfd: number, flags: number): number {
  if ((flags & ~O_CLOEXEC) !== 0 || oldfd >>> 0 === newfd >>> 0) return -EINVAL;
  if (newfd >>> 0 >= rlimit_nofile(task)) return -EBADF;
  const file = fget_raw(task, oldfd);
  if (file === null) return -EBADF;
  if (fd_is_reserved(task, newfd >>> 0)) return -EBUSY;
  replace_fd(task, newfd >>> 0, file, flags);
  return newfd | 0;
}

/**
 * `close_range(first, last, flags)`: close every descriptor from first to last, or mark them (CLOSE_RANGE_CLOEXEC, 5.11).
 * CLOSE_RANGE_UNSHARE: in a table of the task's own. -EINVAL (flags, or first above last). close_range(2).
 */
export function sys_close_range(task: Task, first: number, last: number, flags: number): number {
  if ((flags & ~task.kernel.release.close_range_flags) !== 0 || first >>> 0 > last >>> 0) return -EINVAL;
  if ((flags & CLOSE_RANGE_UNSHARE) !== 0 && task.files.count > 1) unshare_files(task);
  const end = Math.min(last >>> 0, task.files.fd.length - 1);
  for (let fd = first >>> 0; fd <= end; fd++) {
    if ((task.files.fd[fd] ?? null) === null) continue;
    if ((flags & CLOSE_RANGE_CLOEXEC) !== 0) set_close_on_exec(task, fd, true);
    else close_fd(task, fd);
  }
  return 0;
}

/** Can the file be told to go around the cache? Of a pipe the same bit makes packets (3.4). */
function can_odirect(task: Task, file: OpenFile): boolean {
  if (get_pipe_info(file) !== null) return (task.kernel.release.pipe2_flags & O_DIRECT) !== 0;
  return (file.f_mode & FMODE_CAN_ODIRECT) !== 0;
}

/** F_SETFL: -EPERM (O_NOATIME on somebody else's file), -EINVAL (O_DIRECT). Linux: setfl. */
function setfl(task: Task, file: OpenFile, fd: number, arg: number): number {
  if ((arg & ~file.f_flags & O_NOATIME) !== 0 && file.f_inode !== null && !inode_owner_or_capable(task, file.f_inode))
    return -EPERM;
  if ((arg & O_DIRECT) !== 0 && !can_odirect(task, file)) return -EINVAL;
  if (((arg ^ file.f_flags) & O_ASYNC) !== 0) file.f_op.fasync?.(file, fd, (arg & O_ASYNC) !== 0);
  file.f_flags = (arg & SETFL_MASK) | (file.f_flags & ~SETFL_MASK);
  return 0;
}

/** F_GET_RW_HINT (4.13): how long what is written to the file will live. -EFAULT. */
function fcntl_get_rw_hint(task: Task, file: OpenFile, argp: number): number {
  const { i_write_hint } = file_inode(file, vfs_of(task.kernel));
  return put_user_u64(task.mm, argp, i_write_hint);
}

/** F_SET_RW_HINT: -EPERM, -EFAULT, -EINVAL. */
function fcntl_set_rw_hint(task: Task, file: OpenFile, argp: number): number {
  const inode = file_inode(file, vfs_of(task.kernel));
  if (!inode_owner_or_capable(task, inode)) return -EPERM;
  const hint = get_user_u64(task.mm, argp);
  if (hint < 0) return -EFAULT;
  if (hint > RWH_WRITE_LIFE_EXTREME) return -EINVAL;
  inode.i_write_hint = hint;
  return 0;
}

/** A pipe command on something else; -EINVAL where the command is not known. */
function no_pipe(task: Task): number {
  return task.kernel.release.fcntl_pipe_size ? -EBADF : -EINVAL;
}

type FcntlCommand = (task: Task, file: OpenFile, fd: number, arg: number) => Result;

/**
 * By command. What is missing is -EINVAL; what is newer than 2.6.22 asks the release.
 * DEVIATION: F_NOTIFY is -EINVAL, as in a kernel that was built without CONFIG_DNOTIFY; inotify tells the same and more.
 */
const commands: Readonly<Record<number, FcntlCommand>> = {
  [F_DUPFD]: (task, file, _fd, arg) => f_dupfd(task, file, arg, indirect_file_flags(task)),
  [F_GETFD]: (task, _file, fd) => (get_close_on_exec(task, fd) ? FD_CLOEXEC : 0),
  [F_SETFD]: (task, _file, fd, arg) => {
    set_close_on_exec(task, fd, (arg & FD_CLOEXEC) !== 0);
    return 0;
  },
  [F_GETFL]: (_task, file) => file.f_flags,
  [F_SETFL]: (task, file, fd, arg) => setfl(task, file, fd, arg),
  [F_GETPIPE_SZ]: (task, file) => {
    const pipe = task.kernel.release.fcntl_pipe_size ? get_pipe_info(file) : null;
    return pipe === null ? no_pipe(task) : pipe_get_size(pipe);
  },
  [F_SETPIPE_SZ]: (task, file, _fd, arg) => {
    const pipe = task.kernel.release.fcntl_pipe_size ? get_pipe_info(file) : null;
    return pipe === null ? no_pipe(task) : pipe_set_size(task, pipe, arg);
  },
  [F_DUPFD_CLOEXEC]: (task, file, _fd, arg) =>
    task.kernel.release.fcntl_dupfd_cloexec ? f_dupfd(task, file, arg, O_CLOEXEC) : -EINVAL,
  [F_GETLK]: (task, file, _fd, arg) => fcntl_getlk(task, file, F_GETLK, arg),
  [F_SETLK]: (task, file, _fd, arg) => fcntl_setlk(task, file, F_SETLK, arg),
  [F_SETLKW]: (task, file, _fd, arg) => fcntl_setlk(task, file, F_SETLKW, arg),
  [F_SETOWN]: (task, file, _fd, arg) => fcntl_setown(task, file, arg),
  [F_GETOWN]: (_task, file) => fcntl_getown(file),
  [F_SETSIG]: (_task, file, _fd, arg) => fcntl_setsig(file, arg),
  [F_GETSIG]: (_task, file) => file.f_owner?.signum ?? 0,
  [F_SETLEASE]: (task, file, fd, arg) => fcntl_setlease(task, file, fd, arg),
  [F_GETLEASE]: (_task, file) => fcntl_getlease(file),
};

/** The same, of commands that a release has to name. */
const later_commands: Readonly<Record<number, FcntlCommand>> = {
  [F_SETOWN_EX]: (task, file, _fd, arg) => fcntl_setown_ex(task, file, arg),
  [F_GETOWN_EX]: (task, file, _fd, arg) => fcntl_getown_ex(task, file, arg),
  [F_OFD_GETLK]: (task, file, _fd, arg) => fcntl_getlk(task, file, F_OFD_GETLK, arg),
  [F_OFD_SETLK]: (task, file, _fd, arg) => fcntl_setlk(task, file, F_OFD_SETLK, arg),
  [F_OFD_SETLKW]: (task, file, _fd, arg) => fcntl_setlk(task, file, F_OFD_SETLKW, arg),
  [F_GETOWNER_UIDS]: (task, file, _fd, arg) => fcntl_getowner_uids(task, file, arg),
  [F_GET_RW_HINT]: (task, file, _fd, arg) => fcntl_get_rw_hint(task, file, arg),
  [F_SET_RW_HINT]: (task, file, _fd, arg) => fcntl_set_rw_hint(task, file, arg),
  [F_ADD_SEALS]: (_task, file, _fd, arg) => memfd_add_seals(file, arg),
  [F_GET_SEALS]: (_task, file) => memfd_get_seals(file),
  [F_DUPFD_QUERY]: (task, file, _fd, arg) => {
    const other = fget_raw(task, arg);
    return other === null ? -EBADF : other === file ? 1 : 0;
  },
  // ABI: of a file without a name 0: it was not asked for by one.
  [F_CREATED_QUERY]: (_task, file) =>
    (file.f_mode & FMODE_CREATED) !== 0 && (file.f_flags & __O_TMPFILE) === 0 ? 1 : 0,
};

/** What an O_PATH descriptor answers. Linux: check_fcntl_cmd. */
const PATH_COMMANDS: ReadonlySet<number> = new Set([
  F_CREATED_QUERY,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_DUPFD_QUERY,
  F_GETFD,
  F_SETFD,
  F_GETFL,
]);

/** `fcntl(fd, cmd, arg)`: -EBADF, -EINVAL (unknown command), then as the command. F_SETLKW sleeps. fcntl(2); Linux fs/fcntl.c do_fcntl. */
export function sys_fcntl(task: Task, fd: number, cmd_reg: number, arg: number): Result {
  const file = fget_raw(task, fd);
  const cmd = cmd_reg >>> 0;
  if (file === null || ((file.f_mode & FMODE_PATH) !== 0 && !PATH_COMMANDS.has(cmd))) return -EBADF;
  const command = commands[cmd] ?? (task.kernel.release.fcntl_later.has(cmd) ? later_commands[cmd] : undefined);
  return command === undefined ? -EINVAL : command(task, file, fd >>> 0, arg);
}
