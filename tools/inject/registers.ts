/** What the arguments of calls are: descriptors, paths, flags, counts of bytes. Each table is by name of the call. */
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import { classes } from '../syscall_class.js';
import type { ArgNumber } from './rule.js';

type Table<T> = Readonly<Partial<Record<CallName, T>>>;

/** Calls of %desc and %network whose first argument is no descriptor, and others with more than one. */
const FD_ARGS: Table<readonly ArgNumber[]> = {
  open: [],
  creat: [],
  pipe: [],
  pipe2: [],
  select: [],
  pselect6: [],
  poll: [],
  ppoll: [],
  socket: [],
  socketpair: [],
  epoll_create: [],
  epoll_create1: [],
  eventfd: [],
  eventfd2: [],
  timerfd_create: [],
  memfd_create: [],
  inotify_init: [],
  inotify_init1: [],
  pidfd_open: [],
  userfaultfd: [],
  io_uring_setup: [],
  bpf: [],
  fsopen: [],
  mq_open: [],
  fanotify_init: [],
  close_range: [],
  mmap: [5],
  perf_event_open: [4],
  dup2: [1, 2],
  dup3: [1, 2],
  epoll_ctl: [1, 3],
  sendfile: [1, 2],
  tee: [1, 2],
  splice: [1, 3],
  copy_file_range: [1, 3],
  renameat: [1, 3],
  renameat2: [1, 3],
  linkat: [1, 3],
  symlinkat: [2],
  fanotify_mark: [1, 4],
};

const FIRST: readonly ArgNumber[] = [1];
const NONE: readonly ArgNumber[] = [];
const with_descriptors: ReadonlySet<CallName> = new Set([...classes['desc']!, ...classes['network']!]);

/** Which arguments are descriptors. */
export function fd_args(name: CallName): readonly ArgNumber[] {
  return FD_ARGS[name] ?? (with_descriptors.has(name) ? FIRST : NONE);
}

/** The calls of %file whose path is not their first argument, or not their only one. */
const PATH_ARGS: Table<readonly ArgNumber[]> = {
  rename: [1, 2],
  link: [1, 2],
  symlink: [1, 2],
  renameat: [2, 4],
  renameat2: [2, 4],
  linkat: [2, 4],
  symlinkat: [1, 3],
  pivot_root: [1, 2],
  mount: [1, 2],
  move_mount: [2, 4],
  getcwd: [],
  quotactl: [2],
  fanotify_mark: [5],
  inotify_add_watch: [2],
};

const SECOND: readonly ArgNumber[] = [2];
const with_paths: ReadonlySet<CallName> = new Set(classes['file']);
const at_descriptor: ReadonlySet<CallName> = new Set(classes['desc']);

/** Which arguments point at paths. */
export function path_args(name: CallName): readonly ArgNumber[] {
  if (PATH_ARGS[name] !== undefined) return PATH_ARGS[name];
  if (!with_paths.has(name)) return NONE;
  return at_descriptor.has(name) && name !== 'open' && name !== 'creat' ? SECOND : FIRST;
}

/** Which argument holds flags: those of the descriptor that is made, or of the call. */
const FLAG_ARG: Table<ArgNumber> = {
  socket: 2,
  socketpair: 2,
  accept4: 4,
  pipe2: 2,
  dup3: 3,
  epoll_create1: 1,
  eventfd2: 2,
  signalfd4: 4,
  timerfd_create: 2,
  timerfd_settime: 2,
  inotify_init1: 1,
  inotify_add_watch: 3,
  memfd_create: 2,
  open: 2,
  openat: 3,
  fcntl: 3,
  sendto: 4,
  recvfrom: 4,
  sendmsg: 3,
  recvmsg: 3,
  sendmmsg: 4,
  recvmmsg: 4,
  splice: 6,
  tee: 4,
  vmsplice: 4,
  preadv2: 6,
  pwritev2: 6,
  copy_file_range: 6,
  close_range: 3,
  clone: 1,
  unshare: 1,
  pidfd_open: 2,
  pidfd_send_signal: 4,
  pidfd_getfd: 3,
  wait4: 3,
  waitid: 4,
  mmap: 4,
  newfstatat: 4,
  statx: 3,
  faccessat2: 4,
  fchmodat2: 4,
  fchownat: 5,
  linkat: 5,
  unlinkat: 3,
  utimensat: 4,
  renameat2: 5,
  execveat: 5,
  clock_nanosleep: 2,
};

/** Which argument holds flags; undefined: none. */
export function flag_arg(name: CallName): ArgNumber | undefined {
  return FLAG_ARG[name];
}

/** Where a call says how many bytes it wants: in a register, in a vector of buffers (and how many there are), in a message header. */
export type Counts =
  | { readonly kind: 'register'; readonly arg: ArgNumber }
  | { readonly kind: 'vector'; readonly vec: ArgNumber; readonly arg: ArgNumber }
  | { readonly kind: 'message'; readonly msg: ArgNumber };

const register = (arg: ArgNumber): Counts => ({ kind: 'register', arg });
const VECTOR: Counts = { kind: 'vector', vec: 2, arg: 3 };
const MESSAGE: Counts = { kind: 'message', msg: 2 };

const COUNTS: Table<Counts> = {
  read: register(3),
  write: register(3),
  pread64: register(3),
  pwrite64: register(3),
  recvfrom: register(3),
  sendto: register(3),
  getdents64: register(3),
  sendfile: register(4),
  splice: register(5),
  tee: register(3),
  copy_file_range: register(5),
  getrandom: register(2),
  readv: VECTOR,
  writev: VECTOR,
  preadv: VECTOR,
  pwritev: VECTOR,
  preadv2: VECTOR,
  pwritev2: VECTOR,
  vmsplice: VECTOR,
  recvmsg: MESSAGE,
  sendmsg: MESSAGE,
};

/** Where the call says how many bytes it wants; undefined: it transfers none. */
export function counts_of(name: CallName): Counts | undefined {
  return COUNTS[name];
}
