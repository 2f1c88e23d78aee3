import test from 'ava';
import type { Libc, RouteName, SockAddrOut, ThrowingLibc } from '../index.js';
import {
  AF_UNIX,
  FD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  NR,
  O_NONBLOCK,
  O_RDWR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from '../kernel-mock/include/uapi/index.js';
import { answer, limit_descriptors, outcome } from './facts.js';
import { RELEASES, ROUTES, nothing_left, boot_for } from './helpers.js';
import { client, listener } from './net/unix/fixtures.js';

/** Descriptors, with their two kinds of flags: [F_GETFD, F_GETFL] each. */
type Flags = readonly [number, number][];

/** A function that makes descriptors; answers with them, or null if it failed. */
interface Maker {
  readonly name: string;
  readonly unknown_bit: number;
  readonly prepare: (ok: ThrowingLibc) => Promise<number>;
  readonly make: (libc: Libc, l: number, flags: number) => Promise<number[] | null>;
}

const nothing = (): Promise<number> => Promise.resolve(-1);
async function listening(ok: ThrowingLibc): Promise<number> {
  const l = await listener(ok);
  await client(ok);
  return l;
}
const one = (fd: number): number[] | null => (fd === -1 ? null : [fd]);

const MAKERS: readonly Maker[] = [
  {
    name: 'socket',
    unknown_bit: 0x1000,
    prepare: nothing,
    make: async (libc, _l, flags) => one(await libc.socket(AF_UNIX, SOCK_STREAM | flags, 0)),
  },
  {
    name: 'socketpair',
    unknown_bit: 0x1000,
    prepare: nothing,
    make: async (libc, _l, flags) => {
      const sv: number[] = [];
      return (await libc.socketpair(AF_UNIX, SOCK_DGRAM | flags, 0, sv)) === -1 ? null : sv;
    },
  },
  {
    name: 'accept with flags',
    unknown_bit: 1,
    prepare: listening,
    make: async (libc, l, flags) => one(await libc.accept(l, null, flags)),
  },
  {
    name: 'accept with an address and flags',
    unknown_bit: 1,
    prepare: listening,
    make: async (libc, l, flags) => one(await libc.accept(l, {}, flags)),
  },
  {
    name: 'accept4',
    unknown_bit: 1,
    prepare: listening,
    make: async (libc, l, flags) => one(await libc.accept4(l, null, flags)),
  },
];

/** What a request for flags ends in, socket and socketpair first, then accept: 'ok', or the errno. */
type Row = Readonly<Record<RouteName, readonly [socket: string, accept: string]>>;
const NOTHING: Row = {
  auto: ['ok', 'ok'],
  dedicated: ['EINVAL', 'ENOSYS'],
  indirect: ['ENOSYS', 'ENOSYS'],
  legacy: ['ok', 'ok'],
};
const INDIRECT: Row = { ...NOTHING, indirect: ['ok', 'ok'] };
const ANSWERS: Readonly<Record<string, Row>> = {
  '2.6.22': NOTHING,
  '2.6.23': NOTHING,
  '2.6.24-rc3-indirect-v1': INDIRECT,
  '2.6.24-rc3-indirect-v3': INDIRECT,
  '2.6.24-rc3-indirect-v5': INDIRECT,
  'indirect-next': INDIRECT,
  '2.6.26': NOTHING,
  '2.6.27': { ...NOTHING, dedicated: ['ok', 'ENOSYS'] },
  '2.6.28': { ...NOTHING, dedicated: ['ok', 'ok'] },
  '6.18': { ...NOTHING, dedicated: ['ok', 'ok'] },
};
/** A bit that is none: never dropped in silence. `auto` leaves it to the dedicated call. */
const REFUSED: Readonly<Record<string, Row>> = Object.fromEntries(
  Object.entries(ANSWERS).map(([release, row]) => {
    const accept = row.dedicated[1] === 'ok' ? 'EINVAL' : 'ENOSYS';
    const by_kernel = ['EINVAL', accept] as const;
    const by_library = ['EINVAL', 'EINVAL'] as const;
    return [release, { auto: by_kernel, dedicated: by_kernel, indirect: by_library, legacy: by_library }];
  }),
);

test('every release and route has its row', (t) => {
  t.deepEqual(Object.keys(ANSWERS).sort(), [...RELEASES].sort());
  for (const row of Object.values(ANSWERS)) t.deepEqual(Object.keys(row).sort(), [...ROUTES].sort());
});

/** Make descriptors with `flags`; then again, since what was learned the first time must not change the second. */
const makes =
  (maker: Maker, flags: number) =>
  async (libc: Libc, ok: ThrowingLibc): Promise<unknown> => {
    const got: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      if (i === 1 && maker.prepare === listening) await client(ok);
      const l: number = i === 0 ? await maker.prepare(ok) : maker.prepare === listening ? 3 : -1;
      const fds = await maker.make(libc, l, flags);
      if (fds === null) got.push(outcome(libc, -1));
      else {
        const all: [number, number][] = [];
        for (const fd of fds) all.push([await ok.fcntl(fd, F_GETFD), await ok.fcntl(fd, F_GETFL)]);
        got.push(all satisfies Flags);
      }
    }
    return got;
  };

