import test from 'ava';
import type { Libc, Release, ThrowingLibc } from '../../index.js';
import {
  AF_UNIX,
  FD_CLOEXEC,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  NR,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_NONBLOCK,
  O_RDWR,
  O_WRONLY,
  RLIMIT_NOFILE,
  SOCK_STREAM,
} from '../../kernel-mock/include/uapi/index.js';
import { answers, limit_descriptors, outcome } from '../facts.js';
import { pair } from '../net/unix/fixtures.js';

const BAD = 99;
const stream = (ok: ThrowingLibc): Promise<number> => ok.socket(AF_UNIX, SOCK_STREAM, 0);

// Every call that takes a descriptor, with one that is none.

for (const fd of [BAD, -1, 1024, 1e6, 2 ** 31, -(2 ** 31)])
  for (const call of ['close', 'dup', 'fcntl', 'read', 'write', 'readv', 'writev'] as const)
    test(`${call}: ${fd} is no descriptor`, answers, (libc) => libc.syscall(NR[call], fd, 0, 0), 'EBADF');

test(
  'a descriptor is an int, whatever stands above',
  answers,
  async (libc, ok) => {
    const s = await stream(ok);
    return [
      await libc.syscall(NR.fcntl, 2 ** 32 + s, F_GETFL),
      await libc.syscall(NR.dup, 2 ** 40 + s),
      await libc.syscall(NR.close, 2 ** 33 + s),
      outcome(libc, await libc.syscall(NR.close, s)),
      await stream(ok),
    ];
  },
  [O_RDWR, 4, 0, 'EBADF', 3],
);

// close

test(
  'close: twice',
  answers,
  async (libc, ok) => {
    const s = await stream(ok);
    await ok.close(s);
    return libc.close(s);
  },
  'EBADF',
);
test(
  'close: the number is free again',
  answers,
  async (_libc, ok) => {
    const s = await stream(ok);
    await stream(ok);
    await ok.close(s);
    return stream(ok);
  },
  3,
);
test(
  'close: close-on-exec goes with it',
  answers,
  async (_libc, ok) => {
    const s = await stream(ok);
    await ok.fcntl(s, F_SETFD, FD_CLOEXEC);
    await ok.close(s);
    return ok.fcntl(await stream(ok), F_GETFD);
  },
  0,
);
test(
  'close: descriptor 0, and the next is 0',
  answers,
  async (_libc, ok) => {
    await ok.close(0);
    return stream(ok);
  },
  0,
);

// dup, dup2

test(
  'dup: the lowest free',
  answers,
  async (_libc, ok) => {
    const s = await stream(ok);
    await stream(ok);
    const third = await stream(ok);
    await ok.close(4);
    return [await ok.dup(third), await ok.dup(s)];
  },
  [4, 6],
);
test(
  'dup: without close-on-exec',
  answers,
  async (_libc, ok) => {
    const s = await stream(ok);
    await ok.fcntl(s, F_SETFD, FD_CLOEXEC);
    return [await ok.fcntl(await ok.dup(s), F_GETFD), await ok.fcntl(s, F_GETFD)];
  },
  [0, 1],
);
test(
  'dup: no descriptor left',
  answers,
  async (libc, ok) => {
    await limit_descriptors(ok, 3);
    return libc.dup(0);
  },
  'EMFILE',
);
test(
  'dup: no descriptor left and no descriptor',
  answers,
  async (libc, ok) => {
    await limit_descriptors(ok, 3);
    return libc.dup(BAD);
  },
  'EBADF',
);
test(
  'dup2: to a free number',
  answers,
  async (_libc, ok) => [await ok.dup2(await stream(ok), 10), await ok.fcntl(10, F_GETFL), await stream(ok)],
  [10, O_RDWR, 4],
);
test(
  'dup2: to one that is open',
  answers,
  async (libc, ok) => {
    const [a, b] = await pair(ok);
    const s = await stream(ok);
    const ret = await ok.dup2(s, b);
    return [ret, await libc.read(a, new Uint8Array(1))];
  },
  [4, 0],
);
test(
  'dup2: to itself',
  answers,
  async (_libc, ok) => {
    const s = await stream(ok);
    await ok.fcntl(s, F_SETFD, FD_CLOEXEC);
    return [await ok.dup2(s, s), await ok.fcntl(s, F_GETFD)];
  },
  [3, 1],
);
test(
  'dup2: without close-on-exec, also of the one replaced',
  answers,
  async (_libc, ok) => {
    const s = await stream(ok);
    const r = await stream(ok);
    await ok.fcntl(s, F_SETFD, FD_CLOEXEC);
    await ok.fcntl(r, F_SETFD, FD_CLOEXEC);
    await ok.dup2(s, r);
    return ok.fcntl(r, F_GETFD);
  },
  0,
);
test('dup2: no old descriptor', answers, (libc) => libc.dup2(BAD, 5), 'EBADF');
test(
  'dup2: no old descriptor leaves the new one open',
  answers,
  async (libc, ok) => {
    const s = await stream(ok);
    return [outcome(libc, await libc.dup2(BAD, s)), await ok.fcntl(s, F_GETFL)];
  },
  ['EBADF', O_RDWR],
);
test('dup2: no descriptor to itself', answers, (libc) => libc.dup2(BAD, BAD), 'EBADF');
test('dup2: a new number below zero', answers, (libc) => libc.dup2(0, -1), 'EBADF');
test('dup2: -1 to -1', answers, (libc) => libc.dup2(-1, -1), 'EBADF');
test('dup2: a new number at the limit', answers, (libc) => libc.dup2(0, 1024), 'EBADF');
test('dup2: the last below the limit', answers, (libc) => libc.dup2(0, 1023), 1023);
test(
  'dup2: to itself above the limit',
  answers,
  async (libc, ok) => {
    await ok.dup2(0, 10);
    await limit_descriptors(ok, 5);
    return libc.dup2(10, 10);
  },
  10,
);

