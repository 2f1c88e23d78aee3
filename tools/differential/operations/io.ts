/** Operations that move bytes. */
import * as F from '../../../kernel-mock/include/uapi/fcntl.js';
import { SPLICE_F_MORE, SPLICE_F_NONBLOCK } from '../../../kernel-mock/include/uapi/splice.js';
import { type Draw, type Handle, type Kind, type Operation, number } from '../draw.js';

const READABLE: readonly Kind[] = [
  ...(['pipe', 'unix_stream', 'unix_dgram', 'unix_seqpacket', 'inet_stream', 'inet_dgram', 'event', 'timer'] as const),
  ...(['inotify', 'file', 'memfd', 'signal'] as const),
];
const BYTES: readonly Kind[] = [
  'pipe',
  'unix_stream',
  'unix_dgram',
  'unix_seqpacket',
  'inet_stream',
  'file',
  'memfd',
  'event',
];
const SEEKABLE: readonly Kind[] = ['file', 'memfd', 'directory'];

/** A descriptor that this call will not sleep on, but for one time in eight. */
export function awake(d: Draw, kinds: readonly Kind[]): Handle {
  const handle = d.handle(...kinds);
  return handle.nonblock || d.seldom(8) ? handle : { ...handle, fd: number(-1) };
}

const LENGTHS = [8, 1, 0, 5, 100, 4096, 5000] as const;

/** Bytes to write: the first 8 tell steps apart, the rest is what stands there. */
function data(d: Draw, length: number): number {
  const at = d.room(Math.max(length, 8));
  d.store(at, 8, 0x4142_4344_4500 + d.steps.length);
  return at;
}

const read: Operation = (d) => {
  const length = d.of(...LENGTHS);
  const { fd, kind } = awake(d, READABLE);
  const at = d.room(length);
  // Events of inotify carry a cookie, of timers a count that depends on the hour.
  if (kind === 'timer') d.mask(at, 8);
  d.call('read', [fd, d.ptr(at), length]);
};

const write: Operation = (d) => {
  const length = d.of(...LENGTHS);
  const at = data(d, length);
  d.call('write', [awake(d, BYTES).fd, d.ptr(at), length]);
};

/** An array of iovecs over buffers of this step; `many` of them name one buffer. */
function iovec(d: Draw, lengths: readonly number[]): [at: number, count: number] {
  const at = d.room(16 * lengths.length);
  lengths.forEach((length, i) => {
    const buffer = data(d, length);
    d.store(at + 16 * i, 8, d.ptr(buffer));
    d.store(at + 16 * i + 8, 8, length);
  });
  return [at, lengths.length];
}

const vector: Operation = (d) => {
  const lengths = d.of<readonly number[]>([8], [], [3, 5], [0, 4], [100, 0, 1], [4096, 1]);
  const reads = d.below(2) === 0;
  const { fd, kind } = awake(d, reads ? READABLE : BYTES);
  const [at, count] = iovec(d, lengths);
  if (kind === 'timer') return;
  d.call(reads ? 'readv' : 'writev', [fd, d.ptr(at), d.seldom(20) ? d.of(-1, 1025) : count]);
};

/** Fill it: sixteen times the same 8,000 bytes. */
const flood: Operation = (d) => {
  const buffer = data(d, 8000);
  const at = d.room(16 * 16);
  for (let i = 0; i < 16; i++) {
    d.store(at + 16 * i, 8, { is: 'pointer', n: buffer });
    d.store(at + 16 * i + 8, 8, 8000);
  }
  d.call('writev', [awake(d, ['pipe', 'unix_stream', 'file', 'memfd']).fd, { is: 'pointer', n: at }, d.of(16, 8, 3)]);
};

const drain: Operation = (d) => {
  const at = d.room(8000);
  d.call('read', [
    awake(
      d,
      READABLE.filter((k) => k !== 'timer'),
    ).fd,
    { is: 'pointer', n: at },
    8000,
  ]);
};

const OFFSETS = [0, 1, 4096, 5000, 100_000, -1, 2 ** 62] as const;

