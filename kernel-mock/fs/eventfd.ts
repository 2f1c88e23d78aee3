/** eventfd: a counter of 64 bits to wait on (fs/eventfd.c). */
import { should_fail } from '../include/linux/inject.js';
import type { FileOperations, OpenFile } from '../include/linux/fs.js';
import type { IovIter } from '../include/linux/mm.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import type { PollTable, WaitQueueHead } from '../include/linux/wait.js';
import { ENOMEM, EAGAIN, EFAULT, EINVAL, ERESTARTSYS } from '../include/uapi/errno.js';
import { EFD_SEMAPHORE } from '../include/uapi/eventfd.js';
import { O_NONBLOCK } from '../include/uapi/fcntl.js';
import { POLLERR, POLLIN, POLLOUT } from '../include/uapi/poll.js';
import { get_u32, put_u32 } from '../lib/bytes.js';
import { indirect_file_flags } from '../kernel/indirect.js';
import { finish_wait, prepare_to_wait, signal_pending, wait_queue_head, wake_up } from '../kernel/wait.js';
import { copy_from_iter, copy_to_iter, iter_area } from '../mm/iov_iter.js';
import { anon_inode_getfd } from './anon_inodes.js';
import { noop_llseek } from './read_write.js';

const WORD = 0x1_0000_0000;
/** The counter's largest value is 2^64 - 2: both words full but for one. */
const LO_MAX = 0xfffffffe;
const HI_MAX = 0xffffffff;

interface EventfdCtx {
  /** The counter, as two words: exact, and without BigInt. */
  hi: number;
  lo: number;
  readonly semaphore: boolean;
  readonly wqh: WaitQueueHead;
}

function ctx_of(file: OpenFile): EventfdCtx {
  return file.private_data as EventfdCtx;
}

const zero = (ctx: EventfdCtx): boolean => ctx.hi === 0 && ctx.lo === 0;

/** Would the counter stay below 2^64 - 1? */
function fits(ctx: EventfdCtx, hi: number, lo: number): boolean {
  const sum = ctx.lo + lo;
  const high = ctx.hi + hi + (sum >= WORD ? 1 : 0);
  return high < HI_MAX || (high === HI_MAX && sum % WORD <= LO_MAX);
}

const scratch = new Uint8Array(8);

/** Take the value (1 in semaphore mode) out to the reader. ABI: one who cannot take it has lost it. */
function take(task: Task, ctx: EventfdCtx, iter: IovIter): number {
  const lo = ctx.semaphore ? 1 : ctx.lo;
  const hi = ctx.semaphore ? 0 : ctx.hi;
  if (!ctx.semaphore) {
    ctx.lo = 0;
    ctx.hi = 0;
  } else if (ctx.lo > 0) ctx.lo--;
  else {
    ctx.lo = HI_MAX;
    ctx.hi--;
  }
  if (ctx.wqh.first !== null) wake_up(ctx.wqh, POLLOUT);
  return put_count(task, iter, lo, hi);
}

/** Eight bytes to the program, or -EFAULT. */
function put_count(task: Task, iter: IovIter, lo: number, hi: number): number {
  const area = iter_area(task.mm, iter, 8);
  const bytes = area === null ? scratch : area.bytes;
  const at = area === null ? 0 : iter.ptr - area.start;
  put_u32(bytes, at, lo);
  put_u32(bytes, at + 4, hi);
  return area === null && copy_to_iter(task.mm, iter, scratch, 0, 8) < 0 ? -EFAULT : 8;
}

function* read_sleep(task: Task, ctx: EventfdCtx, iter: IovIter): Sleep {
  try {
    for (;;) {
      prepare_to_wait(ctx.wqh, task, false, 'a count in an eventfd');
      if (!zero(ctx)) return take(task, ctx, iter);
      if (signal_pending(task)) return -ERESTARTSYS;
      yield;
    }
  } finally {
    finish_wait(task);
  }
}

function eventfd_read(task: Task, file: OpenFile, iter: IovIter): Result {
  const ctx = ctx_of(file);
  if (iter.count < 8) return -EINVAL;
  if (!zero(ctx)) return take(task, ctx, iter);
  return (file.f_flags & O_NONBLOCK) !== 0 ? -EAGAIN : read_sleep(task, ctx, iter);
}

