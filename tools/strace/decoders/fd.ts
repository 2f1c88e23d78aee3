/** Calls on descriptors: reading and writing, duplicates, fcntl, ioctl, pipes. */
import * as f from '../../../kernel-mock/include/uapi/fcntl.js';
import { layout_x86_64 as L } from '../../../kernel-mock/include/uapi/layout.js';
import {
  type Arg,
  type Call,
  type Decoders,
  type Ret,
  address,
  enter,
  failed,
  fd,
  fd_row,
  flags,
  hex_arg,
  in_buffer,
  int,
  leave,
  long,
  out,
  out_buffer,
  out_fds,
  row,
  s32,
  size,
  u32,
  uint,
  umoven,
  value_of,
} from '../print.js';
import { signame } from '../signals.js';
import { type PrintStruct, flock, flock_with_pid, printiov } from '../structs.js';
import {
  close_range_flags,
  f_owner_types,
  f_seals,
  falloc_flags,
  fcntl_cmds,
  fdflags,
  flock_cmds,
  lockfcmds,
  notifyflags,
  open_mode_flags,
  rwf_flags,
  splice_flags,
  whence_codes,
} from '../tables.js';
import { printflags, printxval } from '../xlat.js';
import { open_flags } from './open_flags.js';

// Vectors.

const in_iov: Arg = enter((c, v, i) => printiov(c, v, u32(c.args[i + 1]!), null));
const out_iov: Arg = leave((c, v, i) =>
  failed(c) ? printiov_addresses(c, v, u32(c.args[i + 1]!)) : printiov(c, v, u32(c.args[i + 1]!), c.ret),
);
const printiov_addresses = (c: Call, v: number, n: number): string => printiov(c, v, n, 'addresses');
const vlen: Arg = size;
/** A position in one register; the second one of the pair holds its high half on other architectures. */
const loff: Arg = long;
const rwf: Arg = flags(rwf_flags, 'RWF_???');

/** A position that the call reads and moves: `[3]`, `[0] => [3]`. */
const moving_offset: Arg = enter((c, addr) => {
  const bytes = umoven(c, addr, 8);
  return bytes === null ? address(addr) : `[${new DataView(bytes.buffer).getBigInt64(0, true)}]`;
});
const sendfile_offset: Arg = {
  late: (c, v) => v !== 0 && umoven(c, v, 8) !== null,
  print(c, addr) {
    const bytes = umoven(c, addr, 8);
    if (bytes === null) return address(addr);
    const now = String(new DataView(bytes.buffer).getBigInt64(0, true));
    const before = c.kept as string | null;
    return before === null || before === now || failed(c) ? `[${now}]` : `[${before}] => [${now}]`;
  },
};
function keep_offset(c: Call): string | null {
  const bytes = umoven(c, c.args[2]!, 8);
  return bytes === null ? null : String(new DataView(bytes.buffer).getBigInt64(0, true));
}

// fcntl.

interface Command {
  /** The third argument; absent: there is none. */
  readonly arg?: Arg;
  readonly ret?: Ret;
  readonly aux?: (c: Call) => string | null;
}

const struct = (print: PrintStruct): Arg => enter((c, v) => print(c, v));
/** What the call reads and writes: shown at its end, whatever came of it. */
const late_struct = (print: PrintStruct): Arg => leave((c, v) => print(c, v));
const owner: PrintStruct = (c, addr) => {
  const bytes = umoven(c, addr, L.f_owner_ex.size);
  if (bytes === null) return address(addr);
  const v = new DataView(bytes.buffer);
  return `{type=${printxval(f_owner_types, v.getInt32(0, true), 'F_OWNER_???')}, pid=${v.getInt32(4, true)}}`;
};

const set_lock: Command = { arg: struct(flock) };
const get_lock: Command = { arg: late_struct(flock_with_pid) };
const decimal: Command = { ret: 'd' };

