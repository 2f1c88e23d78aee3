#!/usr/bin/env node
/** The command line. Exit status: that of the program; 2 for a call that makes no sense; see RUN_FAILED. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type RouteName, releases, routes } from '../index.js';
import { demo } from './demo.js';
import { strategies } from './explore/strategies/index.js';
import type { Shard } from './explore/strategy.js';
import { type CommandOptions, explore_file } from './explore_file.js';
import { parse_fault, parse_inject } from './inject/parse.js';
import { type Rule, RuleError } from './inject/rule.js';
import { list_kernels } from './kernels.js';
import { type Overlay, OverlayError, parse_overlay } from './overlays.js';
import { LEAKED } from './observe.js';
import { RUN_FAILED, type RunOptions, run_file } from './run.js';
import { HOST } from './run_host.js';
import { STRACE_HELP, add_strace_options, expression_values } from './strace_cli.js';
import { UsageError } from './usage.js';

const USAGE = 2;

const { version, description } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
  description?: string;
};

/** Leave as soon as all output is out: what a program left behind, a timer or so, does not keep us. */
function leave(status: number): void {
  process.exitCode = status;
  process.stdout.write('', () => process.exit(status));
}

// `sys-indirect kernels | head`: the reader has gone, as SIGPIPE would tell a C program.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(141);
});

const RELEASES = releases.map((r) => r.name);

function integer(text: string): number {
  const n = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(n)) throw new InvalidArgumentError('It is a whole number.');
  return n;
}

/** Seconds, with or without the s; in milliseconds. */
function duration(text: string): number {
  const n = Number(text.replace(/s$/, ''));
  if (text === '' || !(n > 0)) throw new InvalidArgumentError('It is a number of seconds.');
  return n * 1000;
}

/** Part `i/n`, counted from 1. */
function shard(text: string): Shard {
  const [, i = NaN, n = NaN] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (!(i >= 1 && i <= n)) throw new InvalidArgumentError('It is I/N, 1/N to N/N.');
  return { i: i - 1, n };
}

function byte(text: string): number {
  const n = Number(text);
  if (!/^(?:0[xX][\da-fA-F]+|\d+)$/.test(text) || n > 255)
    throw new InvalidArgumentError('It is a byte, 0 to 255 or 0x00 to 0xff.');
  return n;
}

function variable(text: string, env: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It is NAME=VALUE.');
  return { ...env, [text.slice(0, at)]: text.slice(at + 1) };
}

/** One more rule for those that were given before. */
function rule(parse: (text: string) => Rule): (text: string, before?: readonly Rule[]) => readonly Rule[] {
  return (text, before = []) => {
    try {
      return [...before, parse(text)];
    } catch (error) {
      throw error instanceof RuleError ? new UsageError(error.message) : error;
    }
  };
}

function an_overlay(text: string, before: readonly Overlay[] = []): readonly Overlay[] {
  try {
    return [...before, parse_overlay(text)];
  } catch (error) {
    throw error instanceof OverlayError ? new UsageError(error.message) : error;
  }
}

const RULES = { inject: rule(parse_inject), fault: rule(parse_fault) };

/** The rules of `--inject` and of `-e inject=`, if there are any. */
function rules_of(options: RunOptions, key: 'inject' | 'fault'): Partial<Pick<RunOptions, 'inject' | 'fault'>> {
  const said = expression_values(options, key);
  return said.length === 0
    ? {}
    : { [key]: said.reduce((before, text) => RULES[key](text, before), options[key] ?? []) };
}

const program = new Command('sys-indirect')
  .description(description ?? 'A glibc-style C library over a swappable Linux kernel, mocked in process')
  .version(version)
  .showSuggestionAfterError(false)
  .configureOutput({ outputError: () => {} })
  .exitOverride()
  .addHelpText(
    'after',
    `
Examples:
  sys-indirect demo
  sys-indirect kernels --json
  sys-indirect run examples/echo-accept4.ts --kernel 2.6.27
  sys-indirect run server.mjs --kernel 2.6.28 --route legacy --log events.txt -- --port 80`,
  );

