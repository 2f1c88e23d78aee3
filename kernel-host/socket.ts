/** Calls on sockets that may sleep: each with MSG_DONTWAIT, or behind a look whether it is ready. */
import { EAGAIN, EALREADY, EBADF, EINPROGRESS } from '../kernel-mock/include/uapi/errno.js';
import { get_s32, get_u64, put_u32, put_u64 } from '../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { POLLIN, POLLOUT } from '../kernel-mock/include/uapi/poll.js';
import {
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_WAITALL,
  MSG_WAITFORONE,
  SCM_PIDFD,
  SCM_RIGHTS,
  SOL_SOCKET,
  SO_TYPE,
  SOCK_STREAM,
} from '../kernel-mock/include/uapi/socket.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import { SOCKET } from './files.js';
import { sleep_write, with_nonblock } from './read_write.js';
import { socket_limit } from './socket_limit.js';
import { type Handler, type HostTask, block_on } from './task.js';

const { msghdr: MSGHDR, mmsghdr: MMSGHDR, cmsghdr: CMSGHDR, iovec: IOVEC } = layout_x86_64;

function made(task: HostTask, ret: number): number {
  if (ret >= 0) task.process.files.add(ret, SOCKET);
  return ret;
}

/** May the call sleep? Only where it said -EAGAIN, on a descriptor that the program left blocking; never for an error queue. */
function sleeps(task: HostTask, ret: number, fd: number, flags: number): boolean {
  return ret === -EAGAIN && (flags & (MSG_DONTWAIT | MSG_ERRQUEUE)) === 0 && !task.process.files.is_nonblocking(fd);
}

function accept(
  task: HostTask,
  nr: number,
  a1: number,
  addr: number,
  len: number,
  flags: number,
): number | Promise<number> {
  const { driver, files } = task.process;
  const fd = a1 | 0;
  if (files.is_foreign(fd)) return -EBADF;
  const attempt = (as: number): number => with_nonblock(task, as, () => driver.syscall(nr, as, addr, len, flags, 0, 0));
  const ret = attempt(fd);
  if (ret !== -EAGAIN || files.is_nonblocking(fd)) return made(task, ret);
  return block_on(task, fd, POLLIN, attempt, () => socket_limit(task, fd, false)).then((got) => made(task, got));
}

export const sys_accept: Handler = (task, fd, addr, len) => accept(task, NR.accept, fd, addr, len, 0);
export const sys_accept4: Handler = (task, fd, addr, len, flags) => accept(task, NR.accept4, fd, addr, len, flags);

export const sys_connect: Handler = (task, a1, addr, len) => {
  const { driver, files } = task.process;
  const fd = a1 | 0;
  if (files.is_foreign(fd)) return -EBADF;
  const call = (as: number): number => driver.syscall(NR.connect, as, addr, len, 0, 0, 0);
  if (files.kind(fd) !== SOCKET || files.is_nonblocking(fd)) return call(fd);
  const ret = with_nonblock(task, fd, () => call(fd));
  // A connection that is being made: connect again tells what became of it. AF_UNIX says -EAGAIN if the queue of the listener
  // is full, and nothing tells when there is room: "writable" it is at once, and one tries again.
  const again = (held: number): number => {
    const now = with_nonblock(task, held, () => call(held));
    return now === -EALREADY ? -EAGAIN : now;
  };
  if (ret === -EINPROGRESS || ret === -EAGAIN)
    return block_on(task, fd, POLLOUT, again, () => socket_limit(task, fd, true)).then((r) =>
      // Linux: inet_wait_for_connect: out of time, and the connection is still being made.
      r === -EAGAIN && ret === -EINPROGRESS ? ret : r,
    );
  return ret;
};

