/**
 * How each call of a case is made. The rule:
 *
 * 1. The library must have a function of that name; if not, the case fails.
 * 2. The function itself is called wherever its parameters can say what the case passes. Numbers and texts go as they are;
 *    what stands for a pointer is in the `shape` of the row. So descriptors come by the route that is being judged.
 * 3. Where they cannot (a null pointer with a length, a length that is a lie, a structure for which the library has no
 *    object), `libc.syscall` enters with the bytes of the case, laid out as a C program has them, and does what the
 *    wrapper of the C library does besides: that is `raw` of the row. A row without `raw` is a function of the library alone.
 */
import { F_GETOWN, F_GETOWN_EX, F_OWNER_PGRP, O_CREAT, O_TMPFILE } from '../../kernel-mock/include/uapi/fcntl.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { SI_QUEUE } from '../../kernel-mock/include/uapi/signal.js';
import { S_IFIFO } from '../../kernel-mock/include/uapi/stat.js';
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import type { Libc } from '../../libc/index.js';
import type { Arg, Block, FileAction } from './marshal.js';
import { message } from './messages.js';
import { STRUCTS, field_offset, get, put, unpack_struct } from './struct.js';
import { Malformed, show } from './value.js';

/** Arguments for a function of the library, and how its results get back into the memory of the case. */
interface Shaped {
  readonly args: readonly unknown[];
  readonly back?: () => void;
}

/** null: the function cannot be given these arguments. */
type Shape = (a: readonly Arg[], libc: Libc) => Shaped | null;

/** The way into the kernel with the bytes of the case. `reg` is the register of an argument: its number or its address. */
interface Raw {
  readonly libc: Libc;
  readonly a: readonly Arg[];
  readonly reg: (i: number) => number;
  /** Put a further piece of memory there for the length of the call. */
  readonly place: (block: Block) => number;
  readonly enter: (name: CallName, ...registers: number[]) => Promise<number>;
}

type RawCall = (r: Raw) => Promise<number>;

interface Row {
  /** How many arguments the function takes. */
  readonly args: number | readonly [least: number, most: number];
  readonly shape?: Shape;
  readonly raw?: RawCall;
}

const { mmsghdr: MMSGHDR, pollfd: POLLFD } = layout_x86_64;
const UINT64_MAX = 0xffff_ffff_ffff_ffffn;

// What a parameter of the library can be given.

function number_of(a: Arg | undefined): number | undefined {
  return a?.form === 'number' ? a.value : undefined;
}

/** The bytes of a pointer argument with all that lies behind them; null for a null pointer. */
function bytes_of(a: Arg | undefined): Uint8Array | null | undefined {
  if (a?.form === 'null') return null;
  return a !== undefined && 'block' in a ? a.block.bytes : undefined;
}

/** A buffer whose length is the argument behind it, for functions that take the length from the buffer. */
function sized(a: Arg | undefined, length: Arg | undefined): Uint8Array | null | undefined {
  const bytes = bytes_of(a);
  const n = number_of(length);
  if (bytes === undefined || n === undefined) return undefined;
  if (bytes === null) return n === 0 ? null : undefined;
  return n >= 0 && n <= bytes.length ? bytes.subarray(0, n) : undefined;
}

/** A pointer to an int as an object with a `value`. */
function int_cell(a: Arg | undefined): { cell: { value: number } | null; back: () => void } | undefined {
  if (a?.form === 'null') return { cell: null, back: () => undefined };
  if (a?.form !== 'memory' || a.key !== 'int') return undefined;
  const { bytes } = a.block;
  const cell = { value: Number(get(bytes, 0, 's32')) };
  return { cell, back: () => put(bytes, 0, 's32', BigInt(cell.value)) };
}

/** Every argument is a number or a text. */
const plain: Shape = (a) => {
  const args = a.map((arg) => (arg.form === 'number' ? arg.value : arg.form === 'text' ? arg.text : null));
  return args.includes(null) ? null : { args };
};

/** (fd, buffer, count …): the function takes the count too. */
const counted: Shape = (a) => {
  const buffer = bytes_of(a[1]);
  const numbers = [a[0], ...a.slice(2)].map(number_of);
  if (buffer === undefined || numbers.includes(undefined)) return null;
  return { args: [numbers[0], buffer, ...numbers.slice(1)] };
};