const takes_the_route = test.macro(async (t, maker: Maker, release: string, route: RouteName) => {
  const at = maker.name.startsWith('socket') ? 0 : 1;
  const n = maker.name === 'socketpair' ? 2 : 1;
  const made = (cloexec: boolean, nonblock: boolean): unknown =>
    new Array(n).fill([cloexec ? FD_CLOEXEC : 0, nonblock ? O_RDWR | O_NONBLOCK : O_RDWR]);
  const errno = ANSWERS[release]![route][at];
  const refused = REFUSED[release]![route][at];
  const rows: readonly (readonly [number, unknown])[] = [
    [0, made(false, false)],
    [SOCK_CLOEXEC, errno === 'ok' ? made(true, false) : errno],
    [SOCK_NONBLOCK, errno === 'ok' ? made(false, true) : errno],
    [SOCK_CLOEXEC | SOCK_NONBLOCK, errno === 'ok' ? made(true, true) : errno],
    [maker.unknown_bit, refused],
    [SOCK_CLOEXEC | maker.unknown_bit, refused],
  ];
  for (const [flags, expected] of rows) {
    const got = await answer(t, { release, route }, makes(maker, flags));
    t.deepEqual(got, [expected, expected], `flags 0x${flags.toString(16)}`);
  }
});

for (const release of RELEASES)
  for (const route of ROUTES)
    for (const maker of MAKERS) test(`${release}, ${route}: ${maker.name}`, takes_the_route, maker, release, route);

// The other functions that make descriptors.

/** One of them: the first release whose call takes flags, and the releases whose sys_indirect heeds them. */
interface Other {
  readonly since: string;
  readonly listed: readonly string[];
  /** What its own call answers on a release before `since`; undefined: the flag is dropped in silence. */
  readonly before: ((release: string) => string) | undefined;
  readonly nonblock: boolean;
  readonly make: (libc: Libc, flags: number) => Promise<number[] | null>;
}

