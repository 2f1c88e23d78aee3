/**
 * Overlays on a release: what stands between a program and its kernel in practice. Each takes the place of rows of the call table, so that
 * calls cost what they always cost.
 */
import type { SyscallHandler, Task } from '../kernel-mock/include/linux/sched.js';
import { EINVAL, ENOSYS, EPERM } from '../kernel-mock/include/uapi/errno.js';
import { SIGSYS } from '../kernel-mock/include/uapi/signal.js';
import { type CallName, NR, syscall_tbl } from '../kernel-mock/include/uapi/unistd.js';
import { do_group_exit, kernel_siginfo } from '../kernel-mock/kernel/signal.js';
import { constant } from './inject/constants.js';
import { flag_arg } from './inject/registers.js';

type CallTable = (SyscallHandler | undefined)[];

export interface Overlay {
  /** As it was given. */
  readonly name: string;
  /** Change rows of a table that is the kernel's own. */
  readonly apply: (table: CallTable) => void;
}

/** An overlay that makes no sense; the message says what would. */
export class OverlayError extends Error {}

/** Numbers up to here are looked up; Linux has none beyond. */
const TABLE_SIZE = 1024;

/** The first call that the container profiles of 2019 had never heard of: clone3, of Linux 5.3. [M] */
const FIRST_UNHEARD = NR.clone3;

/** Answers with `handler` what nobody has, and from number `from` on everything. */
function instead_of_unknown(handler: SyscallHandler, from = TABLE_SIZE): Overlay['apply'] {
  return (table) => {
    for (let nr = 0; nr < TABLE_SIZE; nr++) if (nr >= from || table[nr] === undefined) table[nr] = handler;
  };
}

/** Linux: __seccomp_filter, SECCOMP_RET_KILL_PROCESS. */
function kill_process(task: Task): number {
  task.kernel.trace?.signal_deliver?.(task, SIGSYS, kernel_siginfo(SIGSYS));
  do_group_exit(task.group, SIGSYS);
  return 0;
}

function call(name: string, given: string): CallName {
  if (Object.hasOwn(syscall_tbl, given) && syscall_tbl[given as CallName].x86_64 >= 0) return given as CallName;
  throw new OverlayError(`${name}: there is no system call '${given}'`);
}

function enosys(name: string, given: string): Overlay['apply'] {
  const nr = NR[call(name, given)];
  return (table) => {
    table[nr] = () => -ENOSYS;
  };
}

function einval_flag(name: string, given: string, flag: string): Overlay['apply'] {
  const known = call(name, given);
  const register = flag_arg(known);
  if (register === undefined) throw new OverlayError(`${name}: ${given} has no argument of flags`);
  const bits = constant(flag);
  if (bits === null || bits === 0)
    throw new OverlayError(`${name}: there is no flag '${flag}'; give a name, O_CLOEXEC, or a number`);
  return (table) => {
    const handler = table[NR[known]];
    if (handler === undefined) return;
    table[NR[known]] = (task, ...args) => ((args[register - 1]! & bits) !== 0 ? -EINVAL : handler(task, ...args));
  };
}

const FORMS = 'docker-eperm, seccomp-kill, enosys:NAME, einval-flag:NAME:FLAG';

/**
 * `docker-eperm`: calls that the kernel lacks, and those of Linux 5.3 and later, give EPERM, as container profiles of 2019 did.
 * `seccomp-kill`: who makes a call that the kernel lacks is killed by SIGSYS.
 * `enosys:NAME`: the call is missing. `einval-flag:NAME:FLAG`: it does not know this flag.
 *
 * @throws OverlayError
 */
export function parse_overlay(name: string): Overlay {
  const [kind = '', ...args] = name.split(':');
  const [first = '', second = ''] = args;
  switch (`${kind} ${args.length}`) {
    case 'docker-eperm 0':
      return { name, apply: instead_of_unknown(() => -EPERM, FIRST_UNHEARD) };
    case 'seccomp-kill 0':
      return { name, apply: instead_of_unknown(kill_process) };
    case 'enosys 1':
      return { name, apply: enosys(name, first) };
    case 'einval-flag 2':
      return { name, apply: einval_flag(name, first, second) };
    default:
      throw new OverlayError(`there is no overlay '${name}'; there are ${FORMS}`);
  }
}

/** What `overlay` needs of a booted kernel. */
export interface OverlaidKernel {
  readonly internals: { sys_call_table: readonly (SyscallHandler | undefined)[] };
}

/**
 * Lay `overlays`, by name or parsed, over `kernel`, one over the other.
 *
 * @throws OverlayError
 */
export function overlay(kernel: OverlaidKernel, ...overlays: readonly (string | Overlay)[]): void {
  const table = kernel.internals.sys_call_table.slice();
  for (const given of overlays) (typeof given === 'string' ? parse_overlay(given) : given).apply(table);
  kernel.internals.sys_call_table = table;
}
