/** Booting a kernel, and what the host does with it (init/main.c). */
import type { Binfmt } from '../include/linux/binfmts.js';
import type { OpenFile } from '../include/linux/fs.js';
import type { Injector } from '../include/linux/inject.js';
import type { Kernel } from '../include/linux/kernel.js';
import type { NetProtoFamily } from '../include/linux/net.js';
import type { Release } from '../include/linux/release.js';
import type { Policy, ThreadGroup } from '../include/linux/sched.js';
import type { HostClock } from '../include/linux/timekeeping.js';
import type { Tracer } from '../include/linux/trace.js';
import type { Image } from '../include/uapi/seam.js';
import { errno_names } from '../include/uapi/errno.js';
import { AF_INET, AF_INET6, AF_UNIX } from '../include/uapi/socket.js';
import { syscall_table } from '../arch/x86/syscall_table.js';
import { open_console } from '../drivers/console.js';
import { install_program, vfs_binfmt } from '../fs/exec_file.js';
import { open_program } from '../fs/exec.js';
import { fd_install_new, get_file } from '../fs/file.js';
import { fifo } from '../lib/fifo.js';
import { prng } from '../lib/prng.js';
import { timerqueue } from '../lib/timerqueue.js';
import { schedule, start_user_mode, watch } from '../kernel/entry.js';
import { alloc_group, create_process, task_comm } from '../kernel/fork.js';
import { attach_pgrp } from '../kernel/pgrp.js';
import { CALLS_PER_TICK } from '../kernel/time.js';
import { inet_family_ops } from '../net/ipv4/af_inet.js';
import { inet6_family_ops } from '../net/ipv6/af_inet6.js';
import { unix_family_ops } from '../net/unix/index.js';
import { type Census, census } from './census.js';
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
  /** Decides in the kernel's place: faults, delays, signals. */
  readonly inject?: Injector;
  /** Chooses who runs next at every system call. Default: a task runs until it sleeps. */
  readonly policy?: Policy;
  /** Seconds since 1970 that CLOCK_REALTIME shows at boot. */
  readonly epoch?: number;
  /** The host's clock, to run on instead of virtual time. */
  readonly clock?: HostClock;
  /**
   * Finds programs that wait for something other than a system call. Called when a run begins, with a function that the host
   * shall call from time to time (every second, say): the run fails with a MisuseError if the task that has the processor has made
   * no call between two of them. Answers with what stops that. A program that never gives the host its turn cannot be found.
   */
  readonly watchdog?: (check: () => void) => () => void;
}

/** A booted kernel as the host sees it. */
export interface BootedKernel {
  readonly release: Release;
  /**
   * Run a program, or the one that is installed at a path, as a process with descriptors 0, 1, 2 on the console. Answers with its wait status: exit code in bits 8 to 15,
   * or the number of the signal that killed it.
   *
   * @param argv its arguments from argv[0] on; default: its name
   * @throws DeadlockError, OopsError, ProgramError (it threw), MisuseError: what they say ends the run
   */
  run(program: unknown, argv?: readonly string[], env?: Readonly<Record<string, string>>): Promise<number>;
  /**
   * Put a program, or the bytes of a file (a script begins with `#!`), at an absolute path, executable for everybody, with the
   * directories that lead to it.
   */
  install(path: string, program: unknown, mode?: number): void;
  /** Everything that programs wrote to the console. */
  console(): Uint8Array;
  /** What is open, mapped, bound, locked and alive: nothing at all when the last process is gone. */
  census(): Census;
  /** Attach or detach a listener. */
  set_trace(trace: Tracer | null): void;
  /** Attach or detach an injector. */
  set_inject(inject: Injector | null): void;
  /** The state itself, for tools. */
  readonly internals: Kernel;
}

const families: readonly (NetProtoFamily | undefined)[] = (() => {
  // Linux: NPROTO. The largest family number that is looked up.
  const table = new Array<NetProtoFamily | undefined>(46).fill(undefined);
  table[AF_UNIX] = unix_family_ops;
  table[AF_INET] = inet_family_ops;
  table[AF_INET6] = inet6_family_ops;
  return table;
})();

/** The options without those by which the host is told. */
type HostFree = Omit<KernelOptions, 'stdin' | 'on_output' | 'watchdog'>;

function check_options(options: HostFree): Release {
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
  return boot_kernel_with_console(load_binary, options, options.stdin, options.on_output, options.watchdog);
}

/**
 * The same for a caller with options of its own for the console and the watchdog: to hand them on as a changed copy of its options would take
 * longer than all the rest of a boot.
 */
