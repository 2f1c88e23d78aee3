/** fcntl.h. */
import type { Thread } from './internal/thread.js';

/**
 * `fcntl(fd, cmd, arg)`: F_DUPFD, F_DUPFD_CLOEXEC (from 2.6.24), F_GETFD, F_SETFD, F_GETFL, F_SETFL.
 *
 * @returns as the command says, or -1 with errno EBADF, EINVAL (command, or F_DUPFD's argument), EMFILE. fcntl(2).
 */
export async function fcntl(this: Thread, fd: number, cmd: number, arg = 0): Promise<number> {
  const r = this.enter(this.nr.fcntl, fd, cmd, arg);
  return this.ret(typeof r === 'number' ? r : await r);
}
