/** A route: how a descriptor-creating function carries flags for which its original call has no argument. */
import type { DescriptorCall } from '../descriptor_calls.js';
import type { Thread } from '../thread.js';

/**
 * Make the call with `flags` (SOCK_CLOEXEC | SOCK_NONBLOCK, not 0), registers as for the plain call. Answers as the kernel
 * does: the value or -errno, a promise if it sleeps or takes more than one call.
 */
export type Route = (
  t: Thread,
  call: DescriptorCall,
  flags: number,
  a1: number,
  a2: number,
  a3: number,
  a4: number,
) => number | Promise<number>;
