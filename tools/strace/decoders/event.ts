/** Waiting for many things: poll, select, epoll; eventfd, signalfd, timerfd, inotify. */
import { EPOLL_CTL_DEL } from '../../../kernel-mock/include/uapi/eventpoll.js';
import { layout_x86_64 as L } from '../../../kernel-mock/include/uapi/layout.js';
import {
  type Arg,
  type Call,
  type Decoders,
  address,
  enter,
  fd,
  fd_row,
  flags,
  int,
  leave,
  failed,
  out,
  path,
  printarray,
  row,
  s32,
  size,
  u32,
  uint,
  umoven,
  value_of,
} from '../print.js';
import { sigset } from '../signals.js';
import {
  epoll_event,
  fdset,
  itimerspec,
  printepoll,
  printfdset,
  printpollfds,
  printrevents,
  timespec,
  timeval,
  type PrintStruct,
} from '../structs.js';
import {
  clocknames,
  efd_flags,
  epollctls,
  epollflags,
  inotify_flags,
  inotify_init_flags,
  sfd_flags,
  timerfd_flags,
  timerfd_set_flags,
} from '../tables.js';

const mask: Arg = enter((c, v) => sigset(c, v));
const in_timespec: Arg = enter((c, v) => timespec(c, v));

// poll.

const pollfds: Arg = enter((c, v, i) => printpollfds(c, v, u32(c.args[i + 1]!)));

function poll_result(c: Call, left: string | null): string | null {
  if (c.ret === 0) return 'Timeout';
  const revents = printrevents(c, c.args[0]!, u32(c.args[1]!));
  return left === null ? revents : `${revents}, left ${left}`;
}

// select.

const nfds: Arg = int;
const fds: Arg = enter((c, v) => printfdset(c, v, s32(c.args[0]!)));

const NAMES = ['in', 'out', 'except'] as const;

/** What is ready, and what is left of the time. Linux strace: decode_select. */
function select_result(c: Call, time: PrintStruct): string | null {
  if (c.ret === 0) return 'Timeout';
  const parts = NAMES.flatMap((name, i) => {
    const set = c.args[i + 1]!;
    const ready = set === 0 ? null : fdset(c, set, s32(c.args[0]!));
    return ready === null || ready.length === 0 ? [] : [`${name} [${ready.join(' ')}]`];
  });
  if (c.args[4] !== 0) parts.push(`left ${time(c, c.args[4]!)}`);
  return parts.length === 0 ? null : parts.join(', ');
}

const argpack: Arg = enter((c, v) => {
  if (v === 0) return 'NULL';
  const bytes = umoven(c, v, L.sigset_argpack.size);
  if (bytes === null) return address(v);
  const view = new DataView(bytes.buffer);
  const set = Number(view.getBigUint64(0, true));
  return `{sigmask=${sigset(c, set)}, sigsetsize=${view.getBigUint64(8, true)}}`;
});

// epoll.

const epoll_events: Arg = leave((c, v) => {
  if (failed(c)) return address(v);
  return printarray(c, v, c.ret!, L.epoll_event.size, printepoll);
});
const change: Arg = enter((c, v) => (s32(c.args[1]!) === EPOLL_CTL_DEL ? address(v) : epoll_event(c, v)));

export const event_decoders = {
  poll: { args: [pollfds, uint, int], aux: (c) => poll_result(c, null) },
  ppoll: {
    args: [pollfds, uint, in_timespec, mask, size],
    aux: (c) => poll_result(c, c.args[2] === 0 ? null : timespec(c, c.args[2]!)),
  },
  select: { args: [nfds, fds, fds, fds, enter((c, v) => timeval(c, v))], aux: (c) => select_result(c, timeval) },
  pselect6: { args: [nfds, fds, fds, fds, in_timespec, argpack], aux: (c) => select_result(c, timespec) },
  epoll_create: fd_row(int),
  epoll_create1: fd_row(flags(epollflags, 'EPOLL_???')),
  epoll_ctl: row(fd, value_of(epollctls, 'EPOLL_CTL_???'), fd, change),
  epoll_wait: row(fd, epoll_events, int, int),
  epoll_pwait: row(fd, epoll_events, int, int, mask, size),
  epoll_pwait2: row(fd, epoll_events, int, in_timespec, mask, size),
  eventfd: fd_row(uint),
  eventfd2: fd_row(uint, flags(efd_flags, 'EFD_???')),
  signalfd: fd_row(fd, mask, size),
  signalfd4: fd_row(fd, mask, size, flags(sfd_flags, 'SFD_???')),
  timerfd: fd_row(
    fd,
    value_of(clocknames, 'CLOCK_???'),
    flags(timerfd_set_flags, 'TFD_???'),
    enter((c, v) => itimerspec(c, v)),
  ),
  timerfd_create: fd_row(value_of(clocknames, 'CLOCK_???'), flags(timerfd_flags, 'TFD_???')),
  timerfd_settime: row(
    fd,
    flags(timerfd_set_flags, 'TFD_???'),
    enter((c, v) => itimerspec(c, v)),
    out((c, v) => itimerspec(c, v)),
  ),
  timerfd_gettime: row(
    fd,
    out((c, v) => itimerspec(c, v)),
  ),
  inotify_init: fd_row(),
  inotify_init1: fd_row(flags(inotify_init_flags, 'IN_???')),
  inotify_add_watch: row(fd, path, flags(inotify_flags, 'IN_???')),
  inotify_rm_watch: row(fd, int),
} satisfies Decoders;
