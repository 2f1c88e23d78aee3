/** sys/mman.h, as far as it is about descriptors. */
import { type Path, c_string, call_with } from '../internal/call.js';
import type { Thread } from '../internal/thread.js';

/**
 * `memfd_create(name, flags)`: a file without a name, which lives as long as it is open; MFD_CLOEXEC, MFD_ALLOW_SEALING. 3.17.
 *
 * @returns the descriptor, or -1 with errno EINVAL (flags, a name of more than 249 bytes), EFAULT, EMFILE, ENOSYS. memfd_create(2).
 */
export async function memfd_create(this: Thread, name: Path, flags: number): Promise<number> {
  return call_with(this, 'memfd_create', c_string(name), flags);
}
