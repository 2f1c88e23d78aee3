/** Structures in user memory, as strace shows them. */
import { layout_x86_64 as L } from '../../kernel-mock/include/uapi/layout.js';
import { AF_INET, AF_INET6, AF_UNIX } from '../../kernel-mock/include/uapi/socket.js';
import { S_IFBLK, S_IFCHR, S_IFMT } from '../../kernel-mock/include/uapi/stat.js';
import { inet_ntop6 } from './inet.js';
import { type Call, address, failed, printarray, printfd, printmode, printstrn, quote, s32, umoven } from './print.js';
import {
  addrfams,
  epollevents,
  fsmagic,
  lockfcmds,
  modetypes,
  pollflags,
  statfs_flags,
  statx_attrs,
  statx_masks,
  whence_codes,
} from './tables.js';
import { printflags, printxval } from './xlat.js';

function view(c: Call, addr: number, size: number): DataView | null {
  const bytes = umoven(c, addr, size);
  return bytes === null ? null : new DataView(bytes.buffer);
}

const s64 = (v: DataView, at: number): string => String(v.getBigInt64(at, true));
const u64 = (v: DataView, at: number): string => String(v.getBigUint64(at, true));

// Addresses.

const AF_UNSPEC = 0;

function unix_address(c: Call, bytes: Uint8Array): string {
  const name = bytes.subarray(2);
  if (name.length === 0) return '{sa_family=AF_UNIX}';
  if (name[0] === 0) return `{sa_family=AF_UNIX, sun_path=@${quote(c, name.subarray(1))}}`;
  const end = name.indexOf(0);
  return `{sa_family=AF_UNIX, sun_path=${quote(c, end === -1 ? name : name.subarray(0, end))}}`;
}

/** A socket address of `len` bytes. Linux strace: decode_sockaddr. */
export function printsockaddr(c: Call, addr: number, len: number): string {
  if (addr === 0) return 'NULL';
  if (len < 2) return address(addr);
  const n = Math.min(len, L.sockaddr_storage.size);
  const v = view(c, addr, n);
  if (v === null) return address(addr);
  const bytes = new Uint8Array(v.buffer);
  const family = v.getUint16(0, true);
  const name = printxval(addrfams, family, 'AF_???');
  if (family === AF_UNIX) return unix_address(c, bytes.subarray(0, L.sockaddr_un.size));
  if (family === AF_INET && n >= L.sockaddr_in.size)
    return `{sa_family=AF_INET, sin_port=htons(${v.getUint16(2)}), sin_addr=inet_addr("${bytes.subarray(4, 8).join('.')}")}`;
  if (family === AF_INET6 && n >= L.sockaddr_in6.sin6_scope_id) {
    const scope = n >= L.sockaddr_in6.size ? `, sin6_scope_id=${v.getUint32(L.sockaddr_in6.sin6_scope_id, true)}` : '';
    return `{sa_family=AF_INET6, sin6_port=htons(${v.getUint16(2)}), sin6_flowinfo=htonl(${v.getUint32(4)}), inet_pton(AF_INET6, "${inet_ntop6(bytes.subarray(8, 24))}", &sin6_addr)${scope}}`;
  }
  if (n === 2) return family === AF_UNSPEC ? '{sa_family=AF_UNSPEC}' : `{sa_family=${name}}`;
  return `{sa_family=${name}, sa_data=${quote(c, bytes.subarray(2))}}`;
}

// Time.

export type PrintStruct = (c: Call, addr: number) => string;

/** A structure of two longs: `{tv_sec=1, tv_nsec=2}`. */
function two_longs(first: string, second: string): PrintStruct {
  return (c, addr) => {
    if (addr === 0) return 'NULL';
    const v = view(c, addr, 16);
    return v === null ? address(addr) : `{${first}=${s64(v, 0)}, ${second}=${s64(v, 8)}}`;
  };
}

export const timespec = two_longs('tv_sec', 'tv_nsec');
export const timeval = two_longs('tv_sec', 'tv_usec');

const interval =
  (half: PrintStruct): PrintStruct =>
  (c, addr) =>
    addr === 0
      ? 'NULL'
      : umoven(c, addr, 32) === null
        ? address(addr)
        : `{it_interval=${half(c, addr)}, it_value=${half(c, addr + 16)}}`;

export const itimerspec = interval(timespec);
export const itimerval = interval(timeval);

// Files.

