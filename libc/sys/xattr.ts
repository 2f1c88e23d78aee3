/** sys/xattr.h: what a file carries along beside its contents, by name. A path is text, its bytes or null. */
import { type Path, c_string, call_with } from '../internal/call.js';
import { to_bytes } from '../internal/text.js';
import type { Thread } from '../internal/thread.js';

type Value = Uint8Array | string | null;

/** The three calls that set a value: they differ in how they are told of the file. */
function set(
  t: Thread,
  call: 'setxattr' | 'lsetxattr' | 'fsetxattr',
  file: Parameters<typeof call_with>[2],
  name: Path,
  value: Value,
  flags: number,
  size?: number,
): Promise<number> {
  const raw = value === null ? null : to_bytes(value);
  return call_with(t, call, file, c_string(name), raw, size ?? raw?.length ?? 0, flags);
}

/**
 * `setxattr(path, name, value, size, flags)`: here `value` is a text or bytes, and `size` what it has unless it is given.
 *
 * @param name  'user.…', 'trusted.…' or 'security.…'
 * @param flags XATTR_CREATE (EEXIST), XATTR_REPLACE (ENODATA)
 * @returns 0; -1 with errno EINVAL (flags), ERANGE (name), EFAULT, E2BIG, ENOENT …, EPERM, EACCES, EOPNOTSUPP. setxattr(2).
 */
export async function setxattr(
  this: Thread,
  path: Path,
  name: Path,
  value: Value,
  flags: number,
  size?: number,
): Promise<number> {
  return set(this, 'setxattr', c_string(path), name, value, flags, size);
}

/** `lsetxattr(path, name, value, size, flags)`: of a symbolic link itself. setxattr(2). */
export async function lsetxattr(
  this: Thread,
  path: Path,
  name: Path,
  value: Value,
  flags: number,
  size?: number,
): Promise<number> {
  return set(this, 'lsetxattr', c_string(path), name, value, flags, size);
}

/** `fsetxattr(fd, name, value, size, flags)`. EBADF. setxattr(2). */
export async function fsetxattr(
  this: Thread,
  fd: number,
  name: Path,
  value: Value,
  flags: number,
  size?: number,
): Promise<number> {
  return set(this, 'fsetxattr', fd, name, value, flags, size);
}

/**
 * `getxattr(path, name, value, size)`: the value of an attribute into `value`, whose length is the size; null only asks how long it is.
 *
 * @returns its length; -1 with errno ERANGE (`value` is too small), ENODATA, EOPNOTSUPP, ENOENT …. getxattr(2).
 */
export async function getxattr(this: Thread, path: Path, name: Path, value: Uint8Array | null): Promise<number> {
  return call_with(this, 'getxattr', c_string(path), c_string(name), value, value?.length ?? 0);
}

export async function lgetxattr(this: Thread, path: Path, name: Path, value: Uint8Array | null): Promise<number> {
  return call_with(this, 'lgetxattr', c_string(path), c_string(name), value, value?.length ?? 0);
}

export async function fgetxattr(this: Thread, fd: number, name: Path, value: Uint8Array | null): Promise<number> {
  return call_with(this, 'fgetxattr', fd, c_string(name), value, value?.length ?? 0);
}

/** `listxattr(path, list, size)`: the names, each with a zero behind it; null only asks how long they are. ERANGE. listxattr(2). */
export async function listxattr(this: Thread, path: Path, list: Uint8Array | null): Promise<number> {
  return call_with(this, 'listxattr', c_string(path), list, list?.length ?? 0);
}

export async function llistxattr(this: Thread, path: Path, list: Uint8Array | null): Promise<number> {
  return call_with(this, 'llistxattr', c_string(path), list, list?.length ?? 0);
}

export async function flistxattr(this: Thread, fd: number, list: Uint8Array | null): Promise<number> {
  return call_with(this, 'flistxattr', fd, list, list?.length ?? 0);
}

/** `removexattr(path, name)`. ENODATA, EPERM, EOPNOTSUPP. removexattr(2). */
export async function removexattr(this: Thread, path: Path, name: Path): Promise<number> {
  return call_with(this, 'removexattr', c_string(path), c_string(name));
}

export async function lremovexattr(this: Thread, path: Path, name: Path): Promise<number> {
  return call_with(this, 'lremovexattr', c_string(path), c_string(name));
}

export async function fremovexattr(this: Thread, fd: number, name: Path): Promise<number> {
  return call_with(this, 'fremovexattr', fd, c_string(name));
}