export function boot_kernel_with_console(
  load_binary: (program: unknown) => Image,
  options: HostFree,
  stdin: Uint8Array = NO_INPUT,
  on_output?: KernelOptions['on_output'],
  watchdog?: KernelOptions['watchdog'] | null,
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
    groups: new Map(),
    pgrps: new Map(),
    init: undefined as unknown as ThreadGroup,
    next_pid: 2,
    next_sibling: 0,
    nr_stopped: 0,
    next_ino: 1,
    current: null,
    ready: fifo(),
    budget: CALLS_PER_TICK,
    slow: false,
    trace: null,
    inject: null,
    policy: options.policy ?? null,
    ticks_ns: options.clock?.now() ?? 0,
    wall_sec: options.epoch ?? 1_200_000_000,
    wall_nsec: 0,
    clock_was_set: new Set(),
    clock: options.clock ?? null,
    cancel_wait: null,
    exec_start: 0,
    timers: timerqueue(),
    prng: prng(options.seed ?? 1),
    junk: options.junk,
    pages: [],
    net: { families, unix: null, inet: null, inflight: null },
    fs: null,
    console: undefined as unknown as Kernel['console'],
    runs: [],
    panic: null,
    nr_files: 0,
    load_binary,
    binfmt: undefined as unknown as Binfmt,
  };
  (kernel as { binfmt: Binfmt }).binfmt = vfs_binfmt(kernel);
  start_init(kernel);
  const wall = options.clock?.epoch?.();
  if (wall !== undefined && options.epoch === undefined) {
    kernel.wall_sec = wall.sec;
    kernel.wall_nsec = wall.nsec;
  }
  (kernel as { console: Kernel['console'] }).console = open_console(kernel, device);
  const set_trace = (trace: Tracer | null): void => {
    kernel.trace = trace;
    kernel.slow = trace !== null || kernel.inject !== null || kernel.policy !== null;
  };
  const set_inject = (inject: Injector | null): void => {
    kernel.inject = inject;
    set_trace(kernel.trace);
  };
  kernel.inject = options.inject ?? null;
  set_trace(options.trace ?? null);
  return {
    release,
    internals: kernel,
    set_trace,
    set_inject,
    install: (path, program, mode) => {
      install(kernel, path, program, mode);
    },
    run: (program, argv, env) => run(kernel, watchdog, program, argv, env),
    console: () => concat(written),
    census: () => census(kernel),
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

/** Process 1 has no thread: it only adopts. It leads a session and a group that nobody else is in. */
function start_init(kernel: Kernel): void {
  const nothing = (): Promise<void> => Promise.resolve();
  const image: Image = { start: nothing, resume: nothing, signal: nothing, fork: () => image };
  const init = alloc_group(kernel, 1, image, 'init');
  (kernel as { init: ThreadGroup }).init = init;
  kernel.groups.set(1, init);
  attach_pgrp(init);
}

function install(kernel: Kernel, path: string, program: unknown, mode?: number): void {
  if (!path.startsWith('/')) throw new TypeError(`a program is installed at an absolute path, not at '${path}'`);
  // What is no program is found here, not when it is executed.
  if (!(program instanceof Uint8Array)) kernel.load_binary(program);
  install_program(kernel, utf8(path), program, mode);
}

/** What `ps` would show of a program: its first argument, or the name of its function. */
function name_of(program: unknown, argv: readonly string[]): string {
  if (argv[0] !== undefined) return argv[0];
  return typeof program === 'function' && program.name !== '' ? program.name : 'a.out';
}

interface Loaded {
  readonly image: Image;
  /** The file that it came from, open; null: a function. */
  readonly file: OpenFile | null;
  readonly argv: readonly string[];
  readonly comm: string;
}

/** What `run` was given, ready to start. */
function load(kernel: Kernel, program: unknown, argv: readonly string[]): Loaded {
  if (typeof program !== 'string') {
    const name = name_of(program, argv);
    return { image: kernel.load_binary(program), file: null, argv: argv.length > 0 ? argv : [name], comm: name };
  }
  const found = open_program(kernel, program, argv.length > 0 ? [...argv] : [program]);
  if (typeof found !== 'number') return { ...found, comm: task_comm(program) };
  const name = errno_names[-found] ?? String(found);
  throw new Error(`cannot run ${program}: ${name}; kernel.install('${program}', program) puts a program there`);
}

function run(
  kernel: Kernel,
  watchdog: KernelOptions['watchdog'] | null,
  program: unknown,
  argv: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  let stop: (() => void) | undefined;
  const status = new Promise<number>((resolve, reject) => {
    if (kernel.panic !== null) throw kernel.panic;
    const strings = Object.entries(env).map(([key, value]) => `${key}=${value}`);
    const { image, file, argv: args, comm } = load(kernel, program, argv);
    const task = create_process(kernel, image, comm, { name: comm, resolve, reject, error: null });
    task.mm.exe_file = file;
    for (let fd = 0; fd < 3; fd++) fd_install_new(task, get_file(kernel.console), 0);
    stop = watchdog?.(watch(kernel));
    start_user_mode(task, () => image.start(task.cpu, args, strings));
    if (kernel.current === null) schedule(kernel);
  });
  return stop === undefined ? status : status.finally(stop);
}
