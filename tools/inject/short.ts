/** Short reads and writes: the call is made for fewer bytes than the program asks for. */
import type { Task } from '../../kernel-mock/include/linux/sched.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import { get_user_u64, put_user_u64 } from '../../kernel-mock/mm/uaccess.js';
import { counts_of } from './registers.js';
import { ARGS, arg } from './select.js';

/** Eight bytes of user memory that are put back when the call is over. */
export interface Patch {
  readonly ptr: number;
  readonly value: number;
}

function patch(task: Task, ptr: number, value: number, patches: Patch[]): void {
  patches.push({ ptr, value: get_user_u64(task.mm, ptr) });
  put_user_u64(task.mm, ptr, value);
}

/**
 * Cut the vector at `vec` of `count` buffers to `limit` bytes: answers with how many buffers are left, the last one shortened in place;
 * null: it is not longer, or not readable.
 */
function cut_vector(task: Task, vec: number, count: number, limit: number, patches: Patch[]): number | null {
  const { size, iov_len } = layout_x86_64.iovec;
  let left = limit;
  for (let i = 0; i < count; i++) {
    const at = vec + i * size + iov_len;
    const length = get_user_u64(task.mm, at);
    if (length < 0) return null;
    if (length > left) {
      patch(task, at, left, patches);
      return i + 1;
    }
    left -= length;
  }
  return null;
}

/** Let the call that `task` is in transfer `limit` bytes at most. What changes in memory is noted in `patches`. False: it wants no more. */
export function cut_short(task: Task, name: CallName, limit: number, patches: Patch[]): boolean {
  const counts = counts_of(name);
  if (counts === undefined) return false;
  if (counts.kind === 'register') {
    if (arg(task, counts.arg) <= limit) return false;
    task[ARGS[counts.arg - 1]!] = limit;
    return true;
  }
  if (counts.kind === 'vector') {
    const left = cut_vector(task, arg(task, counts.vec), arg(task, counts.arg), limit, patches);
    if (left !== null) task[ARGS[counts.arg - 1]!] = left;
    return left !== null;
  }
  const { msg_iov, msg_iovlen } = layout_x86_64.msghdr;
  const msg = arg(task, counts.msg);
  const vec = get_user_u64(task.mm, msg + msg_iov);
  const left = cut_vector(task, vec, get_user_u64(task.mm, msg + msg_iovlen), limit, patches);
  if (left !== null) patch(task, msg + msg_iovlen, left, patches);
  return left !== null;
}

/** The call is over: the program finds its memory as it left it. The last change first. */
export function put_back(task: Task, patches: readonly Patch[]): void {
  for (let i = patches.length - 1; i >= 0; i--) put_user_u64(task.mm, patches[i]!.ptr, patches[i]!.value);
}
