#!/usr/bin/env node
/** The command `conformance`: do the cases in a folder hold on a kernel? */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { releases } from '../../kernel-mock/init/releases.js';
import { type RouteName, routes } from '../../libc/index.js';
import { read_cases } from './cases.js';
import { read_constants, uapi_constants } from './constants.js';
import { run_all } from './pool.js';
import { plan } from './runner.js';

interface Flags {
  readonly cases: string;
  readonly kernel?: string;
  readonly route?: string;
  readonly skip: string;
  readonly k: string;
  readonly json?: boolean;
  readonly constants?: string;
}

/** constants.json stands beside the folder of the cases; without it the headers of the project tell. */
function constants_for(flags: Flags): ReturnType<typeof uapi_constants> {
  const beside = join(flags.cases, '..', 'constants.json');
  if (flags.constants !== undefined) return read_constants(flags.constants);
  return existsSync(beside) ? read_constants(beside) : uapi_constants();
}

function one_of(what: string, name: string | undefined, names: readonly string[]): void {
  if (name !== undefined && !names.includes(name))
    throw new RangeError(`no ${what} '${name}'; there are ${names.join(', ')}`);
}

async function main(flags: Flags): Promise<number> {
  one_of(
    'kernel',
    flags.kernel,
    releases.map((r) => r.name),
  );
  one_of('route', flags.route, Object.keys(routes));
  const skip = flags.skip.split(',').filter((tag) => tag !== '');
  const constants = constants_for(flags);
  const { cases, malformed, skipped } = plan(read_cases(flags.cases), { constants, skip, text: flags.k });
  const machine = {
    ...(flags.kernel === undefined ? {} : { release: flags.kernel }),
    ...(flags.route === undefined ? {} : { route: flags.route as RouteName }),
  };
  const failures = [...malformed, ...(await run_all({ cases, constants, machine }))];
  const failed = failures.length;
  const passed = cases.length + malformed.length - failed;
  if (flags.json === true) console.log(JSON.stringify({ passed, failed, failures }));
  else {
    for (const { id, step, message } of failures)
      console.log(`FAIL ${id}${step === null ? '' : ` step ${step}`}: ${message.replace(/\s*\n\s*/g, '; ')}`);
    if (skip.length > 0) console.log(`${skipped} skipped (${skip.join(', ')})`);
    console.log(`${passed} passed, ${failed} failed`);
  }
  return failed === 0 ? 0 : 1;
}

const program = new Command('conformance')
  .description('run conformance cases on a mock kernel, through the C library')
  .option('--cases <dir>', 'folder with *.jsonl files', 'test/conformance/cases')
  .option('--kernel <release>', 'release of the mock kernel; default: the newest')
  .option('--route <route>', 'how flags reach the kernel; default: auto')
  .option('--skip <tags>', 'leave out cases that need one of these, with commas', '')
  .option('-k <text>', 'only cases whose id has this text', '')
  .option('--json', 'print one JSON object')
  .option('--constants <file>', 'constants by name; default: constants.json beside the folder of the cases');
program.parse();
try {
  process.exitCode = await main(program.opts<Flags>());
} catch (error) {
  console.error(`conformance: ${(error as Error).message}`);
  process.exitCode = 2;
}
