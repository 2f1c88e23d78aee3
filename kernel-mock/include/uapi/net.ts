/** Operations of i386's socketcall: Linux include/uapi/linux/net.h. */

export const SYS_SOCKET = 1;
export const SYS_BIND = 2;
export const SYS_CONNECT = 3;
export const SYS_LISTEN = 4;
export const SYS_ACCEPT = 5;
export const SYS_GETSOCKNAME = 6;
export const SYS_GETPEERNAME = 7;
export const SYS_SOCKETPAIR = 8;
export const SYS_SEND = 9;
export const SYS_RECV = 10;
export const SYS_SENDTO = 11;
export const SYS_RECVFROM = 12;
export const SYS_SHUTDOWN = 13;
export const SYS_SETSOCKOPT = 14;
export const SYS_GETSOCKOPT = 15;
export const SYS_SENDMSG = 16;
export const SYS_RECVMSG = 17;
export const SYS_PACCEPT = 18; // 2.6.27-rc only, six arguments
export const SYS_ACCEPT4 = 18; // 2.6.28, four arguments
export const SYS_RECVMMSG = 19; // 2.6.33
export const SYS_SENDMMSG = 20; // 3.0

/** How many words each operation reads from its argument block, by number. */
export const socketcall_nargs: readonly number[] = [0, 3, 3, 3, 2, 3, 3, 3, 4, 4, 4, 6, 6, 2, 5, 5, 3, 3, 4, 5, 4];
