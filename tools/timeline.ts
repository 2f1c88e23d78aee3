/** The timeline: Chrome trace events, which Perfetto (ui.perfetto.dev) and chrome://tracing open. */
import type { FilesStruct } from '../kernel-mock/include/linux/fs.js';
import type { Task } from '../kernel-mock/include/linux/sched.js';
import { format_result } from './decode.js';
import { format_call } from './eventlog.js';
import type { EventListener, KernelEvent } from './events.js';
import { type Inherited, lineage } from './lineage.js';

/** A Chrome trace event. Times are microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  /** X: a slice; i: an instant; C: a counter; s and f: ends of a flow; M: a name. */
  readonly ph: 'X' | 'i' | 'C' | 's' | 'f' | 'M';
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly id?: number;
  /** An instant of a thread. */
  readonly s?: 't';
  /** A flow that ends in the slice around it. */
  readonly bp?: 'e';
  readonly args?: Readonly<Record<string, unknown>>;
}

export interface Timeline {
  readonly listener: EventListener;
  /** All there is, slices that have not ended included, in the order of their beginnings. */
  events(): TraceEvent[];
}

/** Where a task's events are drawn. */
interface Track {
  readonly pid: number;
  readonly tid: number;
}

/** A call that has not returned. */
interface OpenSlice {
  readonly track: Track;
  readonly name: string;
  readonly ts: number;
  readonly args: string;
  readonly line: number;
}

/** The smallest step between two events, in microseconds: the kernel's clock stands still during a call, and slices need a length. */
const STEP = 0.001;

/** Makes a timeline of what it is told. */
export function timeline(): Timeline {
  const out: TraceEvent[] = [];
  const open = new Map<Task, OpenSlice>();
  const tracks = new WeakMap<Task, Track>();
  const counts = new WeakMap<FilesStruct, number>();
  /** Where and when the calls that made descriptors did so, by their event. */
  const made = new WeakMap<KernelEvent, Track & { readonly ts: number }>();
  let now = 0;
  let flows = 0;

  const tick = (event: KernelEvent): number => {
    now = Math.max(Math.round((now + STEP) * 1000) / 1000, event.ts / 1000);
    return now;
  };
  const end = (task: Task, ts: number, ret: string): void => {
    const slice = open.get(task);
    if (slice === undefined) return;
    open.delete(task);
    const dur = Math.round((ts - slice.ts) * 1000) / 1000;
    const args = { call: slice.args, ret, line: slice.line };
    out.push({ name: slice.name, cat: 'syscall', ph: 'X', ts: slice.ts, dur, ...slice.track, args });
  };
  const instant = (
    name: string,
    cat: string,
    ts: number,
    track: Track,
    args: Readonly<Record<string, unknown>>,
  ): void => {
    out.push({ name, cat, ph: 'i', s: 't', ts, ...track, args });
  };
  const count = (task: Task, ts: number): void => {
    const n = task.files.fd.filter((file) => file !== null).length;
    if (counts.get(task.files) === n) return;
    counts.set(task.files, n);
    out.push({
      name: 'open descriptors',
      cat: 'files',
      ph: 'C',
      ts,
      pid: task.group.tgid,
      tid: task.pid,
      args: { open: n },
    });
  };
  const track_of = (task: Task): Track => {
    const known = tracks.get(task);
    // A thread that runs execve becomes the first of its process.
    if (known?.tid === task.pid) return known;
    const track = { pid: task.group.tgid, tid: task.pid };
    tracks.set(task, track);
    return track;
  };
  const name = (kind: 'process_name' | 'thread_name', track: Track, text: string): void => {
    out.push({ name: kind, cat: '__metadata', ph: 'M', ts: 0, ...track, args: { name: text } });
  };
  const flow = ({ origin, fd }: Inherited, ts: number, track: Track): void => {
    const from = made.get(origin.event);
    if (from === undefined) return;
    const common = { name: `descriptor ${fd}: ${origin.what}`, cat: 'inherit', id: ++flows };
    out.push({ ...common, ph: 's', ts: from.ts, pid: from.pid, tid: from.tid });
    out.push({ ...common, ph: 'f', bp: 'e', ts, ...track });
  };
  const follow = lineage((_event, task, inherited) => {
    const track = open.get(task)?.track ?? track_of(task);
    for (const descriptor of inherited) flow(descriptor, now, track);
  });

  const listener: EventListener = (event, task, file) => {
    if (task === null) return;
    const ts = tick(event);
    const track = track_of(task);
    switch (event.event) {
      case 'enter': {
        end(task, ts, '?');
        const inner = event.inner === undefined ? '' : ` {${format_call(event.inner)}}`;
        const args = format_call(event) + inner;
        open.set(task, { track, name: event.inner?.call ?? event.call, ts, args, line: event.n });
        break;
      }
      case 'exit':
        end(task, ts, format_result(event.ret));
        break;
      case 'open':
        if (open.has(task)) made.set(event, { ...open.get(task)!.track, ts });
        count(task, ts);
        break;
      case 'close':
        count(task, ts);
        break;
      case 'task':
        if (event.pid === event.tgid) name('process_name', track, event.comm);
        name('thread_name', track, `${event.comm} ${event.pid}`);
        count(task, ts);
        break;
      case 'exec':
        name('process_name', track, event.path);
        instant(`exec ${event.path}`, 'task', ts, track, { fds: event.fds });
        break;
      case 'signal':
        instant(event.name, 'signal', ts, track, { signo: event.signo });
        break;
      case 'wakeup':
        instant('wake-up', 'sched', ts, track, { by: task.kernel.current?.pid ?? 0 });
        break;
      case 'inject':
        instant(`${event.what} ${event.detail}`, 'fault', ts, track, {});
        break;
      case 'gone':
        end(task, ts, 'gone');
        break;
      case 'cloexec':
      case 'switch':
        break;
      default:
        event satisfies never;
    }
    follow(event, task, file);
  };

  const events = (): TraceEvent[] => {
    const left = [...open.values()].map(({ track, name: call, ts, args, line }): TraceEvent => ({
      name: call,
      cat: 'syscall',
      ph: 'X',
      ts,
      dur: Math.round((now + STEP - ts) * 1000) / 1000,
      ...track,
      args: { call: args, ret: 'not returned', line },
    }));
    return [...out, ...left].sort((a, b) => a.ts - b.ts);
  };
  return { listener, events };
}

/** The text of a file that Perfetto opens. */
export function timeline_json(events: readonly TraceEvent[]): string {
  return `{"displayTimeUnit":"ns","traceEvents":[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
}
