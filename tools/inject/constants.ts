/** Numbers as rules write them: `0x800`, `-1`, `O_CLOEXEC`, `SOCK_STREAM|SOCK_CLOEXEC`. */
import * as uapi from '../../kernel-mock/include/uapi/index.js';

const constants: ReadonlyMap<string, number> = new Map(
  Object.entries(uapi).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
);

function one(word: string): number | null {
  if (/^[+-]?(?:0x[\da-f]+|\d+)$/i.test(word)) {
    const n = word.startsWith('-') ? -Number(word.slice(1)) : Number(word.replace('+', ''));
    return Number.isSafeInteger(n) ? n : null;
  }
  return constants.get(word) ?? null;
}

/** The number that `text` means; null: none. */
export function constant(text: string): number | null {
  let value = 0;
  for (const word of text.split('|')) {
    const n = one(word.trim());
    if (n === null) return null;
    value = text.includes('|') ? value | n : n;
  }
  return value;
}

const errnos: ReadonlyMap<string, number> = new Map(
  Object.entries(uapi.errno_names).map(([nr, name]) => [name, Number(nr)]),
);

/** An error by its name, in any case, or by its number, 1 to 4095; null: there is none. */
export function errno(text: string): number | null {
  const nr = /^\d+$/.test(text) ? Number(text) : errnos.get(text.toUpperCase());
  return nr === undefined || nr < 1 || nr > 4095 || (nr >= uapi.ERESTARTSYS && nr <= uapi.ERESTART_RESTARTBLOCK)
    ? null
    : nr;
}

const SIGRTMIN = 32;
const SIGRTMAX = 64;

/** A signal by its name, with or without SIG, or by its number, 1 to 64; null: there is none. */
export function signal(text: string): number | null {
  if (/^\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= SIGRTMAX ? Number(text) : null;
  const name = text.toUpperCase().replace(/^SIG/, '');
  const real_time = /^RT(?:MIN|_(\d+))$/.exec(name);
  if (real_time !== null) {
    const nr = SIGRTMIN + Number(real_time[1] ?? 0);
    return nr <= SIGRTMAX ? nr : null;
  }
  const found = Object.entries(uapi.signal_names).find(([, known]) => known === `SIG${name}`);
  return found === undefined ? null : Number(found[0]);
}
