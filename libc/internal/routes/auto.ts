/**
 * Route `auto`: learns by errno what the kernel below can do, as glibc does: for each function by itself, once in a process,
 * with three states. Dedicated first, then indirect, then legacy. The kernel is never asked who it is.
 */
import { ENOSYS } from '../../../kernel-mock/include/uapi/errno.js';
import { feature } from '../process.js';
import { dedicated } from './dedicated.js';
import { indirect, probe_indirect } from './indirect.js';
import { legacy } from './legacy.js';
import type { Route } from './route.js';

const learn: Route = async (t, call, flags, a1, a2, a3, a4) => {
  const f = feature(t.process, call.name);
  if (f.dedicated === 0) {
    const ret = await dedicated(t, call, flags, a1, a2, a3, a4);
    if (ret !== -call.absent) {
      if (ret >= 0 || ret !== -call.early) f.dedicated = 1;
      return ret;
    }
    if (call.absent === ENOSYS) f.dedicated = -1;
  }
  if (f.indirect === 0) f.indirect = await probe_indirect(t, call);
  const route = f.indirect === 1 ? indirect : legacy;
  const ret = await route(t, call, flags, a1, a2, a3, a4);
  // EINVAL from the plain call too: the arguments were bad, and nothing is known about the flags.
  if (f.dedicated === 0 && ret !== -call.absent) f.dedicated = -1;
  return ret;
};

export const auto: Route = (t, call, flags, a1, a2, a3, a4) => {
  const f = feature(t.process, call.name);
  if (f.dedicated === 1 || (flags & ~call.flags) !== 0) return dedicated(t, call, flags, a1, a2, a3, a4);
  if (f.dedicated === 0 || f.indirect === 0) return learn(t, call, flags, a1, a2, a3, a4);
  return (f.indirect === 1 ? indirect : legacy)(t, call, flags, a1, a2, a3, a4);
};
