/** The kernel's only source of chance: a small counter-based generator (mulberry32), seeded at boot. */
export interface Prng {
  state: number;
}

export function prng(seed: number): Prng {
  return { state: seed >>> 0 };
}

/** 32 random bits. */
export function prandom_u32(p: Prng): number {
  p.state = (p.state + 0x6d2b79f5) >>> 0;
  let t = p.state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return (t ^ (t >>> 14)) >>> 0;
}

/** A number from 0 to `below` - 1. */
export function prandom_below(p: Prng, below: number): number {
  return Math.floor((prandom_u32(p) / 0x1_0000_0000) * below);
}
