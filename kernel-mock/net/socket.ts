/** Sockets as files, and the socket calls of every family but those that move data, which are in socket_msg.ts (net/socket.c). Knows no family. */
import { should_fail } from '../include/linux/inject.js';
import { FMODE_READ, FMODE_WRITE, type FileOperations, type OpenFile } from '../include/linux/fs.js';
import type { Kernel } from '../include/linux/kernel.js';
import { type MsgHdr, SS_UNCONNECTED, type Sock, type SockAddr, type Socket } from '../include/linux/net.js';
import type { IovIter } from '../include/linux/mm.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import {
  ENFILE,
  EAFNOSUPPORT,
  EAGAIN,
  EBADF,
  ECONNABORTED,
  EFAULT,
  EINVAL,
  ENODATA,
  ENOTSOCK,
  EOPNOTSUPP,
} from '../include/uapi/errno.js';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../include/uapi/fcntl.js';
import {
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_TYPE_MASK,
  SOL_SOCKET,
  SO_BINDTODEVICE,
  SO_PEERPIDFD,
} from '../include/uapi/socket.js';
import { POLLOUT } from '../include/uapi/poll.js';
import { S_IFSOCK } from '../include/uapi/stat.js';
import type { PollTable } from '../include/linux/wait.js';
import {
  close_fd,
  fd_install,
  fget,
  alloc_file,
  fput,
  get_unused_fd_flags,
  hold_file,
  put_unused_fd,
} from '../fs/file.js';
import { pidfd_file } from '../kernel/pid.js';
import { indirect_file_flags } from '../kernel/indirect.js';
import { copy_from_user, copy_to_user, get_user_u32, put_user_u32 } from '../mm/uaccess.js';
import { int_opt } from './core/sock.js';
import { sock_getsockopt, sock_setsockopt } from './core/sock_options.js';
import { sock_fasync, sock_ioctl } from './socket_ioctl.js';

/** sizeof(struct sockaddr_storage). */
export const SOCKADDR_MAX = 128;
const SOCK_MAX = 11;
export const NO_ADDRESS = new Uint8Array(0);
/** A sock that exists only between sock_alloc and the family's create. */
const NO_SOCK = undefined as unknown as Sock;

// The file side.

export function sock_of(file: OpenFile): Socket {
  return file.private_data as Socket;
}

/** The socket that `file` is, or null. */
export function sock_from_file(file: OpenFile): Socket | null {
  return file.f_op === socket_file_ops ? sock_of(file) : null;
}

function new_message(iter: IovIter): MsgHdr {
  return {
    name: null,
    want_name: false,
    iter,
    flags: 0,
    out_flags: 0,
    control: null,
    msg_name: 0,
    msg_control: 0,
    msg_controllen: 0,
  };
}

/** The message of a plain read or write: no name, no flags but those of the file. */
export function plain_message(task: Task, file: OpenFile): MsgHdr {
  const msg = (task.msg ??= new_message(task.iter));
  msg.name = null;
  msg.want_name = false;
  msg.out_flags = 0;
  msg.control = null;
  msg.msg_control = 0;
  msg.msg_controllen = 0;
  msg.flags = (file.f_flags & O_NONBLOCK) !== 0 ? MSG_DONTWAIT : 0;
  return msg;
}

export const socket_file_ops = {
  splice_read: true,
  splice_write: true,
  nowait: true,
  read_iter(task, file, iter) {
    // Linux: "match SYS5 behaviour". A receive for nothing does ask the protocol.
    if (iter.count === 0) return 0;
    const sock = sock_of(file);
    return sock.ops.recvmsg(task, sock, plain_message(task, file));
  },
  write_iter(task, file) {
    const sock = sock_of(file);
    const ret = sock.ops.sendmsg(task, sock, plain_message(task, file));
    if (ret === -EAGAIN) sock.async_nospace = true;
    return ret;
  },
  poll(file: OpenFile, pt: PollTable | null) {
    const sock = sock_of(file);
    const mask = sock.ops.poll(file, sock, pt);
    if ((mask & POLLOUT) === 0) sock.async_nospace = true;
    return mask;
  },
  ioctl: sock_ioctl,
  fasync: sock_fasync,
  release(file) {
    sock_release(sock_of(file));
  },
  show: (file) => `socket:[${sock_of(file).ino}]`,
  i_mode: S_IFSOCK | 0o777,
  ino: (file) => sock_of(file).ino,
} satisfies FileOperations;

