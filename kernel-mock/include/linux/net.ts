/** Sockets: include/linux/net.h (struct socket, proto_ops), net/sock.h (struct sock) and socket.h (struct msghdr). */
import type { IovIter } from './mm.js';
import type { Kernel } from './kernel.js';
import type { OpenFile } from './fs.js';
import type { Result, Task } from './sched.js';
import type { PollTable, WaitQueueHead } from './wait.js';

/** A socket address as the program gave it: `sa_family` first, in the bytes of the ABI, already copied from user memory. */
export type SockAddr = Uint8Array;

/** Kernel copy of a message header: sendto, sendmsg, recvfrom, recvmsg and plain read and write all end here. */
export interface MsgHdr {
  /** Destination (send) or, after a receive that asked for it, the sender. Null: none. */
  name: SockAddr | null;
  /** Receive: the caller wants `name`. */
  want_name: boolean;
  readonly iter: IovIter;
  /** MSG_* bits of the call; on return of a receive the ones for the program (MSG_TRUNC …). */
  flags: number;
}

/** SS_* of include/uapi/linux/net.h: what the family-independent code knows of a socket. */
export const SS_UNCONNECTED = 1;
export const SS_CONNECTING = 2;
export const SS_CONNECTED = 3;
export const SS_DISCONNECTING = 4;

export const RCV_SHUTDOWN = 1;
export const SEND_SHUTDOWN = 2;

/** The part of a socket that belongs to its protocol: Linux's struct sock. Protocols extend it. */
export interface Sock {
  readonly kernel: Kernel;
  readonly sk_family: number;
  readonly sk_type: number;
  readonly sk_protocol: number;
  /** TCP_* state (include/net/tcp_states.h), used by AF_UNIX too. */
  sk_state: number;
  /** RCV_SHUTDOWN | SEND_SHUTDOWN. */
  sk_shutdown: number;
  /** Pending error for the next call or SO_ERROR, positive; 0: none. */
  sk_err: number;
  sk_sndbuf: number;
  sk_rcvbuf: number;
  /** Everything that waits for a change of this socket. */
  readonly sk_wait: WaitQueueHead;
  /** The socket that owns it; null: not accepted yet, or closed. */
  sk_socket: Socket | null;
  /** SO_RCVTIMEO and SO_SNDTIMEO in nanoseconds; Infinity: for ever. */
  sk_rcvtimeo: number;
  sk_sndtimeo: number;
  /** Options of SOL_SOCKET and of the protocol that are only kept and read back: value by `level << 16 | optname`; null while all are at their defaults. */
  sk_opts: Map<number, number> | null;
}

/** Linux's struct socket: what the family-independent code works on. */
export interface Socket {
  state: number;
  readonly type: number;
  readonly ino: number;
  ops: ProtoOps;
  sk: Sock;
  file: OpenFile | null;
  /** Somebody found no room to send: O_ASYNC tells when there is some. */
  async_nospace: boolean;
}

/** What a family does for one type of socket. A call that a type has not is a function that answers -EOPNOTSUPP. */
export interface ProtoOps {
  readonly family: number;
  release(sock: Socket): void;
  bind(task: Task, sock: Socket, addr: SockAddr): Result;
  /** `flags`: status flags of the file (O_NONBLOCK counts). Sleeps until the connection is there or refused. */
  connect(task: Task, sock: Socket, addr: SockAddr, flags: number): Result;
  socketpair(sock1: Socket, sock2: Socket): number;
  /** Give `newsock` the next connection of the queue. Sleeps while it is empty. */
  accept(task: Task, sock: Socket, newsock: Socket, flags: number): Result;
  /** Local (`peer` false) or remote address, or -errno. `accepted`: for accept, which tells it of a connection that is broken too. */
  getname(sock: Socket, peer: boolean, accepted?: boolean): SockAddr | number;
  poll(file: OpenFile, sock: Socket, pt: PollTable | null): number;
  /** SIOCINQ, SIOCOUTQ and the like: an int for the program, or -errno; missing: -ENOTTY. */
  ioctl?(sock: Socket, cmd: number): number;
  listen(sock: Socket, backlog: number): number;
  shutdown(sock: Socket, how: number): number;
  /** `optval` holds at least four bytes unless the option has another form. */
  setsockopt(task: Task, sock: Socket, level: number, optname: number, optval: Uint8Array): number;
  /** The bytes of the value, or -errno. */
  getsockopt(task: Task, sock: Socket, level: number, optname: number): Uint8Array | number;
  sendmsg(task: Task, sock: Socket, msg: MsgHdr): Result;
  recvmsg(task: Task, sock: Socket, msg: MsgHdr): Result;
}

/** One row for each address family: net_proto_family. */
export interface NetProtoFamily {
  readonly family: number;
  /** Give `sock` its operations and its sock, or answer -errno. */
  create(kernel: Kernel, sock: Socket, protocol: number): number;
}

/** The name spaces of all families. Each is made by its family at the first use, so that a kernel boots in no time. */
export interface Net {
  /** By AF_*. */
  readonly families: readonly (NetProtoFamily | undefined)[];
  unix: unknown;
  inet: unknown;
}
