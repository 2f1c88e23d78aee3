/** Who is told about a file by signals (fs/fcntl.c: f_setown, send_sigio, fasync_helper). */
import type { Cred } from '../include/linux/cred.js';
import type { FownStruct, OpenFile } from '../include/linux/fs.js';
import type { Kernel } from '../include/linux/kernel.js';
import type { Task, ThreadGroup } from '../include/linux/sched.js';
import type { WaitQueueHead } from '../include/linux/wait.js';
import { EFAULT, EINVAL, ESRCH } from '../include/uapi/errno.js';
import { F_OWNER_PGRP, F_OWNER_PID, F_OWNER_TID, O_ASYNC } from '../include/uapi/fcntl.js';
import { layout_x86_64 } from '../include/uapi/layout.js';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLMSG,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from '../include/uapi/poll.js';
import { POLL_IN, SIGIO, SIGRTMAX, SIGURG, SI_KERNEL } from '../include/uapi/signal.js';
import { get_s32, put_u32 } from '../lib/bytes.js';
import { send_signal_group, send_signal_task } from '../kernel/signal.js';
import { add_wait_queue, remove_wait_queue, wait_entry } from '../kernel/wait.js';
import { find_vma } from '../mm/mmap.js';
import { put_user_u32 } from '../mm/uaccess.js';

const EX = layout_x86_64.f_owner_ex;

/** What si_band shows, from POLL_IN to POLL_HUP. Linux: band_table. */
const BAND_TABLE: readonly number[] = [
  POLLIN | POLLRDNORM,
  POLLOUT | POLLWRNORM | POLLWRBAND,
  POLLIN | POLLRDNORM | POLLMSG,
  POLLERR,
  POLLPRI | POLLRDBAND,
  POLLHUP | POLLERR,
];

/** The record of a file that nobody owned. Linux: file_f_owner_allocate. */
function file_f_owner(file: OpenFile): FownStruct {
  return (file.f_owner ??= { type: F_OWNER_TID, pid: 0, signum: 0, uid: 0, euid: 0, fasync: null });
}

/** Make `pid` the one who is told; 0: nobody. */
export function f_setown(file: OpenFile, type: number, pid: number, cred: Cred): void {
  const owner = file_f_owner(file);
  owner.type = type;
  owner.pid = pid;
  // Linux: f_modown. Nobody has no rights.
  owner.uid = pid === 0 ? owner.uid : cred.uid;
  owner.euid = pid === 0 ? owner.euid : cred.euid;
}

/** Nobody is told any more, by whatever signal. */
export function f_delown(file: OpenFile): void {
  if (file.f_owner === null) return;
  file.f_owner.pid = 0;
  file.f_owner.signum = 0;
}

/** The processes of a group that have not been waited for. */
function group_members(kernel: Kernel, pgid: number): ThreadGroup[] {
  return [...kernel.groups.values()].filter((group) => group.pgid === pgid);
}

/** Does the number stand for anything: a thread, a process, a group, a session? Linux: find_vpid. */
function find_pid(kernel: Kernel, pid: number): boolean {
  if (kernel.tasks.has(pid) || kernel.groups.has(pid)) return true;
  for (const group of kernel.groups.values()) if (group.pgid === pid || group.sid === pid) return true;
  return false;
}

/** Is there still somebody to tell? Linux: pid_task. */
function has_owner(kernel: Kernel, { type, pid }: FownStruct): boolean {
  if (type === F_OWNER_TID) return kernel.tasks.has(pid);
  return type === F_OWNER_PID ? kernel.groups.has(pid) : group_members(kernel, pid).length > 0;
}

/** F_SETOWN, FIOSETOWN: a process, or a group as a negative number; 0: nobody. -EINVAL, -ESRCH. */
export function fcntl_setown(task: Task, file: OpenFile, arg: number): number {
  const who = arg | 0;
  if (who === -0x80000000) return -EINVAL;
  if (who !== 0 && !find_pid(task.kernel, Math.abs(who))) return -ESRCH;
  f_setown(file, who < 0 ? F_OWNER_PGRP : F_OWNER_PID, Math.abs(who), task.cred);
  return 0;
}

/** F_GETOWN: 0 also if the owner is gone. */
export function fcntl_getown(file: OpenFile): number {
  const { f_owner } = file;
  if (f_owner === null || !has_owner(file.kernel, f_owner)) return 0;
  return f_owner.type === F_OWNER_PGRP ? -f_owner.pid : f_owner.pid;
}

/** F_SETOWN_EX: -EFAULT, -EINVAL (type), -ESRCH. */
export function fcntl_setown_ex(task: Task, file: OpenFile, ptr: number): number {
  const area = find_vma(task.mm, ptr, EX.size);
  if (area === null) return -EFAULT;
  const type = get_s32(area.bytes, ptr - area.start + EX.type);
  const pid = get_s32(area.bytes, ptr - area.start + EX.pid);
  if (type !== F_OWNER_TID && type !== F_OWNER_PID && type !== F_OWNER_PGRP) return -EINVAL;
  if (pid !== 0 && !find_pid(task.kernel, pid)) return -ESRCH;
  f_setown(file, type, pid, task.cred);
  return 0;
}