function add(ctx: EventfdCtx, hi: number, lo: number): number {
  const sum = ctx.lo + lo;
  ctx.lo = sum >= WORD ? sum - WORD : sum;
  ctx.hi += hi + (sum >= WORD ? 1 : 0);
  if (ctx.wqh.first !== null) wake_up(ctx.wqh, POLLIN);
  return 8;
}

function* write_sleep(task: Task, ctx: EventfdCtx, hi: number, lo: number): Sleep {
  try {
    for (;;) {
      prepare_to_wait(ctx.wqh, task, false, 'room in the count of an eventfd');
      if (fits(ctx, hi, lo)) return add(ctx, hi, lo);
      if (signal_pending(task)) return -ERESTARTSYS;
      yield;
    }
  } finally {
    finish_wait(task);
  }
}

function eventfd_write(task: Task, file: OpenFile, iter: IovIter): Result {
  const ctx = ctx_of(file);
  if (iter.count !== 8 && (iter.count < 8 || task.kernel.release.eventfd_write_exact)) return -EINVAL;
  const area = iter_area(task.mm, iter, 8);
  if (area === null && copy_from_iter(task.mm, iter, scratch, 0, 8) < 0) return -EFAULT;
  const bytes = area === null ? scratch : area.bytes;
  const at = area === null ? 0 : iter.ptr - area.start;
  const lo = get_u32(bytes, at);
  const hi = get_u32(bytes, at + 4);
  if (hi === HI_MAX && lo === HI_MAX) return -EINVAL;
  if (fits(ctx, hi, lo)) return add(ctx, hi, lo);
  return (file.f_flags & O_NONBLOCK) !== 0 ? -EAGAIN : write_sleep(task, ctx, hi, lo);
}

function eventfd_poll(file: OpenFile, pt: PollTable | null): number {
  const ctx = ctx_of(file);
  pt?.poll_wait(ctx.wqh);
  const { hi, lo } = ctx;
  // 2^64 - 1, which no program can write, is an overflow; one less is full.
  if (hi === HI_MAX) return POLLIN | (lo === HI_MAX ? POLLERR : 0) | (lo < LO_MAX ? POLLOUT : 0);
  return hi === 0 && lo === 0 ? POLLOUT : POLLIN | POLLOUT;
}

/** DEVIATION: the id, by which CRIU knows the same eventfd again, is 0. */
function eventfd_show_fdinfo(file: OpenFile): string {
  const { hi, lo, semaphore } = ctx_of(file);
  const count = hi === 0 ? lo.toString(16) : hi.toString(16) + lo.toString(16).padStart(8, '0');
  return `eventfd-count: ${count.padStart(16)}\neventfd-id: 0\neventfd-semaphore: ${semaphore ? 1 : 0}\n`;
}

export const eventfd_fops = {
  nowait: true,
  plain_write: true,
  llseek: noop_llseek,
  read_iter: eventfd_read,
  write_iter: eventfd_write,
  poll: eventfd_poll,
  show: () => 'anon_inode:[eventfd]',
  show_fdinfo: eventfd_show_fdinfo,
} satisfies FileOperations;

function do_eventfd(task: Task, count: number, flags: number): number {
  if (should_fail(task.kernel, 'eventfd')) return -ENOMEM;
  const ctx: EventfdCtx = {
    hi: 0,
    lo: count >>> 0,
    semaphore: (flags & EFD_SEMAPHORE) !== 0,
    wqh: wait_queue_head(),
  };
  return anon_inode_getfd(task, eventfd_fops, ctx, flags);
}

/** `eventfd(count)`: -EMFILE. eventfd(2). */
export function sys_eventfd(task: Task, count: number): number {
  return do_eventfd(task, count, indirect_file_flags(task));
}

/** `eventfd2(count, flags)`: EFD_CLOEXEC, EFD_NONBLOCK, from 2.6.30 EFD_SEMAPHORE. -EINVAL (flags), -EMFILE. eventfd(2). */
export function sys_eventfd2(task: Task, count: number, flags: number): number {
  if ((flags & ~task.kernel.release.eventfd2_flags) !== 0) return -EINVAL;
  return do_eventfd(task, count, flags);
}
