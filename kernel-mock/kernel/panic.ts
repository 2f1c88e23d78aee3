/** Reports for people: oops, dead lock, misuse (kernel/panic.c). */
import type { Kernel } from '../include/linux/kernel.js';
import { TASK_DEAD, TASK_RUNNING, type Task } from '../include/linux/sched.js';
import { syscall_tbl } from '../include/uapi/unistd.js';

/** The name of call `nr` in the table of this kernel, for reports. */
export function describe_call(kernel: Kernel, nr: number): string {
  for (const [name, row] of Object.entries(syscall_tbl))
    if (row.x86_64 === nr && (kernel.release.calls as ReadonlySet<string>).has(name)) return name;
  return `system call ${nr}`;
}

export function describe_task(task: Task): string {
  return `task ${task.pid} (${task.group.comm})`;
}

function registers(task: Task): string {
  const { a1, a2, a3, a4, a5, a6 } = task;
  return [a1, a2, a3, a4, a5, a6].map((a) => (a > 9 ? `0x${a.toString(16)}` : String(a))).join(', ');
}

/** What was thrown, in words. A program can throw anything, also what throws when it is looked at. */
function describe_thrown(cause: unknown): string {
  try {
    return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  } catch {
    return `something that cannot be shown (${typeof cause})`;
  }
}

/** Sleepers that a dead lock report lists: more would hide the others. */
const REPORTED_SLEEPERS = 20;

/** Every task sleeps and nothing will wake one. */
export class DeadlockError extends Error {
  constructor(kernel: Kernel) {
    const sleepers = [...kernel.tasks.values()].filter((t) => t.state !== TASK_RUNNING && t.state !== TASK_DEAD);
    const lines = sleepers
      .slice(0, REPORTED_SLEEPERS)
      .map((t) => `  ${describe_task(t)} in ${describe_call(kernel, t.nr)}(${registers(t)}) waits for ${t.wchan}`);
    if (sleepers.length > lines.length) lines.push(`  and ${sleepers.length - lines.length} more tasks`);
    super(`dead lock: every task sleeps and no timer is set\n${lines.join('\n')}`);
    this.name = 'DeadlockError';
  }
}

/** A bug of the mock kernel. */
export class OopsError extends Error {
  constructor(task: Task, cause: unknown) {
    const call = `${describe_call(task.kernel, task.nr)} (nr ${task.nr})`;
    super(`kernel oops in ${describe_task(task)}, ${call}, registers (${registers(task)}): ${describe_thrown(cause)}`, {
      cause,
    });
    this.name = 'OopsError';
  }
}

/** Our own interface was used in a way that has no meaning. The message says what to do. */
export class MisuseError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'MisuseError';
  }
}

/** What a program threw. */
export class ProgramError extends Error {
  constructor(task: Task, cause: unknown) {
    super(`${describe_task(task)} threw ${describe_thrown(cause)}`, { cause });
    this.name = 'ProgramError';
  }
}
