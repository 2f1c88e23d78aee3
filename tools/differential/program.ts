/** Programs of raw system calls, what comes back of them, and how both travel to the reference executor (executor.c) and back. */
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import { syscall_tbl } from '../../kernel-mock/include/uapi/unistd.js';

/** Bytes of user memory that a program has; nothing is mapped before and behind them. */
export const ARENA_SIZE = 16_384;
/** Descriptors are looked at up to here. */
export const MAX_FD = 64;

/** A register, or what is stored in memory before a call. */
export type Value =
  | { readonly is: 'number'; readonly n: number }
  /** Address of the arena plus `n`. */
  | { readonly is: 'pointer'; readonly n: number }
  /** What step `n` answered. */
  | { readonly is: 'result'; readonly n: number }
  /** The int that stands at `n` in the arena: a descriptor that a call stored there. */
  | { readonly is: 'int_at'; readonly n: number };

const KINDS: readonly Value['is'][] = ['number', 'pointer', 'result', 'int_at'];

export interface Word {
  readonly at: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly value: Value;
}

/** Bytes from `at` on that are not compared: a time, an inode number. 'port' and 'autobind': only if a kernel has chosen them. */
export interface Mask {
  readonly at: number;
  readonly length: number;
  readonly why: 'any' | 'port' | 'autobind';
}

export interface Step {
  readonly call: CallName;
  readonly args: readonly Value[];
  /** Stored before the call. */
  readonly words: readonly Word[];
  readonly masks: readonly Mask[];
  /** The answer is not compared if it is no error: a process id, a cookie. */
  readonly any_result?: boolean;
}

export interface Program {
  readonly steps: readonly Step[];
  /** It looks paths up. */
  readonly files: boolean;
  /** It binds or connects sockets. */
  readonly network: boolean;
}

export interface Run {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** An open descriptor after a step. */
export interface Descriptor {
  readonly fd: number;
  readonly fd_flags: number;
  readonly status_flags: number;
  readonly revents: number;
}

export interface Result {
  readonly ret: number;
  /** What the call changed in the arena. */
  readonly runs: readonly Run[];
  readonly descriptors: readonly Descriptor[];
}

export interface Outcome {
  readonly results: readonly Result[];
  /** 0: at its end; a signal: killed by it in the step after the last result; -1: it sleeps there. */
  readonly end: number;
}

const STEP_SIZE = 8 + 6 * 16;
const WORD_SIZE = 8 + 16;

function put_value(view: DataView, at: number, value: Value): void {
  view.setUint32(at, KINDS.indexOf(value.is), true);
  view.setBigInt64(at + 8, BigInt(value.n), true);
}

const ZERO: Value = { is: 'number', n: 0 };

/** As the executor reads it, with the header. */
export function encode({ steps, files, network }: Program): Uint8Array {
  const words = steps.reduce((sum, step) => sum + step.words.length, 0);
  const bytes = new Uint8Array(12 + steps.length * STEP_SIZE + words * WORD_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length - 12, true);
  view.setUint32(4, steps.length, true);
  view.setUint32(8, (files ? 1 : 0) + (network ? 2 : 0), true);
  let at = 12;
  for (const step of steps) {
    view.setUint32(at, syscall_tbl[step.call].x86_64, true);
    view.setUint32(at + 4, step.words.length, true);
    for (let i = 0; i < 6; i++) put_value(view, at + 8 + 16 * i, step.args[i] ?? ZERO);
    at += STEP_SIZE;
    for (const word of step.words) {
      view.setUint32(at, word.at, true);
      view.setUint32(at + 4, word.size, true);
      put_value(view, at + 8, word.value);
      at += WORD_SIZE;
    }
  }
  return bytes;
}

/** What the executor answered: `done` results. */
export function decode(bytes: Uint8Array, done: number, end: number): Outcome {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const u32 = (): number => view.getUint32((at += 4) - 4, true);
  const s32 = (): number => view.getInt32((at += 4) - 4, true);
  const results: Result[] = [];
  for (let i = 0; i < done; i++) {
    const ret = Number(view.getBigInt64(at, true));
    at += 8;
    const runs: Run[] = [];
    for (let n = u32(); n > 0; n--) {
      const start = u32();
      const length = u32();
      runs.push({ at: start, bytes: bytes.slice(at, at + length) });
      at += length;
    }
    const descriptors: Descriptor[] = [];
    for (let n = u32(); n > 0; n--)
      descriptors.push({ fd: s32(), fd_flags: s32(), status_flags: s32(), revents: s32() });
    results.push({ ret, runs, descriptors });
  }
  return { results, end };
}