/** (fd, buffer, length, flags): the buffer carries its length. */
const sent: Shape = (a) => {
  const buffer = sized(a[1], a[2]);
  const [fd, flags] = [number_of(a[0]), number_of(a[3])];
  return buffer === undefined || fd === undefined || flags === undefined ? null : { args: [fd, buffer, flags] };
};

/** (fd, buffer, length, flags, address, its length). */
const sendto: Shape = (a, libc) => {
  const front = sent(a, libc);
  const address = bytes_of(a[4]);
  const len = number_of(a[5]);
  return front === null || address === undefined || len === undefined ? null : { args: [...front.args, address, len] };
};

const recvfrom: Shape = (a, libc) => {
  const front = sent(a, libc);
  const address = bytes_of(a[4]);
  const len = int_cell(a[5]);
  if (front === null || address === undefined || len === undefined) return null;
  return { args: [...front.args, address, len.cell], back: len.back };
};

/** (fd, address, its length). */
const named: Shape = (a) => {
  const [fd, len] = [number_of(a[0]), number_of(a[2])];
  const address = bytes_of(a[1]);
  return fd === undefined || len === undefined || address === undefined ? null : { args: [fd, address, len] };
};

/** (fd, room for an address, its length in and out, flags): the library has the length last. */
const address_room =
  (flags: 'none' | 'zero' | 'last'): Shape =>
  (a) => {
    const fd = number_of(a[0]);
    const address = bytes_of(a[1]);
    const len = int_cell(a[2]);
    const bits = flags === 'last' ? number_of(a[3]) : 0;
    if (fd === undefined || address === undefined || len === undefined || bits === undefined) return null;
    return { args: [fd, address, ...(flags === 'none' ? [] : [bits]), len.cell], back: len.back };
  };

/** An array of ints as a list that is filled in; `at` is its place. */
const int_list =
  (at: number): Shape =>
  (a) => {
    const arg = a[at];
    const args = a.map(number_of) as (number | undefined | null | number[])[];
    let back: (() => void) | undefined;
    if (arg?.form === 'null') args[at] = null;
    else if (arg?.form === 'memory' && arg.key === 'ints') {
      const { bytes } = arg.block;
      const list = Array.from({ length: arg.count }, (_, i) => Number(get(bytes, 4 * i, 's32')));
      args[at] = list;
      back = () => {
        list.forEach((v, i) => {
          put(bytes, 4 * i, 's32', BigInt(v));
        });
      };
    }
    if (args.includes(undefined)) return null;
    return back === undefined ? { args } : { args, back };
  };

const poll: Shape = (a) => {
  const [fds, n, timeout] = a;
  const count = number_of(n);
  if (fds?.form !== 'memory' || fds.key !== 'pollfds' || fds.count !== count) return null;
  const { bytes } = fds.block;
  const field = (i: number, at: number, type: 's32' | 's16'): number => Number(get(bytes, POLLFD.size * i + at, type));
  const list = Array.from({ length: count }, (_, i) => ({
    fd: field(i, POLLFD.fd, 's32'),
    events: field(i, POLLFD.events, 's16'),
    revents: 0,
  }));
  const back = (): void => {
    list.forEach(({ revents }, i) => {
      put(bytes, POLLFD.size * i + POLLFD.revents, 's16', BigInt(revents));
    });
  };
  return { args: [list, number_of(timeout)], back };
};

/** (fd, vector, count) with buffers that are as long as the vector says. */
const vector: Shape = (a) => {
  const [fd, iov, n] = a;
  if (iov?.form !== 'iov' || number_of(n) !== iov.parts.length || number_of(fd) === undefined) return null;
  const buffers: (Uint8Array | null)[] = [];
  for (const { block, len } of iov.parts) {
    if (len > BigInt(block === null ? 0 : block.bytes.length)) return null;
    buffers.push(block === null ? null : block.bytes.subarray(0, Number(len)));
  }
  return { args: [number_of(fd), buffers] };
};

/** A structure of numbers as an object with its fields. Undefined: not that structure, or more than a number can hold. */
function fields_of(a: Arg | undefined, name: keyof typeof STRUCTS): { object: object; back: () => void } | undefined {
  if (a?.form !== 'memory' || a.key !== `struct ${name}`) return undefined;
  const { bytes } = a.block;
  const object: Record<string, number> = {};
  for (const [field, v] of Object.entries(unpack_struct(name, bytes))) {
    object[field] = Number(v);
    if (!Number.isSafeInteger(object[field])) return undefined;
  }
  const back = (): void => {
    for (const [field, type] of Object.entries(STRUCTS[name])) {
      const v = BigInt(object[field]!);
      // All bits set: the nearest number is one too many.
      put(bytes, field_offset(name, field), type, v > UINT64_MAX ? UINT64_MAX : v);
    }
  };
  return { object, back };
}

