/**
 * What the benchmark measures, part by part. The machine may be busy, and differently so from second to second: every round
 * measures both sides of a part, one right after the other, and is the median of its pieces; what counts is the median over the
 * rounds, of the ratio too.
 */
import { Bench } from 'tinybench';
import { boot } from '../../index.js';
import { fastcheck_ns, race_ns, reduction } from './explore.js';
import { host_echo_ns, host_ns, node_echo_ns } from './host_rows.js';
import { native_ns } from './native.js';
import { type Row, median, mock_ns } from './row.js';
import { rows } from './rows.js';
import { footprints, measure_footprint, measure_scale, scales } from './scaling.js';
import { dedicated, indirect } from './socket_rows.js';

/** How much is measured. */
export interface Effort {
  readonly rounds: number;
  /** What one side of a round should take, in nanoseconds. */
  readonly round_ns: number;
  /** For how long the mock kernel's code is warmed up before. */
  readonly warm_up_ns: number;
  /** Rounds of a comparison of few with many, and by how much the many are fewer than they should be. */
  readonly scaling_rounds: number;
  readonly shrink: number;
}

/** One figure of the benchmark: its kind, and which of that kind. */
export interface Part {
  readonly kind: 'row' | 'over' | 'boot' | 'scale' | 'footprint' | 'host' | 'host_echo' | 'explore';
  readonly name: string;
}

/** A row's figures; those of the kernel below are null where there is no compiler. */
export interface Figures {
  readonly mock_ns: number;
  readonly native_ns: number | null;
  readonly ratio: number | null;
  readonly mock_min: number;
  readonly native_min: number | null;
}

/** A figure on the kernel of this machine, beside the same by other means; null where these are missing. */
export interface HostFigures {
  readonly host_ns: number;
  readonly other_ns: number | null;
  readonly ratio: number | null;
}

/** Microseconds to boot a kernel and drop it, and to run a program in it that does nothing. */
export interface BootTime {
  readonly boot: number;
  readonly run: number;
}

/** The explorer on the accept race. */
export interface Exploration {
  readonly schedules_per_s: number;
  readonly fastcheck_schedules_per_s: number;
  /** Time with a listener on the tracepoints over time without. */
  readonly traced_ratio: number;
  /** Executions on three workers and a race; `dfs`: at least. */
  readonly dpor: number;
  readonly dfs: number;
}

/** One side of a round: nanoseconds for each of `n` iterations. */
type Side = (n: number) => number | Promise<number>;

/** Run `side` for a while; answers with how many iterations fill a round. */
async function warm_up(side: Side, { round_ns, warm_up_ns }: Effort): Promise<number> {
  let n = 10;
  let ns = await side(n);
  for (let spent = 0; spent < warm_up_ns; spent += n * ns) {
    n = Math.ceil(Math.min(Math.max(round_ns / ns, 10), 8 * n));
    ns = await side(n);
  }
  return Math.max(Math.round(round_ns / ns), 10);
}

/** Figures of all sides, measured in turn, round after round: as many lists as sides. */
async function alternate(sides: readonly Side[], effort: Effort): Promise<number[][]> {
  const counts: number[] = [];
  for (const side of sides) counts.push(await warm_up(side, effort));
  const figures = sides.map((): number[] => []);
  for (let round = 0; round < effort.rounds; round++)
    for (const [i, side] of sides.entries()) figures[i]!.push(await side(counts[i]!));
  return figures;
}

/** The median of the quotients of each round. */
function paired_ratio(a: readonly number[], b: readonly number[]): number {
  return median(a.map((ns, round) => ns / b[round]!));
}

