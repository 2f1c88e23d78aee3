/** New tasks (kernel/fork.c). */
import { should_fail } from '../include/linux/inject.js';
import type { Kernel } from '../include/linux/kernel.js';
import { type Cred, init_cred } from '../include/linux/cred.js';
import type { FsStruct } from '../include/linux/dcache.js';
import type { FilesStruct } from '../include/linux/fs.js';
import type { Mm } from '../include/linux/mm.js';
import {
  type Result,
  type Run,
  type Sleep,
  TASK_KILLABLE,
  TASK_RUNNING,
  type Task,
  type ThreadGroup,
} from '../include/linux/sched.js';
import type { WaitEntry } from '../include/linux/wait.js';
import type { Cpu, Image, UserMemory } from '../include/uapi/seam.js';
import { ENOMEM, EAGAIN, EFAULT, EINVAL, ERESTARTNOINTR } from '../include/uapi/errno.js';
import {
  RLIMIT_CORE,
  RLIMIT_MSGQUEUE,
  RLIMIT_NICE,
  RLIMIT_NOFILE,
  RLIMIT_RTPRIO,
  RLIMIT_STACK,
  RLIM_INFINITY,
  RLIM_NLIMITS,
} from '../include/uapi/resource.js';
import {
  CLONE_CHILD_CLEARTID,
  CLONE_CHILD_SETTID,
  CLONE_DETACHED,
  CLONE_FILES,
  CLONE_FS,
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  CLONE_PARENT,
  CLONE_PARENT_SETTID,
  CLONE_PIDFD,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VFORK,
  CLONE_VM,
  CSIGNAL,
} from '../include/uapi/sched.js';
import { SIGCHLD, SIG_IGN } from '../include/uapi/signal.js';
import { TASK_COMM_LEN } from '../include/uapi/prctl.js';
import { alloc_files, close_fd, dup_files, get_file } from '../fs/file.js';
import { iov_iter } from '../mm/iov_iter.js';
import { dup_mm, mm_alloc } from '../mm/mmap.js';
import { put_user_u32 } from '../mm/uaccess.js';
import { do_syscall, start_user_mode } from './entry.js';
import { adopt, release_task } from './exit.js';
import { attach_pgrp } from './pgrp.js';
import { pidfd_create } from './pid.js';
import { arm_cpu_timers } from './posix-cpu-timers.js';
import { recalc_sigpending } from './signal.js';
import { sig_pending, sigset } from './sigset.js';
import { over_nproc } from './user.js';
import { signal_pending, wait_entry, wait_queue_head } from './wait.js';

/** Linux: INIT_RLIMITS. Soft and hard limit in turn. */
const INIT_RLIMITS: readonly number[] = (() => {
  const rlim = new Array<number>(2 * RLIM_NLIMITS).fill(RLIM_INFINITY);
  const set = (resource: number, soft: number, hard: number): void => {
    rlim[2 * resource] = soft;
    rlim[2 * resource + 1] = hard;
  };
  set(RLIMIT_STACK, 8 * 1024 * 1024, RLIM_INFINITY);
  set(RLIMIT_CORE, 0, RLIM_INFINITY);
  set(RLIMIT_NOFILE, 1024, 4096);
  set(RLIMIT_MSGQUEUE, 819200, 819200);
  set(RLIMIT_NICE, 0, 0);
  set(RLIMIT_RTPRIO, 0, 0);
  return rlim;
})();

const NO_ADDRESS = new Uint8Array(0);

/** The processor as one thread of one program sees it. */
class TaskCpu implements Cpu {
  readonly memory: UserMemory;
  #task: Task;

  constructor(task: Task) {
    this.#task = task;
    this.memory = task.mm.user;
  }

