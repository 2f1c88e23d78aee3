/**
 * futex(2) between the threads of a program, all of which run in one thread of the host: who waits is in a queue here. The kernel
 * is asked too: it judges the arguments, and wakes what waits in other processes.
 *
 * DEVIATION: another process cannot wake a waiter of ours, and operations with priority inheritance are not offered.
 */
import { EINTR, ENOSYS, ETIMEDOUT } from '../kernel-mock/include/uapi/errno.js';
import { get_s32, get_s64 } from '../kernel-mock/include/uapi/byteorder.js';
import {
  FUTEX_BITSET_MATCH_ANY,
  FUTEX_CLOCK_REALTIME,
  FUTEX_CMD_MASK,
  FUTEX_CMP_REQUEUE,
  FUTEX_LOCK_PI,
  FUTEX_OP_CMP_EQ,
  FUTEX_OP_CMP_GE,
  FUTEX_OP_CMP_GT,
  FUTEX_OP_CMP_LE,
  FUTEX_OP_CMP_LT,
  FUTEX_OP_CMP_NE,
  FUTEX_REQUEUE,
  FUTEX_TRYLOCK_PI,
  FUTEX_UNLOCK_PI,
  FUTEX_WAIT,
  FUTEX_WAIT_BITSET,
  FUTEX_WAKE,
  FUTEX_WAKE_BITSET,
  FUTEX_WAKE_OP,
} from '../kernel-mock/include/uapi/futex.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from '../kernel-mock/include/uapi/time.js';
import { TFD_TIMER_ABSTIME } from '../kernel-mock/include/uapi/timerfd.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import { type Handler, type HostTask, INTERRUPTED, WOKEN } from './task.js';

const TIMESPEC = layout_x86_64.timespec;

interface Waiter {
  readonly task: HostTask;
  address: number;
  readonly bits: number;
  /** It has been woken. */
  woken: boolean;
}

/** In the order in which they came. */
export class FutexQueue {
  readonly #waiters = new Set<Waiter>();

  add(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
  }

  /** Wake up to `n` that wait at `address`; how many there were. */
  wake(address: number, n: number, bits: number): number {
    let count = 0;
    for (const waiter of this.#waiters) {
      if (count >= n) break;
      if (waiter.address !== address || (waiter.bits & bits) === 0) continue;
      this.#waiters.delete(waiter);
      waiter.woken = true;
      waiter.task.wake(WOKEN);
      count++;
    }
    return count;
  }

  /** Up to `n` that wait at `from` wait at `to` from now on. */
  requeue(from: number, to: number, n: number): number {
    let count = 0;
    for (const waiter of this.#waiters) {
      if (count >= n) break;
      if (waiter.address !== from) continue;
      waiter.address = to;
      count++;
    }
    return count;
  }
}

/** FUTEX_WAIT takes a span, FUTEX_WAIT_BITSET a moment. -1: no limit. */
function start_timer(task: HostTask, op: number, timeout: number): number {
  const raw = timeout === 0 ? undefined : task.memory.read(timeout, TIMESPEC.size);
  if (raw === undefined) return -1;
  const clock = (op & FUTEX_CLOCK_REALTIME) !== 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
  const flags = (op & FUTEX_CMD_MASK) === FUTEX_WAIT ? 0 : TFD_TIMER_ABSTIME;
  return task.process.timers.start(clock, flags, get_s64(raw, TIMESPEC.tv_sec), get_s64(raw, TIMESPEC.tv_nsec));
}

async function sleep(task: HostTask, waiter: Waiter, timer: number): Promise<number> {
  const { futexes, timers } = task.process;
  futexes.add(waiter);
  try {
    const by = await task.sleep([], timer);
    if (waiter.woken) return 0;
    return by === INTERRUPTED ? -EINTR : -ETIMEDOUT;
  } finally {
    futexes.remove(waiter);
    if (timer >= 0) timers.give_back(timer);
  }
}

