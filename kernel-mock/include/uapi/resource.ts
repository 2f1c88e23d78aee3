/** Limits and usage: Linux include/uapi/asm-generic/resource.h and include/uapi/linux/resource.h. */

export const RLIMIT_CPU = 0;
export const RLIMIT_FSIZE = 1;
export const RLIMIT_DATA = 2;
export const RLIMIT_STACK = 3;
export const RLIMIT_CORE = 4;
export const RLIMIT_RSS = 5;
export const RLIMIT_NPROC = 6;
export const RLIMIT_NOFILE = 7;
export const RLIMIT_MEMLOCK = 8;
export const RLIMIT_AS = 9;
export const RLIMIT_LOCKS = 10;
export const RLIMIT_SIGPENDING = 11;
export const RLIMIT_MSGQUEUE = 12;
export const RLIMIT_NICE = 13;
export const RLIMIT_RTPRIO = 14;
export const RLIMIT_RTTIME = 15; // 2.6.25
export const RLIM_NLIMITS = 16; // 15 before 2.6.25

// ABI: all ones: 18446744073709551615 as an unsigned 64-bit field. As a number it is 2^64, the nearest there is.
export const RLIM_INFINITY = 2 ** 64 - 1;
export const RLIM64_INFINITY = RLIM_INFINITY;
/** The same bits read as a signed field: what to store, in two 32-bit halves of -1. */
export const RLIM_INFINITY_SIGNED = -1;
/** The same in the 32-bit fields of i386's getrlimit. */
export const RLIM_INFINITY_i386 = 0xffffffff;

export const RUSAGE_SELF = 0;
export const RUSAGE_CHILDREN = -1;
export const RUSAGE_BOTH = -2;
export const RUSAGE_THREAD = 1;
export const PRIO_MIN = -20;
export const PRIO_MAX = 20;
export const PRIO_PROCESS = 0;
export const PRIO_PGRP = 1;
export const PRIO_USER = 2;
export const _STK_LIM = 8388608; // default stack limit in bytes
