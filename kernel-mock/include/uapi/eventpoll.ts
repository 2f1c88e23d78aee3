/** epoll: Linux include/uapi/linux/eventpoll.h. */

// epoll_create1
export const EPOLL_CLOEXEC = 0o2000000; // O_CLOEXEC; 2.6.27

// epoll_ctl
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;

// events; the low ones are those of poll
export const EPOLLIN = 0x1;
export const EPOLLPRI = 0x2;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLNVAL = 0x20;
export const EPOLLRDNORM = 0x40;
export const EPOLLRDBAND = 0x80;
export const EPOLLWRNORM = 0x100;
export const EPOLLWRBAND = 0x200;
export const EPOLLMSG = 0x400;
export const EPOLLRDHUP = 0x2000;
export const EPOLL_URING_WAKE = 0x8000000; // kernel-internal, 6.1
export const EPOLLEXCLUSIVE = 0x10000000; // 4.5
export const EPOLLWAKEUP = 0x20000000; // 3.5
export const EPOLLONESHOT = 0x40000000;
export const EPOLLET = 0x80000000;
