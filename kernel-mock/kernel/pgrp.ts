/** Process groups: who is in which (kernel/pid.c attach_pid, change_pid, detach_pid with PIDTYPE_PGID). */
import type { Kernel } from '../include/linux/kernel.js';
import type { ThreadGroup } from '../include/linux/sched.js';

const NOBODY: readonly ThreadGroup[] = [];

/** The processes of group `pgid`, zombies too, in the order in which they came to it. */
export function pgrp_members(kernel: Kernel, pgid: number): Iterable<ThreadGroup> {
  return kernel.pgrps.get(pgid) ?? NOBODY;
}

export function pgrp_exists(kernel: Kernel, pgid: number): boolean {
  return kernel.pgrps.has(pgid);
}

/** `group` exists from now on, and is in the process group that its `pgid` says. */
export function attach_pgrp(group: ThreadGroup): void {
  const { pgrps } = group.kernel;
  const members = pgrps.get(group.pgid);
  if (members === undefined) pgrps.set(group.pgid, new Set([group]));
  else members.add(group);
}

/** `group` is gone. */
export function detach_pgrp(group: ThreadGroup): void {
  const { pgrps } = group.kernel;
  const members = pgrps.get(group.pgid);
  if (members?.delete(group) === true && members.size === 0) pgrps.delete(group.pgid);
}

export function change_pgrp(group: ThreadGroup, pgid: number): void {
  detach_pgrp(group);
  group.pgid = pgid;
  attach_pgrp(group);
}
