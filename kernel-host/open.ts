/** open and openat of a FIFO, which sleep until somebody opens its other end; of anything else they do not sleep. */
import { EAGAIN, EBADF, EINTR, ENXIO } from '../kernel-mock/include/uapi/errno.js';
import { get_u32 } from '../kernel-mock/include/uapi/byteorder.js';
import {
  AT_FDCWD,
  F_GETFL,
  F_SETFL,
  O_ACCMODE,
  O_CLOEXEC,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
} from '../kernel-mock/include/uapi/fcntl.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { POLLIN } from '../kernel-mock/include/uapi/poll.js';
import { SPLICE_F_NONBLOCK } from '../kernel-mock/include/uapi/splice.js';
import { S_IFIFO, S_IFMT } from '../kernel-mock/include/uapi/stat.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import { UNKNOWN } from './files.js';
import { retry } from './locks.js';
import { is_ready } from './read_write.js';
import type { Handler, HostTask } from './task.js';

const STAT = layout_x86_64.stat;

function is_fifo(task: HostTask, dirfd: number, path: number): boolean {
  const { driver, scratch } = task.process;
  if (driver.syscall(NR.newfstatat, dirfd, path, scratch.address, 0, 0, 0) < 0) return false;
  return (get_u32(scratch.bytes, STAT.st_mode) & S_IFMT) === S_IFIFO;
}

/** Is there, or was there, a writer at the other end of the FIFO `fd`? tee takes nothing away: 0 says that nobody can write. */
function has_writer(task: HostTask, fd: number): boolean {
  const { driver, scratch } = task.process;
  if (is_ready(task, fd, POLLIN)) return true;
  const at = scratch.address;
  if (driver.syscall(NR.pipe2, at, O_CLOEXEC, 0, 0, 0, 0) < 0) return true;
  const [r, w] = [get_u32(scratch.bytes, 0), get_u32(scratch.bytes, 4)];
  const ret = driver.syscall(NR.tee, fd, w, 1, SPLICE_F_NONBLOCK, 0, 0);
  for (const end of [r, w]) driver.syscall(NR.close, end, 0, 0, 0, 0, 0);
  return ret !== 0;
}

/** The FIFO is open: from now on it blocks, as the program wants it. */
function opened(task: HostTask, fd: number): number {
  const { driver, files } = task.process;
  const flags = driver.syscall(NR.fcntl, fd, F_GETFL, 0, 0, 0, 0);
  driver.syscall(NR.fcntl, fd, F_SETFL, flags & ~O_NONBLOCK, 0, 0, 0);
  files.add(fd);
  return fd;
}

// DEVIATION: who waits for the other end of a FIFO looks for it again and again; a writer that comes and goes without a byte
// between two looks is not seen.
async function open_fifo(task: HostTask, dirfd: number, path: number, flags: number, mode: number): Promise<number> {
  const { driver } = task.process;
  const open = (): number => driver.syscall(NR.openat, dirfd, path, flags | O_NONBLOCK, mode, 0, 0);
  let fd = open();
  if ((flags & O_ACCMODE) === O_RDONLY && fd >= 0) {
    const found = has_writer(task, fd) ? 0 : await retry(task, () => (has_writer(task, fd) ? 0 : -EAGAIN));
    if (found === -EINTR) driver.syscall(NR.close, fd, 0, 0, 0, 0, 0);
    return found === -EINTR ? found : opened(task, fd);
  }
  if (fd === -ENXIO)
    fd = await retry(task, () => {
      const again = open();
      return again === -ENXIO ? -EAGAIN : again;
    });
  return fd < 0 ? fd : opened(task, fd);
}

function do_open(task: HostTask, dirfd: number, path: number, flags: number, mode: number): number | Promise<number> {
  const { driver, files } = task.process;
  if (files.is_foreign(dirfd)) return -EBADF;
  const waits = (flags & (O_NONBLOCK | O_PATH)) === 0 && (flags & O_ACCMODE) !== O_RDWR;
  if (waits && is_fifo(task, dirfd, path)) return open_fifo(task, dirfd, path, flags, mode);
  const ret = driver.syscall(NR.openat, dirfd, path, flags, mode, 0, 0);
  if (ret >= 0) files.add(ret, UNKNOWN);
  return ret;
}

export const sys_open: Handler = (task, path, flags, mode) => do_open(task, AT_FDCWD, path, flags, mode);
export const sys_openat: Handler = (task, dirfd, path, flags, mode) => do_open(task, dirfd | 0, path, flags, mode);
