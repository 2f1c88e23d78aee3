/** The kernel that this process runs on, below the same seam. */
import type { Image } from '../kernel-mock/include/uapi/seam.js';
import { type Driver, load_driver } from './driver.js';
import { end_process } from './exit.js';
import { Files } from './files.js';
import { FutexQueue } from './futex.js';
import { Block, HostMemory } from './memory.js';
import { Readiness } from './readiness.js';
import { Signals, TaskSignals } from './signal.js';
import { call_table } from './table.js';
import { type CallTable, type HostProcess, HostTask } from './task.js';
import { Timers } from './timers.js';
import { Children } from './wait.js';

export type { Driver } from './driver.js';
export { load_driver } from './driver.js';
export { unoffered } from './table.js';

const SCRATCH_SIZE = 256;

export interface HostOptions {
  /** How C is called. Default: the best that is installed. */
  readonly driver?: Driver;
  /** Told once of each call that this kernel does not offer, and why. Default: a warning of the process. */
  readonly refused?: (message: string) => void;
}

/** A program threw. */
export class HostProgramError extends Error {
  constructor(cause: unknown) {
    super(`the program threw ${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)}`, { cause });
    this.name = 'ProgramError';
  }
}

/** The kernel of the host, for programs that `load_binary` makes images of. */
export class HostKernelCore {
  readonly driver: Driver;
  readonly #load_binary: (program: unknown) => Image;
  readonly #memory: HostMemory;
  readonly #table: CallTable = call_table();
  readonly #refused: (message: string) => void;
  readonly #said = new Set<string>();

  constructor(load_binary: (program: unknown) => Image, options: HostOptions = {}) {
    this.driver = options.driver ?? load_driver();
    this.#load_binary = load_binary;
    this.#memory = new HostMemory(this.driver);
    this.#refused = options.refused ?? ((message) => process.emitWarning(message, 'HostKernelWarning'));
  }

  /**
   * Run a program in this process: descriptors 0, 1, 2 and the working folder are those of the process, its other descriptors do
   * not exist for the program. Answers with a wait status.
   *
   * @throws HostProgramError
   */
  run(program: unknown, argv: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
    const image = this.#load_binary(program);
    return new Promise((resolve, reject) => {
      const child = this.#new_process(image, resolve, reject);
      const strings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      const task = new HostTask(child, child.pid, new TaskSignals());
      image.start(task, argv, strings).catch(child.crashed);
    });
  }

  #new_process(image: Image, resolve: (status: number) => void, reject: (error: unknown) => void): HostProcess {
    const { driver } = this;
    const timers = new Timers(driver);
    const signals = new Signals();
    const made: HostProcess = {
      pid: process.pid,
      driver,
      memory: this.#memory,
      files: new Files(driver),
      readiness: new Readiness(driver, timers),
      timers,
      futexes: new FutexQueue(),
      children: new Children(driver, timers),
      signals,
      table: this.#table,
      image,
      tasks: new Set(),
      scratch: new Block(driver, SCRATCH_SIZE),
      areas: new Map(),
      refused: (name, why) => this.#refuse(name, why),
      done: resolve,
      crashed: (error) => {
        reject(new HostProgramError(error));
        end_process(made, 0);
      },
      next_tid: 1,
      status: null,
    };
    signals.process = made;
    return made;
  }

  #refuse(name: string, why: string): void {
    if (this.#said.has(name)) return;
    this.#said.add(name);
    this.#refused(`${name} is not offered on the host kernel: ${why}`);
  }
}
