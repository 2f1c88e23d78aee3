/** Sleeping calls on pipes, files and the descriptors of fs/. What a signal makes of each was seen on Linux 6.18. */
import {
  AT_FDCWD,
  CLOCK_MONOTONIC,
  F_OFD_SETLKW,
  F_SETLEASE,
  F_WRLCK,
  IN_CREATE,
  NR,
  O_CREAT,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  SEEK_SET,
  SIGIO,
  SIG_IGN,
} from 'sys-indirect/uapi';
import type { Libc } from '../../index.js';
import { BYTE, type SleepingCall, pipe } from './sleeping_call.js';

async function full_pipe(libc: Libc): Promise<[number, number]> {
  const fds = await pipe(libc);
  await libc.write(fds[1], new Uint8Array(65536));
  return fds;
}

const drain = (r: number) => (l: Libc) => l.read(r, new Uint8Array(65536));

async function file(libc: Libc, text = ''): Promise<number> {
  const fd = await libc.open('/f', O_CREAT | O_RDWR, 0o644);
  await libc.pwrite(fd, text, text.length, 0);
  return fd;
}

/** Another process has a lease on /f and does not give it up. */
async function lease_holder(libc: Libc): Promise<number> {
  await libc.close(await file(libc, 'leased'));
  const pid = await libc.fork(async (l) => {
    await l.signal(SIGIO, SIG_IGN);
    await l.fcntl(await l.open('/f', O_RDWR, 0), F_SETLEASE, F_WRLCK);
    await l.pause();
  });
  await libc.usleep(1000);
  return pid;
}

const WHOLE = { l_type: F_WRLCK, l_whence: SEEK_SET, l_start: 0, l_len: 0, l_pid: 0 };

const READ_AND_WRITE: readonly SleepingCall[] = [
  {
    name: 'read of an inotify',
    restarts: true,
    restarts_since: '3.8',
    async setup(libc) {
      const fd = await libc.inotify_init();
      await libc.inotify_add_watch(fd, '/', IN_CREATE);
      return { go: (l) => l.read(fd, new Uint8Array(100)), end: (l) => l.mkdir('/new', 0o755) };
    },
  },
  {
    name: 'read of a timerfd',
    restarts: true,
    needs: 'timerfd_create',
    async setup(libc) {
      const fd = await libc.timerfd_create(CLOCK_MONOTONIC, 0);
      const soon = { it_value: { tv_sec: 0, tv_nsec: 1 }, it_interval: { tv_sec: 0, tv_nsec: 0 } };
      return { go: (l) => l.read(fd, new Uint8Array(8)), end: (l) => l.timerfd_settime(fd, 0, soon) };
    },
  },
  {
    name: 'write to a full eventfd',
    restarts: true,
    async setup(libc) {
      const fd = await libc.eventfd(0, 0);
      await libc.eventfd_write(fd, 2n ** 64n - 2n);
      return { go: (l) => l.eventfd_write(fd, 1), end: (l) => l.read(fd, new Uint8Array(8)) };
    },
  },
  {
    name: 'preadv2 of an empty pipe',
    restarts: true,
    needs: 'preadv2',
    async setup(libc) {
      const [r, w] = await pipe(libc);
      return { go: (l) => l.preadv2(r, [BYTE()], -1, 0), end: (l) => l.write(w, 'x') };
    },
  },
  {
    name: 'pwritev2 to a full pipe',
    restarts: true,
    needs: 'pwritev2',
    async setup(libc) {
      const [r, w] = await full_pipe(libc);
      return { go: (l) => l.pwritev2(w, [BYTE()], -1, 0), end: drain(r) };
    },
  },
];

