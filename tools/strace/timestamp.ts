/** Times before and behind lines: -t, -tt, -ttt, -r, -T. */
import type { Kernel } from '../../kernel-mock/include/linux/kernel.js';
import { ktime_get, ktime_get_real } from '../../kernel-mock/kernel/time.js';

export interface TimeOptions {
  readonly time?: 't' | 'tt' | 'ttt' | 'r';
}

/** Nanoseconds as `0.000034`. */
export function seconds(ns: number): string {
  const us = Math.floor(ns / 1000);
  return `${Math.floor(us / 1_000_000)}.${String(us % 1_000_000).padStart(6, '0')}`;
}

/** A function that answers with what stands before a line, a space at its end; empty if no time is wanted. The clock of the day is UTC. */
export function time_stamps({ time }: TimeOptions): (kernel: Kernel) => string {
  let before: number | null = null;
  return (kernel) => {
    if (time === undefined) return '';
    if (time === 'r') {
      const now = ktime_get(kernel);
      const since = now - (before ?? now);
      before = now;
      return `${seconds(since).padStart(13)} `;
    }
    const { sec, nsec } = ktime_get_real(kernel);
    const micro = `.${String(Math.floor(nsec / 1000)).padStart(6, '0')}`;
    if (time === 'ttt') return `${sec}${micro} `;
    return `${new Date(sec * 1000).toISOString().slice(11, 19)}${time === 'tt' ? micro : ''} `;
  };
}
