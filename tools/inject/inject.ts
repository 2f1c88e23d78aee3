/** Rules at work: an injector that follows them. */
import type { FaultSite, Injector, Verdict } from '../../kernel-mock/include/linux/inject.js';
import type { Release } from '../../kernel-mock/include/linux/release.js';
import type { Task } from '../../kernel-mock/include/linux/sched.js';
import type { Injected } from '../../kernel-mock/include/linux/trace.js';
import { signal_names } from '../../kernel-mock/include/uapi/signal.js';
import { type CallName, NR } from '../../kernel-mock/include/uapi/unistd.js';
import { kernel_siginfo, send_signal_task } from '../../kernel-mock/kernel/signal.js';
import { copy_to_user } from '../../kernel-mock/mm/uaccess.js';
import { call_name, format_register, format_result } from '../decode.js';
import { parse_inject } from './parse.js';
import type { Poke, Rule, When } from './rule.js';
import { ARGS, arg, selects } from './select.js';
import { type Patch, cut_short, put_back } from './short.js';

export interface InjectOptions {
  /** Asked whenever a rule is due: shall it fire? Default: yes. Who explores makes this a choice. */
  readonly decide?: (rule: Rule, task: Task) => boolean;
}

/** What became of one rule. */
export interface RuleOutcome {
  readonly rule: Rule;
  /** Calls, or allocations, that it was for. */
  readonly seen: number;
  /** Of these: to how many it did something. */
  readonly fired: number;
}

export interface Injection {
  readonly injector: Injector;
  /** In the order of the rules. */
  readonly outcomes: readonly RuleOutcome[];
  /** One line for each rule that did nothing, with the reason. */
  unmatched(): string[];
}

/** A rule with what is counted for it. */
interface ActiveRule extends RuleOutcome {
  seen: number;
  fired: number;
  /** By number: the calls that it is for, in this release. */
  readonly numbers: ReadonlyMap<number, CallName>;
  /** Calls by task and name. */
  readonly counts: WeakMap<Task, Map<CallName, number>>;
}

/** What is still to be done to the call that a task is in. */
interface CallUnderWay {
  readonly name: CallName;
  readonly pokes: Poke[];
  readonly patches: Patch[];
  /** The value that replaces that of the harmless call; null: none does. */
  value: number | null;
  eintr: ActiveRule | null;
  readonly allocs: ActiveRule[];
}

/** A number has had several owners over time: a name is looked for where it owns its number, or where nobody does. */
function numbers_in(release: Release, calls: ReadonlySet<CallName>): Map<number, CallName> {
  const numbers = new Map<number, CallName>();
  for (const name of calls) {
    const owner = call_name(release, NR[name]);
    if (owner === undefined || owner === name) numbers.set(NR[name], name);
  }
  return numbers;
}

function is_due({ first, last, step }: When, n: number): boolean {
  return n >= first && n <= last && (n - first) % step === 0;
}

/** Count this call for `rule`. True: it is the rule's turn. */
function count(rule: ActiveRule, task: Task, name: CallName): boolean {
  let counts = rule.counts.get(task);
  if (counts === undefined) rule.counts.set(task, (counts = new Map<CallName, number>()));
  const n = (counts.get(name) ?? 0) + 1;
  counts.set(name, n);
  rule.seen++;
  return is_due(rule.rule.when, n);
}

function tell(task: Task, what: Injected, detail: string): void {
  task.kernel.trace?.inject?.(task, what, detail);
}

function poke(task: Task, pokes: readonly Poke[]): void {
  for (const { arg: n, bytes } of pokes)
    if (copy_to_user(task.mm, arg(task, n), bytes, 0, bytes.length) === 0) tell(task, 'poke', `arg${n}`);
}

/** What `rule` does when the call is entered, but for value and delays. False: nothing at all. */
function act_on_entry(task: Task, { rule }: ActiveRule, call: CallUnderWay): boolean {
  poke(task, rule.poke_enter);
  for (const { arg: n, value } of rule.rewrite) {
    task[ARGS[n - 1]!] = value;
    tell(task, 'rewrite', `arg${n}=${format_register(value)}`);
  }
  if (rule.short !== null) {
    if (!cut_short(task, call.name, rule.short, call.patches)) return false;
    tell(task, 'rewrite', `short=${rule.short}`);
  }
  call.pokes.push(...rule.poke_exit);
  if (rule.signal === 0) return true;
  send_signal_task(task, kernel_siginfo(rule.signal));
  tell(task, 'signal', signal_names[rule.signal] ?? String(rule.signal));
  return true;
}

