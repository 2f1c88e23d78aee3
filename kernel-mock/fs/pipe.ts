/** Pipes: a ring of pages between descriptors (fs/pipe.c). */
import { should_fail } from '../include/linux/inject.js';
import { FMODE_READ, FMODE_WRITE, type FileOperations, type OpenFile } from '../include/linux/fs.js';
import type { Kernel } from '../include/linux/kernel.js';
import type { IovIter } from '../include/linux/mm.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import type { PollTable, WaitQueueHead } from '../include/linux/wait.js';
import {
  ENFILE,
  EAGAIN,
  EBUSY,
  EFAULT,
  EINVAL,
  ENOMEM,
  ENOPKG,
  EPERM,
  EPIPE,
  ERESTARTSYS,
} from '../include/uapi/errno.js';
import { O_DIRECT, O_NONBLOCK, O_NOTIFICATION_PIPE, O_RDONLY, O_WRONLY } from '../include/uapi/fcntl.js';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../include/uapi/poll.js';
import { POLL_IN, POLL_OUT } from '../include/uapi/signal.js';
import { S_IFIFO } from '../include/uapi/stat.js';
import { type Fifo, fifo, fifo_clear, fifo_last, fifo_len, fifo_peek, fifo_push, fifo_shift } from '../lib/fifo.js';
import { type Kfifo, kfifo, kfifo_free, kfifo_reserve, kfifo_skip } from '../lib/kfifo.js';
import { capable } from '../kernel/capability.js';
import { indirect_file_flags } from '../kernel/indirect.js';
import { send_sigpipe } from '../kernel/signal.js';
import { finish_wait, prepare_to_wait, signal_pending, wait_queue_head, wake_up } from '../kernel/wait.js';
import { copy_from_iter, copy_to_iter, fault_in } from '../mm/iov_iter.js';
import { put_user_u32 } from '../mm/uaccess.js';
import { fasync_helper } from './fown.js';
import { alloc_file, fd_install, fput, get_unused_fd_flags, put_unused_fd } from './file.js';

export const PAGE_SIZE = 4096;
/** Pages of a new pipe. */
const PIPE_DEF_BUFFERS = 16;
/** /proc/sys/fs/pipe-max-size: who may not override limits gets no more. */
const PIPE_MAX_SIZE = 1048576;
/** So many of Linux's struct pipe_buffer are one allocation of 4 MiB, the largest there is. */
const PIPE_BUFFERS_MAX = 2 ** 16;

/** One page of the ring. Small writes share a page as long as each fits whole; a packet has its page to itself. */
interface PipeBuffer {
  /** Where its first byte stood in the page: what was read does not come back as room. */
  offset: number;
  len: number;
  packet: boolean;
}

/** Linux: struct pipe_inode_info. */
export interface PipeInode {
  readonly kernel: Kernel;
  readonly ino: number;
  readonly bufs: Fifo<PipeBuffer>;
  /** A page that was read up, for the next write; null: none. So does the ring keep the bytes of one. Linux: tmp_page. */
  spare: PipeBuffer | null;
  /** The bytes of all pages in a row. */
  readonly bytes: Kfifo;
  /** Pages that it may hold. */
  max_usage: number;
  /** Open ends. */
  readers: number;
  writers: number;
  /** Ends that were ever opened: lets an open of a FIFO see that its partner came and went. */
  r_counter: number;
  w_counter: number;
  readonly rd_wait: WaitQueueHead;
  readonly wr_wait: WaitQueueHead;
  /** Ends with O_ASYNC; null until there is one. */
  fasync: { readonly readers: WaitQueueHead; readonly writers: WaitQueueHead } | null;
}

export function alloc_pipe(kernel: Kernel): PipeInode {
  return {
    kernel,
    ino: kernel.next_ino++,
    bufs: fifo(),
    spare: null,
    bytes: kfifo(),
    max_usage: PIPE_DEF_BUFFERS,
    readers: 0,
    writers: 0,
    r_counter: 0,
    w_counter: 0,
    rd_wait: wait_queue_head(),
    wr_wait: wait_queue_head(),
    fasync: null,
  };
}

function pipe_of(file: OpenFile): PipeInode {
  return file.private_data as PipeInode;
}

export const pipe_empty = (pipe: PipeInode): boolean => fifo_len(pipe.bufs) === 0;
export const pipe_full = (pipe: PipeInode): boolean => fifo_len(pipe.bufs) >= pipe.max_usage;

export function wake_readers(pipe: PipeInode): void {
  if (pipe.rd_wait.first !== null) wake_up(pipe.rd_wait, POLLIN | POLLRDNORM);
}

