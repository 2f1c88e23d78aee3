/** Booting a kernel, and what the host does with it (init/main.c). */
import type { Kernel } from '../include/linux/kernel.js';
import type { NetProtoFamily } from '../include/linux/net.js';
import type { Release } from '../include/linux/release.js';
import type { Policy } from '../include/linux/sched.js';
import type { Tracer } from '../include/linux/trace.js';
import type { Image } from '../include/uapi/seam.js';
import { AF_INET, AF_UNIX } from '../include/uapi/socket.js';
import { syscall_table } from '../arch/x86/syscall_table.js';
import { open_console } from '../drivers/console.js';
import { install_program } from '../fs/exec_file.js';
import { fd_install_new, get_file } from '../fs/file.js';
import { fifo } from '../lib/fifo.js';
import { prng } from '../lib/prng.js';
import { timerqueue } from '../lib/timerqueue.js';
import { schedule, start_user_mode } from '../kernel/entry.js';
import { create_process } from '../kernel/fork.js';
import { CALLS_PER_TICK } from '../kernel/time.js';
import { inet_family_ops } from '../net/ipv4/af_inet.js';
import { unix_family_ops } from '../net/unix/index.js';
import { find_release, releases } from './releases.js';

export interface KernelOptions {
  /** Name of the release to play; see `releases`. Default: the newest. */
  readonly release?: string;
  /** Architecture of programs. Only x86_64 so far. */
  readonly arch?: 'x86_64';
  /** Seed of the kernel's own chance: ephemeral ports. Same seed, same program: same run. Default 1. */
  readonly seed?: number;
  /** What programs read from descriptor 0. Default: nothing, end of file at once. */
  readonly stdin?: Uint8Array;
  /** Called with each write to the console, in order. What was written is kept in any case: `console()`. */
  readonly on_output?: (bytes: Uint8Array) => void;
  /** Fill byte, 0 to 255, of fresh user memory, so that what a program forgot to initialise shows. Default: zeros. */
  readonly junk?: number;
  /** Listens to the tracepoints. */
  readonly trace?: Tracer;
  /** Chooses who runs next at every system call. Default: a task runs until it sleeps. */
  readonly policy?: Policy;
}

/** A booted kernel as the host sees it. */
export interface BootedKernel {
  readonly release: Release;
  /**
   * Run a program as a process with descriptors 0, 1, 2 on the console. Answers with its wait status: exit code in bits 8 to 15,
   * or the number of the signal that killed it.
   *
   * @throws DeadlockError, OopsError, ProgramError (it threw), MisuseError: what they say ends the run
   */
  run(program: unknown, argv?: readonly string[], env?: Readonly<Record<string, string>>): Promise<number>;
  /** Put a program at an absolute path, executable for everybody, with the directories that lead to it. */
  install(path: string, program: unknown, mode?: number): void;
  /** Everything that programs wrote to the console. */
  console(): Uint8Array;
  /** What is open and alive: when the last process is gone no task and no file, and no timer that a program set. */
  census(): { tasks: number; files: number; timers: number };
  /** Attach or detach a listener. */
  set_trace(trace: Tracer | null): void;
  /** The state itself, for tools. */
  readonly internals: Kernel;
}

const families: readonly (NetProtoFamily | undefined)[] = (() => {
  // Linux: NPROTO. The largest family number that is looked up.
  const table = new Array<NetProtoFamily | undefined>(46).fill(undefined);
  table[AF_UNIX] = unix_family_ops;
  table[AF_INET] = inet_family_ops;
  return table;
})();

