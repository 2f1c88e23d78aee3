// What /proc/PID/fdinfo tells of the descriptors that one waits for; the lines were taken from 6.18.
import test from 'ava';
import type { Fact } from '../facts.js';
import {
  CLOCK_MONOTONIC,
  EFD_SEMAPHORE,
  EPOLLIN,
  EPOLL_CTL_ADD,
  O_RDONLY,
  SIGRTMIN,
  SIGUSR1,
} from '../../kernel-mock/include/uapi/index.js';
import type { Release, ThrowingLibc } from '../../index.js';
import { answers, text } from '../facts.js';

/** The lines of a descriptor behind those that every one has. */
const lines =
  (make: (ok: ThrowingLibc) => Promise<number>): Fact =>
  async (_libc, ok) => {
    const fd = await make(ok);
    const info = await ok.open(`/proc/self/fdinfo/${fd}`, O_RDONLY);
    const raw = new Uint8Array(500);
    const n = await ok.read(info, raw);
    return text(raw, n).split('\n').slice(4, -1);
  };
/** 3.8 and later. */
const today =
  (...expected: string[]) =>
  (r: Release): string[] | undefined =>
    r.fdinfo_more ? expected : r.calls.has('timerfd_create') ? [] : undefined;

test(
  'an eventfd',
  answers,
  lines(async (ok) => {
    const fd = await ok.eventfd(10, 0);
    await ok.eventfd_write(fd, 0x1_0000_0000);
    return fd;
  }),
  today('eventfd-count:        10000000a', 'eventfd-id: 0', 'eventfd-semaphore: 0'),
);
test(
  'a semaphore',
  answers,
  async (libc, ok) =>
    (await libc.eventfd(1, EFD_SEMAPHORE)) === -1 ? [] : lines((o) => o.eventfd(1, EFD_SEMAPHORE))(libc, ok),
  today('eventfd-count:                1', 'eventfd-id: 0', 'eventfd-semaphore: 1'),
);
test(
  'an epoll',
  answers,
  lines(async (ok) => {
    const ep = await ok.epoll_create(1);
    const fd = await ok.eventfd(0, 0);
    await ok.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN, data: 3 });
    return ep;
  }),
  today('tfd:        4 events:       19 data:                3  pos:0 ino:1 sdev:0'),
);
test(
  'a signalfd',
  answers,
  lines((ok) => ok.signalfd(-1, [SIGUSR1, SIGRTMIN + 2], 0)),
  today('sigmask:\t0000000200000200'),
);
test(
  'a timerfd',
  answers,
  async (libc, ok) => {
    const make = async (o: ThrowingLibc): Promise<number> => {
      const fd = await o.timerfd_create(CLOCK_MONOTONIC, 0);
      await o.timerfd_settime(fd, 0, {
        it_interval: { tv_sec: 3, tv_nsec: 5 },
        it_value: { tv_sec: 0, tv_nsec: 0 },
      });
      return fd;
    };
    const probe = await libc.timerfd_create(CLOCK_MONOTONIC, 0);
    return probe === -1 ? [] : lines(make)(libc, ok);
  },
  today('clockid: 1', 'ticks: 0', 'settime flags: 00', 'it_value: (0, 0)', 'it_interval: (3, 5)'),
);
