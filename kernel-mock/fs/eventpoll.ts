/** epoll (fs/eventpoll.c): a set of files, and the list of those that may be ready. */
import type { EpWatcher, FileOperations, OpenFile } from '../include/linux/fs.js';
import { TASK_RUNNING, type Result, type Sleep, type Task } from '../include/linux/sched.js';
import type { PollTable, WaitEntry, WaitQueueHead } from '../include/linux/wait.js';
import { EBADF, EEXIST, EFAULT, EINTR, EINVAL, ELOOP, ENOENT, ENOTTY, EPERM } from '../include/uapi/errno.js';
import {
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLWAKEUP,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
} from '../include/uapi/eventpoll.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { POLLIN, POLLRDNORM } from '../include/uapi/poll.js';
import { get_u32, put_u32 } from '../lib/bytes.js';
import { indirect_file_flags } from '../kernel/indirect.js';
import {
  add_wait_queue,
  remove_wait_queue,
  schedule_timeout,
  set_current_state,
  signal_pending,
  wait_entry,
  wait_queue_head,
  wake_up,
} from '../kernel/wait.js';
import { find_vma } from '../mm/mmap.js';
import { anon_inode_getfd } from './anon_inodes.js';
import { noop_llseek } from './read_write.js';
import { fget } from './file.js';
import { get_timeout, under_user_sigmask, vfs_poll } from './select.js';

const EVENT = layout_x86_64.epoll_event;
const NSEC_PER_MSEC = 1e6;
/** Linux: EP_MAX_EVENTS. */
const MAX_EVENTS = Math.floor(0x7fffffff / EVENT.size);
/** epolls that may stand in one another. */
const EP_MAX_NESTS = 4;
/** What is reported whether asked for or not. */
const EP_ALWAYS = EPOLLERR | EPOLLHUP;
/** Bits that are no events. */
const EP_PRIVATE_BITS = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE | 0;
/** What may go with EPOLLEXCLUSIVE. */
const EPOLLEXCLUSIVE_OK_BITS = EPOLLIN | EPOLLOUT | EP_ALWAYS | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE | 0;

/** One watched file, by descriptor number and open file. Linux: struct epitem. */
interface Epitem extends EpWatcher {
  readonly ep: Eventpoll;
  readonly fd: number;
  readonly file: OpenFile;
  /** What is asked for, with the private bits; no event bits after a one-shot fired. */
  events: number;
  /** The program's 64 bits. */
  data_lo: number;
  data_hi: number;
  /** Entries in the queues of the file. */
  readonly waits: WaitEntry[];
  /** Links of the ready list. */
  ready: boolean;
  /** Another file that was added under the same number; null: none. */
  same_fd: Epitem | null;
  prev: Epitem | null;
  next: Epitem | null;
}

/** Linux: struct eventpoll. */
interface Eventpoll {
  /** Its own open file, once it has one. */
  file: OpenFile | null;
  /** By descriptor: the latest of those that were added under this number, and are open under another still. */
  readonly items: Map<number, Epitem>;
  /** The ready list, oldest first. */
  first: Epitem | null;
  last: Epitem | null;
  /** Sleepers of epoll_wait. */
  readonly wq: WaitQueueHead;
  /** Pollers of the epoll's own descriptor. */
  readonly poll_wait: WaitQueueHead;
}

function ep_of(file: OpenFile): Eventpoll {
  return file.private_data as Eventpoll;
}

// The ready list.

function list_add(ep: Eventpoll, item: Epitem): void {
  if (item.ready) return;
  item.ready = true;
  item.prev = ep.last;
  item.next = null;
  if (ep.last === null) ep.first = item;
  else ep.last.next = item;
  ep.last = item;
}

function list_del(ep: Eventpoll, item: Epitem): void {
  if (!item.ready) return;
  item.ready = false;
  if (item.prev === null) ep.first = item.next;
  else item.prev.next = item.next;
  if (item.next === null) ep.last = item.prev;
  else item.next.prev = item.prev;
  item.prev = null;
  item.next = null;
}

