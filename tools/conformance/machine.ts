/** What runs the programs of a case: the one place that knows a kernel. */
import { type BootOptions, boot } from '../../index.js';
import { ktime_get } from '../../kernel-mock/kernel/time.js';
import type { Program, RouteName } from '../../libc/index.js';

/** A kernel for one case, freshly booted. */
export interface Machine {
  /** Run `program` as a process; answers with its wait status. */
  run(program: Program, env: Readonly<Record<string, string>>): Promise<number>;
  /** Make `program` an executable file; false: this kernel cannot. */
  install(path: string, program: Program): boolean;
  /** The machine's clock in nanoseconds. */
  now(): number;
  /** The working folder of the case: a path that this machine has for nothing else. */
  readonly folder: string;
}

export interface MachineOptions {
  readonly release?: string;
  readonly route?: RouteName;
}

/** The folder of every case: each has a mock kernel, and so a file system, of its own. */
const MOCK_FOLDER = '/tmp/case';

/** The mock kernel, of any release. */
export function mock_machine({ release, route }: MachineOptions): Machine {
  const options: BootOptions = {
    output: null,
    ...(release === undefined ? {} : { release }),
    ...(route === undefined ? {} : { route }),
  };
  const kernel = boot(options);
  const installed = new Set<string>();
  return {
    run: (program, env) => settled(kernel.run(program, ['case'], env)),
    install(path, program) {
      const { install } = kernel as { install?: (path: string, program: Program) => unknown };
      // One file for all who name it: what runs is what they open.
      if (!installed.has(path)) install?.call(kernel, path, program);
      installed.add(path);
      return install !== undefined;
    },
    now: () => ktime_get(kernel.internals),
    folder: MOCK_FOLDER,
  };
}

/** Nothing in the mock kernel waits for the host: what is not settled when the host is idle never will be. */
async function settled<T>(run: Promise<T>): Promise<T> {
  const idle = new Promise<never>((_, reject) => {
    setImmediate(() => {
      reject(new Error('the run stopped without an end: nothing is left that could go on'));
    });
  });
  return Promise.race([run, idle]);
}
