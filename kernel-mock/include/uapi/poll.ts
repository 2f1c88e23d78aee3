/** poll and ppoll: Linux include/uapi/asm-generic/poll.h. */

// events that can be asked for
export const POLLIN = 0x1;
export const POLLPRI = 0x2;
export const POLLOUT = 0x4;
export const POLLRDNORM = 0x40;
export const POLLRDBAND = 0x80;
export const POLLWRNORM = 0x100;
export const POLLWRBAND = 0x200;
export const POLLMSG = 0x400;
export const POLLREMOVE = 0x1000;
export const POLLRDHUP = 0x2000;

// results that are reported whether asked for or not
export const POLLERR = 0x8;
export const POLLHUP = 0x10;
export const POLLNVAL = 0x20;

/** Most descriptors of one select(2): bits of an fd_set. */
export const FD_SETSIZE = 1024;
