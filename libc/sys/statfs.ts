/** sys/statfs.h: what a file system is. */
import { get_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { type Path, c_string, call_with } from '../internal/call.js';
import { want_object } from '../internal/describe.js';
import type { Thread } from '../internal/thread.js';

const STATFS = layout_x86_64.statfs;
const FIELDS = [
  'f_type',
  'f_bsize',
  'f_blocks',
  'f_bfree',
  'f_bavail',
  'f_files',
  'f_ffree',
  'f_namelen',
  'f_frsize',
  'f_flags',
] as const;

export type Statfs = Record<(typeof FIELDS)[number], number>;

function fill(buf: Partial<Statfs>, raw: Uint8Array): void {
  for (const field of FIELDS) buf[field] = get_u64(raw, STATFS[field]);
}

/** `statfs(path, &buf)`: the walk's errors. statfs(2). */
export async function statfs(this: Thread, path: Path, buf: Partial<Statfs>): Promise<number> {
  want_object(buf, 'buf is { }, to be filled in');
  const raw = new Uint8Array(STATFS.size);
  const ret = await call_with(this, 'statfs', c_string(path), raw);
  if (ret === 0) fill(buf, raw);
  return ret;
}

/** `fstatfs(fd, &buf)`: EBADF. statfs(2). */
export async function fstatfs(this: Thread, fd: number, buf: Partial<Statfs>): Promise<number> {
  want_object(buf, 'buf is { }, to be filled in');
  const raw = new Uint8Array(STATFS.size);
  const ret = await call_with(this, 'fstatfs', fd, raw);
  if (ret === 0) fill(buf, raw);
  return ret;
}
