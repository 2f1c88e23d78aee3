/** The pages of a pipe without user memory between: what splice and its kin work on (fs/splice.c). */
import { fifo_len, fifo_peek } from '../lib/fifo.js';
import { kfifo_reserve } from '../lib/kfifo.js';
import { copy } from '../lib/bytes.js';
import { PAGE_SIZE, type PipeInode, pipe_full, pipe_pop, pipe_push, wake_readers, wake_writers } from './pipe.js';

/** Pages that it has room for. */
export function pipe_room(pipe: PipeInode): number {
  return Math.max(pipe.max_usage - fifo_len(pipe.bufs), 0);
}

/** A copy of the first bytes, at most `n`; they stay. */
export function pipe_copy_out(pipe: PipeInode, n: number): Uint8Array<ArrayBuffer> {
  const { buf, out, len } = pipe.bytes;
  const bytes = new Uint8Array(Math.min(n, len));
  const first = Math.min(bytes.length, buf.length - out);
  copy(bytes, 0, buf, out, first);
  copy(bytes, first, buf, 0, bytes.length - first);
  return bytes;
}

/** Drop the first `n` bytes. */
export function pipe_consume(pipe: PipeInode, n: number): void {
  const was_full = pipe_full(pipe);
  for (let left = Math.min(n, pipe.bytes.len); left > 0;) {
    const buf = fifo_peek(pipe.bufs)!;
    const take = Math.min(buf.len, left);
    pipe_pop(pipe, take);
    left -= take;
  }
  if (was_full && !pipe_full(pipe)) wake_writers(pipe);
}

/** Append `bytes`, whose first stands at `skew` of its page. A page that was given is nobody's to write into: each piece ends its own. */
export function pipe_put_pages(pipe: PipeInode, bytes: Uint8Array, skew: number): void {
  const f = pipe.bytes;
  for (let at = 0; at < bytes.length;) {
    const n = Math.min(bytes.length - at, PAGE_SIZE - ((skew + at) % PAGE_SIZE));
    kfifo_reserve(pipe.kernel.pages, f, n);
    const size = f.buf.length;
    const to = (f.out + f.len) & (size - 1);
    const first = Math.min(n, size - to);
    copy(f.buf, to, bytes, at, first);
    copy(f.buf, 0, bytes, at + first, n - first);
    f.len += n;
    pipe_push(pipe, PAGE_SIZE - n, n, false);
    at += n;
  }
  wake_readers(pipe);
}
