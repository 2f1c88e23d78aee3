/** Signals. */
import { type Arg, type Decoders, enter, int, failed, address, out, row, size, value_of } from '../print.js';
import { printsignal, sigaction, siginfo, signame, sigset, sigset_text } from '../signals.js';
import { timespec } from '../structs.js';
import { sigprocmaskcmds } from '../tables.js';

const sig: Arg = enter(printsignal);
const mask: Arg = enter((c, v) => sigset(c, v));
const out_mask: Arg = out((c, v) => sigset(c, v));
const out_siginfo: Arg = {
  late: (_c, v) => v !== 0,
  print: (c, v) => (failed(c) || v === 0 ? address(v) : siginfo(c, v)),
};

export const signal_decoders = {
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