  syscall(
    nr: number,
    a1: number,
    a2: number,
    a3: number,
    a4: number,
    a5: number,
    a6: number,
  ): number | Promise<number> {
    return do_syscall(this.#task, nr, a1, a2, a3, a4, a5, a6);
  }

  /** The program is gone from memory: what it still calls from here on is nobody's call. */
  retire(gone: Task): void {
    this.#task = gone;
  }
}

/** Give `task` a processor for the program it runs from now on. A call through the old one is misuse, and reported so. */
export function new_cpu(task: Task): Cpu {
  const old = task.cpu as TaskCpu | undefined;
  if (old !== undefined) old.retire(Object.create(task, { exec_gone: { value: true } }) as Task);
  task.cpu = new TaskCpu(task);
  return task.cpu;
}

/** A task with nothing but its identity, its memory and its table; it is in no queue yet. */
function alloc_task(
  kernel: Kernel,
  group: ThreadGroup,
  pid: number,
  mm: Mm,
  files: FilesStruct,
  fs: FsStruct,
  cred: Cred,
): Task {
  const task: Task = {
    kernel,
    pid,
    group,
    cpu: undefined as unknown as Cpu,
    mm,
    files,
    fs,
    cred,
    state: TASK_RUNNING,
    work: 0,
    task_works: [],
    blocked: sigset(),
    real_blocked: null,
    saved_sigmask: null,
    pending: sig_pending(),
    sas: null,
    frame: null,
    restart_block: null,
    nr: -1,
    a1: 0,
    a2: 0,
    a3: 0,
    a4: 0,
    a5: 0,
    a6: 0,
    sleep: null,
    held: null,
    resolve: null,
    wchan: '',
    wait: undefined as unknown as WaitEntry,
    indirect_params: 0,
    clear_child_tid: 0,
    vfork_done: null,
    pdeath_signal: 0,
    comm: group.comm,
    sum_exec: 0,
    iter: iov_iter(),
    msg: null,
    sockaddr: NO_ADDRESS,
  };
  new_cpu(task);
  (task as { wait: WaitEntry }).wait = wait_entry(task, null);
  kernel.tasks.set(pid, task);
  group.threads.add(task);
  return task;
}

/** The root of all is root and working folder. */
function init_fs(): FsStruct {
  return { users: 1, umask: 0o022, root: null, pwd: null };
}

/** CLONE_FS shares it; otherwise the child has its own from now on. */
export function copy_fs(flags: number, fs: FsStruct): FsStruct {
  if ((flags & CLONE_FS) !== 0) {
    fs.users++;
    return fs;
  }
  for (const dentry of [fs.root, fs.pwd]) if (dentry !== null) dentry.d_count++;
  return { ...fs, users: 1 };
}

/** A process without threads and without a parent. */
export function alloc_group(kernel: Kernel, tgid: number, image: Image, comm: string): ThreadGroup {
  return {
    kernel,
    tgid,
    comm,
    image,
    parent: null,
    parent_task: null,
    children: new Set(),
    sibling: 0,
    zombies: [],
    stop_events: 0,
    wait_chldexit: wait_queue_head(),
    wait_pidfd: wait_queue_head(),
    signalfd_wqh: wait_queue_head(),
    pgid: tgid,
    sid: tgid,
    threads: new Set(),
    rlim: INIT_RLIMITS,
    actions: [],
    pending: sig_pending(),
    exiting: false,
    exec_task: null,
    status: 0,
    exit_cred: init_cred,
    zombie: false,
    exit_signal: SIGCHLD,
    stop_signal: 0,
    stop_count: 0,
    stop_code: 0,
    continued: false,
    child_subreaper: false,
    did_exec: false,
    real_timer: null,
    it_real_incr: 0,
    it_virt: { expires: 0, incr: 0 },
    it_prof: { expires: 0, incr: 0 },
    run_cpu_timers: null,
    posix_timers: null,
    next_timer_id: 0,
    sum_exec: 0,
    children_exec: 0,
    run: null,
  };
}

/** The name of a program as the kernel keeps it: the last part of its path, 15 characters. */
export function task_comm(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).slice(0, TASK_COMM_LEN - 1);
}

/** A process with one task and an empty descriptor table, not started yet: what the host runs. */
export function create_process(kernel: Kernel, image: Image, comm: string, run: Run): Task {
  const pid = kernel.next_pid++;
  const group = alloc_group(kernel, pid, image, comm);
  group.run = run;
  kernel.groups.set(pid, group);
  attach_pgrp(group);
  adopt(group, kernel.init, null);
  const task = alloc_task(kernel, group, pid, mm_alloc(kernel.junk), alloc_files(), init_fs(), init_cred);
  kernel.runs.push(run);
  kernel.trace?.task_newtask?.(null, task);
  return task;
}

/** DEVIATION: there are no namespaces, as in a kernel that is built without them. */
const NAMESPACES =
  CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

/** Combinations that mean nothing. Linux: the beginning of copy_process. */
function check_flags({ kernel }: Task, flags: number): number {
  if ((flags & NAMESPACES) !== 0) return -EINVAL;
  if ((flags & CLONE_THREAD) !== 0 && (flags & CLONE_SIGHAND) === 0) return -EINVAL;
  if ((flags & CLONE_SIGHAND) !== 0 && (flags & CLONE_VM) === 0) return -EINVAL;
  const pidfd = (flags & CLONE_PIDFD) !== 0 && kernel.release.clone_pidfd;
  if (pidfd && (flags & (CLONE_DETACHED | CLONE_THREAD)) !== 0) return -EINVAL;
  return 0;
}