function sock_alloc(kernel: Kernel, type: number): Socket {
  return {
    state: SS_UNCONNECTED,
    type,
    ino: kernel.next_ino++,
    ops: undefined as unknown as Socket['ops'],
    sk: NO_SOCK,
    file: null,
    async_nospace: false,
  };
}

export function sock_release(sock: Socket): void {
  sock.ops.release(sock);
  sock.file = null;
}

/** The file of `sock`; of `flags` only O_NONBLOCK counts. */
function sock_alloc_file(kernel: Kernel, sock: Socket, flags: number): OpenFile {
  const file = alloc_file(kernel, socket_file_ops, FMODE_READ | FMODE_WRITE, O_RDWR | (flags & O_NONBLOCK), sock);
  sock.file = file;
  return file;
}

/** A socket of any family, or -EAFNOSUPPORT (family out of range), -EINVAL (type), -EAFNOSUPPORT, and what the family answers. */
function sock_create(kernel: Kernel, family: number, type: number, protocol: number): Socket | number {
  if (type < 0 || type >= SOCK_MAX) return family < 0 || family >= kernel.net.families.length ? -EAFNOSUPPORT : -EINVAL;
  const pf = kernel.net.families[family];
  if (pf === undefined) return -EAFNOSUPPORT;
  if (should_fail(kernel, 'sock_alloc')) return -ENFILE;
  const sock = sock_alloc(kernel, type);
  const err = pf.create(kernel, sock, protocol);
  if (err < 0) return err;
  if (!should_fail(kernel, 'sk_alloc')) return sock;
  sock_release(sock);
  return pf.sk_alloc_error;
}

/** The open socket of `fd`, or -EBADF, -ENOTSOCK. */
export function sockfd_lookup(task: Task, fd: number): OpenFile | number {
  const file = fget(task, fd);
  if (file === null) return -EBADF;
  return file.f_op === socket_file_ops ? file : -ENOTSOCK;
}

/** Keep the socket while its call sleeps. */
export function held(task: Task, file: OpenFile, ret: Result): Result {
  return typeof ret === 'number' ? ret : hold_file(task, file, ret);
}

/**
 * An address from user memory: -EINVAL (longer than any address), -EFAULT. It stands in the task's own room until the next call
 * with an address; who keeps it takes a copy. Linux: move_addr_to_kernel.
 */
export function move_addr_to_kernel(task: Task, uaddr: number, ulen: number): SockAddr | number {
  const len = ulen | 0;
  if (len < 0 || len > SOCKADDR_MAX) return -EINVAL;
  if (len === 0) return NO_ADDRESS;
  if (task.sockaddr.length !== len) task.sockaddr = new Uint8Array(len);
  return copy_from_user(task.mm, task.sockaddr, 0, uaddr, len) < 0 ? -EFAULT : task.sockaddr;
}

/** An address to user memory: no more than *ulen bytes, and the full length into *ulen. -EFAULT, -EINVAL. */
export function move_addr_to_user(task: Task, addr: SockAddr, uaddr: number, ulen: number): number {
  const room = get_user_u32(task.mm, ulen);
  if (room < 0) return -EFAULT;
  if (room > 0x7fffffff) return -EINVAL;
  const n = Math.min(room, addr.length);
  const { addrlen_first } = task.kernel.release;
  if (addrlen_first && put_user_u32(task.mm, ulen, addr.length) < 0) return -EFAULT;
  if (copy_to_user(task.mm, uaddr, addr, 0, n) < 0) return -EFAULT;
  return addrlen_first ? 0 : put_user_u32(task.mm, ulen, addr.length);
}

