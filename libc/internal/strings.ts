/** Vectors of strings, as execve takes them. */
import { put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import { want_list } from './describe.js';
import type { Thread } from './thread.js';

/** A `char *[]` in user memory; `null` is a null pointer. */
export interface StringVector {
  readonly ptr: number;
  free(): void;
}

export function map_vector(t: Thread, strings: readonly string[] | null): StringVector {
  if (strings === null) return { ptr: 0, free() {} };
  want_list(strings, 'argv and envp are lists of strings');
  const ptrs = strings.map((s) => t.map_string(s));
  const raw = new Uint8Array(8 * (strings.length + 1));
  ptrs.forEach((p, i) => {
    put_u64(raw, 8 * i, p);
  });
  const ptr = t.map(raw);
  return {
    ptr,
    free() {
      for (const p of ptrs) t.unmap(p);
      t.unmap(ptr);
    },
  };
}

/** Can a string `NAME=value` begin with it? */
export function is_env_name(name: string): boolean {
  return name !== '' && !name.includes('=');
}

/** The value of the first string of that name, or null. */
export function get_env(environ: readonly string[], name: string): string | null {
  if (!is_env_name(name)) return null;
  const found = environ.find((s) => s.startsWith(`${name}=`));
  return found === undefined ? null : found.slice(name.length + 1);
}

/** An environment as strings `NAME=value`: given so, or as an object. */
export type Env = Readonly<Record<string, string>> | readonly string[];

export function env_strings(env: Env | null): readonly string[] | null {
  if (env === null || Array.isArray(env)) return env as readonly string[] | null;
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}