function make_ready(item: Epitem): void {
  const { ep } = item;
  list_add(ep, item);
  if (ep.wq.first !== null) wake_up(ep.wq);
  if (ep.poll_wait.first !== null) wake_up(ep.poll_wait, POLLIN | POLLRDNORM);
}

/** Something happened on a watched file. Linux: ep_poll_callback. */
function ep_poll_callback(item: Epitem, key: number): boolean {
  const wanted = item.events & ~EP_PRIVATE_BITS;
  if (wanted === 0) return false;
  if (key !== 0 && (key & (wanted | EP_ALWAYS)) === 0) return false;
  make_ready(item);
  return true;
}

function item_poll(item: Epitem, pt: PollTable | null): number {
  return vfs_poll(item.file, pt) & ((item.events & ~EP_PRIVATE_BITS) | EP_ALWAYS);
}

// Adding and removing.

function ep_insert(ep: Eventpoll, file: OpenFile, fd: number, events: number, lo: number, hi: number): void {
  const item: Epitem = {
    ep,
    fd,
    file,
    events,
    data_lo: lo,
    data_hi: hi,
    waits: [],
    ready: false,
    same_fd: ep.items.get(fd) ?? null,
    released: eventpoll_release_file,
    prev: null,
    next: null,
  };
  ep.items.set(fd, item);
  (file.f_ep ??= []).push(item);
  const pt: PollTable = {
    poll_wait(q) {
      const entry = wait_entry(null, (_entry, key) => ep_poll_callback(item, key));
      add_wait_queue(q, entry, (events & EPOLLEXCLUSIVE) !== 0);
      item.waits.push(entry);
    },
  };
  if (item_poll(item, pt) !== 0) make_ready(item);
}

/** Linux: ep_find. */
function ep_find(ep: Eventpoll, file: OpenFile, fd: number): Epitem | undefined {
  let item = ep.items.get(fd) ?? null;
  while (item !== null && item.file !== file) item = item.same_fd;
  return item ?? undefined;
}

/** Take `item` out of the set. Its file is closed, or forgets it. */
function item_free(item: Epitem): void {
  const { ep, fd } = item;
  for (const entry of item.waits) remove_wait_queue(entry);
  list_del(ep, item);
  const first = ep.items.get(fd)!;
  let before = first;
  while (before !== item && before.same_fd !== item) before = before.same_fd!;
  if (before !== item) before.same_fd = item.same_fd;
  else if (item.same_fd !== null) ep.items.set(fd, item.same_fd);
  else ep.items.delete(fd);
}

/** The last descriptor of a watched file was closed. */
function eventpoll_release_file(watcher: EpWatcher): void {
  item_free(watcher as Epitem);
}

function ep_remove(item: Epitem): void {
  item_free(item);
  const { file } = item;
  file.f_ep = file.f_ep!.filter((other) => other !== item);
}

function ep_modify(item: Epitem, events: number, lo: number, hi: number): void {
  item.events = events;
  item.data_lo = lo;
  item.data_hi = hi;
  if (item_poll(item, null) !== 0) make_ready(item);
}

/** Every file in the set. */
function* watched(ep: Eventpoll): Generator<OpenFile> {
  for (let item of ep.items.values()) {
    yield item.file;
    while (item.same_fd !== null) {
      item = item.same_fd;
      yield item.file;
    }
  }
}

/** How deep epolls stand in `file`; `target` in it is a circle. -ELOOP. Linux: ep_loop_check. */
function nesting(file: OpenFile, target: OpenFile, depth: number): number {
  if (file === target || depth > EP_MAX_NESTS) return -ELOOP;
  let deepest = 0;
  for (const inner of watched(ep_of(file))) {
    if (inner.f_op !== eventpoll_fops) continue;
    const below = nesting(inner, target, depth + 1);
    if (below < 0) return below;
    deepest = Math.max(deepest, below + 1);
  }
  return deepest;
}

/** epolls that stand around `file`, at most. */
function outer_depth(file: OpenFile): number {
  let deepest = 0;
  for (const watcher of file.f_ep ?? []) deepest = Math.max(deepest, outer_depth((watcher as Epitem).ep.file!) + 1);
  return deepest;
}

