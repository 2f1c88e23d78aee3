/** Processes, threads, credentials and limits. */
import * as cl from '../../../kernel-mock/include/uapi/sched.js';
import { layout_x86_64 as L } from '../../../kernel-mock/include/uapi/layout.js';
import * as fu from '../../../kernel-mock/include/uapi/futex.js';
import * as pr from '../../../kernel-mock/include/uapi/prctl.js';
import {
  type Arg,
  type Call,
  type Decoders,
  address,
  dirfd,
  enter,
  failed,
  fd,
  fd_row,
  flags,
  from,
  hex_arg,
  id,
  int,
  leave,
  named_arg,
  out,
  out_int,
  path,
  printarray,
  printstr,
  ptr,
  row,
  size,
  s32,
  string,
  u32,
  uint,
  umoven,
  value_of,
} from '../print.js';
import { printsignal, siginfo, signame, wait_status } from '../signals.js';
import { read_int, rlimit, rusage, timespec, tms } from '../structs.js';
import {
  at_flags,
  clone_flags,
  futex_cmds,
  pidfd_flags,
  prctl_options,
  resources,
  suid_dumpables,
  usagewho,
  wait4_options,
  waitid_types,
} from '../tables.js';
import { hex, printflags, printxval } from '../xlat.js';

// clone.

const CSIGNAL = 0xff;
const clone_flags_arg: Arg = enter((_c, v) => {
  const sig = u32(v) & CSIGNAL;
  const rest = (u32(v) & ~CSIGNAL) >>> 0;
  const parts = rest === 0 ? [] : [printflags(clone_flags, rest, 'CLONE_???')];
  if (sig !== 0) parts.push(signame(sig));
  return parts.length === 0 ? '0' : parts.join('|');
});
const tid_out: Arg = { ...leave((c, v) => (failed(c) ? address(v) : out_int.print(c, v, 0))), late_comma: true };
const tls: Arg = { ...leave((_c, v) => hex(v)), late_comma: true };
const ctid: Arg = { ...leave((_c, v) => address(v)), late_comma: true };

function clone_args(c: Call): readonly Arg[] {
  const f = u32(c.args[0]!);
  const args: Arg[] = [named_arg('child_stack', 1, ptr), named_arg('flags', 0, clone_flags_arg)];
  if ((f & (cl.CLONE_PARENT_SETTID | cl.CLONE_PIDFD)) !== 0) args.push(named_arg('parent_tid', 2, tid_out));
  if ((f & cl.CLONE_SETTLS) !== 0) args.push(named_arg('tls', 4, tls));
  if ((f & (cl.CLONE_CHILD_SETTID | cl.CLONE_CHILD_CLEARTID)) !== 0) args.push(named_arg('child_tidptr', 3, ctid));
  return args;
}

/** Linux strace: print_clone3's struct; what there is beyond the members that were there first is shown if it is not zero. */
function clone3_struct(c: Call, addr: number): string {
  const S = L.clone_args;
  const bytes = c.args[1]! < 64 ? null : umoven(c, addr, Math.min(c.args[1]!, S.size));
  if (bytes === null) return address(addr);
  const whole = new Uint8Array(S.size);
  whole.set(bytes);
  const v = new DataView(whole.buffer);
  const wide = (at: number): number => Number(v.getBigUint64(at, true));
  const f = wide(S.flags);
  const has = (bit: number): boolean => (f & bit) !== 0;
  const fields = [`flags=${f === 0 ? '0' : printflags(clone_flags, f, 'CLONE_???')}`];
  if (has(cl.CLONE_PIDFD)) fields.push(`pidfd=${address(wide(S.pidfd))}`);
  if (has(cl.CLONE_CHILD_SETTID | cl.CLONE_CHILD_CLEARTID)) fields.push(`child_tid=${address(wide(S.child_tid))}`);
  if (has(cl.CLONE_PARENT_SETTID)) fields.push(`parent_tid=${address(wide(S.parent_tid))}`);
  const signal = wide(S.exit_signal);
  fields.push(`exit_signal=${signal === 0 ? '0' : signame(signal)}`);
  const size = wide(S.stack_size);
  fields.push(`stack=${address(wide(S.stack))}`, `stack_size=${size === 0 ? '0' : hex(size)}`);
  if (has(cl.CLONE_SETTLS)) fields.push(`tls=${hex(wide(S.tls))}`);
  return `{${fields.join(', ')}}`;
}

