/** unistd.h: descriptors, identity, the end of a process. */
import { describe } from './internal/describe.js';
import type { Thread } from './internal/thread.js';
import { to_bytes } from './internal/text.js';

/**
 * `close(fd)`: give a descriptor back.
 *
 * @returns 0, or -1 with errno EBADF. close(2).
 */
export async function close(this: Thread, fd: number): Promise<number> {
  const r = this.enter(this.nr.close, fd);
  return this.ret(typeof r === 'number' ? r : await r);
}

/**
 * `read(fd, buf, count)`: take bytes from an open file.
 *
 * @param buf   filled from its start; null is a null pointer
 * @param count at most so many bytes; default: the length of `buf`
 * @returns the number of bytes, 0 at end of file; -1 with errno EBADF, EINVAL, EFAULT, EAGAIN, EINTR, ECONNRESET …
 * Sleeps while nothing is there. read(2).
 */
export async function read(this: Thread, fd: number, buf: Uint8Array | null, count?: number): Promise<number> {
  const ptr = this.map(buf);
  const r = this.enter(this.nr.read, fd, ptr, count ?? (buf === null ? 0 : buf.length));
  const n = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  return this.ret(n);
}

/**
 * `write(fd, buf, count)`: give bytes to an open file. Text is written as UTF-8.
 *
 * @returns the number of bytes taken, which may be fewer; -1 with errno EBADF, EINVAL, EFAULT, EAGAIN, EINTR, EPIPE (SIGPIPE
 *          comes first, and ends a process that does not ignore it) …
 * Sleeps while there is no room. write(2).
 */
export async function write(
  this: Thread,
  fd: number,
  buf: Uint8Array | string | null,
  count?: number,
): Promise<number> {
  const bytes = buf === null ? null : to_bytes(buf);
  const ptr = this.map(bytes);
  const r = this.enter(this.nr.write, fd, ptr, count ?? (bytes === null ? 0 : bytes.length));
  const n = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  return this.ret(n);
}

/** `dup(fd)`: a second descriptor, the lowest free, without close-on-exec. -1 with errno EBADF, EMFILE. dup(2). */
export async function dup(this: Thread, fd: number): Promise<number> {
  const r = this.enter(this.nr.dup, fd);
  return this.ret(typeof r === 'number' ? r : await r);
}

/** `dup2(oldfd, newfd)`: the same with a given number; what was open there is closed. -1 with errno EBADF, EBUSY. dup(2). */
export async function dup2(this: Thread, oldfd: number, newfd: number): Promise<number> {
  const r = this.enter(this.nr.dup2, oldfd, newfd);
  return this.ret(typeof r === 'number' ? r : await r);
}

/** `getpid()`: the process id. getpid(2). */
export async function getpid(this: Thread): Promise<number> {
  const r = this.enter(this.nr.getpid);
  return typeof r === 'number' ? r : await r;
}

/** `getppid()`: the parent's process id. getppid(2). */
export async function getppid(this: Thread): Promise<number> {
  const r = this.enter(this.nr.getppid);
  return typeof r === 'number' ? r : await r;
}

/** `gettid()`: the thread id. gettid(2). */
export async function gettid(this: Thread): Promise<number> {
  const r = this.enter(this.nr.gettid);
  return typeof r === 'number' ? r : await r;
}

/** `_exit(status)`: end the process at once. Never comes back. _exit(2). */
export async function _exit(this: Thread, status: number): Promise<never> {
  await this.enter(this.nr.exit_group, status);
  throw new Error('exit_group returned');
}

/**
 * `syscall(number, …)`: enter the kernel by number, as programs do that go around the library. Up to six arguments: numbers
 * as they are, a Uint8Array as the address of its bytes for the length of the call, null as 0.
 *
 * @returns what the kernel left in rax, or -1 with errno. syscall(2).
 */
export async function syscall(
  this: Thread,
  number: number,
  ...args: readonly (number | Uint8Array | null)[]
): Promise<number> {
  if (typeof number !== 'number') throw new TypeError(`the number of a system call is not ${describe(number)}`);
  if (args.length > 6) throw new TypeError(`a system call has six registers, not ${args.length}`);
  const mapped: number[] = [];
  const regs = args.map((arg) => {
    if (arg === null) return 0;
    if (typeof arg === 'number') return arg;
    const ptr = this.map(arg);
    mapped.push(ptr);
    return ptr;
  });
  const ret = await this.enter(number, ...(regs as [number]));
  for (const ptr of mapped) this.unmap(ptr);
  return this.ret(ret);
}
