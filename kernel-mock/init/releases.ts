/**
 * The releases that can be booted, oldest first, each as the difference to the one before it. What is here is all that
 * distinguishes them; a new release is one more entry.
 *
 * Sources: reference numbers and flags from the man-pages and the posted patches; the mark [M] means: from memory.
 */
import type { IndirectFacts, Release } from '../include/linux/release.js';
import { CLOSE_RANGE_CLOEXEC, CLOSE_RANGE_UNSHARE } from '../include/uapi/close_range.js';
import { EFD_SEMAPHORE } from '../include/uapi/eventfd.js';
import { TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET } from '../include/uapi/timerfd.js';
import {
  F_ADD_SEALS,
  F_CREATED_QUERY,
  F_DUPFD_QUERY,
  F_GETOWNER_UIDS,
  F_GETOWN_EX,
  F_GET_RW_HINT,
  F_GET_SEALS,
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_SETOWN_EX,
  F_SET_RW_HINT,
  O_ACCMODE,
  O_APPEND,
  O_ASYNC,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECT,
  O_DIRECTORY,
  O_DSYNC,
  O_EXCL,
  O_LARGEFILE,
  O_NOATIME,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_NOTIFICATION_PIPE,
  O_PATH,
  O_SYNC,
  O_TMPFILE,
  O_TRUNC,
} from '../include/uapi/fcntl.js';
import {
  SCM_MAX_FD,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SO_MARK,
  SO_INQ,
  SO_REUSEPORT,
  SO_TIMESTAMPING,
} from '../include/uapi/socket.js';
import { TCP_DELACK_MAX_US, TCP_MD5SIG } from '../include/uapi/tcp.js';
import { CLOCK_MONOTONIC_RAW, CLOCK_TAI, CLOCK_THREAD_CPUTIME_ID } from '../include/uapi/time.js';
import { type CallName, syscall_tbl } from '../include/uapi/unistd.js';

const names = Object.keys(syscall_tbl) as CallName[];

/** The options of SOL_SOCKET from `first` on: their numbers were given in the order in which they came; but SO_REUSEPORT is of 3.9. */
const options_from = (first: number): number[] => Array.from({ length: SO_INQ + 1 - first }, (_, i) => first + i);

/** Calls of x86-64 that old kernels do not have although their numbers are low: names that took over a number later. */
const NOT_YET: ReadonlySet<CallName> = new Set<CallName>(['timerfd_create', 'indirect', 'syslet_ring_wait']);

/** Every call up to `last` that a release of 2007 had. */
function calls_up_to(last: CallName): Set<CallName> {
  const end = syscall_tbl[last].x86_64;
  return new Set(names.filter((n) => syscall_tbl[n].x86_64 >= 0 && syscall_tbl[n].x86_64 <= end && !NOT_YET.has(n)));
}

function changed(
  calls: ReadonlySet<CallName>,
  { add = [], drop = [] }: { add?: readonly CallName[]; drop?: readonly CallName[] },
): Set<CallName> {
  return new Set([...[...calls].filter((n) => !drop.includes(n)), ...add]);
}

/** What open has always known. O_DIRECT, O_DIRECTORY and O_NOFOLLOW among them. */
const OPEN_FLAGS_2_6 =
  O_ACCMODE |
  O_CREAT |
  O_EXCL |
  O_NOCTTY |
  O_TRUNC |
  O_APPEND |
  O_NONBLOCK |
  O_DSYNC |
  O_ASYNC |
  O_DIRECT |
  O_LARGEFILE |
  O_DIRECTORY |
  O_NOFOLLOW |
  O_NOATIME;

