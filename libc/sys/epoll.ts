/** sys/epoll.h. */
import { put_u32, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { EPOLL_CREATE1 } from '../internal/descriptor_calls.js';
import { want_list, want_number, want_object } from '../internal/describe.js';
import { type SigSetArg, encode_sigset } from '../internal/siginfo.js';
import type { Thread } from '../internal/thread.js';
import { type Timespec, encode_timespec } from '../internal/timespec.js';

const EVENT = layout_x86_64.epoll_event;

export interface EpollEvent {
  /** EPOLL* bits. */
  events: number;
  /** Comes back with the event: a number of 64 bits, or any below 2^53. */
  data: number | bigint;
}

function check_event(event: EpollEvent): void {
  want_object(event, 'event is { events, data } or null');
  want_number(event.events, 'events');
  if (typeof event.data !== 'bigint') want_number(event.data, 'data');
}

function encode_event(raw: Uint8Array, { events, data }: EpollEvent): void {
  put_u32(raw, EVENT.events, events);
  if (typeof data === 'number' && data >= 0 && Number.isSafeInteger(data)) {
    put_u64(raw, EVENT.data, data);
    return;
  }
  const wide = BigInt.asUintN(64, BigInt(data));
  put_u32(raw, EVENT.data, Number(wide & 0xffffffffn));
  put_u32(raw, EVENT.data + 4, Number(wide >> 32n));
}

/** A number where it is exact, else a bigint. */
function decode_data(lo: number, hi: number): number | bigint {
  return hi < 0x200000 ? hi * 0x1_0000_0000 + lo : (BigInt(hi) << 32n) | BigInt(lo);
}

/** `epoll_create(size)`: size counts only in that it is above 0. -1 with errno EINVAL, EMFILE. epoll_create(2). */
export async function epoll_create(this: Thread, size: number): Promise<number> {
  const r = this.enter(this.nr.epoll_create, size);
  return this.ret(typeof r === 'number' ? r : await r);
}

/**
 * `epoll_create1(flags)`: EPOLL_CLOEXEC, which the route carries to a kernel that has no such call.
 *
 * @returns the descriptor; -1 with errno EINVAL (flags), EMFILE, ENOSYS. epoll_create(2).
 */
export async function epoll_create1(this: Thread, flags: number): Promise<number> {
  const r =
    flags === 0 ? this.enter(this.nr.epoll_create, 1) : this.process.route(this, EPOLL_CREATE1, flags, 1, 0, 0, 0);
  return this.ret(typeof r === 'number' ? r : await r);
}

/**
 * `epoll_ctl(epfd, op, fd, event)`: EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL.
 *
 * @returns 0; -1 with errno EFAULT, EBADF, EPERM, EINVAL, ELOOP, EEXIST, ENOENT. epoll_ctl(2).
 */
export async function epoll_ctl(
  this: Thread,
  epfd: number,
  op: number,
  fd: number,
  event: EpollEvent | null,
): Promise<number> {
  const { sp } = this;
  if (event !== null) check_event(event);
  const ptr = event === null ? 0 : this.alloca(EVENT.size);
  if (event !== null) encode_event(this.load_bytes(ptr, EVENT.size), event);
  const r = this.enter(this.nr.epoll_ctl, epfd, op, fd, ptr);
  const ret = typeof r === 'number' ? r : await r;
  this.leave(sp);
  return this.ret(ret);
}

const EVENTS = 'events is a list to fill in, or null';

/** Room on the stack for what the kernel can use of `maxevents`; a count that is no count gets none. */
function events_room(t: Thread, events: EpollEvent[] | null, maxevents: number): number {
  if (events === null) return 0;
  want_list(events, EVENTS);
  want_number(maxevents, 'maxevents');
  return t.alloca((maxevents > 0 ? Math.min(maxevents, 1 << 16) : 1) * EVENT.size);
}

/** The `n` events at `ptr` go into `events`: into the objects that are there, as far as they last. */
function take_events(t: Thread, events: EpollEvent[], ptr: number, n: number): void {
  for (let i = 0, o = ptr; i < n; i++, o += EVENT.size) {
    const bits = t.load_u32(o + EVENT.events);
    const data = decode_data(t.load_u32(o + EVENT.data), t.load_u32(o + EVENT.data + 4));
    const event = events[i];
    if (event === undefined) events[i] = { events: bits, data };
    else {
      event.events = bits;
      event.data = data;
    }
  }
  if (events.length !== n) events.length = n;
}

/**
 * `epoll_wait(epfd, events, maxevents, timeout)`.
 *
 * @param events    filled in, and cut to the number of events
 * @param maxevents how many at most
 * @param timeout   milliseconds; negative: no limit; 0: only look
 * @returns how many, 0 when the time is over; -1 with errno EINVAL, EBADF, EFAULT, EINTR. epoll_wait(2).
 */
export async function epoll_wait(
  this: Thread,
  epfd: number,
  events: EpollEvent[] | null,
  maxevents: number,
  timeout: number,
): Promise<number> {
  const { sp } = this;
  const ptr = events_room(this, events, maxevents);
  const r = this.enter(this.nr.epoll_wait, epfd, ptr, maxevents, timeout);
  const n = typeof r === 'number' ? r : await r;
  if (n >= 0 && events !== null) take_events(this, events, ptr, n);
  this.leave(sp);
  return this.ret(n);
}

/** epoll_pwait and epoll_pwait2: the limit is a register that says it. */
async function pwait(
  t: Thread,
  call: 'epoll_pwait' | 'epoll_pwait2',
  epfd: number,
  events: EpollEvent[] | null,
  maxevents: number,
  limit: number,
  sigmask: SigSetArg | null,
): Promise<number> {
  const set = sigmask === null ? null : encode_sigset(sigmask);
  const { sp } = t;
  const ptr = events_room(t, events, maxevents);
  const mask = t.map(set);
  const r = t.enter(t.nr[call], epfd, ptr, maxevents, limit, mask, layout_x86_64.sigset.size);
  const n = typeof r === 'number' ? r : await r;
  t.unmap(mask);
  if (n >= 0 && events !== null) take_events(t, events, ptr, n);
  t.leave(sp);
  return t.ret(n);
}

/**
 * `epoll_pwait(epfd, events, maxevents, timeout, sigmask)`: epoll_wait under another signal mask (null: the one there is), in
 * place for the length of the wait. As epoll_wait. epoll_wait(2).
 */
export function epoll_pwait(
  this: Thread,
  epfd: number,
  events: EpollEvent[] | null,
  maxevents: number,
  timeout: number,
  sigmask: SigSetArg | null,
): Promise<number> {
  return pwait(this, 'epoll_pwait', epfd, events, maxevents, timeout, sigmask);
}

/** `epoll_pwait2(epfd, events, maxevents, timeout, sigmask)` (5.11): the limit is a timespec; null: none. epoll_wait(2). */
export async function epoll_pwait2(
  this: Thread,
  epfd: number,
  events: EpollEvent[] | null,
  maxevents: number,
  timeout: Timespec | null,
  sigmask: SigSetArg | null,
): Promise<number> {
  const limit = timeout === null ? null : encode_timespec(timeout);
  if (sigmask !== null) encode_sigset(sigmask);
  if (events !== null) want_list(events, EVENTS);
  want_number(maxevents, 'maxevents');
  const tsp = this.map(limit);
  const ret = await pwait(this, 'epoll_pwait2', epfd, events, maxevents, tsp, sigmask);
  this.unmap(tsp);
  return ret;
}
