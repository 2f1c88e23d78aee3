/**
 * Schedules as text: `14:3=4,7=w5,9=f#1c2e`. There were 14 choices; at the 4th (counted from 0: 3) task 4 was chosen in place of the
 * one that was running, at choice 7 sleeper 5 was woken in place of the first, at choice 9 a fault fired; all others were the usual
 * ones. Time that runs ahead is task 0. Behind # stands a fingerprint of all calls and results.
 */
import type { Tracer } from '../../kernel-mock/include/linux/trace.js';
import type { Choice } from './execution.js';
import type { ChoiceKind } from './strategy.js';

export interface Deviation {
  readonly kind: ChoiceKind;
  readonly id: number;
}

export interface Schedule {
  /** Choices of the execution. */
  readonly length: number;
  /** By number of the choice: where it was not the usual one. */
  readonly deviations: ReadonlyMap<number, Deviation>;
  /** Empty: not known. */
  readonly fingerprint: string;
}

const LETTERS: Readonly<Record<ChoiceKind, string>> = { task: '', wake: 'w', fault: 'f' };

export function schedule_of(choices: readonly Choice[], fingerprint: string): Schedule {
  const deviations = new Map<number, Deviation>();
  for (const [at, { usual, kind, id }] of choices.entries()) if (!usual) deviations.set(at, { kind, id });
  return { length: choices.length, deviations, fingerprint };
}

export function format_schedule({ length, deviations, fingerprint }: Schedule): string {
  const list = [...deviations].map(([at, { kind, id }]) => `${at}=${LETTERS[kind]}${kind === 'fault' ? '' : id}`);
  return `${length}:${list.join(',')}${fingerprint === '' ? '' : `#${fingerprint}`}`;
}

const FORM = /^(\d+):((?:\d+=(?:w?\d+|f)(?:,(?!$|#)|(?=$|#)))*)(?:#([0-9a-f]+))?$/;

export function parse_schedule(text: string): Schedule {
  const [, length, list = '', fingerprint = ''] = FORM.exec(text) ?? [];
  if (length === undefined) throw new RangeError(`'${text}' is no schedule; one looks like 14:3=4,7=w5,9=f#1c2e`);
  const deviations = new Map<number, Deviation>();
  for (const item of list.split(',').filter((part) => part !== '')) {
    const [at, what = ''] = item.split('=');
    const kind = what === 'f' ? 'fault' : what.startsWith('w') ? 'wake' : 'task';
    deviations.set(Number(at), { kind, id: kind === 'fault' ? 1 : Number(what.replace('w', '')) });
  }
  return { length: Number(length), deviations, fingerprint };
}

/** A listener that makes one number of every call, its registers that are no addresses, and its value: FNV-1a. */
export function fingerprinter(): { readonly tracer: Tracer; readonly text: () => string } {
  let hash = 0x811c9dc5;
  const mix = (n: number): void => {
    hash = Math.imul(hash ^ (n | 0), 0x01000193) >>> 0;
  };
  return {
    tracer: {
      sys_enter(task) {
        mix(task.pid);
        mix(task.nr);
        if (task.a1 < 0x10000) mix(task.a1);
      },
      sys_exit(task, ret) {
        mix(task.pid);
        mix(ret);
      },
    },
    text: () => ((hash ^ (hash >>> 16)) & 0xffff).toString(16).padStart(4, '0'),
  };
}
