// openat2: what it refuses and how it walks, as Linux 6.18 answers.
import test from 'ava';
import {
  AT_FDCWD,
  O_CREAT,
  O_LARGEFILE,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_TRUNC,
  RESOLVE_BENEATH,
  RESOLVE_CACHED,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../../kernel-mock/include/uapi/index.js';
import { answers } from '../facts.js';

const FD = 3;
for (const [what, path, flags, resolve, expected, size, mode] of [
  ['O_LARGEFILE', '/tmp', O_LARGEFILE, 0, FD, 24, 0],
  ['O_PATH with O_LARGEFILE', '/tmp', O_PATH | O_LARGEFILE, 0, 'EINVAL', 24, 0],
  ['O_PATH with O_CREAT', '/tmp', O_PATH | O_CREAT, 0, 'EINVAL', 24, 0],
  ['flags beyond 32 bits', '/tmp', 2 ** 32, 0, 'EINVAL', 24, 0],
  ['a mode without O_CREAT', '/tmp', O_RDONLY, 0, 'EINVAL', 24, 0o600],
  ['a mode that is none', '/tmp/no/f', O_CREAT, 0, 'EINVAL', 24, 0o10000],
  ['a structure too small', '/tmp', O_RDONLY, 0, 'EINVAL', 23, 0],
  ['a structure of a page', '/tmp', O_RDONLY, 0, FD, 4096, 0],
  ['a structure beyond a page', '/tmp', O_RDONLY, 0, 'E2BIG', 4097, 0],
  ['RESOLVE_BENEATH and _IN_ROOT', '/tmp', O_RDONLY, RESOLVE_BENEATH | RESOLVE_IN_ROOT, 'EINVAL', 24, 0],
  ['RESOLVE_BENEATH: ..', '..', O_RDONLY, RESOLVE_BENEATH, 'EXDEV', 24, 0],
  ['RESOLVE_BENEATH: /', '/', O_RDONLY, RESOLVE_BENEATH, 'EXDEV', 24, 0],
  ['RESOLVE_IN_ROOT: ..', '..', O_RDONLY, RESOLVE_IN_ROOT, FD, 24, 0],
  ['RESOLVE_CACHED with O_TRUNC', '/tmp', O_TRUNC, RESOLVE_CACHED, 'EAGAIN', 24, 0],
  ['RESOLVE_NO_XDEV', '/proc', O_RDONLY, RESOLVE_NO_XDEV, 'EXDEV', 24, 0],
  ['RESOLVE_NO_MAGICLINKS', '/proc/self/fd/0', O_PATH, RESOLVE_NO_MAGICLINKS, 'ELOOP', 24, 0],
  ['RESOLVE_NO_SYMLINKS', '/proc/self', O_RDONLY, RESOLVE_NO_SYMLINKS, 'ELOOP', 24, 0],
  ['RESOLVE_NO_SYMLINKS: the link itself', '/proc/self', O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS, FD, 24, 0],
] as const)
  test(
    what,
    answers,
    (libc) => libc.openat2(AT_FDCWD, path, { flags, mode, resolve }, size),
    (release) => (release.calls.has('openat2') ? expected : 'ENOSYS'),
  );
