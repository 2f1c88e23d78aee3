/** timer_create and its like (kernel/time/posix-timers.c). */
import type { SigInfo, SigPending, PosixTimer as TimerHandle, Task, ThreadGroup } from '../include/linux/sched.js';
import { EFAULT, EINVAL, EOPNOTSUPP } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { SIGALRM, SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_THREAD_ID, SI_TIMER } from '../include/uapi/signal.js';
import { TIMER_ABSTIME } from '../include/uapi/time.js';
import { get_s32, get_s64, put_u64 } from '../lib/bytes.js';
import { type Timer, add_timer, del_timer, timer } from '../lib/timerqueue.js';
import { find_vma } from '../mm/mmap.js';
import { copy_from_user, copy_to_user, put_user_u32 } from '../mm/uaccess.js';
import { find_clock, is_realtime, realtime_to_monotonic } from './hrtimer.js';
import { recalc_sigpending, send_signal_group, send_signal_task, sig_handler_ignored } from './signal.js';
import { NSIG, sigdelset } from './sigset.js';
import { ktime_get } from './time.js';

const { itimerspec, sigevent, timespec } = layout_x86_64;
const NSEC_PER_SEC = 1e9;

interface Sigevent {
  readonly notify: number;
  readonly signo: number;
  readonly value: number;
  /** SIGEV_THREAD_ID: the thread that gets the signal; null: the process. */
  readonly target: Task | null;
}

/** Linux: struct k_itimer. */
interface PosixTimer extends Sigevent, TimerHandle {
  readonly group: ThreadGroup;
  readonly clockid: number;
  readonly timer: Timer;
  /** When it expires next, or has expired last, on CLOCK_MONOTONIC; 0: not set. */
  expires: number;
  /** Nanoseconds between expirations; 0: once. */
  interval: number;
  /** Its signal waits to be taken: until then it is not set anew, and expirations are counted. */
  queued: boolean;
  /** Expirations beyond the first that the last signal stands for. */
  overrun: number;
  /** Told when the date is set; null: it does not go by the date. */
  date: ((delta: number) => void) | null;
}

/** Where its signal waits. */
function pending_of({ target, group }: PosixTimer): SigPending {
  return target === null ? group.pending : target.pending;
}

/** The signal is taken: the timer goes on, and the signal says what it stands for. Linux: posixtimer_rearm. */
function rearm(t: PosixTimer, info: SigInfo): SigInfo {
  const { kernel } = t.group;
  t.queued = false;
  t.overrun = 0;
  if (t.interval === 0) t.expires = 0;
  else {
    t.overrun = Math.max(Math.floor((ktime_get(kernel) - t.expires) / t.interval), 0);
    t.expires += (t.overrun + 1) * t.interval;
    add_timer(kernel.timers, t.timer, t.expires);
  }
  return { ...info, si_uid: t.overrun };
}

/** Linux: posix_timer_fn. A signal that is ignored is not sent, and the timer goes on. */
function expired(t: PosixTimer): void {
  const { group, signo, target } = t;
  if (sig_handler_ignored(group, signo)) {
    t.expires += t.interval;
    if (t.interval > 0) add_timer(group.kernel.timers, t.timer, t.expires);
    return;
  }
  const { id, value } = t;
  const info: SigInfo = {
    si_signo: signo,
    si_code: SI_TIMER,
    si_pid: id,
    si_uid: 0,
    si_status: 0,
    si_value: value,
    rearm: () => rearm(t, info),
  };
  t.queued = true;
  if (target === null) send_signal_group(group, info);
  else send_signal_task(target, info);
}

/** Its signal is not wanted any more. */
function drop_signal(t: PosixTimer): void {
  if (!t.queued) return;
  t.queued = false;
  const pending = pending_of(t);
  pending.queue = pending.queue.filter((i) => i.rearm === undefined || i.si_pid !== t.id);
  if (!pending.queue.some((i) => i.si_signo === t.signo)) sigdelset(pending.set, t.signo);
  for (const task of t.group.threads) recalc_sigpending(task);
}

function stop(t: PosixTimer): void {
  const { kernel } = t.group;
  del_timer(kernel.timers, t.timer);
  drop_signal(t);
  if (t.date !== null) kernel.clock_was_set.delete(t.date);
  t.date = null;
  t.expires = 0;
  t.overrun = 0;
}

/** The process ends, or runs another program. Linux: exit_itimers. */
export function exit_itimers(group: ThreadGroup): void {
  if (group.posix_timers === null) return;
  for (const t of group.posix_timers.values()) stop(t as PosixTimer);
  group.posix_timers = null;
}

/** A struct sigevent; null: the default, which carries the number of the timer. -EFAULT, -EINVAL. Linux: good_sigevent. */
function get_sigevent(task: Task, ptr: number): Sigevent | null | number {
  if (ptr === 0) return null;
  const raw = new Uint8Array(sigevent.size);
  if (copy_from_user(task.mm, raw, 0, ptr, raw.length) < 0) return -EFAULT;
  const notify = get_s32(raw, sigevent.sigev_notify);
  const signo = get_s32(raw, sigevent.sigev_signo);
  const value = get_s64(raw, sigevent.sigev_value);
  if (notify === SIGEV_NONE) return { notify, signo, value, target: null };
  if (![SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_THREAD_ID].includes(notify) || signo < 1 || signo > NSIG) return -EINVAL;
  if (notify !== SIGEV_THREAD_ID) return { notify, signo, value, target: null };
  const target = task.kernel.tasks.get(get_s32(raw, sigevent.sigev_notify_thread_id));
  return target?.group === task.group ? { notify, signo, value, target } : -EINVAL;
}

