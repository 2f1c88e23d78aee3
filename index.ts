/** sys-indirect: a C library over a Linux kernel that can be swapped. */
import { boot_kernel_with_console } from './kernel-mock/init/main.js';
import type { BootedKernel, KernelOptions } from './kernel-mock/index.js';
import { type LibcOptions, type Program, libc_loader } from './libc/index.js';
import { to_bytes, to_text } from './libc/internal/text.js';

export interface BootOptions extends Omit<KernelOptions, 'on_output' | 'stdin' | 'watchdog'>, LibcOptions {
  /** What programs read from descriptor 0. Default: nothing, end of file at once. */
  readonly stdin?: string | Uint8Array;
  /**
   * Called with what programs write to the console. Default: on to the host's standard output where there is one; null: keep it,
   * and show nothing.
   */
  readonly output?: ((bytes: Uint8Array) => void) | null;
  /**
   * Finds programs that wait for something other than a system call, or are lost: see KernelOptions. Default: after 5 to 10 seconds
   * without a call of the task that has the processor; null: never.
   */
  readonly watchdog?: KernelOptions['watchdog'] | null;
}

/** The hosts that we know have somewhere to write to. */
declare const process: { stdout?: { write?: (bytes: Uint8Array) => unknown } } | undefined;
declare const console: { log: (text: string) => void } | undefined;
/** A timer; Node's can be told whether to keep the process alive. */
interface HostTimer {
  ref?(): void;
  unref?(): void;
}
declare const setInterval: ((func: () => void, ms: number) => HostTimer | number) | undefined;

/** Node's standard output; elsewhere the console, which wants whole lines. */
function host_output(): (bytes: Uint8Array) => void {
  const stdout = typeof process === 'undefined' ? undefined : process.stdout;
  if (typeof stdout?.write === 'function') return (bytes) => void stdout.write?.(bytes);
  let line = '';
  return (bytes) => {
    const lines = (line + to_text(bytes)).split('\n');
    line = lines.pop()!;
    if (typeof console !== 'undefined') for (const text of lines) console.log(text);
  };
}

/** How long a program may keep the processor without a call: from once to twice this. */
const SILENCE_MS = 5000;
/** In steps, so that a debugger that stops the host counts as one of them. */
const STEPS = 10;

const checks = new Set<() => void>();
let ticks = 0;
let timer: HostTimer | null = null;

/** One timer for all runs: to start one for each would take longer than a short run. */
function shared_timer(): HostTimer | null {
  if (timer !== null || typeof setInterval !== 'function') return timer;
  const made = setInterval(() => {
    if (++ticks % STEPS === 0) for (const check of checks) check();
  }, SILENCE_MS / STEPS);
  timer = typeof made === 'object' ? made : {};
  return timer;
}

/** The watchdog of who brings none. While something runs it keeps the host alive: what never ends is to be reported. */
function host_watchdog(check: () => void): () => void {
  const shared = shared_timer();
  checks.add(check);
  if (checks.size === 1) shared?.ref?.();
  return () => {
    checks.delete(check);
    if (checks.size === 0) shared?.unref?.();
  };
}

export interface Kernel extends BootedKernel {
  /** Make an executable file at an absolute path: a program, or the bytes of a file (a script begins with `#!`). */
  install(path: string, program: Program | Uint8Array): void;
  /**
   * Run a program, or the one that is installed at a path, as a process with descriptors 0, 1, 2 on the console. Answers with its wait status: exit code times 256, or the
   * number of the signal that killed it.
   *
   * @throws DeadlockError, OopsError, ProgramError (it threw), MisuseError: what they say ends the run
   */
  run(program: Program | string, argv?: readonly string[], env?: Readonly<Record<string, string>>): Promise<number>;
  /** What programs wrote to the console, as text. */
  output(): string;
}

/** Boot a mock kernel under the C library. `await boot({ release: '2.6.28' }).run(main)` is the shortest program. */
export function boot(options: BootOptions = {}): Kernel {
  const { output = host_output(), stdin, watchdog = host_watchdog } = options;
  const input = stdin === undefined ? undefined : to_bytes(stdin);
  const kernel = boot_kernel_with_console(libc_loader(options), options, input, output ?? undefined, watchdog);
  const { release, install, run, console: written, census, set_trace, set_inject, internals } = kernel;
  // Field by field: a spread takes as long as the boot.
  return {
    release,
    install,
    run,
    console: written,
    census,
    set_trace,
    set_inject,
    internals,
    output: () => to_text(written()),
  };
}

export * from './kernel-mock/index.js';
export * from './libc/index.js';
export { SystemError, type ThrowingLibc, throwing } from './libc/throwing.js';