/** Numbers, and at `at` a structure that is filled in, or a null pointer. */
const with_fields =
  (at: number, name: keyof typeof STRUCTS): Shape =>
  (a) => {
    const args: unknown[] = a.map(number_of);
    const fields = fields_of(a[at], name);
    args[at] = a[at]?.form === 'null' ? null : fields?.object;
    if (args.includes(undefined)) return null;
    return fields === undefined ? { args } : { args, back: fields.back };
  };

/** Numbers, and at `at` a set of signals as a list of them, or a null pointer. */
const with_signals =
  (at: number): Shape =>
  (a) => {
    const args: unknown[] = a.map((arg) => (arg.form === 'null' ? null : number_of(arg)));
    const set = a[at];
    if (set?.form === 'sigset') args[at] = set.signals;
    return args.includes(undefined) ? null : { args };
  };

/** (pid, &status, options …): null pointers stay. */
const waited: Shape = (a) => {
  const status = int_cell(a[1]);
  const args: unknown[] = a.map((arg) => (arg.form === 'null' ? null : number_of(arg)));
  if (status === undefined) return null;
  args[1] = status.cell;
  return args.includes(undefined) ? null : { args, back: status.back };
};

/** (fd, message, flags). */
const one_message: Shape = (a) => {
  const [fd, msg, flags] = a;
  if (msg?.form !== 'memory' || msg.key !== 'msg') return null;
  const m = message(msg.block, 0);
  if (m === null || fd?.form !== 'number' || flags?.form !== 'number') return null;
  return { args: [fd.value, m.msg, flags.value], back: m.back };
};

/** (fd, messages, how many, flags), and for a receive a time limit. */
const messages: Shape = (a) => {
  const [fd, vec, vlen, flags, timeout] = a;
  if (vec?.form !== 'memory' || vec.key !== 'mmsg') return null;
  const list = Array.from({ length: vec.count }, (_, i) => message(vec.block, i * MMSGHDR.size));
  const time = timeout?.form === 'memory' ? fields_of(timeout, 'timespec') : undefined;
  const numbers = [fd, vlen, flags].map(number_of);
  if (list.includes(null) || numbers.includes(undefined) || (timeout?.form === 'memory') !== (time !== undefined))
    return null;
  const limit = timeout === undefined ? [] : [time?.object ?? null];
  const back = (): void => {
    list.forEach((m, i) => {
      m!.back();
      if (m!.msg.len !== undefined) put(vec.block.bytes, i * MMSGHDR.size + MMSGHDR.msg_len, 'u32', BigInt(m!.msg.len));
    });
    time?.back();
  };
  return { args: [numbers[0], list.map((m) => m!.msg), numbers[2], ...limit, numbers[1]], back };
};

const setsockopt: Shape = (a) => {
  const numbers = a.slice(0, 3).map(number_of);
  const value = sized(a[3], a[4]);
  return numbers.includes(undefined) || value === undefined ? null : { args: [...numbers, value] };
};

/** The room is as long as the length says, which the library takes from the room. */
const getsockopt: Shape = (a) => {
  const numbers = a.slice(0, 3).map(number_of);
  const len = int_cell(a[4]);
  const room = bytes_of(a[3]);
  if (numbers.includes(undefined) || len === undefined || len.cell === null || !room) return null;
  const { value } = len.cell;
  if (value < 0 || value > room.length) return null;
  return { args: [...numbers, room.subarray(0, value), len.cell], back: len.back };
};

/** posix_spawn_file_actions_t, made by the library's own functions. */
function file_actions(libc: Libc, actions: readonly FileAction[]): object {
  const fa = {};
  const add = (name: string, ...args: readonly unknown[]): void => {
    const error = function_of(libc, `posix_spawn_file_actions_${name}`).call(libc, fa, ...args);
    if (error !== 0) throw new Malformed(`posix_spawn_file_actions_${name}: error ${show(error)}`);
  };
  add('init');
  for (const [kind, ...args] of actions)
    add(kind === 'chdir' || kind === 'closefrom' ? `add${kind}_np` : `add${kind}`, ...args);
  return fa;
}

