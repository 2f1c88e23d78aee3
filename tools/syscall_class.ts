/** Sets of calls, in the words of strace: names, numbers, classes, `/regular expressions`, `?` before what may be missing, `!` for all others. */
import { type CallName, syscall_tbl } from '../kernel-mock/include/uapi/unistd.js';

const words = (text: string): readonly CallName[] => text.trim().split(/\s+/) as CallName[];

/** Which calls are in which class: as strace 6.1 has it for x86-64; and those that Linux once had, or has since. */
export const classes: Readonly<Record<string, readonly CallName[]>> = {
  file: words(`
    access acct chdir chmod chown chroot creat execve execveat faccessat faccessat2 fanotify_mark fchmodat fchmodat2
    fchownat fsconfig fspick futimesat getcwd getxattr inotify_add_watch lchown lgetxattr link linkat listxattr
    llistxattr lremovexattr lsetxattr lstat mkdir mkdirat mknod mknodat mount mount_setattr move_mount name_to_handle_at
    newfstatat open open_tree openat openat2 pivot_root quotactl readlink readlinkat removexattr rename renameat
    renameat2 rmdir setxattr stat statfs statx swapoff swapon symlink symlinkat truncate umount2 unlink unlinkat uselib
    utime utimensat utimes`),
  process: words(`
    clone clone3 execve execveat exit exit_group fork kill pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo tgkill
    tkill vfork wait4 waitid`),
  network: words(`
    accept accept4 bind connect getpeername getpmsg getsockname getsockopt listen paccept putpmsg recvfrom recvmsg
    sendfile sendmmsg sendmsg sendto setsockopt shutdown socket socketpair`),
  signal: words(`
    io_uring_enter kill pause pidfd_send_signal rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
    rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sigaltstack signalfd signalfd4 tgkill tkill`),
  ipc: words('msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget'),
  desc: words(`
    bpf close copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2
    epoll_wait eventfd eventfd2 execveat faccessat faccessat2 fadvise64 fallocate fanotify_init fanotify_mark fchdir
    fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr finit_module flistxattr flock fremovexattr
    fsconfig fsetxattr fsmount fsopen fspick fstat fstatfs fsync ftruncate futimesat getdents getdents64
    inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_uring_enter io_uring_register io_uring_setup ioctl
    kexec_file_load landlock_add_rule landlock_create_ruleset landlock_restrict_self linkat lseek memfd_create
    memfd_secret mkdirat mknodat mmap mount_setattr move_mount mq_getsetattr mq_notify mq_open mq_timedreceive
    mq_timedsend name_to_handle_at newfstatat open open_by_handle_at open_tree openat openat2 perf_event_open
    pidfd_getfd pidfd_open pidfd_send_signal pipe pipe2 poll ppoll pread64 preadv preadv2 process_madvise
    process_mrelease pwrite64 pwritev pwritev2 quotactl_fd read readahead readlinkat readv renameat renameat2 sendfile
    setns signalfd signalfd4 splice statx symlinkat sync_file_range syncfs tee timerfd timerfd_create timerfd_gettime
    timerfd_settime unlinkat userfaultfd utimensat vmsplice write writev`),
  memory: words(`
    brk get_mempolicy io_destroy io_setup io_uring_register madvise mbind migrate_pages mincore mlock mlock2 mlockall
    mmap move_pages mprotect mremap msync munlock munlockall munmap pkey_mprotect remap_file_pages set_mempolicy
    set_mempolicy_home_node shmat shmdt`),
  creds: words(`
    capget capset getegid geteuid getgid getgroups getresgid getresuid getuid prctl setfsgid setfsuid setgid setgroups
    setregid setresgid setresuid setreuid setuid`),
  stat: words('stat'),
  lstat: words('lstat'),
  fstat: words('fstat newfstatat statx'),
  '%stat': words('fstat lstat newfstatat stat statx'),
  statfs: words('statfs'),
  fstatfs: words('fstatfs'),
  '%statfs': words('fstatfs statfs ustat'),
  clock: words('adjtimex clock_adjtime clock_getres clock_gettime clock_settime gettimeofday settimeofday'),
  pure: words('getegid geteuid getgid getpgrp getpid getppid gettid getuid'),
};

/** Classes that strace also knows without the `%`, from the time before it. */
const BARE: ReadonlySet<string> = new Set(['file', 'process', 'network', 'signal', 'ipc', 'desc', 'memory']);

/** Every call that x86-64 has or had. */
const CALLS: readonly CallName[] = (Object.keys(syscall_tbl) as CallName[]).filter(
  (name) => syscall_tbl[name].x86_64 >= 0,
);

function matching(pattern: string): readonly CallName[] | string {
  try {
    const re = new RegExp(pattern);
    return CALLS.filter((name) => re.test(name));
  } catch (error) {
    return `'/${pattern}' is no regular expression: ${(error as Error).message}`;
  }
}

/** The calls that one word means; empty: none; a text: why the word makes no sense. */
function calls_of(word: string): readonly CallName[] | string {
  if (word.startsWith('/')) return matching(word.slice(1));
  if (word === 'all') return CALLS;
  if (word === 'none') return [];
  if (/^\d+$/.test(word)) return CALLS.filter((name) => syscall_tbl[name].x86_64 === Number(word));
  const name = word.replace(/@64$/, '');
  if (Object.hasOwn(syscall_tbl, name)) return CALLS.filter((known) => known === name);
  const key = word === '%net' ? 'network' : word.startsWith('%') ? word.slice(1) : BARE.has(word) ? word : '';
  return Object.hasOwn(classes, key) ? classes[key]! : [];
}

/** The nearest name there is, for who has mistyped one. */
function nearest(word: string): string {
  const distance = (a: string, b: string): number => {
    let row = Array.from({ length: b.length + 1 }, (_, i) => i);
    for (let i = 1; i <= a.length; i++) {
      const next = [i];
      for (let j = 1; j <= b.length; j++)
        next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
      row = next;
    }
    return row[b.length]!;
  };
  const [best, far] = [...CALLS, ...Object.keys(classes).map((name) => `%${name}`)]
    .map((name) => [name, distance(word, name)] as const)
    .reduce((a, b) => (b[1] < a[1] ? b : a));
  return far <= Math.max(2, word.length / 3) ? `; did you mean ${best}?` : '';
}

/**
 * The calls that `text` names: `socket,close`, `%network`, `/^epoll`, `!close`, `all`.
 *
 * @returns a set; or a text that says which word makes no sense
 */
export function call_set(text: string): ReadonlySet<CallName> | string {
  const inverted = text.startsWith('!');
  const list = inverted ? text.slice(1) : text;
  const set = new Set<CallName>();
  let named = false;
  for (const word of list.split(',')) {
    if (word === '') continue;
    named = true;
    const optional = word.startsWith('?');
    const calls = calls_of(optional ? word.slice(1) : word);
    if (typeof calls === 'string') return calls;
    if (calls.length === 0 && word !== 'none' && !optional) return `there is no system call '${word}'${nearest(word)}`;
    for (const name of calls) set.add(name);
  }
  if (!named) return `no system call is named in '${text}'`;
  return inverted ? new Set(CALLS.filter((name) => !set.has(name))) : set;
}
