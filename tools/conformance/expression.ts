/** Expressions: numbers, constants and references, joined by | & + - * from left to right; `${}` in text; byte strings. */
import { Malformed, type Scope, type Value, concat, is_object, latin1_bytes, show } from './value.js';

const TOKEN = /\s*(\$[A-Za-z_][\w.]*|0x[0-9a-fA-F]+|\d+|[A-Za-z_]\w*|[-+|&*~])/y;

/** What `$path` means: a stored value, or a part of it by dots. */
export function lookup(path: string, scope: Scope): Value {
  const [name = '', ...parts] = path.split('.');
  let v = scope.stored.get(name);
  if (v === undefined) throw new Malformed(`unknown reference $${path}`);
  for (const part of parts) {
    let next: Value | undefined;
    if (Array.isArray(v)) next = /^\d+$/.test(part) ? v[Number(part)] : undefined;
    else if (is_object(v) && Object.hasOwn(v, part)) next = v[part];
    if (next === undefined) throw new Malformed(`no ${part} in $${path} (it is ${show(v)})`);
    v = next;
  }
  return v;
}

/** The parts of an expression; an empty or unreadable one is malformed. */
export function tokens(text: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (match === null) throw new Malformed(`bad expression ${JSON.stringify(text)}`);
    found.push(match[1]!);
  }
  return found;
}

function literal(token: string): bigint {
  if (/^0+[1-9]/.test(token)) throw new Malformed(`bad number ${token}`);
  return BigInt(token);
}

export type Resolve = (token: string) => bigint;

/** Evaluate with `resolve` for constants and references: also how a case is checked before anything is known of them. */
export function fold(text: string, resolve: Resolve): bigint {
  const list = tokens(text);
  let at = 0;
  const bad = (): Malformed => new Malformed(`bad expression ${JSON.stringify(text)}`);
  const term = (): bigint => {
    const token = list[at++];
    if (token === undefined || '+|&*'.includes(token)) throw bad();
    if (token === '-') return -term();
    if (token === '~') return ~term();
    return /^\d/.test(token) ? literal(token) : resolve(token);
  };
  let v = term();
  while (at < list.length) {
    const op = list[at++]!;
    const w = term();
    if (op === '|') v |= w;
    else if (op === '&') v &= w;
    else if (op === '+') v += w;
    else if (op === '-') v -= w;
    else if (op === '*') v *= w;
    else throw bad();
  }
  return v;
}

function resolve_in(scope: Scope): Resolve {
  return (token) => {
    if (token.startsWith('$')) {
      const v = lookup(token.slice(1), scope);
      if (typeof v !== 'bigint') throw new Malformed(`${token} is no number: ${show(v)}`);
      return v;
    }
    const v = scope.constants.get(token);
    if (v === undefined) throw new Malformed(`unknown constant ${token}`);
    return v;
  };
}

/** The value of an expression. A lone reference may be of any kind; everything else is a number. */
export function evaluate(spec: unknown, scope: Scope): Value {
  if (typeof spec === 'number' && Number.isSafeInteger(spec)) return BigInt(spec);
  if (typeof spec !== 'string') throw new Malformed(`not a value: ${show(spec)}`);
  const list = tokens(spec);
  if (list.length === 1 && list[0]!.startsWith('$')) return lookup(list[0]!.slice(1), scope);
  return fold(spec, resolve_in(scope));
}

export function evaluate_number(spec: unknown, scope: Scope): bigint {
  const v = evaluate(spec, scope);
  if (typeof v !== 'bigint') throw new Malformed(`${show(spec)} is no number: ${show(v)}`);
  return v;
}

/** A count or a size: a number that JavaScript can count to. */
export function evaluate_size(spec: unknown, scope: Scope): number {
  const v = evaluate_number(spec, scope);
  if (v < 0n || v > 0x4000_0000n) throw new Malformed(`${show(spec)} is no size: ${v}`);
  return Number(v);
}

/** `${name}` and `${name.field}` replaced by values as decimal text. */
export function interpolate(text: unknown, scope: Scope): string {
  if (typeof text !== 'string') throw new Malformed(`not a text: ${show(text)}`);
  return text.replace(/\$\{([\w.]+)\}/g, (_, path: string) => {
    const v = lookup(path, scope);
    if (typeof v !== 'bigint' && typeof v !== 'string') throw new Malformed(`\${${path}} is no number: ${show(v)}`);
    return String(v);
  });
}

const BYTES_FORMS = ['bytes', 'hex', 'rep', 'cat'];

export function is_bytes_form(spec: unknown): boolean {
  return is_object(spec) && BYTES_FORMS.some((key) => key in spec);
}

function from_hex(hex: unknown): Uint8Array {
  if (typeof hex !== 'string' || !/^([0-9a-fA-F]{2})*$/.test(hex)) throw new Malformed(`bad hex ${show(hex)}`);
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function repeated(text: string, n: number): Uint8Array {
  const one = latin1_bytes(text);
  const whole = new Uint8Array(one.length * n);
  if (one.length === 1) whole.fill(one[0]!);
  else for (let i = 0; i < n; i++) whole.set(one, i * one.length);
  return whole;
}

/** The bytes of {bytes}, {hex}, {rep, n} or {cat}; plain text is one byte for each character. */
export function to_bytes(spec: unknown, scope: Scope): Uint8Array {
  if (typeof spec === 'string') return latin1_bytes(spec);
  if (!is_object(spec)) throw new Malformed(`no bytes: ${show(spec)}`);
  if (typeof spec.bytes === 'string') return latin1_bytes(spec.bytes);
  if ('hex' in spec) return from_hex(spec.hex);
  if (typeof spec.rep === 'string') return repeated(spec.rep, evaluate_size(spec.n, scope));
  if (Array.isArray(spec.cat)) return concat(spec.cat.map((part) => to_bytes(part, scope)));
  throw new Malformed(`no bytes: ${show(spec)}`);
}
