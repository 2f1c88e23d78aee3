/** O_* of a file: the access mode, then the rest. */
import { O_ACCMODE } from '../../../kernel-mock/include/uapi/fcntl.js';
import { open_access_modes, open_mode_flags } from '../tables.js';
import { printflags, printxval } from '../xlat.js';

/** Linux strace: sprint_open_modes. */
export function open_flags(flags: number): string {
  const mode = printxval(open_access_modes, flags & O_ACCMODE, 'O_???');
  const rest = (flags & ~O_ACCMODE) >>> 0;
  return rest === 0 ? mode : `${mode}|${printflags(open_mode_flags, rest, 'O_???').replace(/ \/\* .*$/, '')}`;
}