const no_call = (): string => 'ENOSYS';
const NEXT = ['indirect-next'];
const OTHERS: Record<string, Other> = {
  pipe2: {
    since: '2.6.27',
    listed: NEXT,
    before: no_call,
    nonblock: true,
    make: async (libc, flags) => {
      const fds: number[] = [];
      return (await libc.pipe2(fds, flags)) === -1 ? null : fds;
    },
  },
  dup3: {
    since: '2.6.27',
    listed: NEXT,
    before: no_call,
    nonblock: false,
    make: async (libc, flags) => one(await libc.dup3(0, 9, flags)),
  },
  epoll_create1: {
    since: '2.6.27',
    listed: NEXT,
    before: no_call,
    nonblock: false,
    make: async (libc, flags) => one(await libc.epoll_create1(flags)),
  },
  eventfd: {
    since: '2.6.27',
    listed: ['2.6.24-rc3-indirect-v5', ...NEXT],
    before: no_call,
    nonblock: true,
    make: async (libc, flags) => one(await libc.eventfd(0, flags)),
  },
  signalfd: {
    since: '2.6.27',
    listed: ['2.6.24-rc3-indirect-v5', ...NEXT],
    before: no_call,
    nonblock: true,
    make: async (libc, flags) => one(await libc.signalfd(-1, [10], flags)),
  },
  inotify_init1: {
    since: '2.6.27',
    listed: NEXT,
    before: no_call,
    nonblock: true,
    make: async (libc, flags) => one(await libc.inotify_init1(flags)),
  },
  open: {
    since: '2.6.23',
    listed: NEXT,
    before: undefined,
    nonblock: false,
    make: async (libc, flags) => one(await libc.open('/tmp', flags)),
  },
  openat: {
    since: '2.6.23',
    listed: NEXT,
    before: undefined,
    nonblock: false,
    make: async (libc, flags) => one(await libc.openat(-100, '/tmp', flags)),
  },
};

OTHERS['fopen'] = {
  ...OTHERS['open']!,
  make: async (libc, flags) => {
    const stream = await libc.fopen('/tmp/f', flags === 0 ? 'w' : 'we');
    return stream === null ? null : [libc.fileno(stream)];
  },
};

/** FD_CLOEXEC and O_NONBLOCK of each descriptor that was made twice in a row; or the errno. */
async function made_twice(libc: Libc, ok: ThrowingLibc, other: Other, flags: number): Promise<unknown> {
  const got: unknown[] = [];
  for (let i = 0; i < 2; i++) {
    const fds = await other.make(libc, flags);
    if (fds === null) got.push(outcome(libc, -1));
    else for (const fd of fds) got.push([await ok.fcntl(fd, F_GETFD), (await ok.fcntl(fd, F_GETFL)) & O_NONBLOCK]);
  }
  return got;
}

const takes_any_route = test.macro(async (t, name: string, release: string) => {
  const other = OTHERS[name]!;
  const { since, listed, before } = other;
  const has = RELEASES.indexOf(release) >= RELEASES.indexOf(since);
  const all = (one_of: unknown): unknown => new Array(name === 'pipe2' ? 4 : 2).fill(one_of);
  for (const flags of [0, SOCK_CLOEXEC, ...(other.nonblock ? [SOCK_CLOEXEC | SOCK_NONBLOCK] : [])]) {
    const ok = all([flags === 0 ? 0 : FD_CLOEXEC, flags & SOCK_NONBLOCK]);
    const lacks = [1, 2].map(() => before?.(release));
    const by_call = has || flags === 0 ? ok : before === undefined ? all([0, 0]) : lacks;
    const by_indirect = listed.includes(release) || flags === 0 ? ok : ['ENOSYS', 'ENOSYS'];
    const expected = { auto: ok, dedicated: by_call, indirect: by_indirect, legacy: ok } satisfies Record<
      RouteName,
      unknown
    >;
    for (const route of ROUTES) {
      const got = await answer(t, { release, route }, (libc, throws) => made_twice(libc, throws, other, flags));
      t.deepEqual(got, expected[route], `${route}, flags 0x${flags.toString(16)}`);
    }
  }
});
for (const name of Object.keys(OTHERS))
  for (const release of RELEASES) test(`${release}: ${name}`, takes_any_route, name, release);

