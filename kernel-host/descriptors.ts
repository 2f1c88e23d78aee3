/** Calls that make, copy and close descriptors, and which registers of all others are descriptors. */
import { EBADF, EBUSY, EINVAL, ENOSYS } from '../kernel-mock/include/uapi/errno.js';
import { get_s32 } from '../kernel-mock/include/uapi/byteorder.js';
import { CLOSE_RANGE_CLOEXEC, CLOSE_RANGE_UNSHARE } from '../kernel-mock/include/uapi/close_range.js';
import { FD_CLOEXEC, F_DUPFD, F_DUPFD_CLOEXEC, F_SETFD, F_SETFL } from '../kernel-mock/include/uapi/fcntl.js';
import { type CallName, NR } from '../kernel-mock/include/uapi/unistd.js';
import { type Kind, SOCKET, UNKNOWN } from './files.js';
import type { Handler, HostTask } from './task.js';

/** The registers, from 1 on, that hold a descriptor. A negative one means something to many calls, and is nobody's. */
export const fd_args: Readonly<Partial<Record<CallName, readonly (1 | 2 | 3 | 4 | 5)[]>>> = {
  fstat: [1],
  lseek: [1],
  ioctl: [1],
  pread64: [1],
  pwrite64: [1],
  preadv: [1],
  pwritev: [1],
  preadv2: [1],
  pwritev2: [1],
  sendfile: [1, 2],
  shutdown: [1],
  bind: [1],
  listen: [1],
  getsockname: [1],
  getpeername: [1],
  setsockopt: [1],
  getsockopt: [1],
  fsync: [1],
  fdatasync: [1],
  ftruncate: [1],
  fallocate: [1],
  fadvise64: [1],
  readahead: [1],
  sync_file_range: [1],
  syncfs: [1],
  getdents: [1],
  getdents64: [1],
  fchdir: [1],
  fchmod: [1],
  fchown: [1],
  fstatfs: [1],
  fgetxattr: [1],
  fsetxattr: [1],
  flistxattr: [1],
  fremovexattr: [1],
  mkdirat: [1],
  mknodat: [1],
  fchownat: [1],
  newfstatat: [1],
  statx: [1],
  unlinkat: [1],
  renameat: [1, 3],
  renameat2: [1, 3],
  linkat: [1, 3],
  symlinkat: [2],
  readlinkat: [1],
  fchmodat: [1],
  fchmodat2: [1],
  faccessat: [1],
  faccessat2: [1],
  utimensat: [1],
  epoll_ctl: [1, 3],
  timerfd_settime: [1],
  timerfd_gettime: [1],
  inotify_add_watch: [1],
  inotify_rm_watch: [1],
  splice: [1, 3],
  tee: [1, 2],
  vmsplice: [1],
  copy_file_range: [1, 3],
  pidfd_send_signal: [1],
};

/** Calls whose result is a descriptor that the program has from then on; what it is, where the name tells. */
export const makes_fd: Readonly<Partial<Record<CallName, Kind>>> = {
  socket: SOCKET,
  openat2: UNKNOWN,
  creat: UNKNOWN,
  epoll_create: UNKNOWN,
  epoll_create1: UNKNOWN,
  eventfd: UNKNOWN,
  eventfd2: UNKNOWN,
  timerfd_create: UNKNOWN,
  inotify_init: UNKNOWN,
  inotify_init1: UNKNOWN,
  memfd_create: UNKNOWN,
  memfd_secret: UNKNOWN,
  pidfd_open: UNKNOWN,
  pidfd_getfd: UNKNOWN,
  open_by_handle_at: UNKNOWN,
  fanotify_init: UNKNOWN,
  perf_event_open: UNKNOWN,
  mq_open: UNKNOWN,
  open_tree: UNKNOWN,
  fsopen: UNKNOWN,
  fspick: UNKNOWN,
  fsmount: UNKNOWN,
};

/** Two descriptors in user memory. */
const PAIR_SIZE = 8;

function take_pair(task: HostTask, address: number, kind: Kind): void {
  const pair = task.memory.read(address, PAIR_SIZE)!;
  task.process.files.add(get_s32(pair, 0), kind);
  task.process.files.add(get_s32(pair, 4), kind);
}

