/** A process for one case on the kernel of this machine. Told what to do, and tells what became of it, by messages. */
import { closeSync } from 'node:fs';
import { FREED, type HostJob } from './host_pool.js';
import { host_machine } from './host_machine.js';
import { type Failure, run_case } from './run.js';

for (let fd = FREED.first; fd <= FREED.last; fd++) closeSync(fd);

async function outcome({ c, constants, route, folder }: HostJob): Promise<Failure | null> {
  try {
    return await run_case(c, host_machine(folder, route), constants);
  } catch (error) {
    return { id: c.id, step: null, message: `runner: ${String(error)}` };
  }
}

// It is ended from outside: who leaves at once may be gone before the answer has arrived.
process.on('message', (job: HostJob) => {
  void outcome(job).then((failure) => process.send!({ failure }));
});
