/** `sys-indirect run --kernel host`: a program file on the kernel of this machine. */
import { hostKernel } from '../host.js';
import type { Program } from '../index.js';
import type { Ready, RunOptions } from './run.js';
import { UsageError } from './usage.js';

export { HostProgramError } from '../host.js';

/** What stands for the kernel of this machine where a release is named. */
export const HOST = 'host';

/** Options that only a mock kernel has. */
const OF_THE_MOCK = [
  'seed',
  'junk',
  'log',
  'json',
  'timeline',
  'leaks',
  'inject',
  'fault',
  'overlay',
  'strace',
] as const;

/** The program's environment is that of this process, and what it executes are the files of this machine. */
export function ready_on_host(main: Program, argv: readonly string[], options: RunOptions): Ready {
  for (const name of OF_THE_MOCK)
    if (options[name] !== undefined) throw new UsageError(`--${name} is of the mock kernels, not of --kernel ${HOST}`);
  let kernel;
  try {
    kernel = hostKernel({ route: options.route });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const env = { ...(process.env as Record<string, string>), ...options.env };
  return { run: () => kernel.run(main, argv, env), close: () => 0 };
}
