/**
 * Route `auto`: learns by errno what the kernel below can do, as glibc does: for each function by itself, once in a process,
 * with three states. Dedicated first, then indirect, then legacy. The kernel is never asked who it is.
 */
import { ENOSYS } from '../../../kernel-mock/include/uapi/errno.js';
import { FD_CLOEXEC, F_GETFD } from '../../../kernel-mock/include/uapi/fcntl.js';
import type { DescriptorCall } from '../descriptor_calls.js';
import { type Feature, feature } from '../process.js';
import type { Thread } from '../thread.js';
import { dedicated } from './dedicated.js';
import { indirect, probe_indirect } from './indirect.js';
import { legacy, mark } from './legacy.js';
import type { Route } from './route.js';

/** Did the flags of `fd` take effect? As glibc does for O_CLOEXEC: looked at once, and made good by F_SETFD where they did not. */
async function verify(t: Thread, call: DescriptorCall, f: Feature, fd: number, flags: number): Promise<number> {
  f.dedicated = ((await t.enter(t.nr.fcntl, fd, F_GETFD)) & FD_CLOEXEC) !== 0 ? 1 : -1;
  if (f.dedicated === 1) return fd;
  const err = await mark(t, [fd], flags & call.flags);
  return err < 0 ? err : fd;
}

const learn: Route = async (t, call, flags, a1, a2, a3, a4) => {
  const f = feature(t.process, call);
  const { memory } = t.cpu;
  if (f.dedicated === 0) {
    const ret = await dedicated(t, call, flags, a1, a2, a3, a4);
    memory.touch?.(call.name, true);
    if (call.absent === 0) return ret < 0 ? ret : verify(t, call, f, ret, flags);
    if (ret !== -call.absent) {
      if (ret >= 0 || ret !== -call.early) f.dedicated = 1;
      return ret;
    }
    if (call.absent === ENOSYS) f.dedicated = -1;
  }
  memory.touch?.(call.name, true);
  if (f.indirect === 0) f.indirect = await probe_indirect(t, call);
  memory.touch?.(call.name, true);
  let ret = -ENOSYS;
  if (f.indirect === 1) ret = await indirect(t, call, flags, a1, a2, a3, a4);
  // It may have found that the kernel takes the call, but drops the flags.
  if (ret === -ENOSYS) ret = await legacy(t, call, flags, a1, a2, a3, a4);
  memory.touch?.(call.name, true);
  // EINVAL from the plain call too: the arguments were bad, and nothing is known about the flags.
  if (f.dedicated === 0 && ret !== -call.absent) f.dedicated = -1;
  return ret;
};

export const auto: Route = (t, call, flags, a1, a2, a3, a4) => {
  const f = feature(t.process, call);
  // What one thread has learned changes what the next one calls.
  t.cpu.memory.touch?.(call.name, false);
  if (f.dedicated === 1 || (flags & ~call.flags) !== 0) return dedicated(t, call, flags, a1, a2, a3, a4);
  if (f.dedicated === -1 && (flags & ~f.indirect_carries) === 0) return indirect(t, call, flags, a1, a2, a3, a4);
  if (f.dedicated === -1 && f.indirect === -1) return legacy(t, call, flags, a1, a2, a3, a4);
  return learn(t, call, flags, a1, a2, a3, a4);
};