// The stream of popen is made by pipe2, on every route that can make it.
test('popen', async (t) => {
  for (const release of RELEASES)
    for (const route of ROUTES) {
      const kernel = boot_for(t, { release, route, output: null });
      kernel.install('/bin/sh', async () => 0);
      const got: unknown[] = [];
      await kernel.run(async (libc) => {
        for (const mode of ['r', 're', 'w', 'we']) {
          const stream = await libc.popen('true', mode);
          if (stream === null) got.push(outcome(libc, -1));
          else {
            got.push(await libc.fcntl(libc.fileno(stream), F_GETFD));
            await libc.pclose(stream);
          }
        }
      });
      const can = route === 'auto' || route === 'legacy' || OTHERS['pipe2']!.listed.includes(release);
      const has = RELEASES.indexOf(release) >= RELEASES.indexOf('2.6.27');
      const made = [0, FD_CLOEXEC, 0, FD_CLOEXEC];
      const works = route === 'dedicated' ? has : can;
      t.deepEqual(got, works ? made : made.map(() => 'ENOSYS'), `${release}, ${route}`);
    }
});

// timerfd_create has had the argument from its first day, but took no bit before 2.6.27. Before 2.6.25 its number was the old
// timerfd's, which finds no time at address 0.
test('timerfd_create', async (t) => {
  const first = RELEASES.indexOf('2.6.26');
  for (const release of RELEASES)
    for (const route of ['auto', 'dedicated', 'legacy'] as const) {
      const got = await answer(t, { release, route }, async (libc, ok) => {
        const fd = await libc.timerfd_create(1, FLAGS);
        return fd === -1 ? -1 : [await ok.fcntl(fd, F_GETFD), (await ok.fcntl(fd, F_GETFL)) & O_NONBLOCK];
      });
      const made = [FD_CLOEXEC, O_NONBLOCK];
      const carried = release === '2.6.26' && route === 'dedicated' ? 'EINVAL' : made;
      t.deepEqual(got, RELEASES.indexOf(release) < first ? 'EFAULT' : carried, `${release}, ${route}`);
    }
});

// Errors: no descriptor is lost on the way, and the errno is that of the plain call where the route can carry the flags.

const FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK;
interface Failure {
  readonly name: string;
  readonly at: 0 | 1;
  readonly errno: string | ((release: string) => string);
  readonly attempt: (libc: Libc, ok: ThrowingLibc) => Promise<number>;
  /** An old kernel finds this before it finds that the type is none: the dedicated form answers so too. */
  readonly early?: true;
  /** The lowest free descriptor afterwards. */
  readonly next: number;
}
const FAILURES: readonly Failure[] = [
  {
    name: 'socket: bad family',
    at: 0,
    errno: 'EAFNOSUPPORT',
    attempt: (libc) => libc.socket(200, SOCK_STREAM | FLAGS, 0),
    early: true,
    next: 3,
  },
  { name: 'socket: bad type', at: 0, errno: 'EINVAL', attempt: (libc) => libc.socket(AF_UNIX, 11 | FLAGS, 0), next: 3 },
  {
    name: 'socket: bad protocol',
    at: 0,
    errno: 'EPROTONOSUPPORT',
    attempt: (libc) => libc.socket(AF_UNIX, SOCK_STREAM | FLAGS, 9),
    next: 3,
  },
  {
    name: 'socket: no descriptor left',
    at: 0,
    errno: 'EMFILE',
    attempt: async (libc, ok) => {
      await limit_descriptors(ok, 3);
      return libc.socket(AF_UNIX, SOCK_STREAM | FLAGS, 0);
    },
    next: 3,
  },
  {
    name: 'socketpair: bad family',
    at: 0,
    errno: 'EAFNOSUPPORT',
    attempt: (libc) => libc.socketpair(200, SOCK_STREAM | FLAGS, 0, []),
    early: true,
    next: 3,
  },
  {
    name: 'socketpair: a null vector',
    at: 0,
    errno: 'EFAULT',
    attempt: (libc) => libc.socketpair(AF_UNIX, SOCK_STREAM | FLAGS, 0, null),
    next: 3,
  },
  {
    name: 'socketpair: a null vector and a bad family',
    at: 0,
    errno: (release) => (release === '6.18' ? 'EFAULT' : 'EAFNOSUPPORT'),
    attempt: (libc) => libc.socketpair(200, SOCK_STREAM | FLAGS, 0, null),
    early: true,
    next: 3,
  },
  {
    name: 'socketpair: one descriptor left',
    at: 0,
    errno: 'EMFILE',
    attempt: async (libc, ok) => {
      await limit_descriptors(ok, 4);
      return libc.socketpair(AF_UNIX, SOCK_STREAM | FLAGS, 0, []);
    },
    next: 3,
  },
  { name: 'accept4: no descriptor', at: 1, errno: 'EBADF', attempt: (libc) => libc.accept4(99, null, FLAGS), next: 3 },
  { name: 'accept4: no socket', at: 1, errno: 'ENOTSOCK', attempt: (libc) => libc.accept4(0, null, FLAGS), next: 3 },
  {
    name: 'accept4: not listening',
    at: 1,
    errno: 'EINVAL',
    attempt: async (libc, ok) => libc.accept4(await ok.socket(AF_UNIX, SOCK_STREAM, 0), {}, FLAGS),
    next: 4,
  },
  {
    name: 'accept4: nobody there',
    at: 1,
    errno: 'EAGAIN',
    attempt: async (libc, ok) => {
      const l = await listener(ok);
      await ok.fcntl(l, 4, O_NONBLOCK);
      return libc.accept4(l, {}, FLAGS);
    },
    next: 4,
  },
  {
    name: 'accept4: no descriptor left',
    at: 1,
    errno: 'EMFILE',
    attempt: async (libc, ok) => {
      const l = await listening(ok);
      await limit_descriptors(ok, 5);
      return libc.accept4(l, null, FLAGS);
    },
    next: 5,
  },
];

