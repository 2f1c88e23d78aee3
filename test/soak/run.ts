/** Runs random programs, and says what is wrong with the kernel afterwards. */
import { type BootOptions, DeadlockError, boot } from '../../index.js';
import { event_log } from '../../tools/eventlog.js';
import { what_is_left } from '../helpers.js';
import { policy_of, random_program, reaper } from './programs.js';

export interface Soaked {
  /** What went wrong; null: nothing. */
  readonly failure: string | null;
  /** What happened, line by line. */
  readonly log: readonly string[];
}

/** The program that `seed` makes, on `release`. Every second one under a scheduler that chooses by the seed too. */
export async function soak(release: string, seed: number, calls: number, logged = false): Promise<Soaked> {
  const log: string[] = [];
  const options: BootOptions = {
    release,
    seed,
    output: null,
    ...(seed % 2 === 0 ? { policy: policy_of(seed) } : {}),
    ...(logged ? { trace: event_log((line) => log.push(line)) } : {}),
  };
  const kernel = boot(options);
  try {
    await kernel.run(random_program(seed, calls)).catch((error: unknown) => {
      // Somebody killed the one who would have ended all this.
      if (!(error instanceof DeadlockError)) throw error;
    });
    await kernel.run(reaper);
  } catch (error) {
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error), log };
  }
  const left = what_is_left(kernel);
  return { failure: Object.keys(left).length === 0 ? null : `left in the kernel: ${JSON.stringify(left)}`, log };
}
