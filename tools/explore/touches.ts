/** Which objects each system call touches, from its registers. A call without a row touches everything, and so does all that follows it. */
import type { Task } from '../../kernel-mock/include/linux/sched.js';
import { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_GETFL, F_SETFD, F_SETFL } from '../../kernel-mock/include/uapi/fcntl.js';
import { O_CREAT, O_TRUNC } from '../../kernel-mock/include/uapi/fcntl.js';
import { EPOLL_CTL_ADD } from '../../kernel-mock/include/uapi/eventpoll.js';
import { CLONE_FILES, CLONE_PIDFD, CLONE_THREAD, CLONE_VM } from '../../kernel-mock/include/uapi/sched.js';
import { SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU } from '../../kernel-mock/include/uapi/signal.js';
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import { test_bit } from '../../kernel-mock/lib/bitmap.js';
import { get_user_u32, strncpy_from_user } from '../../kernel-mock/mm/uaccess.js';
import { EPOLL, FS, INO, NET, PID, type Recorder, TREE } from './footprint.js';

/** Registers of the call, or of the one inside sys_indirect. */
export interface Registers {
  readonly a1: number;
  readonly a2: number;
  readonly a3: number;
  readonly a4: number;
  readonly a5: number;
}

type Touches = (r: Recorder, task: Task, regs: Registers) => void;

const nothing: Touches = () => {};
const everything: Touches = (r) => r.everything();

/** Bytes go in or out by way of a descriptor. */
const io: Touches = (r, task, { a1 }) => {
  const file = r.file(task, a1, true);
  // The position.
  if (file !== null && file.f_inode !== null) r.touch(r.name(file, 'file'), true);
};

const makes_descriptor: Touches = (r, task) => {
  r.free_slots(task);
  r.touch(INO, true);
};

/** Addresses and the queues of listeners. */
const by_address: Touches = (r, task, { a1 }) => {
  r.file(task, a1, true);
  r.touch(NET, true);
};

const accepts: Touches = (r, task, regs) => {
  by_address(r, task, regs);
  r.free_slots(task);
};

const sends: Touches = (r, task, regs) => {
  if (regs.a5 === 0) io(r, task, regs);
  else by_address(r, task, regs);
};

const duplicates: Touches = (r, task, { a1 }) => {
  r.slot(task, a1, false);
  r.free_slots(task);
  const file = task.files.fd[a1 >>> 0] ?? null;
  if (file !== null) r.touch(r.name(file, 'file'), true);
};

const duplicates_onto: Touches = (r, task, regs) => {
  duplicates(r, task, regs);
  r.close(task, regs.a2);
};

const flags_of_file =
  (write: boolean): Touches =>
  (r, task, { a1 }) => {
    r.slot(task, a1, false);
    const file = task.files.fd[a1 >>> 0] ?? null;
    if (file !== null) r.touch(r.name(file, 'file'), write);
  };

const fcntl_commands: Readonly<Record<number, Touches>> = {
  [F_GETFD]: (r, task, { a1 }) => r.slot(task, a1, false),
  [F_SETFD]: (r, task, { a1 }) => r.slot(task, a1, true),
  [F_GETFL]: flags_of_file(false),
  [F_SETFL]: flags_of_file(true),
  [F_DUPFD]: duplicates,
  [F_DUPFD_CLOEXEC]: duplicates,
};

const couples: Touches = (r) => {
  r.coupled = true;
  r.everything();
};

const fcntl: Touches = (r, task, regs) => (fcntl_commands[regs.a2] ?? couples)(r, task, regs);

/** A new task with these CLONE_* flags. */
function new_task(r: Recorder, task: Task, flags: number): void {
  r.touch(PID, true);
  if ((flags & CLONE_FILES) === 0) r.table(task, false);
  if ((flags & CLONE_PIDFD) !== 0) r.free_slots(task);
  if ((flags & CLONE_THREAD) === 0) r.children(task.group);
  if ((flags & CLONE_VM) === 0) r.touch(`${r.mm(task.mm, task)} words`, true);
}

const execs: Touches = (r, task) => {
  const { group, files } = task;
  if (group.threads.size > 1) r.everything();
  r.touch(FS, false);
  r.signals(group, true);
  r.touch(`actions ${group.tgid}`, true);
  r.touch(`${r.mm(task.mm, task)} words`, true);
  r.table(task, true);
  for (let fd = 0; fd < files.fd.length; fd++)
    if (files.fd[fd] !== null && test_bit(files.close_on_exec, fd)) r.close(task, fd);
};

const STOPS: readonly number[] = [SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU];

function kill(r: Recorder, task: Task, pid: number, sig: number): void {
  const group = pid > 0 ? (task.kernel.groups.get(pid) ?? task.kernel.tasks.get(pid)?.group) : undefined;
  if (group === undefined || STOPS.includes(sig)) return r.everything();
  r.signals(group, true);
  // There may be nobody left: a parent that has waited.
  if (group.parent !== null && group !== task.group) r.children(group.parent);
}

const own_signals: Touches = (r, { group }) => {
  r.signals(group, true);
  r.touch(`actions ${group.tgid}`, true);
};

