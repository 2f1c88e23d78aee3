/** poll.h. */
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { describe } from './internal/describe.js';
import { type SigSetArg, encode_sigset } from './internal/siginfo.js';
import type { Thread } from './internal/thread.js';
import { type Timespec, encode_timespec } from './internal/timespec.js';

const POLLFD = layout_x86_64.pollfd;

export interface PollFd {
  fd: number;
  /** POLL* bits that are asked for. */
  events: number;
  /** POLL* bits that hold, filled in. */
  revents?: number;
}

/** Where a list has null: no descriptor at all. */
const NO_POLLFD: { fd?: number; events?: number } = {};

/** `fds` on the stack. */
function pollfds_room(t: Thread, fds: PollFd[]): number {
  if (!Array.isArray(fds)) throw new TypeError(`fds is a list of { fd, events }, not ${describe(fds)}`);
  const { sp } = t;
  const ptr = t.alloca(fds.length * POLLFD.size);
  const view = t.stack_view();
  let o = ptr - t.stack_base();
  for (let i = 0; i < fds.length; i++, o += POLLFD.size) {
    const { fd, events } = fds[i] ?? NO_POLLFD;
    if (typeof fd !== 'number' || typeof events !== 'number') {
      t.leave(sp);
      throw new TypeError(`fds[${i}] is { fd: ${describe(fd)}, events: ${describe(events)} }, not two numbers`);
    }
    view.setInt32(o + POLLFD.fd, fd, true);
    // revents is 0.
    view.setInt32(o + POLLFD.events, events & 0xffff, true);
  }
  return ptr;
}

/** What holds goes from the stack into `fds`. */
function take_revents(t: Thread, fds: PollFd[], ptr: number): void {
  const view = t.stack_view();
  let o = ptr - t.stack_base() + POLLFD.revents;
  for (let i = 0; i < fds.length; i++, o += POLLFD.size) fds[i]!.revents = view.getUint16(o, true);
}

/**
 * `poll(fds, nfds, timeout)`: wait until one of the descriptors is ready. Here `poll(fds, timeout)`: the list knows its length.
 *
 * @param fds     `[{ fd, events: POLLIN }]`; `revents` is filled in
 * @param timeout milliseconds; negative: no limit; 0: only look
 * @returns how many have revents, 0 when the time is over; -1 with errno EINVAL (more than RLIMIT_NOFILE), EINTR. poll(2).
 */
export async function poll(this: Thread, fds: PollFd[], timeout: number): Promise<number> {
  const { sp } = this;
  const ptr = pollfds_room(this, fds);
  const r = this.enter(this.nr.poll, ptr, fds.length, timeout);
  const ret = typeof r === 'number' ? r : await r;
  if (ret >= 0) take_revents(this, fds, ptr);
  this.leave(sp);
  return this.ret(ret);
}

/**
 * `ppoll(fds, nfds, timeout, sigmask)`: poll under another signal mask, in place for the length of the wait. Here
 * `ppoll(fds, timeout, sigmask)`.
 *
 * @param timeout null: no limit; stays as it is
 * @param sigmask null: the mask that the thread has
 * @returns as poll; -1 with errno EINVAL (timeout) too. ppoll(2).
 */
export async function ppoll(
  this: Thread,
  fds: PollFd[],
  timeout: Timespec | null,
  sigmask: SigSetArg | null = null,
): Promise<number> {
  // The kernel writes what is left into these bytes, not into the program's object: as the C library does.
  const limit = timeout === null ? null : encode_timespec(timeout);
  const set = sigmask === null ? null : encode_sigset(sigmask);
  const { sp } = this;
  const ptr = pollfds_room(this, fds);
  const tsp = this.map(limit);
  const mask = this.map(set);
  const r = this.enter(this.nr.ppoll, ptr, fds.length, tsp, mask, layout_x86_64.sigset.size);
  const ret = typeof r === 'number' ? r : await r;
  this.unmap(tsp);
  this.unmap(mask);
  if (ret >= 0) take_revents(this, fds, ptr);
  this.leave(sp);
  return this.ret(ret);
}
