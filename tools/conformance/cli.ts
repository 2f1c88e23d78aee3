#!/usr/bin/env node
/** The command `conformance`: do the cases in a folder hold on a kernel? */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { releases } from '../../kernel-mock/init/releases.js';
import { type RouteName, routes } from '../../libc/index.js';
import { type Case, read_cases } from './cases.js';
import { type Constants, read_constants, uapi_constants } from './constants.js';
import { why_left_out } from './host_limits.js';
import { run_all_on_host } from './host_pool.js';
import { run_all } from './pool.js';
import type { Failure } from './run.js';
import { TAGS, plan, tags_of } from './runner.js';

/** Instead of a release: the kernel of this machine. */
const HOST = 'host';

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
  one_of('kernel', flags.kernel, [...releases.map((r) => r.name), HOST]);
  one_of('route', flags.route, Object.keys(routes));
  const skip = flags.skip.split(',').filter((tag) => tag !== '');
  const constants = constants_for(flags);
  const lines = read_cases(flags.cases);
  for (const tag of skip) one_of('tag', tag, [...new Set([...TAGS, ...tags_of(lines)])]);
  const planned = plan(lines, { constants, skip, text: flags.k });
  const { malformed, skipped } = planned;
  const route = flags.route as RouteName | undefined;
  const left_out = flags.kernel === HOST ? leave_out(planned.cases) : new Map<string, Case[]>();
  const cases = planned.cases.filter((c) => ![...left_out.values()].some((list) => list.includes(c)));
  const failures = [...malformed, ...(await run(flags.kernel, { cases, constants, route }))];
  const failed = failures.length;
  const passed = cases.length + malformed.length - failed;
  if (flags.json === true)
    console.log(
      JSON.stringify({ passed, failed, ...(left_out.size === 0 ? {} : { left_out: counts(left_out) }), failures }),
    );
  else {
    for (const { id, step, message } of failures)
      console.log(`FAIL ${id}${step === null ? '' : ` step ${step}`}: ${message.replace(/\s*\n\s*/g, '; ')}`);
    if (skip.length > 0) console.log(`${skipped} skipped (${skip.join(', ')})`);
    for (const [reason, list] of left_out) console.log(`${list.length} skipped: ${reason}`);
    console.log(`${passed} passed, ${failed} failed`);
  }
  if (passed + failed + skipped + left_out.size === 0) throw new RangeError(nothing_ran(flags));
  return failed === 0 ? 0 : 1;
}

interface Asked {
  readonly cases: readonly Case[];
  readonly constants: Constants;
  readonly route: RouteName | undefined;
}

/** The cases that do not hold on the kernel of that name. */
function run(kernel: string | undefined, { cases, constants, route }: Asked): Promise<Failure[]> {
  if (kernel === HOST) return run_all_on_host(cases, constants, route);
  const machine = {
    ...(kernel === undefined ? {} : { release: kernel }),
    ...(route === undefined ? {} : { route }),
  };
  return run_all({ cases, constants, machine });
}

/** The cases that the kernel of this machine cannot run, by reason. */
function leave_out(cases: readonly Case[]): Map<string, Case[]> {
  const found = new Map<string, Case[]>();
  for (const c of cases) {
    const reason = why_left_out(c);
    if (reason !== null) found.set(reason, [...(found.get(reason) ?? []), c]);
  }
  return found;
}

function counts(left_out: ReadonlyMap<string, readonly Case[]>): Record<string, number> {
  return Object.fromEntries([...left_out].map(([reason, list]) => [reason, list.length]));
}

/** Nothing that was run is no proof of anything: whoever misspelt `-k` must not read a success. */
function nothing_ran({ cases, k }: Flags): string {
  return k === '' ? `no case in the files of ${cases}` : `no case in ${cases} has '${k}' in its id`;
}

const program = new Command('conformance')
  .description('run conformance cases on a kernel, through the C library')
  .option('--cases <dir>', 'folder with *.jsonl files', 'test/conformance/cases')
  .option(
    '--kernel <release>',
    'release of the mock kernel, or host: the kernel of this machine; default: the newest release',
  )
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
