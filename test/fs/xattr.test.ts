// Extended attributes, against what Linux 6.18 answers on tmpfs.
import test from 'ava';
import type { Libc, ThrowingLibc } from '../../index.js';
import { O_PATH, O_RDONLY, XATTR_CREATE, XATTR_REPLACE } from '../../kernel-mock/include/uapi/index.js';
import { type Fact, answers, outcome, text } from '../facts.js';

/** Before it the row is not asked. */
const NOT_ASKED = 'not asked';

/** A file with one attribute; then the row. On a release without attributes of files: what `before` says. */
const of_file = test.macro(async (t, fact: Fact, expected: unknown, before: unknown = 'EOPNOTSUPP') => {
  const program: Fact = async (libc, ok) => {
    await ok.close(await ok.creat('/tmp/f', 0o644));
    await libc.setxattr('/tmp/f', 'user.a', '1', 0);
    return fact(libc, ok);
  };
  await (answers.exec as (...args: unknown[]) => Promise<void>)(t, program, (r: { fs_xattr: boolean }) =>
    r.fs_xattr ? expected : before === NOT_ASKED ? undefined : before,
  );
});

const set =
  (name: string, value = '1', flags = 0): Fact =>
  (libc) =>
    libc.setxattr('/tmp/f', name, value, flags);
test('set', of_file, set('user.b'), 0);
test('XATTR_CREATE of one that is there', of_file, set('user.a', '2', XATTR_CREATE), 'EEXIST');
test('XATTR_REPLACE of one that is not there', of_file, set('user.b', '2', XATTR_REPLACE), 'ENODATA');
test('both flags, not there', of_file, set('user.b', '2', XATTR_CREATE | XATTR_REPLACE), 'ENODATA');
test('both flags, there', of_file, set('user.a', '2', XATTR_CREATE | XATTR_REPLACE), 'EEXIST');
test('an unknown flag', of_file, set('user.a', '2', 4), 'EINVAL', 'EINVAL');
test('an empty value', of_file, set('user.e', ''), 0);
test('nothing behind the prefix', of_file, set('user.'), 'EINVAL');
test('no prefix', of_file, set('foo'), 'EOPNOTSUPP');
test('system.', of_file, set('system.x'), 'EOPNOTSUPP');
test('trusted.', of_file, set('trusted.x'), 0);
test('security.', of_file, set('security.x'), 0);
test('an empty name', of_file, set(''), 'ERANGE', 'ERANGE');
test('a name of 255 bytes', of_file, set(`user.${'a'.repeat(250)}`), 0);
test('a name of 256 bytes', of_file, set(`user.${'a'.repeat(251)}`), 'ERANGE', 'ERANGE');
test('a value of 65536 bytes', of_file, set('user.b', 'x'.repeat(65536)), 0);
test('a value of 65537 bytes', of_file, set('user.b', 'x'.repeat(65537)), 'E2BIG', 'E2BIG');

const value = async (libc: Libc, name: string, room = 9): Promise<unknown> => {
  const buf = new Uint8Array(room);
  const n = await libc.getxattr('/tmp/f', name, buf);
  return n === -1 ? outcome(libc, -1) : text(buf, n);
};
test('get', of_file, (libc) => value(libc, 'user.a'), '1');
test('get: how long', of_file, (libc) => libc.getxattr('/tmp/f', 'user.a', null), 1);
test(
  'get: no room',
  of_file,
  async (libc) => {
    await libc.setxattr('/tmp/f', 'user.a', 'long', 0);
    return value(libc, 'user.a', 3);
  },
  'ERANGE',
);
test('get: not there', of_file, (libc) => value(libc, 'user.b'), 'ENODATA');
test('get: no prefix', of_file, (libc) => value(libc, 'foo'), 'EOPNOTSUPP');
test('get: an access control list', of_file, (libc) => value(libc, 'system.posix_acl_access'), 'ENODATA');
test('remove', of_file, (libc) => libc.removexattr('/tmp/f', 'user.a'), 0);
test('remove: not there', of_file, (libc) => libc.removexattr('/tmp/f', 'user.b'), 'ENODATA');

