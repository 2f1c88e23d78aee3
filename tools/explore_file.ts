/** `sys-indirect explore`: every order of events of a program file. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import type { RouteName } from '../index.js';
import { load_program } from './load_program.js';
import { RUN_FAILED } from './run.js';
import { UsageError } from './usage.js';
import { NondeterminismError } from './explore/nondeterminism.js';
import { DivergedError } from './explore/strategies/replay.js';
import { compare, format_comparison } from './explore/compare.js';
import type { Scenario } from './explore/execution.js';
import { type ExploreOptions, type StrategyName, search } from './explore/explore.js';
import { merge } from './explore/merge.js';
import { type Report, format_report } from './explore/report.js';
import { type ScenarioOptions, scenario } from './explore/scenario.js';
import type { Shard } from './explore/strategy.js';

/** Exit status if an order fails. */
const FOUND = 1;

export interface CommandOptions {
  readonly kernel?: string;
  readonly route?: RouteName;
  readonly strategy: StrategyName;
  readonly preemptions?: number;
  readonly runs?: number;
  readonly depth?: number;
  readonly seed?: number;
  readonly time?: number;
  readonly shared?: boolean;
  readonly all?: boolean;
  readonly workers?: number;
  readonly shard?: Shard;
  readonly checkpoint?: string;
  readonly replay?: string;
  readonly merge?: boolean;
  readonly compare?: boolean;
  readonly json?: boolean;
}

/** The file's scenario: its export `scenario`, or else its program with what the file's export `explore` says of it. */
async function load_scenario(file: string, args: readonly string[], options: CommandOptions): Promise<Scenario> {
  const { main, programs } = await load_program(file);
  const module = (await import(pathToFileURL(resolve(file)).href)) as { scenario?: unknown; explore?: unknown };
  if (typeof module.scenario === 'function') return module.scenario as Scenario;
  const { kernel: release, route } = options;
  return scenario({
    main,
    programs,
    argv: [file, ...args],
    ...(module.explore as Partial<ScenarioOptions> | undefined),
    ...(release === undefined ? {} : { release }),
    ...(route === undefined ? {} : { route }),
  });
}

