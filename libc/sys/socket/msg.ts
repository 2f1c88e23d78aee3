/** sys/socket.h: messages with a header, which carry descriptors and credentials. */
import { layout_x86_64 } from '../../../kernel-mock/include/uapi/layout.js';
import { SCM_MAX_FD } from '../../../kernel-mock/include/uapi/socket.js';
import { type Cmsg, decode_cmsgs, encode_cmsgs } from '../../internal/cmsg.js';
import { describe } from '../../internal/describe.js';
import {
  SOCKADDR_ROOM,
  type SockAddr,
  type SockAddrOut,
  decode_sockaddr,
  encode_sockaddr,
} from '../../internal/sockaddr.js';
import { to_bytes } from '../../internal/text.js';
import type { Thread } from '../../internal/thread.js';
import { type Timespec, decode_timespec, encode_timespec } from '../../internal/timespec.js';

const { msghdr: MSGHDR, mmsghdr: MMSGHDR, iovec: IOVEC, cmsghdr: CMSGHDR, ucred: UCRED } = layout_x86_64;

/** `struct msghdr`. */
export interface MsgHdr {
  /** Where to send, or what a receive fills in with the sender: an object, or the bytes. */
  name?: SockAddr | SockAddrOut | null;
  /** Length of `name` if it is not that which `name` has; after a receive that of the sender's address. */
  namelen?: number;
  /** Buffers, one after the other. Text is sent as UTF-8. */
  iov?: readonly (Uint8Array | string | null)[];
  /** Control messages: a list, or their bytes as C has them. A receive fills in the list, or the bytes, that it is given. */
  control?: Cmsg[] | Uint8Array | null;
  /** Bytes of `control`. A receive takes it as the room, and sets it to what it used. Default: what bytes have; for a list whatever can come. */
  controllen?: number;
  /** After a receive: MSG_TRUNC, MSG_CTRUNC, MSG_OOB … */
  flags?: number;
}

/** `struct mmsghdr`: a message, and how many bytes of it went or came. */
export interface MMsgHdr extends MsgHdr {
  len?: number;
}

/** Room for whatever one message can bring: a full set of descriptors, credentials, a pidfd. */
const CONTROL_ROOM = 3 * CMSGHDR.size + 4 * (SCM_MAX_FD + 1) + UCRED.size + 4 + 8;

/** A message in user memory. */
interface Mapped {
  readonly msg: MsgHdr;
  readonly name: Uint8Array | null;
  readonly namelen: number;
  readonly iov: readonly (Uint8Array | string | null)[];
  readonly control: Uint8Array | null;
  readonly controllen: number;
}

function check_list(what: 'control' | 'iov', list: unknown): void {
  const of = what === 'iov' ? 'a list of buffers' : 'a list of control messages, or their bytes';
  if (!Array.isArray(list)) throw new TypeError(`${what} is ${of}, not ${describe(list)}`);
}

const NO_BUFFERS: Mapped['iov'] = [];

function check(msg: MsgHdr): void {
  const it: unknown = msg;
  if (typeof it !== 'object' || it === null)
    throw new TypeError(`a message is { name, iov, control }, not ${describe(it)}`);
}

function new_mapped(msg: MsgHdr, name: Uint8Array | null, control: Uint8Array | null): Mapped {
  const { iov = NO_BUFFERS } = msg;
  check_list('iov', iov);
  const { namelen = name?.length ?? 0, controllen = control?.length ?? 0 } = msg;
  return { msg, name, namelen, iov, control, controllen };
}

/** A message to send. */
function message_out(msg: MsgHdr): Mapped {
  check(msg);
  const { name, control } = msg;
  const raw = name === undefined || name === null ? null : encode_sockaddr(name);
  if (control === undefined || control === null || control instanceof Uint8Array)
    return new_mapped(msg, raw, control ?? null);
  check_list('control', control);
  return new_mapped(msg, raw, encode_cmsgs(control));
}

/** The room for control messages that a receive has. */
function control_room(t: Thread, { control, controllen }: MsgHdr): Uint8Array | null {
  if (control === undefined || control === null || control instanceof Uint8Array) return control ?? null;
  check_list('control', control);
  if (controllen !== undefined) return new Uint8Array(controllen);
  const room = t.control_room ?? new Uint8Array(CONTROL_ROOM);
  t.control_room = null;
  return room;
}