/** `S_IFREG|0644`. */
export function printfilemode(mode: number): string {
  const type = printxval(modetypes, mode & S_IFMT, '');
  return (mode & S_IFMT) === 0 ? printmode(mode) : `${type}|${printmode(mode & ~S_IFMT)}`;
}

export function makedev(rdev: number): string {
  const major = ((rdev >>> 8) & 0xfff) | 0;
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xffffff00);
  return `makedev(0x${major.toString(16)}, 0x${minor.toString(16)})`;
}

function is_device(mode: number): boolean {
  return (mode & S_IFMT) === S_IFCHR || (mode & S_IFMT) === S_IFBLK;
}

export const stat: PrintStruct = (c, addr) => {
  const v = view(c, addr, L.stat.size);
  if (v === null) return address(addr);
  const mode = v.getUint32(L.stat.st_mode, true);
  const what = is_device(mode)
    ? `st_rdev=${makedev(Number(v.getBigUint64(L.stat.st_rdev, true)))}`
    : `st_size=${u64(v, L.stat.st_size)}`;
  return `{st_mode=${printfilemode(mode)}, ${what}, ...}`;
};

export const flock: PrintStruct = (c, addr) => {
  if (addr === 0) return 'NULL';
  const v = view(c, addr, L.flock.size);
  if (v === null) return address(addr);
  const { l_type, l_whence, l_start, l_len } = L.flock;
  return `{l_type=${printxval(lockfcmds, v.getInt16(l_type, true), 'F_???')}, l_whence=${printxval(whence_codes, v.getInt16(l_whence, true), 'SEEK_???')}, l_start=${s64(v, l_start)}, l_len=${s64(v, l_len)}}`;
};

/** The same with the owner, which a question for a lock fills in. */
export const flock_with_pid: PrintStruct = (c, addr) => {
  const text = flock(c, addr);
  const v = view(c, addr, L.flock.size);
  return v === null ? text : `${text.slice(0, -1)}, l_pid=${v.getInt32(L.flock.l_pid, true)}}`;
};

// Vectors and messages.

/** An array of iovec; of what they point at `bytes` bytes are shown at most; null: all; or only addresses. */
export function printiov(c: Call, addr: number, n: number, bytes: number | null | 'addresses'): string {
  let left = typeof bytes === 'number' ? bytes : null;
  return printarray(c, addr, n, L.iovec.size, (v) => {
    const base = Number(v.getBigUint64(L.iovec.iov_base, true));
    const len = Number(v.getBigUint64(L.iovec.iov_len, true));
    const shown = left === null ? len : Math.min(len, left);
    if (left !== null) left -= shown;
    const text = bytes === 'addresses' ? address(base) : printstrn(c, base, shown);
    return `{iov_base=${text}, iov_len=${u64(v, L.iovec.iov_len)}}`;
  });
}

// Waiting.

export function printpollfds(c: Call, addr: number, n: number): string {
  return printarray(c, addr, n, L.pollfd.size, (v) => {
    const fd = v.getInt32(0, true);
    if (fd < 0) return `{fd=${fd}}`;
    return `{fd=${printfd(c, fd)}, events=${printflags(pollflags, v.getUint16(4, true), 'POLL???')}}`;
  });
}

/** `[{fd=7, revents=POLLOUT}]`: those with an answer. */
export function printrevents(c: Call, addr: number, n: number): string {
  const texts: string[] = [];
  for (let i = 0; i < n; i++) {
    const v = view(c, addr + i * L.pollfd.size, L.pollfd.size);
    if (v === null) break;
    const revents = v.getUint16(6, true);
    if (v.getInt32(0, true) < 0 || revents === 0) continue;
    texts.push(`{fd=${v.getInt32(0, true)}, revents=${printflags(pollflags, revents, 'POLL???')}}`);
  }
  return `[${texts.join(', ')}]`;
}

export function printepoll(v: DataView): string {
  const events = printflags(epollevents, v.getUint32(L.epoll_event.events, true), 'EPOLL???');
  const { data } = L.epoll_event;
  return `{events=${events}, data={u32=${v.getUint32(data, true)}, u64=${u64(v, data)}}}`;
}

export const epoll_event: PrintStruct = (c, addr) => {
  if (addr === 0) return 'NULL';
  const v = view(c, addr, L.epoll_event.size);
  return v === null ? address(addr) : printepoll(v);
};

