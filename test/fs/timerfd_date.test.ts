// timerfd and the date, which no test can set on a real kernel: timerfd_create(2), Linux fs/timerfd.c.
import test from 'ava';
import type { Libc, Release, ThrowingLibc } from '../../index.js';
import {
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
  POLLIN,
  TFD_NONBLOCK,
  TFD_TIMER_ABSTIME,
  TFD_TIMER_CANCEL_ON_SET,
} from '../../kernel-mock/include/uapi/index.js';
import { answers, outcome } from '../facts.js';

const CANCEL = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
const time = (tv_sec: number, tv_nsec = 0): { tv_sec: number; tv_nsec: number } => ({ tv_sec, tv_nsec });
const once = (tv_sec: number, tv_nsec = 0) => ({ it_interval: time(0), it_value: time(tv_sec, tv_nsec) });

/** The count that a read brings, or the name of the error. */
async function expirations(libc: Libc, fd: number): Promise<number | string> {
  const raw = new Uint8Array(8);
  const n = await libc.read(fd, raw);
  return n === -1 ? outcome(libc, -1) : raw[0]!;
}

/** The date, in seconds. */
async function now(ok: ThrowingLibc): Promise<number> {
  const ts = time(0);
  await ok.clock_gettime(CLOCK_REALTIME, ts);
  return ts.tv_sec;
}

const readable = (libc: Libc, fd: number, ms: number): Promise<number> => libc.poll([{ fd, events: POLLIN }], ms);
/** Where there is timerfd_create: since 2.6.25. */
const here =
  (value: unknown) =>
  (r: Release): unknown =>
    r.calls.has('timerfd_create') ? value : undefined;
/** Where TFD_TIMER_CANCEL_ON_SET means something. */
const by_flag =
  (today: unknown, once_: unknown) =>
  (r: Release): unknown =>
    r.calls.has('timerfd_create') ? (r.timerfd_settime_flags === ~0 ? once_ : today) : undefined;

/** A timer for a date ten seconds ahead; the date is set; then what `look` finds. */
const after_the_date_is_set =
  (flags: number, ahead: number, look: (libc: Libc, fd: number) => Promise<unknown>, clock = CLOCK_REALTIME) =>
  async (libc: Libc, ok: ThrowingLibc): Promise<unknown> => {
    const fd = await ok.timerfd_create(clock, TFD_NONBLOCK);
    const start = clock === CLOCK_MONOTONIC ? 0 : await now(ok);
    await ok.timerfd_settime(fd, flags, once(start + 10));
    await ok.clock_settime(CLOCK_REALTIME, time((await now(ok)) + ahead));
    return look(libc, fd);
  };

test(
  'a date that is over now',
  answers,
  after_the_date_is_set(TFD_TIMER_ABSTIME, 20, async (libc, fd) => [
    await readable(libc, fd, 1),
    await expirations(libc, fd),
  ]),
  here([1, 1]),
);
test(
  'a date that is further away now',
  answers,
  after_the_date_is_set(TFD_TIMER_ABSTIME, -20, async (libc, fd) => [
    await readable(libc, fd, 15_000),
    await readable(libc, fd, 16_000),
  ]),
  here([0, 1]),
);
test(
  'CLOCK_MONOTONIC does not care',
  answers,
  after_the_date_is_set(TFD_TIMER_ABSTIME, 20, (libc, fd) => readable(libc, fd, 5000), CLOCK_MONOTONIC),
  here(0),
);
test(
  'a time from now does not care',
  answers,
  async (libc, ok) => {
    const fd = await ok.timerfd_create(CLOCK_REALTIME, 0);
    await ok.timerfd_settime(fd, 0, once(10));
    await ok.clock_settime(CLOCK_REALTIME, time((await now(ok)) + 20));
    return [await readable(libc, fd, 5000), await readable(libc, fd, 6000)];
  },
  here([0, 1]),
);
test(
  'TFD_TIMER_CANCEL_ON_SET: the reader hears of it, once',
  answers,
  after_the_date_is_set(CANCEL, -20, async (libc, fd) => [
    await readable(libc, fd, 0),
    await expirations(libc, fd),
    await expirations(libc, fd),
  ]),
  by_flag([1, 'ECANCELED', 'EAGAIN'], [0, 'EAGAIN', 'EAGAIN']),
);
test(
  'TFD_TIMER_CANCEL_ON_SET: who sets again hears of it',
  answers,
  after_the_date_is_set(CANCEL, -20, async (libc, fd) => [
    outcome(libc, await libc.timerfd_settime(fd, CANCEL, once(1))),
    await readable(libc, fd, 1),
    await expirations(libc, fd),
  ]),
  by_flag(['ECANCELED', 1, 1], [0, 1, 1]),
);
test(
  'TFD_TIMER_CANCEL_ON_SET: no more once it is set without',
  answers,
  async (libc, ok) => {
    const fd = await ok.timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    await ok.timerfd_settime(fd, CANCEL, once((await now(ok)) + 10));
    await ok.timerfd_settime(fd, TFD_TIMER_ABSTIME, once((await now(ok)) + 10));
    await ok.clock_settime(CLOCK_REALTIME, time((await now(ok)) - 20));
    return expirations(libc, fd);
  },
  here('EAGAIN'),
);
test(
  'unknown flags of timerfd_settime',
  answers,
  async (libc, ok) => libc.timerfd_settime(await ok.timerfd_create(CLOCK_MONOTONIC, 0), 4, once(1)),
  by_flag('EINVAL', 0),
);
for (const clock of [CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM])
  test(
    `an alarm is for root, clock ${clock}`,
    answers,
    async (libc, ok) => {
      const fd = outcome(libc, await libc.timerfd_create(clock, 0));
      if (typeof fd === 'string') return fd;
      await ok.setuid(1000);
      return [
        outcome(libc, await libc.timerfd_settime(fd, 0, once(1))),
        outcome(libc, await libc.timerfd_create(clock, 0)),
      ];
    },
    (r: Release) => (r.calls.has('timerfd_create') ? (r.timerfd_boottime ? ['EPERM', 'EPERM'] : 'EINVAL') : undefined),
  );
