/**
 * The language of rules: that of strace's --inject, and more keys in its manner. strace(1), "Tampering"; what strace 6.1 takes and
 * refuses was asked of it.
 */
import type { FaultSite } from '../../kernel-mock/include/linux/inject.js';
import { ENOSYS } from '../../kernel-mock/include/uapi/errno.js';
import type { CallName } from '../../kernel-mock/include/uapi/unistd.js';
import { call_set, classes } from '../syscall_class.js';
import { constant, errno, signal } from './constants.js';
import { type ArgNumber, type Poke, type Rewrite, type Rule, RuleError, type Selection, type When } from './rule.js';
import { counts_of } from './registers.js';

/** Where allocations can fail; `any` is all of them. */
export const SITES: readonly FaultSite[] = [
  'alloc_fd',
  'alloc_file',
  'sock_alloc',
  'sk_alloc',
  'pipe_inode',
  'getname',
  'epitem',
  'eventpoll',
  'eventfd',
  'signalfd',
  'timerfd',
  'inotify_group',
  'inotify_mark',
  'task',
  'files_struct',
  'mm',
  'pid',
  'bprm',
  'scm_fp_list',
];

const COUNT_MAX = 65535;

function count(text: string): number | null {
  const n = /^\s*\+?\d+$/.test(text) ? Number(text) : NaN;
  return n >= 1 && n <= COUNT_MAX ? n : null;
}

/** `first[..last][+[step]]`. */
function parse_when(text: string): When | null {
  const match = /^(\s*\+?\d+)(?:\.\.(\s*\+?\d+))?(\+(\d*))?$/.exec(text);
  if (match === null) return null;
  const [, from = '', to, plus, by = ''] = match;
  const first = count(from);
  const step = by === '' ? 1 : count(by);
  if (first === null || step === null) return null;
  const last = to !== undefined ? count(to) : plus === undefined ? first : Infinity;
  return last === null || last < first ? null : { first, last, step };
}

const NS: Readonly<Record<string, number>> = { s: 1e9, ms: 1e6, us: 1e3, ns: 1, '': 1e3 };

/** Microseconds, or a number with a unit; in nanoseconds. */
function parse_delay(text: string): number | null {
  const match = /^((?:\d+\.?\d*|\.\d+)(?:e\d+)?)(s|ms|us|ns|)$/i.exec(text);
  const ns = match === null ? NaN : Math.round(Number(match[1]) * (NS[match[2]!] ?? NaN));
  return Number.isSafeInteger(ns) ? ns : null;
}

/** `@argN=…[,@argM=…]`: the parts, by what `value` makes of them. */
function parse_args<T>(text: string, value: (text: string) => T | null): { arg: ArgNumber; value: T }[] | null {
  const found: { arg: ArgNumber; value: T }[] = [];
  for (const part of text.replace(/,$/, '').split(',')) {
    const match = /^@arg([1-6])=(.+)$/.exec(part);
    const made = match === null ? null : value(match[2]!);
    const arg = Number(match?.[1]) as ArgNumber;
    if (made === null || found.some((other) => other.arg === arg)) return null;
    found.push({ arg, value: made });
  }
  return found;
}

function hex(text: string): Uint8Array | null {
  const digits = text.replace(/^0x/i, '');
  if (digits === '' || digits.length % 2 !== 0 || !/^[\da-f]*$/i.test(digits)) return null;
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

function parse_pokes(text: string): readonly Poke[] | null {
  return parse_args(text, hex)?.map(({ arg, value }) => ({ arg, bytes: value })) ?? null;
}

/** The value of an argument, or a range of values. */
function parse_range(text: string): { from: number; to: number } | null {
  const [low = '', high = low, ...more] = text.split('..');
  const from = constant(low);
  const to = constant(high);
  return from === null || to === null || to < from || more.length > 0 ? null : { from, to };
}

/** A rule while it is read. */
type Draft = { -readonly [K in Exclude<keyof Rule, 'text' | 'calls' | 'select'>]?: Rule[K] } & {
  select: { -readonly [K in keyof Selection]: Selection[K] };
};

interface Key {
  /** What the value looks like; '': there is none. */
  readonly form: string;
  /** Take the value into the rule. False: it makes no sense. */
  readonly set: (rule: Draft, value: string) => boolean;
}

/** A key whose value `parse` understands, kept in one field. */
function key<T>(form: string, parse: (text: string) => T | null, put: (rule: Draft, value: T) => void): Key {
  return {
    form,
    set(rule, text) {
      const value = parse(text);
      if (value === null) return false;
      put(rule, value);
      return true;
    },
  };
}

function parse_retval(text: string): number | null {
  const n = /^[+-]?\d|^0x/i.test(text) ? constant(text) : null;
  return n === null || n < -4095 ? null : n;
}

function pure_call(text: string): CallName | null {
  return classes['pure']!.find((name) => name === text) ?? null;
}

function bytes(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) : null;
}

