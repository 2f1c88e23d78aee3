/**
 * read, write and their like. Each is tried in a form that does not sleep (MSG_DONTWAIT, RWF_NOWAIT), whatever the descriptor's
 * O_NONBLOCK says; only after -EAGAIN is that flag asked for, and if it is off the call sleeps here.
 */
import { EAGAIN, EBADF, EOPNOTSUPP } from '../kernel-mock/include/uapi/errno.js';
import { F_GETFL, F_SETFL, O_NONBLOCK } from '../kernel-mock/include/uapi/fcntl.js';
import { put_u32, put_u64 } from '../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { POLLIN, POLLOUT } from '../kernel-mock/include/uapi/poll.js';
import { MSG_DONTWAIT } from '../kernel-mock/include/uapi/socket.js';
import { RWF_NOWAIT } from '../kernel-mock/include/uapi/uio.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import { FILE, type Kind, NOT_OURS, OLD_STREAM, OLD_WRITE, SOCKET, STREAM } from './files.js';
import { socket_limit } from './socket_limit.js';
import { type Handler, type HostTask, block_on } from './task.js';

const { iovec: IOVEC, pollfd: POLLFD } = layout_x86_64;
/** No offset: that of the file. */
const HERE = -1;

/** What a call is made on, as it was when the call began: the descriptor may be closed while the call sleeps. */
interface Target {
  readonly fd: number;
  kind: Kind;
}

/** Is `fd` ready for `events`, at once? */
export function is_ready(task: HostTask, fd: number, events: number): boolean {
  const { scratch, driver } = task.process;
  put_u32(scratch.bytes, POLLFD.fd, fd);
  put_u32(scratch.bytes, POLLFD.events, events);
  return driver.syscall(NR.poll, scratch.address, 1, 0, 0, 0, 0) > 0;
}

/**
 * A call without a form that does not sleep, on a descriptor that is ready: should another process be faster, O_NONBLOCK, set for
 * the length of this one call, makes it fail.
 *
 * DEVIATION: the flag belongs to the open file: a process that shares it and calls in the same microsecond sees EAGAIN.
 */
export function with_nonblock(task: HostTask, fd: number, call: () => number): number {
  const { driver } = task.process;
  const flags = driver.syscall(NR.fcntl, fd, F_GETFL, 0, 0, 0, 0);
  if (flags < 0 || (flags & O_NONBLOCK) !== 0) return call();
  driver.syscall(NR.fcntl, fd, F_SETFL, flags | O_NONBLOCK, 0, 0, 0);
  const ret = call();
  driver.syscall(NR.fcntl, fd, F_SETFL, flags, 0, 0, 0);
  return ret;
}

/** `call` if `fd` is ready; -EAGAIN if not. */
export function if_ready(task: HostTask, fd: number, events: number, call: () => number): number {
  return is_ready(task, fd, events) ? with_nonblock(task, fd, call) : -EAGAIN;
}

/** Vectors for preadv2 and pwritev2, of a stream: RWF_NOWAIT, or what there was before its driver knew that. */
function stream_rw(task: HostTask, fd: number, as: Target, vec: number, n: number, write: boolean): number {
  const { driver, files } = task.process;
  const kind = as.kind;
  if (kind === STREAM || (kind === OLD_WRITE && !write)) {
    const ret = driver.syscall(write ? NR.pwritev2 : NR.preadv2, fd, vec, n, HERE, HERE, RWF_NOWAIT);
    if (ret !== -EOPNOTSUPP) return ret;
    as.kind = write ? OLD_WRITE : OLD_STREAM;
    if (files.kind(as.fd) === kind) files.set_kind(as.fd, as.kind);
  }
  const plain = (): number => driver.syscall(write ? NR.writev : NR.readv, fd, vec, n, 0, 0, 0);
  return kind === OLD_WRITE ? with_nonblock(task, fd, plain) : if_ready(task, fd, write ? POLLOUT : POLLIN, plain);
}

function rw_once(task: HostTask, fd: number, as: Target, buf: number, count: number, write: boolean): number {
  const { driver, scratch } = task.process;
  const kind = as.kind;
  if (kind === SOCKET && count > 0)
    return driver.syscall(write ? NR.sendto : NR.recvfrom, fd, buf, count, MSG_DONTWAIT, 0, 0);
  if (kind !== STREAM && kind !== OLD_WRITE && kind !== OLD_STREAM)
    return driver.syscall(write ? NR.write : NR.read, fd, buf, count, 0, 0, 0);
  // A vector of ours: `is_ready` uses the beginning of the block.
  const vec = scratch.address + POLLFD.size;
  put_u64(scratch.bytes, POLLFD.size + IOVEC.iov_base, buf);
  put_u64(scratch.bytes, POLLFD.size + IOVEC.iov_len, count);
  return stream_rw(task, fd, as, vec, 1, write);
}

