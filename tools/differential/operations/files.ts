/** Operations on paths, in an empty directory. */
import * as F from '../../../kernel-mock/include/uapi/fcntl.js';
import { type Draw, type Operation } from '../draw.js';
import type { Value } from '../program.js';

const NAMES = [
  'a',
  'b',
  'd',
  'd/a',
  'd/b',
  'l',
  'e',
  'a/',
  'd/',
  '',
  'd/d',
  './a',
  'l/a',
  'x'.repeat(256),
  'none/a',
] as const;

function path(d: Draw): Value {
  d.files = true;
  return d.ptr(d.bytes(NAMES[d.below(NAMES.length)]!));
}

const open: Operation = (d) => {
  const mode = d.of(F.O_RDWR, F.O_RDONLY, F.O_WRONLY, 3);
  const flags =
    F.O_NONBLOCK +
    d.bits(F.O_CREAT, F.O_EXCL, F.O_TRUNC, F.O_APPEND, F.O_CLOEXEC) +
    d.of(0, 0, F.O_DIRECTORY, F.O_NOFOLLOW, F.O_PATH);
  const name = path(d);
  const fd =
    d.below(2) === 0
      ? d.call('openat', [F.AT_FDCWD, name, mode + flags, d.of(0o644, 0o444, 0)])
      : d.call('open', [name, mode + flags, 0o600]);
  d.made(fd, 'file', true);
};

const create: Operation = (d) => {
  d.made(d.call('openat', [F.AT_FDCWD, path(d), F.O_RDWR + F.O_CREAT, 0o644]), 'file', true);
};

const directory: Operation = (d) => {
  d.call('mkdir', [path(d), d.of(0o755, 0o1777, 0)]);
};

const open_directory: Operation = (d) => {
  d.files = true;
  const name = d.ptr(d.bytes(d.of('.', 'd', 'd/d', 'a')));
  d.made(d.call('openat', [F.AT_FDCWD, name, F.O_RDONLY + F.O_DIRECTORY, 0]), 'directory', true);
};

const one_path: Operation = (d) => {
  const name = path(d);
  const calls = [
    () => d.call('unlink', [name]),
    () => d.call('rmdir', [name]),
    () => d.call('truncate', [name, d.of(0, 10, 5000, -1)]),
    () => d.call('access', [name, d.of(0, 4, 2, 1, 8)]),
    () => d.call('chmod', [name, d.of(0o644, 0o4755, 0o7777)]),
    () => d.call('chown', [name, d.of(0, 1, -1), d.of(0, 1, -1)]),
    () => d.call('mknod', [name, d.of(0o010644, 0o100644, 0o140644, 0o040755, 0o170000), 0]),
    () => d.call('unlinkat', [F.AT_FDCWD, name, d.of(0, F.AT_REMOVEDIR, 1)]),
    () => d.call('faccessat', [F.AT_FDCWD, name, d.of(0, 4)]),
  ];
  calls[d.below(calls.length)]!();
};

const two_paths: Operation = (d) => {
  const [from, to] = [path(d), path(d)];
  const calls = [
    () => d.call('rename', [from, to]),
    () => d.call('link', [from, to]),
    () => d.call('symlink', [from, to]),
    () => d.call('renameat2', [F.AT_FDCWD, from, F.AT_FDCWD, to, d.of(0, 1, 2, 3, 8)]),
    () => d.call('linkat', [F.AT_FDCWD, from, F.AT_FDCWD, to, d.of(0, F.AT_SYMLINK_FOLLOW, 1)]),
  ];
  calls[d.below(calls.length)]!();
};

const readlink: Operation = (d) => {
  d.call('readlink', [path(d), d.ptr(d.room(16)), d.of(16, 1, 0, -1)]);
};

/** struct stat: what is the same everywhere are link count, mode, owner and size. */
const stat: Operation = (d) => {
  const at = d.room(144);
  d.mask(at, 16);
  d.mask(at + 40, 8);
  d.mask(at + 56, 88);
  const name = path(d);
  const calls = [
    () => d.call('lstat', [name, d.ptr(at)]),
    () => d.call('stat', [name, d.ptr(at)]),
    () => d.call('fstat', [d.fd('file', 'memfd'), d.ptr(at)]),
  ];
  // The size of a directory is the file system's own.
  if (d.below(2) === 0) d.mask(at + 48, 8);
  calls[d.below(calls.length)]!();
};

const watch: Operation = (d) => {
  const mask = d.of(0xfff, 0x100, 0x2, 0x8, 0) + d.bits(0x0100_0000, 0x8000_0000, 0x2000_0000);
  d.call('inotify_add_watch', [d.fd('inotify'), path(d), mask]);
};

const unwatch: Operation = (d) => {
  d.call('inotify_rm_watch', [d.fd('inotify'), d.of(1, 2, 3, 0, -1)]);
};

const by_descriptor: Operation = (d) => {
  const fd = d.fd('file', 'memfd', 'directory');
  const calls = [
    () => d.call('fchmod', [fd, d.of(0o600, 0o7777)]),
    () => d.call('fchown', [fd, d.of(0, 1, -1), -1]),
    () => d.call('fsync', [fd]),
    () => d.call('fchdir', [d.fd('directory')]),
    () => d.call('fcntl', [fd, F.F_SETLEASE, d.of(F.F_RDLCK, F.F_WRLCK, F.F_UNLCK, 7)]),
  ];
  calls[d.below(calls.length)]!();
};

export const files: readonly Operation[] = [
  ...[
    open,
    open,
    create,
    create,
    create,
    directory,
    open_directory,
    one_path,
    one_path,
    one_path,
    two_paths,
    two_paths,
  ],
  ...[readlink, stat, stat, watch, unwatch, by_descriptor],
];