/** The process of a child that is no thread: what it takes over from its parent, and what begins anew. */
function copy_signal(
  task: Task,
  pid: number,
  { flags, exit_signal, clear_sighand }: CloneArgs,
  image: Image,
): ThreadGroup {
  const { group, kernel } = task;
  const child = alloc_group(kernel, pid, image, task.comm);
  child.pgid = group.pgid;
  child.sid = group.sid;
  child.rlim = group.rlim;
  arm_cpu_timers(child);
  child.actions = (flags & CLONE_SIGHAND) !== 0 ? group.actions : group.actions.slice();
  if (clear_sighand) child.actions = child.actions.map((a) => (a?.handler === SIG_IGN ? a : undefined));
  // A sibling, made by CLONE_PARENT, ends as its maker does.
  child.exit_signal = (flags & CLONE_PARENT) !== 0 ? group.exit_signal : exit_signal;
  kernel.groups.set(pid, child);
  attach_pgrp(child);
  const sibling = (flags & CLONE_PARENT) !== 0 && group.parent !== null;
  adopt(child, sibling ? group.parent! : group, sibling ? group.parent_task : task);
  return child;
}

function share_files(files: FilesStruct): FilesStruct {
  files.count++;
  return files;
}

function share_mm(mm: Mm): Mm {
  mm.users++;
  return mm;
}

function copy_mm(old: Mm): Mm {
  const mm = dup_mm(old);
  mm.exe_file = old.exe_file === null ? null : get_file(old.exe_file);
  return mm;
}

/** Sleep until the child has left our memory. Of all signals only one that kills ends this. Linux: wait_for_vfork_done. */
function* wait_for_vfork_done(task: Task, child: Task): Sleep {
  while (child.vfork_done === task) {
    if (task.group.exiting || task.group.exec_task !== null) {
      child.vfork_done = null;
      break;
    }
    task.state = TASK_KILLABLE;
    task.wchan = `the exec or exit of its vfork child ${child.pid}`;
    yield;
  }
  task.state = TASK_RUNNING;
  return child.pid;
}

/** Where the ids go that clone's caller wants to have. */
function put_tids(task: Task, child: Task, { flags, ptid, ctid }: CloneArgs): void {
  if ((flags & CLONE_PARENT_SETTID) !== 0) put_user_u32(task.mm, ptid, child.pid);
  // As in Linux, a bad address is no error of clone.
  if ((flags & CLONE_CHILD_SETTID) !== 0) put_user_u32(child.mm, ctid, child.pid);
  if ((flags & CLONE_CHILD_CLEARTID) !== 0) child.clear_child_tid = ctid;
}

/** CLONE_PIDFD: a descriptor for the new process, written to `pidfd`. -EMFILE, -EFAULT. */
function put_pidfd(task: Task, group: ThreadGroup, pidfd: number): number {
  const fd = pidfd_create(task, group, 0);
  if (fd < 0 || put_user_u32(task.mm, pidfd, fd) === 0) return fd;
  close_fd(task, fd);
  return -EFAULT;
}

/** Does an injector let one of the allocations fail? In Linux's order, and before anything is there. */
function copy_process_fails({ kernel }: Task, flags: number): number {
  if (kernel.inject === null) return 0;
  if (should_fail(kernel, 'task')) return -ENOMEM;
  if ((flags & CLONE_FILES) === 0 && should_fail(kernel, 'files_struct')) return -ENOMEM;
  if ((flags & CLONE_VM) === 0 && should_fail(kernel, 'mm')) return -ENOMEM;
  return should_fail(kernel, 'pid') ? -ENOMEM : 0;
}

/** What clone and clone3 ask for. Linux: struct kernel_clone_args. */
export interface CloneArgs {
  /** CLONE_* bits of the low 32. */
  readonly flags: number;
  readonly exit_signal: number;
  /** CLONE_CLEAR_SIGHAND. */
  readonly clear_sighand: boolean;
  /** Stack pointer of the new task; 0: that of its parent. */
  readonly stack: number;
  readonly ptid: number;
  readonly ctid: number;
  readonly pidfd: number;
}

/**
 * A new task. A pending signal comes first. Linux: kernel_clone, copy_process.
 *
 * @returns its id; -EINVAL (flags), -EAGAIN (RLIMIT_NPROC), -EMFILE, -EFAULT (pidfd). With CLONE_VFORK it sleeps.
 */
