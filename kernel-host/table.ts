/** The calls of the host kernel by number: those that are more than their number. */
import { EBADF, ENOSYS } from '../kernel-mock/include/uapi/errno.js';
import { type CallName, NR } from '../kernel-mock/include/uapi/unistd.js';
import { sys_clone } from './clone.js';
import {
  fd_args,
  makes_fd,
  sys_close,
  sys_close_range,
  sys_dup,
  sys_dup2,
  sys_dup3,
  sys_pipe,
  sys_pipe2,
  sys_socketpair,
} from './descriptors.js';
import { sys_exit, sys_exit_group, sys_gettid, sys_set_tid_address } from './exit.js';
import { sys_futex } from './futex.js';
import { sys_fcntl, sys_flock, sys_sendfile, sys_splice, sys_tee } from './locks.js';
import { on_own_memory, sys_mmap, sys_munmap } from './mmap.js';
import { sys_open, sys_openat } from './open.js';
import {
  sys_epoll_pwait,
  sys_epoll_pwait2,
  sys_epoll_wait,
  sys_poll,
  sys_ppoll,
  sys_pselect6,
  sys_select,
} from './poll.js';
import { sys_read, sys_readv, sys_write, sys_writev } from './read_write.js';
import {
  sys_kill,
  sys_pause,
  sys_rt_sigaction,
  sys_rt_sigpending,
  sys_rt_sigprocmask,
  sys_rt_sigqueueinfo,
  sys_rt_sigreturn,
  sys_rt_sigsuspend,
  sys_rt_sigtimedwait,
  sys_tgkill,
  sys_tkill,
} from './signal.js';
import {
  sys_accept,
  sys_accept4,
  sys_connect,
  sys_recvfrom,
  sys_recvmmsg,
  sys_recvmsg,
  sys_sendmmsg,
  sys_sendmsg,
  sys_sendto,
} from './socket.js';
import type { CallTable, Handler, HostTask } from './task.js';
import { sys_clock_nanosleep, sys_nanosleep } from './time.js';
import { sys_wait4, sys_waitid } from './wait.js';

type Calls<T> = Readonly<Partial<Record<CallName, T>>>;

const handlers: Calls<Handler> = {
  read: sys_read,
  write: sys_write,
  readv: sys_readv,
  writev: sys_writev,
  open: sys_open,
  openat: sys_openat,
  close: sys_close,
  close_range: sys_close_range,
  dup: sys_dup,
  dup2: sys_dup2,
  dup3: sys_dup3,
  fcntl: sys_fcntl,
  flock: sys_flock,
  pipe: sys_pipe,
  pipe2: sys_pipe2,
  sendfile: sys_sendfile,
  splice: sys_splice,
  tee: sys_tee,
  socketpair: sys_socketpair,
  accept: sys_accept,
  accept4: sys_accept4,
  connect: sys_connect,
  recvfrom: sys_recvfrom,
  recvmsg: sys_recvmsg,
  recvmmsg: sys_recvmmsg,
  sendto: sys_sendto,
  sendmsg: sys_sendmsg,
  sendmmsg: sys_sendmmsg,
  poll: sys_poll,
  ppoll: sys_ppoll,
  select: sys_select,
  pselect6: sys_pselect6,
  epoll_wait: sys_epoll_wait,
  epoll_pwait: sys_epoll_pwait,
  epoll_pwait2: sys_epoll_pwait2,
  nanosleep: sys_nanosleep,
  clock_nanosleep: sys_clock_nanosleep,
  futex: sys_futex,
  clone: sys_clone,
  exit: sys_exit,
  exit_group: sys_exit_group,
  gettid: sys_gettid,
  set_tid_address: sys_set_tid_address,
  wait4: sys_wait4,
  waitid: sys_waitid,
  kill: sys_kill,
  tkill: sys_tkill,
  tgkill: sys_tgkill,
  pause: sys_pause,
  rt_sigaction: sys_rt_sigaction,
  rt_sigprocmask: sys_rt_sigprocmask,
  rt_sigpending: sys_rt_sigpending,
  rt_sigqueueinfo: sys_rt_sigqueueinfo,
  rt_sigreturn: sys_rt_sigreturn,
  rt_sigsuspend: sys_rt_sigsuspend,
  rt_sigtimedwait: sys_rt_sigtimedwait,
  mmap: sys_mmap,
  munmap: sys_munmap,
  mprotect: on_own_memory(NR.mprotect),
  madvise: on_own_memory(NR.madvise),
  mlock: on_own_memory(NR.mlock),
  munlock: on_own_memory(NR.munlock),
  msync: on_own_memory(NR.msync),
};

