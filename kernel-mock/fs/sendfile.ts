/** sendfile and copy_file_range: from files without a pipe to be seen (fs/read_write.c). */
import { FMODE_PREAD, FMODE_READ, FMODE_WRITE, MAX_LFS_FILESIZE, type OpenFile } from '../include/linux/fs.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import { EBADF, EFAULT, EFBIG, EINVAL, EISDIR, EOVERFLOW, ESPIPE, EXDEV } from '../include/uapi/errno.js';
import { O_APPEND, O_NONBLOCK } from '../include/uapi/fcntl.js';
import { S_ISDIR, S_ISREG } from '../include/uapi/stat.js';
import { get_s64, put_u64 } from '../lib/bytes.js';
import { MAX_RW_COUNT } from '../mm/iov_iter.js';
import { find_vma } from '../mm/mmap.js';
import { size_t } from '../mm/uaccess.js';
import { fget, hold_file } from './file.js';
import { fsnotify_access, fsnotify_modify } from './notify/fsnotify.js';
import { get_pipe_info } from './pipe.js';
import { S_MAXBYTES, rlimit_fsize, send_sigxfsz } from './ramfs.js';
import { run_now, rw_kernel, splice_file_to_pipe } from './splice.js';

/** Bytes that go in one step. */
const CHUNK = 65536;

/** Chunk by chunk; what the other side does not take is not read. Linux: splice_direct_to_actor. */
function* copy_chunks(task: Task, input: OpenFile, out: OpenFile, pos: number, out_pos: number, count: number): Sleep {
  let done = 0;
  while (done < count) {
    const bytes = new Uint8Array(Math.min(count - done, CHUNK));
    const got = yield* rw_kernel(task, input, 'read_iter', bytes, pos + done, true);
    if (got <= 0) return done > 0 ? done : got;
    if (out.f_op.splice_write !== true) return -EINVAL;
    const to = out_pos < 0 ? -1 : out_pos + done;
    const put = yield* rw_kernel(task, out, 'write_iter', bytes.subarray(0, got), to, false);
    if (put < 0) return done > 0 ? done : put;
    done += put;
    if (put < got) break;
  }
  return done;
}

/** What sendfile finds out before it moves anything; where it begins, in the order of do_sendfile. */
function check_sendfile(input: OpenFile | null, out: OpenFile | null, offset: number | null, count: number): number {
  if (input === null || (input.f_mode & FMODE_READ) === 0) return -EBADF;
  if (offset !== null && (input.f_mode & FMODE_PREAD) === 0) return -ESPIPE;
  const pos = offset ?? input.f_pos;
  if (pos < 0 || pos + count > MAX_LFS_FILESIZE) return -EINVAL;
  if (out === null || (out.f_mode & FMODE_WRITE) === 0) return -EBADF;
  if (pos >= S_MAXBYTES) return -EOVERFLOW;
  return pos;
}

function do_sendfile(task: Task, input: OpenFile, out: OpenFile, pos: number, count: number): Sleep | number {
  const opipe = get_pipe_info(out);
  if (opipe !== null) return splice_file_to_pipe(task, input, opipe, pos, count, (out.f_flags & O_NONBLOCK) !== 0);
  if ((out.f_flags & O_APPEND) !== 0 || input.f_op.llseek === undefined) return -EINVAL;
  if (count === 0) return 0;
  if (input.f_op.splice_read !== true) return -EINVAL;
  return copy_chunks(task, input, out, pos, -1, count);
}

function* then(sleep: Sleep, finish: (n: number) => number): Sleep {
  return finish(yield* sleep);
}

/**
 * `sendfile(out_fd, in_fd, offset, count)`: from a file to anything; `offset` null: from the file's own position, which moves.
 *
 * @returns bytes; -EFAULT, -EBADF (in_fd), -ESPIPE, -EINVAL (offset), -EBADF (out_fd), -EINVAL (in_fd has no position, or out_fd
 *          appends), then as write. Sleeps as write. sendfile(2).
 */
export function sys_sendfile(task: Task, out_fd: number, in_fd: number, offset: number, size: number): Result {
  const area = offset === 0 ? null : find_vma(task.mm, offset, 8);
  if (offset !== 0 && area === null) return -EFAULT;
  const input = fget(task, in_fd);
  const out = fget(task, out_fd);
  const count = Math.min(size_t(size), MAX_RW_COUNT);
  const asked = area === null ? null : get_s64(area.bytes, offset - area.start);
  const pos = check_sendfile(input, out, asked, size_t(size));
  if (pos < 0 || input === null || out === null) return pos;
  const finish = (n: number): number => {
    if (n > 0) {
      fsnotify_access(input);
      fsnotify_modify(out);
    }
    // A device has no positions to move on to.
    const step = S_ISREG(input.f_inode?.i_mode ?? 0) ? Math.max(n, 0) : 0;
    return moved(task, input, offset, pos + step) < 0 ? -EFAULT : n;
  };
  const ret = do_sendfile(task, input, out, pos, count);
  if (typeof ret === 'number') return ret;
  const end = run_now(then(ret, finish));
  return typeof end === 'number' ? end : hold_file(task, out, hold_file(task, input, end));
}

