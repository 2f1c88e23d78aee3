/** Bytes as C string literals. */
const C_ESCAPES: Readonly<Record<number, string>> = {
  0x22: '\\"',
  0x5c: '\\\\',
  0x0c: '\\f',
  0x0a: '\\n',
  0x0d: '\\r',
  0x09: '\\t',
  0x0b: '\\v',
};
const is_print = (b: number): boolean => b >= 0x20 && b < 0x7f;
const is_digit = (b: number | undefined): boolean => b !== undefined && b >= 0x30 && b <= 0x39;

/**
 * A literal with octal escapes as short as they can be; `hex` 1: all in hexadecimal if a byte is no text; 2: always. Linux
 * strace: string_quote.
 */
export function quote_bytes(bytes: Uint8Array, hex: 0 | 1 | 2): string {
  const plain = bytes.every((b) => is_print(b) || (b >= 0x09 && b <= 0x0d));
  if (hex === 2 || (hex === 1 && !plain))
    return `"${[...bytes].map((b) => `\\x${b.toString(16).padStart(2, '0')}`).join('')}"`;
  let text = '';
  bytes.forEach((b, i) => {
    const escape = C_ESCAPES[b];
    if (escape !== undefined) text += escape;
    else if (is_print(b)) text += String.fromCharCode(b);
    else text += `\\${b.toString(8).padStart(is_digit(bytes[i + 1]) ? 3 : 1, '0')}`;
  });
  return `"${text}"`;
}
