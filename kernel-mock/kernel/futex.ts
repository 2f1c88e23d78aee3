/** Futexes: wait and wake (kernel/futex/). Addresses are private to an address space. */
import type { Sleep, Task, Result } from '../include/linux/sched.js';
import { EAGAIN, EFAULT, EINVAL, ENOSYS, ERESTARTSYS, ETIMEDOUT } from '../include/uapi/errno.js';
import { FUTEX_PRIVATE_FLAG, FUTEX_WAIT, FUTEX_WAKE } from '../include/uapi/futex.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import type { Mm } from '../include/linux/mm.js';
import { get_s64 } from '../lib/bytes.js';
import { find_vma } from '../mm/mmap.js';
import { get_user_u32 } from '../mm/uaccess.js';
import { wake_up_process } from './sched.js';
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

function* futex_wait(task: Task, uaddr: number, ns: number): Sleep {
  const { mm } = task;
  mm.futexes ??= new Map();
  let q = mm.futexes.get(uaddr);
  if (q === undefined) mm.futexes.set(uaddr, (q = wait_queue_head()));
  let left = ns;
  try {
    prepare_to_wait(q, task, true, `a futex at 0x${uaddr.toString(16)}`);
    for (;;) {
      left = yield* schedule_timeout(task, left);
      if (task.wait.queue === null) return 0;
      if (left === 0) return -ETIMEDOUT;
      if (signal_pending(task)) return -ERESTARTSYS;
      prepare_to_wait(q, task, true, task.wchan);
    }
  } finally {
    finish_wait(task);
    // Another queue may stand there by now: this one was empty, and gone, before its last sleeper woke.
    if (q.first === null && mm.futexes.get(uaddr) === q) mm.futexes.delete(uaddr);
  }
}

/**
 * `futex(uaddr, op, val, timeout, uaddr2, val3)`: FUTEX_WAIT (sleeps while the word is `val`; timeout relative) and FUTEX_WAKE.
 *
 * @returns 0 or the number woken; -EFAULT or -EINVAL (timeout), -ENOSYS (operation), -EINVAL (uaddr not aligned), -EFAULT,
 *          -EAGAIN (the word is not `val`), -ETIMEDOUT, -EINTR. futex(2); Linux kernel/futex/syscalls.c.
 */
export function sys_futex(task: Task, uaddr: number, op: number, val: number, timeout: number): Result {
  // FUTEX_CLOCK_REALTIME is for neither of the two, and makes another operation of them.
  const cmd = op & ~FUTEX_PRIVATE_FLAG;
  let ns = Infinity;
  if (cmd === FUTEX_WAIT && timeout !== 0) {
    ns = get_timespec(task.mm, timeout);
    if (ns < 0) return ns;
  }
  if (cmd !== FUTEX_WAIT && cmd !== FUTEX_WAKE) return -ENOSYS;
  if (uaddr % 4 !== 0) return -EINVAL;
  const word = get_user_u32(task.mm, uaddr);
  // A private futex is a number of its address space: to wake its sleepers nothing has to be there.
  if (word < 0 && !(cmd === FUTEX_WAKE && (op & FUTEX_PRIVATE_FLAG) !== 0)) return -EFAULT;
  if (cmd === FUTEX_WAKE) return futex_wake(task.mm, uaddr, Math.max(val | 0, 1));
  if (word !== val >>> 0) return -EAGAIN;
  return futex_wait(task, uaddr, ns);
}
