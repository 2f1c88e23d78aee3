/** splice, tee and vmsplice: bytes between pipes and files without a detour through a program's buffers (fs/splice.c). */
import {
  FMODE_PREAD,
  FMODE_PWRITE,
  FMODE_READ,
  FMODE_WRITE,
  MAX_LFS_FILESIZE,
  type OpenFile,
} from '../include/linux/fs.js';
import type { IovIter } from '../include/linux/mm.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import { EAGAIN, EBADF, EFAULT, EINVAL, EPIPE, ERESTARTSYS, ESPIPE } from '../include/uapi/errno.js';
import { O_APPEND, O_NONBLOCK } from '../include/uapi/fcntl.js';
import { SPLICE_F_ALL, SPLICE_F_NONBLOCK } from '../include/uapi/splice.js';
import { S_ISREG } from '../include/uapi/stat.js';
import { get_s64, put_u64 } from '../lib/bytes.js';
import { fifo_items } from '../lib/fifo.js';
import { send_sigpipe } from '../kernel/signal.js';
import { finish_wait, prepare_to_wait, signal_pending } from '../kernel/wait.js';
import {
  MAX_RW_COUNT,
  copy_from_iter,
  copy_to_iter,
  fault_in,
  fault_in_some,
  import_iovec,
  iov_iter_ubuf,
} from '../mm/iov_iter.js';
import { do_mmap, do_munmap, find_vma } from '../mm/mmap.js';
import { size_t } from '../mm/uaccess.js';
import { fget, hold_file } from './file.js';
import { fsnotify_access, fsnotify_modify } from './notify/fsnotify.js';
import { type PipeInode, get_pipe_info, pipe_empty, pipe_full } from './pipe.js';
import { pipe_consume, pipe_copy_out, pipe_put_pages, pipe_room } from './pipe_pages.js';
import { PAGE_SIZE } from './ramfs.js';

/** Bytes that go in one step. */
const CHUNK = 65536;

// Waiting.

/** Until there are bytes: 1; 0: nobody will write any. -EAGAIN, -EINTR. Linux: splice_from_pipe_next, ipipe_prep. */
function* wait_for_data(task: Task, pipe: PipeInode, nonblock: boolean): Sleep {
  try {
    for (;;) {
      if (!pipe_empty(pipe)) return 1;
      if (pipe.writers === 0) return 0;
      if (nonblock) return -EAGAIN;
      if (signal_pending(task)) return -ERESTARTSYS;
      prepare_to_wait(pipe.rd_wait, task, false, 'bytes in a pipe');
      yield;
    }
  } finally {
    finish_wait(task);
  }
}

/** Until there is room: 0. -EPIPE (with SIGPIPE), -EAGAIN, -EINTR. Linux: wait_for_space, opipe_prep. */
function* wait_for_space(task: Task, pipe: PipeInode, nonblock: boolean): Sleep {
  try {
    for (;;) {
      if (pipe.readers === 0) return no_readers(task);
      if (!pipe_full(pipe)) return 0;
      if (nonblock) return -EAGAIN;
      if (signal_pending(task)) return -ERESTARTSYS;
      prepare_to_wait(pipe.wr_wait, task, false, 'room in a pipe');
      yield;
    }
  } finally {
    finish_wait(task);
  }
}

function no_readers(task: Task): number {
  send_sigpipe(task);
  return -EPIPE;
}

/** Run to the end at once if nothing sleeps. */
export function run_now(sleep: Sleep): Result {
  const step = sleep.next();
  return step.done === true ? step.value : resumed(sleep);
}

/** The first step is taken: the sleeper has queued itself, and yields from here on. */
function* resumed(sleep: Sleep): Sleep {
  yield;
  return yield* sleep;
}

// One step's bytes.

/** Calls a file's own operation on bytes of the kernel's, which are mapped for that long; with `nonblock` it does not sleep. */
export function* rw_kernel(
  task: Task,
  file: OpenFile,
  op: 'read_iter' | 'write_iter',
  bytes: Uint8Array<ArrayBuffer>,
  pos: number,
  nonblock: boolean,
): Sleep {
  const page = do_mmap(task.mm, bytes);
  try {
    iov_iter_ubuf(task.iter, page, bytes.length);
    task.iter.pos = pos;
    const { f_flags } = file;
    if (nonblock) file.f_flags |= O_NONBLOCK;
    const ret = file.f_op[op]!(task, file, task.iter);
    file.f_flags = f_flags;
    return typeof ret === 'number' ? ret : yield* ret;
  } finally {
    do_munmap(task.mm, page);
  }
}

