// ppoll, pselect, epoll_pwait, epoll_pwait2: a wait under another signal mask. Verified on 6.18.
import test from 'ava';
import type { Libc, Release, ThrowingLibc } from '../../index.js';
import { NR, SIGUSR1, SIG_BLOCK, layout_x86_64 } from '../../kernel-mock/include/uapi/index.js';
import { get_s64, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { answers, outcome } from '../facts.js';

type Wait = (libc: Libc, ms: number, mask: readonly number[] | null) => Promise<number>;
const time = (ms: number): { tv_sec: number; tv_nsec: number } => ({ tv_sec: 0, tv_nsec: ms * 1e6 });
const WAITS: readonly (readonly [string, Wait, has: (r: Release) => boolean, at_once: string | number])[] = [
  ['ppoll', (libc, ms, mask) => libc.ppoll([], time(ms), mask), () => true, 'EINTR'],
  ['pselect', (libc, ms, mask) => libc.pselect(0, null, null, null, time(ms), mask), () => true, 'EINTR'],
  [
    'epoll_pwait',
    async (libc, ms, mask) => libc.epoll_pwait(await libc.epoll_create(1), [], 1, ms, mask),
    () => true,
    // A wait that is over at once does not look at signals.
    0,
  ],
  [
    'epoll_pwait2',
    async (libc, ms, mask) => libc.epoll_pwait2(await libc.epoll_create(1), [], 1, time(ms), mask),
    (r) => r.calls.has('epoll_pwait2'),
    0,
  ],
];

/** SIGUSR1 is blocked and pending: what the wait answers, how often the handler ran, and whether it is blocked again. */
async function with_pending(libc: Libc, ok: ThrowingLibc, wait: () => Promise<number>): Promise<unknown> {
  let caught = 0;
  await ok.sigaction(SIGUSR1, {
    sa_handler: async () => {
      caught++;
    },
  });
  await ok.sigprocmask(SIG_BLOCK, [SIGUSR1], null);
  await ok.raise(SIGUSR1);
  const ret = outcome(libc, await wait());
  const during = caught;
  await ok.raise(SIGUSR1);
  return [ret, during, caught];
}

for (const [name, wait, has, at_once] of WAITS) {
  const here =
    (value: unknown) =>
    (r: Release): unknown =>
      has(r) ? value : undefined;
  test(
    `${name}: the mask lets a pending signal through, and is put back`,
    answers,
    (libc, ok) => with_pending(libc, ok, () => wait(libc, 500, [])),
    here(['EINTR', 1, 1]),
  );
  test(
    `${name}: without a mask nothing changes`,
    answers,
    (libc, ok) => with_pending(libc, ok, () => wait(libc, 1, null)),
    here([0, 0, 0]),
  );
  test(
    `${name}: a limit of 0`,
    answers,
    (libc, ok) => with_pending(libc, ok, () => wait(libc, 0, [])),
    here([at_once, at_once === 0 ? 0 : 1, at_once === 0 ? 0 : 1]),
  );
}

// What is left of the time: the raw call tells, the library does not.

const { timespec } = layout_x86_64;
function bytes_of(sec: number, nsec: number): Uint8Array {
  const raw = new Uint8Array(timespec.size);
  put_u64(raw, timespec.tv_sec, sec);
  put_u64(raw, timespec.tv_nsec, nsec);
  return raw;
}

test(
  'ppoll: what is left',
  answers,
  async (libc) => {
    const raw = bytes_of(2, 0);
    await libc.sigaction(14, { sa_handler: async () => {} });
    await libc.alarm(1);
    const ret = outcome(libc, await libc.syscall(NR.ppoll, null, 0, raw, null, 8));
    return [ret, get_s64(raw, timespec.tv_sec), get_s64(raw, timespec.tv_nsec) < 1e6];
  },
  ['EINTR', 1, true],
);
test(
  'ppoll of the library leaves the limit as it is',
  answers,
  async (libc) => {
    const limit = time(5);
    await libc.ppoll([], limit);
    return limit;
  },
  time(5),
);

// Bad arguments, in the order of the checks.

const MASK = new Uint8Array(8);
const bad = 8;
const rows: readonly (readonly [string, (libc: Libc) => Promise<number>, string | number])[] = [
  ['ppoll: limit at a bad address', (l) => l.syscall(NR.ppoll, null, 0, bad, MASK, 7), 'EFAULT'],
  ['ppoll: negative limit', (l) => l.syscall(NR.ppoll, null, 0, bytes_of(-1, 0), MASK, 7), 'EINVAL'],
  ['ppoll: 1e9 nanoseconds', (l) => l.syscall(NR.ppoll, null, 0, bytes_of(0, 1e9), null, 8), 'EINVAL'],
  ['ppoll: a mask of another size', (l) => l.syscall(NR.ppoll, null, 0, bytes_of(0, 0), bad, 7), 'EINVAL'],
  ['ppoll: a mask at a bad address', (l) => l.syscall(NR.ppoll, null, 0, bytes_of(0, 0), bad, 8), 'EFAULT'],
  ['ppoll: no mask, and its size', (l) => l.syscall(NR.ppoll, null, 0, bytes_of(0, 0), null, 7), 0],
  [
    'pselect6: the pack at a bad address',
    (l) => l.syscall(NR.pselect6, -1, null, null, null, bytes_of(-1, 0), bad),
    'EFAULT',
  ],
  ['pselect6: negative limit', (l) => l.syscall(NR.pselect6, -1, null, null, null, bytes_of(-1, 0), null), 'EINVAL'],
  ['pselect6: negative count', (l) => l.syscall(NR.pselect6, -1, null, null, null, null, null), 'EINVAL'],
  ['epoll_pwait: a mask of another size', (l) => l.syscall(NR.epoll_pwait, 0, null, 0, 0, bad, 7), 'EINVAL'],
  ['epoll_pwait: a mask at a bad address', (l) => l.syscall(NR.epoll_pwait, 0, null, 0, 0, bad, 8), 'EFAULT'],
];
for (const [title, call, expected] of rows) test(title, answers, call, expected);
test(
  'epoll_pwait2: the limit comes before the mask',
  answers,
  (libc) => libc.syscall(NR.epoll_pwait2, 0, null, 0, bad, MASK, 7),
  (r) => (r.calls.has('epoll_pwait2') ? 'EFAULT' : 'ENOSYS'),
);