// Waiting.

/** Write the events that still hold to user memory: how many, or -EFAULT. Level-triggered ones go to the end of the list. */
function send_events(task: Task, ep: Eventpoll, uevents: number, max: number): number {
  let count = 0;
  const stop = ep.last;
  for (let item = ep.first; item !== null && count < max;) {
    const { next } = item;
    const at_end = item === stop;
    list_del(ep, item);
    const revents = item_poll(item, null);
    if (revents !== 0) {
      const area = find_vma(task.mm, uevents + count * EVENT.size, EVENT.size);
      if (area === null) {
        list_add(ep, item);
        return count > 0 ? count : -EFAULT;
      }
      const at = uevents + count * EVENT.size - area.start;
      put_u32(area.bytes, at + EVENT.events, revents);
      put_u32(area.bytes, at + EVENT.data, item.data_lo);
      put_u32(area.bytes, at + EVENT.data + 4, item.data_hi);
      count++;
      if ((item.events & EPOLLONESHOT) !== 0) item.events &= EP_PRIVATE_BITS;
      else if ((item.events & EPOLLET) === 0) list_add(ep, item);
    }
    if (at_end) break;
    item = next;
  }
  return count;
}

function* ep_sleep(task: Task, ep: Eventpoll, uevents: number, max: number, ns: number): Sleep {
  const entry = wait_entry(task, null);
  let left = ns;
  add_wait_queue(ep.wq, entry, true);
  try {
    for (;;) {
      set_current_state(task, 'an event of an epoll');
      const count = send_events(task, ep, uevents, max);
      if (count !== 0) return count;
      if (left === 0) return 0;
      // Never restarted, whatever SA_RESTART says.
      if (signal_pending(task)) return -EINTR;
      left = yield* schedule_timeout(task, left);
    }
  } finally {
    task.state = TASK_RUNNING;
    remove_wait_queue(entry);
  }
}

/** The body of all waits. `ns`: Infinity for no limit. */
function do_epoll_wait(task: Task, epfd: number, uevents: number, maxevents: number, ns: number): Result {
  const max = maxevents | 0;
  if (max <= 0 || max > MAX_EVENTS) return -EINVAL;
  const file = fget(task, epfd);
  if (file === null) return -EBADF;
  if (file.f_op !== eventpoll_fops) return -EINVAL;
  const ep = ep_of(file);
  if (ep.first !== null) {
    const count = send_events(task, ep, uevents, max);
    if (count !== 0) return count;
  }
  return ns === 0 ? 0 : ep_sleep(task, ep, uevents, max, ns);
}

// The epoll's own file.

/** Readable while something in it is ready. */
function ep_eventpoll_poll(file: OpenFile, pt: PollTable | null): number {
  const ep = ep_of(file);
  pt?.poll_wait(ep.poll_wait);
  for (let item = ep.first; item !== null;) {
    const { next } = item;
    if (item_poll(item, null) !== 0) return POLLIN | POLLRDNORM;
    list_del(ep, item);
    item = next;
  }
  return 0;
}

function ep_release(file: OpenFile): void {
  const ep = ep_of(file);
  for (const first of [...ep.items.values()])
    for (let item: Epitem | null = first; item !== null; item = item.same_fd) ep_remove(item);
}

export const eventpoll_fops = {
  llseek: noop_llseek,
  // Its own requests are for busy polling of network devices.
  ioctl: (task) => (task.kernel.release.epoll_ioctl ? -EINVAL : -ENOTTY),
  poll: ep_eventpoll_poll,
  release: ep_release,
  show: () => 'anon_inode:[eventpoll]',
} satisfies FileOperations;

function do_epoll_create(task: Task, flags: number): number {
  const ep: Eventpoll = {
    file: null,
    items: new Map(),
    first: null,
    last: null,
    wq: wait_queue_head(),
    poll_wait: wait_queue_head(),
  };
  const fd = anon_inode_getfd(task, eventpoll_fops, ep, flags);
  if (fd >= 0) ep.file = fget(task, fd);
  return fd;
}

