/** The end of tasks and processes (kernel/exit.c). */
import { TASK_DEAD, TIF_SIGPENDING, type Task, type ThreadGroup } from '../include/linux/sched.js';
import {
  CLD_EXITED,
  CLD_KILLED,
  SA_NOCLDWAIT,
  SIGCHLD,
  SIGCONT,
  SIGHUP,
  SIG_IGN,
  SI_USER,
} from '../include/uapi/signal.js';
import { POLLIN } from '../include/uapi/poll.js';
import { exit_files, fput } from '../fs/file.js';
import { del_timer } from '../lib/timerqueue.js';
import { do_munmap, exit_mmap } from '../mm/mmap.js';
import { put_user_u32 } from '../mm/uaccess.js';
import { futex_wake } from './futex.js';
import { detach_pgrp, pgrp_members } from './pgrp.js';
import { exit_itimers } from './posix-timers.js';
import { wake_up_process } from './sched.js';
import {
  do_group_exit,
  is_orphaned_pgrp,
  kernel_siginfo,
  one_has_stopped,
  send_signal_group,
  set_stop_event,
} from './signal.js';
import { ktime_get } from './time.js';
import { wake_up_all } from './wait.js';

/** `child` becomes a child of `parent`, the last one in its list. */
export function adopt(child: ThreadGroup, parent: ThreadGroup, parent_task: Task | null): void {
  child.parent = parent;
  child.parent_task = parent_task;
  child.sibling = child.kernel.next_sibling++;
  parent.children.add(child);
  if (child.stop_code !== 0 || child.continued) parent.stop_events++;
  if (child.zombie) add_zombie(parent, child);
}

/** Keep the list in the order of becoming a child, the oldest at the end, where it is taken from. */
function add_zombie(parent: ThreadGroup, child: ThreadGroup): void {
  const { zombies } = parent;
  let low = 0;
  let high = zombies.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (zombies[mid]!.sibling > child.sibling) low = mid + 1;
    else high = mid;
  }
  if (low === zombies.length) zombies.push(child);
  else zombies.splice(low, 0, child);
}

function remove_zombie(parent: ThreadGroup, child: ThreadGroup): void {
  const { zombies } = parent;
  if (zombies[zombies.length - 1] === child) zombies.pop();
  else zombies.splice(zombies.indexOf(child), 1);
}

/** The process is gone for good: its number means nothing any more. Linux: release_task. */
export function release_task(group: ThreadGroup): void {
  const { parent, kernel } = group;
  if (parent !== null) {
    set_stop_event(group, 0, false);
    parent.children.delete(group);
    if (group.zombie) remove_zombie(parent, group);
    group.parent_task = null;
  }
  detach_pgrp(group);
  kernel.groups.delete(group.tgid);
}

/** Tell the parent that its child has ended. True: nobody waits for it, it is to vanish. Linux: do_notify_parent. */
function do_notify_parent(group: ThreadGroup): boolean {
  const { parent, status } = group;
  if (parent === null || parent === group.kernel.init) return true;
  let sig = group.exit_signal;
  let autoreap = false;
  if (sig === SIGCHLD) {
    const action = parent.actions[SIGCHLD];
    autoreap = action !== undefined && (action.handler === SIG_IGN || (action.flags & SA_NOCLDWAIT) !== 0);
    if (action?.handler === SIG_IGN) sig = 0;
  }
  const killed = (status & 0x7f) !== 0;
  if (sig !== 0)
    send_signal_group(parent, {
      si_signo: sig,
      si_code: killed ? CLD_KILLED : CLD_EXITED,
      si_pid: group.tgid,
      si_uid: group.exit_cred.uid,
      si_status: killed ? status & 0x7f : status >> 8,
      si_value: 0,
    });
  wake_up_all(parent.wait_chldexit);
  return autoreap;
}

/** The nearest ancestor that has declared itself subreaper and lives; else init. Linux: find_new_reaper. */
function find_new_reaper(group: ThreadGroup): ThreadGroup {
  for (let g = group.parent; g !== null; g = g.parent) if (g.child_subreaper && g.threads.size > 0) return g;
  return group.kernel.init;
}

/** A stopped job that nobody could continue any more is woken and told. Linux: kill_orphaned_pgrp. */
function kill_orphaned_pgrp(group: ThreadGroup, parent: ThreadGroup | null, without: ThreadGroup | null): void {
  const { kernel } = group;
  // Only who held the job can orphan it: a parent in the same session, outside of the group.
  if (parent === null || parent.pgid === group.pgid || parent.sid !== group.sid) return;
  if (kernel.nr_stopped === 0 || !is_orphaned_pgrp(group, without)) return;
  const members = [...pgrp_members(kernel, group.pgid)].filter((g) => g !== without);
  if (!members.some((g) => g.stop_signal !== 0)) return;
  for (const sig of [SIGHUP, SIGCONT]) for (const g of members) send_signal_group(g, kernel_siginfo(sig));
}

