/** The conversions of printf(3). */
import { describe } from './describe.js';

const CONVERSION = /%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(hh|h|ll|l|z|j|t|L)?([diuoxXcsfFeEgGp%])/g;

/**
 * The integer of the width that `size` names. Without a size nothing is cut off, since numbers here know no width; only a
 * negative number in an unsigned conversion needs one: that of an int, if it is one.
 */
function to_int(value: number | bigint, size: string | undefined, unsigned: boolean): bigint {
  const n = typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
  if (size === 'hh' || size === 'h') {
    const bits = size === 'hh' ? 8 : 16;
    return unsigned ? BigInt.asUintN(bits, n) : BigInt.asIntN(bits, n);
  }
  if (!unsigned || n >= 0n) return n;
  return BigInt.asUintN(size === undefined && n >= -0x8000_0000n ? 32 : 64, n);
}

function integer(
  value: number | bigint,
  conv: string,
  flags: string,
  precision: number | undefined,
  size: string | undefined,
): [string, string] {
  const unsigned = conv !== 'd' && conv !== 'i';
  const n = to_int(value, conv === 'p' ? 'l' : size, unsigned);
  if (conv === 'p' && n === 0n) return ['', '(nil)'];
  const radix = conv === 'o' ? 8 : conv === 'x' || conv === 'X' || conv === 'p' ? 16 : 10;
  let digits = (n < 0n ? -n : n).toString(radix);
  if (precision !== undefined) digits = precision === 0 && n === 0n ? '' : digits.padStart(precision, '0');
  let sign = n < 0n ? '-' : unsigned ? '' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  if (conv === 'p' || (flags.includes('#') && radix === 16 && n !== 0n)) sign += '0x';
  if (flags.includes('#') && radix === 8 && !digits.startsWith('0')) digits = `0${digits}`;
  return conv === 'X' ? [sign.toUpperCase(), digits.toUpperCase()] : [sign, digits];
}

// Floating point: a double is a fraction whose digits are all known. JavaScript's own toFixed ends at 100 digits and at 1e21,
// and rounds halves up where C rounds them to even.

