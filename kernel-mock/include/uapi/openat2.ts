/** openat2 (5.6): Linux include/uapi/linux/openat2.h. */

export const RESOLVE_NO_XDEV = 0x1;
export const RESOLVE_NO_MAGICLINKS = 0x2;
export const RESOLVE_NO_SYMLINKS = 0x4;
export const RESOLVE_BENEATH = 0x8;
export const RESOLVE_IN_ROOT = 0x10;
export const RESOLVE_CACHED = 0x20; // 5.12

export const OPEN_HOW_SIZE_VER0 = 24; // first published size of struct open_how
