/** Vectors of strings, as execve takes them. */
import { put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import type { Thread } from './thread.js';

/** A `char *[]` in user memory; `null` is a null pointer. */
export interface StringVector {
  readonly ptr: number;
  free(): void;
}

export function map_vector(t: Thread, strings: readonly string[] | null): StringVector {
  if (strings === null) return { ptr: 0, free() {} };
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

/** An environment as strings `NAME=value`: given so, or as an object. */
export type Env = Readonly<Record<string, string>> | readonly string[];

export function env_strings(env: Env | null): readonly string[] | null {
  if (env === null || Array.isArray(env)) return env as readonly string[] | null;
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}
