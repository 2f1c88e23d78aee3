/**
 * Route `indirect`: the plain call inside sys_indirect, the flags in `union indirect_params`, packed with their size.
 *
 * The number belongs to timerfd_settime since 2.6.25, so the kernel is asked first, with a call that such a kernel and one
 * without any answer differently. Unknown bits are dropped in silence by the kernel, so the library refuses them, and looks
 * once whether O_NONBLOCK took effect; where it did not, F_SETFL follows: no program can miss that bit by a race.
 */
import { EINVAL, ENOSYS } from '../../../kernel-mock/include/uapi/errno.js';
import { F_GETFL, F_SETFL, O_NONBLOCK } from '../../../kernel-mock/include/uapi/fcntl.js';
import { indirect_params, indirect_registers_x86_64 } from '../../../kernel-mock/include/uapi/indirect.js';
import { SOCK_NONBLOCK } from '../../../kernel-mock/include/uapi/socket.js';
import type { DescriptorCall } from '../descriptor_calls.js';
import { type Feature, feature } from '../process.js';
import type { Thread } from '../thread.js';
import { made_by } from './legacy.js';
import type { Route } from './route.js';

const REGS = indirect_registers_x86_64;
const PARAMS_SIZE = indirect_params.file_flags.size;

async function leave_after(t: Thread, sp: number, r: Promise<number>): Promise<number> {
  const ret = await r;
  t.leave(sp);
  return ret;
}

/** indirect({plain call}, {file_flags: {flags}}, `paramslen`, 0). */
function indirect_call(
  t: Thread,
  call: DescriptorCall,
  flags: number,
  paramslen: number,
  a1: number,
  a2: number,
  a3: number,
  a4: number,
): number | Promise<number> {
  const { sp } = t;
  const regs = t.alloca(REGS.size + PARAMS_SIZE);
  const params = regs + REGS.size;
  t.store_registers(regs, t.nr[call.plain], a1, a2, a3, a4);
  t.store32(params, flags);
  const r = t.enter(t.nr.indirect, regs, paramslen === 0 ? 0 : params, paramslen);
  if (typeof r !== 'number') return leave_after(t, sp, r);
  t.leave(sp);
  return r;
}

/** Does this kernel take the plain call inside indirect? Asked with a call that fails in it, and makes nothing. */
export async function probe_indirect(t: Thread, call: DescriptorCall): Promise<1 | -1> {
  const [a1, errno] = call.probe;
  return (await indirect_call(t, call, 0, 0, a1, 0, 0, 0)) === -errno ? 1 : -1;
}

/** The descriptors are there: did O_NONBLOCK arrive? If not, set it. */
async function finish_nonblock(t: Thread, f: Feature, fds: readonly number[]): Promise<void> {
  if (f.indirect_nonblock === 0) {
    const got = await t.enter(t.nr.fcntl, fds[0], F_GETFL);
    f.indirect_nonblock = (got & O_NONBLOCK) !== 0 ? 1 : -1;
  }
  if (f.indirect_nonblock === -1) for (const fd of fds) await t.enter(t.nr.fcntl, fd, F_SETFL, O_NONBLOCK);
}

const slow: Route = async (t, call, flags, a1, a2, a3, a4) => {
  const f = feature(t.process, call.name);
  if (f.indirect === 0) f.indirect = await probe_indirect(t, call);
  if (f.indirect === -1) return -ENOSYS;
  const ret = await indirect_call(t, call, flags, PARAMS_SIZE, a1, a2, a3, a4);
  if (ret >= 0 && (flags & SOCK_NONBLOCK) !== 0) await finish_nonblock(t, f, made_by(t, call, ret, a4));
  return ret;
};

export const indirect: Route = (t, call, flags, a1, a2, a3, a4) => {
  if ((flags & ~call.flags) !== 0) return -EINVAL;
  const f = feature(t.process, call.name);
  if (f.indirect === 1 && ((flags & SOCK_NONBLOCK) === 0 || f.indirect_nonblock === 1))
    return indirect_call(t, call, flags, PARAMS_SIZE, a1, a2, a3, a4);
  return slow(t, call, flags, a1, a2, a3, a4);
};