/** A message to receive. */
function message_in(t: Thread, msg: MsgHdr): Mapped {
  check(msg);
  const { name } = msg;
  const room =
    name === undefined || name === null ? null : name instanceof Uint8Array ? name : new Uint8Array(SOCKADDR_ROOM);
  return new_mapped(msg, room, control_room(t, msg));
}

/** Lay out the header at `at` and its iovec at `vec`, and map what they point at. */
function store_msg(t: Thread, at: number, vec: number, m: Mapped): void {
  const { name, namelen, iov, control, controllen } = m;
  t.store64(at + MSGHDR.msg_name, t.map(name));
  t.store32(at + MSGHDR.msg_namelen, namelen);
  t.store64(at + MSGHDR.msg_iov, iov.length === 0 ? 0 : vec);
  t.store64(at + MSGHDR.msg_iovlen, iov.length);
  t.store64(at + MSGHDR.msg_control, t.map(control));
  t.store64(at + MSGHDR.msg_controllen, controllen);
  t.store32(at + MSGHDR.msg_flags, 0);
  let to = vec;
  for (const data of iov) {
    const buf = data === null ? null : to_bytes(data);
    t.store64(to + IOVEC.iov_base, t.map(buf));
    t.store64(to + IOVEC.iov_len, buf === null ? 0 : buf.length);
    to += IOVEC.size;
  }
}

/** A message has come: what the header at `at` says of it. */
function take_msg(t: Thread, at: number, { msg, name, control }: Mapped): void {
  const namelen = t.load_u32(at + MSGHDR.msg_namelen);
  if (name !== null && msg.name !== name) decode_sockaddr(name, namelen, msg.name as SockAddrOut);
  if (msg.name === name || msg.namelen !== undefined) msg.namelen = namelen;
  const used = t.load_u32(at + MSGHDR.msg_controllen);
  if (control !== null && Array.isArray(msg.control)) decode_cmsgs(control, used, msg.control);
  if (msg.control instanceof Uint8Array || msg.controllen !== undefined) msg.controllen = used;
  msg.flags = t.load_u32(at + MSGHDR.msg_flags);
}

/** A receive is over: the room for its control messages is there for the next one. */
function put_control_room(t: Thread, { msg, control, controllen }: Mapped): void {
  if (controllen === CONTROL_ROOM && control !== msg.control) t.control_room = control;
}

/**
 * `sendmsg(fd, msg, flags)`: send from several buffers, and with them descriptors (SCM_RIGHTS) and credentials (SCM_CREDENTIALS).
 *
 * @param msg `{ iov: [bytes], control: [{ level: SOL_SOCKET, type: SCM_RIGHTS, fds: [fd] }] }`; null is a null pointer
 * @returns bytes sent; -1 with errno EBADF, ENOTSOCK, EFAULT, EINVAL (name, a control message), EMSGSIZE (more than IOV_MAX
 *          buffers), ENOBUFS (too many control messages), EBADF (a descriptor to send), EPERM, ESRCH (credentials), ETOOMANYREFS,
 *          then as sendto
 * Sleeps while there is no room. send(2), cmsg(3), unix(7).
 */
export async function sendmsg(this: Thread, fd: number, msg: MsgHdr | null, flags = 0): Promise<number> {
  const m = msg === null ? null : message_out(msg);
  const at = m === null ? 0 : this.alloca(MSGHDR.size + m.iov.length * IOVEC.size);
  if (m !== null) store_msg(this, at, at + MSGHDR.size, m);
  const r = this.enter(this.nr.sendmsg, fd, at, flags);
  const n = typeof r === 'number' ? r : await r;
  this.release();
  return this.ret(n);
}

/**
 * `recvmsg(fd, msg, flags)`: receive into several buffers, and what came along.
 *
 * @param msg   `{ iov: [buffer], control: list }`: `list` is filled with the control messages that came, `flags` tells MSG_CTRUNC …
 * @param flags MSG_CMSG_CLOEXEC (2.6.23) sets close-on-exec on descriptors that come
 * @returns bytes received, 0 at end of file; -1 with errno EBADF, ENOTSOCK, EFAULT, EINVAL, EMSGSIZE (more than IOV_MAX buffers),
 *          then as recvfrom
 * Sleeps while nothing is there. recv(2), cmsg(3), unix(7).
 */