/** No time at all: with it the kernel compares, and comes back. */
function probe_wait(task: HostTask, address: number, op: number, value: number, timeout: number, bits: number): number {
  const { driver, scratch } = task.process;
  // A bad time limit is for the kernel to see.
  const raw = timeout === 0 ? undefined : task.memory.read(timeout, TIMESPEC.size);
  const bad = raw !== undefined && (get_s64(raw, 0) < 0 || get_s64(raw, 8) < 0 || get_s64(raw, 8) >= 1e9);
  if (timeout !== 0 && (raw === undefined || bad))
    return driver.syscall(NR.futex, address, op, value, timeout, 0, bits);
  scratch.bytes.fill(0, 0, TIMESPEC.size);
  return driver.syscall(NR.futex, address, op, value, scratch.address, 0, bits);
}

function wait(
  task: HostTask,
  address: number,
  op: number,
  value: number,
  timeout: number,
  bits: number,
): number | Promise<number> {
  const ret = probe_wait(task, address, op, value, timeout, bits);
  if (ret !== -ETIMEDOUT) return ret;
  const timer = start_timer(task, op, timeout);
  return sleep(task, { task, address, bits, woken: false }, timer);
}

const CONDITIONS: Readonly<Record<number, (old: number, arg: number) => boolean>> = {
  [FUTEX_OP_CMP_EQ]: (old, arg) => old === arg,
  [FUTEX_OP_CMP_NE]: (old, arg) => old !== arg,
  [FUTEX_OP_CMP_LT]: (old, arg) => old < arg,
  [FUTEX_OP_CMP_LE]: (old, arg) => old <= arg,
  [FUTEX_OP_CMP_GT]: (old, arg) => old > arg,
  [FUTEX_OP_CMP_GE]: (old, arg) => old >= arg,
};

/** The comparison that FUTEX_WAKE_OP is given: its kind in bits 24 to 27, its operand in the lowest twelve. */
function condition_holds(operation: number, old: number): boolean {
  return CONDITIONS[(operation >> 24) & 15]?.(old, (operation << 20) >> 20) ?? false;
}

const UNOFFERED: ReadonlySet<number> = new Set([FUTEX_LOCK_PI, FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI]);

export const sys_futex: Handler = (task, address, a2, a3, timeout, address2, value3) => {
  const { driver, futexes, memory, refused } = task.process;
  const op = a2 | 0;
  const value = a3 | 0;
  switch (op & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
      return wait(task, address, op, value, timeout, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAIT_BITSET:
      return wait(task, address, op, value, timeout, value3 | 0);
  }
  if (UNOFFERED.has(op & FUTEX_CMD_MASK)) {
    refused('futex', 'locks with priority inheritance belong to threads of the host, of which a program here has one');
    return -ENOSYS;
  }
  // FUTEX_WAKE_OP compares what was there before its operation.
  const old = (op & FUTEX_CMD_MASK) === FUTEX_WAKE_OP ? memory.read(address2, 4) : undefined;
  const theirs = driver.syscall(NR.futex, address, op, value, timeout, address2, value3);
  if (theirs < 0) return theirs;
  switch (op & FUTEX_CMD_MASK) {
    case FUTEX_WAKE:
      return theirs + futexes.wake(address, Math.max(1, value) - theirs, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAKE_BITSET:
      return theirs + futexes.wake(address, Math.max(1, value) - theirs, value3 | 0);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE: {
      const woken = futexes.wake(address, value, FUTEX_BITSET_MATCH_ANY);
      return theirs + woken + futexes.requeue(address, address2, timeout | 0);
    }
    case FUTEX_WAKE_OP: {
      const woken = futexes.wake(address, value, FUTEX_BITSET_MATCH_ANY);
      const second = old !== undefined && condition_holds(value3 | 0, get_s32(old, 0));
      return theirs + woken + (second ? futexes.wake(address2, timeout | 0, FUTEX_BITSET_MATCH_ANY) : 0);
    }
    default:
      return theirs;
  }
};
