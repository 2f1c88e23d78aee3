/** timerfd (fs/timerfd.c), as far as a kernel without timerfd_create needs it: its numbers belong to these calls since 2.6.25. */
import type { Mm } from '../include/linux/mm.js';
import type { Task } from '../include/linux/sched.js';
import { EBADF, EFAULT, EINVAL } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET } from '../include/uapi/timerfd.js';
import { get_s64 } from '../lib/bytes.js';
import { find_vma } from '../mm/mmap.js';
import { fget } from './file.js';

const { itimerspec, timespec } = layout_x86_64;

/** 0, -EFAULT, or -EINVAL for a time that is none. */
function check_itimerspec(mm: Mm, ptr: number): number {
  const area = find_vma(mm, ptr, itimerspec.size);
  if (area === null) return -EFAULT;
  const at = ptr - area.start;
  for (const o of [itimerspec.it_interval, itimerspec.it_value]) {
    const sec = get_s64(area.bytes, at + o + timespec.tv_sec);
    const nsec = get_s64(area.bytes, at + o + timespec.tv_nsec);
    if (sec < 0 || nsec < 0 || nsec >= 1e9) return -EINVAL;
  }
  return 0;
}

/**
 * `timerfd_settime(fd, flags, new, old)`: -EFAULT (new), -EINVAL (a flag that is none, a time that is none), -EBADF,
 * -EINVAL (no timer). timerfd_create(2); Linux fs/timerfd.c.
 *
 * DEVIATION: no descriptor of this kernel is a timer yet, so that every call ends in one of these errors.
 */
export function sys_timerfd_settime(task: Task, ufd: number, flags: number, utmr: number): number {
  const err = check_itimerspec(task.mm, utmr);
  if (err === -EFAULT) return err;
  if (err < 0 || (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) !== 0) return -EINVAL;
  return fget(task, ufd) === null ? -EBADF : -EINVAL;
}
