/** The same functions for people who prefer exceptions: one wrapper for all of them. */
import { errno_names } from '../kernel-mock/include/uapi/errno.js';
import { type Functions, type Libc, functions } from './index.js';
import { strerror_table } from './internal/strerror_table.js';

/** A call that failed, shaped like Node's own system errors. */
export class SystemError extends Error {
  /** Name of the error, such as 'EADDRINUSE'. */
  readonly code: string;
  /** Its number, negative as in Node. */
  readonly errno: number;
  /** The function that failed. */
  readonly syscall: string;

  constructor(syscall: string, errnum: number) {
    const code = errno_names[errnum] ?? `E${errnum}`;
    const text = strerror_table[errnum] ?? `Unknown error ${errnum}`;
    super(`${code}: ${text.charAt(0).toLowerCase()}${text.slice(1)}, ${syscall}`);
    this.name = 'Error';
    this.code = code;
    this.errno = -errnum;
    this.syscall = syscall;
  }
}

/** Functions that answer with null when they fail. */
const NULL_FAILS: ReadonlySet<string> = new Set(['fdopen', 'fopen', 'getcwd', 'opendir']);

/** What a failed call returns: the error number itself for pthread_*, -1 with errno for the others. */
function error_of(libc: Libc, name: string, value: unknown): number {
  if (name.startsWith('pthread_')) return typeof value === 'number' ? value : 0;
  if (value === null && NULL_FAILS.has(name)) return libc.errno;
  return value === -1 ? libc.errno : 0;
}

/** Every function of the library, which throws a SystemError where the library answers with an error. */
export type ThrowingLibc = Functions;

/** `libc` with exceptions. `throwing(libc).close(99)` rejects with an error whose `code` is 'EBADF'. */
export function throwing(libc: Libc): ThrowingLibc {
  const out: Record<string, unknown> = {};
  for (const [name, fn] of Object.entries(functions) as [string, (...args: unknown[]) => unknown][]) {
    out[name] = (...args: unknown[]): unknown => {
      const value = fn.apply(libc, args);
      if (!(value instanceof Promise)) return value;
      return value.then((result: unknown) => {
        const errnum = error_of(libc, name, result);
        if (errnum !== 0) throw new SystemError(name, errnum);
        return result;
      });
    };
  }
  return out as unknown as ThrowingLibc;
}
