/** Files without a name, and seals (mm/memfd.c). */
import type { OpenFile } from '../include/linux/fs.js';
import {
  FMODE_LSEEK,
  FMODE_NONOTIFY,
  FMODE_PREAD,
  FMODE_PWRITE,
  FMODE_READ,
  FMODE_WRITE,
} from '../include/linux/fs.js';
import type { Task } from '../include/linux/sched.js';
import { EFAULT, EINVAL, ENAMETOOLONG, EPERM } from '../include/uapi/errno.js';
import {
  F_SEAL_EXEC,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  O_CLOEXEC,
  O_LARGEFILE,
  O_RDWR,
} from '../include/uapi/fcntl.js';
import {
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
  MFD_HUGETLB,
  MFD_HUGE_MASK,
  MFD_HUGE_SHIFT,
  MFD_NOEXEC_SEAL,
} from '../include/uapi/memfd.js';
import { NAME_MAX } from '../include/uapi/limits.js';
import { S_IFREG } from '../include/uapi/stat.js';
import { indirect_file_flags } from '../kernel/indirect.js';
import { strncpy_from_user } from '../mm/uaccess.js';
import { dget } from './dcache.js';
import { alloc_file, fd_install_new } from './file.js';
import { d_alloc_pseudo, new_inode } from './inode.js';
import { vfs_of } from './namespace.js';
import { ramfs_file_operations } from './ramfs.js';

const MFD_ALL_FLAGS = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_NOEXEC_SEAL | MFD_EXEC;
const F_ALL_SEALS = F_SEAL_SEAL | F_SEAL_EXEC | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
const F_CONTENT_SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
const PREFIX = 'memfd:';

function check_flags(flags: number): number {
  const known = (flags & MFD_HUGETLB) !== 0 ? MFD_ALL_FLAGS | (MFD_HUGE_MASK << MFD_HUGE_SHIFT) : MFD_ALL_FLAGS;
  if ((flags & ~known) !== 0) return -EINVAL;
  return (flags & MFD_EXEC) !== 0 && (flags & MFD_NOEXEC_SEAL) !== 0 ? -EINVAL : 0;
}

/** ABI: its own descriptor, though open for writing, does not keep it from being executed. */
function memfd_file(task: Task, name: string, flags: number): OpenFile {
  const { kernel, cred } = task;
  const vfs = vfs_of(kernel);
  const noexec = (flags & MFD_NOEXEC_SEAL) !== 0;
  const mode = S_IFREG | (noexec ? 0o666 : 0o777);
  const inode = new_inode(kernel, vfs, vfs.shm_sb, mode, { i_fop: ramfs_file_operations, cred });
  inode.i_nlink = 0;
  inode.i_seals = noexec ? F_SEAL_EXEC : (flags & MFD_ALLOW_SEALING) !== 0 ? 0 : F_SEAL_SEAL;
  inode.i_opens = 1;
  const dentry = dget(d_alloc_pseudo(`/${PREFIX}${name}`, inode));
  dentry.d_unhashed = true;
  // ABI: pseudo files tell no watcher what is done to them (6.14); an open through /proc does.
  const f_mode = FMODE_NONOTIFY | FMODE_READ | FMODE_WRITE | FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
  const file = alloc_file(kernel, ramfs_file_operations, f_mode, O_RDWR | O_LARGEFILE, null);
  file.f_path = dentry;
  file.f_inode = inode;
  return file;
}

/**
 * `memfd_create(name, flags)`: a file that lives as long as somebody has it open.
 *
 * @returns the descriptor; -EINVAL (flags), -EFAULT, -EINVAL (a name of more than 249 bytes), -EMFILE. memfd_create(2).
 */
export function sys_memfd_create(task: Task, uname: number, flags: number): number {
  const err = check_flags(flags);
  if (err < 0) return err;
  const name = strncpy_from_user(task.mm, uname, NAME_MAX - PREFIX.length + 1);
  if (typeof name === 'number') return name === -ENAMETOOLONG ? -EINVAL : -EFAULT;
  const cloexec = (flags & MFD_CLOEXEC) !== 0 ? O_CLOEXEC : 0;
  return fd_install_new(task, memfd_file(task, name, flags), cloexec | indirect_file_flags(task));
}

/**
 * F_ADD_SEALS: -EPERM (not open for writing), -EINVAL (bits, or a file that takes none), -EPERM (sealed).
 * F_SEAL_EXEC of a file that can be executed seals what it holds too. Linux: memfd_add_seals.
 */
export function memfd_add_seals(file: OpenFile, arg: number): number {
  const seals = arg | 0;
  const inode = file.f_inode;
  if ((file.f_mode & FMODE_WRITE) === 0) return -EPERM;
  if ((seals & ~F_ALL_SEALS) !== 0) return -EINVAL;
  if (inode === null || inode.i_seals < 0) return -EINVAL;
  if ((inode.i_seals & F_SEAL_SEAL) !== 0) return -EPERM;
  inode.i_seals |= seals;
  if ((seals & F_SEAL_EXEC) !== 0 && (inode.i_mode & 0o111) !== 0) inode.i_seals |= F_CONTENT_SEALS;
  return 0;
}

/** F_GET_SEALS: -EINVAL for a file that takes none. */
export function memfd_get_seals(file: OpenFile): number {
  const seals = file.f_inode?.i_seals ?? -1;
  return seals < 0 ? -EINVAL : seals;
}
