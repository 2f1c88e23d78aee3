/**
 * Is a case well formed? Keys, calls, argument forms, matchers, names: all that can be said before it runs. A case that
 * is not well formed fails, wherever in it the fault is.
 */
import { calls, takes } from './calls.js';
import type { Constants } from './constants.js';
import { fold, tokens } from './expression.js';
import { is_struct, struct_fields } from './struct.js';
import { Malformed, is_object, show } from './value.js';

type Keys = readonly string[];

const CASE_KEYS = ['id', 'source', 'title', 'needs', 'tags', 'steps', 'expect'];
const STEP_KEYS: Readonly<Record<string, Keys>> = {
  call: ['args', 'as', 'ret', 'errno', 'data', 'out', 'task', 'blocks', 'times', 'until'],
  join: [],
  check: ['is'],
  sleep: [],
  fork: ['as'],
};
const CALLS_IN_FORK: Keys = ['_exit'];

/** Does the matcher tell kinds by key? Then these keys go together. */
const STATUS_KEYS: Keys = ['exited', 'signaled', 'stopped'];

interface Form {
  /** Keys beside the one that names the form, and `as`. */
  readonly keys?: Keys;
  readonly check: (x: Checker, value: unknown, whole: Record<string, unknown>) => void;
}

/** By the key that names the form, in the order in which they are looked for. */
const FORMS: Readonly<Record<string, Form>> = {
  family: {
    keys: ['addr', 'port', 'path', 'abstract'],
    check(x, family, a) {
      x.expression(family);
      if ('port' in a) x.expression(a.port);
      for (const key of ['addr', 'path', 'abstract']) if (key in a) x.text(a[key]);
    },
  },
  path: { check: (x, path) => (typeof path === 'string' ? x.text(path) : x.bytes(path)) },
  prog: {
    check(x, prog) {
      if (prog !== 'helper') x.bad(`unknown program ${show(prog)}`);
    },
  },
  bytes: { check: (x, _, a) => x.bytes(a) },
  hex: { check: (x, _, a) => x.bytes(a) },
  rep: { keys: ['n'], check: (x, _, a) => x.bytes(a) },
  cat: { check: (x, _, a) => x.bytes(a) },
  space: { check: (x, n) => x.expression(n) },
  u64: { check: (x, v) => x.expression(v) },
  int: { check: (x, v) => x.expression(v) },
  ints: { check: (x, n) => x.count(n) },
  sockaddr: { check: (x, n) => x.count(n) },
  struct: { check: (x, name, a) => x.struct(name, a) },
  siginfos: { check: (x, n) => x.count(n) },
  inotify_events: { check: (x, n) => x.count(n) },
  pollfds: {
    check(x, items) {
      for (const item of x.objects(items, 'pollfds')) {
        x.keys(item, ['fd', 'events', 'revents'], 'a pollfd');
        x.expression(item.fd);
        for (const key of ['events', 'revents']) if (key in item) x.expression(item[key]);
      }
    },
  },
  epoll_events: { check: (x, n) => x.count(n) },
  fdset: { check: (x, items) => x.expressions(items) },
  sigset: { check: (x, items) => x.expressions(items) },
  iov: { check: (x, items) => x.iov(items) },
  msg: { check: (x, msg) => x.msg(msg) },
  mmsg: {
    check(x, items) {
      for (const item of x.objects(items, 'mmsg')) x.msg(item);
    },
  },
  argv: {
    check(x, items) {
      for (const item of x.list(items, 'argv')) x.text(item);
    },
  },
  file_actions: { check: (x, items) => x.file_actions(items) },
  spawnattr: {
    check(x, attr) {
      const a = x.object(attr, 'spawnattr');
      x.keys(a, ['flags', 'sigmask', 'sigdefault', 'pgroup'], 'spawnattr');
      x.expression(a.flags);
      if ('pgroup' in a) x.expression(a.pgroup);
      for (const key of ['sigmask', 'sigdefault']) if (key in a) x.expressions(a[key]);
    },
  },
  sigaction: {
    check(x, action) {
      const a = x.object(action, 'sigaction');
      x.keys(a, ['handler', 'flags', 'mask'], 'sigaction');
      if (!['count', 'SIG_IGN', 'SIG_DFL'].includes(String(a.handler))) x.bad(`unknown handler ${show(a.handler)}`);
      if ('flags' in a) x.expression(a.flags);
      if ('mask' in a) x.expressions(a.mask);
    },
  },
};