const positioned: Operation = (d) => {
  const length = d.of(...LENGTHS);
  const at = data(d, length);
  d.call(d.of('pread64', 'pwrite64'), [d.fd(...SEEKABLE, 'memfd'), d.ptr(at), length, d.of(...OFFSETS.slice(0, 6))]);
};

const lseek: Operation = (d) => {
  d.call('lseek', [d.fd(...SEEKABLE), d.of(...OFFSETS.slice(0, 6)), d.of(0, 1, 2, 3, 4, 5)]);
};

const truncate: Operation = (d) => {
  const fd = d.fd('file', 'memfd');
  if (d.seldom(3)) d.call('fallocate', [fd, d.of(0, 1, 3, 0x40), d.of(0, 4096, -1), d.of(4096, 1, 0)]);
  else d.call('ftruncate', [fd, d.of(0, 10, 5000, 100_000, -1)]);
};

const splice: Operation = (d) => {
  const length = d.of(8, 1, 0, 4096, 100_000);
  const flags = SPLICE_F_NONBLOCK + d.bits(SPLICE_F_MORE) + (d.seldom(20) ? 0x100 : 0);
  const from = awake(d, ['pipe', 'file', 'memfd', 'unix_stream']).fd;
  const to = awake(d, ['pipe', 'file', 'memfd', 'unix_stream']).fd;
  const way = d.below(4);
  if (way === 0) d.call('splice', [from, 0, to, 0, length, flags]);
  else if (way === 1) d.call('tee', [from, to, length, flags]);
  else if (way === 2) d.call('sendfile', [to, from, 0, length]);
  else {
    const off = d.room(8);
    d.store(off, 8, d.of(0, 3, 5000, -1));
    d.call(
      d.of('sendfile', 'splice'),
      d.below(2) === 0 ? [to, from, d.ptr(off), length] : [from, d.ptr(off), to, 0, length, flags],
    );
  }
};

const copy_file_range: Operation = (d) => {
  d.call('copy_file_range', [
    d.fd('file', 'memfd'),
    0,
    d.fd('file', 'memfd'),
    0,
    d.of(8, 0, 5000),
    d.seldom(20) ? 1 : 0,
  ]);
};

const pipe_size: Operation = (d) => {
  d.call('fcntl', [d.fd('pipe'), F.F_SETPIPE_SZ, d.of(4096, 8192, 65536, 0, 1, 2 ** 20, -1)]);
};

const seals: Operation = (d) => {
  d.call('fcntl', [
    d.fd('memfd'),
    F.F_ADD_SEALS,
    d.bits(F.F_SEAL_SEAL, F.F_SEAL_SHRINK, F.F_SEAL_GROW, F.F_SEAL_WRITE, 0x100),
  ]);
};

/**
 * Locks of one process never wait for each other; those of two open files do. Not on the one inode behind eventfd, epoll and the
 * like: everybody on this machine shares it.
 */
const lock: Operation = (d) => {
  const at = d.room(32);
  d.store(at, 2, d.of(F.F_RDLCK, F.F_WRLCK, F.F_UNLCK, 9));
  d.store(at + 2, 2, d.of(0, 1, 2, 7));
  d.store(at + 8, 8, d.of(0, 10, -1));
  d.store(at + 16, 8, d.of(0, 10, -5));
  d.store(at + 24, 8, 0);
  d.mask(at + 24, 4);
  const command = d.of(F.F_SETLK, F.F_GETLK, F.F_OFD_SETLK, F.F_OFD_GETLK, F.F_SETLKW);
  d.call('fcntl', [d.only('file', 'memfd', 'pipe'), command, d.ptr(at)]);
};

const flock: Operation = (d) => {
  d.call('flock', [d.only('file', 'memfd', 'directory', 'pipe'), d.of(F.LOCK_EX, F.LOCK_SH, F.LOCK_UN, 0) + F.LOCK_NB]);
};

export const io: readonly Operation[] = [
  ...[read, read, read, read, write, write, write, write, vector, vector, flood, drain, positioned, positioned],
  ...[lseek, truncate, splice, splice, copy_file_range, pipe_size, seals, lock, flock],
];
