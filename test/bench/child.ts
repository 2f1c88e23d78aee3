/**
 * A process that measures some parts and sends what came of them. On its own: what other parts have done to the types that
 * the compiler has seen, and to the heap, would be paid for by this one, and no program runs all of them in one process.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Effort, type Part, measure } from './measure.js';

interface Job {
  readonly parts: readonly Part[];
  readonly effort: Effort;
  /** The compiled native.c. */
  readonly native: string | null;
}

/** The figures of `parts`, in order, from one fresh process. */
export function measure_in_child(job: Job): Promise<unknown[]> {
  const child = fork(fileURLToPath(import.meta.url));
  return new Promise((resolve, reject) => {
    child.once('message', (figures) => {
      resolve(figures as unknown[]);
    });
    child.once('exit', (code, signal) => {
      reject(new Error(`measuring ${job.parts.map(({ name }) => name).join(', ')} ended with ${code ?? signal}`));
    });
    child.send(job);
  });
}

async function work({ parts, effort, native }: Job): Promise<void> {
  const figures: unknown[] = [];
  for (const part of parts) figures.push(await measure(part, effort, native));
  process.send!(figures);
  process.disconnect();
}

// Only as the process itself: the parent imports this file too.
if (process.send !== undefined && process.argv[1] === fileURLToPath(import.meta.url))
  process.once('message', (job) => void work(job as Job));