const fails_clean = test.macro(async (t, failure: Failure, route: RouteName) => {
  for (const release of RELEASES) {
    const carried = ANSWERS[release]![route][failure.at];
    const plain = typeof failure.errno === 'string' ? failure.errno : failure.errno(release);
    const got = await answer(t, { release, route }, async (libc, ok) => {
      const first = outcome(libc, await failure.attempt(libc, ok));
      await limit_descriptors(ok, 100);
      return [first, await ok.dup(0)];
    });
    t.deepEqual(
      got,
      [carried === 'ok' || (carried === 'EINVAL' && failure.early === true) ? plain : carried, failure.next],
      release,
    );
  }
});
for (const failure of FAILURES)
  for (const route of ROUTES) test(`${failure.name}, ${route}`, fails_clean, failure, route);

// auto learns one feature at a time.

const PROBE_NR = 286;
const PROBE = 'call 286';

/** Numbers of the calls that `program` makes on `release`. */
async function calls_of(
  t: Parameters<typeof nothing_left>[0],
  release: string,
  program: (libc: Libc) => Promise<void>,
): Promise<string[]> {
  const names = new Map<number, string>(Object.entries(NR).map(([name, nr]) => [nr, name]));
  // paccept had the number in release candidates only.
  names.set(NR.accept4, 'accept4').set(PROBE_NR, PROBE);
  const calls: string[] = [];
  const kernel = boot_for(t, {
    release,
    output: null,
    trace: { sys_enter: (task) => calls.push(names.get(task.nr)!) },
  });
  await kernel.run(program);
  nothing_left(t, kernel);
  return calls.slice(0, -1);
}

