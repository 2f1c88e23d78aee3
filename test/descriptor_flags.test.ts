// Every call that makes descriptors, by itself: each combination of its flags on each release, unknown bits, and a null pointer.
import test from 'ava';
import type { Libc, ThrowingLibc } from '../index.js';
import { boot, handlers } from '../index.js';
import * as u from '../kernel-mock/include/uapi/index.js';
import { Arena } from './arch/arena.js';
import { POINTER_ROWS } from './arch/pointer_rows.js';
import { answer, outcome } from './facts.js';
import { RELEASES, nothing_left } from './helpers.js';

const { NR, O_CLOEXEC, O_NONBLOCK } = u;

interface Maker {
  /** The first release that has the call. */
  readonly since: string;
  /** The last one that has it; undefined: today. */
  readonly until?: string;
  /** The descriptors, or null after an error. */
  readonly make: (libc: Libc, ok: ThrowingLibc, flags: number) => Promise<readonly number[] | null>;
  /** Bits, and the first release on which they are known. */
  readonly flags?: Readonly<Record<number, string>>;
  /** What an unknown bit is answered with; 'ignored': it is dropped in silence. Default: EINVAL. */
  readonly unknown?: 'ignored' | readonly number[];
  /** Close-on-exec is set whatever is asked for. */
  readonly always?: true;
  /** Bits that mean close-on-exec and non-blocking. Default: O_CLOEXEC, O_NONBLOCK. */
  readonly cloexec?: number;
  readonly nonblock?: number;
}

const one = (fd: number): readonly number[] | null => (fd === -1 ? null : [fd]);
const OLDEST = '2.6.22';
const both = (since: string): Record<number, string> => ({ [O_CLOEXEC]: since, [O_NONBLOCK]: since });

/** The two descriptors that a call wrote to `fds`. */
async function two(ret: Promise<number>, fds: Uint8Array): Promise<readonly number[] | null> {
  if ((await ret) === -1) return null;
  return [...new Int32Array(fds.buffer)];
}

/** A listener with a connection in its queue. */
async function connected(ok: ThrowingLibc): Promise<number> {
  const l = await ok.socket(u.AF_UNIX, u.SOCK_STREAM, 0);
  await ok.bind(l, { family: u.AF_UNIX, abstract: 'l' });
  await ok.listen(l, 1);
  await ok.connect(await ok.socket(u.AF_UNIX, u.SOCK_STREAM, 0), { family: u.AF_UNIX, abstract: 'l' });
  return l;
}

/** A socket that has a message with a descriptor. */
async function with_rights(ok: ThrowingLibc): Promise<number> {
  const sv: number[] = [];
  await ok.socketpair(u.AF_UNIX, u.SOCK_STREAM, 0, sv);
  const control = [{ level: u.SOL_SOCKET, type: u.SCM_RIGHTS, fds: [0] }];
  await ok.sendmsg(sv[0]!, { iov: ['x'], control });
  return sv[1]!;
}

async function received(
  ret: Promise<number>,
  control: readonly { fds?: readonly number[] }[],
): Promise<readonly number[] | null> {
  return (await ret) === -1 ? null : (control[0]?.fds ?? []);
}

const path = Uint8Array.from('/tmp\0', (c) => c.charCodeAt(0));
const file = Uint8Array.from('/tmp/f\0', (c) => c.charCodeAt(0));
const how = (flags: number): Uint8Array => {
  const raw = new Uint8Array(24);
  new DataView(raw.buffer).setBigUint64(0, BigInt(flags >>> 0), true);
  return raw;
};
const SIGSET = new Uint8Array(8);

