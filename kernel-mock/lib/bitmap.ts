/** Bit sets that grow, after lib/bitmap.c and lib/find_bit.c; a summary of full words keeps a search among a million short. */
export interface Bitmap {
  /** 32 bits each. */
  readonly words: number[];
  /** One bit for each word that is all ones. */
  readonly full: number[];
}

export function bitmap(): Bitmap {
  return { words: [], full: [] };
}

export function test_bit(b: Bitmap, n: number): boolean {
  const word = b.words[n >>> 5];
  return word !== undefined && (word & (1 << (n & 31))) !== 0;
}

// What is rare stands in functions of its own: V8 makes one piece of machine code of a call and what it calls up to a size.

function grow(list: number[], length: number): void {
  while (list.length < length) list.push(0);
}

/** Word `w` has become all ones. */
function mark_full(b: Bitmap, w: number): void {
  grow(b.full, (w >>> 5) + 1);
  b.full[w >>> 5]! |= 1 << (w & 31);
}

export function set_bit(b: Bitmap, n: number): void {
  const w = n >>> 5;
  if (w >= b.words.length) grow(b.words, w + 1);
  const word = b.words[w]! | (1 << (n & 31));
  b.words[w] = word;
  if (word === -1) mark_full(b, w);
}

export function clear_bit(b: Bitmap, n: number): void {
  const w = n >>> 5;
  const word = b.words[w];
  if (word === undefined) return;
  b.words[w] = word & ~(1 << (n & 31));
  if (word === -1) b.full[w >>> 5]! &= ~(1 << (w & 31));
}

/** Index of the lowest zero of a word that has one. */
function ffz(word: number): number {
  return 31 - Math.clz32(~word & (word + 1));
}

/** The lowest clear bit in word `from` or later. */
function find_next_zero_word(b: Bitmap, from: number): number {
  let w = from;
  while (w < b.words.length) {
    const full = (b.full[w >>> 5] ?? 0) | ((1 << (w & 31)) - 1);
    if (full === -1) {
      w = ((w >>> 5) + 1) << 5;
      continue;
    }
    w = (w & ~31) + ffz(full);
    return w * 32 + ffz(b.words[w] ?? 0);
  }
  return w * 32;
}

/** The lowest clear bit that is not below `from`. */
export function find_next_zero_bit(b: Bitmap, from: number): number {
  const w = from >>> 5;
  if (w >= b.words.length) return from;
  const first = b.words[w]! | ((1 << (from & 31)) - 1);
  return first !== -1 ? w * 32 + ffz(first) : find_next_zero_word(b, w + 1);
}

export function bitmap_copy(b: Bitmap): Bitmap {
  return { words: b.words.slice(), full: b.full.slice() };
}
