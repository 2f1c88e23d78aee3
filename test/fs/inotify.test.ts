import test from 'ava';
import type { Libc, Release, ThrowingLibc } from '../../index.js';
import {
  FIONREAD,
  IN_ALL_EVENTS,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_IGNORED,
  IN_MODIFY,
  IN_NONBLOCK,
  IN_ONESHOT,
  IN_Q_OVERFLOW,
  NR,
  O_CREAT,
  O_RDWR,
  O_WRONLY,
} from '../../kernel-mock/include/uapi/index.js';
import { answers, limit_descriptors, outcome, thread } from '../facts.js';

const DIR = '/tmp/d';

/** A directory with a watch for `mask`: [descriptor, watch]. */
async function watched(ok: ThrowingLibc, mask: number): Promise<[number, number]> {
  await ok.mkdir(DIR, 0o755);
  const fd = await ok.inotify_init1(IN_NONBLOCK);
  return [fd, await ok.inotify_add_watch(fd, DIR, mask)];
}

async function touch(ok: ThrowingLibc, name: string): Promise<void> {
  await ok.close(await ok.open(`${DIR}/${name}`, O_CREAT | O_WRONLY, 0o644));
}

/** What is in the queue: [mask, name] each. */
async function events(libc: Libc, fd: number, room = 4096): Promise<unknown> {
  const buf = new Uint8Array(room);
  const n = await libc.read(fd, buf);
  return n === -1 ? outcome(libc, n) : libc.inotify_events(buf, n).map(({ mask, name }) => [mask, name]);
}

// Errors in their order.

const has_init1 = ({ calls }: Release): boolean => calls.has('inotify_init1');
const BAD = 99;
type Attempt = (libc: Libc, fd: number) => Promise<number>;
const ERRORS: readonly (readonly [string, Attempt, string | ((release: Release) => string)])[] = [
  ['add: a mask of nothing', (libc) => libc.inotify_add_watch(BAD, '/nowhere', 0), 'EINVAL'],
  ['add: no descriptor', (libc) => libc.inotify_add_watch(BAD, '/nowhere', IN_CREATE), 'EBADF'],
  ['add: another descriptor', (libc) => libc.inotify_add_watch(0, '/nowhere', IN_CREATE), 'EINVAL'],
  ['add: no such file', (libc, fd) => libc.inotify_add_watch(fd, '/nowhere', IN_CREATE), 'ENOENT'],
  ['add: a null path', (libc, fd) => libc.syscall(NR.inotify_add_watch, fd, 0, IN_CREATE), 'EFAULT'],
  ['rm: no descriptor', (libc) => libc.inotify_rm_watch(BAD, 1), 'EBADF'],
  ['rm: another descriptor', (libc) => libc.inotify_rm_watch(0, 1), 'EINVAL'],
  ['rm: no such watch', (libc, fd) => libc.inotify_rm_watch(fd, 1), 'EINVAL'],
  ['write', (libc, fd) => libc.write(fd, 'x'), 'EBADF'],
  [
    'init1: a flag that is none',
    (libc) => libc.syscall(NR.inotify_init1, 1),
    (r) => (has_init1(r) ? 'EINVAL' : 'ENOSYS'),
  ],
];
for (const [name, attempt, expected] of ERRORS)
  test(
    name,
    answers,
    async (libc, ok) => {
      const fd = await ok.inotify_init();
      return outcome(libc, await attempt(libc, fd));
    },
    typeof expected === 'string' ? expected : (release) => expected(release),
  );
test(
  'no descriptor left',
  answers,
  async (libc, ok) => {
    await limit_descriptors(ok, 3);
    const got = outcome(libc, await libc.inotify_init());
    await limit_descriptors(ok, 9);
    return [got, await ok.inotify_init()];
  },
  ['EMFILE', 3],
);

// Events.

test(
  'what is done twice in a row is told once, also after the queue was empty',
  answers,
  async (libc, ok) => {
    const [fd] = await watched(ok, IN_MODIFY);
    const file = await ok.open(`${DIR}/f`, O_CREAT | O_RDWR, 0o644);
    const got = [];
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 3; i++) await ok.write(file, 'x');
      got.push(await events(libc, fd));
    }
    return got;
  },
  [[[IN_MODIFY, 'f']], [[IN_MODIFY, 'f']]],
);
test(
  'a read takes whole events, and fails if there is no room for one',
  answers,
  async (libc, ok) => {
    const [fd] = await watched(ok, IN_CREATE);
    for (const name of ['a', 'b', 'c']) await touch(ok, name);
    const n = { value: -1 };
    await ok.ioctl(fd, FIONREAD, n);
    return [
      n.value,
      await events(libc, fd, 31),
      await events(libc, fd, 70),
      await events(libc, fd),
      await events(libc, fd),
    ];
  },
  [
    96,
    'EINVAL',
    [
      [IN_CREATE, 'a'],
      [IN_CREATE, 'b'],
    ],
    [[IN_CREATE, 'c']],
    'EAGAIN',
  ],
);
test(
  'a full queue says so, once, and hears again when it was read',
  answers,
  async (libc, ok) => {
    const [fd] = await watched(ok, IN_CREATE | IN_DELETE);
    for (let i = 0; i < 8200; i++) {
      await touch(ok, 'f');
      await ok.unlink(`${DIR}/f`);
    }
    const buf = new Uint8Array(1 << 20);
    const n = await ok.read(fd, buf);
    const all = libc.inotify_events(buf, n);
    await touch(ok, 'g');
    return [all.length, all.at(-1)?.mask, all.at(-1)?.wd, await events(libc, fd)];
  },
  (release) => (release.name === '6.18' ? [16385, IN_Q_OVERFLOW, -1, [[IN_CREATE, 'g']]] : undefined),
);
test(
  'a read waits for an event',
  answers,
  async (libc, ok) => {
    await ok.mkdir(DIR, 0o755);
    const fd = await ok.inotify_init();
    await ok.inotify_add_watch(fd, DIR, IN_CREATE);
    const join = await thread(libc, (own) => events(own, fd));
    await touch(ok, 'f');
    return join();
  },
  [[IN_CREATE, 'f']],
);
test(
  'a directory goes when the last open file of it does',
  answers,
  async (libc, ok) => {
    const [fd] = await watched(ok, IN_IGNORED | IN_ALL_EVENTS);
    const file = await ok.open(`${DIR}/f`, O_CREAT | O_RDWR, 0o644);
    await ok.unlink(`${DIR}/f`);
    await ok.rmdir(DIR);
    await events(libc, fd);
    const before = await events(libc, fd);
    await ok.close(file);
    const after = (await events(libc, fd)) as [number, string][];
    return [before, after.at(-1)];
  },
  ['EAGAIN', [IN_IGNORED, '']],
);
test(
  'a watch for one event whose file goes',
  answers,
  async (libc, ok) => {
    const [fd] = await watched(ok, IN_ALL_EVENTS | IN_ONESHOT);
    await ok.rmdir(DIR);
    return events(libc, fd);
  },
  [
    [IN_DELETE_SELF, ''],
    [IN_IGNORED, ''],
  ],
);