// Calls that make descriptors. Wherever the flags come from, registers or indirect parameters, one body serves both.

/** The part of a type argument that is flags, in this release: bits beyond are -EINVAL; before 2.6.27 there are none. */
function type_flags(task: Task, type: number): number {
  const known = task.kernel.release.sock_flags;
  if (known === 0) return 0;
  const flags = type & ~SOCK_TYPE_MASK;
  return (flags & ~known) !== 0 ? -EINVAL : flags;
}

function bare_type(task: Task, type: number): number {
  return task.kernel.release.sock_flags === 0 ? type | 0 : type & SOCK_TYPE_MASK;
}

/** A descriptor for `sock`, O_CLOEXEC and O_NONBLOCK of `flags` set before any other thread can see it. Linux: sock_map_fd. */
function sock_map_fd(task: Task, sock: Socket, flags: number): number {
  const fd = get_unused_fd_flags(task, flags);
  const full = fd >= 0 && should_fail(task.kernel, 'alloc_file');
  if (full) put_unused_fd(task, fd);
  if (fd < 0 || full) sock_release(sock);
  else fd_install(task, fd, sock_alloc_file(task.kernel, sock, flags));
  return full ? -ENFILE : fd;
}

/**
 * `socket(family, type, protocol)`.
 *
 * @param type SOCK_*; from 2.6.27 on with SOCK_CLOEXEC | SOCK_NONBLOCK
 * @returns the lowest free descriptor; -EINVAL (unknown flag bits), -EAFNOSUPPORT, -EINVAL (type), -EPROTONOSUPPORT,
 *          -ESOCKTNOSUPPORT, -EMFILE. socket(2); Linux net/socket.c.
 */
export function sys_socket(task: Task, family: number, type: number, protocol: number): number {
  let flags = type_flags(task, type);
  if (flags < 0) return flags;
  flags |= indirect_file_flags(task);
  const sock = sock_create(task.kernel, family | 0, bare_type(task, type), protocol | 0);
  return typeof sock === 'number' ? sock : sock_map_fd(task, sock, flags);
}

/** Two connected sockets, or -errno. */
function sock_create_pair(task: Task, family: number, type: number, protocol: number): [Socket, Socket] | number {
  const sock1 = sock_create(task.kernel, family, type, protocol);
  if (typeof sock1 === 'number') return sock1;
  const sock2 = sock_create(task.kernel, family, type, protocol);
  if (typeof sock2 === 'number') {
    sock_release(sock1);
    return sock2;
  }
  const err = sock1.ops.socketpair(sock1, sock2);
  if (err === 0) return [sock1, sock2];
  sock_release(sock1);
  sock_release(sock2);
  return err;
}

/** Reserve two descriptors, or -EMFILE. The second is written to `fd2`. */
function get_two_unused_fds(task: Task, flags: number): [number, number] | number {
  const fd1 = get_unused_fd_flags(task, flags);
  if (fd1 < 0) return fd1;
  const fd2 = get_unused_fd_flags(task, flags);
  if (fd2 >= 0) return [fd1, fd2];
  put_unused_fd(task, fd1);
  return fd2;
}

function put_two_fds(task: Task, usockvec: number, [fd1, fd2]: [number, number]): number {
  return put_user_u32(task.mm, usockvec, fd1) < 0 || put_user_u32(task.mm, usockvec + 4, fd2) < 0 ? -EFAULT : 0;
}

/**
 * `socketpair(family, type, protocol, sv)`.
 *
 * @returns 0 with two descriptors in `sv`; -EINVAL (unknown flag bits), then what socket answers, -EOPNOTSUPP, -EMFILE,
 *          -EFAULT; from 4.14 on -EMFILE and -EFAULT come before the sockets are made. socketpair(2); Linux net/socket.c.
 */
