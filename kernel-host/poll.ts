/** Waiting for many descriptors: asked without a time limit, and asked again when one of them has moved. */
import { EBADF, EFAULT, EINTR, EINVAL } from '../kernel-mock/include/uapi/errno.js';
import { get_s32, get_s64, get_u16, get_u64, put_u64 } from '../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI } from '../kernel-mock/include/uapi/poll.js';
import { CLOCK_MONOTONIC } from '../kernel-mock/include/uapi/time.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import type { Interest } from './readiness.js';
import { with_mask } from './signal.js';
import { type Handler, type HostTask, INTERRUPTED, TIMED_OUT } from './task.js';

const { pollfd: POLLFD, timespec: TIMESPEC, sigset_argpack: ARGPACK } = layout_x86_64;

/** How long a call may sleep, as the program says it. */
interface Limit {
  readonly sec: number;
  readonly nsec: number;
}

const FOREVER: Limit = { sec: Infinity, nsec: 0 };

function limit_ms(ms: number): Limit {
  return ms < 0 ? FOREVER : { sec: Math.floor(ms / 1000), nsec: (ms % 1000) * 1e6 };
}

/** The timespec or timeval at `address`; null: the kernel shall say what is wrong with it. `unit`: nanoseconds of its small part. */
function limit_at(task: HostTask, address: number, unit: 1 | 1000): Limit | null {
  if (address === 0) return FOREVER;
  const raw = task.memory.read(address, TIMESPEC.size);
  if (raw === undefined) return null;
  const sec = get_s64(raw, TIMESPEC.tv_sec);
  const part = get_s64(raw, TIMESPEC.tv_nsec);
  // ABI: select takes microseconds beyond a second, as poll takes any milliseconds.
  if (sec < 0 || part < 0 || (unit === 1 && part >= 1e9)) return null;
  return { sec: sec + (unit === 1 ? 0 : Math.floor(part / 1e6)), nsec: unit === 1 ? part : (part % 1e6) * 1000 };
}

function is_none(limit: Limit): boolean {
  return limit.sec === 0 && limit.nsec === 0;
}

function now(): number {
  return Number(process.hrtime.bigint());
}

/** Ask until the answer is not 0, sleeping in between until one of the descriptors has moved or the time is over. */
async function wait(
  task: HostTask,
  interests: readonly Interest[],
  limit: Limit,
  ask: () => number,
  moment = now() + limit.sec * 1e9 + limit.nsec,
): Promise<number> {
  const { timers } = task.process;
  const timer = limit.sec === Infinity ? -1 : timers.start(CLOCK_MONOTONIC, 0, limit.sec, limit.nsec);
  const held = interests.map(({ fd, events }) => ({ fd: timers.hold(fd), events }));
  try {
    for (;;) {
      const by = await task.sleep(held, timer);
      if (by === INTERRUPTED) return -EINTR;
      const ret = ask();
      if (ret !== 0 || by === TIMED_OUT || now() >= moment) return ret;
    }
  } finally {
    if (timer >= 0) timers.give_back(timer);
    held.forEach(({ fd }, i) => timers.let_go(fd, interests[i]!.fd));
  }
}

/** Of an array of struct pollfd. What is not open is not waited for: the kernel has said so already. */
function poll_interests(fds: Uint8Array): Interest[] {
  const found: Interest[] = [];
  for (let at = 0; at < fds.length; at += POLLFD.size) {
    const fd = get_s32(fds, at + POLLFD.fd);
    if (fd >= 0) found.push({ fd, events: get_u16(fds, at + POLLFD.events) });
  }
  return found;
}

function poll(task: HostTask, fds: number, n: number, limit: Limit, ask: () => number): number | Promise<number> {
  const ret = ask();
  if (ret !== 0 || is_none(limit)) return ret;
  return wait(task, poll_interests(task.memory.read(fds, n * POLLFD.size) ?? new Uint8Array(0)), limit, ask);
}

export const sys_poll: Handler = (task, fds, n, timeout) => {
  const { driver } = task.process;
  return poll(task, fds, n >>> 0, limit_ms(timeout | 0), () => driver.syscall(NR.poll, fds, n, 0, 0, 0, 0));
};

/** What is left of a time limit goes back to the program, as Linux does. */
function put_rest(task: HostTask, address: number, begun: number, limit: Limit, unit: 1 | 1000): void {
  if (address === 0 || limit.sec === Infinity) return;
  const left = Math.max(0, limit.sec * 1e9 + limit.nsec - (now() - begun));
  const raw = new Uint8Array(TIMESPEC.size);
  put_u64(raw, TIMESPEC.tv_sec, Math.floor(left / 1e9));
  put_u64(raw, TIMESPEC.tv_nsec, Math.floor((left % 1e9) / unit));
  task.memory.write(address, raw);
}

/** A timespec of no time, in a place that the call may write to. */
function no_time(task: HostTask): number {
  const { scratch } = task.process;
  scratch.bytes.fill(0, 0, TIMESPEC.size);
  return scratch.address;
}

