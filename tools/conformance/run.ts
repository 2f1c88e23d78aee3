/**
 * Runs one case in a kernel of its own. The steps are the main thread's; tasks B and D are threads with one call at a time.
 * Threads hand work to each other by futexes, so waiting takes virtual time, and other tasks run meanwhile.
 */
import { EAGAIN, EINTR, ETIMEDOUT } from '../../kernel-mock/include/uapi/errno.js';
import { O_RDWR } from '../../kernel-mock/include/uapi/fcntl.js';
import { FUTEX_WAIT, FUTEX_WAKE } from '../../kernel-mock/include/uapi/futex.js';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { RLIMIT_CORE, RLIMIT_NOFILE } from '../../kernel-mock/include/uapi/resource.js';
import { SA_RESTART, SIG_DFL, SIG_IGN } from '../../kernel-mock/include/uapi/signal.js';
import type { Libc, Program } from '../../libc/index.js';
import { function_of, make_call } from './calls.js';
import type { Case, Step } from './cases.js';
import type { Constants } from './constants.js';
import { evaluate, evaluate_number, to_bytes } from './expression.js';
import { helper } from './helper.js';
import type { Machine } from './machine.js';
import { Marshal, as_int, as_long } from './marshal.js';
import { match } from './matcher.js';
import { put } from './struct.js';
import {
  type Fields,
  Malformed,
  Mismatch,
  type Scope,
  type Value,
  copy_value,
  is_object,
  same_bytes,
  show,
} from './value.js';

/** How long a call that blocks is watched, and how long one may take. */
const BLOCK_MS = 25;
const JOIN_MS = 4000;
/** A call that is repeated until it fails, and never does. */
const MAX_ROUNDS = 200_000;
/** What a child whose step does not hold exits with. */
const CHILD_FAILED = 99;
const HELPER = '/helper';
const USER = 65534;

export interface Failure {
  readonly id: string;
  /** Index of the step that does not hold; null: the case as a whole. */
  readonly step: number | null;
  readonly message: string;
}

/** What the processes of a case report to the runner. */
interface Report {
  /** The step that the first process is at. */
  step: number | null;
  readonly failed: { step: number | null; message: string }[];
  /** The first process has come to the end of its steps. */
  finished: boolean;
  /** Of each process, as the library knows it: how often handlers ran. */
  readonly caught: Map<unknown, Fields>;
}

