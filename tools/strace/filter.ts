/** Sets of names as -e takes them. */
import { syscall_tbl } from '../../kernel-mock/include/uapi/unistd.js';
import { UsageError } from '../usage.js';
import { signal_named } from './signals.js';

/** Is this name wanted? */
export type NameSet = (name: string) => boolean;

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Classes of calls, as far as this kernel has them. Linux strace: sysent_shorthand_defs.h. */
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  network:
    words(`socket connect accept sendto recvfrom sendmsg recvmsg shutdown bind listen getsockname getpeername socketpair
    setsockopt getsockopt accept4 recvmmsg sendmmsg`),
  file: words(`open stat lstat access execve chdir rename mkdir rmdir creat link unlink symlink readlink chmod chown lchown mknod
    statfs chroot truncate getcwd utimensat openat mkdirat mknodat fchownat newfstatat unlinkat renameat linkat symlinkat
    readlinkat fchmodat faccessat execveat statx openat2 faccessat2 renameat2 inotify_add_watch fchmodat2 utime utimes futimesat`),
  desc: words(`read write open close fstat poll lseek mmap ioctl pread64 pwrite64 readv writev pipe select dup dup2 sendfile
    fcntl flock fsync fdatasync ftruncate getdents fchdir creat fchmod fchown fstatfs readahead epoll_create getdents64 fadvise64
    epoll_wait epoll_ctl inotify_init inotify_add_watch inotify_rm_watch openat mkdirat mknodat fchownat newfstatat unlinkat
    renameat linkat symlinkat readlinkat fchmodat faccessat pselect6 ppoll splice tee sync_file_range vmsplice utimensat
    epoll_pwait signalfd timerfd timerfd_create eventfd fallocate timerfd_settime timerfd_gettime signalfd4 eventfd2
    epoll_create1 dup3 pipe2 inotify_init1 preadv pwritev syncfs renameat2 memfd_create execveat copy_file_range preadv2
    pwritev2 statx pidfd_send_signal pidfd_open close_range openat2 pidfd_getfd faccessat2 epoll_pwait2 futimesat`),
  process:
    words(`clone fork vfork execve exit wait4 kill rt_sigqueueinfo tkill exit_group tgkill waitid rt_tgsigqueueinfo
    execveat pidfd_send_signal unshare clone3`),
  signal:
    words(`rt_sigaction rt_sigprocmask rt_sigreturn pause kill rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_sigsuspend
    sigaltstack tkill tgkill signalfd signalfd4 rt_tgsigqueueinfo pidfd_send_signal`),
  memory: words(`mmap mprotect munmap brk mremap msync mincore madvise memfd_create`),
  creds:
    words(`getuid getgid setuid setgid geteuid getegid setreuid setregid getgroups setgroups setresuid getresuid setresgid
    getresgid prctl`),
  clock: words('gettimeofday settimeofday time clock_settime clock_gettime clock_getres'),
  stat: words('stat'),
  lstat: words('lstat'),
  fstat: words('fstat newfstatat'),
  '%stat': words('stat lstat fstat newfstatat statx'),
  statfs: words('statfs'),
  fstatfs: words('fstatfs'),
  '%statfs': words('statfs fstatfs'),
  pure: words('getpid getppid gettid getuid getgid geteuid getegid getpgrp'),
};

/** The names that one word of -e trace= means. */
function members(word: string): (name: string) => boolean {
  if (word.startsWith('/')) {
    const pattern = new RegExp(word.slice(1));
    return (name) => pattern.test(name);
  }
  const optional = word.startsWith('?');
  const bare = optional ? word.slice(1) : word;
  const known = bare.startsWith('%')
    ? CLASSES[bare.slice(1)]
    : Object.hasOwn(syscall_tbl, bare)
      ? [bare]
      : CLASSES[bare];
  if (known === undefined && !optional) throw new UsageError(`invalid system call '${word}'`);
  return (name) => known?.includes(name) === true;
}

function set_of(text: string, member: (word: string) => NameSet): NameSet {
  const inverted = text.startsWith('!');
  const list = inverted ? text.slice(1) : text;
  if (list === 'all') return () => !inverted;
  if (list === 'none') return () => inverted;
  const tests = list.split(',').map(member);
  return (name) => tests.some((test) => test(name)) !== inverted;
}

/** `network,!close` … what -e trace= takes. @throws UsageError */
export function call_set(text: string): NameSet {
  return set_of(text, members);
}

/** What -e signal= takes: `USR1`, `SIGCHLD`, `17`. @throws UsageError */
export function signal_set(text: string): NameSet {
  return set_of(text, (word) => {
    const upper = word.toUpperCase();
    const wanted = signal_named(upper);
    if (wanted === undefined) throw new UsageError(`invalid signal '${word}'`);
    return (name) => name === wanted;
  });
}
