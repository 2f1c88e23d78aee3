/** timerfd: timers that are read (fs/timerfd.c). */
import { should_fail } from '../include/linux/inject.js';
import type { FileOperations, OpenFile } from '../include/linux/fs.js';
import type { Kernel } from '../include/linux/kernel.js';
import type { IovIter, Mm } from '../include/linux/mm.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import type { PollTable, WaitQueueHead } from '../include/linux/wait.js';
import { ENOMEM, EAGAIN, EBADF, ECANCELED, EFAULT, EINVAL, ENOTTY, EPERM, ERESTARTSYS } from '../include/uapi/errno.js';
import { O_NONBLOCK } from '../include/uapi/fcntl.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { POLLIN } from '../include/uapi/poll.js';
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
} from '../include/uapi/time.js';
import { TFD_IOC_SET_TICKS, TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET } from '../include/uapi/timerfd.js';
import { get_s64, put_u64 } from '../lib/bytes.js';
import { type Timer, add_timer, del_timer, timer } from '../lib/timerqueue.js';
import { indirect_file_flags } from '../kernel/indirect.js';
import { is_realtime } from '../kernel/hrtimer.js';
import { ktime_get } from '../kernel/time.js';
import { finish_wait, prepare_to_wait, signal_pending, wait_queue_head, wake_up } from '../kernel/wait.js';
import { copy_to_iter, fault_in_some } from '../mm/iov_iter.js';
import { find_vma } from '../mm/mmap.js';
import { copy_to_user, get_user_u64 } from '../mm/uaccess.js';
import { anon_inode_getfd } from './anon_inodes.js';
import { noop_llseek } from './read_write.js';
import { fget } from './file.js';

const { itimerspec, timespec } = layout_x86_64;
const NSEC_PER_SEC = 1e9;

interface TimerfdCtx {
  readonly kernel: Kernel;
  readonly clockid: number;
  readonly timer: Timer;
  /** Nanoseconds between expirations; 0: once. */
  interval: number;
  /** Expirations that were not read. */
  ticks: number;
  /** It fired, and nobody has looked since. */
  expired: boolean;
  readonly wqh: WaitQueueHead;
  /** It goes by the date: told when that is set. Null: it does not. */
  date: ((delta: number) => void) | null;
  /** TFD_TIMER_CANCEL_ON_SET; and the date was set since. Linux: might_cancel, timerfd_canceled. */
  might_cancel: boolean;
  canceled: boolean;
  /** Of the last timerfd_settime, for /proc. */
  settime_flags: number;
}

function ctx_of(file: OpenFile): TimerfdCtx {
  return file.private_data as TimerfdCtx;
}

/**
 * The timer fired: count, and wake. ABI: one with an interval goes on only when somebody looks at it, so that what nobody reads
 * wakes nobody again. Linux: timerfd_triggered.
 */
function timerfd_expired(ctx: TimerfdCtx): void {
  ctx.expired = true;
  ctx.ticks++;
  if (ctx.wqh.first !== null) wake_up(ctx.wqh, POLLIN);
}

/** Somebody looks: count the intervals that have passed, and go on by the next. Linux: hrtimer_forward_now, hrtimer_restart. */
function restart_expired(ctx: TimerfdCtx): void {
  const { kernel, timer: t, interval, expired } = ctx;
  ctx.expired = false;
  if (!expired || interval === 0) return;
  const missed = Math.floor((ktime_get(kernel) - t.expires) / interval);
  ctx.ticks += missed;
  add_timer(kernel.timers, t, t.expires + (missed + 1) * interval);
}

/** The date was set: what goes by it fires at another moment, or tells its reader. Linux: timerfd_clock_was_set. */
function date_was_set(ctx: TimerfdCtx, delta: number): void {
  const { kernel, timer: t } = ctx;
  if (t.index >= 0) add_timer(kernel.timers, t, t.expires - delta);
  if (!ctx.might_cancel) return;
  ctx.canceled = true;
  ctx.ticks++;
  if (ctx.wqh.first !== null) wake_up(ctx.wqh, POLLIN);
}

