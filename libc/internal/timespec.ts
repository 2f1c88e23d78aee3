/** struct timespec and struct timeval in the bytes of the ABI. */
import { get_s64, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';

export interface Timespec {
  tv_sec: number;
  tv_nsec: number;
}

export interface Timeval {
  tv_sec: number;
  tv_usec: number;
}

export function encode_timespec({ tv_sec, tv_nsec }: Timespec): Uint8Array {
  const raw = new Uint8Array(16);
  put_u64(raw, 0, tv_sec);
  put_u64(raw, 8, tv_nsec);
  return raw;
}

export function decode_timespec(raw: Uint8Array, ts: Partial<Timespec>): void {
  ts.tv_sec = get_s64(raw, 0);
  ts.tv_nsec = get_s64(raw, 8);
}

export function encode_timeval({ tv_sec, tv_usec }: Timeval): Uint8Array {
  return encode_timespec({ tv_sec, tv_nsec: tv_usec });
}

export function decode_timeval(raw: Uint8Array, tv: Partial<Timeval>): void {
  tv.tv_sec = get_s64(raw, 0);
  tv.tv_usec = get_s64(raw, 8);
}
