/** A program in the making: what operations draw on. Choices are numbers, and 0 is the plainest, so that fast-check can shrink them. */
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import { ARENA_SIZE, type Mask, type Program, type Step, type Value, type Word } from './program.js';

export type Kind =
  | 'unix_stream'
  | 'unix_dgram'
  | 'unix_seqpacket'
  | 'inet_stream'
  | 'inet_dgram'
  | 'pipe'
  | 'event'
  | 'timer'
  | 'epoll'
  | 'inotify'
  | 'file'
  | 'directory'
  | 'memfd'
  | 'signal';

/** A descriptor that an earlier step may have made. */
export interface Handle {
  readonly fd: Value;
  readonly kind: Kind;
  /** Calls on it are not expected to sleep. */
  readonly nonblock: boolean;
}

export const SOCKETS: readonly Kind[] = ['unix_stream', 'unix_dgram', 'unix_seqpacket', 'inet_stream', 'inet_dgram'];

export const number = (n: number): Value => ({ is: 'number', n });
export const pointer = (n: number): Value => ({ is: 'pointer', n });

/** Ints that calls store their descriptors in stand behind what single steps use. */
const SLOTS_AT = ARENA_SIZE - 2048;

export class Draw {
  readonly steps: Step[] = [];
  readonly handles: Handle[] = [];
  /** It looks paths up. */
  files = false;
  /** It has names in the network. */
  network = false;
  #choices: readonly number[] = [];
  #chosen = 0;
  /** Free bytes of the arena for this step. */
  #at = 64;
  #slots = SLOTS_AT;
  #words: Word[] = [];
  #masks: Mask[] = [];
  /** Bytes that may differ since an earlier step: set to zero before the next. */
  #dirty: Mask[] = [];

  begin(choices: readonly number[]): void {
    this.#choices = choices;
    this.#chosen = 0;
    this.#at = 64;
    this.#words = [];
    this.#masks = [];
  }

  /** One of 0 … n - 1. */
  below(n: number): number {
    return (this.#choices[this.#chosen++] ?? 0) % n;
  }

  /** One of few, the first the plainest. */
  of<T>(...values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  /** True once in n. */
  seldom(n: number): boolean {
    return this.below(n) === n - 1;
  }

  /** Some of these bits. */
  bits(...flags: readonly number[]): number {
    const mask = this.below(2 ** flags.length);
    return flags.reduce((sum, flag, i) => ((mask >> i) & 1 ? sum + flag : sum), 0);
  }

  /** Room for this step in the arena; 8-aligned. */
  room(length: number): number {
    const at = this.#at;
    this.#at += (length + 7) & ~7;
    if (this.#at > SLOTS_AT) throw new RangeError(`a step uses more than ${SLOTS_AT} bytes of the arena`);
    return at;
  }

  /** Room for an int that stays. */
  slot(): number {
    const at = this.#slots;
    this.#slots += 4;
    if (this.#slots > ARENA_SIZE) this.#slots = SLOTS_AT;
    return at;
  }

  store(at: number, size: Word['size'], value: Value | number): void {
    this.#words.push({ at, size, value: typeof value === 'number' ? number(value) : value });
  }

  /** Text with its NUL, or bytes; answers with where it stands. */
  bytes(text: string | readonly number[], nul = true): number {
    const bytes = typeof text === 'string' ? [...new TextEncoder().encode(text), ...(nul ? [0] : [])] : text;
    const at = this.room(bytes.length + 1);
    bytes.forEach((byte, i) => {
      this.store(at + i, 1, byte);
    });
    return at;
  }

  mask(at: number, length: number, why: Mask['why'] = 'any'): void {
    this.#masks.push({ at, length, why });
  }

  /** A pointer to `at`, seldom a bad one. */
  ptr(at: number): Value {
    if (!this.seldom(40)) return pointer(at);
    return this.of<Value>(
      number(0),
      pointer(ARENA_SIZE - 3),
      pointer(ARENA_SIZE),
      number(-1),
      number(2 ** 47),
      number(1),
    );
  }

  /** A descriptor of one of these kinds, seldom of another, seldom none. */
  handle(...kinds: readonly Kind[]): Handle {
    const fit = this.handles.filter((h) => kinds.includes(h.kind));
    const way = this.below(40);
    if (way === 39) return { fd: number(this.of(-1, 63, 1000, 2 ** 31)), kind: 'pipe', nonblock: true };
    const from = (way < 35 && fit.length > 0) || this.handles.length === 0 ? fit : this.handles;
    if (from.length === 0) return { fd: number(-1), kind: 'pipe', nonblock: true };
    // The youngest is the plainest.
    return from[from.length - 1 - this.below(from.length)]!;
  }

  /** A descriptor of one of these kinds and of no other; -1 if there is none. */
  only(...kinds: readonly Kind[]): Value {
    const fit = this.handles.filter((h) => kinds.includes(h.kind));
    return fit.length === 0 ? number(-1) : fit[fit.length - 1 - this.below(fit.length)]!.fd;
  }

  fd(...kinds: readonly Kind[]): Value {
    return this.handle(...kinds).fd;
  }

  /** Make a call; answers with a reference to its result. */
  call(call: CallName, args: readonly (Value | number)[], any_result = false): Value {
    for (const { at, length } of this.#dirty)
      for (let i = at; i < at + length; i++) this.#words.unshift({ at: i, size: 1, value: number(0) });
    // Addresses are each kernel's own.
    for (const { at, size, value } of this.#words) if (value.is === 'pointer') this.mask(at, size);
    this.#dirty = this.#masks;
    const values = args.map((arg) => (typeof arg === 'number' ? number(arg) : arg));
    this.steps.push({ call, args: values, words: this.#words, masks: this.#masks, any_result });
    this.#words = [];
    this.#masks = [];
    return { is: 'result', n: this.steps.length - 1 };
  }

  made(fd: Value, kind: Kind, nonblock: boolean): void {
    this.handles.push({ fd, kind, nonblock });
  }
}

/** An operation: makes one call, or a few that belong together. */
export type Operation = (draw: Draw) => void;

/** What fast-check draws for one operation: which, and its choices. */
export interface Drawn {
  readonly op: number;
  readonly choices: readonly number[];
}

export function build(operations: readonly Operation[], drawn: readonly Drawn[]): Program {
  const draw = new Draw();
  for (const { op, choices } of drawn) {
    draw.begin(choices);
    operations[op % operations.length]!(draw);
  }
  return { steps: draw.steps, files: draw.files, network: draw.network };
}
