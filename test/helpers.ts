/** What nearly every test needs: programs run in a kernel of their own, and nothing left behind. */
import type { ExecutionContext } from 'ava';
import { type BootOptions, type Kernel, type Program, type RouteName, boot, releases, routes } from '../index.js';

export const RELEASES: readonly string[] = releases.map((r) => r.name);
export const ROUTES = Object.keys(routes) as readonly RouteName[];
export const INDIRECT_RELEASES: readonly string[] = releases.filter((r) => r.indirect !== null).map((r) => r.name);

/** After the last process nothing is open, mapped or alive. */
export function nothing_left(t: ExecutionContext, kernel: Kernel): void {
  const { tasks, files } = kernel.census();
  t.deepEqual({ tasks, files }, { tasks: 0, files: 0 }, 'something is left in the kernel');
}

/** Run `program` in a quiet kernel of its own; answers with its wait status. */
export async function run(t: ExecutionContext, options: BootOptions, program: Program): Promise<number> {
  const kernel = boot({ output: null, ...options });
  const status = await kernel.run(program);
  nothing_left(t, kernel);
  return status;
}
