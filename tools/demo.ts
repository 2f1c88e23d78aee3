/**
 * `sys-indirect demo`: the examples on every release, and what the kernel saw of them. Routes, calls and windows in the table
 * come from tracepoints alone; which example is looked at for which function is all that is chosen here.
 */
import { type Program, boot, descriptor_calls, releases } from '../index.js';
import datagram from '../examples/datagram.js';
import descriptor_passing from '../examples/descriptor-passing.js';
import echo_accept4 from '../examples/echo-accept4.js';
import echo_fcntl from '../examples/echo-fcntl.js';
import event_loop from '../examples/event-loop.js';
import indirect_v3 from '../examples/indirect-v3.js';
import indirect_v5 from '../examples/indirect-v5.js';
import leak, { programs as leak_programs } from '../examples/leak.js';
import prefork from '../examples/prefork.js';
import shell, { programs as shell_programs } from '../examples/shell.js';
import signal_loop from '../examples/signal-loop.js';
import watch from '../examples/watch.js';
import { signal_names } from '../kernel-mock/include/uapi/signal.js';
import { type Creation, watch_descriptors } from './descriptor_watch.js';
import { format_table } from './table.js';

interface Example {
  readonly file: string;
  readonly program: Program;
  /** What is installed beside it. */
  readonly programs?: Readonly<Record<string, Program>>;
  /** The functions that it calls with a flag, through the library, and that the table shows. */
  readonly shows: readonly string[];
}

export const examples: readonly Example[] = [
  { file: 'indirect-v3.ts', program: indirect_v3, shows: [] },
  { file: 'indirect-v5.ts', program: indirect_v5, shows: [] },
  { file: 'echo-accept4.ts', program: echo_accept4, shows: ['socket', 'accept4'] },
  { file: 'echo-fcntl.ts', program: echo_fcntl, shows: [] },
  { file: 'datagram.ts', program: datagram, shows: ['socketpair'] },
  { file: 'descriptor-passing.ts', program: descriptor_passing, shows: [] },
  { file: 'event-loop.ts', program: event_loop, shows: [] },
  { file: 'signal-loop.ts', program: signal_loop, shows: [] },
  { file: 'leak.ts', program: leak, programs: leak_programs, shows: [] },
  { file: 'prefork.ts', program: prefork, shows: [] },
  { file: 'shell.ts', program: shell, programs: shell_programs, shows: [] },
  { file: 'watch.ts', program: watch, shows: [] },
];

interface Outcome {
  readonly release: string;
  readonly example: Example;
  /** The exit status; null: the run came to no end of its own, and `output` ends with the reason. */
  readonly exit: number | null;
  readonly output: string;
  readonly creations: readonly Creation[];
}

async function run_example(release: string, example: Example): Promise<Outcome> {
  const { tracer, creations } = watch_descriptors();
  const kernel = boot({ release, output: null, trace: tracer });
  for (const [path, program] of Object.entries(example.programs ?? {})) kernel.install(path, program);
  let exit: number | null = null;
  let reason = '';
  try {
    const status = await kernel.run(example.program, [example.file]);
    if ((status & 0x7f) === 0) exit = status >> 8;
    else reason = `killed by ${signal_names[status & 0x7f] ?? 'a signal'}`;
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  return { release, example, exit, output: kernel.output() + reason, creations };
}

/** When a descriptor became close-on-exec. */
function format_window(window: number | null): string {
  if (window === null) return 'never set';
  if (window === 0) return 'atomic';
  return `window of ${window} ${window === 1 ? 'call' : 'calls'}`;
}

/** One row: the first use of the function, with all that the library had to find out. */
function row_of(release: string, name: string, outcomes: readonly Outcome[]): string[] {
  const shown = outcomes.filter((o) => o.release === release && o.example.shows.includes(name));
  const first = shown.flatMap((o) => o.creations).find((c) => c.function === name);
  if (first === undefined) return [release, name, '-', '-', 'not called'];
  const { route, window, calls, fds } = first;
  if (fds.length === 0) return [release, name, '-', 'failed', calls.join(', ')];
  return [release, name, route, format_window(window), calls.join(', ')];
}

function text_of({ example, release, exit, output }: Outcome): string[] {
  return [example.file, release, exit === null ? '-' : String(exit), output.trimEnd()];
}

/** The report, and whether every run came to an end of its own. */
export async function demo(): Promise<{ text: string; ok: boolean }> {
  const outcomes: Outcome[] = [];
  for (const example of examples) for (const { name } of releases) outcomes.push(await run_example(name, example));

  const shown = descriptor_calls.filter((call) => examples.some((e) => e.shows.includes(call.name)));
  const rows = releases.flatMap(({ name }) => shown.map((call) => row_of(name, call.name, outcomes)));
  const sources = examples.filter((e) => e.shows.length > 0).map((e) => `${e.shows.join(' and ')} in ${e.file}`);
  const text = [
    'How each function got a close-on-exec descriptor out of each release, as the kernel saw it: its first use in a process,\n' +
      `with the calls that were refused (call=ERROR). Seen: ${sources.join(', ')}.\n`,
    format_table([['RELEASE', 'FUNCTION', 'ROUTE', 'CLOSE-ON-EXEC', 'SYSTEM CALLS'], ...rows]),
    'What each example ended with and said.\n',
    format_table([['EXAMPLE', 'RELEASE', 'EXIT', 'OUTPUT'], ...outcomes.map(text_of)]),
  ].join('\n');
  return { text, ok: outcomes.every((o) => o.exit !== null) };
}
