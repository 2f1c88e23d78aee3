/** timerfd: Linux include/uapi/linux/timerfd.h. */

// timerfd_create
export const TFD_NONBLOCK = 0o4000; // O_NONBLOCK; 2.6.27
export const TFD_CLOEXEC = 0o2000000; // O_CLOEXEC; 2.6.27

// timerfd_settime, and the old timerfd of 2.6.22
export const TFD_TIMER_ABSTIME = 1;
export const TFD_TIMER_CANCEL_ON_SET = 2; // 3.0

export const TFD_IOC_SET_TICKS = 0x40085400; // ioctl, 3.17
