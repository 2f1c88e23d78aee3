/** Internet addresses as text (arpa/inet.h). */

/** Dotted decimal as a number in host order; -1: it is not that. Numbers have no leading zero. Linux: glibc inet_pton4. */
export function pton4(text: string): number {
  let ip = 0;
  let dots = 0;
  // -1: no digit yet. A number does not begin with 0 unless it is 0.
  let octet = -1;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit >= 0 && digit <= 9 && octet !== 0) octet = (octet === -1 ? 0 : octet * 10) + digit;
    else if (text[i] === '.' && octet !== -1) {
      ip = ip * 256 + octet;
      octet = -1;
      dots++;
    } else return -1;
    if (octet > 255) return -1;
  }
  return dots === 3 && octet !== -1 ? ip * 256 + octet : -1;
}

/** The 16-bit words of colon-separated text without `::`; null: it is not that. The last four bytes may be dotted decimal. */
function words6(text: string, may_end_dotted: boolean): number[] | null {
  if (text === '') return [];
  const words: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) words.push(Number.parseInt(part, 16));
    else {
      const ip = may_end_dotted && i === parts.length - 1 ? pton4(part) : -1;
      if (ip === -1) return null;
      words.push(Math.floor(ip / 65536), ip % 65536);
    }
  }
  return words;
}

/** The sixteen bytes of an IPv6 address; null: the text is none. Linux: glibc inet_pton6. */
export function pton6(text: string): Uint8Array | null {
  const gap = text.indexOf('::');
  const head = words6(gap === -1 ? text : text.slice(0, gap), gap === -1);
  const tail = gap === -1 ? [] : words6(text.slice(gap + 2), true);
  if (head === null || tail === null) return null;
  const n = head.length + tail.length;
  if (gap === -1 ? n !== 8 : n > 7) return null;
  const raw = new Uint8Array(16);
  const words = [...head, ...new Array<number>(8 - n).fill(0), ...tail];
  for (const [i, word] of words.entries()) {
    raw[2 * i] = word >> 8;
    raw[2 * i + 1] = word;
  }
  return raw;
}

/** The longest run of two or more zero words, the first of equals: from where, and how many. */
function longest_gap(words: readonly number[]): readonly [at: number, len: number] {
  let best: readonly [number, number] = [-1, 1];
  for (let i = 0; i < 8; i++) {
    let len = 0;
    while (i + len < 8 && words[i + len] === 0) len++;
    if (len > best[1]) best = [i, len];
    i += len;
  }
  return best;
}

/** The text of an IPv6 address as glibc writes it: `::` for the longest gap, mapped and compatible ones end dotted. */
export function ntop6(raw: Uint8Array): string {
  const words = Array.from({ length: 8 }, (_, i) => raw[2 * i]! * 256 + raw[2 * i + 1]!);
  const [at, len] = longest_gap(words);
  const dotted = at === 0 && (len === 6 || (len === 5 && words[5] === 0xffff));
  const parts = words.map((word) => word.toString(16));
  if (dotted) parts.splice(6, 2, raw.subarray(12, 16).join('.'));
  if (at === -1) return parts.join(':');
  return `${parts.slice(0, at).join(':')}::${parts.slice(at + len).join(':')}`;
}

/** An IPv4 address of a program as a number in host order. */
export function parse_inet(text: string): number {
  const ip = typeof text === 'string' ? pton4(text) : -1;
  if (ip === -1) throw new RangeError(`addr is an IPv4 address such as '127.0.0.1', not '${text}'`);
  return ip;
}

/** An IPv6 address of a program as its bytes. */
export function parse_inet6(text: string): Uint8Array {
  const raw = typeof text === 'string' ? pton6(text) : null;
  if (raw === null) throw new RangeError(`addr is an IPv6 address such as '::1', not '${text}'`);
  return raw;
}

/** The text of an address that was read little-endian from network order. */
export function ntoa(raw: number): string {
  return `${raw & 0xff}.${(raw >>> 8) & 0xff}.${(raw >>> 16) & 0xff}.${raw >>> 24}`;
}
