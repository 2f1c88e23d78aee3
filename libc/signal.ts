/** signal.h. */
import { get_u32, get_u64, put_u32, put_u64 } from '../kernel-mock/include/uapi/byteorder.js';
import { EINTR, EINVAL } from '../kernel-mock/include/uapi/errno.js';
import { layout_x86_64 } from '../kernel-mock/include/uapi/layout.js';
import { SA_RESTART, SI_QUEUE } from '../kernel-mock/include/uapi/signal.js';
import { want_number, want_object } from './internal/describe.js';
import { address_of } from './internal/handlers.js';
import { type SigActionT, do_sigaction } from './internal/sigaction.js';
import type { SigHandler, SigInfoT } from './internal/process.js';
import {
  SIGSET,
  type SigSetArg,
  type SigSetT,
  decode_siginfo,
  decode_sigset,
  encode_siginfo,
  encode_sigset,
  set_bits,
} from './internal/siginfo.js';
import type { Thread } from './internal/thread.js';
import { type Timespec, encode_timespec } from './internal/timespec.js';

const SIGSET_SIZE = layout_x86_64.sigset.size;
const NSIG = 64;

/** 32 and 33 belong to the library. */
const reserved = (signum: number): boolean => signum === 32 || signum === 33;

/**
 * `sigaction(signum, act, oldact)`: what a signal does. A handler is an async function `(libc, signo, info) => …` that runs in the
 * thread that takes the signal, before its interrupted call returns, and may make calls itself.
 *
 * @param act    null: only ask
 * @param oldact filled with what was set before
 * @returns 0; -1 with errno EINVAL (no signal, SIGKILL, SIGSTOP). sigaction(2).
 */
export async function sigaction(
  this: Thread,
  signum: number,
  act: SigActionT | null,
  oldact: Partial<SigActionT> | null = null,
): Promise<number> {
  if (reserved(signum)) return this.ret(-EINVAL);
  const raw =
    act === null
      ? null
      : { handler: address_of(this.process, act.sa_handler), flags: act.sa_flags ?? 0, mask: act.sa_mask ?? [] };
  return this.ret(await do_sigaction(this, signum, raw, oldact));
}

/**
 * `signal(signum, handler)`: sigaction with SA_RESTART, as glibc has it.
 *
 * @param handler SIG_IGN, SIG_DFL or a function
 * @returns what was set before; -1 (SIG_ERR) with errno EINVAL. signal(2).
 */
export async function signal(this: Thread, signum: number, handler: SigHandler | number): Promise<SigHandler | number> {
  const act = { handler: address_of(this.process, handler), flags: SA_RESTART, mask: [signum] };
  const old: Partial<SigActionT> = {};
  const ret = reserved(signum) ? -EINVAL : await do_sigaction(this, signum, act, old);
  return ret < 0 ? this.ret(ret) : old.sa_handler!;
}

async function procmask(t: Thread, how: number, set: SigSetArg | null, oldset: SigSetT | null): Promise<number> {
  const oraw = oldset === null ? null : new Uint8Array(SIGSET_SIZE);
  if (oldset !== null) want_object(oldset, SIGSET);
  const ptr = t.map(set === null ? null : encode_sigset(set));
  const oldptr = t.map(oraw);
  const ret = await t.enter(t.nr.rt_sigprocmask, how, ptr, oldptr, SIGSET_SIZE);
  t.unmap(ptr);
  t.unmap(oldptr);
  if (ret === 0 && oldset !== null && oraw !== null) decode_sigset(oraw, 0, oldset);
  return ret;
}

/** `sigprocmask(how, set, oldset)`: the signals that wait. -1 with errno EINVAL. sigprocmask(2). */
export async function sigprocmask(
  this: Thread,
  how: number,
  set: SigSetArg | null,
  oldset: SigSetT | null = null,
): Promise<number> {
  return this.ret(await procmask(this, how, set, oldset));
}

/** `pthread_sigmask(how, set, oldset)`: the same; answers with the error number. pthread_sigmask(3). */
export async function pthread_sigmask(
  this: Thread,
  how: number,
  set: SigSetArg | null,
  oldset: SigSetT | null = null,
): Promise<number> {
  return Math.abs(await procmask(this, how, set, oldset));
}

