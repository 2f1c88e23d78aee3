/** Where clone(2) and exit(2) keep the id of a thread while it lives: eight bytes of user memory for each, many in one array. */
import { get_u32, put_u32 } from '../../kernel-mock/include/uapi/byteorder.js';
import type { Thread } from './thread.js';

export interface TidWord {
  readonly ptr: number;
  readonly bytes: Uint8Array;
  /** Offset of the word in `bytes`. */
  readonly at: number;
}

const SIZE = 8;
const WORDS = 64;

/** The id of the thread; 0: it has ended, or has not begun. */
export function get_tid({ bytes, at }: TidWord): number {
  return get_u32(bytes, at);
}

/** The same, looked at by another thread. */
export function watch_tid(t: Thread, tid: TidWord): number {
  t.cpu.memory.touch?.(tid.ptr, false);
  return get_tid(tid);
}

export function put_tid({ bytes, at }: TidWord, tid: number): void {
  put_u32(bytes, at, tid);
}

/** A word that is 0. */
export function alloc_tid_word(t: Thread): TidWord {
  const { tid_words } = t.process;
  if (tid_words.length === 0) {
    const bytes = new Uint8Array(SIZE * WORDS);
    const ptr = t.cpu.memory.map(bytes);
    for (let at = bytes.length - SIZE; at >= 0; at -= SIZE) tid_words.push({ ptr: ptr + at, bytes, at });
  }
  const word = tid_words.pop()!;
  put_tid(word, 0);
  return word;
}

/** What the word of a thread is that has none: no id. */
const NONE: TidWord = { ptr: 0, bytes: new Uint8Array(SIZE), at: 0 };

/** The kernel does not look at the word of `thread` any more, and from now on the thread has none. */
export function free_tid_word(t: Thread, thread: { tid: TidWord }): void {
  t.process.tid_words.push(thread.tid);
  thread.tid = NONE;
}
