/** Matchers: what a value must be. A matcher that has no meaning for its value is malformed, also below `not` and `any`. */
import { evaluate, evaluate_number, to_bytes } from './expression.js';
import { type Fields, Malformed, Mismatch, type Scope, type Value, is_object, same_bytes, show } from './value.js';

const NUMBER_KEYS = new Set(['all', 'none', 'mask', 'is', 'not', 'any', 'exited', 'signaled', 'stopped', 'continued']);

function holds(v: Value, m: unknown, scope: Scope, where: string): boolean {
  try {
    match(v, m, scope, where);
    return true;
  } catch (error) {
    if (error instanceof Mismatch) return false;
    throw error;
  }
}

export function same_value(a: Value, b: Value): boolean {
  if (a instanceof Uint8Array) return b instanceof Uint8Array && same_bytes(a, b);
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((x, i) => same_value(x, b[i]!));
  if (typeof a === 'object') {
    if (typeof b !== 'object' || Array.isArray(b) || b instanceof Uint8Array) return false;
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((k) => Object.hasOwn(b, k) && same_value(a[k]!, b[k]!));
  }
  return a === b;
}

function reference(m: unknown, scope: Scope): Value | undefined {
  return typeof m === 'string' && m.startsWith('$') ? evaluate(m, scope) : undefined;
}

/** Does `v` match `m`? Returns if so, throws Mismatch if not. */
export function match(v: Value, m: unknown, scope: Scope, where: string): void {
  if (Array.isArray(v)) match_list(v, m, scope, where);
  else if (v instanceof Uint8Array) match_bytes(v, m, scope, where);
  else if (typeof v === 'bigint') match_number(v, m, scope, where);
  else if (typeof v === 'string') {
    const want = reference(m, scope) ?? m;
    if (typeof want !== 'string') throw new Malformed(`${where}: ${show(m)} is no matcher for a text`);
    if (v !== want) throw new Mismatch(where, show(want), show(v));
  } else match_fields(v, m, scope, where);
}

function only_key(m: Record<string, unknown>, where: string): void {
  if (Object.keys(m).length !== 1) throw new Malformed(`${where}: bad matcher ${show(m)}`);
}

function list_of(x: unknown, where: string): unknown[] {
  if (!Array.isArray(x)) throw new Malformed(`${where}: ${show(x)} is no list of matchers`);
  return x;
}

function match_list(v: Value[], m: unknown, scope: Scope, where: string): void {
  const no = (): Mismatch => new Mismatch(where, show(m), show(v));
  const ref = reference(m, scope);
  if (ref !== undefined) {
    if (!same_value(v, ref)) throw new Mismatch(where, show(ref), show(v));
    return;
  }
  if (Array.isArray(m)) {
    if (m.length !== v.length) throw no();
    v.forEach((x, i) => {
      match(x, m[i], scope, `${where}[${i}]`);
    });
    return;
  }
  if (!is_object(m)) throw new Malformed(`${where}: ${show(m)} is no matcher for a list`);
  only_key(m, where);
  if ('len' in m) {
    match(BigInt(v.length), m.len, scope, `${where} length`);
  } else if ('has' in m) {
    for (const want of list_of(m.has, where)) {
      // Every item is tried, so that a matcher without meaning is found.
      if (v.filter((x) => holds(x, want, scope, where)).length === 0) throw no();
    }
  } else if ('unordered' in m) {
    const wants = list_of(m.unordered, where);
    const left = [...v];
    if (left.length !== wants.length) throw no();
    for (const want of wants) {
      const at = left.map((x) => holds(x, want, scope, where)).indexOf(true);
      if (at === -1) throw no();
      left.splice(at, 1);
    }
  } else throw new Malformed(`${where}: bad matcher ${show(m)}`);
}

