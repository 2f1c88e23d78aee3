/** The kernel of this machine for one case: the process that it runs in must be a fresh one, and end with it. */
import { hostKernel } from '../../host.js';
import type { Machine } from './machine.js';
import type { RouteName } from '../../libc/index.js';

export function host_machine(folder: string, route: RouteName | undefined): Machine {
  // What is not offered shows as a failure, or stands in the table of what is left out.
  const kernel = hostKernel({ refused() {}, ...(route === undefined ? {} : { route }) });
  return {
    run: (program, env) => kernel.run(program, ['case'], env),
    // Programs of the library are no files of this machine.
    install: () => false,
    now: () => Number(process.hrtime.bigint()),
    folder,
  };
}
