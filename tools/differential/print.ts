/** A program, and where it parts, for people. */
import type { Found } from './differential.js';
import { kind_of } from './search.js';
import type { Program, Step, Value } from './program.js';

function format_value({ is, n }: Value): string {
  if (is === 'number') return String(n);
  if (is === 'pointer') return `arena+${n}`;
  return is === 'result' ? `r${n}` : `[+${n}]`;
}

function format_step({ call, args, words }: Step, index: number): string {
  const stores = words.map(({ at, size, value }) => `${at}:${size}=${format_value(value)}`).join(' ');
  return `  r${index} = ${call}(${args.map(format_value).join(', ')})${stores === '' ? '' : `   with ${stores}`}`;
}

export function format_program(program: Program): string {
  return program.steps.map(format_step).join('\n');
}

export function format_found(found: Found): string {
  const { program, step, what } = found;
  const steps = program.steps.slice(0, step + 1);
  return `${kind_of(found)}\n${format_program({ ...program, steps })}\n  -> ${what}\n`;
}
