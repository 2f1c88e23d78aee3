/** Listeners to the tracepoints, joined. */
import type { Tracer } from '../../kernel-mock/include/linux/trace.js';

type Hook = (...args: unknown[]) => void;

/** A listener that tells `a` first and then `b`. */
export function both(a: Tracer | undefined, b: Tracer | undefined): Tracer | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const joined: Record<string, Hook> = {};
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const first = (a as Record<string, Hook | undefined>)[name];
    const second = (b as Record<string, Hook | undefined>)[name];
    joined[name] = (...args) => {
      first?.apply(a, args);
      second?.apply(b, args);
    };
  }
  return joined;
}