/** What the call has written, behind an arrow. */
function clone3_written(c: Call): string {
  const addr = c.args[0]!;
  const bytes = umoven(c, addr, L.clone_args.parent_tid + 8);
  if (bytes === null || failed(c)) return '';
  const v = new DataView(bytes.buffer);
  const wide = (at: number): number => Number(v.getBigUint64(at, true));
  const f = wide(0);
  const parts: string[] = [];
  if ((f & cl.CLONE_PIDFD) !== 0) parts.push(`pidfd=${out_int.print(c, wide(L.clone_args.pidfd), 0)}`);
  if ((f & cl.CLONE_PARENT_SETTID) !== 0)
    parts.push(`parent_tid=${out_int.print(c, wide(L.clone_args.parent_tid), 0)}`);
  return parts.length === 0 ? '' : ` => {${parts.join(', ')}}`;
}

const CLONE_WRITES = cl.CLONE_PIDFD | cl.CLONE_PARENT_SETTID;
const clone3_args: readonly Arg[] = [
  {
    late: (c, v) => (u32_at(c, v) & CLONE_WRITES) !== 0,
    print: (c, v) => clone3_struct(c, v) + clone3_written(c),
  },
  size,
];
const u32_at = (c: Call, addr: number): number => read_int(c, addr) ?? 0;

// execve.

/** The strings of an argument vector. Linux strace: printargv. */
const argv: Arg = enter((c, v) => {
  if (v === 0) return 'NULL';
  const texts: string[] = [];
  for (let i = 0; ; i++) {
    if (i >= c.options.max_string) return `[${texts.join(', ')}, ...]`;
    const word = pointer(c, v + 8 * i);
    if (word === null) return i === 0 ? address(v) : `[${texts.join(', ')}, ... /* ${hex(v + 8 * i)} */]`;
    if (word === 0) return `[${texts.join(', ')}]`;
    texts.push(printstr(c, word));
  }
});

function pointer(c: Call, at: number): number | null {
  const bytes = umoven(c, at, 8);
  return bytes === null ? null : Number(new DataView(bytes.buffer).getBigUint64(0, true));
}

/** Only how many there are. Linux strace: printargc. */
const envp: Arg = enter((c, v) => {
  if (v === 0) return 'NULL';
  if (c.options.verbose) return argv.print(c, v, 0);
  let n = 0;
  for (;;) {
    const word = pointer(c, v + 8 * n);
    if (word === null) return address(v);
    if (word === 0) break;
    n++;
  }
  return `${address(v)} /* ${n} var${n === 1 ? '' : 's'} */`;
});

// wait.

const status: Arg = leave((c, v) => {
  const value = failed(c) || c.ret === 0 ? null : read_int(c, v);
  return value === null ? address(v) : `[${wait_status(value)}]`;
});
const out_rusage: Arg = leave((c, v) => (failed(c) || c.ret === 0 ? address(v) : rusage(c, v)));
const waitid_rusage: Arg = out((c, v) => rusage(c, v));

// futex.

const FUTEX_PRIVATE_FLAG = 128;
const FUTEX_CLOCK_REALTIME = 256;

const futex_op: Arg = enter((_c, v) => {
  const op = u32(v);
  const bare = (op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)) >>> 0;
  const name = futex_cmds[bare] ?? `${hex(bare)} /* FUTEX_??? */`;
  return `${name}${(op & FUTEX_PRIVATE_FLAG) !== 0 ? '_PRIVATE' : ''}${(op & FUTEX_CLOCK_REALTIME) !== 0 ? '|FUTEX_CLOCK_REALTIME' : ''}`;
});
const bitset: Arg = enter((_c, v) =>
  u32(v) === 0xffffffff ? 'FUTEX_BITSET_MATCH_ANY' : hex(u32(v)) === '0x0' ? '0' : hex(u32(v)),
);
const futex_time: Arg = enter((c, v) => timespec(c, v));

/** Which of the six registers an operation reads. */
const futex_tails: Readonly<Record<number, readonly Arg[]>> = {
  [fu.FUTEX_WAIT]: [uint, futex_time],
  [fu.FUTEX_WAIT_BITSET]: [uint, futex_time, from(5, bitset)],
  [fu.FUTEX_WAKE_BITSET]: [uint, from(5, bitset)],
  [fu.FUTEX_REQUEUE]: [uint, uint, ptr],
  [fu.FUTEX_CMP_REQUEUE]: [uint, uint, ptr, uint],
  [fu.FUTEX_WAKE]: [uint],
};
const futex_args = (c: Call): readonly Arg[] => [
  ptr,
  futex_op,
  ...(futex_tails[u32(c.args[1]!) & 0x7f] ?? [uint, ptr, ptr, hex_arg]),
];