/** Keys whose text is no expression, wherever they stand. */
const PLAIN_KEYS = new Set(['name', 'path', 'abstract', 'addr', 'absent', 'payload', 'data', 'bytes', 'hex', 'rep']);
const FILE_ACTIONS: Readonly<Record<string, string>> = {
  close: 'n',
  closefrom: 'n',
  dup2: 'nn',
  open: 'ntnn',
  chdir: 't',
};

class Checker {
  readonly problems: string[] = [];
  readonly #constants: Constants;
  /** Names that some step stores. */
  readonly #made: ReadonlySet<string>;

  constructor(constants: Constants, made: ReadonlySet<string>) {
    this.#constants = constants;
    this.#made = made;
  }

  bad(problem: string): void {
    this.problems.push(problem);
  }

  object(x: unknown, what: string): Record<string, unknown> {
    if (is_object(x)) return x;
    this.bad(`${what} is no object: ${show(x)}`);
    return {};
  }

  list(x: unknown, what: string): unknown[] {
    if (Array.isArray(x)) return x;
    this.bad(`${what} is no list: ${show(x)}`);
    return [];
  }

  objects(x: unknown, what: string): Record<string, unknown>[] {
    return this.list(x, what).map((item) => this.object(item, `an item of ${what}`));
  }

  keys(x: Record<string, unknown>, known: Keys, what: string): void {
    for (const key of Object.keys(x)) if (!known.includes(key)) this.bad(`unknown key ${key} in ${what}`);
  }

  name(x: unknown, what: string): void {
    if (typeof x !== 'string' || !/^\w+$/.test(x)) this.bad(`${what} is no name: ${show(x)}`);
  }

  #reference(path: string): void {
    if (!this.#made.has(path.split('.')[0]!)) this.bad(`unknown reference $${path}`);
  }