function pipe(task: HostTask, nr: number, fds: number, flags: number): number {
  const ret = task.process.driver.syscall(nr, fds, flags, 0, 0, 0, 0);
  if (ret === 0) take_pair(task, fds, UNKNOWN);
  return ret;
}

export const sys_pipe: Handler = (task, fds) => pipe(task, NR.pipe, fds, 0);
export const sys_pipe2: Handler = (task, fds, flags) => pipe(task, NR.pipe2, fds, flags);

export const sys_socketpair: Handler = (task, family, type, protocol, sv) => {
  const ret = task.process.driver.syscall(NR.socketpair, family, type, protocol, sv, 0, 0);
  if (ret === 0) take_pair(task, sv, SOCKET);
  return ret;
};

export const sys_close: Handler = (task, a1) => {
  const fd = a1 | 0;
  const { driver, files } = task.process;
  if (files.is_foreign(fd)) return -EBADF;
  files.will_close(fd, (open) => task.process.timers.hold(open));
  const ret = driver.syscall(NR.close, fd, 0, 0, 0, 0, 0);
  // ABI: the descriptor is gone even if close fails.
  if (ret !== -EBADF) files.remove(fd);
  return ret;
};

export const sys_dup: Handler = (task, a1) => {
  const fd = a1 | 0;
  const { driver, files } = task.process;
  if (files.is_foreign(fd)) return -EBADF;
  const ret = driver.syscall(NR.dup, fd, 0, 0, 0, 0, 0);
  if (ret >= 0) files.add(ret, files.kind(fd));
  return ret;
};

function dup_to(task: HostTask, nr: number, a1: number, a2: number, flags: number): number {
  const from = a1 | 0;
  const to = a2 | 0;
  const { driver, files } = task.process;
  if (files.is_foreign(from)) return -EBADF;
  // DEVIATION: the runtime has this number, and cannot give it away.
  if (files.is_foreign(to)) return -EBUSY;
  if (from !== to) files.will_close(to, (open) => task.process.timers.hold(open));
  const ret = driver.syscall(nr, from, to, flags, 0, 0, 0);
  if (ret >= 0 && from !== to) files.add(ret, files.kind(from));
  return ret;
}

export const sys_dup2: Handler = (task, from, to) => dup_to(task, NR.dup2, from, to, 0);
export const sys_dup3: Handler = (task, from, to, flags) => dup_to(task, NR.dup3, from, to, flags);

/** fcntl, but for the locks that let a caller wait. */
export function do_fcntl(task: HostTask, fd: number, cmd: number, arg: number): number {
  const { driver, files } = task.process;
  if (files.is_foreign(fd)) return -EBADF;
  const ret = driver.syscall(NR.fcntl, fd, cmd, arg, 0, 0, 0);
  if (ret >= 0 && (cmd === F_DUPFD || cmd === F_DUPFD_CLOEXEC)) files.add(ret, files.kind(fd));
  if (cmd === F_SETFL) files.forget_made_nonblocking(fd);
  return ret;
}

export const sys_close_range: Handler = (task, a1, a2, a3) => {
  const { driver, files } = task.process;
  const first = a1 >>> 0;
  const last = a2 >>> 0;
  const flags = a3 >>> 0;
  // The kernel judges the flags on a range where nothing is.
  const err = driver.syscall(NR.close_range, 0x7fff_fffe, 0x7fff_ffff, flags, 0, 0, 0);
  if (err < 0) return err;
  if (first > last) return -EINVAL;
  if ((flags & CLOSE_RANGE_UNSHARE) !== 0 && task.process.tasks.size > 1) {
    task.process.refused('close_range with CLOSE_RANGE_UNSHARE', 'the threads of the runtime share one table');
    return -ENOSYS;
  }
  for (const fd of files.all()) {
    if (fd < first || fd > last) continue;
    if ((flags & CLOSE_RANGE_CLOEXEC) !== 0) driver.syscall(NR.fcntl, fd, F_SETFD, FD_CLOEXEC, 0, 0, 0);
    else {
      files.will_close(fd, (open) => task.process.timers.hold(open));
      driver.syscall(NR.close, fd, 0, 0, 0, 0, 0);
      files.remove(fd);
    }
  }
  return 0;
};