const SPLICE: readonly SleepingCall[] = [
  {
    name: 'splice from an empty pipe',
    restarts: true,
    async setup(libc) {
      const [r, w] = await pipe(libc);
      const out = await file(libc);
      return { go: (l) => l.splice(r, null, out, null, 1, 0), end: (l) => l.write(w, 'x') };
    },
  },
  {
    name: 'splice to a full pipe',
    restarts: true,
    async setup(libc) {
      const [r, w] = await full_pipe(libc);
      const input = await file(libc, 'text');
      return { go: (l) => l.splice(input, null, w, null, 1, 0), end: drain(r) };
    },
  },
  {
    name: 'splice between pipes',
    restarts: true,
    async setup(libc) {
      const [r, w] = await pipe(libc);
      const [, out] = await pipe(libc);
      return { go: (l) => l.splice(r, null, out, null, 1, 0), end: (l) => l.write(w, 'x') };
    },
  },
  {
    name: 'tee from an empty pipe',
    restarts: true,
    async setup(libc) {
      const [r, w] = await pipe(libc);
      const [, out] = await pipe(libc);
      return { go: (l) => l.tee(r, out, 1, 0), end: (l) => l.write(w, 'x') };
    },
  },
  {
    name: 'tee to a full pipe',
    restarts: true,
    async setup(libc) {
      const [input, w] = await pipe(libc);
      await libc.write(w, 'x');
      const [r, out] = await full_pipe(libc);
      return { go: (l) => l.tee(input, out, 1, 0), end: drain(r) };
    },
  },
  {
    name: 'vmsplice to a full pipe',
    restarts: true,
    async setup(libc) {
      const [r, w] = await full_pipe(libc);
      return { go: (l) => l.vmsplice(w, [BYTE()], 0), end: drain(r) };
    },
  },
  {
    name: 'vmsplice from an empty pipe',
    restarts: true,
    async setup(libc) {
      const [r, w] = await pipe(libc);
      return { go: (l) => l.vmsplice(r, [BYTE()], 0), end: (l) => l.write(w, 'x') };
    },
  },
  {
    name: 'sendfile to a full pipe',
    restarts: true,
    async setup(libc) {
      const [r, w] = await full_pipe(libc);
      const input = await file(libc, 'text');
      return { go: (l) => l.sendfile(w, input, null, 1), end: drain(r) };
    },
  },
];

const FIFO = (name: string, go: (l: Libc) => Promise<number>, needs?: 'openat2'): SleepingCall => ({
  name: `${name} of a FIFO that nobody reads`,
  restarts: true,
  ...(needs === undefined ? {} : { needs }),
  async setup(libc) {
    await libc.mkfifo('/fifo', 0o644);
    return { go, end: (l) => l.open('/fifo', O_RDWR, 0) };
  },
});

const OPEN: readonly SleepingCall[] = [
  FIFO('open for writing', (l) => l.open('/fifo', O_WRONLY, 0)),
  FIFO('openat', (l) => l.openat(AT_FDCWD, '/fifo', O_WRONLY, 0)),
  FIFO('openat2', (l) => l.openat2(AT_FDCWD, '/fifo', { flags: O_WRONLY }), 'openat2'),
  FIFO('creat', (l) => l.syscall(NR.creat, new TextEncoder().encode('/fifo\0'), 0o644)),
  {
    name: 'open of a file with a lease',
    restarts: true,
    async setup(libc) {
      const pid = await lease_holder(libc);
      return { go: (l) => l.open('/f', O_RDONLY, 0), end: (l) => l.kill(pid, 9) };
    },
  },
  {
    name: 'truncate of a file with a lease',
    restarts: true,
    async setup(libc) {
      const pid = await lease_holder(libc);
      return { go: (l) => l.truncate('/f', 0), end: (l) => l.kill(pid, 9) };
    },
  },
  {
    name: 'F_OFD_SETLKW',
    restarts: true,
    // Of the same release, 3.15.
    needs: 'renameat2',
    async setup(libc) {
      const a = await file(libc);
      const b = await libc.open('/f', O_RDWR, 0);
      await libc.fcntl(a, F_OFD_SETLKW, { ...WHOLE });
      return { go: (l) => l.fcntl(b, F_OFD_SETLKW, { ...WHOLE }), end: (l) => l.close(a) };
    },
  },
  {
    name: 'epoll_pwait2',
    restarts: false,
    needs: 'epoll_pwait2',
    without_handler: 'EINTR',
    async setup(libc) {
      const fd = await libc.epoll_create(1);
      return { go: (l) => l.epoll_pwait2(fd, [], 1, null, null) };
    },
  },
];

export const SLEEPS_FS: readonly SleepingCall[] = [...READ_AND_WRITE, ...SPLICE, ...OPEN];
