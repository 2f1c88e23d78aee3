/** Vectored input and output: Linux include/uapi/linux/uio.h. */

export const UIO_FASTIOV = 8; // kernel-internal: so many without an allocation
/** Most elements of one iovec array. */
export const UIO_MAXIOV = 1024;
export const IOV_MAX = UIO_MAXIOV; // its C library name

// preadv2 and pwritev2
export const RWF_HIPRI = 0x1;
export const RWF_DSYNC = 0x2;
export const RWF_SYNC = 0x4;
export const RWF_NOWAIT = 0x8;
export const RWF_APPEND = 0x10;
export const RWF_NOAPPEND = 0x20; // 6.9
export const RWF_ATOMIC = 0x40; // 6.11
export const RWF_DONTCACHE = 0x80; // 6.14
export const RWF_NOSIGNAL = 0x100; // 6.18

/** Most bytes of one read or write: INT_MAX rounded down to a page (Linux include/linux/fs.h). */
export const MAX_RW_COUNT = 0x7ffff000;
