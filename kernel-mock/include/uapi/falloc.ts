/** fallocate: Linux include/uapi/linux/falloc.h. */

export const FALLOC_FL_ALLOCATE_RANGE = 0;
export const FALLOC_FL_KEEP_SIZE = 0x1;
export const FALLOC_FL_PUNCH_HOLE = 0x2; // 2.6.38
export const FALLOC_FL_COLLAPSE_RANGE = 0x8; // 3.15
export const FALLOC_FL_ZERO_RANGE = 0x10; // 3.15
export const FALLOC_FL_INSERT_RANGE = 0x20; // 4.1
export const FALLOC_FL_UNSHARE_RANGE = 0x40; // 4.9
export const FALLOC_FL_WRITE_ZEROES = 0x80; // 6.17
