/** select: descriptors as bit sets (fs/select.c core_sys_select). */
import type { OpenFile } from '../include/linux/fs.js';
import { type Result, type Sleep, TASK_RUNNING, type Task } from '../include/linux/sched.js';
import { EBADF, EFAULT, EINVAL, ERESTARTNOHAND } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from '../include/uapi/poll.js';
import { get_s64, get_u64, put_u64 } from '../lib/bytes.js';
import { schedule_timeout, set_current_state, signal_pending } from '../kernel/wait.js';
import { find_vma } from '../mm/mmap.js';
import { copy_from_user, copy_to_user } from '../mm/uaccess.js';
import { fget, fget_raw, get_file, max_fds } from './file.js';
import {
  type PollWqueues,
  get_timeout,
  poll_freewait,
  poll_initwait,
  poll_select_finish,
  put_timespec,
  under_user_sigmask,
  vfs_poll,
} from './select.js';

/** What counts as readable, writable, exceptional. */
const POLLIN_SET = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR | POLLNVAL;
const POLLOUT_SET = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR | POLLNVAL;
const POLLEX_SET = POLLPRI | POLLNVAL;
const SETS = [POLLIN_SET, POLLOUT_SET, POLLEX_SET] as const;

/** The three sets, asked for and found; whole longs, as the kernel copies them. */
interface FdSets {
  readonly n: number;
  readonly asked: readonly (Uint8Array | null)[];
  readonly found: readonly (Uint8Array | null)[];
}

const has = (set: Uint8Array | null, fd: number): boolean => set !== null && (set[fd >> 3]! & (1 << (fd & 7))) !== 0;

/** The sets from user memory: -EFAULT. */
function get_fd_sets(task: Task, n: number, ptrs: readonly number[]): FdSets | number {
  const size = Math.ceil(n / 64) * 8;
  const asked: (Uint8Array | null)[] = [];
  for (const ptr of ptrs) {
    const set = ptr === 0 ? null : new Uint8Array(size);
    if (set !== null && copy_from_user(task.mm, set, 0, ptr, size) < 0) return -EFAULT;
    asked.push(set);
  }
  return { n, asked, found: asked.map((set) => (set === null ? null : new Uint8Array(size))) };
}

/** The bits of `fd` that are asked for: 1, 2, 4 for the three sets. */
function wanted(asked: FdSets['asked'], fd: number): number {
  return (has(asked[0]!, fd) ? 1 : 0) | (has(asked[1]!, fd) ? 2 : 0) | (has(asked[2]!, fd) ? 4 : 0);
}

/** The next descriptor from `fd` on that is asked for, or `n`. Empty bytes are passed over whole. */
function next_asked({ n, asked }: FdSets, from: number): number {
  for (let fd = from; fd < n;) {
    const i = fd >> 3;
    if ((fd & 7) === 0 && !asked[0]?.[i] && !asked[1]?.[i] && !asked[2]?.[i]) fd += 8;
    else if (wanted(asked, fd) !== 0) return fd;
    else fd++;
  }
  return n;
}

/** -EBADF: one that is asked for is not open; one of O_PATH is, and then nothing that can be polled. Linux: max_select_fd. */
function check_open(task: Task, sets: FdSets): number {
  for (let fd = next_asked(sets, 0); fd < sets.n; fd = next_asked(sets, fd + 1))
    if (fget_raw(task, fd) === null) return -EBADF;
  return 0;
}

/** What holds of `fd`: one that was closed meanwhile is ready for everything, once for nothing. */
function poll_one(task: Task, fd: number, table: PollWqueues | null): number {
  const file: OpenFile | null = fget(task, fd);
  if (file === null) return task.kernel.release.select_nval ? POLLNVAL : 0;
  if (table !== null) table.files.push(get_file(file));
  return vfs_poll(file, table);
}

/** Look at every descriptor that is asked for: how many bits were found. */
function select_scan(task: Task, sets: FdSets, table: PollWqueues | null): number {
  const { n, asked, found } = sets;
  let count = 0;
  for (let fd = next_asked(sets, 0); fd < n; fd = next_asked(sets, fd + 1)) {
    const bits = wanted(asked, fd);
    const mask = poll_one(task, fd, table);
    for (let i = 0; i < SETS.length; i++) {
      if ((bits & (1 << i)) === 0 || (mask & SETS[i]!) === 0) continue;
      found[i]![fd >> 3]! |= 1 << (fd & 7);
      count++;
    }
  }
  return count;
}

function put_fd_sets(task: Task, { found }: FdSets, ptrs: readonly number[], count: number): number {
  for (const [i, set] of found.entries())
    if (set !== null && copy_to_user(task.mm, ptrs[i]!, set, 0, set.length) < 0) return -EFAULT;
  return count;
}

