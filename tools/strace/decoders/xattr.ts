/** Extended attributes. */
import {
  type Arg,
  type Decoders,
  address,
  enter,
  fd,
  flags,
  leave,
  failed,
  path,
  printstrn,
  row,
  size,
  string,
} from '../print.js';
import { xattrflags } from '../tables.js';

const value: Arg = enter((c, v, i) => (v === 0 ? 'NULL' : printstrn(c, v, c.args[i + 1]!)));
/** Room that the call fills; with no room it only says how much is needed. */
const room: Arg = leave((c, v, i) =>
  failed(c) || v === 0 || c.args[i + 1] === 0 ? address(v) : printstrn(c, v, c.ret!),
);
const how: Arg = flags(xattrflags, 'XATTR_???');

export const xattr_decoders = {
  setxattr: row(path, string, value, size, how),
  lsetxattr: row(path, string, value, size, how),
  fsetxattr: row(fd, string, value, size, how),
  getxattr: row(path, string, room, size),
  lgetxattr: row(path, string, room, size),
  fgetxattr: row(fd, string, room, size),
  listxattr: row(path, room, size),
  llistxattr: row(path, room, size),
  flistxattr: row(fd, room, size),
  removexattr: row(path, string),
  lremovexattr: row(path, string),
  fremovexattr: row(fd, string),
} satisfies Decoders;
