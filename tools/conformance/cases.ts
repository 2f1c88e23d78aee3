/** Reading case files: one JSON object a line. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A step that has passed the check of its form. */
export interface Step {
  readonly call?: string;
  readonly args?: readonly unknown[];
  readonly as?: string;
  readonly errno?: string | readonly string[];
  readonly ret?: unknown;
  readonly data?: unknown;
  readonly out?: Readonly<Record<string, unknown>>;
  readonly task?: string;
  readonly blocks?: boolean;
  readonly times?: unknown;
  readonly until?: string;
  readonly join?: string;
  readonly check?: string;
  readonly is?: unknown;
  readonly sleep?: number;
  readonly fork?: readonly Step[];
}

export interface Case {
  readonly id: string;
  readonly source: string;
  readonly title: string;
  readonly needs?: readonly string[];
  readonly tags?: readonly string[];
  readonly steps: readonly Step[];
  readonly expect: Readonly<Record<string, unknown>>;
}

/** A line of a file: what it holds, or why it holds nothing. */
export interface Line {
  /** File and line number. */
  readonly at: string;
  readonly json?: unknown;
  readonly error?: string;
}

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

/** JSON whose integers of more than 53 bits become text, which is a number just as well where a case expects one. */
export function parse_json(text: string): unknown {
  return JSON.parse(
    text.replace(STRING_OR_NUMBER, (token) =>
      /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
    ),
  );
}

function parse_line(at: string, text: string): Line {
  try {
    return { at, json: parse_json(text) };
  } catch (error) {
    return { at, error: (error as Error).message };
  }
}

/** Every case of the *.jsonl files in `folder`, by name of the file. */
export function read_cases(folder: string): Line[] {
  if (!existsSync(folder)) throw new Error(`no folder ${folder}`);
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
  if (files.length === 0) {
    const below = existsSync(join(folder, 'cases')) ? `; is ${join(folder, 'cases')} meant?` : '';
    throw new Error(`no *.jsonl files in ${folder}${below}`);
  }
  return files.flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .flatMap((text, i) => (text.trim() === '' ? [] : [parse_line(`${name}:${i + 1}`, text)])),
  );
}
