/** Calls on paths. */
import { AT_STATX_SYNC_TYPE, O_CREAT, O_TMPFILE } from '../../../kernel-mock/include/uapi/fcntl.js';
import { layout_x86_64 as L } from '../../../kernel-mock/include/uapi/layout.js';
import { S_IFBLK, S_IFCHR, S_IFMT, UTIME_NOW, UTIME_OMIT } from '../../../kernel-mock/include/uapi/stat.js';
import {
  type Arg,
  type Call,
  type Decoders,
  type Printer,
  address,
  dirfd,
  enter,
  failed,
  fd,
  fd_row,
  flags,
  id,
  long,
  leave,
  mode,
  out,
  path,
  printstrn,
  row,
  size,
  string,
  u32,
  uint,
  umoven,
} from '../print.js';
import { makedev, printfilemode, stat, statfs, statx } from '../structs.js';
import {
  access_modes,
  at_flags,
  at_statx_sync_types,
  faccessat_flags,
  memfd_create_flags,
  rename_flags,
  resolve_flags,
  statx_masks,
} from '../tables.js';
import { hex, printflags, printxval } from '../xlat.js';
import { open_flags } from './open_flags.js';

// open.

const oflags: Arg = enter((_c, v) => open_flags(u32(v)));
const wants_mode = (v: number): boolean => (u32(v) & O_CREAT) !== 0 || (u32(v) & O_TMPFILE) === O_TMPFILE;

/** The mode is there if the flags make a file. */
const open_args =
  (...before: readonly Arg[]) =>
  (c: Call): readonly Arg[] =>
    wants_mode(c.args[before.length]!) ? [...before, oflags, mode] : [...before, oflags];

const open_how: Arg = enter((c, v) => {
  const { size: whole, mode: at, resolve } = L.open_how;
  const bytes = c.args[3]! < whole ? null : umoven(c, v, whole);
  if (bytes === null) return address(v);
  const view = new DataView(bytes.buffer);
  const how = Number(view.getBigUint64(0, true));
  const created = wants_mode(how) ? `, mode=${octal(Number(view.getBigUint64(at, true)))}` : '';
  const extra = how >= 2 ** 32 ? `|${hex(Math.floor(how / 2 ** 32) * 2 ** 32)}` : '';
  return `{flags=${open_flags(how % 2 ** 32)}${extra}${created}, resolve=${printflags(resolve_flags, Number(view.getBigUint64(resolve, true)), 'RESOLVE_???')}}`;
});
const octal = (n: number): string => `0${n.toString(8)}`.padStart(3, '0');

// stat.

const out_stat: Arg = out((c, v) => stat(c, v));
const at: Arg = flags(at_flags, 'AT_???');
const statx_flags: Arg = enter((_c, v) => {
  const sync = printxval(at_statx_sync_types, u32(v) & AT_STATX_SYNC_TYPE, 'AT_STATX_???');
  const rest = (u32(v) & ~AT_STATX_SYNC_TYPE) >>> 0;
  return rest === 0 ? sync : `${sync}|${printflags(at_flags, rest, 'AT_???')}`;
});

// mknod.

const filemode: Arg = enter((_c, v) => printfilemode(u32(v)));
const device: Arg = enter((_c, v) => makedev(u32(v)));
const is_device = (v: number): boolean => (v & S_IFMT) === S_IFCHR || (v & S_IFMT) === S_IFBLK;
const mknod_args =
  (...before: readonly Arg[]) =>
  (c: Call): readonly Arg[] =>
    is_device(c.args[before.length]!) ? [...before, filemode, device] : [...before, filemode];

// Times.

function utime(v: DataView, o: number): string {
  const sec = v.getBigInt64(o, true);
  const nsec = v.getBigInt64(o + 8, true);
  if (Number(nsec) === UTIME_NOW) return 'UTIME_NOW';
  if (Number(nsec) === UTIME_OMIT) return 'UTIME_OMIT';
  return `{tv_sec=${sec}, tv_nsec=${nsec}}${comment_time(Number(sec), Number(nsec))}`;
}

/** The last second that a Date can say. */
const MAX_DATE = 8_640_000_000_000;

/** The time in words behind it. Linux strace: sprinttime_nsec. */
export function date_text(sec: number, nsec: number | null, part = ''): string {
  const fraction = nsec === null || nsec === 0 ? part : `.${String(nsec).padStart(9, '0')}`;
  // Years that no date can hold: strace says nothing of them either.
  if (Math.abs(sec) > MAX_DATE) return '';
  return `${new Date(sec * 1000).toISOString().slice(0, 19)}${fraction}+0000`;
}
const comment = (text: string): string => (text === '' ? '' : ` /* ${text} */`);
function comment_time(sec: number, nsec: number): string {
  return (sec === 0 && nsec === 0) || nsec > 999_999_999 || nsec < 0 ? '' : comment(date_text(sec, nsec));
}

