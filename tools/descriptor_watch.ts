/**
 * Watches how descriptors come into being: by which calls, and whether close-on-exec was there from the first moment. Knows
 * nothing of the library above the kernel but which calls belong to one of its functions; the rest is what the kernel saw.
 */
import type { FilesStruct } from '../kernel-mock/include/linux/fs.js';
import type { Task } from '../kernel-mock/include/linux/sched.js';
import type { Tracer } from '../kernel-mock/include/linux/trace.js';
import { F_GETFL, F_SETFD, F_SETFL } from '../kernel-mock/include/uapi/fcntl.js';
import { NR } from '../kernel-mock/include/uapi/unistd.js';
import { descriptor_calls } from '../libc/index.js';
import { type DecodedCall, call_name, decode_call, decode_inner, format_result } from './decode.js';

/** One use of a descriptor-creating function. */
export interface Creation {
  /** The library function to which the calls belong: socket, socketpair, accept4. */
  readonly function: string;
  readonly pid: number;
  /** The calls in order, those that failed with their error: `accept4=ENOSYS`, `accept`, `fcntl`. */
  readonly calls: string[];
  /** The descriptors; none if every call failed. */
  readonly fds: number[];
  /** How close-on-exec came: with the call's own flags, inside sys_indirect, by a later fcntl, not at all. */
  route: 'dedicated' | 'indirect' | 'legacy' | 'none';
  /**
   * System calls, of any task, that began between the moment when a descriptor became usable and the moment when it was
   * close-on-exec, the one that set it included; 0: the same moment; null: it never was.
   */
  window: number | null;
}

/** A descriptor that is not close-on-exec yet, and how many calls there had been when it became usable. */
interface Bare {
  readonly creation: Creation;
  readonly since: number;
}

/** Where a task stands. */
interface Progress {
  /** Under way: begun and not made yet, or just made, so that an fcntl may still belong to it. */
  creation: Creation | null;
  /** The call that the task is in, if it belongs to `creation`. */
  call: string;
  indirect: boolean;
}

/** By number: the system calls that can make descriptors, and the library function that makes them. */
const function_of: ReadonlyMap<number, string> = new Map(
  descriptor_calls.flatMap((row) => [
    [NR[row.plain], row.name],
    [NR[row.dedicated], row.name],
  ]),
);

/** By number: what the library means by it, for kernels where nobody has the number. */
const asked_for: ReadonlyMap<number, string> = new Map([
  ...descriptor_calls.map((row) => [NR[row.dedicated], row.dedicated] as const),
  [NR.indirect, 'indirect'],
]);

function label(task: Task, { nr, name }: DecodedCall): string {
  return call_name(task.kernel.release, nr) === undefined ? (asked_for.get(nr) ?? name) : name;
}

/** Is this an fcntl on a descriptor that was just made, that a library makes to give it its flags? */
function finishes(task: Task, creation: Creation): boolean {
  const { a1: fd, a2: cmd } = task;
  return task.nr === NR.fcntl && creation.fds.includes(fd) && [F_SETFD, F_GETFL, F_SETFL].includes(cmd);
}

export interface DescriptorWatch {
  readonly tracer: Tracer;
  /** In the order in which they began. */
  readonly creations: readonly Creation[];
}

export function watch_descriptors(): DescriptorWatch {
  const creations: Creation[] = [];
  const tasks = new Map<number, Progress>();
  const bare = new WeakMap<FilesStruct, Map<number, Bare>>();
  let calls = 0;

  const begin = (task: Task, name: string): Creation => {
    const creation: Creation = { function: name, pid: task.pid, calls: [], fds: [], route: 'none', window: null };
    creations.push(creation);
    return creation;
  };
  /** The creation to which the call that `task` has just entered belongs. */
  const belongs_to = (task: Task, before: Creation | null, nr: number): Creation | null => {
    const made = before !== null && before.fds.length > 0;
    if (made && finishes(task, before)) return before;
    const wanted = function_of.get(nr);
    // A number that indirect had once is a question to the kernel, whoever answers.
    if (before !== null && !made && (wanted === before.function || task.nr === NR.indirect)) return before;
    return wanted === undefined ? null : begin(task, wanted);
  };

  const tracer: Tracer = {
    sys_enter(task) {
      calls++;
      const inner = decode_inner(task);
      const call = inner === undefined ? label(task, decode_call(task)) : `indirect(${inner.name})`;
      const creation = belongs_to(task, tasks.get(task.pid)?.creation ?? null, (inner ?? task).nr);
      tasks.set(task.pid, { creation, call, indirect: inner !== undefined });
    },
    sys_exit(task, ret) {
      const now = tasks.get(task.pid);
      now?.creation?.calls.push(ret < 0 ? `${now.call}=${format_result(ret)}` : now.call);
    },
    fd_install(task, fd, _file, cloexec) {
      const now = tasks.get(task.pid);
      const creation = now?.creation ?? null;
      if (now === undefined || creation === null) return;
      creation.fds.push(fd);
      if (cloexec) {
        creation.route = now.indirect ? 'indirect' : 'dedicated';
        creation.window = 0;
        return;
      }
      const table = bare.get(task.files) ?? new Map<number, Bare>();
      bare.set(task.files, table.set(fd, { creation, since: calls }));
    },
    fd_cloexec(task, fd, cloexec) {
      const table = bare.get(task.files);
      const found = table?.get(fd);
      if (!cloexec || table === undefined || found === undefined) return;
      table.delete(fd);
      found.creation.route = 'legacy';
      found.creation.window = Math.max(found.creation.window ?? 0, calls - found.since);
    },
    fd_close(task, fd) {
      bare.get(task.files)?.delete(fd);
    },
    task_exit(task) {
      tasks.delete(task.pid);
    },
  };
  return { tracer, creations };
}
