/** Reports of shards, joined to the one of the whole search. */
import { orders } from './strategy.js';
import type { Failure, Report } from './report.js';

function first_line({ message }: Failure): string {
  return message.split('\n')[0]!.replace(/\btask \d+/g, 'task N');
}

/** One of each kind, the shortest. */
function distinct(failures: readonly Failure[]): Failure[] {
  const kinds = new Map<string, Failure>();
  for (const failure of failures) {
    const known = kinds.get(first_line(failure));
    if (known === undefined || failure.preemptions + failure.faults < known.preemptions + known.faults)
      kinds.set(first_line(failure), failure);
  }
  return [...kinds.values()];
}

function claim_of(strategy: string, counted: number, complete: boolean, parts: number): string {
  const of = `from ${parts} shards`;
  if (strategy === 'dpor' && complete) return `all classes of orders under DPOR: ${counted}, ${of}`;
  if (strategy === 'dfs' && complete) return `all ${orders(counted)}, ${of}`;
  return `${orders(counted)}, not all, ${of}`;
}

/** Why these reports do not make one; null: they do. */
function problem(reports: readonly Report[]): string | null {
  const [first] = reports;
  if (first === undefined) return 'there is no report';
  const { n = 1 } = first.shard ?? {};
  const seen = new Set<number>();
  for (const { strategy, shard, command } of reports) {
    if (strategy !== first.strategy || command !== first.command) return 'the reports are of different searches';
    if (shard === null || shard.n !== n) return `the reports are not all of ${n} shards`;
    if (seen.has(shard.i)) return `shard ${shard.i + 1}/${n} is there twice`;
    seen.add(shard.i);
  }
  for (let i = 0; i < n; i++) if (!seen.has(i)) return `shard ${i + 1}/${n} is missing`;
  return null;
}

/** @throws RangeError if they are not the shards of one search, each once */
export function merge(reports: readonly Report[]): Report {
  const wrong = problem(reports);
  if (wrong !== null) throw new RangeError(wrong);
  const sum = (of: (report: Report) => number): number => reports.reduce((n, report) => n + of(report), 0);
  const complete = reports.every((report) => report.complete);
  const counted = sum((report) => report.counted);
  const failures = distinct(reports.flatMap((report) => report.failures));
  const { strategy, command } = reports[0]!;
  return {
    strategy,
    claim: claim_of(strategy, counted, complete, reports.length),
    complete,
    executions: sum((report) => report.executions),
    counted,
    failing: sum((report) => report.failing),
    kinds: failures.length,
    endless: sum((report) => report.endless),
    failures,
    ms: Math.max(...reports.map((report) => report.ms)),
    stopped: reports.find((report) => report.stopped !== null)?.stopped ?? null,
    shard: null,
    command,
    checkpoint: null,
  };
}