export function sys_socketpair(task: Task, family: number, type: number, protocol: number, usockvec: number): number {
  let flags = type_flags(task, type);
  if (flags < 0) return flags;
  flags |= indirect_file_flags(task);
  const fds_first = task.kernel.release.socketpair_fds_first;

  let fds = fds_first ? get_two_unused_fds(task, flags) : [0, 0];
  if (typeof fds === 'number') return fds;
  let err = fds_first ? put_two_fds(task, usockvec, fds as [number, number]) : 0;
  let pair: [Socket, Socket] | number = err;
  if (err === 0) pair = sock_create_pair(task, family | 0, bare_type(task, type), protocol | 0);
  if (typeof pair === 'number') {
    if (fds_first) for (const fd of fds) put_unused_fd(task, fd);
    return pair;
  }
  if (!fds_first) fds = get_two_unused_fds(task, flags);
  if (typeof fds === 'number') {
    for (const sock of pair) sock_release(sock);
    return fds;
  }
  const [fd1, fd2] = fds as [number, number];
  fd_install(task, fd1, sock_alloc_file(task.kernel, pair[0], flags));
  fd_install(task, fd2, sock_alloc_file(task.kernel, pair[1], flags));
  if (!fds_first) {
    err = put_two_fds(task, usockvec, [fd1, fd2]);
    if (err < 0) for (const fd of [fd1, fd2]) close_fd(task, fd);
  }
  return err;
}

/** The connection is there: its address to user memory, its file to the table. */
function accept_finish(task: Task, newsock: Socket, newfd: number, uaddr: number, ulen: number, flags: number): number {
  const file = sock_alloc_file(task.kernel, newsock, flags);
  let err = 0;
  if (uaddr !== 0) {
    const addr = newsock.ops.getname(newsock, true, true);
    err = typeof addr === 'number' ? -ECONNABORTED : move_addr_to_user(task, addr, uaddr, ulen);
  }
  if (err < 0) {
    put_unused_fd(task, newfd);
    fput(file);
    return err;
  }
  fd_install(task, newfd, file);
  return newfd;
}

function* accept_sleep(
  task: Task,
  sleep: Sleep,
  newsock: Socket,
  newfd: number,
  uaddr: number,
  ulen: number,
  flags: number,
): Sleep {
  const err = yield* sleep;
  if (err === 0) return accept_finish(task, newsock, newfd, uaddr, ulen, flags);
  put_unused_fd(task, newfd);
  return err;
}

/** The one body of accept, accept4 and accept inside indirect. `flags`: SOCK_CLOEXEC and SOCK_NONBLOCK for the new descriptor. */
function do_accept(task: Task, fd: number, uaddr: number, ulen: number, flags: number): Result {
  const { release } = task.kernel;
  const bad_flags = (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) !== 0;
  if (bad_flags && release.accept4_flags_first) return -EINVAL;
  const file = sockfd_lookup(task, fd);
  if (file === -EBADF) return file;
  if (bad_flags) return -EINVAL;
  if (typeof file === 'number' && !release.accept_reserves_first) return file;

  const newfd = get_unused_fd_flags(task, flags);
  if (newfd < 0) return newfd;
  if (typeof file === 'number') {
    put_unused_fd(task, newfd);
    return file;
  }
  const sock = sock_of(file);
  if (should_fail(task.kernel, 'sock_alloc')) {
    put_unused_fd(task, newfd);
    return -ENFILE;
  }
  const newsock = sock_alloc(task.kernel, sock.type);
  newsock.ops = sock.ops;
  const ret = sock.ops.accept(task, sock, newsock, file.f_flags);
  if (typeof ret !== 'number')
    return hold_file(task, file, accept_sleep(task, ret, newsock, newfd, uaddr, ulen, flags));
  if (ret === 0) return accept_finish(task, newsock, newfd, uaddr, ulen, flags);
  put_unused_fd(task, newfd);
  return ret;
}

/** `accept(fd, addr, addrlen)`: accept4 with flags 0, or with those of the indirect call around it. accept(2). */
export function sys_accept(task: Task, fd: number, uaddr: number, ulen: number): Result {
  return do_accept(task, fd, uaddr, ulen, indirect_file_flags(task));
}

