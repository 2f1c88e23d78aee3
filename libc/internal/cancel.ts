/** Cancellation of threads (nptl/cancellation.c). A thread that nobody cancels pays nothing for it. */
import { NR } from '../../kernel-mock/include/uapi/unistd.js';
import { PTHREAD_CANCELED, PTHREAD_CANCEL_ASYNCHRONOUS, PTHREAD_CANCEL_ENABLE } from '../constants.js';
import type { Libc } from '../index.js';
import type { Pthread } from './process.js';
import { Thread } from './thread.js';

/** The signal that interrupts the call of a thread that is cancelled; programs cannot use it. */
export const SIGCANCEL = 32;

/** Calls that are cancellation points. indirect stands for accept inside it. */
const POINTS: ReadonlySet<number> = new Set([
  NR.read,
  NR.write,
  NR.readv,
  NR.writev,
  NR.open,
  NR.openat,
  NR.close,
  NR.poll,
  NR.ppoll,
  NR.select,
  NR.pselect6,
  NR.epoll_wait,
  NR.epoll_pwait,
  NR.accept,
  NR.accept4,
  NR.indirect,
  NR.connect,
  NR.sendto,
  NR.recvfrom,
  NR.sendmsg,
  NR.recvmsg,
  NR.sendmmsg,
  NR.recvmmsg,
  NR.pause,
  NR.nanosleep,
  NR.clock_nanosleep,
  NR.rt_sigsuspend,
  NR.rt_sigtimedwait,
  NR.wait4,
  NR.waitid,
  NR.creat,
  NR.pread64,
  NR.pwrite64,
  NR.preadv,
  NR.pwritev,
  NR.preadv2,
  NR.pwritev2,
  NR.fsync,
  NR.fdatasync,
  NR.splice,
  NR.tee,
  NR.vmsplice,
  NR.copy_file_range,
  NR.epoll_pwait2,
]);

function is_point(t: Thread, nr: number): boolean {
  return POINTS.has(nr) || (t.cancel_call && (nr === NR.futex || nr === NR.fcntl));
}

/** End the thread that is cancelled: clean-up functions, then exit. Does not return. */
async function unwind(t: Thread): Promise<number> {
  delete (t as { enter?: unknown }).enter;
  await (t as Libc).pthread_exit(PTHREAD_CANCELED);
  return 0;
}

/** What `enter` is for a thread that is to be cancelled. */
function cancelled_enter(this: Thread, nr: number, ...regs: number[]): number | Promise<number> {
  if (this.self?.cancelstate === PTHREAD_CANCEL_ENABLE && is_point(this, nr)) return unwind(this);
  return Thread.prototype.enter.call(this, nr, ...regs);
}

/** From now on `self` ends at its next cancellation point. */
export function cancel_at_next_point(self: Pthread): void {
  self.canceled = true;
  if (self.thread !== null) self.thread.enter = cancelled_enter;
}

/** pthread_testcancel: act now if somebody has cancelled this thread. */
export async function test_cancel(t: Thread): Promise<void> {
  if (t.self?.canceled === true && t.self.cancelstate === PTHREAD_CANCEL_ENABLE) await unwind(t);
}

/** SIGCANCEL has come while call `nr` slept (-1: it was done, or there was none). */
export async function cancel_handler(t: Thread, nr: number): Promise<void> {
  const { self } = t;
  if (self?.canceled !== true || self.cancelstate !== PTHREAD_CANCEL_ENABLE) return;
  if (self.canceltype === PTHREAD_CANCEL_ASYNCHRONOUS || (nr !== -1 && is_point(t, nr))) await unwind(t);
}