function first_thread({ threads }: ThreadGroup): Task | null {
  const [first = null] = threads;
  return first;
}

/** Children of a thread that ends: they are told if they asked for it; without a process left they get a new parent. */
function forget_original_parent(task: Task): void {
  const { group } = task;
  if (group.children.size === 0) return;
  const last = group.threads.size === 0;
  const reaper = last ? find_new_reaper(group) : group;
  for (const child of [...group.children]) {
    if (last) {
      if (child.zombie) remove_zombie(group, child);
      group.children.delete(child);
      adopt(child, reaper, first_thread(reaper));
    }
    if (child.parent_task === task || last)
      for (const t of child.threads)
        if (t.pdeath_signal !== 0) send_signal_group(child, { ...kernel_siginfo(t.pdeath_signal), si_code: SI_USER });
    if (!last) {
      if (child.parent_task === task) child.parent_task = first_thread(group);
      continue;
    }
    if (!child.zombie) child.exit_signal = SIGCHLD;
    else if (do_notify_parent(child)) release_task(child);
    kill_orphaned_pgrp(child, group, null);
  }
}

/** The last thread of the process is gone: the parent hears of it, and the host if it started the process. */
function exit_notify(group: ThreadGroup): void {
  const { run, kernel } = group;
  if (group.stop_signal !== 0) kernel.nr_stopped--;
  group.stop_signal = 0;
  if (group.real_timer !== null) del_timer(kernel.timers, group.real_timer);
  group.run_cpu_timers = null;
  exit_itimers(group);
  kill_orphaned_pgrp(group, group.parent, group);
  set_stop_event(group, 0, false);
  group.zombie = true;
  if (group.parent !== null) add_zombie(group.parent, group);
  wake_up_all(group.wait_pidfd, POLLIN);
  if (do_notify_parent(group)) release_task(group);
  if (run === null) return;
  group.run = null;
  kernel.runs.splice(kernel.runs.indexOf(run), 1);
  if (run.error === null) run.resolve(group.status);
  else run.reject(run.error);
}

/** The task leaves its address space, by exit or execve: who waits for that is told. Linux: mm_release, mmput. */
export function exit_mm(task: Task): void {
  const { mm } = task;
  // What handlers were shown stands in this memory, on no stack that would go with the task.
  for (let { frame } = task; frame !== null; frame = frame.below) if (frame.info !== 0) do_munmap(mm, frame.info);
  task.frame = null;
  if (task.clear_child_tid !== 0 && mm.users > 1) {
    put_user_u32(mm, task.clear_child_tid, 0);
    futex_wake(mm, task.clear_child_tid, 1);
  }
  task.clear_child_tid = 0;
  if (--mm.users === 0) {
    exit_mmap(mm);
    if (mm.exe_file !== null) fput(mm.exe_file);
  }
  const { vfork_done } = task;
  task.vfork_done = null;
  if (vfork_done !== null) wake_up_process(vfork_done);
}

/** End the current task. It never goes back to user mode; entry.ts gives the processor to the next one. */
export function do_exit(task: Task, status: number): void {
  const { group, kernel } = task;
  task.state = TASK_DEAD;
  // Not the fast way out: there is no way out.
  task.work |= TIF_SIGPENDING;
  task.indirect_params = 0;
  task.restart_block = null;
  kernel.trace?.task_exit?.(task);
  exit_files(task);
  if (--task.fs.users === 0) kernel.fs?.exit_fs(task.fs);
  exit_mm(task);
  kernel.tasks.delete(task.pid);
  group.threads.delete(task);
  if (!group.exiting && task.pid === group.tgid) group.status = status;
  if (kernel.current === task) {
    const now = ktime_get(kernel);
    task.sum_exec += now - kernel.exec_start;
    kernel.exec_start = now;
  }
  group.sum_exec += task.sum_exec;
  task.sum_exec = 0;
  if (group.stop_signal !== 0) one_has_stopped(group);
  forget_original_parent(task);
  if (group.exec_task !== null) wake_up_process(group.exec_task);
  if (group.threads.size > 0) return;
  group.exit_cred = task.cred;
  exit_notify(group);
}

/** `exit(status)`: this thread only. Does not return. */
export function sys_exit(task: Task, status: number): number {
  do_exit(task, (status & 0xff) << 8);
  return 0;
}

/** `exit_group(status)`: the whole process. Does not return. */
export function sys_exit_group(task: Task, status: number): number {
  do_group_exit(task.group, (status & 0xff) << 8);
  do_exit(task, task.group.status);
  return 0;
}