// fcntl

test('fcntl: an unknown command', answers, (libc) => libc.fcntl(0, 9999), 'EINVAL');
test('fcntl: a command below zero', answers, (libc) => libc.fcntl(0, -1), 'EINVAL');
test('fcntl: an unknown command and no descriptor', answers, (libc) => libc.fcntl(BAD, 9999), 'EBADF');
test(
  'F_SETFD: only one bit counts',
  answers,
  async (_libc, ok) => {
    const s = await stream(ok);
    await ok.fcntl(s, F_SETFD, 0xff);
    const on = await ok.fcntl(s, F_GETFD);
    await ok.fcntl(s, F_SETFD, 0xfe);
    return [on, await ok.fcntl(s, F_GETFD)];
  },
  [1, 0],
);
test(
  'F_SETFL: what can be set',
  answers,
  async (_libc, ok) => {
    const s = await stream(ok);
    await ok.fcntl(s, F_SETFL, O_NONBLOCK | O_APPEND);
    const on = await ok.fcntl(s, F_GETFL);
    await ok.fcntl(s, F_SETFL, 0);
    return [on, await ok.fcntl(s, F_GETFL)];
  },
  [O_RDWR | O_NONBLOCK | O_APPEND, O_RDWR],
);
test(
  'F_SETFL: access mode and creation flags are ignored',
  answers,
  async (_libc, ok) => {
    const s = await stream(ok);
    await ok.fcntl(s, F_SETFL, O_WRONLY | O_CREAT | O_CLOEXEC);
    return [await ok.fcntl(s, F_GETFL), await ok.fcntl(s, F_GETFD)];
  },
  [O_RDWR, 0],
);
for (const [name, cmd, flag] of [
  ['F_DUPFD', F_DUPFD, 0],
  ['F_DUPFD_CLOEXEC', F_DUPFD_CLOEXEC, FD_CLOEXEC],
] as const) {
  const known =
    <T>(expected: T) =>
    (r: Release): T | 'EINVAL' =>
      flag === 0 || r.fcntl_dupfd_cloexec ? expected : 'EINVAL';
  const on =
    (fact: (libc: Libc, ok: ThrowingLibc, s: number) => Promise<unknown>) => async (libc: Libc, ok: ThrowingLibc) =>
      fact(libc, ok, await stream(ok));
  test(
    `${name}: the lowest free`,
    answers,
    on((libc, _ok, s) => libc.fcntl(s, cmd, 0)),
    known(4),
  );
  test(
    `${name}: not below its argument`,
    answers,
    on((libc, _ok, s) => libc.fcntl(s, cmd, 100)),
    known(100),
  );
  test(
    `${name}: beyond what is taken`,
    answers,
    on(async (libc, ok, s) => {
      await ok.dup2(s, 100);
      return libc.fcntl(s, cmd, 100);
    }),
    known(101),
  );
  test(
    `${name}: its flag`,
    answers,
    on(async (libc, ok, s) => {
      const fd = await libc.fcntl(s, cmd, 0);
      return fd === -1 ? fd : ok.fcntl(fd, F_GETFD);
    }),
    known(flag),
  );
  test(
    `${name}: an argument below zero`,
    answers,
    on((libc, _ok, s) => libc.fcntl(s, cmd, -1)),
    'EINVAL',
  );
  test(
    `${name}: an argument at the limit`,
    answers,
    on((libc, _ok, s) => libc.fcntl(s, cmd, 1024)),
    'EINVAL',
  );
  test(
    `${name}: the last below the limit`,
    answers,
    on((libc, _ok, s) => libc.fcntl(s, cmd, 1023)),
    known(1023),
  );
  test(
    `${name}: none left above its argument`,
    answers,
    on(async (libc, ok, s) => {
      await ok.dup2(s, 1023);
      return libc.fcntl(s, cmd, 1023);
    }),
    known('EMFILE'),
  );
  test(`${name}: no descriptor`, answers, (libc) => libc.fcntl(BAD, cmd, 0), 'EBADF');
  test(`${name}: no descriptor and an argument below zero`, answers, (libc) => libc.fcntl(BAD, cmd, -1), 'EBADF');
}

