/** sys/prctl.h. */
import {
  PR_GET_CHILD_SUBREAPER,
  PR_GET_NAME,
  PR_GET_PDEATHSIG,
  PR_SET_NAME,
  TASK_COMM_LEN,
} from '../../kernel-mock/include/uapi/prctl.js';
import { get_s32 } from '../../kernel-mock/include/uapi/byteorder.js';
import { to_text } from '../internal/text.js';
import type { Thread } from '../internal/thread.js';

/**
 * `prctl(option, arg2, …)`: PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER with a number; PR_SET_NAME with a text; the PR_GET_* of them
 * with an object whose `value` is filled in.
 *
 * @returns 0; -1 with errno EINVAL. prctl(2).
 */
export async function prctl(
  this: Thread,
  option: number,
  arg2: number | string | { value?: number | string } = 0,
): Promise<number> {
  if (typeof arg2 === 'number') return this.ret(await this.enter(this.nr.prctl, option, arg2));
  const raw = new Uint8Array(TASK_COMM_LEN);
  const ptr = option === PR_SET_NAME && typeof arg2 === 'string' ? this.map_string(arg2) : this.map(raw);
  const ret = await this.enter(this.nr.prctl, option, ptr);
  this.unmap(ptr);
  if (ret === 0 && typeof arg2 === 'object') {
    if (option === PR_GET_NAME) arg2.value = to_text(raw.subarray(0, raw.indexOf(0)));
    else if (option === PR_GET_PDEATHSIG || option === PR_GET_CHILD_SUBREAPER) arg2.value = get_s32(raw, 0);
  }
  return this.ret(ret);
}
