// Every function that makes descriptors, on every release and route: a bad pointer or an unknown flag makes none, and loses none.
import test from 'ava';
import type { Libc, ThrowingLibc } from '../index.js';
import {
  AF_UNIX,
  FD_CLOEXEC,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  MFD_CLOEXEC,
  NR,
  O_CLOEXEC,
  O_NONBLOCK,
  SOCK_CLOEXEC,
  SOCK_STREAM,
} from '../kernel-mock/include/uapi/index.js';
import { descriptor_calls } from '../libc/internal/descriptor_calls.js';
import { answer, outcome } from './facts.js';
import { RELEASES, ROUTES } from './helpers.js';

type Attempt = (libc: Libc, ok: ThrowingLibc, flags: number) => Promise<number>;

/** By name of the row: the function with flags, and a bit that it does not know; open drops unknown bits. */
const UNKNOWN: Readonly<Record<string, readonly [attempt: Attempt, bit: number] | null>> = {
  socket: [(libc, _ok, flags) => libc.socket(AF_UNIX, SOCK_STREAM | flags, 0), 0x1000],
  socketpair: [(libc, _ok, flags) => libc.socketpair(AF_UNIX, SOCK_STREAM | flags, 0, []), 0x1000],
  accept4: [
    async (libc, ok, flags) => {
      const l = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
      await ok.bind(l, { family: AF_UNIX, abstract: 'l' });
      await ok.listen(l, 1);
      const c = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
      await ok.connect(c, { family: AF_UNIX, abstract: 'l' });
      await ok.close(c);
      const ret = await libc.accept4(l, null, flags);
      const { errno } = libc;
      await ok.close(l);
      libc.errno = errno;
      return ret;
    },
    1,
  ],
  pipe2: [(libc, _ok, flags) => libc.pipe2([], flags), 1],
  dup3: [(libc, _ok, flags) => libc.dup3(0, 9, flags), 1],
  epoll_create1: [(libc, _ok, flags) => libc.epoll_create1(flags), 1],
  eventfd: [(libc, _ok, flags) => libc.eventfd(0, flags), 0x10],
  signalfd: [(libc, _ok, flags) => libc.signalfd(-1, [10], flags), 1],
  inotify_init1: [(libc, _ok, flags) => libc.inotify_init1(flags), 1],
  timerfd_create: [(libc, _ok, flags) => libc.timerfd_create(1, flags), 1],
  open: null,
  openat: null,
};

test('every row of the table has one here', (t) => {
  t.deepEqual(Object.keys(UNKNOWN).sort(), descriptor_calls.map(({ name }) => name).sort());
});

const makes_none = test.macro(async (t, attempt: Attempt, flags: number) => {
  for (const release of RELEASES)
    for (const route of ROUTES) {
      const got = await answer(t, { release, route }, async (libc, ok) => {
        const errno = outcome(libc, await attempt(libc, ok, flags));
        return [errno, await ok.dup(0)];
      });
      const [errno, next] = got as [string, number];
      // Older kernels have no such call; that of timerfd_create was another's before 2.6.25.
      t.true(['EINVAL', 'ENOSYS', 'EFAULT'].includes(errno), `${errno} on ${release}, ${route}`);
      t.is(next, 3, `${release}, ${route}: a descriptor is left`);
      if (release === '6.18' && route !== 'indirect') t.is(errno, 'EINVAL', route);
    }
});
for (const [name, row] of Object.entries(UNKNOWN))
  if (row !== null)
    for (const flags of [row[1], row[1] | SOCK_CLOEXEC])
      test(`${name}: unknown bits 0x${flags.toString(16)}`, makes_none, row[0], flags);

/** The kernel has made the descriptors, or nearly, when it finds that the pointer is bad. */
const BAD_POINTERS: Readonly<Record<string, Attempt>> = {
  pipe2: (libc, _ok, flags) => libc.pipe2(null, flags),
  socketpair: (libc, _ok, flags) => libc.socketpair(AF_UNIX, SOCK_STREAM | flags, 0, null),
  'pipe, at the end of memory': (libc) => libc.syscall(NR.pipe, new Uint8Array(7)),
  signalfd: (libc, _ok, flags) => libc.signalfd(-1, null, flags),
  'open without a path': (libc, _ok, flags) => libc.open(null, flags),
};
for (const [name, attempt] of Object.entries(BAD_POINTERS))
  for (const flags of [0, O_CLOEXEC, O_CLOEXEC | O_NONBLOCK])
    test(`${name}, flags 0x${flags.toString(16)}: a bad pointer leaves no descriptor`, async (t) => {
      for (const release of RELEASES) {
        // A mask that is not there was once EINVAL, as one of a wrong size is [M: until when].
        const fault = name === 'signalfd' && release !== '6.18' ? 'EINVAL' : 'EFAULT';
        for (const route of ROUTES) {
          const got = await answer(t, { release, route }, async (libc, ok) => {
            const errno = outcome(libc, await attempt(libc, ok, flags));
            return [errno, await ok.dup(0)];
          });
          const [errno, next] = got as [string, number];
          // Where the route cannot carry the flags that may be said first.
          const carried = flags === 0 || route === 'auto' || route === 'legacy';
          t.true(
            errno === fault || (!carried && ['EINVAL', 'ENOSYS'].includes(errno)),
            `${errno}: ${release}, ${route}`,
          );
          t.is(next, 3, `${release}, ${route}: a descriptor is left`);
        }
      }
    });

// Functions whose own argument marks the descriptor: no route has a part in it.

const MARKED: Readonly<Record<string, readonly [since: string, lacking: string, make: Attempt]>> = {
  'fcntl F_DUPFD_CLOEXEC': ['2.6.24-rc3-indirect-v1', 'EINVAL', (libc) => libc.fcntl(0, F_DUPFD_CLOEXEC, 10)],
  'memfd_create MFD_CLOEXEC': ['6.18', 'ENOSYS', (libc) => libc.memfd_create('m', MFD_CLOEXEC)],
};
for (const [name, [since, lacking, make]] of Object.entries(MARKED))
  test(name, async (t) => {
    for (const release of RELEASES)
      for (const route of ROUTES) {
        const has = RELEASES.indexOf(release) >= RELEASES.indexOf(since);
        const got = await answer(t, { release, route }, async (libc, ok) => {
          const fd = await make(libc, ok, 0);
          return fd === -1 ? -1 : ok.fcntl(fd, F_GETFD);
        });
        t.is(got, has ? FD_CLOEXEC : lacking, `${release}, ${route}`);
      }
  });
