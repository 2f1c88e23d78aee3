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
