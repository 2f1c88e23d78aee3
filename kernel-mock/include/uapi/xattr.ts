/** linux/xattr.h. */

export const XATTR_CREATE = 1;
export const XATTR_REPLACE = 2;
