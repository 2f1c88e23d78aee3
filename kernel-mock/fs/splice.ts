/** Moving bytes between files without user memory (fs/read_write.c do_sendfile, fs/splice.c). */
import { FMODE_PREAD, FMODE_READ, FMODE_WRITE, type OpenFile } from '../include/linux/fs.js';
import type { Bytes } from '../include/linux/mm.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import { EBADF, EFAULT, EINVAL, ESPIPE } from '../include/uapi/errno.js';
import { O_APPEND } from '../include/uapi/fcntl.js';
import { S_ISSOCK, S_ISFIFO } from '../include/uapi/stat.js';
import { get_s64, put_u64 } from '../lib/bytes.js';
import { MAX_RW_COUNT, iov_iter_ubuf } from '../mm/iov_iter.js';
import { do_mmap, do_munmap, find_vma } from '../mm/mmap.js';
import { size_t } from '../mm/uaccess.js';
import { fget, hold_file } from './file.js';
import { fsnotify_access, fsnotify_modify } from './notify/fsnotify.js';

/** Bytes that go in one step. */
const CHUNK = 65536;

/** Can bytes be taken from it page by page? Sockets, pipes and anonymous inodes cannot. */
function can_splice_read(file: OpenFile): boolean {
  const mode = file.f_inode?.i_mode ?? 0;
  return file.f_path !== null && !S_ISSOCK(mode) && !S_ISFIFO(mode) && file.f_op.read_iter !== undefined;
}

/** One step's bytes, read at `pos` into a page that is mapped for that long. The answer may not sleep: only files are read. */
function read_chunk(task: Task, file: OpenFile, page: number, pos: number, n: number): number {
  iov_iter_ubuf(task.iter, page, n);
  task.iter.pos = pos;
  const ret = file.f_op.read_iter!(task, file, task.iter);
  return typeof ret === 'number' ? ret : -EINVAL;
}

function* sendfile_loop(task: Task, out: OpenFile, input: OpenFile, pos: number, count: number): Sleep {
  const { mm } = task;
  const bytes: Bytes = new Uint8Array(Math.min(count, CHUNK));
  const page = do_mmap(mm, bytes);
  let done = 0;
  try {
    while (done < count) {
      const got = read_chunk(task, input, page, pos + done, Math.min(count - done, CHUNK));
      if (got <= 0) return done > 0 ? done : got;
      iov_iter_ubuf(task.iter, page, got);
      const ret = out.f_op.write_iter!(task, out, task.iter);
      const put = typeof ret === 'number' ? ret : yield* ret;
      if (put < 0) return done > 0 ? done : put;
      done += put;
      if (put < got) break;
    }
    return done;
  } finally {
    do_munmap(mm, page);
  }
}

/** Run to the end at once if nothing sleeps. */
function run(sleep: Sleep): Result {
  const step = sleep.next();
  if (step.done === true) return step.value;
  return resumed(sleep);
}

/** The first step is taken: the sleeper has queued itself, and yields from here on. */
function* resumed(sleep: Sleep): Sleep {
  yield;
  return yield* sleep;
}

/** Check both files, and say where to begin. */
function check(out: OpenFile | null, input: OpenFile | null, has_offset: boolean): number {
  if (input === null || (input.f_mode & FMODE_READ) === 0) return -EBADF;
  if (has_offset && (input.f_mode & FMODE_PREAD) === 0) return -ESPIPE;
  if (out === null || (out.f_mode & FMODE_WRITE) === 0) return -EBADF;
  if (!can_splice_read(input) || out.f_op.write_iter === undefined || (out.f_flags & O_APPEND) !== 0) return -EINVAL;
  return 0;
}

function* after(sleep: Sleep, finish: (n: number) => number): Sleep {
  return finish(yield* sleep);
}

/**
 * `sendfile(out_fd, in_fd, offset, count)`: from a file to anything; `offset` null: from the file's own position, which moves.
 *
 * @returns bytes; -EFAULT, -EBADF, -ESPIPE, -EINVAL (in_fd is no file, or out_fd appends), then as write. Sleeps as write. sendfile(2).
 */
export function sys_sendfile(task: Task, out_fd: number, in_fd: number, offset: number, count: number): Result {
  const area = offset === 0 ? null : find_vma(task.mm, offset, 8);
  if (offset !== 0 && area === null) return -EFAULT;
  const input = fget(task, in_fd);
  const out = fget(task, out_fd);
  const err = check(out, input, offset !== 0);
  if (err < 0 || input === null || out === null) return err;
  const pos = area === null ? input.f_pos : get_s64(area.bytes, offset - area.start);
  if (pos < 0) return -EINVAL;
  const finish = (n: number): number => {
    if (n <= 0) return n;
    fsnotify_access(input);
    fsnotify_modify(out);
    if (offset === 0) input.f_pos = pos + n;
    else {
      const now = find_vma(task.mm, offset, 8);
      if (now === null) return -EFAULT;
      put_u64(now.bytes, offset - now.start, pos + n);
    }
    return n;
  };
  const ret = run(sendfile_loop(task, out, input, pos, Math.min(size_t(count), MAX_RW_COUNT)));
  return typeof ret === 'number' ? finish(ret) : hold_file(out, hold_file(input, after(ret, finish)));
}
