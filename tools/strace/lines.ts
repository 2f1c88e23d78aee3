/** Lines as strace lays them out: who speaks, when, and what happens when another task speaks in between. */
import type { Task } from '../../kernel-mock/include/linux/sched.js';
import { type TimeOptions, time_stamps } from './timestamp.js';

/** The column of `=`. */
const COLUMN = 40;

/** Whose line it is. */
export interface Speaker {
  readonly task: Task;
}

export interface LineOptions extends TimeOptions {
  readonly write: (text: string) => void;
  readonly message?: ((text: string) => void) | null;
  readonly follow?: boolean;
  readonly to_file?: boolean;
}

export interface Lines {
  /** Begin a line of `speaker`; a line of another task that is open is left unfinished. */
  readonly leader: (speaker: Speaker) => void;
  /** Go on with the call of `speaker`: where its line stands, or on a new one. */
  readonly resume: (speaker: Speaker, name: string) => void;
  readonly text: (text: string) => void;
  /** To the column of `=`. */
  readonly tab: () => void;
  readonly end: () => void;
  readonly message: (text: string) => void;
}

/** `tasks` says how many there are now. */
export function open_lines(options: LineOptions, tasks: () => number): Lines {
  const stamp = time_stamps(options);
  /** Whose line is open; null: none. */
  let printing: Speaker | null = null;
  let column = 0;

  const text = (piece: string): void => {
    options.write(piece);
    column += piece.length;
  };
  const end = (): void => {
    options.write('\n');
    column = 0;
    printing = null;
  };
  const prefix = ({ task: { pid } }: Speaker): string => {
    if (options.follow !== true) return '';
    if (options.to_file === true) return `${String(pid).padEnd(5)} `;
    return tasks() > 1 ? `[pid ${String(pid).padStart(5)}] ` : '';
  };
  const leader = (speaker: Speaker): void => {
    if (printing !== null) {
      text(' <unfinished ...>');
      end();
    }
    printing = speaker;
    text(prefix(speaker) + stamp(speaker.task.kernel));
  };
  return {
    leader,
    text,
    end,
    resume(speaker, name) {
      if (printing === speaker) return;
      leader(speaker);
      text(`<... ${name} resumed>`);
    },
    tab() {
      if (column < COLUMN) text(' '.repeat(COLUMN - column));
    },
    // As it is, also in the middle of a line: so does strace.
    message(piece) {
      if (options.message !== null) (options.message ?? options.write)(piece);
    },
  };
}
