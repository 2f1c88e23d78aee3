/** clone3: clone with its arguments in a structure that can grow (kernel/fork.c). */
import type { Result, Task } from '../include/linux/sched.js';
import { E2BIG, EFAULT, EINVAL } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import {
  CLONE_CLEAR_SIGHAND,
  CLONE_DETACHED,
  CLONE_INTO_CGROUP,
  CLONE_PARENT,
  CLONE_SIGHAND,
  CLONE_THREAD,
  CSIGNAL,
} from '../include/uapi/sched.js';
import { get_u32, get_u64 } from '../lib/bytes.js';
import { find_vma } from '../mm/mmap.js';
import { size_t } from '../mm/uaccess.js';
import { type CloneArgs, kernel_clone } from './fork.js';
import { NSIG } from './sigset.js';

const ARGS = layout_x86_64.clone_args;
/** Linux: CLONE_ARGS_SIZE_VER0, the structure of 5.3. */
const SIZE_VER0 = 64;
const PAGE_SIZE = 4096;

/** The members as numbers; what a shorter structure leaves out is 0. -EINVAL, -E2BIG, -EFAULT. Linux: copy_clone_args_from_user. */
function copy_clone_args(task: Task, uargs: number, usize: number): Uint8Array | number {
  const size = size_t(usize);
  if (size > PAGE_SIZE) return -E2BIG;
  if (size < SIZE_VER0) return -EINVAL;
  const area = find_vma(task.mm, uargs, size);
  if (area === null) return -EFAULT;
  const at = uargs - area.start;
  for (let i = ARGS.size; i < size; i++) if (area.bytes[at + i] !== 0) return -E2BIG;
  const raw = new Uint8Array(ARGS.size);
  raw.set(area.bytes.subarray(at, at + Math.min(size, ARGS.size)));
  return raw;
}

/**
 * Linux: clone3_args_valid. DEVIATION: nobody chooses thread ids (set_tid) here, and there are no control groups: -EINVAL, as
 * from a kernel that is built without them.
 */
function args_of(raw: Uint8Array): CloneArgs | number {
  const member = (o: number): number => get_u64(raw, o);
  const flags = get_u32(raw, ARGS.flags) | 0;
  const clear_sighand = (get_u32(raw, ARGS.flags + 4) & (CLONE_CLEAR_SIGHAND / 2 ** 32)) !== 0;
  const exit_signal = member(ARGS.exit_signal);
  if (exit_signal > CSIGNAL || exit_signal > NSIG) return -EINVAL;
  if (member(ARGS.set_tid) !== 0 || member(ARGS.set_tid_size) !== 0) return -EINVAL;
  const unknown = member(ARGS.flags) >= CLONE_INTO_CGROUP || (flags & (CLONE_DETACHED | CSIGNAL)) !== 0;
  if (unknown || (clear_sighand && (flags & CLONE_SIGHAND) !== 0)) return -EINVAL;
  if ((flags & (CLONE_THREAD | CLONE_PARENT)) !== 0 && exit_signal !== 0) return -EINVAL;
  const stack = member(ARGS.stack);
  const stack_size = member(ARGS.stack_size);
  if ((stack === 0) !== (stack_size === 0)) return -EINVAL;
  return {
    flags,
    exit_signal,
    clear_sighand,
    stack: stack + stack_size,
    ptid: member(ARGS.parent_tid),
    ctid: member(ARGS.child_tid),
    pidfd: member(ARGS.pidfd),
  };
}

/**
 * `clone3(args, size)` (5.3).
 *
 * @returns as clone; -E2BIG (a page, or members that nobody knows), -EINVAL (too small), -EFAULT, -EINVAL (members). clone(2).
 */
export function sys_clone3(task: Task, uargs: number, size: number): Result {
  const raw = copy_clone_args(task, uargs, size);
  if (typeof raw === 'number') return raw;
  const args = args_of(raw);
  return typeof args === 'number' ? args : kernel_clone(task, args);
}
