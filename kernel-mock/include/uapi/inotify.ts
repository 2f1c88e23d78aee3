/** inotify: Linux include/uapi/linux/inotify.h. */

// inotify_init1
export const IN_NONBLOCK = 0o4000; // O_NONBLOCK; 2.6.27
export const IN_CLOEXEC = 0o2000000; // O_CLOEXEC; 2.6.27

// events
export const IN_ACCESS = 0x1;
export const IN_MODIFY = 0x2;
export const IN_ATTRIB = 0x4;
export const IN_CLOSE_WRITE = 0x8;
export const IN_CLOSE_NOWRITE = 0x10;
export const IN_OPEN = 0x20;
export const IN_MOVED_FROM = 0x40;
export const IN_MOVED_TO = 0x80;
export const IN_CREATE = 0x100;
export const IN_DELETE = 0x200;
export const IN_DELETE_SELF = 0x400;
export const IN_MOVE_SELF = 0x800;
export const IN_CLOSE = IN_CLOSE_WRITE | IN_CLOSE_NOWRITE;
export const IN_MOVE = IN_MOVED_FROM | IN_MOVED_TO;
export const IN_ALL_EVENTS = 0xfff;

// sent whether asked for or not
export const IN_UNMOUNT = 0x2000;
export const IN_Q_OVERFLOW = 0x4000;
export const IN_IGNORED = 0x8000;
export const IN_ISDIR = 0x40000000; // with an event: its subject is a directory

// how to watch
export const IN_ONLYDIR = 0x1000000;
export const IN_DONT_FOLLOW = 0x2000000;
export const IN_EXCL_UNLINK = 0x4000000; // 2.6.36
export const IN_MASK_CREATE = 0x10000000; // 4.18
export const IN_MASK_ADD = 0x20000000;
export const IN_ONESHOT = 0x80000000; // unsigned: above the range of a signed 32-bit number
