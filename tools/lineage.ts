/** Where descriptors come from: followed from the call that made them over copies of tables to the programs that got them. */
import type { FilesStruct } from '../kernel-mock/include/linux/fs.js';
import type { Task, ThreadGroup } from '../kernel-mock/include/linux/sched.js';
import { format_call } from './eventlog.js';
import type { EventListener, KernelEvent } from './events.js';

/** A change of close-on-exec, by whom and when. */
export interface Mark {
  readonly pid: number;
  readonly line: number;
  readonly cloexec: boolean;
  /** System calls, of any task, that had begun until then. */
  readonly calls: number;
}

/** How a descriptor came into being. */
export interface Origin {
  readonly fd: number;
  /** What it is: a path, `socket:[7]`. */
  readonly what: string;
  readonly pid: number;
  readonly comm: string;
  /** The call with its registers, and the line where it was entered; '' and the line of the event itself: no call made it. */
  readonly call: string;
  readonly line: number;
  /** The event that made it. */
  readonly event: KernelEvent;
  /** The call by its name alone. */
  readonly name: string;
  /** The first: how it was made. In the table where it was made only. */
  readonly marks: Mark[];
}

/** Why a descriptor is meant to be there after execve. */
export type Purpose = 'dup2' | 'unmarked' | 'file action' | 'SCM_RIGHTS';

/** One descriptor in one table. */
export interface Descriptor {
  readonly origin: Origin;
  /** The copy of the table by which it got here: the line, and the task that got the copy; null: it was made here. */
  readonly copied: { readonly line: number; readonly pid: number } | null;
  /** What the process `by` did to hand it over. */
  purpose: { readonly kind: Purpose; readonly by: ThreadGroup } | null;
}

export interface Inherited extends Descriptor {
  readonly fd: number;
}

type Table = Map<number, Descriptor>;

const RECEIVES: ReadonlySet<string> = new Set(['recvmsg', 'recvmmsg']);
const CHOOSES_NUMBER: ReadonlySet<string> = new Set(['dup2', 'dup3']);

/** A follower of events; `on_exec` is told of each execve that succeeds, with the descriptors that the new program has. */
export function lineage(
  on_exec: (event: KernelEvent, task: Task, inherited: readonly Inherited[]) => void,
): EventListener {
  const tables = new WeakMap<FilesStruct, Table>();
  /** The table that a task was seen with last: one that it has now and that is not known is a copy of it. */
  const last = new WeakMap<Task, FilesStruct>();
  const inside = new WeakMap<Task, KernelEvent & { event: 'enter' }>();
  let calls = 0;

  const copy = (task: Task, of: Table | undefined, line: number): Table => {
    const table: Table = new Map();
    for (const [fd, { origin }] of of ?? []) table.set(fd, { origin, copied: { line, pid: task.pid }, purpose: null });
    tables.set(task.files, table);
    return table;
  };
  const table_of = (task: Task, line: number): Table => {
    const before = last.get(task);
    last.set(task, task.files);
    return tables.get(task.files) ?? copy(task, before === undefined ? undefined : tables.get(before), line);
  };

  const purpose_of = (task: Task, name: string): Purpose | null => {
    if (RECEIVES.has(name)) return 'SCM_RIGHTS';
    // A child that shares its parent's memory is that of posix_spawn: what it opens is an action of its caller's list.
    if (task.vfork_done !== null) return 'file action';
    return CHOOSES_NUMBER.has(name) ? 'dup2' : null;
  };
  const opened = (event: KernelEvent & { event: 'open' }, task: Task): void => {
    const enter = inside.get(task);
    const name = enter?.inner?.call ?? enter?.call ?? '';
    const kind = purpose_of(task, name);
    table_of(task, event.n).set(event.fd, {
      origin: {
        fd: event.fd,
        what: event.file,
        pid: event.pid,
        comm: task.comm,
        call: enter === undefined ? '' : format_call(enter.inner ?? enter),
        line: enter?.n ?? event.n,
        event,
        name,
        marks: [{ pid: event.pid, line: event.n, cloexec: event.cloexec, calls }],
      },
      copied: null,
      purpose: kind === null ? null : { kind, by: task.group },
    });
  };
  const marked = (event: KernelEvent & { event: 'cloexec' }, task: Task): void => {
    const found = table_of(task, event.n).get(event.fd);
    if (found === undefined) return;
    found.purpose = event.cloexec ? null : { kind: 'unmarked', by: task.group };
    if (found.copied === null)
      found.origin.marks.push({ pid: event.pid, line: event.n, cloexec: event.cloexec, calls });
  };

  return (event, task) => {
    if (task === null) return;
    switch (event.event) {
      case 'enter':
        calls++;
        inside.set(task, event);
        break;
      case 'exit':
        inside.delete(task);
        break;
      case 'open':
        opened(event, task);
        break;
      case 'cloexec':
        marked(event, task);
        break;
      case 'close':
        table_of(task, event.n).delete(event.fd);
        break;
      case 'task': {
        last.set(task, task.files);
        const parent = task.kernel.current;
        if (event.parent !== 0 && parent !== null && parent.files !== task.files)
          copy(task, table_of(parent, event.n), event.n);
        break;
      }
      case 'exec': {
        const table = table_of(task, event.n);
        on_exec(
          event,
          task,
          event.fds.flatMap((fd) => {
            const found = table.get(fd);
            return found === undefined ? [] : [{ ...found, fd }];
          }),
        );
        break;
      }
      default:
    }
  };
}