function message_of(error: unknown): string {
  if (error instanceof Malformed || error instanceof Mismatch) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** A word in user memory on which threads wait for each other. */
class Signal {
  readonly #word = new Uint8Array(8);
  readonly #address: number;
  #count = 0;

  constructor(libc: Libc) {
    this.#address = libc.map(this.#word);
  }

  async raise(libc: Libc): Promise<void> {
    put(this.#word, 0, 'u32', BigInt(++this.#count));
    await libc.syscall(libc.nr.futex, this.#address, FUTEX_WAKE, 1, 0);
  }

  /** Sleep until `done`, or until the machine's clock says `deadline`. */
  async wait(libc: Libc, machine: Machine, deadline: number, done: () => boolean): Promise<boolean> {
    const { size, tv_sec, tv_nsec } = layout_x86_64.timespec;
    while (!done()) {
      const left = Math.ceil(deadline - machine.now());
      if (left <= 0) return false;
      const time = new Uint8Array(size);
      if (left !== Infinity) {
        put(time, tv_sec, 's64', BigInt(Math.floor(left / 1e9)));
        put(time, tv_nsec, 's64', BigInt(left % 1e9));
      }
      const ret = await libc.syscall(
        libc.nr.futex,
        this.#address,
        FUTEX_WAIT,
        this.#count,
        left === Infinity ? null : time,
      );
      if (ret === -1 && ![EAGAIN, EINTR, ETIMEDOUT].includes(libc.errno))
        throw new Malformed(`futex failed with errno ${libc.errno}`);
    }
    return true;
  }

  drop(libc: Libc): void {
    libc.unmap(this.#address);
  }
}

/** A second thread: makes one call at a time, when it is told to. */
class Worker {
  /** A call was submitted and nobody has heard of its end. */
  busy = false;
  #job: Step | null = null;
  #done: { readonly error: Error | null } | null = null;
  readonly #name: string;
  readonly #machine: Machine;
  readonly #todo: Signal;
  readonly #over: Signal;

  private constructor(name: string, machine: Machine, libc: Libc) {
    this.#name = name;
    this.#machine = machine;
    this.#todo = new Signal(libc);
    this.#over = new Signal(libc);
  }

  static async start(
    name: string,
    machine: Machine,
    libc: Libc,
    work: (libc: Libc, step: Step) => Promise<void>,
  ): Promise<Worker> {
    const worker = new Worker(name, machine, libc);
    const error = await libc.pthread_create({}, null, (own) => worker.#loop(own, work), null);
    if (error !== 0) throw new Malformed(`no thread for task ${name}: error ${error}`);
    return worker;
  }

  async #loop(libc: Libc, work: (libc: Libc, step: Step) => Promise<void>): Promise<void> {
    for (;;) {
      await this.#todo.wait(libc, this.#machine, Infinity, () => this.#job !== null);
      try {
        await work(libc, this.#job!);
        this.#done = { error: null };
      } catch (error) {
        this.#done = { error: error instanceof Error ? error : new Error(String(error)) };
      }
      this.#job = null;
      await this.#over.raise(libc);
    }
  }

  async submit(libc: Libc, step: Step): Promise<void> {
    if (this.busy) throw new Malformed(`task ${this.#name} is still in a call`);
    this.busy = true;
    this.#job = step;
    await this.#todo.raise(libc);
  }

  /** True: the call has ended within `ms`; throws if it does not hold. */
  async wait(libc: Libc, ms: number): Promise<boolean> {
    const deadline = this.#machine.now() + ms * 1e6;
    if (!(await this.#over.wait(libc, this.#machine, deadline, () => this.#done !== null))) return false;
    const { error } = this.#done!;
    this.#done = null;
    this.busy = false;
    if (error !== null) throw error;
    return true;
  }
}

/** One process: its main thread's steps, its other tasks, and what it has stored. */
class Process {
  readonly #libc: Libc;
  readonly #machine: Machine;
  readonly #constants: Constants;
  readonly #report: Report;
  readonly #scope: Scope;
  readonly #workers = new Map<string, Worker>();

  constructor(libc: Libc, machine: Machine, constants: Constants, report: Report, stored: Map<string, Value>) {
    this.#libc = libc;
    this.#machine = machine;
    this.#constants = constants;
    this.#report = report;
    this.#scope = { constants: constants.values, stored };
    report.caught.set(libc.process, stored.get('caught') as Fields);
  }

  /** `at`: told where we are, by index. */
  async steps(steps: readonly Step[], at: (i: number) => void): Promise<void> {
    for (const [i, step] of steps.entries()) {
      at(i);
      await this.#step(step);
    }
  }

  async #step(step: Step): Promise<void> {
    if (step.call !== undefined) await (step.task === undefined ? this.#call(this.#libc, step) : this.#task_call(step));
    else if (step.join !== undefined) await this.#join(step.join);
    else if (step.check !== undefined) match(evaluate(step.check, this.#scope), step.is, this.#scope, step.check);
    else if (step.sleep !== undefined) await this.#sleep(step.sleep);
    else if (step.fork !== undefined) await this.#fork(step.fork, step.as!);
    else throw new Malformed(`unknown step ${show(step)}`);
  }

  async #task_call(step: Step): Promise<void> {
    const name = step.task!;
    let worker = this.#workers.get(name);
    if (worker === undefined) {
      worker = await Worker.start(name, this.#machine, this.#libc, (libc, job) => this.#call(libc, job));
      this.#workers.set(name, worker);
    }
    await worker.submit(this.#libc, step);
    if (step.blocks === true) {
      if (await worker.wait(this.#libc, BLOCK_MS)) throw new Mismatch(step.call!, 'the call to block', 'its return');
    } else if (!(await worker.wait(this.#libc, JOIN_MS)))
      throw new Mismatch(step.call!, 'its return', 'a call that blocks');
  }

  async #join(name: string): Promise<void> {
    const worker = this.#workers.get(name);
    if (worker === undefined || !worker.busy) throw new Malformed(`nothing to join in task ${name}`);
    if (!(await worker.wait(this.#libc, JOIN_MS)))
      throw new Mismatch(`join ${name}`, 'the return of its call', 'a call that still blocks');
  }

  async #sleep(ms: number): Promise<void> {
    const never = new Signal(this.#libc);
    await never.wait(this.#libc, this.#machine, this.#machine.now() + ms * 1e6, () => false);
    never.drop(this.#libc);
  }

  /** The child has copies of what was stored, and one task. */
  async #fork(steps: readonly Step[], as: string): Promise<void> {
    const report = this.#report;
    const { step } = report;
    const stored = new Map([...this.#scope.stored].map(([name, value]) => [name, copy_value(value)]));
    const child = async (libc: Libc): Promise<number> => {
      let at = 0;
      try {
        const process = new Process(libc, this.#machine, this.#constants, report, stored);
        await process.steps(steps, (i) => (at = i));
        return 0;
      } catch (error) {
        report.failed.push({ step, message: `child step ${at} ${name_of(steps[at])}: ${message_of(error)}` });
        return CHILD_FAILED;
      }
    };
    const pid = await function_of(this.#libc, 'fork').call(this.#libc, child);
    if (typeof pid !== 'number' || pid === -1)
      throw new Malformed(`fork failed: ${this.#errno_name(this.#libc.errno)}`);
    this.#scope.stored.set(as, BigInt(pid));
  }

  #errno_name(errno: number): string {
    return this.#constants.errno_names.get(errno) ?? String(errno);
  }

  async #call(libc: Libc, step: Step): Promise<void> {
    const times = evaluate_number(step.times ?? 1, this.#scope);
    let total = 0n;
    for (let round = 1; ; round++) {
      const { ret, marshal } = await this.#once(libc, step);
      const errno = ret === -1 ? this.#errno_name(libc.errno) : null;
      if (step.until === undefined) {
        marshal?.finish(ret);
        this.#judge(step, ret, errno, marshal);
        if (BigInt(round) >= times) return;
      } else if (errno !== null) {
        if (errno !== step.until) throw new Mismatch(`${step.call!}, repeated`, step.until, errno);
        if (step.as !== undefined) this.#scope.stored.set(step.as, total);
        return;
      } else {
        total += BigInt(ret);
        if (round > MAX_ROUNDS)
          throw new Mismatch(`${step.call!}, repeated`, step.until, `no failure in ${round} calls`);
      }
    }
  }

  async #once(libc: Libc, step: Step): Promise<{ ret: number; marshal: Marshal | null }> {
    const { call, args = [] } = step;
    if (call === 'sigaction') return { ret: await this.#sigaction(libc, args), marshal: null };
    const marshal = new Marshal(args, this.#scope, (name) => this.#prog(name));
    return { ret: await make_call(libc, call!, marshal.args), marshal };
  }

  #prog(name: string): string {
    if (name !== 'helper') throw new Malformed(`unknown program ${name}`);
    if (!this.#machine.install(HELPER, helper)) throw new Malformed('this kernel cannot install programs');
    return HELPER;
  }

  async #sigaction(libc: Libc, args: readonly unknown[]): Promise<number> {
    const [signal, spec] = args;
    if (!is_object(spec) || !is_object(spec.sigaction)) throw new Malformed(`bad argument ${show(spec)}`);
    const { handler, flags = 0, mask = [] } = spec.sigaction;
    const action = {
      sa_handler: handler === 'SIG_IGN' ? SIG_IGN : handler === 'SIG_DFL' ? SIG_DFL : this.#counter(String(signal)),
      sa_flags: as_int(evaluate_number(flags, this.#scope)),
      sa_mask: (mask as unknown[]).map((sig) => Number(evaluate_number(sig, this.#scope))),
    };
    if (handler === 'count' && (action.sa_flags & ~SA_RESTART) !== 0)
      throw new Malformed('a counting handler has no flags but SA_RESTART');
    const fn = function_of(libc, 'sigaction');
    return (await fn.call(libc, as_int(evaluate_number(signal, this.#scope)), action, null)) as number;
  }

  /** A handler that counts in `$caught.NAME` of the process that takes the signal: a child keeps the handlers of its parent. */
  #counter(name: string): (libc: Libc) => void {
    const { caught } = this.#report;
    caught.get(this.#libc.process)![name] ??= 0n;
    return (libc) => {
      const counts = caught.get(libc.process)!;
      counts[name] = (counts[name] as bigint) + 1n;
    };
  }

  #judge(step: Step, ret: number, errno: string | null, marshal: Marshal | null): void {
    const name = step.call!;
    let failure = errno;
    if (name.startsWith('posix_spawn')) failure = ret === 0 ? null : this.#errno_name(ret);
    const got = failure ?? `return ${ret}`;
    if (step.errno !== undefined) {
      const want = typeof step.errno === 'string' ? [step.errno] : step.errno;
      if (failure === null || !want.includes(failure)) throw new Mismatch(name, want.join(' or '), got);
    } else if (failure !== null) throw new Mismatch(name, 'success', failure);
    const value = this.#returned(ret, step.ret);
    if (step.as !== undefined) this.#scope.stored.set(step.as, value);
    if (step.ret !== undefined) match(value, step.ret, this.#scope, `${name} return`);
    if (step.data !== undefined) this.#judge_data(step, marshal?.data(ret) ?? new Uint8Array(0));
    for (const [path, want] of Object.entries(step.out ?? {}))
      match(evaluate(`$${path}`, this.#scope), want, this.#scope, `$${path}`);
  }

  #judge_data(step: Step, got: Uint8Array): void {
    const { data } = step;
    const want =
      typeof data === 'string' && data.startsWith('$') ? evaluate(data, this.#scope) : to_bytes(data, this.#scope);
    if (!(want instanceof Uint8Array)) throw new Malformed(`data: ${show(data)} is no bytes`);
    if (!same_bytes(want, got)) throw new Mismatch('data', show(want), show(got));
  }

  /** The returned number. Above 2^53 the library gives one near it: then it is the expected one, if that looks the same. */
  #returned(ret: number, want: unknown): bigint {
    const v = BigInt(ret);
    if (Number.isSafeInteger(ret) || (typeof want !== 'string' && typeof want !== 'number')) return v;
    if (/^[<>!]/.test(String(want))) return v;
    const w = evaluate(want, this.#scope);
    return typeof w === 'bigint' && as_long(w) === as_long(v) ? w : v;
  }
}

function name_of(step: Step | undefined): string {
  if (step === undefined) return '';
  return step.call ?? Object.keys(step)[0] ?? '';
}

/** A call of the set-up, if the library has it. Its failure is one of the case. */
async function set_up(
  libc: Libc,
  name: string,
  args: readonly unknown[],
  tolerated: readonly number[] = [],
): Promise<number> {
  const fn = (libc as unknown as Readonly<Record<string, unknown>>)[name];
  if (typeof fn !== 'function') return -1;
  const ret: unknown = await fn.apply(libc, args);
  if (ret === -1 && !tolerated.includes(libc.errno))
    throw new Malformed(`set-up: ${name} failed with errno ${libc.errno}`);
  return Number(ret);
}

/** Without root's rights from here on. */
async function become(libc: Libc, id: number, folder: string): Promise<void> {
  const { nr } = libc;
  for (const [name, ...registers] of [
    ['chown', Buffer.from(`${folder}\0`), id, id],
    ['setgroups', 0, 0],
    ['setresgid', id, id, id],
    ['setresuid', id, id, id],
  ] as const)
    if ((await libc.syscall(nr[name], ...registers)) === -1)
      throw new Malformed(`set-up: ${name} failed with errno ${libc.errno}`);
}

/** What a case starts with. */
async function prepare(libc: Libc, needs: readonly string[], folder: string): Promise<void> {
  const EEXIST = 17;
  // A program that the host starts leads a session already.
  const nul = await set_up(libc, 'open', ['/dev/null', O_RDWR, 0]);
  if (nul !== -1) {
    for (const fd of [0, 1, 2]) await set_up(libc, 'dup2', [nul, fd]);
    await set_up(libc, 'close', [nul]);
  }
  await set_up(libc, 'umask', [0o022]);
  await set_up(libc, 'setrlimit', [RLIMIT_CORE, { rlim_cur: 0, rlim_max: 0 }]);
  await set_up(libc, 'setrlimit', [RLIMIT_NOFILE, { rlim_cur: 4096, rlim_max: 4096 }]);
  await set_up(libc, 'mkdir', ['/tmp', 0o777], [EEXIST]);
  await set_up(libc, 'mkdir', [folder, 0o777], [EEXIST]);
  await set_up(libc, 'chdir', [folder]);
  if (!needs.includes('user')) return;
  await become(libc, USER, folder);
}

/** Run a well-formed case; null: it holds. */
export async function run_case(c: Case, machine: Machine, constants: Constants): Promise<Failure | null> {
  const report: Report = { step: null, failed: [], finished: false, caught: new Map() };
  const main: Program = async (libc) => {
    try {
      await prepare(libc, c.needs ?? [], machine.folder);
      const process = new Process(libc, machine, constants, report, new Map([['caught', {}]]));
      await process.steps(c.steps, (i) => (report.step = i));
      report.finished = true;
    } catch (error) {
      const at = report.step === null ? '' : name_of(c.steps[report.step]);
      const message = message_of(error);
      report.failed.push({ step: report.step, message: message.startsWith(at) ? message : `${at}: ${message}` });
    }
    return 0;
  };
  try {
    const status = await machine.run(main, { PATH: '/usr/bin:/bin' });
    if (status !== 0) report.failed.push({ step: report.step, message: `the process died with wait status ${status}` });
    else if (!report.finished && report.failed.length === 0)
      report.failed.push({ step: report.step, message: 'the process ended before its last step' });
  } catch (error) {
    report.failed.push({ step: report.step, message: message_of(error) });
  }
  const [first] = report.failed;
  if (first === undefined) return null;
  return { id: c.id, step: first.step, message: report.failed.map(({ message }) => message).join('; ') };
}
