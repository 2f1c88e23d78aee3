#!/usr/bin/env node
/** The command `conformance`: do the cases in a folder hold on a kernel? */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { releases } from '../../kernel-mock/init/releases.js';
import { type RouteName, routes } from '../../libc/index.js';
import { read_cases } from './cases.js';
import { type Constants, read_constants, uapi_constants } from './constants.js';
import { run_all } from './pool.js';
import { TAGS, plan, tags_of } from './runner.js';

interface Flags {
  readonly cases: string;
  readonly kernel?: string;
  readonly route?: string;
  readonly skip: string;
  readonly k: string;
  readonly json?: boolean;
  readonly constants?: string;
}

/** constants.json stands in the folder of the cases or beside it; without it the headers of the project tell. */
function constants_for(flags: Flags): Constants {
  if (flags.constants !== undefined) return read_constants(flags.constants);
  const found = [flags.cases, join(flags.cases, '..')].map((folder) => join(folder, 'constants.json')).find(existsSync);
  return found === undefined ? uapi_constants() : read_constants(found);
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
  const lines = read_cases(flags.cases);
  for (const tag of skip) one_of('tag', tag, [...new Set([...TAGS, ...tags_of(lines)])]);
  const { cases, malformed, skipped } = plan(lines, { constants, skip, text: flags.k });
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
  if (passed + failed + skipped === 0) throw new RangeError(nothing_ran(flags));
  return failed === 0 ? 0 : 1;
}

/** Nothing that was run is no proof of anything: whoever misspelt `-k` must not read a success. */
function nothing_ran({ cases, k }: Flags): string {
  return k === '' ? `no case in the files of ${cases}` : `no case in ${cases} has '${k}' in its id`;
}

const program = new Command('conformance')
  .description('run conformance cases on a mock kernel, through the C library')
  .option('--cases <dir>', 'folder with *.jsonl files', 'test/conformance/cases')
  .option('--kernel <release>', 'release of the mock kernel; default: the newest')
  .option('--route <route>', 'how flags reach the kernel; default: auto')
  .option('--skip <tags>', 'leave out cases that need one of these, with commas', '')
  .option('-k <text>', 'only cases whose id has this text', '')
  .option('--json', 'print one JSON object')
  .option('--constants <file>', 'constants by name; default: constants.json in the folder of the cases or beside it')
  .exitOverride();
try {
  program.parse();
  process.exitCode = await main(program.opts<Flags>());
} catch (error) {
  if (!(error instanceof CommanderError)) console.error(`conformance: ${(error as Error).message}`);
  // 1 means that a case failed; this means that the question makes no sense. `--help` is no error.
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2;
}
