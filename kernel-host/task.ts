/** A thread of a program on the host, and the process that it belongs to. All of them run in the runtime's one thread. */
import { EAGAIN, EINTR } from '../kernel-mock/include/uapi/errno.js';
import { POLLIN } from '../kernel-mock/include/uapi/poll.js';
import type { Cpu, Image } from '../kernel-mock/include/uapi/seam.js';
import { syscall_tbl, type CallName } from '../kernel-mock/include/uapi/unistd.js';
import type { Driver } from './driver.js';
import type { Files } from './files.js';
import type { FutexQueue } from './futex.js';
import type { Block, HostMemory } from './memory.js';
import type { Interest, Readiness, Sleep } from './readiness.js';
import type { Signals, TaskSignals } from './signal.js';
import type { Timers } from './timers.js';
import type { Children } from './wait.js';

/** A call that is more than its number: the value, -errno, or a promise of it if it sleeps. */
export type Handler = (
  task: HostTask,
  a1: number,
  a2: number,
  a3: number,
  a4: number,
  a5: number,
  a6: number,
) => number | Promise<number>;

/** By number; where there is none, the registers go to the kernel as they are. */
export type CallTable = readonly (Handler | undefined)[];

/** A program that runs. */
export interface HostProcess {
  readonly pid: number;
  readonly driver: Driver;
  readonly memory: HostMemory;
  readonly files: Files;
  readonly readiness: Readiness;
  readonly timers: Timers;
  readonly futexes: FutexQueue;
  readonly children: Children;
  readonly signals: Signals;
  readonly table: CallTable;
  readonly image: Image;
  readonly tasks: Set<HostTask>;
  /** Arguments that calls are made with: good until the next one. */
  readonly scratch: Block;
  /** Addresses that mmap gave to the program, with their lengths. */
  readonly areas: Map<number, number>;
  /** Says once for each call that it is not offered, and why. */
  readonly refused: (name: string, why: string) => void;
  /** Ends `run` with a wait status, or with an error. */
  readonly done: (status: number) => void;
  readonly crashed: (error: unknown) => void;
  /** Number of the next thread. */
  next_tid: number;
  /** The wait status, once it has ended. */
  status: number | null;
}

/** What a call answers that does not come back. */
export const NEVER: Promise<never> = new Promise<never>(() => {});

/** Thrown in a sleep whose task is gone, so that `finally` gives back what the call held. */
class Killed extends Error {}

/** What woke a sleep: the index of an interest, or one of these. */
export const INTERRUPTED = -1;
export const TIMED_OUT = -2;
/** Somebody called `wake`. */
export const WOKEN = -3;

/** How long a call waits that the kernel says it need not wait for, and that still cannot be done. */
const BACK_OFF_MS = 1;

/**
 * How often a call looks again before it sleeps, and how many steps of others it lets pass each time: a thread of the program that
 * has just been given what it waited for answers within so many.
 */
const LOOKS = 2;
const STEPS = 10;
const A_STEP = Promise.resolve();

function name_of(nr: number): string {
  const names = Object.keys(syscall_tbl) as CallName[];
  return names.find((name) => syscall_tbl[name].x86_64 === nr) ?? `system call ${nr}`;
}

export class HostTask implements Cpu {
  readonly memory: HostMemory;
  readonly process: HostProcess;
  readonly tid: number;
  readonly signals: TaskSignals;
  /** Its number is that of timerfd_settime since 2.6.25. */
  readonly has_indirect = false;
  /** Where the id is zeroed at the end: set_tid_address, CLONE_CHILD_CLEARTID. */
  clear_child_tid = 0;
  dead = false;
  /** The number of the call under way that sleeps; -1: none. */
  #inside = -1;
  #wake: ((by: number) => void) | null = null;
  #kill: (() => void) | null = null;

  constructor(process: HostProcess, tid: number, signals: TaskSignals) {
    this.process = process;
    this.memory = process.memory;
    this.tid = tid;
    this.signals = signals;
    process.tasks.add(this);
  }

  syscall(
    nr: number,
    a1: number,
    a2: number,
    a3: number,
    a4: number,
    a5: number,
    a6: number,
  ): number | Promise<number> {
    if (this.#inside !== -1) throw this.#misuse(nr);
    if (this.dead) return NEVER;
    const handler = this.process.table[nr];
    const ret =
      handler === undefined
        ? this.process.driver.syscall(nr, a1, a2, a3, a4, a5, a6)
        : handler(this, a1, a2, a3, a4, a5, a6);
    if (typeof ret === 'number' && this.signals.deliverable.length === 0) return ret;
    if (ret === NEVER) return ret;
    return this.#leave(nr, ret, handler, [a1, a2, a3, a4, a5, a6]);
  }

  /** A call that sleeps, or after which handlers of signals run. */
  async #leave(
    nr: number,
    first: number | Promise<number>,
    handler: Handler | undefined,
    regs: readonly [number, number, number, number, number, number],
  ): Promise<number> {
    let ret = first;
    for (;;) {
      this.#inside = nr;
      try {
        ret = await ret;
      } catch (error) {
        if (error instanceof Killed) return await NEVER;
        throw error;
      } finally {
        this.#inside = -1;
      }
      if (this.dead) return await NEVER;
      const interrupted = ret === -EINTR;
      const again = await this.process.signals.run_handlers(this, interrupted ? nr : -1);
      if (this.dead) return await NEVER;
      if (!interrupted || !again || handler === undefined) return ret;
      ret = handler(this, ...regs);
    }
  }