const MAKERS: Readonly<Record<string, Maker>> = {
  open: {
    since: OLDEST,
    make: async (libc, _ok, flags) => one(await libc.syscall(NR.open, path, flags)),
    flags: { [O_CLOEXEC]: '2.6.23', [O_NONBLOCK]: OLDEST },
    unknown: 'ignored',
  },
  openat: {
    since: OLDEST,
    make: async (libc, _ok, flags) => one(await libc.syscall(NR.openat, u.AT_FDCWD, path, flags)),
    flags: { [O_CLOEXEC]: '2.6.23', [O_NONBLOCK]: OLDEST },
    unknown: 'ignored',
  },
  openat2: {
    since: '6.18',
    make: async (libc, _ok, flags) => one(await libc.syscall(NR.openat2, u.AT_FDCWD, path, how(flags), 24)),
    flags: both('6.18'),
    unknown: [1 << 30],
  },
  creat: { since: OLDEST, make: async (libc) => one(await libc.syscall(NR.creat, file, 0o644)) },
  dup: { since: OLDEST, make: async (libc) => one(await libc.syscall(NR.dup, 0)) },
  dup2: { since: OLDEST, make: async (libc) => one(await libc.syscall(NR.dup2, 0, 9)) },
  dup3: {
    since: '2.6.27',
    make: async (libc, _ok, flags) => one(await libc.syscall(NR.dup3, 0, 9, flags)),
    flags: { [O_CLOEXEC]: '2.6.27' },
    unknown: [O_NONBLOCK, 1],
  },
  fcntl: {
    since: OLDEST,
    make: async (libc, _ok, flags) =>
      one(await libc.syscall(NR.fcntl, 0, flags === 0 ? u.F_DUPFD : u.F_DUPFD_CLOEXEC, 9)),
    flags: { [O_CLOEXEC]: '2.6.24-rc3-indirect-v1' },
  },
  pipe: {
    since: OLDEST,
    make: async (libc) => {
      const fds = new Uint8Array(8);
      return two(libc.syscall(NR.pipe, fds), fds);
    },
  },
  pipe2: {
    since: '2.6.27',
    make: async (libc, _ok, flags) => {
      const fds = new Uint8Array(8);
      return two(libc.syscall(NR.pipe2, fds, flags), fds);
    },
    flags: { ...both('2.6.27'), [u.O_DIRECT]: '6.18' },
    unknown: [1, u.O_APPEND],
  },
  socket: {
    since: OLDEST,
    make: async (libc, _ok, flags) => one(await libc.syscall(NR.socket, u.AF_UNIX, u.SOCK_STREAM | flags, 0)),
    flags: both('2.6.27'),
    unknown: [0x1000],
  },
  socketpair: {
    since: OLDEST,
    make: async (libc, _ok, flags) => {
      const fds = new Uint8Array(8);
      return two(libc.syscall(NR.socketpair, u.AF_UNIX, u.SOCK_STREAM | flags, 0, fds), fds);
    },
    flags: both('2.6.27'),
    unknown: [0x1000],
  },
  accept: { since: OLDEST, make: async (libc, ok) => one(await libc.syscall(NR.accept, await connected(ok), 0, 0)) },
  accept4: {
    since: '2.6.28',
    make: async (libc, ok, flags) => one(await libc.syscall(NR.accept4, await connected(ok), 0, 0, flags)),
    flags: both('2.6.28'),
    unknown: [1],
  },
  recvmsg: {
    since: OLDEST,
    make: async (libc, ok, flags) => {
      const control: { level: number; type: number; fds?: readonly number[] }[] = [];
      const s = await with_rights(ok);
      return received(libc.recvmsg(s, { iov: [new Uint8Array(1)], control }, flags), control);
    },
    cloexec: u.MSG_CMSG_CLOEXEC,
    flags: { [u.MSG_CMSG_CLOEXEC]: '2.6.23' },
    unknown: 'ignored',
  },
  recvmmsg: {
    since: '6.18',
    make: async (libc, ok, flags) => {
      const control: { level: number; type: number; fds?: readonly number[] }[] = [];
      const s = await with_rights(ok);
      return received(libc.recvmmsg(s, [{ iov: [new Uint8Array(1)], control }], flags), control);
    },
    cloexec: u.MSG_CMSG_CLOEXEC,
    flags: { [u.MSG_CMSG_CLOEXEC]: '6.18' },
    unknown: 'ignored',
  },
  getsockopt: {
    since: '6.18',
    make: async (libc, ok) => {
      const sv: number[] = [];
      await ok.socketpair(u.AF_UNIX, u.SOCK_STREAM, 0, sv);
      const box = { value: -1 };
      return (await libc.getsockopt(sv[0]!, u.SOL_SOCKET, u.SO_PEERPIDFD, box)) === -1 ? null : [box.value];
    },
    always: true,
  },
  epoll_create: { since: OLDEST, make: async (libc) => one(await libc.syscall(NR.epoll_create, 1)) },
  epoll_create1: {
    since: '2.6.27',
    make: async (libc, _ok, flags) => one(await libc.syscall(NR.epoll_create1, flags)),
    flags: { [O_CLOEXEC]: '2.6.27' },
    unknown: [O_NONBLOCK, 1],
  },
  eventfd: { since: OLDEST, make: async (libc) => one(await libc.syscall(NR.eventfd, 0)) },
  eventfd2: {
    since: '2.6.27',
    make: async (libc, _ok, flags) => one(await libc.syscall(NR.eventfd2, 0, flags)),
    flags: { ...both('2.6.27'), [u.EFD_SEMAPHORE]: '6.18' },
    unknown: [2, u.O_APPEND],
  },
  signalfd: { since: OLDEST, make: async (libc) => one(await libc.syscall(NR.signalfd, -1, SIGSET, 8)) },
  signalfd4: {
    since: '2.6.27',
    make: async (libc, _ok, flags) => one(await libc.syscall(NR.signalfd4, -1, SIGSET, 8, flags)),
    flags: both('2.6.27'),
    unknown: [1, u.O_APPEND],
  },
  timerfd: {
    since: OLDEST,
    until: 'indirect-next',
    make: async (libc, _ok, flags) => one(await libc.syscall(NR.timerfd, -1, 1, flags, new Uint8Array(32))),
    // Its flags are those of a time.
    unknown: 'ignored',
  },
  timerfd_create: {
    since: '2.6.26',
    make: async (libc, _ok, flags) => one(await libc.syscall(NR.timerfd_create, 1, flags)),
    flags: both('2.6.27'),
    unknown: [1, u.O_APPEND],
  },
  inotify_init: { since: OLDEST, make: async (libc) => one(await libc.syscall(NR.inotify_init)) },
  inotify_init1: {
    since: '2.6.27',
    make: async (libc, _ok, flags) => one(await libc.syscall(NR.inotify_init1, flags)),
    flags: both('2.6.27'),
    unknown: [1, u.O_APPEND],
  },
  memfd_create: {
    since: '6.18',
    make: async (libc, _ok, flags) => one(await libc.syscall(NR.memfd_create, path, flags)),
    cloexec: u.MFD_CLOEXEC,
    flags: {
      [u.MFD_CLOEXEC]: '6.18',
      [u.MFD_ALLOW_SEALING]: '6.18',
      [u.MFD_NOEXEC_SEAL]: '6.18',
      [u.MFD_EXEC]: '6.18',
    },
    unknown: [0x40, O_CLOEXEC, O_NONBLOCK],
  },
  pidfd_open: {
    since: '6.18',
    make: async (libc, ok, flags) => one(await libc.syscall(NR.pidfd_open, await ok.getpid(), flags)),
    flags: { [u.PIDFD_NONBLOCK]: '6.18' },
    unknown: [1, O_CLOEXEC],
    always: true,
  },
  pidfd_getfd: {
    since: '6.18',
    make: async (libc, ok, flags) => {
      const pidfd = await libc.pidfd_open(await ok.getpid(), 0);
      return one(await libc.syscall(NR.pidfd_getfd, pidfd, 0, flags));
    },
    unknown: [1, O_CLOEXEC],
    always: true,
  },
  clone: {
    since: '6.18',
    make: async (libc) => {
      const cell = new Uint8Array(4).fill(0xff);
      const at = libc.cpu.memory.map(cell);
      const pid = await libc.clone(async () => 0, u.CLONE_PIDFD | u.SIGCHLD, null, at);
      const fd = new Int32Array(cell.buffer)[0]!;
      if (pid !== -1) await libc.waitpid(pid, null, 0);
      libc.cpu.memory.unmap(at);
      if (pid === -1) return null;
      return fd === -1 ? [] : [fd];
    },
    always: true,
  },
};

