/** The queue of errors of a socket: Linux include/uapi/linux/errqueue.h. */

// ee_origin of struct sock_extended_err
export const SO_EE_ORIGIN_NONE = 0;
export const SO_EE_ORIGIN_LOCAL = 1;
export const SO_EE_ORIGIN_ICMP = 2;
export const SO_EE_ORIGIN_ICMP6 = 3;
export const SO_EE_ORIGIN_TXSTATUS = 4;
export const SO_EE_ORIGIN_TIMESTAMPING = SO_EE_ORIGIN_TXSTATUS;
export const SO_EE_ORIGIN_ZEROCOPY = 5; // 4.14
export const SO_EE_ORIGIN_TXTIME = 6; // 4.19

// what ICMP says of a port that nobody has: include/uapi/linux/icmp.h, icmpv6.h
export const ICMP_DEST_UNREACH = 3;
export const ICMP_PORT_UNREACH = 3;
export const ICMPV6_DEST_UNREACH = 1;
export const ICMPV6_PORT_UNREACH = 4;
