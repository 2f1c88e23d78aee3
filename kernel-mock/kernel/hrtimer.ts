/** Clocks and sleeping on them (kernel/time/hrtimer.c, posix-timers.c, time.c). */
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import type { Mm } from '../include/linux/mm.js';
import { EFAULT, EINVAL, EOPNOTSUPP, ERESTARTNOHAND, ERESTART_RESTARTBLOCK } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
  CLOCK_REALTIME_COARSE,
  CLOCK_SGI_CYCLE,
  CLOCK_TAI,
  CLOCK_THREAD_CPUTIME_ID,
  TIMER_ABSTIME,
} from '../include/uapi/time.js';
import { get_s64, put_u64 } from '../lib/bytes.js';
import { find_vma } from '../mm/mmap.js';
import { get_timespec } from './futex.js';
import { group_cpu_time, task_cpu_time } from './rusage.js';
import { ktime_get, ktime_get_real } from './time.js';
import { finish_wait, schedule_timeout, set_current_state, signal_pending } from './wait.js';

const NSEC_PER_SEC = 1e9;
const NSEC_PER_USEC = 1e3;
/** The coarse clocks tick 250 times a second. */
const COARSE_NS = 4e6;

export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}

const split = (ns: number): Timespec => ({ sec: Math.floor(ns / NSEC_PER_SEC), nsec: ns % NSEC_PER_SEC });

function put_pair(mm: Mm, ptr: number, first: number, second: number): number {
  const area = find_vma(mm, ptr, 16);
  if (area === null) return -EFAULT;
  put_u64(area.bytes, ptr - area.start, first);
  put_u64(area.bytes, ptr - area.start + 8, second);
  return 0;
}

export function put_timespec(mm: Mm, ptr: number, { sec, nsec }: Timespec): number {
  return put_pair(mm, ptr, sec, nsec);
}

interface Clock {
  now(task: Task): Timespec;
  readonly res: number;
  /** Does clock_nanosleep take it? */
  readonly sleeps: boolean;
}

const monotonic = (sleeps: boolean, res = 1): Clock => ({ now: ({ kernel }) => split(ktime_get(kernel)), res, sleeps });
const realtime = (sleeps: boolean, res = 1): Clock => ({ now: ({ kernel }) => ktime_get_real(kernel), res, sleeps });

/** By clock number. DEVIATION: the coarse clocks are as fine as the others; CLOCK_TAI is UTC. */
const clocks: Readonly<Record<number, Clock>> = {
  [CLOCK_REALTIME]: realtime(true),
  [CLOCK_MONOTONIC]: monotonic(true),
  [CLOCK_PROCESS_CPUTIME_ID]: { now: (task) => split(group_cpu_time(task.group)), res: 1, sleeps: false },
  [CLOCK_THREAD_CPUTIME_ID]: { now: (task) => split(task_cpu_time(task)), res: 1, sleeps: false },
  [CLOCK_MONOTONIC_RAW]: monotonic(false),
  [CLOCK_REALTIME_COARSE]: realtime(false, COARSE_NS),
  [CLOCK_MONOTONIC_COARSE]: monotonic(false, COARSE_NS),
  [CLOCK_BOOTTIME]: monotonic(true),
  [CLOCK_REALTIME_ALARM]: realtime(true),
  [CLOCK_BOOTTIME_ALARM]: monotonic(true),
  [CLOCK_TAI]: realtime(true),
};

/** The clock of that number, as far as this release knows it. */
export function find_clock(task: Task, which: number): Clock | undefined {
  const id = which | 0;
  return id > task.kernel.release.max_clock || id === CLOCK_SGI_CYCLE ? undefined : clocks[id];
}

/** Does the clock follow the date, so that setting the date moves it? */
export function is_realtime(which: number): boolean {
  return [CLOCK_REALTIME, CLOCK_REALTIME_ALARM, CLOCK_REALTIME_COARSE, CLOCK_TAI].includes(which | 0);
}

/** When a moment of the date is, on CLOCK_MONOTONIC. */
export function realtime_to_monotonic(task: Task, ns: number): number {
  const { wall_sec, wall_nsec } = task.kernel;
  return ns - wall_sec * NSEC_PER_SEC - wall_nsec;
}

/** `clock_gettime(clock, tp)`: -EINVAL, -EFAULT. clock_gettime(2). */
export function sys_clock_gettime(task: Task, which: number, tp: number): number {
  const clock = find_clock(task, which);
  return clock === undefined ? -EINVAL : put_timespec(task.mm, tp, clock.now(task));
}

/** `clock_getres(clock, res)`: -EINVAL, -EFAULT; a null pointer is no error. */
export function sys_clock_getres(task: Task, which: number, tp: number): number {
  const clock = find_clock(task, which);
  if (clock === undefined) return -EINVAL;
  return tp === 0 ? 0 : put_timespec(task.mm, tp, split(clock.res));
}

function set_wall(task: Task, sec: number, nsec: number): void {
  const { kernel } = task;
  const { wall_sec, wall_nsec } = kernel;
  const now = ktime_get(kernel);
  // The clock shows `sec`.`nsec` now: the rest is what it showed at boot.
  const total = nsec - (now % NSEC_PER_SEC);
  kernel.wall_nsec = total < 0 ? total + NSEC_PER_SEC : total;
  kernel.wall_sec = sec - Math.floor(now / NSEC_PER_SEC) - (total < 0 ? 1 : 0);
  const delta = (kernel.wall_sec - wall_sec) * NSEC_PER_SEC + kernel.wall_nsec - wall_nsec;
  for (const notify of kernel.clock_was_set) notify(delta);
}

