/** Constants of the C library that no kernel knows: spawn.h, pthread.h. */

// spawn.h
export const POSIX_SPAWN_RESETIDS = 0x01;
export const POSIX_SPAWN_SETPGROUP = 0x02;
export const POSIX_SPAWN_SETSIGDEF = 0x04;
export const POSIX_SPAWN_SETSIGMASK = 0x08;
export const POSIX_SPAWN_SETSCHEDPARAM = 0x10;
export const POSIX_SPAWN_SETSCHEDULER = 0x20;
export const POSIX_SPAWN_USEVFORK = 0x40;
export const POSIX_SPAWN_SETSID = 0x80;

// pthread.h
export const PTHREAD_CANCEL_ENABLE = 0;
export const PTHREAD_CANCEL_DISABLE = 1;
export const PTHREAD_CANCEL_DEFERRED = 0;
export const PTHREAD_CANCEL_ASYNCHRONOUS = 1;
/** What pthread_join gives for a thread that was cancelled. */
export const PTHREAD_CANCELED = -1;
/** What the last thread to come to a barrier is told. */
export const PTHREAD_BARRIER_SERIAL_THREAD = -1;
export const PTHREAD_MUTEX_NORMAL = 0;
export const PTHREAD_MUTEX_RECURSIVE = 1;
export const PTHREAD_MUTEX_ERRORCHECK = 2;