const v2_6_22: Release = {
  name: '2.6.22',
  summary: 'July 2007: open ignores O_CLOEXEC in silence; eventfd, signalfd and timerfd are new',
  calls: calls_up_to('eventfd'),
  indirect: null,
  sock_flags: 0,
  accept4_flags_first: true,
  accept_reserves_first: false,
  socketpair_fds_first: false,
  connect_addr_first: false,
  unix_dgram_peer_first: true,
  unix_bind_path_first: false,
  setsockopt_len_first: true,
  msghdr_first: true,
  sendto_buf_first: false,
  protected_hardlinks: false,
  fs_xattr: false,
  optmem_max: 20480,
  msg_cmsg_cloexec: false,
  sock_cmsg: false,
  scm_max_fd: 255,
  scm_always_creds: true,
  unix_inflight_limit: false,
  unix_scm_inherit: false,
  unix_oob: false,
  unix_peek_first: true,
  sock_pass_unix_only: false,
  tcp_option_max: TCP_MD5SIG,
  sock_options_missing: new Set([SO_REUSEPORT, ...options_from(SO_MARK)]),
  open_flags: OPEN_FLAGS_2_6,
  o_directory_creat_einval: false,
  whiteouts: false,
  seek_data: false,
  fcntl_later: new Set(),
  pipe2_flags: 0,
  eventfd2_flags: 0,
  close_range_flags: 0,
  timerfd_flags: 0,
  timerfd_boottime: false,
  addrlen_first: false,
  anon_inode_fixed: false,
  epoll_ioctl: false,
  fcntl_pipe_size: false,
  fcntl_dupfd_cloexec: false,
  setrlimit_copies_first: false,
  sk_mem_max: 212992,
  somaxconn: 128,
  waitid_own_pgrp: false,
  clone_pidfd: false,
  pidfd_nonblock: false,
  rusage_thread: false,
  futex_bitset: false,
  futex_clock_realtime: false,
  max_clock: CLOCK_THREAD_CPUTIME_ID,
  exec_empty_argv: true,
  inotify_restarts: false,
  ss_autodisarm: false,
  rlim_nlimits: 15,
  prctl_subreaper: false,
  eventfd_write_exact: false,
  epoll_wait_fd_first: false,
  fdinfo_more: false,
  poll_access_once: false,
  select_nval: false,
  epoll_exclusive: false,
  timerfd_settime_flags: ~0,
  signalfd_einval: true,
};

const v2_6_23: Release = {
  ...v2_6_22,
  name: '2.6.23',
  summary: 'October 2007: no way to mark a new socket; O_CLOEXEC for open and MSG_CMSG_CLOEXEC are new',
  calls: calls_up_to('fallocate'),
  open_flags: OPEN_FLAGS_2_6 | O_CLOEXEC,
  msg_cmsg_cloexec: true,
};

/** 2.6.24-rc3, the tree that the patches were made for; itself without them. */
const v2_6_24_rc3: Release = {
  ...v2_6_23,
  name: '2.6.24-rc3',
  summary: 'November 2007: fcntl F_DUPFD_CLOEXEC is new',
  fcntl_dupfd_cloexec: true,
};

function with_indirect(name: string, summary: string, indirect: IndirectFacts): Release {
  return { ...v2_6_24_rc3, name, summary, calls: changed(v2_6_24_rc3.calls, { add: ['indirect'] }), indirect };
}

/** [M+] The socket patch of v3 is taken to be that of the tree that was kept; v1's first user likewise. */
const SOCKETS_CLOEXEC = { socket: O_CLOEXEC, accept: O_CLOEXEC, socketpair: O_CLOEXEC } as const;

const v1 = with_indirect(
  '2.6.24-rc3-indirect-v1',
  '15 November 2007: sys_indirect without a white-list; only itself is refused',
  { args: 3, whitelisted: false, calls: SOCKETS_CLOEXEC, params_size: 4 },
);

const v3 = with_indirect(
  '2.6.24-rc3-indirect-v3',
  '17 November 2007: sys_indirect with a white-list: socket, socketpair, accept',
  { args: 3, whitelisted: true, calls: SOCKETS_CLOEXEC, params_size: 4 },
);

const BOTH_FLAGS = O_CLOEXEC | O_NONBLOCK;
const v5 = with_indirect(
  '2.6.24-rc3-indirect-v5',
  '21 November 2007: a fourth argument that must be zero; eventfd, signalfd, timerfd too',
  {
    args: 4,
    whitelisted: true,
    calls: {
      socket: BOTH_FLAGS,
      accept: BOTH_FLAGS,
      socketpair: BOTH_FLAGS,
      // [M] O_NONBLOCK came as a patch for sockets and for these three; only the former is named in v5's list of titles.
      signalfd: BOTH_FLAGS,
      timerfd: BOTH_FLAGS,
      eventfd: BOTH_FLAGS,
    },
    params_size: 4,
  },
);

/** Ours, not history: what the tree could have become, with every call that makes a descriptor on the white-list. */
const next: Release = {
  ...v5,
  name: 'indirect-next',
  summary: 'our own: sys_indirect with every descriptor-creating call on its white-list',
  indirect: {
    args: 4,
    whitelisted: true,
    calls: {
      ...v5.indirect!.calls,
      pipe: BOTH_FLAGS,
      dup: O_CLOEXEC,
      dup2: O_CLOEXEC,
      fcntl: O_CLOEXEC,
      epoll_create: BOTH_FLAGS,
      inotify_init: BOTH_FLAGS,
      open: O_CLOEXEC,
      openat: O_CLOEXEC,
      creat: O_CLOEXEC,
    },
    params_size: 4,
  },
};

