/** sys/wait.h: waiting for children. */
import { get_s32, get_u32 } from '../../kernel-mock/include/uapi/byteorder.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { type Rusage, decode_rusage } from '../internal/rusage.js';
import type { SigInfoT } from '../internal/process.js';
import type { Thread } from '../internal/thread.js';

const SIGINFO = layout_x86_64.siginfo;

/** Where C has an `int *`: `value` is filled in. */
export interface StatusOut {
  value?: number;
}

async function do_wait4(
  t: Thread,
  pid: number,
  status: StatusOut | null,
  options: number,
  rusage: Partial<Rusage> | null,
): Promise<number> {
  const { sp } = t;
  const ptr = status === null ? 0 : t.alloca(8);
  const raw = rusage === null ? null : new Uint8Array(layout_x86_64.rusage.size);
  const ru = t.map(raw);
  const r = t.enter(t.nr.wait4, pid, ptr, options, ru);
  const ret = typeof r === 'number' ? r : await r;
  if (ret > 0 && status !== null) status.value = t.load_s32(ptr);
  t.leave(sp);
  t.unmap(ru);
  if (ret > 0 && rusage !== null && raw !== null) decode_rusage(raw, rusage);
  return t.ret(ret);
}

/** `wait(&status)`: for any child. Its pid; -1 with errno ECHILD, EINTR. WIFEXITED … tell what `status.value` means. wait(2). */
export async function wait(this: Thread, status: StatusOut | null = null): Promise<number> {
  return do_wait4(this, -1, status, 0, null);
}

/**
 * `waitpid(pid, &status, options)`.
 *
 * @param pid     a child; -1: any; 0: any of the own process group; below -1: any of that group
 * @param options WNOHANG, WUNTRACED, WCONTINUED
 * @returns the pid, 0 (WNOHANG); -1 with errno ECHILD, EINTR, EINVAL. Sleeps until a child has something to tell. waitpid(2).
 */
export async function waitpid(
  this: Thread,
  pid: number,
  status: StatusOut | null = null,
  options = 0,
): Promise<number> {
  return do_wait4(this, pid, status, options, null);
}

/** `wait4(pid, &status, options, &rusage)`: waitpid, and what the child has used up. wait4(2). */
export async function wait4(
  this: Thread,
  pid: number,
  status: StatusOut | null,
  options: number,
  rusage: Partial<Rusage> | null,
): Promise<number> {
  return do_wait4(this, pid, status, options, rusage);
}

/** `wait3(&status, options, &rusage)`. wait3(3). */
export async function wait3(
  this: Thread,
  status: StatusOut | null,
  options: number,
  rusage: Partial<Rusage> | null,
): Promise<number> {
  return do_wait4(this, -1, status, options, rusage);
}

/**
 * `waitid(idtype, id, &info, options)`.
 *
 * @param info filled with si_pid (0: WNOHANG found nothing), si_signo, si_code (CLD_*), si_status, si_uid
 * @returns 0; -1 with errno ECHILD, EINTR, EINVAL. waitid(2).
 */
export async function waitid(
  this: Thread,
  idtype: number,
  id: number,
  info: Partial<SigInfoT> | null,
  options: number,
): Promise<number> {
  const raw = info === null ? null : new Uint8Array(SIGINFO.size);
  const ptr = this.map(raw);
  const ret = await this.enter(this.nr.waitid, idtype, id, ptr, options, 0);
  this.unmap(ptr);
  if (ret === 0 && info !== null && raw !== null) {
    info.si_signo = get_s32(raw, SIGINFO.si_signo);
    info.si_code = get_s32(raw, SIGINFO.si_code);
    info.si_pid = get_s32(raw, SIGINFO.si_pid);
    info.si_uid = get_u32(raw, SIGINFO.si_uid);
    info.si_status = get_s32(raw, SIGINFO.si_status);
  }
  return this.ret(ret);
}
