/** Who a task is, and becoming somebody else (kernel/sys.c, kernel/groups.c). */
import type { Cred } from '../include/linux/cred.js';
import type { Task, ThreadGroup } from '../include/linux/sched.js';
import { EFAULT, EINVAL, EPERM } from '../include/uapi/errno.js';
import { NGROUPS_MAX } from '../include/uapi/limits.js';
import { get_u32, put_u32 } from '../lib/bytes.js';
import { find_vma } from '../mm/mmap.js';
import { put_user_u32 } from '../mm/uaccess.js';
import { capable } from './capability.js';

/** Who a process is: as its oldest thread, or as the last one was. */
export function process_cred({ threads, exit_cred }: ThreadGroup): Cred {
  const [oldest] = threads;
  return oldest?.cred ?? exit_cred;
}

export const sys_getuid = (task: Task): number => task.cred.uid;
export const sys_geteuid = (task: Task): number => task.cred.euid;
export const sys_getgid = (task: Task): number => task.cred.gid;
export const sys_getegid = (task: Task): number => task.cred.egid;

function commit_creds(task: Task, change: Partial<Cred>): number {
  task.cred = { ...task.cred, ...change };
  return 0;
}

/** `setuid(uid)`: root becomes somebody else for good; others go between real and saved. -EINVAL, -EPERM. setuid(2). */
export function sys_setuid(task: Task, reg: number): number {
  const uid = reg >>> 0;
  if (uid === 0xffffffff) return -EINVAL;
  if (capable(task.cred)) return commit_creds(task, { uid, euid: uid, suid: uid });
  return uid === task.cred.uid || uid === task.cred.suid ? commit_creds(task, { euid: uid }) : -EPERM;
}

export function sys_setgid(task: Task, reg: number): number {
  const gid = reg >>> 0;
  if (gid === 0xffffffff) return -EINVAL;
  if (capable(task.cred)) return commit_creds(task, { gid, egid: gid, sgid: gid });
  return gid === task.cred.gid || gid === task.cred.sgid ? commit_creds(task, { egid: gid }) : -EPERM;
}

/** -1 keeps the old value; without rights a new one must be one of those that the task has. */
function pick(task: Task, reg: number, old: number, own: readonly number[]): number | null {
  const id = reg >>> 0;
  if (id === 0xffffffff) return old;
  return capable(task.cred) || own.includes(id) ? id : null;
}

/** `setresuid(real, effective, saved)`: -EPERM. setresuid(2). */
export function sys_setresuid(task: Task, ruid: number, euid: number, suid: number): number {
  const { cred } = task;
  const own = [cred.uid, cred.euid, cred.suid];
  const [r, e, s] = [
    pick(task, ruid, cred.uid, own),
    pick(task, euid, cred.euid, own),
    pick(task, suid, cred.suid, own),
  ];
  return r === null || e === null || s === null ? -EPERM : commit_creds(task, { uid: r, euid: e, suid: s });
}

export function sys_setresgid(task: Task, rgid: number, egid: number, sgid: number): number {
  const { cred } = task;
  const own = [cred.gid, cred.egid, cred.sgid];
  const [r, e, s] = [
    pick(task, rgid, cred.gid, own),
    pick(task, egid, cred.egid, own),
    pick(task, sgid, cred.sgid, own),
  ];
  return r === null || e === null || s === null ? -EPERM : commit_creds(task, { gid: r, egid: e, sgid: s });
}

/** `setreuid(real, effective)`: the saved one follows the effective where the real one is set. -EPERM. setreuid(2). */
export function sys_setreuid(task: Task, ruid: number, euid: number): number {
  const { cred } = task;
  const r = pick(task, ruid, cred.uid, [cred.uid, cred.euid]);
  const e = pick(task, euid, cred.euid, [cred.uid, cred.euid, cred.suid]);
  if (r === null || e === null) return -EPERM;
  const saved = ruid >>> 0 !== 0xffffffff || (euid >>> 0 !== 0xffffffff && e !== cred.uid);
  return commit_creds(task, { uid: r, euid: e, suid: saved ? e : cred.suid });
}

export function sys_setregid(task: Task, rgid: number, egid: number): number {
  const { cred } = task;
  const r = pick(task, rgid, cred.gid, [cred.gid, cred.egid]);
  const e = pick(task, egid, cred.egid, [cred.gid, cred.egid, cred.sgid]);
  if (r === null || e === null) return -EPERM;
  const saved = rgid >>> 0 !== 0xffffffff || (egid >>> 0 !== 0xffffffff && e !== cred.gid);
  return commit_creds(task, { gid: r, egid: e, sgid: saved ? e : cred.sgid });
}

function put_ids(task: Task, ptrs: readonly number[], ids: readonly number[]): number {
  return ptrs.every((ptr, i) => put_user_u32(task.mm, ptr, ids[i]!) === 0) ? 0 : -EFAULT;
}

export function sys_getresuid(task: Task, ruid: number, euid: number, suid: number): number {
  return put_ids(task, [ruid, euid, suid], [task.cred.uid, task.cred.euid, task.cred.suid]);
}

export function sys_getresgid(task: Task, rgid: number, egid: number, sgid: number): number {
  return put_ids(task, [rgid, egid, sgid], [task.cred.gid, task.cred.egid, task.cred.sgid]);
}

/** `getgroups(size, list)`: how many; size 0 only asks. -EINVAL, -EFAULT. getgroups(2). */
export function sys_getgroups(task: Task, size: number, list: number): number {
  const { groups } = task.cred;
  const n = size | 0;
  if (n < 0) return -EINVAL;
  if (n === 0) return groups.length;
  if (n < groups.length) return -EINVAL;
  const area = find_vma(task.mm, list, groups.length * 4);
  if (area === null) return groups.length === 0 ? 0 : -EFAULT;
  groups.forEach((gid, i) => {
    put_u32(area.bytes, list - area.start + i * 4, gid);
  });
  return groups.length;
}

/** `setgroups(size, list)`: -EPERM, -EINVAL, -EFAULT. setgroups(2). */
export function sys_setgroups(task: Task, size: number, list: number): number {
  if (!capable(task.cred)) return -EPERM;
  const n = size >>> 0;
  if (n > NGROUPS_MAX) return -EINVAL;
  const area = n === 0 ? null : find_vma(task.mm, list, n * 4);
  if (n > 0 && area === null) return -EFAULT;
  const groups = Array.from({ length: n }, (_, i) => get_u32(area!.bytes, list - area!.start + i * 4));
  return commit_creds(task, { groups });
}
