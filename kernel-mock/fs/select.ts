/** Waiting on many descriptors (fs/select.c). */
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import type { PollTable, WaitEntry, WaitQueueHead } from '../include/linux/wait.js';
import type { OpenFile } from '../include/linux/fs.js';
import { EFAULT, EINVAL, ERESTART_RESTARTBLOCK } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDNORM, POLLWRNORM } from '../include/uapi/poll.js';
import { TASK_RUNNING } from '../include/linux/sched.js';
import { get_s32, get_u16, put_u16 } from '../lib/bytes.js';
import { find_vma } from '../mm/mmap.js';
import {
  add_wait_queue,
  remove_wait_queue,
  schedule_timeout,
  set_current_state,
  signal_pending,
  wait_entry,
} from '../kernel/wait.js';
import { ktime_get } from '../kernel/time.js';
import { fget, fput, get_file, rlimit_nofile } from './file.js';

const POLLFD = layout_x86_64.pollfd;
const NSEC_PER_MSEC = 1e6;
/** What a file without a poll operation always is. */
const DEFAULT_POLLMASK = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

export function vfs_poll(file: OpenFile, pt: PollTable | null): number {
  return file.f_op.poll?.(file, pt) ?? DEFAULT_POLLMASK;
}

/** The queues on which one poll waits, and the files it keeps open meanwhile. Linux: struct poll_wqueues. */
export interface PollWqueues extends PollTable {
  readonly entries: WaitEntry[];
  readonly files: OpenFile[];
}

export function poll_initwait(task: Task): PollWqueues {
  const entries: WaitEntry[] = [];
  return {
    entries,
    files: [],
    poll_wait(q: WaitQueueHead) {
      const entry = wait_entry(task, null);
      add_wait_queue(q, entry, false);
      entries.push(entry);
    },
  };
}

export function poll_freewait(table: PollWqueues): void {
  for (const entry of table.entries) remove_wait_queue(entry);
  for (const file of table.files) fput(file);
}

/** Look at every descriptor once; write the answers; count those that have one. With `table`: stand in their queues too. */
function poll_scan(task: Task, fds: Uint8Array, at: number, nfds: number, table: PollWqueues | null): number {
  let count = 0;
  for (let i = 0, o = at; i < nfds; i++, o += POLLFD.size) {
    const fd = get_s32(fds, o + POLLFD.fd);
    const wanted = get_u16(fds, o + POLLFD.events) | POLLERR | POLLHUP;
    let mask = 0;
    if (fd >= 0) {
      const file = fget(task, fd);
      if (file === null) mask = POLLNVAL;
      else {
        if (table !== null) table.files.push(get_file(file));
        mask = vfs_poll(file, table) & wanted;
      }
    }
    put_u16(fds, o + POLLFD.revents, mask);
    if (mask !== 0) count++;
  }
  return count;
}

function* poll_sleep(task: Task, ufds: number, nfds: number, expires: number): Sleep {
  const table = poll_initwait(task);
  const n = nfds * POLLFD.size;
  let left = Math.max(expires - ktime_get(task.kernel), 0);
  try {
    for (let pt: PollWqueues | null = table; ; pt = null) {
      set_current_state(task, `one of ${nfds} descriptors`);
      // The program's memory is looked up anew: it may be gone after a sleep.
      const area = find_vma(task.mm, ufds, n);
      if (area === null && n > 0) return -EFAULT;
      const count = area === null ? 0 : poll_scan(task, area.bytes, ufds - area.start, nfds, pt);
      if (count > 0) return count;
      if (left === 0) return 0;
      if (signal_pending(task)) {
        // Without a handler it goes on to the same moment.
        task.restart_block = () => poll_sleep(task, ufds, nfds, expires);
        return -ERESTART_RESTARTBLOCK;
      }
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    task.state = TASK_RUNNING;
    poll_freewait(table);
  }
}

/**
 * `poll(fds, nfds, timeout)`.
 *
 * @param timeout milliseconds; negative: no limit; 0: do not sleep
 * @returns how many have an answer, 0 when the time is over; -EINVAL (nfds above RLIMIT_NOFILE), -EFAULT, -EINTR
 * Sleeps until one has an answer. poll(2); Linux fs/select.c do_sys_poll.
 */
export function sys_poll(task: Task, ufds: number, nfds_reg: number, timeout: number): Result {
  const nfds = nfds_reg >>> 0;
  if (nfds > rlimit_nofile(task)) return -EINVAL;
  const ms = timeout | 0;
  if (nfds > 0) {
    const area = find_vma(task.mm, ufds, nfds * POLLFD.size);
    if (area === null) return -EFAULT;
    const count = poll_scan(task, area.bytes, ufds - area.start, nfds, null);
    if (count > 0) return count;
  }
  if (ms === 0) return 0;
  return poll_sleep(task, ufds, nfds, ms < 0 ? Infinity : ktime_get(task.kernel) + ms * NSEC_PER_MSEC);
}
