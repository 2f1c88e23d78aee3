/** For programs whose threads share variables of JavaScript: the kernel cannot see these. */
import type { Libc } from '../../index.js';

/**
 * Tell the explorer that this thread is about to read (`'r'`) or write (`'w'`) a variable that it shares with other threads of its
 * process, so that dynamic partial-order reduction tries both orders. It costs nothing when nobody listens.
 */
export function touch(libc: Libc, name: string, how: 'r' | 'w'): void {
  libc.cpu.memory.touch?.(name, how === 'w');
}
