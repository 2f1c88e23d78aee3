/** AF_INET (net/ipv4/af_inet.c). */
import type { NetProtoFamily } from '../../include/linux/net.js';
import { EAFNOSUPPORT } from '../../include/uapi/errno.js';
import { AF_INET } from '../../include/uapi/socket.js';

/** Stands until the family is written. */
export const inet_family_ops: NetProtoFamily = { family: AF_INET, create: () => -EAFNOSUPPORT };
