/** poll.h. */
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { describe } from './internal/describe.js';
import type { Thread } from './internal/thread.js';

const POLLFD = layout_x86_64.pollfd;

export interface PollFd {
  fd: number;
  /** POLL* bits that are asked for. */
  events: number;
  /** POLL* bits that hold, filled in. */
  revents?: number;
}

/**
 * `poll(fds, nfds, timeout)`: wait until one of the descriptors is ready.
 *
 * @param timeout milliseconds; negative: no limit; 0: only look
 * @returns how many have revents, 0 when the time is over; -1 with errno EINVAL (more than RLIMIT_NOFILE), EINTR. poll(2).
 */
export async function poll(this: Thread, fds: PollFd[], timeout: number): Promise<number> {
  if (!Array.isArray(fds)) throw new TypeError(`fds is a list of { fd, events }, not ${describe(fds)}`);
  const { sp } = this;
  const ptr = this.alloca(fds.length * POLLFD.size);
  fds.forEach(({ fd, events }, i) => {
    if (typeof fd !== 'number' || typeof events !== 'number') {
      this.leave(sp);
      throw new TypeError(`fds[${i}] is { fd: ${describe(fd)}, events: ${describe(events)} }, not two numbers`);
    }
    this.store32(ptr + i * POLLFD.size + POLLFD.fd, fd);
    this.store16(ptr + i * POLLFD.size + POLLFD.events, events);
    this.store16(ptr + i * POLLFD.size + POLLFD.revents, 0);
  });
  const r = this.enter(this.nr.poll, ptr, fds.length, timeout);
  const ret = typeof r === 'number' ? r : await r;
  if (ret >= 0) fds.forEach((p, i) => (p.revents = this.load_u32(ptr + i * POLLFD.size + POLLFD.events) >>> 16));
  this.leave(sp);
  return this.ret(ret);
}