const utimes: Arg = enter((c, v) => {
  if (v === 0) return 'NULL';
  const bytes = umoven(c, v, 2 * L.timespec.size);
  if (bytes === null) return address(v);
  const view = new DataView(bytes.buffer);
  return `[${utime(view, 0)}, ${utime(view, L.timespec.size)}]`;
});

/** The same in microseconds. */
const timevals: Arg = enter((c, v) => {
  if (v === 0) return 'NULL';
  const bytes = umoven(c, v, 2 * L.timeval.size);
  if (bytes === null) return address(v);
  const view = new DataView(bytes.buffer);
  const one = (o: number): string => {
    const [sec, usec] = [Number(view.getBigInt64(o, true)), Number(view.getBigInt64(o + 8, true))];
    const fraction = usec === 0 ? '' : `.${String(usec).padStart(6, '0')}`;
    const date = usec < 0 || usec > 999_999 || (sec === 0 && usec === 0) ? '' : comment(date_text(sec, null, fraction));
    return `{tv_sec=${sec}, tv_usec=${usec}}${date}`;
  };
  return `[${one(0)}, ${one(L.timeval.size)}]`;
});

const utimbuf: Arg = enter((c, v) => {
  if (v === 0) return 'NULL';
  const bytes = umoven(c, v, 16);
  if (bytes === null) return address(v);
  const view = new DataView(bytes.buffer);
  const [act, mod] = [Number(view.getBigInt64(0, true)), Number(view.getBigInt64(8, true))];
  const word = (sec: number): string => `${sec}${comment(date_text(sec, null))}`;
  return `{actime=${word(act)}, modtime=${word(mod)}}`;
});

// Directories.

/** How many entries the call has written; where a record says how long it is. */
const entries =
  (reclen: number): Printer =>
  (c, v) => {
    const bytes = umoven(c, v, c.ret!);
    if (bytes === null) return address(v);
    const view = new DataView(bytes.buffer);
    let n = 0;
    for (let o = 0; o + reclen + 2 <= bytes.length; n++) {
      const length = view.getUint16(o + reclen, true);
      if (length === 0) break;
      o += length;
    }
    return `${address(v)} /* ${n} entries */`;
  };

const out_path: Arg = leave((c, v) => (failed(c) ? address(v) : printstrn(c, v, c.ret!)));
const out_cwd: Arg = leave((c, v) => (failed(c) ? address(v) : path.print(c, v, 0)));
const amode: Arg = flags(access_modes, '?_OK');

export const fs_decoders = {
  open: { args: open_args(path), ret: 'fd' },
  openat: { args: open_args(dirfd, path), ret: 'fd' },
  openat2: fd_row(dirfd, path, open_how, size),
  creat: fd_row(path, mode),
  stat: row(path, out_stat),
  lstat: row(path, out_stat),
  fstat: row(fd, out_stat),
  newfstatat: row(dirfd, path, out_stat, at),
  statx: row(
    dirfd,
    path,
    statx_flags,
    flags(statx_masks, 'STATX_???'),
    out((c, v) => statx(c, v)),
  ),
  statfs: row(
    path,
    out((c, v) => statfs(c, v)),
  ),
  fstatfs: row(
    fd,
    out((c, v) => statfs(c, v)),
  ),
  access: row(path, amode),
  faccessat: row(dirfd, path, amode),
  faccessat2: row(dirfd, path, amode, flags(faccessat_flags, 'AT_???')),
  chmod: row(path, mode),
  fchmod: row(fd, mode),
  fchmodat: row(dirfd, path, mode),
  fchmodat2: row(dirfd, path, mode, at),
  chown: row(path, id, id),
  lchown: row(path, id, id),
  fchown: row(fd, id, id),
  fchownat: row(dirfd, path, id, id, at),
  truncate: row(path, long),
  utime: row(path, utimbuf),
  utimes: row(path, timevals),
  futimesat: row(dirfd, path, timevals),
  utimensat: row(dirfd, path, utimes, at),
  chdir: row(path),
  fchdir: row(fd),
  chroot: row(path),
  getcwd: row(out_cwd, size),
  umask: { args: [mode], ret: 'octal' },
  mkdir: row(path, mode),
  mkdirat: row(dirfd, path, mode),
  rmdir: row(path),
  mknod: { args: mknod_args(path) },
  mknodat: { args: mknod_args(dirfd, path) },
  link: row(path, path),
  linkat: row(dirfd, path, dirfd, path, at),
  symlink: row(path, path),
  symlinkat: row(path, dirfd, path),
  unlink: row(path),
  unlinkat: row(dirfd, path, at),
  readlink: row(path, out_path, size),
  readlinkat: row(dirfd, path, out_path, size),
  rename: row(path, path),
  renameat: row(dirfd, path, dirfd, path),
  renameat2: row(dirfd, path, dirfd, path, flags(rename_flags, 'RENAME_??')),
  getdents: row(fd, out(entries(16)), uint),
  getdents64: row(fd, out(entries(L.linux_dirent64.d_reclen)), size),
  memfd_create: fd_row(string, flags(memfd_create_flags, 'MFD_???')),
} satisfies Decoders;