export function wake_writers(pipe: PipeInode): void {
  if (pipe.wr_wait.first !== null) wake_up(pipe.wr_wait, POLLOUT | POLLWRNORM);
}

/** Append a page that holds `len` bytes from `offset` on. */
export function pipe_push(pipe: PipeInode, offset: number, len: number, packet: boolean): void {
  const { spare } = pipe;
  if (spare === null) {
    fifo_push(pipe.bufs, { offset, len, packet });
    return;
  }
  pipe.spare = null;
  spare.offset = offset;
  spare.len = len;
  spare.packet = packet;
  fifo_push(pipe.bufs, spare);
}

/** The first `n` bytes of the first page were read: it goes when it is read up. */
export function pipe_pop(pipe: PipeInode, n: number): void {
  const buf = fifo_peek(pipe.bufs)!;
  kfifo_skip(pipe.kernel.pages, pipe.bytes, n, PAGE_SIZE);
  buf.offset += n;
  buf.len -= n;
  if (buf.len === 0) pipe.spare = fifo_shift(pipe.bufs)!;
}

// Reading.

/** Deliver from the first page; -EFAULT takes nothing. Answers with the bytes. */
function read_buffer(task: Task, pipe: PipeInode, iter: IovIter): number {
  const buf = fifo_peek(pipe.bufs)!;
  const n = Math.min(buf.len, iter.count);
  if (!fault_in(task.mm, iter, n)) return -EFAULT;
  const { buf: ring, out } = pipe.bytes;
  const first = Math.min(n, ring.length - out);
  copy_to_iter(task.mm, iter, ring, out, first);
  if (n > first) copy_to_iter(task.mm, iter, ring, 0, n - first);
  // What a read leaves of a packet is lost.
  if (buf.packet) iter.count = 0;
  pipe_pop(pipe, buf.packet ? buf.len : n);
  return n;
}

/** Deliver what is there: bytes, or -EFAULT if nothing could be. */
function read_some(task: Task, pipe: PipeInode, iter: IovIter): number {
  const was_full = pipe_full(pipe);
  let done = 0;
  while (iter.count > 0 && !pipe_empty(pipe)) {
    const n = read_buffer(task, pipe, iter);
    if (n < 0) return done > 0 ? done : n;
    done += n;
  }
  if (was_full && !pipe_full(pipe)) wake_writers(pipe);
  if (pipe.fasync !== null) wake_up(pipe.fasync.writers);
  return done;
}

function* read_sleep(task: Task, pipe: PipeInode, iter: IovIter): Sleep {
  try {
    for (;;) {
      prepare_to_wait(pipe.rd_wait, task, true, 'bytes in a pipe');
      if (!pipe_empty(pipe)) return read_some(task, pipe, iter);
      if (pipe.writers === 0) return 0;
      if (signal_pending(task)) return -ERESTARTSYS;
      yield;
    }
  } finally {
    finish_wait(task);
    // Exclusive waiters are woken one by one: pass on what is left.
    if (!pipe_empty(pipe)) wake_readers(pipe);
  }
}

function pipe_read(task: Task, file: OpenFile, iter: IovIter): Result {
  const pipe = pipe_of(file);
  if (iter.count === 0) return 0;
  if (!pipe_empty(pipe)) return read_some(task, pipe, iter);
  if (pipe.writers === 0) return 0;
  return (file.f_flags & O_NONBLOCK) !== 0 ? -EAGAIN : read_sleep(task, pipe, iter);
}

// Writing.

/** Append `n` bytes of `iter` to the ring; the range was checked. */
function append(task: Task, pipe: PipeInode, iter: IovIter, n: number): void {
  const { bytes } = pipe;
  kfifo_reserve(pipe.kernel.pages, bytes, n);
  const size = bytes.buf.length;
  const at = (bytes.out + bytes.len) & (size - 1);
  const first = Math.min(n, size - at);
  copy_from_iter(task.mm, iter, bytes.buf, at, first);
  if (n > first) copy_from_iter(task.mm, iter, bytes.buf, 0, n - first);
  bytes.len += n;
}

/** The part of a write that is no whole page goes to the last page, if it fits there. Answers with the bytes, or -EFAULT. */
function merge(task: Task, pipe: PipeInode, iter: IovIter): number {
  const chars = iter.count & (PAGE_SIZE - 1);
  const last = fifo_last(pipe.bufs);
  if (chars === 0 || last === undefined || last.packet || last.offset + last.len + chars > PAGE_SIZE) return 0;
  if (!fault_in(task.mm, iter, chars)) return -EFAULT;
  append(task, pipe, iter, chars);
  last.len += chars;
  return chars;
}