/** Does it go by the date from now on, and is it to tell of changes? Linux: timerfd_setup_cancel. */
function setup_cancel(ctx: TimerfdCtx, absolute: boolean, cancel: boolean): void {
  const { clock_was_set } = ctx.kernel;
  const by_date = absolute && is_realtime(ctx.clockid);
  ctx.might_cancel = by_date && cancel;
  if (!ctx.might_cancel) ctx.canceled = false;
  if (by_date) clock_was_set.add((ctx.date ??= (delta) => date_was_set(ctx, delta)));
  else if (ctx.date !== null) clock_was_set.delete(ctx.date);
}

const scratch = new Uint8Array(8);

/** ABI: a reader who cannot take the count has lost it. After a change of the date it does not count. */
function take(task: Task, ctx: TimerfdCtx, iter: IovIter): number {
  if (ctx.canceled) {
    ctx.ticks = 0;
    ctx.canceled = false;
    return -ECANCELED;
  }
  restart_expired(ctx);
  put_u64(scratch, 0, ctx.ticks);
  ctx.ticks = 0;
  const n = fault_in_some(task.mm, iter, 8);
  copy_to_iter(task.mm, iter, scratch, 0, n);
  return n === 0 ? -EFAULT : n;
}

function* read_sleep(task: Task, ctx: TimerfdCtx, iter: IovIter): Sleep {
  try {
    for (;;) {
      prepare_to_wait(ctx.wqh, task, false, 'the expiry of a timerfd');
      if (ctx.ticks > 0) return take(task, ctx, iter);
      if (signal_pending(task)) return -ERESTARTSYS;
      yield;
    }
  } finally {
    finish_wait(task);
  }
}

const timerfd_fops = {
  llseek: noop_llseek,
  read_iter(task: Task, file: OpenFile, iter: IovIter): Result {
    const ctx = ctx_of(file);
    if (iter.count < 8) return -EINVAL;
    if (ctx.ticks > 0) return take(task, ctx, iter);
    return (file.f_flags & O_NONBLOCK) !== 0 ? -EAGAIN : read_sleep(task, ctx, iter);
  },
  poll(file: OpenFile, pt: PollTable | null) {
    const ctx = ctx_of(file);
    pt?.poll_wait(ctx.wqh);
    return ctx.ticks > 0 ? POLLIN : 0;
  },
  release(file) {
    const ctx = ctx_of(file);
    del_timer(ctx.kernel.timers, ctx.timer);
    if (ctx.date !== null) ctx.kernel.clock_was_set.delete(ctx.date);
  },
  /** TFD_IOC_SET_TICKS (3.17): so many expirations can be read. -EINVAL (none), -ECANCELED. Linux: timerfd_ioctl. */
  ioctl(task: Task, file: OpenFile, cmd: number, argp: number): number {
    if (cmd !== TFD_IOC_SET_TICKS || !task.kernel.release.fdinfo_more) return -ENOTTY;
    const ticks = get_user_u64(task.mm, argp);
    if (ticks < 0) return ticks;
    if (ticks === 0) return -EINVAL;
    const ctx = ctx_of(file);
    if (ctx.canceled) {
      ctx.canceled = false;
      return -ECANCELED;
    }
    ctx.ticks = ticks;
    wake_up(ctx.wqh);
    return 0;
  },
  show: () => 'anon_inode:[timerfd]',
  show_fdinfo: timerfd_show_fdinfo,
} satisfies FileOperations;

function new_timerfd(task: Task, clockid: number, flags: number): number {
  if (should_fail(task.kernel, 'timerfd')) return -ENOMEM;
  const ctx: TimerfdCtx = {
    kernel: task.kernel,
    clockid,
    timer: timer(() => timerfd_expired(ctx)),
    interval: 0,
    ticks: 0,
    expired: false,
    wqh: wait_queue_head(),
    date: null,
    might_cancel: false,
    canceled: false,
    settime_flags: 0,
  };
  return anon_inode_getfd(task, timerfd_fops, ctx, flags);
}

// Times.

interface Itimerspec {
  interval: number;
  value: number;
  /** The value in two, exactly: a date in nanoseconds is too large for one number. */
  sec?: number;
  nsec?: number;
}

