/** Runs cases on the kernel of this machine, each in a fresh process, several processes at a time. */
import { fork } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RouteName } from '../../libc/index.js';
import type { Case } from './cases.js';
import type { Constants } from './constants.js';
import type { Failure } from './run.js';

/** How long one case may take, its process included. */
const LIMIT_MS = 15_000;
/**
 * The process of a case finds these descriptors taken when it starts, and frees them before the case: so the runtime's own lie above
 * them, and a case gets the numbers that it would get in a process of its own.
 */
export const FREED = { first: 3, last: 600 } as const;
const WORKER = fileURLToPath(new URL('./host_worker.js', import.meta.url));

/** What a process is told. */
export interface HostJob {
  readonly c: Case;
  readonly constants: Constants;
  readonly route: RouteName | undefined;
  /** The working folder. */
  readonly folder: string;
}

/** What it answers. */
interface Answer {
  readonly failure: Failure | null;
}

function run_in_process(job: HostJob, nothing: number): Promise<Failure | null> {
  return new Promise((resolve) => {
    // A session of its own: what a case sends to its group reaches nobody else.
    const child = fork(WORKER, [], {
      stdio: [...new Array<number>(FREED.last + 1).fill(nothing), 'ipc'],
      detached: true,
      serialization: 'advanced',
    });
    const failed = (message: string): void => resolve({ id: job.c.id, step: null, message });
    const timer = setTimeout(() => {
      failed('timed out');
      child.kill('SIGKILL');
    }, LIMIT_MS);
    child.once('message', ({ failure }: Answer) => {
      resolve(failure);
      child.kill('SIGKILL');
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      // Without effect if there was an answer.
      failed(`its process ended with ${signal ?? `status ${code}`}`);
    });
    child.send(job);
  });
}

/** In a folder of its own, which is gone afterwards. */
async function run_in_folder(job: Omit<HostJob, 'folder'>, nothing: number): Promise<Failure | null> {
  const folder = mkdtempSync(join(tmpdir(), 'case-'));
  chmodSync(folder, 0o755);
  try {
    return await run_in_process({ ...job, folder }, nothing);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The cases that do not hold, in order. */
export async function run_all_on_host(
  cases: readonly Case[],
  constants: Constants,
  route: RouteName | undefined,
): Promise<Failure[]> {
  const nothing = openSync('/dev/null', 'r+');
  const outcomes = new Array<Failure | null>(cases.length).fill(null);
  let next = 0;
  const runner = async (): Promise<void> => {
    for (let i = next++; i < cases.length; i = next++)
      outcomes[i] = await run_in_folder({ c: cases[i]!, constants, route }, nothing);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, runner));
  closeSync(nothing);
  return outcomes.filter((outcome) => outcome !== null);
}
