/** Opening a FIFO (fs/pipe.c fifo_open). */
import type { FileOperations } from '../include/linux/fs.js';
import { ENXIO } from '../include/uapi/errno.js';

export const def_fifo_fops = { open: () => -ENXIO, show: () => '' } satisfies FileOperations;
