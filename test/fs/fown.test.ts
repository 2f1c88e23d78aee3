import test from 'ava';
import type { Libc, Release, ThrowingLibc } from '../../index.js';
import {
  AF_UNIX,
  FIOASYNC,
  FIOGETOWN,
  FIOSETOWN,
  F_GETFL,
  F_GETOWN,
  F_GETOWN_EX,
  F_OWNER_PGRP,
  F_OWNER_PID,
  F_OWNER_TID,
  F_SETFL,
  F_SETOWN,
  F_SETOWN_EX,
  F_SETSIG,
  O_ASYNC,
  O_CREAT,
  O_NONBLOCK,
  O_RDWR,
  O_WRONLY,
  SIGIO,
  SIGUSR1,
  SOCK_DGRAM,
  SOCK_STREAM,
} from '../../kernel-mock/include/uapi/index.js';
import { answers, outcome } from '../facts.js';

const NOBODY = 4_000_000;

type Ends = readonly [reader: number, writer: number];
/** What can tell: two ends, the first of which reads. */
const KINDS: Readonly<Record<string, (ok: ThrowingLibc) => Promise<Ends>>> = {
  pipe: async (ok) => {
    const fds = [-1, -1];
    await ok.pipe(fds);
    return [fds[0]!, fds[1]!];
  },
  stream: async (ok) => {
    const fds = [-1, -1];
    await ok.socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    return [fds[0]!, fds[1]!];
  },
  datagram: async (ok) => {
    const fds = [-1, -1];
    await ok.socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
    return [fds[0]!, fds[1]!];
  },
};

/** Counts the signals that arrive. */
async function counter(ok: ThrowingLibc, sig: number): Promise<() => number> {
  let n = 0;
  await ok.signal(sig, () => {
    n++;
    return Promise.resolve();
  });
  return () => n;
}

/** How many signals two writes give, after `prepare`. */
const signals =
  (kind: string, prepare: (ok: ThrowingLibc, fd: number) => Promise<unknown>, sig = SIGIO) =>
  async (_libc: Libc, ok: ThrowingLibc): Promise<unknown> => {
    const [reader, writer] = await KINDS[kind]!(ok);
    const count = await counter(ok, sig);
    await prepare(ok, reader);
    for (let i = 0; i < 2; i++) await ok.write(writer, 'x');
    return count();
  };

const own = async (ok: ThrowingLibc, fd: number): Promise<number> => ok.fcntl(fd, F_SETOWN, await ok.getpid());
const async_on = (ok: ThrowingLibc, fd: number): Promise<number> => ok.fcntl(fd, F_SETFL, O_ASYNC);

for (const kind of Object.keys(KINDS)) {
  test(
    `${kind}: O_ASYNC with an owner`,
    answers,
    signals(kind, async (ok, fd) => [await own(ok, fd), await async_on(ok, fd)]),
    2,
  );
  test(`${kind}: O_ASYNC without an owner`, answers, signals(kind, async_on), 0);
  test(`${kind}: an owner without O_ASYNC`, answers, signals(kind, own), 0);
  test(
    `${kind}: FIOASYNC`,
    answers,
    signals(kind, async (ok, fd) => [await own(ok, fd), await ok.ioctl(fd, FIOASYNC, { value: 1 })]),
    2,
  );
  test(
    `${kind}: another signal`,
    answers,
    signals(
      kind,
      async (ok, fd) => [await own(ok, fd), await ok.fcntl(fd, F_SETSIG, SIGUSR1), await async_on(ok, fd)],
      SIGUSR1,
    ),
    2,
  );
  test(
    `${kind}: off again`,
    answers,
    signals(kind, async (ok, fd) => [
      await own(ok, fd),
      await async_on(ok, fd),
      await ok.fcntl(fd, F_SETFL, O_NONBLOCK),
    ]),
    0,
  );
  test(
    `${kind}: the owner belongs to the open file`,
    answers,
    signals(kind, async (ok, fd) => {
      const dup = await ok.dup(fd);
      await own(ok, dup);
      await async_on(ok, dup);
      await ok.close(dup);
    }),
    2,
  );
}

