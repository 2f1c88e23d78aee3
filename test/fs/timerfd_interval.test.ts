// A timerfd with an interval goes on when somebody looks at it, as on Linux 6.18.
import test from 'ava';
import { EPOLLET, EPOLLIN } from '../../kernel-mock/include/uapi/index.js';
import type { Libc, ThrowingLibc } from '../../index.js';
import { answers, msleep } from '../facts.js';

const MS = 1e6;

async function every_ms(ok: ThrowingLibc): Promise<number> {
  const fd = await ok.timerfd_create(1, 0);
  const ms = { tv_sec: 0, tv_nsec: MS };
  await ok.timerfd_settime(fd, 0, { it_interval: ms, it_value: ms });
  return fd;
}

const count = async (ok: ThrowingLibc, fd: number): Promise<number> => {
  const value: { value?: bigint } = {};
  await ok.eventfd_read(fd, value);
  return Number(value.value);
};

const since_2_6_25 =
  (expected: unknown) =>
  (r: { calls: ReadonlySet<string> }): unknown =>
    r.calls.has('timerfd_create') ? expected : undefined;

test(
  'nobody reads: an edge-triggered epoll is told once',
  answers,
  async (libc: Libc, ok) => {
    const fd = await every_ms(ok);
    const ep = await ok.epoll_create(1);
    await ok.epoll_ctl(ep, 1, fd, { events: EPOLLIN | EPOLLET, data: 0 });
    const first = await ok.epoll_wait(ep, [], 1, -1);
    await msleep(libc, 20);
    const second = await ok.epoll_wait(ep, [], 1, 20);
    const n = await count(ok, fd);
    return [first, second, n > 20, await ok.epoll_wait(ep, [], 1, 20)];
  },
  since_2_6_25([1, 0, true, 1]),
);
test(
  'gettime looks too',
  answers,
  async (libc: Libc, ok) => {
    const fd = await every_ms(ok);
    await msleep(libc, 5);
    const spec: Parameters<Libc['timerfd_gettime']>[1] = {};
    await ok.timerfd_gettime(fd, spec);
    const { tv_nsec } = spec.it_value!;
    return [tv_nsec > 0 && tv_nsec <= MS, (await count(ok, fd)) >= 4];
  },
  since_2_6_25([true, true]),
);
test(
  'a fast timer that nobody reads keeps no other from firing',
  answers,
  async (libc: Libc, ok) => {
    const fd = await ok.timerfd_create(1, 0);
    const fast = { tv_sec: 0, tv_nsec: 1000 };
    await ok.timerfd_settime(fd, 0, { it_interval: fast, it_value: fast });
    await ok.sleep(2);
    return (await count(ok, fd)) >= 2_000_000;
  },
  since_2_6_25(true),
);
