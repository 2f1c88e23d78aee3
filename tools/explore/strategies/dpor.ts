/**
 * Dynamic partial-order reduction: of all orders that differ only in steps that commute one is executed. Source sets with sleep sets:
 * Abdulla, Aronis, Jonsson, Sagonas, Optimal dynamic partial order reduction (2014), algorithm 1; after Flanagan and Godefroid (2005).
 * Wake-ups and faults are choices of data: each option is tried.
 */
import { type Event, type History, before, history, order } from '../events.js';
import { type Footprint, conflict, union } from '../footprint.js';
import { NondeterminismError } from '../nondeterminism.js';
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

/** A choice on the way to where the search stands. */
interface Node {
  readonly n: number;
  readonly usual: number;
  /** A choice of data: which option is being tried. */
  k: number;
  readonly data: boolean;
  /** Ids of the tasks that could run, and the one that was chosen. */
  readonly ids: readonly number[];
  chosen: number;
  /** Tasks whose turn has to be tried here. */
  readonly backtrack: Set<number>;
  /** Tasks that were tried, and whose next step is known to lead nowhere new; with what that step touches. */
  readonly done: Map<number, Footprint>;
  readonly sleep: ReadonlyMap<number, Footprint>;
  /** What the first step of `chosen` touches, in all executions so far; undefined: not known yet. */
  footprint: Footprint | undefined;
}

export interface DporOptions {
  readonly shared?: boolean | undefined;
  readonly shard?: Shard | undefined;
}

class Dpor implements Strategy {
  readonly name = 'dpor';
  readonly #shard: Shard;
  readonly #cut: number;
  readonly history: History;
  #path: Node[] = [];
  #begun = false;
  #complete = false;
  #beginnings = 0;
  #ours = true;
  #seen = 0;
  #depth = 0;
  /** The only task that could go on was asleep. */
  #redundant = false;
  /** The timer that could have fired at the choice before, and that choice. */
  #timer: object | null = null;
  #timer_node: Node | null = null;
  /** The choice from which on this execution is a new one. */
  #fresh = 0;
  /** Tasks that need not go on: what follows was seen elsewhere. */
  #asleep = new Map<number, Footprint>();

