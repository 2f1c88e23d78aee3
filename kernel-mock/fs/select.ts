/** Waiting on many descriptors (fs/select.c). */
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import type { PollTable, WaitEntry, WaitQueueHead } from '../include/linux/wait.js';
import type { OpenFile } from '../include/linux/fs.js';
import { EFAULT, EINTR, EINVAL, ERESTARTNOHAND, ERESTART_RESTARTBLOCK } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDNORM, POLLWRNORM } from '../include/uapi/poll.js';
import { TASK_RUNNING } from '../include/linux/sched.js';
import { put_u64 } from '../lib/bytes.js';
import { area_view, find_vma } from '../mm/mmap.js';
import {
  add_wait_queue,
  remove_wait_queue,
  schedule_timeout,
  set_current_state,
  signal_pending,
  wait_entry,
} from '../kernel/wait.js';
import { get_timespec } from '../kernel/futex.js';
import { restore_saved_sigmask_unless, set_user_sigmask } from '../kernel/signal.js';
import { SIGSET_SIZE, get_sigset, without_unblockable } from '../kernel/sigset.js';
import { ktime_get } from '../kernel/time.js';
import { access_ok, size_t } from '../mm/uaccess.js';
import { fget_of, fput, get_file, rlimit_nofile } from './file.js';

const POLLFD = layout_x86_64.pollfd;
const NSEC_PER_MSEC = 1e6;
const NSEC_PER_SEC = 1e9;
/** What a file without a poll operation always is. */
const DEFAULT_POLLMASK = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

export function vfs_poll(file: OpenFile, pt: PollTable | null): number {
  const { f_op } = file;
  return f_op.poll === undefined ? DEFAULT_POLLMASK : f_op.poll(file, pt);
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
function poll_scan(task: Task, fds: DataView, at: number, nfds: number, table: PollWqueues | null): number {
  let count = 0;
  const open = task.files.fd;
  for (let i = 0, o = at; i < nfds; i++, o += POLLFD.size) {
    const fd = fds.getInt32(o + POLLFD.fd, true);
    const wanted = fds.getUint16(o + POLLFD.events, true) | POLLERR | POLLHUP;
    let mask = 0;
    if (fd >= 0) {
      const file = fget_of(open, fd);
      if (file === null) mask = POLLNVAL;
      else {
        if (table !== null) table.files.push(get_file(file));
        mask = vfs_poll(file, table) & wanted;
      }
    }
    fds.setUint16(o + POLLFD.revents, mask, true);
    if (mask !== 0) count++;
  }
  return count;
}

/** -ERESTARTNOHAND: a signal came first. */
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
      const count = area === null ? 0 : poll_scan(task, area_view(area), ufds - area.start, nfds, pt);
      if (count > 0) return count;
      if (signal_pending(task)) return -ERESTARTNOHAND;
      if (left === 0) return 0;
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    task.state = TASK_RUNNING;
    poll_freewait(table);
  }
}

/** Nothing to look at, and no room for answers: a sleep, and then the error. */
function no_poll(task: Task, expires: number): Result {
  if (expires === 0) return -EFAULT;
  return no_poll_sleep(poll_sleep(task, 0, 0, expires));
}

function* no_poll_sleep(sleep: Sleep): Sleep {
  yield* sleep;
  return -EFAULT;
}

/** The body of poll and ppoll. `expires`: Infinity for no limit; 0: do not sleep. Linux: do_sys_poll. */
function do_sys_poll(task: Task, ufds: number, nfds_reg: number, expires: number): Result {
  const nfds = nfds_reg >>> 0;
  if (nfds > rlimit_nofile(task)) return -EINVAL;
  // ABI: found only when the answers are written. Linux: user_write_access_begin; before 5.8 each was written by itself.
  if (nfds === 0 && !access_ok(ufds, 0) && task.kernel.release.poll_access_once) return no_poll(task, expires);
  if (nfds > 0) {
    const area = find_vma(task.mm, ufds, nfds * POLLFD.size);
    if (area === null) return -EFAULT;
    const count = poll_scan(task, area_view(area), ufds - area.start, nfds, null);
    if (count > 0) return count;
  }
  if (expires !== 0) return poll_sleep(task, ufds, nfds, expires);
  return signal_pending(task) ? -ERESTARTNOHAND : 0;
}

/** Without a handler poll goes on to the same moment. */
function* poll_restartable(task: Task, sleep: Sleep, ufds: number, nfds: number, expires: number): Sleep {
  const ret = yield* sleep;
  if (ret !== -ERESTARTNOHAND) return ret;
  task.restart_block = () => poll_restartable(task, poll_sleep(task, ufds, nfds, expires), ufds, nfds, expires);
  return -ERESTART_RESTARTBLOCK;
}