/** `sigpending(set)`: blocked signals that wait. sigpending(2). */
export async function sigpending(this: Thread, set: SigSetT): Promise<number> {
  want_object(set, SIGSET);
  const raw = new Uint8Array(SIGSET_SIZE);
  const ptr = this.map(raw);
  const ret = await this.enter(this.nr.rt_sigpending, ptr, SIGSET_SIZE);
  this.unmap(ptr);
  if (ret === 0) decode_sigset(raw, 0, set);
  return this.ret(ret);
}

/** `sigsuspend(mask)`: sleep under another mask until a handler has run. Always -1, errno EINTR. sigsuspend(2). */
export async function sigsuspend(this: Thread, mask: SigSetArg): Promise<number> {
  const ptr = this.map(encode_sigset(mask));
  const ret = await this.enter(this.nr.rt_sigsuspend, ptr, SIGSET_SIZE);
  this.unmap(ptr);
  return this.ret(ret);
}

async function timedwait(
  t: Thread,
  set: SigSetArg,
  info: Partial<SigInfoT> | null,
  timeout: Timespec | null,
): Promise<number> {
  const raw = info === null ? null : new Uint8Array(layout_x86_64.siginfo.size);
  const limit = timeout === null ? null : encode_timespec(timeout);
  const ptr = t.map(encode_sigset(set));
  const infoptr = t.map(raw);
  const ts = t.map(limit);
  const ret = await t.enter(t.nr.rt_sigtimedwait, ptr, infoptr, ts, SIGSET_SIZE);
  for (const p of [ptr, infoptr, ts]) t.unmap(p);
  if (ret > 0 && info !== null && raw !== null) Object.assign(info, decode_siginfo(raw));
  return ret;
}

/** `sigtimedwait(set, info, timeout)`: take a blocked signal. The signal; -1 with errno EAGAIN, EINTR, EINVAL. sigtimedwait(2). */
export async function sigtimedwait(
  this: Thread,
  set: SigSetArg,
  info: Partial<SigInfoT> | null,
  timeout: Timespec | null,
): Promise<number> {
  return this.ret(await timedwait(this, set, info, timeout));
}

/** `sigwaitinfo(set, info)`: sigtimedwait without a limit. sigwaitinfo(2). */
export async function sigwaitinfo(
  this: Thread,
  set: SigSetArg,
  info: Partial<SigInfoT> | null = null,
): Promise<number> {
  return this.ret(await timedwait(this, set, info, null));
}

/** `sigwait(set, &sig)`: the same, again after every handler; answers with 0 and fills `sig.value`. sigwait(3). */
export async function sigwait(this: Thread, set: SigSetArg, sig: { value?: number }): Promise<number> {
  let ret: number;
  do ret = await timedwait(this, set, null, null);
  while (ret === -EINTR);
  if (ret < 0) return -ret;
  sig.value = ret;
  return 0;
}

/** `kill(pid, sig)`: send a signal to a process, or, by numbers below 1, to many. -1 with errno ESRCH, EINVAL. kill(2). */
export async function kill(this: Thread, pid: number, sig: number): Promise<number> {
  const r = this.enter(this.nr.kill, pid, sig);
  return this.ret(typeof r === 'number' ? r : await r);
}

/** `killpg(pgrp, sig)`. -1 with errno EINVAL, ESRCH. killpg(3). */
export async function killpg(this: Thread, pgrp: number, sig: number): Promise<number> {
  if (pgrp < 0) return this.ret(-EINVAL);
  return this.ret(await this.enter(this.nr.kill, -pgrp, sig));
}

/** `tgkill(tgid, tid, sig)`: to one thread. -1 with errno EINVAL, ESRCH. tgkill(2). */
export async function tgkill(this: Thread, tgid: number, tid: number, sig: number): Promise<number> {
  return this.ret(await this.enter(this.nr.tgkill, tgid, tid, sig));
}

/** `raise(sig)`: to this thread. Its handler has run when this returns. raise(3). */
export async function raise(this: Thread, sig: number): Promise<number> {
  const tid = await this.enter(this.nr.gettid);
  const pid = await this.enter(this.nr.getpid);
  return this.ret(await this.enter(this.nr.tgkill, pid, tid, sig));
}

