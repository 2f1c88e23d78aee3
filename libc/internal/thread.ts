/**
 * One thread as the library sees it: its way into the kernel, its errno, and its stack, on which arguments are laid out in
 * the form of the ABI. Functions of the library are methods of it.
 */
import { put_u64 } from '../../kernel-mock/include/uapi/byteorder.js';
import type { Cpu, UserMemory } from '../../kernel-mock/include/uapi/seam.js';
import { NR } from '../../kernel-mock/include/uapi/unistd.js';
import { describe } from './describe.js';
import { to_bytes } from './text.js';
import type { Key, Process, Pthread, Start } from './process.js';

/** First size of a stack, made when a call first needs it: most calls pass registers only. */
const STACK_SIZE = 512;

/** A stack area; when one is full, a larger one follows until the calls on it have returned. */
interface Stack {
  readonly bytes: Uint8Array;
  /** The same bytes: one store for each field instead of one for each byte. */
  readonly view: DataView;
  readonly base: number;
  readonly below: Stack | null;
}

/** What an indirect call is made from, registers and parameters: memory that stays, so that a call has only to fill it in. */
export interface IndirectBlock {
  readonly bytes: Uint8Array;
  /** The same bytes: one store for each half of a register instead of four. */
  readonly view: DataView;
  readonly base: number;
  /** Is there something in the upper half of a register? */
  wide: boolean;
}

/** Where the areas of the calls under way begin: those below are of a call that a handler has interrupted. */
interface Frame {
  readonly nr_areas: number;
  readonly sp: number;
}

const NO_FRAME: Frame = { nr_areas: 0, sp: 0 };

export class Thread {
  /** Error number of the last call of this thread that failed; 0 at the start. */
  errno = 0;
  /** The seam itself: for calls that go around the library, `cpu.memory.map` gives the address of a buffer. */
  readonly cpu: Cpu;
  /** The environment, as exec functions pass it on: strings `NAME=value`. environ(7). */
  get environ(): string[] {
    return this.process.environ;
  }

  /** @internal What the threads of the process share. */
  readonly process: Process;
  /** @internal Numbers of the system calls in this thread's ABI. */
  readonly nr = NR;
  /** @internal What other threads know it by; null: nobody has asked yet. */
  self: Pthread | null = null;
  /** @internal What the child of the fork that is under way runs. */
  forking: Start | null = null;
  /** @internal Values of pthread_setspecific; null: none yet. */
  specific: Map<Key, unknown> | null = null;
  /** @internal The futex or fcntl call under way is a cancellation point. */
  cancel_call = false;
  /** @internal For the next indirect call; null: there is none yet, or a call that sleeps has it. */
  indirect_block: IndirectBlock | null = null;
  /** @internal Room for the control messages of the next receive; null: there is none yet, or a call that sleeps has it. */
  control_room: Uint8Array | null = null;
  /** @internal Address of the first free byte of the stack. */
  sp = 0;
  #stack: Stack | null = null;
  /** Area that is mapped for the length of the call under way; 0: none. */
  #area = 0;
  /** Those of calls that have more than one, and of calls that handlers have interrupted; null until there is one. */
  #areas: number[] | null = null;
  #frame = NO_FRAME;

  constructor(cpu: Cpu, process: Process) {
    this.cpu = cpu;
    this.process = process;
  }

  /**
   * `syscall(number, …)` of the kernel's interface: registers in, -errno or the value out. Library code only; programs use
   * `libc.syscall`.
   * @internal
   */
  enter(nr: number, a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0, a6 = 0): number | Promise<number> {
    if (
      typeof a1 !== 'number' ||
      typeof a2 !== 'number' ||
      typeof a3 !== 'number' ||
      typeof a4 !== 'number' ||
      typeof a5 !== 'number' ||
      typeof a6 !== 'number' ||
      // One of them is NaN: no register of a processor holds it, and to take it for 0 would hide where it came from.
      Number.isNaN(a1 + a2 + a3 + a4 + a5 + a6)
    )
      check_registers(this, nr, [a1, a2, a3, a4, a5, a6]);
    return this.cpu.syscall(nr, a1, a2, a3, a4, a5, a6);
  }

  /** What a call of the library returns: the value, or -1 with errno set. @internal */
  ret(r: number): number {
    if (r >= 0 || r < -4095) return r;
    this.errno = -r;
    return -1;
  }

  /** Room for `n` bytes on the stack, aligned to 8. Given back by `leave(old sp)`. Addresses
   * are good for the loads and stores below until the next `alloca`. @internal */
  alloca(n: number): number {
    const size = (n + 7) & ~7;
    let stack = this.#stack;
    if (stack === null || this.sp + size > stack.base + stack.bytes.length) {
      const bytes = new Uint8Array(Math.max(STACK_SIZE, 2 ** Math.ceil(Math.log2(size + 1))));
      stack = { bytes, view: new DataView(bytes.buffer), base: this.cpu.memory.map(bytes), below: stack };
      this.#stack = stack;
      this.sp = stack.base;
    }
    const at = this.sp;
    this.sp = at + size;
    const { junk } = this.cpu.memory;
    if (junk !== undefined) stack.bytes.fill(junk, at - stack.base, this.sp - stack.base);
    return at;
  }

