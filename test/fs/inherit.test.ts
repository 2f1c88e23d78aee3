/** Who has a descriptor after fork, execve, posix_spawn and pthread_create: kind of file by way, marked and not. */
import test from 'ava';
import {
  AF_INET,
  AF_UNIX,
  CLOCK_MONOTONIC,
  FD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  O_CREAT,
  O_DIRECTORY,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  SEEK_CUR,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from 'sys-indirect/uapi';
import { type Libc, boot } from '../../index.js';
import { nothing_left } from '../helpers.js';

interface Family {
  readonly name: string;
  make(libc: Libc): Promise<number>;
  /** It has a position. */
  readonly seeks?: true;
  /** A name only: it has no status flags to change. */
  readonly path?: true;
}

async function one_of_two(call: Promise<number>, fds: number[]): Promise<number> {
  await call;
  return fds[0]!;
}

async function accepted(libc: Libc): Promise<number> {
  const listener = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
  await libc.bind(listener, { family: AF_UNIX, abstract: 'l' });
  await libc.listen(listener, 1);
  await libc.connect(await libc.socket(AF_UNIX, SOCK_STREAM, 0), { family: AF_UNIX, abstract: 'l' });
  return libc.accept(listener);
}

async function fifo(libc: Libc): Promise<number> {
  await libc.mkfifo('/fifo', 0o644);
  return libc.open('/fifo', O_RDWR, 0);
}

const FAMILIES: readonly Family[] = [
  { name: 'unix stream', make: (l) => l.socket(AF_UNIX, SOCK_STREAM, 0) },
  { name: 'unix records', make: (l) => l.socket(AF_UNIX, SOCK_SEQPACKET, 0) },
  { name: 'unix datagrams', make: (l) => l.socket(AF_UNIX, SOCK_DGRAM, 0) },
  { name: 'TCP', make: (l) => l.socket(AF_INET, SOCK_STREAM, 0) },
  { name: 'UDP', make: (l) => l.socket(AF_INET, SOCK_DGRAM, 0) },
  { name: 'socketpair', make: (l, fds: number[] = []) => one_of_two(l.socketpair(AF_UNIX, SOCK_STREAM, 0, fds), fds) },
  { name: 'accepted connection', make: accepted },
  { name: 'pipe', make: (l, fds: number[] = []) => one_of_two(l.pipe(fds), fds) },
  { name: 'FIFO', make: fifo },
  { name: 'file', make: (l) => l.open('/file', O_RDWR | O_CREAT, 0o644), seeks: true },
  { name: 'directory', make: (l) => l.open('/', O_RDONLY | O_DIRECTORY, 0), seeks: true },
  { name: 'device', make: (l) => l.open('/dev/null', O_RDWR, 0) },
  { name: 'O_PATH', make: (l) => l.open('/', O_PATH, 0), path: true },
  { name: 'memfd', make: (l) => l.memfd_create('m', 0), seeks: true },
  { name: 'console, by dup', make: (l) => l.dup(1) },
  { name: 'eventfd', make: (l) => l.eventfd(0, 0) },
  { name: 'signalfd', make: (l) => l.signalfd(-1, [10], 0) },
  { name: 'timerfd', make: (l) => l.timerfd_create(CLOCK_MONOTONIC, 0) },
  { name: 'epoll', make: (l) => l.epoll_create(1) },
  { name: 'inotify', make: (l) => l.inotify_init() },
  { name: 'pidfd', make: async (l) => l.pidfd_open(await l.getpid(), 0) },
];

const CLOSED = 9;

/** What the other one does: it looks at the mark, turns it and O_NONBLOCK around, and moves the position by one. */
async function look(libc: Libc, fd: number): Promise<number> {
  const mark = await libc.fcntl(fd, F_GETFD);
  if (mark === -1) return CLOSED;
  await libc.fcntl(fd, F_SETFD, mark ^ FD_CLOEXEC);
  await libc.fcntl(fd, F_SETFL, (await libc.fcntl(fd, F_GETFL)) ^ O_NONBLOCK);
  await libc.lseek(fd, 1, SEEK_CUR);
  return mark;
}

async function status_of(libc: Libc): Promise<number> {
  const status: { value?: number } = {};
  await libc.wait(status);
  return status.value! >> 8;
}

const ARGS = (fd: number): string[] => ['look', String(fd)];

/** How the other one comes into being; answers with what it saw. */
const WAYS: Readonly<Record<string, (libc: Libc, fd: number) => Promise<number>>> = {
  async fork(libc, fd) {
    await libc.fork((child) => look(child, fd));
    return status_of(libc);
  },
  async exec(libc, fd) {
    await libc.fork((child) => child.execv('/bin/look', ARGS(fd)));
    return status_of(libc);
  },
  async spawn(libc, fd) {
    await libc.posix_spawn(null, '/bin/look', null, null, ARGS(fd));
    return status_of(libc);
  },
  async thread(libc, fd) {
    const [thread, seen] = [{}, {} as { value?: unknown }];
    await libc.pthread_create(thread, null, (own) => look(own, fd), null);
    await libc.pthread_join(thread, seen);
    return seen.value as number;
  },
};

/** The mark before; what the other one sees; the mark afterwards, here. */
const ROWS: readonly (readonly [way: string, mark: number, seen: number, after: number])[] = [
  ['fork', 0, 0, 0],
  ['fork', FD_CLOEXEC, FD_CLOEXEC, FD_CLOEXEC],
  ['exec', 0, 0, 0],
  ['exec', FD_CLOEXEC, CLOSED, FD_CLOEXEC],
  ['spawn', 0, 0, 0],
  ['spawn', FD_CLOEXEC, CLOSED, FD_CLOEXEC],
  ['thread', 0, 0, FD_CLOEXEC],
  ['thread', FD_CLOEXEC, FD_CLOEXEC, 0],
];

for (const family of FAMILIES)
  for (const [way, mark, seen, after] of ROWS)
    test(`${family.name}, ${mark === 0 ? 'not marked' : 'close-on-exec'}: ${way}`, async (t) => {
      const kernel = boot({ output: null });
      kernel.install('/bin/look', (libc, argv) => look(libc, Number(argv[1])));
      const status = await kernel.run(async (libc) => {
        const fd = await family.make(libc);
        t.true(fd > 2);
        await libc.fcntl(fd, F_SETFD, mark);
        const before = await libc.fcntl(fd, F_GETFL);
        t.is(await WAYS[way]!(libc, fd), seen, 'what the other one sees');
        t.is(await libc.fcntl(fd, F_GETFD), after, 'the mark belongs to the table');
        // Status flags and the position belong to the open file, which is one.
        const shared = seen !== CLOSED;
        const turned = shared && family.path === undefined ? before ^ O_NONBLOCK : before;
        t.is(await libc.fcntl(fd, F_GETFL), turned, 'status flags');
        if (family.seeks === true) t.is(await libc.lseek(fd, 0, SEEK_CUR), shared ? 1 : 0, 'position');
        await libc.fcntl(1, F_SETFL, (await libc.fcntl(1, F_GETFL)) & ~O_NONBLOCK);
      });
      t.is(status, 0);
      nothing_left(t, kernel);
    });
