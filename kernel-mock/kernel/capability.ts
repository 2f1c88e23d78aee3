/** What only root may do (kernel/capability.c). */
import type { Cred } from '../include/linux/cred.js';

/** May who has these credentials do what only root may? */
export function capable(cred: Cred): boolean {
  return cred.euid === 0;
}
