/** Regular files and directories in memory (fs/ramfs/, mm/filemap.c, mm/shmem.c, fs/libfs.c). Pages that were never written are holes. */
import type { Dentry, Inode } from '../include/linux/dcache.js';
import { MAX_LFS_FILESIZE, type DirContext, type FileOperations, type OpenFile } from '../include/linux/fs.js';
import type { Bytes, IovIter } from '../include/linux/mm.js';
import type { Task } from '../include/linux/sched.js';
import { EFAULT, EFBIG, EINVAL, EISDIR, ENOENT, ENXIO, EPERM } from '../include/uapi/errno.js';
import { F_SEAL_FUTURE_WRITE, F_SEAL_GROW, F_SEAL_SHRINK, F_SEAL_WRITE, O_APPEND } from '../include/uapi/fcntl.js';
import { DT_DIR, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET } from '../include/uapi/fs.js';
import { RLIMIT_FSIZE } from '../include/uapi/resource.js';
import { SIGXFSZ, SI_USER } from '../include/uapi/signal.js';
import { S_IFMT } from '../include/uapi/stat.js';
import { send_signal_task } from '../kernel/signal.js';
import { copy_from_iter, copy_to_iter, fault_in_some } from '../mm/iov_iter.js';
import { current_time, drop_suidgid } from './inode.js';

export const PAGE_SIZE = 4096;
/**
 * How long a file can be.
 *
 * DEVIATION: tmpfs takes as many bytes as there are positions; here it ends where numbers stop being exact.
 */
export const S_MAXBYTES = 2 ** 53 - 4096;
/** What a hole reads as; among a file's pages: room that fallocate gave and nobody has written to. Never written. */
const ZERO_PAGE = new Uint8Array(PAGE_SIZE);

/** What an entry adds to the size of a directory, as tmpfs counts. */
export const BOGO_DIRENT_SIZE = 20;

/** DT_* of a mode. */
export function fs_umode_to_dtype(mode: number): number {
  return (mode & S_IFMT) >> 12;
}

// Positions.

/** Set the position within 0 … `max`. */
export function vfs_setpos(file: OpenFile, offset: number, max: number): number {
  if (offset < 0 || offset > max) return -EINVAL;
  file.f_pos = offset;
  return offset;
}

/** `offset` counted from `base`; -1 where a loff_t would overflow, which numbers do not. */
function seek_sum(base: number, offset: number): number {
  return base > 0 && offset >= MAX_LFS_FILESIZE ? -1 : base + offset;
}

/** The first byte from `pos` on that is in a page (`data`) or in a hole; the end of the file is a hole. */
function seek_hole_data(inode: Inode, pos: number, data: boolean): number {
  const { i_pages, i_size } = inode;
  if (pos < 0 || pos >= i_size) return -ENXIO;
  const last = Math.floor((i_size - 1) / PAGE_SIZE);
  const first = Math.floor(pos / PAGE_SIZE);
  if (data && i_pages !== null && i_pages.size < last - first) {
    // Fewer pages than a walk would visit.
    let next = Infinity;
    for (const [index, page] of i_pages) if (index >= first && index < next && page !== ZERO_PAGE) next = index;
    return next > last ? -ENXIO : Math.max(pos, next * PAGE_SIZE);
  }
  for (let index = first; index <= last; index++)
    if (((i_pages?.get(index) ?? ZERO_PAGE) !== ZERO_PAGE) === data) return Math.max(pos, index * PAGE_SIZE);
    else if (data && i_pages === null) break;
  return data ? -ENXIO : i_size;
}

/** lseek of a file with a size: -EINVAL (whence, position), -ENXIO (no data there). Linux: generic_file_llseek, shmem_file_llseek. */
export function generic_file_llseek(task: Task, file: OpenFile, offset: number, whence: number): number {
  const inode = file.f_inode!;
  switch (whence) {
    case SEEK_SET:
      return vfs_setpos(file, offset, MAX_LFS_FILESIZE);
    case SEEK_CUR:
      return vfs_setpos(file, seek_sum(file.f_pos, offset), MAX_LFS_FILESIZE);
    case SEEK_END:
      return vfs_setpos(file, seek_sum(inode.i_size, offset), MAX_LFS_FILESIZE);
    case SEEK_DATA:
    case SEEK_HOLE: {
      if (!task.kernel.release.seek_data) return -EINVAL;
      const pos = seek_hole_data(inode, offset, whence === SEEK_DATA);
      return pos < 0 ? pos : vfs_setpos(file, pos, MAX_LFS_FILESIZE);
    }
    default:
      return -EINVAL;
  }
}

// Bytes.

