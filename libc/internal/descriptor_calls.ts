/**
 * The functions that make descriptors: one row each, which every route interprets. A new function is one row here; a new
 * route one file in routes/.
 */
import { EAFNOSUPPORT, EBADF, EINVAL, ENOSYS } from '../../kernel-mock/include/uapi/errno.js';
import { O_CLOEXEC } from '../../kernel-mock/include/uapi/fcntl.js';
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from '../../kernel-mock/include/uapi/socket.js';
import { type CallName, NR } from '../../kernel-mock/include/uapi/unistd.js';

/** What there is to say of a descriptor-making function. */
interface Facts {
  /** The library function. */
  readonly name: string;
  /** The call without flags. */
  readonly plain: CallName;
  /** The call that takes them, and the register (1 to 6) to which they are or-ed. */
  readonly dedicated: CallName;
  readonly flag_arg: 1 | 2 | 3 | 4;
  /** Bits that the function can be asked for. */
  readonly flags: number;
  /**
   * Errno with which a kernel says that it lacks the dedicated form. EINVAL may also mean bad arguments: ambiguous. 0: it says
   * nothing, and ignores the flags; the library looks once whether they took effect.
   */
  readonly absent: typeof ENOSYS | typeof EINVAL | 0;
  /** Errno that such a kernel may give before it looks at the flags, so that it tells nothing; 0: none. */
  readonly early: typeof EAFNOSUPPORT | 0;
  /** Register that points at two ints for the descriptors; 0: the result is the descriptor. */
  readonly vector_arg: 0 | 1 | 4;
  /**
   * First argument with which the plain call fails and makes nothing, and the errno of that: how a kernel is asked without
   * harm. Null: there is none.
   */
  readonly probe: readonly [a1: number, errno: number] | null;
}

export interface DescriptorCall extends Facts {
  /** Numbers of both calls: to look them up by a name that changes takes longer than to enter the kernel. */
  readonly plain_nr: number;
  readonly dedicated_nr: number;
  /** Where it stands in `descriptor_calls`, and what is known of it in `Process.features`. */
  readonly index: number;
}

const SOCK_FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK;

/** All rows. */
const rows: DescriptorCall[] = [];
export const descriptor_calls: readonly DescriptorCall[] = rows;

function add(facts: Facts): DescriptorCall {
  const call = { ...facts, plain_nr: NR[facts.plain], dedicated_nr: NR[facts.dedicated], index: rows.length };
  rows.push(call);
  return call;
}

export const SOCKET = add({
  name: 'socket',
  plain: 'socket',
  dedicated: 'socket',
  flag_arg: 2,
  flags: SOCK_FLAGS,
  absent: EINVAL,
  early: EAFNOSUPPORT,
  vector_arg: 0,
  probe: [-1, EAFNOSUPPORT],
});

export const SOCKETPAIR = add({
  name: 'socketpair',
  plain: 'socketpair',
  dedicated: 'socketpair',
  flag_arg: 2,
  flags: SOCK_FLAGS,
  absent: EINVAL,
  early: EAFNOSUPPORT,
  vector_arg: 4,
  probe: [-1, EAFNOSUPPORT],
});

export const ACCEPT4 = add({
  name: 'accept4',
  plain: 'accept',
  dedicated: 'accept4',
  flag_arg: 4,
  flags: SOCK_FLAGS,
  absent: ENOSYS,
  early: 0,
  vector_arg: 0,
  probe: [-1, EBADF],
});

/** A call that only exists with flags since 2.6.27, and answers ENOSYS before. */
function later(
  name: string,
  plain: CallName,
  dedicated: CallName,
  flag_arg: Facts['flag_arg'],
  flags = SOCK_FLAGS,
  vector_arg: Facts['vector_arg'] = 0,
): Facts {
  return { name, plain, dedicated, flag_arg, flags, absent: ENOSYS, early: 0, vector_arg, probe: null };
}

export const PIPE2 = add(later('pipe2', 'pipe', 'pipe2', 2, SOCK_FLAGS, 1));
export const DUP3 = add(later('dup3', 'dup2', 'dup3', 3, SOCK_CLOEXEC));
export const EPOLL_CREATE1 = add(later('epoll_create1', 'epoll_create', 'epoll_create1', 1, SOCK_CLOEXEC));
export const EVENTFD = add(later('eventfd', 'eventfd', 'eventfd2', 2));
export const SIGNALFD = add(later('signalfd', 'signalfd', 'signalfd4', 4));
export const INOTIFY_INIT1 = add(later('inotify_init1', 'inotify_init', 'inotify_init1', 1));
/** Before 2.6.27 the call has the argument, but answers EINVAL to any flag. */
export const TIMERFD_CREATE = add({
  ...later('timerfd_create', 'timerfd_create', 'timerfd_create', 2),
  absent: EINVAL,
});

/** Of the flags of open only O_CLOEXEC has a way of its own: before 2.6.23 it is ignored in silence. */
const open: Facts = {
  name: 'open',
  plain: 'open',
  dedicated: 'open',
  flag_arg: 2,
  flags: O_CLOEXEC,
  absent: 0,
  early: 0,
  vector_arg: 0,
  probe: null,
};
export const OPEN = add(open);
export const OPENAT = add({ ...open, name: 'openat', plain: 'openat', dedicated: 'openat', flag_arg: 3 });
