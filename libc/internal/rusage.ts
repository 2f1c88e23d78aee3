/** struct rusage in the bytes of the ABI. */
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { type Timeval, decode_timeval } from './timespec.js';

/** struct rusage: what is counted here. */
export interface Rusage {
  ru_utime: Timeval;
  ru_stime: Timeval;
}

export function decode_rusage(raw: Uint8Array, ru: Partial<Rusage>): void {
  ru.ru_utime = { tv_sec: 0, tv_usec: 0 };
  ru.ru_stime = { tv_sec: 0, tv_usec: 0 };
  decode_timeval(raw, ru.ru_utime);
  decode_timeval(raw.subarray(layout_x86_64.rusage.ru_stime), ru.ru_stime);
}
