/**
 * The clock of the kernel. It is virtual, unless the host gives it one: a call takes a microsecond, and while every task
 * sleeps it jumps to the next timer.
 */
import type { Kernel } from '../include/linux/kernel.js';
import type { Task } from '../include/linux/sched.js';
import type { Timespec64 } from '../include/linux/timekeeping.js';
import { del_timer, next_timer } from '../lib/timerqueue.js';

const NSEC_PER_SEC = 1e9;
/** What one system call takes, in nanoseconds. */
const CALL_NS = 1000;
/** Calls between two ticks: a task that does not sleep loses the processor then. */
export const CALLS_PER_TICK = 1000;

/** CLOCK_MONOTONIC in nanoseconds. */
export function ktime_get(kernel: Kernel): number {
  if (kernel.clock !== null) return kernel.clock.now() - kernel.ticks_ns;
  return kernel.ticks_ns + (CALLS_PER_TICK - Math.max(kernel.budget, 0)) * CALL_NS;
}

function set_clock(kernel: Kernel, ns: number): void {
  if (kernel.clock === null) kernel.ticks_ns = ns;
  kernel.budget = CALLS_PER_TICK;
}

export function run_timers(kernel: Kernel): void {
  const now = ktime_get(kernel);
  for (let t = next_timer(kernel.timers); t !== undefined && t.expires <= now; t = next_timer(kernel.timers)) {
    del_timer(kernel.timers, t);
    kernel.trace?.hrtimer_expire_entry?.();
    t.func();
  }
}

/** The slice of the running task is used up. */
export function update_process_times(kernel: Kernel): void {
  set_clock(kernel, ktime_get(kernel));
  kernel.current?.group.run_cpu_timers?.();
  run_timers(kernel);
}

/** Every task sleeps: go to the next timer. False if there is none. */
export function tick_nohz_idle(kernel: Kernel): boolean {
  const t = next_timer(kernel.timers);
  if (t === undefined) return false;
  set_clock(kernel, Math.max(t.expires, ktime_get(kernel)));
  run_timers(kernel);
  return true;
}

/** The processor is taken from `prev`: what it used up is its own. A timer of it may wake somebody. */
export function account_switch(kernel: Kernel, prev: Task | null): void {
  const now = ktime_get(kernel);
  if (prev !== null) prev.sum_exec += now - kernel.exec_start;
  kernel.exec_start = now;
  prev?.group.run_cpu_timers?.();
}

/** CLOCK_REALTIME. */
export function ktime_get_real(kernel: Kernel): Timespec64 {
  const ns = ktime_get(kernel) + kernel.wall_nsec;
  return { sec: kernel.wall_sec + Math.floor(ns / NSEC_PER_SEC), nsec: ns % NSEC_PER_SEC };
}