/**
 * `timer_create(clock, sevp, &timerid)`: a timer, not set, that sends a signal.
 *
 * @returns 0; -EFAULT (sevp), -EINVAL (clock), -EOPNOTSUPP (a clock without timers), -EINVAL (sevp), -EFAULT (timerid).
 *          timer_create(2).
 *
 * DEVIATION: the clocks of processor time have no timers here.
 */
export function sys_timer_create(task: Task, which: number, sevp: number, timerid: number): number {
  const clock = find_clock(task, which);
  const event = get_sigevent(task, sevp);
  if (event === -EFAULT) return event;
  if (clock === undefined) return -EINVAL;
  if (!clock.sleeps) return -EOPNOTSUPP;
  if (typeof event === 'number') return event;
  const { group } = task;
  const id = group.next_timer_id;
  if (put_user_u32(task.mm, timerid, id) < 0) return -EFAULT;
  group.next_timer_id++;
  const t: PosixTimer = {
    ...(event ?? { notify: SIGEV_SIGNAL, signo: SIGALRM, value: id, target: null }),
    id,
    group,
    clockid: which | 0,
    timer: timer(() => {
      expired(t);
    }),
    expires: 0,
    interval: 0,
    queued: false,
    overrun: 0,
    date: null,
  };
  (group.posix_timers ??= new Map()).set(id, t);
  return 0;
}

function find_timer(task: Task, id: number): PosixTimer | undefined {
  return task.group.posix_timers?.get(id | 0) as PosixTimer | undefined;
}

/** What is left until it expires, and its interval. Linux: common_timer_get. */
function left_of(t: PosixTimer): { left: number; interval: number } {
  const { expires, interval } = t;
  const now = ktime_get(t.group.kernel);
  if (expires === 0) return { left: 0, interval };
  if (expires > now) return { left: expires - now, interval };
  // Between its signal and the one who takes it.
  return { left: interval === 0 ? 0 : interval - ((now - expires) % interval), interval };
}

function put_itimerspec(task: Task, ptr: number, { left, interval }: { left: number; interval: number }): number {
  const raw = new Uint8Array(itimerspec.size);
  for (const [at, ns] of [
    [itimerspec.it_value, left],
    [itimerspec.it_interval, interval],
  ] as const) {
    put_u64(raw, at + timespec.tv_sec, Math.floor(ns / NSEC_PER_SEC));
    put_u64(raw, at + timespec.tv_nsec, ns % NSEC_PER_SEC);
  }
  return copy_to_user(task.mm, ptr, raw, 0, raw.length);
}

/** A timespec as nanoseconds, or -EINVAL. */
function get_ns(raw: Uint8Array, at: number): number {
  const sec = get_s64(raw, at + timespec.tv_sec);
  const nsec = get_s64(raw, at + timespec.tv_nsec);
  return sec < 0 || nsec < 0 || nsec >= NSEC_PER_SEC ? -EINVAL : sec * NSEC_PER_SEC + nsec;
}

/** The date was set: a moment of it is nearer or farther. */
function date_was_set(t: PosixTimer, delta: number): void {
  if (t.timer.index < 0) return;
  t.expires -= delta;
  add_timer(t.group.kernel.timers, t.timer, t.expires);
}

/** Linux: common_timer_set. */
function set(task: Task, t: PosixTimer, absolute: boolean, value: number, interval: number): void {
  const { kernel } = task;
  stop(t);
  t.interval = interval;
  if (value === 0) return;
  const by_date = absolute && is_realtime(t.clockid);
  if (!absolute) t.expires = ktime_get(kernel) + value;
  else t.expires = Math.max(by_date ? realtime_to_monotonic(task, value) : value, 1);
  if (by_date) kernel.clock_was_set.add((t.date = (delta) => date_was_set(t, delta)));
  if (t.notify !== SIGEV_NONE) add_timer(kernel.timers, t.timer, t.expires);
}

/** `timer_settime(timerid, flags, new, old)`. -EINVAL (new is null), -EFAULT, -EINVAL (a time that is none, no timer), -EFAULT (old). timer_settime(2). */
export function sys_timer_settime(task: Task, id: number, flags: number, new_value: number, old_value: number): number {
  if (new_value === 0) return -EINVAL;
  const area = find_vma(task.mm, new_value, itimerspec.size);
  if (area === null) return -EFAULT;
  const value = get_ns(area.bytes, new_value - area.start + itimerspec.it_value);
  const interval = get_ns(area.bytes, new_value - area.start + itimerspec.it_interval);
  const t = find_timer(task, id);
  if (value < 0 || interval < 0 || t === undefined) return -EINVAL;
  const old = left_of(t);
  set(task, t, (flags & TIMER_ABSTIME) !== 0, value, interval);
  return old_value === 0 ? 0 : put_itimerspec(task, old_value, old);
}

/** `timer_gettime(timerid, value)`. -EINVAL, -EFAULT. timer_settime(2). */
export function sys_timer_gettime(task: Task, id: number, value: number): number {
  const t = find_timer(task, id);
  return t === undefined ? -EINVAL : put_itimerspec(task, value, left_of(t));
}

/** `timer_getoverrun(timerid)`: expirations beyond the one that its last signal tells of. -EINVAL. timer_getoverrun(2). */
export function sys_timer_getoverrun(task: Task, id: number): number {
  return find_timer(task, id)?.overrun ?? -EINVAL;
}

/** `timer_delete(timerid)`. -EINVAL. timer_delete(2). */
export function sys_timer_delete(task: Task, id: number): number {
  const t = find_timer(task, id);
  if (t === undefined) return -EINVAL;
  stop(t);
  task.group.posix_timers!.delete(t.id);
  return 0;
}
