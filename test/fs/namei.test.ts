// Paths, names and what stands in /dev and /proc, as Linux 6.18 answers.
import test from 'ava';
import {
  AT_FDCWD,
  AT_SYMLINK_FOLLOW,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  O_TRUNC,
  O_WRONLY,
  PIPEFS_MAGIC,
  PROC_SUPER_MAGIC,
  RENAME_EXCHANGE,
  RENAME_WHITEOUT,
  STATX_CTIME,
  S_IFCHR,
} from '../../kernel-mock/include/uapi/index.js';
import type { Libc, ThrowingLibc } from '../../index.js';
import { type Fact, answers, outcome, text } from '../facts.js';

const NOBODY = 65534;
/** In a folder of an ordinary user, as that user. */
const as_user =
  (fact: Fact): Fact =>
  async (libc, ok) => {
    await ok.mkdir('/tmp/u', 0o755);
    await ok.chown('/tmp/u', NOBODY, NOBODY);
    await ok.chdir('/tmp/u');
    await ok.setgroups(0, null);
    await ok.setresgid(NOBODY, NOBODY, NOBODY);
    await ok.setresuid(NOBODY, NOBODY, NOBODY);
    return fact(libc, ok);
  };

async function linked(libc: Libc, path: string): Promise<string> {
  const buf = new Uint8Array(64);
  const n = await libc.readlink(path, buf);
  return n === -1 ? String(outcome(libc, -1)) : text(buf, n);
}

for (const [name, target] of [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
] as const)
  test(`/dev/${name}`, answers, (libc) => linked(libc, `/dev/${name}`), target);
test(
  'a file that is opened again by /dev/fd',
  answers,
  async (_libc, ok) => {
    const fd = await ok.open('/tmp/f', O_CREAT | O_RDWR, 0o600);
    await ok.write(fd, 'abc');
    return ok.read(await ok.open(`/dev/fd/${fd}`, O_RDONLY), new Uint8Array(9));
  },
  3,
);
for (const [path, call, expected] of [
  ['/proc/self/fd/0', 'rmdir', 'ENOTDIR'],
  ['/proc/self/cwd', 'rmdir', 'EPERM'],
  ['/proc/self/cwd', 'unlink', 'EPERM'],
] as const)
  test(`${call} ${path}`, answers, (libc) => libc[call](path), expected);

test('readlink: an empty path', answers, (libc) => linked(libc, ''), 'ENOENT');
test('readlink: a directory', answers, (libc) => linked(libc, '/tmp'), 'EINVAL');
test(
  'linkat: the old name is walked before the new one is looked at',
  answers,
  async (libc, ok) => {
    const fd = await ok.open('/tmp/f', O_CREAT | O_WRONLY, 0o600);
    return libc.linkat(fd, 'x', AT_FDCWD, '', 0);
  },
  'ENOTDIR',
);
// From 3.11 a file of O_TMPFILE can be given a name, one of O_TMPFILE|O_EXCL cannot; before, only O_DIRECTORY is known: EISDIR.
for (const [flags, expected] of [
  [O_TMPFILE | O_RDWR, 0],
  [O_TMPFILE | O_RDWR | O_EXCL, 'ENOENT'],
] as const)
  test(
    `linkat: a file without a name, flags ${flags.toString(8)}`,
    answers,
    async (libc, ok) => {
      const fd = await libc.open('/tmp', flags, 0o600);
      if (fd === -1) return -1;
      const ret = outcome(
        libc,
        await libc.linkat(AT_FDCWD, `/proc/self/fd/${fd}`, AT_FDCWD, '/tmp/t', AT_SYMLINK_FOLLOW),
      );
      if (ret === 0) await ok.unlink('/tmp/t');
      return ret;
    },
    (release) => ((release.open_flags & O_TMPFILE) === O_TMPFILE ? expected : 'EISDIR'),
  );
test(
  'rename: the old name is walked before the new one is looked at',
  answers,
  (libc) => libc.rename('/tmp/a/b', ''),
  'ENOENT',
);

