/** Files: Linux include/uapi/linux/fs.h. */

export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;
export const SEEK_DATA = 3; // 3.1
export const SEEK_HOLE = 4; // 3.1

// renameat2 (3.15)
export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;
export const RENAME_WHITEOUT = 4; // 3.18

// sync_file_range
export const SYNC_FILE_RANGE_WAIT_BEFORE = 1;
export const SYNC_FILE_RANGE_WRITE = 2;
export const SYNC_FILE_RANGE_WAIT_AFTER = 4;
export const SYNC_FILE_RANGE_ALL = 7;

export const INR_OPEN_CUR = 1024; // RLIMIT_NOFILE of the first task, soft and hard
export const INR_OPEN_MAX = 4096; // RLIMIT_NOFILE of the first task, soft and hard
export const NR_OPEN_DEFAULT = 64; // kernel-internal: descriptors a table starts with (BITS_PER_LONG)
export const SYSCTL_NR_OPEN = 1048576; // fs.nr_open: the ceiling of RLIMIT_NOFILE; a constant (NR_OPEN) before 2.6.25

// ioctl
export const FIBMAP = 1;
export const FIGETBSZ = 2;

// linux_dirent64 d_type: Linux include/linux/fs_types.h
export const DT_UNKNOWN = 0;
export const DT_FIFO = 1;
export const DT_CHR = 2;
export const DT_DIR = 4;
export const DT_BLK = 6;
export const DT_REG = 8;
export const DT_LNK = 10;
export const DT_SOCK = 12;
export const DT_WHT = 14;
