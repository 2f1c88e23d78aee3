/** sys/ioctl.h. */
import type { Thread } from '../internal/thread.js';

/**
 * `ioctl(fd, request, argp)`: FIOCLEX, FIONCLEX, FIONBIO, FIOASYNC, FIONREAD, FIOQSIZE, FIGETBSZ; of sockets FIOSETOWN, FIOGETOWN,
 * SIOCSPGRP, SIOCGPGRP, SIOCOUTQ, SIOCATMARK.
 *
 * @param argp an int, in and out, or the bytes that the request wants
 * @returns 0; -1 with errno EBADF, ENOTTY, EFAULT. ioctl(2).
 */
export async function ioctl(
  this: Thread,
  fd: number,
  request: number,
  argp: { value: number } | Uint8Array | null = null,
): Promise<number> {
  const { sp } = this;
  const box = argp !== null && !(argp instanceof Uint8Array) ? argp : null;
  const ptr = box !== null ? this.alloca(4) : this.map(argp as Uint8Array | null);
  if (box !== null) this.store32(ptr, box.value);
  const r = this.enter(this.nr.ioctl, fd, request, ptr);
  const ret = typeof r === 'number' ? r : await r;
  if (box !== null) {
    if (ret >= 0) box.value = this.load_s32(ptr);
    this.leave(sp);
  } else this.unmap(ptr);
  return this.ret(ret);
}
