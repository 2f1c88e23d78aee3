/** A queue of references: first in, first out, with removal from the middle for the few who need it. */
export interface Fifo<T> {
  items: (T | undefined)[];
  /** Index of the first item; below it only holes. */
  head: number;
}

export function fifo<T>(): Fifo<T> {
  return { items: [], head: 0 };
}

export function fifo_len<T>(q: Fifo<T>): number {
  return q.items.length - q.head;
}

export function fifo_push<T>(q: Fifo<T>, item: T): void {
  q.items.push(item);
}

export function fifo_peek<T>(q: Fifo<T>): T | undefined {
  return q.items[q.head];
}

export function fifo_shift<T>(q: Fifo<T>): T | undefined {
  const { items, head } = q;
  if (head === items.length) return undefined;
  const item = items[head];
  items[head] = undefined;
  q.head = head + 1;
  if (q.head === items.length) {
    items.length = 0;
    q.head = 0;
  } else if (q.head >= 64 && q.head * 2 >= items.length) {
    items.splice(0, q.head);
    q.head = 0;
  }
  return item;
}

/** Take out the item at `index`, counted from the first. */
export function fifo_take<T>(q: Fifo<T>, index: number): T | undefined {
  if (index === 0) return fifo_shift(q);
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
  return q.items.slice(q.head) as T[];
}
