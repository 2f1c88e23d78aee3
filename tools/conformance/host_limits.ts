/**
 * What the runtime makes impossible on the kernel of this machine: cases that are left out there, and why. A row says what a
 * case must contain to be left out.
 */
import { unoffered } from '../../kernel-host/index.js';
import type { Case, Step } from './cases.js';

interface Limit {
  /** For people. */
  readonly reason: string;
  applies(c: Case): boolean;
}

/** All steps, those of children too. */
function steps_of(steps: readonly Step[]): Step[] {
  return steps.flatMap((step) => [step, ...steps_of(step.fork ?? [])]);
}

function needs(...tags: readonly string[]): (c: Case) => boolean {
  return (c) => tags.some((tag) => c.needs?.includes(tag) === true);
}

function calls(...names: readonly string[]): (c: Case) => boolean {
  return (c) => steps_of(c.steps).some(({ call }) => call !== undefined && names.includes(call));
}

export const limits: readonly Limit[] = [
  { reason: 'fork: a copy of the runtime would have one of its threads only', applies: needs('fork') },
  { reason: 'programs of the library are no files of this machine', applies: needs('prog', 'script', 'exec') },
  { reason: 'not offered: see kernel-host/table.ts', applies: calls(...Object.keys(unoffered)) },
];

/** Why `c` is left out; null: it is not. */
export function why_left_out(c: Case): string | null {
  return limits.find((limit) => limit.applies(c))?.reason ?? null;
}
