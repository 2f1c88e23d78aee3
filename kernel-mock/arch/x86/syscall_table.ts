/** The call table: what this kernel implements, by name (arch/x86/entry/syscalls). A release and an architecture make numbers of it. */
import type { Release } from '../../include/linux/release.js';
import type { SyscallHandler } from '../../include/linux/sched.js';
import { type CallName, syscall_tbl } from '../../include/uapi/unistd.js';
import {
  sys_access,
  sys_chmod,
  sys_chown,
  sys_faccessat,
  sys_faccessat2,
  sys_fallocate,
  sys_fchmod,
  sys_fchmodat,
  sys_fchmodat2,
  sys_fchown,
  sys_fchownat,
  sys_ftruncate,
  sys_lchown,
  sys_truncate,
} from '../../fs/attr.js';
import { sys_chdir, sys_chroot, sys_fchdir, sys_getcwd, sys_umask } from '../../fs/fs_struct.js';
import {
  sys_link,
  sys_linkat,
  sys_mkdir,
  sys_mkdirat,
  sys_mknod,
  sys_mknodat,
  sys_readlink,
  sys_readlinkat,
  sys_rmdir,
  sys_symlink,
  sys_symlinkat,
  sys_unlink,
  sys_unlinkat,
} from '../../fs/link.js';
import { sys_flock } from '../../fs/locks.js';
import { sys_memfd_create } from '../../fs/memfd.js';
import {
  sys_inotify_add_watch,
  sys_inotify_init,
  sys_inotify_init1,
  sys_inotify_rm_watch,
} from '../../fs/notify/inotify.js';
import { sys_creat, sys_open, sys_openat, sys_openat2 } from '../../fs/open.js';
import { sys_getdents, sys_getdents64 } from '../../fs/readdir.js';
import { sys_rename, sys_renameat, sys_renameat2 } from '../../fs/rename.js';
import { sys_copy_file_range, sys_sendfile } from '../../fs/sendfile.js';
import { sys_splice, sys_tee, sys_vmsplice } from '../../fs/splice.js';
import { sys_fstatfs, sys_statfs } from '../../fs/statfs.js';
import {
  sys_fadvise64,
  sys_fdatasync,
  sys_fsync,
  sys_readahead,
  sys_sync,
  sys_sync_file_range,
  sys_syncfs,
} from '../../fs/sync.js';
import { sys_fstat, sys_lstat, sys_newfstatat, sys_stat, sys_statx } from '../../fs/stat.js';
import {
  sys_getegid,
  sys_geteuid,
  sys_getgid,
  sys_getgroups,
  sys_getresgid,
  sys_getresuid,
  sys_getuid,
  sys_setgid,
  sys_setgroups,
  sys_setregid,
  sys_setresgid,
  sys_setresuid,
  sys_setreuid,
  sys_setuid,
} from '../../kernel/cred.js';
import { sys_eventfd, sys_eventfd2 } from '../../fs/eventfd.js';
import { sys_epoll_pwait, sys_epoll_pwait2, sys_epoll_wait } from '../../fs/epoll_wait.js';
import { sys_epoll_create, sys_epoll_create1, sys_epoll_ctl } from '../../fs/eventpoll.js';
import { sys_close, sys_close_range, sys_dup, sys_dup2, sys_dup3, sys_fcntl } from '../../fs/fcntl.js';
import { sys_pselect6, sys_select } from '../../fs/fdset.js';
import { sys_ioctl } from '../../fs/ioctl.js';
import { sys_pipe, sys_pipe2 } from '../../fs/pipe.js';
import {
  sys_lseek,
  sys_pread64,
  sys_preadv,
  sys_preadv2,
  sys_pwrite64,
  sys_pwritev,
  sys_pwritev2,
  sys_read,
  sys_readv,
  sys_write,
  sys_writev,
} from '../../fs/read_write.js';
import { sys_poll, sys_ppoll } from '../../fs/select.js';
import { sys_signalfd, sys_signalfd4 } from '../../fs/signalfd.js';
import { sys_timerfd, sys_timerfd_create, sys_timerfd_gettime, sys_timerfd_settime } from '../../fs/timerfd.js';
import { sys_execve, sys_execveat } from '../../fs/exec.js';
import { sys_futimesat, sys_utime, sys_utimensat, sys_utimes } from '../../fs/utimes.js';
import {
  sys_fgetxattr,
  sys_flistxattr,
  sys_fremovexattr,
  sys_fsetxattr,
  sys_getxattr,
  sys_lgetxattr,
  sys_listxattr,
  sys_llistxattr,
  sys_lremovexattr,
  sys_lsetxattr,
  sys_removexattr,
  sys_setxattr,
} from '../../fs/xattr.js';
import { sys_wait4, sys_waitid } from '../../kernel/do_wait.js';
import { sys_exit, sys_exit_group } from '../../kernel/exit.js';
import { sys_clone, sys_fork, sys_set_tid_address, sys_unshare, sys_vfork } from '../../kernel/fork.js';
import { sys_futex } from '../../kernel/futex.js';
import { sys_indirect } from '../../kernel/indirect.js';
import {
  sys_clock_getres,
  sys_clock_gettime,
  sys_clock_nanosleep,
  sys_clock_settime,
  sys_gettimeofday,
  sys_nanosleep,
  sys_settimeofday,
  sys_time,
} from '../../kernel/hrtimer.js';
import { sys_sigaltstack } from '../../kernel/sigaltstack.js';
import { sys_clone3 } from '../../kernel/clone3.js';
import { sys_alarm, sys_getitimer, sys_setitimer } from '../../kernel/itimer.js';
import {
  sys_timer_create,
  sys_timer_delete,
  sys_timer_getoverrun,
  sys_timer_gettime,
  sys_timer_settime,
} from '../../kernel/posix-timers.js';
import { sys_pidfd_getfd, sys_pidfd_open, sys_pidfd_send_signal } from '../../kernel/pid.js';
import { sys_getrusage, sys_times } from '../../kernel/rusage.js';
import { sys_sched_yield } from '../../kernel/sched.js';
import {
  sys_kill,
  sys_pause,
  sys_rt_sigaction,
  sys_rt_sigpending,
  sys_rt_sigprocmask,
  sys_rt_sigqueueinfo,
  sys_rt_sigsuspend,
  sys_rt_sigtimedwait,
  sys_rt_tgsigqueueinfo,
  sys_tgkill,
  sys_tkill,
} from '../../kernel/sigcalls.js';
import { sys_rt_sigreturn } from '../../kernel/sigframe.js';
import {
  sys_getpgid,
  sys_getpgrp,
  sys_getpid,
  sys_getppid,
  sys_getrlimit,
  sys_getsid,
  sys_gettid,
  sys_prctl,
  sys_prlimit64,
  sys_setpgid,
  sys_setrlimit,
  sys_setsid,
} from '../../kernel/sys.js';
import {
  sys_accept,
  sys_accept4,
  sys_bind,
  sys_connect,
  sys_getpeername,
  sys_getsockname,
  sys_getsockopt,
  sys_listen,
  sys_setsockopt,
  sys_shutdown,
  sys_socket,
  sys_socketpair,
} from '../../net/socket.js';
import {
  sys_recvfrom,
  sys_recvmmsg,
  sys_recvmsg,
  sys_sendmmsg,
  sys_sendmsg,
  sys_sendto,
} from '../../net/socket_msg.js';

