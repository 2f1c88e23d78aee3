/** What recvmsg tells of a TCP stream besides its bytes: when they came, how many are left (net/ipv4/tcp.c tcp_recv_timestamp, tcp_inq_hint). */
import type { MsgHdr } from '../../include/linux/net.js';
import type { Result, Sleep, Task } from '../../include/linux/sched.js';
import { SOL_SOCKET, SOL_TCP, SO_TIMESTAMP, SO_TIMESTAMPING } from '../../include/uapi/socket.js';
import { TCP_CM_INQ, TCP_INQ } from '../../include/uapi/tcp.js';
import { ktime_get_real } from '../../kernel/time.js';
import { put_cmsg } from '../core/scm.js';
import { int_opt, sock_opt } from '../core/sock.js';
import { sock_recv_timestamp, sock_wants_stamp } from '../socket_cmsgs.js';
import type { TcpSock } from './tcp_sock.js';

/** Bytes have come. DEVIATION: the time of the last ones that came, where Linux tells that of the last ones that are read. */
export function tcp_note_arrival(sk: TcpSock): void {
  if (sock_wants_stamp(sk)) sk.rcv_stamp = ktime_get_real(sk.kernel);
}

/** Bytes that are left; the end of the stream counts as one. */
function tcp_inq_hint(sk: TcpSock): number {
  return sk.rcv.len + (sk.done ? 1 : 0);
}

function put_cmsgs(task: Task, sk: TcpSock, msg: MsgHdr, ret: number, inq: boolean): number {
  if (ret < 0) return ret;
  if (ret > 0 && sk.rcv_stamp !== null) sock_recv_timestamp(task, sk, msg, sk.rcv_stamp);
  if (inq) put_cmsg(task, msg, SOL_TCP, TCP_CM_INQ, int_opt(tcp_inq_hint(sk)));
  return ret;
}

function* sleep(task: Task, sk: TcpSock, msg: MsgHdr, ret: Sleep, inq: boolean): Sleep {
  return put_cmsgs(task, sk, msg, yield* ret, inq);
}

/** `ret`: what a receive on a socket that has options has answered. */
export function tcp_recv_cmsgs(task: Task, sk: TcpSock, msg: MsgHdr, ret: Result): Result {
  const inq = sock_opt(sk, SOL_TCP, TCP_INQ) !== 0;
  const stamp = sock_opt(sk, SOL_SOCKET, SO_TIMESTAMP) !== 0 || sock_opt(sk, SOL_SOCKET, SO_TIMESTAMPING) !== 0;
  if (!inq && !stamp) return ret;
  return typeof ret === 'number' ? put_cmsgs(task, sk, msg, ret, inq) : sleep(task, sk, msg, ret, inq);
}
