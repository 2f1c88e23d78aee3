/** The table of -c. */
interface Count {
  readonly name: string;
  calls: number;
  errors: number;
  ns: number;
}

export interface Summary {
  readonly count: (name: string, ns: number, failed: boolean) => void;
  readonly print: (write: (text: string) => void) => void;
}

const RULE = '------ ----------- ----------- --------- --------- ----------------';
const HEAD = '% time     seconds  usecs/call     calls    errors syscall';

function row({ name, calls, errors, ns }: Count, total: number): string {
  const share = total === 0 ? 0 : (100 * ns) / total;
  const each = calls === 0 ? 0 : Math.floor(ns / 1000 / calls);
  const columns = [
    share.toFixed(2).padStart(6),
    (ns / 1e9).toFixed(6).padStart(11),
    String(each).padStart(11),
    String(calls).padStart(9),
    (errors === 0 ? '' : String(errors)).padStart(9),
    name,
  ];
  return columns.join(' ');
}

/** Counts calls, and writes them with those first that took longest. Linux strace: call_summary. */
export function open_summary(): Summary {
  const counts = new Map<string, Count>();
  return {
    count(name, ns, failed) {
      const found = counts.get(name) ?? { name, calls: 0, errors: 0, ns: 0 };
      counts.set(name, found);
      found.calls++;
      found.ns += ns;
      if (failed) found.errors++;
    },
    print(write) {
      const rows = [...counts.values()].sort((a, b) => b.ns - a.ns || b.calls - a.calls);
      const sum = (of: (c: Count) => number): number => rows.reduce((n, c) => n + of(c), 0);
      const total: Count = {
        name: 'total',
        calls: sum((c) => c.calls),
        errors: sum((c) => c.errors),
        ns: sum((c) => c.ns),
      };
      const lines = [HEAD, RULE, ...rows.map((c) => row(c, total.ns)), RULE];
      write(`${lines.join('\n')}\n`);
      write(`${row(total, total.ns).replace(/^ *\d+\.\d+/, '100.00')}\n`);
    },
  };
}