const run = program
  .command('run')
  .summary('run a program on a kernel')
  .description(
    'Run FILE (.js, .mjs, .cjs, .ts, .mts), whose default export is async (libc, argv, env) => exit status.\n' +
      'ARGS, and options that are not listed here, go to the program; after -- everything does.',
  )
  .argument('[FILE]', 'the program')
  .argument('[ARGS...]', 'its arguments')
  .usage('FILE [ARGS...] [options]')
  .addOption(
    new Option('--kernel <RELEASE>', `the release to boot, or ${HOST}: the kernel of this machine`)
      .choices([...RELEASES, HOST])
      .default(RELEASES[RELEASES.length - 1]),
  )
  .addOption(new Option('--route <ROUTE>', 'how flags reach the kernel').choices(Object.keys(routes)).default('auto'))
  .option('--seed <N>', 'seed of the kernel, for its chance: same seed, same run', integer)
  .option('--junk <BYTE>', 'fill fresh user memory with this byte', byte)
  .option('--env <NAME=VALUE>', 'an environment variable; may be repeated', variable)
  .option('--log <FILE>', 'write what happens in the kernel to a file, one line for each event')
  .option('--json <FILE>', 'the same for machines: a line of JSON for each event')
  .option('--timeline <FILE>', 'write a timeline that ui.perfetto.dev opens')
  .option('--leaks', 'report descriptors that execve handed over although nobody meant it')
  .option(
    '--inject <RULE>',
    'do something to calls: SET:error=E, :retval=V, :signal=S, :delay_enter=D … :when=N; may be repeated',
    rule(parse_inject),
  )
  .option(
    '--overlay <NAME>',
    'lay something over the kernel: docker-eperm, seccomp-kill, enosys:NAME, einval-flag:NAME:FLAG; may be repeated',
    an_overlay,
  )
  .option(
    '--fault <RULE>',
    'let calls fail: SET[:error=E][:when=N], ENOSYS by default; may be repeated',
    rule(parse_fault),
  )
  .option('--strace', 'show system calls as strace(1) does, with options of its own: see below')
  .allowUnknownOption()
  .addHelpText(
    'after',
    `
${STRACE_HELP}

On a mock kernel the program reads what is piped to this command from its descriptor 0; what it writes to 1 and 2 goes to standard output.

Exit status: that of the program; 128 + N if signal N killed it; ${USAGE} if the command line is wrong; ${RUN_FAILED} if the run came to no
end of its own: a dead lock, a program that throws or cannot be loaded, a bug of the kernel.

With --leaks the status is ${LEAKED} if a descriptor leaked.

Rules are those of strace's --inject, and more of their kind: docs/faults.md. A rule that did nothing is told of at the end.

Examples:
  sys-indirect run examples/indirect-v3.ts --kernel 2.6.24-rc3-indirect-v3
  sys-indirect run examples/echo-accept4.ts --kernel 2.6.27 --log /dev/stderr
  sys-indirect run server.mjs --leaks --log events.txt --timeline trace.json
  sys-indirect run server.mjs --inject accept4:error=EMFILE:when=3+2 --fault %memory
  sys-indirect run examples/echo-accept4.ts --strace -f -y -e trace=network,close
  echo hello | sys-indirect run cat.mjs --kernel 2.6.23`,
  )
  .action(async (file: string | undefined, args: string[], options: RunOptions & { route: RouteName }) => {
    const [first, ...rest] = [...(file === undefined ? [] : [file]), ...args];
    // What commander does not know it hands through; before the program there is nobody to take it.
    if (first?.startsWith('-') === true) throw new UsageError(`unknown option '${first}'; ${possible('run')}`);
    const [name, ...passed] = first === undefined ? after_dashes : [first, ...rest, ...after_dashes];
    if (name === undefined) throw new UsageError('run needs a FILE: sys-indirect run FILE [ARGS...] [options]');
    leave(await run_file(name, passed, { ...options, ...rules_of(options, 'inject'), ...rules_of(options, 'fault') }));
  });

program
  .command('kernels')
  .summary('list the releases and what each has')
  .description('List the releases that can be booted, and what each has for descriptors.')
  .option('--json', 'everything, as JSON')
  .action(({ json }: { json?: boolean }) => {
    process.stdout.write(list_kernels(json === true));
    leave(0);
  });

program
  .command('demo')
  .summary('run the examples on every release')
  .description('Run the examples on every release, and print what the kernel saw and what they said.')
  .action(async () => {
    const { text, ok } = await demo();
    process.stdout.write(text);
    leave(ok ? 0 : RUN_FAILED);
  });

