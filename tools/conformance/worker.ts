/** Runs the cases that it is given, in a thread of the host that can be stopped if one of them never gives back control. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Job } from './pool.js';
import { run_one } from './runner.js';

const { cases, constants, machine } = workerData as Job;
for (const c of cases) parentPort!.postMessage(await run_one(c, constants, machine));