  constructor({ shared = false, shard = { i: 0, n: 1 } }: DporOptions) {
    this.#shard = shard;
    this.#cut = shard_depth(shard);
    this.history = history(shared);
    this.history.on_event = (event) => {
      this.#wake(event);
    };
    this.history.on_forced = (pid) => {
      if (this.#asleep.has(pid)) this.#redundant = true;
    };
  }

  get tracer() {
    return this.history.tracer;
  }

  next(): boolean {
    this.#depth = 0;
    this.#redundant = false;
    this.#asleep = new Map();
    this.history.reset();
    if (!this.#begun) return (this.#begun = true);
    const path = this.#path;
    while (path.length > 0) {
      const last = path[path.length - 1]!;
      this.#fresh = path.length - 1;
      if (last.data ? ++last.k < last.n : this.#another(last)) return true;
      path.pop();
    }
    this.#complete = true;
    return false;
  }

  /** Another task that has to be tried at `node`. */
  #another(node: Node): boolean {
    node.done.set(node.chosen, node.footprint ?? null);
    node.footprint = undefined;
    for (const id of node.backtrack) {
      if (node.done.has(id) || node.sleep.has(id)) continue;
      node.chosen = id;
      return true;
    }
    return false;
  }

  choose(point: Point): number {
    this.#depth = point.at + 1;
    const data = point.kind !== 'task';
    if (!data) this.history.end();
    if (this.#redundant) return PRUNE;
    if (!data) this.#watch_timer(point.timer);
    let node = this.#path[point.at];
    if (node === undefined) {
      if (this.#cut > 0 && point.at === this.#cut && !this.#begin_part()) return PRUNE;
      const made = data ? this.#data_node(point) : this.#task_node(point);
      if (made === null) return PRUNE;
      this.#path.push((node = made));
    }
    if (node.n !== point.n || node.data !== data) throw new NondeterminismError(point.at);
    if (data) return option(node.usual, node.k);
    const chosen = node.ids.indexOf(node.chosen);
    if (point.id(chosen) !== node.chosen) throw new NondeterminismError(point.at);
    if (point.timer !== null && node.chosen !== 0) this.#timer_node = node;
    this.#asleep = new Map([...node.sleep, ...node.done]);
    this.history.begin(node.chosen, point.at);
    return chosen;
  }

  /**
   * A step that stops a timer takes a turn away that will not come again, so that no event tells of a race: the timer has to be
   * tried before it.
   */
  #watch_timer(timer: object | null): void {
    if (timer !== this.#timer) this.#timer_node?.backtrack.add(0);
    this.#timer = timer;
    this.#timer_node = null;
  }

  #data_node({ n, usual }: Point): Node {
    const none = new Map<number, Footprint>();
    return {
      n,
      usual,
      k: 0,
      data: true,
      ids: [],
      chosen: -1,
      backtrack: new Set(),
      done: none,
      sleep: none,
      footprint: undefined,
    };
  }

  /** Null: everybody who could run is asleep. */
  #task_node(point: Point): Node | null {
    const { n, usual } = point;
    const ids = Array.from({ length: n }, (_, i) => point.id(i));
    const sleep = this.#asleep;
    const awake = ids.filter((id) => !sleep.has(id));
    const chosen = sleep.has(ids[usual]!) ? awake[0] : ids[usual];
    if (chosen === undefined) return null;
    // Above the cut every shard tries everything, so that all agree on what there is.
    const backtrack = new Set(point.at < this.#cut ? ids : [chosen]);
    return { n, usual, k: 0, data: false, ids, chosen, backtrack, done: new Map(), sleep, footprint: undefined };
  }

  #begin_part(): boolean {
    return (this.#ours = this.#beginnings++ % this.#shard.n === this.#shard.i);
  }

  /** An event is over: who sleeps wakes if his next step conflicts with it. */
  #wake(event: Event): void {
    const node = event.choice < 0 ? undefined : this.#path[event.choice];
    if (node !== undefined)
      node.footprint = node.footprint === undefined ? event.footprint : union(node.footprint, event.footprint);
    for (const [pid, footprint] of this.#asleep)
      if (pid === event.pid || conflict(footprint, event.footprint)) this.#asleep.delete(pid);
  }

  ended(how: Ending): boolean {
    this.history.end();
    this.#watch_timer(null);
    if (this.#depth < this.#path.length) throw new NondeterminismError(this.#depth);
    const { events } = this.history;
    const first = events.findIndex((event) => event.choice >= this.#fresh);
    if (first >= 0 || this.#fresh === 0) order(events, Math.max(first, 0), (i, j) => this.#reverse(i, j));
    if (how === 'pruned' || this.#redundant) return false;
    if (this.#cut > 0 && this.#depth <= this.#cut) this.#begin_part();
    if (this.#cut > 0 && !this.#ours) return false;
    this.#seen++;
    return true;
  }

  /** Event j could have come before event i: somebody who leads there has to be tried where i began. */
  #reverse(i: number, j: number): void {
    const { events } = this.history;
    const node = this.#path[events[i]!.choice];
    if (node === undefined || node.data) return;
    const initials = initials_of(events, i, j);
    for (const pid of initials) if (node.backtrack.has(pid) || node.sleep.has(pid)) return;
    const able = initials.filter((pid) => node.ids.includes(pid));
    for (const pid of able.length > 0 ? able.slice(0, 1) : node.ids) node.backtrack.add(pid);
  }

  claim(): Claim {
    const complete = this.#complete;
    const classes = orders(this.#seen, 'class').replace(/classs$/, 'classes');
    const part = this.#shard.n === 1 ? '' : ` of shard ${this.#shard.i + 1}/${this.#shard.n}`;
    if (!complete) return { complete, text: `${classes} of orders, not all` };
    return { complete, text: `all classes of orders under DPOR: ${this.#seen}${part}` };
  }

  progress(): number {
    let part = 1;
    let done = 0;
    for (const node of this.#path) {
      part /= node.data ? node.n : Math.max(node.backtrack.size, 1);
      done += (node.data ? node.k : node.done.size) * part;
    }
    return Math.min(done, 1);
  }

  save(): unknown {
    const path = this.#path.map((node) => ({
      ...node,
      backtrack: [...node.backtrack],
      done: save_footprints(node.done),
      sleep: save_footprints(node.sleep),
      footprint: node.footprint === undefined ? false : save_footprint(node.footprint),
    }));
    const counts = [this.#begun, this.#complete, this.#beginnings, this.#ours, this.#seen] as const;
    return { path, counts };
  }

  load(state: unknown): void {
    const { path, counts } = state as SavedDpor;
    [this.#begun, this.#complete, this.#beginnings, this.#ours, this.#seen] = counts;
    this.#path = path.map((node) => ({
      ...node,
      backtrack: new Set(node.backtrack),
      done: load_footprints(node.done),
      sleep: load_footprints(node.sleep),
      footprint: node.footprint === false ? undefined : load_footprint(node.footprint),
    }));
  }
}

/** Who could begin an execution in which j comes before i: the tasks whose first event after i, of those that do not need i, needs no other. */
function initials_of(events: readonly Event[], i: number, j: number): number[] {
  const v: Event[] = [];
  for (let k = i + 1; k <= j; k++) {
    const event = events[k]!;
    if (k < j && before(events[i]!, event.clock)) continue;
    v.push(event);
  }
  const initials: number[] = [];
  const seen = new Set<number>();
  for (const [k, event] of v.entries()) {
    if (seen.has(event.pid)) continue;
    seen.add(event.pid);
    if (!v.slice(0, k).some((earlier) => happens_before(earlier, event))) initials.push(event.pid);
  }
  return initials;
}

/** The last event of a race has no clock yet: what conflicts with it comes before it. */
function happens_before(a: Event, b: Event): boolean {
  return b.clock.length > 0 ? before(a, b.clock) : b.causes.includes(a) || conflict(a.footprint, b.footprint);
}

type SavedFootprint = readonly (readonly [string, boolean])[] | null;
type SavedFootprints = readonly (readonly [number, SavedFootprint])[];

interface SavedNode {
  readonly n: number;
  readonly usual: number;
  readonly k: number;
  readonly data: boolean;
  readonly ids: readonly number[];
  readonly chosen: number;
  readonly backtrack: readonly number[];
  readonly done: SavedFootprints;
  readonly sleep: SavedFootprints;
  readonly footprint: SavedFootprint | false;
}

interface SavedDpor {
  readonly path: readonly SavedNode[];
  readonly counts: readonly [boolean, boolean, number, boolean, number];
}

function save_footprint(footprint: Footprint): SavedFootprint {
  return footprint === null ? null : [...footprint];
}

function load_footprint(saved: SavedFootprint): Footprint {
  return saved === null ? null : new Map(saved);
}

function save_footprints(map: ReadonlyMap<number, Footprint>): SavedFootprints {
  return [...map].map(([pid, footprint]) => [pid, save_footprint(footprint)]);
}

function load_footprints(saved: SavedFootprints): Map<number, Footprint> {
  return new Map(saved.map(([pid, footprint]) => [pid, load_footprint(footprint)]));
}

export function dpor(options: DporOptions = {}): Strategy {
  return new Dpor(options);
}