function match_bytes(v: Uint8Array, m: unknown, scope: Scope, where: string): void {
  if (is_object(m) && 'not' in m) {
    only_key(m, where);
    if (holds(v, m.not, scope, where)) throw new Mismatch(where, show(m), show(v));
    return;
  }
  const want = reference(m, scope) ?? to_bytes(m, scope);
  if (!(want instanceof Uint8Array)) throw new Malformed(`${where}: ${show(m)} is no matcher for bytes`);
  if (!same_bytes(v, want)) throw new Mismatch(where, show(want), show(v));
}

function match_fields(v: Fields, m: unknown, scope: Scope, where: string): void {
  const ref = reference(m, scope);
  if (ref !== undefined) {
    if (!same_value(v, ref)) throw new Mismatch(where, show(ref), show(v));
    return;
  }
  if (!is_object(m)) throw new Malformed(`${where}: ${show(m)} is no matcher for an object`);
  for (const [key, want] of Object.entries(m)) {
    if (key === 'absent') {
      for (const name of list_of(want, where)) {
        if (typeof name !== 'string') throw new Malformed(`${where}: ${show(name)} is no name of a field`);
        if (Object.hasOwn(v, name)) throw new Mismatch(where, `no field ${name}`, show(v));
      }
    } else if (!Object.hasOwn(v, key)) throw new Mismatch(where, `a field ${key}`, show(v));
    else match(v[key]!, want, scope, `${where}.${key}`);
  }
}

function compare(v: bigint, operator: string, w: bigint): boolean {
  switch (operator) {
    case '>=':
      return v >= w;
    case '<=':
      return v <= w;
    case '!=':
      return v !== w;
    case '>':
      return v > w;
    default:
      return v < w;
  }
}

function match_number(v: bigint, m: unknown, scope: Scope, where: string): void {
  if (is_object(m)) {
    match_number_parts(v, m, scope, where);
    return;
  }
  const comparison = typeof m === 'string' ? /^(>=|<=|!=|>|<)(.+)$/.exec(m) : null;
  if (comparison !== null) {
    const want = evaluate_number(comparison[2], scope);
    if (!compare(v, comparison[1]!, want)) throw new Mismatch(where, `${comparison[1]!}${want}`, show(v));
    return;
  }
  const want = evaluate_number(m, scope);
  if (v !== want) throw new Mismatch(where, show(want), show(v));
}

/** All parts must hold, and all are looked at. */
function match_number_parts(v: bigint, m: Record<string, unknown>, scope: Scope, where: string): void {
  const keys = Object.keys(m);
  if (keys.length === 0 || keys.some((key) => !NUMBER_KEYS.has(key)) || 'mask' in m !== 'is' in m)
    throw new Malformed(`${where}: bad matcher ${show(m)}`);
  const number = (spec: unknown): bigint => evaluate_number(spec, scope);
  const status = Number(BigInt.asUintN(32, v));
  const signal = status & 0x7f;
  let ok = true;
  if ('all' in m) ok &&= (v & number(m.all)) === number(m.all);
  if ('none' in m) ok = (v & number(m.none)) === 0n && ok;
  if ('mask' in m) ok = (v & number(m.mask)) === number(m.is) && ok;
  if ('not' in m) ok = !holds(v, m.not, scope, where) && ok;
  if ('any' in m) ok = list_of(m.any, where).filter((want) => holds(v, want, scope, where)).length > 0 && ok;
  if ('exited' in m) ok = number(m.exited) === BigInt((status >>> 8) & 0xff) && signal === 0 && ok;
  if ('signaled' in m) ok = number(m.signaled) === BigInt(signal) && signal !== 0 && signal !== 0x7f && ok;
  if ('stopped' in m) ok = number(m.stopped) === BigInt((status >>> 8) & 0xff) && (status & 0xff) === 0x7f && ok;
  if ('continued' in m) {
    if (typeof m.continued !== 'boolean') throw new Malformed(`${where}: bad matcher ${show(m)}`);
    ok = (status === 0xffff) === m.continued && ok;
  }
  if (!ok) throw new Mismatch(where, show(m), show(v));
}
