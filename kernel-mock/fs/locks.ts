/** Record locks, open file description locks, flock (fs/locks.c). Leases stand in lease.ts. */
import type { FileLockHook, Inode, PosixLocks, Vfs } from '../include/linux/dcache.js';
import { FMODE_PATH, FMODE_READ, FMODE_WRITE, type FilesStruct, type OpenFile } from '../include/linux/fs.js';
import type { Result, Sleep, Task } from '../include/linux/sched.js';
import type { WaitQueueHead } from '../include/linux/wait.js';
import { EAGAIN, EBADF, EDEADLK, EFAULT, EINVAL, EOVERFLOW, ERESTARTSYS } from '../include/uapi/errno.js';
import {
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_RDLCK,
  F_SETLKW,
  F_UNLCK,
  F_WRLCK,
  LOCK_EX,
  LOCK_MAND,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
} from '../include/uapi/fcntl.js';
import { SEEK_CUR, SEEK_END, SEEK_SET } from '../include/uapi/fs.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { get_s32, get_u16, get_u32, put_u16, put_u32 } from '../lib/bytes.js';
import { finish_wait, prepare_to_wait, signal_pending, wait_queue_head, wake_up_all } from '../kernel/wait.js';
import { find_vma } from '../mm/mmap.js';
import { fget, hold_file } from './file.js';
import { file_inode } from './inode.js';
import { vfs_of } from './namespace.js';

const FLOCK = layout_x86_64.flock;
/** The last byte that a file can have. */
const OFFSET_MAX = 2n ** 63n - 1n;

/** A lock on bytes `start` to `end`, the latter included. */
export interface FileLock {
  /** Whose it is: a descriptor table (record locks) or an open file (the others). */
  readonly owner: FilesStruct | OpenFile;
  /** F_RDLCK, F_WRLCK, F_UNLCK. */
  type: number;
  readonly start: bigint;
  readonly end: bigint;
  /** What F_GETLK shows: a process, or -1. */
  readonly pid: number;
}

/** A lease: its holder is told before others may open the file. */
export interface Lease {
  readonly file: OpenFile;
  /** The descriptor by which it was asked for. */
  readonly fd: number;
  type: number;
  /** What it must become, while it is being broken; -1: it is not. */
  target: number;
  /** When it is broken without its holder. */
  break_time: number;
}

/** Linux: struct file_lock_context. */
class FileLockContext implements FileLockHook {
  posix: FileLock[] = [];
  flock: FileLock[] = [];
  leases: Lease[] = [];
  /** Who waits for any of these to go. */
  readonly wait: WaitQueueHead = wait_queue_head();

  /** Record locks end with the table, all others with the open file. Linux: locks_remove_file. */
  remove_file(file: OpenFile): void {
    const others = (l: FileLock): boolean => l.owner !== file;
    this.posix = this.posix.filter(others);
    this.flock = this.flock.filter(others);
    this.leases = this.leases.filter((l) => l.file !== file);
    wake_up_all(this.wait);
  }
}

export function locks_get_lock_context(inode: Inode): FileLockContext {
  inode.i_flctx ??= new FileLockContext();
  return inode.i_flctx as FileLockContext;
}

/** Locks and leases on `inode` that are not those of the open file `but`, and who waits for one to go. */
export function nr_locks(inode: Inode, but: OpenFile): number {
  const ctx = inode.i_flctx as FileLockContext | null;
  if (ctx === null) return 0;
  const locks = [...ctx.posix, ...ctx.flock].filter((l) => l.owner !== but).length;
  return locks + ctx.leases.length + (ctx.wait.first === null ? 0 : 1);
}

function conflicts(a: FileLock, b: FileLock): boolean {
  return a.owner !== b.owner && (a.type === F_WRLCK || b.type === F_WRLCK);
}

function posix_conflict(ctx: FileLockContext, lock: FileLock): FileLock | undefined {
  return ctx.posix.find((l) => conflicts(l, lock) && l.start <= lock.end && lock.start <= l.end);
}