  /** Give back everything that was allocated since `sp` was this. @internal */
  leave(sp: number): void {
    for (let stack = this.#stack; stack !== null && stack.below !== null; stack = stack.below) {
      if (sp >= stack.base && sp <= stack.base + stack.bytes.length) break;
      this.cpu.memory.unmap(stack.base);
      this.#stack = stack.below;
    }
    // The first stack stays; `sp` was 0 before it existed.
    this.sp = sp === 0 ? (this.#stack?.base ?? 0) : sp;
  }

  /** A handler begins on top of the call under way. @internal */
  push_frame(): Frame {
    const below = this.#frame;
    if (this.#area !== 0) (this.#areas ??= []).push(this.#area);
    this.#area = 0;
    this.#frame = { nr_areas: this.#areas === null ? 0 : this.#areas.length, sp: this.sp };
    return below;
  }

  /** The handler is done: `below` is what `push_frame` gave. @internal */
  pop_frame(below: Frame): void {
    this.#frame = below;
  }

  /** All that the call under way has laid out goes: its areas, and what it has of the stack. @internal */
  release(): void {
    const { memory } = this.cpu;
    if (this.#area !== 0) memory.unmap(this.#area);
    this.#area = 0;
    const { nr_areas, sp } = this.#frame;
    const areas = this.#areas;
    if (areas !== null) while (areas.length > nr_areas) memory.unmap(areas.pop()!);
    this.leave(sp);
  }

  /** The program has called the library as it cannot be called: it learns how, and nothing is left of the call. @internal */
  misuse(message: string): never {
    this.release();
    throw new TypeError(message);
  }

  /** Every area that the library has mapped for this thread. @internal */
  own_areas(): number[] {
    const own = this.#areas === null ? [] : this.#areas.slice();
    if (this.#area !== 0) own.push(this.#area);
    if (this.indirect_block !== null) own.push(this.indirect_block.base);
    for (let stack = this.#stack; stack !== null; stack = stack.below) own.push(stack.base);
    return own;
  }

  /** The thread is at its end: its areas go out of `memory`, which it may share with others. @internal */
  free_areas(memory: UserMemory = this.cpu.memory): void {
    for (const area of this.own_areas()) memory.unmap(area);
    this.indirect_block = null;
    this.#area = 0;
    this.#areas = null;
    this.#frame = NO_FRAME;
    this.#stack = null;
    this.sp = 0;
  }

  /** @internal */
  store16(address: number, value: number): void {
    const stack = this.#stack!;
    stack.view.setUint16(address - stack.base, value, true);
  }

  /** @internal */
  store32(address: number, value: number): void {
    const stack = this.#stack!;
    stack.view.setUint32(address - stack.base, value, true);
  }

  /** @internal */
  store64(address: number, value: number): void {
    const stack = this.#stack!;
    const at = address - stack.base;
    // Nearly every one: two stores instead of eight.
    if (value === (value | 0)) {
      stack.view.setInt32(at, value, true);
      stack.view.setInt32(at + 4, value >> 31, true);
    } else put_u64(stack.bytes, at, value);
  }

  /** @internal */
  store_bytes(address: number, bytes: Uint8Array): void {
    const stack = this.#stack!;
    stack.bytes.set(bytes, address - stack.base);
  }

  /** @internal */
  load_u32(address: number): number {
    const stack = this.#stack!;
    return stack.view.getUint32(address - stack.base, true);
  }

  /** @internal */
  load_s32(address: number): number {
    const stack = this.#stack!;
    return stack.view.getInt32(address - stack.base, true);
  }

  /** The stack that `alloca` gave room on last, and its address: for loops over many fields. @internal */
  stack_view(): DataView {
    return this.#stack!.view;
  }

  /** @internal */
  stack_base(): number {
    return this.#stack!.base;
  }

  /** A view of `n` stack bytes. @internal */
  load_bytes(address: number, n: number): Uint8Array {
    const stack = this.#stack!;
    return stack.bytes.subarray(address - stack.base, address - stack.base + n);
  }

  /** Text with its zero, for the length of a call. Ends with `unmap`. @internal */
  map_string(text: string | null): number {
    if (text === null) return 0;
    if (typeof text !== 'string') this.misuse(`a text is a string or null, not ${describe(text)}`);
    const bytes = to_bytes(text);
    const raw = new Uint8Array(bytes.length + 1);
    raw.set(bytes);
    return this.map(raw);
  }

  /** The address of a caller's buffer for the length of a call; 0 for null. Ends with `unmap`. @internal */
  map(bytes: Uint8Array | null): number {
    if (bytes === null) return 0;
    if (!(bytes instanceof Uint8Array)) this.misuse(`a buffer is a Uint8Array or null, not ${describe(bytes)}`);
    const area = this.cpu.memory.map(bytes);
    if (this.#area === 0) this.#area = area;
    else (this.#areas ??= []).push(area);
    return area;
  }

  /** @internal */
  unmap(address: number): void {
    if (address === 0) return;
    if (address === this.#area) this.#area = 0;
    else this.#forget(address);
    this.cpu.memory.unmap(address);
  }

  #forget(address: number): void {
    const areas = this.#areas;
    const at = areas === null ? -1 : areas.lastIndexOf(address);
    if (at !== -1) areas!.splice(at, 1);
  }
}

/** What cannot be in a register is a mistake of the program, found before the kernel is entered. */
function check_registers(t: Thread, nr: number, registers: readonly unknown[]): void {
  const at = registers.findIndex((r) => typeof r !== 'number' || Number.isNaN(r));
  // Two infinities: numbers, of which the kernel makes what it makes of all that are too large.
  if (at === -1) return;
  const name = Object.keys(NR).find((key) => NR[key as keyof typeof NR] === nr) ?? `system call ${nr}`;
  t.misuse(`argument ${at + 1} of ${name} is ${describe(registers[at])}, not a number`);
}
