/** signalfd: Linux include/uapi/linux/signalfd.h. */

// signalfd4
export const SFD_NONBLOCK = 0o4000; // O_NONBLOCK; 2.6.27
export const SFD_CLOEXEC = 0o2000000; // O_CLOEXEC; 2.6.27