const with_file = async (ok: ThrowingLibc, path: string): Promise<void> => {
  await ok.close(await ok.open(path, O_CREAT | O_WRONLY, 0o600));
};
test(
  'renameat2: RENAME_WHITEOUT leaves a device of number 0',
  answers,
  async (libc, ok) => {
    await with_file(ok, '/tmp/a');
    const ret = await libc.renameat2(AT_FDCWD, '/tmp/a', AT_FDCWD, '/tmp/b', RENAME_WHITEOUT);
    if (ret === -1) return -1;
    const st: { st_mode?: number; st_rdev?: number } = {};
    await ok.lstat('/tmp/a', st);
    return [st.st_mode! & S_IFCHR, st.st_rdev, outcome(libc, await libc.open('/tmp/a', O_RDONLY))];
  },
  (release) => (release.calls.has('renameat2') ? [S_IFCHR, 0, 'ENXIO'] : 'ENOSYS'),
);
test(
  'renameat2: a whiteout in exchange',
  answers,
  (libc) => libc.renameat2(AT_FDCWD, '/x', AT_FDCWD, '/y', RENAME_WHITEOUT | RENAME_EXCHANGE),
  (release) => (release.calls.has('renameat2') ? 'EINVAL' : 'ENOSYS'),
);
test(
  'mknod: a whiteout is for everybody, a device not',
  answers,
  as_user(async (libc) => [
    outcome(libc, await libc.mknod('w', S_IFCHR | 0o600, 0)),
    outcome(libc, await libc.mknod('d', S_IFCHR | 0o600, 0x103)),
  ]),
  (release) => [release.whiteouts ? 0 : 'EPERM', 'EPERM'],
);
test(
  'O_TRUNC needs the right to write',
  answers,
  as_user(async (libc, ok) => {
    await with_file(ok, 'f');
    await ok.chmod('f', 0o400);
    return libc.open('f', O_RDONLY | O_TRUNC);
  }),
  'EACCES',
);
test(
  'the mode of a new file does not bind who made it',
  answers,
  as_user(async (libc, ok) => {
    const fd = await ok.open('f', O_CREAT | O_RDWR, 0);
    return [await libc.write(fd, 'x'), outcome(libc, await libc.open('f', O_RDONLY))];
  }),
  [1, 'EACCES'],
);
test(
  'identity: set and asked for',
  answers,
  as_user(async (libc) => {
    const [r, e, s] = [{}, {}, {}] as { value?: number }[];
    await libc.getresuid(r!, e!, s!);
    return [
      r!.value,
      e!.value,
      s!.value,
      await libc.getgroups(0, null),
      outcome(libc, await libc.setresuid(0, -1, -1)),
    ];
  }),
  [NOBODY, NOBODY, NOBODY, 0, 'EPERM'],
);
test(
  'statfs: what kind of file system',
  answers,
  async (_libc, ok) => {
    const fds: number[] = [];
    await ok.pipe(fds);
    const [proc, pipe] = [{}, {}] as { f_type?: number }[];
    await ok.statfs('/proc', proc!);
    await ok.fstatfs(fds[0]!, pipe!);
    return [proc!.f_type, pipe!.f_type];
  },
  [PROC_SUPER_MAGIC, PIPEFS_MAGIC],
);
test(
  'statx: times that nobody asks for are not in the mask',
  answers,
  async (libc) => {
    const masks: number[] = [];
    for (const mask of [0, STATX_CTIME]) {
      const raw = new Uint8Array(256);
      if ((await libc.syscall(libc.nr.statx, AT_FDCWD, new Uint8Array([0x2f, 0]), 0, mask, raw)) === -1) return -1;
      masks.push(raw[0]! | (raw[1]! << 8));
    }
    return masks;
  },
  (release) => (release.calls.has('statx') ? [0x73f, 0x7ff] : 'ENOSYS'),
);

for (const [title, path, expected] of [
  ['a file', '/tmp/f', [0, 0, 0, 0, 0]],
  ['a directory', '/tmp', [0, 0, 0, 0, 'EINVAL']],
  ['a device', '/dev/null', ['EINVAL', 'EINVAL', 'ESPIPE', 0, 'EINVAL']],
] as const)
  test(
    `fsync, fdatasync, sync_file_range, posix_fadvise, readahead: ${title}`,
    answers,
    async (libc, ok) => {
      await with_file(ok, '/tmp/f');
      const fd = await ok.open(path, O_RDONLY);
      return [
        outcome(libc, await libc.fsync(fd)),
        outcome(libc, await libc.fdatasync(fd)),
        outcome(libc, await libc.sync_file_range(fd, 0, 0, 0)),
        await libc.posix_fadvise(fd, 0, 0, 0),
        outcome(libc, await libc.readahead(fd, 0, 1)),
      ];
    },
    expected,
  );
