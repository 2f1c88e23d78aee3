/** epoll (fs/eventpoll.c): a set of files, and the list of those that may be ready. */
import { should_fail } from '../include/linux/inject.js';
import type { EpWatcher, FileOperations, OpenFile } from '../include/linux/fs.js';
import type { Task } from '../include/linux/sched.js';
import type { PollTable, WaitEntry, WaitQueueHead } from '../include/linux/wait.js';
import { ENOMEM, EBADF, EEXIST, EFAULT, EINVAL, ELOOP, ENOENT, ENOTTY, EPERM } from '../include/uapi/errno.js';
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
import { get_u32 } from '../lib/bytes.js';
import { indirect_file_flags } from '../kernel/indirect.js';
import { add_wait_queue, remove_wait_queue, wait_entry, wait_queue_head, wake_up } from '../kernel/wait.js';
import { find_vma } from '../mm/mmap.js';
import { anon_inode_getfd } from './anon_inodes.js';
import { noop_llseek } from './read_write.js';
import { fget } from './file.js';
import { vfs_poll } from './select.js';

const EVENT = layout_x86_64.epoll_event;
/** epolls that may stand in one another. */
const EP_MAX_NESTS = 4;
/** What is reported whether asked for or not. */
const EP_ALWAYS = EPOLLERR | EPOLLHUP;
/** Bits that are no events. */
export const EP_PRIVATE_BITS = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE | 0;
/** What may go with EPOLLEXCLUSIVE. */
const EPOLLEXCLUSIVE_OK_BITS = EPOLLIN | EPOLLOUT | EP_ALWAYS | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE | 0;

