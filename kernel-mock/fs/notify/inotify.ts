/** inotify: a descriptor that tells what happens to files (fs/notify/inotify/). */
import { should_fail } from '../../include/linux/inject.js';
import type { FsnotifyMark, Inode, Vfs } from '../../include/linux/dcache.js';
import { FMODE_READ, type FileOperations, type OpenFile } from '../../include/linux/fs.js';
import type { Kernel } from '../../include/linux/kernel.js';
import type { IovIter } from '../../include/linux/mm.js';
import type { Result, Sleep, Task } from '../../include/linux/sched.js';
import type { PollTable, WaitQueueHead } from '../../include/linux/wait.js';
import { EAGAIN, EBADF, EEXIST, EFAULT, EINTR, EINVAL, EMFILE, ENOMEM, ERESTARTSYS } from '../../include/uapi/errno.js';
import { AT_FDCWD, O_NONBLOCK, O_RDONLY } from '../../include/uapi/fcntl.js';
import {
  IN_ALL_EVENTS,
  IN_CLOEXEC,
  IN_DELETE_SELF,
  IN_DONT_FOLLOW,
  IN_EXCL_UNLINK,
  IN_IGNORED,
  IN_ISDIR,
  IN_MASK_ADD,
  IN_MASK_CREATE,
  IN_MOVE_SELF,
  IN_NONBLOCK,
  IN_ONESHOT,
  IN_ONLYDIR,
  IN_Q_OVERFLOW,
  IN_UNMOUNT,
} from '../../include/uapi/inotify.js';
import { layout_x86_64 } from '../../include/uapi/layout.js';
import { POLLIN, POLLRDNORM } from '../../include/uapi/poll.js';
import { POLL_IN } from '../../include/uapi/signal.js';
import { put_u32 } from '../../lib/bytes.js';
import { type Fifo, fifo, fifo_items, fifo_last, fifo_len, fifo_peek, fifo_push, fifo_shift } from '../../lib/fifo.js';
import { indirect_file_flags } from '../../kernel/indirect.js';
import { finish_wait, prepare_to_wait, signal_pending, wait_queue_head, wake_up } from '../../kernel/wait.js';
import { copy_to_iter, fault_in } from '../../mm/iov_iter.js';
import { alloc_file, fd_install, fget, get_unused_fd_flags } from '../file.js';
import { fasync_helper } from '../fown.js';
import { MAY_READ, inode_permission } from '../inode.js';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, user_path_at } from '../namei.js';
import { vfs_of } from '../namespace.js';

const EVENT = layout_x86_64.inotify_event;
/** fs.inotify.max_user_instances, and max_queued_events. */
const MAX_USER_INSTANCES = 128;
const MAX_QUEUED_EVENTS = 16384;
/** Bits that say how to watch. */
const HOW = IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | IN_ONESHOT;
const ALL_INOTIFY_BITS = IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ISDIR | HOW;

interface InotifyEvent {
  readonly wd: number;
  readonly mask: number;
  readonly cookie: number;
  readonly name: string;
}

/** Linux: struct fsnotify_group with its inotify_data. */
interface InotifyGroup {
  readonly kernel: Kernel;
  readonly vfs: Vfs;
  readonly uid: number;
  readonly events: Fifo<InotifyEvent>;
  readonly wait: WaitQueueHead;
  readonly marks: Map<number, InotifyMark>;
  next_wd: number;
}

function group_of(file: OpenFile): InotifyGroup {
  return file.private_data as InotifyGroup;
}

function same(a: InotifyEvent | undefined, b: InotifyEvent): boolean {
  return a !== undefined && a.mask === b.mask && a.wd === b.wd && a.name === b.name && b.mask !== IN_IGNORED;
}

/** Queue an event, unless it only repeats the last one. */
function queue_event(group: InotifyGroup, event: InotifyEvent): void {
  const { events } = group;
  const last = fifo_last(events);
  if (same(last, event)) return;
  if (fifo_len(events) >= MAX_QUEUED_EVENTS) {
    if (last?.mask !== IN_Q_OVERFLOW) fifo_push(events, { wd: -1, mask: IN_Q_OVERFLOW, cookie: 0, name: '' });
  } else fifo_push(events, event);
  if (group.wait.first !== null) wake_up(group.wait, POLLIN | POLLRDNORM);
}

/** One watch. Linux: struct inotify_inode_mark. */
class InotifyMark implements FsnotifyMark {
  mask: number;
  readonly wd: number;
  readonly inode: Inode;
  readonly group: InotifyGroup;

