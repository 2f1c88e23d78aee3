/** clone(2) without a copy of the memory. */
import { CLONE_VFORK } from '../../kernel-mock/include/uapi/sched.js';
import type { Start } from './process.js';
import type { Thread } from './thread.js';

/** clone(2) on this memory: the task begins at `start`. `ptid`, `ctid`: addresses for its id. */
export async function clone_vm(t: Thread, flags: number, start: Start, ptid = 0, ctid = 0): Promise<number> {
  let child: Thread | null = null;
  const routine: Start['routine'] = (libc, arg) => {
    child = libc;
    return start.routine(libc, arg);
  };
  // An address of its own tells the starts of several threads apart.
  const stack = t.map(new Uint8Array(16));
  t.process.starting.set(stack, { ...start, routine });
  const ret = await t.enter(t.nr.clone, flags, stack, ptid, ctid);
  if (ret < 0) t.process.starting.delete(stack);
  // The child of vfork has left this memory, by exec or by its end: what it had laid out here is of no use to anybody.
  else if ((flags & CLONE_VFORK) !== 0) (child as Thread | null)?.free_areas(t.cpu.memory);
  t.unmap(stack);
  return ret;
}