async function measure_row(row: Row, native: string | null, effort: Effort): Promise<Figures> {
  const sides: Side[] = [(n) => mock_ns(row, n)];
  if (native !== null) sides.unshift((n) => native_ns(native, row.name, n));
  const figures = await alternate(sides, effort);
  const mock = figures.pop()!;
  const real = figures.pop() ?? null;
  return {
    mock_ns: median(mock),
    mock_min: Math.min(...mock),
    native_ns: real && median(real),
    native_min: real && Math.min(...real),
    ratio: real && paired_ratio(mock, real),
  };
}

async function beside(host: Side, other: Side | null, effort: Effort): Promise<HostFigures> {
  const [mine, others] = await alternate(other === null ? [host] : [host, other], effort);
  const ratio = others === undefined ? null : paired_ratio(mine!, others);
  return { host_ns: median(mine!), other_ns: others === undefined ? null : median(others), ratio };
}

async function measure_host(row: Row, native: string | null, effort: Effort): Promise<HostFigures> {
  return beside((n) => host_ns(row, n), native === null ? null : (n) => native_ns(native, row.name, n), effort);
}

/** Socket and close through sys_indirect as a multiple of the same with the dedicated flag, both on the mock kernel. */
async function indirect_over_dedicated(effort: Effort): Promise<number> {
  const [a, b] = await alternate([(n) => mock_ns(indirect, n), (n) => mock_ns(dedicated, n)], effort);
  return paired_ratio(a!, b!);
}

async function boot_time({ warm_up_ns }: Effort): Promise<BootTime> {
  const BATCH = 100;
  const time = warm_up_ns / 1e6;
  const bench = new Bench({ time, warmupTime: time, iterations: 1, warmupIterations: 1, throws: true });
  const batch = (booting: () => unknown) => async () => {
    const start = bench.now();
    for (let i = 0; i < BATCH; i++) await booting();
    const duration = bench.now() - start;
    return { overriddenDuration: duration / BATCH, overriddenIterationCost: duration };
  };
  const nothing = async (): Promise<void> => {};
  bench.add(
    'boot',
    batch(() => void boot({ output: null })),
  );
  bench.add(
    'run',
    batch(() => boot({ output: null }).run(nothing)),
  );
  const [alone, run] = (await bench.run()).map(({ result }) => ('latency' in result ? result.latency.p50 * 1e3 : NaN));
  return { boot: alone!, run: run! };
}

async function exploration(effort: Effort): Promise<Exploration> {
  const sides = [(n: number) => race_ns(n, false), (n: number) => race_ns(n, true), fastcheck_ns];
  const [plain, traced, fastcheck] = await alternate(sides, effort);
  return {
    schedules_per_s: 1e9 / median(plain!),
    fastcheck_schedules_per_s: 1e9 / median(fastcheck!),
    traced_ratio: paired_ratio(traced!, plain!),
    ...(await reduction()),
  };
}

function named<T extends { readonly name: string }>(list: readonly T[], name: string): T {
  const found = list.find((one) => one.name === name);
  if (found === undefined) throw new Error(`the benchmark has no ${name}`);
  return found;
}

/** How each kind is measured; `native` is the compiled native.c, or null. */
const kinds: Record<Part['kind'], (name: string, effort: Effort, native: string | null) => Promise<unknown>> = {
  row: (name, effort, native) => measure_row(named(rows, name), native, effort),
  host: (name, effort, native) => measure_host(named(rows, name), native, effort),
  host_echo: (_, effort) => beside(host_echo_ns, node_echo_ns, effort),
  over: (_, effort) => indirect_over_dedicated(effort),
  boot: (_, effort) => boot_time(effort),
  explore: (_, effort) => exploration(effort),
  scale: async (name, { scaling_rounds, shrink }) => {
    const pairs = await measure_scale(named(scales, name), scaling_rounds, shrink);
    return median(pairs.map(([few, many]) => many / few));
  },
  footprint: (name, { shrink }) => measure_footprint(named(footprints, name), shrink),
};

export function measure({ kind, name }: Part, effort: Effort, native: string | null): Promise<unknown> {
  return kinds[kind](name, effort, native);
}
