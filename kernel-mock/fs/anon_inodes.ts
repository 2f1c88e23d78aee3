/** Files that are nothing but their operations: eventfd, epoll, timerfd … (fs/anon_inodes.c). */
import { should_fail } from '../include/linux/inject.js';
import { ENFILE } from '../include/uapi/errno.js';
import { FMODE_READ, FMODE_WRITE, type FileOperations } from '../include/linux/fs.js';
import type { Task } from '../include/linux/sched.js';
import { O_NONBLOCK, O_RDWR } from '../include/uapi/fcntl.js';
import { alloc_file, fd_install_new, fput } from './file.js';

/** A new descriptor for `priv`; of `flags` O_CLOEXEC and O_NONBLOCK count. -EMFILE releases it again. Linux: anon_inode_getfd. */
export function anon_inode_getfd(task: Task, fops: FileOperations, priv: unknown, flags: number): number {
  const file = alloc_file(task.kernel, fops, FMODE_READ | FMODE_WRITE, O_RDWR | (flags & O_NONBLOCK), priv);
  if (!should_fail(task.kernel, 'alloc_file')) return fd_install_new(task, file, flags);
  fput(file);
  return -ENFILE;
}
