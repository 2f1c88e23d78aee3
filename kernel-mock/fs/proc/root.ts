/** /proc itself (fs/proc/root.c, self.c, thread_self.c). */
import type { Dentry, InodeOperations } from '../../include/linux/dcache.js';
import type { Task } from '../../include/linux/sched.js';
import { S_IFDIR } from '../../include/uapi/stat.js';
import { ktime_get } from '../../kernel/time.js';
import { BOOT_SECONDS } from '../inode.js';
import { proc_pid_ops } from './base.js';
import { type ProcTable, proc_dentry, proc_dir, proc_dirent, proc_link, proc_table_ops, proc_text } from './generic.js';

/** What the machine has, in bytes. DEVIATION: nobody counts what is in use. */
const TOTALRAM = 2 ** 30;
const kb = (bytes: number): string => `${String(bytes / 1024).padStart(8)} kB`;

/** Of /proc/stat: a processor that was always idle, when the kernel booted, and its tasks. DEVIATION: their time is not measured. */
function stat_text(task: Task): string {
  const { kernel } = task;
  const idle = Math.floor(ktime_get(kernel) / 1e7);
  const cpu = `0 0 0 ${idle} 0 0 0 0 0 0`;
  return `cpu  ${cpu}\ncpu0 ${cpu}\nbtime ${BOOT_SECONDS}\nprocesses ${kernel.next_pid - 1}\nprocs_running 1\nprocs_blocked 0\n`;
}

const ROOT_ENTRIES: ProcTable = {
  self: proc_link({ get_link: (task) => String(task.group.tgid) }),
  'thread-self': proc_link({ get_link: (task) => `${task.group.tgid}/task/${task.pid}` }),
  filesystems: proc_text(() => 'nodev\tproc\nnodev\tramfs\n'),
  mounts: proc_text(() => 'none / ramfs rw 0 0\nproc /proc proc rw 0 0\n'),
  meminfo: proc_text(() => `MemTotal: ${kb(TOTALRAM)}\nMemFree:  ${kb(TOTALRAM)}\nMemAvailable: ${kb(TOTALRAM)}\n`),
  stat: proc_text(stat_text),
  uptime: proc_text((task) => `${(ktime_get(task.kernel) / 1e9).toFixed(2)} 0.00\n`),
  version: proc_text((task) => `Linux version ${task.kernel.release.name} (sys-indirect)\n`),
};

const root_table = proc_table_ops(ROOT_ENTRIES);

const THREAD_DIR = proc_dir(proc_pid_ops);
/** /proc/PID/task: a directory for each thread. */
const task_dir_ops: InodeOperations = {
  lookup: (task, dir, name) => lookup_tid(task, dir, name, THREAD_DIR),
  iterate: (task, dir) =>
    [...(task.kernel.tasks.get(Number(dir.d_parent.d_name))?.group.threads ?? [])].map((t) =>
      proc_dirent(dir.d_inode.i_ino, String(t.pid), S_IFDIR),
    ),
};
const TASK_DIR = proc_dir(task_dir_ops);

const process_dir_ops: InodeOperations = {
  ...proc_pid_ops,
  lookup(task, dir, name) {
    if (name === 'task') return proc_dentry(task, dir, name, TASK_DIR, Number(dir.d_name));
    return proc_pid_ops.lookup!(task, dir, name);
  },
  iterate(task, dir) {
    const list = proc_pid_ops.iterate!(task, dir);
    return typeof list === 'number' ? list : [...list, proc_dirent(dir.d_inode.i_ino, 'task', S_IFDIR)];
  },
};
const PROCESS_DIR = proc_dir(process_dir_ops);

function lookup_tid(task: Task, dir: Dentry, name: string, entry: ReturnType<typeof proc_dir>): Dentry | null {
  if (!/^[1-9]\d*$/.test(name) || !task.kernel.tasks.has(Number(name))) return null;
  return proc_dentry(task, dir, name, entry, Number(name));
}

export const proc_root_ops: InodeOperations = {
  lookup: (task, dir, name) => root_table.lookup!(task, dir, name) ?? lookup_tid(task, dir, name, PROCESS_DIR),
  iterate(task, dir) {
    const list = root_table.iterate!(task, dir);
    if (typeof list === 'number') return list;
    const groups = [...task.kernel.tasks.values()].filter((t) => t.pid === t.group.tgid);
    return [...list, ...groups.map((t) => proc_dirent(dir.d_inode.i_ino, String(t.pid), S_IFDIR))];
  },
};

/** The root's own entry, for the inode that is mounted. */
export const PROC_ROOT = { entry: proc_dir(proc_root_ops), pid: 0 };
