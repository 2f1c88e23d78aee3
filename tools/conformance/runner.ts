/** Runs many cases: checks their form, leaves out what is not asked for, and gathers what failed. */
import type { Case, Line } from './cases.js';
import { problems_of } from './check.js';
import type { Constants } from './constants.js';
import type { MachineOptions } from './machine.js';
import { mock_machine } from './machine.js';
import { type Failure, run_case } from './run.js';
import { is_object } from './value.js';

export interface Options extends MachineOptions {
  readonly constants: Constants;
  /** Leave out cases that need one of these. */
  readonly skip: readonly string[];
  /** Only ids with this text. */
  readonly text: string;
}

/** What is to be done with each line. */
export interface Plan {
  readonly cases: readonly Case[];
  /** Cases that cannot be run. */
  readonly malformed: readonly Failure[];
  readonly skipped: number;
}

/** What a case can ask of the system under test. A file of cases may use further ones. */
export const TAGS: readonly string[] = [
  ...['task', 'fork', 'exec', 'prog', 'script', 'signal', 'rlimit', 'inet', 'inet6', 'abstract', 'fs', 'dev', 'proc'],
  ...['fifo', 'inotify', 'locks', 'memfd', 'efault', 'user'],
];

/** The tags that cases among `lines` need. */
export function tags_of(lines: readonly Line[]): string[] {
  const found = lines.flatMap(({ json }): unknown[] =>
    is_object(json) && Array.isArray(json.needs) ? json.needs : [],
  );
  return [...new Set(found.filter((tag) => typeof tag === 'string'))];
}

/** The cases among `lines`; a malformed one is a failure, also if it would have been left out. */
export function plan(lines: readonly Line[], { constants, skip, text }: Options): Plan {
  const cases: Case[] = [];
  const malformed: Failure[] = [];
  const seen = new Set<string>();
  let skipped = 0;
  for (const { at, json, error } of lines) {
    const id = is_object(json) && typeof json.id === 'string' ? json.id : null;
    if (id !== null && !id.includes(text)) continue;
    const problems = error === undefined ? problems_of(json, constants) : [error];
    if (id !== null && seen.has(id)) problems.push('a second case with this id');
    if (id !== null) seen.add(id);
    const c = json as Case;
    if (problems.length > 0) malformed.push({ id: id ?? at, step: null, message: `malformed: ${problems.join('; ')}` });
    else if (c.needs?.some((tag) => skip.includes(tag)) === true) skipped++;
    else cases.push(c);
  }
  return { cases, malformed, skipped };
}

/** Run one case in a machine of its own. */
export async function run_one(c: Case, constants: Constants, options: MachineOptions): Promise<Failure | null> {
  try {
    return await run_case(c, mock_machine(options), constants);
  } catch (error) {
    return { id: c.id, step: null, message: `runner: ${String(error)}` };
  }
}
