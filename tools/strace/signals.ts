/** Signals, their sets and what is known of one, as strace shows them. */
import type { SigInfo } from '../../kernel-mock/include/linux/sched.js';
import { layout_x86_64 as L } from '../../kernel-mock/include/uapi/layout.js';
import {
  SIGCHLD,
  SIGIO,
  SIGRTMIN,
  SI_KERNEL,
  SI_QUEUE,
  SI_TIMER,
  signal_names,
} from '../../kernel-mock/include/uapi/signal.js';
import { type Call, type Printer, address, s32, umoven } from './print.js';
import type { PrintStruct } from './structs.js';
import { si_codes, sigact_flags, sigchld_codes, sigpoll_codes } from './tables.js';
import { type Xlat, hex, printflags, printxval } from './xlat.js';

const NSIG = 64;

/** `SIGTERM`, `SIGRTMIN`, `SIGRT_3`; a number that is no signal as it is. */
export function signame(sig: number): string {
  const name = signal_names[sig];
  if (name !== undefined) return name;
  if (sig === SIGRTMIN) return 'SIGRTMIN';
  return sig > SIGRTMIN && sig <= NSIG ? `SIGRT_${sig - SIGRTMIN}` : String(sig);
}

export const printsignal: Printer = (_c, v) => signame(s32(v));

/** The names of a set without SIG; more than half of all: what is missing behind a `~`. Linux strace: sprintsigmask. */
export function sigset_text(lo: number, hi: number): string {
  const has = (sig: number): boolean => ((sig <= 32 ? lo >>> (sig - 1) : hi >>> (sig - 33)) & 1) === 1;
  const all = Array.from({ length: NSIG }, (_, i) => i + 1);
  const members = all.filter(has);
  const inverted = members.length >= (NSIG * 2) / 3;
  const shown = inverted ? all.filter((sig) => !has(sig)) : members;
  return `${inverted ? '~' : ''}[${shown.map((sig) => signame(sig).slice(3)).join(' ')}]`;
}

/** The set at `addr`. */
export function sigset(c: Call, addr: number): string {
  if (addr === 0) return 'NULL';
  const bytes = umoven(c, addr, 8);
  if (bytes === null) return address(addr);
  const v = new DataView(bytes.buffer);
  return sigset_text(v.getInt32(0, true), v.getInt32(4, true));
}

/** struct sigaction as the kernel has it. */
export const sigaction: PrintStruct = (c, addr) => {
  if (addr === 0) return 'NULL';
  const S = L.sigaction;
  const bytes = umoven(c, addr, S.size);
  if (bytes === null) return address(addr);
  const v = new DataView(bytes.buffer);
  const handler = Number(v.getBigUint64(S.handler, true));
  const flags = v.getUint32(S.flags, true);
  const what = handler === 0 ? 'SIG_DFL' : handler === 1 ? 'SIG_IGN' : hex(handler);
  const restorer = printflags(sigact_flags, flags, 'SA_???').includes('SA_RESTORER')
    ? `, sa_restorer=${hex(Number(v.getBigUint64(S.restorer, true)))}`
    : '';
  return `{sa_handler=${what}, sa_mask=${sigset(c, addr + S.mask)}, sa_flags=${printflags(sigact_flags, flags, 'SA_???')}${restorer}}`;
};

function codes_of(signo: number): Xlat {
  if (signo === SIGCHLD) return sigchld_codes;
  return signo === SIGIO ? sigpoll_codes : [];
}

/** What a signal brings along. Linux strace: printsiginfo. */
export function siginfo_text({ si_signo, si_code, si_pid, si_uid, si_status, si_value }: SigInfo): string {
  const code = printxval([...si_codes, ...codes_of(si_signo)], si_code, 'SI_???');
  const fields = [`si_signo=${signame(si_signo)}`, `si_code=${code}`];
  const from_child = si_signo === SIGCHLD && si_code > 0 && si_code !== SI_KERNEL;
  if (from_child) {
    const status = si_code === 1 ? String(si_status) : signame(si_status);
    fields.push(`si_pid=${si_pid}`, `si_uid=${si_uid}`, `si_status=${status}`, 'si_utime=0', 'si_stime=0');
  } else if (si_code === SI_TIMER)
    fields.push(
      `si_timerid=${si_pid === 0 ? '0' : hex(si_pid)}`,
      `si_overrun=${si_uid}`,
      `si_int=${si_value | 0}`,
      `si_ptr=${address(si_value)}`,
    );
  else if (si_code !== SI_KERNEL) {
    fields.push(`si_pid=${si_pid}`, `si_uid=${si_uid}`);
    if (si_code === SI_QUEUE) fields.push(`si_int=${si_value | 0}`, `si_ptr=${address(si_value)}`);
  }
  return `{${fields.join(', ')}}`;
}

/** siginfo_t in user memory. */
export const siginfo: PrintStruct = (c, addr) => {
  if (addr === 0) return 'NULL';
  const S = L.siginfo;
  const bytes = umoven(c, addr, S.size);
  if (bytes === null) return address(addr);
  const v = new DataView(bytes.buffer);
  const si_signo = v.getInt32(S.si_signo, true);
  if (si_signo === 0) return '{}';
  return siginfo_text({
    si_signo,
    si_code: v.getInt32(S.si_code, true),
    si_pid: v.getInt32(S.si_pid, true),
    si_uid: v.getUint32(S.si_uid, true),
    si_status: v.getInt32(S.si_status, true),
    si_value: Number(v.getBigInt64(S.si_value, true)),
  });
};

/** `{WIFEXITED(s) && WEXITSTATUS(s) == 7}`. Linux strace: printstatus. */
export function wait_status(status: number): string {
  if (status === 0xffff) return '{WIFCONTINUED(s)}';
  if ((status & 0xff) === 0x7f) return `{WIFSTOPPED(s) && WSTOPSIG(s) == ${signame((status >> 8) & 0xff)}}`;
  if ((status & 0x7f) !== 0) {
    const core = (status & 0x80) !== 0 ? ' && WCOREDUMP(s)' : '';
    return `{WIFSIGNALED(s) && WTERMSIG(s) == ${signame(status & 0x7f)}${core}}`;
  }
  return `{WIFEXITED(s) && WEXITSTATUS(s) == ${(status >> 8) & 0xff}}`;
}

/** The name of the signal that a person means: `USR1`, `SIGUSR1`, `10`. */
export function signal_named(text: string): string | undefined {
  const n = /^\d+$/.test(text) ? Number(text) : undefined;
  const wanted = text.startsWith('SIG') ? text : `SIG${text}`;
  for (let sig = 1; sig <= NSIG; sig++) if (sig === n || signame(sig) === wanted) return signame(sig);
  return undefined;
}