const before = (release: string, since: string): boolean => RELEASES.indexOf(release) < RELEASES.indexOf(since);

/** All sums of the bits. */
function subsets(bits: readonly number[]): number[] {
  return bits.reduce<number[]>((all, bit) => [...all, ...all.map((sum) => sum | bit)], [0]);
}

/** What the descriptors have, or the errno; and whether a descriptor is left after an error. */
async function made(libc: Libc, ok: ThrowingLibc, { make }: Maker, flags: number): Promise<unknown> {
  await ok.mkdir('/tmp', 0o777).catch(() => 0);
  const low = await ok.dup(0);
  await ok.close(low);
  const fds = await make(libc, ok, flags);
  if (fds === null) return outcome(libc, -1);
  const got: unknown[] = [];
  for (const fd of fds) got.push([await ok.fcntl(fd, u.F_GETFD), (await ok.fcntl(fd, u.F_GETFL)) & O_NONBLOCK]);
  return got;
}

/** Has the release the call, and does it know every bit? */
function knows(maker: Maker, release: string, flags: number): boolean {
  const known = Object.entries(maker.flags ?? {}).filter(([, since]) => !before(release, since));
  return (flags & ~known.reduce((sum, [bit]) => sum | Number(bit), 0)) === 0;
}

function absent({ since, until }: Maker, release: string): boolean {
  return before(release, since) || (until !== undefined && before(until, release));
}