/** What becomes of the owner's locks when `lock` gets its range: they are cut, and those of the same type beside it become one with it. */
function posix_cut(mine: readonly FileLock[], lock: FileLock): FileLock[] {
  const next: FileLock[] = [];
  let { start, end } = lock;
  for (const l of mine) {
    if (l.type === lock.type && l.start <= end + 1n && start <= l.end + 1n) {
      start = l.start < start ? l.start : start;
      end = l.end > end ? l.end : end;
    } else if (l.end < lock.start || l.start > lock.end) next.push(l);
    else {
      if (l.start < lock.start) next.push({ ...l, end: lock.start - 1n });
      if (l.end > lock.end) next.push({ ...l, start: lock.end + 1n });
    }
  }
  if (lock.type !== F_UNLCK) next.push({ ...lock, start, end });
  return next.sort((a, b) => (a.start < b.start ? -1 : 1));
}

/**
 * Give `lock` its range. Linux: posix_lock_inode.
 * ABI: F_GETLK shows the first in the list that is in the way. Owners stand in it in the order of their first lock, each with its
 * locks by their start.
 */
function posix_set(ctx: FileLockContext, lock: FileLock): void {
  const { posix } = ctx;
  const at = posix.findIndex((l) => l.owner === lock.owner);
  const mine = posix.filter((l) => l.owner === lock.owner);
  posix.splice(at === -1 ? posix.length : at, mine.length, ...posix_cut(mine, lock));
  if (ctx.wait.first !== null) wake_up_all(ctx.wait);
}

/** Would `owner` wait for itself, over others that wait? Linux: posix_locks_deadlock. */
function posix_locks_deadlock(vfs: Vfs, owner: object, blocker: object): boolean {
  let at: object | undefined = blocker;
  for (let i = 0; i < 10 && at !== undefined; i++) {
    if (at === owner) return true;
    at = vfs.blocked.get(at);
  }
  return false;
}

function* posix_lock_sleep(task: Task, ctx: FileLockContext, lock: FileLock): Sleep {
  const vfs = vfs_of(task.kernel);
  const posix = lock.pid !== -1;
  try {
    for (;;) {
      const other = posix_conflict(ctx, lock);
      if (other === undefined) {
        posix_set(ctx, lock);
        return 0;
      }
      if (posix && posix_locks_deadlock(vfs, lock.owner, other.owner)) return -EDEADLK;
      if (posix) vfs.blocked.set(lock.owner, other.owner);
      prepare_to_wait(ctx.wait, task, false, 'a record lock');
      if (signal_pending(task)) return -ERESTARTSYS;
      yield;
    }
  } finally {
    vfs.blocked.delete(lock.owner);
    finish_wait(task);
  }
}

/** What a table remembers of its record locks, so that closing any descriptor of a file drops those on it. */
class TableLocks implements PosixLocks {
  readonly inodes = new Set<Inode>();
  readonly #files: FilesStruct;

  constructor(files: FilesStruct) {
    this.#files = files;
  }

