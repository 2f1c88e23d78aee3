/** The stack for handlers (kernel/signal.c do_sigaltstack). Kept and given back: handlers run on the host's own stack. */
import type { SigAltStack, Task } from '../include/linux/sched.js';
import { EFAULT, EINVAL, ENOMEM } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { MINSIGSTKSZ, SS_AUTODISARM, SS_DISABLE, SS_ONSTACK } from '../include/uapi/signal.js';
import { get_u32, get_u64, put_u32, put_u64 } from '../lib/bytes.js';
import { find_vma } from '../mm/mmap.js';

const { size: SIZE, ss_sp: SS_SP, ss_flags: SS_FLAGS, ss_size: SS_SIZE } = layout_x86_64.stack_t;

/** -EFAULT, -EINVAL (flags), -ENOMEM (too small). */
function get_stack(task: Task, uss: number): SigAltStack | number {
  const area = find_vma(task.mm, uss, SIZE);
  if (area === null) return -EFAULT;
  const at = uss - area.start;
  const flags = get_u32(area.bytes, at + SS_FLAGS);
  const known = task.kernel.release.ss_autodisarm ? SS_AUTODISARM : 0;
  const mode = (flags & ~known) >>> 0;
  if (mode !== SS_DISABLE && mode !== SS_ONSTACK && mode !== 0) return -EINVAL;
  if (mode === SS_DISABLE) return { sp: 0, size: 0, flags };
  const size = get_u64(area.bytes, at + SS_SIZE);
  return size < MINSIGSTKSZ ? -ENOMEM : { sp: get_u64(area.bytes, at + SS_SP), size, flags };
}

/** `sigaltstack(ss, old_ss)`. -EFAULT, -EINVAL (flags), -ENOMEM (too small), -EFAULT (old). sigaltstack(2). */
export function sys_sigaltstack(task: Task, uss: number, uoss: number): number {
  const old = task.sas;
  if (uss !== 0) {
    const stack = get_stack(task, uss);
    if (typeof stack === 'number') return stack;
    task.sas = stack;
  }
  if (uoss === 0) return 0;
  const area = find_vma(task.mm, uoss, SIZE);
  if (area === null) return -EFAULT;
  const at = uoss - area.start;
  const autodisarm = old === null ? 0 : (old.flags & SS_AUTODISARM) >>> 0;
  put_u64(area.bytes, at + SS_SP, old?.sp ?? 0);
  put_u32(area.bytes, at + SS_FLAGS, ((old === null || old.size === 0 ? SS_DISABLE : 0) | autodisarm) >>> 0);
  put_u32(area.bytes, at + SS_FLAGS + 4, 0);
  put_u64(area.bytes, at + SS_SIZE, old?.size ?? 0);
  return 0;
}