/**
 * `accept4(fd, addr, addrlen, flags)`: take one connection off a listening socket's queue.
 *
 * @returns the new descriptor; -EBADF and -EINVAL (flags; 2.6.28 in the other order), -EMFILE, -ENOTSOCK (2.6.28: before
 *          -EMFILE), -EOPNOTSUPP, -EINVAL (not listening), -EAGAIN, -EINTR, -ECONNABORTED, -EFAULT
 * Sleeps on the listener's queue while it is empty. accept(2); Linux net/socket.c.
 */
export function sys_accept4(task: Task, fd: number, uaddr: number, ulen: number, flags: number): Result {
  return do_accept(task, fd, uaddr, ulen, flags | 0);
}

// Calls on sockets that exist.

/** `bind(fd, addr, len)`: -EBADF, -ENOTSOCK, -EINVAL (len), -EFAULT, then as the family. bind(2). */
export function sys_bind(task: Task, fd: number, uaddr: number, len: number): Result {
  const file = sockfd_lookup(task, fd);
  if (typeof file === 'number') return file;
  const addr = move_addr_to_kernel(task, uaddr, len);
  if (typeof addr === 'number') return addr;
  const sock = sock_of(file);
  return held(task, file, sock.ops.bind(task, sock, addr));
}

/**
 * `connect(fd, addr, len)`: -EBADF, -ENOTSOCK, -EINVAL (len), -EFAULT (from 5.5 on -ENOTSOCK is the last), then as the
 * family. Sleeps until it is settled. connect(2).
 */
export function sys_connect(task: Task, fd: number, uaddr: number, len: number): Result {
  const file = sockfd_lookup(task, fd);
  if (typeof file === 'number' && (file === -EBADF || !task.kernel.release.connect_addr_first)) return file;
  const addr = move_addr_to_kernel(task, uaddr, len);
  if (typeof addr === 'number') return addr;
  if (typeof file === 'number') return file;
  const sock = sock_of(file);
  return held(task, file, sock.ops.connect(task, sock, addr, file.f_flags));
}

/** `listen(fd, backlog)`: -EBADF, -ENOTSOCK, then as the family. A negative backlog counts as the largest. listen(2). */
export function sys_listen(task: Task, fd: number, backlog: number): number {
  const file = sockfd_lookup(task, fd);
  if (typeof file === 'number') return file;
  const sock = sock_of(file);
  return sock.ops.listen(sock, Math.min(backlog >>> 0, task.kernel.release.somaxconn));
}

function getname(task: Task, fd: number, uaddr: number, ulen: number, peer: boolean): number {
  const file = sockfd_lookup(task, fd);
  if (typeof file === 'number') return file;
  const sock = sock_of(file);
  const addr = sock.ops.getname(sock, peer);
  return typeof addr === 'number' ? addr : move_addr_to_user(task, addr, uaddr, ulen);
}

/** `getsockname(fd, addr, addrlen)`: -EBADF, -ENOTSOCK, -EFAULT, -EINVAL (*addrlen negative). getsockname(2). */
export function sys_getsockname(task: Task, fd: number, uaddr: number, ulen: number): number {
  return getname(task, fd, uaddr, ulen, false);
}

/** `getpeername(fd, addr, addrlen)`: -EBADF, -ENOTSOCK, -ENOTCONN, -EFAULT, -EINVAL. getpeername(2). */
export function sys_getpeername(task: Task, fd: number, uaddr: number, ulen: number): number {
  return getname(task, fd, uaddr, ulen, true);
}

/** `shutdown(fd, how)`: -EBADF, -ENOTSOCK, then as the family: -EINVAL (how), -ENOTCONN. shutdown(2). */
export function sys_shutdown(task: Task, fd: number, how: number): number {
  const file = sockfd_lookup(task, fd);
  if (typeof file === 'number') return file;
  const sock = sock_of(file);
  return sock.ops.shutdown(sock, how | 0);
}

