/** Signals. */
import { layout_x86_64 as L } from '../../../kernel-mock/include/uapi/layout.js';
import {
  type Arg,
  type Decoders,
  enter,
  int,
  failed,
  address,
  out,
  row,
  size,
  value_of,
  type Call,
  umoven,
} from '../print.js';
import { printsignal, sigaction, siginfo, signame, sigset, sigset_text } from '../signals.js';
import { timespec } from '../structs.js';
import { sigaltstack_flags, sigprocmaskcmds } from '../tables.js';
import { printflags } from '../xlat.js';

const sig: Arg = enter(printsignal);
const mask: Arg = enter((c, v) => sigset(c, v));
const out_mask: Arg = out((c, v) => sigset(c, v));
const out_siginfo: Arg = {
  late: (_c, v) => v !== 0,
  print: (c, v) => (failed(c) || v === 0 ? address(v) : siginfo(c, v)),
};

/** Linux strace: print_stack_t. */
function stack(c: Call, addr: number): string {
  if (addr === 0) return 'NULL';
  const S = L.stack_t;
  const bytes = umoven(c, addr, S.size);
  if (bytes === null) return address(addr);
  const v = new DataView(bytes.buffer);
  const flags = v.getUint32(S.ss_flags, true);
  const sp = Number(v.getBigUint64(S.ss_sp, true));
  return `{ss_sp=${address(sp)}, ss_flags=${printflags(sigaltstack_flags, flags, 'SS_???')}, ss_size=${v.getBigUint64(S.ss_size, true)}}`;
}

export const signal_decoders = {
  sigaltstack: row(
    enter((c, v) => stack(c, v)),
    out((c, v) => stack(c, v)),
  ),
  rt_sigaction: row(
    sig,
    enter((c, v) => sigaction(c, v)),
    out((c, v) => sigaction(c, v)),
    size,
  ),
  rt_sigprocmask: row(value_of(sigprocmaskcmds, 'SIG_???'), mask, out_mask, size),
  // What the frame of the handler will bring back.
  rt_sigreturn: {
    args: [
      enter((c) => {
        const blocked = c.task.frame?.blocked;
        return `{mask=${blocked === undefined ? '[]' : sigset_text(blocked.lo, blocked.hi)}}`;
      }),
    ],
  },
  rt_sigpending: row(out_mask, size),
  rt_sigsuspend: row(mask, size),
  rt_sigtimedwait: {
    args: [mask, out_siginfo, enter((c, v) => timespec(c, v)), size],
    aux: (c) => (c.ret! > 0 ? signame(c.ret!) : null),
  },
  rt_sigqueueinfo: row(
    int,
    sig,
    enter((c, v) => siginfo(c, v)),
  ),
  rt_tgsigqueueinfo: row(
    int,
    int,
    sig,
    enter((c, v) => siginfo(c, v)),
  ),
  kill: row(int, sig),
  tkill: row(int, sig),
  tgkill: row(int, int, sig),
  pause: row(),
} satisfies Decoders;
