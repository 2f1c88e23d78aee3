/** The words in memory that threads wait on: what mutexes, conditions and the like are made of. */
import { ENOSYS } from '../../kernel-mock/include/uapi/errno.js';
import {
  FUTEX_BITSET_MATCH_ANY,
  FUTEX_CLOCK_REALTIME,
  FUTEX_PRIVATE_FLAG,
  FUTEX_WAIT,
  FUTEX_WAIT_BITSET,
  FUTEX_WAKE,
} from '../../kernel-mock/include/uapi/futex.js';
import { CLOCK_REALTIME } from '../../kernel-mock/include/uapi/time.js';
import type { Thread } from './thread.js';
import { type Timespec, decode_timespec, encode_timespec } from './timespec.js';

/** Two words of 32 bits, in memory from their first use on. Threads wait on the first. */
export interface Word {
  word?: Uint8Array;
  ptr?: number;
}

export function word_of(t: Thread, w: Word): Uint8Array {
  if (w.word === undefined) {
    w.word = new Uint8Array(8);
    w.ptr = t.cpu.memory.map(w.word);
  }
  t.cpu.memory.touch?.(w.ptr!, true);
  // After a fork the child's word is its own copy.
  return t.cpu.memory.bytes(w.ptr!) ?? w.word;
}

export function drop_word(t: Thread, w: Word): void {
  if (w.ptr !== undefined) t.cpu.memory.unmap(w.ptr);
  delete w.word;
  delete w.ptr;
}

/** Wake up to `n` threads that wait on it. */
export async function wake(t: Thread, w: Word, n: number): Promise<void> {
  await t.enter(t.nr.futex, w.ptr, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, n);
}

/** Can it be the moment at which a wait ends? */
export function is_moment({ tv_nsec }: Timespec): boolean {
  return tv_nsec >= 0 && tv_nsec < 1e9;
}

/** Sleep while the word is `value`, until a moment of the date at the longest. The answer of futex. */
export async function wait_on(t: Thread, w: Word, value: number, until: Timespec | null): Promise<number> {
  const ret = await futex_wait(t, w, value, until);
  // Whoever was asleep looks at the word again.
  t.cpu.memory.touch?.(w.ptr!, true);
  return ret;
}

async function futex_wait(t: Thread, w: Word, value: number, until: Timespec | null): Promise<number> {
  if (until === null) return t.enter(t.nr.futex, w.ptr, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value);
  const ts = t.map(encode_timespec(until));
  const op = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME;
  const ret = await t.enter(t.nr.futex, w.ptr, op, value, ts, 0, FUTEX_BITSET_MATCH_ANY);
  t.unmap(ts);
  return ret === -ENOSYS ? wait_for(t, w, value, until) : ret;
}

/** Before 2.6.29 a futex knows durations only: the rest until then, as glibc did. */
async function wait_for(t: Thread, w: Word, value: number, until: Timespec): Promise<number> {
  const raw = encode_timespec(until);
  const ts = t.map(raw);
  const now = { tv_sec: 0, tv_nsec: 0 };
  await t.enter(t.nr.clock_gettime, CLOCK_REALTIME, ts);
  decode_timespec(raw, now);
  const left = Math.max((until.tv_sec - now.tv_sec) * 1e9 + until.tv_nsec - now.tv_nsec, 0);
  raw.set(encode_timespec({ tv_sec: Math.floor(left / 1e9), tv_nsec: left % 1e9 }));
  const ret = await t.enter(t.nr.futex, w.ptr, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value, ts);
  t.unmap(ts);
  return ret;
}