async function names(libc: Libc, path: string): Promise<unknown> {
  const buf = new Uint8Array(100);
  const n = await libc.llistxattr(path, buf);
  return n === -1 ? outcome(libc, -1) : text(buf, n).split('\0').slice(0, -1);
}
test(
  'list: from the last name to the first',
  of_file,
  async (libc) => {
    for (const name of ['trusted.x', 'user.e', 'security.x', 'user.big']) await libc.setxattr('/tmp/f', name, '', 0);
    return names(libc, '/tmp/f');
  },
  ['user.e', 'user.big', 'user.a', 'trusted.x', 'security.x'],
  [],
);
test('list: no room', of_file, (libc) => libc.listxattr('/tmp/f', new Uint8Array(3)), 'ERANGE', 0);
test('list: how long', of_file, (libc) => libc.listxattr('/tmp/f', null), 7, 0);

/** Attributes of what is no file: what a user may set and get, and the administrator. */
const kinds = test.macro(async (t, make: (ok: ThrowingLibc) => Promise<number>, expected: readonly unknown[]) => {
  const program: Fact = async (libc, ok) => {
    const fd = await make(ok);
    const got: unknown[] = [];
    for (const name of ['user.a', 'trusted.a']) {
      got.push(outcome(libc, await libc.fsetxattr(fd, name, '1', 0)));
      got.push(outcome(libc, await libc.fgetxattr(fd, name, null)));
    }
    return got;
  };
  await (answers.exec as (...args: unknown[]) => Promise<void>)(t, program, (r: { fs_xattr: boolean }) =>
    r.fs_xattr ? expected : undefined,
  );
});
const first = async (made: Promise<unknown>, fds: number[]): Promise<number> => {
  await made;
  return fds[0]!;
};
test('a directory', kinds, (ok) => ok.open('/tmp', O_RDONLY), [0, 1, 0, 1]);
test(
  'a file that is open for reading',
  kinds,
  async (ok) => {
    await ok.creat('/tmp/f', 0o644);
    return ok.open('/tmp/f', O_RDONLY);
  },
  [0, 1, 0, 1],
);
test('a file that is only a place', kinds, (ok) => ok.open('/tmp', O_PATH), ['EBADF', 'EBADF', 'EBADF', 'EBADF']);
test('a pipe', kinds, async (ok, fds: number[] = []) => first(ok.pipe(fds), fds), [
  ...['EPERM', 'ENODATA'],
  ...['EOPNOTSUPP', 'EOPNOTSUPP'],
]);
test(
  'a fifo',
  kinds,
  async (ok) => {
    await ok.mkfifo('/tmp/p', 0o600);
    return ok.open('/tmp/p', 0o2);
  },
  ['EPERM', 'ENODATA', 0, 1],
);
test('memfd', kinds, (ok) => ok.memfd_create('m', 0), [0, 1, 0, 1]);
test('/proc', kinds, (ok) => ok.open('/proc/self/fd', O_RDONLY), [
  ...['EOPNOTSUPP', 'EOPNOTSUPP'],
  ...['EOPNOTSUPP', 'EOPNOTSUPP'],
]);

test(
  'another user',
  of_file,
  async (libc, ok) => {
    await ok.setxattr('/tmp/f', 'trusted.x', '1', 0);
    await ok.setxattr('/tmp/f', 'security.x', '1', 0);
    await ok.setuid(1000);
    const got: unknown[] = [];
    for (const name of ['user.a', 'trusted.x', 'security.x']) {
      got.push(outcome(libc, await libc.setxattr('/tmp/f', name, '2', 0)), await value(libc, name));
    }
    got.push(outcome(libc, await libc.setxattr('/tmp', 'user.a', '1', 0)));
    return [...got, await names(libc, '/tmp/f')];
  },
  ['EACCES', '1', 'EPERM', 'ENODATA', 'EPERM', '1', 'EPERM', ['user.a', 'security.x']],
  NOT_ASKED,
);
test(
  'a symbolic link has none of a user, and leads to its file',
  of_file,
  async (libc, ok) => {
    await ok.symlink('f', '/tmp/l');
    const got = [outcome(libc, await libc.lsetxattr('/tmp/l', 'user.a', '1', 0))];
    await ok.lsetxattr('/tmp/l', 'trusted.l', '1', 0);
    return [...got, await ok.getxattr('/tmp/l', 'user.a', null), await names(libc, '/tmp/l')];
  },
  ['EPERM', 1, ['trusted.l']],
  NOT_ASKED,
);
test(
  'a second name has the same, and a renamed file keeps them',
  of_file,
  async (libc, ok) => {
    await ok.link('/tmp/f', '/tmp/g');
    await ok.rename('/tmp/f', '/tmp/h');
    return [await names(libc, '/tmp/g'), await names(libc, '/tmp/h')];
  },
  [['user.a'], ['user.a']],
  [[], []],
);