/** `clock_settime(clock, tp)`: the date only. -EINVAL, -EFAULT, -EINVAL (no time). DEVIATION: who sleeps till a date is not woken. */
export function sys_clock_settime(task: Task, which: number, tp: number): number {
  if (find_clock(task, which) === undefined || (which | 0) !== CLOCK_REALTIME) return -EINVAL;
  const ns = get_timespec(task.mm, tp);
  if (ns < 0) return ns;
  const { sec, nsec } = read_pair(task.mm, tp)!;
  set_wall(task, sec, nsec);
  return 0;
}

/** Two 64-bit fields, exactly. */
function read_pair(mm: Mm, ptr: number): Timespec | null {
  const area = find_vma(mm, ptr, 16);
  if (area === null) return null;
  return { sec: get_s64(area.bytes, ptr - area.start), nsec: get_s64(area.bytes, ptr - area.start + 8) };
}

/** `gettimeofday(tv, tz)`: -EFAULT. */
export function sys_gettimeofday(task: Task, tv: number, tz: number): number {
  const { sec, nsec } = ktime_get_real(task.kernel);
  if (tv !== 0 && put_pair(task.mm, tv, sec, Math.floor(nsec / NSEC_PER_USEC)) < 0) return -EFAULT;
  // Minutes west of Greenwich, and summer time: none.
  if (tz === 0) return 0;
  const area = find_vma(task.mm, tz, 8);
  if (area === null) return -EFAULT;
  put_u64(area.bytes, tz - area.start, 0);
  return 0;
}

/** `settimeofday(tv, tz)`: -EFAULT, -EINVAL. */
export function sys_settimeofday(task: Task, tv: number): number {
  if (tv === 0) return 0;
  const time = read_pair(task.mm, tv);
  if (time === null) return -EFAULT;
  if (time.sec < 0 || time.nsec < 0 || time.nsec >= 1e6) return -EINVAL;
  set_wall(task, time.sec, time.nsec * NSEC_PER_USEC);
  return 0;
}

/** `time(tloc)`: seconds since 1970. -EFAULT. */
export function sys_time(task: Task, tloc: number): number {
  const { sec } = ktime_get_real(task.kernel);
  if (tloc !== 0) {
    const area = find_vma(task.mm, tloc, layout_x86_64.timespec.tv_nsec);
    if (area === null) return -EFAULT;
    put_u64(area.bytes, tloc - area.start, sec);
  }
  return sec;
}

/** Sleep until `expires` on CLOCK_MONOTONIC. `interrupted`: the value when a signal comes first. */
function* do_nanosleep(task: Task, expires: number, interrupted: () => number): Sleep {
  try {
    for (;;) {
      set_current_state(task, 'time to pass');
      const left = expires - ktime_get(task.kernel);
      if (left <= 0) return 0;
      if (signal_pending(task)) return interrupted();
      yield* schedule_timeout(task, left);
    }
  } finally {
    finish_wait(task);
  }
}

/** A sleep that a signal interrupts tells how much is left, and goes on to the same moment if no handler runs. */
function nanosleep_until(task: Task, expires: number, rmtp: number): Sleep {
  return do_nanosleep(task, expires, () => {
    const left = Math.max(expires - ktime_get(task.kernel), 0);
    if (rmtp !== 0 && put_timespec(task.mm, rmtp, split(left)) < 0) return -EFAULT;
    task.restart_block = () => nanosleep_until(task, expires, rmtp);
    return -ERESTART_RESTARTBLOCK;
  });
}

/** `nanosleep(req, rem)`: -EFAULT, -EINVAL, -EINTR with the rest in `rem`. Sleeps. nanosleep(2). */
export function sys_nanosleep(task: Task, rqtp: number, rmtp: number): Result {
  const ns = get_timespec(task.mm, rqtp);
  return ns < 0 ? ns : nanosleep_until(task, ktime_get(task.kernel) + ns, rmtp);
}

/**
 * `clock_nanosleep(clock, flags, req, rem)`: -EINVAL, -EOPNOTSUPP (clock), -EFAULT, -EINVAL, -EINTR. Sleeps. clock_nanosleep(2).
 *
 * DEVIATION: CLOCK_PROCESS_CPUTIME_ID is -EOPNOTSUPP; Linux sleeps until the other threads have used up that time.
 */
export function sys_clock_nanosleep(task: Task, which: number, flags: number, rqtp: number, rmtp: number): Result {
  const clock = find_clock(task, which);
  if (clock === undefined || (which | 0) === CLOCK_THREAD_CPUTIME_ID) return -EINVAL;
  if (!clock.sleeps) return -EOPNOTSUPP;
  const ns = get_timespec(task.mm, rqtp);
  if (ns < 0) return ns;
  if ((flags & TIMER_ABSTIME) === 0) return nanosleep_until(task, ktime_get(task.kernel) + ns, rmtp);
  const expires = is_realtime(which) ? realtime_to_monotonic(task, ns) : ns;
  return do_nanosleep(task, expires, () => -ERESTARTNOHAND);
}
