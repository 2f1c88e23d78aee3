/** Unix domain sockets: Linux include/uapi/linux/un.h. */

/** Bytes of `sun_path`; a path that fills them all has no terminating zero. */
export const UNIX_PATH_MAX = 108;
