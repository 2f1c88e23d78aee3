/** stdio.h. What is written goes to the kernel with each call. */
import { EINVAL, EISDIR } from '../kernel-mock/include/uapi/errno.js';
import { O_ACCMODE, O_RDONLY, O_WRONLY } from '../kernel-mock/include/uapi/fcntl.js';
import { SEEK_CUR, SEEK_SET } from '../kernel-mock/include/uapi/fs.js';
import { open } from './fcntl.js';
import { type Path, c_string, call_with, enter_with } from './internal/call.js';
import { FILE, check_stream, fill, parse_mode, unread, write_fully } from './internal/file.js';
import { describe, want_text } from './internal/describe.js';
import { format_printf } from './internal/printf.js';
import { strerror_table } from './internal/strerror_table.js';
import { to_bytes, to_text } from './internal/text.js';
import type { Thread } from './internal/thread.js';
import { close, lseek } from './unistd.js';

/** Write all of `text`: its length in bytes, or -1 with errno. */
async function write_all(t: Thread, fd: number, text: string): Promise<number> {
  const bytes = to_bytes(text);
  return (await write_fully(t, fd, bytes)) < bytes.length ? -1 : bytes.length;
}

/** Text as UTF-8, bytes as they are. */
function bytes_of(s: Uint8Array | string, name: string): Uint8Array {
  if (typeof s !== 'string' && !(s instanceof Uint8Array))
    throw new TypeError(`${name} is text or a Uint8Array, not ${describe(s)}`);
  return to_bytes(s);
}

/** `puts(s)`: `s` and a newline to descriptor 1. The number of bytes, or -1 with errno as write. puts(3). */
export async function puts(this: Thread, s: string): Promise<number> {
  want_text(s, 's');
  return write_all(this, 1, `${s}\n`);
}

/**
 * `printf(format, …)`: %d %i %u %x %X %o %c %s %p %f %e %g %% with flags, width and precision, to descriptor 1.
 *
 * @returns the number of bytes, or -1 with errno as write. printf(3).
 */
export async function printf(this: Thread, format: string, ...args: readonly unknown[]): Promise<number> {
  return write_all(this, 1, format_printf(format, args));
}

/** `dprintf(fd, format, …)`: printf to any descriptor. dprintf(3). */
export async function dprintf(this: Thread, fd: number, format: string, ...args: readonly unknown[]): Promise<number> {
  return write_all(this, fd, format_printf(format, args));
}

/** `perror(s)`: `s`, a colon and what errno means, to descriptor 2. errno stays. perror(3). */
export async function perror(this: Thread, s?: string | null): Promise<void> {
  if (s !== undefined && s !== null) want_text(s, 's');
  const { errno } = this;
  const text = strerror_table[errno] ?? `Unknown error ${errno}`;
  await write_all(this, 2, s === undefined || s === null || s === '' ? `${text}\n` : `${s}: ${text}\n`);
  this.errno = errno;
}

// Streams.

/**
 * `fopen(path, mode)`: "r", "w", "a", with "+" (both ways), "e" (close on exec), "x" (must be new), "b" (ignored).
 *
 * @returns the stream, or null with errno EINVAL (mode), or as open. fopen(3).
 */
export async function fopen(this: Thread, path: Path, mode: string): Promise<FILE | null> {
  const flags = parse_mode(mode);
  if (flags < 0) {
    this.errno = EINVAL;
    return null;
  }
  const fd = await open.call(this, path, flags, 0o666);
  return fd === -1 ? null : new FILE(fd, flags);
}

/** `fdopen(fd, mode)`: a stream over a descriptor. Null with errno EINVAL. fdopen(3). */
export async function fdopen(this: Thread, fd: number, mode: string): Promise<FILE | null> {
  const flags = parse_mode(mode);
  if (flags >= 0) return new FILE(fd, flags);
  this.errno = EINVAL;
  return null;
}

/** `fclose(stream)`: 0, or -1 (EOF) with errno EBADF. fclose(3). */
export async function fclose(this: Thread, stream: FILE): Promise<number> {
  check_stream(stream);
  const { fd } = stream;
  await unread(this, stream);
  stream.fd = -1;
  return close.call(this, fd);
}

/** `fflush(stream)`: nothing waits to be written; what was read ahead is given back. fflush(3). */
export async function fflush(this: Thread, stream: FILE): Promise<number> {
  await unread(this, stream);
  return 0;
}

/** `fileno(stream)`: its descriptor. fileno(3). */
export function fileno(this: Thread | void, stream: FILE): number {
  check_stream(stream);
  return stream.fd;
}

/** `feof(stream)`: has a read come to the end? ferror: has one failed? feof(3). */
export function feof(this: Thread | void, stream: FILE): boolean {
  check_stream(stream);
  return stream.eof;
}

export function ferror(this: Thread | void, stream: FILE): boolean {
  check_stream(stream);
  return stream.error;
}

export function clearerr(this: Thread | void, stream: FILE): void {
  check_stream(stream);
  stream.eof = false;
  stream.error = false;
}

function may_read(stream: FILE): boolean {
  check_stream(stream);
  if ((stream.flags & O_ACCMODE) !== O_WRONLY) return true;
  stream.error = true;
  return false;
}

