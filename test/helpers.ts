/** What nearly every test needs: programs run in a kernel of their own, and nothing left behind. */
import type { ExecutionContext } from 'ava';
import { type BootOptions, type Kernel, type Program, type RouteName, boot, releases, routes } from '../index.js';

export const RELEASES: readonly string[] = releases.map((r) => r.name);
export const ROUTES = Object.keys(routes) as readonly RouteName[];
export const INDIRECT_RELEASES: readonly string[] = releases.filter((r) => r.indirect !== null).map((r) => r.name);

/** The counts of a kernel that are not zero. */
export function what_is_left(kernel: Kernel): Record<string, number> {
  return Object.fromEntries(Object.entries(kernel.census()).filter(([, n]) => n !== 0));
}

/** After the last process nothing is open, mapped or alive. */
export function nothing_left(t: ExecutionContext, kernel: Kernel): void {
  t.deepEqual(what_is_left(kernel), {}, 'something is left in the kernel');
}

/** Run `program` in a quiet kernel of its own; answers with its wait status. */
export async function run(t: ExecutionContext, options: BootOptions, program: Program): Promise<number> {
  const kernel = boot({ output: null, ...options });
  const status = await kernel.run(program);
  nothing_left(t, kernel);
  return status;
}

/**
 * A kernel for a test that runs programs itself. When the test is over it must hold nothing, unless it has stopped in the middle of
 * something, as a kernel does that has found a bug of its own.
 */
export function boot_for(t: ExecutionContext, options: BootOptions = {}): Kernel {
  const kernel = boot({ output: null, ...options });
  t.teardown(() => {
    const left = JSON.stringify(what_is_left(kernel));
    if (kernel.internals.panic === null && left !== '{}') throw new Error(`left in the kernel: ${left}`);
  });
  return kernel;
}