/** Fill free pages: 0 when all is written, -EAGAIN when there is none, -EPIPE, -EFAULT. `iter.count` tells what is left. */
function fill_pages(task: Task, pipe: PipeInode, iter: IovIter, packet: boolean): number {
  while (iter.count > 0) {
    if (pipe.readers === 0) return -EPIPE;
    if (pipe_full(pipe)) return -EAGAIN;
    const n = Math.min(iter.count, PAGE_SIZE);
    if (!fault_in(task.mm, iter, n)) return -EFAULT;
    append(task, pipe, iter, n);
    pipe_push(pipe, 0, n, packet);
  }
  return 0;
}

function write_end(task: Task, total: number, iter: IovIter, err: number): number {
  if (err === -EPIPE) send_sigpipe(task);
  const done = total - iter.count;
  return done > 0 ? done : err;
}

function* write_sleep(task: Task, pipe: PipeInode, iter: IovIter, total: number, packet: boolean): Sleep {
  let err = -EAGAIN;
  try {
    while (err === -EAGAIN) {
      prepare_to_wait(pipe.wr_wait, task, true, 'room in a pipe');
      err = fill_pages(task, pipe, iter, packet);
      wake_readers_if_any(pipe);
      if (err !== -EAGAIN) break;
      if (signal_pending(task)) err = -ERESTARTSYS;
      else yield;
    }
  } finally {
    finish_wait(task);
    if (!pipe_full(pipe)) wake_writers(pipe);
  }
  return write_end(task, total, iter, err);
}

function wake_readers_if_any(pipe: PipeInode): void {
  if (!pipe_empty(pipe)) wake_readers(pipe);
  if (pipe.fasync !== null) wake_up(pipe.fasync.readers);
}

function pipe_write(task: Task, file: OpenFile, iter: IovIter): Result {
  const pipe = pipe_of(file);
  const total = iter.count;
  if (total === 0) return 0;
  if (pipe.readers === 0) return write_end(task, total, iter, -EPIPE);
  const packet = (file.f_flags & O_DIRECT) !== 0;
  let err = merge(task, pipe, iter);
  if (err >= 0) err = fill_pages(task, pipe, iter, packet);
  wake_readers_if_any(pipe);
  if (err === 0) return total;
  if (err === -EAGAIN && (file.f_flags & O_NONBLOCK) === 0) return write_sleep(task, pipe, iter, total, packet);
  return write_end(task, total, iter, err);
}

// The ends.

function pipe_poll(file: OpenFile, pt: PollTable | null): number {
  const pipe = pipe_of(file);
  let mask = 0;
  if ((file.f_mode & FMODE_READ) !== 0) {
    pt?.poll_wait(pipe.rd_wait);
    if (!pipe_empty(pipe)) mask |= POLLIN | POLLRDNORM;
    if (pipe.writers === 0 && pipe.w_counter > 0) mask |= POLLHUP;
  }
  if ((file.f_mode & FMODE_WRITE) !== 0) {
    pt?.poll_wait(pipe.wr_wait);
    if (!pipe_full(pipe)) mask |= POLLOUT | POLLWRNORM;
    if (pipe.readers === 0) mask |= POLLERR;
  }
  return mask;
}

export function pipe_release(file: OpenFile): void {
  const pipe = pipe_of(file);
  if ((file.f_mode & FMODE_READ) !== 0) pipe.readers--;
  if ((file.f_mode & FMODE_WRITE) !== 0) pipe.writers--;
  if (pipe.readers === 0 && pipe.writers === 0) {
    kfifo_free(pipe.kernel.pages, pipe.bytes);
    fifo_clear(pipe.bufs);
    return;
  }
  // The other end must see that this one is gone.
  wake_up(pipe.rd_wait, POLLIN | POLLRDNORM | POLLERR | POLLHUP, Infinity);
  wake_up(pipe.wr_wait, POLLOUT | POLLWRNORM | POLLERR | POLLHUP, Infinity);
  if (pipe.fasync === null || (pipe.readers > 0 && pipe.writers > 0)) return;
  wake_up(pipe.fasync.readers);
  wake_up(pipe.fasync.writers);
}

function pipe_fasync(file: OpenFile, fd: number, on: boolean): void {
  const pipe = pipe_of(file);
  pipe.fasync ??= { readers: wait_queue_head(), writers: wait_queue_head() };
  if ((file.f_mode & FMODE_READ) !== 0) fasync_helper(file, fd, on, pipe.fasync.readers, () => POLL_IN);
  if ((file.f_mode & FMODE_WRITE) !== 0) fasync_helper(file, fd, on, pipe.fasync.writers, () => POLL_OUT);
}

/** FIONREAD. */
function pipe_ioctl_nread(file: OpenFile): number {
  return pipe_of(file).bytes.len;
}

