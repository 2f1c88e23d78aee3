/** A queue of references: first in, first out, with removal from the middle for the few who need it. */
export interface Fifo<T> {
  /**
   * The items from `head` to `tail`; the rest are holes. It is not cut when the queue is empty: that would give its memory
   * back, and the next item would ask for it again (measured: 150 bytes of garbage for each message through a socket).
   */
  readonly items: (T | undefined)[];
  head: number;
  tail: number;
}

/** From so many holes in front on the items are moved down. */
const MANY_HOLES = 64;

export function fifo<T>(): Fifo<T> {
  return { items: [], head: 0, tail: 0 };
}

export function fifo_len<T>(q: Fifo<T>): number {
  return q.tail - q.head;
}

export function fifo_push<T>(q: Fifo<T>, item: T): void {
  q.items[q.tail++] = item;
}

export function fifo_peek<T>(q: Fifo<T>): T | undefined {
  return q.head === q.tail ? undefined : q.items[q.head];
}

/** The item that was put in last. */
export function fifo_last<T>(q: Fifo<T>): T | undefined {
  return q.head === q.tail ? undefined : q.items[q.tail - 1];
}

/** Forget all items, and give the memory back. */
export function fifo_clear<T>(q: Fifo<T>): void {
  q.items.length = 0;
  q.head = 0;
  q.tail = 0;
}

/** Move the items down to the start. */
function close_up<T>(q: Fifo<T>): void {
  q.items.copyWithin(0, q.head, q.tail);
  const len = q.tail - q.head;
  q.items.fill(undefined, len, q.tail);
  q.head = 0;
  q.tail = len;
}

export function fifo_shift<T>(q: Fifo<T>): T | undefined {
  const { items, head } = q;
  if (head === q.tail) return undefined;
  const item = items[head];
  items[head] = undefined;
  q.head = head + 1;
  if (q.head === q.tail) {
    q.head = 0;
    q.tail = 0;
  } else if (q.head >= MANY_HOLES && q.head * 2 >= q.tail) close_up(q);
  return item;
}

/** Take out the item at `index`, counted from the first. */
export function fifo_take<T>(q: Fifo<T>, index: number): T | undefined {
  if (index === 0) return fifo_shift(q);
  if (index >= fifo_len(q)) return undefined;
  q.tail--;
  return q.items.splice(q.head + index, 1)[0];
}

/** Take out `item`; answers whether it was there. */
export function fifo_remove<T>(q: Fifo<T>, item: T): boolean {
  const at = q.items.indexOf(item, q.head);
  if (at === -1) return false;
  fifo_take(q, at - q.head);
  return true;
}

/** The items in order, without the holes. */
export function fifo_items<T>(q: Fifo<T>): T[] {
  return q.items.slice(q.head, q.tail) as T[];
}
