/** sys/signalfd.h. */
import { SFD_CLOEXEC, SFD_NONBLOCK } from '../../kernel-mock/include/uapi/signalfd.js';
import { SIGNALFD } from '../internal/descriptor_calls.js';
import { type SigSetArg, encode_sigset } from '../internal/siginfo.js';
import type { Thread } from '../internal/thread.js';

/** Does an open descriptor stay as it is? Flags have a meaning for a new one only. */
const changes_mask = (fd: number, flags: number): boolean => fd !== -1 && (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK)) === 0;

/**
 * `signalfd(fd, mask, flags)`: a descriptor from which the signals of `mask`, blocked as a rule, are read as signalfd_siginfo; with
 * an open one: another mask for it.
 *
 * @param mask  a list of signals, or a set; null is a null pointer
 * @param flags SFD_CLOEXEC | SFD_NONBLOCK, which the route carries to a kernel that has no such bits
 * @returns the descriptor; -1 with errno EINVAL (flags), EFAULT, EBADF, EINVAL (no signalfd), EMFILE. signalfd(2).
 */
export async function signalfd(this: Thread, fd: number, mask: SigSetArg | null, flags: number): Promise<number> {
  const raw = mask === null ? null : encode_sigset(mask);
  const ptr = this.map(raw);
  const r =
    flags === 0 || changes_mask(fd, flags)
      ? this.enter(this.nr.signalfd, fd, ptr, SIGSET_SIZE)
      : this.process.route(this, SIGNALFD, flags, fd, ptr, SIGSET_SIZE, 0);
  const ret = typeof r === 'number' ? r : await r;
  this.unmap(ptr);
  return this.ret(ret);
}

const SIGSET_SIZE = 8;
