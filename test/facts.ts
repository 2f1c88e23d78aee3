/** Macros for tables of facts: a small program, and what it answers on every release. */
import test, { type ExecutionContext } from 'ava';
import {
  type BootOptions,
  type Libc,
  type PthreadT,
  type Release,
  type ThrowingLibc,
  releases,
  throwing,
} from '../index.js';
import { errno_names, signal_names } from '../kernel-mock/include/uapi/index.js';
import { RELEASES, run } from './helpers.js';

/**
 * The program of one row. `ok` throws where `libc` answers -1, so that what only prepares cannot fail unseen; a last call
 * through `libc` that answers -1 counts as the name of its errno.
 */
export type Fact = (libc: Libc, ok: ThrowingLibc) => Promise<unknown>;

/** What a row ends in: a value, or one for each release; undefined: the row does not apply to that release. */
export type Expected = number | boolean | string | readonly unknown[] | object | ((release: Release) => unknown);

/** What a call answered: its value, or the name of its error. */
export function outcome(libc: Libc, ret: number): number | string {
  return ret === -1 ? errno_names[libc.errno]! : ret;
}

/** What `fact` answers in a kernel of its own; the name of the signal, if one kills it. */
export async function answer(t: ExecutionContext, options: BootOptions, fact: Fact): Promise<unknown> {
  let got: unknown = 'nothing: it did not come to its end';
  const status = await run(t, options, async (libc) => {
    const value = await fact(libc, throwing(libc));
    got = value === -1 ? outcome(libc, -1) : value;
  });
  return (status & 0x7f) === 0 ? got : signal_names[status & 0x7f];
}

/** The answer on every release. */
export const answers = test.macro(async (t, fact: Fact, expected: Expected) => {
  for (const release of releases) {
    if (!RELEASES.includes(release.name)) continue;
    const wanted: unknown = typeof expected === 'function' ? (expected as (r: Release) => unknown)(release) : expected;
    if (wanted === undefined) continue;
    t.deepEqual(await answer(t, { release: release.name }, fact), wanted, release.name);
  }
});

/** Start a thread that runs `routine`; answers with the function that joins it and gives its result. */
export async function thread<T>(
  libc: Libc,
  routine: (libc: Libc, ok: ThrowingLibc) => Promise<T>,
): Promise<() => Promise<T>> {
  const pt: PthreadT = {};
  const err = await libc.pthread_create(pt, null, (own: Libc) => routine(own, throwing(own)), null);
  if (err !== 0) throw new Error(`pthread_create: ${errno_names[err]}`);
  return async () => {
    const retval: { value?: unknown } = {};
    const failed = await libc.pthread_join(pt, retval);
    if (failed !== 0) throw new Error(`pthread_join: ${errno_names[failed]}`);
    return retval.value as T;
  };
}

/** Let the others go on: sleep for `ms` milliseconds. */
export async function msleep(libc: Libc, ms: number): Promise<void> {
  await libc.poll([], ms);
}

/** The bytes of a text. */
export function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** The text of the first `n` bytes. */
export function text(raw: Uint8Array, n = raw.length): string {
  return String.fromCharCode(...raw.subarray(0, n));
}

/** What one receive of up to `room` bytes answers: the text, or the name of the error; '' is end of file. */
export async function receive(libc: Libc, fd: number, room = 100, flags = 0): Promise<string> {
  const buf = new Uint8Array(room);
  const n = await libc.recv(fd, buf, flags);
  return n === -1 ? errno_names[libc.errno]! : text(buf, n);
}

/** Allow `n` descriptors. */
export async function limit_descriptors(ok: ThrowingLibc, n: number): Promise<void> {
  await ok.setrlimit(7, { rlim_cur: n, rlim_max: 4096 });
}
