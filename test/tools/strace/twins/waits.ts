import * as u from '../../../../kernel-mock/include/uapi/index.js';
import { int_at, ints, longs, mem, struct, twin, zeros } from './twin.js';

type Poll = readonly [fd: number, events: number];
const pollfds = (...list: readonly Poll[]): Uint8Array =>
  struct(...list.flatMap(([fd, events]) => [[4, fd] as const, [2, events] as const, [2, 0] as const]));

function fd_set(...fds: readonly number[]): Uint8Array {
  const set = zeros(128);
  for (const fd of fds) set[fd >> 3]! |= 1 << (fd & 7);
  return set;
}

const event = (events: number): Uint8Array => struct([4, events], [8, 0x123456789abc]);

export default twin(async (S, libc) => {
  const p = zeros(8);
  const q = zeros(8);
  await S('pipe', p);
  await S('pipe', q);
  const [r, w, r2] = [int_at(p), int_at(p, 4), int_at(q)];
  await S('write', w, mem('x'), 1);
  const readable: Poll = [r, u.POLLIN | u.POLLPRI];
  const empty: Poll = [r2, u.POLLIN | 0x4000];
  await S('poll', pollfds(readable, [-1, u.POLLIN], empty), 3, 0);
  await S('poll', pollfds(readable), 1, -1);
  await S('poll', pollfds(empty), 1, 0);
  await S('poll', null, 0, 1);
  await S('poll', 16, 1, 1);
  const set = longs(1 << (u.SIGUSR1 - 1));
  const ts = longs(0, 1000);
  const bad = longs(-1, 0);
  await S('ppoll', pollfds(empty), 1, longs(0, 0), set, 8);
  await S('ppoll', pollfds(empty), 1, longs(0, 0), null, 8);
  await S('ppoll', pollfds(readable), 1, null, null, 8);
  await S('ppoll', pollfds(readable), 1, bad, null, 8);
  await S('select', 10, fd_set(r, r2), fd_set(w), null, null);
  // One set in both places, as the twin has it.
  const both = libc.cpu.memory.map(fd_set(r2));
  await S('select', 10, both, null, both, longs(0, 0));
  await S('select', -1, both, null, null, longs(0, 0));
  const pack = longs(libc.cpu.memory.map(set), 8);
  await S('pselect6', 10, fd_set(r2), null, null, longs(0, 0), pack);
  await S('pselect6', 10, fd_set(), null, null, longs(0, 0), null);
  await S('pselect6', 10, fd_set(r), null, null, null, null);
  const ep = await S('epoll_create1', u.EPOLL_CLOEXEC);
  await S('epoll_create', 5);
  await S('epoll_create', -1);
  await S('epoll_create1', 0x10);
  const got = zeros(48);
  await S('epoll_ctl', ep, u.EPOLL_CTL_ADD, r, event(u.EPOLLIN | u.EPOLLET));
  await S('epoll_ctl', ep, 9, r, event(u.EPOLLIN | u.EPOLLET));
  const odd = event(u.EPOLLOUT | u.EPOLLRDHUP | u.EPOLLONESHOT | 0x800000);
  await S('epoll_ctl', ep, u.EPOLL_CTL_MOD, r, odd);
  await S('epoll_wait', ep, got, 4, 0);
  const plain = event(u.EPOLLIN | u.EPOLLRDHUP);
  await S('epoll_ctl', ep, u.EPOLL_CTL_MOD, r, plain);
  await S('epoll_wait', ep, got, 4, -1);
  await S('epoll_wait', ep, got, 0, -1);
  await S('epoll_pwait', ep, got, 1, 0, set, 8);
  await S('epoll_pwait2', ep, got, 1, ts, null, 8);
  await S('epoll_ctl', ep, u.EPOLL_CTL_DEL, r, plain);
  await S('epoll_ctl', ep, u.EPOLL_CTL_DEL, r, null);
  await S('epoll_wait', ep, got, 4, 0);
  await S('nanosleep', ts, null);
  await S('nanosleep', bad, null);
  await S('clock_nanosleep', u.CLOCK_MONOTONIC, u.TIMER_ABSTIME, ts, null);
  await S('clock_nanosleep', u.CLOCK_REALTIME, 0, ts, longs(0, 0));
  await S('clock_nanosleep', 99, 0, ts, null);
  await S('clock_getres', u.CLOCK_MONOTONIC, null);
  await S('clock_settime', u.CLOCK_MONOTONIC, ts);
  await S('gettimeofday', null, null);
  await S('clock_gettime', u.CLOCK_BOOTTIME, 16);
  const word = libc.cpu.memory.map(ints(5));
  const PRIVATE = 128;
  await S('futex', word, u.FUTEX_WAIT | PRIVATE, 16, null);
  await S('futex', word, u.FUTEX_WAKE, 5);
  await S('futex', word, u.FUTEX_WAIT, 5, ts);
  await S('futex', word, u.FUTEX_WAIT_BITSET | u.FUTEX_CLOCK_REALTIME, 16, ts, null, -1);
  await S('futex', word, u.FUTEX_WAKE_BITSET | PRIVATE, 1, null, null, 0x10);
  await S('sched_yield');
  return 0;
});
