/** Constants by name, and the canonical names of error numbers. */
import { readFileSync } from 'node:fs';
import * as uapi from '../../kernel-mock/include/uapi/index.js';
import { is_object } from './value.js';

export interface Constants {
  readonly values: ReadonlyMap<string, bigint>;
  readonly errno_names: ReadonlyMap<number, string>;
}

/** Of the numbers with two names. */
const CANONICAL = ['EAGAIN', 'EOPNOTSUPP', 'EDEADLK'];

function constants_of(values: ReadonlyMap<string, bigint>): Constants {
  const errno_names = new Map<number, string>();
  for (const [name, value] of values)
    if (/^E(?!POLL)[A-Z0-9]+$/.test(name) && !errno_names.has(Number(value))) errno_names.set(Number(value), name);
  for (const name of CANONICAL) {
    const value = values.get(name);
    if (value !== undefined) errno_names.set(Number(value), name);
  }
  return { values, errno_names };
}

/** Of spawn.h, which is the C library's alone. */
const SPAWN_H = {
  POSIX_SPAWN_SETPGROUP: 2n,
  POSIX_SPAWN_SETSIGDEF: 4n,
  POSIX_SPAWN_SETSIGMASK: 8n,
  POSIX_SPAWN_SETSID: 128n,
};

/** A JSON object of numbers. */
export function read_constants(path: string): Constants {
  const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!is_object(json)) throw new TypeError(`${path} is no object of constants`);
  const values = new Map<string, bigint>();
  for (const [name, value] of Object.entries(json)) {
    if (typeof value !== 'number' || !Number.isSafeInteger(value))
      throw new TypeError(`${path}: ${name} is no whole number`);
    values.set(name, BigInt(value));
  }
  return constants_of(values);
}

/** The numbers among the headers of the project. */
export function uapi_constants(): Constants {
  const values = new Map<string, bigint>(Object.entries(SPAWN_H));
  for (const [name, value] of Object.entries(uapi))
    if (typeof value === 'number' && Number.isSafeInteger(value)) values.set(name, BigInt(value));
  // All bits set: no number of JavaScript.
  values.set('RLIM_INFINITY', -1n);
  return constants_of(values);
}
