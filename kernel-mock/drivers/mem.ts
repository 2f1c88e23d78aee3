/** /dev/null, /dev/zero, /dev/full, /dev/random and /dev/urandom (drivers/char/mem.c, random.c). */
import type { FileOperations, OpenFile } from '../include/linux/fs.js';
import type { IovIter } from '../include/linux/mm.js';
import type { Task } from '../include/linux/sched.js';
import { EFAULT, EINVAL, ENOSPC } from '../include/uapi/errno.js';
import { prandom_u32 } from '../lib/prng.js';
import { copy_to_iter, fault_in_some } from '../mm/iov_iter.js';

const PIECE = new Uint8Array(4096);

/** Every seek leads to the start. Linux: null_lseek. */
function null_lseek(_task: Task, file: OpenFile): number {
  file.f_pos = 0;
  return 0;
}

function write_null(_task: Task, _file: OpenFile, iter: IovIter): number {
  return iter.count;
}

/** Deliver as many bytes as are asked for, each piece filled by `fill`. */
function read_pieces(task: Task, iter: IovIter, fill: (piece: Uint8Array, n: number) => void): number {
  let done = 0;
  while (iter.count > 0) {
    const n = fault_in_some(task.mm, iter, Math.min(iter.count, PIECE.length));
    if (n === 0) return done > 0 ? done : -EFAULT;
    fill(PIECE, n);
    copy_to_iter(task.mm, iter, PIECE, 0, n);
    done += n;
  }
  return done;
}

export const null_fops = {
  splice_write: true,
  nowait: true,
  llseek: null_lseek,
  read_iter: () => 0,
  write_iter: write_null,
  show: () => '/dev/null',
} satisfies FileOperations;

export const zero_fops = {
  splice_read: true,
  splice_write: true,
  nowait: true,
  llseek: null_lseek,
  read_iter: (task, _file, iter) => read_pieces(task, iter, (piece, n) => piece.fill(0, 0, n)),
  write_iter: write_null,
  show: () => '/dev/zero',
} satisfies FileOperations;

export const full_fops = {
  ...zero_fops,
  plain_write: true,
  nowait: false,
  splice_write: false,
  write_iter: () => -ENOSPC,
  show: () => '/dev/full',
} satisfies FileOperations;

/** From the kernel's own seed: the same run reads the same bytes. */
export const random_fops = {
  splice_read: true,
  splice_write: true,
  nowait: true,
  ioctl: () => -EINVAL,
  llseek: null_lseek,
  read_iter: (task, _file, iter) =>
    read_pieces(task, iter, (piece, n) => {
      for (let i = 0; i < n; i++) piece[i] = prandom_u32(task.kernel.prng) & 0xff;
    }),
  write_iter: write_null,
  show: () => '/dev/urandom',
} satisfies FileOperations;
