/**
 * clone(2). A thread is one more function that runs in the runtime's thread. The child of vfork, which is what posix_spawn makes,
 * does not run: what it does on its way to execve is written down, and handed to posix_spawn(3) of the C library below.
 */
import { EAGAIN, ENOSYS } from '../kernel-mock/include/uapi/errno.js';
import { put_u32 } from '../kernel-mock/include/uapi/byteorder.js';
import {
  CLONE_CHILD_CLEARTID,
  CLONE_CHILD_SETTID,
  CLONE_PARENT_SETTID,
  CLONE_THREAD,
  CLONE_VFORK,
  CLONE_VM,
} from '../kernel-mock/include/uapi/sched.js';
import { TaskSignals } from './signal.js';
import { SpawnPlan, spawn_table } from './spawn.js';
import { type Handler, type HostProcess, HostTask } from './task.js';

/** Linux: PID_MAX_LIMIT: threads have numbers above those of all processes, so that one is never taken for the other. */
const PID_MAX_LIMIT = 4 * 1024 * 1024;
const MAX_THREADS = 100_000;

function word(value: number): Uint8Array {
  const raw = new Uint8Array(4);
  put_u32(raw, 0, value);
  return raw;
}

function clone_thread(parent: HostTask, flags: number, stack: number, ptid: number, ctid: number): number {
  const { process } = parent;
  if (process.tasks.size >= MAX_THREADS) return -EAGAIN;
  const signals = new TaskSignals();
  signals.mask = parent.signals.mask;
  const task = new HostTask(process, PID_MAX_LIMIT + process.next_tid++, signals);
  if ((flags & CLONE_PARENT_SETTID) !== 0) process.memory.write(ptid, word(task.tid));
  if ((flags & CLONE_CHILD_SETTID) !== 0) process.memory.write(ctid, word(task.tid));
  if ((flags & CLONE_CHILD_CLEARTID) !== 0) task.clear_child_tid = ctid;
  queueMicrotask(() => {
    if (!task.dead) process.image.resume(task, stack).catch(process.crashed);
  });
  return task.tid;
}

/** The parent sleeps until the child has run a program, or has given up. */
function clone_vfork(parent: HostTask, stack: number): Promise<number> {
  const { process } = parent;
  const pid = PID_MAX_LIMIT + process.next_tid++;
  return new Promise((resolve, reject) => {
    const plan = new SpawnPlan(parent, resolve);
    const shadow: HostProcess = { ...process, pid, tasks: new Set(), table: spawn_table(process.table, plan) };
    const child = new HostTask(shadow, pid, new TaskSignals());
    queueMicrotask(() => {
      process.image.resume(child, stack).catch(reject);
    });
  });
}

export const sys_clone: Handler = (task, flags, stack, ptid, ctid) => {
  const vm = (flags & CLONE_VM) !== 0;
  if (vm && (flags & CLONE_THREAD) !== 0) return clone_thread(task, flags, stack, ptid, ctid);
  if (vm && (flags & CLONE_VFORK) !== 0) return clone_vfork(task, stack);
  task.process.refused(
    'fork',
    'a copy of the runtime would have one of its threads only; use posix_spawn, or a mock kernel',
  );
  return -ENOSYS;
};