async function sleep_read(task: HostTask, fd: number, attempt: (fd: number) => number): Promise<number> {
  return block_on(task, fd, POLLIN, attempt, () => socket_limit(task, fd, false));
}

/** All of a write, as a blocking descriptor has it: what was written before an error or a signal counts. */
export async function sleep_write(
  task: HostTask,
  fd: number,
  written: number,
  count: number,
  attempt: (fd: number, done: number) => number,
): Promise<number> {
  let done = written;
  while (done < count) {
    const ret = await block_on(
      task,
      fd,
      POLLOUT,
      (held) => attempt(held, done),
      () => socket_limit(task, fd, true),
    );
    if (ret < 0) return done > 0 ? done : ret;
    if (ret === 0) break;
    done += ret;
  }
  return done;
}

export const sys_read: Handler = (task, a1, buf, a3) => {
  const fd = a1 | 0;
  const { files } = task.process;
  if (files.is_foreign(fd)) return -EBADF;
  const as = { fd, kind: files.kind(fd) };
  const ret = rw_once(task, fd, as, buf, a3, false);
  if (ret !== -EAGAIN || files.is_nonblocking(fd)) return ret;
  return sleep_read(task, fd, (held) => rw_once(task, held, as, buf, a3, false));
};

export const sys_write: Handler = (task, a1, buf, count) => {
  const fd = a1 | 0;
  const { files } = task.process;
  if (files.is_foreign(fd)) return -EBADF;
  const as = { fd, kind: files.kind(fd) };
  const ret = rw_once(task, fd, as, buf, count, true);
  const part = ret >= 0 && ret < count && files.kind(fd) !== FILE;
  if ((ret !== -EAGAIN && !part) || files.is_nonblocking(fd)) return ret;
  return sleep_write(task, fd, Math.max(ret, 0), count, (held, done) =>
    rw_once(task, held, as, buf + done, count - done, true),
  );
};

/** The vectors at `vec` without their first `done` bytes. */
function rest_of(vectors: Uint8Array, done: number): Uint8Array {
  const rest = vectors.slice();
  const view = new DataView(rest.buffer);
  let skip = BigInt(done);
  for (let at = 0; at < rest.length; at += IOVEC.size) {
    const len = view.getBigUint64(at + IOVEC.iov_len, true);
    const cut = skip < len ? skip : len;
    view.setBigUint64(at + IOVEC.iov_base, view.getBigUint64(at + IOVEC.iov_base, true) + cut, true);
    view.setBigUint64(at + IOVEC.iov_len, len - cut, true);
    skip -= cut;
  }
  return rest;
}

function total_of(vectors: Uint8Array): number {
  const view = new DataView(vectors.buffer);
  let total = 0;
  for (let at = 0; at < vectors.length; at += IOVEC.size) total += Number(view.getBigUint64(at + IOVEC.iov_len, true));
  return total;
}

function vector_once(task: HostTask, fd: number, as: Target, vec: number, n: number, write: boolean): number {
  const { driver } = task.process;
  const kind = as.kind;
  if (kind === SOCKET) return driver.syscall(write ? NR.pwritev2 : NR.preadv2, fd, vec, n, HERE, HERE, RWF_NOWAIT);
  if (kind === STREAM || kind === OLD_WRITE || kind === OLD_STREAM) return stream_rw(task, fd, as, vec, n, write);
  return driver.syscall(write ? NR.writev : NR.readv, fd, vec, n, 0, 0, 0);
}

export const sys_readv: Handler = (task, a1, vec, n) => {
  const fd = a1 | 0;
  const { files } = task.process;
  if (files.is_foreign(fd)) return -EBADF;
  const as = { fd, kind: files.kind(fd) };
  const ret = vector_once(task, fd, as, vec, n, false);
  if (ret !== -EAGAIN || files.is_nonblocking(fd)) return ret;
  return sleep_read(task, fd, (held) => vector_once(task, held, as, vec, n, false));
};

export const sys_writev: Handler = (task, a1, vec, a3) => {
  const fd = a1 | 0;
  const n = a3 | 0;
  const { files, memory } = task.process;
  if (files.is_foreign(fd)) return -EBADF;
  const as = { fd, kind: files.kind(fd) };
  const ret = vector_once(task, fd, as, vec, n, true);
  const { kind } = as;
  if ((ret < 0 && ret !== -EAGAIN) || kind === FILE || kind === NOT_OURS) return ret;
  const vectors = memory.read(vec, n * IOVEC.size);
  const total = vectors === undefined ? 0 : total_of(vectors);
  if (vectors === undefined || ret >= total || files.is_nonblocking(fd)) return ret;
  return sleep_write(task, fd, Math.max(ret, 0), total, (held, done) => {
    const rest = rest_of(vectors, done);
    const at = memory.map(rest);
    const more = vector_once(task, held, as, at, n, true);
    memory.unmap(at);
    return more;
  });
};