const COPY = 'a copy of the runtime would have one of its threads only; use posix_spawn, or a mock kernel';
const REPLACE = 'it would put another program into the place of the runtime; use posix_spawn';
const MEMORY = 'it would change memory of the runtime';
const THREAD = 'it belongs to the thread of the runtime';
const SLEEPS = 'it can sleep, and nothing tells when it may go on';

/** What is not offered, and why. They answer ENOSYS. */
export const unoffered: Calls<string> = {
  fork: COPY,
  vfork: COPY,
  clone3: COPY,
  execve: REPLACE,
  execveat: REPLACE,
  signalfd: 'the runtime takes its signals before a descriptor could tell of them',
  signalfd4: 'the runtime takes its signals before a descriptor could tell of them',
  sigaltstack: THREAD,
  set_robust_list: THREAD,
  arch_prctl: THREAD,
  rseq: THREAD,
  unshare: 'the runtime shares its descriptors and its folder among its threads',
  setns: 'the runtime shares its descriptors and its folder among its threads',
  brk: MEMORY,
  mremap: MEMORY,
  remap_file_pages: MEMORY,
  mseal: MEMORY,
  pkey_mprotect: MEMORY,
  shmat: MEMORY,
  shmdt: MEMORY,
  userfaultfd: MEMORY,
  seccomp: 'it would forbid calls to the runtime',
  ptrace: 'the runtime cannot be traced by itself',
  futex_wait: SLEEPS,
  futex_waitv: SLEEPS,
  futex_requeue: SLEEPS,
  msgrcv: SLEEPS,
  msgsnd: SLEEPS,
  semop: SLEEPS,
  semtimedop: SLEEPS,
  mq_timedreceive: SLEEPS,
  mq_timedsend: SLEEPS,
  io_uring_enter: SLEEPS,
  io_getevents: SLEEPS,
  io_pgetevents: SLEEPS,
};

function refuse(name: string, why: string): Handler {
  return (task) => {
    task.process.refused(name, why);
    return -ENOSYS;
  };
}

/** The descriptors among the registers must be the program's. */
function checked(nr: number, args: readonly number[]): Handler {
  // What is not open at all the kernel shall see, with what else is wrong.
  const own = (task: HostTask, regs: readonly number[]): boolean =>
    args.every((arg) => !task.process.files.is_foreign(regs[arg - 1]! | 0));
  return (task, a1, a2, a3, a4, a5, a6) =>
    own(task, [a1, a2, a3, a4, a5, a6]) ? task.process.driver.syscall(nr, a1, a2, a3, a4, a5, a6) : -EBADF;
}

function making(name: CallName): Handler {
  const nr = NR[name];
  const kind = makes_fd[name]!;
  const at = name === 'openat2';
  return (task, a1, a2, a3, a4, a5, a6) => {
    const { driver, files } = task.process;
    if (at && files.is_foreign(a1 | 0)) return -EBADF;
    const ret = driver.syscall(nr, a1, a2, a3, a4, a5, a6);
    if (ret >= 0) files.add(ret, kind);
    return ret;
  };
}

function names<T>(record: Calls<T>): CallName[] {
  return Object.keys(record) as CallName[];
}

/** The table of x86-64. */
export function call_table(): CallTable {
  const table: (Handler | undefined)[] = new Array<undefined>(512).fill(undefined);
  for (const name of names(fd_args)) table[NR[name]] = checked(NR[name], fd_args[name]!);
  for (const name of names(makes_fd)) table[NR[name]] = making(name);
  for (const name of names(unoffered)) table[NR[name]] = refuse(name, unoffered[name]!);
  for (const name of names(handlers)) table[NR[name]] = handlers[name];
  return table;
}
