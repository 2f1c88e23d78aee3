/** New tasks (kernel/fork.c). */
import type { Kernel } from '../include/linux/kernel.js';
import { type Cred, init_cred } from '../include/linux/cred.js';
import type { FsStruct } from '../include/linux/dcache.js';
import type { FilesStruct } from '../include/linux/fs.js';
import type { Mm } from '../include/linux/mm.js';
import { type Run, TASK_RUNNING, type Task, type ThreadGroup } from '../include/linux/sched.js';
import type { WaitEntry } from '../include/linux/wait.js';
import type { Cpu, Image, UserMemory } from '../include/uapi/seam.js';
import { EFAULT, EINVAL, ENOSYS } from '../include/uapi/errno.js';
import { RLIMIT_NOFILE, RLIM_INFINITY } from '../include/uapi/resource.js';
import {
  CLONE_CHILD_CLEARTID,
  CLONE_CHILD_SETTID,
  CLONE_FILES,
  CLONE_FS,
  CLONE_PARENT_SETTID,
  CLONE_SIGHAND,
  CLONE_THREAD,
  CLONE_VM,
} from '../include/uapi/sched.js';
import { alloc_files } from '../fs/file.js';
import { iov_iter } from '../mm/iov_iter.js';
import { mm_alloc } from '../mm/mmap.js';
import { put_user_u32 } from '../mm/uaccess.js';
import { do_syscall, start_user_mode } from './entry.js';
import { sig_pending, sigset } from './signal.js';
import { wait_entry } from './wait.js';

/** Linux: INIT_RLIMITS. Soft and hard limit in turn. */
const INIT_RLIMITS: readonly number[] = (() => {
  const rlim = new Array<number>(32).fill(RLIM_INFINITY);
  rlim[2 * RLIMIT_NOFILE] = 1024;
  rlim[2 * RLIMIT_NOFILE + 1] = 4096;
  return rlim;
})();

/** The processor as one thread sees it. */
class TaskCpu implements Cpu {
  readonly memory: UserMemory;
  readonly #task: Task;

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
  const iter = iov_iter();
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
    blocked: sigset(),
    pending: sig_pending(),
    nr: -1,
    a1: 0,
    a2: 0,
    a3: 0,
    a4: 0,
    a5: 0,
    a6: 0,
    sleep: null,
    resolve: null,
    wchan: '',
    wait: undefined as unknown as WaitEntry,
    indirect_params: null,
    indirect_heeds: 0,
    clear_child_tid: 0,
    iter,
    msg: { name: null, want_name: false, iter, flags: 0 },
  };
  task.cpu = new TaskCpu(task);
  (task as { wait: WaitEntry }).wait = wait_entry(task, null);
  kernel.tasks.set(pid, task);
  group.threads.push(task);
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

/** A process with one task and an empty descriptor table, not started yet: what the host runs. */
export function create_process(kernel: Kernel, image: Image, comm: string, run: Run): Task {
  const pid = kernel.next_pid++;
  const group: ThreadGroup = {
    kernel,
    tgid: pid,
    comm,
    image,
    parent: null,
    threads: [],
    rlim: INIT_RLIMITS,
    actions: [],
    pending: sig_pending(),
    exiting: false,
    status: 0,
    run,
  };
  const task = alloc_task(kernel, group, pid, mm_alloc(kernel.junk), alloc_files(), init_fs(), init_cred);
  kernel.runs.push(run);
  kernel.trace?.task_newtask?.(null, task);
  return task;
}

/**
 * `clone(flags, stack, ptid, ctid, tls)` for threads. The new task enters user mode with stack pointer `stack`.
 *
 * @returns the thread id; -EINVAL (CLONE_THREAD without CLONE_SIGHAND, CLONE_SIGHAND without CLONE_VM, no stack), -EFAULT (ptid)
 * clone(2); Linux kernel/fork.c copy_process.
 *
 * DEVIATION: a task that is no thread of its parent (fork) gives -ENOSYS.
 */
export function sys_clone(task: Task, clone_flags: number, stack: number, ptid: number, ctid: number): number {
  const flags = clone_flags | 0;
  if ((flags & CLONE_THREAD) !== 0 && (flags & CLONE_SIGHAND) === 0) return -EINVAL;
  if ((flags & CLONE_SIGHAND) !== 0 && (flags & CLONE_VM) === 0) return -EINVAL;
  if ((flags & CLONE_THREAD) === 0 || (flags & CLONE_FILES) === 0) return -ENOSYS;
  if (stack === 0) return -EINVAL;

  const { kernel, group, mm, files } = task;
  const pid = kernel.next_pid;
  if ((flags & CLONE_PARENT_SETTID) !== 0 && put_user_u32(mm, ptid, pid) < 0) return -EFAULT;
  kernel.next_pid++;
  mm.users++;
  files.count++;
  const child = alloc_task(kernel, group, pid, mm, files, copy_fs(flags, task.fs), task.cred);
  child.blocked = { ...task.blocked };
  // As in Linux, a bad ctid is no error of clone.
  if ((flags & CLONE_CHILD_SETTID) !== 0) put_user_u32(mm, ctid, pid);
  if ((flags & CLONE_CHILD_CLEARTID) !== 0) child.clear_child_tid = ctid;
  kernel.trace?.task_newtask?.(task, child);
  start_user_mode(child, () => group.image.resume(child.cpu, stack));
  return pid;
}

/** `set_tid_address(tidptr)`: where the end of this thread is announced. Answers with the thread id. */
export function sys_set_tid_address(task: Task, tidptr: number): number {
  task.clear_child_tid = tidptr;
  return task.pid;
}