/** (&pid, path, file_actions, attr, argv, envp). */
const spawn: Shape = (a, libc) => {
  const [pid, path, actions, attr, argv, envp] = a;
  const cell = int_cell(pid);
  if (cell === undefined || path?.form !== 'text' || path.text === null) return null;
  if (argv?.form !== 'argv' || envp?.form !== 'argv') return null;
  if (actions?.form !== 'null' && actions?.form !== 'file_actions') return null;
  if (attr?.form !== 'null' && attr?.form !== 'spawnattr') return null;
  const fa = actions.form === 'null' ? null : file_actions(libc, actions.actions);
  const attributes = attr.form === 'null' ? null : attr.attr;
  return { args: [cell.cell, path.text, fa, attributes, argv.strings, envp.strings], back: cell.back };
};

/** (path, argv, envp), with numbers before and behind. */
const exec: Shape = (a) => {
  const args = a.map((arg) => {
    if (arg.form === 'argv') return arg.strings;
    return arg.form === 'text' ? arg.text : number_of(arg);
  });
  // A character beyond ASCII is one byte in a case, and more than one where a string of JavaScript becomes bytes.
  const ascii = (strings: unknown): boolean =>
    !Array.isArray(strings) || strings.every((text) => /^[\0-\x7f]*$/.test(String(text)));
  return args.includes(undefined) || args.includes(null) || !args.every(ascii) ? null : { args };
};

// What a wrapper of the C library does before it enters the kernel.

/** The call `name` with the arguments as they are, and `more` registers behind them. */
const call =
  (name: CallName, ...more: readonly number[]): RawCall =>
  ({ a, reg, enter }) =>
    enter(name, ...a.map((_, i) => reg(i)), ...more);

/** The mode counts only if a file may be made. */
const open_raw =
  (name: 'open' | 'openat', at: number): RawCall =>
  ({ a, reg, enter }) => {
    const regs = a.map((_, i) => reg(i));
    const makes = (regs[at]! & (O_CREAT | O_TMPFILE)) !== 0 && regs.length > at + 1;
    return enter(name, ...regs.slice(0, at + 1), makes ? regs[at + 1]! : 0);
  };

/** A copy, since the kernel writes the time that is left and the function does not show it. */
function private_time({ a, place }: Raw, at: number): number {
  const arg = a[at]!;
  if (!('block' in arg)) return 0;
  return place({ bytes: arg.block.bytes.slice(), size: arg.block.size, pointers: [] });
}

function small_block(size: number): Block {
  return { bytes: new Uint8Array(size), size, pointers: [] };
}

/** F_GETOWN of a process group is a negative number, and would look like an error: glibc asks F_GETOWN_EX. */
const fcntl_raw: RawCall = async ({ a, reg, place, enter }) => {
  if (reg(1) !== F_GETOWN) return enter('fcntl', ...a.map((_, i) => reg(i)));
  const { size, type, pid } = layout_x86_64.f_owner_ex;
  const owner = small_block(size);
  const ret = await enter('fcntl', reg(0), F_GETOWN_EX, place(owner));
  if (ret < 0) return ret;
  const id = Number(get(owner.bytes, pid, 's32'));
  return get(owner.bytes, type, 's32') === BigInt(F_OWNER_PGRP) ? -id : id;
};

const sigqueue_raw: RawCall = async ({ reg, place, enter }) => {
  const { size, si_signo, si_code, si_pid, si_uid, si_value } = layout_x86_64.siginfo;
  const info = small_block(size);
  put(info.bytes, si_signo, 's32', BigInt(reg(1)));
  put(info.bytes, si_code, 's32', BigInt(SI_QUEUE));
  put(info.bytes, si_pid, 's32', BigInt(await enter('getpid')));
  put(info.bytes, si_uid, 'u32', BigInt(await enter('getuid')));
  put(info.bytes, si_value, 's64', BigInt(reg(2)));
  return enter('rt_sigqueueinfo', reg(0), reg(1), place(info));
};

const pselect_raw: RawCall = (r) => {
  const pack = small_block(layout_x86_64.sigset_argpack.size);
  put(pack.bytes, layout_x86_64.sigset_argpack.sigsetsize, 'u64', 8n);
  const mask = r.a[5]!;
  if ('block' in mask) pack.pointers.push([layout_x86_64.sigset_argpack.p, mask.block]);
  return r.enter('pselect6', r.reg(0), r.reg(1), r.reg(2), r.reg(3), private_time(r, 4), r.place(pack));
};

/** Functions of numbers and texts only, whose system call has the same name and arguments. */
function same(name: CallName, args: Row['args']): Row {
  return { args, raw: call(name) };
}

