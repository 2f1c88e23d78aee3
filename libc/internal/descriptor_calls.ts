/**
 * The functions that make descriptors: one row each, which every route interprets. A new function is one row here; a new
 * route one file in routes/.
 */
import { EAFNOSUPPORT, EBADF, EINVAL, ENOSYS } from '../../kernel-mock/include/uapi/errno.js';
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from '../../kernel-mock/include/uapi/socket.js';
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';

export interface DescriptorCall {
  /** The library function; also names the feature in `auto`'s memory. */
  readonly name: string;
  /** The call without flags. */
  readonly plain: CallName;
  /** The call that takes them, and the register (1 to 6) to which they are or-ed. */
  readonly dedicated: CallName;
  readonly flag_arg: 2 | 4;
  /** Bits that the function can be asked for. */
  readonly flags: number;
  /** Errno with which a kernel says that it lacks the dedicated form. EINVAL may also mean bad arguments: ambiguous. */
  readonly absent: typeof ENOSYS | typeof EINVAL;
  /** Errno that such a kernel may give before it looks at the flags, so that it tells nothing; 0: none. */
  readonly early: typeof EAFNOSUPPORT | 0;
  /** Register that points at two ints for the descriptors; 0: the result is the descriptor. */
  readonly vector_arg: 0 | 4;
  /** First argument with which the plain call fails and makes nothing, and the errno of that: how a kernel is asked without harm. */
  readonly probe: readonly [a1: number, errno: number];
}

const SOCK_FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK;

export const SOCKET: DescriptorCall = {
  name: 'socket',
  plain: 'socket',
  dedicated: 'socket',
  flag_arg: 2,
  flags: SOCK_FLAGS,
  absent: EINVAL,
  early: EAFNOSUPPORT,
  vector_arg: 0,
  probe: [-1, EAFNOSUPPORT],
};

export const SOCKETPAIR: DescriptorCall = {
  name: 'socketpair',
  plain: 'socketpair',
  dedicated: 'socketpair',
  flag_arg: 2,
  flags: SOCK_FLAGS,
  absent: EINVAL,
  early: EAFNOSUPPORT,
  vector_arg: 4,
  probe: [-1, EAFNOSUPPORT],
};

export const ACCEPT4: DescriptorCall = {
  name: 'accept4',
  plain: 'accept',
  dedicated: 'accept4',
  flag_arg: 4,
  flags: SOCK_FLAGS,
  absent: ENOSYS,
  early: 0,
  vector_arg: 0,
  probe: [-1, EBADF],
};

export const descriptor_calls: readonly DescriptorCall[] = [SOCKET, SOCKETPAIR, ACCEPT4];
