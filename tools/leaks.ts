/** The leak report: descriptors that a program got by execve although nobody handed them over. */
import type { Tracer } from '../kernel-mock/include/linux/trace.js';
import { type EventListener, event_tracer } from './events.js';
import { type Inherited, type Mark, lineage } from './lineage.js';
import { join_tracers } from './tracers.js';

/** One execve that a descriptor crossed. */
export interface Crossing {
  readonly pid: number;
  /** The program that got it. */
  readonly path: string;
  readonly fd: number;
  readonly line: number;
  /** Where the table was copied, by fork or the like, in which it crossed; null: it is the one where it was made. */
  readonly copied: number | null;
}

/** The time in which a descriptor was not close-on-exec. */
export interface Window {
  /** Lines of the event log. */
  readonly from: number;
  /** null: to the end. */
  readonly to: number | null;
  /** System calls, of any task, that began in it, the one that ended it included; null: it did not end. */
  readonly calls: number | null;
}

export interface Leak {
  readonly fd: number;
  /** What it is: a path, `socket:[7]`. */
  readonly what: string;
  /** The task that made it, by which call (with its registers), at which line of the event log. */
  readonly created: { readonly pid: number; readonly comm: string; readonly call: string; readonly line: number };
  /** Where it was made close-on-exec first; null: never. */
  readonly marked: { readonly pid: number; readonly line: number } | null;
  readonly window: Window;
  readonly crossed: readonly Crossing[];
}

export interface LeakReport {
  readonly listener: EventListener;
  /** In the order in which they crossed first. */
  leaks(): Leak[];
  /** Programs that were started by execve. */
  execs(): number;
}

/** Was it handed over on purpose, by the process that runs the new program? */
function is_meant({ fd, purpose }: Inherited, group: object): boolean {
  return fd <= 2 || purpose?.by === group;
}

function window_of(marks: readonly Mark[]): Window {
  const from = marks.find((mark) => !mark.cloexec) ?? marks[0]!;
  const to = marks.slice(marks.indexOf(from) + 1).find((mark) => mark.cloexec);
  return { from: from.line, to: to?.line ?? null, calls: to === undefined ? null : to.calls - from.calls };
}

function leak_of({ origin }: Inherited, crossed: readonly Crossing[]): Leak {
  const { fd, what, pid, comm, call, line, marks } = origin;
  const mark = marks.find((m) => m.cloexec);
  return {
    fd,
    what,
    created: { pid, comm, call, line },
    marked: mark === undefined ? null : { pid: mark.pid, line: mark.line },
    window: window_of(marks),
    crossed,
  };
}

/** Follows descriptors, and reports those that leaked. */
export function leak_report(): LeakReport {
  const found = new Map<object, { readonly inherited: Inherited; readonly crossed: Crossing[] }>();
  let execs = 0;
  const listener = lineage((event, task, inherited) => {
    execs++;
    for (const descriptor of inherited) {
      if (is_meant(descriptor, task.group)) continue;
      let leak = found.get(descriptor.origin);
      if (leak === undefined) found.set(descriptor.origin, (leak = { inherited: descriptor, crossed: [] }));
      const { fd, copied } = descriptor;
      const path = event.event === 'exec' ? event.path : '';
      leak.crossed.push({ pid: event.pid, path, fd, line: event.n, copied: copied?.line ?? null });
    }
  });
  return {
    listener,
    leaks: () => [...found.values()].map(({ inherited, crossed }) => leak_of(inherited, crossed)),
    execs: () => execs,
  };
}

function format_window({ from, to, calls }: Window): string {
  return to === null
    ? `from line ${from} to the end`
    : `from line ${from} to line ${to}, ${calls} ${calls === 1 ? 'call' : 'calls'}`;
}

/** A leak in words, a few lines. */
export function format_leak({ fd, what, created, marked, window, crossed }: Leak): string {
  const { pid, comm, call, line } = created;
  const mark = marked === null ? 'never close-on-exec' : `close-on-exec by task ${marked.pid} at line ${marked.line}`;
  return [
    `descriptor ${fd} (${what})`,
    `  made by task ${pid} (${comm}) with ${call === '' ? 'no call' : call} at line ${line}`,
    `  ${mark}; it was not: ${format_window(window)}`,
    ...crossed.map(
      (c) =>
        `  crossed into ${c.path} of task ${c.pid} at line ${c.line} as descriptor ${c.fd}${c.copied === null ? '' : `, in a table copied at line ${c.copied}`}`,
    ),
  ].join('\n');
}

/** What `leaks` needs of a booted kernel. */
export interface ObservableKernel<P> {
  readonly internals: { readonly trace: Tracer | null };
  set_trace(trace: Tracer | null): void;
  run(program: P, argv?: readonly string[], env?: Readonly<Record<string, string>>): Promise<number>;
}

/**
 * Run `program` on `kernel`; answers with the descriptors that crossed an execve, but for those that were handed over on purpose: 0 to
 * 2, and what the process that runs the new program did for it (dup2 to a number, FD_CLOEXEC taken off, a file action of posix_spawn, received
 * by SCM_RIGHTS).
 *
 * @throws what `run` does
 */
export async function leaks<P>(
  kernel: ObservableKernel<P>,
  program: P,
  argv?: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<Leak[]> {
  const report = leak_report();
  const before = kernel.internals.trace;
  kernel.set_trace(join_tracers([before, event_tracer([report.listener])]));
  try {
    await kernel.run(program, argv, env);
  } finally {
    kernel.set_trace(before);
  }
  return report.leaks();
}