export function kernel_clone(task: Task, args: CloneArgs): Result {
  const { flags, stack } = args;
  const err = check_flags(task, flags);
  if (err < 0) return err;
  recalc_sigpending(task);
  if (signal_pending(task)) return -ERESTARTNOINTR;
  if (over_nproc(task)) return -EAGAIN;
  const failed = copy_process_fails(task, flags);
  if (failed < 0) return failed;

  const { kernel } = task;
  const thread = (flags & CLONE_THREAD) !== 0;
  const pid = kernel.next_pid++;
  const image = (flags & CLONE_VM) !== 0 ? task.group.image : task.group.image.fork(task.cpu);
  const group = thread ? task.group : copy_signal(task, pid, args, image);
  if ((flags & CLONE_PIDFD) !== 0 && kernel.release.clone_pidfd) {
    const fd = put_pidfd(task, group, args.pidfd);
    if (fd < 0) {
      release_task(group);
      return fd;
    }
  }
  const mm = (flags & CLONE_VM) !== 0 ? share_mm(task.mm) : copy_mm(task.mm);
  const files = (flags & CLONE_FILES) !== 0 ? share_files(task.files) : dup_files(task.files);
  const child = alloc_task(kernel, group, pid, mm, files, copy_fs(flags, task.fs), task.cred);
  child.blocked = task.blocked;
  // Who shares the memory cannot share the stack.
  if ((flags & CLONE_VM) === 0 || (flags & CLONE_VFORK) !== 0) child.sas = task.sas;
  child.comm = task.comm;
  put_tids(task, child, args);
  kernel.trace?.task_newtask?.(task, child);
  start_user_mode(child, () => image.resume(child.cpu, stack));
  if ((flags & CLONE_VFORK) === 0) return pid;
  child.vfork_done = task;
  return wait_for_vfork_done(task, child);
}

/**
 * `clone(flags, stack, ptid, ctid, tls)`. The new task enters user mode with stack pointer `stack`; 0: that of its parent.
 * The low byte of `flags` is the signal to the parent at the end.
 *
 * @returns the id of the new task; -EINVAL (CLONE_THREAD without CLONE_SIGHAND, CLONE_SIGHAND without CLONE_VM, CLONE_PIDFD with
 *          CLONE_PARENT_SETTID), -EAGAIN (RLIMIT_NPROC), -EMFILE, -EFAULT (pidfd)
 * A pending signal comes first. With CLONE_VFORK it sleeps until the child has called execve or has ended. clone(2); Linux
 * kernel/fork.c copy_process.
 */
export function sys_clone(task: Task, clone_flags: number, stack: number, ptid: number, ctid: number): Result {
  const flags = clone_flags & ~CSIGNAL;
  if ((flags & CLONE_PIDFD) !== 0 && (flags & CLONE_PARENT_SETTID) !== 0 && task.kernel.release.clone_pidfd)
    return -EINVAL;
  return kernel_clone(task, {
    flags,
    exit_signal: clone_flags & CSIGNAL,
    clear_sighand: false,
    stack,
    ptid,
    ctid,
    pidfd: ptid,
  });
}

/** `fork()`. fork(2). */
export function sys_fork(task: Task): Result {
  return sys_clone(task, SIGCHLD, 0, 0, 0);
}

/** `vfork()`. vfork(2). */
export function sys_vfork(task: Task): Result {
  return sys_clone(task, CLONE_VFORK | CLONE_VM | SIGCHLD, 0, 0, 0);
}

/** What a task that is alone in its process and its memory can ask for: it has it. Linux: check_unshare_flags. */
const UNSHARE_ALONE = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;

function unshare_fs(task: Task): void {
  const { fs } = task;
  if (fs.users === 1) return;
  fs.users--;
  task.fs = copy_fs(0, fs);
}

/**
 * `unshare(flags)`: CLONE_FILES gives the caller a descriptor table of its own, CLONE_FS folders and umask.
 *
 * @returns 0; -EINVAL (other flags; CLONE_THREAD, CLONE_SIGHAND, CLONE_VM of a task with siblings). unshare(2).
 */
export function sys_unshare(task: Task, unshare_flags: number): number {
  const flags = unshare_flags | 0;
  if ((flags & ~(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM | UNSHARE_ALONE)) !== 0) return -EINVAL;
  const { group, mm } = task;
  if ((flags & UNSHARE_ALONE) !== 0 && group.threads.size > 1) return -EINVAL;
  if ((flags & CLONE_VM) !== 0 && mm.users > 1) return -EINVAL;
  if ((flags & CLONE_FS) !== 0) unshare_fs(task);
  if ((flags & CLONE_FILES) !== 0) unshare_files(task);
  return 0;
}

/** A descriptor table that nobody else has. */
export function unshare_files(task: Task): void {
  if (task.files.count === 1) return;
  task.files.count--;
  task.files = dup_files(task.files);
}

/** `set_tid_address(tidptr)`: where the end of this thread is announced. Answers with the thread id. */
export function sys_set_tid_address(task: Task, tidptr: number): number {
  task.clear_child_tid = tidptr;
  return task.pid;
}
