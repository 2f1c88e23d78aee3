/** Sockets: include/linux/net.h (struct socket, proto_ops), net/sock.h (struct sock) and socket.h (struct msghdr). */
import type { Cred } from './cred.js';
import type { IovIter } from './mm.js';
import type { Kernel } from './kernel.js';
import type { OpenFile } from './fs.js';
import type { Result, Task, ThreadGroup } from './sched.js';
import type { Timespec64 } from './timekeeping.js';
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
  /** MSG_* bits of the call. */
  flags: number;
  /** MSG_* bits that a receive tells the program: MSG_TRUNC, MSG_CTRUNC, MSG_OOB … */
  out_flags: number;
  /** Send: the control messages, copied from user memory; null: none. */
  control: Uint8Array | null;
  /** recvmsg: where the sender's address goes in user memory; 0: it is not wanted. */
  msg_name: number;
  /** Receive: where the next control message goes in user memory (0: nowhere), and the room that is left. */
  msg_control: number;
  msg_controllen: number;
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
  /** IPV6_ADDRFORM changes it. */
  sk_family: number;
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
  /** SCM_RECV_*: what SO_PASSCRED and its like ask for. */
  sk_scm_recv_flags: number;
  /** SO_PEERCRED: who the other end was when the connection was made. */
  sk_peer_group: ThreadGroup | null;
  sk_peer_cred: Cred | null;
  /** SO_INCOMING_CPU: where the last packet was received; -1: none was. There is one processor. */
  sk_incoming_cpu: number;
  /** SO_PEEK_OFF: where the next peek begins; -1: always at the front. */
  sk_peek_off: number;
}

/** SO_PASSCRED, SO_PASSPIDFD and SO_PASSRIGHTS: sk_scm_credentials, sk_scm_pidfd, sk_scm_rights. */
export const SCM_RECV_CREDENTIALS = 1;
export const SCM_RECV_PIDFD = 2;
export const SCM_RECV_RIGHTS = 4;

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
  /** SIOCGSTAMP: when the datagram that was read last had come, or -ENOENT; missing: -ENOTTY. */
  gettstamp?(sock: Socket): Timespec64 | number;
  listen(sock: Socket, backlog: number): number;
  shutdown(sock: Socket, how: number): number;
  /** `optval` holds at least four bytes unless the option has another form. */
  setsockopt?(task: Task, sock: Socket, level: number, optname: number, optval: Uint8Array): number;
  /** The bytes of the value, or -errno; absent: no levels above SOL_SOCKET. `room`: what the program has for it; only IP looks at that. */
  getsockopt?(task: Task, sock: Socket, level: number, optname: number, room: number): Uint8Array | number;
  sendmsg(task: Task, sock: Socket, msg: MsgHdr): Result;
  recvmsg(task: Task, sock: Socket, msg: MsgHdr): Result;
}

/** One row for each address family: net_proto_family. */
export interface NetProtoFamily {
  /** What socket answers when there is no memory for one. */
  readonly sk_alloc_error: number;
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
  /** Descriptors in messages that nobody has received; null until the first. */
  inflight: Inflight | null;
}

/** Descriptors in flight: what limits and garbage collection go by. */
export interface Inflight {
  /** AF_UNIX sockets in flight, each counted as often as it is. */
  tot_inflight: number;
  /** Files in flight by the user who sent them: `user_struct.unix_inflight`. */
  readonly by_user: Map<number, number>;
  /** Frees sockets that only messages in their own queues refer to. */
  readonly gc: (kernel: Kernel) => void;
  /** Of the collector. */
  readonly sockets: Set<Sock>;
  gc_in_progress: boolean;
}
