/** Internet addresses as text (arpa/inet.h). */

/** Dotted decimal as a number in host order. */
export function parse_inet(text: string): number {
  const parts = typeof text === 'string' ? text.split('.') : [];
  const bytes = parts.map((p) => (/^(0|[1-9]\d{0,2})$/.test(p) ? Number(p) : 256));
  if (bytes.length !== 4 || bytes.some((b) => b > 255))
    throw new RangeError(`addr is an IPv4 address such as '127.0.0.1', not '${text}'`);
  return bytes.reduce((n, b) => n * 256 + b, 0);
}

/** The text of an address that was read little-endian from network order. */
export function inet_ntoa(raw: number): string {
  return `${raw & 0xff}.${(raw >>> 8) & 0xff}.${(raw >>> 16) & 0xff}.${raw >>> 24}`;
}
