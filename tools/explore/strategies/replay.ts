/** Replay: the choices of a schedule, and the usual one wherever it says nothing. */
import type { Deviation, Schedule } from '../schedule.js';
import type { Claim, Ending, Point, Strategy } from '../strategy.js';

/** The schedule does not fit the program: where, and what was possible there. */
export class DivergedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DivergedError';
  }
}

const NAMES = { task: 'task', wake: 'sleeper', fault: 'fault' } as const;

function describe({ kind, id }: Deviation): string {
  if (kind === 'fault') return 'a fault';
  return kind === 'task' && id === 0 ? 'the next timer' : `${NAMES[kind]} ${id}`;
}

export interface ReplayOptions {
  /** Where the schedule does not fit, take the usual choice, and go on. */
  readonly lenient?: boolean;
}

export interface Replay extends Strategy {
  /** Where the schedule and the program went apart first; null: nowhere. */
  readonly diverged: () => DivergedError | null;
  /** The choices fitted, but the program made other calls. */
  readonly differs: () => DivergedError;
}

export function replay({ deviations, length }: Schedule, { lenient = false }: ReplayOptions = {}): Replay {
  let begun = false;
  let diverged: DivergedError | null = null;
  let made = 0;

  const diverge = (at: number, wanted: string, there: string): void => {
    diverged ??= new DivergedError(
      `the schedule does not fit the program: at choice ${at} it wants ${wanted}, but ${there}`,
    );
  };
  /** The option that the schedule names; -1: there is none. */
  const find = (point: Point, wanted: Deviation): number => {
    if (point.kind !== wanted.kind) return -1;
    for (let i = 0; i < point.n; i++) if (point.id(i) === wanted.id) return i;
    return -1;
  };

  return {
    name: 'replay',
    next(): boolean {
      diverged = null;
      made = 0;
      return !begun && (begun = true);
    },
    choose(point: Point): number {
      made = point.at + 1;
      const wanted = deviations.get(point.at);
      if (wanted === undefined) return point.usual;
      const i = find(point, wanted);
      if (i >= 0) return i;
      const ids = Array.from({ length: point.n }, (_, k) => describe({ kind: point.kind, id: point.id(k) }));
      diverge(point.at, describe(wanted), `there are ${point.kind === 'fault' ? 'faults' : ids.join(', ')}`);
      return point.usual;
    },
    ended(_how: Ending): boolean {
      if (made !== length) diverge(made, `${length} choices in all`, `there were ${made}`);
      if (lenient) diverged = null;
      return true;
    },
    claim: (): Claim => ({ complete: begun, text: 'one schedule, replayed' }),
    diverged: () => diverged,
    differs: () =>
      new DivergedError(
        'the schedule fits, but calls or results are not those that it was taken from: the program has changed',
      ),
  };
}
