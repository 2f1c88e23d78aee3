/** Internet addresses as text (arpa/inet.h). */

/** Dotted decimal as a number in host order. */
export function parse_inet(text: string): number {
  let ip = 0;
  let dots = 0;
  // -1: no digit yet. A number does not begin with 0 unless it is 0.
  let octet = -1;
  let bad = typeof text !== 'string';
  for (let i = 0; !bad && i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit >= 0 && digit <= 9 && octet !== 0) octet = (octet === -1 ? 0 : octet * 10) + digit;
    else if (text[i] === '.' && octet !== -1) {
      ip = ip * 256 + octet;
      octet = -1;
      dots++;
    } else bad = true;
    bad ||= octet > 255;
  }
  if (bad || dots !== 3 || octet === -1)
    throw new RangeError(`addr is an IPv4 address such as '127.0.0.1', not '${text}'`);
  return ip * 256 + octet;
}

/** The text of an address that was read little-endian from network order. */
export function inet_ntoa(raw: number): string {
  return `${raw & 0xff}.${(raw >>> 8) & 0xff}.${(raw >>> 16) & 0xff}.${raw >>> 24}`;
}
