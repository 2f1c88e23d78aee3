/** Leases: being told before somebody else opens a file (fs/locks.c generic_setlease, __break_lease). */
import type { Inode } from '../include/linux/dcache.js';
import { FMODE_WRITE, type OpenFile } from '../include/linux/fs.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import { EACCES, EAGAIN, EINVAL, ERESTARTSYS } from '../include/uapi/errno.js';
import {
  F_OWNER_PID,
  F_RDLCK,
  F_UNLCK,
  F_WRLCK,
  O_ACCMODE,
  O_ASYNC,
  O_NONBLOCK,
  O_RDONLY,
} from '../include/uapi/fcntl.js';
import { POLL_MSG } from '../include/uapi/signal.js';
import { S_ISREG } from '../include/uapi/stat.js';
import { ktime_get } from '../kernel/time.js';
import { finish_wait, prepare_to_wait, schedule_timeout, signal_pending, wake_up_all } from '../kernel/wait.js';
import { f_delown, f_setown, send_sigio } from './fown.js';
import { inode_owner_or_capable } from './inode.js';
import { type Lease, locks_get_lock_context } from './locks.js';

/** /proc/sys/fs/lease-break-time: 45 seconds. */
const LEASE_BREAK_TIME = 45e9;

/** Would the lease be broken at once? Linux: check_conflicting_open. */
function conflicting_open(file: OpenFile, inode: Inode, type: number): boolean {
  if (type === F_RDLCK) return inode.i_writecount > 0;
  const self_writes = (file.f_mode & FMODE_WRITE) !== 0 ? 1 : 0;
  return inode.i_writecount !== self_writes || inode.i_opens > 1;
}

function generic_add_lease(task: Task, file: OpenFile, fd: number, inode: Inode, type: number): number {
  if (conflicting_open(file, inode, type)) return -EAGAIN;
  const ctx = locks_get_lock_context(inode);
  const mine = ctx.leases.find((l) => l.file === file);
  // A read lease leaves room for other read leases only.
  if (ctx.leases.some((l) => l !== mine && (type === F_WRLCK || l.type === F_WRLCK || l.target !== -1))) return -EAGAIN;
  if (mine !== undefined) {
    mine.type = type;
    mine.target = -1;
    wake_up_all(ctx.wait);
  } else ctx.leases.push({ file, fd, type, target: -1, break_time: Infinity });
  // ABI: Linux: lease_setup. Whoever is told by a signal has the flag.
  file.f_flags |= O_ASYNC;
  if ((file.f_owner?.pid ?? 0) === 0) f_setown(file, F_OWNER_PID, task.group.tgid, task.cred);
  return 0;
}

/** F_SETLEASE: -EACCES (not the owner), -EINVAL (no regular file, type), -EAGAIN (it is open in a way that conflicts, or has no lease). */
export function fcntl_setlease(task: Task, file: OpenFile, fd: number, arg: number): number {
  const type = arg | 0;
  const inode = file.f_inode;
  if (type !== F_RDLCK && type !== F_WRLCK && type !== F_UNLCK) return -EINVAL;
  if (inode === null || file.f_path === null) return -EINVAL;
  if (!inode_owner_or_capable(task, inode)) return -EACCES;
  if (!S_ISREG(inode.i_mode)) return -EINVAL;
  if (type !== F_UNLCK) return generic_add_lease(task, file, fd, inode, type);
  const ctx = locks_get_lock_context(inode);
  const left = ctx.leases.filter((l) => l.file !== file);
  if (left.length === ctx.leases.length) return -EAGAIN;
  ctx.leases = left;
  // Linux: lease_modify. Whom it told is forgotten.
  f_delown(file);
  file.f_flags &= ~O_ASYNC;
  wake_up_all(ctx.wait);
  return 0;
}

/** F_GETLEASE: what it is, or what it must become. */
export function fcntl_getlease(file: OpenFile): number {
  const inode = file.f_inode;
  if (inode === null || inode.i_flctx === null) return F_UNLCK;
  const lease = locks_get_lock_context(inode).leases.find((l) => l.file === file);
  if (lease === undefined) return F_UNLCK;
  return lease.target === -1 ? lease.type : lease.target;
}

/** Tell the holders of leases that stand in the way; answers with those. */
function start_breaking(task: Task, inode: Inode, want_write: boolean): Lease[] {
  const now = ktime_get(task.kernel);
  const found = locks_get_lock_context(inode).leases.filter((l) => want_write || l.type === F_WRLCK);
  for (const lease of found) {
    const target = want_write ? F_UNLCK : F_RDLCK;
    if (lease.target === -1) {
      lease.break_time = now + LEASE_BREAK_TIME;
      lease.target = target;
      send_sigio(lease.file, lease.fd, POLL_MSG);
    } else if (target === F_UNLCK) lease.target = target;
  }
  return found;
}

/** Leases whose time is over are broken without their holders. */
function time_out_leases(task: Task, inode: Inode): void {
  const ctx = locks_get_lock_context(inode);
  const now = ktime_get(task.kernel);
  for (const lease of ctx.leases) {
    if (lease.target === -1 || lease.break_time > now) continue;
    lease.type = lease.target;
    lease.target = -1;
  }
  ctx.leases = ctx.leases.filter((l) => l.type !== F_UNLCK);
}

function* break_sleep(task: Task, inode: Inode, want_write: boolean): Sleep {
  const ctx = locks_get_lock_context(inode);
  try {
    for (;;) {
      prepare_to_wait(ctx.wait, task, false, 'a lease to be given up');
      time_out_leases(task, inode);
      const found = start_breaking(task, inode, want_write);
      if (found.length === 0) return 0;
      if (signal_pending(task)) return -ERESTARTSYS;
      const until = Math.min(...found.map((l) => l.break_time));
      yield* schedule_timeout(task, Math.max(until - ktime_get(task.kernel), 0));
    }
  } finally {
    finish_wait(task);
  }
}

/** An open or a truncation is about to happen: 0, -EAGAIN (O_NONBLOCK, and a lease stands in the way), or a wait for its holder. */
export function break_lease(task: Task, inode: Inode, flags: number): Result {
  const want_write = (flags & O_ACCMODE) !== O_RDONLY;
  time_out_leases(task, inode);
  if (start_breaking(task, inode, want_write).length === 0) return 0;
  return (flags & O_NONBLOCK) !== 0 ? -EAGAIN : break_sleep(task, inode, want_write);
}
