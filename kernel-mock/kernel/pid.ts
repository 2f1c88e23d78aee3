/** Descriptors that stand for processes (kernel/pid.c, fs/pidfs.c; 5.1 to 5.6). */
import { FMODE_READ, FMODE_WRITE, type FileOperations, type OpenFile } from '../include/linux/fs.js';
import type { Task, ThreadGroup } from '../include/linux/sched.js';
import { EBADF, EINVAL, ENOENT, EPERM, ESRCH } from '../include/uapi/errno.js';
import { O_CLOEXEC, O_RDWR } from '../include/uapi/fcntl.js';
import { PIDFD_NONBLOCK } from '../include/uapi/pidfd.js';
import { POLLHUP, POLLIN, POLLRDNORM } from '../include/uapi/poll.js';
import { SI_TKILL, SI_USER } from '../include/uapi/signal.js';
import { alloc_file, fd_install, fd_install_new, fget, get_file, get_unused_fd_flags } from '../fs/file.js';
import { get_siginfo, kill_group } from './sigcalls.js';
import { user_siginfo } from './signal.js';

const pidfd_fops = {
  poll(file, pt) {
    const group = file.private_data as ThreadGroup;
    pt?.poll_wait(group.wait_pidfd);
    if (!group.zombie) return 0;
    // ABI: POLLHUP says, from 6.9 on, that it has been waited for too.
    const reaped = group.kernel.groups.get(group.tgid) !== group;
    return POLLIN | POLLRDNORM | (reaped ? POLLHUP : 0);
  },
  show: () => 'anon_inode:[pidfd]',
} satisfies FileOperations;

/** The process that `file` stands for; null: it is no pidfd. */
export function pidfd_group(file: OpenFile): ThreadGroup | null {
  return file.f_op === pidfd_fops ? (file.private_data as ThreadGroup) : null;
}

/** A file that stands for `group`. */
export function pidfd_file(group: ThreadGroup, flags: number): OpenFile {
  return alloc_file(group.kernel, pidfd_fops, FMODE_READ | FMODE_WRITE, O_RDWR | flags, group);
}

/** A descriptor for `group`, close-on-exec set. */
export function pidfd_create(task: Task, group: ThreadGroup, flags: number): number {
  return fd_install_new(task, pidfd_file(group, flags), O_CLOEXEC);
}

/** `pidfd_open(pid, flags)`: -EINVAL (flags, pid, a thread that is not the first), -ESRCH, -EMFILE. pidfd_open(2). */
export function sys_pidfd_open(task: Task, upid: number, flags: number): number {
  const pid = upid | 0;
  if ((flags & ~(task.kernel.release.pidfd_nonblock ? PIDFD_NONBLOCK : 0)) !== 0 || pid <= 0) return -EINVAL;
  const group = task.kernel.groups.get(pid);
  // ABI: since 6.9 a thread that leads no process is -ENOENT, before -EINVAL.
  if (group === undefined) return task.kernel.tasks.has(pid) ? -ENOENT : -ESRCH;
  return pidfd_create(task, group, flags & PIDFD_NONBLOCK);
}

/** `pidfd_getfd(pidfd, targetfd, flags)`: -EINVAL, -EBADF (no pidfd), -ESRCH, -EBADF (targetfd), -EMFILE. pidfd_getfd(2). */
export function sys_pidfd_getfd(task: Task, pidfd: number, targetfd: number, flags: number): number {
  if (flags !== 0) return -EINVAL;
  const file = fget(task, pidfd);
  const group = file === null ? null : pidfd_group(file);
  if (group === null) return -EBADF;
  const [other] = group.threads;
  if (other === undefined) return -ESRCH;
  const wanted = fget(other, targetfd);
  if (wanted === null) return -EBADF;
  const fd = get_unused_fd_flags(task, O_CLOEXEC);
  if (fd >= 0) fd_install(task, fd, get_file(wanted));
  return fd;
}

/** `pidfd_send_signal(pidfd, sig, info, flags)`: -EINVAL (flags), -EBADF, -EFAULT, -EINVAL, -EPERM (info), -ESRCH. */
export function sys_pidfd_send_signal(task: Task, pidfd: number, signum: number, uinfo: number, flags: number): number {
  if (flags !== 0) return -EINVAL;
  const file = fget(task, pidfd);
  const group = file === null ? null : pidfd_group(file);
  if (group === null) return -EBADF;
  const sig = signum | 0;
  let info = user_siginfo(task, sig, SI_USER);
  if (uinfo !== 0) {
    const raw = get_siginfo(task.mm, uinfo, -1);
    if (typeof raw === 'number') return raw;
    if (raw.si_signo !== sig) return -EINVAL;
    if (group !== task.group && (raw.si_code >= 0 || raw.si_code === SI_TKILL)) return -EPERM;
    info = raw;
  }
  if (task.kernel.groups.get(group.tgid) !== group) return -ESRCH;
  return kill_group(task, group, info);
}
