/**
 * Signals of a program on the host. The runtime owns their real handlers; a program's handlers are functions of the library
 * and run between two calls of a task, or instead of a sleep. What is sent from within the program is delivered at once, as
 * kill(2) does; what comes from outside is told by the runtime as soon as it looks.
 */
import { EAGAIN, EFAULT, EINTR, EINVAL, EPERM, ESRCH } from '../kernel-mock/include/uapi/errno.js';
import { get_s64, get_u32, get_u64, put_u32 } from '../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import {
  SA_NODEFER,
  SA_RESETHAND,
  SA_RESTART,
  SA_SIGINFO,
  SIGKILL,
  SIGSTOP,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_SETMASK,
  SIG_UNBLOCK,
  SI_TKILL,
  SI_USER,
  signal_names,
} from '../kernel-mock/include/uapi/signal.js';
import { CLOCK_MONOTONIC } from '../kernel-mock/include/uapi/time.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import { type Handler, type HostProcess, type HostTask, INTERRUPTED, NEVER, TIMED_OUT } from './task.js';

/** sigset_t of the C library. */
const LIBC_SIGSET_SIZE = 128;
const { sigaction: SIGACTION, siginfo: SIGINFO, sigset: SIGSET, timespec: TIMESPEC } = layout_x86_64;
const NSIG = 64;

interface Pending {
  readonly signo: number;
  /** siginfo_t. */
  readonly info: Uint8Array;
}

interface Action {
  readonly handler: number;
  readonly flags: number;
  readonly mask: bigint;
  /** As the program gave it. */
  readonly raw: Uint8Array;
}

/** What the runtime uses for itself, or dies of in any case. */
const OWNED: Readonly<Record<string, string>> = {
  SIGPROF: 'the profiler of V8 uses it',
  SIGSEGV: 'it means a fault of Node itself',
  SIGBUS: 'it means a fault of Node itself',
  SIGILL: 'it means a fault of Node itself',
  SIGFPE: 'it means a fault of Node itself',
  SIGTRAP: 'it means a break point of Node itself',
};

/** Calls that end with EINTR even after a handler with SA_RESTART. Linux: ERESTARTNOHAND, ERESTART_RESTARTBLOCK. */
const NEVER_AGAIN: ReadonlySet<number> = new Set([
  ...[NR.poll, NR.ppoll, NR.select, NR.pselect6, NR.epoll_wait, NR.epoll_pwait, NR.epoll_pwait2],
  ...[NR.nanosleep, NR.clock_nanosleep, NR.pause, NR.rt_sigsuspend, NR.rt_sigtimedwait],
]);

function bit(signo: number): bigint {
  return 1n << BigInt(signo - 1);
}

function make_info(signo: number, code: number): Uint8Array {
  const info = new Uint8Array(SIGINFO.size);
  put_u32(info, SIGINFO.si_signo, signo);
  put_u32(info, SIGINFO.si_code, code);
  put_u32(info, SIGINFO.si_pid, process.pid);
  put_u32(info, SIGINFO.si_uid, process.getuid?.() ?? 0);
  return info;
}

/** What belongs to one task. */
export class TaskSignals {
  mask = 0n;
  /** Of this task, and blocked. */
  readonly pending: Pending[] = [];
  /** To be delivered before the task goes on. */
  readonly deliverable: Pending[] = [];
  /** The handler under way calls rt_sigreturn. */
  handler_returns: (() => void) | null = null;
  /** The mask that rt_sigsuspend gives back once handlers have run. */
  saved_mask: bigint | null = null;
}

export class Signals {
  readonly #actions = new Map<number, Action>();
  readonly #pending: Pending[] = [];
  readonly #listeners = new Map<string, () => void>();
  process!: HostProcess;

  action(signo: number): Action | undefined {
    return this.#actions.get(signo);
  }

