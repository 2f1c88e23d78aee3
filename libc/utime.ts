/** utime.h. */
import { put_u64 } from '../kernel-mock/include/uapi/byteorder.js';
import { type Path, c_string, call_with } from './internal/call.js';
import { want_number, want_object } from './internal/describe.js';
import type { Thread } from './internal/thread.js';

/** struct utimbuf. */
export interface Utimbuf {
  actime: number;
  modtime: number;
}

/** `utime(path, times)`: seconds of access and modification; null: now. ENOENT …, EACCES, EPERM. utime(2). */
export async function utime(this: Thread, path: Path, times: Utimbuf | null): Promise<number> {
  if (times === null) return call_with(this, 'utime', c_string(path), null);
  want_object(times, 'times is { actime, modtime } or null');
  want_number(times.actime, 'actime');
  want_number(times.modtime, 'modtime');
  const raw = new Uint8Array(16);
  put_u64(raw, 0, times.actime);
  put_u64(raw, 8, times.modtime);
  return call_with(this, 'utime', c_string(path), raw);
}
