import test from 'ava';
import type { Libc, Release, ThrowingLibc } from '../../index.js';
import {
  CLOSE_RANGE_CLOEXEC,
  CLOSE_RANGE_UNSHARE,
  FD_CLOEXEC,
  F_GETFD,
  RLIMIT_NOFILE,
} from '../../kernel-mock/include/uapi/index.js';
import { answers, outcome, thread } from '../facts.js';

const has_call = ({ calls }: Release): boolean => calls.has('close_range');
const END = 0xffffffff;
const FDS = [0, 3, 4, 5, 20];

/** 3, 4, 5 and 20 beside the standard ones. */
async function open_some(ok: ThrowingLibc): Promise<void> {
  for (let i = 0; i < 3; i++) await ok.dup(0);
  await ok.dup2(0, 20);
}

/** Of 0, 3, 4, 5 and 20: `o` open, `x` open and marked, `-` closed. */
async function state(libc: Libc): Promise<string> {
  let got = '';
  for (const fd of FDS) {
    const flags = await libc.fcntl(fd, F_GETFD);
    got += flags === -1 ? '-' : flags === FD_CLOEXEC ? 'x' : 'o';
  }
  return got;
}

const ROWS: readonly (readonly [first: number, last: number, flags: number, result: number | string, state: string])[] =
  [
    [4, 5, 0, 0, 'oo--o'],
    [4, END, 0, 0, 'oo---'],
    [4, 4, 0, 0, 'oo-oo'],
    [6, 19, 0, 0, 'ooooo'],
    [5000, END, 0, 0, 'ooooo'],
    [5, 4, 0, 'EINVAL', 'ooooo'],
    [3, END, 1, 'EINVAL', 'ooooo'],
    [5, 4, 8, 'EINVAL', 'ooooo'],
    [4, END, CLOSE_RANGE_CLOEXEC, 0, 'ooxxx'],
    [4, 5, CLOSE_RANGE_UNSHARE, 0, 'oo--o'],
    [4, 5, CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC, 0, 'ooxxo'],
  ];
for (const [first, last, flags, result, after] of ROWS)
  test(
    `close_range(${first}, ${last}, ${flags})`,
    answers,
    async (libc, ok) => {
      await open_some(ok);
      return [outcome(libc, await libc.close_range(first, last, flags)), await state(libc)];
    },
    (release) => (has_call(release) ? [result, after] : ['ENOSYS', 'ooooo']),
  );

/** What the other thread of a process sees: the table is shared, unless the caller has taken one of its own. */
const SHARED: readonly (readonly [flags: number, own: string, other: string])[] = [
  [0, 'oo--o', 'oo--o'],
  [CLOSE_RANGE_CLOEXEC, 'ooxxo', 'ooxxo'],
  [CLOSE_RANGE_UNSHARE, 'oo--o', 'ooooo'],
  [CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC, 'ooxxo', 'ooooo'],
];
for (const [flags, own, other] of SHARED)
  test(
    `a thread's close_range with flags ${flags}`,
    answers,
    async (libc, ok) => {
      await open_some(ok);
      const join = await thread(libc, async (its) => {
        await its.close_range(4, 5, flags);
        return state(its);
      });
      return [await join(), await state(libc)];
    },
    (release) => (has_call(release) ? [own, other] : ['ooooo', 'ooooo']),
  );

test(
  'closefrom, with and without the call',
  answers,
  async (libc, ok) => {
    await open_some(ok);
    await libc.closefrom(4);
    return [await state(libc), await ok.dup(0)];
  },
  ['oo---', 4],
);
test(
  'close_range reaches above a limit that was lowered',
  answers,
  async (libc, ok) => {
    await open_some(ok);
    await ok.setrlimit(RLIMIT_NOFILE, { rlim_cur: 10, rlim_max: 4096 });
    await ok.close_range(20, 20, 0);
    return state(libc);
  },
  (release) => (has_call(release) ? 'oooo-' : undefined),
);
