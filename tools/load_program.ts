/** Loading the file of a user's program: its default export. */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Program } from '../index.js';
import { UsageError } from './usage.js';

/** Does this Node run TypeScript files by itself? */
function strips_types(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}

/** The first TypeScript whose main module is no compiler any more. */
const NATIVE_TYPESCRIPT = 7;

/** The TypeScript compiler that the program's folder sees, or this package's own. */
function find_typescript(file: string): string {
  let found = '';
  for (const from of [resolve(file), import.meta.url]) {
    try {
      const require = createRequire(from);
      const { version } = require('typescript/package.json') as { version: string };
      if (parseInt(version) < NATIVE_TYPESCRIPT) return require.resolve('typescript');
      found = ` (typescript ${version} beside it has no such interface)`;
    } catch {
      // Not there: the next one.
    }
  }
  throw new UsageError(
    `${file} is TypeScript, which Node ${process.versions.node} does not run: npm install typescript@6 beside it${found}, or use Node 22.18 or later`,
  );
}

/** What a program file holds. */
export interface ProgramFile {
  readonly main: Program;
  /** Its export `programs`: what is installed at which path before it runs. */
  readonly programs: Readonly<Record<string, Program>>;
}

/** The program of `file`. UsageError if there is none. */
export async function load_program(file: string): Promise<ProgramFile> {
  const path = resolve(file);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new UsageError(`there is no file ${file}`);
  if (!stat.isFile() || !/\.(?:[mc]?js|m?ts)$/.test(path))
    throw new UsageError(`${file} is no program file: that is .js, .mjs, .cjs, .ts or .mts`);
  const typescript = /ts$/.test(path) && !strips_types() ? find_typescript(file) : null;
  process.setSourceMapsEnabled(true);
  register('./module_hooks.js', { parentURL: import.meta.url, data: { typescript } });

  const module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  const program = module['default'];
  const wanted = 'export default async (libc, argv, env) => exit status';
  if (!('default' in module)) throw new UsageError(`${file} has no default export; a program file says ${wanted}`);
  if (typeof program !== 'function')
    throw new UsageError(
      `the default export of ${file} is ${program === null ? 'null' : `of type ${typeof program}`}, not a function; a program file says ${wanted}`,
    );
  return { main: program as Program, programs: (module['programs'] ?? {}) as ProgramFile['programs'] };
}

/**
 * A syntax error in `file` with the line where it is, which Node tells only to those who start it; null: it is not known,
 * or `error` is something else.
 */
export function syntax_error(file: string, error: unknown): string | null {
  if (!(error instanceof SyntaxError) || file.endsWith('ts')) return null;
  const { stderr } = spawnSync(process.execPath, ['--check', resolve(file)], { encoding: 'utf8' });
  const [where = ''] = stderr.split('\n\n');
  return where === '' ? null : `${error.name}: ${error.message}\n${where}`;
}
