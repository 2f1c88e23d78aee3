/** The text of an IPv6 address (inet_ntop(3)). */
export function inet_ntop6(bytes: Uint8Array): string {
  const groups = [0, 2, 4, 6, 8, 10, 12, 14].map((i) => (bytes[i]! << 8) | bytes[i + 1]!);
  const v4 = bytes.subarray(12).join('.');
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  if (best.at === 0 && best.length === 6 && groups[6] !== 0) return `::${v4}`;
  if (best.at === 0 && best.length === 5 && groups[5] === 0xffff) return `::ffff:${v4}`;
  const text = groups.map((g) => g.toString(16));
  if (best.at === -1) return text.join(':');
  return `${text.slice(0, best.at).join(':')}::${text.slice(best.at + best.length).join(':')}`;
}