function tell_delay(task: Task, { delay_enter, delay_exit }: Rule): void {
  if (delay_enter + delay_exit > 0) tell(task, 'delay', `${(delay_enter + delay_exit) / 1000} us`);
}

/** Do to the call under way what the rules say that are due. The first value counts; delays add up. */
function apply(task: Task, due: readonly ActiveRule[], call: CallUnderWay): Verdict | null {
  let value: number | null = null;
  let syscall: CallName | null = null;
  let delay_enter = 0;
  let delay_exit = 0;
  for (const active of due) {
    const { rule } = active;
    if (!act_on_entry(task, active, call)) continue;
    if (rule.eintr) call.eintr ??= active;
    else active.fired++;
    tell_delay(task, rule);
    delay_enter += rule.delay_enter;
    delay_exit += rule.delay_exit;
    if (value !== null || rule.value === null) continue;
    ({ value, syscall } = rule);
    tell(task, 'value', format_result(rule.value));
  }
  if (syscall !== null) {
    call.value = value;
    task.nr = NR[syscall];
    value = null;
  }
  return value === null && delay_enter + delay_exit === 0 ? null : { value, delay_enter, delay_exit };
}

function reason({ rule, seen }: ActiveRule): string {
  const what = rule.alloc === null ? 'call' : 'allocation';
  if (seen === 0) return `no ${what} was as it says`;
  return `${seen} ${what}${seen === 1 ? ' was' : 's were'} as it says, and none was its turn, or could be changed so`;
}

/** An injector for a kernel of `release` that follows `rules`. */
export function injector(release: Release, rules: readonly Rule[], { decide }: InjectOptions = {}): Injection {
  const active = rules.map((rule): ActiveRule => ({
    rule,
    seen: 0,
    fired: 0,
    numbers: numbers_in(release, rule.calls),
    counts: new WeakMap(),
  }));
  const under_way = new WeakMap<Task, CallUnderWay>();

  const enter = (task: Task): Verdict | null => {
    under_way.delete(task);
    let call: CallUnderWay | null = null;
    const due: ActiveRule[] = [];
    for (const rule of active) {
      const name = rule.numbers.get(task.nr);
      if (name === undefined || !selects(rule.rule.select, task, name)) continue;
      call ??= { name, pokes: [], patches: [], value: null, eintr: null, allocs: [] };
      if (rule.rule.alloc !== null) call.allocs.push(rule);
      else if (count(rule, task, name) && decide?.(rule.rule, task) !== false) due.push(rule);
    }
    if (call === null) return null;
    under_way.set(task, call);
    return apply(task, due, call);
  };

  const leave = (task: Task, ret: number): number => {
    const call = under_way.get(task);
    if (call === undefined) return ret;
    under_way.delete(task);
    put_back(task, call.patches);
    poke(task, call.pokes);
    return call.value ?? ret;
  };

  const should_fail = (task: Task | null, site: FaultSite): boolean => {
    const call = task === null ? undefined : under_way.get(task);
    if (task === null || call === undefined) return false;
    for (const rule of call.allocs) {
      const { alloc } = rule.rule;
      if (alloc !== 'any' && alloc !== site) continue;
      if (!count(rule, task, call.name) || decide?.(rule.rule, task) === false) continue;
      rule.fired++;
      tell(task, 'alloc', site);
      return true;
    }
    return false;
  };

  const interrupt = (task: Task): boolean => {
    const call = under_way.get(task);
    const rule = call?.eintr ?? null;
    if (call === undefined || rule === null) return false;
    call.eintr = null;
    rule.fired++;
    tell(task, 'interrupt', task.wchan);
    return true;
  };

  return {
    injector: { enter, leave, should_fail, interrupt },
    outcomes: active,
    unmatched: () =>
      active.filter(({ fired }) => fired === 0).map((rule) => `${rule.rule.text} did nothing: ${reason(rule)}`),
  };
}

/** What `inject` needs of a booted kernel. */
export interface InjectableKernel {
  readonly release: Release;
  set_inject(inject: Injector | null): void;
}

/**
 * From now on `kernel` follows `rules`, in strace's words (`'accept4:error=EMFILE:when=3'`) or parsed; they take the place of those it
 * followed before.
 *
 * @returns what became of the rules: `unmatched()` tells of those that did nothing
 * @throws RuleError: a rule that makes no sense
 */
export function inject(
  kernel: InjectableKernel,
  rules: readonly (string | Rule)[],
  options?: InjectOptions,
): Injection {
  const parsed = rules.map((rule) => (typeof rule === 'string' ? parse_inject(rule) : rule));
  const injection = injector(kernel.release, parsed, options);
  kernel.set_inject(injection.injector);
  return injection;
}