function site(text: string): FaultSite | 'any' | null {
  return text === 'any' ? text : (SITES.find((known) => known === text) ?? null);
}

/** The keys, in the order in which messages list them. */
const KEYS: Readonly<Record<string, Key>> = {
  error: key('an error by name or number, 1 to 4095, none of the ERESTART codes', errno, (r, n) => (r.value = -n)),
  retval: key('a number from -4095 on', parse_retval, (r, n) => (r.value = n)),
  signal: key('a signal by name or number, 1 to 64', signal, (r, n) => (r.signal = n)),
  syscall: key(`one of ${classes['pure']!.join(', ')}`, pure_call, (r, name) => (r.syscall = name)),
  delay_enter: key('microseconds, or a number with s, ms, us or ns', parse_delay, (r, ns) => (r.delay_enter = ns)),
  delay_exit: key('microseconds, or a number with s, ms, us or ns', parse_delay, (r, ns) => (r.delay_exit = ns)),
  poke_enter: key('@argN=HEX[,@argM=HEX…], N from 1 to 6', parse_pokes, (r, pokes) => (r.poke_enter = pokes)),
  poke_exit: key('@argN=HEX[,@argM=HEX…], N from 1 to 6', parse_pokes, (r, pokes) => (r.poke_exit = pokes)),
  when: key('FIRST[..LAST][+[STEP]], each from 1 to 65535', parse_when, (r, when) => (r.when = when)),
  rewrite: key<readonly Rewrite[]>(
    '@argN=VALUE[,@argM=VALUE…], N from 1 to 6',
    (text) => parse_args(text, constant),
    (r, list) => (r.rewrite = list),
  ),
  short: key('a number of bytes', bytes, (r, n) => (r.short = n)),
  eintr: key(
    '',
    () => true,
    (r) => (r.eintr = true),
  ),
  enomem: key(
    '',
    () => true,
    (r) => (r.alloc = 'any'),
  ),
  alloc: key(`any, ${SITES.join(', ')}`, site, (r, where) => (r.alloc = where)),
  fd: key('a descriptor', bytes, (r, fd) => (r.select.fd = fd)),
  path: key(
    'a path',
    (text) => (text === '' ? null : text),
    (r, path) => (r.select.path = path),
  ),
  flag: key('flags by name or number, O_CLOEXEC|O_NONBLOCK', constant, (r, bits) => (r.select.flag = bits)),
  task: key(
    'a task by number or name',
    (text) => (text === '' ? null : (bytes(text) ?? text)),
    (r, task) => (r.select.task = task),
  ),
};

/** arg1 … arg6 select. */
function arg_key(name: string): Key | undefined {
  const match = /^arg([1-6])$/.exec(name);
  if (match === null) return undefined;
  const arg = Number(match[1]) as ArgNumber;
  return key('a number, a constant by name, or FROM..TO', parse_range, ({ select }, range) => {
    select.args = [...(select.args ?? []), { arg, ...range }];
  });
}

const ALL_KEYS = [...Object.keys(KEYS), 'arg1 … arg6'].join(', ');
/** What --fault takes in strace; ours selects too. */
const FAULT_KEYS: ReadonlySet<string> = new Set(['error', 'when', 'syscall', 'fd', 'path', 'flag', 'task']);
/** What may stand beside `alloc`. */
const WITH_ALLOC: ReadonlySet<string> = new Set(['alloc', 'enomem', 'when', 'fd', 'path', 'flag', 'task']);
/** Given twice, the last one counts. */
const REPEATABLE: ReadonlySet<string> = new Set(['when']);