/** Every call that a case can name. */
export const calls: Readonly<Record<string, Row>> = {
  _exit: { args: 1 },
  accept: { args: 3, shape: address_room('zero'), raw: call('accept') },
  accept4: { args: 4, shape: address_room('last'), raw: call('accept4') },
  bind: { args: 3, shape: named, raw: call('bind') },
  chdir: same('chdir', 1),
  chmod: same('chmod', 2),
  clock_gettime: { args: 2, shape: with_fields(1, 'timespec'), raw: call('clock_gettime') },
  close: same('close', 1),
  close_range: same('close_range', 3),
  connect: { args: 3, shape: named, raw: call('connect') },
  dup: same('dup', 1),
  dup2: same('dup2', 2),
  dup3: same('dup3', 3),
  epoll_create: same('epoll_create', 1),
  epoll_create1: same('epoll_create1', 1),
  epoll_ctl: same('epoll_ctl', 4),
  epoll_pwait: { args: 5, raw: call('epoll_pwait', 8) },
  epoll_pwait2: { args: 5, raw: call('epoll_pwait2', 8) },
  epoll_wait: same('epoll_wait', 4),
  eventfd: { args: 2, raw: call('eventfd2') },
  execve: { args: 3, shape: exec, raw: call('execve') },
  execveat: { args: 5, shape: exec, raw: call('execveat') },
  fchmod: same('fchmod', 2),
  fcntl: { args: [2, 3], raw: fcntl_raw },
  fstat: same('fstat', 2),
  ftruncate: same('ftruncate', 2),
  getgid: same('getgid', 0),
  getpeername: { args: 3, shape: address_room('none'), raw: call('getpeername') },
  getpgrp: same('getpgrp', 0),
  getpid: same('getpid', 0),
  getppid: same('getppid', 0),
  getrlimit: { args: 2, shape: with_fields(1, 'rlimit'), raw: call('getrlimit') },
  getsockname: { args: 3, shape: address_room('none'), raw: call('getsockname') },
  getsockopt: { args: 5, shape: getsockopt, raw: call('getsockopt') },
  gettid: same('gettid', 0),
  getuid: same('getuid', 0),
  inotify_add_watch: same('inotify_add_watch', 3),
  inotify_init: same('inotify_init', 0),
  inotify_init1: same('inotify_init1', 1),
  inotify_rm_watch: same('inotify_rm_watch', 2),
  ioctl: same('ioctl', 3),
  kill: same('kill', 2),
  link: same('link', 2),
  listen: same('listen', 2),
  lseek: same('lseek', 3),
  lstat: same('lstat', 2),
  memfd_create: same('memfd_create', 2),
  mkdir: same('mkdir', 2),
  mkfifo: { args: 2, raw: ({ reg, enter }) => enter('mknod', reg(0), S_IFIFO | reg(1), 0) },
  open: { args: [2, 3], raw: open_raw('open', 1) },
  openat: { args: [3, 4], raw: open_raw('openat', 2) },
  pipe: { args: 1, shape: int_list(0), raw: call('pipe') },
  pipe2: { args: 2, shape: int_list(0), raw: call('pipe2') },
  poll: { args: 3, shape: poll, raw: call('poll') },
  posix_spawn: { args: 6, shape: spawn },
  posix_spawnp: { args: 6, shape: spawn },
  ppoll: { args: 4, raw: (r) => r.enter('ppoll', r.reg(0), r.reg(1), private_time(r, 2), r.reg(3), 8) },
  pread: { args: 4, raw: call('pread64') },
  preadv: { args: 4, raw: call('preadv', 0) },
  pselect: { args: 6, raw: pselect_raw },
  pwrite: { args: 4, raw: call('pwrite64') },
  pwritev: { args: 4, raw: call('pwritev', 0) },
  raise: {
    args: 1,
    raw: async ({ reg, enter }) => enter('tgkill', await enter('getpid'), await enter('gettid'), reg(0)),
  },
  read: { args: 3, shape: counted, raw: call('read') },
  readlink: same('readlink', 3),
  readv: { args: 3, shape: vector, raw: call('readv') },
  recv: { args: 4, shape: sent, raw: call('recvfrom', 0, 0) },
  recvfrom: { args: 6, shape: recvfrom, raw: call('recvfrom') },
  recvmmsg: { args: 5, shape: messages, raw: call('recvmmsg') },
  recvmsg: { args: 3, shape: one_message, raw: call('recvmsg') },
  rename: same('rename', 2),
  rmdir: same('rmdir', 1),
  select: same('select', 5),
  send: { args: 4, shape: sent, raw: call('sendto', 0, 0) },
  sendmmsg: { args: 4, shape: messages, raw: call('sendmmsg') },
  sendmsg: { args: 3, shape: one_message, raw: call('sendmsg') },
  sendto: { args: 6, shape: sendto, raw: call('sendto') },
  setpgid: same('setpgid', 2),
  setrlimit: { args: 2, shape: with_fields(1, 'rlimit'), raw: call('setrlimit') },
  setsid: same('setsid', 0),
  setsockopt: { args: 5, shape: setsockopt, raw: call('setsockopt') },
  shutdown: same('shutdown', 2),
  sigaction: { args: 3 },
  signalfd: { args: 3, shape: with_signals(1), raw: ({ reg, enter }) => enter('signalfd4', reg(0), reg(1), 8, reg(2)) },
  sigprocmask: { args: 3, shape: with_signals(1), raw: call('rt_sigprocmask', 8) },
  sigqueue: { args: 3, raw: sigqueue_raw },
  socket: same('socket', 3),
  socketpair: { args: 4, shape: int_list(3), raw: call('socketpair') },
  stat: same('stat', 2),
  symlink: same('symlink', 2),
  tgkill: same('tgkill', 3),
  timerfd_create: same('timerfd_create', 2),
  timerfd_gettime: same('timerfd_gettime', 2),
  timerfd_settime: same('timerfd_settime', 4),
  truncate: same('truncate', 2),
  umask: same('umask', 1),
  unlink: same('unlink', 1),
  wait4: { args: 4, shape: waited, raw: call('wait4') },
  waitid: { args: 4, shape: with_fields(2, 'siginfo'), raw: call('waitid', 0) },
  waitpid: { args: 3, shape: waited, raw: call('wait4', 0) },
  write: { args: 3, shape: counted, raw: call('write') },
  writev: { args: 3, shape: vector, raw: call('writev') },
};

