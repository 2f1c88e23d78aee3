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

export function set_bit(b: Bitmap, n: number): void {
  const w = n >>> 5;
  while (b.words.length <= w) b.words.push(0);
  const word = b.words[w]! | (1 << (n & 31));
  b.words[w] = word;
  if (word !== -1) return;
  while (b.full.length <= w >>> 5) b.full.push(0);
  b.full[w >>> 5]! |= 1 << (w & 31);
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

/** The lowest clear bit that is not below `from`. */
export function find_next_zero_bit(b: Bitmap, from: number): number {
  let w = from >>> 5;
  const first = (b.words[w] ?? 0) | ((1 << (from & 31)) - 1);
  if (first !== -1) return w * 32 + ffz(first);
  w++;
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

export function bitmap_copy(b: Bitmap): Bitmap {
  return { words: b.words.slice(), full: b.full.slice() };
}
