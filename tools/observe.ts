/** What `sys-indirect run` writes of what it sees: logs, the timeline, the leak report. */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Tracer } from '../kernel-mock/include/linux/trace.js';
import { text_log } from './eventlog.js';
import { type EventListener, event_tracer, json_log } from './events.js';
import { format_leak, leak_report } from './leaks.js';
import { timeline, timeline_json } from './timeline.js';
import { UsageError } from './usage.js';

/** Exit status for a program that leaked descriptors into others. */
export const LEAKED = 124;

export interface ObserveOptions {
  readonly log?: string;
  readonly json?: string;
  readonly timeline?: string;
  readonly leaks?: boolean;
}

export interface Observer {
  /** null: nobody wants to know. */
  readonly tracer: Tracer | null;
  /** The run is over: write what is left. Answers with LEAKED, or 0. */
  end(): number;
}

/** A file that is written line by line: what is in it when a run hangs tells where. */
function open_file(option: string, path: string): { write: (text: string) => void; close: () => void } {
  let fd: number;
  try {
    fd = openSync(path, 'w');
  } catch (error) {
    throw new UsageError(`cannot write --${option} ${path}: ${(error as Error).message}`);
  }
  return { write: (text) => writeSync(fd, text), close: () => closeSync(fd) };
}

/** What was found, on standard error. */
function report_leaks({ leaks, execs }: ReturnType<typeof leak_report>): number {
  const found = leaks();
  const n = execs();
  const programs = `${n} ${n === 1 ? 'program was' : 'programs were'} started by execve`;
  const text =
    found.length === 0
      ? `sys-indirect: no descriptor leaked; ${programs}\n`
      : `${found.map(format_leak).join('\n')}\nsys-indirect: ${found.length} leaked; ${programs}\n`;
  process.stderr.write(text);
  return found.length === 0 ? 0 : LEAKED;
}

/** Listens for what `options` ask for. @throws UsageError: a file cannot be written */
export function observe(options: ObserveOptions): Observer {
  const listeners: EventListener[] = [];
  const ends: (() => number)[] = [];
  for (const [option, log] of [
    ['log', text_log],
    ['json', json_log],
  ] as const) {
    const path = options[option];
    if (path === undefined) continue;
    const file = open_file(option, path);
    listeners.push(log((line) => file.write(`${line}\n`)));
    ends.push(() => (file.close(), 0));
  }
  if (options.timeline !== undefined) {
    const file = open_file('timeline', options.timeline);
    const { listener, events } = timeline();
    listeners.push(listener);
    ends.push(() => (file.write(timeline_json(events())), file.close(), 0));
  }
  if (options.leaks === true) {
    const report = leak_report();
    listeners.push(report.listener);
    ends.push(() => report_leaks(report));
  }
  return {
    tracer: listeners.length === 0 ? null : event_tracer(listeners),
    end: () => Math.max(0, ...ends.map((end) => end())),
  };
}
