/**
 * `npm run bench`: what calls cost on the mock kernel, awaited from TypeScript, and on the kernel below, made from C. Each
 * figure comes from a process of its own.
 */
import { parseArgs } from 'node:util';
import { measure_in_child } from './child.js';
import { ECHO_TARGET, HOST_TARGET, host_rows, no_host } from './host_rows.js';
import type { BootTime, Effort, Exploration, Figures, HostFigures, Part } from './measure.js';
import { compile_native } from './native.js';
import type { Row } from './row.js';
import { rows } from './rows.js';
import { SCALING_TARGET, footprints, scales } from './scaling.js';

const HELP = `usage: bench [--json] [--row NAME] [--quick]
  --json      print the figures as JSON, nothing else
  --row NAME  this row only: ${rows.map((row) => row.name).join(', ')}
  --quick     a few iterations only, all in one process: to see that it works, not how fast
  --help      this text`;

const FULL: Effort = { rounds: 15, round_ns: 40e6, warm_up_ns: 400e6, scaling_rounds: 9, shrink: 1 };
const QUICK: Effort = { rounds: 1, round_ns: 0, warm_up_ns: 0, scaling_rounds: 1, shrink: 1000 };

/** A figure with what it is called and should be. */
type Named<T> = T & { readonly name: string; readonly target: number };

function round_to(value: number | null, digits: number): number | null {
  return value === null ? null : Number(value.toFixed(digits));
}

/** Everything that was measured. */
interface Report {
  readonly figures: readonly Named<Figures>[];
  readonly over: number;
  readonly us: BootTime;
  readonly scaling: readonly Named<{ readonly ratio: number }>[];
  readonly memory: readonly Named<{ readonly bytes: number }>[];
  /** On the kernel of this machine; none where it cannot be had. */
  readonly host: readonly Named<HostFigures>[];
  readonly explore: Exploration;
}

/** What the explorer's figures should be: schedules a second, times fast-check's, traced over untraced, DPOR over depth first. */
const EXPLORE_TARGETS = { schedules_per_s: 100_000, over_fastcheck: 2, traced_ratio: 3, dpor_over_dfs: 0.1 } as const;

function json_explore(figures: Exploration): object {
  const { schedules_per_s, fastcheck_schedules_per_s, traced_ratio, dpor, dfs } = figures;
  return {
    schedules_per_s: Math.round(schedules_per_s),
    fastcheck_schedules_per_s: Math.round(fastcheck_schedules_per_s),
    traced_ratio: round_to(traced_ratio, 3),
    dpor_executions: dpor,
    dfs_executions_at_least: dfs,
    targets: EXPLORE_TARGETS,
  };
}

const json_row = ({ name, mock_ns: mock, native_ns, ratio, target }: Named<Figures>): object => ({
  name,
  mock_ns: round_to(mock, 1),
  native_ns: round_to(native_ns, 1),
  ratio: round_to(ratio, 4),
  target,
});

const json_host = ({ name, host_ns, other_ns, ratio, target }: Named<HostFigures>): object => ({
  name,
  host_ns: round_to(host_ns, 1),
  [name === ECHO ? 'node_ns' : 'native_ns']: round_to(other_ns, 1),
  ratio: round_to(ratio, 4),
  target,
});

function json_report({ figures, over, us, scaling, memory, host, explore }: Report): object {
  return {
    rows: figures.map(json_row),
    indirect_over_dedicated: round_to(over, 3),
    boot_us: round_to(us.boot, 3),
    scaling: scaling.map(({ name, ratio, target }) => ({ name, ratio: round_to(ratio, 3), target })),
    memory: memory.map(({ name, bytes, target }) => ({ name, bytes: Math.round(bytes), target })),
    host: host.map(json_host),
    explore: json_explore(explore),
  };
}

function print_columns(table: readonly (readonly string[])[]): void {
  const widths = table[0]!.map((_, i) => Math.max(...table.map((line) => line[i]!.length)));
  for (const line of table) {
    const cells = line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)));
    console.log(cells.join('  ').trimEnd());
  }
}

