/** Values of a case: what calls return, what `as` stores, and how both are shown. */

/** Numbers are bigints: fields of 64 bits and constants keep every bit. */
export type Value = bigint | string | Uint8Array | Value[] | Fields;
export interface Fields {
  [field: string]: Value;
}

/** Constants by name, and what the steps so far have stored. */
export interface Scope {
  readonly constants: ReadonlyMap<string, bigint>;
  readonly stored: Map<string, Value>;
}

/** The case does not hold. */
export class Mismatch extends Error {
  readonly expected: string;
  readonly got: string;

  constructor(where: string, expected: string, got: string) {
    super(`${where}: expected ${expected}, got ${got}`);
    this.expected = expected;
    this.got = got;
  }
}

/** The case is not well formed, or cannot be carried out: never a pass, also not below `not`. */
export class Malformed extends Error {}

export function is_object(x: unknown): x is Record<string, unknown> {
  return typeof x === 'object' && x !== null && !Array.isArray(x) && !(x instanceof Uint8Array);
}

export function latin1_bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw new Malformed(`character ${JSON.stringify(text[i])} is no byte`);
    bytes[i] = code;
  }
  return bytes;
}

export function latin1_text(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Text up to the first zero byte. */
export function c_string(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return latin1_text(end === -1 ? bytes : bytes.subarray(0, end));
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function same_bytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** A value, or a part of a case, as one short text. */
export function show(v: unknown): string {
  if (typeof v === 'bigint' || typeof v === 'number') return String(v);
  if (v instanceof Uint8Array) {
    const text = latin1_text(v.subarray(0, 56)).replace(
      /[^ -~]/g,
      (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
    return `'${text}${v.length > 56 ? '…' : ''}' (${v.length} bytes)`;
  }
  if (Array.isArray(v)) return `[${v.map(show).join(', ')}]`;
  if (is_object(v))
    return `{${Object.entries(v)
      .map(([key, value]) => `${key}: ${show(value)}`)
      .join(', ')}}`;
  return v === undefined ? 'nothing' : JSON.stringify(v);
}

/** A copy that shares nothing: what a child process gets. */
export function copy_value(v: Value): Value {
  if (v instanceof Uint8Array) return v.slice();
  if (Array.isArray(v)) return v.map(copy_value);
  if (typeof v === 'object')
    return Object.fromEntries(Object.entries(v).map(([key, value]) => [key, copy_value(value)]));
  return v;
}
