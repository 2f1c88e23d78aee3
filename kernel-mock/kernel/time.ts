/** The clock of the kernel. It is virtual: a call takes a microsecond, and while every task sleeps it jumps to the next timer. */
import type { Kernel } from '../include/linux/kernel.js';
import { del_timer, next_timer } from '../lib/timerqueue.js';

/** What one system call takes, in nanoseconds. */
const CALL_NS = 1000;
/** Calls between two ticks: a task that does not sleep loses the processor then. */
export const CALLS_PER_TICK = 1000;

/** CLOCK_MONOTONIC in nanoseconds. */
export function ktime_get(kernel: Kernel): number {
  return kernel.ticks_ns + (CALLS_PER_TICK - Math.max(kernel.budget, 0)) * CALL_NS;
}

/** CLOCK_REALTIME of a kernel at boot: 1 January 2008, 00:00 UTC, in nanoseconds. Rounded to 256 ns, as any number this large. */
const BOOT_REALTIME_NS = 1199145600e9;

/** CLOCK_REALTIME in nanoseconds. */
export function ktime_get_real(kernel: Kernel): number {
  return BOOT_REALTIME_NS + ktime_get(kernel);
}

function set_clock(kernel: Kernel, ns: number): void {
  kernel.ticks_ns = ns;
  kernel.budget = CALLS_PER_TICK;
}

function run_timers(kernel: Kernel): void {
  const now = ktime_get(kernel);
  for (let t = next_timer(kernel.timers); t !== undefined && t.expires <= now; t = next_timer(kernel.timers)) {
    del_timer(kernel.timers, t);
    t.func();
  }
}

/** The slice of the running task is used up. */
export function update_process_times(kernel: Kernel): void {
  set_clock(kernel, ktime_get(kernel));
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
