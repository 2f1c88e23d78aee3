/** Small pieces that wait for more (net/ipv4/tcp_output.c tcp_nagle_check, tcp.c tcp_push, MSG_MORE and TCP_CORK of tcp(7)). */
import type { MsgHdr } from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import { EFAULT } from '../../include/uapi/errno.js';
import { MSG_MORE, MSG_OOB, SOL_TCP } from '../../include/uapi/socket.js';
import { TCP_CORK } from '../../include/uapi/tcp.js';
import { add_timer, timer } from '../../lib/timerqueue.js';
import { ktime_get } from '../../kernel/time.js';
import { copy_from_iter, fault_in } from '../../mm/iov_iter.js';
import { sock_opt } from '../core/sock.js';
import { tcp_data_refused, tcp_push_pending_frames } from './tcp_input.js';
import { type TcpSock, tcp_stream_wspace } from './tcp_sock.js';

/** A segment on lo: with so many bytes there is nothing to wait for. */
const LOOPBACK_SEGMENT = 65483;
/** "There is a 200 millisecond ceiling on the time for which output is corked": tcp(7). */
const CORK_NS = 200e6;

/** Does this send wait for more? */
function is_corked(sk: TcpSock, flags: number): boolean {
  if ((flags & MSG_OOB) !== 0) return false;
  return (flags & MSG_MORE) !== 0 || (sk.sk_opts !== null && sock_opt(sk, SOL_TCP, TCP_CORK) !== 0);
}

/**
 * Keep a whole send back, if it is one to be kept: answers with its length. -EFAULT; 0: send it now, behind what is pushed here.
 */
export function tcp_cork_data(task: Task, sk: TcpSock, msg: MsgHdr): number {
  const n = msg.iter.count;
  if (n === 0) return 0;
  const held = sk.cork?.data.length ?? 0;
  if (!is_corked(sk, msg.flags) || held + n >= LOOPBACK_SEGMENT || n > tcp_stream_wspace(sk)) {
    // Sent together with what was kept, so that it is not the one that learns of the reset.
    const lost = sk.cork !== null && tcp_data_refused(sk);
    tcp_push_pending_frames(sk);
    return lost ? n : 0;
  }
  if (!fault_in(task.mm, msg.iter, n)) return -EFAULT;
  const data = new Uint8Array(held + n);
  if (sk.cork !== null) data.set(sk.cork.data);
  copy_from_iter(task.mm, msg.iter, data, held, n);
  if (sk.cork !== null) sk.cork.data = data;
  else {
    const push = timer(() => {
      tcp_push_pending_frames(sk);
    });
    sk.cork = { data, timer: push };
    add_timer(sk.kernel.timers, push, ktime_get(sk.kernel) + CORK_NS);
  }
  return n;
}