/** The descriptors below `n` in an fd_set: `[3 5]`. */
export function printfdset(c: Call, addr: number, n: number): string {
  if (addr === 0) return 'NULL';
  if (n < 0) return address(addr);
  const fds = fdset(c, addr, n);
  return fds === null ? address(addr) : `[${fds.map((fd) => printfd(c, fd)).join(' ')}]`;
}

export function fdset(c: Call, addr: number, n: number): number[] | null {
  const count = Math.min(Math.max(s32(n), 0), 1 << 20);
  const bytes = umoven(c, addr, Math.ceil(count / 64) * 8);
  if (bytes === null) return addr === 0 || count > 0 ? null : [];
  return [...Array(count).keys()].filter((fd) => (bytes[fd >> 3]! & (1 << (fd & 7))) !== 0);
}

/** A length that the call changes: `[16]`, `[128 => 16]`. */
export function printsocklen(c: Call, addr: number, before: number | null): string {
  const v = view(c, addr, 4);
  if (v === null) return address(addr);
  const now = v.getInt32(0, true);
  return before === null || before === now || failed(c) ? `[${now}]` : `[${before} => ${now}]`;
}

export function read_int(c: Call, addr: number): number | null {
  return view(c, addr, 4)?.getInt32(0, true) ?? null;
}

// Limits and accounts.

const RLIM_INFINITY = 2n ** 64n - 1n;

/** `8192*1024`, `RLIM64_INFINITY`. Linux strace: sprint_rlim64. */
function rlim(value: bigint): string {
  if (value === RLIM_INFINITY) return 'RLIM64_INFINITY';
  return value > 1024n && value % 1024n === 0n ? `${value / 1024n}*1024` : String(value);
}

export const rlimit: PrintStruct = (c, addr) => {
  const v = view(c, addr, L.rlimit64.size);
  if (v === null) return address(addr);
  return `{rlim_cur=${rlim(v.getBigUint64(0, true))}, rlim_max=${rlim(v.getBigUint64(8, true))}}`;
};

export const rusage: PrintStruct = (c, addr) => {
  if (addr === 0 || umoven(c, addr, L.rusage.size) === null) return address(addr);
  return `{ru_utime=${timeval(c, addr)}, ru_stime=${timeval(c, addr + L.rusage.ru_stime)}, ...}`;
};

export const tms: PrintStruct = (c, addr) => {
  const v = view(c, addr, 32);
  if (v === null) return address(addr);
  return `{tms_utime=${s64(v, 0)}, tms_stime=${s64(v, 8)}, tms_cutime=${s64(v, 16)}, tms_cstime=${s64(v, 24)}}`;
};

export const statx: PrintStruct = (c, addr) => {
  const S = L.statx;
  const v = view(c, addr, S.size);
  if (v === null) return address(addr);
  const mode = v.getUint16(S.stx_mode, true);
  const mask = printflags(statx_masks, v.getUint32(S.stx_mask, true), 'STATX_???');
  const attributes = printflags(statx_attrs, Number(v.getBigUint64(S.stx_attributes, true)), 'STATX_ATTR_???');
  return `{stx_mask=${mask}, stx_attributes=${attributes}, stx_mode=${printfilemode(mode)}, stx_size=${u64(v, S.stx_size)}, ...}`;
};

export const statfs: PrintStruct = (c, addr) => {
  const S = L.statfs;
  const v = view(c, addr, S.size);
  if (v === null) return address(addr);
  const type = Number(v.getBigUint64(S.f_type, true));
  const fields = (['f_bsize', 'f_blocks', 'f_bfree', 'f_bavail', 'f_files', 'f_ffree'] as const).map(
    (name) => `${name}=${u64(v, S[name])}`,
  );
  const fsid = `f_fsid={val=[${hex0(v.getUint32(S.f_fsid, true))}, ${hex0(v.getUint32(S.f_fsid + 4, true))}]}`;
  const flags = printflags(statfs_flags, Number(v.getBigUint64(S.f_flags, true)), 'ST_???');
  return `{f_type=${printxval(fsmagic, type, '*_MAGIC')}, ${fields.join(', ')}, ${fsid}, f_namelen=${u64(v, S.f_namelen)}, f_frsize=${u64(v, S.f_frsize)}, f_flags=${flags}}`;
};
const hex0 = (n: number): string => (n === 0 ? '0' : `0x${n.toString(16)}`);
