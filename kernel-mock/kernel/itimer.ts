/** alarm and interval timers (kernel/time/itimer.c). */
import type { CpuItimer, Task, ThreadGroup } from '../include/linux/sched.js';
import { EFAULT, EINVAL } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { SIGALRM } from '../include/uapi/signal.js';
import { ITIMER_PROF, ITIMER_REAL, ITIMER_VIRTUAL } from '../include/uapi/time.js';
import { get_s64, put_u64 } from '../lib/bytes.js';
import { add_timer, del_timer, timer } from '../lib/timerqueue.js';
import { find_vma } from '../mm/mmap.js';
import { arm_cpu_timers } from './posix-cpu-timers.js';
import { group_cpu_time, user_time } from './rusage.js';
import { kernel_siginfo, send_signal_group } from './signal.js';
import { ktime_get } from './time.js';

const NSEC_PER_SEC = 1e9;
const NSEC_PER_USEC = 1e3;
const { itimerval, timeval } = layout_x86_64;

function it_real_fn(group: ThreadGroup): void {
  const { kernel, real_timer, it_real_incr } = group;
  send_signal_group(group, kernel_siginfo(SIGALRM));
  if (it_real_incr > 0) add_timer(kernel.timers, real_timer!, real_timer!.expires + it_real_incr);
}

/** Nanoseconds until SIGALRM; 0: none comes. */
function it_real_left({ kernel, real_timer }: ThreadGroup): number {
  // A timer that is about to fire is not over yet.
  return real_timer === null || real_timer.index < 0 ? 0 : Math.max(real_timer.expires - ktime_get(kernel), 1000);
}

function set_it_real(group: ThreadGroup, value: number, incr: number): void {
  const { kernel } = group;
  if (group.real_timer !== null) del_timer(kernel.timers, group.real_timer);
  group.it_real_incr = value > 0 ? incr : 0;
  if (value === 0) return;
  group.real_timer ??= timer(() => {
    it_real_fn(group);
  });
  add_timer(kernel.timers, group.real_timer, ktime_get(kernel) + value);
}

/** The timer of that number on processor time, and what that is now. */
function cpu_itimer(group: ThreadGroup, which: number): { it: CpuItimer; now: number } {
  const ns = group_cpu_time(group);
  return which === ITIMER_VIRTUAL ? { it: group.it_virt, now: user_time(ns) } : { it: group.it_prof, now: ns };
}

function set_cpu_itimer(group: ThreadGroup, which: number, value: number, incr: number): void {
  const { it, now } = cpu_itimer(group, which);
  it.expires = value > 0 ? now + value : 0;
  it.incr = incr;
  arm_cpu_timers(group);
}

/** What is left of the timer of that number, and its interval. */
function get_timer(group: ThreadGroup, which: number): { left: number; incr: number } {
  if (which === ITIMER_REAL) return { left: it_real_left(group), incr: group.it_real_incr };
  const { it, now } = cpu_itimer(group, which);
  // A timer that is about to fire is not over yet.
  return { left: it.expires === 0 ? 0 : Math.max(it.expires - now, NSEC_PER_USEC), incr: it.incr };
}

/** A timeval as nanoseconds, or -EINVAL. */
function get_timeval(bytes: Uint8Array, at: number): number {
  const sec = get_s64(bytes, at + timeval.tv_sec);
  const usec = get_s64(bytes, at + timeval.tv_usec);
  return sec < 0 || usec < 0 || usec >= 1e6 ? -EINVAL : sec * NSEC_PER_SEC + usec * NSEC_PER_USEC;
}

function put_timeval(bytes: Uint8Array, at: number, ns: number): void {
  put_u64(bytes, at + timeval.tv_sec, Math.floor(ns / NSEC_PER_SEC));
  put_u64(bytes, at + timeval.tv_usec, Math.floor((ns % NSEC_PER_SEC) / NSEC_PER_USEC));
}

function put_itimerval(task: Task, ptr: number, value: number, incr: number): number {
  const area = find_vma(task.mm, ptr, itimerval.size);
  if (area === null) return -EFAULT;
  put_timeval(area.bytes, ptr - area.start + itimerval.it_value, value);
  put_timeval(area.bytes, ptr - area.start + itimerval.it_interval, incr);
  return 0;
}

/** `getitimer(which, value)`: -EINVAL, -EFAULT. */
export function sys_getitimer(task: Task, which: number, value: number): number {
  const { group } = task;
  if (which >>> 0 > ITIMER_PROF) return -EINVAL;
  const { left, incr } = get_timer(group, which | 0);
  return put_itimerval(task, value, left, incr);
}

/**
 * `setitimer(which, new, old)`: SIGALRM after a time, and again after each interval; ITIMER_VIRTUAL, ITIMER_PROF: SIGVTALRM, SIGPROF
 * after so much processor time. -EFAULT, -EINVAL, -EFAULT (old). setitimer(2).
 */
export function sys_setitimer(task: Task, which: number, value: number, ovalue: number): number {
  const { group } = task;
  let ns = 0;
  let incr = 0;
  if (value !== 0) {
    const area = find_vma(task.mm, value, itimerval.size);
    if (area === null) return -EFAULT;
    ns = get_timeval(area.bytes, value - area.start + itimerval.it_value);
    incr = get_timeval(area.bytes, value - area.start + itimerval.it_interval);
    if (ns < 0 || incr < 0) return -EINVAL;
  }
  if (which >>> 0 > ITIMER_PROF) return -EINVAL;
  const old = get_timer(group, which | 0);
  if ((which | 0) === ITIMER_REAL) set_it_real(group, ns, incr);
  else set_cpu_itimer(group, which | 0, ns, incr);
  return ovalue === 0 ? 0 : put_itimerval(task, ovalue, old.left, old.incr);
}

/** `alarm(seconds)`: SIGALRM after that time; 0: not. Answers with the seconds that were left of the one before, rounded. alarm(2). */
export function sys_alarm(task: Task, seconds: number): number {
  const { group } = task;
  const left = it_real_left(group);
  set_it_real(group, (seconds >>> 0) * NSEC_PER_SEC, 0);
  return left === 0 ? 0 : Math.max(Math.round(left / NSEC_PER_SEC), 1);
}