test(
  'files that tell nobody keep the flag off',
  answers,
  async (libc, ok) => {
    const fd = await ok.open('/tmp/f', O_CREAT | O_RDWR, 0o644);
    await ok.fcntl(fd, F_SETFL, O_ASYNC);
    const flags = (await ok.fcntl(fd, F_GETFL)) & O_ASYNC;
    return [
      flags,
      outcome(libc, await libc.ioctl(fd, FIOASYNC, { value: 1 })),
      await ok.ioctl(fd, FIOASYNC, { value: 0 }),
    ];
  },
  [0, 'ENOTTY', 0],
);

// Owners.

const since_2_6_32 = ({ fcntl_later }: Release): boolean => fcntl_later.has(F_SETOWN_EX);
const OWNERS: readonly (readonly [string, (libc: Libc, fd: number, me: number) => Promise<number>, string | number])[] =
  [
    ['a process that is not there', (libc, fd) => libc.fcntl(fd, F_SETOWN, NOBODY), 'ESRCH'],
    ['a group that is not there', (libc, fd) => libc.fcntl(fd, F_SETOWN, -NOBODY), 'ESRCH'],
    ['the number that has no negative', (libc, fd) => libc.fcntl(fd, F_SETOWN, -(2 ** 31)), 'EINVAL'],
    ['nobody', (libc, fd) => libc.fcntl(fd, F_SETOWN, 0), 0],
    ['init', (libc, fd) => libc.fcntl(fd, F_SETOWN, 1), 0],
    ['FIOSETOWN on a socket', (libc, fd, me) => libc.ioctl(fd, FIOSETOWN, { value: me }), 0],
    ['FIOSETOWN: not there', (libc, fd) => libc.ioctl(fd, FIOSETOWN, { value: NOBODY }), 'ESRCH'],
  ];
for (const [name, set, expected] of OWNERS)
  test(
    `owner: ${name}`,
    answers,
    async (libc, ok) => {
      const [fd] = await KINDS.stream!(ok);
      return outcome(libc, await set(libc, fd, await ok.getpid()));
    },
    expected,
  );
test(
  'FIOSETOWN and FIOGETOWN are for sockets',
  answers,
  async (libc, ok) => {
    const [fd] = await KINDS.pipe!(ok);
    return [
      outcome(libc, await libc.ioctl(fd, FIOSETOWN, { value: 1 })),
      outcome(libc, await libc.ioctl(fd, FIOGETOWN, { value: 1 })),
    ];
  },
  ['ENOTTY', 'ENOTTY'],
);
test(
  'F_SETOWN_EX came with 2.6.32',
  answers,
  async (libc, ok) => {
    const [fd] = await KINDS.pipe!(ok);
    const got = [];
    for (const type of [F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP, 3])
      got.push(
        outcome(
          libc,
          await libc.fcntl(fd, F_SETOWN_EX, {
            type,
            pid: type === F_OWNER_PGRP ? await ok.getpgrp() : await ok.getpid(),
          }),
        ),
      );
    return got;
  },
  (release) => (since_2_6_32(release) ? [0, 0, 0, 'EINVAL'] : new Array<string>(4).fill('EINVAL')),
);
test(
  'an owner that is gone',
  answers,
  async (libc, ok) => {
    const [fd] = await KINDS.pipe!(ok);
    const pid = await ok.fork(() => Promise.resolve(0));
    await ok.fcntl(fd, F_SETOWN, pid);
    const before = (await ok.fcntl(fd, F_GETOWN)) === pid;
    await ok.waitpid(pid, null, 0);
    const ex = { type: -1, pid: -1 };
    await libc.fcntl(fd, F_GETOWN_EX, ex);
    return [before, await ok.fcntl(fd, F_GETOWN), ex];
  },
  (release) => [true, 0, since_2_6_32(release) ? { type: F_OWNER_PID, pid: 0 } : { type: -1, pid: -1 }],
);
test(
  'a pipe tells its writer of room, and both of the end',
  answers,
  async (_libc, ok) => {
    const [reader, writer] = await KINDS.pipe!(ok);
    const count = await counter(ok, SIGIO);
    await own(ok, writer);
    await ok.fcntl(writer, F_SETFL, O_ASYNC | O_WRONLY);
    await ok.write(writer, 'ab');
    const seen = [count()];
    await ok.read(reader, new Uint8Array(1));
    seen.push(count());
    await ok.close(reader);
    return [...seen, count()];
  },
  [0, 1, 2],
);
