/** What distinguishes one kernel release from another, as far as a program can see it. Code asks these facts, never a version. */
import type { CallName } from '../uapi/unistd.js';

export interface IndirectFacts {
  /** Arguments of the call: three (v1 to v3) or four (from v4: flags, which must be zero). */
  readonly args: 3 | 4;
  /** Is a call that is missing in `calls` refused (EINVAL)? False in v1, which had no white-list. */
  readonly whitelisted: boolean;
  /**
   * The white-list and the flags, in one table: for each call the bits of `file_flags.flags` that have an effect inside it.
   * Other bits are ignored in silence.
   */
  readonly calls: Readonly<Partial<Record<CallName, number>>>;
  /** sizeof(union indirect_params). */
  readonly params_size: number;
}

export interface Release {
  readonly name: string;
  /** One sentence for lists. */
  readonly summary: string;
  readonly calls: ReadonlySet<CallName>;
  readonly indirect: IndirectFacts | null;
  /** SOCK_* bits that may be or-ed to the type of socket and socketpair; 0: the type is taken as it is (before 2.6.27). */
  readonly sock_flags: number;
  /** accept4 with a bad descriptor and bad flags: 2.6.28 looks at the flags first (EINVAL), 6.18 at the descriptor (EBADF). */
  readonly accept4_flags_first: boolean;
  /** accept: before 5.x the descriptor is checked to be a socket before a number is reserved, today after. */
  readonly accept_reserves_first: boolean;
  /** socketpair: from 4.14 the descriptors are reserved and their numbers written before the sockets are made. */
  readonly socketpair_fds_first: boolean;
  /** connect: before 5.5 the descriptor is checked to be a socket before the address is copied, today after. */
  readonly connect_addr_first: boolean;
  /** bind of an AF_UNIX socket to a path: today the path is made before the socket is looked at, once after. */
  readonly unix_bind_path_first: boolean;
  /** A datagram on an AF_UNIX socket without a destination: before 6.14 found before the message is looked at, today after. */
  readonly unix_dgram_peer_first: boolean;
  /** sendmsg and recvmsg, before 3.x: the header is copied before the descriptor is looked at, and a name that is too long is no name. */
  readonly msghdr_first: boolean;
  /** Default of net.core.optmem_max, the most that control messages of one call can be: 128 KiB since 6.8. */
  readonly optmem_max: number;
  /** sendto and recvfrom: a buffer that no program can have is found before the descriptor is looked at (4.0 [M]). */
  readonly sendto_buf_first: boolean;
  /** A user cannot link to what is not his and he may not read and write: fs.protected_hardlinks (3.6). */
  readonly protected_hardlinks: boolean;
  /** Files of the tree have extended attributes: those of tmpfs are of 6.6, for programs of any user. */
  readonly fs_xattr: boolean;
  /** recvmsg knows MSG_CMSG_CLOEXEC (2.6.23). */
  readonly msg_cmsg_cloexec: boolean;
  /** TCP and UDP look at control messages of level SOL_SOCKET (4.6). */
  readonly sock_cmsg: boolean;
  /** Most descriptors in one message: 255, since 2.6.38 253. */
  readonly scm_max_fd: number;
  /** Before 3.2 every message of AF_UNIX carried the sender's credentials, asked for or not. */
  readonly scm_always_creds: boolean;
  /** A user may have RLIMIT_NOFILE descriptors in flight (4.5). */
  readonly unix_inflight_limit: boolean;
  /** What SO_PASSCRED and its like say passes from a listening socket to its connections (3.12; since 6.16 when they are made). */
  readonly unix_scm_inherit: boolean;
  /** MSG_OOB works on AF_UNIX streams (5.15). */
  readonly unix_oob: boolean;
  /** MSG_PEEK on an AF_UNIX stream sees the first send only (before 4.4). */
  readonly unix_peek_first: boolean;
  /** setsockopt: a negative length is found before the descriptor is looked at (today: after). */
  readonly setsockopt_len_first: boolean;
  /** SO_PASSCRED and SO_PASSSEC are refused by sockets of other families than AF_UNIX (6.16). */
  readonly sock_pass_unix_only: boolean;
  /** The largest option of SOL_TCP that is known: TCP_MD5SIG came with 2.6.20. */
  readonly tcp_option_max: number;
  /** Options of SOL_SOCKET that are not known yet: ENOPROTOOPT. */
  readonly sock_options_missing: ReadonlySet<number>;
  /** O_* bits that open knows; others it drops in silence, openat2 refuses them. O_CLOEXEC came with 2.6.23. */
  readonly open_flags: number;
  /** open: O_CREAT with O_DIRECTORY is EINVAL (6.4). */
  readonly o_directory_creat_einval: boolean;
  /** Anybody may make the device that is a whiteout (5.8). */
  readonly whiteouts: boolean;
  /** lseek knows SEEK_DATA and SEEK_HOLE (3.1). */
  readonly seek_data: boolean;
  /** Commands of fcntl that came after 2.6.24. */
  readonly fcntl_later: ReadonlySet<number>;
  /** Bits that pipe2, eventfd2 and close_range know. */
  readonly pipe2_flags: number;
  readonly eventfd2_flags: number;
  readonly close_range_flags: number;
  /** Bits that timerfd_create knows: none before 2.6.27; and whether it knows CLOCK_BOOTTIME and the alarm clocks (3.15). */
  readonly timerfd_flags: number;
  readonly timerfd_boottime: boolean;
  /** A call that tells an address stores its length before the address, so that it stands there after -EFAULT too. Seen on 6.18; before: [M]. */
  readonly addrlen_first: boolean;
  /** fchmod and fchown of an eventfd, an epoll and the like is EOPNOTSUPP (6.15). */
  readonly anon_inode_fixed: boolean;
  /** ioctl of an epoll: EINVAL for what it does not know, once ENOTTY (6.9). */
  readonly epoll_ioctl: boolean;
  /** fcntl knows F_SETPIPE_SZ and F_GETPIPE_SZ (2.6.35). */
  readonly fcntl_pipe_size: boolean;
  /** fcntl knows F_DUPFD_CLOEXEC. */
  readonly fcntl_dupfd_cloexec: boolean;
  /** setrlimit: before 2.6.36 the resource is looked at before the limits are copied, today after. */
  readonly setrlimit_copies_first: boolean;
  /** Default of net.core.wmem_max and rmem_max, the most that SO_SNDBUF and SO_RCVBUF can ask for: 4 MiB since 6.17. */
  readonly sk_mem_max: number;
  /** Default of net.core.somaxconn, the most that listen's backlog can be: 128, since 5.4 4096. */
  readonly somaxconn: number;
  /** waitid(P_PGID, 0) means the own process group (5.4). */
  readonly waitid_own_pgrp: boolean;
  /** clone knows CLONE_PIDFD (5.2). */
  readonly clone_pidfd: boolean;
  /** pidfd_open knows PIDFD_NONBLOCK (5.10). */
  readonly pidfd_nonblock: boolean;
  /** getrusage knows RUSAGE_THREAD (2.6.26). */
  readonly rusage_thread: boolean;
  /** futex knows FUTEX_WAIT_BITSET and FUTEX_WAKE_BITSET (2.6.25). */
  readonly futex_bitset: boolean;
  /** futex: FUTEX_WAIT_BITSET takes FUTEX_CLOCK_REALTIME (2.6.29). */
  readonly futex_clock_realtime: boolean;
  /** The largest clock number: CLOCK_TAI 11 today, CLOCK_THREAD_CPUTIME_ID 3 until CLOCK_MONOTONIC_RAW (2.6.28). */
  readonly max_clock: number;
  /** execve takes a null or empty argv as it is; since 5.18 it gets one empty string. */
  readonly exec_empty_argv: boolean;
  /** sigaltstack knows SS_AUTODISARM (4.7). */
  readonly ss_autodisarm: boolean;
  /** read of an inotify goes on after a handler with SA_RESTART, and sleeps on after a stop (3.8). */
  readonly inotify_restarts: boolean;
  /** Resources that getrlimit knows: 15, since 2.6.25 16. */
  readonly rlim_nlimits: number;
  /** prctl knows PR_SET_CHILD_SUBREAPER (3.4). */
  readonly prctl_subreaper: boolean;
  /** write to an eventfd: more than 8 bytes are EINVAL (6.9). */
  readonly eventfd_write_exact: boolean;
  /** epoll_wait: a bad descriptor is found before a bad number of events (6.15 [M]). */
  readonly epoll_wait_fd_first: boolean;
  /** /proc/PID/fdinfo tells more of an eventfd, epoll, signalfd (3.8) and timerfd (3.17). */
  readonly fdinfo_more: boolean;
  /** poll: the place of the answers is checked as a whole, and so even if there are none (5.8 [M]). */
  readonly poll_access_once: boolean;
  /** select: a descriptor that is closed while it waits is ready for everything (5.x [M]); once it was passed over. */
  readonly select_nval: boolean;
  /** epoll_ctl knows EPOLLEXCLUSIVE (4.5). */
  readonly epoll_exclusive: boolean;
  /** Bits that timerfd_settime knows: any before 2.6.29 [M], which looked at TFD_TIMER_ABSTIME alone. */
  readonly timerfd_settime_flags: number;
  /** signalfd: a bad pointer to the mask is EINVAL; since 4.19 [M] EFAULT. */
  readonly signalfd_einval: boolean;
}