/** Every call that exists in some release played here. A number without a row is -ENOSYS. */
export const handlers = {
  read: sys_read,
  write: sys_write,
  close: sys_close,
  poll: sys_poll,
  rt_sigaction: sys_rt_sigaction,
  rt_sigprocmask: sys_rt_sigprocmask,
  rt_sigreturn: sys_rt_sigreturn,
  readv: sys_readv,
  writev: sys_writev,
  dup: sys_dup,
  dup2: sys_dup2,
  sched_yield: sys_sched_yield,
  pause: sys_pause,
  nanosleep: sys_nanosleep,
  getitimer: sys_getitimer,
  alarm: sys_alarm,
  setitimer: sys_setitimer,
  getpid: sys_getpid,
  socket: sys_socket,
  connect: sys_connect,
  accept: sys_accept,
  sendto: sys_sendto,
  recvfrom: sys_recvfrom,
  sendmsg: sys_sendmsg,
  recvmsg: sys_recvmsg,
  sendmmsg: sys_sendmmsg,
  recvmmsg: sys_recvmmsg,
  shutdown: sys_shutdown,
  bind: sys_bind,
  listen: sys_listen,
  getsockname: sys_getsockname,
  getpeername: sys_getpeername,
  socketpair: sys_socketpair,
  setsockopt: sys_setsockopt,
  getsockopt: sys_getsockopt,
  clone: sys_clone,
  clone3: sys_clone3,
  sigaltstack: sys_sigaltstack,
  fork: sys_fork,
  vfork: sys_vfork,
  execve: sys_execve,
  exit: sys_exit,
  wait4: sys_wait4,
  kill: sys_kill,
  fcntl: sys_fcntl,
  gettimeofday: sys_gettimeofday,
  getrlimit: sys_getrlimit,
  getrusage: sys_getrusage,
  times: sys_times,
  setpgid: sys_setpgid,
  getppid: sys_getppid,
  getpgrp: sys_getpgrp,
  setsid: sys_setsid,
  getpgid: sys_getpgid,
  getsid: sys_getsid,
  rt_sigpending: sys_rt_sigpending,
  rt_sigtimedwait: sys_rt_sigtimedwait,
  rt_sigqueueinfo: sys_rt_sigqueueinfo,
  rt_sigsuspend: sys_rt_sigsuspend,
  prctl: sys_prctl,
  setrlimit: sys_setrlimit,
  settimeofday: sys_settimeofday,
  gettid: sys_gettid,
  tkill: sys_tkill,
  time: sys_time,
  futex: sys_futex,
  set_tid_address: sys_set_tid_address,
  clock_settime: sys_clock_settime,
  clock_gettime: sys_clock_gettime,
  clock_getres: sys_clock_getres,
  clock_nanosleep: sys_clock_nanosleep,
  exit_group: sys_exit_group,
  tgkill: sys_tgkill,
  waitid: sys_waitid,
  unshare: sys_unshare,
  indirect: sys_indirect,
  timerfd: sys_timerfd,
  timerfd_create: sys_timerfd_create,
  timer_create: sys_timer_create,
  timer_delete: sys_timer_delete,
  timer_getoverrun: sys_timer_getoverrun,
  timer_gettime: sys_timer_gettime,
  timer_settime: sys_timer_settime,
  timerfd_settime: sys_timerfd_settime,
  timerfd_gettime: sys_timerfd_gettime,
  eventfd: sys_eventfd,
  eventfd2: sys_eventfd2,
  epoll_create: sys_epoll_create,
  epoll_create1: sys_epoll_create1,
  epoll_ctl: sys_epoll_ctl,
  epoll_wait: sys_epoll_wait,
  epoll_pwait: sys_epoll_pwait,
  epoll_pwait2: sys_epoll_pwait2,
  ppoll: sys_ppoll,
  pselect6: sys_pselect6,
  signalfd: sys_signalfd,
  signalfd4: sys_signalfd4,
  dup3: sys_dup3,
  close_range: sys_close_range,
  pipe: sys_pipe,
  pipe2: sys_pipe2,
  select: sys_select,
  ioctl: sys_ioctl,
  accept4: sys_accept4,
  access: sys_access,
  chmod: sys_chmod,
  chown: sys_chown,
  faccessat: sys_faccessat,
  faccessat2: sys_faccessat2,
  fallocate: sys_fallocate,
  fchmod: sys_fchmod,
  fchmodat: sys_fchmodat,
  fchmodat2: sys_fchmodat2,
  fchown: sys_fchown,
  fchownat: sys_fchownat,
  ftruncate: sys_ftruncate,
  lchown: sys_lchown,
  truncate: sys_truncate,
  utimensat: sys_utimensat,
  utime: sys_utime,
  utimes: sys_utimes,
  futimesat: sys_futimesat,
  setxattr: sys_setxattr,
  lsetxattr: sys_lsetxattr,
  fsetxattr: sys_fsetxattr,
  getxattr: sys_getxattr,
  lgetxattr: sys_lgetxattr,
  fgetxattr: sys_fgetxattr,
  listxattr: sys_listxattr,
  llistxattr: sys_llistxattr,
  flistxattr: sys_flistxattr,
  removexattr: sys_removexattr,
  lremovexattr: sys_lremovexattr,
  fremovexattr: sys_fremovexattr,
  chdir: sys_chdir,
  chroot: sys_chroot,
  fchdir: sys_fchdir,
  getcwd: sys_getcwd,
  umask: sys_umask,
  link: sys_link,
  linkat: sys_linkat,
  mkdir: sys_mkdir,
  mkdirat: sys_mkdirat,
  mknod: sys_mknod,
  mknodat: sys_mknodat,
  readlink: sys_readlink,
  readlinkat: sys_readlinkat,
  rmdir: sys_rmdir,
  symlink: sys_symlink,
  symlinkat: sys_symlinkat,
  unlink: sys_unlink,
  unlinkat: sys_unlinkat,
  flock: sys_flock,
  memfd_create: sys_memfd_create,
  inotify_add_watch: sys_inotify_add_watch,
  inotify_init: sys_inotify_init,
  inotify_init1: sys_inotify_init1,
  inotify_rm_watch: sys_inotify_rm_watch,
  creat: sys_creat,
  open: sys_open,
  openat: sys_openat,
  openat2: sys_openat2,
  getdents: sys_getdents,
  getdents64: sys_getdents64,
  rename: sys_rename,
  renameat: sys_renameat,
  renameat2: sys_renameat2,
  sendfile: sys_sendfile,
  copy_file_range: sys_copy_file_range,
  splice: sys_splice,
  tee: sys_tee,
  vmsplice: sys_vmsplice,
  statfs: sys_statfs,
  fstatfs: sys_fstatfs,
  fadvise64: sys_fadvise64,
  fdatasync: sys_fdatasync,
  fsync: sys_fsync,
  readahead: sys_readahead,
  sync: sys_sync,
  sync_file_range: sys_sync_file_range,
  syncfs: sys_syncfs,
  fstat: sys_fstat,
  lstat: sys_lstat,
  newfstatat: sys_newfstatat,
  stat: sys_stat,
  statx: sys_statx,
  getegid: sys_getegid,
  geteuid: sys_geteuid,
  getgid: sys_getgid,
  getgroups: sys_getgroups,
  getresgid: sys_getresgid,
  getresuid: sys_getresuid,
  getuid: sys_getuid,
  setgid: sys_setgid,
  setgroups: sys_setgroups,
  setregid: sys_setregid,
  setresgid: sys_setresgid,
  setresuid: sys_setresuid,
  setreuid: sys_setreuid,
  setuid: sys_setuid,
  lseek: sys_lseek,
  pread64: sys_pread64,
  preadv: sys_preadv,
  preadv2: sys_preadv2,
  pwrite64: sys_pwrite64,
  pwritev: sys_pwritev,
  pwritev2: sys_pwritev2,
  rt_tgsigqueueinfo: sys_rt_tgsigqueueinfo,
  prlimit64: sys_prlimit64,
  execveat: sys_execveat,
  pidfd_send_signal: sys_pidfd_send_signal,
  pidfd_open: sys_pidfd_open,
  pidfd_getfd: sys_pidfd_getfd,
} satisfies Partial<Record<CallName, SyscallHandler>>;

export interface SyscallTable {
  readonly sys_call_table: readonly (SyscallHandler | undefined)[];
  readonly indirect_calls: readonly (number | undefined)[];
}

const tables = new Map<Release, SyscallTable>();

/** The table of `release` for x86-64 programs, made once. */
export function syscall_table(release: Release): SyscallTable {
  let made = tables.get(release);
  if (made !== undefined) return made;
  const sys_call_table: (SyscallHandler | undefined)[] = [];
  for (const [name, handler] of Object.entries(handlers) as [CallName, SyscallHandler][]) {
    if (!release.calls.has(name)) continue;
    const nr = syscall_tbl[name].x86_64;
    while (sys_call_table.length <= nr) sys_call_table.push(undefined);
    sys_call_table[nr] = handler;
  }
  const indirect_calls = sys_call_table.map((): number | undefined => undefined);
  for (const [name, bits] of Object.entries(release.indirect?.calls ?? {}) as [CallName, number][])
    indirect_calls[syscall_tbl[name].x86_64] = bits;
  made = { sys_call_table, indirect_calls };
  tables.set(release, made);
  return made;
}