function check_options(options: Omit<KernelOptions, 'stdin' | 'on_output'>): Release {
  const name = options.release ?? releases[releases.length - 1]!.name;
  const release = find_release(name);
  if (release === undefined)
    throw new RangeError(`no release '${name}'; there are ${releases.map((r) => r.name).join(', ')}`);
  const arch: string = options.arch ?? 'x86_64';
  if (arch !== 'x86_64') throw new RangeError(`no architecture '${arch}'; there is x86_64`);
  const { junk, seed = 1 } = options;
  if (junk !== undefined && !(Number.isInteger(junk) && junk >= 0 && junk <= 255))
    throw new RangeError(`junk is a byte, 0 to 255, not ${junk}`);
  if (!Number.isInteger(seed)) throw new RangeError(`seed is a whole number, not ${seed}`);
  return release;
}

const NO_INPUT = new Uint8Array(0);

/** Boot a kernel. `load_binary` makes an image of what `run` is given. */
export function boot_kernel(load_binary: (program: unknown) => Image, options: KernelOptions = {}): BootedKernel {
  return boot_kernel_with_console(load_binary, options, options.stdin, options.on_output);
}

/**
 * The same for a caller with options of its own for the console: to hand them on as a changed copy of its options would take
 * longer than all the rest of a boot.
 */
export function boot_kernel_with_console(
  load_binary: (program: unknown) => Image,
  options: Omit<KernelOptions, 'stdin' | 'on_output'>,
  stdin: Uint8Array = NO_INPUT,
  on_output?: KernelOptions['on_output'],
): BootedKernel {
  const release = check_options(options);
  const written: Uint8Array[] = [];
  const { sys_call_table, indirect_calls } = syscall_table(release);
  const device = {
    input: stdin,
    output(bytes: Uint8Array): void {
      written.push(bytes);
      on_output?.(bytes);
    },
  };
  const kernel: Kernel = {
    release,
    arch: 'x86_64',
    sys_call_table,
    indirect_calls,
    tasks: new Map(),
    // 1 is init, the parent of what the host starts.
    next_pid: 2,
    next_ino: 1,
    current: null,
    ready: fifo(),
    budget: CALLS_PER_TICK,
    slow: false,
    trace: null,
    policy: options.policy ?? null,
    ticks_ns: 0,
    timers: timerqueue(),
    prng: prng(options.seed ?? 1),
    junk: options.junk,
    pages: [],
    net: { families, unix: null, inet: null },
    fs: null,
    console: undefined as unknown as Kernel['console'],
    runs: [],
    panic: null,
    nr_files: 0,
    load_binary,
  };
  (kernel as { console: Kernel['console'] }).console = open_console(kernel, device);
  const set_trace = (trace: Tracer | null): void => {
    kernel.trace = trace;
    kernel.slow = trace !== null || kernel.policy !== null;
  };
  set_trace(options.trace ?? null);
  return {
    release,
    internals: kernel,
    set_trace,
    install: (path, program, mode) => {
      install_program(kernel, utf8(path), program, mode);
    },
    run: (program, argv, env) => run(kernel, program, argv, env),
    console: () => concat(written),
    census: () => ({ tasks: kernel.tasks.size, files: kernel.nr_files, timers: kernel.timers.heap.length }),
  };
}

/** Text of the host as the kernel has it: one character for each byte of its UTF-8. */
function utf8(text: string): string {
  return encodeURIComponent(text).replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** What `ps` would show of a program: its first argument, or the name of its function. */
function name_of(program: unknown, argv: readonly string[]): string {
  if (argv[0] !== undefined) return argv[0];
  return typeof program === 'function' && program.name !== '' ? program.name : 'a.out';
}

function run(
  kernel: Kernel,
  program: unknown,
  argv: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    if (kernel.panic !== null) throw kernel.panic;
    const image = kernel.load_binary(program);
    const name = name_of(program, argv);
    const strings = Object.entries(env).map(([key, value]) => `${key}=${value}`);
    const task = create_process(kernel, image, name, { name, resolve, reject, error: null });
    for (let fd = 0; fd < 3; fd++) fd_install_new(task, get_file(kernel.console), 0);
    start_user_mode(task, () => image.start(task.cpu, argv.length > 0 ? argv : [name], strings));
    if (kernel.current === null) schedule(kernel);
  });
}
