/** fcntl.h: moving bytes between descriptors. */
import { get_u64, put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { call_with, enter_with } from '../internal/call.js';
import { want_number, want_object } from '../internal/describe.js';
import { vector_call } from '../internal/iovec.js';
import type { Thread } from '../internal/thread.js';

/** A position that a call begins at and moves on; null: the file's own. */
export type OffsetOut = { value: number } | null;

function cell(offset: OffsetOut): Uint8Array | null {
  if (offset === null) return null;
  want_object(offset, 'an offset is { value } or null');
  want_number(offset.value, 'value');
  const raw = new Uint8Array(8);
  put_u64(raw, 0, offset.value);
  return raw;
}

/** The two calls that have an offset on both sides. */
async function between(
  t: Thread,
  call: 'splice' | 'copy_file_range',
  fd_in: number,
  off_in: OffsetOut,
  fd_out: number,
  off_out: OffsetOut,
  len: number,
  flags: number,
): Promise<number> {
  const raw_in = cell(off_in);
  const raw_out = cell(off_out);
  const ret = await enter_with(t, call, [fd_in, raw_in, fd_out, raw_out, len, flags]);
  if (off_in !== null) off_in.value = get_u64(raw_in!, 0);
  if (off_out !== null) off_out.value = get_u64(raw_out!, 0);
  return t.ret(ret);
}

/**
 * `splice(fd_in, &off_in, fd_out, &off_out, len, flags)`: from a pipe, to a pipe, or both.
 *
 * @param flags SPLICE_F_NONBLOCK; others are hints
 * @returns the number of bytes, 0 at the end; -1 with errno EBADF, EINVAL (no pipe among them …), ESPIPE, EAGAIN, EPIPE. splice(2).
 */
export async function splice(
  this: Thread,
  fd_in: number,
  off_in: OffsetOut,
  fd_out: number,
  off_out: OffsetOut,
  len: number,
  flags: number,
): Promise<number> {
  return between(this, 'splice', fd_in, off_in, fd_out, off_out, len, flags);
}

/** `copy_file_range(fd_in, &off_in, fd_out, &off_out, len, flags)`: between two files (4.5). EBADF, EINVAL, EISDIR, EXDEV, ENOSYS. copy_file_range(2). */
export async function copy_file_range(
  this: Thread,
  fd_in: number,
  off_in: OffsetOut,
  fd_out: number,
  off_out: OffsetOut,
  len: number,
  flags: number,
): Promise<number> {
  return between(this, 'copy_file_range', fd_in, off_in, fd_out, off_out, len, flags);
}

/** `tee(fd_in, fd_out, len, flags)`: what is in one pipe into another too. EBADF, EINVAL, EAGAIN, EPIPE. tee(2). */
export async function tee(this: Thread, fd_in: number, fd_out: number, len: number, flags: number): Promise<number> {
  return call_with(this, 'tee', fd_in, fd_out, len, flags);
}

/** `vmsplice(fd, iov, nr_segs, flags)`, here `vmsplice(fd, iov, flags)`: buffers into a pipe, or out of one. EBADF, EINVAL, EAGAIN, EPIPE. vmsplice(2). */
export async function vmsplice(this: Thread, fd: number, iov: readonly Uint8Array[], flags: number): Promise<number> {
  return vector_call(this, 'vmsplice', fd, iov, flags);
}
