/**
 * sys_indirect: a system call inside a system call, with parameters that its registers have no room for (kernel/indirect.c of
 * the patches that Ulrich Drepper posted in November 2007; never merged).
 */
import type { Area } from '../include/linux/mm.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import { EFAULT, EINVAL, ENOSYS } from '../include/uapi/errno.js';
import { indirect_params, indirect_registers_x86_64 as indirect_registers } from '../include/uapi/indirect.js';
import { NR } from '../include/uapi/unistd.js';
import { get_s32 } from '../lib/bytes.js';
import { area_view, find_vma } from '../mm/mmap.js';
import { size_t } from '../mm/uaccess.js';

/**
 * `file_flags.flags` of the indirect call that runs now, as far as this release heeds them inside its call; 0 in an ordinary
 * call. Linux: INDIRECT_PARAM(file_flags, flags).
 */
export function indirect_file_flags(task: Task): number {
  return task.indirect_params;
}

function* clear_after(task: Task, sleep: Sleep): Sleep {
  try {
    return yield* sleep;
  } finally {
    task.indirect_params = 0;
  }
}

/** The flags of a block of `n` bytes, which often stands beside the registers: what it leaves out is zero. -EFAULT. */
function get_file_flags(task: Task, regs: Area, userparams: number, n: number, heeds: number): number {
  const beside = userparams - regs.start;
  const inside = beside === (beside | 0) && beside >= 0 && beside + n <= regs.bytes.length;
  const area = inside ? regs : find_vma(task.mm, userparams, n);
  if (area === null) return -EFAULT;
  const { bytes } = area;
  const { size, flags } = indirect_params.file_flags;
  const o = userparams - area.start + flags;
  if (n >= size) return get_s32(bytes, o) & heeds;
  let short = 0;
  for (let i = 0; i < n; i++) short |= bytes[o + i]! << (8 * i);
  return short & heeds;
}

/**
 * One u64 of struct indirect_registers. Signed, so that -1 comes out as -1: as an unsigned number it would be rounded, and
 * lose its low half.
 */
function get_register(regs: DataView, o: number): number {
  const lo = regs.getInt32(o, true);
  return regs.getInt32(o + 4, true) === lo >> 31 ? lo : get_wide_register(regs, o);
}

function get_wide_register(regs: DataView, o: number): number {
  return regs.getUint32(o, true) + regs.getInt32(o + 4, true) * 0x1_0000_0000;
}

/**
 * `indirect(regs, params, paramslen[, flags])`: copy `paramslen` bytes of parameters into the task, run the call that `regs`
 * describes, zero the copy on every way out. What is copied is the only field that any call reads: Linux copies the block.
 *
 * @param userregs struct indirect_registers: the number at full width, six registers
 * @param userparams union indirect_params; not looked at if `paramslen` is 0
 * @returns what the inner call returns; -EINVAL (flags, from v4 on), -EFAULT (registers), -EINVAL (number not on the
 *          white-list, or indirect itself), -EINVAL (block too large), -EFAULT (parameters)
 * Sleeps where the inner call sleeps; a restart after a signal reads both blocks again.
 *
 * DEVIATION: the code of v1 is lost; that a number outside the table gives -ENOSYS there is our reading.
 */
export function sys_indirect(
  task: Task,
  userregs: number,
  userparams: number,
  paramslen: number,
  flags: number,
): Result {
  const { kernel } = task;
  const facts = kernel.release.indirect!;
  if (facts.args === 4 && (flags | 0) !== 0) return -EINVAL;

  const area = find_vma(task.mm, userregs, indirect_registers.size);
  if (area === null) return -EFAULT;
  const regs = area_view(area);
  const at = userregs - area.start;
  const nr = get_register(regs, at);
  const heeds = kernel.indirect_calls[nr];
  if (facts.whitelisted ? heeds === undefined : nr === NR.indirect) return -EINVAL;

  const n = size_t(paramslen);
  if (n > facts.params_size) return -EINVAL;
  if (n > 0) {
    const file_flags = get_file_flags(task, area, userparams, n, heeds ?? 0);
    if (file_flags < 0) return file_flags;
    task.indirect_params = file_flags;
  }

  const handler = kernel.sys_call_table[nr];
  let ret: Result = -ENOSYS;
  if (handler !== undefined)
    ret = handler(
      task,
      get_register(regs, at + 8),
      get_register(regs, at + 16),
      get_register(regs, at + 24),
      get_register(regs, at + 32),
      get_register(regs, at + 40),
      get_register(regs, at + 48),
    );
  if (typeof ret !== 'number') return clear_after(task, ret);
  task.indirect_params = 0;
  return ret;
}