type Option = '--inject' | '--fault';

function wrong(option: Option, text: string, why: string): never {
  throw new RuleError(`${option}=${text}: ${why}`);
}

/** Read `part`, one `key=value`, into `rule`. */
function parse_part(option: Option, text: string, part: string, rule: Draft, seen: Set<string>): void {
  const at = part.indexOf('=');
  const name = at === -1 ? part : part.slice(0, at);
  const known = Object.hasOwn(KEYS, name) ? KEYS[name]! : arg_key(name);
  if (known === undefined) wrong(option, text, `there is no '${name}'; there are ${ALL_KEYS}`);
  if (option === '--fault' && !FAULT_KEYS.has(name) && !name.startsWith('arg'))
    wrong(
      option,
      text,
      `a fault has no '${name}'; --inject has, and a fault takes ${[...FAULT_KEYS].join(', ')}, arg1 … arg6`,
    );
  if (seen.has(name) && !REPEATABLE.has(name)) wrong(option, text, `'${name}' is given twice`);
  seen.add(name);
  if ((at === -1) !== (known.form === ''))
    wrong(
      option,
      text,
      known.form === '' ? `'${name}' takes no value` : `'${name}' needs a value: ${name}=${known.form}`,
    );
  if (!known.set(rule, part.slice(at + 1)))
    wrong(option, text, `'${part.slice(at + 1)}' is no value for '${name}', which is ${known.form}`);
}

/** What goes together, and what does not; null: all is well. */
function conflict(rule: Rule, seen: ReadonlySet<string>): string | null {
  if (seen.has('error') && seen.has('retval')) return "'error' and 'retval' exclude each other";
  if (seen.has('enomem') && seen.has('alloc')) return "'enomem' is 'alloc=any': give one of them";
  if (rule.syscall !== null && rule.value === null)
    return "'syscall' needs 'error' or 'retval': its own value is not seen";
  const { poke_enter, poke_exit, rewrite, short } = rule;
  const acts = rule.value !== null || rule.signal !== 0 || seen.has('delay_enter') || seen.has('delay_exit');
  if (
    !acts &&
    poke_enter.length + poke_exit.length + rewrite.length === 0 &&
    short === null &&
    !rule.eintr &&
    rule.alloc === null
  )
    return 'it does nothing: give error, retval, signal, a delay, a poke, rewrite, short, eintr, enomem or alloc';
  if (rule.value !== null && (short !== null || rule.eintr || rule.alloc !== null))
    return "with 'error' or 'retval' the call is not made: 'short', 'eintr' and 'alloc' need it";
  if (rule.alloc !== null && [...seen].some((name) => !WITH_ALLOC.has(name) && !name.startsWith('arg')))
    return "'alloc' and 'enomem' stand alone: their 'when' counts allocations, not calls";
  if (short !== null && ![...rule.calls].some((name) => counts_of(name) !== undefined))
    return "'short' is for calls that transfer bytes, as read, write, recvmsg";
  return null;
}

function parse(option: Option, text: string): Rule {
  const [set = '', ...parts] = text.split(':');
  const calls = call_set(set);
  if (typeof calls === 'string') wrong(option, text, calls);
  const draft: Draft = { select: {} };
  const seen = new Set<string>();
  for (const part of parts) if (part !== '') parse_part(option, text, part, draft, seen);
  const rule: Rule = {
    text: `${option}=${text}`,
    calls,
    when: { first: 1, last: Infinity, step: 1 },
    value: option === '--fault' ? -ENOSYS : null,
    syscall: null,
    signal: 0,
    delay_enter: 0,
    delay_exit: 0,
    poke_enter: [],
    poke_exit: [],
    rewrite: [],
    short: null,
    eintr: false,
    alloc: null,
    ...draft,
  };
  const problem = conflict(rule, seen);
  if (problem !== null) wrong(option, text, problem);
  return rule;
}

/** `SET:key=value…`. @throws RuleError */
export function parse_inject(text: string): Rule {
  return parse('--inject', text);
}

/** `SET[:error=E][:when=…]`: ENOSYS unless another error is given. @throws RuleError */
export function parse_fault(text: string): Rule {
  return parse('--fault', text);
}