// The three directions.

/**
 * From a pipe to a file: until `len`, or until the pipe is empty and something was moved.
 *
 * DEVIATION: Linux holds the pipe's lock while the other side takes the bytes; here who reads the pipe meanwhile finds them too.
 */
function* splice_from_pipe(
  task: Task,
  pipe: PipeInode,
  out: OpenFile,
  pos: number,
  len: number,
  nonblock: boolean,
): Sleep {
  let done = 0;
  while (done < len) {
    if (pipe_empty(pipe) && done > 0) break;
    const ready = yield* wait_for_data(task, pipe, nonblock);
    if (ready <= 0) return done > 0 ? done : ready;
    const bytes = pipe_copy_out(pipe, Math.min(len - done, CHUNK));
    const ret = yield* rw_kernel(task, out, 'write_iter', bytes, pos < 0 ? -1 : pos + done, false);
    if (ret <= 0) return done > 0 ? done : ret;
    pipe_consume(pipe, ret);
    done += ret;
  }
  return done;
}

/** From a file to a pipe: what one read gives and what fits. Linux: splice_file_to_pipe. */
export function* splice_file_to_pipe(
  task: Task,
  input: OpenFile,
  pipe: PipeInode,
  pos: number,
  len: number,
  nonblock: boolean,
): Sleep {
  const err = yield* wait_for_space(task, pipe, nonblock);
  if (err < 0 || len === 0) return err;
  if (input.f_op.splice_read !== true) return -EINVAL;
  const from = pos < 0 ? input.f_pos : pos;
  const skew = S_ISREG(input.f_inode?.i_mode ?? 0) ? from % PAGE_SIZE : 0;
  const bytes = new Uint8Array(Math.min(len, pipe_room(pipe) * PAGE_SIZE - skew));
  const ret = yield* rw_kernel(task, input, 'read_iter', bytes, pos, nonblock);
  if (ret > 0) pipe_put_pages(pipe, bytes.subarray(0, ret), skew);
  return ret;
}

/** Between two pipes, page by page; `keep`: they stay in the first one too (tee). Linux: splice_pipe_to_pipe, link_pipe. */
function* splice_pipe_to_pipe(
  task: Task,
  input: PipeInode,
  out: PipeInode,
  len: number,
  nonblock: boolean,
  keep: boolean,
): Sleep {
  for (;;) {
    const ready = yield* wait_for_data(task, input, nonblock);
    if (ready < 0) return ready;
    const err = yield* wait_for_space(task, out, nonblock);
    if (err < 0) return err;
    if (!pipe_empty(input)) return move_pages(input, out, len, keep);
    if (input.writers === 0) return 0;
  }
}

function move_pages(input: PipeInode, out: PipeInode, len: number, keep: boolean): number {
  const lens = fifo_items(input.bufs).map((buf) => buf.len);
  const bytes = pipe_copy_out(input, len);
  let done = 0;
  for (const size of lens) {
    if (done === bytes.length || pipe_full(out)) break;
    const n = Math.min(size, bytes.length - done);
    pipe_put_pages(out, bytes.subarray(done, done + n), 0);
    done += n;
  }
  if (!keep) pipe_consume(input, done);
  return done;
}

// The calls.

/** Where the offset of a side stands in user memory; null: the file's own position. */
interface Offset {
  readonly ptr: number;
  readonly pos: number;
}

/** -ESPIPE (a pipe has none), -EFAULT. */
function get_offset(task: Task, pipe: PipeInode | null, ptr: number): Offset | number {
  if (ptr === 0) return { ptr, pos: -1 };
  if (pipe !== null) return -ESPIPE;
  const area = find_vma(task.mm, ptr, 8);
  return area === null ? -EFAULT : { ptr, pos: get_s64(area.bytes, ptr - area.start) };
}

/** -EINVAL: the side takes no offset, or this one and the length leave the positions there are. Linux: rw_verify_area. */
function check_offset(file: OpenFile, { ptr, pos }: Offset, mode: number, len: number): number {
  if (ptr !== 0 && (file.f_mode & mode) === 0) return -EINVAL;
  const from = ptr === 0 ? file.f_pos : pos;
  return from < 0 || from + len > MAX_LFS_FILESIZE ? -EINVAL : 0;
}

