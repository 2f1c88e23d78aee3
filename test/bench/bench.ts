/**
 * `npm run bench`: what calls cost on the mock kernel, awaited from TypeScript, and on the kernel below, made from C.
 *
 * The machine may be busy, and differently so from second to second: every round measures both sides, one right after the
 * other, and is the median of its parts; what counts is the median over the rounds, of the ratio too. tinybench, which samples one task after the
 * other, does what has no counterpart.
 */
import { parseArgs } from 'node:util';
import { Bench } from 'tinybench';
import { boot } from '../../index.js';
import { type Native, compile_native } from './native.js';
import { type Row, median, mock_ns } from './row.js';
import { rows } from './rows.js';
import { SCALING_TARGET, footprints, measure_footprint, measure_scale, scales } from './scaling.js';
import { dedicated, indirect } from './socket_rows.js';

const HELP = `usage: bench [--json] [--row NAME] [--quick]
  --json      print the figures as JSON, nothing else
  --row NAME  this row only: ${rows.map((row) => row.name).join(', ')}
  --quick     a few iterations only: to see that it works, not how fast
  --help      this text`;

/** How much is measured. */
interface Effort {
  readonly rounds: number;
  /** What one side of a round should take, in nanoseconds. */
  readonly round_ns: number;
  /** For how long the mock kernel's code is warmed up before. */
  readonly warm_up_ns: number;
  /** Rounds of a comparison of few with many, and by how much the many are fewer than they should be. */
  readonly scaling_rounds: number;
  readonly shrink: number;
}

const FULL: Effort = { rounds: 15, round_ns: 40e6, warm_up_ns: 400e6, scaling_rounds: 9, shrink: 1 };
const QUICK: Effort = { rounds: 1, round_ns: 0, warm_up_ns: 0, scaling_rounds: 1, shrink: 1000 };

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

interface Figures {
  readonly name: string;
  readonly mock_ns: number;
  readonly native_ns: number | null;
  readonly ratio: number | null;
  readonly target: number;
  readonly mock_min: number;
  readonly native_min: number | null;
}

async function measure_row(row: Row, native: Native | null, effort: Effort): Promise<Figures> {
  const sides: Side[] = [(n) => mock_ns(row, n)];
  if (native !== null) sides.unshift((n) => native.ns(row.name, n));
  const figures = await alternate(sides, effort);
  const mock = figures.pop()!;
  const real = figures.pop() ?? null;
  return {
    name: row.name,
    target: row.target,
    mock_ns: median(mock),
    mock_min: Math.min(...mock),
    native_ns: real && median(real),
    native_min: real && Math.min(...real),
    ratio: real && paired_ratio(mock, real),
  };
}

/** Socket and close through sys_indirect as a multiple of the same with the dedicated flag, both on the mock kernel. */
async function indirect_over_dedicated(effort: Effort): Promise<number> {
  const [a, b] = await alternate([(n) => mock_ns(indirect, n), (n) => mock_ns(dedicated, n)], effort);
  return paired_ratio(a!, b!);
}

/** Microseconds to boot a kernel and drop it, and to run a program in it that does nothing. */
async function boot_us({ warm_up_ns }: Effort): Promise<{ boot: number; run: number }> {
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

interface Scaling {
  readonly name: string;
  readonly ratio: number;
  readonly target: number;
}

async function scaling({ scaling_rounds, shrink }: Effort): Promise<Scaling[]> {
  const figures: Scaling[] = [];
  for (const scale of scales) {
    const pairs = await measure_scale(scale, scaling_rounds, shrink);
    figures.push({ name: scale.name, ratio: median(pairs.map(([few, many]) => many / few)), target: SCALING_TARGET });
  }
  return figures;
}

interface Memory {
  readonly name: string;
  readonly bytes: number;
  readonly target: number;
}

async function memory({ shrink }: Effort): Promise<Memory[]> {
  const figures: Memory[] = [];
  for (const print of footprints)
    figures.push({ name: print.name, bytes: await measure_footprint(print, shrink), target: print.target });
  return figures;
}

function round_to(value: number | null, digits: number): number | null {
  return value === null ? null : Number(value.toFixed(digits));
}

/** Everything that was measured. */
interface Report {
  readonly figures: readonly Figures[];
  readonly over: number;
  readonly us: { readonly boot: number; readonly run: number };
  readonly scaling: readonly Scaling[];
  readonly memory: readonly Memory[];
}

const json_row = ({ name, mock_ns: mock, native_ns, ratio, target }: Figures): object => ({
  name,
  mock_ns: round_to(mock, 1),
  native_ns: round_to(native_ns, 1),
  ratio: round_to(ratio, 4),
  target,
});

function print_json({ figures, over, us, scaling, memory }: Report): void {
  const report = {
    rows: figures.map(json_row),
    indirect_over_dedicated: round_to(over, 3),
    boot_us: round_to(us.boot, 3),
    scaling: scaling.map(({ name, ratio, target }) => ({ name, ratio: round_to(ratio, 3), target })),
    memory: memory.map(({ name, bytes, target }) => ({ name, bytes: Math.round(bytes), target })),
  };
  console.log(JSON.stringify(report, null, 2));
}

function print_columns(table: readonly (readonly string[])[]): void {
  const widths = table[0]!.map((_, i) => Math.max(...table.map((line) => line[i]!.length)));
  for (const line of table) {
    const cells = line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)));
    console.log(cells.join('  ').trimEnd());
  }
}

