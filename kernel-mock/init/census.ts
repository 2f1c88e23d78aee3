/**
 * What a kernel holds: for tests, which want to see all of it gone with the last process. Linux has no such call; the numbers are
 * those of /proc/slabinfo, /proc/locks, /proc/net and lsof. Counted when asked for, so that nobody pays who does not ask.
 */
import type { Dentry, Inode, Vfs } from '../include/linux/dcache.js';
import type { Kernel } from '../include/linux/kernel.js';
import type { WaitQueueHead } from '../include/linux/wait.js';
import { nr_locks } from '../fs/locks.js';
import { inet_nr_bound } from '../net/ipv4/inet_hashtables.js';
import { unix_nr_bound } from '../net/unix/af_unix.js';

export interface Census {
  /** Threads. */
  readonly tasks: number;
  /** Processes that have ended and that nobody has waited for. */
  readonly zombies: number;
  /** Open files: behind descriptors, in calls that sleep, in messages that nobody has received. */
  readonly files: number;
  /** Timers that are set. */
  readonly timers: number;
  /** Areas that are mapped in address spaces that somebody lives in. */
  readonly areas: number;
  /** Sleepers on queues that belong to no file and no process. */
  readonly waiters: number;
  /** Names and ports that sockets are bound to; not the names of files. */
  readonly bound: number;
  /** Holds on files and directories: open files, working directories, programs that run. */
  readonly holds: number;
  /** Locks and leases on files. */
  readonly locks: number;
  /** Watches and instances of inotify. */
  readonly watches: number;
}

function nr_waiters(q: WaitQueueHead): number {
  let n = 0;
  for (let entry = q.first; entry !== null; entry = entry.next) n++;
  return n;
}

/** Every inode that has a name, once. */
function inodes_below(dentry: Dentry, found: Set<Inode>, names: Dentry[]): void {
  found.add(dentry.d_inode);
  names.push(dentry);
  for (const child of dentry.d_children?.values() ?? []) inodes_below(child, found, names);
}

function fs_census(kernel: Kernel, vfs: Vfs | null): Pick<Census, 'holds' | 'locks' | 'watches'> {
  if (vfs === null) return { holds: 0, locks: 0, watches: 0 };
  const inodes = new Set<Inode>();
  const names: Dentry[] = [];
  inodes_below(vfs.root, inodes, names);
  let holds = 0;
  let locks = vfs.blocked.size;
  for (const inode of inodes) {
    // The kernel itself has the console open.
    const own = inode === kernel.console.f_inode ? 1 : 0;
    holds += Math.abs(inode.i_opens - own) + Math.abs(inode.i_writecount - own);
    // What a program did to the open file that the kernel keeps stays done, as on a terminal that the shell keeps.
    locks += nr_locks(inode, kernel.console);
  }
  // What is below a name that is held holds that name.
  for (const name of names) holds += name === kernel.console.f_path ? 0 : name.d_count;
  let watches = vfs.nr_marks;
  for (const n of vfs.inotify_instances.values()) watches += n;
  return { holds, locks, watches };
}

export function census(kernel: Kernel): Census {
  const mms = new Set([...kernel.tasks.values()].map((task) => task.mm));
  let areas = 0;
  for (const mm of mms) areas += mm.live;
  return {
    tasks: kernel.tasks.size,
    zombies: [...kernel.groups.values()].filter((g) => g.zombie).length,
    files: kernel.nr_files,
    timers: kernel.timers.heap.length,
    areas,
    waiters: nr_waiters(kernel.init.wait_chldexit),
    bound: unix_nr_bound(kernel) + inet_nr_bound(kernel),
    ...fs_census(kernel, kernel.fs),
  };
}
