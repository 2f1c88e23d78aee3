/** strace's own short options on the command line of `sys-indirect run`. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { UsageError } from './usage.js';
import { type Strace, type StraceOptions, strace } from './strace/strace.js';

/** What commander makes of the options that `add_strace_options` adds. */
export interface StraceFlags {
  readonly strace?: boolean;
  readonly f?: boolean;
  readonly e?: readonly string[];
  readonly o?: string;
  readonly s?: number;
  readonly y?: number;
  readonly t?: number;
  readonly r?: boolean;
  readonly T?: boolean;
  readonly c?: boolean;
  readonly C?: boolean;
  readonly x?: number;
  readonly v?: boolean;
  readonly q?: boolean;
}

const count = (_: unknown, before: number | undefined): number => (before ?? 0) + 1;
const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

function limit(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is a number of bytes.');
  return Number(text);
}

/** The options, one letter each as strace has them, and what they do. */
const LETTERS = [
  ['-f', 'children and threads too'],
  ['-e <EXPR>', 'trace=SET, signal=SET, inject=RULE, fault=RULE as strace takes them; may be repeated', collect],
  ['-o <FILE>', 'write to a file instead of standard error'],
  ['-s <N>', 'how many bytes of a string are shown (32)', limit],
  ['-y', 'what descriptors refer to; -yy: more of sockets and devices', count],
  ['-t', 'the time of day; -tt: with microseconds; -ttt: in seconds since 1970', count],
  ['-r', 'the time since the line before'],
  ['-T', 'the time spent in each call'],
  ['-c', 'only a table that counts calls, errors and time'],
  ['-C', 'that table, and the lines'],
  ['-x', 'strings that are no text in hexadecimal; -xx: all strings', count],
  ['-v', 'vectors of strings in full'],
  ['-q', 'no lines about tasks that come and go'],
] as const;

export const STRACE_HELP = `Beside --strace these are strace's (without it, or after --, they are the program's):
${LETTERS.map(([letter, text]) => `  ${letter.padEnd(20)}${text}`).join('\n')}
Times are those of the kernel's clock, which is virtual.`;

/** Take strace's letters. */
export function add_strace_options(command: Command): void {
  for (const [letter, text, parse] of LETTERS) {
    if (parse === undefined) command.option(letter, text);
    else command.option(letter, text, parse as (value: string, before: unknown) => unknown);
  }
}

const TIMES = ['t', 'tt', 'ttt'] as const;

/** What of -e is for strace itself. */
function expressions(list: readonly string[]): { trace?: string; signal?: string } {
  const found: { trace?: string; signal?: string } = {};
  for (const text of list) {
    const at = text.indexOf('=');
    const [key, value] = at === -1 ? ['trace', text] : [text.slice(0, at), text.slice(at + 1)];
    if (key === 'trace' || key === 't') found.trace = value;
    else if (key === 'signal' || key === 'signals' || key === 's') found.signal = value;
    else if (key !== 'inject' && key !== 'fault')
      throw new UsageError(`-e takes trace=SET, signal=SET, inject=RULE or fault=RULE, not '${text}'`);
  }
  return found;
}

function open_file(path: string): { write: (text: string) => void; close: () => void } {
  let fd: number;
  try {
    fd = openSync(path, 'w');
  } catch (error) {
    throw new UsageError(`cannot write -o ${path}: ${(error as Error).message}`);
  }
  return { write: (text) => writeSync(fd, text), close: () => closeSync(fd) };
}

/** What `-e KEY=` says, for `key` inject or fault. */
export function expression_values({ e = [] }: StraceFlags, key: string): readonly string[] {
  return e.flatMap((text) => (text.startsWith(`${key}=`) ? [text.slice(key.length + 1)] : []));
}

/** The listener that the command line asks for, or null. @throws UsageError */
export function open_strace(flags: StraceFlags): Strace | null {
  if (flags.strace !== true) return null;
  const file = flags.o === undefined ? null : open_file(flags.o);
  const to_stderr = (text: string): void => {
    process.stderr.write(text);
  };
  const time = flags.r === true ? 'r' : TIMES[Math.min(flags.t ?? 0, 3) - 1];
  const options: StraceOptions = {
    write: file?.write ?? to_stderr,
    message: flags.q === true ? null : to_stderr,
    follow: flags.f === true,
    to_file: file !== null,
    ...expressions(flags.e ?? []),
    decode_fds: Math.min(flags.y ?? 0, 2) as 0 | 1 | 2,
    hex_strings: Math.min(flags.x ?? 0, 2) as 0 | 1 | 2,
    verbose: flags.v === true,
    quiet: flags.q === true,
    durations: flags.T === true,
    ...(flags.s === undefined ? {} : { string_limit: flags.s }),
    ...(time === undefined ? {} : { time }),
    ...(flags.c === true ? { summary: 'only' } : flags.C === true ? { summary: 'too' } : {}),
  };
  const made = strace(options);
  return {
    tracer: made.tracer,
    end: () => {
      made.end();
      file?.close();
    },
  };
}