// RLIMIT_NOFILE

test(
  'RLIMIT_NOFILE: at first',
  answers,
  async (_libc, ok) => {
    const rlim = {};
    await ok.getrlimit(RLIMIT_NOFILE, rlim);
    return rlim;
  },
  { rlim_cur: 1024, rlim_max: 4096 },
);
test(
  'RLIMIT_NOFILE: what is open above a new limit stays',
  answers,
  async (libc, ok) => {
    await ok.dup2(0, 50);
    await limit_descriptors(ok, 3);
    return [await libc.fcntl(50, F_GETFD), outcome(libc, await libc.dup(50))];
  },
  [0, 'EMFILE'],
);
test(
  'RLIMIT_NOFILE: a hole below it is used',
  answers,
  async (libc, ok) => {
    await limit_descriptors(ok, 3);
    await ok.close(1);
    return [await libc.dup(0), outcome(libc, await libc.dup(0))];
  },
  [1, 'EMFILE'],
);
test(
  'RLIMIT_NOFILE: 0',
  answers,
  async (libc, ok) => {
    await ok.close(0);
    await limit_descriptors(ok, 0);
    return libc.dup(1);
  },
  'EMFILE',
);
test(
  'setrlimit: soft above hard',
  answers,
  (libc) => libc.setrlimit(RLIMIT_NOFILE, { rlim_cur: 10, rlim_max: 9 }),
  'EINVAL',
);
test('setrlimit: no such resource', answers, (libc) => libc.setrlimit(99, { rlim_cur: 1, rlim_max: 1 }), 'EINVAL');
test(
  'setrlimit: no such resource and a null pointer',
  answers,
  (libc) => libc.syscall(NR.setrlimit, 99, 0),
  (r: Release) => (r.name === '6.18' ? 'EFAULT' : 'EINVAL'),
);
test('setrlimit: a null pointer', answers, (libc) => libc.syscall(NR.setrlimit, RLIMIT_NOFILE, 0), 'EFAULT');
test('getrlimit: no such resource', answers, (libc) => libc.getrlimit(99, {}), 'EINVAL');
test('getrlimit: a null pointer', answers, (libc) => libc.syscall(NR.getrlimit, RLIMIT_NOFILE, 0), 'EFAULT');
test(
  '1024 descriptors, the last one first refused',
  answers,
  async (libc, ok) => {
    let n = 3;
    while ((await libc.dup(0)) === n) n++;
    const err = outcome(libc, -1);
    await ok.close(500);
    return [n, err, await libc.dup(0)];
  },
  [1024, 'EMFILE', 500],
);
