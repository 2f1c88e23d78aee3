/** The conversions of printf(3). */

const CONVERSION = /%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(?:hh|h|ll|l|z|j|t|L)?([diuoxXcsfFeEgGp%])/g;

/** Integers keep all their bits up to 64. */
function to_int(value: unknown, unsigned: boolean): bigint {
  const n = typeof value === 'bigint' ? value : BigInt(Math.trunc(Number(value) || 0));
  return unsigned && n < 0n ? BigInt.asUintN(64, n) : n;
}

function integer(value: unknown, conv: string, flags: string, precision: number | undefined): [string, string] {
  const unsigned = conv !== 'd' && conv !== 'i';
  const n = to_int(value, unsigned);
  const radix = conv === 'o' ? 8 : conv === 'x' || conv === 'X' || conv === 'p' ? 16 : 10;
  let digits = (n < 0n ? -n : n).toString(radix);
  if (precision !== undefined) digits = precision === 0 && n === 0n ? '' : digits.padStart(precision, '0');
  let sign = n < 0n ? '-' : unsigned ? '' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  if (conv === 'p' || (flags.includes('#') && radix === 16 && n !== 0n)) sign += '0x';
  if (flags.includes('#') && radix === 8 && !digits.startsWith('0')) digits = `0${digits}`;
  return conv === 'X' ? [sign.toUpperCase(), digits.toUpperCase()] : [sign, digits];
}

/** JavaScript writes exponents with one digit, C with at least two. */
function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function general(n: number, precision: number, alternative: boolean): string {
  const p = precision === 0 ? 1 : precision;
  if (n === 0) return '0';
  const exp = Number(n.toExponential(p - 1).split('e')[1]);
  const text = exp < -4 || exp >= p ? exponent(n.toExponential(p - 1)) : n.toFixed(p - 1 - exp);
  return alternative || !text.includes('.') ? text : text.replace(/\.?0+($|e)/, '$1');
}

function floating(value: unknown, conv: string, flags: string, precision = 6): [string, string] {
  const n = Number(value);
  const sign = n < 0 || Object.is(n, -0) ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  const abs = Math.abs(n);
  let text: string;
  if (!Number.isFinite(abs)) text = Number.isNaN(abs) ? 'nan' : 'inf';
  else if (conv === 'f' || conv === 'F') text = abs.toFixed(precision);
  else if (conv === 'e' || conv === 'E') text = exponent(abs.toExponential(precision));
  else text = general(abs, precision, flags.includes('#'));
  return [sign, conv === conv.toUpperCase() ? text.toUpperCase() : text];
}

/** `format` with its conversions filled in from `args`. */
export function format_printf(format: string, args: readonly unknown[]): string {
  let next = 0;
  return format.replace(
    CONVERSION,
    (whole, flags: string, width: string | undefined, prec: string | undefined, conv: string) => {
      if (conv === '%') return '%';
      let w = width === '*' ? Number(args[next++]) : Number(width ?? 0);
      const p =
        prec === '*' ? Number(args[next++]) : prec !== undefined ? Number(prec) : whole.includes('.') ? 0 : undefined;
      const left = flags.includes('-') || w < 0;
      w = Math.abs(w);
      const value = args[next++];
      let sign = '';
      let text: string;
      const number = !'cs'.includes(conv);
      if (conv === 's') text = String(value).slice(0, p);
      else if (conv === 'c') text = typeof value === 'number' ? String.fromCharCode(value) : String(value).slice(0, 1);
      else if ('fFeEgG'.includes(conv)) [sign, text] = floating(value, conv, flags, p);
      else [sign, text] = integer(value, conv, flags, p);
      if (left) return (sign + text).padEnd(w);
      const zeros = number && flags.includes('0') && (p === undefined || 'fFeEgG'.includes(conv));
      return zeros ? sign + text.padStart(w - sign.length, '0') : (sign + text).padStart(w);
    },
  );
}
