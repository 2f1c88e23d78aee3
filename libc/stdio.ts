/** stdio.h: text to descriptors 1 and 2. Nothing is buffered: each call is a write. */
import { EINTR } from '../kernel-mock/include/uapi/errno.js';
import { format_printf } from './internal/printf.js';
import { strerror_table } from './internal/strerror_table.js';
import { to_bytes } from './internal/text.js';
import type { Thread } from './internal/thread.js';

/** Write all of `text`: its length in bytes, or -1 with errno. */
async function write_all(t: Thread, fd: number, text: string): Promise<number> {
  const bytes = to_bytes(text);
  for (let done = 0; done < bytes.length;) {
    const ptr = t.map(bytes.subarray(done));
    const n = await t.enter(t.nr.write, fd, ptr, bytes.length - done);
    t.unmap(ptr);
    if (n < 0 && n !== -EINTR) return t.ret(n);
    done += Math.max(n, 0);
  }
  return bytes.length;
}

/** `puts(s)`: `s` and a newline to descriptor 1. The number of bytes, or -1 with errno as write. puts(3). */
export async function puts(this: Thread, s: string): Promise<number> {
  return write_all(this, 1, `${s}\n`);
}

/**
 * `printf(format, …)`: %d %i %u %x %X %o %c %s %p %f %e %g %% with flags, width and precision, to descriptor 1.
 *
 * @returns the number of bytes, or -1 with errno as write. printf(3).
 */
export async function printf(this: Thread, format: string, ...args: readonly unknown[]): Promise<number> {
  return write_all(this, 1, format_printf(format, args));
}

/** `dprintf(fd, format, …)`: printf to any descriptor. dprintf(3). */
export async function dprintf(this: Thread, fd: number, format: string, ...args: readonly unknown[]): Promise<number> {
  return write_all(this, fd, format_printf(format, args));
}

/** `perror(s)`: `s`, a colon and what errno means, to descriptor 2. errno stays. perror(3). */
export async function perror(this: Thread, s?: string | null): Promise<void> {
  const { errno } = this;
  const text = strerror_table[errno] ?? `Unknown error ${errno}`;
  await write_all(this, 2, s === undefined || s === null || s === '' ? `${text}\n` : `${s}: ${text}\n`);
  this.errno = errno;
}