export const pipefifo_fops = {
  read_iter: pipe_read,
  write_iter: pipe_write,
  poll: pipe_poll,
  release: pipe_release,
  fasync: pipe_fasync,
  nread: pipe_ioctl_nread,
  nowait: true,
  show: (file) => `pipe:[${pipe_of(file).ino}]`,
  i_mode: S_IFIFO | 0o600,
  ino: (file) => pipe_of(file).ino,
} satisfies FileOperations;

/** F_GETPIPE_SZ in bytes. */
export function pipe_get_size(pipe: PipeInode): number {
  return pipe.max_usage * PAGE_SIZE;
}

/** Bytes that a request for `size` becomes: whole pages, a power of two of them; 0: too many. Linux: round_pipe_size. */
function round_pipe_size(size: number): number {
  if (size > 0x8000_0000) return 0;
  return size <= PAGE_SIZE ? PAGE_SIZE : 2 ** Math.ceil(Math.log2(size));
}

/**
 * F_SETPIPE_SZ: up to the next power of two of pages. -EINVAL (above 2^31), -EPERM (above pipe-max-size, and more than now), -ENOMEM,
 * -EBUSY (it holds more). Linux: pipe_set_size.
 */
export function pipe_set_size(task: Task, pipe: PipeInode, arg: number): number {
  const size = round_pipe_size(arg >>> 0);
  const pages = size / PAGE_SIZE;
  if (pages === 0) return -EINVAL;
  if (pages > pipe.max_usage && size > PIPE_MAX_SIZE && !capable(task.cred)) return -EPERM;
  if (pages > PIPE_BUFFERS_MAX) return -ENOMEM;
  if (pages < fifo_len(pipe.bufs)) return -EBUSY;
  const grew = pages > pipe.max_usage;
  pipe.max_usage = pages;
  if (grew) wake_writers(pipe);
  return size;
}

/** The pipe behind an open file, or null. */
export function get_pipe_info(file: OpenFile): PipeInode | null {
  return file.f_op === pipefifo_fops ? pipe_of(file) : null;
}

/** Both ends as files: [read, write]. Linux: create_pipe_files. */
export function create_pipe_files(kernel: Kernel, flags: number): [OpenFile, OpenFile] {
  const pipe = alloc_pipe(kernel);
  pipe.readers = 1;
  pipe.writers = 1;
  pipe.r_counter = 1;
  pipe.w_counter = 1;
  const reader = alloc_file(kernel, pipefifo_fops, FMODE_READ, O_RDONLY | (flags & O_NONBLOCK), pipe);
  const writer = alloc_file(kernel, pipefifo_fops, FMODE_WRITE, O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)), pipe);
  return [reader, writer];
}

function do_pipe2(task: Task, fildes: number, flags: number): number {
  const { kernel } = task;
  if (should_fail(kernel, 'pipe_inode') || should_fail(kernel, 'alloc_file')) return -ENFILE;
  const [reader, writer] = create_pipe_files(kernel, flags);
  const fd1 = get_unused_fd_flags(task, flags);
  const fd2 = fd1 < 0 ? fd1 : get_unused_fd_flags(task, flags);
  const faulted = fd2 >= 0 && (put_user_u32(task.mm, fildes, fd1) < 0 || put_user_u32(task.mm, fildes + 4, fd2) < 0);
  if (fd2 >= 0 && !faulted) {
    fd_install(task, fd1, reader);
    fd_install(task, fd2, writer);
    return 0;
  }
  if (fd1 >= 0) put_unused_fd(task, fd1);
  if (fd2 >= 0) put_unused_fd(task, fd2);
  fput(reader);
  fput(writer);
  return faulted ? -EFAULT : fd2;
}

/** `pipe(fds)`: -EMFILE, -EFAULT. pipe(2). */
export function sys_pipe(task: Task, fildes: number): number {
  return do_pipe2(task, fildes, indirect_file_flags(task));
}

/**
 * `pipe2(fds, flags)`: O_CLOEXEC, O_NONBLOCK, from 3.4 O_DIRECT (packets), from 5.8 O_NOTIFICATION_PIPE, which is an option of the
 * build and not in this one. -EINVAL (flags), -ENOPKG, -EMFILE, -EFAULT. pipe(2); Linux fs/pipe.c.
 */
export function sys_pipe2(task: Task, fildes: number, flags: number): number {
  if ((flags & ~task.kernel.release.pipe2_flags) !== 0) return -EINVAL;
  if ((flags & O_NOTIFICATION_PIPE) !== 0) return -ENOPKG;
  return do_pipe2(task, fildes, flags | 0);
}