/** `fread(buf, 1, count, stream)`, here `fread(buf, stream)`: bytes read; fewer at the end or on an error. fread(3). */
export async function fread(this: Thread, buf: Uint8Array, stream: FILE): Promise<number> {
  let done = 0;
  if (!(buf instanceof Uint8Array)) throw new TypeError(`buf is a Uint8Array, not ${describe(buf)}`);
  if (!may_read(stream)) return 0;
  while (done < buf.length) {
    if (stream.buf.length === 0 && !(await fill(this, stream))) break;
    const part = stream.buf.subarray(0, buf.length - done);
    buf.set(part, done);
    done += part.length;
    stream.buf = stream.buf.subarray(part.length);
  }
  return done;
}

/** `fgets(buf, size, stream)`, here `fgets(stream, size)`: the next line with its newline, cut to `size - 1` bytes; null at the end. fgets(3). */
export async function fgets(this: Thread, stream: FILE, size = Infinity): Promise<string | null> {
  const line: number[] = [];
  if (!may_read(stream)) return null;
  while (line.length < size - 1 && line[line.length - 1] !== 10) {
    if (stream.buf.length === 0 && !(await fill(this, stream))) break;
    const end = stream.buf.indexOf(10);
    const n = Math.min(end === -1 ? stream.buf.length : end + 1, size - 1 - line.length);
    for (let i = 0; i < n; i++) line.push(stream.buf[i]!);
    stream.buf = stream.buf.subarray(n);
  }
  return line.length === 0 ? null : to_text(new Uint8Array(line));
}

/** `fgetc(stream)`: the next byte, or -1 (EOF). fgetc(3). */
export async function fgetc(this: Thread, stream: FILE): Promise<number> {
  const byte = new Uint8Array(1);
  return (await fread.call(this, byte, stream)) === 1 ? byte[0]! : -1;
}

/** `fwrite(buf, 1, count, stream)`, here `fwrite(buf, stream)`: bytes written; fewer on an error, with errno. fwrite(3). */
export async function fwrite(this: Thread, buf: Uint8Array | string, stream: FILE): Promise<number> {
  const bytes = bytes_of(buf, 'buf');
  check_stream(stream);
  if ((stream.flags & O_ACCMODE) === O_RDONLY) {
    stream.error = true;
    return 0;
  }
  await unread(this, stream);
  const n = await write_fully(this, stream.fd, bytes);
  if (n < bytes.length) stream.error = true;
  return n;
}

/** `fputs(s, stream)`: the number of bytes, or -1 (EOF). fputs(3). */
export async function fputs(this: Thread, s: string, stream: FILE): Promise<number> {
  const bytes = bytes_of(s, 's');
  return (await fwrite.call(this, bytes, stream)) === bytes.length ? bytes.length : -1;
}

/** `fprintf(stream, format, …)`. fprintf(3). */
export async function fprintf(
  this: Thread,
  stream: FILE,
  format: string,
  ...args: readonly unknown[]
): Promise<number> {
  return fputs.call(this, format_printf(format, args), stream);
}

/** `fseek(stream, offset, whence)`: 0, or -1 with errno as lseek. fseek(3). */
export async function fseek(this: Thread, stream: FILE, offset: number, whence: number): Promise<number> {
  await unread(this, stream);
  const ret = await lseek.call(this, stream.fd, offset, whence);
  if (ret !== -1) stream.eof = false;
  return ret === -1 ? -1 : 0;
}

/** `ftell(stream)`: where the next read begins. ftell(3). */
export async function ftell(this: Thread, stream: FILE): Promise<number> {
  check_stream(stream);
  const pos = await lseek.call(this, stream.fd, 0, SEEK_CUR);
  return pos === -1 ? -1 : pos - stream.buf.length;
}

/** `rewind(stream)`: to the start; errors are forgotten. rewind(3). */
export async function rewind(this: Thread, stream: FILE): Promise<void> {
  await fseek.call(this, stream, 0, SEEK_SET);
  clearerr(stream);
}

// Names.

/** `rename(old, new)`: what had the new name is replaced. ENOENT, EISDIR, ENOTDIR, ENOTEMPTY, EINVAL, EXDEV, EBUSY. rename(2). */
export async function rename(this: Thread, oldpath: Path, newpath: Path): Promise<number> {
  return call_with(this, 'rename', c_string(oldpath), c_string(newpath));
}

export async function renameat(
  this: Thread,
  olddirfd: number,
  oldpath: Path,
  newdirfd: number,
  newpath: Path,
): Promise<number> {
  return call_with(this, 'renameat', olddirfd, c_string(oldpath), newdirfd, c_string(newpath));
}

/** `renameat2(olddirfd, old, newdirfd, new, flags)`: RENAME_NOREPLACE, RENAME_EXCHANGE (3.15). EEXIST, EINVAL, ENOSYS. rename(2). */
export async function renameat2(
  this: Thread,
  olddirfd: number,
  oldpath: Path,
  newdirfd: number,
  newpath: Path,
  flags: number,
): Promise<number> {
  return call_with(this, 'renameat2', olddirfd, c_string(oldpath), newdirfd, c_string(newpath), flags);
}

/** `remove(path)`: unlink, or rmdir for a directory. remove(3). */
export async function remove(this: Thread, path: Path): Promise<number> {
  const bytes = c_string(path);
  const ret = await enter_with(this, 'unlink', [bytes]);
  return this.ret(ret === -EISDIR ? await enter_with(this, 'rmdir', [bytes]) : ret);
}
