/**
 * Events: what the tracepoints tell, as records, numbered from 1. The event log in text, the one for machines, the leak report and the
 * timeline are made from them: the line of one is the line of all.
 */
import { describe_file } from '../kernel-mock/fs/proc/fd.js';
import type { OpenFile } from '../kernel-mock/include/linux/fs.js';
import type { Task } from '../kernel-mock/include/linux/sched.js';
import type { Injected, Tracer } from '../kernel-mock/include/linux/trace.js';
import { signal_names } from '../kernel-mock/include/uapi/signal.js';
import { ktime_get } from '../kernel-mock/kernel/time.js';
import { decode_call, decode_inner, format_result } from './decode.js';

/** What every event has. */
interface Common {
  /** Number of the event: its line in a log. */
  readonly n: number;
  /** Nanoseconds on the kernel's CLOCK_MONOTONIC. */
  readonly ts: number;
  /** The task by number; 0: none. */
  readonly pid: number;
}

/** The call inside sys_indirect. */
export interface InnerEvent {
  readonly call: string;
  readonly nr: number;
  readonly args: readonly number[];
  readonly flags: number;
}

/** What happened. docs/events.md describes each. */
export type Happening =
  | {
      readonly event: 'enter';
      readonly call: string;
      readonly nr: number;
      readonly args: readonly number[];
      readonly inner?: InnerEvent;
    }
  | { readonly event: 'exit'; readonly call: string; readonly ret: number; readonly error?: string }
  | { readonly event: 'open'; readonly fd: number; readonly cloexec: boolean; readonly file: string }
  | { readonly event: 'cloexec'; readonly fd: number; readonly cloexec: boolean }
  | { readonly event: 'close'; readonly fd: number }
  | { readonly event: 'switch'; readonly from: number; readonly to: number }
  | { readonly event: 'wakeup' }
  | { readonly event: 'task'; readonly parent: number; readonly tgid: number; readonly comm: string }
  | { readonly event: 'gone' }
  | { readonly event: 'signal'; readonly signo: number; readonly name: string }
  | { readonly event: 'exec'; readonly path: string; readonly fds: readonly number[] }
  | { readonly event: 'inject'; readonly what: Injected; readonly detail: string };

export type KernelEvent = Common & Happening;

/** Told of each event, in order. `task`: whom it is about; null: nobody. `file`: what was opened or closed. */
export type EventListener = (event: KernelEvent, task: Task | null, file?: OpenFile) => void;

function open_fds(task: Task): number[] {
  return [...task.files.fd.keys()].filter((fd) => task.files.fd[fd] !== null);
}

/** A listener to the tracepoints that tells `listeners` of events. */
export function event_tracer(listeners: readonly EventListener[]): Tracer {
  let n = 0;
  /** The call that a task is in. */
  const inside = new WeakMap<Task, string>();
  const emit = (task: Task, happening: Happening, file?: OpenFile): void => {
    const event: KernelEvent = { n: ++n, ts: ktime_get(task.kernel), pid: task.pid, ...happening };
    for (const listener of listeners) listener(event, task, file);
  };
  return {
    sys_enter(task) {
      const { name, nr, args } = decode_call(task);
      const inner = decode_inner(task);
      inside.set(task, inner === undefined ? name : `${name}{${inner.name}}`);
      const call = { event: 'enter', call: name, nr, args } as const;
      if (inner === undefined) return emit(task, call);
      emit(task, { ...call, inner: { call: inner.name, nr: inner.nr, args: inner.args, flags: inner.flags } });
    },
    sys_exit(task, ret) {
      const exit = { event: 'exit', call: inside.get(task) ?? '?', ret } as const;
      inside.delete(task);
      emit(task, ret < 0 && ret >= -4095 ? { ...exit, error: format_result(ret) } : exit);
    },
    fd_install: (task, fd, file, cloexec) =>
      emit(task, { event: 'open', fd, cloexec, file: describe_file(task, file) }, file),
    fd_cloexec: (task, fd, cloexec) => emit(task, { event: 'cloexec', fd, cloexec }),
    fd_close: (task, fd, file) => emit(task, { event: 'close', fd }, file),
    sched_switch(prev, next) {
      const task = next ?? prev;
      if (task === null) return;
      const { kernel } = task;
      const event: KernelEvent = {
        n: ++n,
        ts: ktime_get(kernel),
        pid: 0,
        event: 'switch',
        from: prev?.pid ?? 0,
        to: next?.pid ?? 0,
      };
      for (const listener of listeners) listener(event, null);
    },
    sched_wakeup: (task) => emit(task, { event: 'wakeup' }),
    task_newtask: (parent, task) =>
      emit(task, { event: 'task', parent: parent?.pid ?? 0, tgid: task.group.tgid, comm: task.comm }),
    task_exit: (task) => emit(task, { event: 'gone' }),
    signal_deliver: (task, signo) => emit(task, { event: 'signal', signo, name: signal_names[signo] ?? String(signo) }),
    sched_process_exec: (task, path) => emit(task, { event: 'exec', path, fds: open_fds(task) }),
    inject: (task, what, detail) => emit(task, { event: 'inject', what, detail }),
  };
}

/** The event log for machines: a line of JSON for each event. docs/events.md. */
export function json_log(write: (line: string) => void): EventListener {
  return (event) => write(JSON.stringify(event));
}
