/**
 * Route `indirect`: the plain call inside sys_indirect, the flags in `union indirect_params`, packed with their size.
 *
 * The number belongs to timerfd_settime since 2.6.25, so the kernel is asked first, with a call that such a kernel and one
 * without any answer differently. Unknown bits are dropped in silence by the kernel, so the library refuses them, and looks
 * once whether O_NONBLOCK took effect; where it did not, F_SETFL follows: no program can miss that bit by a race.
 */
import { put_u64 } from '../../../kernel-mock/include/uapi/byteorder.js';
import { EFAULT, EINVAL, ENOSYS } from '../../../kernel-mock/include/uapi/errno.js';
import { FD_CLOEXEC, F_GETFD, F_GETFL, F_SETFL, O_NONBLOCK } from '../../../kernel-mock/include/uapi/fcntl.js';
import { indirect_params, indirect_registers_x86_64 } from '../../../kernel-mock/include/uapi/indirect.js';
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from '../../../kernel-mock/include/uapi/socket.js';
import { type DescriptorCall, SOCKET } from '../descriptor_calls.js';
import { type Feature, feature } from '../process.js';
import type { IndirectBlock, Thread } from '../thread.js';
import { made_by } from './legacy.js';
import type { Route } from './route.js';

const REGS = indirect_registers_x86_64;
const PARAMS_SIZE = indirect_params.file_flags.size;

function new_block(t: Thread): IndirectBlock {
  const bytes = new Uint8Array(REGS.size + PARAMS_SIZE);
  return { bytes, view: new DataView(bytes.buffer), base: t.cpu.memory.map(bytes), wide: false };
}

/**
 * A call that sleeps keeps its block, since it reads it again if it is restarted; a signal handler may meanwhile make another
 * indirect call.
 */
async function give_back(t: Thread, block: IndirectBlock, r: Promise<number>): Promise<number> {
  const ret = await r;
  if (t.indirect_block === null) t.indirect_block = block;
  else t.cpu.memory.unmap(block.base);
  return ret;
}

/** Five u64 fields, nearly always 31-bit numbers: their upper halves stay zero from call to call. */
function put_registers(block: IndirectBlock, nr: number, a1: number, a2: number, a3: number, a4: number): void {
  const regs = block.view;
  regs.setInt32(REGS.rax, nr, true);
  regs.setInt32(REGS.rdi, a1, true);
  regs.setInt32(REGS.rsi, a2, true);
  regs.setInt32(REGS.rdx, a3, true);
  regs.setInt32(REGS.r10, a4, true);
  const wide = (a1 | a2 | a3 | a4) < 0 || a1 !== (a1 | 0) || a2 !== (a2 | 0) || a3 !== (a3 | 0) || a4 !== (a4 | 0);
  if (wide || block.wide) put_wide_registers(block.bytes, [a1, a2, a3, a4]);
  block.wide = wide;
}

/** The same with registers of 64 bits. */
function put_wide_registers(regs: Uint8Array, args: readonly number[]): void {
  args.forEach((a, i) => put_u64(regs, REGS.rdi + REGS.slot * i, a));
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
  const block = (t.indirect_block ??= new_block(t));
  const { view, base } = block;
  put_registers(block, call.plain_nr, a1, a2, a3, a4);
  view.setInt32(REGS.size, flags, true);
  const r = t.enter(t.nr.indirect, base, paramslen === 0 ? 0 : base + REGS.size, paramslen);
  if (typeof r === 'number') return r;
  t.indirect_block = null;
  return give_back(t, block, r);
}

/** A call that cannot be made to fail is asked for with parameters that are not there: these are looked at after the white-list. */
async function probe_list(t: Thread, call: DescriptorCall): Promise<1 | -1> {
  if ((await probe_indirect(t, SOCKET)) === -1) return -1;
  const { sp } = t;
  const regs = t.alloca(REGS.size);
  t.store64(regs + REGS.rax, call.plain_nr);
  const ret = await t.enter(t.nr.indirect, regs, 0, PARAMS_SIZE);
  t.leave(sp);
  return ret === -EFAULT ? 1 : -1;
}

/** Does this kernel take the plain call inside indirect? Asked with a call that fails in it, and makes nothing. */
export async function probe_indirect(t: Thread, call: DescriptorCall): Promise<1 | -1> {
  if (t.cpu.has_indirect === false) return -1;
  if (call.probe === null) return probe_list(t, call);
  const [a1, errno] = call.probe;
  return (await indirect_call(t, call, 0, 0, a1, 0, 0, 0)) === -errno ? 1 : -1;
}

/** The descriptors are there: did O_NONBLOCK arrive? If not, set it. */
async function finish_nonblock(t: Thread, f: Feature, fds: readonly number[]): Promise<void> {
  if (f.indirect_nonblock === 0) {
    const got = await t.enter(t.nr.fcntl, fds[0], F_GETFL);
    f.indirect_nonblock = (got & O_NONBLOCK) !== 0 ? 1 : -1;
    if (f.indirect_nonblock === 1) f.indirect_carries |= SOCK_NONBLOCK;
  }
  if (f.indirect_nonblock === -1) for (const fd of fds) await t.enter(t.nr.fcntl, fd, F_SETFL, O_NONBLOCK);
}

/**
 * A kernel without a white-list takes any call, and drops the flags of those that do not look at them. Seen once: the route
 * does not carry them, and what was made is closed again.
 */
async function dropped_cloexec(t: Thread, f: Feature, fds: readonly number[]): Promise<boolean> {
  const got = await t.enter(t.nr.fcntl, fds[0], F_GETFD);
  if ((got & FD_CLOEXEC) !== 0) {
    f.indirect_carries |= SOCK_CLOEXEC;
    return false;
  }
  f.indirect = -1;
  for (const fd of fds) await t.enter(t.nr.close, fd);
  return true;
}

const slow: Route = async (t, call, flags, a1, a2, a3, a4) => {
  if ((flags & ~call.flags) !== 0) return -EINVAL;
  const f = feature(t.process, call);
  if (f.indirect === 0) f.indirect = await probe_indirect(t, call);
  if (f.indirect === -1) return -ENOSYS;
  // A call that fails in it on purpose is on its white-list, and heeds close-on-exec.
  if (call.probe !== null) f.indirect_carries |= SOCK_CLOEXEC;
  const ret = await indirect_call(t, call, flags, PARAMS_SIZE, a1, a2, a3, a4);
  const unsure = (flags & SOCK_CLOEXEC & ~f.indirect_carries) !== 0;
  if (ret >= 0 && unsure && (await dropped_cloexec(t, f, made_by(t, call, ret, a1, a4)))) return -ENOSYS;
  if (ret >= 0 && (flags & SOCK_NONBLOCK) !== 0) await finish_nonblock(t, f, made_by(t, call, ret, a1, a4));
  return ret;
};

export const indirect: Route = (t, call, flags, a1, a2, a3, a4) =>
  (flags & ~feature(t.process, call).indirect_carries) === 0
    ? indirect_call(t, call, flags, PARAMS_SIZE, a1, a2, a3, a4)
    : slow(t, call, flags, a1, a2, a3, a4);
