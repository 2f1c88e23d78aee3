/** `sys-indirect run`: a program file in a kernel of its own. */
import { readSync } from 'node:fs';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { DeadlockError, type Kernel, MisuseError, OopsError, ProgramError, type RouteName, boot } from '../index.js';
import type { ConsoleDevice } from '../kernel-mock/drivers/console.js';
import { signal_names } from '../kernel-mock/include/uapi/signal.js';
import { inject } from './inject/inject.js';
import type { Rule } from './inject/rule.js';
import { type ProgramFile, load_program, syntax_error } from './load_program.js';
import { type ObserveOptions, observe } from './observe.js';
import { type Overlay, overlay } from './overlays.js';
import { HOST, HostProgramError, ready_on_host } from './run_host.js';
import { type StraceFlags, open_strace } from './strace_cli.js';
import { join_tracers } from './tracers.js';
import { UsageError } from './usage.js';

/** Exit status for a run that came to no end of its own: between those of programs and those of signals. */
export const RUN_FAILED = 125;

export interface RunOptions extends ObserveOptions, StraceFlags {
  /** A release, or HOST. */
  readonly kernel: string;
  readonly route: RouteName;
  readonly seed?: number;
  readonly junk?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Rules of --inject and --fault. */
  readonly inject?: readonly Rule[];
  readonly fault?: readonly Rule[];
  readonly overlay?: readonly Overlay[];
}

/** All that stands in the host's standard input. Waits for its end. */
function read_stdin(): Uint8Array {
  const parts: Uint8Array[] = [];
  for (;;) {
    const part = new Uint8Array(65536);
    let n: number;
    try {
      n = readSync(0, part);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return Buffer.concat(parts);
      // The other end made it non-blocking: look again soon.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      continue;
    }
    if (n === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, n));
  }
}

/**
 * Let descriptor 0 read what is piped to us. The host is asked when a program first reads, not before: who calls us from
 * another program often leaves a pipe there that nobody ever closes.
 */
function pipe_stdin(kernel: Kernel): void {
  if (isatty(0)) return;
  const { device } = kernel.internals.console.private_data as { device: ConsoleDevice };
  let input: Uint8Array | null = null;
  Object.defineProperty(device, 'input', { get: () => (input ??= read_stdin()) });
}

/** Where `error` was thrown: the lines of its stack, but for those of files that `hidden` names. */
function stack_of(error: unknown, ...hidden: readonly string[]): string {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  const frames = lines.filter((line) => /^ {4}at /.test(line) && !hidden.some((name) => line.includes(name)));
  return frames.map((line) => `\n${line}`).join('');
}

const OURS = new URL('.', import.meta.url).href;

/** What went wrong, for people. */
function report(error: unknown): string {
  if (error instanceof DeadlockError || error instanceof MisuseError) return error.message;
  if (error instanceof OopsError) return error.message + stack_of(error.cause);
  if (error instanceof ProgramError || error instanceof HostProgramError)
    return error.message + stack_of(error.cause, 'node:', OURS, fileURLToPath(OURS));
  return error instanceof Error ? `${error.name}: ${error.message}${stack_of(error, 'node:', OURS)}` : String(error);
}

function warn(text: string): void {
  process.stderr.write(`sys-indirect: ${text}\n`);
}

function fail(file: string, text: string): number {
  warn(`${file}: ${text}`);
  return RUN_FAILED;
}

/** What a shell makes of a wait status. */
function shell_status(file: string, status: number): number {
  const signo = status & 0x7f;
  if (signo === 0) return (status >> 8) & 0xff;
  warn(`${file}: killed by ${signal_names[signo] ?? `signal ${signo}`}`);
  return 128 + signo;
}

/** A program that is ready to run. */
export interface Ready {
  run(): Promise<number>;
  /** The run is over, well or not. Answers with the exit status that takes the place of the program's; 0: none does. */
  close(): number;
}

/** @throws TypeError: what the file exports as `programs` is no such thing */
function ready_on_mock({ main, programs }: ProgramFile, argv: readonly string[], options: RunOptions): Ready {
  const { kernel: release, route, env, seed, junk, inject: rules = [], fault = [], overlay: overlays = [] } = options;
  const observer = observe(options);
  const traced = open_strace(options);
  const kernel = boot({
    ...(seed === undefined ? {} : { seed }),
    ...(junk === undefined ? {} : { junk }),
    release,
    route,
    watchdog: null,
  });
  kernel.set_trace(join_tracers([observer.tracer, traced?.tracer ?? null]));
  if (overlays.length > 0) overlay(kernel, ...overlays);
  for (const [path, program] of Object.entries(programs)) kernel.install(path, program);
  const injection = rules.length + fault.length === 0 ? null : inject(kernel, [...rules, ...fault]);
  pipe_stdin(kernel);
  return {
    run: () => kernel.run(main, argv, env ?? {}),
    close() {
      traced?.end();
      for (const line of injection?.unmatched() ?? []) warn(line);
      return observer.end();
    },
  };
}

/** Run the program of `file`; answers with the exit status for the host. */
export async function run_file(file: string, args: readonly string[], options: RunOptions): Promise<number> {
  let loaded;
  try {
    loaded = await load_program(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return fail(file, `cannot be loaded: ${syntax_error(file, error) ?? report(error)}`);
  }
  const argv = [file, ...args];
  let ready: Ready;
  try {
    ready = options.kernel === HOST ? ready_on_host(loaded.main, argv, options) : ready_on_mock(loaded, argv, options);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return fail(file, `its export 'programs' is no record of programs by path: ${(error as Error).message}`);
  }
  // Node has nothing left to do, and the run is not over: a promise of the host that is never kept.
  process.once('beforeExit', () => {
    process.exit(fail(file, 'it awaits something outside the kernel that never comes'));
  });
  let status: number;
  try {
    status = shell_status(file, await ready.run());
  } catch (error) {
    status = fail(file, report(error));
  }
  const instead = ready.close();
  return status === RUN_FAILED || instead === 0 ? status : instead;
}
