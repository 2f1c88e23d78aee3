/** Operations that ask what is ready, and those of descriptors that tell it. */
import * as E from '../../../kernel-mock/include/uapi/eventpoll.js';
import type { Kind, Operation } from '../draw.js';
import type { Value } from '../program.js';
import { awake } from './io.js';

const epoll_ctl: Operation = (d) => {
  const at = d.room(12);
  d.store(
    at,
    4,
    d.of(E.EPOLLIN, E.EPOLLOUT, E.EPOLLIN + E.EPOLLOUT + E.EPOLLRDHUP) +
      d.bits(E.EPOLLET, E.EPOLLONESHOT, E.EPOLLEXCLUSIVE),
  );
  d.store(at + 4, 8, 1000 + d.steps.length);
  const op = d.of(E.EPOLL_CTL_ADD, E.EPOLL_CTL_ADD, E.EPOLL_CTL_MOD, E.EPOLL_CTL_DEL, 9);
  d.call('epoll_ctl', [d.fd('epoll'), op, d.fd(), d.ptr(at)]);
};

const epoll_wait: Operation = (d) => {
  const count = d.of(8, 1, 2, 0, -1);
  const at = d.room(12 * 8);
  d.call('epoll_wait', [d.fd('epoll'), d.ptr(at), count, 0]);
};

const poll: Operation = (d) => {
  const count = d.of(1, 2, 3, 0);
  const at = d.room(8 * 3);
  for (let i = 0; i < count; i++) {
    d.store(at + 8 * i, 4, d.fd());
    d.store(at + 8 * i + 4, 2, d.of(1, 4, 5, 0x2000, 0, 0x7fff));
    d.store(at + 8 * i + 6, 2, 0x55);
  }
  d.call('poll', [d.ptr(at), count, 0]);
};

const select: Operation = (d) => {
  const sets = [0, 1, 2].map(() => d.room(8));
  for (const at of sets) d.store(at, 8, d.of(0, 8, 16, 0xfff8, 0xf8));
  const timeout = d.room(16);
  d.store(timeout, 8, 0);
  d.store(timeout + 8, 8, 0);
  d.call('select', [d.of(16, 8, 0, 64, -1), ...sets.map((at) => d.ptr(at)), d.ptr(timeout)]);
};

const DAY = 86_400;

const timerfd_settime: Operation = (d) => {
  const at = d.room(32);
  const old = d.room(32);
  const interval = d.of(0, DAY);
  d.store(at, 8, interval);
  d.store(at + 8, 8, d.seldom(20) ? 10 ** 9 : 0);
  // Far from now, or now: nothing between.
  const [sec, nsec] = d.of<readonly [number, number]>([DAY, 0], [0, 0]);
  d.store(at + 16, 8, sec);
  d.store(at + 24, 8, nsec);
  d.mask(old, 32);
  d.call('timerfd_settime', [
    d.fd('timer'),
    d.of(0, 1, 2, 3, 4),
    d.ptr(at),
    d.of<Value>({ is: 'number', n: 0 }, d.ptr(old)),
  ]);
};

const timerfd_gettime: Operation = (d) => {
  const at = d.room(32);
  d.mask(at + 16, 16);
  d.call('timerfd_gettime', [d.fd('timer'), d.ptr(at)]);
};

const EVENT: readonly Kind[] = ['event'];

const eventfd_write: Operation = (d) => {
  const at = d.room(8);
  d.store(at, 8, d.of(1, 5, 0, -1, -2, 2 ** 40));
  d.call('write', [awake(d, EVENT).fd, d.ptr(at), d.of(8, 9, 7)]);
};

const eventfd_read: Operation = (d) => {
  d.call('read', [awake(d, EVENT).fd, d.ptr(d.room(16)), d.of(8, 16, 7)]);
};

const sigmask: Operation = (d) => {
  const at = d.room(8);
  const old = d.room(8);
  d.store(at, 8, d.of(0, 2 ** 12, 2 ** 9 + 2 ** 11));
  d.call('rt_sigprocmask', [d.of(0, 1, 2, 3), d.ptr(at), d.ptr(old), d.seldom(20) ? 4 : 8]);
};

/** SIGPIPE and SIGIO ignored, so that more programs live on. */
const ignore: Operation = (d) => {
  const at = d.room(32);
  for (let i = 0; i < 4; i++) d.store(at + 8 * i, 8, i === 0 ? 1 : 0);
  d.call('rt_sigaction', [d.of(13, 29, 10), d.ptr(at), 0, 8]);
};

export const readiness: readonly Operation[] = [
  ...[epoll_ctl, epoll_ctl, epoll_ctl, epoll_wait, epoll_wait, poll, select, timerfd_settime, timerfd_gettime],
  ...[eventfd_write, eventfd_write, eventfd_read, sigmask, ignore],
];
