/** Start-up code: what runs between the kernel and the functions of a program (csu/libc-start.c). */
import type { Cpu, Image } from '../../kernel-mock/include/uapi/seam.js';
import { SIGSEGV, SIG_DFL, SIG_UNBLOCK } from '../../kernel-mock/include/uapi/signal.js';
import type { Libc } from '../index.js';
import { SIGCANCEL, cancel_handler } from './cancel.js';
import { descriptor_calls } from './descriptor_calls.js';
import { describe } from './describe.js';
import { handler_of } from './handlers.js';
import type { Process, Start } from './process.js';
import type { Route } from './routes/route.js';
import { decode_siginfo } from './siginfo.js';
import type { Thread } from './thread.js';

/**
 * A program: `main(libc, argv, env)`. `env` is the environment at its start by name, the first of each; `libc.environ` has all of it. Its status, 0 to 255, ends the process; nothing counts as 0.
 */
export type Program = (
  libc: Libc,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
) => Promise<number | void>;

type NewLibc = (cpu: Cpu, process: Process) => Libc;

/** As getenv sees them: of a name that is there twice the first, and no string without a name. */
function parse_env(strings: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const s of strings) {
    const at = s.indexOf('=');
    const name = s.slice(0, at);
    if (at > 0 && !Object.hasOwn(env, name)) env[name] = s.slice(at + 1);
  }
  return env;
}

function exit_status(value: unknown): number {
  if (value === undefined) return 0;
  if (Number.isInteger(value)) return value as number;
  throw new TypeError(`it returned ${describe(value)}, which is no exit status: return a whole number, or nothing`);
}

/** No feature has been asked for. Full length: a look-up beyond the end of an array is slow each time. */
const NO_FEATURES: Process['features'] = descriptor_calls.map(() => undefined);

function new_process(route: Route, environ: string[], new_libc: NewLibc, features: Process['features']): Process {
  const process: Process = {
    route,
    features,
    environ,
    starting: new Map(),
    handlers: [],
    atexit: [],
    keys: [],
    commands: new Map(),
    nthreads: 1,
    leader: null,
    tid_words: [],
    threads: new WeakMap(),
    new_thread: (cpu) => new_thread(process, cpu, new_libc),
  };
  return process;
}

function new_thread(process: Process, cpu: Cpu, new_libc: NewLibc): Libc {
  const libc = new_libc(cpu, process);
  if (process.nthreads === 1) process.leader ??= libc;
  process.threads.set(cpu, libc);
  return libc;
}

/** What fork copies of the library. The child has one thread: the one that called fork. */
function fork_process(parent: Process, start: Start, new_libc: NewLibc): Process {
  const features = parent.features.map((f) => (f === undefined ? f : { ...f }));
  const child = new_process(parent.route, parent.environ.slice(), new_libc, features);
  child.handlers.push(...parent.handlers);
  child.atexit.push(...parent.atexit);
  child.keys.push(...parent.keys);
  for (const [stream, pid] of parent.commands) child.commands.set(stream, pid);
  child.starting.set(0, start);
  return child;
}

/** What a new task ran has returned: a thread ends by itself, a process with its status. */
async function end(libc: Libc, { self, exits }: Start, value: unknown): Promise<void> {
  if (self !== null) await libc.pthread_exit(value);
  const status = exit_status(value);
  if (exits) await libc.exit(status);
  libc.free_areas();
  await libc.cpu.syscall(libc.nr.exit, status, 0, 0, 0, 0, 0);
}

/** A new task. While its routine runs no function of ours waits for that: only what is to be done afterwards is kept. */
function begin(libc: Libc, start: Start): Promise<void> {
  return Promise.resolve(start.routine(libc, start.arg)).then((value) => end(libc, start, value));
}

/** The handler is an address where no function is: what the processor makes of that. Does not return. */
async function segmentation_fault(libc: Libc): Promise<void> {
  await libc.signal(SIGSEGV, SIG_DFL);
  await libc.sigprocmask(SIG_UNBLOCK, [SIGSEGV]);
  await libc.raise(SIGSEGV);
}

const NOT_OURS =
  'a new task began that no function of this library has made: use pthread_create, fork, vfork or clone, not syscall';

class ProgramImage implements Image {
  readonly #program: Program;
  readonly #new_libc: NewLibc;
  readonly #route: Route;
  #process: Process;
  /** After a fork: areas of the thread that forked. What was under way there is not under way in the child. */
  #inherited: readonly number[] = [];
  /** After a fork: the values that the thread that forked had for itself. */
  #specific: Thread['specific'] = null;

  constructor(program: Program, route: Route, new_libc: NewLibc, process: Process) {
    this.#program = program;
    this.#route = route;
    this.#new_libc = new_libc;
    this.#process = process;
  }

  #thread(cpu: Cpu): Libc {
    return this.#process.threads.get(cpu) ?? this.#process.new_thread(cpu);
  }

  async start(cpu: Cpu, argv: readonly string[], env: readonly string[]): Promise<void> {
    this.#process = new_process(this.#route, env.slice(), this.#new_libc, NO_FEATURES.slice());
    const libc = this.#thread(cpu);
    const status = exit_status(await this.#program(libc, argv, parse_env(env)));
    await libc.exit(status);
  }

  resume(cpu: Cpu, stack: number): Promise<void> {
    const process = this.#process;
    const start = process.starting.get(stack);
    if (start === undefined) throw new TypeError(NOT_OURS);
    process.starting.delete(stack);
    const libc = this.#thread(cpu);
    for (const area of this.#inherited) cpu.memory.unmap(area);
    this.#inherited = [];
    libc.specific = this.#specific;
    this.#specific = null;
    libc.self = start.self;
    if (start.self !== null) start.self.thread = libc;
    return begin(libc, start);
  }

  fork(parent: Cpu): Image {
    const none: Start = { self: null, routine: () => Promise.reject(new TypeError(NOT_OURS)), arg: null, exits: true };
    const forker = this.#process.threads.get(parent);
    const process = fork_process(this.#process, forker?.forking ?? none, this.#new_libc);
    const image = new ProgramImage(this.#program, this.#route, this.#new_libc, process);
    if (forker !== undefined) image.#inherited = forker.own_areas();
    if (forker !== undefined && forker.specific !== null) image.#specific = new Map(forker.specific);
    return image;
  }

  async signal(cpu: Cpu, handler: number, signo: number, info: number, nr: number): Promise<void> {
    const libc = this.#thread(cpu);
    const below = libc.push_frame();
    if (signo === SIGCANCEL) await cancel_handler(libc, nr);
    else {
      const bytes = info === 0 ? undefined : cpu.memory.bytes(info);
      const func = handler_of(this.#process, handler);
      if (func === undefined) await segmentation_fault(libc);
      else await func(libc, signo, bytes === undefined ? undefined : decode_siginfo(bytes));
    }
    libc.pop_frame(below);
    await cpu.syscall(libc.nr.rt_sigreturn, 0, 0, 0, 0, 0, 0);
  }
}

/** An image of `program`, whose descriptor-creating functions take `route`. */
export function program_image(program: Program, route: Route, new_libc: NewLibc): Image {
  return new ProgramImage(program, route, new_libc, new_process(route, [], new_libc, NO_FEATURES.slice()));
}
