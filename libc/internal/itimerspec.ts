/** struct itimerspec in the bytes of the ABI. */
import { get_s64, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { want_number, want_object } from './describe.js';
import type { Timespec } from './timespec.js';

const { itimerspec, timespec } = layout_x86_64;

export interface Itimerspec {
  it_interval: Timespec;
  it_value: Timespec;
}

export function encode_itimerspec(spec: Itimerspec): Uint8Array {
  want_object(spec, 'new_value is { it_value, it_interval } or null');
  want_object(spec.it_value, 'it_value is { tv_sec, tv_nsec }');
  want_object(spec.it_interval, 'it_interval is { tv_sec, tv_nsec }');
  const raw = new Uint8Array(itimerspec.size);
  for (const [o, { tv_sec, tv_nsec }] of [
    [itimerspec.it_interval, spec.it_interval],
    [itimerspec.it_value, spec.it_value],
  ] as const) {
    want_number(tv_sec, 'tv_sec');
    want_number(tv_nsec, 'tv_nsec');
    put_u64(raw, o + timespec.tv_sec, tv_sec);
    put_u64(raw, o + timespec.tv_nsec, tv_nsec);
  }
  return raw;
}

export function decode_itimerspec(raw: Uint8Array, out: Partial<Itimerspec>): void {
  const at = (o: number): Timespec => ({
    tv_sec: get_s64(raw, o + timespec.tv_sec),
    tv_nsec: get_s64(raw, o + timespec.tv_nsec),
  });
  out.it_interval = at(itimerspec.it_interval);
  out.it_value = at(itimerspec.it_value);
}
