/** Futexes: wait and wake (kernel/futex/). Addresses are private to an address space. */
import type { Sleep, Task, Result } from '../include/linux/sched.js';
import {
  EAGAIN,
  EFAULT,
  EINVAL,
  ENOSYS,
  ERESTARTSYS,
  ERESTART_RESTARTBLOCK,
  ETIMEDOUT,
} from '../include/uapi/errno.js';
import {
  FUTEX_CLOCK_REALTIME,
  FUTEX_CMD_MASK,
  FUTEX_PRIVATE_FLAG,
  FUTEX_WAIT,
  FUTEX_WAIT_BITSET,
  FUTEX_WAKE,
  FUTEX_WAKE_BITSET,
} from '../include/uapi/futex.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import type { Mm } from '../include/linux/mm.js';
import { get_s64 } from '../lib/bytes.js';
import { find_vma } from '../mm/mmap.js';
import { get_user_u32 } from '../mm/uaccess.js';
import { wake_up_process } from './sched.js';
import { ktime_get } from './time.js';
import {
  finish_wait,
  prepare_to_wait,
  remove_wait_queue,
  schedule_timeout,
  signal_pending,
  wait_queue_head,
} from './wait.js';

const NSEC_PER_SEC = 1e9;

/** A timespec in user memory as nanoseconds, or -EFAULT, -EINVAL (negative, or a billion nanoseconds and more). */
export function get_timespec(mm: Mm, ptr: number): number {
  const { size, tv_sec, tv_nsec } = layout_x86_64.timespec;
  const area = find_vma(mm, ptr, size);
  if (area === null) return -EFAULT;
  const at = ptr - area.start;
  const sec = get_s64(area.bytes, at + tv_sec);
  const nsec = get_s64(area.bytes, at + tv_nsec);
  if (sec < 0 || nsec < 0 || nsec >= NSEC_PER_SEC) return -EINVAL;
  return sec * NSEC_PER_SEC + nsec;
}

/** Wake up to `nr` sleepers on the word at `uaddr`; answers how many. */
export function futex_wake(mm: Mm, uaddr: number, nr: number): number {
  const q = mm.futexes?.get(uaddr);
  if (q === undefined) return 0;
  let woken = 0;
  for (let entry = q.first; entry !== null && woken < nr; entry = q.first) {
    // A woken sleeper leaves its queue at once: that is how it knows that it was woken.
    remove_wait_queue(entry);
    if (entry.task !== null) wake_up_process(entry.task);
    woken++;
  }
  return woken;
}

function* futex_wait(task: Task, uaddr: number, expires: number): Sleep {
  const { mm, kernel } = task;
  mm.futexes ??= new Map();
  let q = mm.futexes.get(uaddr);
  if (q === undefined) mm.futexes.set(uaddr, (q = wait_queue_head()));
  try {
    prepare_to_wait(q, task, true, `a futex at 0x${uaddr.toString(16)}`);
    for (;;) {
      const left = expires === Infinity ? expires : Math.max(expires - ktime_get(kernel), 0);
      if (left === 0) return -ETIMEDOUT;
      if (signal_pending(task)) return interrupted(task, uaddr, expires);
      yield* schedule_timeout(task, left);
      if (task.wait.queue === null) return 0;
      prepare_to_wait(q, task, true, task.wchan);
    }
  } finally {
    finish_wait(task);
    // Another queue may stand there by now: this one was empty, and gone, before its last sleeper woke.
    if (q.first === null && mm.futexes.get(uaddr) === q) mm.futexes.delete(uaddr);
  }
}

/** A wait without a limit is made again from its registers; one with a limit goes on to the same moment. */
function interrupted(task: Task, uaddr: number, expires: number): number {
  if (expires === Infinity) return -ERESTARTSYS;
  const { a3 } = task;
  task.restart_block = () => wait_if_equal(task, uaddr, a3, expires);
  return -ERESTART_RESTARTBLOCK;
}

function wait_if_equal(task: Task, uaddr: number, val: number, expires: number): Result {
  const word = get_user_u32(task.mm, uaddr);
  if (word < 0) return -EFAULT;
  return word === val >>> 0 ? futex_wait(task, uaddr, expires) : -EAGAIN;
}

/** When a wait ends, on CLOCK_MONOTONIC: FUTEX_WAIT has a duration, FUTEX_WAIT_BITSET a moment. -EFAULT, -EINVAL. */
function get_expires(task: Task, op: number, timeout: number): number {
  if (timeout === 0) return Infinity;
  const ns = get_timespec(task.mm, timeout);
  if (ns < 0) return ns;
  const { kernel } = task;
  if ((op & FUTEX_CMD_MASK) === FUTEX_WAIT) return ktime_get(kernel) + ns;
  if ((op & FUTEX_CLOCK_REALTIME) === 0) return ns;
  return Math.max(ns - kernel.wall_sec * NSEC_PER_SEC - kernel.wall_nsec, 0);
}

/** The operations of this release. Linux: futex_cmd_has_timeout and the switch of do_futex. */
function known_op(task: Task, op: number): boolean {
  const { release } = task.kernel;
  const cmd = op & FUTEX_CMD_MASK;
  if ((op & FUTEX_CLOCK_REALTIME) !== 0 && (cmd !== FUTEX_WAIT_BITSET || !release.futex_clock_realtime)) return false;
  if (cmd === FUTEX_WAIT_BITSET || cmd === FUTEX_WAKE_BITSET) return release.futex_bitset;
  return cmd === FUTEX_WAIT || cmd === FUTEX_WAKE;
}

/**
 * `futex(uaddr, op, val, timeout, uaddr2, val3)`: FUTEX_WAIT (sleeps while the word is `val`; `timeout` is a duration),
 * FUTEX_WAIT_BITSET (`timeout` is a moment), FUTEX_WAKE, FUTEX_WAKE_BITSET.
 *
 * @returns 0 or the number woken; -EFAULT or -EINVAL (timeout), -ENOSYS (operation), -EINVAL (uaddr not aligned, no bits), -EFAULT,
 *          -EAGAIN (the word is not `val`), -ETIMEDOUT, -EINTR. futex(2); Linux kernel/futex/syscalls.c.
 *
 * DEVIATION: every bit set matches every other.
 */
export function sys_futex(
  task: Task,
  uaddr: number,
  op: number,
  val: number,
  timeout: number,
  _uaddr2: number,
  val3: number,
): Result {
  const cmd = op & FUTEX_CMD_MASK;
  const waits = cmd === FUTEX_WAIT || cmd === FUTEX_WAIT_BITSET;
  const expires = waits ? get_expires(task, op, timeout) : Infinity;
  if (expires < 0) return expires;
  if (!known_op(task, op)) return -ENOSYS;
  if ((cmd === FUTEX_WAIT_BITSET || cmd === FUTEX_WAKE_BITSET) && (val3 | 0) === 0) return -EINVAL;
  if (uaddr % 4 !== 0) return -EINVAL;
  if (waits) return wait_if_equal(task, uaddr, val, expires);
  // A private futex is a number of its address space: to wake its sleepers nothing has to be there.
  if ((op & FUTEX_PRIVATE_FLAG) === 0 && get_user_u32(task.mm, uaddr) < 0) return -EFAULT;
  return futex_wake(task.mm, uaddr, Math.max(val | 0, 1));
}
