/**
 * What the calls of the table do not do, measured by their manual pages: the one place where that is said. A call without an entry
 * does all that its page says a program can see. docs/calls.md is made of this.
 */
import type { handlers } from './syscall_table.js';

const SOCKET_OPTIONS =
  'SOL_SOCKET: no SO_ATTACH_FILTER, SO_BINDTODEVICE, SO_BUSY_POLL, SO_ZEROCOPY, SO_TXTIME, of SO_TIMESTAMPING only the time of arrival; TCP: no TCP_MD5SIG, TCP_FASTOPEN, TCP_ULP, TCP_REPAIR; options about fragments and extension headers are kept and have no effect';
const NO_MOUNTS = 'one tree without mounts, quotas and access control lists';
const NO_ACLS =
  "user., trusted. and security.: no access control lists (system.posix_acl_*), no file capabilities, no name of a socket's protocol; before 6.6 files in memory had none at all";
const RECORD_LOCKS = 'no mandatory locks';

export const partial: Readonly<Partial<Record<keyof typeof handlers, string>>> = {
  chown: NO_MOUNTS,
  setxattr: NO_ACLS,
  lsetxattr: NO_ACLS,
  fsetxattr: NO_ACLS,
  getxattr: NO_ACLS,
  lgetxattr: NO_ACLS,
  fgetxattr: NO_ACLS,
  clock_nanosleep: 'CLOCK_PROCESS_CPUTIME_ID is EOPNOTSUPP',
  clock_settime: 'CLOCK_REALTIME only; who sleeps until a date is not woken earlier or later',
  clone:
    'no namespaces (CLONE_NEW*), no CLONE_PTRACE, CLONE_SETTLS, CLONE_IO; a child starts in a function of the library',
  clone3: 'as clone; no set_tid, no control groups',
  execve: 'programs are functions of the host and `#!` scripts: no ELF; no set-user-ID, no capabilities',
  execveat: 'programs are functions of the host and `#!` scripts: no ELF; no set-user-ID, no capabilities',
  fallocate: 'default mode, FALLOC_FL_KEEP_SIZE and FALLOC_FL_PUNCH_HOLE; other modes are EOPNOTSUPP',
  fcntl: `no F_NOTIFY, no write-life hints that would have an effect; ${RECORD_LOCKS}`,
  futex:
    'FUTEX_WAIT, FUTEX_WAKE and their _BITSET forms (every bit matches); no requeue, no FUTEX_WAKE_OP, no priority inheritance; words are private to an address space',
  getrusage: 'only ru_utime and ru_stime move, with the time that calls take; memory, faults and switches are 0',
  getsockopt: SOCKET_OPTIONS,
  inotify_add_watch: 'no events of mounts (IN_UNMOUNT)',
  ioctl:
    'FIOCLEX, FIONCLEX, FIONBIO, FIOASYNC, FIOQSIZE, FIGETBSZ, FIONREAD and, of sockets, the owner; no terminals, devices, network interfaces, file attributes',
  listen: 'no SYN cookies',
  lseek: 'files are shorter than 2^53 bytes; a position beyond is rounded as registers are',
  memfd_create: 'no MFD_HUGETLB',
  mknod: 'device files can be made; only the null, zero, full and random devices answer',
  mknodat: 'device files can be made; only the null, zero, full and random devices answer',
  openat2: 'RESOLVE_CACHED has no effect',
  prctl: 'PR_SET_NAME, PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER and their PR_GET_ forms; other options are EINVAL',
  prlimit64:
    'RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_NOFILE, RLIMIT_NPROC and RLIMIT_SIGPENDING have an effect; the others are kept',
  rt_sigaction: 'no SA_ONSTACK: handlers run on the stack of the host',
  sched_yield: 'there are no scheduling classes',
  sendfile: 'from files only',
  sendto: 'no MSG_ZEROCOPY, MSG_FASTOPEN',
  setrlimit:
    'RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_NOFILE, RLIMIT_NPROC and RLIMIT_SIGPENDING have an effect; the others are kept',
  setsockopt: SOCKET_OPTIONS,
  sigaltstack: 'kept and given back; handlers run on the stack of the host',
  socket:
    'AF_UNIX, AF_INET and, where the release has it here, AF_INET6, with streams and datagrams; no raw sockets, no AF_NETLINK, AF_PACKET …',
  statx: 'no STATX_MNT_ID, STATX_DIOALIGN and later fields',
  timer_create: 'no timers on CLOCK_PROCESS_CPUTIME_ID and CLOCK_THREAD_CPUTIME_ID',
  times: 'only the time that calls take',
  unshare: 'CLONE_FILES and CLONE_FS; no namespaces',
  utimensat: 'a time that is far from now is kept to a quarter of a microsecond',
  wait4: 'of the resources of a child only its times',
  waitid: 'of the resources of a child only its times',
};
