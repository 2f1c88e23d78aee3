/** Two outcomes of one program: where they part. */
import { EFAULT } from '../../kernel-mock/include/uapi/errno.js';
import type { Descriptor, Mask, Outcome, Program, Result, Run, Step } from './program.js';

/** Where two outcomes part. */
export interface Difference {
  /** Index of the step. */
  readonly step: number;
  readonly what: string;
}

/** First port that a kernel chooses by itself (ip_local_port_range). */
const EPHEMERAL = 32_768;

/**
 * What a call that failed with EFAULT has stored before it came to the bad address is nobody's promise; a program is not followed
 * any further when it differs.
 */
const UNSPECIFIED = '';

function is_ephemeral(memory: ReadonlyMap<number, number>, at: number): boolean {
  return (memory.get(at) ?? 0) * 256 + (memory.get(at + 1) ?? 0) >= EPHEMERAL;
}

/** The five hexadecimal digits of unix_autobind. */
function is_autobind(memory: ReadonlyMap<number, number>, at: number): boolean {
  return [0, 1, 2, 3, 4].every((i) => /[\da-f]/.test(String.fromCharCode(memory.get(at + i) ?? 0)));
}

const chosen: Readonly<Record<Mask['why'], (memory: ReadonlyMap<number, number>, at: number) => boolean>> = {
  any: () => true,
  port: is_ephemeral,
  autobind: is_autobind,
};

/** What a call changed, byte by byte, without what is not compared. */
function bytes_of(runs: readonly Run[], masks: readonly Mask[]): Map<number, number> {
  const memory = new Map<number, number>();
  for (const { at, bytes } of runs) bytes.forEach((byte, i) => memory.set(at + i, byte));
  for (const { at, length, why } of masks)
    if (chosen[why](memory, at)) for (let i = at; i < at + length; i++) memory.delete(i);
  return memory;
}

function memory_difference(step: Step, real: Result, mock: Result): string | null {
  const a = bytes_of(real.runs, step.masks);
  const b = bytes_of(mock.runs, step.masks);
  const at = [...new Set([...a.keys(), ...b.keys()])].sort((x, y) => x - y).find((i) => a.get(i) !== b.get(i));
  if (at === undefined) return null;
  const show = (memory: ReadonlyMap<number, number>): string =>
    Array.from({ length: 8 }, (_, i) => memory.get(at + i)?.toString(16) ?? '--').join(' ');
  return `memory from +${at}: Linux ${show(a)}, mock ${show(b)}`;
}

function format_descriptor(d: Descriptor | undefined): string {
  if (d === undefined) return 'closed';
  return `F_GETFD ${d.fd_flags}, F_GETFL 0${d.status_flags.toString(8)}, revents 0x${d.revents.toString(16)}`;
}

function descriptor_difference(real: Result, mock: Result): string | null {
  const fds = new Set([...real.descriptors, ...mock.descriptors].map((d) => d.fd));
  for (const fd of fds) {
    const a = format_descriptor(real.descriptors.find((d) => d.fd === fd));
    const b = format_descriptor(mock.descriptors.find((d) => d.fd === fd));
    if (a !== b) return `descriptor ${fd}: Linux ${a}; mock ${b}`;
  }
  return null;
}

function result_difference(step: Step, real: Result, mock: Result): string | null {
  const same = real.ret === mock.ret || (step.any_result === true && real.ret >= 0 && mock.ret >= 0);
  if (!same) return `result: Linux ${real.ret}, mock ${mock.ret}`;
  const memory = memory_difference(step, real, mock);
  if (memory !== null && real.ret === -EFAULT) return UNSPECIFIED;
  return memory ?? descriptor_difference(real, mock);
}

function format_end({ end }: Outcome): string {
  if (end === 0) return 'goes on';
  return end === -1 ? 'sleeps' : `is killed by signal ${end}`;
}

/** The first difference, or null. */
export function difference(program: Program, real: Outcome, mock: Outcome): Difference | null {
  const done = Math.min(real.results.length, mock.results.length);
  for (let step = 0; step < done; step++) {
    const what = result_difference(program.steps[step]!, real.results[step]!, mock.results[step]!);
    if (what !== null) return what === UNSPECIFIED ? null : { step, what };
  }
  if (real.end === mock.end && real.results.length === mock.results.length) return null;
  const end = (o: Outcome): string => (o.results.length > done ? 'goes on' : format_end(o));
  return { step: done, what: `the call: Linux ${end(real)}, mock ${end(mock)}` };
}
