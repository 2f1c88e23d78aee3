/** Handlers: what they interrupt, and how it goes on after them (arch/x86/kernel/signal.c). */
import { type SigFrame, TIF_RESTORE_SIGMASK, type Sleep, type Task } from '../include/linux/sched.js';
import type { SigInfo } from '../include/linux/sched.js';
import { EINTR, ERESTARTNOHAND, ERESTARTNOINTR, ERESTARTSYS, ERESTART_RESTARTBLOCK } from '../include/uapi/errno.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { SA_NODEFER, SA_RESTART, SA_SIGINFO, SIGCHLD, SIGSEGV, SI_QUEUE, SI_TIMER } from '../include/uapi/signal.js';
import { put_u32, put_u64 } from '../lib/bytes.js';
import { do_mmap, do_munmap } from '../mm/mmap.js';
import { type KSignal, do_group_exit, recalc_sigpending } from './signal.js';
import { sigaddset } from './sigset.js';

/** Is `ret` one of the codes that say how an interrupted call goes on? They never reach user mode. */
export function is_restart_code(ret: number): boolean {
  return ret === -ERESTARTSYS || ret === -ERESTARTNOINTR || ret === -ERESTARTNOHAND || ret === -ERESTART_RESTARTBLOCK;
}

/** Is the call made again after a handler with these flags? Linux: handle_signal. */
function restarts_after_handler(ret: number, flags: number): boolean {
  return ret === -ERESTARTNOINTR || (ret === -ERESTARTSYS && (flags & SA_RESTART) !== 0);
}

/** `info` in the form of siginfo_t. */
export function siginfo_bytes(info: SigInfo): Uint8Array {
  const S = layout_x86_64.siginfo;
  const raw = new Uint8Array(S.size);
  put_u32(raw, S.si_signo, info.si_signo);
  put_u32(raw, S.si_code, info.si_code);
  put_u32(raw, S.si_pid, info.si_pid);
  put_u32(raw, S.si_uid, info.si_uid);
  if (info.si_signo === SIGCHLD) put_u32(raw, S.si_status, info.si_status);
  else if (info.si_code === SI_QUEUE || info.si_code === SI_TIMER) put_u64(raw, S.si_value, info.si_value);
  return raw;
}

/**
 * Keep what the handler of `ksig` interrupts: a call that has ended with `ret`. The mask of the handler is in place from
 * now on. Linux: setup_rt_frame, signal_setup_done.
 */
export function setup_rt_frame(task: Task, { info, action }: KSignal, ret: number): void {
  const { nr, kernel } = task;
  // Over a handler that has not begun there is no call.
  const in_call = nr !== -1;
  const restart = in_call && restarts_after_handler(ret, action.flags);
  if (in_call) kernel.trace?.sys_exit?.(task, ret);
  kernel.trace?.signal_deliver?.(task, info.si_signo, info);
  task.frame = {
    below: task.frame,
    handler: action.handler,
    signo: info.si_signo,
    info: (action.flags & SA_SIGINFO) === 0 ? 0 : do_mmap(task.mm, siginfo_bytes(info)),
    started: false,
    blocked: task.saved_sigmask ?? task.blocked,
    interrupts: ret === -EINTR || is_restart_code(ret) ? nr : -1,
    nr,
    regs: [task.a1, task.a2, task.a3, task.a4, task.a5, task.a6],
    ret: in_call && is_restart_code(ret) && !restart ? -EINTR : ret,
    restart,
    resolve: task.resolve,
  };
  task.saved_sigmask = null;
  task.work &= ~TIF_RESTORE_SIGMASK;
  task.nr = -1;
  task.resolve = null;
  const { blocked } = task;
  task.blocked = { lo: blocked.lo | action.mask.lo, hi: blocked.hi | action.mask.hi };
  if ((action.flags & SA_NODEFER) === 0) sigaddset(task.blocked, info.si_signo);
  recalc_sigpending(task);
}

/** The registers of the interrupted call come back; the value is what user mode, or the restart, goes on with. */
function restore_sigcontext(task: Task, frame: SigFrame): number {
  task.frame = frame.below;
  task.blocked = frame.blocked;
  if (frame.info !== 0) do_munmap(task.mm, frame.info);
  recalc_sigpending(task);
  task.kernel.trace?.sys_exit?.(task, frame.restart ? frame.nr : frame.ret);
  task.resolve = frame.resolve;
  if (!frame.restart) {
    task.nr = -1;
    return frame.ret;
  }
  task.nr = frame.nr;
  const [a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0, a6 = 0] = frame.regs;
  task.a1 = a1;
  task.a2 = a2;
  task.a3 = a3;
  task.a4 = a4;
  task.a5 = a5;
  task.a6 = a6;
  return -ERESTARTNOINTR;
}

function* sigreturn(task: Task): Sleep {
  const { frame } = task;
  if (frame?.started !== true) {
    // Linux: badframe.
    do_group_exit(task.group, SIGSEGV);
    return 0;
  }
  return restore_sigcontext(task, frame);
}

/**
 * `rt_sigreturn()`: the handler is done. Does not return: the call that it interrupted does. Outside of a handler: SIGSEGV.
 *
 * A generator, though it never sleeps: entry.ts saves the registers of this very call before it takes the first step.
 */
export function sys_rt_sigreturn(task: Task): Sleep {
  return sigreturn(task);
}
