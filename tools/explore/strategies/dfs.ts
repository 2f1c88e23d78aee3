/** Depth first: every order, one after the other, or every order with at most so many preemptions. */
import {
  type Claim,
  type Ending,
  PRUNE,
  type Point,
  type Shard,
  type Strategy,
  option,
  orders,
  shard_depth,
} from '../strategy.js';
import { NondeterminismError } from '../nondeterminism.js';

/** A choice on the way to where the search stands. */
interface Node {
  readonly n: number;
  readonly usual: number;
  readonly preempts: boolean;
  /** Preemptions before it. */
  readonly preemptions: number;
  /** Which option is being tried, counted as `option` orders them; and what it is called. */
  k: number;
  id: number;
}

interface Saved {
  readonly path: Node[];
  readonly begun: boolean;
  readonly complete: boolean;
  readonly beginnings: number;
  readonly ours: boolean;
  readonly seen: number;
}

export interface DfsOptions {
  /** At most so many preemptions; default: no bound. */
  readonly preemptions?: number | undefined;
  readonly shard?: Shard | undefined;
}

export function dfs({ preemptions: bound = Infinity, shard = { i: 0, n: 1 } }: DfsOptions = {}): Strategy {
  const cut = shard_depth(shard);
  let path: Node[] = [];
  let begun = false;
  let complete = false;
  /** Beginnings of length `cut` that have been met. */
  let beginnings = 0;
  let ours = true;
  let depth = 0;
  let seen = 0;

  const cost = (node: Node): number => node.preemptions + (node.preempts && node.k > 0 ? 1 : 0);
  const options = (node: Node): number => (node.preempts && node.preemptions >= bound ? 1 : node.n);
  /** Another beginning: is it one of ours? */
  const begin_part = (): boolean => (ours = beginnings++ % shard.n === shard.i);

  return {
    name: 'dfs',
    next(): boolean {
      depth = 0;
      if (!begun) return (begun = true);
      while (path.length > 0) {
        const last = path[path.length - 1]!;
        if (++last.k < options(last)) {
          last.id = -1;
          return true;
        }
        path.pop();
      }
      complete = true;
      return false;
    },
    choose(point: Point): number {
      const { at, n, usual, preempts } = point;
      depth = at + 1;
      const node = path[at];
      if (node !== undefined) {
        const chosen = option(node.usual, node.k);
        if (node.n !== n || node.usual !== usual || (node.id !== -1 && node.id !== point.id(chosen)))
          throw new NondeterminismError(at);
        node.id = point.id(chosen);
        return chosen;
      }
      if (cut > 0 && at === cut && !begin_part()) return PRUNE;
      const before = at === 0 ? 0 : cost(path[at - 1]!);
      path.push({
        n,
        usual,
        preempts: preempts && point.kind === 'task',
        preemptions: before,
        k: 0,
        id: point.id(usual),
      });
      return usual;
    },
    ended(how: Ending): boolean {
      if (depth < path.length) throw new NondeterminismError(depth);
      if (how === 'pruned') return false;
      if (cut > 0 && depth <= cut) begin_part();
      if (cut > 0 && !ours) return false;
      seen++;
      return true;
    },
    claim(): Claim {
      const part = shard.n === 1 ? '' : ` of shard ${shard.i + 1}/${shard.n}`;
      if (!complete) return { complete, text: `${orders(seen)}, not all` };
      if (bound !== Infinity) return { complete, text: `preemption bound ${bound}: complete, ${orders(seen)}${part}` };
      return { complete, text: `all ${orders(seen)}${part}` };
    },
    progress(): number {
      let part = 1;
      let done = 0;
      for (const node of path) {
        part /= options(node);
        done += node.k * part;
      }
      return done;
    },
    save: () => ({ path, begun, complete, beginnings, ours, seen }),
    load(state) {
      ({ path, begun, complete, beginnings, ours, seen } = state as Saved);
    },
  };
}
