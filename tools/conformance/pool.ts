/** Runs cases in a thread of their own, and goes on with a new thread where a case hangs. */
import { Worker } from 'node:worker_threads';
import type { Case } from './cases.js';
import type { Constants } from './constants.js';
import type { MachineOptions } from './machine.js';
import type { Failure } from './run.js';

/** Host time that one case may take. */
const LIMIT_MS = 15_000;

export interface Job {
  readonly cases: readonly Case[];
  readonly constants: Constants;
  readonly machine: MachineOptions;
}

/** Run until all are done, or one hangs; answers with the outcome of those that were done, and why the rest was not. */
function run_some(job: Job): Promise<{ done: (Failure | null)[]; stopped: string | null }> {
  return new Promise((resolve) => {
    const done: (Failure | null)[] = [];
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: job });
    const stop = (stopped: string | null): void => {
      clearTimeout(timer);
      void worker.terminate();
      resolve({ done, stopped });
    };
    let timer = setTimeout(stop, LIMIT_MS, 'timed out');
    worker.on('message', (outcome: Failure | null) => {
      done.push(outcome);
      clearTimeout(timer);
      if (done.length === job.cases.length) stop(null);
      else timer = setTimeout(stop, LIMIT_MS, 'timed out');
    });
    worker.on('error', (error) => {
      stop(`the runner's thread failed: ${String(error)}`);
    });
    worker.on('exit', () => {
      stop("the runner's thread ended");
    });
  });
}

/** The cases that do not hold, in order. */
export async function run_all(job: Job): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (let next = 0; next < job.cases.length;) {
    const { done, stopped } = await run_some({ ...job, cases: job.cases.slice(next) });
    failures.push(...done.filter((outcome) => outcome !== null));
    next += done.length;
    const c = job.cases[next];
    if (stopped === null || c === undefined) continue;
    failures.push({ id: c.id, step: null, message: stopped });
    next++;
  }
  return failures;
}