/**
 * `poll(fds, nfds, timeout)`.
 *
 * @param timeout milliseconds; negative: no limit; 0: do not sleep
 * @returns how many have an answer, 0 when the time is over; -EINVAL (nfds above RLIMIT_NOFILE), -EFAULT, -EINTR
 * Sleeps until one has an answer. poll(2); Linux fs/select.c do_sys_poll.
 */
export function sys_poll(task: Task, ufds: number, nfds_reg: number, timeout: number): Result {
  const ms = timeout | 0;
  const expires = ms > 0 ? ktime_get(task.kernel) + ms * NSEC_PER_MSEC : ms === 0 ? 0 : Infinity;
  const ret = do_sys_poll(task, ufds, nfds_reg, expires);
  return typeof ret === 'number' ? ret : poll_restartable(task, ret, ufds, nfds_reg >>> 0, expires);
}

/**
 * Make `body` under the signal mask at `umask` (null: under the one there is); the old mask comes back when it is done or,
 * after `interrupted`, behind the handlers. -EINVAL (size), -EFAULT. Linux: set_user_sigmask, restore_saved_sigmask_unless.
 */
export function under_user_sigmask(
  task: Task,
  umask: number,
  sigsetsize: number,
  interrupted: number,
  body: () => Result,
): Result {
  if (umask === 0) return body();
  if (size_t(sigsetsize) !== SIGSET_SIZE) return -EINVAL;
  const set = get_sigset(task.mm, umask);
  if (typeof set === 'number') return set;
  set_user_sigmask(task, without_unblockable(set));
  const ret = body();
  if (typeof ret !== 'number') return restore_after(task, ret, interrupted);
  restore_saved_sigmask_unless(task, ret === interrupted);
  return ret;
}

function* restore_after(task: Task, sleep: Sleep, interrupted: number): Sleep {
  const ret = yield* sleep;
  restore_saved_sigmask_unless(task, ret === interrupted);
  return ret;
}

/** The limit of a wait in user memory: nanoseconds, Infinity without one. -EFAULT, -EINVAL. */
export function get_timeout(task: Task, tsp: number): number {
  return tsp === 0 ? Infinity : get_timespec(task.mm, tsp);
}

/**
 * What is left of the time goes back to the program (`put`: -EFAULT if it cannot, which is no error; but a call that would be
 * made again would then have a wrong limit, so it is not). A limit of 0 stays. Linux: poll_select_finish.
 */
export function poll_select_finish(task: Task, ret: Result, ns: number, put: (left: number) => number): Result {
  if (ns === Infinity || ns === 0) return ret;
  const deadline = ktime_get(task.kernel) + ns;
  if (typeof ret !== 'number') return finish_after(task, ret, deadline, put);
  return finish(ret, put(Math.max(deadline - ktime_get(task.kernel), 0)));
}

function finish(ret: number, err: number): number {
  return err < 0 && ret === -ERESTARTNOHAND ? -EINTR : ret;
}

function* finish_after(task: Task, sleep: Sleep, deadline: number, put: (left: number) => number): Sleep {
  const ret = yield* sleep;
  return finish(ret, put(Math.max(deadline - ktime_get(task.kernel), 0)));
}

/** What is left as a timespec at `tsp`. */
export function put_timespec(task: Task, tsp: number, left: number): number {
  const { size, tv_sec, tv_nsec } = layout_x86_64.timespec;
  const area = find_vma(task.mm, tsp, size);
  if (area === null) return -EFAULT;
  put_u64(area.bytes, tsp - area.start + tv_sec, Math.floor(left / NSEC_PER_SEC));
  put_u64(area.bytes, tsp - area.start + tv_nsec, Math.floor(left % NSEC_PER_SEC));
  return 0;
}

/**
 * `ppoll(fds, nfds, timeout, sigmask, sigsetsize)`: poll under another signal mask; the timespec becomes what is left.
 *
 * @returns as poll; before it -EFAULT (timeout), -EINVAL (timeout, size of the mask), -EFAULT (mask)
 * Sleeps until a descriptor is ready. ppoll(2).
 */
export function sys_ppoll(
  task: Task,
  ufds: number,
  nfds: number,
  tsp: number,
  sigmask: number,
  sigsetsize: number,
): Result {
  const ns = get_timeout(task, tsp);
  if (ns < 0) return ns;
  const expires = ns === 0 ? 0 : ktime_get(task.kernel) + ns;
  const ret = under_user_sigmask(task, sigmask, sigsetsize, -ERESTARTNOHAND, () =>
    do_sys_poll(task, ufds, nfds, expires),
  );
  return poll_select_finish(task, ret, ns, (left) => put_timespec(task, tsp, left));
}