program
  .command('explore')
  .summary('try every order of events of a program')
  .description(
    'Try the orders in which the system calls, wake-ups and timers of FILE can happen, until one fails: by its exit status, a dead lock, an\n' +
      'exception, or something that is left. FILE is a program as for `run`; its export `explore` says what else to look at.',
  )
  .argument('[FILE]', 'the program; with --merge a report')
  .argument('[ARGS...]', 'its arguments; with --merge further reports')
  .usage('FILE [options] [-- ARGS...]')
  .addOption(new Option('--kernel <RELEASE>', 'the release to boot').choices(RELEASES))
  .addOption(new Option('--route <ROUTE>', 'how flags reach the kernel').choices(Object.keys(routes)))
  .addOption(new Option('--strategy <NAME>', 'how orders are chosen').choices(Object.keys(strategies)).default('dpor'))
  .option('--preemptions <N>', 'dfs: at most so many preemptions', integer)
  .option('--runs <N>', 'random, pct: so many orders (default 10000)', integer)
  .option('--depth <D>', 'pct: so many orderings have to meet (default 3)', integer)
  .option('--seed <S>', 'random, pct: same seed, same orders', integer)
  .option('--shared', 'dpor: threads share variables that nobody tells of')
  .option('--all', 'go on after the first failure, and count them')
  .option('--time <SECONDS>', 'stop after that time', duration)
  .option('--workers <N>', 'share the search among so many processes', integer)
  .option('--shard <I/N>', 'search part I of N', shard)
  .option('--checkpoint <FILE>', 'when stopped, write where the search is; go on from there next time')
  .option('--replay <SCHEDULE>', 'one order, as a report names it')
  .option('--merge', 'join the reports of all shards, which --json has written')
  .option('--compare', 'how many executions each strategy needs')
  .option('--json', 'the report as JSON')
  .addHelpText(
    'after',
    `
Exit status: 0 if no order failed, 1 if one did; ${USAGE} if the command line is wrong; ${RUN_FAILED} if the program is not deterministic, or the
schedule does not fit it.

Examples:
  sys-indirect explore examples/race-accept.ts --route legacy --all
  sys-indirect explore examples/full-pipes.ts --strategy dfs --preemptions 2
  sys-indirect explore server.mjs --strategy random --time 60 --workers 4 --all
  sys-indirect explore server.mjs --shard 1/8 --json > 1.json; sys-indirect explore --merge *.json`,
  )
  .action(async (file: string | undefined, args: string[], options: CommandOptions) => {
    if (file === undefined)
      throw new UsageError('explore needs a FILE: sys-indirect explore FILE [options] [-- ARGS...]');
    leave(await explore_file(file, [...args, ...after_dashes], options, (text) => process.stdout.write(text)));
  });

const COMMANDS = program.commands.map((c) => c.name());

/** The options there are: those of a command, or those that stand before it, and the commands. */
function possible(name: string | undefined): string {
  const command = program.commands.find((c) => c.name() === name);
  const options = [...(command ?? program).options.flatMap((o) => o.long ?? []), '--help'].join(', ');
  return command === undefined
    ? `there are ${options} and the commands ${COMMANDS.join(', ')}`
    : `${command.name()} has ${options}`;
}

/** The values that the option named in `text` takes. */
function possible_values(text: string): string {
  const option = program.commands.flatMap((c) => c.options).find((o) => text.includes(`'${o.flags}'`));
  return option?.argChoices === undefined ? '' : `; there are ${option.argChoices.join(', ')}`;
}

/** The one line for what is wrong with the command line. */
function usage_line(error: UsageError | CommanderError, argv: readonly string[]): string {
  const text = error.message.replace(/^error: /, '').trimEnd();
  switch (error instanceof CommanderError ? error.code : '') {
    case 'commander.unknownCommand':
      return `${text}; there are ${COMMANDS.join(', ')}`;
    case 'commander.unknownOption':
      return `${text}; ${possible(argv.find((arg) => !arg.startsWith('-')))}`;
    case 'commander.optionMissingArgument':
      return `${text}${possible_values(text)}`;
    default:
      return text;
  }
}

const argv = process.argv.slice(2);
const dashes = argv.indexOf('--');
// strace's letters are the program's own in a run without it.
if (argv.slice(0, dashes === -1 ? undefined : dashes).includes('--strace')) add_strace_options(run);
const after_dashes = dashes === -1 ? [] : argv.slice(dashes + 1);
try {
  if (argv[0] === 'help' && argv[1] !== undefined && !COMMANDS.includes(argv[1]))
    throw new UsageError(`unknown command '${argv[1]}'; there are ${COMMANDS.join(', ')}`);
  if (argv.length === 0) {
    program.outputHelp({ error: true });
    leave(USAGE);
  } else await program.parseAsync(dashes === -1 ? argv : argv.slice(0, dashes), { from: 'user' });
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) leave(0);
  else if (error instanceof CommanderError || error instanceof UsageError) {
    process.stderr.write(`sys-indirect: ${usage_line(error, argv)}\n`);
    leave(USAGE);
  } else throw error;
}