export function fcntl_getown_ex(task: Task, file: OpenFile, ptr: number): number {
  const area = find_vma(task.mm, ptr, EX.size);
  if (area === null) return -EFAULT;
  const { f_owner } = file;
  put_u32(area.bytes, ptr - area.start + EX.type, f_owner?.type ?? F_OWNER_TID);
  put_u32(area.bytes, ptr - area.start + EX.pid, f_owner !== null && has_owner(file.kernel, f_owner) ? f_owner.pid : 0);
  return 0;
}

/** F_GETOWNER_UIDS (3.6): two ints, the real and the effective user who set the owner. -EFAULT. */
export function fcntl_getowner_uids(task: Task, file: OpenFile, ptr: number): number {
  const err = put_user_u32(task.mm, ptr, file.f_owner?.uid ?? 0);
  return err < 0 ? err : put_user_u32(task.mm, ptr + 4, file.f_owner?.euid ?? 0);
}

/** F_SETSIG: 0 is SIGIO without siginfo. -EINVAL beyond the last signal. */
export function fcntl_setsig(file: OpenFile, arg: number): number {
  const signum = arg | 0;
  if (signum < 0 || signum > SIGRTMAX) return -EINVAL;
  file_f_owner(file).signum = signum;
  return 0;
}

/** May who set the owner send signals to `cred`? Linux: sigio_perm. */
function sigio_perm(cred: Cred, { uid, euid }: FownStruct): boolean {
  return euid === 0 || [euid, uid].some((who) => who === cred.suid || who === cred.uid);
}

/** The signal of `fown`; with F_SETSIG its siginfo says what and of which descriptor. Linux: send_sigio_to_task. */
function sigio_info({ signum }: FownStruct, fd: number, reason: number): Parameters<typeof send_signal_task>[1] {
  if (signum === 0) return { si_signo: SIGIO, si_code: SI_KERNEL, si_pid: 0, si_uid: 0, si_status: 0, si_value: 0 };
  const si_band = BAND_TABLE[reason - POLL_IN]!;
  // si_band and si_fd lie where si_pid and si_value do.
  return { si_signo: signum, si_code: reason, si_pid: si_band, si_uid: 0, si_status: 0, si_value: fd };
}

/** Urgent data arrived at `file`: SIGURG to the owner, whatever F_SETSIG says. Linux: send_sigurg. */
export function send_sigurg(file: OpenFile): void {
  const { f_owner } = file;
  if (f_owner === null || f_owner.pid === 0) return;
  send_to_owner(file, f_owner, {
    si_signo: SIGURG,
    si_code: SI_KERNEL,
    si_pid: 0,
    si_uid: 0,
    si_status: 0,
    si_value: 0,
  });
}

/** Something happened to `file`, POLL_IN and the like: the signal to its owner. `fd`: by which number it asked. */
export function send_sigio(file: OpenFile, fd: number, reason: number): void {
  const { f_owner } = file;
  if (f_owner === null || f_owner.pid === 0) return;
  send_to_owner(file, f_owner, sigio_info(f_owner, fd, reason));
}

/** A signal to the thread, the process, or every process of the group. */
function send_to_owner({ kernel }: OpenFile, f_owner: FownStruct, info: Parameters<typeof send_signal_task>[1]): void {
  const { type, pid } = f_owner;
  if (type === F_OWNER_TID) {
    const task = kernel.tasks.get(pid);
    if (task !== undefined && sigio_perm(task.cred, f_owner)) send_signal_task(task, info);
    return;
  }
  const one = kernel.groups.get(pid);
  const groups = type === F_OWNER_PGRP ? group_members(kernel, pid) : one === undefined ? [] : [one];
  for (const group of groups) {
    const [leader] = group.threads;
    if (leader !== undefined && sigio_perm(leader.cred, f_owner)) send_signal_group(group, info);
  }
}

/**
 * O_ASYNC of `file`, on or off: an entry on `queue`, so that whoever wakes it up tells the owner. `reason` says of what (POLL_IN …),
 * or 0: of nothing. Linux: fasync_helper, whose lists stand beside the wait queues.
 */
export function fasync_helper(
  file: OpenFile,
  fd: number,
  on: boolean,
  queue: WaitQueueHead,
  reason: (key: number) => number,
): void {
  const owner = file_f_owner(file);
  if (!on) {
    for (const entry of owner.fasync ?? []) remove_wait_queue(entry);
    owner.fasync = null;
    file.f_flags &= ~O_ASYNC;
    return;
  }
  const entry = wait_entry(null, (_entry, key) => {
    const why = reason(key);
    if (why !== 0) send_sigio(file, fd, why);
    return false;
  });
  add_wait_queue(queue, entry, false);
  (owner.fasync ??= []).push(entry);
  file.f_flags |= O_ASYNC;
}