function print_rows(figures: readonly Figures[], no_native: string | null): void {
  const ns = (value: number | null): string => (value === null ? (no_native ?? '') : value.toFixed(0));
  const lines = figures.map((f) => [
    f.name,
    ns(f.mock_ns),
    ns(f.mock_min),
    ns(f.native_ns),
    ns(f.native_min),
    f.ratio === null ? '-' : f.ratio.toFixed(3),
    `< ${f.target}`,
    f.ratio === null || f.ratio < f.target ? '' : 'missed',
  ]);
  print_columns([['row', 'mock ns', 'min', 'native ns', 'min', 'ratio', 'target', ''], ...lines]);
}

function print_report({ figures, over, us, scaling, memory }: Report, no_native: string | null): void {
  print_rows(figures, no_native);
  console.log(
    `\nindirect over dedicated ${over.toFixed(2)} (target 1.2), ` +
      `boot ${us.boot.toFixed(2)} µs (target 50), boot and an empty program ${us.run.toFixed(2)} µs\n`,
  );
  const missed = (is: boolean): string => (is ? 'missed' : '');
  print_columns([
    ['scaling', 'many over few', 'target', ''],
    ...scaling.map((f) => [f.name, f.ratio.toFixed(2), `<= ${f.target}`, missed(f.ratio > f.target)]),
  ]);
  console.log('');
  print_columns([
    ['memory', 'bytes each', 'target', ''],
    ...memory.map((f) => [f.name, f.bytes.toFixed(0), `<= ${f.target}`, missed(f.bytes > f.target)]),
  ]);
}

function fail_usage(message: string): never {
  console.error(`bench: ${message}`);
  process.exit(2);
}

function options(): { json: boolean; quick: boolean; help: boolean; chosen: readonly Row[] } {
  const flag = { type: 'boolean', default: false } as const;
  const config = { json: flag, quick: flag, help: flag, row: { type: 'string' } } as const;
  try {
    const { values } = parseArgs({ options: config });
    const { json, quick, help, row } = values;
    const chosen = row === undefined ? rows : rows.filter(({ name }) => name === row);
    if (chosen.length === 0) fail_usage(`no row '${row}'; there are ${rows.map(({ name }) => name).join(', ')}`);
    return { json, quick, help, chosen };
  } catch (error) {
    fail_usage(`${(error as Error).message.split('\n')[0]!.replace(/\. .*/, '')}; see --help`);
  }
}

async function main(): Promise<void> {
  const { json, quick, help, chosen } = options();
  if (help) {
    console.log(HELP);
    return;
  }
  const effort = quick ? QUICK : FULL;
  const compiled = compile_native();
  const [native, no_native] = typeof compiled === 'string' ? [null, compiled] : [compiled, null];
  const figures: Figures[] = [];
  try {
    for (const row of chosen) figures.push(await measure_row(row, native, effort));
  } finally {
    native?.remove();
  }
  if (chosen.length < rows.length) {
    if (json) console.log(JSON.stringify({ rows: figures.map(json_row) }, null, 2));
    else print_rows(figures, no_native);
    return;
  }
  const report: Report = {
    figures,
    over: await indirect_over_dedicated(effort),
    us: await boot_us(effort),
    scaling: await scaling(effort),
    memory: await memory(effort),
  };
  if (json) print_json(report);
  else print_report(report, no_native);
}

await main();