function* select_sleep(task: Task, sets: FdSets, ns: number): Sleep {
  const table = poll_initwait(task);
  let left = ns;
  try {
    for (let pt: PollWqueues | null = table; ; pt = null) {
      set_current_state(task, `one of the descriptors below ${sets.n}`);
      const count = select_scan(task, sets, pt);
      if (count !== 0) return count;
      if (signal_pending(task)) return -ERESTARTNOHAND;
      if (left === 0) return 0;
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    task.state = TASK_RUNNING;
    poll_freewait(table);
  }
}

function* then_put(task: Task, sleep: Sleep, sets: FdSets, ptrs: readonly number[]): Sleep {
  const count = yield* sleep;
  return count < 0 ? count : put_fd_sets(task, sets, ptrs, count);
}

/** The body of select and pselect. `ns`: Infinity for no limit. */
export function core_sys_select(task: Task, n_reg: number, ptrs: readonly number[], ns: number): Result {
  if ((n_reg | 0) < 0) return -EINVAL;
  // Bits of descriptors that the table cannot hold are not looked at.
  const n = Math.min(n_reg | 0, max_fds(task.files));
  const sets = get_fd_sets(task, n, ptrs);
  if (typeof sets === 'number') return sets;
  const err = check_open(task, sets);
  if (err < 0) return err;
  const count = select_scan(task, sets, null);
  if (count === 0 && ns === 0 && signal_pending(task)) return -ERESTARTNOHAND;
  if (count > 0 || ns === 0) return put_fd_sets(task, sets, ptrs, count);
  return then_put(task, select_sleep(task, sets, ns), sets, ptrs);
}

const { timeval, sigset_argpack } = layout_x86_64;

/** What is left as a timeval at `tvp`. */
function put_timeval(task: Task, tvp: number, left: number): number {
  const area = find_vma(task.mm, tvp, timeval.size);
  if (area === null) return -EFAULT;
  put_u64(area.bytes, tvp - area.start + timeval.tv_sec, Math.floor(left / 1e9));
  put_u64(area.bytes, tvp - area.start + timeval.tv_usec, Math.floor((left % 1e9) / 1e3));
  return 0;
}

/**
 * `select(n, in, out, ex, timeout)`: timeout a timeval that becomes what is left; null: no limit.
 *
 * @returns how many bits are set in the answer; -EFAULT (timeout), -EINVAL (timeout, n), -EFAULT (sets), -EBADF, -EINTR
 * Sleeps until a descriptor is ready. select(2).
 */
export function sys_select(task: Task, n: number, inp: number, outp: number, exp: number, tvp: number): Result {
  let ns = Infinity;
  if (tvp !== 0) {
    const area = find_vma(task.mm, tvp, timeval.size);
    if (area === null) return -EFAULT;
    const sec = get_s64(area.bytes, tvp - area.start + timeval.tv_sec);
    const usec = get_s64(area.bytes, tvp - area.start + timeval.tv_usec);
    ns = sec * 1e9 + usec * 1e3;
    if (sec < 0 || usec < 0) return -EINVAL;
  }
  const ret = core_sys_select(task, n, [inp, outp, exp], ns);
  return poll_select_finish(task, ret, ns, (left) => put_timeval(task, tvp, left));
}

/**
 * `pselect6(n, in, out, ex, timeout, sig)`: select under another signal mask; timeout a timespec that becomes what is left, `sig`
 * points at the mask's address and size.
 *
 * @returns as select; -EFAULT (sig, timeout), -EINVAL (timeout, size of the mask), -EFAULT (mask)
 * Sleeps until a descriptor is ready. select(2).
 */
export function sys_pselect6(
  task: Task,
  n: number,
  inp: number,
  outp: number,
  exp: number,
  tsp: number,
  sig: number,
): Result {
  let sigmask = 0;
  let sigsetsize = 0;
  if (sig !== 0) {
    const area = find_vma(task.mm, sig, sigset_argpack.size);
    if (area === null) return -EFAULT;
    sigmask = get_u64(area.bytes, sig - area.start + sigset_argpack.p);
    sigsetsize = get_u64(area.bytes, sig - area.start + sigset_argpack.sigsetsize);
  }
  const ns = get_timeout(task, tsp);
  if (ns < 0) return ns;
  const ret = under_user_sigmask(task, sigmask, sigsetsize, -ERESTARTNOHAND, () =>
    core_sys_select(task, n, [inp, outp, exp], ns),
  );
  return poll_select_finish(task, ret, ns, (left) => put_timespec(task, tsp, left));
}