const expected = (name: string, maker: Maker, release: string, flags: number): unknown => {
  const { cloexec = O_CLOEXEC, nonblock = O_NONBLOCK, always, unknown } = maker;
  // The number of timerfd_create was that of timerfd before.
  if (absent(maker, release)) return NUMBER_OF_ANOTHER.has(name) ? undefined : (LACKING[name] ?? 'ENOSYS');
  if (name === 'memfd_create' && (flags & u.MFD_EXEC) !== 0 && (flags & u.MFD_NOEXEC_SEAL) !== 0) return 'EINVAL';
  if (!knows(maker, release, flags) && unknown !== 'ignored') return 'EINVAL';
  const heard = (bit: number): boolean => (flags & bit) !== 0 && knows(maker, release, bit);
  const flag = [always === true || heard(cloexec) ? u.FD_CLOEXEC : 0, heard(nonblock) ? O_NONBLOCK : 0];
  return name === 'pipe' || name === 'pipe2' || name === 'socketpair' ? [flag, flag] : [flag];
};
const NUMBER_OF_ANOTHER: ReadonlySet<string> = new Set(['timerfd', 'timerfd_create']);
/** Not the call is missing, but the form of it that makes a descriptor. */
const LACKING: Readonly<Record<string, unknown>> = { getsockopt: 'ENOPROTOOPT', clone: [] };

for (const [name, maker] of Object.entries(MAKERS))
  test(`${name}: flags`, async (t) => {
    const bits = Object.keys(maker.flags ?? {}).map(Number);
    const strange = Array.isArray(maker.unknown) ? (maker.unknown as readonly number[]) : [];
    const all = [...subsets(bits), ...strange, ...strange.map((bit) => bit | (maker.cloexec ?? O_CLOEXEC))];
    for (const release of RELEASES)
      for (const flags of new Set(all)) {
        const wanted = expected(name, maker, release, flags);
        if (wanted === undefined) continue;
        const got = await answer(t, { release, route: 'dedicated' }, (libc, ok) => made(libc, ok, maker, flags));
        t.deepEqual(got, wanted, `${release}, flags 0x${flags.toString(16)}`);
      }
  });