/** A struct itimerspec in nanoseconds: -EFAULT, or -EINVAL for a time that is none. */
function get_itimerspec(mm: Mm, ptr: number): Itimerspec | number {
  const area = find_vma(mm, ptr, itimerspec.size);
  if (area === null) return -EFAULT;
  const field = (at: number): number => get_s64(area.bytes, ptr - area.start + at);
  const [isec, insec] = [
    field(itimerspec.it_interval + timespec.tv_sec),
    field(itimerspec.it_interval + timespec.tv_nsec),
  ];
  const [sec, nsec] = [field(itimerspec.it_value + timespec.tv_sec), field(itimerspec.it_value + timespec.tv_nsec)];
  if (isec < 0 || insec < 0 || insec >= NSEC_PER_SEC || sec < 0 || nsec < 0 || nsec >= NSEC_PER_SEC) return -EINVAL;
  return { interval: isec * NSEC_PER_SEC + insec, value: sec * NSEC_PER_SEC + nsec, sec, nsec };
}

function put_itimerspec(mm: Mm, ptr: number, { interval, value }: Itimerspec): number {
  const raw = new Uint8Array(itimerspec.size);
  for (const [o, ns] of [
    [itimerspec.it_interval, interval],
    [itimerspec.it_value, value],
  ] as const) {
    put_u64(raw, o + timespec.tv_sec, Math.floor(ns / NSEC_PER_SEC));
    put_u64(raw, o + timespec.tv_nsec, ns % NSEC_PER_SEC);
  }
  return copy_to_user(mm, ptr, raw, 0, raw.length);
}

/** What is left, and the interval. */
function get_remaining(ctx: TimerfdCtx): Itimerspec {
  const { timer: t, interval } = ctx;
  return { interval, value: t.index < 0 ? 0 : Math.max(t.expires - ktime_get(ctx.kernel), 1) };
}

/** An absolute time of the timer's clock, as CLOCK_MONOTONIC. */
function to_monotonic(ctx: TimerfdCtx, { value, sec = 0, nsec = 0 }: Itimerspec): number {
  if (!is_realtime(ctx.clockid)) return value;
  const { wall_sec, wall_nsec } = ctx.kernel;
  return (sec - wall_sec) * NSEC_PER_SEC + nsec - wall_nsec;
}

/** -ECANCELED: it is set, but the date was set too since somebody looked. */
function set_timer(ctx: TimerfdCtx, spec: Itimerspec, flags: number): number {
  const { timers } = ctx.kernel;
  const { interval, value } = spec;
  const absolute = (flags & TFD_TIMER_ABSTIME) !== 0;
  ctx.settime_flags = flags;
  setup_cancel(ctx, absolute, (flags & TFD_TIMER_CANCEL_ON_SET) !== 0);
  ctx.interval = interval;
  ctx.ticks = 0;
  ctx.expired = false;
  if (value === 0) {
    del_timer(timers, ctx.timer);
    return 0;
  }
  const now = ktime_get(ctx.kernel);
  add_timer(timers, ctx.timer, absolute ? to_monotonic(ctx, spec) : now + value);
  if (ctx.timer.expires <= now) {
    del_timer(timers, ctx.timer);
    timerfd_expired(ctx);
  }
  if (!ctx.canceled) return 0;
  ctx.canceled = false;
  return -ECANCELED;
}

function timerfd_show_fdinfo(file: OpenFile): string {
  const ctx = ctx_of(file);
  const { interval, value } = get_remaining(ctx);
  const split = (ns: number): string => `(${Math.floor(ns / NSEC_PER_SEC)}, ${ns % NSEC_PER_SEC})`;
  return (
    `clockid: ${ctx.clockid}\nticks: ${ctx.ticks}\nsettime flags: 0${ctx.settime_flags.toString(8)}\n` +
    `it_value: ${split(value)}\nit_interval: ${split(interval)}\n`
  );
}

const CLOCKS: ReadonlySet<number> = new Set([
  CLOCK_REALTIME,
  CLOCK_MONOTONIC,
  CLOCK_BOOTTIME,
  CLOCK_REALTIME_ALARM,
  CLOCK_BOOTTIME_ALARM,
]);

