/** AF_UNIX sockets that have a name in the file system (net/unix/af_unix.c: unix_bind_bsd, unix_find_bsd). */
import type { SockAddr } from '../../include/linux/net.js';
import type { Task } from '../../include/linux/sched.js';
import { EADDRINUSE, ECONNREFUSED, EEXIST, EINVAL, EPROTOTYPE } from '../../include/uapi/errno.js';
import { AT_FDCWD } from '../../include/uapi/fcntl.js';
import { layout_x86_64 } from '../../include/uapi/layout.js';
import { S_IFSOCK, S_ISSOCK } from '../../include/uapi/stat.js';
import { dget, dput } from '../../fs/dcache.js';
import { MAY_WRITE, inode_permission } from '../../fs/inode.js';
import { do_mknod, remove_name } from '../../fs/link.js';
import { LOOKUP_FOLLOW, filename_lookup } from '../../fs/namei.js';
import { vfs_of } from '../../fs/namespace.js';
import { bytes_to_string } from '../../lib/bytes.js';
import type { UnixSock } from './af_unix.js';

const SUN_PATH = layout_x86_64.sockaddr_un.sun_path;

function path_of(addr: SockAddr): string {
  const end = addr.indexOf(0, SUN_PATH);
  return bytes_to_string(addr.subarray(SUN_PATH, end === -1 ? addr.length : end));
}

/** Make the name: -EADDRINUSE (something has it), -ENOENT, -EACCES …; -EINVAL (the socket has one), found before or after. */
export function unix_bind_bsd(task: Task, sk: UnixSock, addr: SockAddr): number {
  if (sk.addr !== null && !task.kernel.release.unix_bind_path_first) return -EINVAL;
  const dentry = do_mknod(task, AT_FDCWD, path_of(addr), S_IFSOCK | 0o777, 0);
  if (typeof dentry === 'number') return dentry === -EEXIST ? -EADDRINUSE : dentry;
  if (sk.addr !== null) {
    remove_name(task, vfs_of(task.kernel), dentry);
    return -EINVAL;
  }
  dentry.d_inode.i_private = sk;
  sk.path = dget(dentry);
  sk.addr = addr;
  return 0;
}

/** The socket behind a path: the walk's errors, -EACCES, -ECONNREFUSED (no socket, or a dead one), -EPROTOTYPE (of another type). */
export function unix_find_bsd(task: Task, addr: SockAddr, type: number): UnixSock | number {
  const dentry = filename_lookup(task, AT_FDCWD, path_of(addr), LOOKUP_FOLLOW);
  if (typeof dentry === 'number') return dentry;
  const inode = dentry.d_inode;
  const err = inode_permission(task, inode, MAY_WRITE);
  if (err < 0) return err;
  const sk = S_ISSOCK(inode.i_mode) ? (inode.i_private as UnixSock | null) : null;
  if (sk === null) return -ECONNREFUSED;
  return sk.sk_type === type ? sk : -EPROTOTYPE;
}

/** The socket is gone; its name stays, and leads nowhere. */
export function unix_unbind_bsd(sk: UnixSock): void {
  const { path } = sk;
  if (path === null) return;
  sk.path = null;
  path.d_inode.i_private = null;
  dput(vfs_of(sk.kernel), path);
}
