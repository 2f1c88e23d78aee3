/** struct timespec and struct timeval in the bytes of the ABI. */
import { want_number, want_object } from './describe.js';
import { get_s64, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';

export interface Timespec {
  tv_sec: number;
  tv_nsec: number;
}

export interface Timeval {
  tv_sec: number;
  tv_usec: number;
}

export function encode_timespec(ts: Timespec): Uint8Array {
  want_object(ts, 'a time is { tv_sec, tv_nsec }');
  return encode_pair(ts.tv_sec, ts.tv_nsec, 'tv_nsec');
}

function encode_pair(tv_sec: number, rest: number, name: string): Uint8Array {
  want_number(tv_sec, 'tv_sec');
  want_number(rest, name);
  const raw = new Uint8Array(16);
  put_u64(raw, 0, tv_sec);
  put_u64(raw, 8, rest);
  return raw;
}

export function decode_timespec(raw: Uint8Array, ts: Partial<Timespec>): void {
  ts.tv_sec = get_s64(raw, 0);
  ts.tv_nsec = get_s64(raw, 8);
}

export function encode_timeval(tv: Timeval): Uint8Array {
  want_object(tv, 'a time is { tv_sec, tv_usec }');
  return encode_pair(tv.tv_sec, tv.tv_usec, 'tv_usec');
}

export function decode_timeval(raw: Uint8Array, tv: Partial<Timeval>): void {
  tv.tv_sec = get_s64(raw, 0);
  tv.tv_usec = get_s64(raw, 8);
}