export const sys_recvfrom: Handler = (task, a1, buf, size, flags, addr, addrlen) => {
  const { driver, files } = task.process;
  const fd = a1 | 0;
  if (files.is_foreign(fd)) return -EBADF;
  let done = 0;
  const attempt = (as: number): number => {
    const ret = driver.syscall(NR.recvfrom, as, buf + done, size - done, flags | MSG_DONTWAIT, addr, addrlen);
    if (ret > 0) done += ret;
    else if (done > 0 && ret !== -EAGAIN) return done;
    return ret <= 0 || done >= size || !waits_for_all(task, fd, flags) ? (ret > 0 ? done : ret) : -EAGAIN;
  };
  const ret = attempt(fd);
  if (!sleeps(task, ret, fd, flags)) return ret === -EAGAIN && done > 0 ? done : ret;
  return block_on(task, fd, POLLIN, attempt, () => socket_limit(task, fd, false)).then((r) =>
    r < 0 && done > 0 ? done : r,
  );
};

/** MSG_WAITALL, where it has an effect: on streams. */
function waits_for_all(task: HostTask, fd: number, flags: number): boolean {
  if ((flags & MSG_WAITALL) === 0) return false;
  const { driver, scratch } = task.process;
  put_u32(scratch.bytes, 4, 4);
  const { address } = scratch;
  const err = driver.syscall(NR.getsockopt, fd, SOL_SOCKET, SO_TYPE, address, address + 4, 0);
  return err === 0 && get_s32(scratch.bytes, 0) === SOCK_STREAM;
}

/** The descriptors that came with a message are the program's. */
function take_descriptors(task: HostTask, msg: number): void {
  const { memory, files } = task.process;
  const header = memory.read(msg, MSGHDR.size);
  if (header === undefined) return;
  const control = memory.read(get_u64(header, MSGHDR.msg_control), get_u64(header, MSGHDR.msg_controllen));
  if (control === undefined) return;
  for (let at = 0; at + CMSGHDR.size <= control.length;) {
    const len = get_u64(control, at + CMSGHDR.cmsg_len);
    if (len < CMSGHDR.size) break;
    const type = get_s32(control, at + CMSGHDR.cmsg_type);
    if (get_s32(control, at + CMSGHDR.cmsg_level) === SOL_SOCKET && (type === SCM_RIGHTS || type === SCM_PIDFD))
      for (let o = at + CMSGHDR.size; o + 4 <= Math.min(at + len, control.length); o += 4)
        if (get_s32(control, o) >= 0) files.add(get_s32(control, o));
    at += Math.ceil(len / 8) * 8;
  }
}

export const sys_recvmsg: Handler = (task, a1, msg, flags) => {
  const { driver, files } = task.process;
  const fd = a1 | 0;
  if (files.is_foreign(fd)) return -EBADF;
  // The kernel writes lengths into the header, which a second try would take for those of the buffers.
  // DEVIATION: MSG_WAITALL is not heeded by recvmsg: it may return less.
  const attempt = (as: number): number => driver.syscall(NR.recvmsg, as, msg, flags | MSG_DONTWAIT, 0, 0, 0);
  const took = (ret: number): number => {
    if (ret >= 0) take_descriptors(task, msg);
    return ret;
  };
  const ret = attempt(fd);
  if (!sleeps(task, ret, fd, flags)) return took(ret);
  return block_on(task, fd, POLLIN, attempt, () => socket_limit(task, fd, false)).then(took);
};

export const sys_recvmmsg: Handler = (task, a1, vec, a3, flags, timeout) => {
  const { driver, files } = task.process;
  const fd = a1 | 0;
  const n = a3 >>> 0;
  if (files.is_foreign(fd)) return -EBADF;
  let done = 0;
  const attempt = (as: number): number => {
    const at = vec + done * MMSGHDR.size;
    const ret = driver.syscall(NR.recvmmsg, as, at, n - done, flags | MSG_DONTWAIT, timeout, 0);
    if (ret < 0) return done > 0 && ret !== -EAGAIN ? done : ret;
    for (let i = 0; i < ret; i++) take_descriptors(task, at + i * MMSGHDR.size);
    done += ret;
    return done >= n || ret === 0 || (flags & MSG_WAITFORONE) !== 0 ? done : -EAGAIN;
  };
  const ret = attempt(fd);
  if (!sleeps(task, ret, fd, flags)) return ret === -EAGAIN && done > 0 ? done : ret;
  return block_on(task, fd, POLLIN, attempt, () => socket_limit(task, fd, false)).then((r) =>
    r < 0 && done > 0 ? done : r,
  );
};

