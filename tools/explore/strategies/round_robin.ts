/** Round robin: every task has one step, then the next one has its turn. One execution. */
import type { Claim, Point, Strategy } from '../strategy.js';

export function round_robin(): Strategy {
  let begun = false;
  let last = 0;
  return {
    name: 'rr',
    next: () => !begun && (begun = true),
    choose(point: Point): number {
      if (point.kind !== 'task') return point.usual;
      // The next higher id, or the lowest of all; a timer, 0, waits until all sleep.
      let best = -1;
      for (let i = 0; i < point.n; i++) {
        const id = point.id(i);
        if (id !== 0 && (best === -1 || rank(id, last) < rank(point.id(best), last))) best = i;
      }
      last = point.id(best);
      return best;
    },
    ended: () => true,
    claim: (): Claim => ({ complete: begun, text: 'the one round-robin order' }),
    save: () => begun,
    load(state) {
      begun = state as boolean;
    },
  };
}

function rank(id: number, last: number): number {
  return id > last ? id - last : id - last + 0x7fffffff;
}
