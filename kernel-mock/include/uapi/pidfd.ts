/** pidfd_open (5.3) and pidfd_send_signal (5.1): Linux include/uapi/linux/pidfd.h. */

export const PIDFD_NONBLOCK = 0o4000; // O_NONBLOCK; 5.10
export const PIDFD_THREAD = 0o200; // O_EXCL; 6.9

// pidfd_send_signal
export const PIDFD_SIGNAL_THREAD = 1; // 6.9
export const PIDFD_SIGNAL_THREAD_GROUP = 2; // 6.9
export const PIDFD_SIGNAL_PROCESS_GROUP = 4; // 6.9
