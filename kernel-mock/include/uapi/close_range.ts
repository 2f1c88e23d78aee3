/** close_range (5.9): Linux include/uapi/linux/close_range.h. */

export const CLOSE_RANGE_UNSHARE = 2;
export const CLOSE_RANGE_CLOEXEC = 4; // 5.11