/** `epoll_create(size)`: -EINVAL (size not above 0), -EMFILE. epoll_create(2). */
export function sys_epoll_create(task: Task, size: number): number {
  if ((size | 0) <= 0) return -EINVAL;
  return do_epoll_create(task, indirect_file_flags(task));
}

/** `epoll_create1(flags)`: EPOLL_CLOEXEC. -EINVAL (flags), -EMFILE. epoll_create(2). */
export function sys_epoll_create1(task: Task, flags: number): number {
  if ((flags & ~EPOLL_CLOEXEC) !== 0) return -EINVAL;
  return do_epoll_create(task, flags);
}

const has_event = (op: number): boolean => op !== EPOLL_CTL_DEL;

/** EPOLLEXCLUSIVE only for adding, only with few other bits, and not for an epoll. */
function exclusive_is_wrong(op: number, events: number, target: OpenFile): boolean {
  if (!has_event(op) || (events & EPOLLEXCLUSIVE) === 0) return false;
  return op !== EPOLL_CTL_ADD || target.f_op === eventpoll_fops || (events & ~EPOLLEXCLUSIVE_OK_BITS) !== 0;
}

/** May `target`, an epoll, be added to `file`? -ELOOP: a circle, or too deep. */
function check_nesting(file: OpenFile, target: OpenFile): number {
  if (target.f_op !== eventpoll_fops) return 0;
  const below = nesting(target, file, 0);
  if (below < 0) return below;
  return below + outer_depth(file) + 1 > EP_MAX_NESTS ? -ELOOP : 0;
}

/**
 * `epoll_ctl(epfd, op, fd, event)`.
 *
 * @returns 0; -EFAULT (event), -EBADF (either), -EPERM (`fd` cannot be polled), -EINVAL (not an epoll, itself, EPOLLEXCLUSIVE),
 *          -ELOOP, -EEXIST, -ENOENT, -EINVAL (op). epoll_ctl(2); Linux fs/eventpoll.c do_epoll_ctl.
 */
export function sys_epoll_ctl(task: Task, epfd: number, op_reg: number, fd_reg: number, event: number): number {
  const op = op_reg | 0;
  const area = has_event(op) ? find_vma(task.mm, event, EVENT.size) : null;
  if (area === null && has_event(op)) return -EFAULT;
  const file = fget(task, epfd);
  const target = fget(task, fd_reg);
  if (file === null || target === null) return -EBADF;
  if (target.f_op.poll === undefined) return -EPERM;
  const at = area === null ? 0 : event - area.start;
  const events = area === null ? 0 : get_u32(area.bytes, at + EVENT.events) | 0;
  if (file === target || file.f_op !== eventpoll_fops || exclusive_is_wrong(op, events, target)) return -EINVAL;
  if (op === EPOLL_CTL_ADD) {
    const err = check_nesting(file, target);
    if (err < 0) return err;
  }
  const ep = ep_of(file);
  const fd = fd_reg >>> 0;
  const item = ep_find(ep, target, fd);
  const lo = area === null ? 0 : get_u32(area.bytes, at + EVENT.data);
  const hi = area === null ? 0 : get_u32(area.bytes, at + EVENT.data + 4);
  switch (op) {
    case EPOLL_CTL_ADD:
      if (item !== undefined) return -EEXIST;
      ep_insert(ep, target, fd, events, lo, hi);
      return 0;
    case EPOLL_CTL_MOD:
      if (item === undefined) return -ENOENT;
      if ((item.events & EPOLLEXCLUSIVE) !== 0) return -EINVAL;
      ep_modify(item, events, lo, hi);
      return 0;
    case EPOLL_CTL_DEL:
      if (item === undefined) return -ENOENT;
      ep_remove(item);
      return 0;
    default:
      return -EINVAL;
  }
}

/**
 * `epoll_wait(epfd, events, maxevents, timeout)`: timeout in milliseconds, negative for no limit.
 *
 * @returns how many events were written, 0 when the time is over; -EINVAL (maxevents), -EBADF, -EINVAL (not an epoll), -EFAULT,
 *          -EINTR. Sleeps until a watched file is ready. epoll_wait(2).
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