export const sys_sendto: Handler = (task, a1, buf, size, flags, addr, addrlen) => {
  const { driver, files } = task.process;
  const fd = a1 | 0;
  if (files.is_foreign(fd)) return -EBADF;
  const attempt = (as: number, done: number): number =>
    driver.syscall(NR.sendto, as, buf + done, size - done, flags | MSG_DONTWAIT, addr, addrlen);
  const ret = attempt(fd, 0);
  if (ret >= size || (ret < 0 && ret !== -EAGAIN) || !sleeps(task, -EAGAIN, fd, flags)) return ret;
  return sleep_write(task, fd, Math.max(ret, 0), size, attempt);
};

/** The bytes of a message, and the same message without the first `done` of them and without control data. */
function message_rest(
  task: HostTask,
  msg: number,
): { total: number; rest: (done: number) => { msg: number; end: () => void } } | null {
  const { memory } = task.process;
  const header = memory.read(msg, MSGHDR.size);
  if (header === undefined) return null;
  const vectors = memory.read(get_u64(header, MSGHDR.msg_iov), get_u64(header, MSGHDR.msg_iovlen) * IOVEC.size);
  if (vectors === undefined) return null;
  let total = 0;
  for (let at = 0; at < vectors.length; at += IOVEC.size) total += get_u64(vectors, at + IOVEC.iov_len);
  const rest = (done: number): { msg: number; end: () => void } => {
    if (done === 0) return { msg, end() {} };
    const head = header.slice();
    const iov = vectors.slice();
    let skip = done;
    for (let at = 0; at < iov.length; at += IOVEC.size) {
      const len = get_u64(iov, at + IOVEC.iov_len);
      const cut = Math.min(skip, len);
      put_u64(iov, at + IOVEC.iov_base, get_u64(iov, at + IOVEC.iov_base) + cut);
      put_u64(iov, at + IOVEC.iov_len, len - cut);
      skip -= cut;
    }
    const iov_address = memory.map(iov);
    put_u64(head, MSGHDR.msg_iov, iov_address);
    put_u64(head, MSGHDR.msg_controllen, 0);
    const address = memory.map(head);
    return {
      msg: address,
      end() {
        memory.unmap(address);
        memory.unmap(iov_address);
      },
    };
  };
  return { total, rest };
}

export const sys_sendmsg: Handler = (task, a1, msg, flags) => {
  const { driver, files } = task.process;
  const fd = a1 | 0;
  if (files.is_foreign(fd)) return -EBADF;
  const ret = driver.syscall(NR.sendmsg, fd, msg, flags | MSG_DONTWAIT, 0, 0, 0);
  if ((ret < 0 && ret !== -EAGAIN) || !sleeps(task, -EAGAIN, fd, flags)) return ret;
  const message = message_rest(task, msg);
  if (message === null || ret >= message.total) return ret;
  return sleep_write(task, fd, Math.max(ret, 0), message.total, (held, done) => {
    const rest = message.rest(done);
    const more = driver.syscall(NR.sendmsg, held, rest.msg, flags | MSG_DONTWAIT, 0, 0, 0);
    rest.end();
    return more;
  });
};

export const sys_sendmmsg: Handler = (task, a1, vec, a3, flags) => {
  const { driver, files } = task.process;
  const fd = a1 | 0;
  const n = a3 >>> 0;
  if (files.is_foreign(fd)) return -EBADF;
  const attempt = (as: number, done: number): number =>
    driver.syscall(NR.sendmmsg, as, vec + done * MMSGHDR.size, n - done, flags | MSG_DONTWAIT, 0, 0);
  const ret = attempt(fd, 0);
  if (ret >= n || (ret < 0 && ret !== -EAGAIN) || !sleeps(task, -EAGAIN, fd, flags)) return ret;
  return sleep_write(task, fd, Math.max(ret, 0), n, attempt);
};
