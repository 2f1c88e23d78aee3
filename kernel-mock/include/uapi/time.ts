/** Clocks and timers: Linux include/uapi/linux/time.h. */

export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
export const CLOCK_PROCESS_CPUTIME_ID = 2;
export const CLOCK_THREAD_CPUTIME_ID = 3;
export const CLOCK_MONOTONIC_RAW = 4; // 2.6.28
export const CLOCK_REALTIME_COARSE = 5; // 2.6.32
export const CLOCK_MONOTONIC_COARSE = 6; // 2.6.32
export const CLOCK_BOOTTIME = 7; // 2.6.39
export const CLOCK_REALTIME_ALARM = 8; // 3.0
export const CLOCK_BOOTTIME_ALARM = 9; // 3.0
export const CLOCK_SGI_CYCLE = 10;
export const CLOCK_TAI = 11; // 3.10

export const ITIMER_REAL = 0;
export const ITIMER_VIRTUAL = 1;
export const ITIMER_PROF = 2;

// clock_nanosleep and timer_settime
export const TIMER_ABSTIME = 1;