  constructor(group: InotifyGroup, inode: Inode, wd: number, mask: number) {
    this.group = group;
    this.inode = inode;
    this.wd = wd;
    this.mask = mask;
  }

  handle_event(mask: number, name: string, cookie: number, unlinked: boolean): void {
    if (unlinked && (this.mask & IN_EXCL_UNLINK) !== 0) return;
    // ABI: that the subject is a directory is not told of itself being moved or removed.
    const bits = (mask & (IN_MOVE_SELF | IN_DELETE_SELF)) !== 0 ? mask & ~IN_ISDIR : mask;
    queue_event(this.group, { wd: this.wd, mask: bits >>> 0, cookie, name });
    if ((this.mask & IN_ONESHOT) !== 0) this.ignored();
  }

  /** The watch ends, and says so. */
  ignored(): void {
    if (!this.detach()) return;
    queue_event(this.group, { wd: this.wd, mask: IN_IGNORED, cookie: 0, name: '' });
  }

  detach(): boolean {
    const { group, inode } = this;
    if (!group.marks.delete(this.wd)) return false;
    const left = inode.i_marks!.filter((mark) => mark !== this);
    inode.i_marks = left.length === 0 ? null : left;
    group.vfs.nr_marks--;
    return true;
  }
}

// Reading.

function name_len({ name }: InotifyEvent): number {
  return name === '' ? 0 : (name.length + EVENT.size) & ~(EVENT.size - 1);
}

function event_bytes(event: InotifyEvent): Uint8Array {
  const len = name_len(event);
  const raw = new Uint8Array(EVENT.size + len);
  put_u32(raw, EVENT.wd, event.wd);
  put_u32(raw, EVENT.mask, event.mask);
  put_u32(raw, EVENT.cookie, event.cookie);
  put_u32(raw, EVENT.len, len);
  for (let i = 0; i < event.name.length; i++) raw[EVENT.name + i] = event.name.charCodeAt(i);
  return raw;
}

/** Deliver as many whole events as fit: bytes, -EINVAL (no room for the first), -EFAULT, -EAGAIN (there is none). */
function read_events(task: Task, group: InotifyGroup, iter: IovIter): number {
  let done = 0;
  for (let event = fifo_peek(group.events); event !== undefined; event = fifo_peek(group.events)) {
    const raw = event_bytes(event);
    if (raw.length > iter.count) return done > 0 ? done : -EINVAL;
    fifo_shift(group.events);
    if (!fault_in(task.mm, iter, raw.length)) return done > 0 ? done : -EFAULT;
    copy_to_iter(task.mm, iter, raw, 0, raw.length);
    done += raw.length;
  }
  return done > 0 ? done : -EAGAIN;
}

function* read_sleep(task: Task, group: InotifyGroup, iter: IovIter): Sleep {
  try {
    for (;;) {
      prepare_to_wait(group.wait, task, false, 'an inotify event');
      const ret = read_events(task, group, iter);
      if (ret !== -EAGAIN) return ret;
      if (signal_pending(task)) return task.kernel.release.inotify_restarts ? -ERESTARTSYS : -EINTR;
      yield;
    }
  } finally {
    finish_wait(task);
  }
}

function inotify_read(task: Task, file: OpenFile, iter: IovIter): Result {
  const group = group_of(file);
  const ret = read_events(task, group, iter);
  return ret === -EAGAIN && (file.f_flags & O_NONBLOCK) === 0 ? read_sleep(task, group, iter) : ret;
}

function inotify_poll(file: OpenFile, pt: PollTable | null): number {
  const group = group_of(file);
  pt?.poll_wait(group.wait);
  return fifo_len(group.events) > 0 ? POLLIN | POLLRDNORM : 0;
}

function count_instance(vfs: Vfs, uid: number, change: number): number {
  const n = (vfs.inotify_instances.get(uid) ?? 0) + change;
  if (n > 0) vfs.inotify_instances.set(uid, n);
  else vfs.inotify_instances.delete(uid);
  return n;
}

const inotify_fops = {
  read_iter: inotify_read,
  llseek: (_task, file) => file.f_pos,
  poll: inotify_poll,
  fasync: (file, fd, on) => fasync_helper(file, fd, on, group_of(file).wait, () => POLL_IN),
  nread: (file) => fifo_items(group_of(file).events).reduce((n, e) => n + EVENT.size + name_len(e), 0),
  release(file) {
    const group = group_of(file);
    for (const mark of group.marks.values()) mark.detach();
    count_instance(group.vfs, group.uid, -1);
  },
  show: () => 'anon_inode:inotify',
} satisfies FileOperations;

