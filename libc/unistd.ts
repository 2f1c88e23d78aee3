/** unistd.h: descriptors, identity, the end of a process. */
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
export async function read(
  this: Thread,
  fd: number,
  buf: Uint8Array | null,
  count = buf === null ? 0 : buf.length,
): Promise<number> {
  const ptr = this.map(buf);
  const r = this.enter(this.nr.read, fd, ptr, count);
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

/** `pipe(fds)`: the reading end in `fds[0]`, the writing end in `fds[1]`. -1 with errno EMFILE, EFAULT. pipe(2). */
export async function pipe(this: Thread, fds: number[] | null): Promise<number> {
  return pipe2_call(this, fds, 0);
}

/**
 * `pipe2(fds, flags)`: O_CLOEXEC and O_NONBLOCK, which the route carries; O_DIRECT (packets, 3.4) only where the call knows it.
 *
 * @returns 0; -1 with errno EINVAL (flags), EMFILE, EFAULT, ENOSYS. pipe(2).
 */
export async function pipe2(this: Thread, fds: number[] | null, flags: number): Promise<number> {
  return pipe2_call(this, fds, flags);
}

async function pipe2_call(t: Thread, fds: number[] | null, flags: number): Promise<number> {
  const { sp } = t;
  const ptr = t.alloca(8);
  const out = fds === null ? 0 : ptr;
  const r = flags === 0 ? t.enter(t.nr.pipe, out) : t.process.route(t, PIPE2, flags, out, 0, 0, 0);
  const ret = typeof r === 'number' ? r : await r;
  if (ret === 0 && fds !== null) {
    fds[0] = t.load_s32(ptr);
    fds[1] = t.load_s32(ptr + 4);
  }
  t.leave(sp);
  return t.ret(ret);
}

/**
 * `dup3(oldfd, newfd, flags)`: dup2 with O_CLOEXEC; equal numbers are EINVAL.
 *
 * @returns `newfd`; -1 with errno EINVAL, EBADF, EBUSY, ENOSYS. dup(2).
 */
export async function dup3(this: Thread, oldfd: number, newfd: number, flags: number): Promise<number> {
  if (oldfd === newfd) return this.ret(-EINVAL);
  const r =
    flags === 0
      ? this.enter(this.nr.dup2, oldfd, newfd)
      : this.process.route(this, DUP3, flags, oldfd, newfd, 0, 0);
  return this.ret(typeof r === 'number' ? r : await r);
}

/**
 * `close_range(first, last, flags)`: close all descriptors from first to last. CLOSE_RANGE_UNSHARE, CLOSE_RANGE_CLOEXEC.
 *
 * @returns 0; -1 with errno EINVAL, ENOSYS (before 5.9). close_range(2).
 */
export async function close_range(this: Thread, first: number, last: number, flags: number): Promise<number> {
  const r = this.enter(this.nr.close_range, first, last, flags);
  return this.ret(typeof r === 'number' ? r : await r);
}
