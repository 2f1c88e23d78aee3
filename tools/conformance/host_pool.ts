/** Runs cases on the kernel of this machine, each in a fresh process, several processes at a time. */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { RouteName } from '../../libc/index.js';
import type { Case } from './cases.js';
import type { Constants } from './constants.js';
import type { Failure } from './run.js';

/** How long one case may take, its process included. */
const LIMIT_MS = 15_000;
const WORKER = fileURLToPath(new URL('./host_worker.js', import.meta.url));

/** What a process is told. */
export interface HostJob {
  readonly c: Case;
  readonly constants: Constants;
  readonly route: RouteName | undefined;
}

/** What it answers. */
interface Answer {
  readonly failure: Failure | null;
}

function run_in_process(job: HostJob): Promise<Failure | null> {
  return new Promise((resolve) => {
    // A session of its own: what a case sends to its group reaches nobody else.
    const child = fork(WORKER, [], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      detached: true,
      serialization: 'advanced',
    });
    const failed = (message: string): void => resolve({ id: job.c.id, step: null, message });
    const timer = setTimeout(() => {
      failed('timed out');
      child.kill('SIGKILL');
    }, LIMIT_MS);
    child.once('message', ({ failure }: Answer) => resolve(failure));
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      // Without effect if there was an answer.
      failed(`its process ended with ${signal ?? `status ${code}`}`);
    });
    child.send(job);
  });
}

/** The cases that do not hold, in order. */
export async function run_all_on_host(
  cases: readonly Case[],
  constants: Constants,
  route: RouteName | undefined,
): Promise<Failure[]> {
  const outcomes = new Array<Failure | null>(cases.length).fill(null);
  let next = 0;
  const runner = async (): Promise<void> => {
    for (let i = next++; i < cases.length; i = next++)
      outcomes[i] = await run_in_process({ c: cases[i]!, constants, route });
  };
  await Promise.all(Array.from({ length: availableParallelism() }, runner));
  return outcomes.filter((outcome) => outcome !== null);
}
