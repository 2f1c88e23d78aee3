/**
 * Route `legacy`: make the descriptor, then mark it with fcntl. Between the two another thread can fork and exec: the racy
 * way, and the only one before November 2007.
 */
import { EINVAL } from '../../../kernel-mock/include/uapi/errno.js';
import { FD_CLOEXEC, F_SETFD, F_SETFL, O_NONBLOCK } from '../../../kernel-mock/include/uapi/fcntl.js';
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from '../../../kernel-mock/include/uapi/socket.js';
import type { DescriptorCall } from '../descriptor_calls.js';
import type { Thread } from '../thread.js';
import type { Route } from './route.js';

/** The descriptors that a call has made. */
export function made_by(t: Thread, call: DescriptorCall, ret: number, a1: number, a4: number): number[] {
  if (call.vector_arg === 0) return [ret];
  const sv = call.vector_arg === 1 ? a1 : a4;
  return [t.load_s32(sv), t.load_s32(sv + 4)];
}

/** Mark `fds` by fcntl: 0, or -errno with all of them closed again. */
export async function mark(t: Thread, fds: readonly number[], flags: number): Promise<number> {
  let err = 0;
  for (const fd of fds) {
    if ((flags & SOCK_CLOEXEC) !== 0 && err === 0) err = await t.enter(t.nr.fcntl, fd, F_SETFD, FD_CLOEXEC);
    if ((flags & SOCK_NONBLOCK) !== 0 && err === 0) err = await t.enter(t.nr.fcntl, fd, F_SETFL, O_NONBLOCK);
  }
  if (err < 0) for (const fd of fds) await t.enter(t.nr.close, fd);
  return err;
}

export const legacy: Route = async (t, call, flags, a1, a2, a3, a4) => {
  if ((flags & ~call.flags) !== 0) return -EINVAL;
  const ret = await t.enter(call.plain_nr, a1, a2, a3, a4);
  if (ret < 0) return ret;
  const err = await mark(t, made_by(t, call, ret, a1, a4), flags);
  return err < 0 ? err : ret;
};
