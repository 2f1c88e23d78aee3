/** The kernel of this machine under the C library: Node on Linux x86-64, with the package koffi. */
import { HostKernelCore, type HostOptions as CoreOptions } from './kernel-host/index.js';
import { type LibcOptions, type Program, libc_loader } from './libc/index.js';

export interface HostOptions extends CoreOptions, LibcOptions {}

export interface HostKernel {
  /**
   * Run a program in this process: descriptors 0, 1, 2 and the working folder are those of the process. Answers with its wait
   * status: exit code times 256.
   *
   * @throws HostProgramError (it threw)
   */
  run(program: Program, argv?: readonly string[], env?: Readonly<Record<string, string>>): Promise<number>;
}

/**
 * The real kernel below the same library: `await hostKernel().run(main)`.
 *
 * @throws Error that says what to install, where it cannot be had
 */
export function hostKernel(options: HostOptions = {}): HostKernel {
  const core = new HostKernelCore(libc_loader(options), options);
  return {
    run(program, argv = [], env = {}) {
      const name = program.name === '' ? 'a.out' : program.name;
      return core.run(program, argv.length > 0 ? argv : [name], env);
    },
  };
}

export { HostProgramError, type Driver } from './kernel-host/index.js';
