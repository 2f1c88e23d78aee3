/** Limits: Linux include/uapi/linux/limits.h. */

export const NGROUPS_MAX = 65536;
export const ARG_MAX = 131072; // the limit is a quarter of the stack limit since 2.6.23
export const LINK_MAX = 127;
export const MAX_CANON = 255;
export const MAX_INPUT = 255;
export const NAME_MAX = 255; // bytes of one component, without a zero
export const PATH_MAX = 4096; // bytes of a path, with its zero
export const PIPE_BUF = 4096; // bytes that a pipe takes in one piece
export const XATTR_NAME_MAX = 255;
export const XATTR_SIZE_MAX = 65536;
export const XATTR_LIST_MAX = 65536;
export const RTSIG_MAX = 32;
export const MAX_ARG_STRLEN = 131072; // one argument or environment string, with its zero (2.6.23)
