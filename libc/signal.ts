/** signal.h. */
import { get_u64, put_u64 } from '../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { SIG_DFL, SIG_IGN } from '../kernel-mock/include/uapi/signal.js';
import type { Thread } from './internal/thread.js';

const SIGACTION = layout_x86_64.sigaction;

/**
 * `signal(signum, handler)`: ignore a signal, or take its default action again.
 *
 * @param handler SIG_IGN or SIG_DFL
 * @returns what was set before; -1 (SIG_ERR) with errno EINVAL. signal(2).
 */
export async function signal(this: Thread, signum: number, handler: number): Promise<number> {
  if (handler !== SIG_DFL && handler !== SIG_IGN)
    throw new TypeError('handler is SIG_DFL or SIG_IGN: functions as handlers are not there yet');
  const act = new Uint8Array(SIGACTION.size);
  const old = new Uint8Array(SIGACTION.size);
  put_u64(act, SIGACTION.handler, handler);
  const ptr = this.map(act);
  const oldptr = this.map(old);
  const ret = await this.enter(this.nr.rt_sigaction, signum, ptr, oldptr, layout_x86_64.sigset.size);
  this.unmap(ptr);
  this.unmap(oldptr);
  return ret < 0 ? this.ret(ret) : get_u64(old, SIGACTION.handler);
}
