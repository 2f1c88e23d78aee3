/** A process for one case on the kernel of this machine. Told what to do, and tells what became of it, by messages. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostJob } from './host_pool.js';
import { host_machine } from './host_machine.js';
import { type Failure, run_case } from './run.js';

const home = process.cwd();

async function outcome({ c, constants, route }: HostJob): Promise<Failure | null> {
  const folder = mkdtempSync(join(tmpdir(), 'case-'));
  try {
    return await run_case(c, host_machine(folder, route), constants);
  } catch (error) {
    return { id: c.id, step: null, message: `runner: ${String(error)}` };
  } finally {
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
  }
}

process.once('message', (job: HostJob) => {
  void outcome(job).then((failure) => process.send!({ failure }, () => process.exit()));
});
