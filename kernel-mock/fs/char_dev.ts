/** Devices by number (fs/char_dev.c). */
import type { Inode } from '../include/linux/dcache.js';
import type { FileOperations, OpenFile } from '../include/linux/fs.js';
import type { Task } from '../include/linux/sched.js';
import { ENXIO } from '../include/uapi/errno.js';
import { full_fops, null_fops, random_fops, zero_fops } from '../drivers/mem.js';

/** A device number as stat shows it, as long as both parts are small. */
export function MKDEV(major: number, minor: number): number {
  return (major << 8) | minor;
}

const devices: Readonly<Record<number, FileOperations>> = {
  [MKDEV(1, 3)]: null_fops,
  [MKDEV(1, 5)]: zero_fops,
  [MKDEV(1, 7)]: full_fops,
  [MKDEV(1, 8)]: random_fops,
  [MKDEV(1, 9)]: random_fops,
};
const CONSOLE = MKDEV(5, 1);

/** Replaces the operations by those of the device; -ENXIO: there is none of that number. Linux: chrdev_open. */
function chrdev_open(task: Task, inode: Inode, file: OpenFile): number {
  if (inode.i_rdev === CONSOLE) {
    const { console } = task.kernel;
    file.f_op = console.f_op;
    file.private_data = console.private_data;
    return 0;
  }
  const fops = devices[inode.i_rdev];
  if (fops === undefined) return -ENXIO;
  file.f_op = fops;
  return 0;
}

export const def_chr_fops = { open: chrdev_open, show: () => '' } satisfies FileOperations;

/** No block device is there. */
export const def_blk_fops = { open: () => -ENXIO, show: () => '' } satisfies FileOperations;

/** What stands in /dev: name, number, permissions. */
export const DEVICES: readonly (readonly [name: string, rdev: number, mode: number])[] = [
  ['null', MKDEV(1, 3), 0o666],
  ['zero', MKDEV(1, 5), 0o666],
  ['full', MKDEV(1, 7), 0o666],
  ['random', MKDEV(1, 8), 0o666],
  ['urandom', MKDEV(1, 9), 0o666],
  ['tty', MKDEV(5, 0), 0o666],
  ['console', CONSOLE, 0o600],
];
