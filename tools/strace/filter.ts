/** Sets of names as -e takes them. */
import { call_set as calls_named } from '../syscall_class.js';
import { UsageError } from '../usage.js';
import { signal_named } from './signals.js';

/** Is this name wanted? */
export type NameSet = (name: string) => boolean;

/** `network,!close` … what -e trace= takes. @throws UsageError */
export function call_set(text: string): NameSet {
  const set = calls_named(text);
  if (typeof set === 'string') throw new UsageError(set);
  // A number without a name is in no set but that of all, and of all others.
  const nameless = text === 'all' || text.startsWith('!');
  return (name) => (name.startsWith('syscall_') ? nameless : (set as ReadonlySet<string>).has(name));
}

function set_of(text: string, member: (word: string) => NameSet): NameSet {
  const inverted = text.startsWith('!');
  const list = inverted ? text.slice(1) : text;
  if (list === 'all') return () => !inverted;
  if (list === 'none') return () => inverted;
  const tests = list.split(',').map(member);
  return (name) => tests.some((test) => test(name)) !== inverted;
}

/** What -e signal= takes: `USR1`, `SIGCHLD`, `17`. @throws UsageError */
export function signal_set(text: string): NameSet {
  return set_of(text, (word) => {
    const upper = word.toUpperCase();
    const wanted = signal_named(upper);
    if (wanted === undefined) throw new UsageError(`invalid signal '${word}'`);
    return (name) => name === wanted;
  });
}
