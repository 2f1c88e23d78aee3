/** The state of a TCP socket, and how much may lie between two of them (include/linux/tcp.h, net/inet_connection_sock.h). */
import type { Kernel } from '../../include/linux/kernel.js';
import { type Socket, RCV_SHUTDOWN, SEND_SHUTDOWN } from '../../include/linux/net.js';
import type { Timespec64 } from '../../include/linux/timekeeping.js';
import { SOCK_STREAM } from '../../include/uapi/socket.js';
import type { Fifo } from '../../lib/fifo.js';
import { type Kfifo, kfifo } from '../../lib/kfifo.js';
import type { Timer } from '../../lib/timerqueue.js';
import { InetSock, type Proto } from './inet_sock.js';
import type { InetTimewaitSock } from './inet_timewait_sock.js';

export const SHUTDOWN_MASK = RCV_SHUTDOWN | SEND_SHUTDOWN;

/** net.ipv4.tcp_wmem and tcp_rmem, middle values. */
export const TCP_WMEM_DEFAULT = 16384;
export const TCP_RMEM_DEFAULT = 131072;
/** What SO_SNDBUF grows to when a connection over lo is made, unless the program set it: 2 * 10 segments. Linux: tcp_sndbuf_expand. */
const TCP_SNDBUF_LOOPBACK = 2626560;

/** Bytes that MSG_MORE or TCP_CORK keep at the sender until there are enough of them, or 200 ms have passed. */
export interface TcpCork {
  data: Uint8Array;
  readonly timer: Timer;
}

/**
 * struct tcp_sock. There are no segments: what an end sends stands in the other end's ring at once. The part of the ring
 * beyond the receiver's window is, in Linux's terms, still in the sender's queue; see `tcp_unsent`.
 */
export class TcpSock extends InetSock {
  /** Bytes of all the time, for TCP_INFO. */
  bytes_sent = 0;
  bytes_received = 0;
  /** The other end, as long as segments reach it. A connection to itself is its own peer. */
  peer: TcpSock | null = null;
  /** What the other end left behind when it closed first. */
  peer_tw: InetTimewaitSock | null = null;
  /** Bytes that the peer sent and the program has not read. */
  readonly rcv: Kfifo = kfifo();
  /** No file refers to it any more: it goes on for itself, until the connection is over. Linux: SOCK_DEAD. */
  dead = false;
  /** The peer's last byte is here: receives end with 0, whatever else is pending. Linux: SOCK_DONE. */
  done = false;
  /** The end of our stream waits behind bytes for which the peer has no room. */
  fin_queued = false;
  /** Somebody found no room to send: the reader has to tell. Linux: SOCK_NOSPACE. */
  nospace = false;
  /** Null: nothing is kept back. */
  cork: TcpCork | null = null;
  /** Urgent data: 0 (none), URG_READ, or URG_VALID with the byte. */
  urg_data = 0;
  /** How many bytes of `rcv` come before the urgent one. */
  urg_off = 0;
  /** When the last bytes came, if the program wants to know. */
  rcv_stamp: Timespec64 | null = null;
  /** Connections that wait for accept; null until listen. */
  accept_queue: Fifo<TcpSock> | null = null;
  /** Connections that TCP_DEFER_ACCEPT keeps out of the queue until their first byte; null: none yet. */
  deferred: TcpSock[] | null = null;
  /** The listener that keeps this one out of its queue. */
  rsk_listener: TcpSock | null = null;
  /** listen's backlog: the queue holds one more. */
  max_ack_backlog = 0;
  /** Repeats a SYN that found the listener's queue full; null until that happens. */
  syn_timer: Timer | null = null;
  /** How often it was repeated. */
  syn_retries = 0;
  /** Counts connect(AF_UNSPEC), so that who sleeps in connect learns of it. */
  sk_disconnects = 0;

  constructor(kernel: Kernel, prot: Proto) {
    super(kernel, SOCK_STREAM, prot);
    this.sk_sndbuf = TCP_WMEM_DEFAULT;
    this.sk_rcvbuf = TCP_RMEM_DEFAULT;
  }
}

/** `urg_data`: the byte can be taken by MSG_OOB, or has been; it stays in the stream as the mark until a receive passes it. */
export const URG_VALID = 0x100;
export const URG_READ = 0x200;

export function tcp_sk(sock: Socket): TcpSock {
  return sock.sk as TcpSock;
}

/** The connection is there: buffers that the program did not set take their size. Linux: tcp_init_buffer_space. */
export function tcp_init_buffer_space(sk: TcpSock): void {
  if (sk.sk_sndbuf === TCP_WMEM_DEFAULT) sk.sk_sndbuf = TCP_SNDBUF_LOOPBACK;
}

/*
 * DEVIATION: Linux counts the memory of segments, and grows buffers and windows as it learns about the connection. Here
 * bytes are counted and nothing grows: with the default sizes about 1.4 MB fit between two ends of which one does not read
 * (Linux 6.18: 2.6 to 3.9 MB), with SO_SNDBUF and SO_RCVBUF set about as much as in Linux.
 */

/** Bytes that the receiver takes without reading. Measured on Linux 6.18: SO_RCVBUF, less a page or half of it. */
export function tcp_window(sk: TcpSock): number {
  return sk.sk_rcvbuf - Math.min(sk.sk_rcvbuf >> 1, 4096);
}

/** Bytes that stay in the sender's queue since `peer` has no window for them. */
export function tcp_unsent(peer: TcpSock): number {
  return Math.max(peer.rcv.len - tcp_window(peer), 0);
}

/** Bytes that `sk` can send now; half of SO_SNDBUF is for data. */
export function tcp_stream_wspace(sk: TcpSock): number {
  const { peer } = sk;
  const room = sk.sk_sndbuf >> 1;
  return peer === null ? room : room + tcp_window(peer) - peer.rcv.len;
}

/** Does poll call it writable: is a third of the room free? Linux: sk_stream_is_writeable. */
export function tcp_stream_is_writeable(sk: TcpSock): boolean {
  return sk.peer === null || tcp_unsent(sk.peer) * 3 <= sk.sk_sndbuf;
}