/** Does the number of arguments fit? */
export function takes(name: string, n: number): boolean {
  const { args } = calls[name]!;
  return typeof args === 'number' ? n === args : n >= args[0] && n <= args[1];
}

type LibcFunction = (this: Libc, ...args: unknown[]) => unknown;

/** The function `name` of the library. */
export function function_of(libc: Libc, name: string): LibcFunction {
  const fn = (libc as unknown as Readonly<Record<string, unknown>>)[name];
  if (typeof fn !== 'function') throw new Malformed(`libc has no function ${name}`);
  return fn as LibcFunction;
}

/** Make the call: what it returns, -1 with `libc.errno` set if it fails. */
export async function make_call(libc: Libc, name: string, a: readonly Arg[]): Promise<number> {
  const fn = function_of(libc, name);
  const { shape = plain, raw } = calls[name]!;
  const shaped = shape(a, libc);
  libc.errno = 0;
  let ret: unknown;
  if (shaped !== null) {
    ret = await fn.apply(libc, [...shaped.args]);
    shaped.back?.();
  } else if (raw !== undefined) ret = await enter_with(libc, a, raw);
  else throw new Malformed(`${name} cannot be called with these arguments`);
  if (typeof ret !== 'number' || !Number.isInteger(ret)) throw new Malformed(`libc.${name} returned ${show(ret)}`);
  return ret;
}

/** Map the memory of the arguments, enter, and take it out again. */
async function enter_with(libc: Libc, a: readonly Arg[], raw: RawCall): Promise<number> {
  const placed = new Map<Block, number>();
  const place = (block: Block): number => {
    let at = placed.get(block);
    if (at === undefined) {
      placed.set(block, (at = libc.map(block.bytes)));
      for (const [offset, to] of block.pointers) put(block.bytes, offset, 'u64', BigInt(place(to)));
    }
    return at;
  };
  const reg = (i: number): number => {
    const arg = a[i]!;
    if (arg.form === 'number') return arg.value;
    if (arg.form === 'null') return 0;
    if ('block' in arg) return place(arg.block);
    throw new Malformed(`argument ${i} has no form in memory`);
  };
  const enter = (name: CallName, ...registers: number[]): Promise<number> => libc.syscall(libc.nr[name], ...registers);
  try {
    return await raw({ libc, a, reg, place, enter });
  } finally {
    for (const at of placed.values()) libc.unmap(at);
  }
}