  filp_close(file: OpenFile): void {
    const inode = file.f_inode;
    // ABI: an O_PATH descriptor is a name, not an open file.
    if (inode === null || (file.f_mode & FMODE_PATH) !== 0 || !this.inodes.delete(inode)) return;
    const all = { owner: this.#files, type: F_UNLCK, start: 0n, end: OFFSET_MAX, pid: 0 };
    posix_set(locks_get_lock_context(inode), all);
  }
}

// struct flock. Its offsets use all 64 bits: the end of every file is 2^63 - 1.

function get_loff(raw: Uint8Array, at: number): bigint {
  return BigInt.asIntN(64, (BigInt(get_u32(raw, at + 4)) << 32n) | BigInt(get_u32(raw, at)));
}

function put_loff(raw: Uint8Array, at: number, value: bigint): void {
  put_u32(raw, at, Number(value & 0xffff_ffffn));
  put_u32(raw, at + 4, Number(value >> 32n));
}

/** The range of a struct flock: -EINVAL, -EOVERFLOW. Linux: flock64_to_posix_lock. */
function flock_range(file: OpenFile, inode: Inode, raw: Uint8Array, at: number): [bigint, bigint] | number {
  const whence = get_u16(raw, at + FLOCK.l_whence);
  const base = { [SEEK_SET]: 0, [SEEK_CUR]: file.f_pos, [SEEK_END]: inode.i_size }[whence];
  if (base === undefined) return -EINVAL;
  const l_start = get_loff(raw, at + FLOCK.l_start);
  const len = get_loff(raw, at + FLOCK.l_len);
  if (l_start > OFFSET_MAX - BigInt(base)) return -EOVERFLOW;
  const start = BigInt(base) + l_start;
  if (start < 0n) return -EINVAL;
  if (len === 0n) return [start, OFFSET_MAX];
  if (len > 0n) return len - 1n > OFFSET_MAX - start ? -EOVERFLOW : [start, start + len - 1n];
  return start + len < 0n ? -EINVAL : [start + len, start - 1n];
}

/** The lock that a struct flock in user memory asks for. */
function flock_to_posix_lock(task: Task, file: OpenFile, ptr: number, ofd: boolean): FileLock | number {
  const area = find_vma(task.mm, ptr, FLOCK.size);
  if (area === null) return -EFAULT;
  const at = ptr - area.start;
  const range = flock_range(file, file_inode(file, vfs_of(task.kernel)), area.bytes, at);
  if (typeof range === 'number') return range;
  const type = get_u16(area.bytes, at + FLOCK.l_type);
  if (type !== F_RDLCK && type !== F_WRLCK && type !== F_UNLCK) return -EINVAL;
  const owner = ofd ? file : task.files;
  return { owner, type, start: range[0], end: range[1], pid: ofd ? -1 : task.group.tgid };
}

/** Is the file open for what the lock is about? */
function check_fmode(file: OpenFile, type: number): number {
  if (type === F_RDLCK && (file.f_mode & FMODE_READ) === 0) return -EBADF;
  return type === F_WRLCK && (file.f_mode & FMODE_WRITE) === 0 ? -EBADF : 0;
}

function ofd_pid_is_zero(task: Task, ptr: number): boolean {
  const area = find_vma(task.mm, ptr, FLOCK.size)!;
  return get_s32(area.bytes, ptr - area.start + FLOCK.l_pid) === 0;
}

/**
 * F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW: -EFAULT, -EINVAL, -EOVERFLOW (range), -EINVAL (type), -EBADF (not open for it), -EINVAL
 * (l_pid), -EAGAIN, -EDEADLK, -EINTR. Linux: fcntl_setlk.
 */
export function fcntl_setlk(task: Task, file: OpenFile, cmd: number, ptr: number): Result {
  const ofd = cmd === F_OFD_SETLK || cmd === F_OFD_SETLKW;
  const lock = flock_to_posix_lock(task, file, ptr, ofd);
  if (typeof lock === 'number') return lock;
  const err = check_fmode(file, lock.type);
  if (err < 0) return err;
  if (ofd && !ofd_pid_is_zero(task, ptr)) return -EINVAL;
  const inode = file.f_inode!;
  if (!ofd) {
    task.files.posix_locks ??= new TableLocks(task.files);
    (task.files.posix_locks as TableLocks).inodes.add(inode);
  }
  const ctx = locks_get_lock_context(inode);
  if (lock.type === F_UNLCK || posix_conflict(ctx, lock) === undefined) {
    posix_set(ctx, lock);
    return 0;
  }
  if (cmd !== F_SETLKW && cmd !== F_OFD_SETLKW) return -EAGAIN;
  return hold_file(task, file, posix_lock_sleep(task, ctx, lock));
}

/** F_GETLK, F_OFD_GETLK: who stands in the way; l_type F_UNLCK: nobody. Linux: fcntl_getlk. */
export function fcntl_getlk(task: Task, file: OpenFile, cmd: number, ptr: number): number {
  const ofd = cmd === F_OFD_GETLK;
  const lock = flock_to_posix_lock(task, file, ptr, ofd);
  if (lock === -EFAULT) return lock;
  const area = find_vma(task.mm, ptr, FLOCK.size)!;
  const at = ptr - area.start;
  const type = get_u16(area.bytes, at + FLOCK.l_type);
  // ABI: of an open file description a type that is none is found behind a range that is none.
  if (!ofd && type !== F_RDLCK && type !== F_WRLCK) return -EINVAL;
  if (typeof lock === 'number') return lock;
  if (ofd && !ofd_pid_is_zero(task, ptr)) return -EINVAL;
  // F_OFD_GETLK with F_UNLCK asks for the own locks (6.5).
  const ctx = file.f_inode!.i_flctx as FileLockContext | null;
  const found =
    lock.type === F_UNLCK
      ? ctx?.posix.find((l) => l.owner === lock.owner && l.start <= lock.end && lock.start <= l.end)
      : ctx && posix_conflict(ctx, lock);
  if (found === undefined || found === null) {
    put_u16(area.bytes, at + FLOCK.l_type, F_UNLCK);
    return 0;
  }
  put_u16(area.bytes, at + FLOCK.l_type, found.type);
  put_u16(area.bytes, at + FLOCK.l_whence, SEEK_SET);
  put_loff(area.bytes, at + FLOCK.l_start, found.start);
  put_loff(area.bytes, at + FLOCK.l_len, found.end === OFFSET_MAX ? 0n : found.end - found.start + 1n);
  put_u32(area.bytes, at + FLOCK.l_pid, found.pid);
  return 0;
}

// flock.

function flock_conflict(ctx: FileLockContext, lock: FileLock): boolean {
  return ctx.flock.some((l) => conflicts(l, lock));
}

/** The file's lock becomes `lock`; what it had before is given up first, as in Linux. */
function flock_set(ctx: FileLockContext, lock: FileLock): boolean {
  const mine = ctx.flock.find((l) => l.owner === lock.owner);
  if (mine?.type === lock.type) return true;
  if (mine !== undefined) {
    ctx.flock = ctx.flock.filter((l) => l !== mine);
    wake_up_all(ctx.wait);
  }
  if (lock.type === F_UNLCK) return true;
  if (flock_conflict(ctx, lock)) return false;
  ctx.flock.push(lock);
  return true;
}

function* flock_sleep(task: Task, ctx: FileLockContext, lock: FileLock): Sleep {
  try {
    for (;;) {
      prepare_to_wait(ctx.wait, task, false, 'a file lock');
      if (flock_set(ctx, lock)) return 0;
      if (signal_pending(task)) return -ERESTARTSYS;
      yield;
    }
  } finally {
    finish_wait(task);
  }
}

const FLOCK_TYPES: Readonly<Record<number, number>> = { [LOCK_SH]: F_RDLCK, [LOCK_EX]: F_WRLCK, [LOCK_UN]: F_UNLCK };

/** `flock(fd, operation)`: -EINVAL, -EBADF, -EAGAIN (LOCK_NB), -EINTR. The lock belongs to the open file. flock(2). */
export function sys_flock(task: Task, fd: number, cmd: number): Result {
  // ABI: mandatory locks by flock were taken out, and asking for one does nothing. Linux: sys_flock.
  if ((cmd & LOCK_MAND) !== 0) return 0;
  const type = FLOCK_TYPES[cmd & ~LOCK_NB];
  if (type === undefined) return -EINVAL;
  const file = fget(task, fd);
  if (file === null || (type !== F_UNLCK && (file.f_mode & (FMODE_READ | FMODE_WRITE)) === 0)) return -EBADF;
  const ctx = locks_get_lock_context(file_inode(file, vfs_of(task.kernel)));
  const lock = { owner: file, type, start: 0n, end: OFFSET_MAX, pid: task.group.tgid };
  if (flock_set(ctx, lock)) return 0;
  return (cmd & LOCK_NB) !== 0 ? -EAGAIN : hold_file(task, file, flock_sleep(task, ctx, lock));
}
