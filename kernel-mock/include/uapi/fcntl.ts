/** File control: Linux include/uapi/asm-generic/fcntl.h and include/uapi/linux/fcntl.h, with the x86 values. */

// open, openat, and the O_* flags of the calls that make descriptors
export const O_ACCMODE = 3;
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NOTIFICATION_PIPE = O_EXCL; // pipe2 only; 5.8
export const O_NOCTTY = 0o400;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_NDELAY = O_NONBLOCK;
export const O_DSYNC = 0o10000;
export const O_ASYNC = 0o20000; // FASYNC in the kernel
export const FASYNC = O_ASYNC;
export const O_DIRECT = 0o40000;
// ABI: glibc's x86-64 O_LARGEFILE is 0; this is the kernel's bit, the one F_GETFL shows and an i386 program passes.
export const O_LARGEFILE = 0o100000;
export const O_DIRECTORY = 0o200000;
export const O_NOFOLLOW = 0o400000;
export const O_NOATIME = 0o1000000;
export const O_CLOEXEC = 0o2000000; // 2.6.23; also the bit of sys_indirect's file_flags.flags
export const O_SYNC = 0o4010000; // the O_DSYNC bit and one more; one bit alone, 010000, before 2.6.33
export const O_RSYNC = O_SYNC;
export const O_FSYNC = O_SYNC;
export const O_PATH = 0o10000000; // 2.6.39
export const O_TMPFILE = 0o20200000; // 3.11; __O_TMPFILE | O_DIRECTORY
export const __O_TMPFILE = 0o20000000;
export const __O_SYNC = 0o4000000;

// fcntl
export const F_DUPFD = 0;
export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_GETLK = 5; // x86-64; i386's own F_GETLK takes the 32-bit struct flock
export const F_SETLK = 6;
export const F_SETLKW = 7;
export const F_SETOWN = 8;
export const F_GETOWN = 9;
export const F_SETSIG = 10;
export const F_GETSIG = 11;
export const F_GETLK64 = 12; // i386 only, with struct flock64
export const F_SETLK64 = 13;
export const F_SETLKW64 = 14;
export const F_SETOWN_EX = 15; // 2.6.32
export const F_GETOWN_EX = 16; // 2.6.32
export const F_GETOWNER_UIDS = 17; // 3.6
export const F_OFD_GETLK = 36; // 3.15
export const F_OFD_SETLK = 37; // 3.15
export const F_OFD_SETLKW = 38; // 3.15
export const F_LINUX_SPECIFIC_BASE = 1024;
export const F_SETLEASE = 1024;
export const F_GETLEASE = 1025;
export const F_NOTIFY = 1026;
export const F_DUPFD_QUERY = 1027; // 6.10
export const F_CREATED_QUERY = 1028; // 6.12
export const F_CANCELLK = 1029;
export const F_DUPFD_CLOEXEC = 1030; // 2.6.24
export const F_SETPIPE_SZ = 1031; // 2.6.35
export const F_GETPIPE_SZ = 1032; // 2.6.35
export const F_ADD_SEALS = 1033; // 3.17
export const F_GET_SEALS = 1034; // 3.17
export const F_GET_RW_HINT = 1035; // 4.13
export const F_SET_RW_HINT = 1036; // 4.13
export const F_GET_FILE_RW_HINT = 1037; // 4.13
export const F_SET_FILE_RW_HINT = 1038; // 4.13

// descriptor flags of F_GETFD and F_SETFD
export const FD_CLOEXEC = 1;

// struct flock l_type, and leases
export const F_RDLCK = 0;
export const F_WRLCK = 1;
export const F_UNLCK = 2;
export const F_EXLCK = 4;
export const F_SHLCK = 8;

// struct f_owner_ex type
export const F_OWNER_TID = 0;
export const F_OWNER_PID = 1;
export const F_OWNER_PGRP = 2;

// F_ADD_SEALS
export const F_SEAL_SEAL = 0x1;
export const F_SEAL_SHRINK = 0x2;
export const F_SEAL_GROW = 0x4;
export const F_SEAL_WRITE = 0x8;
export const F_SEAL_FUTURE_WRITE = 0x10;
export const F_SEAL_EXEC = 0x20; // 6.3

// F_SET_RW_HINT
export const RWH_WRITE_LIFE_NOT_SET = 0;
export const RWH_WRITE_LIFE_NONE = 1;
export const RWH_WRITE_LIFE_SHORT = 2;
export const RWH_WRITE_LIFE_MEDIUM = 3;
export const RWH_WRITE_LIFE_LONG = 4;
export const RWH_WRITE_LIFE_EXTREME = 5;

// F_NOTIFY
export const DN_ACCESS = 0x1;
export const DN_MODIFY = 0x2;
export const DN_CREATE = 0x4;
export const DN_DELETE = 0x8;
export const DN_RENAME = 0x10;
export const DN_ATTRIB = 0x20;
export const DN_MULTISHOT = 0x80000000;

// the *at calls
export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_EACCESS = AT_REMOVEDIR; // the same bit, read by faccessat only
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_NO_AUTOMOUNT = 0x800;
export const AT_EMPTY_PATH = 0x1000;
export const AT_STATX_SYNC_TYPE = 0x6000;
export const AT_STATX_SYNC_AS_STAT = 0x0;
export const AT_STATX_FORCE_SYNC = 0x2000;
export const AT_STATX_DONT_SYNC = 0x4000;
export const AT_RECURSIVE = 0x8000;
export const AT_EXECVE_CHECK = 0x10000; // 6.14

// flock
export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const LOCK_UN = 8;
export const LOCK_MAND = 32;
export const LOCK_READ = 64;
export const LOCK_WRITE = 128;
export const LOCK_RW = 192;

// lockf (C library)
export const F_ULOCK = 0;
export const F_LOCK = 1;
export const F_TLOCK = 2;
export const F_TEST = 3;

// access
export const F_OK = 0;
export const X_OK = 1;
export const W_OK = 2;
export const R_OK = 4;

// posix_fadvise
export const POSIX_FADV_NORMAL = 0;
export const POSIX_FADV_RANDOM = 1;
export const POSIX_FADV_SEQUENTIAL = 2;
export const POSIX_FADV_WILLNEED = 3;
export const POSIX_FADV_DONTNEED = 4;
export const POSIX_FADV_NOREUSE = 5;