/** The most that an option value can be here, a struct group_source_req; longer ones are cut. */
const OPTVAL_MAX = 264;

/** `setsockopt(fd, level, optname, optval, optlen)`: -EBADF, -ENOTSOCK, -EINVAL (optlen; before 5.x first), -EFAULT, then as the option. */
export function sys_setsockopt(
  task: Task,
  fd: number,
  level: number,
  optname: number,
  optval: number,
  optlen: number,
): number {
  const len = optlen | 0;
  if (len < 0 && task.kernel.release.setsockopt_len_first) return -EINVAL;
  const file = sockfd_lookup(task, fd);
  if (typeof file === 'number') return file;
  if (len < 0) return -EINVAL;
  const sock = sock_of(file);
  if ((level | 0) !== SOL_SOCKET && sock.ops.setsockopt === undefined) return -EOPNOTSUPP;
  const value = new Uint8Array(Math.min(len, OPTVAL_MAX));
  if (value.length < 4 && (level | 0) === SOL_SOCKET && (optname | 0) !== SO_BINDTODEVICE) return -EINVAL;
  if (copy_from_user(task.mm, value, 0, optval, value.length) < 0) return -EFAULT;
  if ((level | 0) === SOL_SOCKET) return sock_setsockopt(task, sock.sk, optname | 0, value);
  return sock.ops.setsockopt!(task, sock, level | 0, optname | 0, value);
}

/** A descriptor for the process at the other end: -ENODATA (none), -EMFILE, -EFAULT. */
function getsockopt_peerpidfd(task: Task, sk: Sock, optval: number, optlen: number, room: number): number {
  const group = sk.sk_peer_group;
  if (group === null) return -ENODATA;
  const fd = get_unused_fd_flags(task, O_CLOEXEC);
  if (fd < 0) return fd;
  const value = int_opt(fd);
  const n = Math.min(room, value.length);
  if (copy_to_user(task.mm, optval, value, 0, n) < 0 || put_user_u32(task.mm, optlen, n) < 0) {
    put_unused_fd(task, fd);
    return -EFAULT;
  }
  fd_install(task, fd, pidfd_file(group, 0));
  return 0;
}

/** `getsockopt(fd, level, optname, optval, optlen)`: -EBADF, -ENOTSOCK, -EFAULT (optlen), -EINVAL, -ENOPROTOOPT, -EFAULT. */
export function sys_getsockopt(
  task: Task,
  fd: number,
  level: number,
  optname: number,
  optval: number,
  optlen: number,
): number {
  const file = sockfd_lookup(task, fd);
  if (typeof file === 'number') return file;
  const sock = sock_of(file);
  if ((level | 0) !== SOL_SOCKET && sock.ops.getsockopt === undefined) return -EOPNOTSUPP;
  const room = get_user_u32(task.mm, optlen);
  if (room < 0) return -EFAULT;
  if (room > 0x7fffffff) return -EINVAL;
  const { sock_options_missing } = task.kernel.release;
  if ((level | 0) === SOL_SOCKET && (optname | 0) === SO_PEERPIDFD && !sock_options_missing.has(SO_PEERPIDFD))
    return getsockopt_peerpidfd(task, sock.sk, optval, optlen, room);
  const value =
    (level | 0) === SOL_SOCKET
      ? sock_getsockopt(sock.sk, optname | 0, room)
      : sock.ops.getsockopt!(task, sock, level | 0, optname | 0, room);
  if (typeof value === 'number') return value;
  const n = Math.min(room, value.length);
  if (copy_to_user(task.mm, optval, value, 0, n) < 0) return -EFAULT;
  return put_user_u32(task.mm, optlen, n);
}

// Answers of types that lack a call.

export const sock_no_listen = (): number => -EOPNOTSUPP;
export const sock_no_accept = (): number => -EOPNOTSUPP;
export const sock_no_socketpair = (): number => -EOPNOTSUPP;
export const sock_no_setsockopt = (): number => -EOPNOTSUPP;
export const sock_no_getsockopt = (): number => -EOPNOTSUPP;
