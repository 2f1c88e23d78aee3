/** `value` is an object, as `what` says that it must be. */
export function want_object(value: unknown, what: string): void {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${what}, not ${describe(value)}`);
}

/** `value` is a list. */
export function want_list(value: unknown, what: string): void {
  if (!Array.isArray(value)) throw new TypeError(`${what}, not ${describe(value)}`);
}

/** A member of a structure is a number. */
export function want_number(value: unknown, name: string): void {
  if (typeof value !== 'number' || Number.isNaN(value))
    throw new TypeError(`${name} is a number, not ${describe(value)}`);
}

/** `value` is text. */
export function want_text(value: unknown, name: string): void {
  if (typeof value !== 'string') throw new TypeError(`${name} is text, not ${describe(value)}`);
}

/** A value that should not be there, in words for an error message. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `the text '${value}'`;
    case 'object':
      return value === null ? 'null' : `an object (${Object.prototype.toString.call(value).slice(8, -1)})`;
    case 'number':
      return Number.isNaN(value) ? 'NaN' : `the number ${value}`;
    case 'bigint':
    case 'boolean':
      return `the ${typeof value} ${value}`;
    default:
      return typeof value;
  }
}
