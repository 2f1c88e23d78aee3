// The timerfd of 2.6.22 to 2.6.24, whose first argument says whether it makes a timer or sets one.
import test from 'ava';
import { type Libc, type Release } from '../../index.js';
import { CLOCK_MONOTONIC } from '../../kernel-mock/include/uapi/index.js';
import { answers } from '../facts.js';

const TIMERFD = 283;
const old_call = (release: Release): boolean => release.calls.has('timerfd');

/** timerfd with a time of ten seconds. */
async function timerfd(libc: Libc, ufd: number): Promise<number> {
  const time = new Uint8Array(32);
  time[16] = 10;
  return libc.syscall(TIMERFD, ufd, CLOCK_MONOTONIC, 0, time);
}

const only_old = (expected: unknown) => (release: Release) => (old_call(release) ? expected : undefined);

test('timerfd: -1 makes one', answers, (libc) => timerfd(libc, -1), only_old(3));
test(
  'timerfd: another number sets that one',
  answers,
  async (libc) => timerfd(libc, await timerfd(libc, -1)),
  only_old(3),
);
for (const ufd of [9, -2, -4096, -(2 ** 31), 2 ** 31 - 1])
  test(`timerfd: ${ufd} is none`, answers, (libc) => timerfd(libc, ufd), only_old('EBADF'));
test('timerfd: no timer', answers, (libc) => timerfd(libc, 0), only_old('EINVAL'));
