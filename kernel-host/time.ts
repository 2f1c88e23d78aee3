/** Sleeping for a time. */
import { EINTR, EINVAL, EOPNOTSUPP } from '../kernel-mock/include/uapi/errno.js';
import { get_s64, put_u64 } from '../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { CLOCK_MONOTONIC, TIMER_ABSTIME } from '../kernel-mock/include/uapi/time.js';
import { TFD_TIMER_ABSTIME } from '../kernel-mock/include/uapi/timerfd.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import { type Handler, type HostTask, INTERRUPTED } from './task.js';

const TIMESPEC = layout_x86_64.timespec;

async function sleep(task: HostTask, timer: number, rest: number, until: number): Promise<number> {
  const { timers } = task.process;
  try {
    if ((await task.sleep([], timer)) !== INTERRUPTED) return 0;
    const left = Math.max(0, until - Number(process.hrtime.bigint()));
    const raw = new Uint8Array(TIMESPEC.size);
    put_u64(raw, TIMESPEC.tv_sec, Math.floor(left / 1e9));
    put_u64(raw, TIMESPEC.tv_nsec, left % 1e9);
    if (rest !== 0) task.memory.write(rest, raw);
    return -EINTR;
  } finally {
    timers.give_back(timer);
  }
}

export const sys_clock_nanosleep: Handler = (task, a1, flags, request, rest) => {
  const { driver, scratch, timers } = task.process;
  const clock = a1 | 0;
  const raw = task.memory.read(request, TIMESPEC.size);
  const sec = raw === undefined ? -1 : get_s64(raw, TIMESPEC.tv_sec);
  const nsec = raw === undefined ? -1 : get_s64(raw, TIMESPEC.tv_nsec);
  // What is wrong with the time, or with the clock, the kernel says: it does not sleep for that.
  if (sec < 0 || nsec < 0 || nsec >= 1e9) return driver.syscall(NR.clock_nanosleep, clock, flags, request, rest, 0, 0);
  scratch.bytes.fill(0, 0, TIMESPEC.size);
  const err = driver.syscall(NR.clock_nanosleep, clock, 0, scratch.address, 0, 0, 0);
  if (err < 0) return err;
  const absolute = (flags & TIMER_ABSTIME) !== 0;
  if (!absolute && sec === 0 && nsec === 0) return 0;
  const timer = timers.start(clock, absolute ? TFD_TIMER_ABSTIME : 0, sec, nsec);
  // DEVIATION: clocks of processor time have no descriptor that tells when they get there.
  if (timer < 0) return timer === -EINVAL ? -EOPNOTSUPP : timer;
  return sleep(task, timer, absolute ? 0 : rest, Number(process.hrtime.bigint()) + sec * 1e9 + nsec);
};

export const sys_nanosleep: Handler = (task, request, rest) =>
  sys_clock_nanosleep(task, CLOCK_MONOTONIC, 0, request, rest, 0, 0);