const v2_6_26: Release = {
  ...v2_6_24_rc3,
  name: '2.6.26',
  sock_options_missing: new Set([SO_REUSEPORT, ...options_from(SO_TIMESTAMPING)]),
  summary: 'July 2008: the number of indirect is timerfd_settime; still no way to mark a new socket',
  calls: changed(v2_6_24_rc3.calls, {
    add: ['timerfd_create', 'timerfd_settime', 'timerfd_gettime'],
    drop: ['timerfd'],
  }),
  rusage_thread: true,
  futex_bitset: true,
  rlim_nlimits: 16,
};

const v2_6_27: Release = {
  ...v2_6_26,
  name: '2.6.27',
  summary: 'October 2008: SOCK_CLOEXEC and SOCK_NONBLOCK, dup3, pipe2, epoll_create1 …; accept4 is missing',
  calls: changed(v2_6_26.calls, {
    add: ['signalfd4', 'eventfd2', 'epoll_create1', 'dup3', 'pipe2', 'inotify_init1'],
  }),
  sock_flags: SOCK_CLOEXEC | SOCK_NONBLOCK,
  pipe2_flags: BOTH_FLAGS,
  eventfd2_flags: BOTH_FLAGS,
  timerfd_flags: BOTH_FLAGS,
};

const v2_6_28: Release = {
  ...v2_6_27,
  name: '2.6.28',
  summary: 'December 2008: accept4',
  calls: changed(v2_6_27.calls, { add: ['accept4'] }),
  max_clock: CLOCK_MONOTONIC_RAW,
};

/** Numbers that today's table no longer gives to these names. */
const GONE: ReadonlySet<CallName> = new Set<CallName>(['indirect', 'syslet_ring_wait', 'paccept', 'timerfd']);

const v6_18: Release = {
  ...v2_6_28,
  name: '6.18',
  summary: 'today',
  calls: new Set(names.filter((n) => syscall_tbl[n].x86_64 >= 0 && !GONE.has(n))),
  accept4_flags_first: false,
  accept_reserves_first: true,
  socketpair_fds_first: true,
  connect_addr_first: true,
  unix_dgram_peer_first: false,
  unix_bind_path_first: true,
  setsockopt_len_first: false,
  msghdr_first: false,
  sendto_buf_first: true,
  protected_hardlinks: true,
  fs_xattr: true,
  optmem_max: 131072,
  sock_cmsg: true,
  scm_max_fd: SCM_MAX_FD,
  scm_always_creds: false,
  unix_inflight_limit: true,
  unix_scm_inherit: true,
  unix_oob: true,
  unix_peek_first: false,
  sock_pass_unix_only: true,
  tcp_option_max: TCP_DELACK_MAX_US,
  sock_options_missing: new Set(),
  setrlimit_copies_first: true,
  sk_mem_max: 4194304,
  open_flags: OPEN_FLAGS_2_6 | O_CLOEXEC | O_SYNC | O_PATH | O_TMPFILE,
  o_directory_creat_einval: true,
  whiteouts: true,
  seek_data: true,
  fcntl_later: new Set([
    F_SETOWN_EX,
    F_GETOWN_EX,
    F_OFD_GETLK,
    F_OFD_SETLK,
    F_OFD_SETLKW,
    F_GETOWNER_UIDS,
    F_GET_RW_HINT,
    F_SET_RW_HINT,
    F_ADD_SEALS,
    F_GET_SEALS,
    F_DUPFD_QUERY,
    F_CREATED_QUERY,
  ]),
  pipe2_flags: BOTH_FLAGS | O_DIRECT | O_NOTIFICATION_PIPE,
  eventfd2_flags: BOTH_FLAGS | EFD_SEMAPHORE,
  close_range_flags: CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC,
  timerfd_boottime: true,
  addrlen_first: true,
  anon_inode_fixed: true,
  epoll_ioctl: true,
  fcntl_pipe_size: true,
  somaxconn: 4096,
  waitid_own_pgrp: true,
  clone_pidfd: true,
  pidfd_nonblock: true,
  futex_clock_realtime: true,
  max_clock: CLOCK_TAI,
  exec_empty_argv: false,
  inotify_restarts: true,
  ss_autodisarm: true,
  prctl_subreaper: true,
  eventfd_write_exact: true,
  epoll_wait_fd_first: true,
  fdinfo_more: true,
  poll_access_once: true,
  select_nval: true,
  epoll_exclusive: true,
  timerfd_settime_flags: TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
  signalfd_einval: false,
};

export const releases: readonly Release[] = [v2_6_22, v2_6_23, v1, v3, v5, next, v2_6_26, v2_6_27, v2_6_28, v6_18];

/** The release of that name, or undefined. */
export function find_release(name: string): Release | undefined {
  return releases.find((r) => r.name === name);
}