  /** A number or an expression, of known names. */
  expression(x: unknown): void {
    if (typeof x === 'number' && Number.isSafeInteger(x)) return;
    if (typeof x !== 'string') {
      this.bad(`not a value: ${show(x)}`);
      return;
    }
    try {
      const list = tokens(x);
      fold(x, (token) => {
        if (token.startsWith('$')) this.#reference(token.slice(1));
        else if (!this.#constants.values.has(token)) this.bad(`unknown constant ${token}`);
        return 0n;
      });
      if (list.length === 0) this.bad(`bad expression ${show(x)}`);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.bad(error.message);
    }
  }

  /** How many there is room for: a plain number. */
  count(x: unknown): void {
    if (typeof x !== 'number' || !Number.isSafeInteger(x) || x < 0) this.bad(`no count: ${show(x)}`);
  }

  expressions(x: unknown): void {
    for (const item of this.list(x, 'a list of values')) this.expression(item);
  }

  /** Text with `${}`. */
  text(x: unknown): void {
    if (typeof x !== 'string') {
      this.bad(`not a text: ${show(x)}`);
      return;
    }
    for (const [, path] of x.matchAll(/\$\{([\w.]+)\}/g)) this.#reference(path!);
  }

  errno(x: unknown): void {
    const names = Array.isArray(x) ? x : [x];
    if (names.length === 0) this.bad('errno names nothing');
    for (const name of names)
      if (typeof name !== 'string' || !/^E[A-Z0-9]+$/.test(name) || !this.#constants.values.has(name))
        this.bad(`unknown errno ${show(name)}`);
  }

  /** {bytes}, {hex}, {rep, n} or {cat}; the keys beside them are the caller's. */
  bytes(x: unknown): void {
    if (!is_object(x)) {
      this.bad(`no bytes: ${show(x)}`);
      return;
    }
    const forms = ['bytes', 'hex', 'rep', 'cat'].filter((key) => key in x);
    if (forms.length !== 1) this.bad(`no bytes: ${show(x)}`);
    const latin1 = (text: unknown): boolean => typeof text === 'string' && !/[^\0-\xff]/.test(text);
    if ('bytes' in x && !latin1(x.bytes)) this.bad(`no bytes: ${show(x.bytes)}`);
    if ('hex' in x && !(typeof x.hex === 'string' && /^([0-9a-fA-F]{2})*$/.test(x.hex)))
      this.bad(`bad hex ${show(x.hex)}`);
    if ('rep' in x) {
      if (!latin1(x.rep)) this.bad(`no bytes: ${show(x.rep)}`);
      this.expression(x.n);
    }
    if ('cat' in x) for (const part of this.list(x.cat, 'cat')) this.bytes_only(part);
  }

  /** Bytes with no key beside them; plain text too. */
  bytes_only(x: unknown): void {
    if (typeof x === 'string') {
      if (/[^\0-\xff]/.test(x)) this.bad(`no bytes: ${show(x)}`);
      return;
    }
    this.bytes(x);
    if (is_object(x)) this.keys(x, 'rep' in x ? ['rep', 'n'] : ['bytes', 'hex', 'cat'], 'bytes');
  }

  struct(name: unknown, a: Record<string, unknown>): void {
    if (!is_struct(name)) {
      this.bad(`unknown struct ${show(name)}`);
      return;
    }
    this.keys(a, ['struct', 'as', 'pad', ...struct_fields(name)], `struct ${name}`);
    if ('pad' in a) this.count(a.pad);
    for (const field of struct_fields(name).filter((f) => f in a)) {
      if (name !== 'itimerspec') this.expression(a[field]);
      else {
        const time = this.object(a[field], field);
        this.keys(time, struct_fields('timespec'), field);
        for (const v of Object.values(time)) this.expression(v);
      }
    }
  }

  argument(x: unknown, beside: Keys = []): void {
    if (x === null || x === 'sizeof') return;
    if (typeof x === 'number' || typeof x === 'string') {
      this.expression(x);
      return;
    }
    if (!is_object(x)) {
      this.bad(`bad argument ${show(x)}`);
      return;
    }
    const key = Object.keys(FORMS).find((k) => k in x);
    if (key === undefined) {
      this.bad(`bad argument ${show(x)}`);
      return;
    }
    const form = FORMS[key]!;
    if (key !== 'struct') this.keys(x, [key, 'as', ...(form.keys ?? []), ...beside], `an argument {${key}}`);
    if ('as' in x) this.name(x.as, 'as');
    form.check(this, x[key], x);
  }

  iov(x: unknown): void {
    for (const item of this.list(x, 'iov')) {
      if (item === null) continue;
      const it = this.object(item, 'an element of iov');
      if ('base' in it) {
        this.keys(it, ['base', 'len'], 'an element of iov');
        if (it.base !== null) this.bad(`base is not null: ${show(it.base)}`);
        this.expression(it.len);
      } else {
        if ('len' in it) this.expression(it.len);
        this.argument(it, ['len']);
      }
    }
  }

  address(x: unknown): void {
    const a = this.object(x, 'an address');
    if ('family' in a) this.argument(a);
    else this.bad(`an address has no family: ${show(x)}`);
  }

  msg(x: unknown): void {
    const m = this.object(x, 'msg');
    const numbers = ['namelen', 'iovlen', 'flags'];
    const counts = ['name_space', 'control_space'];
    // Of the messages to send it may be an expression; where there are none it is a number.
    ('control' in m ? numbers : counts).push('controllen');
    this.keys(m, ['name', 'iov', 'control', ...numbers, ...counts], 'msg');
    for (const key of numbers) if (key in m) this.expression(m[key]);
    for (const key of counts) if (key in m) this.count(m[key]);
    if (m.name !== undefined && m.name !== null) this.address(m.name);
    if ('iov' in m) this.iov(m.iov);
    if (!('control' in m)) return;
    for (const c of this.objects(m.control, 'control')) {
      this.keys(c, ['level', 'type', 'len', 'fds', 'cred', 'payload'], 'a control message');
      for (const key of ['level', 'type']) this.expression(c[key]);
      if ('len' in c) this.expression(c.len);
      if (['fds', 'cred', 'payload'].filter((key) => key in c).length > 1) this.bad(`bad control message ${show(c)}`);
      if ('fds' in c) this.expressions(c.fds);
      if ('cred' in c) this.struct('ucred', this.object(c.cred, 'cred'));
      if ('payload' in c) this.bytes_only(c.payload);
    }
  }

  file_actions(x: unknown): void {
    for (const item of this.list(x, 'file_actions')) {
      const [kind, ...rest] = this.list(item, 'a file action');
      const want = typeof kind === 'string' && Object.hasOwn(FILE_ACTIONS, kind) ? FILE_ACTIONS[kind]! : null;
      if (want?.length !== rest.length) this.bad(`unknown file action ${show(item)}`);
      else rest.forEach((arg, i) => (want[i] === 't' ? this.text(arg) : this.expression(arg)));
    }
  }

  /**
   * Of which kind the value is shows only when the case runs (so does whether `{}` is a matcher: it is one for an object);
   * names and references do not wait for that.
   */
  matcher(x: unknown): void {
    if (typeof x === 'number') this.expression(x);
    else if (typeof x === 'string') this.#matcher_text(x);
    else if (Array.isArray(x)) for (const item of x) this.matcher(item);
    else if (is_object(x)) this.#matcher_object(x);
    else this.bad(`bad matcher ${show(x)}`);
  }

  #matcher_text(x: string): void {
    const text = x.replace(/^(>=|<=|!=|>|<)/, '');
    for (const [, path] of text.matchAll(/\$([\w.]+)/g)) this.#reference(path!);
    for (const [name] of text.matchAll(/(?<![\w$.{])[A-Z_][A-Z0-9_]{2,}\b/g))
      if (!this.#constants.values.has(name)) this.bad(`unknown constant ${name}`);
  }

  #matcher_object(x: Record<string, unknown>): void {
    for (const [key, value] of Object.entries(x)) {
      if (key === 'continued' && typeof value === 'boolean') continue;
      if (key === 'absent') {
        for (const name of this.list(value, 'absent')) this.name(name, 'a field');
      } else if (['unordered', 'has', 'any'].includes(key)) {
        for (const item of this.list(value, key)) this.matcher(item);
      } else if (STATUS_KEYS.includes(key) || key === 'all' || key === 'none') this.expression(value);
      else if (PLAIN_KEYS.has(key) && typeof value === 'string')
        this.text(value.startsWith('$') ? `\${${value.slice(1)}}` : value);
      else this.matcher(value);
    }
    if (['bytes', 'hex', 'rep', 'cat'].some((key) => key in x)) this.bytes_only(x);
  }

  data(x: unknown): void {
    if (typeof x === 'string' && x.startsWith('$')) this.expression(x);
    else this.bytes_only(x);
  }

  steps(x: unknown, forked: boolean): void {
    const list = this.list(x, 'steps');
    if (list.length === 0 && !forked) this.bad('no steps');
    list.forEach((item, i) => {
      const before = this.problems.length;
      this.#step(this.object(item, 'a step'), forked);
      for (let p = before; p < this.problems.length; p++) this.problems[p] = `step ${i}: ${this.problems[p]!}`;
    });
  }

  #step(step: Record<string, unknown>, forked: boolean): void {
    const kinds = Object.keys(STEP_KEYS).filter((key) => key in step);
    const [kind] = kinds;
    if (kind === undefined || kinds.length !== 1) {
      this.bad(`unknown step ${show(step)}`);
      return;
    }
    this.keys(step, [kind, ...STEP_KEYS[kind]!], `a ${kind} step`);
    if (kind === 'call') this.#call(step, forked);
    else if (kind === 'join') this.name(step.join, 'join');
    else if (kind === 'check') {
      this.expression(step.check);
      this.matcher(step.is);
    } else if (kind === 'sleep') {
      if (typeof step.sleep !== 'number' || !(step.sleep >= 0)) this.bad(`sleep is no time: ${show(step.sleep)}`);
    } else {
      this.name(step.as, 'as');
      this.steps(step.fork, true);
    }
  }

  #call(step: Record<string, unknown>, forked: boolean): void {
    const { call } = step;
    if (typeof call !== 'string' || !Object.hasOwn(calls, call)) {
      this.bad(`unknown call ${show(call)}`);
      return;
    }
    if (CALLS_IN_FORK.includes(call) && !forked) this.bad(`${call} outside of a fork step`);
    const args = 'args' in step ? this.list(step.args, 'args') : [];
    if (!takes(call, args.length)) this.bad(`${call} does not take ${args.length} arguments`);
    for (const arg of args) this.argument(arg);
    if (call === 'sigaction') this.#sigaction(args);
    else if (args.some((arg) => is_object(arg) && 'sigaction' in arg))
      this.bad(`{sigaction} is no argument of ${call}`);
    if ('as' in step) this.name(step.as, 'as');
    if ('task' in step) this.name(step.task, 'task');
    if ('blocks' in step && typeof step.blocks !== 'boolean') this.bad(`blocks is ${show(step.blocks)}`);
    if (step.blocks === true && !('task' in step)) this.bad('blocks without task');
    if ('times' in step) this.expression(step.times);
    if ('errno' in step) this.errno(step.errno);
    if ('until' in step) this.errno(typeof step.until === 'string' ? step.until : [show(step.until)]);
    if ('ret' in step) this.matcher(step.ret);
    if ('data' in step) this.data(step.data);
    for (const [path, want] of Object.entries('out' in step ? this.object(step.out, 'out') : {})) {
      this.#reference(path);
      this.matcher(want);
    }
  }

