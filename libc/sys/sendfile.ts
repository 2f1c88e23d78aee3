/** sys/sendfile.h. */
import { get_u64, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { call_with } from '../internal/call.js';
import type { Thread } from '../internal/thread.js';

/**
 * `sendfile(out_fd, in_fd, &offset, count)`: bytes of a file to any descriptor.
 *
 * @param offset where to begin, moved on; null: the file's own position
 * @returns the number of bytes, or -1 with errno EBADF, EINVAL (`in_fd` is no file, `out_fd` appends), ESPIPE, EAGAIN … sendfile(2).
 */
export async function sendfile(
  this: Thread,
  out_fd: number,
  in_fd: number,
  offset: { value: number } | null,
  count: number,
): Promise<number> {
  if (offset === null) return call_with(this, 'sendfile', out_fd, in_fd, null, count);
  const raw = new Uint8Array(8);
  put_u64(raw, 0, offset.value);
  const ret = await call_with(this, 'sendfile', out_fd, in_fd, raw, count);
  offset.value = get_u64(raw, 0);
  return ret;
}
