/** /proc/PID (fs/proc/base.c, array.c). */
import type { Dentry, Inode, InodeOperations } from '../../include/linux/dcache.js';
import type { Task } from '../../include/linux/sched.js';
import { TASK_INTERRUPTIBLE } from '../../include/linux/sched.js';
import { ENOENT, EPERM, ESRCH } from '../../include/uapi/errno.js';
import { d_path } from '../dcache.js';
import { MAY_WRITE, generic_permission } from '../inode.js';
import { proc_fd_ops, proc_fdinfo_ops } from './fd.js';
import { type ProcTable, proc_dir, proc_link, proc_pid, proc_table_ops, proc_text } from './generic.js';

/** The task of a directory; it may have ended. */
function task_of(task: Task, inode: Inode): Task | undefined {
  return task.kernel.tasks.get(proc_pid(inode));
}

/** A text about a process: -ESRCH once it is gone. */
const about = (text: (owner: Task) => string, mode?: number): ReturnType<typeof proc_text> =>
  proc_text((task, inode) => {
    const owner = task_of(task, inode);
    return owner === undefined ? -ESRCH : text(owner);
  }, mode);

function task_state(owner: Task): string {
  return owner.state === TASK_INTERRUPTIBLE ? 'S (sleeping)' : 'R (running)';
}

function comm(owner: Task): string {
  return owner.group.comm.slice(owner.group.comm.lastIndexOf('/') + 1).slice(0, 15);
}

function status(owner: Task): string {
  const { group, cred, files, pid } = owner;
  const { uid, euid, suid, gid, egid, sgid, groups } = cred;
  const rows = [
    ['Name', comm(owner)],
    ['Umask', owner.fs.umask.toString(8).padStart(4, '0')],
    ['State', task_state(owner)],
    ['Tgid', group.tgid],
    ['Ngid', 0],
    ['Pid', pid],
    ['PPid', group.parent?.tgid ?? 1],
    ['TracerPid', 0],
    ['Uid', `${uid}\t${euid}\t${suid}\t${euid}`],
    ['Gid', `${gid}\t${egid}\t${sgid}\t${egid}`],
    ['FDSize', Math.max(64, files.fd.length)],
    ['Groups', groups.join(' ')],
    ['Threads', group.threads.size],
  ];
  return rows.map(([key, value]) => `${key}:\t${value}\n`).join('');
}

function stat(owner: Task): string {
  const { group, pid } = owner;
  const numbers = [group.parent?.tgid ?? 1, group.tgid, group.tgid, 0, -1, ...new Array<number>(43).fill(0)];
  return `${pid} (${comm(owner)}) ${task_state(owner)[0]} ${numbers.join(' ')}\n`;
}

/** What is mapped, one line for each area. */
function maps({ mm }: Task): string {
  const areas = [...new Set(mm.areas)].filter((area) => area !== undefined && area.bytes.length > 0);
  const hex = (n: number): string => n.toString(16).padStart(8, '0');
  return areas
    .map((area) => `${hex(area!.start)}-${hex(area!.start + area!.bytes.length)} rw-p 00000000 00:00 0 \n`)
    .join('');
}

/** A link to what a process holds. */
function dentry_link(pick: (owner: Task) => Dentry | number): InodeOperations {
  const target = (task: Task, dentry: Dentry): Dentry | number => {
    const owner = task_of(task, dentry.d_inode);
    return owner === undefined ? -ENOENT : pick(owner);
  };
  return {
    get_link: target,
    readlink(task, dentry) {
      const at = target(task, dentry);
      return typeof at === 'number' ? at : d_path(at, task.fs.root ?? task.kernel.fs!.root);
    },
  };
}

/** A link to a directory of the process. */
function dir_link(pick: (owner: Task) => Dentry | null): InodeOperations {
  return dentry_link((owner) => pick(owner) ?? owner.kernel.fs!.root);
}

const PID_ENTRIES: ProcTable = {
  cmdline: about((owner) => `${owner.group.comm}\0`),
  comm: about((owner) => `${comm(owner)}\n`, 0o644),
  cwd: proc_link(dir_link((owner) => owner.fs.pwd)),
  exe: proc_link(dentry_link((owner) => owner.mm.exe_file?.f_path ?? -ENOENT)),
  fd: proc_dir(proc_fd_ops, 0o500),
  fdinfo: proc_dir(proc_fdinfo_ops, 0o555),
  maps: about(maps),
  root: proc_link(dir_link((owner) => owner.fs.root)),
  stat: about(stat),
  status: about(status),
};

/** Entries of every process. `task`, and what other parts of the kernel know, come from the root of /proc. */
export const proc_pid_ops: InodeOperations = {
  ...proc_table_ops(PID_ENTRIES),
  // Linux: proc_pid_make_inode gives S_IMMUTABLE, so that not even root is told EACCES or may try.
  permission: (task, inode, mask) => ((mask & MAY_WRITE) !== 0 ? -EPERM : generic_permission(task.cred, inode, mask)),
};
