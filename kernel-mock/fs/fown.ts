/** Who is told about a file by signals (fs/fcntl.c: f_setown, send_sigio, kill_fasync). */
import type { Cred } from '../include/linux/cred.js';
import type { FownStruct, OpenFile } from '../include/linux/fs.js';
import type { Kernel } from '../include/linux/kernel.js';
import type { Task } from '../include/linux/sched.js';
import { EFAULT, EINVAL, ESRCH } from '../include/uapi/errno.js';
import { F_OWNER_PGRP, F_OWNER_PID, F_OWNER_TID } from '../include/uapi/fcntl.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import { SIGIO, SIGURG, SI_USER, SIGRTMAX } from '../include/uapi/signal.js';
import { get_s32, put_u32 } from '../lib/bytes.js';
import { send_signal_group, send_signal_task } from '../kernel/signal.js';
import { find_vma } from '../mm/mmap.js';

const EX = layout_x86_64.f_owner_ex;

/** Make `pid` the one who is told; 0: nobody. */
export function f_setown(file: OpenFile, type: number, pid: number, cred: Cred): void {
  const signum = file.f_owner?.signum ?? 0;
  file.f_owner = { type, pid, signum, uid: cred.uid, euid: cred.euid };
}

/** The members of a process group, or the process, or the thread. */
function exists(kernel: Kernel, type: number, pid: number): boolean {
  if (pid === 0) return true;
  if (type !== F_OWNER_PGRP) return kernel.tasks.has(pid);
  return true;
}

/** F_SETOWN: a process, or a group as a negative number. -EINVAL, -ESRCH. */
export function fcntl_setown(task: Task, file: OpenFile, arg: number): number {
  const who = arg | 0;
  if (who === -0x80000000) return -EINVAL;
  const type = who < 0 ? F_OWNER_PGRP : F_OWNER_PID;
  if (!exists(task.kernel, type, Math.abs(who))) return -ESRCH;
  f_setown(file, type, Math.abs(who), task.cred);
  return 0;
}

export function fcntl_getown(file: OpenFile): number {
  const { f_owner } = file;
  if (f_owner === null) return 0;
  return f_owner.type === F_OWNER_PGRP ? -f_owner.pid : f_owner.pid;
}

/** F_SETOWN_EX: -EFAULT, -EINVAL (type), -ESRCH. */
export function fcntl_setown_ex(task: Task, file: OpenFile, ptr: number): number {
  const area = find_vma(task.mm, ptr, EX.size);
  if (area === null) return -EFAULT;
  const type = get_s32(area.bytes, ptr - area.start + EX.type);
  const pid = get_s32(area.bytes, ptr - area.start + EX.pid);
  if (type !== F_OWNER_TID && type !== F_OWNER_PID && type !== F_OWNER_PGRP) return -EINVAL;
  if (!exists(task.kernel, type, pid)) return -ESRCH;
  f_setown(file, type, pid, task.cred);
  return 0;
}

export function fcntl_getown_ex(task: Task, file: OpenFile, ptr: number): number {
  const area = find_vma(task.mm, ptr, EX.size);
  if (area === null) return -EFAULT;
  put_u32(area.bytes, ptr - area.start + EX.type, file.f_owner?.type ?? F_OWNER_TID);
  put_u32(area.bytes, ptr - area.start + EX.pid, file.f_owner?.pid ?? 0);
  return 0;
}

/** F_SETSIG: 0 is SIGIO. -EINVAL beyond the last signal. */
export function fcntl_setsig(file: OpenFile, arg: number): number {
  if (!(arg >= 0 && arg <= SIGRTMAX)) return -EINVAL;
  file.f_owner ??= { type: F_OWNER_TID, pid: 0, signum: 0, uid: 0, euid: 0 };
  file.f_owner.signum = arg;
  return 0;
}

/** Something happened to `file`: the signal to its owner. */
export function kill_fasync(file: OpenFile): void {
  const { f_owner, kernel } = file;
  if (f_owner === null || f_owner.pid === 0) return;
  send_sigio(kernel, f_owner);
}

/** Urgent data for `file`: SIGURG to its owner, whether or not O_ASYNC. */
export function send_sigurg({ f_owner, kernel }: OpenFile): void {
  if (f_owner !== null && f_owner.pid !== 0) send_sigio(kernel, { ...f_owner, signum: SIGURG });
}

function send_sigio(kernel: Kernel, { type, pid, signum }: FownStruct): void {
  const task = kernel.tasks.get(pid);
  if (task === undefined) return;
  const info = {
    si_signo: signum === 0 ? SIGIO : signum,
    si_code: SI_USER,
    si_pid: 0,
    si_uid: 0,
    si_status: 0,
    si_value: 0,
  };
  if (type === F_OWNER_TID) send_signal_task(task, info);
  else send_signal_group(task.group, info);
}