// The calls.

function do_inotify_init(task: Task, flags: number): number {
  const { kernel, cred } = task;
  if (should_fail(kernel, 'inotify_group')) return -ENOMEM;
  const vfs = vfs_of(kernel);
  if (count_instance(vfs, cred.uid, 1) > MAX_USER_INSTANCES) {
    count_instance(vfs, cred.uid, -1);
    return -EMFILE;
  }
  const fd = get_unused_fd_flags(task, flags);
  if (fd < 0) {
    count_instance(vfs, cred.uid, -1);
    return fd;
  }
  const group: InotifyGroup = {
    kernel,
    vfs,
    uid: cred.uid,
    events: fifo(),
    wait: wait_queue_head(),
    marks: new Map(),
    next_wd: 1,
  };
  fd_install(task, fd, alloc_file(kernel, inotify_fops, FMODE_READ, O_RDONLY | (flags & O_NONBLOCK), group));
  return fd;
}

/** `inotify_init()`: -EMFILE. inotify_init(2). */
export function sys_inotify_init(task: Task): number {
  return do_inotify_init(task, indirect_file_flags(task));
}

/** `inotify_init1(flags)`: IN_CLOEXEC, IN_NONBLOCK. -EINVAL, -EMFILE. inotify_init(2). */
export function sys_inotify_init1(task: Task, flags: number): number {
  if ((flags & ~(IN_CLOEXEC | IN_NONBLOCK)) !== 0) return -EINVAL;
  return do_inotify_init(task, flags | 0);
}

/**
 * Change the watch that the group has on `inode`, or make one. Linux: inotify_update_watch.
 * DEVIATION: a watch on a pipe (through /proc/PID/fd) hears nothing, since reads and writes of files without a name do not look for any.
 */
function update_watch(group: InotifyGroup, inode: Inode, arg: number): number {
  const bits = (arg & (IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT)) | IN_UNMOUNT;
  const old = inode.i_marks?.find((m): m is InotifyMark => m instanceof InotifyMark && m.group === group);
  if (old !== undefined) {
    if ((arg & IN_MASK_CREATE) !== 0) return -EEXIST;
    old.mask = (arg & IN_MASK_ADD) !== 0 ? old.mask | bits : bits;
    return old.wd;
  }
  if (should_fail(group.kernel, 'inotify_mark')) return -ENOMEM;
  const mark = new InotifyMark(group, inode, group.next_wd++, bits);
  group.marks.set(mark.wd, mark);
  inode.i_marks = [...(inode.i_marks ?? []), mark];
  group.vfs.nr_marks++;
  return mark.wd;
}

/**
 * `inotify_add_watch(fd, path, mask)`.
 *
 * @returns the watch; -EINVAL (mask), -EBADF, -EINVAL (IN_MASK_ADD with IN_MASK_CREATE, or no inotify descriptor), the walk's
 *          errors, -EACCES, -EEXIST (IN_MASK_CREATE). inotify_add_watch(2); Linux fs/notify/inotify/inotify_user.c.
 */
export function sys_inotify_add_watch(task: Task, fd: number, pathname: number, mask: number): number {
  if ((mask & ~ALL_INOTIFY_BITS) !== 0 || (mask & ALL_INOTIFY_BITS) === 0) return -EINVAL;
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  if ((mask & IN_MASK_ADD) !== 0 && (mask & IN_MASK_CREATE) !== 0) return -EINVAL;
  if (file.f_op !== inotify_fops) return -EINVAL;
  const follow = (mask & IN_DONT_FOLLOW) === 0 ? LOOKUP_FOLLOW : 0;
  const dir = (mask & IN_ONLYDIR) !== 0 ? LOOKUP_DIRECTORY : 0;
  const dentry = user_path_at(task, AT_FDCWD, pathname, follow | dir);
  if (typeof dentry === 'number') return dentry;
  const err = inode_permission(task, dentry.d_inode, MAY_READ);
  return err < 0 ? err : update_watch(group_of(file), dentry.d_inode, mask);
}

/** `inotify_rm_watch(fd, wd)`: -EBADF, -EINVAL. inotify_rm_watch(2). */
export function sys_inotify_rm_watch(task: Task, fd: number, wd: number): number {
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  if (file.f_op !== inotify_fops) return -EINVAL;
  const mark = group_of(file).marks.get(wd | 0);
  if (mark === undefined) return -EINVAL;
  mark.ignored();
  return 0;
}
