/** Waiting for the events of an epoll (fs/eventpoll.c: ep_poll, ep_send_events). */
import type { OpenFile } from '../include/linux/fs.js';
import { TASK_RUNNING, type Result, type Sleep, type Task } from '../include/linux/sched.js';
import { EBADF, EFAULT, EINTR, EINVAL } from '../include/uapi/errno.js';
import { EPOLLET, EPOLLONESHOT } from '../include/uapi/eventpoll.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { put_u32 } from '../lib/bytes.js';
import {
  __add_wait_queue_exclusive,
  remove_wait_queue,
  schedule_timeout,
  set_current_state,
  signal_pending,
  wait_entry,
  wake_up,
} from '../kernel/wait.js';
import { find_vma } from '../mm/mmap.js';
import { access_ok } from '../mm/uaccess.js';
import {
  EP_PRIVATE_BITS,
  type Epitem,
  type Eventpoll,
  ep_of,
  eventpoll_fops,
  item_poll,
  list_add,
  list_add_first,
  list_del,
} from './eventpoll.js';
import { fget, fput, get_file } from './file.js';
import { get_timeout, under_user_sigmask } from './select.js';

const EVENT = layout_x86_64.epoll_event;
const NSEC_PER_MSEC = 1e6;
/** Linux: EP_MAX_EVENTS. */
const MAX_EVENTS = Math.floor(0x7fffffff / EVENT.size);

/** Write `item` as event number `at` of the program's array: -EFAULT. */
function put_event(task: Task, item: Epitem, revents: number, uevents: number, at: number): number {
  const ptr = uevents + at * EVENT.size;
  const area = find_vma(task.mm, ptr, EVENT.size);
  if (area === null) return -EFAULT;
  const { bytes } = area;
  const o = ptr - area.start;
  put_u32(bytes, o + EVENT.events, revents);
  put_u32(bytes, o + EVENT.data, item.data_lo);
  put_u32(bytes, o + EVENT.data + 4, item.data_hi);
  return 0;
}

/**
 * Write the events that still hold to user memory: how many, or -EFAULT. ABI: level-triggered ones go to the end of the list, so
 * that small reads come round to all; one that could not be written stays at the front. Linux: ep_send_events.
 */
function send_events(task: Task, ep: Eventpoll, uevents: number, max: number): number {
  let count = 0;
  const stop = ep.last;
  for (let item = ep.first; item !== null && count < max;) {
    const { next } = item;
    const at_end = item === stop;
    list_del(ep, item);
    const revents = item_poll(item, null);
    if (revents !== 0) {
      if (put_event(task, item, revents, uevents, count) < 0) {
        list_add_first(ep, item);
        if (count === 0) count = -EFAULT;
        break;
      }
      count++;
      if ((item.events & EPOLLONESHOT) !== 0) item.events &= EP_PRIVATE_BITS;
      else if ((item.events & EPOLLET) === 0) list_add(ep, item);
    }
    if (at_end) break;
    item = next;
  }
  // What is left is for the next who waits. Linux: ep_done_scan.
  if (ep.first !== null && ep.wq.first !== null) wake_up(ep.wq);
  return count;
}

/**
 * Waiters are exclusive, and leave the queue before they look at the list: a wake-up is never spent on one who is awake.
 * ABI: who came last is woken first. The epoll lives on while somebody waits, though its descriptor may be closed.
 */
function* ep_sleep(task: Task, file: OpenFile, uevents: number, max: number, ns: number): Sleep {
  const ep = ep_of(get_file(file));
  const entry = wait_entry(task, null);
  let left = ns;
  try {
    for (;;) {
      const count = ep.first === null ? 0 : send_events(task, ep, uevents, max);
      if (count !== 0) return count;
      if (left === 0) return 0;
      // Never restarted, whatever SA_RESTART says.
      if (signal_pending(task)) return -EINTR;
      set_current_state(task, 'an event of an epoll');
      __add_wait_queue_exclusive(ep.wq, entry);
      left = yield* schedule_timeout(task, left);
      task.state = TASK_RUNNING;
      remove_wait_queue(entry);
    }
  } finally {
    task.state = TASK_RUNNING;
    remove_wait_queue(entry);
    fput(file);
  }
}

/** Linux: ep_check_params. */
function check_params(uevents: number, max: number): number {
  if (max <= 0 || max > MAX_EVENTS) return -EINVAL;
  return access_ok(uevents, max * EVENT.size) ? 0 : -EFAULT;
}

/** The body of all waits. `ns`: Infinity for no limit. */
function do_epoll_wait(task: Task, epfd: number, uevents: number, maxevents: number, ns: number): Result {
  const max = maxevents | 0;
  const file = fget(task, epfd);
  if (file === null && task.kernel.release.epoll_wait_fd_first) return -EBADF;
  const err = check_params(uevents, max);
  if (err < 0) return err;
  if (file === null) return -EBADF;
  if (file.f_op !== eventpoll_fops) return -EINVAL;
  const ep = ep_of(file);
  if (ep.first !== null) {
    const count = send_events(task, ep, uevents, max);
    if (count !== 0) return count;
  }
  return ns === 0 ? 0 : ep_sleep(task, file, uevents, max, ns);
}

/**
 * `epoll_wait(epfd, events, maxevents, timeout)`: timeout in milliseconds, negative for no limit.
 *
 * @returns how many events were written, 0 when the time is over; -EBADF (before 6.15 [M] third), -EINVAL (maxevents), -EFAULT (no
 *          address of a program), -EINVAL (not an epoll), -EFAULT, -EINTR. Sleeps until a watched file is ready. epoll_wait(2).
 */
export function sys_epoll_wait(task: Task, epfd: number, events: number, maxevents: number, timeout: number): Result {
  const ms = timeout | 0;
  return do_epoll_wait(task, epfd, events, maxevents, ms < 0 ? Infinity : ms * NSEC_PER_MSEC);
}

/**
 * `epoll_pwait(epfd, events, maxevents, timeout, sigmask, sigsetsize)`: epoll_wait under another signal mask.
 *
 * @returns as epoll_wait; before it -EINVAL (size of the mask), -EFAULT (mask). epoll_wait(2).
 */
export function sys_epoll_pwait(
  task: Task,
  epfd: number,
  events: number,
  maxevents: number,
  timeout: number,
  sigmask: number,
  sigsetsize: number,
): Result {
  return under_user_sigmask(task, sigmask, sigsetsize, -EINTR, () =>
    sys_epoll_wait(task, epfd, events, maxevents, timeout),
  );
}

/**
 * `epoll_pwait2(epfd, events, maxevents, timeout, sigmask, sigsetsize)` (5.11): the limit is a timespec; null: none.
 *
 * @returns as epoll_pwait; before it -EFAULT, -EINVAL (timeout). epoll_wait(2).
 */
export function sys_epoll_pwait2(
  task: Task,
  epfd: number,
  events: number,
  maxevents: number,
  tsp: number,
  sigmask: number,
  sigsetsize: number,
): Result {
  const ns = get_timeout(task, tsp);
  if (ns < 0) return ns;
  return under_user_sigmask(task, sigmask, sigsetsize, -EINTR, () => do_epoll_wait(task, epfd, events, maxevents, ns));
}