  set_action(signo: number, action: Action): void {
    this.#actions.set(signo, action);
    this.#listen_or_not(signo);
  }

  is_caught(signo: number): boolean {
    const { handler } = this.#actions.get(signo) ?? { handler: SIG_DFL };
    return handler !== SIG_DFL && handler !== SIG_IGN;
  }

  is_ignored(signo: number): boolean {
    return this.#actions.get(signo)?.handler === SIG_IGN;
  }

  #is_blocked(signo: number): boolean {
    return [...this.process.tasks].some((task) => (task.signals.mask & bit(signo)) !== 0n);
  }

  /** The runtime tells us of what the program handles, ignores or blocks; of the rest the kernel does what it does by default. */
  #listen_or_not(signo: number): void {
    const name = signal_names[signo];
    if (name === undefined || name in OWNED || signo === SIGKILL || signo === SIGSTOP) return;
    const wanted = this.is_caught(signo) || this.is_ignored(signo) || this.#is_blocked(signo);
    const listener = this.#listeners.get(name);
    if (wanted && listener === undefined) {
      const added = (): void => void this.send(null, signo, make_info(signo, SI_USER));
      this.#listeners.set(name, added);
      process.on(name as NodeJS.Signals, added);
    } else if (!wanted && listener !== undefined) {
      process.removeListener(name, listener);
      this.#listeners.delete(name);
    }
  }

  /** A mask has changed. */
  listen_again(changed: bigint): void {
    for (let signo = 1; signo <= NSIG; signo++) if ((changed & bit(signo)) !== 0n) this.#listen_or_not(signo);
  }

  /** To `target`, or to whoever does not block it. False: nobody handles or blocks it, and the kernel shall act. */
  send(target: HostTask | null, signo: number, info: Uint8Array): boolean {
    const signal = { signo, info };
    const tasks = target === null ? [...this.process.tasks] : [target];
    const free = tasks.find((task) => (task.signals.mask & bit(signo)) === 0n);
    if (free === undefined) {
      const queue = target === null ? this.#pending : target.signals.pending;
      if (signo > 31 || !queue.some((p) => p.signo === signo)) queue.push(signal);
      for (const task of tasks) this.#wake_waiter(task, signo);
      return true;
    }
    if (this.is_ignored(signo)) return true;
    if (!this.is_caught(signo)) return false;
    free.signals.deliverable.push(signal);
    free.wake(INTERRUPTED);
    return true;
  }

  /** Tasks in rt_sigtimedwait, and for which signals. */
  readonly waiters = new Map<HostTask, bigint>();

  #wake_waiter(task: HostTask, signo: number): void {
    if (((this.waiters.get(task) ?? 0n) & bit(signo)) !== 0n) task.wake();
  }

  pending_set(task: HostTask): bigint {
    return [...task.signals.pending, ...this.#pending].reduce((set, { signo }) => set | bit(signo), 0n);
  }

  /** Take a pending signal of `set`. */
  take(task: HostTask, set: bigint): Pending | undefined {
    for (const queue of [task.signals.pending, this.#pending]) {
      const at = queue.findIndex(({ signo }) => (set & bit(signo)) !== 0n);
      if (at !== -1) return queue.splice(at, 1)[0];
    }
    return undefined;
  }

  set_mask(task: HostTask, mask: bigint): void {
    const changed = task.signals.mask ^ mask;
    task.signals.mask = mask;
    for (let signal = this.take(task, ~mask); signal !== undefined; signal = this.take(task, ~mask))
      if (!this.send(task, signal.signo, signal.info)) act_by_default(task, signal.signo);
    this.listen_again(changed);
  }

  /** Run what is to be delivered. `nr`: the call that was interrupted, -1: none. True: that call is to be made again. */
  async run_handlers(task: HostTask, nr: number): Promise<boolean> {
    const { signals } = task;
    let again = nr !== -1 && !NEVER_AGAIN.has(nr);
    let ran = false;
    for (let signal = signals.deliverable.shift(); signal !== undefined; signal = signals.deliverable.shift()) {
      const action = this.#actions.get(signal.signo);
      if (action === undefined || !this.is_caught(signal.signo)) continue;
      ran = true;
      if ((action.flags & SA_RESTART) === 0) again = false;
      if ((action.flags & SA_RESETHAND) !== 0) this.set_action(signal.signo, { ...action, handler: SIG_DFL });
      await this.#run_handler(task, action, signal, nr);
      if (task.dead) return false;
    }
    if (signals.saved_mask !== null) {
      const mask = signals.saved_mask;
      signals.saved_mask = null;
      this.set_mask(task, mask);
    }
    return again && ran;
  }

  async #run_handler(task: HostTask, action: Action, { signo, info }: Pending, nr: number): Promise<void> {
    const { mask, handler_returns } = task.signals;
    task.signals.mask |= action.mask | ((action.flags & SA_NODEFER) === 0 ? bit(signo) : 0n);
    const address = (action.flags & SA_SIGINFO) === 0 ? 0 : task.memory.map(info);
    await new Promise<void>((resolve) => {
      task.signals.handler_returns = resolve;
      this.process.image.signal(task, action.handler, signo, address, nr).catch(this.process.crashed);
    });
    if (address !== 0) task.memory.unmap(address);
    task.signals.handler_returns = handler_returns;
    this.set_mask(task, mask);
  }

  finish(): void {
    for (const [name, listener] of this.#listeners) process.removeListener(name, listener);
    this.#listeners.clear();
  }
}

function act_by_default(task: HostTask, signo: number): void {
  task.process.driver.syscall(NR.kill, process.pid, signo, 0, 0, 0, 0);
}

export const sys_rt_sigaction: Handler = (task, a1, act, old, size) => {
  const { memory, signals, refused } = task.process;
  const signo = a1 | 0;
  if (size !== SIGSET.size || signo < 1 || signo > NSIG) return -EINVAL;
  if (act !== 0 && (signo === SIGKILL || signo === SIGSTOP)) return -EINVAL;
  const raw = act === 0 ? null : memory.read(act, SIGACTION.size);
  if (raw === undefined) return -EFAULT;
  const why = OWNED[signal_names[signo] ?? ''];
  if (raw !== null && why !== undefined && get_u64(raw, SIGACTION.handler) !== SIG_DFL) {
    refused(`sigaction on ${signal_names[signo]}`, why);
    return -EPERM;
  }
  const before = signals.action(signo)?.raw ?? new Uint8Array(SIGACTION.size);
  if (raw !== null)
    signals.set_action(signo, {
      handler: get_u64(raw, SIGACTION.handler),
      flags: get_u32(raw, SIGACTION.flags),
      mask: new DataView(raw.buffer).getBigUint64(SIGACTION.mask, true),
      raw,
    });
  return old !== 0 && !memory.write(old, before) ? -EFAULT : 0;
};

function put_set(set: bigint): Uint8Array {
  const raw = new Uint8Array(SIGSET.size);
  new DataView(raw.buffer).setBigUint64(0, BigInt.asUintN(64, set), true);
  return raw;
}

function read_set(task: HostTask, address: number): bigint | undefined {
  const raw = task.memory.read(address, SIGSET.size);
  return raw === undefined ? undefined : new DataView(raw.buffer).getBigUint64(0, true);
}

const UNBLOCKABLE = bit(SIGKILL) | bit(SIGSTOP);

export const sys_rt_sigprocmask: Handler = (task, how, set, old, size) => {
  const { memory, signals } = task.process;
  if (size !== SIGSET.size) return -EINVAL;
  const before = task.signals.mask;
  if (set !== 0) {
    const given = read_set(task, set);
    if (given === undefined) return -EFAULT;
    let mask: bigint;
    if ((how | 0) === SIG_BLOCK) mask = before | given;
    else if ((how | 0) === SIG_UNBLOCK) mask = before & ~given;
    else if ((how | 0) === SIG_SETMASK) mask = given;
    else return -EINVAL;
    signals.set_mask(task, mask & ~UNBLOCKABLE);
  }
  return old !== 0 && !memory.write(old, put_set(before)) ? -EFAULT : 0;
};

export const sys_rt_sigpending: Handler = (task, set, size) => {
  if (size > SIGSET.size) return -EINVAL;
  return task.memory.write(set, put_set(task.process.signals.pending_set(task))) ? 0 : -EFAULT;
};

export const sys_rt_sigreturn: Handler = (task) => {
  task.signals.handler_returns?.();
  return NEVER;
};

async function sleep_for_signal(task: HostTask): Promise<number> {
  while ((await task.sleep([])) !== INTERRUPTED);
  return -EINTR;
}

export const sys_pause: Handler = (task) => sleep_for_signal(task);

export const sys_rt_sigsuspend: Handler = (task, set, size) => {
  const mask = size === SIGSET.size ? read_set(task, set) : undefined;
  if (mask === undefined) return size === SIGSET.size ? -EFAULT : -EINVAL;
  task.signals.saved_mask = task.signals.mask;
  task.process.signals.set_mask(task, mask & ~UNBLOCKABLE);
  return sleep_for_signal(task);
};

async function wait_for_signal(task: HostTask, set: bigint, timer: number): Promise<Pending | number> {
  const { signals, timers } = task.process;
  signals.waiters.set(task, set);
  try {
    for (;;) {
      const by = await task.sleep([], timer);
      const signal = signals.take(task, set);
      if (signal !== undefined) return signal;
      if (by === INTERRUPTED) return -EINTR;
      if (by === TIMED_OUT) return -EAGAIN;
    }
  } finally {
    signals.waiters.delete(task);
    if (timer >= 0) timers.give_back(timer);
  }
}

// DEVIATION: a signal of the set that is not blocked has its effect, although sigtimedwait waits for it.
export const sys_rt_sigtimedwait: Handler = (task, a1, info, timeout, size) => {
  const { memory, signals, timers } = task.process;
  if (size !== SIGSET.size) return -EINVAL;
  const set = read_set(task, a1);
  const ts = timeout === 0 ? null : memory.read(timeout, TIMESPEC.size);
  if (set === undefined || ts === undefined) return -EFAULT;
  const sec = ts === null ? 0 : get_s64(ts, TIMESPEC.tv_sec);
  const nsec = ts === null ? 0 : get_s64(ts, TIMESPEC.tv_nsec);
  if (sec < 0 || nsec < 0 || nsec >= 1e9) return -EINVAL;
  const found = (signal: Pending | number): number => {
    if (typeof signal === 'number') return signal;
    return info !== 0 && !memory.write(info, signal.info) ? -EFAULT : signal.signo;
  };
  const there = signals.take(task, set);
  if (there !== undefined) return found(there);
  if (ts !== null && sec === 0 && nsec === 0) return -EAGAIN;
  return wait_for_signal(task, set, ts === null ? -1 : timers.start(CLOCK_MONOTONIC, 0, sec, nsec)).then(found);
};

/**
 * `call` with another signal mask, as ppoll and its like have it: what is pending and not in that mask ends it with -EINTR, and the
 * mask comes back when its handlers have run.
 */
export function with_mask(
  task: HostTask,
  address: number,
  size: number,
  call: () => number | Promise<number>,
): number | Promise<number> {
  if (address === 0) return call();
  const mask = size === SIGSET.size ? read_set(task, address) : undefined;
  if (mask === undefined) return size === SIGSET.size ? -EFAULT : -EINVAL;
  const { signals } = task;
  const before = signals.mask;
  task.process.signals.set_mask(task, mask & ~UNBLOCKABLE);
  const leave = (ret: number): number => {
    if (ret === 0 && signals.deliverable.length > 0) ret = -EINTR;
    if (ret === -EINTR) signals.saved_mask = before;
    else {
      // Not interrupted: what the old mask blocks goes on to wait.
      const free = signals.deliverable.filter(({ signo }) => (before & bit(signo)) === 0n);
      signals.pending.push(...signals.deliverable.filter(({ signo }) => (before & bit(signo)) !== 0n));
      signals.deliverable.splice(0, Infinity, ...free);
      task.process.signals.set_mask(task, before);
    }
    return ret;
  };
  const ret = call();
  return typeof ret === 'number' ? leave(ret) : ret.then(leave);
}

/** Is it sent by the program to itself, so that we deliver it? */
function is_own(task: HostTask, pid: number): boolean {
  return pid === task.process.pid;
}

function bad(signo: number): boolean {
  return signo < 1 || signo > NSIG;
}

export const sys_kill: Handler = (task, a1, a2) => {
  const { driver, signals } = task.process;
  const named = a1 | 0;
  // ABI: the id of any thread names its process.
  const pid = [...task.process.tasks].some((t) => t.tid === named) ? task.process.pid : named;
  const signo = a2 | 0;
  if (!bad(signo) && is_own(task, pid) && signals.send(null, signo, make_info(signo, SI_USER))) return 0;
  return driver.syscall(NR.kill, pid, signo, 0, 0, 0, 0);
};

function tgkill(task: HostTask, tgid: number, tid: number, signo: number): number {
  const { driver, signals, pid, tasks } = task.process;
  if (tgid <= 0 || tid <= 0) return -EINVAL;
  const target = [...tasks].find((t) => t.tid === tid);
  if (target === undefined)
    return tgid === pid && tid !== pid ? -ESRCH : driver.syscall(NR.tgkill, tgid, tid, signo, 0, 0, 0);
  if (tgid !== pid) return -ESRCH;
  if (signo === 0) return 0;
  if (bad(signo)) return -EINVAL;
  if (!signals.send(target, signo, make_info(signo, SI_TKILL))) act_by_default(task, signo);
  return 0;
}

export const sys_tgkill: Handler = (task, tgid, tid, signo) => tgkill(task, tgid | 0, tid | 0, signo | 0);
export const sys_tkill: Handler = (task, tid, signo) => {
  const { driver, tasks, pid } = task.process;
  if ([...tasks].some((t) => t.tid === (tid | 0))) return tgkill(task, pid, tid | 0, signo | 0);
  return driver.syscall(NR.tkill, tid, signo, 0, 0, 0, 0);
};

export const sys_rt_sigqueueinfo: Handler = (task, a1, a2, info) => {
  const { driver, memory, signals } = task.process;
  const pid = a1 | 0;
  const signo = a2 | 0;
  const raw = memory.read(info, SIGINFO.size);
  if (raw === undefined || bad(signo) || !is_own(task, pid))
    return driver.syscall(NR.rt_sigqueueinfo, pid, signo, info, 0, 0, 0);
  put_u32(raw, SIGINFO.si_signo, signo);
  return signals.send(null, signo, raw) ? 0 : driver.syscall(NR.rt_sigqueueinfo, pid, signo, info, 0, 0, 0);
};

/** The signals that a child begins with the default action for, as the C library's sigset_t. */
export function default_signals(signals: Signals): Uint8Array {
  const set = new Uint8Array(LIBC_SIGSET_SIZE);
  let bits = 0n;
  // Node ignores SIGPIPE, and children would inherit that.
  for (let signo = 1; signo <= NSIG; signo++)
    if (!signals.is_ignored(signo) && signo !== SIGKILL && signo !== SIGSTOP && signo !== 32 && signo !== 33)
      bits |= bit(signo);
  new DataView(set.buffer).setBigUint64(0, bits, true);
  return set;
}