export async function recvmsg(this: Thread, fd: number, msg: MsgHdr | null, flags = 0): Promise<number> {
  const m = msg === null ? null : message_in(this, msg);
  const at = m === null ? 0 : this.alloca(MSGHDR.size + m.iov.length * IOVEC.size);
  if (m !== null) store_msg(this, at, at + MSGHDR.size, m);
  const r = this.enter(this.nr.recvmsg, fd, at, flags);
  const n = typeof r === 'number' ? r : await r;
  if (m !== null) {
    if (n >= 0) take_msg(this, at, m);
    put_control_room(this, m);
  }
  this.release();
  return this.ret(n);
}

/** Lay out the messages one behind the other, their vectors behind them: the address, 0 if there is no list. */
function store_mmsg(t: Thread, list: readonly Mapped[]): number {
  const vectors = list.reduce((n, m) => n + m.iov.length, 0);
  const at = t.alloca(list.length * MMSGHDR.size + vectors * IOVEC.size);
  let vec = at + list.length * MMSGHDR.size;
  list.forEach((m, i) => {
    store_msg(t, at + i * MMSGHDR.size, vec, m);
    t.store32(at + i * MMSGHDR.size + MMSGHDR.msg_len, 0);
    vec += m.iov.length * IOVEC.size;
  });
  return at;
}

function check_vector(msgvec: readonly MMsgHdr[] | null): void {
  const list: unknown = msgvec;
  if (list !== null && !Array.isArray(list)) throw new TypeError(`msgvec is a list of messages, not ${describe(list)}`);
}

/**
 * `sendmmsg(fd, msgvec, vlen, flags)`: sendmsg for one message after the other. Here `sendmmsg(fd, msgvec, flags)`.
 *
 * @returns how many were sent, their bytes in `len`; -1 with the errno of the first one. Sleeps as sendmsg. sendmmsg(2), 3.0.
 */
export async function sendmmsg(
  this: Thread,
  fd: number,
  msgvec: readonly MMsgHdr[] | null,
  flags = 0,
  vlen = msgvec?.length ?? 0,
): Promise<number> {
  check_vector(msgvec);
  const list = msgvec?.map(message_out) ?? null;
  const at = list === null ? 0 : store_mmsg(this, list);
  const r = this.enter(this.nr.sendmmsg, fd, at, vlen, flags);
  const n = typeof r === 'number' ? r : await r;
  for (let i = 0; i < n; i++) msgvec![i]!.len = this.load_u32(at + i * MMSGHDR.size + MMSGHDR.msg_len);
  this.release();
  return this.ret(n);
}

/**
 * `recvmmsg(fd, msgvec, vlen, flags, timeout)`: recvmsg for one message after the other. Here `recvmmsg(fd, msgvec, flags, timeout)`.
 *
 * @param flags   with MSG_WAITFORONE only the first one is waited for
 * @param timeout looked at after each message; becomes what is left of it. null: no limit
 * @returns how many came, their bytes in `len`; -1 with errno EFAULT, EINVAL (timeout), or that of the first one. Sleeps as recvmsg.
 *          recvmmsg(2), 2.6.33.
 */
export async function recvmmsg(
  this: Thread,
  fd: number,
  msgvec: readonly MMsgHdr[] | null,
  flags = 0,
  timeout: Timespec | null = null,
  vlen = msgvec?.length ?? 0,
): Promise<number> {
  check_vector(msgvec);
  const list = msgvec?.map((msg) => message_in(this, msg)) ?? null;
  const time = timeout === null ? null : encode_timespec(timeout);
  const tp = this.map(time);
  const at = list === null ? 0 : store_mmsg(this, list);
  const r = this.enter(this.nr.recvmmsg, fd, at, vlen, flags, tp);
  const n = typeof r === 'number' ? r : await r;
  list?.forEach((m, i) => {
    if (i < n) {
      take_msg(this, at + i * MMSGHDR.size, m);
      msgvec![i]!.len = this.load_u32(at + i * MMSGHDR.size + MMSGHDR.msg_len);
    }
    put_control_room(this, m);
  });
  if (time !== null && n > 0) decode_timespec(time, timeout!);
  this.release();
  return this.ret(n);
}
