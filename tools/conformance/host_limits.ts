/**
 * What the runtime makes impossible on the kernel of this machine: cases that are left out there, and why. A row says what a
 * case must contain to be left out.
 */
import { unoffered } from '../../kernel-host/index.js';
import type { Case, Step } from './cases.js';

interface Limit {
  /** For people. */
  readonly reason: string;
  applies(c: Case): boolean;
}

/** All steps, those of children too. */
function steps_of(steps: readonly Step[]): Step[] {
  return steps.flatMap((step) => [step, ...steps_of(step.fork ?? [])]);
}

function needs(...tags: readonly string[]): (c: Case) => boolean {
  return (c) => tags.some((tag) => c.needs?.includes(tag) === true);
}

function calls(...names: readonly string[]): (c: Case) => boolean {
  return (c) => steps_of(c.steps).some(({ call }) => call !== undefined && names.includes(call));
}

function is(...ids: readonly RegExp[]): (c: Case) => boolean {
  return (c) => ids.some((id) => id.test(c.id));
}

export const limits: readonly Limit[] = [
  { reason: 'fork: a copy of the runtime would have one of its threads only', applies: needs('fork') },
  { reason: 'programs of the library are no files of this machine', applies: needs('prog', 'script', 'exec') },
  { reason: 'not offered: see kernel-host/table.ts', applies: calls(...Object.keys(unoffered)) },
  {
    reason: 'the threads of the runtime share one table of descriptors',
    applies: is(/^linux\/close_range\/thread-unshare/),
  },
  {
    reason:
      'a sleep is a look again when something moves: no order among sleepers, and no hold on what poll and select watch',
    applies: is(/^linux\/epoll-(pipe|wake)\/exclusive-/, /^linux\/(select|poll)-wake\/closed-while-waiting$/),
  },
  {
    reason: 'a writer that waits for a reader of its FIFO has no descriptor yet, and not its number',
    applies: is(/^linux\/files\/fifo\/wait-/),
  },
  { reason: 'a thread is no task of the kernel, and its id none that it knows', applies: is(/\/setpgid\/thread$/) },
  {
    reason: 'the runtime tells of a signal from the kernel when it comes by, not in the same moment',
    applies: is(/^ltp\/fcntl31\//, /files\/write\/fsize/, /^linux\/fcntl\/lease-/, /sigio/),
  },
  { reason: 'a register is a number of 53 bits', applies: is(/^linux\/io\/(read|write)\//) },
  {
    reason: 'close of a lingering socket keeps the runtime waiting',
    applies: is(/^linux\/linger\/(drain-blocking|close_range)/),
  },
  {
    reason: 'they ask for a machine whose one interface is loopback',
    applies: is(/^linux\/multicast\//, /^linux\/cmsg-inet\/v[46]-send/),
  },
  { reason: 'the kernel shows a negative SO_RCVTIMEO as none', applies: is(/TimeoutNegSec/) },
  { reason: 'the folder of a case lies below one that others may not enter', applies: is(/noatime-other/) },
  { reason: 'the runtime has descriptors of its own above 600', applies: is(/table-grown/) },
];

/** Why `c` is left out; null: it is not. */
export function why_left_out(c: Case): string | null {
  return limits.find((limit) => limit.applies(c))?.reason ?? null;
}
