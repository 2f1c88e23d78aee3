/** string.h: texts of errors. */
import { strerror_table } from './internal/strerror_table.js';
import type { Thread } from './internal/thread.js';

/** `strerror(errnum)`: what an error number means, as glibc says it. strerror(3). */
export function strerror(this: Thread | void, errnum: number): string {
  return strerror_table[errnum] ?? `Unknown error ${errnum}`;
}