  #misuse(nr: number): Error {
    return new Error(
      `${name_of(nr)} was called on a handle that is still inside ${name_of(this.#inside)}: await each call, and give each thread its own handle`,
    );
  }

  /**
   * Sleep until one of `interests` is ready, `timer` (a timerfd; -1: none) runs out, a signal comes, or somebody calls `wake`.
   * Answers with the index of the interest, or what woke it; -errno - 100 if it cannot be waited for.
   */
  sleep(interests: readonly Interest[], timer = -1): Promise<number> {
    if (this.signals.deliverable.length > 0) return Promise.resolve(INTERRUPTED);
    const { readiness } = this.process;
    const all = timer === -1 ? interests : [...interests, { fd: timer, events: POLLIN }];
    return new Promise<number>((resolve, reject) => {
      let sleep: Sleep | null = null;
      const leave = (): void => {
        if (sleep !== null) readiness.remove(sleep);
        this.#wake = null;
        this.#kill = null;
      };
      const wake = (by: number): void => {
        leave();
        resolve(by === interests.length ? TIMED_OUT : by);
      };
      this.#wake = wake;
      this.#kill = () => {
        leave();
        reject(new Killed());
      };
      if (all.length === 0) return;
      const added = readiness.add(all, wake);
      if (typeof added === 'number') {
        leave();
        resolve(added - 100);
      } else sleep = added;
    });
  }

  /** The other threads of the program go first: they may have what this one waits for, and then it need not sleep. */
  let_others_go(): Promise<number> {
    if (this.dead) return Promise.reject(new Killed());
    if (this.signals.deliverable.length > 0) return Promise.resolve(INTERRUPTED);
    return new Promise<number>((resolve, reject) => {
      const leave = (): void => {
        clearImmediate(turn);
        this.#wake = null;
        this.#kill = null;
      };
      const wake = (by: number): void => {
        leave();
        resolve(by);
      };
      const turn = setImmediate(wake, WOKEN);
      this.#wake = wake;
      this.#kill = () => {
        leave();
        reject(new Killed());
      };
    });
  }

  /** Its sleep is over: for what is no descriptor, as futexes. */
  wake(by = WOKEN): void {
    this.#wake?.(by);
  }

  /** It does not run any more. */
  kill(): void {
    this.dead = true;
    this.process.tasks.delete(this);
    this.#kill?.();
  }
}

/**
 * Make `attempt` until it answers something other than -EAGAIN, and sleep in between until `fd` is ready for `events`.
 *
 * @param start_limit makes a timerfd that says how long; -1: for ever. When it runs out the answer is -EAGAIN.
 */
export async function block_on(
  task: HostTask,
  fd: number,
  events: number,
  attempt: (fd: number) => number,
  start_limit: () => number = () => -1,
): Promise<number> {
  const { files, timers } = task.process;
  // Not held yet: who closes the descriptor meanwhile leaves a duplicate.
  const turn = files.begin_turn(fd);
  let limit = -1;
  try {
    for (let look = 0; look < LOOKS; look++) {
      for (let step = 0; step < STEPS; step++) await A_STEP;
      const soon = task.dead ? -EAGAIN : attempt(turn.fd);
      if (soon !== -EAGAIN) return soon;
    }
    if ((await task.let_others_go()) === INTERRUPTED) return -EINTR;
    const ret = attempt(turn.fd);
    if (ret !== -EAGAIN) return ret;
    limit = start_limit();
    if (turn.fd === fd) turn.fd = timers.hold(fd);
    const held = turn.fd;
    for (let vain = 0; ; vain++) {
      const by = await task.sleep([{ fd: held, events }], limit);
      if (by === INTERRUPTED) return -EINTR;
      if (by === TIMED_OUT) return -EAGAIN;
      const ret = attempt(held);
      if (ret !== -EAGAIN) return ret;
      // "Ready" may mean less than the call needs: room for a byte, a queue that is another socket's. Not a loop at full speed, then.
      if (vain > 0 && (await timers.pause(task, BACK_OFF_MS)) === INTERRUPTED) return -EINTR;
    }
  } finally {
    files.end_turn(turn);
    timers.let_go(turn.fd, fd);
    if (limit !== -1) timers.give_back(limit);
  }
}