function print_rows(figures: readonly Named<Figures>[], no_native: string | null): void {
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

function print_report({ figures, over, us, scaling, memory, host, explore }: Report, no_native: string | null): void {
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
  print_host(host);
  print_explore(explore);
}

function print_explore({ schedules_per_s, fastcheck_schedules_per_s, traced_ratio, dpor, dfs }: Exploration): void {
  console.log(
    `\nexplore ${schedules_per_s.toFixed(0)} schedules a second (target ${EXPLORE_TARGETS.schedules_per_s}), fast-check ` +
      `${fastcheck_schedules_per_s.toFixed(0)}; traced ${traced_ratio.toFixed(2)} times as long (target ${EXPLORE_TARGETS.traced_ratio}); ` +
      `dpor ${dpor} executions, depth first at least ${dfs}`,
  );
}

/** The last row is beside Node, the others beside C. */
function print_host(host: readonly Named<HostFigures>[]): void {
  if (host.length === 0) {
    console.log(`\nhost: ${no_host()}`);
    return;
  }
  console.log('');
  print_columns([
    ['host', 'host ns', 'other ns', 'ratio', 'target', ''],
    ...host.map((f) => [
      f.name,
      f.host_ns.toFixed(0),
      f.other_ns?.toFixed(0) ?? '-',
      f.ratio?.toFixed(2) ?? '-',
      `<= ${f.target}`,
      f.ratio !== null && f.ratio > f.target ? 'missed' : '',
    ]),
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

/** The echo, beside Node's own. */
const ECHO = 'echo_tcp';

function host_parts(): readonly Part[] {
  if (no_host() !== null) return [];
  return [...[...host_rows].map((name): Part => ({ kind: 'host', name })), { kind: 'host_echo', name: ECHO }];
}

/** Everything if all rows are chosen, or else the chosen rows. */
function parts_of(chosen: readonly Row[]): readonly Part[] {
  const parts = chosen.map(({ name }): Part => ({ kind: 'row', name }));
  if (chosen.length < rows.length) return parts;
  return [
    ...parts,
    { kind: 'over', name: 'indirect_over_dedicated' },
    { kind: 'boot', name: 'boot' },
    ...scales.map(({ name }): Part => ({ kind: 'scale', name })),
    ...footprints.map(({ name }): Part => ({ kind: 'footprint', name })),
    ...host_parts(),
    { kind: 'explore', name: 'explore' },
  ];
}

/** Each part in a process of its own; `quick`: all in one. */
async function figures_of(parts: readonly Part[], quick: boolean, native: string | null): Promise<unknown[]> {
  if (quick) return measure_in_child({ parts, effort: QUICK, native });
  const figures: unknown[] = [];
  for (const part of parts) figures.push(...(await measure_in_child({ parts: [part], effort: FULL, native })));
  return figures;
}

/** `measured`: what came of `parts_of(chosen)`. */
function report_of(chosen: readonly Row[], measured: readonly unknown[]): Report {
  const left = [...measured];
  const next = <T>(): T => left.shift() as T;
  return {
    figures: chosen.map(({ name, target }) => ({ name, target, ...next<Figures>() })),
    over: next(),
    us: next(),
    scaling: scales.map(({ name }) => ({ name, ratio: next(), target: SCALING_TARGET })),
    memory: footprints.map(({ name, target }) => ({ name, bytes: next(), target })),
    host: host_parts().map(({ name }) => ({
      name,
      target: name === ECHO ? ECHO_TARGET : HOST_TARGET,
      ...next<HostFigures>(),
    })),
    explore: next(),
  };
}

async function main(): Promise<void> {
  const { json, quick, help, chosen } = options();
  if (help) {
    console.log(HELP);
    return;
  }
  const compiled = compile_native();
  const [native, no_native] = typeof compiled === 'string' ? [null, compiled] : [compiled, null];
  let measured: unknown[];
  try {
    measured = await figures_of(parts_of(chosen), quick, native?.binary ?? null);
  } finally {
    native?.remove();
  }
  const report = report_of(chosen, measured);
  const all = chosen.length === rows.length;
  if (json) console.log(JSON.stringify(all ? json_report(report) : { rows: report.figures.map(json_row) }, null, 2));
  else if (all) print_report(report, no_native);
  else print_rows(report.figures, no_native);
}

await main();