/** `timerfd_create(clockid, flags)`: -EINVAL (flags; before 2.6.27 any, or the clock), -EPERM (an alarm), -EMFILE. timerfd_create(2). */
export function sys_timerfd_create(task: Task, clockid: number, flags: number): number {
  const { timerfd_flags, timerfd_boottime } = task.kernel.release;
  const clock = clockid | 0;
  if ((flags & ~timerfd_flags) !== 0) return -EINVAL;
  const known = timerfd_boottime ? CLOCKS.has(clock) : clock === CLOCK_REALTIME || clock === CLOCK_MONOTONIC;
  if (!known) return -EINVAL;
  return may_wake_alarm(task, clock) ? new_timerfd(task, clock, flags) : -EPERM;
}

/** Timers that wake a machine from its sleep are for root. Linux: CAP_WAKE_ALARM. */
function may_wake_alarm({ cred }: Task, clock: number): boolean {
  return cred.euid === 0 || (clock !== CLOCK_REALTIME_ALARM && clock !== CLOCK_BOOTTIME_ALARM);
}

/** The timer of `fd`, or -EBADF, -EINVAL. */
function timerfd_fget(task: Task, fd: number): TimerfdCtx | number {
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  return file.f_op === timerfd_fops ? ctx_of(file) : -EINVAL;
}

/**
 * `timerfd_settime(fd, flags, new, old)`: -EFAULT (new), -EINVAL (a flag or a time that is none), -EBADF, -EINVAL (no timer),
 * -EPERM (an alarm), -ECANCELED (TFD_TIMER_CANCEL_ON_SET), -EFAULT (old). timerfd_create(2); Linux fs/timerfd.c.
 */
export function sys_timerfd_settime(task: Task, ufd: number, flags: number, utmr: number, otmr: number): number {
  const { timerfd_settime_flags } = task.kernel.release;
  const spec = get_itimerspec(task.mm, utmr);
  if (spec === -EFAULT) return spec;
  if (typeof spec === 'number' || (flags & ~timerfd_settime_flags) !== 0) return -EINVAL;
  const ctx = timerfd_fget(task, ufd);
  if (typeof ctx === 'number') return ctx;
  if (!may_wake_alarm(task, ctx.clockid)) return -EPERM;
  restart_expired(ctx);
  const old = get_remaining(ctx);
  // ABI: before TFD_TIMER_CANCEL_ON_SET (3.0) its bit meant nothing.
  const err = set_timer(ctx, spec, timerfd_settime_flags === ~0 ? flags & TFD_TIMER_ABSTIME : flags);
  if (err < 0) return err;
  return otmr === 0 ? 0 : put_itimerspec(task.mm, otmr, old);
}

/** `timerfd_gettime(fd, cur)`: -EBADF, -EINVAL (no timer), -EFAULT. timerfd_create(2). */
export function sys_timerfd_gettime(task: Task, ufd: number, otmr: number): number {
  const ctx = timerfd_fget(task, ufd);
  if (typeof ctx === 'number') return ctx;
  restart_expired(ctx);
  return put_itimerspec(task.mm, otmr, get_remaining(ctx));
}

/**
 * `timerfd(ufd, clockid, flags, utmr)`: the call of 2.6.22 to 2.6.24. -1 makes a timer, any other `ufd` sets that one.
 *
 * @returns the descriptor; -EFAULT, -EINVAL (clock, time), -EBADF, -EINVAL (no timer), -EMFILE
 */
export function sys_timerfd(task: Task, ufd: number, clockid: number, flags: number, utmr: number): number {
  const spec = get_itimerspec(task.mm, utmr);
  if (spec === -EFAULT) return spec;
  const clock = clockid | 0;
  if (clock !== CLOCK_MONOTONIC && clock !== CLOCK_REALTIME) return -EINVAL;
  if (typeof spec === 'number') return spec;
  const makes = (ufd | 0) === -1;
  const fd = makes ? new_timerfd(task, clock, indirect_file_flags(task)) : ufd | 0;
  if (makes && fd < 0) return fd;
  const ctx = timerfd_fget(task, fd);
  if (typeof ctx === 'number') return ctx;
  set_timer(ctx, spec, flags & TFD_TIMER_ABSTIME);
  return fd;
}