const learns = test.macro(
  async (t, release: string, first: string[], second: string[], accepts: string[], again: string[]) => {
    const l = { fd: -1 };
    const socket = (libc: Libc): Promise<number> => libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const accept = async (libc: Libc): Promise<number> => libc.accept4(l.fd, null, SOCK_CLOEXEC);
    const set_up = async (libc: Libc): Promise<void> => {
      const ok = libc as unknown as ThrowingLibc;
      l.fd = await listener(ok);
      await client(ok);
      await client(ok);
    };
    const before = await calls_of(t, release, set_up);
    const all = await calls_of(t, release, async (libc) => {
      await set_up(libc);
      await socket(libc);
      await socket(libc);
      await accept(libc);
      await accept(libc);
    });
    t.deepEqual(all.slice(before.length), [...first, ...second, ...accepts, ...again]);
  },
);
const LEGACY_SOCKET = ['socket', 'fcntl'];
const LEGACY_ACCEPT = ['accept', 'fcntl'];
// The release; then the calls of two sockets with SOCK_CLOEXEC and two accept4 with it.
test(
  'auto on 2.6.23',
  learns,
  '2.6.23',
  ['socket', PROBE, ...LEGACY_SOCKET],
  LEGACY_SOCKET,
  ['accept4', PROBE, ...LEGACY_ACCEPT],
  LEGACY_ACCEPT,
);
for (const release of RELEASES.filter((name) => name.includes('indirect')))
  test(`auto on ${release}`, learns, release, ['socket', PROBE, PROBE], [PROBE], ['accept4', PROBE, PROBE], [PROBE]);
test(
  'auto on 2.6.26 is not fooled by number 286',
  learns,
  '2.6.26',
  ['socket', PROBE, ...LEGACY_SOCKET],
  LEGACY_SOCKET,
  ['accept4', PROBE, ...LEGACY_ACCEPT],
  LEGACY_ACCEPT,
);
test(
  'auto on 2.6.27: what socket can, accept4 need not',
  learns,
  '2.6.27',
  ['socket'],
  ['socket'],
  ['accept4', PROBE, ...LEGACY_ACCEPT],
  LEGACY_ACCEPT,
);
test('auto on 2.6.28', learns, '2.6.28', ['socket'], ['socket'], ['accept4'], ['accept4']);
test('auto on 6.18', learns, '6.18', ['socket'], ['socket'], ['accept4'], ['accept4']);

test('auto: bad arguments teach nothing', async (t) => {
  for (const release of RELEASES) {
    const got = await answer(t, { release }, async (libc, ok) => [
      outcome(libc, await libc.socket(AF_UNIX, 11 | SOCK_CLOEXEC, 0)),
      outcome(libc, await libc.socket(200, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      outcome(libc, await libc.socketpair(200, SOCK_STREAM | SOCK_CLOEXEC, 0, [])),
      await ok.fcntl(await ok.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), F_GETFD),
      await ok.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, []),
    ]);
    t.deepEqual(got, ['EINVAL', 'EAFNOSUPPORT', 'EAFNOSUPPORT', FD_CLOEXEC, 0], release);
  }
});

test('accept4 fills the address on every route that works', async (t) => {
  for (const release of RELEASES)
    for (const route of ROUTES) {
      if (ANSWERS[release]![route][1] !== 'ok') continue;
      const got = await answer(t, { release, route }, async (_libc, ok) => {
        const l = await listener(ok);
        const c = await ok.socket(AF_UNIX, SOCK_STREAM, 0);
        await ok.bind(c, { family: AF_UNIX, abstract: 'me' });
        await ok.connect(c, { family: AF_UNIX, abstract: 'a' });
        const from: SockAddrOut = {};
        await ok.accept4(l, from, FLAGS);
        return from;
      });
      t.deepEqual(got, { family: AF_UNIX, abstract: 'me' }, `${release}, ${route}`);
    }
});

test('fresh memory that is junk changes nothing', async (t) => {
  for (const release of RELEASES)
    for (const route of ROUTES)
      for (const maker of MAKERS) {
        const clean = await answer(t, { release, route }, makes(maker, FLAGS));
        const dirty = await answer(t, { release, route, junk: 0xa5 }, makes(maker, FLAGS));
        t.deepEqual(dirty, clean, `${release}, ${route}, ${maker.name}`);
      }
});