/** `n` * 10^`shift` as an integer, halves rounded to even. */
function scaled(n: number, shift: number): bigint {
  let den = 1n;
  let m = n;
  for (; !Number.isInteger(m); m *= 2) den *= 2n;
  let num = BigInt(m);
  if (shift >= 0) num *= 10n ** BigInt(shift);
  else den *= 10n ** BigInt(-shift);
  const quotient = num / den;
  const rest = 2n * (num % den);
  return rest > den || (rest === den && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

/** `digits` with a point before the last `places` of them. */
function with_point(digits: string, places: number, alternative: boolean): string {
  const text = digits.padStart(places + 1, '0');
  if (places === 0) return alternative ? `${text}.` : text;
  return `${text.slice(0, -places)}.${text.slice(-places)}`;
}

/** The first `count` digits of `n`, rounded, and the exponent of the first. */
function leading_digits(n: number, count: number): [string, number] {
  if (n === 0) return ['0'.repeat(count), 0];
  for (let exp = Number(n.toExponential().split('e')[1]); ;) {
    const digits = scaled(n, count - 1 - exp).toString();
    if (digits.length === count) return [digits, exp];
    exp += digits.length > count ? 1 : -1;
  }
}

function scientific(digits: string, exp: number, alternative: boolean): string {
  const mantissa = with_point(digits, digits.length - 1, alternative);
  return `${mantissa}e${exp < 0 ? '-' : '+'}${String(Math.abs(exp)).padStart(2, '0')}`;
}

function general(n: number, precision: number, alternative: boolean): string {
  const p = precision === 0 ? 1 : precision;
  const [all, exp] = leading_digits(n, p);
  const fixed = exp >= -4 && exp < p;
  const least = alternative ? p : fixed ? Math.max(exp + 1, 1) : 1;
  const digits = all.slice(0, least) + all.slice(least).replace(/0+$/, '');
  if (!fixed) return scientific(digits, exp, alternative);
  return with_point(digits, digits.length - 1 - exp, alternative);
}

function floating(n: number, conv: string, flags: string, precision = 6): [string, string] {
  const sign = n < 0 || Object.is(n, -0) ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  const abs = Math.abs(n);
  const alternative = flags.includes('#');
  const lower = conv.toLowerCase();
  let text: string;
  if (!Number.isFinite(abs)) text = Number.isNaN(abs) ? 'nan' : 'inf';
  else if (lower === 'f') text = with_point(scaled(abs, precision).toString(), precision, alternative);
  else if (lower === 'e') text = scientific(...leading_digits(abs, precision + 1), alternative);
  else text = general(abs, precision, alternative);
  return [sign, conv === lower ? text : text.toUpperCase()];
}

function string(value: unknown, precision: number | undefined): string {
  const is_null: boolean = value === null || value === undefined;
  if (!is_null) return String(value).slice(0, precision);
  // glibc: a null pointer, where there is room to say so.
  return precision === undefined || precision >= 6 ? '(null)' : '';
}

/** Which of the arguments a conversion takes, for the error that says that it is none. */
function wrong(at: number, args: readonly unknown[], whole: string, what: string): TypeError {
  if (at >= args.length) return new TypeError(`'${whole}' wants ${what}, and there is no argument ${at + 1}`);
  return new TypeError(`'${whole}' wants ${what}: argument ${at + 1} is ${describe(args[at])}`);
}

/** A number, as C's compiler would ask; true and false are 1 and 0. */
function number_at(at: number, args: readonly unknown[], whole: string, float: boolean): number | bigint {
  const value = args[at];
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'bigint') return float ? Number(value) : value;
  if (typeof value !== 'number' || !(float || Number.isFinite(value)))
    throw wrong(at, args, whole, float ? 'a number' : 'a whole number');
  return value;
}

/** `format` with its conversions filled in from `args`. */
export function format_printf(format: string, args: readonly unknown[]): string {
  if (typeof format !== 'string') throw new TypeError(`a format is text, not ${describe(format)}`);
  let next = 0;
  return format.replace(
    CONVERSION,
    (
      whole,
      flags: string,
      width: string | undefined,
      prec: string | undefined,
      size: string | undefined,
      conv: string,
    ) => {
      if (conv === '%') return '%';
      let w = width === '*' ? Number(number_at(next++, args, whole, false)) : Number(width ?? 0);
      let p =
        prec === '*'
          ? Number(number_at(next++, args, whole, false))
          : prec !== undefined
            ? Number(prec)
            : whole.includes('.')
              ? 0
              : undefined;
      if (p !== undefined && p < 0) p = undefined;
      const left = flags.includes('-') || w < 0;
      w = Math.abs(w);
      const at = next++;
      const value = args[at];
      if (at >= args.length) throw wrong(at, args, whole, conv === 's' ? 'text' : 'a value');
      const float = 'fFeEgG'.includes(conv);
      let sign = '';
      let text: string;
      if (conv === 's') text = string(value, p);
      else if (conv === 'c') text = typeof value === 'number' ? String.fromCharCode(value) : String(value).slice(0, 1);
      else if (float) [sign, text] = floating(Number(number_at(at, args, whole, true)), conv, flags, p);
      else
        [sign, text] = integer(
          conv === 'p' && value === null ? 0 : number_at(at, args, whole, false),
          conv,
          flags,
          p,
          size,
        );
      if (left) return (sign + text).padEnd(w);
      const number = float
        ? Number.isFinite(Number(value))
        : !'cs'.includes(conv) && p === undefined && text !== '(nil)';
      return number && flags.includes('0') ? sign + text.padStart(w - sign.length, '0') : (sign + text).padStart(w);
    },
  );
}
