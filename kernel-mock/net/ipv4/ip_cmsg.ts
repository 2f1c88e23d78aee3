/** Control messages that a program sends with TCP and UDP (net/ipv4/ip_sockglue.c ip_cmsg_send, net/core/sock.c sock_cmsg_send). */
import type { Task } from '../../include/linux/sched.js';
import { EINVAL, EPERM } from '../../include/uapi/errno.js';
import { IP_PKTINFO, IP_PROTOCOL, IP_TOS, IP_TTL } from '../../include/uapi/in.js';
import { layout_x86_64 } from '../../include/uapi/layout.js';
import {
  SCM_CREDENTIALS,
  SCM_RIGHTS,
  SOL_IP,
  SOL_SOCKET,
  SO_MARK,
  SO_PRIORITY,
  SO_TIMESTAMPING_NEW,
  SO_TIMESTAMPING_OLD,
} from '../../include/uapi/socket.js';
import { get_s32 } from '../../lib/bytes.js';
import { capable } from '../../kernel/capability.js';
import { for_each_cmsghdr } from '../core/scm.js';

/** One of level SOL_SOCKET. Descriptors and credentials are ignored, as ever. Linux: __sock_cmsg_send. */
function __sock_cmsg_send(task: Task, type: number, len: number): number {
  if (type === SCM_RIGHTS || type === SCM_CREDENTIALS) return 0;
  if (type === SO_TIMESTAMPING_OLD || type === SO_TIMESTAMPING_NEW) return len === 4 ? 0 : -EINVAL;
  if (type !== SO_MARK && type !== SO_PRIORITY) return -EINVAL;
  if (type === SO_MARK && !capable(task.cred)) return -EPERM;
  return len === 4 ? 0 : -EINVAL;
}

/** Those of a stream: -EINVAL, whatever is wrong; other levels are skipped. Before 4.6 a stream looked at none. */
export function sock_cmsg_send(task: Task, control: Uint8Array): number {
  if (!task.kernel.release.sock_cmsg) return 0;
  const err = for_each_cmsghdr(control, (level, type, _at, len) =>
    level === SOL_SOCKET ? __sock_cmsg_send(task, type, len) : 0,
  );
  return err < 0 ? -EINVAL : 0;
}

/** One of level SOL_IP. DEVIATION: what it asks for has no effect: the loopback interface has one address and loses nothing. */
function ip_cmsg(control: Uint8Array, type: number, at: number, len: number): number {
  if (type === IP_PKTINFO) return len === layout_x86_64.in_pktinfo.size ? 0 : -EINVAL;
  if (type === IP_TOS && len === 1) return 0;
  if (type !== IP_TTL && type !== IP_TOS && type !== IP_PROTOCOL) return -EINVAL;
  if (len !== 4) return -EINVAL;
  const value = get_s32(control, at);
  const least = type === IP_TOS ? 0 : 1;
  return value < least || value > 255 ? -EINVAL : 0;
}

/** Those of a datagram: -EINVAL, -EPERM (SO_MARK); other levels are skipped, before 4.6 SOL_SOCKET too. */
export function ip_cmsg_send(task: Task, control: Uint8Array): number {
  const { sock_cmsg } = task.kernel.release;
  return for_each_cmsghdr(control, (level, type, at, len) => {
    if (level === SOL_SOCKET && sock_cmsg) return __sock_cmsg_send(task, type, len);
    return level === SOL_IP ? ip_cmsg(control, type, at, len) : 0;
  });
}