/** Bytes of one page, as far as there is memory for them: how many. */
function put_page_bytes(task: Task, inode: Inode, iter: IovIter, pos: number, n: number): number {
  const page = inode.i_pages?.get(Math.floor(pos / PAGE_SIZE)) ?? ZERO_PAGE;
  const room = fault_in_some(task.mm, iter, n);
  copy_to_iter(task.mm, iter, page, pos % PAGE_SIZE, room);
  return room;
}

function ramfs_read(task: Task, file: OpenFile, iter: IovIter): number {
  const inode = file.f_inode!;
  const start = iter.pos < 0 ? file.f_pos : iter.pos;
  if (iter.count > 0 && start + iter.count >= MAX_LFS_FILESIZE) return -EINVAL;
  const end = Math.min(start + iter.count, inode.i_size);
  let pos = start;
  while (pos < end) {
    const n = Math.min(end - pos, PAGE_SIZE - (pos % PAGE_SIZE));
    const put = put_page_bytes(task, inode, iter, pos, n);
    pos += put;
    if (put < n) break;
  }
  if (pos === start && end > start) return -EFAULT;
  inode.i_atime = current_time(task.kernel);
  if (iter.pos < 0) file.f_pos = pos > start ? pos : start;
  return Math.max(pos - start, 0);
}

function get_page(inode: Inode, index: number): Bytes {
  const pages: Map<number, Bytes> = (inode.i_pages ??= new Map<number, Bytes>());
  let page = pages.get(index);
  if (page === undefined || page === ZERO_PAGE) pages.set(index, (page = new Uint8Array(PAGE_SIZE)));
  return page;
}

/** RLIMIT_FSIZE was reached. */
export function send_sigxfsz(task: Task): number {
  send_signal_task(task, {
    si_signo: SIGXFSZ,
    si_code: SI_USER,
    si_pid: task.group.tgid,
    si_uid: task.cred.uid,
    si_status: 0,
    si_value: 0,
  });
  return -EFBIG;
}

export function rlimit_fsize(task: Task): number {
  return task.group.rlim[2 * RLIMIT_FSIZE]!;
}

/** How much of the write may happen: bytes, or -EFBIG, -EPERM (seals). Linux: generic_write_checks, shmem_write_begin. */
function write_checks(task: Task, inode: Inode, pos: number, count: number): number {
  if (count === 0) return 0;
  const limit = rlimit_fsize(task);
  if (pos >= limit) return send_sigxfsz(task);
  if (pos >= S_MAXBYTES) return -EFBIG;
  const n = Math.min(count, limit - pos, S_MAXBYTES - pos);
  if (inode.i_seals <= 0) return n;
  if ((inode.i_seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0) return -EPERM;
  if ((inode.i_seals & F_SEAL_GROW) === 0 || pos + n <= inode.i_size) return n;
  // Page by page, as there: what ends in a page that need not grow is written.
  const whole = Math.floor(inode.i_size / PAGE_SIZE) * PAGE_SIZE - pos;
  return whole > 0 ? whole : -EPERM;
}

function ramfs_write(task: Task, file: OpenFile, iter: IovIter): number {
  const inode = file.f_inode!;
  const asked = iter.pos < 0 ? file.f_pos : iter.pos;
  if (iter.count > 0 && asked + iter.count >= MAX_LFS_FILESIZE) return -EINVAL;
  const start = (file.f_flags & O_APPEND) !== 0 ? inode.i_size : asked;
  const count = write_checks(task, inode, start, iter.count);
  if (count <= 0) return count;
  let pos = start;
  while (pos < start + count) {
    const want = Math.min(start + count - pos, PAGE_SIZE - (pos % PAGE_SIZE));
    const n = fault_in_some(task.mm, iter, want);
    if (n === 0) break;
    copy_from_iter(task.mm, iter, get_page(inode, Math.floor(pos / PAGE_SIZE)), pos % PAGE_SIZE, n);
    pos += n;
    if (n < want) break;
  }
  if (pos === start) return -EFAULT;
  if (pos > inode.i_size) inode.i_size = pos;
  file_modified(task, inode);
  if (iter.pos < 0) file.f_pos = pos;
  return pos - start;
}

/** The contents changed: times, and bits that must not survive it. */
export function file_modified(task: Task, inode: Inode): void {
  inode.i_mtime = current_time(task.kernel);
  inode.i_ctime = inode.i_mtime;
  // What is written over is no program any more.
  inode.i_private = null;
  if ((inode.i_mode & 0o6000) !== 0 && task.cred.euid !== 0) drop_suidgid(inode);
}

/** Drop what lies beyond `size`. */
function truncate_pages(inode: Inode, size: number): void {
  const { i_pages } = inode;
  if (i_pages === null) return;
  const keep = Math.ceil(size / PAGE_SIZE);
  for (const index of i_pages.keys()) if (index >= keep) i_pages.delete(index);
  if (size % PAGE_SIZE !== 0) i_pages.get(keep - 1)?.fill(0, size % PAGE_SIZE);
}

/** Make the file `size` bytes long: -EPERM (seals). Linux: shmem_setattr. */
export function truncate_setsize(inode: Inode, size: number): number {
  if (inode.i_seals > 0) {
    if (size < inode.i_size && (inode.i_seals & F_SEAL_SHRINK) !== 0) return -EPERM;
    if (size > inode.i_size && (inode.i_seals & F_SEAL_GROW) !== 0) return -EPERM;
  }
  if (size < inode.i_size) truncate_pages(inode, size);
  inode.i_size = size;
  return 0;
}

/** Zero a range: whole pages become holes. */
export function punch_hole(inode: Inode, start: number, end: number): void {
  const { i_pages } = inode;
  if (i_pages === null) return;
  for (const [index, page] of i_pages) {
    const from = Math.max(start - index * PAGE_SIZE, 0);
    const to = Math.min(end - index * PAGE_SIZE, PAGE_SIZE);
    if (from === 0 && to === PAGE_SIZE) i_pages.delete(index);
    else if (from < to) page.fill(0, from, to);
  }
}

/** Give every page of a range room: it stays a hole for who seeks data. */
export function fill_pages(inode: Inode, start: number, end: number): void {
  const pages: Map<number, Bytes> = (inode.i_pages ??= new Map<number, Bytes>());
  for (let index = Math.floor(start / PAGE_SIZE); index * PAGE_SIZE < end; index++)
    if (!pages.has(index)) pages.set(index, ZERO_PAGE);
}

/** Put `bytes` into a file from its start: what the kernel itself writes. */
export function ramfs_fill(inode: Inode, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += PAGE_SIZE)
    get_page(inode, at / PAGE_SIZE).set(bytes.subarray(at, at + PAGE_SIZE));
  inode.i_size = bytes.length;
}