export const sys_ppoll: Handler = (task, fds, n, ts, mask, size) => {
  const { driver } = task.process;
  const limit = limit_at(task, ts, 1);
  if (limit === null) return driver.syscall(NR.ppoll, fds, n, ts, mask, size, 0);
  const begun = now();
  const ask = (): number => driver.syscall(NR.ppoll, fds, n, no_time(task), 0, 0, 0);
  const ret = with_mask(task, mask, size, () => poll(task, fds, n >>> 0, limit, ask));
  const leave = (r: number): number => {
    put_rest(task, ts, begun, limit, 1);
    return r;
  };
  return typeof ret === 'number' ? leave(ret) : ret.then(leave);
};

const SETS: readonly number[] = [POLLIN, POLLOUT, POLLPRI];

/** The sets of select as the program gave them; undefined: a bad pointer. */
function read_sets(task: HostTask, n: number, sets: readonly number[]): (Uint8Array | null)[] | undefined {
  const size = Math.ceil(n / 64) * 8;
  const found = sets.map((address) => (address === 0 ? null : task.memory.read(address, size)));
  return found.includes(undefined) ? undefined : (found as (Uint8Array | null)[]);
}

function set_interests(n: number, sets: readonly (Uint8Array | null)[]): Interest[] {
  const found: Interest[] = [];
  for (let fd = 0; fd < n; fd++) {
    let events = 0;
    sets.forEach((set, i) => {
      if (set !== null && (set[fd >> 3]! & (1 << (fd & 7))) !== 0) events |= SETS[i]!;
    });
    if (events !== 0) found.push({ fd, events });
  }
  return found;
}

function select(
  task: HostTask,
  a1: number,
  pointers: readonly number[],
  limit: Limit,
  call: () => number,
): number | Promise<number> {
  const n = a1 | 0;
  if (n < 0) return -EINVAL;
  const sets = read_sets(task, Math.min(n, 65536), pointers);
  const ask = (): number => {
    // The answer stands where the question was.
    sets?.forEach((set, i) => {
      if (set !== null) task.memory.write(pointers[i]!, set);
    });
    return call();
  };
  const ret = ask();
  if (ret !== 0 || is_none(limit) || sets === undefined) return ret;
  return wait(task, set_interests(n, sets), limit, ask);
}

export const sys_select: Handler = (task, n, r, w, e, tv) => {
  const { driver } = task.process;
  const limit = limit_at(task, tv, 1000);
  if (limit === null) return driver.syscall(NR.select, n, r, w, e, tv, 0);
  const begun = now();
  const ret = select(task, n, [r, w, e], limit, () => driver.syscall(NR.select, n, r, w, e, no_time(task), 0));
  const leave = (value: number): number => {
    put_rest(task, tv, begun, limit, 1000);
    return value;
  };
  return typeof ret === 'number' ? leave(ret) : ret.then(leave);
};

export const sys_pselect6: Handler = (task, n, r, w, e, ts, mask) => {
  const { driver } = task.process;
  const limit = limit_at(task, ts, 1);
  if (limit === null) return driver.syscall(NR.pselect6, n, r, w, e, ts, mask);
  const begun = now();
  const pack = mask === 0 ? undefined : task.memory.read(mask, ARGPACK.size);
  if (mask !== 0 && pack === undefined) return -EFAULT;
  const [set, size] = pack === undefined ? [0, 0] : [get_u64(pack, ARGPACK.p), get_u64(pack, ARGPACK.sigsetsize)];
  const ask = (): number => driver.syscall(NR.pselect6, n, r, w, e, no_time(task), 0);
  const ret = with_mask(task, set, size, () => select(task, n, [r, w, e], limit, ask));
  const leave = (value: number): number => {
    put_rest(task, ts, begun, limit, 1);
    return value;
  };
  return typeof ret === 'number' ? leave(ret) : ret.then(leave);
};

function epoll_wait(task: HostTask, a1: number, limit: Limit, ask: (epfd: number) => number): number | Promise<number> {
  const epfd = a1 | 0;
  if (task.process.files.is_foreign(epfd)) return -EBADF;
  const ret = ask(epfd);
  if (ret !== 0 || is_none(limit)) return ret;
  // An epoll descriptor is readable when it has something to tell. Asked is the one that is held: the program may close its own.
  const { timers } = task.process;
  const held = timers.hold(epfd);
  return wait(task, [{ fd: held, events: POLLIN | POLLERR | POLLHUP }], limit, () => ask(held)).finally(() =>
    timers.let_go(held, epfd),
  );
}

export const sys_epoll_wait: Handler = (task, epfd, events, max, timeout) => {
  const { driver } = task.process;
  return epoll_wait(task, epfd, limit_ms(timeout | 0), (fd) => driver.syscall(NR.epoll_wait, fd, events, max, 0, 0, 0));
};

export const sys_epoll_pwait: Handler = (task, epfd, events, max, timeout, mask, size) =>
  with_mask(task, mask, size, () => sys_epoll_wait(task, epfd, events, max, timeout, 0, 0));

export const sys_epoll_pwait2: Handler = (task, epfd, events, max, ts, mask, size) => {
  const { driver } = task.process;
  const limit = limit_at(task, ts, 1);
  if (limit === null) return driver.syscall(NR.epoll_pwait2, epfd, events, max, ts, mask, size);
  const ask = (fd: number): number => driver.syscall(NR.epoll_pwait2, fd, events, max, no_time(task), 0, 0);
  return with_mask(task, mask, size, () => epoll_wait(task, epfd, limit, ask));
};