  #sigaction(args: readonly unknown[]): void {
    const [signal, action, old] = args;
    if (!is_object(action) || !is_object(action.sigaction)) this.bad(`bad argument ${show(action)}`);
    // Its count is stored under its name.
    else if (action.sigaction.handler === 'count' && typeof signal !== 'string')
      this.bad(`${show(signal)} is no name of a signal`);
    if (old !== null) this.bad(`bad argument ${show(old)}`);
  }
}

/** Every name that an `as` in `x` stores. */
function made_in(x: unknown, found: Set<string>): void {
  if (Array.isArray(x)) for (const item of x) made_in(item, found);
  else if (is_object(x)) {
    if (typeof x.as === 'string') found.add(x.as);
    for (const value of Object.values(x)) made_in(value, found);
  }
}

function check_expect(x: Checker, expect: Record<string, unknown>, steps: readonly unknown[]): void {
  if (!('step' in expect)) return;
  const step = steps[expect.step as number];
  if (!is_object(step)) x.bad(`expect names no step: ${show(expect.step)}`);
  else
    for (const key of ['errno', 'ret'])
      if (JSON.stringify(step[key]) !== JSON.stringify(expect[key]))
        x.bad(`expect differs from step ${show(expect.step)}`);
}

/** What is wrong with the form of a case; empty if nothing is. */
export function problems_of(json: unknown, constants: Constants): string[] {
  if (!is_object(json)) return ['the case is no object'];
  const made = new Set(['caught']);
  made_in(json.steps, made);
  const x = new Checker(constants, made);
  x.keys(json, CASE_KEYS, 'the case');
  for (const key of ['id', 'source', 'title']) if (typeof json[key] !== 'string') x.bad(`no ${key}`);
  for (const key of ['needs', 'tags'])
    if (key in json)
      for (const tag of x.list(json[key], key)) if (typeof tag !== 'string') x.bad(`${show(tag)} is no tag`);
  x.steps(json.steps, false);
  check_expect(x, x.object(json.expect, 'expect'), Array.isArray(json.steps) ? json.steps : []);
  return x.problems;
}
