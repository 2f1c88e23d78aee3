/** The end of threads and of the program. The runtime goes on: exit_group is not handed to the kernel. */
import { FUTEX_BITSET_MATCH_ANY } from '../kernel-mock/include/uapi/futex.js';
import { type Handler, type HostProcess, type HostTask, NEVER } from './task.js';

/** The program is over, by exit_group or with its last thread: sleeps end, descriptors are closed. */
export function end_process(process: HostProcess, status: number): void {
  if (process.status !== null) return;
  process.status = status;
  for (const task of [...process.tasks]) task.kill();
  process.files.close_all();
  process.signals.finish();
  process.children.finish();
  process.timers.finish();
  process.readiness.finish();
  process.done(status);
}

export const sys_exit_group: Handler = (task, status) => {
  end_process(task.process, (status & 0xff) << 8);
  return NEVER;
};

/** Linux: mm_release: the word of the thread is zeroed, and who waits for it is woken. */
function clear_tid(task: HostTask): void {
  const { futexes, memory } = task.process;
  if (task.clear_child_tid === 0) return;
  if (memory.write(task.clear_child_tid, new Uint8Array(4)))
    futexes.wake(task.clear_child_tid, 1, FUTEX_BITSET_MATCH_ANY);
}

export const sys_exit: Handler = (task, status) => {
  const { process } = task;
  task.kill();
  clear_tid(task);
  if (process.tasks.size === 0) end_process(process, (status & 0xff) << 8);
  return NEVER;
};

export const sys_set_tid_address: Handler = (task, address) => {
  task.clear_child_tid = address;
  return task.tid;
};

export const sys_gettid: Handler = (task) => task.tid;