/** `sigqueue(pid, sig, value)`: kill with a number to go along; real-time signals queue. -1 with errno ESRCH, EINVAL. sigqueue(3). */
export async function sigqueue(this: Thread, pid: number, sig: number, value: number): Promise<number> {
  const si_pid = await this.enter(this.nr.getpid);
  const raw = encode_siginfo({ si_signo: sig, si_code: SI_QUEUE, si_pid, si_uid: 0, si_status: 0, si_value: value });
  const ptr = this.map(raw);
  const ret = await this.enter(this.nr.rt_sigqueueinfo, pid, sig, ptr);
  this.unmap(ptr);
  return this.ret(ret);
}

/** `sigemptyset(set)`. */
export function sigemptyset(this: Thread | void, set: SigSetT): number {
  want_object(set, SIGSET);
  set.lo = 0;
  set.hi = 0;
  return 0;
}

/** `sigfillset(set)`: all but the two that the library keeps. */
export function sigfillset(this: Thread | void, set: SigSetT): number {
  want_object(set, SIGSET);
  set.lo = 0x7fffffff;
  set.hi = -2;
  return 0;
}

/** `sigaddset(set, signum)`. -1 with errno EINVAL. */
export function sigaddset(this: Thread, set: SigSetT, signum: number): number {
  want_object(set, SIGSET);
  if (!(signum >= 1 && signum <= NSIG)) return this.ret(-EINVAL);
  const bits = set_bits([signum]);
  set.lo = (set.lo ?? 0) | bits.lo;
  set.hi = (set.hi ?? 0) | bits.hi;
  return 0;
}

/** `sigdelset(set, signum)`. -1 with errno EINVAL. */
export function sigdelset(this: Thread, set: SigSetT, signum: number): number {
  want_object(set, SIGSET);
  if (!(signum >= 1 && signum <= NSIG)) return this.ret(-EINVAL);
  const bits = set_bits([signum]);
  set.lo = (set.lo ?? 0) & ~bits.lo;
  set.hi = (set.hi ?? 0) & ~bits.hi;
  return 0;
}

/** `sigismember(set, signum)`: 1, 0; -1 with errno EINVAL. */
export function sigismember(this: Thread, set: SigSetT, signum: number): number {
  want_object(set, SIGSET);
  if (!(signum >= 1 && signum <= NSIG)) return this.ret(-EINVAL);
  const bits = set_bits([signum]);
  return ((set.lo ?? 0) & bits.lo) !== 0 || ((set.hi ?? 0) & bits.hi) !== 0 ? 1 : 0;
}

/** A stack_t. `ss_sp` is an address, as `cpu.memory.map` gives it. */
export interface StackT {
  ss_sp: number;
  /** SS_DISABLE, SS_AUTODISARM. */
  ss_flags: number;
  ss_size: number;
}

const STACK_T = layout_x86_64.stack_t;

/** `sigaltstack(ss, old_ss)`: kept for who asks; handlers run where the host runs them. -1 with errno EINVAL, ENOMEM (too small). sigaltstack(2). */
export async function sigaltstack(
  this: Thread,
  ss: StackT | null,
  old_ss: Partial<StackT> | null = null,
): Promise<number> {
  if (old_ss !== null) want_object(old_ss, 'old_ss is { }, to be filled in');
  let raw: Uint8Array | null = null;
  if (ss !== null) {
    want_object(ss, 'ss is { ss_sp, ss_flags, ss_size } or null');
    for (const member of ['ss_sp', 'ss_flags', 'ss_size'] as const) want_number(ss[member], member);
    raw = new Uint8Array(STACK_T.size);
    put_u64(raw, STACK_T.ss_sp, ss.ss_sp);
    put_u32(raw, STACK_T.ss_flags, ss.ss_flags);
    put_u64(raw, STACK_T.ss_size, ss.ss_size);
  }
  const old = old_ss === null ? null : new Uint8Array(STACK_T.size);
  const [ptr, oldptr] = [this.map(raw), this.map(old)];
  const ret = await this.enter(this.nr.sigaltstack, ptr, oldptr);
  this.unmap(oldptr);
  this.unmap(ptr);
  if (ret === 0 && old !== null)
    Object.assign(old_ss!, {
      ss_sp: get_u64(old, STACK_T.ss_sp),
      ss_flags: get_u32(old, STACK_T.ss_flags),
      ss_size: get_u64(old, STACK_T.ss_size),
    });
  return this.ret(ret);
}