/** One watched file, by descriptor number and open file. Linux: struct epitem. */
export interface Epitem extends EpWatcher {
  readonly ep: Eventpoll;
  readonly fd: number;
  readonly file: OpenFile;
  /** What is asked for, EP_ALWAYS and the private bits; no event bits after a one-shot fired. */
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
export interface Eventpoll {
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

export function ep_of(file: OpenFile): Eventpoll {
  return file.private_data as Eventpoll;
}

// The ready list.

export function list_add(ep: Eventpoll, item: Epitem): void {
  if (item.ready) return;
  item.ready = true;
  item.prev = ep.last;
  item.next = null;
  if (ep.last === null) ep.first = item;
  else ep.last.next = item;
  ep.last = item;
}

export function list_add_first(ep: Eventpoll, item: Epitem): void {
  item.ready = true;
  item.prev = null;
  item.next = ep.first;
  if (ep.first === null) ep.last = item;
  else ep.first.prev = item;
  ep.first = item;
}

export function list_del(ep: Eventpoll, item: Epitem): void {
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
  if (ep.poll_wait.first !== null) wake_up(ep.poll_wait, POLLIN);
}

/** Does a wake-up for `key` count as used? Only if somebody waits, and for a direction that he asks for. */
function uses_wakeup({ events }: Epitem, key: number): boolean {
  const direction = key & (EPOLLIN | EPOLLOUT);
  if (direction === 0) return true;
  return direction !== (EPOLLIN | EPOLLOUT) && (events & direction) !== 0;
}

/** Something happened on a watched file. Linux: ep_poll_callback. */
function ep_poll_callback(item: Epitem, key: number): boolean {
  const { ep, events } = item;
  const exclusive = (events & EPOLLEXCLUSIVE) !== 0;
  if ((events & ~EP_PRIVATE_BITS) === 0 || (key !== 0 && (key & events) === 0)) return !exclusive;
  const used = !exclusive || (ep.wq.first !== null && uses_wakeup(item, key));
  make_ready(item);
  return used;
}

export function item_poll(item: Epitem, pt: PollTable | null): number {
  return vfs_poll(item.file, pt) & item.events & ~EP_PRIVATE_BITS;
}

// Adding and removing.

/** -EINVAL: too many epolls would hear of the file. */
function ep_insert(ep: Eventpoll, file: OpenFile, fd: number, events: number, lo: number, hi: number): number {
  if (should_fail(file.kernel, 'epitem')) return -ENOMEM;
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
  if (needs_path_check(ep, file) && !paths_are_few(file)) {
    ep_remove(item);
    return -EINVAL;
  }
  const pt: PollTable = {
    poll_wait(q) {
      const entry = wait_entry(null, (_entry, key) => ep_poll_callback(item, key));
      add_wait_queue(q, entry, (events & EPOLLEXCLUSIVE) !== 0);
      item.waits.push(entry);
    },
  };
  if (item_poll(item, pt) !== 0) make_ready(item);
  return 0;
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
  if (item_poll(item, null) !== 0 && !item.ready) make_ready(item);
}

// Epolls in epolls.

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

/** A wake-up of one file may go through so many chains of that many epolls. Linux: path_limits. */
const PATH_LIMITS = [Infinity, 500, 100, 50, 10] as const;

/** A file in an epoll that nothing else watches is woken in one step, always. */
function needs_path_check(ep: Eventpoll, file: OpenFile): boolean {
  return (ep.file!.f_ep ?? []).length > 0 || file.f_op === eventpoll_fops;
}

/** Every file that stands in `file` or below. */
function* leaves(file: OpenFile): Generator<OpenFile> {
  if (file.f_op === eventpoll_fops) for (const inner of watched(ep_of(file))) yield* leaves(inner);
  else yield file;
}

/** Count the chains of epolls from `file` outwards, by length; false: too many, or too long. Linux: reverse_path_check_proc. */
function count_paths(file: OpenFile, depth: number, counts: number[]): boolean {
  if (depth > EP_MAX_NESTS) return false;
  for (const watcher of file.f_ep ?? []) {
    const owner = (watcher as Epitem).ep.file!;
    if ((owner.f_ep ?? []).length > 0) {
      if (!count_paths(owner, depth + 1, counts)) return false;
    } else if (++counts[depth]! > PATH_LIMITS[depth]!) return false;
  }
  return true;
}

/** Linux: reverse_path_check. */
function paths_are_few(file: OpenFile): boolean {
  for (const leaf of new Set(leaves(file))) if (!count_paths(leaf, 0, [0, 0, 0, 0, 0])) return false;
  return true;
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

/** One line for each watched file, by descriptor. */
function ep_show_fdinfo(file: OpenFile): string {
  const lines: string[] = [];
  for (const first of [...ep_of(file).items.values()].sort((a, b) => a.fd - b.fd))
    for (let item: Epitem | null = first; item !== null; item = item.same_fd) lines.push(fdinfo_line(item));
  return lines.join('');
}

function fdinfo_line({ fd, events, data_lo, data_hi, file }: Epitem): string {
  const hi = data_hi === 0 ? '' : (data_hi >>> 0).toString(16);
  const lo = (data_lo >>> 0).toString(16);
  const data = (hi === '' ? lo : hi + lo.padStart(8, '0')).padStart(16);
  const bits = (events >>> 0).toString(16).padStart(8);
  const ino = (file.f_inode?.i_ino ?? file.f_op.ino?.(file) ?? 1).toString(16);
  return `tfd: ${String(fd).padStart(8)} events: ${bits} data: ${data}  pos:${file.f_pos} ino:${ino} sdev:0\n`;
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
  show_fdinfo: ep_show_fdinfo,
} satisfies FileOperations;

function do_epoll_create(task: Task, flags: number): number {
  if (should_fail(task.kernel, 'eventpoll')) return -ENOMEM;
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

/** Before 4.5 EPOLLEXCLUSIVE is a bit like any other that means nothing. */
function known_bits({ kernel }: Task): number {
  return kernel.release.epoll_exclusive ? ~0 : ~EPOLLEXCLUSIVE;
}

/** EPOLLEXCLUSIVE only for adding, only with few other bits, and not for an epoll. */
function exclusive_is_wrong(op: number, events: number, target: OpenFile): boolean {
  if (!has_event(op) || (events & EPOLLEXCLUSIVE) === 0) return false;
  return op !== EPOLL_CTL_ADD || target.f_op === eventpoll_fops || (events & ~EPOLLEXCLUSIVE_OK_BITS) !== 0;
}

/** May `target`, an epoll, be added to `file`? -ELOOP: a circle, or too deep. DEVIATION: before 2.6.38 [M] nobody looked. */
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
 *          -ELOOP, -EEXIST, -ENOENT, -EINVAL (op; too many chains of epolls). epoll_ctl(2); Linux fs/eventpoll.c do_epoll_ctl.
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
  const events = area === null ? 0 : get_u32(area.bytes, at + EVENT.events) & known_bits(task);
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
      return ep_insert(ep, target, fd, events | EP_ALWAYS, lo, hi);
    case EPOLL_CTL_MOD:
      if (item === undefined) return -ENOENT;
      if ((item.events & EPOLLEXCLUSIVE) !== 0) return -EINVAL;
      ep_modify(item, events | EP_ALWAYS, lo, hi);
      return 0;
    case EPOLL_CTL_DEL:
      if (item === undefined) return -ENOENT;
      ep_remove(item);
      return 0;
    default:
      return -EINVAL;
  }
}