/** sizeof(struct pollfd). */
const POLLFD = 8;

const poll: Touches = (r, task, { a1, a2, a3 }) => {
  if ((a3 | 0) > 0) r.everything();
  for (let i = 0; i < a2 && i < 1024; i++) {
    const fd = get_user_u32(task.mm, a1 + i * POLLFD);
    if (fd >= 0) r.file(task, fd, false);
  }
};

const epoll_ctl: Touches = (r, task, { a1, a2, a3 }) => {
  r.touch(EPOLL, true);
  r.slot(task, a1, false);
  const file = r.file(task, a3, false);
  if (a2 !== EPOLL_CTL_ADD || file === null || r.current === null) return;
  for (const name of r.current.keys()) if (/^(?:object|sock|peer)/.test(name)) r.watched.add(name);
  if (file === task.kernel.console) r.watched.add('console');
};

const epoll_wait: Touches = (r, task, { a1, a4 }) => {
  if ((a4 | 0) > 0) r.everything();
  r.slot(task, a1, false);
  r.touch(EPOLL, true);
  for (const name of r.watched) r.touch(name, false);
};

const PATH_MAX = 4096;

const opens =
  (path: keyof Registers, flags: keyof Registers): Touches =>
  (r, task, regs) => {
    r.free_slots(task);
    const name = strncpy_from_user(task.mm, regs[path], PATH_MAX);
    // /proc shows everything; a name that is not absolute may be there too.
    if (typeof name !== 'string' || !name.startsWith('/') || name.startsWith('/proc')) r.everything();
    r.touch(FS, (regs[flags] & (O_CREAT | O_TRUNC)) !== 0);
  };

const futex: Touches = (r, task, { a1, a2, a4 }) => {
  const waits = (a2 & 127) === 0 || (a2 & 127) === 9;
  if (waits && a4 !== 0) r.everything();
  r.word(task, a1, true);
};

const writes_fs: Touches = (r) => r.touch(FS, true);

export const touches: Readonly<Partial<Record<CallName, Touches>>> = {
  read: io,
  readv: io,
  write: io,
  writev: io,
  pread64: io,
  pwrite64: io,
  lseek: io,
  recvfrom: io,
  sendto: sends,
  shutdown: by_address,
  bind: by_address,
  listen: by_address,
  connect: by_address,
  accept: accepts,
  accept4: accepts,
  getsockname: by_address,
  getpeername: by_address,
  socket: makes_descriptor,
  socketpair: makes_descriptor,
  pipe: makes_descriptor,
  pipe2: makes_descriptor,
  eventfd: makes_descriptor,
  eventfd2: makes_descriptor,
  epoll_create: makes_descriptor,
  epoll_create1: makes_descriptor,
  open: opens('a1', 'a2'),
  openat: opens('a2', 'a3'),
  close: (r, task, { a1 }) => r.close(task, a1),
  dup: duplicates,
  dup2: duplicates_onto,
  dup3: duplicates_onto,
  fcntl,
  poll,
  epoll_ctl,
  epoll_wait,
  futex,
  mkdir: writes_fs,
  rmdir: writes_fs,
  unlink: writes_fs,
  fork: (r, task) => new_task(r, task, 0),
  vfork: (r, task) => new_task(r, task, CLONE_VM),
  clone: (r, task, { a1 }) => new_task(r, task, a1),
  execve: execs,
  exit: nothing,
  exit_group: (r, { group }) => r.signals(group, true),
  wait4: (r, { group }) => r.children(group),
  kill: (r, task, { a1, a2 }) => kill(r, task, a1 | 0, a2),
  tkill: (r, task, { a1, a2 }) => kill(r, task, a1 | 0, a2),
  tgkill: (r, task, { a1, a3 }) => kill(r, task, a1 | 0, a3),
  rt_sigaction: own_signals,
  rt_sigprocmask: own_signals,
  rt_sigpending: own_signals,
  rt_sigsuspend: own_signals,
  rt_sigreturn: own_signals,
  pause: own_signals,
  getpid: nothing,
  gettid: nothing,
  getuid: nothing,
  geteuid: nothing,
  getgid: nothing,
  getegid: nothing,
  getppid: (r) => r.touch(TREE, false),
  sched_yield: nothing,
  set_tid_address: nothing,
  // They look at much, or at the clock, and leave nothing behind that ties objects together.
  nanosleep: everything,
  clock_nanosleep: everything,
  clock_gettime: everything,
  gettimeofday: everything,
  time: everything,
  select: everything,
  pselect6: everything,
  ppoll: everything,
  epoll_pwait: everything,
  stat: everything,
  fstat: everything,
  lstat: everything,
  newfstatat: everything,
  getdents64: everything,
  readlink: everything,
  access: everything,
  sendmsg: couples,
  recvmsg: everything,
  waitid: everything,
  rt_sigtimedwait: everything,
};

/** Add what call `name` touches, made by `task` with `regs`. */
export function touch_call(r: Recorder, task: Task, name: CallName | undefined, regs: Registers): void {
  if (r.coupled) r.everything();
  // A number that nobody has: ENOSYS.
  if (name !== undefined) (touches[name] ?? couples)(r, task, regs);
}