const shown = (text: string): string => (/^[\w./:=,+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** The command line that has the same scenario: what decides about its behaviour, and nothing of how it is searched. */
function command_line(file: string, args: readonly string[], { kernel, route }: CommandOptions): string {
  const words = ['sys-indirect explore', shown(file)];
  if (kernel !== undefined) words.push(`--kernel ${shown(kernel)}`);
  if (route !== undefined) words.push(`--route ${route}`);
  return words.join(' ') + (args.length === 0 ? '' : ` ${args.map(shown).join(' ')}`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(0)} s`;
}

/** The line that says how far a long search is. */
function progress(executions: number, ms: number, fraction: number | null): void {
  if (!process.stderr.isTTY && ms < 1000) return;
  const rate = Math.round((executions / Math.max(ms, 1)) * 1000).toLocaleString('en-US');
  const left =
    fraction === null || fraction <= 0
      ? ''
      : `, about ${(100 * fraction).toFixed(1)} % done, ${seconds((ms / fraction) * (1 - fraction))} left`;
  const text = `${executions.toLocaleString('en-US')} executions in ${seconds(ms)}, ${rate}/s${left}`;
  process.stderr.write(process.stderr.isTTY ? `\r${text}\x1b[K` : `${text}\n`);
}

/** What is in a checkpoint file. */
interface Checkpoint {
  readonly command: string;
  readonly strategy: string;
  readonly state: unknown;
}

function read_checkpoint(path: string, command: string, strategy: string): unknown {
  if (!existsSync(path)) return null;
  const saved = JSON.parse(readFileSync(path, 'utf8')) as Checkpoint;
  if (saved.command !== command || saved.strategy !== strategy)
    throw new UsageError(`${path} is the checkpoint of another search: ${saved.command} --strategy ${saved.strategy}`);
  return saved.state;
}

function write_checkpoint(path: string, { checkpoint, command, strategy }: Report): void {
  if (checkpoint === null) rmSync(path, { force: true });
  else writeFileSync(path, JSON.stringify({ command, strategy, state: checkpoint }));
}

async function search_here(file: string, args: readonly string[], options: CommandOptions): Promise<Report> {
  const program = await load_scenario(file, args, options);
  const command = command_line(file, args, options);
  const { checkpoint, json, strategy } = options;
  let stop = false;
  const on_signal = (): void => {
    stop = true;
  };
  const explore_options: ExploreOptions = {
    ...options,
    command,
    stop: () => stop,
    ...(json === true ? {} : { on_progress: progress }),
    ...(checkpoint === undefined ? {} : { resume: read_checkpoint(checkpoint, command, strategy) }),
  };
  if (checkpoint !== undefined) process.once('SIGINT', on_signal);
  const report = await search(program, explore_options);
  process.off('SIGINT', on_signal);
  if (process.stderr.isTTY && json !== true) process.stderr.write('\r\x1b[K');
  if (checkpoint !== undefined) write_checkpoint(checkpoint, report);
  return report;
}

/** Our own command line for one shard, as a process of its own. */
function run_shard(words: readonly string[], tail: readonly string[], i: number, n: number): Promise<Report> {
  return new Promise((done, fail) => {
    const argv = [process.argv[1]!, ...words, '--json', '--shard', `${i + 1}/${n}`, ...tail];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    child.on('error', fail);
    child.on('close', (status) => {
      if (status === 0 || status === FOUND) done(JSON.parse(text) as Report);
      else fail(new Error(`the worker for shard ${i + 1}/${n} ended with status ${status}`));
    });
  });
}

/** One process for each shard; their reports joined. */
async function search_with_workers(n: number): Promise<Report> {
  const argv = process.argv.slice(2);
  const at = argv.indexOf('--');
  const [words, tail] = at === -1 ? [argv, []] : [argv.slice(0, at), argv.slice(at)];
  const own = words.filter((word, i) => !/^--workers(?:=|$)/.test(word) && words[i - 1] !== '--workers');
  return merge(await Promise.all(Array.from({ length: n }, (_, i) => run_shard(own, tail, i, n))));
}

function read_report(file: string): Report {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch (error) {
    throw new UsageError(`${file} is no report that --json has written: ${(error as Error).message}`);
  }
}

/** What cannot go together. */
function check({ workers, shard, checkpoint, strategy }: CommandOptions): void {
  if (workers === undefined) return;
  if (shard !== undefined) throw new UsageError('--workers makes shards itself: give it or --shard');
  if (checkpoint !== undefined) throw new UsageError('--workers has no --checkpoint: give each --shard one of its own');
  if (strategy === 'rr') throw new UsageError('round robin is one execution: there is nothing to share');
}

/** The program cannot be searched: it does not do the same twice, or is not the one that a schedule was taken from. */
function hopeless(error: unknown): error is Error {
  return error instanceof NondeterminismError || error instanceof DivergedError;
}

/** Joins reports, or searches; prints what there is to say, and answers with the exit status. */
export async function explore_file(
  file: string,
  args: readonly string[],
  options: CommandOptions,
  print: (text: string) => void,
): Promise<number> {
  check(options);
  // A promise of the host that is never kept: Node would end in silence.
  process.once('beforeExit', () => {
    process.stderr.write(`sys-indirect: ${file}: it awaits something outside the kernel that never comes\n`);
    process.exit(RUN_FAILED);
  });
  try {
    return await explore_checked(file, args, options, print);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    if (!hopeless(error)) throw error;
    process.stderr.write(`sys-indirect: ${file}: ${error.message}\n`);
    return RUN_FAILED;
  }
}

async function explore_checked(
  file: string,
  args: readonly string[],
  options: CommandOptions,
  print: (text: string) => void,
): Promise<number> {
  if (options.compare === true) {
    print(`${format_comparison(await compare(await load_scenario(file, args, options), options))}\n`);
    return 0;
  }
  const { workers } = options;
  let report: Report;
  if (options.merge === true) report = merge([file, ...args].map(read_report));
  else if (workers !== undefined && workers > 1) report = await search_with_workers(workers);
  else report = await search_here(file, args, options);
  print(options.json === true ? `${JSON.stringify(report)}\n` : `${format_report(report)}\n`);
  return report.failing > 0 ? FOUND : 0;
}
