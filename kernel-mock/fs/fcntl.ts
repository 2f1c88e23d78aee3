/** close, dup and fcntl (fs/open.c, fs/file.c, fs/fcntl.c). */
import type { OpenFile } from '../include/linux/fs.js';
import type { Task } from '../include/linux/sched.js';
import { EBADF, EBUSY, EINVAL } from '../include/uapi/errno.js';
import {
  FD_CLOEXEC,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  O_APPEND,
  O_ASYNC,
  O_CLOEXEC,
  O_DIRECT,
  O_NOATIME,
  O_NONBLOCK,
} from '../include/uapi/fcntl.js';
import {
  close_fd,
  fd_install,
  fd_is_reserved,
  fget,
  get_close_on_exec,
  get_file,
  get_unused_fd_from,
  replace_fd,
  rlimit_nofile,
  set_close_on_exec,
} from './file.js';

/** Status flags that F_SETFL can change; others in its argument are ignored. */
const SETFL_MASK = O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME;

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
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  const newfd = get_unused_fd_from(task, 0, 0);
  if (newfd >= 0) fd_install(task, newfd, get_file(file));
  return newfd;
}

/** `dup2(oldfd, newfd)`: -EBADF (either), -EBUSY (`newfd` is reserved by a call in flight). dup2(2); Linux fs/file.c. */
export function sys_dup2(task: Task, oldfd: number, newfd: number): number {
  const file = fget(task, oldfd);
  if (oldfd >>> 0 === newfd >>> 0) return file === null ? -EBADF : oldfd | 0;
  if (newfd >>> 0 >= rlimit_nofile(task) || file === null) return -EBADF;
  if (fd_is_reserved(task, newfd >>> 0)) return -EBUSY;
  replace_fd(task, newfd >>> 0, file, 0);
  return newfd | 0;
}

/** Linux: setfl. */
function setfl(file: OpenFile, arg: number): number {
  const flags = (arg & SETFL_MASK) | (file.f_flags & ~SETFL_MASK);
  const err = file.f_op.setfl?.(file, flags) ?? 0;
  if (err < 0) return err;
  file.f_flags = flags;
  return 0;
}

type FcntlCommand = (task: Task, file: OpenFile, fd: number, arg: number) => number;

/** By command. What is missing is -EINVAL. */
const commands: Readonly<Record<number, FcntlCommand>> = {
  [F_DUPFD]: (task, file, _fd, arg) => f_dupfd(task, file, arg, 0),
  [F_GETFD]: (task, _file, fd) => (get_close_on_exec(task, fd) ? FD_CLOEXEC : 0),
  [F_SETFD]: (task, _file, fd, arg) => {
    set_close_on_exec(task, fd, (arg & FD_CLOEXEC) !== 0);
    return 0;
  },
  [F_GETFL]: (_task, file) => file.f_flags,
  [F_SETFL]: (_task, file, _fd, arg) => setfl(file, arg),
  [F_DUPFD_CLOEXEC]: (task, file, _fd, arg) =>
    task.kernel.release.fcntl_dupfd_cloexec ? f_dupfd(task, file, arg, O_CLOEXEC) : -EINVAL,
};

/** `fcntl(fd, cmd, arg)`: -EBADF, -EINVAL (unknown command), then as the command. fcntl(2); Linux fs/fcntl.c do_fcntl. */
export function sys_fcntl(task: Task, fd: number, cmd: number, arg: number): number {
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  return commands[cmd >>> 0]?.(task, file, fd >>> 0, arg) ?? -EINVAL;
}
