/** Programs on the kernel of this machine. */
import test, { type ExecutionContext } from 'ava';
import { type HostKernel, hostKernel } from '../../host.js';
import type { Libc } from '../../libc/index.js';

/** Why there is no host kernel here; null: there is one. */
function why_not(): string | null {
  try {
    hostKernel();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

const missing = why_not();

/** What is tested on Linux x86-64 with koffi only; elsewhere the title says why it is not. */
export function on_host(title: string, run: (t: ExecutionContext, kernel: HostKernel) => Promise<void>): void {
  if (missing === null) test(title, (t) => run(t, hostKernel({ refused: (message) => t.log(message) })));
  else
    test(`${title} (not here: ${missing})`, (t) => {
      // Where everything must be tested, this is a failure.
      t.is(process.env['CI'], undefined, missing);
    });
}

/** A program that must end with status 0; what it throws fails the test. */
export async function runs(
  t: ExecutionContext,
  kernel: HostKernel,
  main: (libc: Libc) => Promise<void>,
): Promise<void> {
  t.is(await kernel.run(async (libc) => main(libc)), 0);
}