/** Calls without a pointer, with arguments that each takes. */
const NO_POINTER: Readonly<Record<string, readonly (number | string)[]>> = {
  ...{
    close: [99],
    dup: [0],
    dup2: [0, 90],
    dup3: [0, 90, 0],
    fcntl: [0, 0, 90],
    epoll_create: [1],
    epoll_create1: [0],
  },
  ...{ eventfd: [0], eventfd2: [0, 0], timerfd_create: [1, 0], inotify_init: [], inotify_init1: [0] },
  ...{
    pidfd_open: ['pid', 0],
    pidfd_getfd: ['pidfd', 0, 0],
    socket: [1, 1, 0],
    shutdown: ['sock', 2],
    listen: ['lconn', 1],
  },
  ...{ sched_yield: [], alarm: [0], getpid: [], setpgid: [0, 0], getppid: [], getpgrp: [], setsid: [], getpgid: [0] },
  ...{ getsid: [0], settimeofday: [0, 0], gettid: [], set_tid_address: [0], unshare: [0], close_range: [95, 96, 0] },
  ...{ fallocate: ['file', 0, 0, 1], fchmod: ['file', 0o644], fchown: ['file', -1, -1], ftruncate: ['file', 1] },
  ...{
    fchdir: ['dir'],
    umask: [0],
    flock: ['file', 2],
    inotify_rm_watch: ['inotify', 99],
    tee: ['pipe_r', 'pipe_w', 1, 0],
  },
  ...{ fadvise64: ['file', 0, 0, 0], fdatasync: ['file'], fsync: ['file'], readahead: ['file', 0, 0], sync: [] },
  ...{ sync_file_range: ['file', 0, 0, 0], syncfs: ['file'], getegid: [], geteuid: [], getgid: [], getuid: [] },
  ...{ setgid: [0], setregid: [0, 0], setresgid: [0, 0, 0], setresuid: [0, 0, 0], setreuid: [0, 0], setuid: [0] },
  ...{ lseek: ['file', 0, 0], kill: ['pid', 0], tkill: ['pid', 0], tgkill: ['pid', 'pid', 0], pause: [] },
};
/** Made by the library's functions, or ends the caller: tried by other tests. */
const ELSEWHERE = ['clone', 'exit', 'exit_group', 'fork', 'indirect', 'rt_sigreturn', 'timerfd', 'vfork'];

test('every call of the table is tried, and all that make a descriptor have a row', async (t) => {
  const trials = [
    ...POINTER_ROWS.map(({ name, args }) => [name.split('/')[0]!, args] as const),
    ...Object.entries(NO_POINTER).map(([name, args]) => [name, args.map(String)] as const),
  ];
  const tried = new Set<string>([...trials.map(([name]) => name), ...ELSEWHERE]);
  t.deepEqual(
    Object.keys(handlers).filter((name) => !tried.has(name)),
    [],
    'a call without a row in test/arch/pointers.tsv or here',
  );
  const makers = new Set<string>(['clone', 'recvmmsg', 'recvmsg', 'getsockopt', 'timerfd']);
  for (const [name, args] of trials) {
    let armed = false;
    const kernel = boot({ output: null, trace: { fd_install: () => armed && makers.add(name) } });
    await kernel.run(async (libc: Libc) => {
      const arena = new Arena(libc);
      await arena.furnish();
      const [a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0, a6 = 0] = args.map((arg) => arena.register(arg, -1));
      await libc.alarm(2);
      armed = true;
      await libc.cpu.syscall(NR[name as keyof typeof NR], a1, a2, a3, a4, a5, a6);
      armed = false;
    });
    nothing_left(t, kernel);
  }
  t.deepEqual([...makers].sort(), Object.keys(MAKERS).sort());
});