const commands: Readonly<Record<number, Command>> = {
  [f.F_DUPFD]: { arg: int, ret: 'fd' },
  [f.F_DUPFD_CLOEXEC]: { arg: int, ret: 'fd' },
  [f.F_GETFD]: { ret: 'hex', aux: (c) => (c.ret === 0 ? null : `flags ${printflags(fdflags, c.ret!, 'FD_???')}`) },
  [f.F_SETFD]: { arg: flags(fdflags, 'FD_???') },
  [f.F_GETFL]: { ret: 'hex', aux: (c) => `flags ${open_flags(c.ret!)}` },
  [f.F_SETFL]: { arg: enter((_c, v) => open_flags(u32(v))) },
  [f.F_SETOWN]: { arg: int },
  [f.F_GETOWN]: decimal,
  [f.F_SETSIG]: { arg: enter((_c, v) => signame(s32(v))) },
  [f.F_GETSIG]: { aux: (c) => (c.ret === 0 ? null : signame(c.ret!)) },
  [f.F_SETOWN_EX]: { arg: struct(owner) },
  [f.F_GETOWN_EX]: { arg: out(owner) },
  [f.F_SETLK]: set_lock,
  [f.F_SETLKW]: set_lock,
  [f.F_OFD_SETLK]: set_lock,
  [f.F_OFD_SETLKW]: set_lock,
  [f.F_GETLK]: get_lock,
  [f.F_OFD_GETLK]: get_lock,
  [f.F_SETLEASE]: { arg: value_of(lockfcmds, 'F_???') },
  [f.F_GETLEASE]: { ret: 'hex', aux: (c) => printxval(lockfcmds, c.ret!, 'F_???') },
  [f.F_NOTIFY]: { arg: flags(notifyflags, 'DN_???') },
  [f.F_SETPIPE_SZ]: { arg: int },
  [f.F_GETPIPE_SZ]: decimal,
  [f.F_ADD_SEALS]: { arg: flags(f_seals, 'F_SEAL_???') },
  [f.F_GET_SEALS]: {
    ret: 'hex',
    aux: (c) => (c.ret === 0 ? null : `seals ${printflags(f_seals, c.ret!, 'F_SEAL_???')}`),
  },
};

const command = (c: Call): Command => commands[u32(c.args[1]!)] ?? { arg: hex_arg, ret: 'hex' };
const cmd: Arg = value_of(fcntl_cmds, 'F_???');

const pipe_flags: Arg = flags(open_mode_flags, 'O_???');
const flock_op: Arg = flags(flock_cmds, 'LOCK_???');

export const fd_decoders = {
  read: row(fd, out_buffer, size),
  write: row(fd, in_buffer, size),
  close: row(fd),
  pread64: row(fd, out_buffer, size, loff),
  pwrite64: row(fd, in_buffer, size, loff),
  readv: row(fd, out_iov, vlen),
  writev: row(fd, in_iov, vlen),
  preadv: row(fd, out_iov, vlen, loff),
  pwritev: row(fd, in_iov, vlen, loff),
  preadv2: { args: [fd, out_iov, vlen, loff, { ...rwf, reg: 5 }] },
  pwritev2: { args: [fd, in_iov, vlen, loff, { ...rwf, reg: 5 }] },
  lseek: row(fd, loff, value_of(whence_codes, 'SEEK_???')),
  dup: fd_row(fd),
  dup2: fd_row(fd, fd),
  dup3: fd_row(fd, fd, flags(open_mode_flags, 'O_???')),
  close_range: row(uint, uint, flags(close_range_flags, 'CLOSE_RANGE_???')),
  pipe: row(out_fds),
  pipe2: row(out_fds, pipe_flags),
  fcntl: {
    args: (c) => {
      const { arg } = command(c);
      return arg === undefined ? [fd, cmd] : [fd, cmd, arg];
    },
    ret: (c) => command(c).ret ?? 'd',
    aux: (c) => command(c).aux?.(c) ?? null,
  },
  sendfile: { args: [fd, fd, sendfile_offset, size], keep: keep_offset },
  copy_file_range: row(fd, moving_offset, fd, moving_offset, size, uint),
  splice: row(fd, moving_offset, fd, moving_offset, size, flags(splice_flags, 'SPLICE_F_???')),
  tee: row(fd, fd, size, flags(splice_flags, 'SPLICE_F_???')),
  vmsplice: row(fd, in_iov, size, flags(splice_flags, 'SPLICE_F_???')),
  flock: row(fd, flock_op),
  fsync: row(fd),
  fdatasync: row(fd),
  syncfs: row(fd),
  sync: row(),
  sync_file_range: row(
    fd,
    loff,
    loff,
    flags(
      [
        [1, 'SYNC_FILE_RANGE_WAIT_BEFORE'],
        [2, 'SYNC_FILE_RANGE_WRITE'],
        [4, 'SYNC_FILE_RANGE_WAIT_AFTER'],
      ],
      'SYNC_FILE_RANGE_???',
    ),
  ),
  readahead: row(fd, loff, size),
  fadvise64: row(
    fd,
    loff,
    size,
    value_of(
      [
        [0, 'POSIX_FADV_NORMAL'],
        [1, 'POSIX_FADV_RANDOM'],
        [2, 'POSIX_FADV_SEQUENTIAL'],
        [3, 'POSIX_FADV_WILLNEED'],
        [4, 'POSIX_FADV_DONTNEED'],
        [5, 'POSIX_FADV_NOREUSE'],
      ],
      'POSIX_FADV_???',
    ),
  ),
  fallocate: row(fd, flags(falloc_flags, 'FALLOC_FL_???'), loff, loff),
  ftruncate: row(fd, loff),
} satisfies Decoders;
