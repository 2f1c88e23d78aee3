/** clone(2) without a copy of the memory. */
import type { Start } from './process.js';
import type { Thread } from './thread.js';

/** clone(2) on this memory: the task begins at `start`. `ptid`, `ctid`: addresses for its id. */
export async function clone_vm(t: Thread, flags: number, start: Start, ptid = 0, ctid = 0): Promise<number> {
  // An address of its own tells the starts of several threads apart.
  const stack = t.map(new Uint8Array(16));
  t.process.starting.set(stack, start);
  const ret = await t.enter(t.nr.clone, flags, stack, ptid, ctid);
  if (ret < 0) t.process.starting.delete(stack);
  t.unmap(stack);
  return ret;
}
