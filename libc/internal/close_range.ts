/** Closing a whole range of descriptors, with what older kernels have instead of close_range (5.9). */
import { ENOSYS } from '../../kernel-mock/include/uapi/errno.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { RLIMIT_NOFILE } from '../../kernel-mock/include/uapi/resource.js';
import { get_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import type { Thread } from './thread.js';

/** Close `from` and everything above. 0 or -errno. */
export async function close_range(t: Thread, from: number): Promise<number> {
  const ret = await t.enter(t.nr.close_range, from, 0xffffffff, 0);
  if (ret !== -ENOSYS) return ret;
  const raw = new Uint8Array(layout_x86_64.rlimit.size);
  const ptr = t.map(raw);
  await t.enter(t.nr.getrlimit, RLIMIT_NOFILE, ptr);
  t.unmap(ptr);
  const end = get_u64(raw, layout_x86_64.rlimit.rlim_cur);
  for (let fd = from; fd < end; fd++) await t.enter(t.nr.close, fd);
  return 0;
}