// prctl.

const option: Arg = value_of(prctl_options, 'PR_???');
const hex_register: Arg = enter((_c, v) => (v === 0 ? '0' : hex(v)));
const prctl_tails: Readonly<Record<number, readonly Arg[]>> = {
  [pr.PR_SET_NAME]: [string],
  [pr.PR_GET_NAME]: [out((c, v) => printstr(c, v))],
  [pr.PR_SET_PDEATHSIG]: [enter((_c, v) => signame(s32(v)))],
  [pr.PR_GET_PDEATHSIG]: [out((c, v) => `[${signame(read_int(c, v) ?? 0)}]`)],
  [pr.PR_SET_CHILD_SUBREAPER]: [int],
  [pr.PR_GET_CHILD_SUBREAPER]: [out_int],
  [pr.PR_GET_DUMPABLE]: [],
  [pr.PR_SET_DUMPABLE]: [value_of(suid_dumpables, 'SUID_DUMP_???')],
};
const prctl_args = (c: Call): readonly Arg[] => [
  option,
  ...(prctl_tails[s32(c.args[0]!)] ?? [hex_register, hex_register, hex_register, hex_register]),
];

// Groups.

const gids =
  (n: (c: Call) => number) =>
  (c: Call, v: number): string =>
    printarray(c, v, n(c), 4, (view) => String(view.getUint32(0, true)));
const out_id: Arg = out((c, v) => {
  const bytes = umoven(c, v, 4);
  return bytes === null ? address(v) : `[${new DataView(bytes.buffer).getUint32(0, true)}]`;
});
const out_rlimit: Arg = out((c, v) => rlimit(c, v));
const resource: Arg = value_of(resources, 'RLIMIT_???');
const pid: Arg = int;

export const process_decoders = {
  clone: { args: clone_args },
  clone3: { args: clone3_args },
  fork: row(),
  vfork: row(),
  execve: row(path, argv, envp),
  execveat: row(dirfd, path, argv, envp, flags(at_flags, 'AT_???')),
  exit: row(int),
  exit_group: row(int),
  wait4: row(pid, status, flags(wait4_options, 'W???'), out_rusage),
  waitid: row(
    value_of(waitid_types, 'P_???'),
    enter((_c, v) => String(s32(v))),
    out((c, v) => siginfo(c, v)),
    flags(wait4_options, 'W???'),
    waitid_rusage,
  ),
  set_tid_address: row(ptr),
  unshare: row(flags(clone_flags, 'CLONE_???')),
  futex: { args: futex_args },
  sched_yield: row(),
  getpid: row(),
  getppid: row(),
  gettid: row(),
  getpgrp: row(),
  getpgid: row(pid),
  setpgid: row(pid, pid),
  getsid: row(pid),
  setsid: row(),
  pidfd_open: fd_row(pid, flags(pidfd_flags, 'PIDFD_???')),
  pidfd_getfd: fd_row(fd, int, hex_register),
  pidfd_send_signal: row(
    fd,
    enter(printsignal),
    enter((c, v) => siginfo(c, v)),
    hex_register,
  ),
  prctl: {
    args: prctl_args,
    aux: (c) => (s32(c.args[0]!) === pr.PR_GET_DUMPABLE ? printxval(suid_dumpables, c.ret!, 'SUID_DUMP_???') : null),
  },
  getrlimit: row(resource, out_rlimit),
  setrlimit: row(
    resource,
    enter((c, v) => rlimit(c, v)),
  ),
  prlimit64: row(
    pid,
    resource,
    enter((c, v) => rlimit(c, v)),
    out_rlimit,
  ),
  getrusage: row(
    value_of(usagewho, 'RUSAGE_???'),
    out((c, v) => rusage(c, v)),
  ),
  times: row(out((c, v) => tms(c, v))),
  getuid: row(),
  geteuid: row(),
  getgid: row(),
  getegid: row(),
  setuid: row(id),
  setgid: row(id),
  setreuid: row(id, id),
  setregid: row(id, id),
  setresuid: row(id, id, id),
  setresgid: row(id, id, id),
  getresuid: row(out_id, out_id, out_id),
  getresgid: row(out_id, out_id, out_id),
  getgroups: row(int, out(gids((c) => c.ret!))),
  setgroups: row(int, enter(gids((c) => u32(c.args[0]!)))),
} satisfies Decoders;