// Between two files.

/** -EISDIR, -EINVAL (no files), -EBADF (not open that way, or appending), -EXDEV. Linux: generic_file_rw_checks. */
function check_files(input: OpenFile, out: OpenFile): number {
  const modes = [input, out].map((file) => file.f_inode?.i_mode ?? 0);
  if (modes.some(S_ISDIR)) return -EISDIR;
  if (!modes.every(S_ISREG)) return -EINVAL;
  if ((input.f_mode & FMODE_READ) === 0 || (out.f_mode & FMODE_WRITE) === 0 || (out.f_flags & O_APPEND) !== 0)
    return -EBADF;
  return input.f_inode!.i_sb === out.f_inode!.i_sb ? 0 : -EXDEV;
}

/** How many bytes there are to copy. -EOVERFLOW, -EFBIG (with SIGXFSZ), -EINVAL (the ranges meet). Linux: generic_copy_file_checks. */
function check_ranges(
  task: Task,
  input: OpenFile,
  out: OpenFile,
  pos_in: number,
  pos_out: number,
  len: number,
): number {
  // The sums are unsigned, and may not pass 2^64.
  const wraps = (pos: number): boolean => (pos < 0 ? pos + len >= 0 : pos > 0 && pos + len >= 2 ** 64);
  if (wraps(pos_in) || wraps(pos_out)) return -EOVERFLOW;
  let count = Math.max(Math.min(len, input.f_inode!.i_size - pos_in), 0);
  const limit = rlimit_fsize(task);
  if (pos_out >= limit) return send_sigxfsz(task);
  if (pos_out >= S_MAXBYTES) return -EFBIG;
  count = Math.min(count, limit - pos_out, S_MAXBYTES - pos_out);
  const meet = input.f_inode === out.f_inode && pos_out + count > pos_in && pos_out < pos_in + count;
  return meet ? -EINVAL : count;
}

/** The offset of one side: its own position without a pointer. -EFAULT. */
function offset_of(task: Task, file: OpenFile, ptr: number): number | null {
  if (ptr === 0) return file.f_pos;
  const area = find_vma(task.mm, ptr, 8);
  return area === null ? null : get_s64(area.bytes, ptr - area.start);
}

function moved(task: Task, file: OpenFile, ptr: number, pos: number): number {
  if (ptr === 0) {
    file.f_pos = pos;
    return 0;
  }
  const area = find_vma(task.mm, ptr, 8);
  if (area === null) return -EFAULT;
  put_u64(area.bytes, ptr - area.start, pos);
  return 0;
}

/**
 * `copy_file_range(fd_in, off_in, fd_out, off_out, len, flags)`: between two regular files of one file system.
 *
 * @returns bytes, 0 at the end; -EBADF, -EFAULT, -EINVAL (flags), -EISDIR, -EINVAL (no files), -EBADF (not open that way, or
 *          appending), -EXDEV, -EOVERFLOW, -EFBIG, -EINVAL (the ranges meet). copy_file_range(2); Linux fs/read_write.c.
 */
export function sys_copy_file_range(
  task: Task,
  fd_in: number,
  off_in: number,
  fd_out: number,
  off_out: number,
  size: number,
  flags: number,
): Result {
  const input = fget(task, fd_in);
  const out = fget(task, fd_out);
  if (input === null || out === null) return -EBADF;
  const pos_in = offset_of(task, input, off_in);
  const pos_out = offset_of(task, out, off_out);
  if (pos_in === null || pos_out === null) return -EFAULT;
  if ((flags | 0) !== 0) return -EINVAL;
  const err = check_files(input, out);
  if (err < 0) return err;
  const count = check_ranges(task, input, out, pos_in, pos_out, size_t(size));
  if (count < 0) return count;
  if (pos_in < 0 || pos_out < 0) return -EINVAL;
  if (count === 0) return 0;
  const ret = run_now(copy_chunks(task, input, out, pos_in, pos_out, Math.min(count, MAX_RW_COUNT)));
  if (typeof ret !== 'number' || ret <= 0) return ret;
  fsnotify_access(input);
  fsnotify_modify(out);
  const faulted = moved(task, input, off_in, pos_in + ret) < 0 || moved(task, out, off_out, pos_out + ret) < 0;
  return faulted ? -EFAULT : ret;
}
