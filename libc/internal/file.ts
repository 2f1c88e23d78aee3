/** Streams: FILE of stdio.h. Reading is buffered; what is written goes to the kernel with each call. */
import { EINTR, EINVAL } from '../../kernel-mock/include/uapi/errno.js';
import {
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
} from '../../kernel-mock/include/uapi/fcntl.js';
import { SEEK_CUR } from '../../kernel-mock/include/uapi/fs.js';
import { describe, want_text } from './describe.js';
import type { Thread } from './thread.js';

const BUFSIZ = 4096;

export class FILE {
  fd: number;
  readonly flags: number;
  eof = false;
  error = false;
  /** Bytes that were read and not taken yet. */
  buf: Uint8Array = new Uint8Array(0);

  constructor(fd: number, flags: number) {
    this.fd = fd;
    this.flags = flags;
  }
}

/** `stream` is one of fopen's, as a C compiler would ask. */
export function check_stream(stream: unknown): void {
  if (!(stream instanceof FILE)) throw new TypeError(`stream is what fopen answered, not ${describe(stream)}`);
}

const BASE: Readonly<Record<string, number>> = {
  r: O_RDONLY,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  a: O_WRONLY | O_CREAT | O_APPEND,
};

/** O_* flags of a mode: r, w or a, then + e x b c m in any order up to a comma. -EINVAL. fopen(3). */
export function parse_mode(mode: string): number {
  want_text(mode, 'mode');
  const base = BASE[mode[0] ?? ''];
  if (base === undefined) return -EINVAL;
  let flags = base;
  for (const letter of mode.slice(1).split(',')[0]!) {
    if (letter === '+') flags = (flags & ~O_WRONLY) | O_RDWR;
    if (letter === 'e') flags |= O_CLOEXEC;
    if (letter === 'x') flags |= O_EXCL;
  }
  return flags;
}

/** Read on: false at the end, or on an error. */
export async function fill(t: Thread, stream: FILE): Promise<boolean> {
  const bytes = new Uint8Array(BUFSIZ);
  const ptr = t.map(bytes);
  const n = await t.enter(t.nr.read, stream.fd, ptr, BUFSIZ);
  t.unmap(ptr);
  if (n < 0) {
    stream.error = true;
    t.errno = -n;
  } else if (n === 0) stream.eof = true;
  stream.buf = bytes.subarray(0, Math.max(n, 0));
  return n > 0;
}

/** Give back what was read ahead: the descriptor stands where the program does. */
export async function unread(t: Thread, stream: FILE): Promise<void> {
  check_stream(stream);
  if (stream.buf.length > 0) await t.enter(t.nr.lseek, stream.fd, -stream.buf.length, SEEK_CUR);
  stream.buf = new Uint8Array(0);
}

/** Write all of `bytes`: how many were. */
export async function write_fully(t: Thread, fd: number, bytes: Uint8Array): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const ptr = t.map(bytes.subarray(done));
    const n = await t.enter(t.nr.write, fd, ptr, bytes.length - done);
    t.unmap(ptr);
    if (n < 0 && n !== -EINTR) {
      t.errno = -n;
      return done;
    }
    done += Math.max(n, 0);
  }
  return done;
}
