/** Timers by expiry: a binary heap. Equal times fire in the order in which they were set. */
export interface Timer {
  /** CLOCK_MONOTONIC, nanoseconds. */
  expires: number;
  readonly func: () => void;
  seq: number;
  /** Place in the heap; -1: not set. */
  index: number;
}

export interface TimerQueue {
  readonly heap: Timer[];
  seq: number;
}

export function timerqueue(): TimerQueue {
  return { heap: [], seq: 0 };
}

export function timer(func: () => void): Timer {
  return { expires: 0, func, seq: 0, index: -1 };
}

const before = (a: Timer, b: Timer): boolean => a.expires < b.expires || (a.expires === b.expires && a.seq < b.seq);

function place(heap: Timer[], t: Timer, index: number): void {
  heap[index] = t;
  t.index = index;
}

function sift_up(heap: Timer[], t: Timer, start: number): void {
  let i = start;
  while (i > 0) {
    const up = (i - 1) >> 1;
    const parent = heap[up]!;
    if (before(parent, t)) break;
    place(heap, parent, i);
    i = up;
  }
  place(heap, t, i);
}

function sift_down(heap: Timer[], t: Timer, start: number): void {
  let i = start;
  for (;;) {
    let down = 2 * i + 1;
    if (down >= heap.length) break;
    if (down + 1 < heap.length && before(heap[down + 1]!, heap[down]!)) down++;
    const child = heap[down]!;
    if (before(t, child)) break;
    place(heap, child, i);
    i = down;
  }
  place(heap, t, i);
}

/** Set (or set anew) `t` to fire at `expires`. */
export function add_timer(q: TimerQueue, t: Timer, expires: number): void {
  del_timer(q, t);
  t.expires = expires;
  t.seq = q.seq++;
  q.heap.push(t);
  sift_up(q.heap, t, q.heap.length - 1);
}

export function del_timer(q: TimerQueue, t: Timer): void {
  const { index } = t;
  if (index < 0) return;
  t.index = -1;
  const last = q.heap.pop()!;
  if (last === t) return;
  sift_down(q.heap, last, index);
  sift_up(q.heap, last, last.index);
}

export function next_timer(q: TimerQueue): Timer | undefined {
  return q.heap[0];
}
