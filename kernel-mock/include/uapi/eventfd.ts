/** eventfd: Linux include/uapi/linux/eventfd.h. */

// eventfd2
export const EFD_SEMAPHORE = 1; // 2.6.30
export const EFD_NONBLOCK = 0o4000; // O_NONBLOCK; 2.6.27
export const EFD_CLOEXEC = 0o2000000; // O_CLOEXEC; 2.6.27