/** The first bytes of a file. */
export function ramfs_head(inode: Inode, n: number): Uint8Array {
  return (inode.i_pages?.get(0) ?? ZERO_PAGE).slice(0, Math.min(n, inode.i_size, PAGE_SIZE));
}

export const ramfs_file_operations = {
  splice_read: true,
  splice_write: true,
  read_iter: ramfs_read,
  write_iter: ramfs_write,
  llseek: generic_file_llseek,
  show: () => '',
} satisfies FileOperations;

// Directories.

/** lseek of a directory: its positions are those that getdents gives. Linux: dcache_dir_lseek. */
function dir_llseek(_task: Task, file: OpenFile, offset: number, whence: number): number {
  if (whence !== SEEK_SET && whence !== SEEK_CUR) return -EINVAL;
  const pos = whence === SEEK_CUR ? seek_sum(file.f_pos, offset) : offset;
  if (pos < 0) return -EINVAL;
  file.f_pos = pos;
  return pos;
}

/** The two entries that every directory has. False: no room. Linux: dir_emit_dots. */
export function dir_emit_dots(file: OpenFile, ctx: DirContext): boolean {
  const dir = file.f_path!;
  if (ctx.pos === 0) {
    if (!ctx.actor('.', dir.d_inode.i_ino, DT_DIR, 1)) return false;
    ctx.pos = 1;
  }
  if (ctx.pos === 1) {
    if (!ctx.actor('..', dir.d_parent.d_inode.i_ino, DT_DIR, 2)) return false;
    ctx.pos = 2;
  }
  return true;
}

/** Entries in the order of their making. The list is that of the last rewind, so that removals in between skip nothing. */
function dir_iterate(_task: Task, file: OpenFile, ctx: DirContext): number {
  const dir = file.f_path!;
  if (dir.d_unhashed) return -ENOENT;
  if (ctx.pos === 0 || file.private_data === null) file.private_data = [...dir.d_children!.values()];
  const list = file.private_data as readonly Dentry[];
  if (!dir_emit_dots(file, ctx)) return 0;
  for (; ctx.pos - 2 < list.length; ctx.pos++) {
    const { d_name, d_inode, d_unhashed, d_parent } = list[ctx.pos - 2]!;
    if (d_unhashed || d_parent !== dir) continue;
    if (!ctx.actor(d_name, d_inode.i_ino, fs_umode_to_dtype(d_inode.i_mode), ctx.pos + 1)) return 0;
  }
  return 0;
}

export const simple_dir_operations = {
  plain_read: true,
  read_iter: () => -EISDIR,
  llseek: dir_llseek,
  iterate_shared: dir_iterate,
  show: () => '',
} satisfies FileOperations;
