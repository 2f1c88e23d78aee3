/** sys/pidfd.h. */
import type { SigInfoT } from '../internal/process.js';
import { encode_siginfo } from '../internal/siginfo.js';
import type { Thread } from '../internal/thread.js';

/** `pidfd_open(pid, flags)` (5.3): a descriptor for a process, readable once it has ended. -1 with errno EINVAL, ESRCH, EMFILE. pidfd_open(2). */
export async function pidfd_open(this: Thread, pid: number, flags = 0): Promise<number> {
  return this.ret(await this.enter(this.nr.pidfd_open, pid, flags));
}

/** `pidfd_getfd(pidfd, targetfd, flags)` (5.6): a descriptor of the other process, as one of this. pidfd_getfd(2). */
export async function pidfd_getfd(this: Thread, pidfd: number, targetfd: number, flags = 0): Promise<number> {
  return this.ret(await this.enter(this.nr.pidfd_getfd, pidfd, targetfd, flags));
}

/** `pidfd_send_signal(pidfd, sig, info, flags)` (5.1). -1 with errno EINVAL, EBADF, EPERM, ESRCH. pidfd_send_signal(2). */
export async function pidfd_send_signal(
  this: Thread,
  pidfd: number,
  sig: number,
  info: SigInfoT | null = null,
  flags = 0,
): Promise<number> {
  const ptr = this.map(info === null ? null : encode_siginfo(info));
  const ret = await this.enter(this.nr.pidfd_send_signal, pidfd, sig, ptr, flags);
  this.unmap(ptr);
  return this.ret(ret);
}