/** The position moved. Without an offset the file's own operation has moved it. */
function put_offset(task: Task, file: OpenFile, { ptr, pos }: Offset, moved: number): number {
  // A device has no positions to move on to.
  if (ptr === 0 || !S_ISREG(file.f_inode?.i_mode ?? 0)) return 0;
  const area = find_vma(task.mm, ptr, 8);
  if (area === null) return -EFAULT;
  put_u64(area.bytes, ptr - area.start, pos + Math.max(moved, 0));
  return 0;
}

interface Splice {
  readonly input: OpenFile;
  readonly out: OpenFile;
  readonly ipipe: PipeInode | null;
  readonly opipe: PipeInode | null;
  readonly off_in: Offset;
  readonly off_out: Offset;
  readonly len: number;
  readonly nonblock: boolean;
}

/** Linux: do_splice. */
function do_splice(task: Task, s: Splice): Sleep | number {
  const { input, out, ipipe, opipe, off_in, off_out, len } = s;
  if ((input.f_mode & FMODE_READ) === 0 || (out.f_mode & FMODE_WRITE) === 0) return -EBADF;
  const most = Math.min(len, MAX_RW_COUNT);
  const is_nonblock = (f_flags: number): boolean => s.nonblock || (f_flags & O_NONBLOCK) !== 0;
  if (ipipe !== null && opipe !== null) {
    if (ipipe === opipe) return -EINVAL;
    return splice_pipe_to_pipe(task, ipipe, opipe, most, is_nonblock(input.f_flags | out.f_flags), false);
  }
  if (ipipe !== null) {
    const err = check_offset(out, off_out, FMODE_PWRITE, len);
    if (err < 0 || (out.f_flags & O_APPEND) !== 0 || out.f_op.splice_write !== true) return -EINVAL;
    return splice_from_pipe(task, ipipe, out, off_out.pos, most, is_nonblock(input.f_flags));
  }
  if (opipe === null) return -EINVAL;
  const err = check_offset(input, off_in, FMODE_PREAD, len);
  return err < 0 ? err : splice_file_to_pipe(task, input, opipe, off_in.pos, most, is_nonblock(out.f_flags));
}

/** Tell watchers, and write the offsets back. */
function* splice_end(task: Task, s: Splice, sleep: Sleep): Sleep {
  const ret = yield* sleep;
  if (ret > 0) {
    fsnotify_modify(s.out);
    fsnotify_access(s.input);
  }
  const faulted = put_offset(task, s.input, s.off_in, ret) < 0 || put_offset(task, s.out, s.off_out, ret) < 0;
  return faulted && ret >= 0 ? -EFAULT : ret;
}

/**
 * `splice(fd_in, off_in, fd_out, off_out, len, flags)`: one side at least is a pipe.
 *
 * @returns bytes, 0 at the end; -EINVAL (flags), -EBADF, -ESPIPE (an offset for a pipe), -EFAULT, -EBADF (not open that way), -EINVAL
 *          (no pipe, the same pipe, appending, a file that cannot), -EAGAIN, -EPIPE, -EINTR.
 * Sleeps on an empty or a full pipe. splice(2); Linux fs/splice.c.
 */
export function sys_splice(
  task: Task,
  fd_in: number,
  off_in_ptr: number,
  fd_out: number,
  off_out_ptr: number,
  count: number,
  flags: number,
): Result {
  const len = size_t(count);
  if (len === 0) return 0;
  if ((flags & ~SPLICE_F_ALL) !== 0) return -EINVAL;
  const input = fget(task, fd_in);
  const out = fget(task, fd_out);
  if (input === null || out === null) return -EBADF;
  const ipipe = get_pipe_info(input);
  const opipe = get_pipe_info(out);
  if ((ipipe !== null && off_in_ptr !== 0) || (opipe !== null && off_out_ptr !== 0)) return -ESPIPE;
  const off_out = get_offset(task, opipe, off_out_ptr);
  if (typeof off_out === 'number') return off_out;
  const off_in = get_offset(task, ipipe, off_in_ptr);
  if (typeof off_in === 'number') return off_in;
  const s = { input, out, ipipe, opipe, off_in, off_out, len, nonblock: (flags & SPLICE_F_NONBLOCK) !== 0 };
  const ret = do_splice(task, s);
  if (typeof ret === 'number') return ret;
  const end = run_now(splice_end(task, s, ret));
  return typeof end === 'number' ? end : hold_file(task, input, hold_file(task, out, end));
}

