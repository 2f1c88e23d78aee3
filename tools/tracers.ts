/** Several listeners as one: a kernel has room for one only. */
import type { Tracer } from '../kernel-mock/include/linux/trace.js';

type Tracepoint = keyof Tracer;
type Listener = (...args: readonly unknown[]) => void;

/** Calls each of `tracers` in turn; null if there is none. It has the tracepoints that one of them listens to, and no others. */
export function join_tracers(tracers: readonly (Tracer | null)[]): Tracer | null {
  const all = tracers.filter((tracer) => tracer !== null);
  if (all.length < 2) return all[0] ?? null;
  const joined: Partial<Record<Tracepoint, Listener>> = {};
  for (const name of new Set(all.flatMap((tracer) => Object.keys(tracer) as Tracepoint[]))) {
    const listeners = all.flatMap((tracer) =>
      tracer[name] === undefined ? [] : [(tracer[name] as Listener).bind(tracer)],
    );
    joined[name] = (...args) => {
      for (const listener of listeners) listener(...args);
    };
  }
  return joined;
}
