/** What a search found, as data and as text. */
import type { Shard } from './strategy.js';

export interface Failure {
  readonly message: string;
  /** The shortest schedule that was found for it. */
  readonly schedule: string;
  readonly preemptions: number;
  readonly faults: number;
  /** Every order with fewer preemptions was tried, and none fails like this. */
  readonly minimal: boolean;
  /** One line for each event. */
  readonly trace: readonly string[];
  /** Number of the execution that found it. */
  readonly found_at: number;
}

export interface Report {
  readonly strategy: string;
  /** How complete the search was, in words. */
  readonly claim: string;
  readonly complete: boolean;
  /** Executions that were begun, those that were cut off included. */
  readonly executions: number;
  /** Executions that count: of this shard, and seen to their end. */
  readonly counted: number;
  /** How many of them failed. */
  readonly failing: number;
  /** Distinct failures, by their first line. */
  readonly kinds: number;
  /** How many were given up since they would not end. */
  readonly endless: number;
  /** The first of each kind. */
  readonly failures: readonly Failure[];
  readonly ms: number;
  /** Why the search ended before its end: failure, time, limit; null: it did not. */
  readonly stopped: string | null;
  readonly shard: Shard | null;
  readonly command: string | null;
  /** To resume with; null: there is nothing to resume. */
  readonly checkpoint: unknown;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function format_failure(failure: Failure, command: string | null): string {
  const { message, schedule, preemptions, faults, minimal, trace, found_at } = failure;
  const cost = `${count(preemptions, 'preemption')}, ${count(faults, 'fault')}${minimal ? ', and no fewer preemptions do it' : ''}`;
  return [
    `FAILED: ${message}`,
    `  found in execution ${found_at}; with ${cost}`,
    `  schedule  ${schedule}`,
    `  replay    ${command === null ? `explore(scenario, { replay: '${schedule}' })` : `${command} --replay '${schedule}'`}`,
    ...trace.map((line) => `    ${line}`),
  ].join('\n');
}

/** The report for people. */
export function format_report(report: Report): string {
  const { strategy, claim, executions, counted, failing, kinds, endless, failures, stopped, command } = report;
  const lines = failures.map((failure) => format_failure(failure, command));
  if (kinds > failures.length) lines.push(`and ${kinds - failures.length} more kinds of failure`);
  const cut = executions > counted ? `, ${executions - counted} cut off` : '';
  const why = stopped === null ? '' : `; stopped by ${stopped === 'failure' ? 'the failure' : stopped}`;
  lines.push(`${strategy}: ${claim}; ${failing} of ${counted} executions failed${cut}${why}`);
  if (endless > 0)
    lines.push(
      `${count(endless, 'execution')} would not end and ${endless === 1 ? 'was' : 'were'} given up: the search is not complete`,
    );
  return lines.join('\n');
}