/**
 * `tee(fd_in, fd_out, len, flags)`: what is in one pipe goes into another, and stays.
 *
 * @returns bytes; -EINVAL (flags), -EBADF, -EINVAL (not two pipes), -EAGAIN, -EPIPE, -EINTR. tee(2).
 */
export function sys_tee(task: Task, fdin: number, fdout: number, count: number, flags: number): Result {
  if ((flags & ~SPLICE_F_ALL) !== 0) return -EINVAL;
  const len = Math.min(size_t(count), MAX_RW_COUNT);
  if (len === 0) return 0;
  const input = fget(task, fdin);
  const out = fget(task, fdout);
  if (input === null || out === null) return -EBADF;
  if ((input.f_mode & FMODE_READ) === 0 || (out.f_mode & FMODE_WRITE) === 0) return -EBADF;
  const ipipe = get_pipe_info(input);
  const opipe = get_pipe_info(out);
  if (ipipe === null || opipe === null || ipipe === opipe) return -EINVAL;
  const nonblock = (flags & SPLICE_F_NONBLOCK) !== 0 || ((input.f_flags | out.f_flags) & O_NONBLOCK) !== 0;
  const ret = run_now(splice_pipe_to_pipe(task, ipipe, opipe, len, nonblock, true));
  return typeof ret === 'number' ? ret : hold_file(task, input, hold_file(task, out, ret));
}

/** What fits, in pieces that do not cross a page of the program's. Linux: iter_to_pipe. */
function iter_to_pipe(task: Task, pipe: PipeInode, iter: IovIter): number {
  let done = 0;
  while (iter.count > 0 && !pipe_full(pipe)) {
    if (!fault_in(task.mm, iter, 1)) break;
    const n = fault_in_some(task.mm, iter, Math.min(iter.len, PAGE_SIZE - (iter.ptr % PAGE_SIZE)));
    const bytes = new Uint8Array(n);
    if (copy_from_iter(task.mm, iter, bytes, 0, n) < 0) break;
    pipe_put_pages(pipe, bytes, 0);
    done += n;
  }
  return done > 0 ? done : -EFAULT;
}

function* vmsplice_to_pipe(task: Task, pipe: PipeInode, iter: IovIter, nonblock: boolean): Sleep {
  const err = yield* wait_for_space(task, pipe, nonblock);
  return err < 0 ? err : iter_to_pipe(task, pipe, iter);
}

function* vmsplice_to_user(task: Task, pipe: PipeInode, iter: IovIter, nonblock: boolean): Sleep {
  const ready = yield* wait_for_data(task, pipe, nonblock);
  if (ready <= 0) return ready;
  const bytes = pipe_copy_out(pipe, iter.count);
  if (!fault_in(task.mm, iter, bytes.length)) return -EFAULT;
  copy_to_iter(task.mm, iter, bytes, 0, bytes.length);
  pipe_consume(pipe, bytes.length);
  return bytes.length;
}

/**
 * `vmsplice(fd, iov, nr_segs, flags)`: a program's memory into a pipe, or out of one.
 *
 * @returns bytes; -EINVAL (flags), -EBADF, -EINVAL (nr_segs), -EFAULT, -EBADF (no pipe), -EAGAIN, -EPIPE, -EINTR. vmsplice(2).
 *
 * DEVIATION: the bytes are copied; in Linux what the program changes afterwards changes in the pipe too.
 */
export function sys_vmsplice(task: Task, fd: number, uiov: number, nr_segs: number, flags: number): Result {
  if ((flags & ~SPLICE_F_ALL) !== 0) return -EINVAL;
  const file = fget(task, fd);
  if (file === null || (file.f_mode & (FMODE_READ | FMODE_WRITE)) === 0) return -EBADF;
  const err = import_iovec(task.mm, task.iter, uiov, size_t(nr_segs));
  if (err < 0) return err;
  if (task.iter.count === 0) return 0;
  const pipe = get_pipe_info(file);
  if (pipe === null) return -EBADF;
  const to_pipe = (file.f_mode & FMODE_WRITE) !== 0;
  const move = to_pipe ? vmsplice_to_pipe : vmsplice_to_user;
  const ret = run_now(move(task, pipe, task.iter, (flags & SPLICE_F_NONBLOCK) !== 0));
  return typeof ret === 'number' ? ret : hold_file(task, file, ret);
}
